#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every packet is counted, once, where the manual says: each cause of a drop is
# provoked, and its counter, the sums of ip -s link, the tracepoints and the
# kernel's drop reasons must all tell of it, and nothing else.
#
#     hub, site 0                         router             site 1
#    +----------------------+         +----------+         +-----------------+
#    | mgre0 10.0.0.1/24    |         |          |         | gre1 10.0.0.2,  |
#    |                      |         |          |         | or packets by   |
#    | eth0 192.0.2.2      -+---------+ s0    s1 +---------+ hand            |
#    |      2001:db8:0:1::2 |         +----------+         | 198.51.100.2    |
#    +----------------------+                              | 2001:db8:1:1::2 |
#                                                          +-----------------+

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=device/lib.sh
. "$(dirname "$0")/device/lib.sh"

SEND=$(realpath "$(dirname "$0")")/device/send.py
TRACING=/sys/kernel/tracing
KEY=0000002a
COUNT=3			# packets of each kind

# Inside, by what is wrong with it: overlay addresses to send to
NONE=10.0.0.90		# nothing is mapped
NOROUTE=10.0.0.91	# its NBMA address has no route
LOOP=10.0.0.92		# its NBMA address is behind the tunnel
NARROW=10.0.0.93	# a mapping with mtu 1300

# ---- packets

# datagram FROM TO LENGTH: IPv4 with DF and UDP's discard port, in hex
datagram()
{
	local length=$3 ip udp

	ip=$(printf '4500%04x000140004011' "$length")
	udp=$(printf '03e80009%04x0000' $((length - 20)))
	printf '%s%s%s%s%s' "$ip" \
		"$(hex_sum "${ip}0000$(hex_addr "$1")$(hex_addr "$2")")" \
		"$(hex_addr "$1")$(hex_addr "$2")" "$udp" \
		"$(printf '%0*d' $((2 * (length - 28))) 0)"
}

# out ETHERTYPE NBMA HEX [COUNT]: the hub's mgre0 is given it
out()
{
	try on "${SITE[0]}" "$SEND" ll mgre0 "$1" "$2" "$3" "${4:-$COUNT}"
}

# out_to ADDRESS [LENGTH]: datagrams that a mapping or none says where to
out_to()
{
	out 0x0800 - "$(datagram "${OVER[0]}" "$1" "${2:-100}")"
}

# in_gre HEX [TOS]: site 1 sends it to the hub behind an outer header
in_gre()
{
	try on "${SITE[1]}" "$SEND" gre "$(nbma "$FAMILY" 0)" "$1" $COUNT "${2:-0}"
}

# A datagram that nobody answers, see quiet()
payload()
{
	datagram "${OVER[1]}" "${OVER[0]}" 100
}

# quiet NS: nobody there tells that nobody listens at the discard port
quiet()
{
	on "$1" nft -f - <<-END
		table ip quiet {
			chain input {
				type filter hook prerouting priority 0
				udp dport 9 drop
			}
		}
	END
}

# ---- counters

# snapshot: every number that the hub's mgre0 has, a line each
snapshot()
{
	causes "${SITE[0]}" mgre0
	ip -n "${SITE[0]}" -s -j link show mgre0 | jq -r '.[0].stats64 |
		"sent \(.tx.packets)", "received \(.rx.packets)",
		"link_tx \(.tx.errors + .tx.dropped)",
		"link_rx \(.rx.errors + .rx.dropped)"'
}

# changes: what is different from the snapshot in $tmp/before
changes()
{
	snapshot | awk '
		NR == FNR { before[$1] = $2; next }
		$2 != before[$1] { print $1, $2 - before[$1] }
	' "$tmp/before" - | sort | xargs
}

changes_are()
{
	[ "$(changes)" = "$1" ]
}

# makes "NAME NUMBER..." COMMAND...: it changes these numbers, and no others
makes()
{
	local want

	want=$(xargs -n 2 <<<"$1" | sort | xargs)
	shift
	snapshot >"$tmp/before"
	"$@"
	busywait 3 changes_are "$want" || :
	assert_eq "$*: changes" "$(changes)" "$want"
}

# drops COUNTER COMMAND...: packets are dropped for that cause, and only that
drops()
{
	local counter=$1

	shift
	makes "$counter $COUNT link_${counter%%_*} $COUNT" "$@"
}

