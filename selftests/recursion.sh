#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The underlay route to a peer leads back into the tunnel, or through other
# tunnels: what makes sense passes, what does not is dropped once, counted,
# logged, and over when routing is mended.
#
#   hub, site 0                         router             site 1
#  +--------------------+           +-----------+         +--------------------+
#  | self   10.50.0.1   |           |           |         | self   10.50.0.2   |
#  | mutA   10.51.0.1   |           |           |         | mutA   10.51.0.2   |
#  | mutB   10.52.0.1   |           |           |         | mutB   10.52.0.2   |
#  | deep0  10.60.0.1   |           |           |         | deep0  10.60.0.2   |
#  | ...                |           |           |         | ...                |
#  | eth0 192.0.2.2    -+-----------+ s0     s1 +---------+ eth0 198.51.100.2, |
#  |                    |           |           |         |            .3, .4  |
#  +--------------------+           +-----------+         +--------------------+
#
# deep0 goes over eth0, deep1 over deep0 and so on. All addresses have an IPv6
# fellow: 10.5x.0.y fd5x::y, 198.51.100.y 2001:db8:1:1::y. A test case
# runs with either family underneath, and with no queue or some queue on all
# devices: with one a packet comes around in another context, where the kernel's
# own count of nested transmissions begins anew. RECURSION_QUEUES ("none pfifo")
# may name fq_codel and tbf too.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=device/lib.sh
. "$(dirname "$0")/device/lib.sh"

read -r -a queues <<<"${RECURSION_QUEUES:-none pfifo}"
DEEP=(deep0 deep1 deep2 deep3 deep4)
MUTUAL=(mutA mutB)
# What a test case changes the devices to, one after the other
OPTIONS=("ttl 64 pmtudisc" "ttl inherit nopmtudisc")

# What tc says of a queue of each kind
declare -A QUEUE=(
	[pfifo]="pfifo limit 1000"
	[fq_codel]="fq_codel"
	[tbf]="tbf rate 100mbit burst 100kb latency 100ms"
)

# ---- devices

# addr FAMILY NET SITE: 10.NET.0.x or fdNET::x
addr()
{
	[ "$1" = 4 ] && echo "10.$2.0.$(($3 + 1))" || echo "fd$2::$(($3 + 1))"
}

# peer_addr FAMILY LAST: an underlay address of site 1
peer_addr()
{
	[ "$1" = 4 ] && echo "198.51.100.$2" || echo "2001:db8:1:1::$2"
}

# tunnel_list FAMILY SITE: a line "DEV NET LOCAL REMOTE [OPTION]..." each
tunnel_list()
{
	local family=$1 i=$2 net here there

	for net in 50 51 52; do
		here=$(nbma "$family" 0)
		there=$(peer_addr "$family" $((net - 48)))
		[ "$i" = 0 ] || { here=$there; there=$(nbma "$family" 0); }
		case $net in
		50) echo "self $net $here $there key $net" ;;
		51) echo "mutA $net $here $there key $net" ;;
		52) echo "mutB $net $here $there key $net" ;;
		esac
	done
	echo "deep0 60 $(nbma "$family" "$i") $(nbma "$family" $((1 - i)))"
	for net in 61 62 63 64; do
		echo "deep$((net - 60)) $net $(addr "$family" $((net - 1)) "$i")" \
			"$(addr "$family" $((net - 1)) $((1 - i)))"
	done
}

# tunnels FAMILY: all devices at both ends, both families inside
tunnels()
{
	local i dev net here there options

	for i in 0 1; do
		tunnel_list "$1" $i >"$tmp/tunnels"
		while read -r dev net here there options; do
			echo "link add $dev type mgre local $here $options"
			echo "addr add $(addr 4 "$net" $i)/24 dev $dev"
			echo "addr add $(addr 6 "$net" $i)/64 dev $dev nodad"
			echo "link set $dev up"
		done <"$tmp/tunnels" >"$tmp/ip"
		while read -r dev net here there options; do
			echo "map add $(addr 4 "$net" $((1 - i))) nbma $there dev $dev"
			echo "map add $(addr 6 "$net" $((1 - i))) nbma $there dev $dev"
		done <"$tmp/tunnels" >"$tmp/nhrp"
		[ $i = 1 ] ||
			echo "map add 10.51.0.0/24 nbma $(peer_addr "$1" 3) dev mutA" >>"$tmp/nhrp"
		try ip -n "${SITE[i]}" -batch "$tmp/ip" &&
		try nhrp -n "${SITE[i]}" -batch "$tmp/nhrp" || return
	done
}

