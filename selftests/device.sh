#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where a device has its underlay: dev, VRFs above and below, another netns.
#
#   inside              hub, site 0                  router        site 1
#  +--------+     +----------------------+        +---------+     +------------+
#  | mgre0, |     | mgre0 10.0.0.1/24    |        |         |     | mgre0      |
#  | moved  |     |       fd00::1/64     |        |         |     | 10.0.0.2   |
#  +--------+     |                      |        |         |     | fd00::2    |
#                 | eth0 192.0.2.2      -+--------+ s0   s1 +-----+            |
#  +--------+     |      2001:db8:0:1::2 |        |         |     +------------+
#  | client +-----+ lan0                 |        |         |     +------------+
#  +--------+     | eth1 100.64.0.2     -+--------+ sx   s2 +-----+ mgre0      |
#                 |      2001:db8:64::2  |        |         |     +------------+
#                 +----------------------+        +---------+

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=device/lib.sh
. "$(dirname "$0")/device/lib.sh"

# ---- dev

# Without a local address, too, the interface decides.
dev_receives()
{
	local family=$1 words

	spoke_device "$family" 1
	for words in "local $(nbma "$family" 0)" ""; do
		# shellcheck disable=SC2086 # words
		hub_device "$family" $words dev eth0
		both_ways "${SITE[0]}" || return
		via_eth1 "$family" add
		refused_by_hub
		change dev eth1
		try reaches "${SITE[1]}" "${OVER[0]}"
		via_eth1 "$family" del
		refused_by_hub
		change dev eth0
		both_ways "${SITE[0]}"
	done
}

# The routes say eth1 first, and know a way by eth0 too.
dev_sends()
{
	local family=$1 words ns=${SITE[0]} gw0=${GW[0]}

	[ "$family" = 4 ] || gw0=${GW6[0]}
	spoke_device "$family" 1
	try ip -n "$ns" -batch - <<-END || return
		route del ${ALL[$family]} dev eth0
		route add ${ALL[$family]} via $gw0 dev eth0 metric 6000
	END
	for words in "local $(nbma "$family" 0)" ""; do
		# shellcheck disable=SC2086 # words
		hub_device "$family" $words
		leaves_by eth1
		change dev eth0
		leaves_by eth0
		change dev eth1
		leaves_by eth1
		# shellcheck disable=SC2086 # words
		hub_device "$family" $words dev eth0
		leaves_by eth0
		[ -z "$words" ] || both_ways "${SITE[0]}"
	done
	try ip -n "$ns" -batch - <<-END
		route del ${ALL[$family]} dev eth0
		route add ${ALL[$family]} via $gw0
	END
	both_ways "${SITE[0]}"
}

# Where IPv6 has no route by that interface, it is not tried without one.
dev_no_route()
{
	local ns=${SITE[0]} before

	spoke_device 6 1
	hub_device 6 local "$(nbma 6 0)" dev eth0
	both_ways "$ns" || return
	before=$(dropped "$ns" mgre0 tx_no_route)
	try ip -n "$ns" route del "${ALL[6]}" dev eth0
	refuse reaches "$ns" "${OVER[1]}"
	assert_test "drops" "$(dropped "$ns" mgre0 tx_no_route)" -gt "$before"
	try ip -n "$ns" route add "${ALL[6]}" via "${GW6[0]}"
	both_ways "$ns"
}

# ---- VRFs

# underlay_vrf: eth1 goes into a VRF, which takes its addresses' routes along
underlay_vrf()
{
	local family ns=${SITE[0]}

	try ip -n "$ns" -batch - <<-END || return
		link add vrf-u type vrf table 100
		link set vrf-u up
		link set eth1 master vrf-u
	END
	# The change takes IPv6 addresses away.
	ip -n "$ns" addr flush dev eth1 scope global
	for family in 4 6; do
		hubx_addr $family &&
		try ip -n "$ns" route add "${ALL[$family]}" via "${GWX[$family]}" \
			vrf vrf-u || return
	done
}

underlay_vrf_gone()
{
	local family ns=${SITE[0]}

	try ip -n "$ns" link del vrf-u
	ip -n "$ns" addr flush dev eth1 scope global
	for family in 4 6; do
		hubx_addr $family && hubx_route $family || return
	done
}

# in_vrf FAMILY DEV: underlay in a VRF by way of one of its interfaces, or of it
in_vrf()
{
	underlay_vrf && in_vrf_passes "$@"
	underlay_vrf_gone
}