# ---- the causes, each as COUNTER FUNCTION

tx_malformed()
{
	out 0x0800 - 4500
}

tx_protocol()
{
	out 0x88b5 - 0102030405
}

tx_multicast()
{
	out_to 224.0.0.99
}

tx_no_mapping()
{
	out_to $NONE
}

tx_no_route()
{
	out_to $NOROUTE
}

tx_unprotected()
{
	try ip -n "${SITE[0]}" link change mgre0 type mgre protect
	out_to "${OVER[1]}"
	try ip -n "${SITE[0]}" link change mgre0 type mgre noprotect
}

tx_recursion()
{
	out_to $LOOP
}

tx_too_big()
{
	out_to $NARROW 1350
}

# The hub's own OUTPUT rules drop what mgre has made.
tx_underlay()
{
	try on "${SITE[0]}" nft -f - <<-END
		table inet test {
			chain output {
				type filter hook output priority 0
				meta l4proto gre drop
			}
		}
	END
	out_to "${OVER[1]}"
	try on "${SITE[0]}" nft delete table inet test
}

# What comes in by GRE is to come by IPsec.
rx_policy()
{
	try ip -n "${SITE[0]}" xfrm policy add dir in src "$(nbma "$FAMILY" 1)" \
		dst "$(nbma "$FAMILY" 0)" proto gre tmpl proto esp mode transport
	in_gre "20000800$KEY$(payload)"
	# Not before all are in.
	busywait 3 stat_is "${SITE[0]}" mgre0 rx_policy $COUNT
	try ip -n "${SITE[0]}" xfrm policy flush
}

rx_unprotected()
{
	try ip -n "${SITE[0]}" link change mgre0 type mgre protect
	in_gre "20000800$KEY$(payload)"
	busywait 3 stat_is "${SITE[0]}" mgre0 rx_unprotected $COUNT
	try ip -n "${SITE[0]}" link change mgre0 type mgre noprotect
}

rx_checksum()
{
	in_gre "a0000800abcd0000$KEY$(payload)"
}

rx_truncated()
{
	in_gre "20000800${KEY}45000064"
}

rx_ecn()
{
	in_gre "20000800$KEY$(payload)" 3
}

rx_version()
{
	in_gre "20020800$KEY$(payload)"
}

# Bit 4, strict source route
rx_flags()
{
	in_gre "28000800$KEY$(payload)"
}

# ARP
rx_protocol()
{
	in_gre "20000806$KEY$(payload)"
}

rx_header()
{
	in_gre 20000800
}

rx_unknown_peer()
{
	try ip -n "${SITE[0]}" link change mgre0 type mgre accept known
	try nhrp -n "${SITE[0]}" map flush dev mgre0 nbma "$(nbma "$FAMILY" 1)"
	in_gre "20000800$KEY$(payload)"
	busywait 3 stat_is "${SITE[0]}" mgre0 rx_unknown_peer $COUNT
	try ip -n "${SITE[0]}" link change mgre0 type mgre accept any
	site_mapped
}

CAUSES="tx_malformed tx_protocol tx_multicast tx_no_mapping tx_no_route tx_recursion
	tx_unprotected tx_too_big tx_underlay rx_policy rx_unprotected rx_checksum
	rx_truncated rx_ecn rx_version rx_flags rx_protocol rx_header rx_unknown_peer"

# Those that nothing can provoke, memory must run out; and one of mcast.sh.
UNPROVOKED="tx_nomem rx_nomem tx_mcast_queue"

# ---- topology

# beyond FAMILY LAST: NBMA addresses that lead nowhere
beyond()
{
	[ "$1" = 4 ] && echo "203.0.113.$2" || echo "2001:db8:99::$2"
}

site_mapped()
{
	try nhrp -n "${SITE[0]}" -batch - <<-END
		map add ${OVER[1]} nbma $(nbma "$FAMILY" 1) dev mgre0
		map add $NARROW nbma $(nbma "$FAMILY" 1) mtu 1300 dev mgre0
	END
}

