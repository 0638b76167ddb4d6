#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# resolver neigh: the kernel's neighbour table resolves next hops, by link-layer
# addresses that are NBMA addresses, as daemons written for ip_gre fill it; the
# cache where a neighbour has none.
#
#     hub, site 0                         router             sites 1 and 2
#    +----------------------+         +----------+         +-----------------+
#    | mgre0 10.0.0.1/24    |         |          |         | mgre0 10.0.0.2  |
#    |       fd00::1/64     |         |          |         |       fd00::2   |
#    | eth0 192.0.2.2      -+---------+ s0    s1 +---------+ 198.51.100.2    |
#    |      2001:db8:0:1::2 |         |          |         | 2001:db8:1:1::2 |
#    +----------------------+         |          |         +-----------------+
#                                     |          |         +-----------------+
#                                     |       s2 +---------+ mgre0 ...       |
#                                     +----------+         +-----------------+
#
# Both spokes answer 10.0.0.9 and fd00::9, and who got a packet is seen from what
# their mgre0 has received.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=device/lib.sh
. "$(dirname "$0")/device/lib.sh"

BOTH4=10.0.0.9
BOTH6=fd00::9

# ---- helpers

# lladdr FAMILY SITE: its NBMA address as ip neigh writes a link-layer address
lladdr()
{
	local word hex=""

	if [ "$1" = 4 ]; then
		echo "${NBMA[$2]}"
		return
	fi
	# 2001:db8:N:1::2 in full
	for word in 2001 0db8 "000$2" 0001 0000 0000 0000 0002; do
		hex+="${word:0:2}:${word:2:2}:"
	done
	echo "${hex%:}"
}

# none FAMILY: the link-layer address that says nothing
none()
{
	[ "$1" = 4 ] && echo 0.0.0.0 || echo 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00
}

# hub_neigh FAMILY [OPTION]...: mgre0 at the hub, nothing mapped
hub_neigh()
{
	local family=$1

	shift
	hub_new local "$(nbma "$family" 0)" resolver neigh "$@" &&
	hub_addresses "${SITE[0]}"
}

# neigh ACTION ADDRESS [WORD]...: of the hub's mgre0
neigh()
{
	local action=$1 to=$2

	shift 2
	try ip -n "${SITE[0]}" neigh "$action" "$to" dev mgre0 "$@"
}

map()
{
	try nhrp -n "${SITE[0]}" map "$@" dev mgre0
}

received_by()
{
	link_stat "${SITE[$1]}" mgre0 rx.packets
}

# goes_to SITE ADDRESS: a packet is answered, and that site has got it
goes_to()
{
	local to=$1 before=() i

	for i in 1 2; do
		before[i]=$(received_by $i)
	done
	try reaches "${SITE[0]}" "$2"
	for i in 1 2; do
		assert_eq "$2: received by site $i" "$(received_by $i)" \
			$((before[i] + (i == to)))
	done
}

# miss ADDRESS: the neighbour table has asked userspace for it, as ip monitor saw
miss()
{
	grep -Eq "^miss .*\b$1 dev mgre0" "$tmp/monitor"
}

misses()
{
	grep -Ec "^miss .*\b$1 dev mgre0" "$tmp/monitor"
}

# Where the monitor listens cannot be seen; when it tells of something, it does.
monitor_tells()
{
	ip -n "${SITE[0]}" neigh replace 10.0.0.200 lladdr "$(lladdr "$1" 1)" dev mgre0 \
		nud permanent
	ip -n "${SITE[0]}" neigh del 10.0.0.200 dev mgre0
	grep -q 10.0.0.200 "$tmp/monitor"
}

# monitor_start VAR FAMILY
monitor_start()
{
	: >"$tmp/monitor"
	bg "$1" ip -n "${SITE[0]}" monitor neigh >>"$tmp/monitor"
	busywait 10 monitor_tells "$2" || fail "ip monitor does not tell of neighbours"
}

# resolve ADDRESS SITE FAMILY: be the daemon that answers the next question
resolve()
{
	busywait 5 miss "$1" || fail "nobody asked for $1: $(cat "$tmp/monitor")"
	neigh replace "$1" lladdr "$(lladdr "$3" "$2")" nud reachable
}

# patience SECONDS: how long the neighbour table waits for an answer
patience()
{
	try on "${SITE[0]}" sysctl -qw \
		"net.ipv4.neigh.mgre0.retrans_time_ms=$(($1 * 1000))" \
		"net.ipv6.neigh.mgre0.retrans_time_ms=$(($1 * 1000))"
}

setting()
{
	on "${SITE[0]}" sysctl -n "$1"
}

# ---- cases