# tunnels_gone: the devices with all that belongs to them
tunnels_gone()
{
	local ns dev

	for ns in "${SITE[@]}"; do
		for dev in self "${MUTUAL[@]}" "${DEEP[@]}"; do
			ip -n "$ns" link del "$dev" 2>/dev/null || :
		done
	done
}

# queue KIND DEV...: at the hub
queue()
{
	local kind=$1 dev

	shift
	for dev; do
		if [ "$kind" = none ]; then
			tc -n "${SITE[0]}" qdisc del dev "$dev" root 2>/dev/null || :
		else
			# shellcheck disable=SC2086 # words
			try tc -n "${SITE[0]}" qdisc replace dev "$dev" root ${QUEUE[$kind]}
		fi
	done
}

# options "OPTION..." DEV...: changed at the hub
options()
{
	local words=$1 dev

	shift
	for dev; do
		# shellcheck disable=SC2086 # words
		try ip -n "${SITE[0]}" link change "$dev" type mgre $words
	done
}

# route ACTION FAMILY LAST WHERE...: the hub's route to that address of site 1
route()
{
	local action=$1 to

	to=$(peer_addr "$2" "$3")
	shift 3
	try ip -n "${SITE[0]}" route "$action" "$to" "$@"
}

# ---- counting

# counts DEV...: sets dropped to the number of packets that were dropped for
# recursion, which are the collisions of ip -s link, and sent to those that were
# sent or failed to be sent. In no other process than cat: it is called often.
counts()
{
	local field

	sent=0
	dropped=0
	while read -ra field; do
		[[ " $* " == *" ${field[0]%:} "* ]] || continue
		sent=$((sent + field[10] + field[11]))
		dropped=$((dropped + field[14]))
	done < <(on "${SITE[0]}" cat /proc/self/net/dev)
}

dropped_are()
{
	local want=$1

	shift
	counts "$@"
	[ "$dropped" -ge "$want" ]
}

settles()
{
	local last=$sent

	counts "$@"
	[ "$sent" = "$last" ]
}

# settled DEV...: packets do not come around for ever
settled()
{
	counts "$@"
	busywait 5 settles "$@" || fail "packets still come around: $sent"
}

# recursions DEV...: the counter of that name
recursions()
{
	local dev sum=0

	for dev; do
		sum=$((sum + $(stat_sum "${SITE[0]}" "$dev" tx_recursion)))
	done
	echo $sum
}

# offered DEV...: what has become of the packets since counts(): sets dropped and
# sent to the differences, when all is quiet again and at least one is dropped
offered()
{
	local dropped_before=$dropped sent_before=$sent

	busywait 5 dropped_are $((dropped_before + ${AT_LEAST:-1})) "$@"
	settled "$@"
	dropped=$((dropped - dropped_before))
	sent=$((sent - sent_before))
}

# offer ADDRESS [PING OPTION]...: one packet, of which nothing comes back
offer()
{
	local to=$1

	shift
	refuse reaches "${SITE[0]}" "$to" -W 0.05 "$@"
}

# dropped_once MOST ADDRESS DEV...: one packet offered is dropped once, after MOST
# transmissions at most
dropped_once()
{
	local most=$1 to=$2

	shift 2
	counts "$@"
	offer "$to"
	offered "$@"
	assert_eq "$to: dropped for recursion" "$dropped" 1
	assert_test "$to: transmissions" "$sent" -le "$most"
}

# circle FAMILY: mutA over mutB over mutA
circle()
{
	route add "$1" 3 via "$(addr "$1" 52 1)" dev mutB
	route add "$1" 4 via "$(addr "$1" 51 1)" dev mutA
}

circle_mended()
{
	route del "$1" 4
	route del "$1" 3
}

# ---- cases

# The route to the peer is the tunnel itself, as a routing protocol that talks
# over the tunnel may bring it about.
self_recursion()
{
	local family=$1 queue=$2 words to ns=${SITE[0]}

	queue "$queue" self
	for words in "${OPTIONS[@]}"; do
		options "$words" self
		to=$(addr 4 50 1)
		try reaches "$ns" "$to"
		route add "$family" 2 dev self
		dropped_once 1 "$to" self
		route replace "$family" 2 via "$(addr "$family" 50 1)" dev self
		dropped_once 1 "$(addr 6 50 1)" self
		route del "$family" 2
		try reaches "$ns" "$to"
	done
	queue none self
}

