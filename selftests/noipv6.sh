#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that was told to do without IPv6: its tables are missing, and whoever looks
# into them without asking falls. vm/run gives it this argument, for run.sh reads here:
#
# kernel: ipv6.disable=1

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

PAYLOAD6=6000000000083b4020010db800000000000000000000000120010db8000000000000000000000002

ipv4_passes()
{
	try reaches "${SITE[0]}" "${OVER[1]}"
	try reaches "${SITE[1]}" "${OVER[0]}" -s 4000
}

# The message of a refusal is in extack, and ip prints it.
refused()
{
	local text="kernel is without IPv6"

	run_fails 2 "$text" ip link add six type mgre local 2001:db8::1
	run_fails 2 "$text" ip link add six type mgre local 192.0.2.1 local 2001:db8::1
	run_fails 2 "$text" ip -n "${SITE[0]}" link change mgre0 type mgre local 2001:db8::1
	run_fails 2 "" nhrp -n "${SITE[0]}" map add 10.0.0.99 nbma 2001:db8::9 dev mgre0
	try ip -n "${SITE[0]}" link add any0 type mgre key 9
	run_fails 2 "" nhrp -n "${SITE[0]}" map add 10.0.0.99 nbma 2001:db8::9 dev any0
	try ip -n "${SITE[0]}" link del any0
	ipv4_passes
}

# Without a mapping its sender would be told, by ICMPv6.
packet_to_nobody()
{
	try on "${SITE[0]}" "${PYTHON[@]}" - "$PAYLOAD6" <<-'END'
		import socket, sys
		with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
		    sock.sendto(bytes.fromhex(sys.argv[1]) + bytes(8), ("mgre0", 0x86dd))
	END
	assert_eq "no mapping" "$(dropped "${SITE[0]}" mgre0 tx_no_mapping)" 1
	ipv4_passes
}

# An error about a packet of IPv6 in GRE, which would be told its sender
error_about_ipv6()
{
	try forge_icmp 3 1 86dd "${PAYLOAD6}0000000000000000"
	try busywait 5 counted
	ipv4_passes
}

counted()
{
	[ "$(peer "${SITE[0]}" "${NBMA[1]}" .icmp_unreachable)" = 1 ]
}

need ethtool jq python3 socat perl
[ ! -e /proc/sys/net/ipv6 ] || skip "IPv6 is there: boot with ipv6.disable=1"
mgre_load
ktap_plan 4
topo 1

test_case "IPv4" ipv4_passes
test_case "IPv6 is refused" refused
test_case "an IPv6 packet without a mapping" packet_to_nobody
test_case "an error about an IPv6 packet" error_about_ipv6