# What FRR's nhrpd and opennhrp expect to find, and clear or set.
flags_and_parameters()
{
	local family flags

	for family in 4 6; do
		hub_neigh $family
		flags=$(ip -n "${SITE[0]}" -j link show mgre0 | jq -c '.[0].flags | sort')
		[[ $flags == *'"NOARP"'* ]] || fail "no NOARP: $flags"
		[[ $flags != *POINTOPOINT* ]] || fail "POINTOPOINT: $flags"
		[[ $flags != *'"MULTICAST"'* ]] || fail "MULTICAST: $flags"
	done
	for family in 4 6; do
		assert_eq app_solicit "$(setting net.ipv$family.neigh.mgre0.app_solicit)" 1
		assert_eq ucast_solicit \
			"$(setting net.ipv$family.neigh.mgre0.ucast_solicit)" 0
		assert_eq mcast_solicit \
			"$(setting net.ipv$family.neigh.mgre0.mcast_solicit)" 0
	done
	try ip -n "${SITE[0]}" link set mgre0 arp on
	refuse ip -n "${SITE[0]}" link change mgre0 type mgre resolver cache
	hub_new local "${NBMA[0]}"
	flags=$(ip -n "${SITE[0]}" -j link show mgre0 | jq -c '.[0].flags | sort')
	[[ $flags == *POINTOPOINT* && $flags == *'"MULTICAST"'* ]] ||
		fail "resolver cache: $flags"
}

# Permanent neighbours, without one mapping; and one that changes.
neighbours_carry()
{
	local family=$1

	hub_neigh "$family"
	refuse reaches "${SITE[0]}" $BOTH4 -W 0.3
	neigh replace $BOTH4 lladdr "$(lladdr "$family" 1)" nud permanent
	neigh replace $BOTH6 lladdr "$(lladdr "$family" 2)" nud permanent
	goes_to 1 $BOTH4
	goes_to 2 $BOTH6
	neigh replace $BOTH4 lladdr "$(lladdr "$family" 2)" nud permanent
	neigh replace $BOTH6 lladdr "$(lladdr "$family" 1)" nud permanent
	goes_to 2 $BOTH4
	goes_to 1 $BOTH6
	neigh del $BOTH4
	neigh del $BOTH6
	try unreachable "${SITE[0]}" $BOTH4
	told "${SITE[0]}" $BOTH6 "address unreachable"
}

# A neighbour's address is worth more than a mapping; where it says nothing, or
# where it is our own, the mapping counts.
cache_is_behind()
{
	local family=$1 lladdr

	hub_neigh "$family"
	map add $BOTH4 nbma "$(nbma "$family" 2)"
	map add $BOTH6 nbma "$(nbma "$family" 2)"
	goes_to 2 $BOTH4
	goes_to 2 $BOTH6
	for lladdr in "$(none "$family")" "$(lladdr "$family" 0)"; do
		neigh replace $BOTH4 lladdr "$(lladdr "$family" 1)" nud permanent
		neigh replace $BOTH6 lladdr "$(lladdr "$family" 1)" nud permanent
		goes_to 1 $BOTH4
		goes_to 1 $BOTH6
		neigh replace $BOTH4 lladdr "$lladdr" nud permanent
		neigh replace $BOTH6 lladdr "$lladdr" nud permanent
		goes_to 2 $BOTH4
		goes_to 2 $BOTH6
	done
	map del $BOTH4
	map del $BOTH6
	try unreachable "${SITE[0]}" $BOTH4
	told "${SITE[0]}" $BOTH6 "address unreachable"
}

# A daemon switches ARP on and answers what is asked; the packet that asked waits.
asks_userspace()
{
	local family=$1 monitor ping to before

	hub_neigh "$family"
	try ip -n "${SITE[0]}" link set mgre0 arp on
	patience 5
	monitor_start monitor "$family"
	for to in $BOTH4 $BOTH6; do
		before=$(received_by 1)
		bg_on ping "${SITE[0]}" ping -q -n -c 1 -W 10 "$to"
		resolve "$to" 1 "$family"
		try bg_wait "$ping"
		assert_eq "received" "$(received_by 1)" $((before + 1))
		assert_eq "questions" "$(misses "$to")" 1
		goes_to 1 "$to"
		# the next hop has moved
		neigh replace "$to" lladdr "$(lladdr "$family" 2)" nud reachable
		goes_to 2 "$to"
		assert_eq "questions" "$(misses "$to")" 1
	done
	bg_stop "$monitor" || :
}

# A daemon is asked again about a neighbour that is in use and gets old, and the
# packets go on.
asks_again()
{
	local family=$1 monitor

	hub_neigh "$family"
	try ip -n "${SITE[0]}" link set mgre0 arp on
	patience 5
	try on "${SITE[0]}" sysctl -qw net.ipv4.neigh.mgre0.delay_first_probe_time=1 \
		net.ipv6.neigh.mgre0.delay_first_probe_time=1
	monitor_start monitor "$family"
	neigh replace $BOTH4 lladdr "$(lladdr "$family" 1)" nud stale
	neigh replace $BOTH6 lladdr "$(lladdr "$family" 1)" nud stale
	goes_to 1 $BOTH4
	goes_to 1 $BOTH6
	resolve $BOTH4 2 "$family"
	goes_to 2 $BOTH4
	resolve $BOTH6 2 "$family"
	goes_to 2 $BOTH6
	bg_stop "$monitor" || :
}

