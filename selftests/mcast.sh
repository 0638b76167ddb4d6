#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Multicast and broadcast: who gets copies, and that each gets one. The hub of
# lib.sh has three spokes; what it sends is seen on its underlay interface. A case may
# go on where the one before has stopped.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

CASES=$top/selftests/mcast

# mcast ARG...: nhrp mcast in the hub
mcast()
{
	nhrp -n "${SITE[0]}" mcast "$@"
}

# drops NAME: what the hub has dropped for that
drops()
{
	dropped "${SITE[0]}" mgre0 "$1"
}

# send TO [PING OPTION]...: three packets from the hub
send()
{
	local to=$1

	shift
	on "${SITE[0]}" ping -q -n -c 3 -i 0.02 -W 0.1 -I mgre0 "$@" "$to" >/dev/null || :
}

# copies TO [PING OPTION]...: sets got to how often each peer was sent to, as "TIMES
# NBMA" words, while the hub sends three packets to TO
copies()
{
	local groups='(224|239|10\.0\.0\.255|255|ff0)' pcap=$tmp/copies.pcap pid

	capture_start pid "$pcap" "${SITE[0]}" eth0 ip proto 47 || return
	send "$@"
	# What leaves last is in the capture last.
	try reaches "${SITE[0]}" "${OVER[3]}" -s 900
	try busywait 20 capture_has "$pcap" 1 "dst ${NBMA[3]} and greater 900"
	bg_stop "$pid" INT
	got=$(tcpdump -Z root -tnr "$pcap" 2>/dev/null |
		sed -nE "s/^IP6? \S+ > (\S+): GREv0.* $groups.* echo request.*/\1/p" |
		sort | uniq -c | sed 's/^ *//' | paste -sd,)
}

# gets WHAT COPIES TO [PING OPTION]...: the peers in COPIES, as often as it says
gets()
{
	local what=$1 want=$2 got

	shift 2
	copies "$@" || return
	assert_eq "$what" "$got" "$want"
}

nobody()
{
	local before

	before=$(drops tx_multicast)
	gets "copies" "" 224.0.0.99
	assert_eq "drops" "$(($(drops tx_multicast) - before))" 3
	gets "of a broadcast" "" -b 10.0.0.255
	gets "of IPv6" "" "ff02::99"
	assert_test "drops" "$(($(drops tx_multicast) - before))" -ge 9
	assert_eq "lists" "$(mcast show)" ""
}

# flag SITE [OPTION]...: the mapping of its overlay address
flag()
{
	local i=$1

	shift
	try nhrp -n "${SITE[0]}" map replace "${OVER[i]}" nbma "${NBMA[i]}" dev mgre0 "$@"
}

flagged()
{
	local two="3 ${NBMA[1]},3 ${NBMA[2]}"

	flag 1 multicast
	flag 2 multicast
	# a second and a third mapping make no second copy
	try nhrp -n "${SITE[0]}" map add 10.9.0.0/16 nbma "${NBMA[1]}" dev mgre0 multicast
	try nhrp -n "${SITE[0]}" map add 10.8.0.0/16 nbma "${NBMA[1]}" dev mgre0 multicast
	gets "copies" "$two" 224.0.0.99
	gets "of a broadcast" "$two" -b 10.0.0.255
	gets "of the limited one" "$two" -b 255.255.255.255
	gets "of IPv6" "$two" "ff02::99"
	assert_eq "list" "$(mcast show | sort)" \
		"all nbma ${NBMA[1]} dev mgre0 mappings 3
all nbma ${NBMA[2]} dev mgre0 mappings 1"
}

unflagged()
{
	flag 2
	gets "one unflagged" "3 ${NBMA[1]}" 224.0.0.99
	flag 1
	gets "one of three mappings unflagged" "3 ${NBMA[1]}" 224.0.0.99
	try nhrp -n "${SITE[0]}" map del 10.9.0.0/16 dev mgre0
	try nhrp -n "${SITE[0]}" map replace 10.8.0.0/16 nbma "${NBMA[2]}" dev mgre0 multicast
	gets "the last one moved" "3 ${NBMA[2]}" 224.0.0.99
	try nhrp -n "${SITE[0]}" map del 10.8.0.0/16 dev mgre0
	gets "the last one deleted" "" 224.0.0.99
	try nhrp -n "${SITE[0]}" map add 10.7.0.0/16 nbma "${NBMA[3]}" dev mgre0 \
		multicast hold 1
	try busywait 5 expired
	gets "expired" "" 224.0.0.99
}

