# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # bench.sh sets what stands at its top
#
# bench.sh: instructions for a packet.
#
# pktgen sends UDP, one packet after the other is all the way through. Directions:
# transmit (in by lan, out by the tunnel), receive (in by GRE from the spoke, out
# as it is), relay (in by GRE, out by GRE). The cost of a row is that of its run
# less that of one in which tc drops the packets where they enter the hub; "above"
# is less that of forwarding them unchanged (lan to sink as IP, wan to sink as
# GRE).
#
# To a table of many mappings packets go to as many destinations: each gets one
# before we count, so that the routes to all peers are cached; those that count go
# to destinations at random out of all.

directions="transmit receive relay"
gre_octets=24		# of outer headers, without a key

# By kind, direction, size and number of destinations: instructions per packet,
# and a mark on those that are not to be trusted.
declare -A cost=() mark=()

# ---- what the hub has

# tunnel_remote: ip_gre with "remote", so a device for each peer
tunnel_remote()
{
	try ip -n "$HUB" -batch - <<-END
		link add tun0 type gre local $hub_nbma remote $far_nbma ttl 64
		link add tun1 type gre local $hub_nbma remote $spoke_nbma ttl 64
		addr add 10.0.0.1/24 dev tun0
		link set tun0 up
		link set tun1 up
	END
}

tunnel_nbma()
{
	try ip -n "$HUB" -batch - <<-END
		link add tun0 type gre local $hub_nbma ttl 64
		addr add 10.0.0.1/24 dev tun0
		link set tun0 up
		neigh add 10.0.0.2 lladdr $far_nbma dev tun0 nud permanent
		neigh add 10.0.0.3 lladdr $spoke_nbma dev tun0 nud permanent
	END
}

tunnel_mgre_empty()
{
	try ip -n "$HUB" -batch - <<-END
		link add tun0 type mgre local $hub_nbma ttl 64
		addr add 10.0.0.1/24 dev tun0
		link set tun0 up
	END
}

tunnel_mgre()
{
	tunnel_mgre_empty &&
	try nhrp -n "$HUB" -batch - <<-END
		map add 10.0.0.2 nbma $far_nbma dev tun0
		map add 10.0.0.3 nbma $spoke_nbma dev tun0
	END
}

# tunnel_hosts: a mapping for each destination
tunnel_hosts()
{
	tunnel_mgre_empty &&
	try nhrp -n "$HUB" -batch - < <(host_mappings "$destinations")
}

# tunnel_lengths: eight prefix lengths, of which the shortest matches
tunnel_lengths()
{
	local length

	tunnel_mgre_empty &&
	try nhrp -n "$HUB" -batch - < <(
		for length in 32 30 28 26 24 20 16; do
			echo "map add 172.16.0.0/$length nbma $spoke_nbma dev tun0"
		done
		echo "map add $inner_net nbma $far_nbma dev tun0")
}

# tunnel_shortcut: a shortcut for each destination, whose route is by the peer
tunnel_shortcut()
{
	tunnel_mgre &&
	try nhrp -n "$HUB" -batch - < <(entries "$destinations" "map add" nbma \
		"dev tun0 shortcut")
}

# tunnel_other: one shortcut, of none of them
tunnel_other()
{
	tunnel_mgre &&
	try nhrp -n "$HUB" map add 172.16.0.1 nbma "$spoke_nbma" dev tun0 shortcut
}

tunnel_gone()
{
	local dev

	for dev in tun0 tun1; do
		ip -n "$HUB" link del $dev 2>/dev/null
	done
}

tunnel_drop()
{
	local dev

	for dev in lan wan; do
		try on "$HUB" tc filter add dev $dev ingress matchall action drop
	done
}

tunnel_plain()
{
	local dev

	for dev in lan wan; do
		on "$HUB" tc filter del dev $dev ingress
	done
}

# route DIRECTION KIND: where the hub and the spoke send the packets
route()
{
	local by="via 10.0.0.2 dev tun0" spoke_by=to_hub

	case $1-$2 in
	*-drop | *-plain) by="via $far_nbma dev sink" spoke_by=to_far ;;
	receive-*) by="via $far_nbma dev sink" ;;
	*-hosts | *-lengths) by="dev tun0" ;;
	esac
	# shellcheck disable=SC2086 # words
	try ip -n "$HUB" route replace $inner_net $by
	try ip -n "$SPOKE" route replace "$inner_net" dev $spoke_by
}

# ---- packets

# generator DIRECTION SIZE COUNT each|random: set up pktgen for COUNT packets,
# each to the next destination, or to any. Without "shared", a packet is pktgen's
# no more once it is sent, as one from a network card; else whoever writes to it
# must copy it. Linux 6.1 knows shared packets only. A random destination is never
# the last one of the range.
generator()
{
	local mac=02:00:00:00:00:04 last=$((inner_first + destinations - 1))
	local random='!IPDST_RND'

	generator=p1
	[ "$1" != transmit ] || { generator=p0; mac=02:00:00:00:00:02; }
	if [ "$4" = random ] && [ "$destinations" -gt 1 ]; then
		random=IPDST_RND
		last=$((last + 1))
	fi
	# shellcheck disable=SC2016 # the inner shell expands it
	try on "$GEN" sh -c 'while read -r file command; do
		echo "$command" 2>/dev/null >"/proc/net/pktgen/$file" ||
			[ "$command" = "flag !SHARED" ] || exit 1
	done' <<-END
		kpktgend_0 rem_device_all
		kpktgend_0 add_device $generator
		$generator dst_mac $mac
		$generator src_min 10.9.0.1
		$generator src_max 10.9.0.1
		$generator dst_min $(address "$inner_first")
		$generator dst_max $(address $last)
		$generator flag $random
		$generator pkt_size $(($2 + 14))
		$generator count $3
		$generator delay 0
		$generator flag !SHARED
	END
}

