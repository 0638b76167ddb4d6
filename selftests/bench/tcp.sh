# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # bench.sh sets what stands at its top
#
# bench.sh: TCP through the tunnel between spoke and hub, which both have the same
# kind of device. iperf3 sends a fixed number of octets and says how long it took,
# by the clock of instructions; one CPU does all of it, on both sides. "no GSO" has
# the underlay's segmentation switched off, so that packets of its MTU cross it and
# the tunnel's receiver has to merge them. The tunnels have a key, for there are
# others between the two.

tcp_remote()
{
	local -n nbma=$1_nbma other=$2_nbma

	try ip -n "$3" link add tun0 type gre local "$nbma" remote "$other" key 7 ttl 64
}

tcp_nbma()
{
	local -n nbma=$1_nbma other=$2_nbma

	try ip -n "$3" link add tun0 type gre local "$nbma" key 7 ttl 64 &&
	try ip -n "$3" link set tun0 up &&
	try ip -n "$3" neigh add "$4" lladdr "$other" dev tun0 nud permanent
}

tcp_mgre()
{
	local -n nbma=$1_nbma other=$2_nbma

	try ip -n "$3" link add tun0 type mgre local "$nbma" key 7 ttl 64 &&
	try nhrp -n "$3" map add "$4" nbma "$other" dev tun0
}

# tcp_tunnel KIND: on both sides
tcp_tunnel()
{
	"tcp_$1" hub spoke "$HUB" 10.0.1.2 &&
	"tcp_$1" spoke hub "$SPOKE" 10.0.1.1 || return
	try ip -n "$HUB" addr add 10.0.1.1/24 dev tun0
	try ip -n "$SPOKE" addr add 10.0.1.2/24 dev tun0
	try ip -n "$HUB" link set tun0 up
	try ip -n "$SPOKE" link set tun0 up
}

# underlay_gso on|off
underlay_gso()
{
	try on "$SPOKE" ethtool -K out tso "$1" gso "$1" tx-gre-segmentation "$1" \
		tx-gre-csum-segmentation "$1" >/dev/null 2>&1 &&
	try on "$HUB" ethtool -K wan tso "$1" gso "$1" tx-gre-segmentation "$1" \
		tx-gre-csum-segmentation "$1" >/dev/null 2>&1
}

# tcp_run: sets $rate to the Mbit/s from the spoke to the hub, and $used to the ns in
# which the CPU was not idle, iperf3's own start and end included
tcp_run()
{
	local pid busy before

	bg_on pid "$HUB" iperf3 -s -1 -p 5001 >/dev/null
	try busywait 20 listening "$HUB" -lt 5001 || return
	busy
	before=$busy
	on "$SPOKE" timeout 600 iperf3 -c 10.0.1.1 -p 5001 -n "${tcp_mb}M" -J \
		>"$tmp/iperf3" || distrust "iperf3: $(jq -r .error "$tmp/iperf3")"
	bg_wait "$pid" || :
	busy
	used=$((busy - before))
	read -r rate retransmits < <(jq -r '.end |
		"\(.sum_received.bits_per_second / 1e6 | round) \(.sum_sent.retransmits)"' \
		"$tmp/iperf3")
	[ "${rate:-0}" -gt 0 ] || distrust "iperf3 says nothing"
}

# tcp_row KIND on|off LABEL
tcp_row()
{
	local kind=$1 gso=$2 label=$3 best=0 run rate retransmits used least=

	tcp_tunnel "$kind" || return
	for ((run = 0; run < runs; run++)); do
		tcp_run
		[ "$rate" -le "$best" ] || best=$rate
		[ "$used" -ge "${least:-$((used + 1))}" ] || least=$used
	done
	try ip -n "$HUB" link del tun0
	try ip -n "$SPOKE" link del tun0
	tcp_rate["$kind $gso"]=$best
	printf '%-16s %-8s %10d %6s %10s %12d\n' "$label" "GSO $gso" "$best" \
		"$(ratio "$best" "${tcp_rate["remote $gso"]}")" \
		"$(thousandths $((least / 1000000)))" "${retransmits:-0}"
}

bench_tcp()
{
	local gso
	local -A tcp_rate=()

	echo "TCP, $tcp_mb MiB from the spoke to the hub, the best of $runs; Mbit/s at one"
	echo "instruction in a ns, of both sides; ratio: to ip_gre with remote"
	printf '%-16s %-8s %10s %6s %10s %12s\n' tunnel underlay Mbit/s ratio \
		"CPU s" retransmits
	for gso in on off; do
		underlay_gso $gso
		tcp_row remote $gso "ip_gre remote"
		tcp_row nbma $gso "ip_gre NBMA"
		tcp_row mgre $gso mgre
	done
	underlay_gso on
	for gso in on off; do
		goal "TCP, underlay's GSO $gso, to ip_gre with remote" \
			"$(ratio "${tcp_rate[mgre $gso]}" "${tcp_rate[remote $gso]}")" least 1
	done
	echo
}