expired()
{
	[ -z "$(mcast show)" ]
}

listed()
{
	flag 1 multicast
	try mcast add nbma "${NBMA[2]}" dev mgre0
	gets "all groups" "3 ${NBMA[1]},3 ${NBMA[2]}" 224.0.0.99
	try mcast add 239.1.0.0/16 nbma "${NBMA[3]}" dev mgre0
	try mcast add 239.1.1.1 nbma "${NBMA[1]}" dev mgre0
	try mcast add 239.1.1.1 nbma "${NBMA[3]}" dev mgre0
	gets "one group" "3 ${NBMA[1]},3 ${NBMA[3]}" 239.1.1.1
	gets "a prefix of groups" "3 ${NBMA[3]}" 239.1.1.2
	gets "another group" "3 ${NBMA[1]},3 ${NBMA[2]}" 239.2.1.1
	try mcast add ff05::/16 nbma "${NBMA[2]}" dev mgre0
	gets "groups of IPv6" "3 ${NBMA[2]}" "ff05::5"
	gets "others of IPv6" "3 ${NBMA[1]},3 ${NBMA[2]}" "ff02::5"
}

# A list is gone with its last peer, and the shorter one counts again.
unlisted()
{
	try mcast del 239.1.1.1 nbma "${NBMA[1]}" dev mgre0
	gets "one left" "3 ${NBMA[3]}" 239.1.1.1
	try mcast del 239.1.1.1 nbma "${NBMA[3]}" dev mgre0
	try mcast del 239.1.0.0/16 nbma "${NBMA[3]}" dev mgre0
	gets "none left" "3 ${NBMA[1]},3 ${NBMA[2]}" 239.1.1.1
	try mcast del ff05::/16 nbma "${NBMA[2]}" dev mgre0
	try mcast del nbma "${NBMA[2]}" dev mgre0
	assert_eq "list" "$(mcast show)" "all nbma ${NBMA[1]} dev mgre0 mappings 1"
	run_fails 2 "peer is not listed for this group" \
		mcast del nbma "${NBMA[1]}" dev mgre0
	flag 1
}

# A peer that no mapping points to, until it is taken off.
listed_alone()
{
	local nbma=198.51.100.99

	try mcast add nbma $nbma dev mgre0
	gets "copies" "3 $nbma" 224.0.0.99
	assert_eq "mappings" "$(peer "${SITE[0]}" $nbma .mappings)" 0
	assert_test "sent" "$(peer "${SITE[0]}" $nbma .tx.packets)" -ge 3
	try mcast del nbma $nbma dev mgre0
	assert_eq "peer" "$(peer "${SITE[0]}" $nbma .nbma)" null
}

