#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A hub and three spokes talk over mgre, shown step by step. The last line is
# "demo: ok" only if every step worked.
#
#   hub                                 router              spoke 1
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | mgre0 10.0.0.2/24  |
#  | eth0 192.0.2.2/24 -+-----------+ s0     s1 +---------+ 198.51.100.2/26    |
#  +--------------------+           |           |         +--------------------+
#                                   |           |           spoke 2
#                                   |           |         +--------------------+
#                                   |           |         | mgre0 10.0.0.3/24  |
#                                   |        s2 +---------+ 198.51.100.66/26   |
#                                   |           |         +--------------------+
#                                   |           |           spoke 3
#                                   |           |         +--------------------+
#                                   |           |         | mgre0 10.0.0.4/24  |
#                                   |        s3 +---------+ 203.0.113.2/26     |
#                                   +-----------+         +--------------------+

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

finished=
server=

# In place of lib.sh's: no KTAP here, one line.
ktap_verdict()
{
	if [ -z "$finished" ] || [ -n "$ktap_bailed" ]; then
		echo "demo: failed${ktap_bailed:+: $ktap_bailed}" >&2
		return 1
	fi
	echo "demo: ok"
}

heading()
{
	printf '\n== %s\n' "$*"
}

# show COMMAND...: say what runs, then run it
show()
{
	echo "# $*"
	try "$@"
}

# expect TEXT FILE: or the step has failed
expect()
{
	grep -q -- "$1" "$2" || fail "no '$1' in the output"
}

# show_with TEXT COMMAND...: its output must have the text
show_with()
{
	local text=$1

	shift
	show "$@" >"$tmp/shown"
	cat "$tmp/shown"
	expect "$text" "$tmp/shown"
}

need jq iperf3 tcpdump tshark ping
mgre_load
topo_underlay 3
HUB=${SITE[0]}
SPOKE1=${SITE[1]}
SPOKE2=${SITE[2]}
SPOKE3=${SITE[3]}
for i in "${!SITE[@]}"; do
	topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64
done

heading "The hub's device: no remote, every packet's comes from the cache"
show_with "mgre.* local 192.0.2.2 .*key" ip -n "$HUB" -d link show mgre0

heading "Each site is told where the others are (here: the hub)"
for i in "${!SITE[@]}"; do
	topo_mappings "$i" >"$tmp/batch$i"
	[ "$i" -ne 0 ] || { echo "# cat batch0"; cat "$tmp/batch0"; }
	try nhrp -n "${SITE[i]}" -batch "$tmp/batch$i"
done
show_with "10.0.0.4.*203.0.113.2" nhrp -n "$HUB" map show

heading "Hub to spokes"
for i in 1 2 3; do
	show_with " 0% packet loss" ip netns exec "$HUB" ping -n -c 2 -i 0.2 "${OVER[i]}"
done

heading "Spoke to spoke, directly"
show_with " 0% packet loss" ip netns exec "$SPOKE1" ping -n -c 2 -i 0.2 "${OVER[2]}"
show_with " 0% packet loss" ip netns exec "$SPOKE3" ping -n -c 2 -i 0.2 "${OVER[1]}"

heading "TCP from spoke 2 to the hub"
bg server ip netns exec "$HUB" iperf3 -s -1 -B "${OVER[0]}" >/dev/null
try busywait 10 listening "$HUB" -lt 5201
show_with receiver ip netns exec "$SPOKE2" iperf3 -c "${OVER[0]}" -t 3 -i 0 -f m
bg_wait "$server"

heading "What the hub knows of its peers"
show_with "198.51.100.66" nhrp -n "$HUB" -s peer show
[ "$(peer "$HUB" "${NBMA[2]}" .rx.packets)" -gt 100 ] ||
	fail "no traffic counted from spoke 2"

heading "One packet of spoke 1 on the underlay of the hub"
capture_start pid "$tmp/pcap" "$HUB" eth0 ip proto 47 and src "${NBMA[1]}"
try reaches "$SPOKE1" "${OVER[0]}" >/dev/null
capture_stop "$pid" "$tmp/pcap" 1
show_with "Key: 0x0000002a" tshark -n -r "$tmp/pcap" -c 1 -V -O ip,gre 2>/dev/null
expect "Internet Protocol Version 4, Src: ${NBMA[1]}, Dst: ${NBMA[0]}" "$tmp/shown"
expect "Generic Routing Encapsulation (IP)" "$tmp/shown"
expect "Internet Protocol Version 4, Src: ${OVER[1]}, Dst: ${OVER[0]}" "$tmp/shown"

echo
finished=1
