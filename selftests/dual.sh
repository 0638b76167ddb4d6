#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both IP families outside, both and MPLS inside: what mgre writes on the wire, as
# tshark reads it, and what it takes from there, of stock ip_gre and ip6_gre and
# of packets by hand (scapy).
#
# The namespaces HERE and THERE are in dual/topology.sh; there .9 and ::9 swallow
# what they get. The packets by hand are made in namespaces of their own, at the
# same time: there every packet in is followed to its counter (dual/cases.py,
# dual/lab.py).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

DUAL=$top/selftests/dual
# shellcheck source=dual/topology.sh
. "$DUAL/topology.sh"
# shellcheck source=dual/lab.sh
. "$DUAL/lab.sh"

# ---- all four pairs

pairs_at_once()
{
	local pcap=$tmp/pairs.pcap pid to
	local -a pids=()

	both_ends key 42 ttl 64 || return
	assert_eq "address" "$(link_field "$HERE" mgre0 .address)" 192.0.2.1
	capture_start pid "$pcap" "$HERE" eth0 || return
	for to in "${PAIRS[@]}"; do
		bg_on "pids[${#pids[@]}]" "$HERE" ping -q -n -c 10 -i 0.01 -W 5 "$to"
	done
	for to in "${!PAIRS[@]}"; do
		bg_wait "${pids[to]}" || fail "${PAIRS[to]} does not answer"
	done
	capture_stop "$pid" "$pcap" 80
	for to in "${PAIRS[@]}"; do
		assert_eq "requests and answers, $to" \
			"$(capture_count "$pcap" "${WIRE[$to]}")" 20
	done
	# each peer has two of the pairs
	for to in 192.0.2.2 2001:db8::2; do
		assert_eq "$to: sent" "$(peer "$HERE" $to .tx.packets)" 20
		assert_eq "$to: received" "$(peer "$HERE" $to .rx.packets)" 20
	done
}

pairs_of_all_sizes()
{
	local i size

	both_ends key 42 ttl 64 || return
	for i in "${!PAIRS[@]}"; do
		for size in 1 1400 9000; do
			try reaches "$HERE" "${PAIRS[i]}" -s $size
		done
		try reaches "$THERE" "${BACK[i]}" -s 9000
	done
}

# A device carries the family of its one local address, and no other.
v6_alone()
{
	local to

	device "$HERE" 1 local 2001:db8::1 key 42 &&
	device "$THERE" 2 local 2001:db8::2 key 42 || return
	assert_eq "type" "$(link_field "$HERE" mgre0 .link_type)" gre6
	assert_eq "address" "$(link_field "$HERE" mgre0 .address)" 2001:db8::1
	assert_eq "MTU" "$(link_field "$HERE" mgre0 .mtu)" $((1500 - 48))
	try nhrp -n "$HERE" -batch - <<-END
		map add 10.6.0.2 nbma 2001:db8::2 dev mgre0
		map add fd06::2 nbma 2001:db8::2 dev mgre0
	END
	try nhrp -n "$THERE" -batch - <<-END
		map add 10.6.0.1 nbma 2001:db8::1 dev mgre0
		map add fd06::1 nbma 2001:db8::1 dev mgre0
	END
	for to in 10.6.0.2 fd06::2; do
		try reaches "$HERE" $to
		try reaches "$HERE" $to -s 4000
	done
	run_fails 2 "the device has no IPv4 local address" \
		nhrp -n "$HERE" map add 10.4.0.2 nbma 192.0.2.2 dev mgre0
}

v4_alone()
{
	local to

	device "$HERE" 1 local 192.0.2.1 key 42 &&
	device "$THERE" 2 local 192.0.2.2 key 42 || return
	assert_eq "type" "$(link_field "$HERE" mgre0 .link_type)" gre
	try nhrp -n "$HERE" -batch - <<-END
		map add 10.4.0.2 nbma 192.0.2.2 dev mgre0
		map add fd04::2 nbma 192.0.2.2 dev mgre0
	END
	try nhrp -n "$THERE" -batch - <<-END
		map add 10.4.0.1 nbma 192.0.2.1 dev mgre0
		map add fd04::1 nbma 192.0.2.1 dev mgre0
	END
	for to in 10.4.0.2 fd04::2; do
		try reaches "$HERE" $to
		try reaches "$HERE" $to -s 4000
	done
	run_fails 2 "the device has no IPv6 local address" \
		nhrp -n "$HERE" map add 10.6.0.2 nbma 2001:db8::2 dev mgre0
}

