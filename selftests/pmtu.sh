#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Path MTU and the ICMP errors of the underlay: what a peer learns from them, what
# the senders of the overlay are told, and what is not believed. Each case runs
# for IPv4 and IPv6 as payload over IPv4 and IPv6, after the pattern of the
# kernel's own net/pmtu.sh (pmtu_ipvX_over_ipvY_exception and so on).
#
#   host                hub, site 0                  router         spokes, sites 1, 2
#  +------------+   +-----------------------+     +--------+     +--------------------+
#  | 10.9.104.2 |   | mgre4  10.104.0.1/24  |     |        |     | mgre4 10.104.0.2   |
#  | 10.9.106.2 |   |        fd00:104::1/64 |     |        |     |       fd00:104::2  |
#  |            |   | mgre6  10.106.0.1/24  |     |     s1 +-----+ mgre6 10.106.0.2   |
#  | eth0 ------+---+ lan0   fd00:106::1/64 |     |        |     |       fd00:106::2  |
#  +------------+   | eth0   192.0.2.2 -----+-----+ s0     |     | eth0 198.51.100.2  |
#                   |        2001:db8:0::2  |     |        |     |     2001:db8:1::2  |
#                   +-----------------------+     |     s2 +---- 198.51.100.66, ...
#                                                 +--------+
#
# mgre4 has IPv4 below, mgre6 IPv6. The host has an IPv4 and an IPv6 address for
# each of them, from which it sends what goes that way; the hub forwards it. A
# path gets narrow towards its spoke alone: the answers are never in question.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

CASES=$top/selftests/pmtu

NBMA6=(2001:db8:0::2 2001:db8:1::2 2001:db8:2::2)
GW6=(2001:db8:0::1 2001:db8:1::1 2001:db8:2::1)
PROTO=77	# of the routes that a case makes, to find them again
NARROW=1400	# octets that the narrow path carries
MANY=2000	# peers, where memory is looked at

# pair INNER OUTER: the families that a case is about, and what follows from them
pair()
{
	IN=$1
	OUT=$2
	DEV=mgre$OUT
	if [ "$OUT" = 4 ]; then
		NB=("${NBMA[@]:0:3}")
		GATEWAY=${GW[0]}
		OVERHEAD=28	# IPv4, GRE with a key
	else
		NB=("${NBMA6[@]}")
		GATEWAY=${GW6[0]}
		OVERHEAD=48
	fi
	if [ "$IN" = 4 ]; then
		TO=("10.10$OUT.0."{1,2,3})
		LAN_HUB=10.9.10$OUT.1
		HEADERS=28	# of an echo request
	else
		TO=("fd00:10$OUT::"{1,2,3})
		LAN_HUB=fd00:9:10$OUT::1
		HEADERS=48
	fi
	FULL=$((1500 - OVERHEAD))
	LIMIT=$((NARROW - OVERHEAD))
}

# ---- topology

# ipv6 NS: it has IPv6, too, at once (no DAD), and no limit of ICMP errors
ipv6()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	try ip netns exec "$1" bash -c 'for dad in /proc/sys/net/ipv6/conf/*/accept_dad; do
		echo 0 >"$dad" || exit
	done
	sysctl -qw net.ipv6.conf.default.disable_ipv6=0 \
		net.ipv6.conf.all.disable_ipv6=0 \
		net.ipv6.conf.all.forwarding=1 \
		net.ipv6.icmp.ratelimit=0 \
		net.ipv4.icmp_ratemask=0'
}

# overlay_device NS SITE OUTER [OPTION]...: the mgre device of that site
overlay_device()
{
	local ns=$1 i=$2 outer=$3 nbma=${NBMA[$2]}

	shift 3
	[ "$outer" = 4 ] || nbma=${NBMA6[i]}
	try ip -n "$ns" link add "mgre$outer" type mgre local "$nbma" key $MGRE_KEY "$@"
}

# overlay_up NS SITE OUTER: its addresses
overlay_up()
{
	try ip -n "$1" -batch - <<-END
		addr add 10.10$3.0.$(($2 + 1))/24 dev mgre$3
		addr add fd00:10$3::$(($2 + 1))/64 dev mgre$3 nodad
		link set mgre$3 up
	END
}

# overlay_map NS OUTER SITE...: the mappings of those sites
overlay_map()
{
	local ns=$1 outer=$2 i
	local -n nbma=NBMA

	shift 2
	[ "$outer" = 4 ] || local -n nbma=NBMA6
	for i; do
		echo "map add 10.10$outer.0.$((i + 1)) nbma ${nbma[i]} dev mgre$outer"
		echo "map add fd00:10$outer::$((i + 1)) nbma ${nbma[i]} dev mgre$outer"
	done | try nhrp -n "$ns" -batch -
}