in_vrf_passes()
{
	local family=$1 dev=$2

	spoke_device "$family" 1 "${HUBX[$family]}"
	hub_device "$family" local "${HUBX[$family]}" dev "$dev"
	both_ways "${SITE[0]}" || return
	leaves_by eth1
	try transfer TCP "${SITE[1]}" "${SITE[0]}" "${OVER[0]}" "$tmp/data"
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	path_mtu_learnt "$family" "${SITE[0]}"
	# What comes in by the VRF is not for a device outside of it.
	change dev eth0
	refused_by_hub
	change dev "$dev"
	both_ways "${SITE[0]}"
}

# The source address is then one that the VRF has.
in_vrf_no_local()
{
	local family=$1

	underlay_vrf &&
	spoke_device "$family" 1 "${HUBX[$family]}" &&
	hub_device "$family" dev vrf-u &&
	both_ways "${SITE[0]}" &&
	leaves_by eth1
	underlay_vrf_gone
}

# client_net: a namespace behind the hub's lan0
client_net()
{
	ns_new CLIENT client && ns_ipv6 "$CLIENT" || return
	try ip -n "${SITE[0]}" -batch - <<-END || return
		link add lan0 type veth peer name eth0 netns $CLIENT
		link add vrf-o type vrf table 200
		link set vrf-o up
		link set lan0 master vrf-o
		addr add 10.77.0.1/24 dev lan0
		addr add fd77::1/64 dev lan0 nodad
		link set lan0 up
	END
	try ip -n "$CLIENT" -batch - <<-END
		addr add 10.77.0.2/24 dev eth0
		addr add fd77::2/64 dev eth0 nodad
		link set eth0 up
		route add default via 10.77.0.1
		route add default via fd77::1
	END
}

client_net_gone()
{
	try ip -n "${SITE[0]}" link del vrf-o
	try ip -n "${SITE[0]}" link del lan0
	ns_del "$CLIENT"
}

# overlay_vrf FAMILY OPTION...: the hub's mgre0 in a VRF, alone with lan0
overlay_vrf()
{
	client_net && overlay_vrf_passes "$@"
	client_net_gone
}

overlay_vrf_passes()
{
	local family=$1 ns=${SITE[0]}

	shift
	hub_new "$@"
	try ip -n "$ns" link set mgre0 master vrf-o
	hub_addresses "$ns" && hub_maps "$family" "$ns" 1
	try ip -n "${SITE[1]}" route replace 10.77.0.0/24 via "${OVER[0]}" dev mgre0
	try ip -n "${SITE[1]}" route replace fd77::/64 via "${OVER6[0]}" dev mgre0

	# local
	try reaches "$ns" "${OVER[1]}" -I vrf-o || return
	try reaches "$ns" "${OVER6[1]}" -I vrf-o
	try reaches "${SITE[1]}" "${OVER[0]}"
	try reaches "${SITE[1]}" "${OVER6[0]}"
	told "$ns" 10.0.0.99 "host unreachable" -I vrf-o
	told "$ns" fd00::99 "address unreachable" -I vrf-o
	# forwarded
	try reaches "$CLIENT" "${OVER[1]}"
	try reaches "$CLIENT" "${OVER6[1]}"
	try reaches "${SITE[1]}" 10.77.0.2
	try reaches "${SITE[1]}" fd77::2
	told "$CLIENT" 10.0.0.99 "host unreachable"
	told "$CLIENT" fd00::99 "address unreachable"
	told "$CLIENT" "${OVER[1]}" "mtu = " -M "do" -s 1472
	told "$CLIENT" "${OVER6[1]}" "mtu=" -M "do" -s 1452
	try transfer TCP "$CLIENT" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	# With a queue a VRF sends what is local by another way.
	try tc -n "$ns" qdisc add dev vrf-o root pfifo
	try reaches "$ns" "${OVER[1]}" -I vrf-o
	try reaches "$ns" "${OVER6[1]}" -I vrf-o
}

overlay_in_vrf()
{
	spoke_device "$1" 1
	overlay_vrf "$1" local "$(nbma "$1" 0)"
}

both_in_vrf()
{
	underlay_vrf &&
	spoke_device "$1" 1 "${HUBX[$1]}" &&
	overlay_vrf "$1" local "${HUBX[$1]}" dev vrf-u
	underlay_vrf_gone
}

# ---- path MTU and ICMP

