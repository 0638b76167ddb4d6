#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a packet costs a hub on mgre, beside ip_gre with "remote" and ip_gre
# without (NBMA, permanent neighbours), and what 100,000 mappings cost to load,
# dump, flush and keep. "make bench" runs it in a VM that counts instructions:
# there the clock advances 1 ns with each, so a time is a number of
# instructions. It does not see what a real CPU waits for (caches, locks, other
# CPUs); a second is one of a CPU that does an instruction per ns.
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
# pktgen sends UDP, one packet after the other is all the way through; to the
# large cache as many destinations in turn as there are packets.
# Directions: transmit (in by lan, out by the tunnel), receive (in by GRE from
# the spoke, out as it is), relay (in by GRE, out by GRE). The cost of a row is
# that of its run less that of one in which tc drops the packets where they
# enter the hub; "above" is less that of forwarding them unchanged (lan to sink
# as IP, wan to sink as GRE).
#
# Exits 1 if in any run a packet went missing or left as something else.
#
# BENCH_PACKETS (1000) make a run, BENCH_RUNS (3) are made for each row,
# BENCH_SIZES ("64 1400") are the octets of the inner packet, BENCH_MAPPINGS
# (100000) and BENCH_NEIGHBOURS (10000) the entries of a large cache, BENCH_ONLY
# (traffic or cache) the part to run.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

packets=${BENCH_PACKETS:-1000}
runs=${BENCH_RUNS:-3}
sizes=${BENCH_SIZES:-64 1400}
mappings=${BENCH_MAPPINGS:-100000}
neighbours=${BENCH_NEIGHBOURS:-10000}
only=${BENCH_ONLY:-}

directions="transmit receive relay"
gre_octets=24		# of outer headers, without a key
hub_nbma=198.51.100.1
spoke_nbma=198.51.100.2
far_nbma=203.0.113.2
inner_net=10.128.0.0/9
inner_first=$((10 << 24 | 128 << 16 | 1))
nbma_net=100.64.0.0/10
nbma_first=$((100 << 24 | 64 << 16 | 1))

finished=
distrusted=0
elapsed=0		# ns that the last run took
# By kind, direction and size: instructions per packet, and a mark on those that
# are not to be trusted.
declare -A cost=() mark=()

# In place of lib.sh's: no KTAP here, one line.
ktap_verdict()
{
	if [ -z "$finished" ] || [ -n "$ktap_bailed" ]; then
		echo "bench: failed${ktap_bailed:+: $ktap_bailed}" >&2
		return 1
	fi
	if [ $distrusted -ne 0 ]; then
		echo "bench: failed: $distrusted runs did not do what they measure" >&2
		return 1
	fi
	echo "bench: ok"
}

# distrust TEXT...: a run did not do what it measures
distrust()
{
	echo "bench: $*" >&2
	distrusted=$((distrusted + 1))
}

# ---- topology

# All neighbours are permanent, so that none is probed while we count. The
# peers of a large cache are behind the sink as well.
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
		link add to_hub type gre local $spoke_nbma remote $hub_nbma ttl 64
		link add to_far type gre local $spoke_nbma remote $far_nbma ttl 64
		link set to_hub up
		link set to_far up
	END
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
	try on "$HUB" tc qdisc add dev wan clsact
}

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

tunnel_mgre()
{
	try ip -n "$HUB" -batch - <<-END || return
		link add tun0 type mgre local $hub_nbma ttl 64
		addr add 10.0.0.1/24 dev tun0
		link set tun0 up
	END
	try nhrp -n "$HUB" -batch - <<-END
		map add 10.0.0.2 nbma $far_nbma dev tun0
		map add 10.0.0.3 nbma $spoke_nbma dev tun0
	END
}

tunnel_large()
{
	tunnel_mgre && try nhrp -n "$HUB" -batch "$tmp/mappings"
}

tunnel_gone()
{
	local dev

	for dev in tun0 tun1; do
		ip -n "$HUB" link del $dev 2>/dev/null
	done
}

# route DIRECTION KIND: where the hub and the spoke send the packets
route()
{
	local by="via 10.0.0.2 dev tun0" spoke_by=to_hub

	[ "$2" != large ] || by="dev tun0"
	[ "$1" != receive ] || by="via $far_nbma dev sink"
	if [ "$2" = drop ] || [ "$2" = plain ]; then
		by="via $far_nbma dev sink"
		spoke_by=to_far
	fi
	# shellcheck disable=SC2086 # words
	try ip -n "$HUB" route replace $inner_net $by
	try ip -n "$SPOKE" route replace $inner_net dev $spoke_by
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
		try on "$HUB" tc filter del dev $dev ingress
	done
}

# ---- traffic