refused()
{
	local hub=${SITE[0]}

	run_fails 2 "not a prefix of multicast addresses" \
		mcast add 10.0.0.0/8 nbma "${NBMA[1]}" dev mgre0
	run_fails 2 "not a prefix of multicast addresses" \
		mcast add 224.0.0.0/3 nbma "${NBMA[1]}" dev mgre0
	run_fails 2 "not a prefix of multicast addresses" \
		mcast add fe00::/7 nbma "${NBMA[1]}" dev mgre0
	run_fails 2 "prefix has host bits set" \
		mcast add 239.1.1.1/16 nbma "${NBMA[1]}" dev mgre0
	run_fails 2 "nbma is not a unicast address" \
		mcast add 239.1.1.1 nbma 224.0.0.1 dev mgre0
	run_fails 2 "nbma is the local address of the device" \
		mcast add nbma "${NBMA[0]}" dev mgre0
	run_fails 2 "the device has no IPv6 local address" \
		mcast add nbma 2001:db8::9 dev mgre0
	run_fails 2 "device has no NHRP cache" mcast add nbma 192.0.2.9 dev eth0
	run_fails 1 'needs "nbma"' mcast add dev mgre0
	run_fails 1 'needs "dev"' mcast add nbma 192.0.2.9
	run_fails 1 "not a valid GROUP" mcast add 239.1.1 nbma 192.0.2.9 dev mgre0
	try mcast add 239.1.1.1 nbma "${NBMA[1]}" dev mgre0
	run_fails 2 "peer is listed for this group already" \
		mcast add 239.1.1.1 nbma "${NBMA[1]}" dev mgre0
	run_fails 2 "Operation not permitted" on "$hub" setpriv \
		--inh-caps=-net_admin --bounding-set=-net_admin \
		"$NHRP" mcast add 239.1.1.2 nbma "${NBMA[1]}" dev mgre0
	assert_eq "list" "$(mcast show)" "239.1.1.1 nbma ${NBMA[1]} dev mgre0 listed"
	assert_eq "as JSON" "$(nhrp -n "$hub" -j mcast show | jq -c .)" \
		"$(jq -nc --arg nbma "${NBMA[1]}" \
			'[{ group: "239.1.1.1", nbma: $nbma, dev: "mgre0", listed: true }]')"
	try mcast del 239.1.1.1 nbma "${NBMA[1]}" dev mgre0
	assert_eq "list" "$(mcast show)" ""
}

# What a spoke sends to a group the hub forwards to the others, by the interface it
# came in by, as PIM has it do: not back to the spoke.
not_back()
{
	local i hub=${SITE[0]} pid

	for i in 1 2 3; do
		flag "$i" multicast
	done
	try nhrp -n "${SITE[1]}" map replace "${OVER[0]}" nbma "${NBMA[0]}" dev mgre0 \
		multicast
	try on "$hub" sysctl -qw net.ipv4.conf.all.mc_forwarding=1 || :
	bg_on pid "$hub" "${PYTHON[@]}" "$CASES/mroute.py" mgre0 "${OVER[1]}" 239.5.5.5 \
		>"$tmp/mroute"
	try busywait 20 grep -q ready "$tmp/mroute" || return
	forwarded "3 ${NBMA[2]},3 ${NBMA[3]}" 64
	# A head that has been reallocated keeps it.
	forwarded "3 ${NBMA[2]},3 ${NBMA[3]}" 1300
	bg_stop "$pid"
	for i in 1 2 3; do
		flag "$i"
	done
}

# forwarded COPIES SIZE
forwarded()
{
	local pcap=$tmp/forwarded.pcap pid

	capture_start pid "$pcap" "${SITE[0]}" eth0 "ip proto 47 and src ${NBMA[0]}" || return
	on "${SITE[1]}" ping -q -n -c 3 -i 0.02 -W 0.1 -t 9 -s "$2" -I mgre0 239.5.5.5 || :
	capture_stop "$pid" "$pcap" 6
	assert_eq "copies of $2 octets" "$(tcpdump -Z root -tnr "$pcap" 2>/dev/null |
		sed -nE 's/^IP \S+ > (\S+): GREv0.* 239.5.5.5: .*/\1/p' |
		sort | uniq -c | sed 's/^ *//' | paste -sd,)" "$1"
}

# One peer's narrow path fragments its copy, and nobody else's.
narrow()
{
	local hub=${SITE[0]} pcap=$tmp/narrow.pcap pid

	flag 1 multicast
	flag 2 multicast
	try ip -n "$hub" route add "${NBMA[1]}" via "${GW[0]}" mtu lock 1000
	capture_start pid "$pcap" "$hub" eth0 ip proto 47 || return
	send 224.0.0.99 -s 1300 -M "do"
	capture_stop "$pid" "$pcap" 9
	assert_eq "pieces" "$(capture_count "$pcap" "dst ${NBMA[1]}")" 6
	assert_eq "whole" "$(capture_count "$pcap" "dst ${NBMA[2]}")" 3
	try ip -n "$hub" route del "${NBMA[1]}"
	flag 1
	flag 2
}