# Nobody answers: the sender is told, also one behind us.
unanswered()
{
	local family=$1 before

	hub_neigh "$family"
	try ip -n "${SITE[0]}" link set mgre0 arp on
	before=$(link_stat "${SITE[0]}" mgre0 tx.packets)
	try unreachable "${SITE[0]}" 10.0.0.77
	told "${SITE[0]}" fd00::77 "address unreachable"
	assert_eq "sent" "$(link_stat "${SITE[0]}" mgre0 tx.packets)" "$before"
	neigh replace "${OVER[1]}" lladdr "$(lladdr "$family" 1)" nud permanent
	neigh replace "${OVER6[1]}" lladdr "$(lladdr "$family" 1)" nud permanent
	try ip -n "${SITE[1]}" route add 10.0.0.77 via "${OVER[0]}" dev mgre0
	try ip -n "${SITE[1]}" route add fd00::77 via "${OVER6[0]}" dev mgre0
	told "${SITE[1]}" 10.0.0.77 "from ${OVER[0]} icmp_seq=1 destination host unreachable"
	told "${SITE[1]}" fd00::77 "address unreachable"
	try ip -n "${SITE[1]}" route del fd00::77
	try ip -n "${SITE[1]}" route del 10.0.0.77
}

# With ARP on the answer may be that there is none: the cache then.
answered_with_none()
{
	local family=$1 monitor ping

	hub_neigh "$family"
	try ip -n "${SITE[0]}" link set mgre0 arp on
	patience 5
	map add $BOTH4 nbma "$(nbma "$family" 2)"
	monitor_start monitor "$family"
	bg_on ping "${SITE[0]}" ping -q -n -c 1 -W 10 $BOTH4
	busywait 5 miss $BOTH4 || fail "nobody asked"
	neigh replace $BOTH4 lladdr "$(none "$family")" nud reachable
	try bg_wait "$ping"
	goes_to 2 $BOTH4
	bg_stop "$monitor" || :
}

# Next hops of routes are resolved, not what is behind them.
routes_have_next_hops()
{
	local family=$1 ns=${SITE[0]}

	hub_neigh "$family"
	neigh add "${OVER[1]}" lladdr "$(lladdr "$family" 1)" nud permanent
	neigh add "${OVER6[2]}" lladdr "$(lladdr "$family" 2)" nud permanent
	try ip -n "$ns" route add 10.99.0.0/24 via "${OVER[1]}" dev mgre0
	try ip -n "$ns" route add 10.98.0.0/24 via inet6 "${OVER6[2]}" dev mgre0
	goes_to 1 10.99.0.9
	goes_to 2 10.98.0.9
	try transfer TCP "$ns" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	try ip -n "$ns" route del 10.98.0.0/24
	try ip -n "$ns" route del 10.99.0.0/24
}

# stock_hub: a daemon's view is the same on ip_gre, which is what it was written
# for: the same steps, the same result
as_stock()
{
	local monitor ping ns=${SITE[0]}

	ip -n "$ns" link del mgre0 2>/dev/null
	try ip -n "$ns" link add mgre0 type gre local "${NBMA[0]}" key $MGRE_KEY ttl 64
	hub_addresses "$ns"
	try ip -n "$ns" link set mgre0 arp on
	try on "$ns" sysctl -qw net.ipv4.neigh.mgre0.app_solicit=1 \
		net.ipv4.neigh.mgre0.ucast_solicit=0 net.ipv4.neigh.mgre0.mcast_solicit=0
	patience 5
	monitor_start monitor 4
	bg_on ping "$ns" ping -q -n -c 1 -W 10 $BOTH4
	resolve $BOTH4 1 4
	try bg_wait "$ping"
	goes_to 1 $BOTH4
	bg_stop "$monitor" || :
	try ip -n "$ns" link del mgre0
}

# Spokes of both families: the hub is known by both its addresses
neigh_spokes()
{
	local family=$1 i

	for i in 1 2; do
		spoke_device "$family" $i || return
		try ip -n "${SITE[i]}" -batch - <<-END
			addr replace $BOTH4/32 dev lo
			addr replace $BOTH6/128 dev lo nodad
			addr replace 10.99.0.9/32 dev lo
			addr replace 10.98.0.9/32 dev lo
		END
	done
}

need jq socat cmp
try modprobe ip_gre
mgre_load
topo_underlay 2
topo_ipv6
head -c 200000 /dev/urandom >"$tmp/data"

ktap_plan 16
neigh_spokes 4
test_case "flags and parameters at birth" flags_and_parameters
test_case "the test's daemon works with ip_gre" as_stock
for family in 4 6; do
	neigh_spokes $family
	test_case "IPv$family: permanent neighbours carry packets" neighbours_carry $family
	test_case "IPv$family: the cache where a neighbour says nothing" cache_is_behind $family
	test_case "IPv$family: userspace is asked, and answers" asks_userspace $family
	test_case "IPv$family: userspace is asked again" asks_again $family
	test_case "IPv$family: nobody answers" unanswered $family
	test_case "IPv$family: an empty answer" answered_with_none $family
	test_case "IPv$family: next hops of routes" routes_have_next_hops $family
done
