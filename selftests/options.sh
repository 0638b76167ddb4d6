#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the options of a device do on the wire, and that a change of one is true
# of the next packet: fwmark, accept, ttl, tos, csum, key, local, pmtudisc,
# ignore-df, and the MTU, which follows that of the underlay.
#
#     hub, site 0                         router             sites 1 and 2
#    +----------------------+         +----------+         +-----------------+
#    | mgre0 10.0.0.1/24    |         |          |         | mgre0           |
#    |       fd00::1/64     |         |          |         |                 |
#    | eth0 192.0.2.2, .3  -+---------+ s0    s1 +---------+ 198.51.100.2    |
#    |      2001:db8:0:1::2 |         |          |         | 2001:db8:1:1::2 |
#    | eth1 100.64.0.2     -+---------+ sx       |         +-----------------+
#    |      2001:db8:64::2  |         |          |         +-----------------+
#    +----------------------+         |       s2 +---------+ mgre0           |
#                                     +----------+         +-----------------+

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=device/lib.sh
. "$(dirname "$0")/device/lib.sh"

fwmark()
{
	local family=$1 ns=${SITE[0]}

	spoke_device "$family" 1
	try ip -n "$ns" -"$family" rule add fwmark 7 table 77
	try ip -n "$ns" route add "${ALL[$family]}" via "${GWX[$family]}" dev eth1 table 77
	hub_device "$family" local "$(nbma "$family" 0)"
	leaves_by eth0
	change fwmark 7
	leaves_by eth1
	both_ways "${SITE[0]}"
	change fwmark 8
	leaves_by eth0
	hub_device "$family" local "$(nbma "$family" 0)" fwmark 7
	leaves_by eth1
	change fwmark 0
	leaves_by eth0
	both_ways "${SITE[0]}"
	try ip -n "$ns" -"$family" rule del fwmark 7 table 77
	try ip -n "$ns" route del "${ALL[$family]}" table 77
}

# nhrp_packet FAMILY SITE: GRE of EtherType 0x2001 to the hub
nhrp_packet()
{
	local to="IP4-SENDTO:${NBMA[0]}:47"

	[ "$1" = 4 ] || to="IP6-SENDTO:[${NBMA6[0]}]:47"
	printf '\x20\x00\x20\x01\x00\x00\x00\x2anhrp' | on "${SITE[$2]}" socat -u - "$to"
}

# stranger FAMILY: two packets of site 2 are dropped, and counted as such
stranger()
{
	local before

	before=$(stat_sum "${SITE[0]}" mgre0 rx_unknown_peer)
	refuse reaches "${SITE[2]}" "${OVER[0]}" -W 0.3
	refuse reaches "${SITE[2]}" "${OVER6[0]}" -W 0.3
	assert_eq "rx_unknown_peer" "$(stat_sum "${SITE[0]}" mgre0 rx_unknown_peer)" \
		$((before + 2))
}

received_is()
{
	[ "$(link_stat "${SITE[0]}" mgre0 rx.packets)" = "$1" ]
}

# nhrp_passes FAMILY SITE: and is counted as received
nhrp_passes()
{
	local before

	before=$(link_stat "${SITE[0]}" mgre0 rx.packets)
	nhrp_packet "$1" "$2"
	busywait 3 received_is $((before + 1)) || fail "no NHRP from site $2"
}

accept_known()
{
	local family=$1 ns=${SITE[0]} nbma

	nbma=$(nbma "$family" 2)
	spoke_device "$family" 1
	spoke_device "$family" 2
	hub_device "$family" local "$(nbma "$family" 0)" accept known
	both_ways "${SITE[0]}"
	stranger
	nhrp_passes "$family" 2
	nhrp_passes "$family" 1
	hub_maps "$family" "$ns" 2
	try reaches "${SITE[2]}" "${OVER[0]}"
	try reaches "${SITE[2]}" "${OVER6[0]}"
	try nhrp -n "$ns" map del "${OVER[2]}" dev mgre0
	# the other mapping makes it a peer still, the answer finds no way
	refuse reaches "${SITE[2]}" "${OVER[0]}" -W 0.3
	try reaches "${SITE[2]}" "${OVER6[0]}"
	try nhrp -n "$ns" map del "${OVER6[2]}" dev mgre0
	stranger
	# a holding time that ends
	try nhrp -n "$ns" map add "${OVER[2]}" nbma "$nbma" type dynamic hold 2 dev mgre0
	try reaches "${SITE[2]}" "${OVER[0]}"
	try busywait 6 stranger_again
	stranger
	change accept any
	hub_maps "$family" "$ns" 2
	try reaches "${SITE[2]}" "${OVER[0]}"
	try nhrp -n "$ns" map flush dev mgre0 nbma "$nbma"
	before=$(link_stat "$ns" mgre0 rx.packets)
	refuse reaches "${SITE[2]}" "${OVER[0]}" -W 0.3
	assert_eq "received of a stranger" "$(link_stat "$ns" mgre0 rx.packets)" \
		$((before + 1))
	change accept known
	stranger
}