spoke_device()
{
	local ns=${SITE[$1]} outer=$2

	overlay_device "$ns" "$1" "$outer" ttl 64 && overlay_up "$ns" "$1" "$outer" &&
	overlay_map "$ns" "$outer" 0 &&
	try ip -n "$ns" -batch - <<-END
		route add 10.9.10$outer.0/24 via 10.10$outer.0.1 dev mgre$outer
		route add fd00:9:10$outer::/64 via fd00:10$outer::1 dev mgre$outer
	END
}

underlay6()
{
	local i

	for i in 0 1 2; do
		ipv6 "${SITE[i]}" &&
		try ip -n "$ROUTER" addr add "${GW6[i]}/64" dev "s$i" nodad &&
		try ip -n "${SITE[i]}" addr add "${NBMA6[i]}/64" dev eth0 nodad &&
		try ip -n "${SITE[i]}" route add ::/0 via "${GW6[i]}" || return
	done
}

host()
{
	local outer

	ns_new HOST host && ipv6 "$HOST" || return
	try ip -n "$HUB" link add lan0 type veth peer name eth0 netns "$HOST"
	for outer in 4 6; do
		try ip -n "$HUB" -batch - <<-END || return
			addr add 10.9.10$outer.1/24 dev lan0
			addr add fd00:9:10$outer::1/64 dev lan0 nodad
			link set lan0 up
		END
		try ip -n "$HOST" -batch - <<-END || return
			addr add 10.9.10$outer.2/24 dev eth0
			addr add fd00:9:10$outer::2/64 dev eth0 nodad
			link set eth0 up
			route add 10.10$outer.0.0/24 via 10.9.10$outer.1 src 10.9.10$outer.2
			route add fd00:10$outer::/64 via fd00:9:10$outer::1 src fd00:9:10$outer::2
		END
	done
}

topo_pmtu()
{
	local i

	topo_underlay 2 || return
	HUB=${SITE[0]}
	ipv6 "$ROUTER" && underlay6 && host || return
	for i in 1 2; do
		spoke_device $i 4 && spoke_device $i 6 || return
	done
}

# ---- the state of a case

# forget: what the hub and the host have learnt of paths
forget()
{
	forget_in "$HOST" "$IN" && forget_in "$HUB" "$IN" || return
	[ "$IN" = "$OUT" ] || forget_in "$HUB" "$OUT"
}

# forget_in NS FAMILY
forget_in()
{
	try ip -n "$1" "-$2" route flush cache
}

# mend NS: the routes of a case go
mend()
{
	try ip -n "$1" "-$OUT" route flush proto $PROTO
}

# fresh [OPTION]...: nothing is left of the case before; the hub's device anew
DEV_NS=		# where that is, if not at the hub
fresh()
{
	links 1500
	mend "$ROUTER"
	mend "$HUB"
	forget
	[ -z "$DEV_NS" ] || ns_del "$DEV_NS"
	DEV_NS=
	ip -n "$HUB" link del "$DEV" 2>/dev/null
	[[ " $* " == *" ttl "* ]] || set -- ttl 64 "$@"
	overlay_device "$HUB" 0 "$OUT" "$@" && overlay_up "$HUB" 0 "$OUT" &&
	overlay_map "$HUB" "$OUT" 1 2
}

# links MTU: of the link of spoke 1, both ends
link_mtu=1500
links()
{
	[ "$1" != "$link_mtu" ] || return 0
	link_mtu=$1
	try ip -n "$ROUTER" link set s1 mtu "$1" &&
	try ip -n "${SITE[1]}" link set eth0 mtu "$1"
}

# narrow SITE OCTETS: so much the router forwards to that site, without a word of
# it in the routes of others. It works below the 1,280 octets that every link
# with IPv6 must carry, too.
narrow()
{
	try ip -n "$ROUTER" route replace "${NB[$1]}" dev "s$1" mtu lock "$2" proto $PROTO
}

# ---- what is looked at

# peer_says SITE: what `nhrp -j peer show` says of that peer
peer_says()
{
	nhrp -n "${DEV_NS:-$HUB}" -j -s peer show dev "$DEV" nbma "${NB[$1]}"
}

