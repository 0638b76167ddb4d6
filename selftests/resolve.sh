#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to packets for which there is no mapping, or not the best one:
# who is asked, who is told, what waits, and where it goes at the answer.
#
#	namespace OUT			namespace DUT
#	h0 10.9.0.2/24 ---------------- lan0 10.9.0.1/24   mgre0 10.0.0.1/16
#	   fd09::2/64			     fd09::1/64		 fd00::1/64
#	w0 192.0.2.1/24 --------------- eth0 192.0.2.2/24
#
# h0 is a host that DUT forwards for. w0 is the underlay: behind it all is
# swallowed, and what arrives there is what has left the device. Each test case is
# a function of a file in the folder resolve. Those that wait for the kernel's
# timers (waits.py) run side by side, in namespaces of their own, from the start.
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

CASES=$top/selftests/resolve

# lab LABEL: a pair of namespaces, in DUT and OUT
lab()
{
	ns_new DUT "dut$1" || return
	ns_new OUT "out$1" || return
	# No link-local addresses, so that no packet is on the wire unasked.
	# ICMP errors are not limited: each is counted.
	for ns in "$DUT" "$OUT"; do
		try ip netns exec "$ns" sysctl -qw \
			net.ipv6.conf.default.addr_gen_mode=1 \
			net.ipv6.conf.all.disable_ipv6=0 \
			net.ipv6.conf.all.forwarding=1 \
			net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.icmp.ratelimit=0 \
			net.ipv4.icmp_ratemask=0 || return
	done
	try ip -n "$DUT" -batch - <<-END || return
		link add eth0 type veth peer name w0 netns $OUT
		link add lan0 type veth peer name h0 netns $OUT
		addr add 192.0.2.2/24 dev eth0
		addr add 10.9.0.1/24 dev lan0
		addr add fd09::1/64 dev lan0 nodad
		link set eth0 up
		link set lan0 up
		route add 203.0.113.0/24 via 192.0.2.1
	END
	try ip -n "$OUT" -batch - <<-END
		addr add 192.0.2.1/24 dev w0
		addr add 10.9.0.2/24 dev h0
		addr add fd09::2/64 dev h0 nodad
		link set w0 up
		link set h0 up
		route add blackhole 203.0.113.0/24
		route add 10.0.0.0/8 via 10.9.0.1
		route add fd00::/16 via fd09::1
		route add fd64::/16 via fd09::1
	END
}

# run_case FILE FUNCTION VERSION: in the namespaces of lab
run_case()
{
	timeout 100 "${PYTHON[@]}" "$CASES/$1.py" "$2" "$DUT" "$OUT" "$3"
}

# begin FUNCTION VERSION: one of waits.py, in a lab of its own
declare -A waiting=()
begin()
{
	local waits_pid

	lab "-$1-$2" || return
	bg waits_pid timeout 150 "${PYTHON[@]}" "$CASES/waits.py" "$1" \
		"$DUT" "$OUT" "$2" >"$tmp/waits.$1.$2" 2>&1
	waiting[$1 $2]=$waits_pid
}

# ended FUNCTION VERSION: how it went
ended()
{
	local status=0

	bg_wait "${waiting[$1 $2]}" || status=$?
	cat "$tmp/waits.$1.$2"
	return "$status"
}

# both NAME FILE FUNCTION: a test case for either version of IP
both()
{
	test_case "$1, IPv4" "$2" "$3" 4
	test_case "$1, IPv6" "$2" "$3" 6
}

fast()
{
	run_case cases "$@"
}

# The tool shows what the kernel keeps.
tool_shows()
{
	run_case cases left_waiting 4 || return
	nhrp -n "$DUT" -j map show dev mgre0 type incomplete >"$tmp/shown"
	assert_eq "incomplete" "$(jq length "$tmp/shown")" 21
	assert_eq "waiting" "$(jq 'map(.queued) | add' "$tmp/shown")" 120
	nhrp -n "$DUT" -j -s map show dev mgre0 type incomplete >"$tmp/shown"
	assert_eq "waiting" "$(nhrp -n "$DUT" -j stats show dev mgre0 |
		jq '.[0].queued')" 120
}

netns_goes()
{
	fast left_waiting 6 || return
	ns_del "$DUT"
	try busywait 20 no_device "$OUT" w0
	lab ''
}

no_device()
{
	! ip -n "$1" link show "$2"
}

module_goes()
{
	fast left_waiting 4 || return
	try timeout 20 rmmod mgre
	mgre_load
}

need python3 nft jq
mgre_load
begin unanswered 4
begin unanswered 6
begin flag_resolve 4
begin way_goes 6
begin refresh 4
begin nobody_to_refresh 6
begin listener_goes 4
begin negative_ends_on_time 6
lab ''

ktap_plan 54
both "unreachable at once when nobody listens" fast no_listener
both "one question for each destination" fast question
both "packets wait, the newest of them" fast queue
both "how many wait" fast queue_length
both "answers release what waits" fast answers
both "answers for what is behind a gateway" fast answers_behind_gateway
test_case "answers for what is behind a gateway of IPv6" fast gateway_of_ipv6 4
both "nothing is asked for the same device" fast same_device
both "flag resolve without a listener" fast no_question_without_listener
both "flag resolve, direct after the answer" fast resolve_flag
test_case "flag resolve, added while packets wait" fast way_meanwhile 6
both "flag resolve, behind a gateway" fast resolve_flag_behind_gateway
both "shortcuts" fast shortcuts
both "negative mappings" fast negative
both "expiry to the tick" fast expiry
both "MTU of a mapping" fast mapping_mtu
both "mark of a mapping" fast mapping_mark
both "deleted and flushed while packets wait" fast deleted
both "link down while packets wait" fast link_down
both "listeners" fast listeners
test_case "asked in the namespace of the device" fast other_netns 4
test_case "bounds: questions" fast rate 4
test_case "bounds: destinations" fast evicted 4
test_case "bounds: memory" fast memory 6
test_case "the tool shows what waits" tool_shows
test_case "device deleted while packets wait" fast quick_end 4
test_case "namespace deleted while packets wait" netns_goes
test_case "refresh of what is used" ended refresh 4
test_case "refresh without a listener" ended nobody_to_refresh 6
test_case "a listener that goes while packets wait" ended listener_goes 4
both "unanswered, then negative" ended unanswered
test_case "negative to the end, IPv6" ended negative_ends_on_time 6
test_case "flag resolve, unanswered" ended flag_resolve 4
test_case "flag resolve, unanswered, and the way goes" ended way_goes 6
test_case "module removed while packets wait" module_goes
