#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Devices, namespaces, underlay and module come and go while packets cross, and
# nothing stays behind.
#
#   hub, site 0                         router
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | site 1: mgre0      |
#  |                    |           |        s1 +---------+ 198.51.100.2/26    |
#  | eth0 192.0.2.2/24 -+-----------+ s0        |         +--------------------+
#  +--------------------+           |           |         +--------------------+
#                                   |        s2 +---------+ site 2: mgre0      |
#                                   |           |         | 198.51.100.66/26   |
#                                   +-----------+         +--------------------+
#
# The load: floods from hub to spoke, spoke to hub, and spoke to spoke through
# the hub, up to 50 packets in flight each.
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

load_pids=()

flood()
{
	bg_on flood_pid "$1" ping -q -n -f -l 50 -s 1000 -I "$2" "$3" \
		>/dev/null 2>&1
	load_pids+=("$flood_pid")
}

rx_packets()
{
	ip -n "$1" -s -j link show mgre0 | jq '.[0].stats64.rx.packets'
}

receives_more()
{
	[ "$(rx_packets "$1")" -gt "$2" ]
}

# load_runs NS...: packets arrive there now
load_runs()
{
	local ns

	for ns; do
		busywait 10 receives_more "$ns" $(($(rx_packets "$ns") + 100)) ||
			fail "no load in $ns" || return
	done
}

load_start()
{
	flood "${SITE[0]}" "${LAN[0]}" "${LAN[1]}"
	flood "${SITE[1]}" "${LAN[1]}" "${LAN[0]}"
	flood "${SITE[1]}" "${LAN[1]}" "${LAN[2]}"
	flood "${SITE[2]}" "${LAN[2]}" "${LAN[1]}"
	try load_runs "${SITE[@]}"
}

load_stop()
{
	local pid

	for pid in "${load_pids[@]}"; do
		bg_stop "$pid" KILL
	done
	load_pids=()
}

# site_device SITE: mgre0, all mapped; spokes reach each other's LAN by the hub
site_device()
{
	local i=$1

	topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64 || return
	try nhrp -n "${SITE[i]}" -batch - < <(topo_mappings "$i") || return
	case $i in
	1) try ip -n "${SITE[1]}" route replace "${LANNET[2]}" via "${OVER[0]}" dev mgre0 ;;
	2) try ip -n "${SITE[2]}" route replace "${LANNET[1]}" via "${OVER[0]}" dev mgre0 ;;
	esac
}

# Sites 0 to 2, whatever a test case has left
devices()
{
	local i

	for i in 0 1 2; do
		ip -n "${SITE[i]}" link del mgre0 2>/dev/null
		site_device $i || return
	done
}

all_pass()
{
	try reaches "${SITE[0]}" "${OVER[1]}"
	try reaches "${SITE[1]}" "${LAN[2]}" -I "${LAN[1]}"
	try reaches "${SITE[2]}" "${OVER[0]}"
}

# quick SECONDS COMMAND...: it must succeed before the time is over
quick()
{
	local seconds=$1

	shift
	try timeout "$seconds" "$@"
}

rmmod_under_load()
{
	local i

	for i in 1 2; do
		load_start || break
		quick 20 rmmod mgre
		refuse ip -n "${SITE[0]}" link show mgre0 2>/dev/null
		load_stop
		try mgre_load
		try devices
	done
	load_stop
	all_pass
}

link_del_under_load()
{
	local i

	load_start
	for i in 0 1 0; do
		quick 20 ip -n "${SITE[i]}" link del mgre0
		try site_device $i
		try load_runs "${SITE[i]}"
	done
	load_stop
	all_pass
}

link_down_under_load()
{
	load_start
	quick 20 ip -n "${SITE[0]}" link set mgre0 down
	load_stop
	try ip -n "${SITE[0]}" link set mgre0 up
	try devices
	all_pass
}

# inner_start: a namespace whose mgre0 has its underlay in site 2
inner_start()
{
	ns_new INNER inner || return
	try ip -n "${SITE[2]}" link set mgre0 netns "$INNER" &&
	try ip -n "$INNER" -batch - <<-END &&
		addr add ${OVER[2]}/24 dev mgre0
		link set mgre0 up
	END
	for_inner_mappings
}

# Whether mappings move along is not tested here: write them again.
for_inner_mappings()
{
	topo_mappings 2 | sed 's/^map add/map replace/' >"$tmp/inner"
	try nhrp -n "$INNER" -batch "$tmp/inner"
}