# counters INPUT: the hub's packets and octets that have left by the sink, and
# packets that have come by INPUT
counters()
{
	on "$HUB" cat /proc/net/dev | awk -v input="$1:" '
		$1 == "sink:" { packets = $11; octets = $10 }
		$1 == input { came = $3 }
		END { print packets, octets, came }'
}

# send NAME INPUT OCTETS COUNT: send the packets, check that each came by INPUT
# and left with so many OCTETS (0: did not leave); $elapsed is the time of the run
send()
{
	local name=$1 input=$2 octets=$3 count=$4 before after result

	read -ra before < <(counters "$input")
	# shellcheck disable=SC2016 # the inner shell expands it
	result=$(on "$GEN" sh -c 'cd /proc/net/pktgen && echo start >pgctrl &&
		sed -n "s/^Result: OK: \([0-9]*\)(.*usec, \([0-9]*\) .*/\1 \2/p" "$1"' \
		sh "$generator")
	result=${result:-0 0}
	read -ra after < <(counters "$input")

	expect "$name: packets sent" "${result#* }" "$count"
	expect "$name: packets that came" $((after[2] - before[2])) "$count"
	expect "$name: packets that left" $((after[0] - before[0])) \
		$((octets ? count : 0))
	expect "$name: octets that left" $((after[1] - before[1])) $((count * octets))
	elapsed=$((${result%% *} * 1000))
}

# measure DIRECTION SIZE KIND: the first packets find routes and neighbours; of the
# runs that follow the cheapest counts, in which the least of something else
# happened
measure()
{
	local input=wan octets=$(($2 + 14 + gre_octets)) run was=$distrusted least=
	local name="$3, $1, $2 octets" warm=$packets key="$3 $1 $2 $destinations"

	[ "$1" != transmit ] || input=lan
	case $1-$3 in
	*-drop) octets=0 ;;
	transmit-plain | receive-[!p]*) octets=$(($2 + 14)) ;;
	esac
	case $3 in
	hosts | shortcut) [ "$destinations" -lt "$warm" ] || warm=$destinations ;;
	esac
	route "$1" "$3"
	generator "$1" "$2" "$warm" each
	send "$name, before" $input $octets "$warm"
	generator "$1" "$2" "$packets" random
	for ((run = 1; run <= runs; run++)); do
		send "$name, run $run" $input $octets "$packets"
		if [ "$elapsed" -lt "${least:-$((elapsed + 1))}" ]; then
			least=$elapsed
		fi
	done
	cost["$key"]=$((least / packets))
	[ "$distrusted" -eq "$was" ] || mark["$key"]="  packets lost or changed"
}

# ---- rows

# above KIND DIRECTION SIZE: instructions more than plain forwarding
above()
{
	echo $((${cost["$1 $2 $3 $destinations"]} - ${cost["plain $2 $3 $destinations"]}))
}

table_head()
{
	printf '%6s  %-9s %-30s %7s %7s %6s %10s\n' octets direction hub \
		instr. above ratio packets/s
}

# row LABEL KIND DIRECTION SIZE
row()
{
	local key="$3 $4 $destinations" all above

	all=$((${cost["$2 $key"]} - ${cost["drop $key"]}))
	above=$(above "$2" "$3" "$4")
	printf '%6d  %-9s %-30s %7d %7d %6s %10d%s\n' "$4" "$3" "$1" $all "$above" \
		"$(ratio "$above" "$(above remote "$3" "$4")")" $((1000000000 / all)) \
		"${mark["$2 $key"]:-}"
}

# bench_traffic: all directions, with one peer
bench_traffic()
{
	local kind direction size destinations=1

	echo "instructions of the hub for a packet, the least of $runs runs with $packets;"
	echo "above: more than plain forwarding; ratio: of that to ip_gre with remote;"
	echo "packets/s: at one instruction in a ns"
	for kind in drop plain remote nbma mgre; do
		"tunnel_$kind" || return
		for direction in $directions; do
			for size in $sizes; do
				measure "$direction" "$size" $kind
			done
		done
		tunnel_gone
	done

	table_head
	for size in $sizes; do
		for direction in $directions; do
			row 'plain' plain "$direction" "$size"
			row "ip_gre remote" remote "$direction" "$size"
			row "ip_gre NBMA" nbma "$direction" "$size"
			row 'mgre' mgre "$direction" "$size"
		done
	done
	echo
}

# transmit KIND LABEL: measure one, print its row
transmit()
{
	"tunnel_$1" || return
	measure transmit "${sizes%% *}" "$1"
	[ $# -lt 2 ] || row "$2" "$1" transmit "${sizes%% *}"
	tunnel_gone
}

# transmit_base COUNT: what rows with so many destinations are compared with
transmit_base()
{
	destinations=$1
	transmit drop
	transmit plain
	transmit remote
}

# bench_scale: transmit to each of many mappings
bench_scale()
{
	local destinations size=${sizes%% *} first=

	echo "the same to N destinations at random, each with a mapping and a peer of its own"
	table_head
	for destinations in $scale; do
		transmit_base "$destinations"
		row "ip_gre remote, N = $destinations" remote transmit "$size"
		transmit hosts "mgre, N = $destinations"
		first=${first:-$(above hosts transmit "$size") $destinations}
	done
	goal "instructions above at $destinations mappings, to those at ${first#* }" \
		"$(ratio "$(above hosts transmit "$size")" "${first% *}")" most 1.3

	transmit_base 1000
	transmit lengths "mgre, 8 lengths, last matches"
	transmit other "mgre, 1 shortcut, none matches"
	transmit shortcut "mgre, 1000 shortcuts"
	echo
}
