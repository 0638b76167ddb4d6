# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # bench.sh sets what stands at its top
#
# bench.sh: replication. The hub sends datagrams to a group at a steady rate, and each
# peer, all of them behind the sink, is to get each of them. Meanwhile the spoke pings
# the hub on the underlay: what that takes longer than without is what other traffic
# waits for copies. One CPU does all of it.

# pings: while the command runs, sets $average and $longest to the ns of a round trip
pings()
{
	local pid

	bg_on pid "$SPOKE" ping -q -n -i 0.005 "$hub_nbma" >"$tmp/pings"
	"$@"
	bg_stop "$pid" INT || :
	read -r average longest < <(awk -F/ '/^rtt/ {
		printf "%.0f %.0f\n", $5 * 1000000, $6 * 1000000 }' "$tmp/pings")
	[ "${longest:-0}" -gt 0 ] || distrust "no ping came back"
}

# group_stream COUNT: so many datagrams, one each 1 / mcast_rate seconds
group_stream()
{
	on "$HUB" "${PYTHON[@]}" - "$1" "$mcast_rate" <<-'END'
		import socket, sys, time
		count, rate = map(int, sys.argv[1:])
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
		                socket.inet_aton("10.0.0.1"))
		sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
		start = time.monotonic()
		for i in range(count):
		    time.sleep(max(0, start + i / rate - time.monotonic()))
		    sock.sendto(bytes(36), ("239.1.1.1", 9))	# 64 octets with headers
	END
}

# copied COUNT: the peers have got so many in all
copied()
{
	[ "$(copies)" -ge "$1" ]
}

copies()
{
	on "$HUB" cat /proc/net/dev | awk '$1 == "sink:" { print $11 }'
}

# replicate COUNT: and wait until all copies are made
replicate()
{
	local before

	before=$(copies)
	group_stream "$1"
	busywait 60 copied $((before + $1 * listed)) || :
}

# unequal COUNT: the peers that have not got just so many
unequal()
{
	nhrp -n "$HUB" -s -j peer show dev tun0 |
		jq "map(select(.tx.packets != $1)) | length"
}

# mcast_row LISTED: with so many peers
mcast_row()
{
	local listed=$1 count=$mcast_packets busy before average longest quiet

	tunnel_mgre_empty || return
	entries "$listed" "map add" nbma "dev tun0 multicast" |
		try nhrp -n "$HUB" -batch - || return
	pings sleep 1
	quiet=$longest
	# the routes to all peers are cached from here on
	replicate 1
	expect "$listed peers: that did not get one" "$(unequal 1)" 0
	busy
	before=$busy
	replicate "$count"
	busy
	before=$(((busy - before) / count / listed))
	pings replicate "$count"
	expect "$listed peers: that did not get each" "$(unequal $((2 * count + 1)))" 0
	expect "$listed peers: dropped" \
		"$(dropped "$HUB" tun0 tx_mcast_queue)" 0
	printf '%8d %8d %12d %14d %14d %14d\n' "$listed" "$mcast_rate" "$before" \
		"$quiet" "$average" "$longest"
	delay=$longest
	tunnel_gone
}

bench_mcast()
{
	local listed delay=0

	echo "replication of $mcast_packets datagrams of 64 octets, so many in a second; CPU for a"
	echo "copy, all that sends and counts included, and ns of a ping beside it: the longest"
	echo "without, the average and the longest with it"
	printf '%8s %8s %12s %14s %14s %14s\n' peers rate "CPU, ns" "longest alone" \
		average longest
	for listed in $mcast_listed; do
		mcast_row "$listed"
	done
	goal "ns of the longest ping beside a stream to $listed peers" "$delay" most 5000000
	echo
}