# A over B makes sense, A over B over A does not.
mutual_recursion()
{
	local family=$1 queue=$2 words to a b ns=${SITE[0]}

	to=$(addr 4 51 1)
	a=$(addr "$family" 51 1)
	b=$(addr "$family" 52 1)
	queue "$queue" "${MUTUAL[@]}"
	for words in "${OPTIONS[@]}"; do
		options "$words" "${MUTUAL[@]}"
		route add "$family" 3 via "$b" dev mutB
		try reaches "$ns" "$to"
		route add "$family" 4 via "$a" dev mutA
		dropped_once 10 "$to" "${MUTUAL[@]}"
		dropped_once 10 "$(addr 6 52 1)" "${MUTUAL[@]}"
		route del "$family" 4
		try reaches "$ns" "$to"
		route del "$family" 3
		try reaches "$ns" "$to"
	done
	queue none "${MUTUAL[@]}"
}

# Four tunnels in each other are enough for anybody, the fifth is not.
depth()
{
	local family=$1 queue=$2 words ns=${SITE[0]}

	queue "$queue" "${DEEP[@]}"
	for words in "${OPTIONS[@]}"; do
		options "$words" "${DEEP[@]}"
		try reaches "$ns" "$(addr 4 63 1)"
		dropped_once 5 "$(addr 4 64 1)" "${DEEP[@]}"
		try reaches "$ns" "$(addr 6 63 1)"
		dropped_once 5 "$(addr 6 64 1)" "${DEEP[@]}"
	done
	queue none "${DEEP[@]}"
}

# What four tunnels carry is not only echo requests: segments of TCP, and
# datagrams that are fragmented on the way.
depth_carries()
{
	local family=$1

	options "ttl 64 pmtudisc" "${DEEP[@]}"
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "$(addr 4 63 1)" "$tmp/data"
	try transfer TCP "${SITE[1]}" "${SITE[0]}" "$(addr 4 63 0)" "$tmp/data"
	try reaches "${SITE[0]}" "$(addr 4 63 1)" -s 4000
	try reaches "${SITE[0]}" "$(addr 6 63 1)" -s 4000
}

# Where the devices may fragment, each round may make two of one, and a fragment
# shows no GRE header of what is inside. The rounds of all of them must end. Each
# packet goes to another address, of which no path MTU has been learnt, and fills
# the first device's MTU, not the second's.
fragments_end()
{
	local family=$1 queue=$2 mtu less

	mtu=$(ip -n "${SITE[0]}" -j link show mutA | jq '.[0].mtu')
	queue "$queue" "${MUTUAL[@]}"
	options "ttl 64 nopmtudisc" "${MUTUAL[@]}"
	circle "$family"
	for less in 0 60 120; do
		fresh=$((fresh + 1))
		counts "${MUTUAL[@]}"
		offer 10.51.0.$fresh -M dont -s $((mtu - 28 - less))
		offered "${MUTUAL[@]}"
		note "IPv$family, queue $queue, $((mtu - less)) octets:" \
			"$dropped drops, $sent transmissions"
		assert_test "drops" "$dropped" -ge 1
		assert_test "transmissions" "$sent" -le 100
	done
	circle_mended "$family"
	queue none "${MUTUAL[@]}"
	try reaches "${SITE[0]}" "$(addr 4 51 1)"
}

# Many packets at once: each is dropped, none is sent again and again.
flood_ends()
{
	local family=$1 queue=$2 before to

	to=$(addr 4 51 1)
	queue "$queue" "${MUTUAL[@]}"
	options "ttl 64 pmtudisc" "${MUTUAL[@]}"
	circle "$family"
	before=$(recursions "${MUTUAL[@]}")
	counts "${MUTUAL[@]}"
	refuse on "${SITE[0]}" timeout 20 ping -q -n -f -c 300 -l 200 -W 0.05 "$to"
	AT_LEAST=300 offered "${MUTUAL[@]}"
	assert_eq "dropped" "$dropped" 300
	assert_eq "tx_recursion" $(($(recursions "${MUTUAL[@]}") - before)) 300
	assert_test "transmissions" "$sent" -le 3000
	circle_mended "$family"
	try reaches "${SITE[0]}" "$to"
	queue none "${MUTUAL[@]}"
}

# logged REGEX ADDRESS: a packet to it gets such a line
logged()
{
	offer "$2"
	log_lines "$1"
}

