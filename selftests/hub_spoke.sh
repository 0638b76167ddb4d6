#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A hub and two spokes talk over mgre: what crosses, where the mappings send
# it, and when it stops.
#
#   hub, site 0                         router             spokes, sites 1 and 2
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | mgre0 10.0.0.2/24  |
#  | lo    10.1.0.1     |           |           |         | lo    10.2.0.1     |
#  | eth0 192.0.2.2/24 -+-----------+ s0     s1 +---------+ 198.51.100.2/26    |
#  +--------------------+           |           |         +--------------------+
#                                   |           |         +--------------------+
#                                   |           |         | mgre0 10.0.0.3/24  |
#                                   |           |         | lo    10.3.0.1     |
#                                   |        s2 +---------+ 198.51.100.66/26   |
#                                   +-----------+         +--------------------+
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

MOVING=10.0.0.9		# an overlay address that both spokes answer

mtu_of()
{
	ip -n "$1" -j link show "$2" | jq '.[0].mtu'
}

ping_all_pairs()
{
	local i j

	for i in 0 1 2; do
		for j in 0 1 2; do
			[ $i = $j ] || try reaches "${SITE[i]}" "${OVER[j]}"
		done
	done
}

ping_behind_sites()
{
	try reaches "${SITE[0]}" "${LAN[1]}" -I "${LAN[0]}"
	try reaches "${SITE[2]}" "${LAN[1]}" -I "${LAN[2]}"
}

# spokes_through HUB|DIRECT: how the spokes reach each other's LAN
spokes_through()
{
	local via1=${OVER[2]} via2=${OVER[1]}

	[ "$1" = DIRECT ] || { via1=${OVER[0]}; via2=${OVER[0]}; }
	try ip -n "${SITE[1]}" route replace "${LANNET[2]}" via "$via1" dev mgre0
	try ip -n "${SITE[2]}" route replace "${LANNET[1]}" via "$via2" dev mgre0
}

# The answer's TTL tells who forwarded it.
through_hub()
{
	local out

	out=$(on "${SITE[1]}" ping -n -c 1 -W 2 -I "${LAN[1]}" "${LAN[2]}")
	[[ $out == *ttl=64* ]] || fail "direct: $out"
	spokes_through HUB
	out=$(on "${SITE[1]}" ping -n -c 1 -W 2 -I "${LAN[1]}" "${LAN[2]}")
	[[ $out == *ttl=63* ]] || fail "through the hub: $out"
	try transfer TCP "${SITE[1]}" "${SITE[2]}" "${LAN[2]}" "$tmp/data"
	spokes_through DIRECT
}

tcp_both_ways()
{
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	try transfer TCP "${SITE[1]}" "${SITE[0]}" "${OVER[0]}" "$tmp/data"
	try transfer TCP "${SITE[1]}" "${SITE[2]}" "${OVER[2]}" "$tmp/data"
}

# Small blocks fit the MTU, large ones cross as fragments.
udp_both_ways()
{
	try transfer UDP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/little" 1000
	try transfer UDP "${SITE[1]}" "${SITE[0]}" "${OVER[0]}" "$tmp/little" 1000
	try transfer UDP "${SITE[2]}" "${SITE[1]}" "${OVER[1]}" "$tmp/little" 8000
}

default_mtu()
{
	local ns=${SITE[0]}

	assert_eq "with key" "$(mtu_of "$ns" mgre0)" 1472
	try ip -n "$ns" link add mgre1 type mgre local "${NBMA[0]}"
	assert_eq "without key" "$(mtu_of "$ns" mgre1)" 1476
	try ip -n "$ns" link del mgre1
	try ip -n "$ns" link add dummy0 mtu 1400 type dummy
	try ip -n "$ns" link add mgre1 type mgre dev dummy0 key 7
	assert_eq "smaller underlay" "$(mtu_of "$ns" mgre1)" 1372
	try ip -n "$ns" link del mgre1
	try ip -n "$ns" link del dummy0
}