# underlay FAMILY: mgre0 anew, and stock gre1 at site 1
underlay()
{
	local kind=gre ns=${SITE[0]} ends

	FAMILY=$1
	ends="local $(nbma "$FAMILY" 1) remote $(nbma "$FAMILY" 0)"
	[ "$FAMILY" = 4 ] || kind=ip6gre
	ip -n "$ns" link del mgre0 2>/dev/null
	ip -n "${SITE[1]}" link del gre1 2>/dev/null
	try ip -n "$ns" link add mgre0 type mgre local "$(nbma "$FAMILY" 0)" \
		key $MGRE_KEY ttl 64 || return
	# No multicast of its own in the counters: it joins no group to report
	try on "$ns" sysctl -qw net.ipv6.conf.mgre0.addr_gen_mode=1 \
		net.ipv6.conf.mgre0.forwarding=0
	try ip -n "$ns" -batch - <<-END || return
		addr add ${OVER[0]}/24 dev mgre0
		link set mgre0 up
		route replace unreachable $(beyond "$FAMILY" 1)
		route replace $(beyond "$FAMILY" 2) dev mgre0
	END
	site_mapped &&
	try nhrp -n "$ns" -batch - <<-END || return
		map add $NOROUTE nbma $(beyond "$FAMILY" 1) dev mgre0
		map add $LOOP nbma $(beyond "$FAMILY" 2) dev mgre0
	END
	try ip -n "${SITE[1]}" -batch - <<-END
		link add gre1 type $kind $ends key $MGRE_KEY
		addr add ${OVER[1]}/24 dev gre1
		link set gre1 up
	END
}

# ---- cases

# Ten there and ten back
passing()
{
	makes "sent 10 received 10" reaches "${SITE[0]}" "${OVER[1]}" -c 10 -i 0.01
	makes "sent 10 received 10" reaches "${SITE[1]}" "${OVER[0]}" -c 10 -i 0.01
	makes "received $COUNT" in_gre "20000800$KEY$(payload)"
	makes "sent $COUNT" out_to "${OVER[1]}"
	makes "sent $COUNT" out 0x2001 "$(nbma "$FAMILY" 1)" 6e687270
	makes "sent $COUNT" out 0x88b5 "$(nbma "$FAMILY" 1)" 0102030405
}

each_cause()
{
	local cause

	for cause in $CAUSES; do
		drops "$cause" "$cause"
	done
}

# The trace of it is for trace_drop(): to provoke all of them takes its time.
each_cause_traced()
{
	trace mgre/mgre_drop each_cause
	cp "$tmp/trace" "$tmp/trace.each_cause"
}

# No counter has been forgotten here.
all_provoked()
{
	local want

	want=$(xargs -n 1 <<<"$CAUSES $UNPROVOKED" | sort | xargs)
	assert_eq "counters" "$(causes "${SITE[0]}" mgre0 | cut -d ' ' -f 1 | sort |
		xargs)" "$want"
}

# trace EVENT COMMAND...: what it says while COMMAND runs, in $tmp/trace
trace()
{
	local event=$1

	shift
	echo 0 >"$TRACING/tracing_on"
	: >"$TRACING/trace"
	echo 1 >"$TRACING/events/$event/enable" || fail "no event $event" || return
	echo 1 >"$TRACING/tracing_on"
	"$@"
	echo 0 >"$TRACING/tracing_on"
	echo 0 >"$TRACING/events/$event/enable"
	grep -v '^#' "$TRACING/trace" | grep "${event#*/}:" >"$tmp/trace"
}

# traced COUNT WORD...: so many lines of the trace have all these words
traced()
{
	local want=$1 word lines=$tmp/trace.lines

	shift
	cp "$tmp/trace" "$lines"
	for word; do
		grep -E "[ =]$word( |\$|,)" "$lines" >"$lines.next"
		mv "$lines.next" "$lines"
	done
	assert_eq "lines with '$*'" "$(wc -l <"$lines")" "$want" ||
		head -n 5 "$tmp/trace"
}

trace_xmit()
{
	local nbma

	nbma=$(nbma "$FAMILY" 1)
	trace mgre/mgre_xmit reaches "${SITE[0]}" "${OVER[1]}" -c 2 -i 0.01
	traced 2
	traced 2 mgre0 "$nbma" 84 0x0800
	trace mgre/mgre_xmit out 0x2001 "$nbma" 6e687270
	traced $COUNT mgre0 "$nbma" 4 0x2001
	trace mgre/mgre_xmit tx_no_mapping
	traced 0
}

