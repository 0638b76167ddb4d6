#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Offloads, over both IP families with both inside, with GRE checksum and without:
# large packets cross the underlay in one piece, are cut where it has no
# segmentation, and get together again on receive. What they carry is compared.
# The namespaces HERE and THERE are in dual/topology.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

DUAL=$top/selftests/dual
# shellcheck source=dual/topology.sh
. "$DUAL/topology.sh"

traffic()
{
	try timeout 100 "${PYTHON[@]}" "$DUAL/traffic.py" "$@"
}

FROM_HERE='(src host 192.0.2.1 or src host 2001:db8::1)'

# large CSUM: data in large packets; they cross the veth in one piece
large()
{
	local pid pcap=$tmp/large.pcap to

	both_ends key 42 ttl 64 "$1" || return
	capture_start pid "$pcap" "$HERE" eth0 greater 60000 || return
	traffic "$HERE" "$THERE" "${PAIRS[@]}"
	traffic "$THERE" "$HERE" "${BACK[@]}"
	capture_stop "$pid" "$pcap" 8
	for to in "${PAIRS[@]}"; do
		assert_test "large frames to $to" \
			"$(capture_count "$pcap" "${WIRE[$to]} and $FROM_HERE")" -ge 1
		assert_test "large frames from $to" \
			"$(capture_count "$pcap" "${WIRE[$to]} and not $FROM_HERE")" -ge 1
	done
	undropped
}

# segmented CSUM: the underlay has no offloads, so all is cut and summed before it
segmented()
{
	local pid pcap=$tmp/segmented.pcap

	both_ends key 42 ttl 64 "$1" || return
	offloads "$HERE" tx off tso off gso off
	offloads "$THERE" tx off tso off gso off
	# full frames over IPv6, and what is larger
	capture_start pid "$pcap" "$THERE" eth0 greater 1514 || return
	traffic "$HERE" "$THERE" "${PAIRS[@]}"
	capture_stop "$pid" "$pcap" 100
	assert_test "full frames" "$(capture_count "$pcap" "less 1514")" -ge 100
	assert_eq "larger frames" "$(capture_count "$pcap" "greater 1515")" 0
	undropped
	offloads "$HERE" tx on tso on gso on
	offloads "$THERE" tx on tso on gso on
}

# merged CSUM FEATURE...: what comes in pieces goes on in larger ones
merged()
{
	local pid pcap=$tmp/merged.pcap to

	both_ends key 42 ttl 64 "$1" || return
	shift
	offloads "$HERE" tso off gso off
	offloads "$THERE" "$@"
	capture_start pid "$pcap" "$THERE" mgre0 \
		"(tcp or ip6 proto 6) and greater 3000" || return
	traffic "$HERE" "$THERE" "${PAIRS[@]}"
	capture_stop "$pid" "$pcap" 4
	# A slow machine may take a packet in before there is a next one.
	assert_test "large packets" "$(capture_count "$pcap")" -ge 1
	for to in "${PAIRS[@]}"; do
		[ "$slow" ] || assert_test "large packets to $to" \
			"$(capture_count "$pcap" "dst host $to")" -ge 1
	done
	undropped
	offloads "$HERE" tso on gso on
	offloads "$THERE" gro off
}

need tcpdump jq python3 ethtool
mgre_load
underlay

ktap_plan 8
test_case "large packets in one piece" large nocsum
test_case "large packets in one piece, checksum" large csum
test_case "large packets, no offloads below" segmented nocsum
test_case "large packets, no offloads below, checksum" segmented csum
test_case "merged by the underlay" merged nocsum gro on
test_case "merged by the underlay, checksum" merged csum gro on
test_case "merged by the device" merged nocsum gro off
test_case "merged by the device, checksum" merged csum gro off
