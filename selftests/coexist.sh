#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mgre and stock ip_gre in one kernel, in one namespace, whichever came first;
# and mgre behind netfilter's INPUT chain.
#
#   hub, site 0                         router
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | site 1: mgre0,     |
#  | plain 10.7.1.1/24  |           |        s1 +---------+ plain, keyed       |
#  | keyed 10.7.2.1/24  |           |           |         | 198.51.100.2/26    |
#  |                    |           |           |         +--------------------+
#  | eth0 192.0.2.2/24 -+-----------+ s0        |         +--------------------+
#  +--------------------+           |           |         | site 2: mgre0      |
#                                   |        s2 +---------+ 198.51.100.66/26   |
#                                   | plain     |         +--------------------+
#                                   | keyed     |         +--------------------+
#                                   |           |         | site 3: no mgre,   |
#                                   |        s3 +---------+ plain, keyed       |
#                                   +-----------+         | 203.0.113.2/26     |
#                                                         +--------------------+
#
# plain and keyed are stock gre tunnels with remote, hub to site 1 (beside
# mgre0) and router to site 3 (in namespaces without mgre).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# gre_end NS NET LOCAL REMOTE HOST: plain 10.NET.1.HOST and keyed 10.NET.2.HOST
gre_end()
{
	try ip -n "$1" -batch - <<-END
		link add plain type gre local $3 remote $4
		addr add 10.$2.1.$5/24 dev plain
		link set plain up
		link add keyed type gre local $3 remote $4 key 7
		addr add 10.$2.2.$5/24 dev keyed
		link set keyed up
	END
}

gre_tunnels()
{
	gre_end "${SITE[0]}" 7 "${NBMA[0]}" "${NBMA[1]}" 1 &&
	gre_end "${SITE[1]}" 7 "${NBMA[1]}" "${NBMA[0]}" 2 &&
	gre_end "$ROUTER" 6 "${GW[3]}" "${NBMA[3]}" 1 &&
	gre_end "${SITE[3]}" 6 "${NBMA[3]}" "${GW[3]}" 2
}

gre_passes()
{
	local net

	for net in 7.1 7.2; do
		try reaches "${SITE[0]}" 10.$net.2 -s 4000
		try reaches "${SITE[1]}" 10.$net.1
	done
	for net in 6.1 6.2; do
		try reaches "$ROUTER" 10.$net.2
		try reaches "${SITE[3]}" 10.$net.1
	done
}

mgre_device()
{
	topo_device "$1" local "${NBMA[$1]}" key $MGRE_KEY ttl 64 &&
	try nhrp -n "${SITE[$1]}" -batch - < <(topo_mappings "$1")
}

# Sites 0 to 2 only: site 3 has no mgre device until a test case makes one.
mgre_devices()
{
	mgre_device 0 && mgre_device 1 && mgre_device 2
}

mgre_passes()
{
	try reaches "${SITE[0]}" "${OVER[1]}" -s 4000
	try reaches "${SITE[1]}" "${OVER[2]}"
	try reaches "${SITE[2]}" "${OVER[0]}"
}

both_pass()
{
	gre_passes
	mgre_passes
}

mgre_after_ip_gre()
{
	try modprobe ip_gre
	gre_tunnels
	gre_passes
	mgre_load
	gre_passes
	mgre_devices
	both_pass
}

ip_gre_unloads()
{
	local pid

	stream_start pid "${SITE[1]}" "${OVER[2]}"
	try rmmod ip_gre
	stream_unharmed "$pid" "${OVER[2]}"
	mgre_passes
	refuse ip -n "${SITE[0]}" link show plain
}

ip_gre_after_mgre()
{
	local pid

	stream_start pid "${SITE[1]}" "${OVER[2]}"
	try modprobe ip_gre
	gre_tunnels
	gre_passes
	stream_unharmed "$pid" "${OVER[2]}"
	both_pass
}

mgre_unloads()
{
	local plain keyed

	stream_start plain "${SITE[0]}" 10.7.1.2
	stream_start keyed "${SITE[1]}" 10.7.2.1
	try rmmod mgre
	stream_unharmed "$plain" 10.7.1.2
	stream_unharmed "$keyed" 10.7.2.1
	gre_passes
	refuse ip -n "${SITE[0]}" link show mgre0
	try mgre_load
	mgre_devices
	both_pass
}

# Site 3 is a spoke with a stock tunnel to the hub, and reaches site 1 through it.
stock_spoke()
{
	try ip -n "${SITE[3]}" -batch - <<-END
		link add gre1 type gre local ${NBMA[3]} remote ${NBMA[0]} key $MGRE_KEY ttl 64
		addr add ${OVER[3]}/24 dev gre1
		link set gre1 up
	END
	try reaches "${SITE[0]}" "${OVER[3]}" -s 4000
	try reaches "${SITE[3]}" "${OVER[0]}"
	try transfer TCP "${SITE[0]}" "${SITE[3]}" "${OVER[3]}" "$tmp/data"
	try transfer TCP "${SITE[3]}" "${SITE[0]}" "${OVER[0]}" "$tmp/data"
	try nhrp -n "${SITE[1]}" map replace "${OVER[3]}" nbma "${NBMA[0]}" dev mgre0
	try reaches "${SITE[1]}" "${OVER[3]}"
	both_pass
	try nhrp -n "${SITE[1]}" map replace "${OVER[3]}" nbma "${NBMA[3]}" dev mgre0
	try ip -n "${SITE[3]}" link del gre1
}

