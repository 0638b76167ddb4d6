#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What mgre writes on the wire, as tshark reads it (RFC 2784, RFC 2890,
# RFC 6040), and what it accepts from there. Stock ip_gre is the other end.
#
#   hub, site 0                         router             site 1
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | gre0 10.0.0.2/24,  |
#  |                    |           |           |         | or packets by hand |
#  | eth0 192.0.2.2/24 -+-----------+ s0     s1 +---------+ eth0               |
#  |      192.0.2.3/24  |           |           |         |   198.51.100.2/26  |
#  +--------------------+           +-----------+         +--------------------+

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

OTHER_LOCAL=192.0.2.3	# second address of the hub

# ---- what it sends

# hub_device [OPTION]...: the hub's mgre0 anew, site 1 mapped
hub_device()
{
	if [ -e "$tmp/hub_device" ]; then
		try ip -n "${SITE[0]}" link del mgre0 || return
	fi
	: >"$tmp/hub_device"
	topo_device 0 "$@" &&
	try nhrp -n "${SITE[0]}" map add "${OVER[1]}" nbma "${NBMA[1]}" dev mgre0
}

# send MARK [PING OPTION]...: a packet that carries MARK octets behind ICMP's
# header; the router swallows it
send()
{
	on "${SITE[0]}" ping -q -n -c 1 -W 0.01 -s "$@" "${OVER[1]}"
	:
}

send_all()
{
	local pid pcap=$tmp/sent.pcap local=${NBMA[0]}

	try ip -n "$ROUTER" route add blackhole "${NBMA[1]}" || return
	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47 || return

	hub_device local "$local" key 42 ttl 64
	send 101 -t 9 -M "do"
	send 102 -t 9 -M dont
	send 103 -Q 0x10
	send 104 -Q 0x01
	send 105 -Q 0x02
	send 106 -Q 0x03
	hub_device local "$local" key 1.2.3.4 ttl inherit tos 0x10
	send 201 -t 9
	send 202 -Q 0xba
	hub_device local "$local" tos inherit nopmtudisc
	send 301 -t 9 -M "do"
	send 302 -t 10 -M dont
	send 303 -Q 0xb8
	send 304 -Q 0xbb
	hub_device local $OTHER_LOCAL
	send 401
	hub_device key 0
	send 501

	capture_stop "$pid" "$pcap" 14
	try ip -n "$ROUTER" route del blackhole "${NBMA[1]}"
	decode "$pcap"
}

FIELDS+=(ip.src ip.dst ip.ttl ip.dsfield ip.flags.df ip.proto ip.hdr_len
	ip.checksum.status gre.flags_and_version gre.key icmp.type)

# outer_length MARK OVERHEAD
outer_length()
{
	sent "$1" "ip.len=$(($1 + 28 + $2)),$(($1 + 28))"
}

wire_key()
{
	sent 101 gre.flags_and_version=0x2000 gre.key=0x0000002a
	sent 201 gre.flags_and_version=0x2000 gre.key=0x01020304
	sent 501 gre.flags_and_version=0x2000 gre.key=0x00000000
	outer_length 101 28
	sent 301 gre.flags_and_version=0x0000 gre.key=
	outer_length 301 24
}

wire_protocols()
{
	sent 101 gre.proto=0x0800 ip.proto=47,1 ip.hdr_len=20,20 icmp.type=8
	sent 301 gre.proto=0x0800 ip.proto=47,1 ip.hdr_len=20,20 icmp.type=8
}

wire_addresses()
{
	sent 101 "ip.src=${NBMA[0]},${OVER[0]}" "ip.dst=${NBMA[1]},${OVER[1]}"
	sent 401 "ip.src=$OTHER_LOCAL,${OVER[0]}" "ip.dst=${NBMA[1]},${OVER[1]}"
	sent 501 "ip.src=${NBMA[0]},${OVER[0]}" "ip.dst=${NBMA[1]},${OVER[1]}"
}

wire_checksums()
{
	local mark

	for mark in 101 102 105 106 201 202 301 302 304 401 501; do
		sent "$mark" ip.checksum.status=1,1
	done
}

wire_ttl()
{
	sent 101 ip.ttl=64,9
	sent 201 ip.ttl=9,9
	sent 301 ip.ttl=9,9
	sent 302 ip.ttl=10,10
}

wire_tos()
{
	sent 101 ip.dsfield=0x00,0x00
	sent 103 ip.dsfield=0x00,0x10
	sent 201 ip.dsfield=0x10,0x00
	sent 301 ip.dsfield=0x00,0x00
	sent 303 ip.dsfield=0xb8,0xb8
}