# too_long NS ADDRESS PAYLOAD: the sender is told
too_long()
{
	local out

	out=$(on "$1" ping -n -c 1 -W 2 -M "do" -s "$3" "$2" 2>&1) && return 1
	[[ ${out,,} == *"message too long"* ]] || { echo "$out"; return 1; }
}

# Sizes of the whole IPv4 packet: 28 octets are its header and ICMP's.
sizes_around_mtu()
{
	local from=${SITE[0]} to=${OVER[1]} mtu size

	mtu=$(mtu_of "$from" mgre0)
	for size in 28 29 $((mtu - 2)) $((mtu - 1)) "$mtu"; do
		try reaches "$from" "$to" -M "do" -s $((size - 28))
	done
	for size in $((mtu + 1)) $((mtu + 2)); do
		try too_long "$from" "$to" $((size - 28))
	done
	for size in $((mtu - 2)) $((mtu - 1)) "$mtu" $((mtu + 1)) $((mtu + 2)) \
		    $((2 * mtu - 20)) $((2 * mtu)) 8000 65535; do
		try reaches "$from" "$to" -M dont -s $((size - 28))
	done
}

offload_is_on()
{
	on "${SITE[$1]}" ethtool -k mgre0 | grep -q "^$2: on"
}

# On the way out: packets of more than the MTU reach the underlay whole.
gso_crosses()
{
	local pid pcap=$tmp/gso.pcap

	unhurried "TCP sends no large packets at a low rate" || return
	try offload_is_on 0 generic-segmentation-offload
	try offload_is_on 0 tcp-segmentation-offload
	try offload_is_on 0 scatter-gather
	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47 and greater 3000
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	capture_stop "$pid" "$pcap" 5
	assert_test "large packets" "$(capture_count "$pcap")" -ge 5
}

# On the way in: the router cuts them to size, the receiver puts them together.
gro_merges()
{
	local wire mgre

	try offload_is_on 1 generic-receive-offload
	try on "$ROUTER" ethtool -K s1 tso off tx-gre-segmentation off
	capture_start wire "$tmp/wire.pcap" "${SITE[1]}" eth0 \
		ip proto 47 and src "${NBMA[0]}"
	capture_start mgre "$tmp/mgre.pcap" "${SITE[1]}" mgre0 tcp and greater 2500
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	capture_stop "$mgre" "$tmp/mgre.pcap" 5
	capture_stop "$wire" "$tmp/wire.pcap" 100
	try on "$ROUTER" ethtool -K s1 tso on tx-gre-segmentation on
	assert_eq "large on the wire" "$(capture_count "$tmp/wire.pcap" greater 1515)" 0
	assert_test "on the wire" "$(capture_count "$tmp/wire.pcap")" -ge 100
	assert_test "merged" "$(capture_count "$tmp/mgre.pcap")" -ge 5
}

move_to()
{
	local to=$1

	shift
	nhrp -n "${SITE[0]}" map replace $MOVING nbma "${NBMA[to]}" dev mgre0 "$@"
}

forget_moving()
{
	nhrp -n "${SITE[0]}" map del $MOVING dev mgre0
}

# Packet n goes to the old NBMA address, packet n+1 to the new one.
replace_moves_next_packet()
{
	local pid pcap=$tmp/move.pcap want

	try move_to 1
	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47
	send_udp "${SITE[0]}" $MOVING 5
	try move_to 2
	send_udp "${SITE[0]}" $MOVING 5
	try move_to 1
	send_udp "${SITE[0]}" $MOVING 1
	capture_stop "$pid" "$pcap" 11
	want=$(printf "%s " "${NBMA[1]}"{,,,,} "${NBMA[2]}"{,,,,} "${NBMA[1]}")
	assert_eq "NBMA addresses" "$(capture_nbma "$pcap" "src ${NBMA[0]}" | xargs)" \
		"${want% }"
}