no_local()
{
	local to

	device "$HERE" 1 key 42 ttl 64 && map "$HERE" 2 &&
	device "$THERE" 2 key 42 ttl 64 && map "$THERE" 1 || return
	assert_eq "MTU" "$(link_field "$HERE" mgre0 .mtu)" $((1500 - 28))
	for to in "${PAIRS[@]}"; do
		try reaches "$HERE" "$to"
	done
}

mtu_of_overhead()
{
	local options mtu

	while read -r mtu options; do
		# shellcheck disable=SC2086 # words
		device "$HERE" 1 $options || return
		assert_eq "MTU of $options" "$(link_field "$HERE" mgre0 .mtu)" "$mtu"
	done <<-END
		1476 local 192.0.2.1
		1468 local 192.0.2.1 key 42 csum
		1456 local 2001:db8::1
		1448 local 2001:db8::1 key 42 csum
		1456 $HERE_LOCAL
		1452 $HERE_LOCAL csum
	END
}

# ---- next hops

# by_nexthop NBMA ADDRESS: it answers, and what goes there goes to that peer
by_nexthop()
{
	local before

	before=$(peer "$HERE" "$1" .tx.packets)
	try reaches "$HERE" "$2"
	assert_eq "$2: packets to $1" "$(peer "$HERE" "$1" .tx.packets)" $((before + 1))
}

# IPv4 routes with an IPv6 next hop, and link-local ones, by either underlay
nexthops()
{
	both_ends key 42 ttl 64 || return
	try ip -n "$THERE" -batch - <<-END
		addr add fe80::2/64 dev mgre0 nodad
		addr replace 10.9.4.2/32 dev lo
		addr replace 10.9.6.2/32 dev lo
		addr replace 10.9.14.2/32 dev lo
		addr replace 10.9.16.2/32 dev lo
		addr replace fd09:4::2/128 dev lo nodad
		addr replace fd09:6::2/128 dev lo nodad
	END
	try ip -n "$HERE" -batch - <<-END
		addr add fe80::1/64 dev mgre0 nodad
		route add 10.9.4.0/24 via inet6 fd04::2 dev mgre0
		route add 10.9.6.0/24 via inet6 fd06::2 dev mgre0
		route add 10.9.14.0/24 via inet6 fe80::2 dev mgre0
		route add 10.9.16.0/24 via inet6 fe80::6:2 dev mgre0
		route add fd09:4::/64 via fe80::2 dev mgre0
		route add fd09:6::/64 via fe80::6:2 dev mgre0
	END
	try nhrp -n "$HERE" -batch - <<-END
		map add fe80::2 nbma 192.0.2.2 dev mgre0
		map add fe80::6:2 nbma 2001:db8::2 dev mgre0
	END
	try nhrp -n "$THERE" map add fe80::1 nbma 192.0.2.1 dev mgre0
	by_nexthop 192.0.2.2 10.9.4.2
	by_nexthop 2001:db8::2 10.9.6.2
	by_nexthop 192.0.2.2 10.9.14.2
	by_nexthop 2001:db8::2 10.9.16.2
	by_nexthop 192.0.2.2 fd09:4::2
	by_nexthop 2001:db8::2 fd09:6::2
	# The neighbour itself, whose scope the route does not name
	try reaches "$HERE" fe80::2%mgre0
	# It is the next hop that is looked up: without a mapping, nothing
	try nhrp -n "$HERE" map del fe80::2 dev mgre0
	refuse reaches "$HERE" fd09:4::2
	refuse reaches "$HERE" 10.9.14.2
}

# ---- the other end is stock

# stock KIND NAME SIDE NET4 NET6 OPTION...: a stock tunnel at the other end
stock()
{
	local kind=$1 name=$2 net=$3 local4=192.0.2.2 remote=192.0.2.1

	shift 3
	if [ "$kind" = ip6gre ]; then
		local4=2001:db8::2
		remote=2001:db8::1
	fi
	try ip -n "$THERE" -batch - <<-END
		link add $name type $kind local $local4 remote $remote $*
		link set $name up
		addr add 10.$net.0.2/24 dev $name
		addr add fd0$net::2/64 dev $name nodad
	END
}

