#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets race random changes of the cache, and none goes to an NBMA address that
# no mapping held at that time, or passes a better mapping by. How that is known
# is told in race/race.h. RACE_SECONDS (30, on a slow machine 120, or too little happens)
# is how long all of it takes.
#
#	namespace DUT:	race0   10.9.0.1/16, 2001:db8:9::1/64
#			dummy0  198.51.100.1/24, its underlay, takes whatever comes
#
# One CPU sends, the other one changes mappings.
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

SECONDS_EACH=$((${RACE_SECONDS:-$((slow ? 120 : 30))} / 2))

devices()
{
	ns_new DUT || return
	try ip -n "$DUT" -batch - <<-END || return
		link add dummy0 type dummy
		addr add 198.51.100.1/24 dev dummy0
		link set dummy0 up
		route add default via 198.51.100.254
		link add race0 type mgre local 198.51.100.1 key $MGRE_KEY
	END
	try on "$DUT" sysctl -qw net.ipv6.conf.race0.disable_ipv6=0 \
		net.ipv6.conf.race0.router_solicitations=0 || return
	try ip -n "$DUT" -batch - <<-END
		addr add 10.9.0.1/16 dev race0
		addr add 2001:db8:9::1/64 dev race0 nodad
		link set race0 up
		route add 10.10.0.0/24 via 10.9.0.2 dev race0
		route add 10.10.1.0/24 via 10.9.0.3 dev race0
		route add 2001:db8:a::/64 via 2001:db8:9::2 dev race0
	END
}

program()
{
	try cc -D_GNU_SOURCE -O2 -Wall -pthread -I"$top/include/uapi" \
		-o "$tmp/race" "$top"/selftests/race/*.c
}

# race [listening]: what it counted is for the reader
race()
{
	local status=0 seed=$RANDOM

	note "seed $seed"
	on "$DUT" timeout $((SECONDS_EACH * 3 + 60)) "$tmp/race" race0 dummy0 \
		"$SECONDS_EACH" "$seed" "$@" >"$tmp/race.out" 2>&1 || status=$?
	sed -n 's/^# //p' "$tmp/race.out" | while read -r line; do
		note "$line"
	done
	cat "$tmp/race.out"
	return "$status"
}

race_listening()
{
	local listener status=0

	bg_on listener "$DUT" "${PYTHON[@]}" "$top/selftests/netlink/resolve.py" \
		listen >"$tmp/listener"
	try busywait 60 grep -q listening "$tmp/listener" || return
	race listening || status=$?
	bg_stop "$listener" || :
	return "$status"
}

need cc python3 || exit
[ "$(nproc)" -ge 2 ] || skip "one CPU alone"
mgre_load
ktap_plan 2
devices
program

test_case "packets against changes" race
test_case "packets against changes, with packets that wait" race_listening