stranger_again()
{
	! reaches "${SITE[2]}" "${OVER[0]}" -W 0.2
}

mtu_of()
{
	ip -n "${SITE[0]}" -j link show "$1" | jq '.[0].mtu'
}

# eth0_mtu MTU: the hub's; IPv6 on it is not to be lost
eth0_mtu()
{
	try ip -n "${SITE[0]}" link set eth0 mtu "$1"
}

# fills MTU OVERHEAD: a packet of the device's MTU makes one of eth0's. The answer
# does too if the other end has the same options.
fills()
{
	local mtu=$1 pid pcap=$tmp/mtu.pcap

	assert_eq "MTU" "$(mtu_of mgre0)" "$mtu"
	capture_start pid "$pcap" "${SITE[0]}" eth0 "len = $((mtu + $2 + 14))"
	try reaches "${SITE[0]}" "${OVER[1]}" -M "do" -s $((mtu - 28))
	capture_stop "$pid" "$pcap" 1
	assert_test "full packets" "$(capture_count "$pcap")" -ge 1
	told "${SITE[0]}" "${OVER[1]}" "message too long" -M "do" -s $((mtu - 27))
}

# The other end is not smaller in any case.
mtu_follows()
{
	local family=$1 overhead=28 words ns=${SITE[0]}

	[ "$family" = 4 ] || overhead=48
	spoke_device "$family" 1
	for words in "local $(nbma "$family" 0)" "local $(nbma "$family" 0) dev eth0"; do
		# shellcheck disable=SC2086 # words
		hub_device "$family" $words
		fills $((1500 - overhead)) $overhead
		eth0_mtu 1400
		fills $((1400 - overhead)) $overhead
		eth0_mtu 1500
		fills $((1500 - overhead)) $overhead
		change csum
		fills $((1496 - overhead)) $((overhead + 4))
		change nocsum
		fills $((1500 - overhead)) $overhead
	done
	try ip -n "$ns" link set mgre0 mtu 1300
	eth0_mtu 1450
	assert_eq "MTU set by hand" "$(mtu_of mgre0)" 1300
	eth0_mtu 1500
	assert_eq "MTU set by hand" "$(mtu_of mgre0)" 1300
	ip -n "$ns" link del mgre0
	try ip -n "$ns" link add mgre0 mtu 1310 type mgre local "$(nbma "$family" 0)"
	eth0_mtu 1450
	assert_eq "MTU given at birth" "$(mtu_of mgre0)" 1310
	eth0_mtu 1500
}

# ---- changes, as they are on the wire

# send MARK [PING OPTION]...: a packet of MARK octets to the IPv4 underlay, one
# of MARK + 1 to the IPv6 underlay; the router swallows them
send()
{
	local mark=$1

	shift
	on "${SITE[0]}" ping -q -n -c 1 -W 0.01 -s "$mark" "$@" "${OVER[1]}"
	on "${SITE[0]}" ping -q -n -c 1 -W 0.01 -s $((mark + 1)) "$@" "${OVER[2]}"
	:
}

# send_all: each change, and the packets behind it, for decode()
send_all()
{
	local pid pcap=$tmp/sent.pcap ns=${SITE[0]}

	try ip -n "$ns" addr add 192.0.2.3/24 dev eth0
	try ip -n "$ns" addr add 2001:db8:0:1::3/64 dev eth0 nodad
	try ip -n "$ROUTER" route add blackhole "${NBMA[1]}" || return
	try ip -n "$ROUTER" route add blackhole "${NBMA6[1]}" || return
	hub_new local "${NBMA[0]}" local "${NBMA6[0]}" || return
	hub_addresses "$ns"
	try nhrp -n "$ns" map add "${OVER[1]}" nbma "${NBMA[1]}" dev mgre0
	try nhrp -n "$ns" map add "${OVER[2]}" nbma "${NBMA6[1]}" dev mgre0
	capture_start pid "$pcap" "$ns" eth0 ip proto 47 or ip6 proto 47 || return

	send 100 -t 20
	change ttl 9
	send 102
	change ttl inherit
	send 104 -t 33
	change ttl 64 tos 0x10
	send 106 -Q 0xb8
	change tos inherit
	send 108 -Q 0xb8
	change tos 0
	send 110 -Q 0xb8
	change csum
	send 112
	change nocsum
	send 114
	change key 43
	send 116
	change local 192.0.2.3
	send 118
	change local 2001:db8:0:1::3
	send 120
	change local "${NBMA[0]}" local "${NBMA6[0]}"
	send 122
	send 124 -M dont
	change nopmtudisc
	send 126 -M dont
	send 128 -M "do"
	change nopmtudisc ignore-df
	send 130 -M "do"
	change noignore-df
	send 132 -M "do"
	change pmtudisc
	send 134 -M dont

	capture_stop "$pid" "$pcap" 36
	try ip -n "$ROUTER" route del blackhole "${NBMA[1]}"
	try ip -n "$ROUTER" route del blackhole "${NBMA6[1]}"
	try ip -n "$ns" link del mgre0
	decode "$pcap"
}