# In the middle of a stream: all is answered, and the destination changes once.
# The stream must outlast the look at the capture, which is slow on a busy host.
replace_moves_stream()
{
	local capture ping pcap=$tmp/stream.pcap groups

	try move_to 1
	capture_start capture "$pcap" "${SITE[0]}" eth0 ip proto 47 and src "${NBMA[0]}"
	bg_on ping "${SITE[0]}" ping -q -n -c 1000 -i 0.01 $MOVING
	try busywait 10 capture_has "$pcap" 10
	try move_to 2
	try bg_wait "$ping"
	capture_stop "$capture" "$pcap" 1000
	groups=$(capture_nbma "$pcap" | uniq | xargs)
	assert_eq "packets" "$(capture_nbma "$pcap" | wc -l)" 1000
	assert_eq "NBMA addresses" "$groups" "${NBMA[1]} ${NBMA[2]}"
}

delete_stops()
{
	local pid pcap=$tmp/delete.pcap

	try move_to 1
	try reaches "${SITE[0]}" $MOVING
	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47
	try reaches "${SITE[0]}" $MOVING
	try forget_moving
	try unreachable "${SITE[0]}" $MOVING
	try reaches "${SITE[0]}" "${OVER[1]}"
	capture_stop "$pid" "$pcap" 4
	assert_eq "packets" "$(capture_count "$pcap")" 4
}

# The unreachable comes at once, not at the end of a timeout.
unmapped_is_told_at_once()
{
	local start=$EPOCHREALTIME

	try unreachable "${SITE[0]}" $MOVING
	assert_test "microseconds" $((${EPOCHREALTIME/./} - ${start/./})) -lt 2000000
}

# The same for a packet that the hub forwards: its sender is told.
unmapped_forwarded_is_told()
{
	local out

	spokes_through HUB
	try nhrp -n "${SITE[0]}" map del "${OVER[2]}" dev mgre0
	out=$(on "${SITE[1]}" ping -n -c 1 -W 5 -I "${LAN[1]}" "${LAN[2]}")
	[[ $out == *"From ${OVER[0]} "*"Destination Host Unreachable"* ]] ||
	[[ $out == *"From ${LAN[0]} "*"Destination Host Unreachable"* ]] ||
		fail "$out"
	try nhrp -n "${SITE[0]}" map add "${OVER[2]}" nbma "${NBMA[2]}" dev mgre0
	try reaches "${SITE[1]}" "${LAN[2]}" -I "${LAN[1]}"
	spokes_through DIRECT
}

# last_time FILE: when the last packet was captured, in microseconds
last_time()
{
	tcpdump -Z root -ttnr "$1" 2>/dev/null | tail -n 1 |
		sed 's/^\([0-9]*\)\.\([0-9]*\) .*/\1\2/'
}

in_mappings()
{
	nhrp -n "${SITE[0]}" -j map show | jq -e ".[] | select(.dst == \"$1\")"
}

# A stream of packets stops when the holding time ends, to a tenth of a second.
expiry_stops()
{
	local capture monitor stream pcap=$tmp/expiry.pcap before after last

	bg monitor "$NHRP" -n "${SITE[0]}" monitor map >"$tmp/monitor"
	capture_start capture "$pcap" "${SITE[0]}" eth0 ip proto 47 and src "${NBMA[0]}"
	before=${EPOCHREALTIME/./}
	try move_to 1 type dynamic hold 2
	after=${EPOCHREALTIME/./}
	bg_on stream "${SITE[0]}" ping -q -n -c 80 -i 0.05 $MOVING
	try in_mappings $MOVING
	bg_wait "$stream"
	try unreachable "${SITE[0]}" $MOVING
	refuse in_mappings $MOVING >/dev/null
	bg_stop "$capture" INT
	last=$(last_time "$pcap")
	assert_test "last packet" "$last" -ge $((before + 1900000))
	assert_test "last packet" "$last" -le $((after + 2100000))
	try busywait 5 grep -qi expire "$tmp/monitor"
	bg_stop "$monitor"
	try grep -qi "expire.*$MOVING" "$tmp/monitor"
}