# generator DIRECTION SIZE KIND: set up pktgen. Without "shared", a packet is
# pktgen's no more once it is sent, as one from a network card; else whoever
# writes to it must copy it. Linux 6.1 knows shared packets only.
generator()
{
	local mac=02:00:00:00:00:04 last=$inner_first

	generator=p1
	[ "$1" != transmit ] || { generator=p0; mac=02:00:00:00:00:02; }
	[ "$3" != large ] || last=$((inner_first + mappings - 1))
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
		$generator dst_min $(address $inner_first)
		$generator dst_max $(address $last)
		$generator pkt_size $(($2 + 14))
		$generator count $packets
		$generator delay 0
		$generator flag !SHARED
	END
}

# address NUMBER: dotted
address()
{
	echo $(($1 >> 24)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))
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

# send NAME INPUT OCTETS: send the packets, check that each came by INPUT and
# left with so many OCTETS (0: did not leave); $elapsed is the time of the run
send()
{
	local name=$1 input=$2 octets=$3 before after result

	read -ra before < <(counters "$input")
	# shellcheck disable=SC2016 # the inner shell expands it
	result=$(on "$GEN" sh -c 'cd /proc/net/pktgen && echo start >pgctrl &&
		sed -n "s/^Result: OK: \([0-9]*\)(.*usec, \([0-9]*\) .*/\1 \2/p" "$1"' \
		sh "$generator")
	result=${result:-0 0}
	read -ra after < <(counters "$input")

	expect "$name: packets sent" "${result#* }" "$packets"
	expect "$name: packets that came" $((after[2] - before[2])) "$packets"
	expect "$name: packets that left" $((after[0] - before[0])) \
		$((octets ? packets : 0))
	expect "$name: octets that left" $((after[1] - before[1])) $((packets * octets))
	elapsed=$((${result%% *} * 1000))
}

# expect WHAT GOT WANT
expect()
{
	[ "$2" = "$3" ] || distrust "$1: ${2:-none}, not $3"
}

# measure DIRECTION SIZE KIND: the first run finds routes and neighbours; of the
# others the cheapest counts, in which the least of something else happened
measure()
{
	local input=wan octets=$(($2 + 14 + gre_octets)) run was=$distrusted least=

	[ "$1" != transmit ] || input=lan
	case $1-$3 in
	*-drop) octets=0 ;;
	transmit-plain | receive-[!p]*) octets=$(($2 + 14)) ;;
	esac
	route "$1" "$3"
	generator "$1" "$2" "$3"
	for ((run = 0; run <= runs; run++)); do
		send "$3, $1, $2 octets, run $run" $input $octets
		if [ $run -gt 0 ] && [ "$elapsed" -lt "${least:-$((elapsed + 1))}" ]; then
			least=$elapsed
		fi
	done
	cost["$3 $1 $2"]=$((least / packets))
	[ "$distrusted" -eq "$was" ] || mark["$3 $1 $2"]="  packets lost or changed"
}

traffic()
{
	local kind direction size

	for kind in drop plain remote nbma mgre large; do
		"tunnel_$kind" || return
		for direction in $directions; do
			for size in $sizes; do
				measure "$direction" "$size" $kind
			done
		done
		tunnel_gone
	done
}

# ratio NUMBER NUMBER: with two decimals
ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'
}

# row LABEL KIND DIRECTION SIZE
row()
{
	local key="$3 $4" all above base

	all=$((${cost["$2 $key"]} - ${cost["drop $key"]}))
	above=$((${cost["$2 $key"]} - ${cost["plain $key"]}))
	base=$((${cost["remote $key"]} - ${cost["plain $key"]}))
	printf '%6d  %-9s %-24s %7d %7d %6s %10d%s\n' "$4" "$3" "$1" $all $above \
		"$(ratio $above $base)" $((1000000000 / all)) "${mark["$2 $key"]:-}"
}

table()
{
	local size direction

	printf '%6s  %-9s %-24s %7s %7s %6s %10s\n' octets direction hub \
		instr. above ratio packets/s
	for size in $sizes; do
		for direction in $directions; do
			row 'plain' plain "$direction" "$size"
			row "ip_gre remote" remote "$direction" "$size"
			row "ip_gre NBMA" nbma "$direction" "$size"
			row "mgre" mgre "$direction" "$size"
			row "mgre, $mappings mappings" large "$direction" "$size"
		done
	done
}

# ---- cache

# entries COUNT PREFIX INFIX SUFFIX: "PREFIX overlay INFIX nbma SUFFIX" each
entries()
{
	awk -v n="$1" -v over=$inner_first -v nbma=$nbma_first \
		-v a="$2" -v b="$3" -v c="$4" '
		function dotted(x) {
			return int(x / 16777216) "." int(x / 65536) % 256 "." \
				int(x / 256) % 256 "." x % 256
		}
		BEGIN {
			for (i = 0; i < n; i++)
				print a, dotted(over + i), b, dotted(nbma + i), c
		}'
}

