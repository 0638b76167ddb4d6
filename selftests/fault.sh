#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory runs out, at each allocation in turn: nothing is done by halves, nothing is
# lost, no packet goes uncounted, and all works again. It needs a kernel with fault
# injection: vm/run -k 6.12-debug.
#
# What a process asks for is done by fault/*.c, which says how. What runs by itself
# (receive, timers, workers) fails by chance below.
#
#	namespace DUT:	dummy0	198.51.100.1/24, 2001:db8:c::1/64, takes whatever comes
#		m0	10.9.0.1/16, 2001:db8:9::1/64, both underlays
#		m1	10.8.0.1/16, fragmented by the underlay
#		m2	10.7.0.1/16, five peers are listed for everyone
#	namespaces LINKS, OTHER: devices that come, move and go

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

DEBUG=/sys/kernel/debug
FAULT=${FAULT:-$tmp/fault}	# one that has been compiled elsewhere saves time

program()
{
	[ -x "$FAULT" ] || try cc -D_GNU_SOURCE -O0 -Wall -I"$top/include/uapi" \
		-o "$FAULT" "$top"/selftests/fault/*.c
}

# dut_underlay: whatever goes there is never seen again; it cannot segment
dut_underlay()
{
	ns_new DUT && ns_ipv6 "$DUT" && no_mld "$DUT" &&
	try on "$DUT" sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 &&
	try ip -n "$DUT" -batch - <<-END || return
		link add dummy0 type dummy
		addr add 198.51.100.1/24 dev dummy0
		addr add 2001:db8:c::1/64 dev dummy0 nodad
		link set dummy0 up
		route add default dev dummy0
		route add ::/0 dev dummy0
		route add unreachable 203.0.0.0/16
	END
	try on "$DUT" ethtool -K dummy0 gso off tx off sg off >/dev/null
}

dut()
{
	dut_underlay
	try ip -n "$DUT" -batch - <<-END || return
		link add m0 type mgre local 198.51.100.1 local 2001:db8:c::1 key 5
		link add m1 mtu 3000 type mgre local 198.51.100.1 key 6 nopmtudisc ignore-df
		link add m2 type mgre local 198.51.100.1 key 7
		addr add 10.9.0.1/16 dev m0
		addr add 2001:db8:9::1/64 dev m0 nodad
		addr add 10.8.0.1/16 dev m1
		addr add 10.7.0.1/16 dev m2
		link set m0 up
		link set m1 up
		link set m2 up
	END
	try nhrp -n "$DUT" -batch - <<-END
		mcast add nbma 198.51.100.71 dev m2
		mcast add nbma 198.51.100.72 dev m2
		mcast add nbma 198.51.100.73 dev m2
		mcast add nbma 198.51.100.74 dev m2
		mcast add nbma 198.51.100.75 dev m2
	END
}

links_netns()
{
	ns_new LINKS && ns_new OTHER &&
	try ip -n "$LINKS" -batch - <<-END
		link add dummy0 type dummy
		addr add 192.0.2.1/24 dev dummy0
		link set dummy0 up
	END
}

# group NS NAME [ARG]...: a group of operations; what it counted is for the reader
group()
{
	local ns=$1 status=0

	shift
	on "$ns" timeout 300 "$FAULT" "$@" >"$tmp/group" 2>&1 || status=$?
	sed -n 's/^# //p' "$tmp/group" | while read -r line; do
		note "$line"
	done
	cat "$tmp/group"
	return "$status"
}

# loading: without what is for a debugger, to take less time
loading()
{
	try strip -g -o "$tmp/mgre.ko" "$MGRE_KO" &&
	group "$LINKS" module "$tmp/mgre.ko"
}

# ---- what fails by chance
#
# lib.sh's hub, router and two spokes. What one spoke sends to the LAN behind the
# other one goes by the hub, which tells of it (redirect). All that is counted is the
# hub's:
#
# - What nft counts before the hook of mgre and not behind it is what mgre took: each
#   of these packets has been received, or dropped for a cause.
# - What nft counts on its way out by mgre0 has been sent, dropped, or waits; of a
#   packet for a group, each copy.

PEERS=40		# more than are served at once
GROUP=239.1.1.1
SILENT=203.0.113	# the router answers nobody who sends there
CLOSED=192.0.3		# there it says that it cannot be reached

chance_counters()
{
	try on "${SITE[0]}" nft -f - <<-END
		table ip chance {
			counter before { }
			counter after { }
			counter out { }
			counter group { }
			chain before {
				type filter hook input priority 0;
				meta l4proto gre counter name before
			}
			chain after {
				type filter hook input priority 2147483647;
				meta l4proto gre counter name after
			}
			chain out {
				type filter hook postrouting priority 300;
				oifname mgre0 ip daddr != 224.0.0.0/4 counter name out
				oifname mgre0 ip daddr 224.0.0.0/4 counter name group
			}
		}
	END
}

chance_hub()
{
	local i

	try ip -n "$ROUTER" -batch - <<-END || return
		route add blackhole $SILENT.0/24
		route add unreachable $CLOSED.0/24
		link set s2 mtu 1400
	END
	try nhrp -n "${SITE[0]}" -batch - < <(
		for ((i = 1; i <= PEERS; i++)); do
			echo "mcast add nbma $SILENT.$i dev mgre0"
		done
		echo "map add 10.0.0.80 nbma $CLOSED.1 dev mgre0"
	) || return
	try ip -n "${SITE[0]}" route add 239.0.0.0/8 dev mgre0
	try ip -n "${SITE[0]}" link change mgre0 type mgre redirect
}

# chance_spokes: each sends all by the hub
chance_spokes()
{
	local i

	for i in 1 2; do
		try ip -n "${SITE[i]}" route replace "${LANNET[3 - i]}" via "${OVER[0]}" \
			dev mgre0
		try nhrp -n "${SITE[i]}" map flush dev mgre0
		try nhrp -n "${SITE[i]}" map add "${OVER[0]}" nbma "${NBMA[0]}" dev mgre0
	done
}

chance_topology()
{
	topo_underlay 2 &&
	chance_counters &&
	topo_overlay &&
	chance_hub &&
	chance_spokes
}

# chance PERCENT: how many allocations have failed since the last time
chance()
{
	"$FAULT" chance "$1"
}

# hub_counters: NAME VALUE
hub_counters()
{
	on "${SITE[0]}" nft -j list counters |
		jq -r '.nftables[].counter // empty | "\(.name) \(.packets)"'
	ip -n "${SITE[0]}" -s -j link show mgre0 | jq -r '.[0].stats64 |
		"received \(.rx.packets + .rx.errors + .rx.dropped)",
		"sent \(.tx.packets + .tx.errors + .tx.dropped)"'
	nhrp -n "${SITE[0]}" -j stats show dev mgre0 | jq -r '.[0] |
		"waiting \(.queued - .released - (.drop | .overflow + .evicted +
			.unanswered + .flushed))"'
	causes "${SITE[0]}" mgre0
}

# hub_changes FILE: by how much each has grown since
declare -A GREW=()
hub_changes()
{
	local name value

	GREW=()
	while read -r name value; do
		GREW[$name]=$value
	done < <(hub_counters | awk 'NR == FNR { was[$1] = $2; next }
		{ print $1, $2 - was[$1] }' "$1" -)
}

# traffic: of each kind, and nobody minds what is lost
traffic()
{
	local pid i

	bg_on pid "${SITE[1]}" ping -q -n -i 0.01 -c 200 -W 1 -I "${LAN[1]}" "${LAN[2]}"
	on "${SITE[2]}" ping -q -n -i 0.01 -c 100 -W 1 "${OVER[0]}"
	bg_wait "$pid" || :
	# Neither the hub nor the overlay knows any more what the path carries.
	ip -n "${SITE[0]}" route flush cache
	ip -n "${SITE[1]}" route flush cache
	on "${SITE[1]}" ping -q -n -i 0.02 -c 20 -W 1 -M "do" -s 1400 -I "${LAN[1]}" "${LAN[2]}"
	on "${SITE[0]}" ping -q -n -i 0.05 -c 10 -W 1 "$GROUP"
	on "${SITE[0]}" ping -q -n -i 0.01 -c 50 -W 1 10.0.0.80
	for i in 90 91 92 93 94 95; do
		send_udp "${SITE[0]}" 10.0.0.$i 5
	done
	nhrp -n "${SITE[0]}" -batch -force - < <(
		for ((i = 100; i < 150; i++)); do
			echo "map replace 10.0.0.$i nbma $SILENT.$i dev mgre0 hold 1"
		done
	)
	true
}

expired()
{
	[ "$(nhrp -n "${SITE[0]}" -j map show dev mgre0 | jq '[.[] | select(.hold == 1)] |
		length')" = 0 ]
}

# still: nothing was counted since the last time, which is some time ago
still()
{
	hub_counters >"$tmp/now" && cmp "$tmp/now" "$tmp/last" && return
	mv "$tmp/now" "$tmp/last"
	return 1
}

# unlucky PERCENT: traffic, while allocations fail
unlucky()
{
	local failed name

	try chance_listen || return
	hub_counters >"$tmp/hub.before"
	chance "$1" >/dev/null
	traffic >/dev/null 2>&1
	busywait 20 expired || fail "what has expired is still there"
	failed=$(chance 0)
	bg_stop "$LISTENER" || :
	try nhrp -n "${SITE[0]}" map flush dev mgre0 type incomplete
	rm -f "$tmp/last"
	busywait 20 still || fail "packets go on"
	hub_changes "$tmp/hub.before"
	note "$1 %: $failed allocations failed; $(for name in "${!GREW[@]}"; do
		[ "${GREW[$name]}" -eq 0 ] || echo "$name ${GREW[$name]}"
	done | sort | xargs)"
	assert_test "failed allocations" "$failed" -ge 50
	assert_test "taken" $((GREW[before] - GREW[after])) -gt 100
	assert_eq "received or dropped" "${GREW[received]}" \
		$((GREW[before] - GREW[after]))
	assert_test "for a group" "${GREW[group]}" -gt 0
	assert_eq "sent, dropped or waiting" $((GREW[sent] + GREW[waiting])) \
		$((GREW[out] + GREW[group] * PEERS))
}

# chance_listen: somebody is asked, and told of everything, pid in LISTENER
chance_listen()
{
	bg LISTENER "$NHRP" -n "${SITE[0]}" monitor >"$tmp/monitor" 2>&1
	busywait 20 listens "$LISTENER"
}

# lucky: all of it works
lucky()
{
	reaches "${SITE[1]}" "${LAN[2]}" -I "${LAN[1]}" -c 10 -i 0.05 || fail "spokes"
	reaches "${SITE[0]}" "${OVER[1]}" -c 10 -i 0.05 || fail "hub to spoke"
	reaches "${SITE[2]}" "${OVER[0]}" -c 10 -i 0.05 || fail "spoke to hub"
}

# Devices that are in use go with their netns.
netns_gone()
{
	local ns failed

	chance 50 >/dev/null
	for ns in "${SITE[@]}" "$DUT"; do
		ns_del "$ns"
	done
	# The last of it is done by a worker.
	mgre_unload
	failed=$(chance 0)
	note "$failed allocations failed"
	assert_test "failed allocations" "$failed" -gt 0
}

if [ ! -d $DEBUG/failslab ] || [ ! -d $DEBUG/fail_page_alloc ] ||
   [ ! -e /proc/self/fail-nth ]; then
	skip "no fault injection in this kernel"
fi
need cc ethtool nft jq strip || exit
try modprobe -a ip_gre
mgre_load
ktap_plan 10
program
dut
links_netns

test_case "requests" group "$DUT" requests
test_case "devices" group "$LINKS" links "/run/netns/$OTHER"
test_case "packets" group "$DUT" packets
chance_topology
test_case "traffic, one allocation in ten fails" unlucky 10
test_case "all works again" lucky
test_case "traffic, one allocation in two fails" unlucky 50
test_case "all works again" lucky
test_case "netns go with devices in use" netns_gone
test_case "the module is loaded" loading
mgre_load
test_case "netns come" group "$LINKS" netns