# The line names the device and the peer; there is one before long, and there are
# few, however many packets are dropped.
logged_once()
{
	local family=$1 peer line to began

	to=$(addr 4 50 1)
	peer=$(peer_addr "$family" 2)
	line="self: recursive routing to peer $peer( |\$|:|,)"
	try reaches "${SITE[0]}" "$to"
	log_mark
	assert_eq "lines without recursion" "$(log_count "recursive routing")" 0
	route add "$family" 2 dev self
	busywait 15 logged "$line" "$to" ||
		fail "no such line: $line; $(log_lines "recursive|mgre|self" | tail -n 5)"
	counts self
	began=$SECONDS
	log_mark
	refuse on "${SITE[0]}" timeout 20 ping -q -n -f -c 500 -l 400 -W 0.05 "$to"
	AT_LEAST=500 offered self
	assert_eq "dropped" "$dropped" 500
	# net_ratelimit() lets ten of them pass in 5 s, which a slow machine takes longer than.
	assert_test "lines for 500 packets" "$(log_count "recursive routing")" \
		-le $((11 + (slow ? 10 * ((SECONDS - began) / 5 + 1) : 0)))
	route del "$family" 2
	try reaches "${SITE[0]}" "$to"

	log_mark
	busywait 15 logged "deep[0-4]: recursive routing to peer " "$(addr 4 64 1)" ||
		fail "no line for tunnels too deep"
	circle "$family"
	line="mutA: recursive routing to peer $(peer_addr "$family" 3)"
	line+="|mutB: recursive routing to peer $(peer_addr "$family" 4)"
	busywait 15 logged "$line" "$(addr 4 51 1)" ||
		fail "no such line: $line; $(log_lines recursive | tail -n 5)"
	circle_mended "$family"
}

# With a stock tunnel in the circle somebody drops the packet, mgre or the other.
stock_recursion()
{
	local family=$1 ns=${SITE[0]} kind=gre to before remote

	[ "$family" = 4 ] || kind=ip6gre
	remote=$(peer_addr "$family" 4)
	to=$(addr 4 51 1)
	options "ttl 64 nopmtudisc" mutA
	try ip -n "$ns" -batch - <<-END || return
		link add stock type $kind local $(nbma "$family" 0) remote $remote key 99
		addr add $(addr 4 53 0)/24 dev stock
		addr add $(addr 6 53 0)/64 dev stock nodad
		link set stock up
	END
	route add "$family" 3 dev stock
	route add "$family" 4 via "$(addr "$family" 51 1)" dev mutA
	counts mutA
	before=$((dropped + $(link_stat "$ns" stock 'tx | .errors + .dropped')))
	offer "$to"
	settled mutA stock
	counts mutA
	assert_test "dropped" $((dropped +
		$(link_stat "$ns" stock 'tx | .errors + .dropped') - before)) -ge 1
	counts stock
	assert_test "transmissions" "$sent" -le 20
	route del "$family" 4
	route del "$family" 3
	try ip -n "$ns" link del stock
	try reaches "$ns" "$to"
}

# Every case over one family underneath
underlay_cases()
{
	local family=$1 queue

	for queue in "${queues[@]}"; do
		test_case "IPv$family: through itself, queue $queue" \
			self_recursion "$family" "$queue"
		test_case "IPv$family: through each other, queue $queue" \
			mutual_recursion "$family" "$queue"
		test_case "IPv$family: four deep, not five, queue $queue" \
			depth "$family" "$queue"
		test_case "IPv$family: fragments, queue $queue" \
			fragments_end "$family" "$queue"
	done
	test_case "IPv$family: four deep carry TCP and fragments" depth_carries "$family"
	test_case "IPv$family: a flood" flood_ends "$family" none
	test_case "IPv$family: a flood through queues" flood_ends "$family" pfifo
	test_case "IPv$family: a line in the log" logged_once "$family"
	test_case "IPv$family: through a stock tunnel" stock_recursion "$family"
}

need jq ethtool tc socat cmp
try modprobe -a ip_gre ip6_gre sch_tbf
mgre_load
topo_underlay 1
topo_ipv6
for i in 0 1; do
	# For five headers of IPv6 and 1280 octets in the fifth
	try ip -n "$ROUTER" link set s$i mtu 2000
	try ip -n "${SITE[i]}" link set eth0 mtu 2000
done
for i in 3 4; do
	try ip -n "${SITE[1]}" -batch - <<-END
		addr add $(peer_addr 4 $i)/26 dev eth0
		addr add $(peer_addr 6 $i)/64 dev eth0 nodad
	END
done
head -c 200000 /dev/urandom >"$tmp/data"

fresh=10
ktap_plan $((2 * (4 * ${#queues[@]} + 5)))
tunnels 4
underlay_cases 4
tunnels_gone
tunnels 6
underlay_cases 6
