#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Redirects: the hub of lib.sh tells userspace of packets that come from one spoke
# and go to another, so that the two can find each other.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

OVER6=(fd00::1 fd00::2 fd00::3 fd00::4)

# listen: from now on events are in $tmp/events, a JSON object a line
listen()
{
	listener=
	bg_on listener "${SITE[0]}" "$NHRP" -j monitor redirect >"$tmp/events" 2>&1
	try busywait 10 listens "$listener"
}

stop_listening()
{
	bg_stop "$listener" || :
}

# events: how many there have been
events()
{
	wc -l <"$tmp/events"
}

events_are()
{
	[ "$(events)" -ge "$1" ]
}

# hub_link OPTION...: change its mgre0
hub_link()
{
	try ip -n "${SITE[0]}" link change mgre0 type mgre "$@"
}

# What the events say but for the packet, a line each
said()
{
	jq -r '[.event, .source, .destination, .nexthop, .from, .to, .dev] | join(" ")' \
		"$tmp/events"
}

# detour TO [PING OPTION]...: spoke 1 pings spoke 2 by way of the hub
detour()
{
	local to=$1

	shift
	try reaches "${SITE[1]}" "$to" "$@"
}

switched()
{
	listen || return
	detour "${LAN[2]}"
	hub_link redirect
	try grep -q redirect < <(ip -n "${SITE[0]}" -d link show mgre0)
	detour "${LAN[2]}"
	try busywait 5 events_are 2
	hub_link noredirect
	detour "${LAN[3]}"
	hub_link redirect
	stop_listening
	assert_eq "events" "$(events)" 2
	try jq -e . "$tmp/events" >/dev/null
}

told()
{
	local packet

	listen || return
	detour "${LAN[3]}" -s 200 -p a5
	try busywait 5 events_are 2
	stop_listening
	assert_eq "events" "$(said)" \
		"redirect ${OVER[1]} ${LAN[3]} ${OVER[3]} ${NBMA[1]} ${NBMA[3]} mgre0
redirect ${LAN[3]} ${OVER[1]} ${OVER[1]} ${NBMA[3]} ${NBMA[1]} mgre0"
	packet=$(jq -r .packet "$tmp/events" | head -n 1)
	assert_eq "octets" $((${#packet} / 2)) 128
	# from the IP header on: 10.0.0.2 to 10.4.0.1, ICMP, and what it carries
	[[ $packet =~ ^4500.{20}0a0000020a0400010800.*a5a5a5a5$ ]] ||
		fail "packet $packet"
}

once()
{
	listen || return
	try on "${SITE[1]}" ping -q -n -c 30 -i 0.01 -W 2 "${OVER[2]}"
	try busywait 5 events_are 2
	stop_listening
	assert_eq "events" "$(events)" 2
}

again()
{
	listen || return
	detour "${OVER[3]}"
	try busywait 5 events_are 2
	try busywait 12 detour_told_again
	stop_listening
}

detour_told_again()
{
	detour "${OVER[3]}" && events_are 4
}

ipv6()
{
	local i j

	for i in 0 1 2; do
		try on "${SITE[i]}" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
			net.ipv6.conf.mgre0.disable_ipv6=0 \
			net.ipv6.conf.all.forwarding=1
		try ip -n "${SITE[i]}" addr add "${OVER6[i]}/64" dev mgre0 nodad
	done
	for i in 1 2; do
		try nhrp -n "${SITE[0]}" map add "${OVER6[i]}" nbma "${NBMA[i]}" dev mgre0
		# all by the hub
		try nhrp -n "${SITE[i]}" map add fd00::/64 nbma "${NBMA[0]}" dev mgre0
	done
	listen || return
	try reaches "${SITE[1]}" "${OVER6[2]}"
	try busywait 5 events_are 2
	stop_listening
	assert_eq "events" "$(said)" \
		"redirect ${OVER6[1]} ${OVER6[2]} ${OVER6[2]} ${NBMA[1]} ${NBMA[2]} mgre0
redirect ${OVER6[2]} ${OVER6[1]} ${OVER6[1]} ${NBMA[2]} ${NBMA[1]} mgre0"
}

# What the hub itself says, what comes from elsewhere, and what goes back to where
# it came from take no detour.
not_told()
{
	local hub=${SITE[0]}

	ns_new CLIENT client || return
	try ip -n "$hub" -batch - <<-END
		link add lan0 type veth peer name eth0 netns $CLIENT
		addr add 10.77.0.1/24 dev lan0
		link set lan0 up
		route add 10.66.0.0/16 via ${OVER[1]} dev mgre0
	END
	try ip -n "$CLIENT" -batch - <<-END
		addr add 10.77.0.2/24 dev eth0
		link set eth0 up
		route add default via 10.77.0.1
	END
	for i in 1 2; do
		try ip -n "${SITE[i]}" route add 10.77.0.0/24 via "${OVER[0]}" dev mgre0
	done
	try ip -n "${SITE[1]}" route add 10.66.0.0/16 via "${OVER[0]}" dev mgre0
	listen || return
	try reaches "$hub" "${OVER[1]}"
	try reaches "$CLIENT" "${OVER[1]}"
	try reaches "${SITE[2]}" 10.77.0.2
	refuse reaches "${SITE[1]}" 10.66.0.1 -t 8 -W 1
	# and one that does, to know that all before has been heard
	detour "${LAN[2]}" -I "${LAN[1]}"
	try busywait 5 events_are 2
	stop_listening
	assert_eq "events" "$(said | head -n 1)" \
		"redirect ${LAN[1]} ${LAN[2]} ${OVER[2]} ${NBMA[1]} ${NBMA[2]} mgre0"
	assert_eq "events" "$(events)" 2
}

# Many pairs at once: no more than 100 are told, and then 100 in a second.
limited()
{
	local i began

	listen || return
	began=${EPOCHREALTIME/./}
	for ((i = 1; i <= 200; i++)); do
		echo "addr add 10.88.$((i / 100)).$((1 + i % 100))/32 dev lo"
	done | try ip -n "${SITE[1]}" -batch -
	try on "${SITE[1]}" "${PYTHON[@]}" - "${OVER[2]}" <<-'END'
		import socket, sys
		for i in range(1, 201):
		    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    sock.bind((f"10.88.{i // 100}.{1 + i % 100}", 0))
		    for port in range(2):
		        sock.sendto(b"many", (sys.argv[1], 9))
	END
	try busywait 5 events_are 100
	stop_listening
	began=$(((${EPOCHREALTIME/./} - began) / 10000))
	assert_test "events" "$(events)" -le $((100 + began))
	assert_eq "told twice" "$(jq -r .source "$tmp/events" | sort | uniq -d)" ""
}

unprivileged()
{
	run_fails 2 "Operation not permitted" on "${SITE[0]}" setpriv \
		--inh-caps=-net_admin --bounding-set=-net_admin "$NHRP" monitor redirect
}

need jq python3 setpriv
mgre_load
ktap_plan 8
topo 3
# Spokes know the hub alone.
for i in 1 2 3; do
	try nhrp -n "${SITE[i]}" map flush all
	try nhrp -n "${SITE[i]}" map add 10.0.0.0/24 nbma "${NBMA[0]}" dev mgre0
done

test_case "on and off" switched
test_case "both ways, with the packet" told
test_case "a stream is told once" once
test_case "and again after 8 seconds" again
test_case "IPv6" ipv6
test_case "what takes no detour" not_told
test_case "many pairs" limited
test_case "no privilege" unprivileged