moved_device_keeps_underlay()
{
	inner_start || return
	try reaches "$INNER" "${OVER[0]}"
	try reaches "${SITE[0]}" "${OVER[2]}"
	try transfer TCP "${SITE[0]}" "$INNER" "${OVER[2]}" "$tmp/data"
	try ip -n "$INNER" link set mgre0 netns "${SITE[2]}"
	try ip -n "${SITE[2]}" link show mgre0
	ns_del "$INNER"
	try devices
	all_pass
}

no_device()
{
	! ip -n "$1" link show "$2"
}

# Packets arrive for the device while its namespace goes.
overlay_netns_under_load()
{
	inner_start || return
	load_start_to "$INNER"
	ns_del "$INNER"
	try busywait 20 site_device 2
	load_stop
	try devices
	all_pass
}

# load_start_to NS: floods to its 10.0.0.3 alone, nothing runs inside
load_start_to()
{
	flood "${SITE[0]}" "${OVER[0]}" "${OVER[2]}"
	flood "${SITE[1]}" "${OVER[1]}" "${OVER[2]}"
	try load_runs "$1"
}

# The same where overlay and underlay are one namespace. Its veth goes with it.
netns_under_load()
{
	load_start_to "${SITE[2]}"
	ns_del "${SITE[2]}"
	try busywait 20 no_device "$ROUTER" s2
	load_stop
	try topo_site 2
	try devices
	all_pass
}

# The underlay's namespace goes, the device sits in another: it goes, too.
underlay_netns_under_load()
{
	local out

	inner_start || return
	flood "$INNER" "${OVER[2]}" "${OVER[0]}"
	load_start_to "$INNER"
	ns_del "${SITE[2]}"
	try busywait 20 no_device "$ROUTER" s2
	try busywait 20 no_device "$INNER" mgre0
	load_stop
	out=$(ip -n "$INNER" -br link)
	[[ $out != *mgre0* ]] || fail "$out"
	ns_del "$INNER"
	try topo_site 2
	try devices
	all_pass
}

# The peers' cached routes must let go of it, or the removal never ends.
underlay_device_under_load()
{
	local i

	load_start
	for i in 0 1; do
		quick 20 ip -n "$ROUTER" link del s$i
		try topo_link $i
		try load_runs "${SITE[i]}"
	done
	load_stop
	all_pass
}

# outer_source: of the next packet from site 1 to the hub
outer_source()
{
	local pid pcap=$tmp/source.pcap

	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47 || return
	on "${SITE[1]}" ping -q -n -c 1 -W 1 "${OVER[0]}"
	capture_stop "$pid" "$pcap" 1
	tcpdump -Z root -c 1 -tnr "$pcap" 2>/dev/null |
		sed -n 's/^IP \([0-9.]*\) > .*/\1/p' >"$tmp/source"
}

# Without local the source follows the underlay; the hub is told by a mapping.
address_changes_without_local()
{
	local new=198.51.100.3

	try ip -n "${SITE[1]}" link del mgre0
	try topo_device 1 key $MGRE_KEY ttl 64
	try nhrp -n "${SITE[1]}" -batch - < <(topo_mappings 1)
	try reaches "${SITE[1]}" "${OVER[0]}"
	outer_source
	assert_eq "source before" "$(cat "$tmp/source")" "${NBMA[1]}"
	try ip -n "${SITE[1]}" -batch - <<-END
		addr del ${NBMA[1]}/26 dev eth0
		addr add $new/26 dev eth0
		route replace default via ${GW[1]}
	END
	try nhrp -n "${SITE[0]}" map replace "${OVER[1]}" nbma $new dev mgre0
	try reaches "${SITE[1]}" "${OVER[0]}"
	outer_source
	assert_eq "source after" "$(cat "$tmp/source")" $new
	address_back $new
	try devices
	all_pass
}

# address_back [INSTEAD OF]: site 1 has its own address again
address_back()
{
	[ -z "$1" ] || try ip -n "${SITE[1]}" addr del "$1/26" dev eth0
	try ip -n "${SITE[1]}" -batch - <<-END
		addr add ${NBMA[1]}/26 dev eth0
		route replace default via ${GW[1]}
	END
}

# With local nothing is sent from another address, and all comes back with it.
address_changes_with_local()
{
	local new=198.51.100.3

	load_start
	try ip -n "${SITE[1]}" -batch - <<-END
		addr add $new/26 dev eth0
		addr del ${NBMA[1]}/26 dev eth0
		addr replace $new/26 dev eth0
		route replace default via ${GW[1]}
	END
	refuse reaches "${SITE[1]}" "${OVER[0]}" -W 1
	outer_source
	[ "$(cat "$tmp/source")" != $new ] || fail "sent from $new"
	address_back $new
	try load_runs "${SITE[1]}"
	load_stop
	all_pass
}