# json KEY...: the numbers of these keys in $said, without an exec: this is called
# hundreds of times, in a VM without KVM
json()
{
	local key numbers=()

	for key; do
		[[ $said =~ \"$key\":([0-9]+) ]] && numbers+=("${BASH_REMATCH[1]}")
	done
	echo "${numbers[@]}"
}

# pmtu SITE: the path MTU of that peer
pmtu()
{
	local said

	said=$(peer_says "$1") && json pmtu
}

pmtu_is()
{
	[ "$(pmtu "$1")" = "$2" ]
}

# route_mtu NS ADDRESS: what NS believes of the path, nothing if nothing special
route_mtu()
{
	local said

	said=$(ip -n "$1" route get "$2")
	[[ ! $said =~ \ mtu\ (lock\ )?([0-9]+) ]] || echo "${BASH_REMATCH[2]}"
}

device_mtu_is()
{
	local said

	said=$(ip -n "$HUB" -j link show "$DEV") && [ "$(json mtu)" = "$1" ]
}

device_drops()
{
	dropped "$HUB" "$DEV" "$1"
}

# crosses NS ADDRESS OCTETS [PING OPTION]...: an inner packet of that size, not to
# be fragmented, is answered
crosses()
{
	local ns=$1 to=$2 octets=$3

	shift 3
	reaches "$ns" "$to" -M "do" -s $((octets - HEADERS)) "$@"
}

# told NS ADDRESS OCTETS MTU: the sender is told this MTU, by ICMP or, if it has
# learnt it before, by its own kernel
told()
{
	local out

	out=$(on "$1" ping -n -c 1 -W 2 -M "do" -s $(($3 - HEADERS)) "$2" 2>&1) &&
		{ echo "$3 octets crossed"; return 1; }
	[[ $out =~ mtu( = |=|: )$4([^0-9]|$) ]] || { echo "$out"; return 1; }
}

# limited NS SITE OCTETS: this is the largest inner packet
limited()
{
	try crosses "$1" "${TO[$2]}" "$3"
	try told "$1" "${TO[$2]}" $(($3 + 1)) "$3"
}

# learns SITE MTU: a packet that is too big for the path is lost for it, and the
# peer has learnt
learns()
{
	crosses "${DEV_NS:-$HUB}" "${TO[$1]}" $FULL -W 0.3 >/dev/null 2>&1 &&
		fail "$FULL octets crossed a path of $2"
	busywait 5 pmtu_is "$1" "$2" ||
		fail "path MTU of the peer: $(pmtu "$1"), not $2"
}

# other_peer_unharmed
other_peer_unharmed()
{
	try crosses "${DEV_NS:-$HUB}" "${TO[2]}" $FULL
	assert_eq "path MTU of the other peer" "$(pmtu 2)" 1500
}

both_full()
{
	try crosses "$HUB" "${TO[1]}" $FULL
	try crosses "$HUB" "${TO[2]}" $FULL
	assert_eq "path MTU" "$(pmtu 1) $(pmtu 2)" "1500 1500"
}

# tcp NS: a file crosses from there to spoke 1
tcp()
{
	try transfer TCP "$1" "${SITE[1]}" "${TO[1]}" "$tmp/data"
}

# udp NS: the same in datagrams of 8,000 octets
udp()
{
	try transfer UDP "$1" "${SITE[1]}" "${TO[1]}" "$tmp/lines" 8000
}

# whole NS OCTETS PING_OPTION...: an echo request of that size comes out of the
# tunnel at spoke 1 in one piece, however it has crossed
whole()
{
	local ns=$1 octets=$2 pid pcap=$tmp/whole.pcap filter

	shift 2
	if [ "$IN" = 4 ]; then
		filter="icmp[0] == 8 and ip[2:2] == $octets and ip[6:2] & 0x3fff == 0"
	else
		filter="ip6[6] == 58 and ip6[40] == 128 and ip6[4:2] == $((octets - 40))"
	fi
	capture_start pid "$pcap" "${SITE[1]}" "$DEV" "$filter" || return
	try reaches "$ns" "${TO[1]}" -s $((octets - HEADERS)) "$@"
	capture_stop "$pid" "$pcap" 1
	assert_eq "whole packets of $octets octets" "$(capture_count "$pcap")" 1
}

# ---- path MTU

# The narrow link is behind the router: ICMP tells. One peer learns, no other.
exception()
{
	fresh || return
	both_full
	links $NARROW
	learns 1 $NARROW
	try told "$HUB" "${TO[1]}" $FULL $LIMIT
	assert_eq "MTU of the route" "$(route_mtu "$HUB" "${TO[1]}")" $LIMIT
	limited "$HUB" 1 $LIMIT
	other_peer_unharmed
	assert_eq "MTU of the other's route" "$(route_mtu "$HUB" "${TO[2]}")" ""
	assert_test "tx_too_big" "$(device_drops tx_too_big)" -ge 1
}

# The sender is behind the hub, which tells it in its own name.
forwarded()
{
	local out

	fresh || return
	try crosses "$HOST" "${TO[1]}" $FULL
	narrow 1 $NARROW
	refuse crosses "$HOST" "${TO[1]}" $FULL -W 0.3
	try busywait 5 pmtu_is 1 $NARROW
	out=$(on "$HOST" ping -n -c 1 -W 2 -M "do" -s $((FULL - HEADERS)) "${TO[1]}" 2>&1)
	[[ $out =~ From\ $LAN_HUB\ .*mtu( = |=)$LIMIT ]] || fail "$out"
	assert_eq "MTU of the host's route" "$(route_mtu "$HOST" "${TO[1]}")" $LIMIT
	limited "$HOST" 1 $LIMIT
	try crosses "$HOST" "${TO[2]}" $FULL
	other_peer_unharmed
}

# The hub's own link gets narrow: all peers are behind it, and the device follows.
local_link()
{
	fresh || return
	both_full
	try ip -n "$HUB" link set eth0 mtu $NARROW
	try busywait 5 device_mtu_is $LIMIT
	limited "$HUB" 1 $LIMIT
	limited "$HUB" 2 $LIMIT
	limited "$HOST" 1 $LIMIT
	assert_eq "path MTU" "$(pmtu 1) $(pmtu 2)" "$NARROW $NARROW"
	try ip -n "$HUB" link set eth0 mtu 1500
	try busywait 5 device_mtu_is $FULL
	forget
	both_full
	try crosses "$HOST" "${TO[1]}" $FULL
}

# The same with a device that was told an MTU: it keeps that, the peers learn.
local_link_by_hand()
{
	fresh || return
	# the kernel tells nobody of an MTU that is the one there is
	try ip -n "$HUB" link set "$DEV" mtu $LIMIT
	try ip -n "$HUB" link set "$DEV" mtu $FULL
	both_full
	try ip -n "$HUB" link set eth0 mtu $NARROW
	try told "$HUB" "${TO[1]}" $FULL $LIMIT
	try told "$HOST" "${TO[1]}" $FULL $LIMIT
	limited "$HUB" 1 $LIMIT
	limited "$HUB" 2 $LIMIT
	limited "$HOST" 2 $LIMIT
	try device_mtu_is $FULL
	assert_eq "path MTU" "$(pmtu 1) $(pmtu 2)" "$NARROW $NARROW"
	try ip -n "$HUB" link set eth0 mtu 1500
	forget
	both_full
}

# An underlay route with an MTU of its own.
underlay_route()
{
	fresh || return
	both_full
	try ip -n "$HUB" route add "${NB[1]}" via "$GATEWAY" mtu $NARROW proto $PROTO
	try told "$HUB" "${TO[1]}" $FULL $LIMIT
	assert_eq "path MTU" "$(pmtu 1)" $NARROW
	limited "$HUB" 1 $LIMIT
	limited "$HOST" 1 $LIMIT
	other_peer_unharmed
	mend "$HUB"
	forget
	both_full
}

# What was learnt is forgotten on demand; a path that is still narrow is learnt
# again.
flushed()
{
	fresh || return
	narrow 1 $NARROW
	learns 1 $NARROW
	limited "$HUB" 1 $LIMIT
	assert_test "exceptions" "$(exceptions)" -ge 2
	forget
	assert_eq "exceptions" "$(exceptions)" 0
	learns 1 $NARROW
	limited "$HUB" 1 $LIMIT
	mend "$ROUTER"
	refuse crosses "$HUB" "${TO[1]}" $FULL
	forget
	both_full
}

# exceptions: how many the hub has, those of the overlay included
exceptions()
{
	{ ip -n "$HUB" -o route show cache; ip -n "$HUB" -o -6 route show cache; } | wc -l
}

expires_after()
{
	try on "$HUB" sysctl -qw "net.ipv4.route.mtu_expires=$1" \
		"net.ipv6.route.mtu_expires=$1"
}

# ... and on its own.
expired()
{
	fresh || return
	expires_after 4
	narrow 1 $NARROW
	learns 1 $NARROW
	mend "$ROUTER"
	refuse crosses "$HUB" "${TO[1]}" $FULL
	busywait 15 crosses "$HUB" "${TO[1]}" $FULL -W 0.5 || fail "not forgotten"
	assert_eq "path MTU" "$(pmtu 1)" 1500
	expires_after 600
}

map_mtu()
{
	try nhrp -n "$HUB" map replace "${TO[1]}" nbma "${NB[1]}" dev "$DEV" mtu "$1"
}

# A mapping has a limit of its own: octets of payload.
mapping_mtu()
{
	fresh || return
	both_full
	map_mtu 1300
	try told "$HUB" "${TO[1]}" $FULL 1300
	try told "$HOST" "${TO[1]}" $FULL 1300
	limited "$HUB" 1 1300
	limited "$HOST" 1 1300
	other_peer_unharmed
	assert_eq "path MTU" "$(pmtu 1)" 1500
	# no less than IPv6 asks of every link
	narrow 1 $((1292 + OVERHEAD))
	learns_from_host $((1292 + OVERHEAD))
	try told "$HUB" "${TO[1]}" 1300 1292
}

# learns_from_host MTU: the hub knows the smaller MTU of the mapping, one that
# takes no notice of it fills that
learns_from_host()
{
	forget_in "$HOST" "$IN"
	refuse crosses "$HOST" "${TO[1]}" 1300 -W 0.3
	busywait 5 pmtu_is 1 "$1" || fail "path MTU of the peer: $(pmtu 1), not $1"
}

gso_is_on()
{
	on "$1" ethtool -k "$2" | grep -q '^generic-segmentation-offload: on'
}

# TCP finds its way through the narrow path that nobody knows of.
tcp_crosses()
{
	fresh || return
	narrow 1 $NARROW
	try gso_is_on "$HUB" "$DEV"
	tcp "$HUB"
	assert_eq "path MTU" "$(pmtu 1)" $NARROW
	forget
	tcp "$HOST"
	assert_eq "path MTU" "$(pmtu 1)" $NARROW
}

# Datagrams that are fragments from the start, once the path is known.
udp_crosses()
{
	fresh || return
	narrow 1 $NARROW
	learns 1 $NARROW
	try told "$HUB" "${TO[1]}" $FULL $LIMIT
	udp "$HUB"
	try told "$HOST" "${TO[1]}" 1500 $FULL
	try told "$HOST" "${TO[1]}" $FULL $LIMIT
	udp "$HOST"
}

# IPv4 that may be fragmented is, but outside: the far end of the overlay gets it as
# it was.
without_df()
{
	local octets

	fresh || return
	narrow 1 $NARROW
	learns 1 $NARROW
	for octets in $((LIMIT + 1)) $FULL; do
		whole "$HOST" "$octets" -M dont
	done
	try reaches "$HOST" "${TO[1]}" -M dont -s 8000
	try reaches "$HUB" "${TO[1]}" -M dont -s $((FULL - HEADERS))
	try reaches "$HUB" "${TO[1]}" -M dont -s 8000
	forget
	learns 1 $NARROW
	try on "$HOST" sysctl -qw net.ipv4.ip_no_pmtu_disc=1
	tcp "$HOST"
	udp "$HOST"
	try on "$HOST" sysctl -qw net.ipv4.ip_no_pmtu_disc=0
	TRANSFER_OPTIONS=,mtudiscover=0 tcp "$HUB"
	other_peer_unharmed
}

# IPv6 that may be at most 1,280 octets crosses paths that carry less, in outer
# fragments.
below_1280()
{
	local mtu=1280

	[ "$OUT" = 6 ] || mtu=1000
	fresh || return
	narrow 1 $mtu
	learns 1 $mtu
	try told "$HUB" "${TO[1]}" $FULL 1280
	try told "$HOST" "${TO[1]}" $FULL 1280
	limited "$HUB" 1 1280
	limited "$HOST" 1 1280
	whole "$HUB" 1280
	whole "$HOST" 1280
	tcp "$HUB"
	tcp "$HOST"
	other_peer_unharmed
	# a mapping cannot say less either
	mend "$ROUTER"
	forget
	map_mtu 1000
	limited "$HUB" 1 1280
}

# What is exactly 1,280 octets inside needs no fragments, one octet less does.
around_1280()
{
	fresh || return
	narrow 1 $((1280 + OVERHEAD))
	learns 1 $((1280 + OVERHEAD))
	limited "$HUB" 1 1280
	forget
	narrow 1 $((1279 + OVERHEAD))
	learns 1 $((1279 + OVERHEAD))
	limited "$HUB" 1 1280
	whole "$HUB" 1280
}

# net.ipv4.ip_no_pmtu_disc of the underlay's namespace says what of an error is believed.
no_pmtu_disc()
{
	fresh || return
	narrow 1 $NARROW
	try on "$HUB" sysctl -qw net.ipv4.ip_no_pmtu_disc=2
	refuse crosses "$HUB" "${TO[1]}" $FULL -W 0.3
	try reaches "$HUB" "${NBMA[1]}"
	assert_eq "path MTU without a belief" "$(pmtu 1)" 1500
	try on "$HUB" sysctl -qw net.ipv4.ip_no_pmtu_disc=1
	learns 1 552
	try on "$HUB" sysctl -qw net.ipv4.ip_no_pmtu_disc=0
	forget
	learns 1 $NARROW
}

# The route of the underlay is that of a mark: so is what is learnt of it.
policy_routed()
{
	fresh fwmark 7 || return
	try ip -n "$HUB" "-$OUT" rule add fwmark 7 lookup 107
	try ip -n "$HUB" route add default via "$GATEWAY" table 107
	both_full
	narrow 1 $NARROW
	learns 1 $NARROW
	limited "$HUB" 1 $LIMIT
	other_peer_unharmed
	try ip -n "$HUB" "-$OUT" rule del fwmark 7 lookup 107
	try ip -n "$HUB" "-$OUT" route flush table 107
}

# apart: the hub's device, in a namespace of its own; the underlay stays
apart()
{
	fresh && ns_new DEV_NS overlay && ipv6 "$DEV_NS" || return
	# its mappings come along
	try ip -n "$HUB" link set "$DEV" netns "$DEV_NS" &&
	overlay_up "$DEV_NS" 0 "$OUT"
}

other_netns()
{
	apart || return
	try crosses "$DEV_NS" "${TO[1]}" $FULL
	narrow 1 $NARROW
	learns 1 $NARROW
	try told "$DEV_NS" "${TO[1]}" $FULL $LIMIT
	limited "$DEV_NS" 1 $LIMIT
	other_peer_unharmed
	mend "$ROUTER"
	router_refuses unreachable
	hears_unreachable "$DEV_NS"
	assert_eq "errors" "$(errors 1)" "1 0 0"
}

# ---- DF on the wire

# outer_df WANT PING_OPTION...: DF of the outer header of an echo request
outer_df()
{
	local want=$1 pid pcap=$tmp/df.pcap

	shift
	capture_start pid "$pcap" "$ROUTER" s0 "ip proto 47 and src ${NB[0]}" || return
	try reaches "$HUB" "${TO[1]}" "$@"
	capture_stop "$pid" "$pcap" 1
	assert_eq "DF of ping $*" "$(capture_count "$pcap" 'ip[6] & 0x40 != 0')" "$want"
}

# crosses_in_fragments NS: what does not fit crosses all the same. An IPv6 router
# does not fragment: the first packet is lost there.
crosses_in_fragments()
{
	if [ "$OUT" = 6 ]; then
		crosses "$1" "${TO[1]}" $FULL -W 0.3
		try busywait 5 pmtu_is 1 $NARROW
	fi
	try crosses "$1" "${TO[1]}" $FULL
	[ "$OUT" = 6 ] || assert_eq "path MTU" "$(pmtu 1)" 1500
}

# DF is the payload's; IPv6 has none.
nopmtudisc()
{
	fresh nopmtudisc || return
	if [ "$IN$OUT" = 44 ]; then
		outer_df 1 -M "do"
		outer_df 0 -M dont
	elif [ "$OUT" = 4 ]; then
		outer_df 0
	fi
	narrow 1 $NARROW
	if [ "$IN" = 6 ]; then
		crosses_in_fragments "$HUB"
		crosses_in_fragments "$HOST"
		return
	fi
	learns 1 $NARROW
	try told "$HUB" "${TO[1]}" $FULL $LIMIT
	try told "$HOST" "${TO[1]}" $FULL $LIMIT
	# else the host cuts it itself
	forget_in "$HOST" "$IN"
	whole "$HOST" $FULL -M dont
	tcp "$HOST"
}

# Nobody minds DF.
ignore_df()
{
	fresh nopmtudisc ignore-df || return
	if [ "$IN$OUT" = 44 ]; then
		outer_df 0 -M "do"
		outer_df 0 -M dont
	elif [ "$OUT" = 4 ]; then
		outer_df 0
	fi
	narrow 1 $NARROW
	crosses_in_fragments "$HUB"
	crosses_in_fragments "$HOST"
	whole "$HOST" $FULL -M "do"
	tcp "$HUB"
}

# A path MTU below net.ipv4.route.min_pmtu is not believed but locked: no DF any
# more, the routers fragment.
locked()
{
	local pid pcap=$tmp/locked.pcap limit=$((552 - OVERHEAD))

	[ "$IN" = 4 ] || limit=1280
	fresh || return
	narrow 1 400
	learns 1 552
	try told "$HUB" "${TO[1]}" $FULL $limit
	capture_start pid "$pcap" "$ROUTER" s0 "ip proto 47 and src ${NB[0]}" || return
	limited "$HUB" 1 $limit
	capture_stop "$pid" "$pcap" 1
	assert_eq "with DF" "$(capture_count "$pcap" 'ip[6] & 0x40 != 0')" 0
	assert_test "without" "$(capture_count "$pcap" 'ip[6] & 0x40 == 0')" -ge 1
	tcp "$HUB"
	other_peer_unharmed
}

# ---- other errors of the underlay

# errors SITE: what was counted of that peer: unreachable, prohibited, exceeded
errors()
{
	local said

	said=$(peer_says "$1") &&
		json icmp_unreachable icmp_prohibited icmp_exceeded
}

# router_refuses unreachable|prohibit: what is for spoke 1
router_refuses()
{
	try ip -n "$ROUTER" route replace "$1" "${NB[1]}" proto $PROTO metric 1
}

# hears_unreachable NS: its packet to spoke 1 is answered so, in the overlay
hears_unreachable()
{
	local out want="Destination Host Unreachable"

	[ "$IN" = 4 ] || want="Destination unreachable: Address unreachable"
	out=$(on "$1" ping -n -c 1 -W 3 "${TO[1]}") && { fail "answered"; return; }
	[[ $out == *"From "*" icmp_seq=1 $want"* ]] || fail "$1: $out"
}

# refused ERRORS: both kinds of sender are told, both packets counted
refused()
{
	hears_unreachable "$HUB"
	hears_unreachable "$HOST"
	assert_eq "errors" "$(errors 1)" "$1"
	assert_eq "errors of the other peer" "$(errors 2)" "0 0 0"
	try reaches "$HUB" "${TO[2]}"
}

peer_refused()
{
	fresh || return
	router_refuses unreachable
	refused "2 0 0"
	mend "$ROUTER"
	router_refuses prohibit
	refused "2 2 0"
	mend "$ROUTER"
	try reaches "$HUB" "${TO[1]}"
	try reaches "$HOST" "${TO[1]}"
	assert_eq "errors" "$(errors 1)" "2 2 0"
}

hops_exceeded()
{
	fresh ttl 1 || return
	hears_unreachable "$HUB"
	hears_unreachable "$HOST"
	assert_eq "errors" "$(errors 1)" "0 0 2"
	try ip -n "$HUB" link change "$DEV" type mgre ttl 64
	try reaches "$HUB" "${TO[1]}"
	assert_eq "errors" "$(errors 1)" "0 0 2"
	assert_eq "errors of the other peer" "$(errors 2)" "0 0 0"
}

# forge FUNCTION: a case of errors.py, which makes errors by hand
forge()
{
	fresh || return
	both_full
	timeout 100 "${PYTHON[@]}" "$CASES/errors.py" "$1" "$IN" "$OUT" \
		"$NHRP" "$HUB" "$ROUTER" "$HOST"
}

# ---- memory, and the end

# far NUMBER: one of many NBMA addresses that the router swallows
far()
{
	if [ "$OUT" = 4 ]; then
		echo "198.18.$(($1 >> 8)).$(($1 & 255))"
	else
		printf '2001:db8:ff::%x\n' "$1"
	fi
}

# overlay_far NUMBER: the overlay address behind it
overlay_far()
{
	if [ "$IN" = 4 ]; then
		echo "10.10$OUT.$((16 + ($1 >> 8))).$(($1 & 255))"
	else
		printf 'fd00:10%s::1:%x\n' "$OUT" "$1"
	fi
}

# octets of slab, and routes in it
slab()
{
	awk '$1 == "Slab:" { print $2 }' /proc/meminfo
}

routes_in_slab()
{
	awk '$1 == "ip_dst_cache" || $1 == "ip6_dst_cache" { sum += $2 }
	     END { print sum }' /proc/slabinfo
}

# to_each: a datagram to each overlay address that is read
to_each()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	on "$HUB" bash -c 'while read -r addr; do
		echo 1 >"/dev/udp/$addr/9"
	done'
}

# sent_to_far: peers that have got one packet
sent_to_far()
{
	nhrp -n "$HUB" -j -s peer show dev "$DEV" |
		jq 'map(select(.tx.packets == 1)) | length'
}

memory()
{
	local i before routes known

	fresh || return
	try ip -n "$HUB" addr add "10.10$OUT.255.1/16" dev "$DEV"
	if [ "$OUT" = 4 ]; then
		try ip -n "$ROUTER" route add blackhole 198.18.0.0/16 proto $PROTO
	else
		try ip -n "$ROUTER" route add blackhole 2001:db8:ff::/64 proto $PROTO
	fi
	for ((i = 1; i <= MANY; i++)); do
		overlay_far $i
	done >"$tmp/overlay"
	for ((i = 1; i <= MANY; i++)); do
		far $i
	done | paste -d ' ' "$tmp/overlay" - |
		sed "s/\(.*\) \(.*\)/map add \1 nbma \2 dev $DEV/" >"$tmp/batch"
	try nhrp -n "$HUB" -batch "$tmp/batch" || return
	before=$(slab)
	routes=$(routes_in_slab)
	known=$(exceptions)
	to_each <"$tmp/overlay"
	assert_eq "peers that got one packet" "$(sent_to_far)" $MANY
	assert_eq "exceptions" $(($(exceptions) - known)) 0
	assert_test "routes more" $(($(routes_in_slab) - routes)) -lt 200
	assert_test "KiB of slab more" $(($(slab) - before)) -lt 4096
	# the same with news for each makes them
	sed -n 's/map add\(.*\)/map replace\1 mtu 1300/p; 10q' "$tmp/batch" |
		try nhrp -n "$HUB" -batch -
	head -n 10 "$tmp/overlay" | too_big_to_each
	assert_eq "exceptions" $(($(exceptions) - known)) 10
}

# too_big_to_each: an echo request of more than 1300 octets to each address read
too_big_to_each()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	on "$HUB" bash -c 'while read -r addr; do
		ping -q -n -c 1 -W 0.01 -M "do" -s 1300 "$addr"
	done' >/dev/null 2>&1
}