# A mapping's mtu is one more reason.
mtu_of_mapping()
{
	local hub=${SITE[0]} pcap=$tmp/mtu.pcap pid

	flag 1 multicast mtu 1000
	flag 2 multicast
	capture_start pid "$pcap" "$hub" eth0 ip proto 47 || return
	send 224.0.0.99 -s 1200 -M "do"
	capture_stop "$pid" "$pcap" 6
	assert_eq "with DF" "$(capture_count "$pcap" "dst ${NBMA[1]} and ip[6] & 0x40 != 0")" 0
	assert_eq "without" "$(capture_count "$pcap" "dst ${NBMA[1]}")" 3
	assert_eq "others" "$(capture_count "$pcap" "dst ${NBMA[2]} and ip[6] & 0x40 != 0")" 3
	flag 1
	flag 2
}

# Dumps of lists that do not fit into one message
many_groups()
{
	local i

	for ((i = 0; i < 1024; i++)); do
		echo "mcast add 239.5.$((i / 256)).$((i % 256)) nbma ${NBMA[1]} dev mgre0"
	done >"$tmp/batch"
	try nhrp -n "${SITE[0]}" -batch "$tmp/batch"
	try mcast add 239.6.0.1 nbma "${NBMA[2]}" dev mgre0
	run_fails 2 "peer is listed for too many groups" \
		mcast add 239.6.0.1 nbma "${NBMA[1]}" dev mgre0
	mcast show >"$tmp/shown"
	assert_eq "lists shown" "$(sort -u "$tmp/shown" | wc -l)" 1025
	assert_eq "lines" "$(wc -l <"$tmp/shown")" 1025
	sed -i 's/ add / del /' "$tmp/batch"
	try nhrp -n "${SITE[0]}" -batch "$tmp/batch"
	try mcast del 239.6.0.1 nbma "${NBMA[2]}" dev mgre0
	assert_eq "left" "$(mcast show)" ""
}

marks()
{
	on "${SITE[0]}" nft -j list counter ip marks one |
		jq '.nftables[1].counter.packets'
}

# marked: the mark of a flagged mapping is the outer packet's
marked()
{
	local hub=${SITE[0]}

	try on "$hub" nft -f - <<-END || return
		table ip marks {
			counter one { }
			chain out {
				type filter hook output priority 0;
				ip protocol gre meta mark 7 ip daddr ${NBMA[1]} counter name one
			}
		}
	END
	flag 1 multicast mark 7
	flag 2 multicast
	send 224.0.0.99
	assert_eq "marked" "$(marks)" 3
	# that of the last one, which has gone
	try nhrp -n "$hub" map add 10.0.99.99 nbma "${NBMA[1]}" dev mgre0 multicast mark 7
	try nhrp -n "$hub" map del 10.0.99.99 dev mgre0
	send 224.0.0.99
	assert_eq "marked when the mapping has gone" "$(marks)" 3
	try on "$hub" nft delete table ip marks
	flag 1
	flag 2
}

# received NUMBER: site NUMBER has got all that was sent
received()
{
	same_lines "$tmp/data" "$tmp/got.$1"
}

# Datagrams of the hub's own arrive whole: one by one, and many at once (GSO). Each
# copy has its headers at places of its own, which checksums and TTL tell.
datagrams()
{
	local i hub=${SITE[0]} pid pids=() pcap=$tmp/datagrams.pcap

	text 64 >"$tmp/data"
	try ip -n "$hub" link change mgre0 type mgre ttl inherit tos inherit
	for i in 1 2 3; do
		flag "$i" multicast
		: >"$tmp/got.$i"
		bg_on pid "${SITE[i]}" socat -u -b 65536 \
			"UDP4-RECV:5007,reuseaddr,ip-add-membership=239.7.7.7:${OVER[i]}" \
			"OPEN:$tmp/got.$i,append"
		pids+=("$pid")
		try busywait 20 listening "${SITE[i]}" -lu 5007 || return
	done
	capture_start pid "$pcap" "$hub" eth0 ip proto 47 || return
	try on "$hub" "${PYTHON[@]}" "$CASES/datagrams.py" "${OVER[0]}" 239.7.7.7 5007 \
		"$tmp/data"
	for i in 1 2 3; do
		busywait 20 received "$i" ||
			fail "site $i got $(wc -c <"$tmp/got.$i") octets, or others"
		bg_stop "${pids[i - 1]}" || :
		try busywait 20 capture_has "$pcap" 32 \
			"dst ${NBMA[i]} and ip[8] = 7 and ip[1] = 0xb8"
		flag "$i"
	done
	bg_stop "$pid" INT
	assert_eq "others" "$(capture_count "$pcap" \
		"greater 1000 and (ip[8] != 7 or ip[1] != 0xb8)")" 0
	try ip -n "$hub" link change mgre0 type mgre ttl 64 tos 0
}

