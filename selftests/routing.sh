#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Routing daemons, FRR's as Debian has them, over the replication of multicast in the
# kernel, configured from Documentation/recipes. Each site of lib.sh has a host behind
# it:
#
#	host 10.1.0.2 -- lan0 10.1.0.1, hub ... spoke 1, lan0 10.2.0.1 -- host 10.2.0.2
#
# and mappings as in static.rst: the hub knows all spokes, a spoke knows the hub. All
# daemons come and go with their case, zebra too: a route that a daemon sent just before
# it was stopped can stay in zebra's table, where it wins over those of the next case.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=daemons/lib.sh
. "$(dirname "$0")/daemons/lib.sh"

SPOKES=(1 2 3)
HOST=()

# as_site SITE: the sed script that makes a block for spoke 1 one for SITE
as_site()
{
	local i=$1 number=$(($1 + 1))

	[ "$i" -gt 1 ] || return 0
	cat <<-END
		s/\b198\.51\.100\.2\b/${NBMA[i]}/g
		s/\b10\.0\.0\.2\b/${OVER[i]}/g
		s/\b10\.2\.0\./10.$number.0./g
		s/\bfe80::2\b/fe80::$number/g
	END
}

# role SITE
role()
{
	[ "$1" -eq 0 ] && echo hub || echo spoke
}

# everywhere DOCUMENT BLOCK: run hub-BLOCK on the hub and spoke-BLOCK on the spokes
everywhere()
{
	local i

	for i in "${!SITE[@]}"; do
		recipe_run "$1" "$(role "$i")-$2" "${SITE[i]}" "$(as_site "$i")" || return
	done
}

# daemons_start DOCUMENT BLOCK DAEMON...: and zebra, with hub-BLOCK and spoke-BLOCK
daemons_start()
{
	local doc=$1 block=$2 i

	shift 2
	for i in "${!SITE[@]}"; do
		recipe "$doc" "$(role "$i")-$block" "$(as_site "$i")" >"$tmp/frr.$i" &&
		frr_start "${SITE[i]}" "$tmp/frr.$i" zebra "$@" || return
	done
}

# daemons_stop DAEMON...: and zebra, which takes its routes out of the kernel
daemons_stop()
{
	local i

	for i in "${!SITE[@]}"; do
		frr_stop "${SITE[i]}" "$@" zebra
	done
}

# comes DOCUMENT BLOCK SITE: what the block shows is seen there, some time
comes()
{
	busywait 60 recipe_shows "$1" "$2" "${SITE[$3]}" "$(as_site "$3")" ||
		fail "$2 of $1.rst: $(cat "$tmp/shown")"
}

# lan SITE: a host behind it
lan()
{
	local i=$1 host

	ns_new host "host$i" || return
	HOST[i]=$host
	try ip -n "${SITE[i]}" -batch - <<-END || return
		addr del ${LAN[i]}/32 dev lo
		link add lan0 type veth peer name eth0 netns $host
		addr add ${LAN[i]}/24 dev lan0
		link set lan0 up
	END
	try ip -n "$host" -batch - <<-END
		addr add ${LAN[i]%1}2/24 dev eth0
		link set eth0 up
		route add default via ${LAN[i]}
	END
}

# talk SITE...: their hosts reach each other, once all sites have the routes
talk()
{
	local from to

	for from; do
		for to; do
			[ "$from" -eq "$to" ] ||
				busywait 60 reaches "${HOST[from]}" "${LAN[to]%1}2" ||
				fail "no answer for site $from from site $to" || return
		done
	done
}

# cut SITE, mend SITE: its link to the underlay, at the far end
cut()
{
	try ip -n "$ROUTER" link set "s$1" down
}

mend()
{
	try ip -n "$ROUTER" link set "s$1" up
}

# routed SITE TO: it has a route to the LAN of TO, by a routing daemon
routed()
{
	[[ $(ip -n "${SITE[$1]}" route show "${LANNET[$2]}") == *" proto "* ]]
}

not_routed()
{
	! routed "$@"
}

# dies SITE SEEN_BY...: spoke SITE does, and its route goes from these sites
dies()
{
	dies_from not_routed "$@"
}

# dies_from CHECK SITE SEEN_BY...: the same, and CHECK SEEN_BY SITE says that it is gone
dies_from()
{
	local check=$1 spoke=$2 i

	shift 2
	cut "$spoke"
	for i; do
		busywait 60 "$check" "$i" "$spoke" ||
			fail "site $i has a route to $spoke still" || return
	done
	mend "$spoke"
}

# ---- cases

