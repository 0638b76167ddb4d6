#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Malformed packets are received, and other traffic by the same devices goes on;
# each of them is accounted for, and nothing of them stays. fuzz/net.sh shows the
# network, fuzz/*.c make the packets. FUZZ_PACKETS (100000, on a slow machine 10000)
# are their number and FUZZ_SEED says which; the same two make the same packets:
#
#	cd selftests && vm/run -k 6.12 -t 3000 -- \
#		env FUZZ_PACKETS=1000000 FUZZ_SEED=1 ./fuzz_rcv.sh
#
# How the balance is made, with what has been counted from a time at which nothing
# was on its way to another one:
#
# - Frames. The generator says how many it sent; wire's rx_packets are as many.
#   Those, and what good received, are what IP and IPv6 of the hub received
#   (InReceives). The backlog of no CPU dropped any.
# - IP. What it received is what it delivered (InDelivers, in which mgre counts the
#   packets that it takes) or dropped for a cause of its own (InHdrErrors,
#   InTruncatedPkts, InAddrErrors, InNoRoutes, InDiscards, InUnknownProtos), or went
#   into a datagram with other fragments: ReasmReqds less ReasmOKs. An IPv6 fragment
#   is taken before IPv6's own reassembly has seen it and is in no MIB, so nft counts
#   before and behind that. The devices are in another netns for this, or IP would
#   count their payload as well. IPv6 is not exact: behind the hook about one packet
#   in a hundred is in no MIB (not found out which; extension headers are suspected),
#   so that 2 % are let pass there.
# - mgre. What nft counts before mgre's hook, less what it counts behind it, is what
#   mgre took. Each of those is in rx_packets of a device or in one of the drops of
#   ethtool -S; there is no third way.
# - What mgre did not take is what InDelivers and InUnknownProtos have more: ip_gre
#   has it, or ICMP says so.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=fuzz/net.sh
. "$(dirname "$0")/fuzz/net.sh"

PACKETS=${FUZZ_PACKETS:-$((slow ? 10000 : 100000))}
SEED=${FUZZ_SEED:-$RANDOM$RANDOM}

# What becomes of a packet that IP receives, one of them; to be put behind Ip, Ip6.
FATES='(In(Delivers|HdrErrors|AddrErrors|NoRoutes|Discards|UnknownProtos|TruncatedPkts)'
FATES+='|ExtIn(NoRoutes|TruncatedPkts))'

declare -A SENT=()

# streams_start: pings by each device, one for each family of addresses
streams_start()
{
	local target number pid

	STREAMS=()
	for target in "${TARGETS[@]}"; do
		number=${target%%:*}
		stream_start pid "$PEER" "10.0.$number.1" || return
		STREAMS[10.0.$number.1]=$pid
	done
	stream_start pid "$PEER" 2001:db8:a:5::1 || return
	STREAMS[2001:db8:a:5::1]=$pid
}

streams_unharmed()
{
	local addr

	for addr in "${!STREAMS[@]}"; do
		stream_unharmed "${STREAMS[$addr]}" "$addr"
	done
}

# transfers: TCP both ways, over IPv4 and over IPv6
transfers()
{
	local number

	for number in 1 3 5; do
		transfer TCP "$PEER" "$OVERLAY" "10.0.$number.1" "$tmp/data" &&
		transfer TCP "$OVERLAY" "$PEER" "10.0.$number.2" "$tmp/data" || return
	done
}

# flood PACKETS SEED: malformed packets, beside traffic that must not notice
flood()
{
	local name value pid status=0 began
	local -A STREAMS=()

	count_begin || return
	streams_start || return
	began=${EPOCHREALTIME/./}
	bg_on pid "$ATTACKER" timeout 2000 "$tmp/fuzz" rcv bad "$2" "$1" "${TARGETS[@]}" \
		>"$tmp/sent"
	transfers
	bg_wait "$pid" || status=$?
	note "$1 packets with seed $2: $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
	assert_eq "status of the generator" $status 0
	streams_unharmed
	SENT=()
	while read -r name value; do
		SENT[$name]=$value
	done <"$tmp/sent"
	count_end || return
	note "taken $(($(total 'HUB\.before') - $(total 'HUB\.after')))," \
		"received $(total '(HUB|OVERLAY)\.(m.|nest)\.rx_packets')"
}

# What goes out is no part of any balance, but good says that it was not alone.
frames_arrived()
{
	assert_eq "frames that wire received" "${COUNTED[HUB.wire.rx_packets]}" \
		"${SENT[frames]}"
	assert_eq "drops of a backlog" "${COUNTED[backlog.dropped]}" 0
	assert_test "frames by good" "${COUNTED[HUB.good.rx_packets]}" -gt 100
}