MANY=1000

# many_mappings: the batch of peers behind the router, where nobody is
many_mappings()
{
	local i

	for ((i = 0; i < MANY; i++)); do
		echo "map add 10.0.$((4 + i / 250)).$((1 + i % 250))" \
			"nbma 198.18.$((i / 250)).$((1 + i % 250)) dev mgre0 multicast"
	done
}

# Each of a thousand gets each of 20 packets, once and in order, and what is sent
# meanwhile does not wait for them all.
many()
{
	local hub=${SITE[0]} pcap=$tmp/many.pcap pid

	try nhrp -n "$hub" -batch - < <(many_mappings)
	try ip -n "$ROUTER" route add blackhole 198.18.0.0/16
	assert_eq "listed" "$(nhrp -n "$hub" -j mcast show | jq length)" $MANY
	bg_on pid "$hub" tcpdump -Z root -Uni eth0 -s 96 -B 65536 -w "$pcap" \
		"dst net 198.18.0.0/16 and greater 120" 2>"$pcap.err"
	try busywait 20 grep -q 'listening on' "$pcap.err" || return
	# What waits is in its send buffer, which by default has room for a few packets.
	on "$hub" ping -q -n -c 20 -i 0.02 -W 0.1 -S 200000 -I mgre0 224.0.0.99 || :
	try busywait 60 all_sent $((20 * MANY)) || return
	capture_stop "$pid" "$pcap" $((20 * MANY))
	note "$(grep dropped "$pcap.err")"
	try "${PYTHON[@]}" "$CASES/once.py" "$pcap" $MANY 20
	assert_eq "drops" "$(drops tx_mcast_queue)" 0
	try nhrp -n "$hub" map flush 10.0.4.0/22 dev mgre0
	assert_eq "listed" "$(mcast show)" ""
}

all_sent()
{
	[ "$(nhrp -n "${SITE[0]}" -j -s peer show dev mgre0 |
		jq '[.[] | select(.nbma | startswith("198.18.")) | .tx.packets] | add')" -ge "$1" ]
}

# overflow: more than may wait is dropped and counted, and the device can go while
# they wait
overflow()
{
	local hub=${SITE[0]}

	try nhrp -n "$hub" -batch - < <(many_mappings)
	try on "$hub" "${PYTHON[@]}" - "${OVER[0]}" <<-'END'
		# One alone would wait: what is queued is in its send buffer.
		import socket, sys
		for _ in range(10):
		    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
		                    socket.inet_aton(sys.argv[1]))
		    for _ in range(100):
		        sock.sendto(b"much", ("224.0.0.99", 9))
	END
	assert_test "drops" "$(drops tx_mcast_queue)" -gt 0
	assert_test "drops" "$(drops tx_mcast_queue)" -lt 600
	try timeout 20 ip -n "$hub" link del mgre0
}

need tcpdump jq nft ethtool python3 setpriv socat
mgre_load
ktap_plan 15
topo 3
no_mld "${SITE[0]}"
try on "${SITE[0]}" sysctl -qw net.ipv6.conf.mgre0.disable_ipv6=0

test_case "nobody is listed" nobody
test_case "peers of flagged mappings" flagged
test_case "mappings unflagged, moved, deleted and expired" unflagged
test_case "peers listed for groups" listed
test_case "peers taken off" unlisted
test_case "a peer without a mapping" listed_alone
test_case "refused" refused
test_case "no copy goes back" not_back
test_case "a narrow path to one peer" narrow
test_case "mtu of the mapping" mtu_of_mapping
test_case "mark of the mapping" marked
test_case "a peer with many groups" many_groups
test_case "datagrams arrive" datagrams
test_case "a thousand peers" many
test_case "more than may wait, and the device goes" overflow