static()
{
	comes static hub-mcast 0 &&
	comes static spoke-ping 1 || return
	everywhere static routes || return
	talk 0 1 2 3
	recipe_run static spoke-direct "${SITE[1]}" || return
	try recipe_shows static spoke-direct-shown "${SITE[1]}"
	try reaches "${HOST[1]}" "${LAN[2]%1}2"
	assert_test "sent directly" "$(peer "${SITE[1]}" "${NBMA[2]}" .tx.packets)" -gt 0
	assert_test "received directly" "$(peer "${SITE[2]}" "${NBMA[0]}" .rx.packets)" -gt 0
	recipe_run static hub-group "${SITE[0]}" || return
	try recipe_shows static hub-group-shown "${SITE[0]}"
	try nhrp -n "${SITE[0]}" mcast del 239.1.0.0/16 nbma "${NBMA[1]}" dev mgre0
}

# to_group COUNT: datagrams of 1000 octets from the host behind the hub to 239.1.1.1
to_group()
{
	head -c $(($1 * 1000)) /dev/zero | try on "${HOST[0]}" socat -u -b 1000 \
		STDIN "UDP4-DATAGRAM:239.1.1.1:5010,ip-multicast-ttl=8"
}

# copied SITE: how many octets the hub has sent there
copied()
{
	peer "${SITE[0]}" "${NBMA[$1]}" .tx.bytes
}

stream_received()
{
	[ "$(stat -c %s "$tmp/stream")" -ge "$1" ]
}

pim()
{
	local i

	for i in "${!SITE[@]}"; do
		recipe pim frr >"$tmp/frr.$i" &&
		frr_start "${SITE[i]}" "$tmp/frr.$i" zebra pimd || return
	done
	comes pim hub-pim-neighbors 0 &&
	pim_passes
	daemons_stop pimd
}

pim_passes()
{
	local pid i before=()

	bg_on pid "${HOST[1]}" socat -u -b 2000 \
		UDP4-RECV:5010,reuseaddr,ip-add-membership=239.1.1.1:eth0 \
		"OPEN:$tmp/stream,creat,trunc"
	comes pim hub-pim-join 0 || return
	recipe_run pim hub-group "${SITE[0]}" || return
	for i in "${SPOKES[@]}"; do
		before[i]=$(copied "$i")
	done
	busywait 60 pim_more || fail "received $(wc -c <"$tmp/stream")" || return
	for i in 2 3; do
		assert_test "octets to spoke $i" $(($(copied $i) - before[i])) -lt 20000
	done
	assert_test "octets to spoke 1" $(($(copied 1) - before[1])) -ge 100000
	try recipe_shows pim hub-peers "${SITE[0]}"
	bg_stop "$pid" || :
}

pim_more()
{
	to_group 50 && stream_received 100000
}

ospf_p2mp()
{
	daemons_start ospf p2mp ospfd &&
	comes ospf hub-p2mp-neighbors 0 &&
	comes ospf spoke-p2mp-routes 1 &&
	talk 0 1 2 3 &&
	dies 3 0 1 &&
	comes ospf hub-p2mp-neighbors 0 &&
	comes ospf spoke-p2mp-routes 1
	daemons_stop ospfd
}

ospf_broadcast()
{
	daemons_start ospf broadcast ospfd &&
	comes ospf hub-broadcast-neighbors 0 &&
	comes ospf spoke-broadcast-neighbors 1 &&
	comes ospf spoke-broadcast-routes 1 &&
	talk 0 1 2 3 &&
	dies 3 0 1
	daemons_stop ospfd
}

# six SITE: IPv6, which ns_new() has switched off
six()
{
	local i=$1 ns number=$(($1 + 1))

	for ns in "${SITE[i]}" "${HOST[i]}"; do
		try on "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 || return
	done
	try ip -n "${SITE[i]}" addr add "2001:db8:$number::1/64" dev lan0 nodad
	try ip -n "${HOST[i]}" -batch - <<-END
		addr add 2001:db8:$number::2/64 dev eth0 nodad
		route add default via 2001:db8:$number::1
	END
}

ospf6()
{
	local i

	for i in "${!SITE[@]}"; do
		six "$i" || return
	done
	everywhere ospf ipv6 &&
	daemons_start ospf ospf6 ospf6d &&
	comes ospf hub-ospf6-neighbors 0 &&
	comes ospf spoke-ospf6-routes 1 &&
	talk6 0 1 2 3 &&
	dies_from not_routed6 3 0 1
	daemons_stop ospf6d
}

talk6()
{
	local from to

	for from; do
		for to; do
			[ "$from" -eq "$to" ] ||
				busywait 60 reaches "${HOST[from]}" "2001:db8:$((to + 1))::2" ||
				fail "no answer for site $from from site $to" || return
		done
	done
}

not_routed6()
{
	[ -z "$(ip -6 -n "${SITE[$1]}" route show "2001:db8:$(($2 + 1))::/64")" ]
}

