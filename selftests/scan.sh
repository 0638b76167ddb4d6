#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A host behind the hub scans 100,000 addresses that nobody has, or 10,000 on a kernel
# for debugging. What the hub keeps of them is bounded, the host is told about each,
# and a stream of pings to a spoke loses nothing.
#
#	namespace SCANNER		site 0, the hub
#	scan0 10.9.0.2/24 ------------- lan0 10.9.0.1/24	 site 1
#					mgre0 10.0.0.1/24 -- mgre0 10.0.0.2/24
#	      10.64.0.0/10 ------------ mgre0
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=$((slow ? 10000 : 100000))
SCAN=$top/selftests/resolve/scan.py
HOLD=10		# of the answers of scan.py

stream_pid=
silent_pid=
answer_pid=
# What resolve.c keeps: addresses that are asked for; those that it has given up
# in the 30 s that they are negative, 1,024 in 8 s at most.
MAX_INCOMPLETE=1024
MAX_NEGATIVE=$((5 * 1024))
# 16 MiB of packets, and 512 octets for each of the above; half as much again.
MAX_SLAB_KIB=$(((16384 + (MAX_INCOMPLETE + MAX_NEGATIVE) / 2) * 3 / 2))

scan_py()
{
	timeout 200 "${PYTHON[@]}" "$SCAN" "$@"
}

scanner()
{
	ns_new SCANNER scanner || return
	try ip -n "${SITE[0]}" -batch - <<-END || return
		link add lan0 type veth peer name scan0 netns $SCANNER
		addr add 10.9.0.1/24 dev lan0
		link set lan0 up
		route add 10.64.0.0/10 dev mgre0
	END
	try ip -n "$SCANNER" -batch - <<-END || return
		addr add 10.9.0.2/24 dev scan0
		link set scan0 up
		route add default via 10.9.0.1
	END
	# Every packet that is refused gets its ICMP error: so they add up.
	try on "${SITE[0]}" sysctl -qw net.ipv4.icmp_ratemask=0
}

stat_of()
{
	nhrp -n "${SITE[0]}" -j stats show dev mgre0 | jq ".[0].$1"
}

stat_is()
{
	[ "$(stat_of "$1")" -eq "$2" ]
}

# ICMP unreachables that the scanner has got
told()
{
	on "$SCANNER" nstat -asz IcmpInDestUnreachs |
		sed -n 's/^IcmpInDestUnreachs *\([0-9]*\) .*/\1/p'
}

told_are()
{
	[ "$(told)" -ge "$1" ]
}

# run_scan NAME: with a stream of pings beside it, which goes on behind it; what
# was kept at most is in the variables
run_scan()
{
	local mac

	mac=$(ip -n "${SITE[0]}" -j link show lan0 | jq -r '.[0].address')
	told_before=$(told)
	misses_before=$(stat_of misses)
	stream_start stream_pid "${SITE[0]}" "${OVER[1]}" || return
	scan_py scan "$SCANNER" "${SITE[0]}" "$mac" $COUNT >"$tmp/scan" ||
		fail "the scan failed" || return
	read -r incomplete negative mappings slab seconds <"$tmp/scan"
	note "$1: $COUNT packets in $seconds s; at most $incomplete incomplete," \
		"$negative negative of the kernel's, $mappings mappings," \
		"$slab KiB of slab"
}

stream_loses_nothing()
{
	stream_unharmed "$stream_pid" "${OVER[1]}"
	note "$(stream_answers "${OVER[1]}") pings answered"
}

# Who waits when the scan ends is told some 8 s later. The IP layer may lose an
# ICMP error: on Linux 6.1 it was 2 in 1,000.
all_told()
{
	busywait 30 stat_is incomplete 0 ||
		fail "incomplete: $(stat_of incomplete)"
	assert_eq "misses" $(($(stat_of misses) - misses_before)) "$1"
	busywait 10 told_are $((told_before + COUNT * 99 / 100)) ||
		fail "told $(($(told) - told_before)) of $COUNT"
	note "told $(($(told) - told_before)) of $COUNT"
}

asked()
{
	on "${SITE[0]}" ping -q -n -c 1 -W 0.1 10.64.0.1
	grep -q '10\.64\.0\.1' "$tmp/monitor"
}

silent_scan()
{
	bg silent_pid "$NHRP" -n "${SITE[0]}" -j monitor resolve >"$tmp/monitor" 2>&1
	busywait 20 asked || fail "the monitor was not asked" || return
	nhrp -n "${SITE[0]}" map flush dev mgre0 type incomplete
	run_scan "no answers" || return
	assert_test "incomplete" "$incomplete" -le $MAX_INCOMPLETE
	# An address is incomplete for some 8 s.
	assert_test "incomplete" "$incomplete" -gt $((slow ? 100 : MAX_INCOMPLETE / 2))
	assert_test "negative" "$negative" -le $MAX_NEGATIVE
	assert_eq "mappings" "$mappings" 1
	assert_test "KiB of slab" "$slab" -le $MAX_SLAB_KIB
}

# It has lost questions; it lives, and is asked the next one.
listener_lives()
{
	: >"$tmp/monitor"
	nhrp -n "${SITE[0]}" map flush dev mgre0 type negative
	assert_eq "negative" "$(stat_of negative)" 0
	busywait 20 asked || fail "no question: $(tail -n 2 "$tmp/monitor")"
	bg_stop "$silent_pid" || :
}

# Each question is answered: no. The scanner goes on faster than that.
answered_scan()
{
	bg answer_pid "${PYTHON[@]}" "$SCAN" refuse_all "${SITE[0]}" >"$tmp/answers" 2>&1
	busywait 20 grep -q listening "$tmp/answers" || fail "$(cat "$tmp/answers")" ||
		return
	run_scan "negative answers" || return
	assert_test "incomplete" "$incomplete" -le $MAX_INCOMPLETE
	assert_test "mappings" "$mappings" -gt 1
	# 1,000 questions at first and 1,000 in each second, remembered for HOLD; one
	# second more for a sweep that is late
	assert_test "mappings" "$mappings" -le $((1 + 1000 * (HOLD + 2)))
	assert_test "KiB of slab" "$slab" -le $MAX_SLAB_KIB
}

answers_expire()
{
	bg_stop "$answer_pid" || :
	busywait 40 stat_is mappings 1 || fail "mappings: $(stat_of mappings)"
}

# The links between the namespaces share the backlog of the CPU that the scanner
# runs on: what would be lost there, before or behind the hub, says nothing of it.
deep_backlog()
{
	local was

	was=$(sysctl -n net.core.netdev_max_backlog) &&
	at_exit sysctl -qw "net.core.netdev_max_backlog=$was" &&
	try sysctl -qw net.core.netdev_max_backlog=100000
}

need python3 nstat jq
mgre_load
deep_backlog
topo 1
scanner

ktap_plan 7
test_case "a scan that nobody answers" silent_scan
test_case "known traffic loses nothing meanwhile" stream_loses_nothing
test_case "the scanner is told about each packet" all_told $COUNT
test_case "the listener lives" listener_lives
test_case "a scan that is answered" answered_scan
test_case "known traffic loses nothing meanwhile, either" stream_loses_nothing
test_case "the answers expire" answers_expire
