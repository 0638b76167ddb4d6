#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A hub and three spokes that know nothing of each other but what the resolver of
# the examples reads in a file: who reaches whom, by which way, and who is refused.
#
#   site 0, the hub                    router              sites 1 to 3, spokes
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | mgre0 10.0.0.2/24  |
#  | lo    10.1.0.1     |           |        s1 +---------+ lo    10.2.0.1     |
#  | eth0 192.0.2.2/24 -+-----------+ s0     s2 +---------+ ...                |
#  +--------------------+           |        s3 +---------+                    |
#                                   +-----------+         +--------------------+

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

RESOLVER=$top/tools/examples/nhrp-resolver
UNKNOWN=10.0.0.99
export NHRP
resolvers=()

# resolver SITE: answers there, and refuses what it does not know
resolver()
{
	local pid

	bg_on pid "${SITE[$1]}" "$RESOLVER" -n "$tmp/hosts" 2>"$tmp/resolver.$1"
	resolvers+=("$pid")
	busywait 20 refused "$1" ||
		fail "the resolver does not answer: $(cat "$tmp/resolver.$1")"
}

# refused SITE: by a mapping, so by the resolver
refused()
{
	unreachable "${SITE[$1]}" $UNKNOWN
	nhrp -n "${SITE[$1]}" -j map show dev mgre0 type negative |
		jq -e 'any(.dst == "'$UNKNOWN'" and .protocol != "kernel")'
}

network()
{
	local i

	topo_underlay 3 || return
	for i in 0 1 2 3; do
		echo "${NBMA[i]}	${OVER[i]}	# site $i"
	done >"$tmp/hosts"
	for i in 0 1 2 3; do
		topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64 || return
		resolver "$i" || return
	done
}

forget()
{
	nhrp -n "${SITE[$1]}" map flush dev mgre0
}

stat_of()
{
	nhrp -n "${SITE[$1]}" -j stats show dev mgre0 | jq ".[0].$2"
}

# The first packet waits for its answer: not one is lost.
full_mesh()
{
	local i j

	for i in 0 1 2 3; do
		for j in 0 1 2 3; do
			[ $i = $j ] || try reaches "${SITE[i]}" "${OVER[j]}" -W 10
		done
	done
	for i in 0 1 2 3; do
		for j in 0 1 2 3; do
			[ $i = $j ] ||
				try reaches "${SITE[i]}" "${LAN[j]}" -I "${LAN[i]}"
		done
	done
}

# One for each of the others: what is behind them has the same next hop.
asked_once()
{
	local i j

	for i in 0 1 2 3; do
		assert_eq "mappings of site $i" "$(nhrp -n "${SITE[i]}" -j map show \
			dev mgre0 type cached | jq length)" 3
		for j in 0 1 2 3; do
			[ $i = $j ] || assert_eq "site $j at site $i" \
				"$(nbma_of "$i" "${OVER[j]}")" "${NBMA[j]}"
		done
	done
}

# nbma_of SITE ADDRESS: where the data path sends to
nbma_of()
{
	nhrp -n "${SITE[$1]}" -j map get "$2" dev mgre0 | jq -r '.[0].nbma'
}

# None of it crosses the hub's link.
spokes_direct()
{
	local hub spoke

	capture_start hub "$tmp/hub.pcap" "$ROUTER" s0 ip proto 47
	capture_start spoke "$tmp/spoke.pcap" "$ROUTER" s2 ip proto 47
	try on "${SITE[1]}" ping -q -n -c 5 -i 0.05 "${OVER[2]}"
	try on "${SITE[3]}" ping -q -n -c 5 -i 0.05 "${LAN[2]}"
	try transfer TCP "${SITE[1]}" "${SITE[2]}" "${OVER[2]}" "$tmp/data"
	capture_stop "$spoke" "$tmp/spoke.pcap" 20
	capture_stop "$hub" "$tmp/hub.pcap" 0
	assert_test "packets to spoke 2" "$(capture_count "$tmp/spoke.pcap")" -ge 20
	assert_eq "packets to the hub" "$(capture_count "$tmp/hub.pcap")" 0
}

unknown_refused()
{
	local i start

	for i in 0 1 2 3; do
		forget "$i"
		start=${EPOCHREALTIME/./}
		try unreachable "${SITE[i]}" $UNKNOWN
		assert_test "microseconds" $((${EPOCHREALTIME/./} - start)) -lt 6000000
		assert_eq "given up by the kernel" "$(stat_of "$i" negative)" 0
		assert_eq "refused" "$(nhrp -n "${SITE[i]}" -j map get $UNKNOWN \
			dev mgre0 | jq -r '.[0].type')" negative
	done
}

direct_now()
{
	[ "$(nbma_of 1 "${OVER[2]}")" = "${NBMA[2]}" ]
}

# The spokes know the way to the hub, and the hub its spokes: the first packets go
# through it, and the others past it.
by_hub_then_direct()
{
	local pid pcap=$tmp/way.pcap stream i

	forget 0
	try nhrp -n "${SITE[0]}" -batch - < <(topo_mappings 0)
	for i in 1 2; do
		forget "$i"
		try nhrp -n "${SITE[i]}" map add 10.0.0.0/8 nbma "${NBMA[0]}" resolve \
			dev mgre0
	done
	capture_start pid "$pcap" "${SITE[1]}" eth0 ip proto 47 and src "${NBMA[1]}"
	bg_on stream "${SITE[1]}" ping -n -c 100 -i 0.05 -W 5 "${OVER[2]}" \
		>"$tmp/way"
	try busywait 10 direct_now
	try bg_wait "$stream"
	capture_stop "$pid" "$pcap" 100
	assert_eq "answers" "$(grep -c ' ttl=' "$tmp/way")" 100
	assert_eq "NBMA addresses" "$(capture_nbma "$pcap" | uniq | xargs)" \
		"${NBMA[0]} ${NBMA[2]}"
	assert_eq "asked at the hub" "$(stat_of 0 incomplete)" 0
}

# The devices go with the module; the resolvers stay, and listen again.
module_again()
{
	local i

	mgre_unload && mgre_load || return
	for i in 0 1 2 3; do
		topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64 || return
	done
	for i in 0 1 2 3; do
		try busywait 20 refused "$i" || cat "$tmp/resolver.$i"
	done
	try reaches "${SITE[1]}" "${OVER[2]}" -W 10
	grep -qx "nhrp-resolver: the monitor has ended, trying again" "$tmp/resolver.1" ||
		fail "the resolver says: $(cat "$tmp/resolver.1")"
}

need tcpdump jq socat cmp
[ -x "$RESOLVER" ] || skip "no $RESOLVER"
mgre_load
network
head -c 200000 /dev/urandom >"$tmp/data"

ktap_plan 6
test_case "full mesh, all asked for" full_mesh
test_case "each answer is a mapping" asked_once
test_case "spoke to spoke past the hub" spokes_direct
test_case "an unknown host is unreachable" unknown_refused
test_case "by the hub, and then past it" by_hub_then_direct
test_case "the module goes and comes again" module_again

# Each takes its monitor along, which a signal at exit would not.
for pid in "${resolvers[@]}"; do
	bg_stop "$pid" || :
done