eigrp()
{
	daemons_start eigrp frr eigrpd &&
	comes eigrp hub-eigrp-neighbors 0 &&
	comes eigrp hub-eigrp-routes 0 &&
	comes eigrp spoke-eigrp-routes 1 &&
	eigrp_aggregates &&
	eigrp_dies 3
	daemons_stop eigrpd
}

# eigrp_dies SITE: it is no neighbour any more. eigrpd leaves its routes in place.
eigrp_dies()
{
	cut "$1"
	busywait 60 eigrp_without "${OVER[$1]}" ||
		fail "still: $(frr "${SITE[0]}" "show ip eigrp neighbor")" || return
	mend "$1"
}

# eigrp_without ADDRESS: the hub has neighbours, and not this one
eigrp_without()
{
	local neighbors

	neighbors=$(frr "${SITE[0]}" "show ip eigrp neighbor")
	[[ $neighbors == *" ${OVER[1]} "* && $neighbors != *" $1 "* ]]
}

eigrp_aggregates()
{
	local i

	for i in "${SPOKES[@]}"; do
		recipe_run eigrp spoke-aggregate "${SITE[i]}" || return
	done
	talk 0 1 2 3
	for i in "${SPOKES[@]}"; do
		try ip -n "${SITE[i]}" route del 10.0.0.0/8
	done
}

bgp()
{
	daemons_start bgp frr bfdd bgpd &&
	comes bgp hub-bfd 0 &&
	comes bgp spoke-bgp-routes 1 &&
	talk 0 1 2 3 &&
	bgp_dies
	daemons_stop bgpd bfdd
}

# withdrawn SITE: the hub has dropped the route, so ip monitor says
withdrawn()
{
	grep -q "Deleted ${LANNET[$1]} " "$tmp/monitor"
}

# missed SITE: sets late to the microseconds from its end to the hub's knowing
missed()
{
	local i=$1 pid began ended

	# A machine that stalls may have lost it meanwhile.
	try busywait 60 routed 0 "$i" || return
	bg_on pid "${SITE[0]}" stdbuf -oL ip -ts monitor route >"$tmp/monitor"
	try busywait 10 monitors "$pid" || return
	began=${EPOCHREALTIME/./}
	cut "$i"
	busywait 60 withdrawn "$i" || fail "spoke $i is not missed" || return
	bg_stop "$pid" || :
	ended=$(sed -n "s|^\[\(.*\)\] Deleted ${LANNET[i]} .*|\1|p" "$tmp/monitor" | head -n 1)
	[ -n "$ended" ] || fail "no time: $(cat "$tmp/monitor")" || return
	late=$(($(date -d "$ended" +%s%6N) - began))
	note "spoke $i missed after $((late / 1000)) ms"
}

# bgp_dies: a dead spoke is missed in less than a second, on a kernel for debugging in
# less than eight. A slow machine may take longer a few times; without BFD it is 180 s
# each time.
bgp_dies()
{
	local i late seconds=$((slow ? 8 : 1))

	for i in "${SPOKES[@]}" "${SPOKES[@]}"; do
		missed "$i" || return
		mend "$i"
		[ "$late" -le 0 ] || [ "$late" -ge $((seconds * 1000000)) ] || return 0
	done
	fail "no dead spoke is missed within $seconds s"
}

# monitors PID: it has joined a group of rtnetlink (0)
monitors()
{
	awk -v pid="$1" '$2 == 0 && $3 == pid && $4 != "00000000" { found = 1 }
		END { exit !found }' "/proc/$1/net/netlink"
}

vrf()
{
	local i

	SITE=()
	topo_underlay 1 || return
	for i in 0 1; do
		lan "$i" || return
	done
	everywhere vrf device || return
	comes vrf spoke-ping 1 &&
	comes vrf hub-routes 0
	try reaches "${HOST[0]}" "${LAN[1]%1}2"
	refuse reaches "${SITE[1]}" "${LAN[0]}" -W 1
	# nothing of it in the tables of others
	assert_eq "main table" "$(ip -n "${SITE[0]}" route)" ""
	assert_eq "underlay's" "$(ip -n "${SITE[0]}" route show vrf red | grep mgre0)" ""
}

need jq socat
daemons_lay
mgre_load
ktap_plan 8
topo_underlay 3
for i in "${!SITE[@]}"; do
	lan "$i"
done
everywhere static device

test_case "static mappings and routes" static
test_case "PIM" pim
for i in "${!SITE[@]}"; do
	ip -n "${SITE[i]}" route flush root 10.0.0.0/8 proto boot
done
test_case "OSPF, point-to-multipoint" ospf_p2mp
test_case "OSPF, broadcast" ospf_broadcast
test_case "OSPFv3" ospf6
test_case "EIGRP" eigrp
test_case "BGP with BFD" bgp
test_case "VRFs" vrf