# interop OPTION...: ip_gre and ip6_gre with these, mgre with those it knows
interop()
{
	local i

	no_device "$THERE" || return
	here "$@" ttl 64 || return
	stock gre gre4 4 "$@" && stock ip6gre gre6 6 "$@" || return
	# One veth believes the other; without this no checksum is looked at.
	offloads "$HERE" tx off
	offloads "$THERE" tx off
	for i in "${!PAIRS[@]}"; do
		try reaches "$HERE" "${PAIRS[i]}"
		try reaches "$THERE" "${BACK[i]}" -s 3000
	done
	if [ $# -gt 1 ]; then
		for i in "${!PAIRS[@]}"; do
			try transfer TCP "$HERE" "$THERE" "${PAIRS[i]}" "$tmp/data"
			try transfer TCP "$THERE" "$HERE" "${BACK[i]}" "$tmp/data"
		done
	fi
	offloads "$HERE" tx on
	offloads "$THERE" tx on
	assert_eq "drops" "$(drops "$HERE")" ''
	try ip -n "$THERE" link del gre4
	try ip -n "$THERE" link del gre6
}

# What the path does not carry whole is cut outside: IPv6 payload of 1280 octets
# is never too big. narrow MTU: of the underlay, below tunnels that are to keep
# what IPv6 needs.
narrow()
{
	try ip -n "$HERE" link set eth0 mtu "$1"
	try ip -n "$THERE" link set eth0 mtu "$1"
}

# fragments FILE WANT...: how many of HERE and of THERE by IPv4, then by IPv6
fragments()
{
	local pcap=$1 from

	shift
	for from in 192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2; do
		assert_eq "fragments from $from" \
			"$(capture_count "$pcap" "src host $from")" "$1"
		shift
	done
}

fragments_outside()
{
	local pid pcap=$tmp/fragments.pcap i

	MTU=1280 both_ends key 42 ttl 64 || return
	narrow 1280
	capture_start pid "$pcap" "$HERE" eth0 \
		'ip[6:2] & 0x3fff != 0 or ip6 proto 44' || return
	for i in 1 3; do
		try reaches "$HERE" "${PAIRS[i]}" -s 1232
		try reaches "$THERE" "${BACK[i]}" -s 1232
	done
	# cut inside for the device, and outside again for the path
	for i in 0 2; do
		try reaches "$HERE" "${PAIRS[i]}" -s 2000
	done
	capture_stop "$pid" "$pcap" 24
	fragments "$pcap" 6 6 6 6
	narrow 1500
	undropped
}

# ip6_gre itself sends nothing that has to be cut, but takes it
interop_fragments()
{
	local pid arrived pcap=$tmp/fragments.pcap

	no_device "$THERE" || return
	MTU=1280 here key 42 ttl 64 &&
	stock gre gre4 4 key 42 nopmtudisc &&
	stock ip6gre gre6 6 key 42 || return
	try ip -n "$THERE" link set gre4 mtu 1280
	narrow 1280
	capture_start pid "$pcap" "$HERE" eth0 \
		'ip[6:2] & 0x3fff != 0 or ip6 proto 44' &&
	capture_start arrived "$pcap.gre6" "$THERE" gre6 \
		'ip6[40] == 128 and ip6[4:2] == 1240' || return
	try reaches "$HERE" fd04::2 -s 1232
	try reaches "$THERE" fd04::1 -s 1232
	on "$HERE" ping -q -n -c 1 -W 0.01 -s 1232 fd06::2
	capture_stop "$arrived" "$pcap.gre6" 1
	capture_stop "$pid" "$pcap" 10
	fragments "$pcap" 4 4 2 0
	assert_eq "echo requests by ip6_gre" "$(capture_count "$pcap.gre6")" 1
	try ip -n "$THERE" link del gre4
	try ip -n "$THERE" link del gre6
	narrow 1500
}

# ---- the outer header

# send MARK PAIR [PING OPTION]...: MARK octets behind ICMP's header, to nowhere
declare -A NOWHERE=([44]=10.4.0.9 [64]=fd04::9 [46]=10.6.0.9 [66]=fd06::9)
send()
{
	local mark=$1 to=${NOWHERE[$2]}

	shift 2
	on "$HERE" ping -q -n -c 1 -W 0.01 -s "$mark" "$@" "$to"
	:
}

# send_pairs MARK [PING OPTION]...: MARK for 4 in 4, the next ones for the others
send_pairs()
{
	local mark=$1 pair

	shift
	for pair in 44 64 46 66; do
		send "$mark" "$pair" "$@"
		mark=$((mark + 1))
	done
}

# send_flows MARK ADDRESS: two datagrams of MARK octets each, of eight flows
send_flows()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	on "$HERE" bash -c 'for ((i = 0; i < 8; i++)); do
		exec 4>"/dev/udp/$2/9"
		printf "%$1s" >&4
		printf "%$1s" >&4
	done' bash "$1" "$2"
}