# swallowed: IPv6 fragments that have gone into a datagram with others, or wait
swallowed()
{
	echo $(($(total 'HUB\.frames') - $(total 'HUB\.datagrams')))
}

ip_accounts()
{
	local silent

	assert_test "packets of IP" "$(total Ip6?InReceives)" -gt 1000
	notes 'Ip6?(Ext)?((In.*(Receives|Delivers|Errors|Discards|NoRoutes|Protos|Pkts))|Reasm.*)'
	assert_eq "packets of IP and IPv6" "$(total 'Ip6?InReceives')" \
		"$(total 'HUB\.(wire|good)\.rx_packets')"
	assert_eq "packets of IP" $(($(total "Ip$FATES") + $(total IpForwDatagrams) +
		$(total IpReasmReqds) - $(total IpReasmOKs))) "$(total IpInReceives)"
	silent=$(($(total Ip6InReceives) - $(total "Ip6$FATES") - $(swallowed) -
		$(total Ip6ReasmReqds) + $(total Ip6ReasmOKs)))
	note "packets that IPv6 does not account for: $silent of $(total Ip6InReceives)"
	assert_test "packets of IPv6 too many" $silent -ge 0
	assert_test "packets of IPv6 missing" $((silent * 50)) -le "$(total Ip6InReceives)"
	# Fewer, if some of a set that is not whole are dropped at once.
	assert_test "IPv6 fragments in datagrams" "$(swallowed)" -le \
		$((SENT[fragments6] - SENT[sets6]))
}

# taken NS: by the hook
taken()
{
	echo $((COUNTED[$1.before] - COUNTED[$1.after]))
}

# counted NS DEVICE_REGEX
counted()
{
	echo $(($(total "$1\.$2\.rx_packets") + $(total "drop\.$2\.rx_.*")))
}

devices_account()
{
	notes '(drop.*\.rx_|(HUB|OVERLAY)\.(m.|nest)\.rx_packets).*'
	assert_test "packets that the hook took" "$(taken HUB)" -gt 1000
	if [ "$OVERLAY" = "$HUB" ]; then
		assert_eq "packets of all devices" "$(counted HUB '(m.|nest)')" "$(taken HUB)"
	else
		assert_eq "packets of the devices" "$(counted OVERLAY m.)" "$(taken HUB)"
		assert_eq "packets of the nested device" "$(counted OVERLAY nest)" \
			"$(taken OVERLAY)"
	fi
}

# What never happened has not been tested.
causes_met()
{
	local why number

	for why in rx_version rx_flags rx_header rx_checksum rx_truncated rx_ecn \
		   rx_unknown_peer; do
		note "$why $(total "drop\..*\.$why")"
		assert_test "$why" "$(total "drop\..*\.$why")" -gt 0
	done
	for number in 1 2 3 4 5 6 7; do
		assert_test "m$number" "$(total "(HUB|OVERLAY)\.m$number\.rx_packets")" -gt 100
	done
	assert_test "nested" "$(total "(HUB|OVERLAY)\.nest\.rx_packets")" -gt 100
	assert_test "not taken" "${COUNTED[HUB.after]}" -gt 100
}

# still_fine: the devices do what they did before
still_fine()
{
	local target number

	for target in "${TARGETS[@]}"; do
		number=${target%%:*}
		try reaches "$PEER" "10.0.$number.1"
		try reaches "$PEER" "2001:db8:a:$number::1"
		try reaches "$OVERLAY" "10.0.$number.2" -s 1200
	done
}

# gone: the netns and the module, which goes when all devices have gone
gone()
{
	fuzz_net_gone
	mgre_unload
}

nothing_left()
{
	gone && memory_end
}

need cc nft jq nstat ethtool socat cmp
try sysctl -qw net.core.netdev_max_backlog=100000
try modprobe -a ip_gre ip6_gre
head -c 300000 /dev/urandom >"$tmp/data"
fuzz_program
mgre_load
ktap_plan 10

# The first part also warms up what the kernel keeps for the next time.
fuzz_net together
test_case "one netns: traffic goes on" flood $((PACKETS / 4)) "$SEED"
test_case "one netns: every frame arrived" frames_arrived
test_case "one netns: the devices account for what they took" devices_account
test_case "one netns: the devices are fine" still_fine
gone
memory_begin

mgre_load
fuzz_net apart
test_case "netns apart: traffic goes on" flood $((PACKETS - PACKETS / 4)) $((SEED + 1))
test_case "netns apart: every frame arrived" frames_arrived
test_case "netns apart: IP accounts for each" ip_accounts
test_case "netns apart: the devices account for what they took" devices_account
test_case "every cause of a drop was met" causes_met
test_case "nothing is left" nothing_left