# Site 3 is a hub with ip_gre's own NBMA mode, sites 1 and 2 are mgre spokes.
stock_nbma_hub()
{
	try ip -n "${SITE[3]}" -batch - <<-END
		link add gre1 type gre local ${NBMA[3]} key $MGRE_KEY ttl 64
		addr add ${OVER[3]}/24 dev gre1
		link set gre1 up
		neigh add ${OVER[1]} lladdr ${NBMA[1]} dev gre1 nud permanent
		neigh add ${OVER[2]} lladdr ${NBMA[2]} dev gre1 nud permanent
	END
	try reaches "${SITE[3]}" "${OVER[1]}" -s 4000
	try reaches "${SITE[1]}" "${OVER[3]}"
	try reaches "${SITE[2]}" "${OVER[3]}"
	try transfer TCP "${SITE[1]}" "${SITE[3]}" "${OVER[3]}" "$tmp/data"
	both_pass
	try ip -n "${SITE[3]}" link del gre1
}

rules()
{
	on "${SITE[0]}" nft -f -
}

# counted: packets of the rules with counters
counted()
{
	on "${SITE[0]}" nft -j list table ip test |
		jq '[.. | .counter? // empty | .packets] | add'
}

stateful_input()
{
	rules <<-'END'
		table ip test {
			chain input {
				type filter hook input priority 0; policy drop;
				ct state established,related accept
				iifname { "lo", "mgre0", "plain", "keyed" } accept
			}
		}
	END
}

# A new flow of GRE needs a rule; one that the hub began itself does not.
conntrack_input()
{
	try stateful_input
	refuse reaches "${SITE[2]}" "${OVER[0]}" -W 1
	try reaches "${SITE[0]}" "${OVER[1]}"
	try reaches "${SITE[1]}" "${OVER[0]}" -c 3 -i 0.1
	try reaches "${SITE[0]}" 10.7.1.2
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	refuse reaches "${SITE[2]}" "${OVER[0]}" -W 1
	rules <<<"add rule ip test input ip saddr ${NBMA[2]} ip protocol gre accept"
	try reaches "${SITE[2]}" "${OVER[0]}" -c 3 -i 0.1
	rules <<<"delete table ip test"
	mgre_passes
}

# The hub's hook is the latest one now, and of equal ones the latest runs first.
hub_device_again()
{
	try ip -n "${SITE[0]}" link del mgre0 &&
	mgre_device 0
}

# conntrack_confirmed SENDER [COMMAND]: traffic in one direction only, of a sender
# not seen before: the entry of its first packet must get into the table, though
# mgre may take the packet before the hook that would put it there. The rule
# counts the packets that come later. COMMAND runs when conntrack is active.
conntrack_confirmed()
{
	local pid pcap=$tmp/confirm.pcap sender=$1

	try stateful_input
	rules <<-END
		table ip test {
			chain sender {
				ct status confirmed counter
				accept
			}
			chain input {
				ip protocol gre ip saddr $sender jump sender
			}
			chain inner {
				type filter hook prerouting priority 0;
				iifname "mgre0" udp dport 9 drop
			}
		}
	END
	[ -z "$2" ] || try "$2"
	try ip -n "${SITE[3]}" -batch - <<-END
		addr add $sender/26 dev eth0
		link add gre1 type gre local $sender remote ${NBMA[0]} key $MGRE_KEY ttl 64
		addr add ${OVER[3]}/24 dev gre1
		link set gre1 up
	END
	capture_start pid "$pcap" "${SITE[0]}" mgre0 udp port 9
	send_udp "${SITE[3]}" "${OVER[0]}" 3
	capture_stop "$pid" "$pcap" 3
	assert_eq "packets" "$(capture_count "$pcap")" 3
	assert_eq "packets of a confirmed entry" "$(counted)" 2
	rules <<<"delete table ip test"
	try ip -n "${SITE[3]}" link del gre1
	try ip -n "${SITE[3]}" addr del "$sender/26" dev eth0
}

input_drop_obeyed()
{
	try reaches "${SITE[1]}" "${OVER[0]}"
	rules <<-END
		table ip test {
			chain input {
				type filter hook input priority 0;
				ip protocol gre ip saddr ${NBMA[1]} counter drop
			}
		}
	END
	refuse reaches "${SITE[1]}" "${OVER[0]}" -W 1
	refuse reaches "${SITE[1]}" 10.7.1.1 -W 1
	try reaches "${SITE[2]}" "${OVER[0]}"
	assert_eq "packets dropped" "$(counted)" 2
	rules <<<"delete table ip test"
	try reaches "${SITE[1]}" "${OVER[0]}"
	try reaches "${SITE[1]}" 10.7.1.1
}

need nft jq socat cmp tcpdump
! grep -q '^ip_gre ' /proc/modules || try rmmod ip_gre
topo_underlay 3
head -c 500000 /dev/urandom >"$tmp/data"

ktap_plan 10
test_case "mgre loads after ip_gre" mgre_after_ip_gre
test_case "ip_gre unloads, mgre passes" ip_gre_unloads
test_case "ip_gre loads after mgre" ip_gre_after_mgre
test_case "mgre unloads, ip_gre passes, mgre loads again" mgre_unloads
test_case "a spoke with a stock tunnel" stock_spoke
test_case "a stock NBMA hub" stock_nbma_hub
test_case "stateful INPUT that drops by default" conntrack_input
test_case "conntrack entry is confirmed by its own hook" conntrack_confirmed 203.0.113.3
test_case "conntrack entry is confirmed by mgre" conntrack_confirmed 203.0.113.4 hub_device_again
test_case "INPUT drop rules are obeyed" input_drop_obeyed