nowhere()
{
	here "$@" &&
	try nhrp -n "$HERE" -batch - <<-END
		map add 10.4.0.9 nbma 192.0.2.9 dev mgre0
		map add fd04::9 nbma 192.0.2.9 dev mgre0
		map add 10.6.0.9 nbma 2001:db8::9 dev mgre0
		map add fd06::9 nbma 2001:db8::9 dev mgre0
	END
}

send_all()
{
	local pid pcap=$tmp/sent.pcap ecn

	# A checksum that a NIC is to fill in is not there yet in the capture.
	offloads "$HERE" tx off
	capture_start pid "$pcap" "$HERE" eth0 \
		'ip proto 47 or ip6 proto 47' || return
	nowhere key 42 ttl 64 || return
	for ecn in 0 1 2 3; do
		send_pairs 10$((ecn * 4)) -Q $ecn -t 9
	done
	send_flows 700 10.6.0.9
	send_flows 701 fd06::9
	nowhere key 1.2.3.4 csum tos 0x10 || return
	send_pairs 201 -Q 0xba -t 9
	nowhere csum tos inherit || return
	send_pairs 301 -Q 0xbb -t 10
	nowhere ttl 77 tos 0xfc || return
	send_pairs 401 -Q 0x28 -t 11
	capture_stop "$pid" "$pcap" 60
	offloads "$HERE" tx on
	decode "$pcap"
}

FIELDS+=(ip.src ipv6.src ip.dst ipv6.dst ip.ttl ipv6.hlim ip.dsfield ipv6.tclass
	ipv6.flow ipv6.nxt ip.proto ip.flags.df ip.checksum.status
	gre.flags_and_version gre.key gre.checksum.status icmp.type icmpv6.type
	udp.srcport)

outer_addresses()
{
	sent 100 ip.src=192.0.2.1,10.4.0.1 ip.dst=192.0.2.9,10.4.0.9 ip.proto=47,1
	sent 101 ip.src=192.0.2.1 ip.dst=192.0.2.9 ip.proto=47 \
		ipv6.src=fd04::1 ipv6.dst=fd04::9 ipv6.nxt=58
	sent 102 ipv6.src=2001:db8::1 ipv6.dst=2001:db8::9 ipv6.nxt=47 \
		ip.src=10.6.0.1 ip.dst=10.6.0.9 ip.proto=1
	sent 103 ipv6.src=2001:db8::1,fd06::1 ipv6.dst=2001:db8::9,fd06::9 \
		ipv6.nxt=47,58
}

# in_pairs MARK WORD...: all four have it
in_pairs()
{
	local mark

	for mark in $1 $(($1 + 1)) $(($1 + 2)) $(($1 + 3)); do
		sent "$mark" "${@:2}"
	done
}

outer_key()
{
	in_pairs 100 gre.flags_and_version=0x2000 gre.key=0x0000002a
	in_pairs 201 gre.flags_and_version=0xa000 gre.key=0x01020304
	in_pairs 301 gre.flags_and_version=0x8000 gre.key=
	in_pairs 401 gre.flags_and_version=0x0000 gre.key=
	sent 100 gre.proto=0x0800 icmp.type=8
	sent 101 gre.proto=0x86dd icmpv6.type=128
	sent 102 gre.proto=0x0800 icmp.type=8
	sent 103 gre.proto=0x86dd icmpv6.type=128
}