# timed COMMAND...: run it; $elapsed is its CPU time, for the clock also counts
# what the VM waits for its files
timed()
{
	local TIMEFORMAT='%U %S' status=0

	{ time "$@" 2>&3; } 2>"$tmp/time" || status=$?
	[ $status -eq 0 ] || fail "exit status $status: $*"
	elapsed=$(awk '{ printf "%d", ($1 + $2) * 1e9 }' "$tmp/time")
}

# report WHAT ENTRIES: of the last timed command
report()
{
	printf '%-47s %7d %9s %10d\n' "$1" "$2" \
		"$(awk "BEGIN { printf \"%.3f\", $elapsed / 1e9 }")" $((elapsed / $2))
}

# kernel_memory: octets of it, in slabs, vmalloc and per CPU
kernel_memory()
{
	awk '/^(Slab|VmallocUsed|Percpu):/ { sum += $2 } END { print sum * 1024 }' \
		/proc/meminfo
}

# report_memory WHAT ENTRIES BEFORE: what has come since $(kernel_memory)
report_memory()
{
	printf '%-47s %7d %9s %10d\n' "$1" "$2" - $((($(kernel_memory) - $3) / $2))
}

# slab_size CACHE: octets of an object (caches that share slabs are links)
slab_size()
{
	cat "/sys/kernel/slab/$1/slab_size" 2>/dev/null || echo "?"
}

# holds COUNT COMMAND...: COMMAND prints so many lines
holds()
{
	local want=$1 got

	shift
	got=$("$@" | wc -l)
	expect "lines of $*" "$got" "$want"
}

show_mappings()
{
	nhrp -n "$HUB" "$@" map show dev tun0 >"$tmp/dump"
}

show_neighbours()
{
	ip -n "$HUB" neigh show dev tun0 nud permanent >"$tmp/dump"
}

mapping_cache()
{
	local before octets

	octets=$(slab_size nhrp_mapping)+$(slab_size nhrp_peer)
	try ip -n "$HUB" link add tun0 type mgre local $hub_nbma
	before=$(kernel_memory)
	timed nhrp -n "$HUB" -batch "$tmp/mappings"
	report "nhrp -batch" "$mappings"
	report_memory "octets of a mapping and peer (slab $octets)" "$mappings" "$before"

	timed show_mappings
	report "nhrp map show" "$mappings"
	holds "$mappings" cat "$tmp/dump"
	timed show_mappings -j
	report "nhrp -j map show" "$mappings"

	timed nhrp -n "$HUB" map flush dev tun0
	report "nhrp map flush" "$mappings"
	holds 0 nhrp -n "$HUB" map show dev tun0

	timed nhrp -n "$HUB" -force -batch "$tmp/mappings"
	report "nhrp -force -batch" "$mappings"
	holds "$mappings" nhrp -n "$HUB" map show dev tun0
	timed ip -n "$HUB" link del tun0
	report "ip link del, mgre" "$mappings"
}

# For comparison.
neighbour_cache()
{
	local before

	try ip -n "$HUB" link add tun0 type gre local $hub_nbma
	try ip -n "$HUB" link set tun0 up
	before=$(kernel_memory)
	timed ip -n "$HUB" -batch "$tmp/neighbours"
	report "ip -batch, neighbours of ip_gre" "$neighbours"
	report_memory "octets of a neighbour (slab $(slab_size kmalloc-512))" \
		"$neighbours" "$before"

	timed show_neighbours
	report "ip neigh show" "$neighbours"
	holds "$neighbours" cat "$tmp/dump"
	timed ip -n "$HUB" link del tun0
	report "ip link del, ip_gre" "$neighbours"
}

need tc awk
mgre_load
for module in pktgen dummy veth ip_gre sch_ingress cls_matchall act_gact; do
	try modprobe $module
done
topology
entries "$mappings" "map add" nbma "dev tun0" >"$tmp/mappings"
entries "$neighbours" "neigh add" lladdr "dev tun0 nud permanent" >"$tmp/neighbours"

echo "Linux $(uname -r)"
if [ "$only" != cache ]; then
	echo "instructions of the hub for a packet, the least of $runs runs with $packets;"
	echo "above: more than plain forwarding; ratio: of that to ip_gre with remote;"
	echo "packets/s: at one instruction in a ns"
	traffic
	table
	echo
fi
if [ "$only" != traffic ]; then
	echo "CPU seconds of a command at one instruction in a ns"
	printf '%-47s %7s %9s %10s\n' cache entries seconds "per entry"
	mapping_cache
	neighbour_cache
fi
finished=1
