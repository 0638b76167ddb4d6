#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What mgre costs a hub, beside ip_gre: for each packet, and for a table of up to
# a million mappings to load, keep, dump, flush and delete. "make bench" runs it
# in a VM that counts instructions: there the clock advances 1 ns with each, so a
# time is a number of instructions. It does not see what a real CPU waits for
# (caches, locks, other CPUs); a second is one of a CPU that does an instruction
# per ns.
#
#    gen                            hub
#  +------+                     +----------+
#  | p0 --+---------------------+ lan      |
#  |      |     spoke           |     sink +--- counts and frees
#  |      |   +--------+        |          |
#  | p1 --+---+ in out-+--------+ wan      |
#  +------+   +--------+  GRE   +----------+
#                      .2      .1           203.0.113.2
#                      198.51.100.0/24
#
# bench/traffic.sh says how packets are measured, bench/cache.sh how the table; of
# the same kind are bench/pairs.sh, bench/tcp.sh, bench/memory.sh and bench/mcast.sh.
#
# Exits 1 if something did not do what it measures. A goal that is missed is
# printed as such, and is no failure.
#
# BENCH_PACKETS (1000) make a run, BENCH_RUNS (3) are made for each row,
# BENCH_SIZES ("64 1400") are the octets of the inner packet; BENCH_SCALE
# ("1 1000 100000 1000000") are the mappings that a packet to any of them is
# measured with, BENCH_MAPPINGS (1000000) those of the table that is loaded,
# BENCH_LARGE (100000) those that a device is deleted with, BENCH_NEIGHBOURS
# (100000) the neighbours that are loaded, BENCH_ROUTES (100000) those with a route
# each that ip_gre is deleted with, BENCH_PAIRS ("4-4 4-6 6-4 6-6") are the
# pairs of families, inner and outer, BENCH_TCP_MB (64) the MiB that TCP carries,
# BENCH_PEERS (100000) those that get a packet each, BENCH_MCAST_LISTED ("10 100 1000")
# those that a stream is replicated to, of BENCH_MCAST_PACKETS (200), of which
# BENCH_MCAST_RATE (100) are sent in a second; BENCH_ONLY (traffic, pairs, scale, tcp,
# cache, memory, mcast) names the parts to run.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

packets=${BENCH_PACKETS:-1000}
runs=${BENCH_RUNS:-3}
sizes=${BENCH_SIZES:-64 1400}
scale=${BENCH_SCALE:-1 1000 100000 1000000}
mappings=${BENCH_MAPPINGS:-1000000}
large=${BENCH_LARGE:-100000}
neighbours=${BENCH_NEIGHBOURS:-100000}
routes=${BENCH_ROUTES:-100000}
pairs=${BENCH_PAIRS:-4-4 4-6 6-4 6-6}
tcp_mb=${BENCH_TCP_MB:-64}
peers=${BENCH_PEERS:-100000}
mcast_listed=${BENCH_MCAST_LISTED:-10 100 1000}
mcast_packets=${BENCH_MCAST_PACKETS:-200}
mcast_rate=${BENCH_MCAST_RATE:-100}
parts=${BENCH_ONLY:-traffic pairs scale tcp cache memory mcast}

hub_nbma=198.51.100.1
spoke_nbma=198.51.100.2
far_nbma=203.0.113.2
inner_net=10.128.0.0/9
inner_first=$((10 << 24 | 128 << 16 | 1))
nbma_net=100.64.0.0/10
nbma_first=$((100 << 24 | 64 << 16 | 1))

finished=
distrusted=0
elapsed=0		# ns that the last thing measured took
goals=()		# what has become of them, a line each

# In place of lib.sh's: no KTAP here, one line.
ktap_verdict()
{
	if [ -z "$finished" ] || [ -n "$ktap_bailed" ]; then
		echo "bench: failed${ktap_bailed:+: $ktap_bailed}" >&2
		return 1
	fi
	if [ $distrusted -ne 0 ]; then
		echo "bench: failed: $distrusted things did not do what they measure" >&2
		return 1
	fi
	echo "bench: ok"
}

# distrust TEXT...: something did not do what it measures
distrust()
{
	echo "bench: $*" >&2
	distrusted=$((distrusted + 1))
}

# expect WHAT GOT WANT
expect()
{
	[ "$2" = "$3" ] || distrust "$1: ${2:-none}, not $3"
}

# ratio NUMBER NUMBER: with two decimals
ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'
}