# exceptions_everywhere: of both peers and of the routes to them, by all CPUs
exceptions_everywhere()
{
	local cpu site

	for site in 1 2; do
		narrow $site $NARROW
		learns $site $NARROW
		for ((cpu = 0; cpu < $(nproc); cpu++)); do
			on "$HUB" taskset -c $cpu ping -q -n -c 1 -W 0.1 -M "do" \
				-s $((FULL - HEADERS)) "${TO[site]}"
			try crosses "$HUB" "${TO[site]}" $LIMIT
		done
	done
	assert_test "exceptions" "$(exceptions)" -ge 4
}

exceptions_let_go()
{
	fresh || return
	exceptions_everywhere
	try timeout 10 ip -n "$HUB" link del "$DEV"
	refuse exceptions_by "$DEV"
}

exceptions_by()
{
	{ ip -n "$HUB" -o route show cache; ip -n "$HUB" -o -6 route show cache; } |
		grep "dev $1 "
}

# This takes the underlay away: no case after it.
exceptions_let_underlay_go()
{
	local outer

	for outer in 4 6; do
		pair 4 $outer
		fresh || return
		exceptions_everywhere
	done
	try timeout 10 ip -n "$HUB" link del eth0
	refuse exceptions_by eth0
	try unreachable "$HUB" "${TO[1]}"
}

