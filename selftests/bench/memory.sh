# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and cache.sh set, and read, such names
#
# bench.sh: the memory that the first packet to each of many peers takes for good,
# at the MTU that the device has by itself. Each peer is the next hop of a route of
# its own, so that what the kernel keeps of a next hop is there as often.

# memory_row KIND LABEL: sets $octets to those for a peer
memory_row()
{
	local before destinations=$peers inner_first=$route_first available

	memory_tunnel "$1" || return
	try ip -n "$HUB" -batch - < <(inner_first=$hop_first routes_via_hops "$peers")
	generator transmit 64 "$peers" each
	quiesce
	before=$(kernel_memory)
	available=$(mem_available)
	send "$2, $peers peers" lan $((64 + 14 + gre_octets)) "$peers"
	quiesce
	octets=$((($(kernel_memory) - before) / peers))
	available=$(((available - $(mem_available)) / peers))
	printf '%-30s %8d %18d %18d\n' "$2" "$peers" "$octets" "$available"
	try ip -n "$HUB" link del tun0
	quiesce
}

memory_tunnel()
{
	local inner_first=$hop_first

	if [ "$1" = mgre ]; then
		try ip -n "$HUB" link add tun0 type mgre local "$hub_nbma" ttl 64 &&
		try nhrp -n "$HUB" -batch - < <(host_mappings "$peers")
	else
		try ip -n "$HUB" link add tun0 type gre local "$hub_nbma" ttl 64 &&
		try ip -n "$HUB" -batch - < <(entries "$peers" "neigh add" lladdr \
			"dev tun0 nud permanent")
	fi || return
	try ip -n "$HUB" link set tun0 up
}

# quiesce: RCU has freed what it has to, slabs have given back what is empty
quiesce()
{
	local cache

	freed true
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done 2>/dev/null
}

mem_available()
{
	awk '$1 == "MemAvailable:" { printf "%.0f", $2 * 1024 }' /proc/meminfo
}

bench_memory()
{
	local octets hop_first=$inner_first route_first=$((192 << 24 | 168 << 16))

	echo "kernel memory (slabs, vmalloc, per CPU) and MemAvailable that are gone after a"
	echo "packet of 64 octets to each peer, in octets for a peer"
	printf '%-30s %8s %18s %18s\n' hub peers "kernel memory" MemAvailable
	memory_row mgre 'mgre'
	goal "octets that a packet to each of $peers peers leaves" "$octets" most 512
	memory_row nbma "ip_gre NBMA"
	echo
}