trace_rcv()
{
	local nbma

	nbma=$(nbma "$FAMILY" 1)
	trace mgre/mgre_rcv reaches "${SITE[1]}" "${OVER[0]}" -c 2 -i 0.01
	traced 2
	traced 2 mgre0 "$nbma" 84 0x0800
	trace mgre/mgre_rcv makes "received $COUNT link_rx $COUNT" \
		in_gre "20002001${KEY}6e687270"
	traced $COUNT mgre0 "$nbma" 4 0x2001
	trace mgre/mgre_rcv drops rx_ecn rx_ecn
	traced 0
}

trace_drop()
{
	local cause

	cp "$tmp/trace.each_cause" "$tmp/trace"
	traced $((COUNT * $(wc -w <<<"$CAUSES")))
	for cause in $CAUSES; do
		traced $COUNT mgre0 "$cause"
	done
	trace mgre/mgre_drop drops tx_no_mapping tx_no_mapping
	traced $COUNT mgre0 tx_no_mapping 100
}

# ask_in_vain: what is not answered is asked for again
ask_in_vain()
{
	local pid

	bg pid "$NHRP" -n "${SITE[0]}" monitor resolve >"$tmp/monitor"
	busywait 5 asked
	busywait 10 asked_again
	bg_stop "$pid"
	try nhrp -n "${SITE[0]}" map flush dev mgre0 type negative
	try nhrp -n "${SITE[0]}" map flush dev mgre0 type incomplete
}

# The monitor takes a while to listen; until then a packet just finds no mapping.
asked()
{
	out_to $NONE
	grep -q $NONE "$tmp/monitor"
}

asked_again()
{
	[ "$(grep -c $NONE "$tmp/monitor")" -ge 2 ]
}

trace_resolve()
{
	trace nhrp/nhrp_resolve ask_in_vain
	assert_test "lines" "$(wc -l <"$tmp/trace")" -ge 2
	traced "$(wc -l <"$tmp/trace")" mgre0 "$NONE/32" miss
	traced 1 "$NONE/32" attempt=1
	traced 1 "$NONE/32" attempt=2
}

# The kernel's own reasons, by name
declare -A REASON=(
	[tx_malformed]=DEV_HDR
	[tx_protocol]=UNHANDLED_PROTO
	[tx_multicast]=NOT_SPECIFIED
	[tx_no_mapping]=NEIGH_FAILED
	[tx_no_route]=IP_OUTNOROUTES
	[tx_recursion]=IP_OUTNOROUTES
	[tx_too_big]=PKT_TOO_BIG
	[rx_policy]=XFRM_POLICY
	[rx_checksum]=SKB_CSUM
	[rx_truncated]=HDR_TRUNC
	[rx_ecn]=IP_INHDR
)

# 6.1 does not say who has dropped a packet, later kernels do.
drop_reasons()
{
	local cause

	# a reason of its own since 6.12
	! grep -q IP_TUNNEL_ECN "$TRACING/events/skb/kfree_skb/format" ||
		REASON[rx_ecn]=IP_TUNNEL_ECN
	for cause in "${!REASON[@]}"; do
		trace skb/kfree_skb drops "$cause" "$cause"
		! grep -q mgre "$tmp/trace" || sed -i '/\[mgre\]/!d' "$tmp/trace"
		# On 6.1 it does not say where, and others drop for no reason too.
		assert_test "$cause: reason ${REASON[$cause]}" \
			"$(grep -c "reason: ${REASON[$cause]}\$" "$tmp/trace")" -ge $COUNT ||
			tail -n 3 "$tmp/trace"
	done
}

need jq ethtool nft python3
try modprobe -a ip_gre ip6_gre xfrm_user
mountpoint -q "$TRACING" || try mount -t tracefs none "$TRACING"
mgre_load
error_routes_answer
topo_underlay 1
topo_ipv6
try quiet "${SITE[0]}"
try quiet "${SITE[1]}"
no_mld "${SITE[0]}"

ktap_plan 15
for family in 4 6; do
	underlay $family
	test_case "IPv$family: packets that pass" passing
	test_case "IPv$family: every cause of a drop" each_cause_traced
	test_case "IPv$family: no counter is left out" all_provoked
	test_case "IPv$family: mgre_xmit is traced" trace_xmit
	test_case "IPv$family: mgre_rcv is traced" trace_rcv
	test_case "IPv$family: mgre_drop is traced" trace_drop
	test_case "IPv$family: nhrp_resolve is traced" trace_resolve
done
test_case "drop reasons" drop_reasons