# ---- run

# all TITLE FUNCTION [ARG]...: for each pair of families
all()
{
	local inner outer

	for outer in 4 6; do
		for inner in 4 6; do
			one "$inner" "$outer" "$@"
		done
	done
}

# one INNER OUTER TITLE FUNCTION [ARG]...
one()
{
	local title

	pair "$1" "$2"
	title="IPv$1 over IPv$2: $3"
	shift 3
	test_case "$title" "$@"
}

# outer TITLE FUNCTION [ARG]...: where the payload makes no difference
outer()
{
	one 4 4 "$@"
	one 4 6 "$@"
}

need tcpdump jq socat ethtool python3 taskset cmp
mgre_load
error_routes_answer
topo_pmtu
head -c 300000 /dev/urandom >"$tmp/data"
text 40 >"$tmp/lines"

ktap_plan 76
all "a narrow path behind a router" exception
all "the same for a sender behind us" forwarded
all "our own link gets narrow" local_link
outer "the same with an MTU set by hand" local_link_by_hand
all "an underlay route with an MTU" underlay_route
all "learnt, flushed, learnt again" flushed
outer "learnt, forgotten after a time" expired
outer "MTU of a mapping" mapping_mtu
all "TCP through a narrow path" tcp_crosses
outer "UDP through a narrow path" udp_crosses
one 4 4 "fragments without DF" without_df
one 4 6 "fragments without DF" without_df
one 6 4 "a path of less than 1280" below_1280
one 6 6 "a path of less than 1280" below_1280
one 6 4 "a path of 1280 inside, and of 1279" around_1280
one 6 6 "a path of 1280 inside, and of 1279" around_1280
all "nopmtudisc" nopmtudisc
outer "ignore-df" ignore_df
one 4 4 "a path below the minimum" locked
one 6 4 "a path below the minimum" locked
one 4 4 "ip_no_pmtu_disc" no_pmtu_disc
outer "a path of a marked route" policy_routed
outer "underlay in another namespace" other_netns
all "unreachable and prohibited" peer_refused
all "hops exceeded" hops_exceeded
outer "forged errors are not believed" forge forged
outer "which error counts as what" forge codes
all "who is told of errors" forge passed_on
all "a quotation cut short" forge cut_short
one 4 4 "memory is flat" memory
one 6 6 "memory is flat" memory
one 6 4 "exceptions let the device go" exceptions_let_go
one 4 6 "exceptions let the device go" exceptions_let_go
test_case "exceptions let the underlay go" exceptions_let_underlay_go
