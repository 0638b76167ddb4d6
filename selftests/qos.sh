#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mark of a mapping is that of the outer packets, so that tc on the underlay tells
# the peers apart, by the recipe.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=daemons/lib.sh
. "$(dirname "$0")/daemons/lib.sh"

# class NUMBER FIELD: of the queue in the hub's class 1:NUMBER, as tc names it
class()
{
	on "$HUB" tc -s -j qdisc show dev eth0 |
		jq ".[] | select(.parent == \"1:$1\") | .$2"
}

# class_has NUMBER FIELD VALUE
class_has()
{
	[ "$(class "$1" "$2")" -eq "$3" ]
}

# stream SITE COUNT OCTETS [GAP]: datagrams of the hub, as fast as it can or with so
# many seconds between them
stream()
{
	on "$HUB" "${PYTHON[@]}" - "${OVER[$1]}" "$2" "$3" "${4:-0}" <<-'END'
		import socket, sys, time
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
		for i in range(int(sys.argv[2])):
		    sock.sendto(bytes(int(sys.argv[3])), (sys.argv[1], 9))
		    time.sleep(float(sys.argv[4]))
	END
}

# quiet: sites answer nothing that could be told of the datagrams
quiet()
{
	local i

	for i in 1 2; do
		try on "${SITE[i]}" nft -f - <<-END
			table ip quiet {
				chain input {
					type filter hook prerouting priority 0
					udp dport 9 drop
				}
			}
		END
	done
}

# classes: those of the recipe, which have counted nothing yet
classes()
{
	on "$HUB" tc qdisc del dev eth0 root 2>/dev/null
	recipe_run qos classes "$HUB"
}

marked()
{
	recipe_run qos marks "$HUB" && classes || return
	stream 1 10 100
	stream 2 20 100
	try busywait 10 class_has 1 packets 10
	try busywait 10 class_has 2 packets 20
}

# The next packet has the new mark; none has no class.
changed()
{
	classes || return
	try nhrp -n "$HUB" map replace "${OVER[1]}" nbma "${NBMA[1]}" dev mgre0 mark 2
	stream 1 5 100
	try nhrp -n "$HUB" map replace "${OVER[1]}" nbma "${NBMA[1]}" dev mgre0
	stream 1 5 100
	stream 2 1 100
	try busywait 10 class_has 2 packets 6
	assert_eq "packets of class 1" "$(class 1 packets)" 0
	recipe_run qos marks "$HUB"
}

# 200 kB want 3 s of a line of 500 kbit/s, whose queue holds 20 packets. The other
# peer gets what is well below its rate, all of it: too many at once, and CoDel may
# drop one.
shaped()
{
	recipe_run qos marks "$HUB" && classes || return
	stream 1 200 1000
	stream 2 40 1000 0.01
	try busywait 10 class_has 2 packets 40
	assert_eq "dropped for site 2" "$(class 2 drops)" 0
	assert_test "sent to site 1" "$(class 1 packets)" -lt 200
	assert_test "dropped for site 1" "$(class 1 drops)" -gt 0
	recipe qos show | on "$HUB" bash | grep -q 'class htb 1:1' || fail "nothing shown"
}

need jq nft python3 tc
mgre_load
ktap_plan 3
topo_underlay 2
HUB=${SITE[0]}
for i in 0 1 2; do
	topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64
done
quiet

test_case "marks tell the peers apart" marked
test_case "a mark is changed" changed
test_case "each peer has a rate" shaped