wire_ecn()
{
	sent 104 ip.dsfield=0x01,0x01
	sent 105 ip.dsfield=0x02,0x02
	sent 106 ip.dsfield=0x03,0x03
	sent 202 ip.dsfield=0x12,0xba
	sent 304 ip.dsfield=0xbb,0xbb
}

wire_df()
{
	sent 101 ip.flags.df=1,1
	sent 102 ip.flags.df=1,0
	sent 301 ip.flags.df=1,1
	sent 302 ip.flags.df=0,0
}

# ---- what it accepts

# An echo request from 10.0.0.2 to 10.0.0.1 with a DS field, in hex
echo_request()
{
	local tos=${1:-00} icmp=00010001 ip

	ip=45${tos}001c0001000040010000
	icmp=0800$(hex_sum 08000000$icmp)$icmp
	ip=${ip:0:20}$(hex_sum "${ip}0a0000020a000001")0a0000020a000001
	echo "$ip$icmp"
}

# gre HEX: site 1 sends it as IP protocol 47 to the hub, or to what TO says, with
# the TOS that TOS says
gre()
{
	local i octets=''

	for ((i = 0; i < ${#1}; i += 2)); do
		octets+="\\x${1:i:2}"
	done
	printf %b "$octets" | on "${SITE[1]}" socat -u - \
		"IP4-SENDTO:${TO:-${NBMA[0]}}:47,ip-tos=${TOS:-0}"
}

# Echo requests that the hub's IP layer has got
echos()
{
	on "${SITE[0]}" nstat -asz IcmpInEchos |
		sed -n 's/^IcmpInEchos *\([0-9]*\) .*/\1/p'
}

# echos_are NUMBER
echos_are()
{
	[ "$(echos)" -eq "$1" ]
}

# arrive NUMBER HEX...: so many of the packets get through. A good one follows,
# behind which nothing can be on its way any more.
arrive()
{
	local want=$1 hex before

	shift
	before=$(echos)
	for hex; do
		gre "$hex"
	done
	TO='' TOS='' gre "$GOOD_HEADER$(echo_request)"
	busywait 5 echos_are $((before + want + 1)) ||
		fail "$(($(echos) - before - 1)) packets arrived of these, not $want: $*"
}

delivered()
{
	arrive $# "$@"
}

ignored()
{
	arrive 0 "$@"
}

rx_stat()
{
	ip -n "${SITE[0]}" -s -j link show mgre0 | jq ".[0].stats64.rx.$1"
}

key_accepted()
{
	local key=0000002a ping

	ping=$(echo_request)
	GOOD_HEADER=20000800$key
	hub_device local "${NBMA[0]}" key 42 ttl 64
	delivered "20000800$key$ping"
	ignored "200008000000002b$ping" "00000800$ping"
	assert_eq "packets of the device" "$(rx_stat packets)" 3
	assert_eq "packets of the peer" \
		"$(peer "${SITE[0]}" "${NBMA[1]}" .rx.packets)" 3
	GOOD_HEADER=00000800
	hub_device local "${NBMA[0]}" ttl 64
	delivered "00000800$ping"
	ignored "20000800$key$ping" "2000080000000000$ping"
}

# With a local address only packets to it are its own; without one, all are.
local_accepted()
{
	local ping

	ping=$(echo_request)
	GOOD_HEADER=00000800
	hub_device local "${NBMA[0]}" ttl 64
	delivered "00000800$ping"
	TO=$OTHER_LOCAL ignored "00000800$ping"
	hub_device ttl 64
	delivered "00000800$ping"
	TO=$OTHER_LOCAL delivered "00000800$ping"
}

headers_checked()
{
	local key=0000002a ping

	ping=$(echo_request)
	GOOD_HEADER=20000800$key
	hub_device local "${NBMA[0]}" key 42 ttl 64
	# version 1, that of PPTP, version 2, routing present, Ethernet
	ignored "20010800$key$ping" "3001880b001c002a00000001$ping" \
		"20020800$key$ping" "60000800$key$ping" "20006558$key$ping"
	# cut short at every part; checksum and sequence promised, not there
	ignored 2000 20000800 "20000800${key:0:4}" "20000800$key" \
		"20000800$key${ping:0:20}" "20000800$key${ping:0:40}" \
		"b0000800$key"
}

# gre_with_checksum DIFFERENCE: key 42, and the checksum off by that much
gre_with_checksum()
{
	local ping sum

	ping=$(echo_request)
	sum=$((16#$(hex_sum "a0000800000000000000002a$ping") ^ $1))
	printf 'a0000800%04x00000000002a%s' $sum "$ping"
}

checksum_checked()
{
	local before

	GOOD_HEADER=200008000000002a
	hub_device local "${NBMA[0]}" key 42 ttl 64
	delivered "$(gre_with_checksum 0)"
	before=$(rx_stat errors)
	ignored "$(gre_with_checksum 1)"
	assert_eq "errors" "$(rx_stat errors)" $((before + 1))
}

sequence_accepted()
{
	local ping

	ping=$(echo_request)
	GOOD_HEADER=200008000000002a
	hub_device local "${NBMA[0]}" key 42 ttl 64
	delivered "300008000000002a00000007$ping" "300008000000002a00000001$ping"
}

# ecn_arrives INNER OUTER WANT: two hex digits each
ecn_arrives()
{
	local pid pcap=$tmp/ecn.pcap

	capture_start pid "$pcap" "${SITE[0]}" mgre0 'icmp[0] == 8'
	TOS=0x$2 delivered "200008000000002a$(echo_request "$1")"
	capture_stop "$pid" "$pcap" 2
	assert_eq "inner $1, outer $2, arrive as $3" \
		"$(capture_count "$pcap" "icmp[0] == 8 and ip[1] == 0x$3")" \
		$((1 + (16#$3 == 0)))
}

# RFC 6040, figure 4
ecn_decapsulated()
{
	GOOD_HEADER=200008000000002a
	hub_device local "${NBMA[0]}" key 42 ttl 64
	ecn_arrives 02 03 03
	ecn_arrives ba 03 bb
	ecn_arrives 02 01 01
	ecn_arrives 02 00 02
	ecn_arrives b8 02 b8
	TOS=0x03 ignored "200008000000002a$(echo_request 00)"
}

# ---- the other end is stock ip_gre

# interop [OPTION]...: the same options on both sides, mgre here, gre there
interop()
{
	local size

	hub_device local "${NBMA[0]}" "$@" || return
	try ip -n "${SITE[1]}" -batch - <<-END || return
		link add gre1 type gre local ${NBMA[1]} remote ${NBMA[0]} $*
		addr add ${OVER[1]}/24 dev gre1
		link set gre1 up
	END
	assert_eq MTU "$(ip -n "${SITE[0]}" -j link show mgre0 | jq '.[0].mtu')" \
		"$(ip -n "${SITE[1]}" -j link show gre1 | jq '.[0].mtu')"
	for size in 56 1400 4000; do
		try reaches "${SITE[0]}" "${OVER[1]}" -s $size
		try reaches "${SITE[1]}" "${OVER[0]}" -s $size
	done
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	try transfer TCP "${SITE[1]}" "${SITE[0]}" "${OVER[0]}" "$tmp/data"
	try ip -n "${SITE[1]}" link del gre1
}

# Without DF the routers cut our packets: the fragments get together again.
interop_fragments()
{
	try ip -n "$ROUTER" link set s1 mtu 800
	try ip -n "${SITE[1]}" link set eth0 mtu 800
	hub_device local "${NBMA[0]}" key 42 nopmtudisc
	try ip -n "${SITE[1]}" -batch - <<-END || return
		link add gre1 mtu 1472 type gre local ${NBMA[1]} remote ${NBMA[0]} key 42 nopmtudisc
		addr add ${OVER[1]}/24 dev gre1
		link set gre1 up
	END
	try reaches "${SITE[0]}" "${OVER[1]}" -M dont -s 1400
	try ip -n "${SITE[1]}" link del gre1
	try ip -n "${SITE[1]}" link set eth0 mtu 1500
	try ip -n "$ROUTER" link set s1 mtu 1500
}

need tcpdump tshark jq socat nstat cmp
try modprobe ip_gre
mgre_load
topo_underlay 1
try ip -n "${SITE[0]}" addr add $OTHER_LOCAL/24 dev eth0
head -c 500000 /dev/urandom >"$tmp/data"
send_all >/dev/null

ktap_plan 17
test_case "key present, absent and right" wire_key
test_case "protocols" wire_protocols
test_case "outer addresses" wire_addresses
test_case "outer header checksum" wire_checksums
test_case "TTL fixed and inherited" wire_ttl
test_case "TOS fixed and inherited" wire_tos
test_case "ECN copied out" wire_ecn
test_case "DF set and copied" wire_df
test_case "key decides what is accepted" key_accepted
test_case "local address decides what is accepted" local_accepted
test_case "bad GRE headers are ignored" headers_checked
test_case "checksum is verified" checksum_checked
test_case "sequence number is accepted" sequence_accepted
test_case "ECN on the way in" ecn_decapsulated
test_case "stock ip_gre with key" interop key 42 ttl 64
test_case "stock ip_gre without key" interop ttl 64
test_case "stock ip_gre, fragments" interop_fragments