# slabs: "name objects" of every cache. Shrinking takes back what CPUs hold, and what is
# free already, but kept by KASAN to see whether somebody still uses it.
slabs()
{
	local shrink

	for shrink in /sys/kernel/slab/*/shrink; do
		[ -L "${shrink%/*}" ] || echo 1 >"$shrink"
	done
	awk 'NR > 2 { print $1, $2 }' /proc/slabinfo | sort
}

# slab_objects NAME: in use, exactly: shrinking takes back what CPUs hold
slab_objects()
{
	local objects

	echo 1 >"/sys/kernel/slab/$1/shrink" &&
	read -r objects _ <"/sys/kernel/slab/$1/objects" &&
	echo "$objects"
}

# slab_back NAME COUNT: no more than so many objects. Where the kernel merged the
# cache with another of that size, whose objects come and go, a few do not matter.
slab_back()
{
	local slack=0

	[ "$(cat "/sys/kernel/slab/$1/aliases")" -eq 0 ] || slack=100
	[ "$(slab_objects "$1")" -le $(($2 + slack)) ]
}

cycles()
{
	local i

	for ((i = 0; i < $1; i++)); do
		echo "link add cycle type mgre local ${NBMA[0]} key $((i + 100))"
		echo "link del cycle"
	done | ip -n "${SITE[0]}" -batch -
}

# cycles_with_mappings ROUNDS: of 100 mappings on 50 peers a part is flushed, the
# rest goes with the device
cycles_with_mappings()
{
	local i j

	for ((j = 0; j < 100; j++)); do
		echo "map add 10.20.0.$j nbma 203.0.113.$((100 + j / 2)) dev cycle"
	done >"$tmp/mappings"
	for ((i = 0; i < $1; i++)); do
		try ip -n "${SITE[0]}" link add cycle type mgre key 99 || return
		try nhrp -n "${SITE[0]}" -batch "$tmp/mappings" || return
		try nhrp -n "${SITE[0]}" map flush 10.20.0.0/26 dev cycle || return
		try ip -n "${SITE[0]}" link del cycle || return
	done
}

# One object lost in each of 1,000 cycles would show as 1,000 in its cache.
cycles_leak_nothing()
{
	local name count grown

	try cycles 100
	slabs >"$tmp/before"
	try cycles 1000
	slabs >"$tmp/after"
	while read -r name count grown; do
		assert_test "objects more in $name" $((grown - count)) -lt 800
	done < <(join "$tmp/before" "$tmp/after")
	assert_test "caches" "$(join "$tmp/before" "$tmp/after" | wc -l)" -gt 50
}

# 2,000 mappings and 1,000 peers went with 20 devices. What is freed after a
# grace period is waited for.
mappings_leak_nothing()
{
	local mappings peers

	mappings=$(slab_objects nhrp_mapping)
	peers=$(slab_objects nhrp_peer)
	assert_test "mappings" "$mappings" -ge 6
	assert_test "peers" "$peers" -ge 6
	try cycles_with_mappings 20
	busywait 10 slab_back nhrp_mapping "$mappings" ||
		fail "mappings: $(slab_objects nhrp_mapping), $mappings before"
	busywait 10 slab_back nhrp_peer "$peers" ||
		fail "peers: $(slab_objects nhrp_peer), $peers before"
}

use_count_is()
{
	[ "$(cat /sys/module/mgre/refcnt)" -eq "$1" ]
}

unloads_clean()
{
	local i

	for i in 0 1 2; do
		try ip -n "${SITE[i]}" link del mgre0
	done
	try busywait 5 use_count_is 0
	quick 20 rmmod mgre
	for i in /sys/kernel/slab/nhrp_*; do
		# The name of a merged cache is a link, which the kernel leaves.
		[ -L "$i" ] || refuse test -e "$i"
	done
	refuse test -e /sys/module/mgre
}

need tcpdump jq awk join socat cmp
mgre_load
topo_underlay 2
devices
head -c 500000 /dev/urandom >"$tmp/data"

ktap_plan 13
test_case "rmmod under load" rmmod_under_load
test_case "link del under load" link_del_under_load
test_case "link down under load" link_down_under_load
test_case "a moved device keeps its underlay" moved_device_keeps_underlay
test_case "overlay namespace deleted under load" overlay_netns_under_load
test_case "namespace of both deleted under load" netns_under_load
test_case "underlay namespace deleted under load" underlay_netns_under_load
test_case "underlay device removed under load" underlay_device_under_load
test_case "underlay address changed, no local" address_changes_without_local
test_case "underlay address changed, with local" address_changes_with_local
test_case "1,000 devices leave nothing" cycles_leak_nothing
test_case "mappings leave nothing" mappings_leak_nothing
test_case "the module leaves nothing" unloads_clean