# goal WHAT GOT least|most WANT
goal()
{
	goals+=("$(awk -v what="$1" -v got="$2" -v op="$3" -v want="$4" 'BEGIN {
		met = op == "least" ? got + 0 >= want + 0 : got + 0 <= want + 0
		printf "%-58s %8s  at %-5s %5s  %s", what, got, op, want,
			met ? "reached" : "MISSED"
	}')")
}

# address NUMBER: dotted
address()
{
	echo $(($1 >> 24)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))
}

# For awk: address(), of many.
awk_dotted='
	function dotted(x) {
		return int(x / 16777216) "." int(x / 65536) % 256 "." \
			int(x / 256) % 256 "." x % 256
	}'

# entries COUNT PREFIX INFIX SUFFIX: "PREFIX overlay INFIX nbma SUFFIX" each
entries()
{
	awk -v n="$1" -v over="$inner_first" -v nbma=$nbma_first \
		-v a="$2" -v b="$3" -v c="$4" "$awk_dotted"'
		BEGIN {
			for (i = 0; i < n; i++)
				print a, dotted(over + i), b, dotted(nbma + i), c
		}'
}

# host_mappings COUNT: a batch of them, each with a peer of its own
host_mappings()
{
	entries "$1" "map add" nbma "dev tun0"
}

# topology: all neighbours are permanent, so that none is probed while we count.
# The peers of a large table are behind the sink as well.
topology()
{
	ns_new GEN gen && ns_new SPOKE spoke && ns_new HUB hub || return
	try ip -n "$GEN" -batch - <<-END || return
		link add p0 address 02:00:00:00:00:01 type veth \\
			peer name lan address 02:00:00:00:00:02 netns $HUB
		link add p1 address 02:00:00:00:00:03 type veth \\
			peer name in address 02:00:00:00:00:04 netns $SPOKE
		link set p0 up
		link set p1 up
	END
	try ip -n "$SPOKE" -batch - <<-END || return
		link add out address 02:00:00:00:00:05 type veth \\
			peer name wan address 02:00:00:00:00:06 netns $HUB
		addr add $spoke_nbma/24 dev out
		link set in up
		link set out up
		neigh add $hub_nbma lladdr 02:00:00:00:00:06 dev out nud permanent
		route add default via $hub_nbma
	END
	spoke_tunnels || return
	try ip -n "$HUB" -batch - <<-END || return
		link add sink type dummy
		addr add $hub_nbma/24 dev wan
		addr add 203.0.113.1/24 dev sink
		link set lan up
		link set wan up
		link set sink up
		neigh add $far_nbma lladdr 02:00:00:00:00:07 dev sink nud permanent
		neigh add $spoke_nbma lladdr 02:00:00:00:00:05 dev wan nud permanent
		route add $nbma_net via $far_nbma
	END
	try on "$HUB" tc qdisc add dev lan clsact &&
	try on "$HUB" tc qdisc add dev wan clsact &&
	try busywait 10 links_up
}

# spoke_tunnels: by which the spoke sends GRE to the hub, and to who is behind it
spoke_tunnels()
{
	try ip -n "$SPOKE" -batch - <<-END
		link add to_hub type gre local $spoke_nbma remote $hub_nbma ttl 64
		link add to_far type gre local $spoke_nbma remote $far_nbma ttl 64
		link set to_hub up
		link set to_far up
	END
}

# links_up: carriers are seen up to a second late, and then all cached routes go
links_up()
{
	local dev

	for dev in lan wan; do
		ip -n "$HUB" -br link show dev $dev | grep -q ' UP ' || return
	done
}

# shellcheck source=bench/traffic.sh
. "$top/selftests/bench/traffic.sh"
# shellcheck source=bench/cache.sh
. "$top/selftests/bench/cache.sh"
# shellcheck source=bench/pairs.sh
. "$top/selftests/bench/pairs.sh"
# shellcheck source=bench/tcp.sh
. "$top/selftests/bench/tcp.sh"
# shellcheck source=bench/memory.sh
. "$top/selftests/bench/memory.sh"
# shellcheck source=bench/mcast.sh
. "$top/selftests/bench/mcast.sh"

need tc awk shuf iperf3 jq ethtool
mgre_load
for module in pktgen dummy veth ip_gre ip6_gre sch_ingress cls_matchall act_gact; do
	try modprobe $module
done
topology

echo "Linux $(uname -r)"
for part in traffic pairs scale tcp cache memory mcast; do
	[[ " $parts " != *" $part "* ]] || "bench_$part"
done
[ ${#goals[@]} -eq 0 ] || printf '%s\n' goals "${goals[@]}" ""
finished=1