# lengths MARK GRE: outer length is that of the payload and the headers
lengths()
{
	local mark=$1 gre=$2

	sent "$mark" "ip.len=$((mark + 28 + gre + 20)),$((mark + 28))"
	mark=$((mark + 1))
	sent "$mark" "ip.len=$((mark + 48 + gre + 20))" "ipv6.plen=$((mark + 8))"
	mark=$((mark + 1))
	sent "$mark" "ipv6.plen=$((mark + 28 + gre))" "ip.len=$((mark + 28))"
	mark=$((mark + 1))
	sent "$mark" "ipv6.plen=$((mark + 48 + gre)),$((mark + 8))"
}

outer_lengths()
{
	lengths 100 8
	lengths 201 12
	lengths 301 8
	lengths 401 4
}

# Both even and odd lengths are among them.
outer_checksum()
{
	in_pairs 100 gre.checksum.status=
	in_pairs 201 gre.checksum.status=1
	in_pairs 301 gre.checksum.status=1
	sent 201 ip.checksum.status=1,1
	sent 202 ip.checksum.status=1
}

# hops MARK OUTER INNER
hops()
{
	sent $(($1)) "ip.ttl=$2,$3"
	sent $(($1 + 1)) "ip.ttl=$2" "ipv6.hlim=$3"
	sent $(($1 + 2)) "ipv6.hlim=$2" "ip.ttl=$3"
	sent $(($1 + 3)) "ipv6.hlim=$2,$3"
}

outer_hops()
{
	hops 100 64 9
	hops 201 9 9
	hops 301 10 10
	hops 401 77 11
}

# class MARK OUTER INNER: two hex digits each
class()
{
	sent $(($1)) "ip.dsfield=0x$2,0x$3"
	sent $(($1 + 1)) "ip.dsfield=0x$2" "ipv6.tclass=0x000000$3"
	sent $(($1 + 2)) "ipv6.tclass=0x000000$2" "ip.dsfield=0x$3"
	sent $(($1 + 3)) "ipv6.tclass=0x000000$2,0x000000$3"
}

outer_class()
{
	class 201 12 ba
	class 301 bb bb
	class 401 fc 28
}

# RFC 6040, normal mode
outer_ecn()
{
	class 100 00 00
	class 104 01 01
	class 108 02 02
	class 1012 03 03
}