# hop MTU: of the link between router and site 1. Site 1's mgre0 does not follow:
# with less than 1280 it would lose its IPv6 addresses.
hop()
{
	try ip -n "${SITE[1]}" link set mgre0 mtu 1400
	try ip -n "$ROUTER" link set s1 mtu "$1"
	try ip -n "${SITE[1]}" link set eth0 mtu "$1"
}

peer_is()
{
	[ "$(peer "$1" "$2" "$3")" = "$4" ]
}

# path_mtu_learnt FAMILY NS: mgre0 there learns a smaller path MTU to site 1, and
# tells its senders
path_mtu_learnt()
{
	local family=$1 ns=$2 mtu=1272

	[ "$family" = 4 ] || mtu=1252
	hop 1300
	refuse reaches "$ns" "${OVER[1]}" -M "do" -s 1392 -W 0.5
	try busywait 3 peer_is "$ns" "$(nbma "$family" 1)" .pmtu 1300
	told "$ns" "${OVER[1]}" "mtu" -M "do" -s 1392
	told "$ns" "${OVER[1]}" "mtu" -M "do" -s $((mtu - 27))
	try reaches "$ns" "${OVER[1]}" -M "do" -s $((mtu - 28))
	try busywait 5 reaches "$ns" "${OVER[1]}" -M dont -s 1392
	hop 1500
}

# unreachable_passed_on FAMILY NS: what the router says of site 1's NBMA address
# gets to the sender inside, and into the peer's counter
unreachable_passed_on()
{
	local family=$1 ns=$2 nbma before

	nbma=$(nbma "$family" 1)
	before=$(peer "$ns" "$nbma" .icmp_unreachable)
	try ip -n "$ROUTER" route add unreachable "$nbma"
	told "$ns" "${OVER[1]}" "host unreachable"
	told "$ns" "${OVER6[1]}" "address unreachable"
	assert_eq "icmp_unreachable" "$(peer "$ns" "$nbma" .icmp_unreachable)" \
		$((before + 2))
	try ip -n "$ROUTER" route del unreachable "$nbma"
	try reaches "$ns" "${OVER[1]}"
}

moved()
{
	local family=$1 ns

	ns_new ns inside && ns_ipv6 "$ns" || return
	spoke_device "$family" 1
	hub_new local "$(nbma "$family" 0)"
	try ip -n "${SITE[0]}" link set mgre0 netns "$ns"
	hub_addresses "$ns" && hub_maps "$family" "$ns" 1
	both_ways "$ns" || return
	try transfer TCP "$ns" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	try transfer TCP "${SITE[1]}" "$ns" "${OVER[0]}" "$tmp/data"
	told "$ns" 10.0.0.99 "host unreachable"
	told "$ns" fd00::99 "address unreachable"
	unreachable_passed_on "$family" "$ns"
	path_mtu_learnt "$family" "$ns"
	# the underlay's interface is one of the underlay's netns
	try ip -n "${SITE[0]}" link set eth0 down
	refuse reaches "$ns" "${OVER[1]}" -W 0.3
	try ip -n "${SITE[0]}" link set eth0 up
	underlay_again
	both_ways "$ns"
	ns_del "$ns"
}

# underlay_again: what eth0 of the hub has lost when it was down
underlay_again()
{
	try ip -n "${SITE[0]}" addr replace "${NBMA6[0]}/64" dev eth0 nodad
	try ip -n "${SITE[0]}" route replace default via "${GW[0]}"
	try ip -n "${SITE[0]}" route replace default via "${GW6[0]}"
}

need jq ethtool socat tc cmp
try modprobe vrf
mgre_load
error_routes_answer
topo_underlay 1
topo_ipv6
second_link
head -c 200000 /dev/urandom >"$tmp/data"

ktap_plan 17
for family in 4 6; do
	test_case "IPv$family: dev receives from that interface alone" dev_receives $family
	test_case "IPv$family: dev sends by that interface" dev_sends $family
	test_case "IPv$family: underlay in a VRF, dev is in it" in_vrf $family eth1
	test_case "IPv$family: underlay in a VRF, dev is it" in_vrf $family vrf-u
	test_case "IPv$family: underlay in a VRF, no local" in_vrf_no_local $family
	test_case "IPv$family: overlay in a VRF" overlay_in_vrf $family
	test_case "IPv$family: both in VRFs" both_in_vrf $family
	test_case "IPv$family: underlay in another netns" moved $family
done
test_case "IPv6: no route by that interface" dev_no_route