# Replaced in time, a mapping lives on: no packet is lost. The answers are the
# clock: 20 of them take half of the holding time, or less on a slow machine.
refresh_extends_hold()
{
	local stream i hold=$((slow ? 6 : 2))

	try move_to 1 type dynamic hold $hold
	bg_on stream "${SITE[0]}" ping -n -c 100 -i 0.05 $MOVING >"$tmp/stream.$MOVING"
	for i in 20 40 60 80; do
		try busywait 10 stream_passed $MOVING "$i" || return
		try move_to 1 type dynamic hold $hold
	done
	try bg_wait "$stream"
	assert_eq "answers" "$(stream_answers $MOVING)" 100
	try busywait $((hold + 3)) unreachable "${SITE[0]}" $MOVING
}

# The underlay link of spoke 1 gets narrow: its peer learns, the other does not.
path_mtu()
{
	local from=${SITE[0]} out

	try ip -n "$ROUTER" link set s1 mtu 1300
	try ip -n "${SITE[1]}" link set eth0 mtu 1300
	on "$from" ping -q -n -c 1 -W 1 -M "do" -s 1372 "${OVER[1]}" &&
		fail "1400 octets crossed a link of 1300"
	assert_eq "path MTU of the peer" "$(peer "$from" "${NBMA[1]}" .pmtu)" 1300
	out=$(on "$from" ping -n -c 2 -i 0.2 -W 1 -M "do" -s 1372 "${OVER[1]}" 2>&1)
	[[ $out == *"mtu=1272"* || $out == *"mtu = 1272"* ]] || fail "no MTU: $out"
	try reaches "$from" "${OVER[1]}" -M "do" -s $((1272 - 28))
	try too_long "$from" "${OVER[1]}" $((1273 - 28))
	try busywait 5 reaches "$from" "${OVER[1]}" -M dont -s 1372
	try transfer TCP "$from" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	try reaches "$from" "${OVER[2]}" -M "do" -s $((1472 - 28))
	assert_eq "path MTU of the other" "$(peer "$from" "${NBMA[2]}" .pmtu)" 1500
}

# One who sends through the hub learns the path MTU behind it, too.
path_mtu_forwarded()
{
	local out

	spokes_through HUB
	out=$(on "${SITE[2]}" ping -n -c 2 -i 0.2 -W 1 -M "do" -s 1372 "${LAN[1]}" 2>&1)
	[[ $out == *"mtu=1272"* || $out == *"mtu = 1272"* ]] || fail "no MTU: $out"
	try transfer TCP "${SITE[2]}" "${SITE[1]}" "${LAN[1]}" "$tmp/data"
	spokes_through DIRECT
}

counts()
{
	peer "${SITE[0]}" "${NBMA[2]}" \
		' | "\(.tx.packets) \(.tx.bytes) \(.rx.packets) \(.rx.bytes)"'
}

# Ten packets of 84 octets there and back.
counters()
{
	local -a old new
	local i

	read -ra old <<<"$(counts)"
	try reaches "${SITE[0]}" "${OVER[2]}" -c 10 -i 0.01
	try reaches "${SITE[0]}" "${OVER[1]}" -c 3 -i 0.01
	read -ra new <<<"$(counts)"
	for i in 0 1 2 3; do
		old[i]=$((new[i] - old[i]))
	done
	assert_eq "packets and octets, tx and rx" "${old[*]}" "10 840 10 840"
}

# The first 256 peers of a device have counters for each CPU, the others share theirs.
counters_of_many()
{
	local hub=${SITE[0]} i

	try nhrp -n "$hub" map flush nbma "${NBMA[2]}" dev mgre0
	assert_eq "peers" "$(peer "$hub" "${NBMA[2]}" .mappings)" null
	try nhrp -n "$hub" -batch - < <(
		for ((i = 0; i < 256; i++)); do
			echo "map add 10.9.0.$i nbma 203.0.113.$i dev mgre0"
		done
		echo "map add ${OVER[2]} nbma ${NBMA[2]} dev mgre0"
	) || return
	counters
	try nhrp -n "$hub" map flush 10.9.0.0/24 dev mgre0
}