# flow_labels MARK: one for each flow, none of them zero, no two alike
flow_labels()
{
	local words label port
	local -A labels=() ports=()

	while read -r words; do
		label=$(sed -n 's/.* ipv6.flow=\([^ ,]*\).*/\1/p' <<<" $words")
		port=${words##*udp.srcport=}
		[ "${ports[$port]:-$label}" = "$label" ] ||
			fail "flow $port has $label and ${ports[$port]}"
		ports[$port]=$label
		labels[$label]=$port
	done < <(grep "^$1 " "$tmp/sent")
	assert_eq "flows" ${#ports[@]} 8
	# Eight of 2^20: two may be alike once in 37,000 runs, three never
	assert_test "labels" ${#labels[@]} -ge 7
	[ -z "${labels[0x00000000]}" ] || fail "label 0"
}

outer_flow_label()
{
	flow_labels 700
	flow_labels 701
}

# ---- MPLS

# Labels by routes of the overlay (lwtunnel), over both underlays
mpls_encap()
{
	local pid pcap=$tmp/mpls.pcap

	[ -z "$no_mpls" ] || { skip "$no_mpls"; return; }
	both_ends key 42 ttl 64 || return
	try on "$THERE" sysctl -qw net.mpls.platform_labels=1000 \
		net.mpls.conf.mgre0.input=1
	try ip -n "$THERE" -batch - <<-END
		addr replace 10.8.4.2/32 dev lo
		addr replace 10.8.6.2/32 dev lo
		addr replace 10.8.7.2/32 dev lo
		addr replace fd08:4::2/128 dev lo nodad
		addr replace fd08:6::2/128 dev lo nodad
	END
	try ip -n "$THERE" -f mpls route replace 100 dev lo || return
	try ip -n "$HERE" -batch - <<-END || return
		route add 10.8.4.0/24 encap mpls 100 via 10.4.0.2 dev mgre0
		route add 10.8.6.0/24 encap mpls 100 via 10.6.0.2 dev mgre0
		route add 10.8.7.0/24 encap mpls 100 via inet6 fd06::2 dev mgre0
		route add fd08:4::/64 encap mpls 100 via fd04::2 dev mgre0
		route add fd08:6::/64 encap mpls 100 via fd06::2 dev mgre0
	END
	capture_start pid "$pcap" "$HERE" eth0 \
		'ip[22:2] == 0x8847 or ip6[42:2] == 0x8847' || return
	try reaches "$HERE" 10.8.4.2
	try reaches "$HERE" 10.8.6.2
	try reaches "$HERE" 10.8.7.2
	try reaches "$HERE" fd08:4::2
	try reaches "$HERE" fd08:6::2
	capture_stop "$pid" "$pcap" 5
	# label 100, bottom of stack
	assert_eq "over IPv4" "$(capture_count "$pcap" 'ip proto 47 and
		ip[28:4] & 0xffffff00 == 0x00064100')" 2
	assert_eq "over IPv6" "$(capture_count "$pcap" 'ip6 proto 47 and
		ip6[48:4] & 0xffffff00 == 0x00064100')" 3
}

# ---- packets by hand

ended()
{
	[ -e "$tmp/cases/$1" ] || ! kill -0 "${cases_pid:?}"
}

# by_hand CASE: what dual/cases.py says of it
by_hand()
{
	busywait 150 ended "$1" || fail "no end of it" || return
	[ -e "$tmp/cases/$1" ] || fail "it died: $(cat "$tmp/cases.err")" || return
	cat "$tmp/cases/$1"
	if grep -q '^skip: ' "$tmp/cases/$1"; then
		skip "$(sed -n 's/^skip: //p' "$tmp/cases/$1")"
		return
	fi
	[ "$(tail -n 1 "$tmp/cases/$1")" = "done" ] || fail "see above"
}

need tcpdump tshark jq socat python3 ethtool cmp
python3 -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("scapy"))' ||
	skip "no python3-scapy"
try modprobe -a ip_gre ip6_gre
no_mpls=
modprobe -qa mpls_router mpls_iptunnel mpls_gso 2>/dev/null ||
	no_mpls="the kernel has no MPLS"
mgre_load
lab_underlay DUT OUT
mkdir "$tmp/cases"
export NHRP
bg_on cases_pid "$DUT" "${PYTHON[@]}" "$DUAL/cases.py" "$DUT" "$OUT" "$tmp/cases" \
	>"$tmp/cases.err" 2>&1
underlay
head -c 500000 /dev/urandom >"$tmp/data"
send_all >/dev/null

ktap_plan 34
test_case "both underlays at once on one device" pairs_at_once
test_case "packets of all sizes" pairs_of_all_sizes
test_case "IPv6 underlay alone" v6_alone
test_case "IPv4 underlay alone" v4_alone
test_case "no local address" no_local
test_case "MTU of each overhead" mtu_of_overhead
test_case "IPv6 next hops of IPv4 routes, link-local ones" nexthops
test_case "stock tunnels without options" interop
test_case "stock tunnels with key" interop key 42
test_case "stock tunnels with checksum" interop csum
test_case "stock tunnels with key and checksum" interop key 42 csum
test_case "stock tunnels, fragments" interop_fragments
test_case "fragments, both ends" fragments_outside
test_case "outer addresses" outer_addresses
test_case "key, flags, protocols" outer_key
test_case "lengths" outer_lengths
test_case "checksum sent" outer_checksum
test_case "hop limit fixed and inherited" outer_hops
test_case "traffic class fixed and inherited" outer_class
test_case "ECN copied out" outer_ecn
test_case "flow label of each flow" outer_flow_label
test_case "MPLS from the route" mpls_encap
test_case "MPLS switched by the device" by_hand switched
test_case "ECN on the way in" by_hand ecn
test_case "checksum verified" by_hand checksum
test_case "bits of the header" by_hand header_bits
test_case "versions of the header" by_hand header_versions
test_case "key, sequence number, protocol" by_hand header_options
test_case "truncated headers" by_hand header_truncated
test_case "extension headers and fragments" by_hand extension_headers
test_case "any local address of both families" by_hand local_none
test_case "one local address, the other family" by_hand other_family
test_case "packet sockets by NBMA address" by_hand packet_socket
test_case "known peers alone" by_hand accept_known