FIELDS+=(ip.src ip.ttl ip.dsfield ip.flags.df ipv6.src ipv6.hlim ipv6.tclass
	gre.flags_and_version gre.key)

change_ttl()
{
	sent 100 ip.ttl=64,20
	sent 101 ipv6.hlim=64
	sent 102 ip.ttl=9,64
	sent 103 ipv6.hlim=9
	sent 104 ip.ttl=33,33
	sent 105 ipv6.hlim=33
}

change_tos()
{
	sent 106 ip.dsfield=0x10,0xb8
	sent 107 ipv6.tclass=0x00000010
	sent 108 ip.dsfield=0xb8,0xb8
	sent 109 ipv6.tclass=0x000000b8
	sent 110 ip.dsfield=0x00,0xb8
	sent 111 ipv6.tclass=0x00000000
}

change_csum()
{
	sent 110 gre.flags_and_version=0x2000
	sent 111 gre.flags_and_version=0x2000
	sent 112 gre.flags_and_version=0xa000
	sent 113 gre.flags_and_version=0xa000
	sent 114 gre.flags_and_version=0x2000
	sent 115 gre.flags_and_version=0x2000
}

change_key()
{
	sent 114 gre.key=0x0000002a
	sent 115 gre.key=0x0000002a
	sent 116 gre.key=0x0000002b
	sent 117 gre.key=0x0000002b
}

change_local()
{
	sent 116 "ip.src=${NBMA[0]},${OVER[0]}"
	sent 117 "ipv6.src=${NBMA6[0]}"
	sent 118 "ip.src=192.0.2.3,${OVER[0]}"
	sent 119 "ipv6.src=${NBMA6[0]}"
	sent 120 "ip.src=192.0.2.3,${OVER[0]}"
	sent 121 ipv6.src=2001:db8:0:1::3
	sent 122 "ip.src=${NBMA[0]},${OVER[0]}"
	sent 123 "ipv6.src=${NBMA6[0]}"
}

change_df()
{
	sent 124 ip.flags.df=1,0
	sent 126 ip.flags.df=0,0
	sent 128 ip.flags.df=1,1
	sent 130 ip.flags.df=0,1
	sent 132 ip.flags.df=1,1
	sent 134 ip.flags.df=1,0
}

# What is received follows a change, too: key and local address.
change_received()
{
	local family=$1 ns=${SITE[0]} other=192.0.2.3

	[ "$family" = 4 ] || other=2001:db8:0:1::3
	spoke_device "$family" 1
	hub_device "$family" local "$(nbma "$family" 0)"
	try reaches "${SITE[1]}" "${OVER[0]}"
	change key 43
	refused_by_hub
	change key $MGRE_KEY
	try reaches "${SITE[1]}" "${OVER[0]}"
	change local $other
	refused_by_hub
	try nhrp -n "${SITE[1]}" map replace "${OVER[0]}" nbma $other dev mgre0
	try reaches "${SITE[1]}" "${OVER[0]}"
	change local "$(nbma "$family" 0)"
	refused_by_hub
}

need tcpdump tshark jq ethtool socat cmp
mgre_load
topo_underlay 2
topo_ipv6
second_link
send_all >"$tmp/send_all" 2>&1

ktap_plan 14
for family in 4 6; do
	test_case "IPv$family: fwmark" fwmark $family
	test_case "IPv$family: accept known" accept_known $family
	test_case "IPv$family: MTU follows the underlay" mtu_follows $family
	test_case "IPv$family: changes in what is received" change_received $family
done
test_case "ttl changed" change_ttl
test_case "tos changed" change_tos
test_case "csum changed" change_csum
test_case "key changed" change_key
test_case "local changed" change_local
test_case "pmtudisc and ignore-df changed" change_df