# goes_to SITE ADDRESS: the data path sends it there, and `map get` says so
goes_to()
{
	local pid pcap=$tmp/prefix.pcap said

	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47 and src "${NBMA[0]}"
	send_udp "${SITE[0]}" "$2" 1
	capture_stop "$pid" "$pcap" 1
	assert_eq "$2 sent to" "$(capture_nbma "$pcap")" "${NBMA[$1]}"
	said=$(nhrp -n "${SITE[0]}" -j map get "$2" dev mgre0 | jq -r '.[0].nbma')
	assert_eq "map get $2" "$said" "${NBMA[$1]}"
}

longest_prefix_wins()
{
	local ns=${SITE[0]}

	try ip -n "$ns" route add 10.9.0.0/16 dev mgre0
	try nhrp -n "$ns" -batch - <<-END
		map add 10.9.0.0/16 nbma ${NBMA[1]} dev mgre0
		map add 10.9.1.0/24 nbma ${NBMA[2]} dev mgre0
		map add 10.9.1.1 nbma ${NBMA[1]} dev mgre0
	END
	goes_to 1 10.9.2.1
	goes_to 2 10.9.1.2
	goes_to 1 10.9.1.1
	try nhrp -n "$ns" map del 10.9.1.1 dev mgre0
	goes_to 2 10.9.1.1
	try nhrp -n "$ns" map del 10.9.1.0/24 dev mgre0
	goes_to 1 10.9.1.1
	try nhrp -n "$ns" map del 10.9.0.0/16 dev mgre0
	try unreachable "$ns" 10.9.1.1
}

# The key alone tells two devices of one pair of sites apart.
two_keys()
{
	local i

	for i in 0 1; do
		try ip -n "${SITE[i]}" -batch - <<-END
			link add mgre1 type mgre local ${NBMA[i]} key 43 ttl 64
			addr add 10.8.0.$((i + 1))/24 dev mgre1
			link set mgre1 up
		END
		try nhrp -n "${SITE[i]}" map add 10.8.0.$((2 - i)) \
			nbma "${NBMA[1 - i]}" dev mgre1
	done
	try reaches "${SITE[0]}" 10.8.0.2
	try reaches "${SITE[0]}" "${OVER[1]}"
	try nhrp -n "${SITE[1]}" map del 10.8.0.1 dev mgre1
	refuse reaches "${SITE[0]}" 10.8.0.2 -W 0.5
	try reaches "${SITE[0]}" "${OVER[1]}"
}

need tcpdump jq socat ethtool cmp
mgre_load
topo 2
for i in 1 2; do
	try ip -n "${SITE[i]}" addr add $MOVING/32 dev lo
done
head -c 2000000 /dev/urandom >"$tmp/data"
text 40 >"$tmp/little"

ktap_plan 22
test_case "ping between all sites" ping_all_pairs
test_case "ping what is behind them" ping_behind_sites
test_case "spoke to spoke through the hub" through_hub
test_case "TCP both ways" tcp_both_ways
test_case "UDP both ways" udp_both_ways
test_case "default MTU" default_mtu
test_case "sizes around the MTU" sizes_around_mtu
test_case "GSO crosses" gso_crosses
test_case "GRO merges" gro_merges
test_case "a mapping replaced moves the next packet" replace_moves_next_packet
test_case "a mapping replaced moves a stream" replace_moves_stream
test_case "a mapping deleted stops traffic" delete_stops
test_case "unreachable at once without a mapping" unmapped_is_told_at_once
test_case "unreachable to a sender behind the hub" unmapped_forwarded_is_told
test_case "a holding time that ends stops traffic" expiry_stops
test_case "a holding time extended keeps it up" refresh_extends_hold
test_case "counters of a peer" counters
test_case "counters of the 257th peer" counters_of_many
test_case "longest prefix wins" longest_prefix_wins
test_case "two devices, two keys" two_keys
test_case "path MTU of a peer" path_mtu
test_case "path MTU behind the hub" path_mtu_forwarded
