#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPsec by the recipe: keys by hand, and strongSwan on the hub and two spokes. With
# charon gone nothing is sent in clear, and traffic is back when it is.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=daemons/lib.sh
. "$(dirname "$0")/daemons/lib.sh"

SPOKE_ID=("" one two)
declare -A CHARON=()

# devices: mgre0 in all, the hub mapped in the spokes and they in the hub
devices()
{
	local i

	for i in 0 1 2; do
		ip -n "${SITE[i]}" link del mgre0 2>/dev/null
		topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64 || return
		recipe_run ipsec protect "${SITE[i]}" || return
	done
	for i in 1 2; do
		try nhrp -n "${SITE[0]}" map add "${OVER[i]}" nbma "${NBMA[i]}" dev mgre0
		try nhrp -n "${SITE[i]}" map add 10.0.0.0/24 nbma "${NBMA[0]}" dev mgre0
	done
}

# watch: capture from now on what of the tunnel the router has with the hub
watch()
{
	capture_start WATCH "$tmp/watch.pcap" "$ROUTER" s0 "proto 47 or proto 50 or udp port 4500"
}

# watched SECRET [FILTER]: at least so many packets were protected, and none in clear.
# Read by tshark, for another opinion of what GRE is.
watched()
{
	local clear

	capture_stop "$WATCH" "$tmp/watch.pcap" "$1"
	clear=$(tshark -n -r "$tmp/watch.pcap" -Y gre 2>/dev/null | wc -l)
	assert_eq "in clear" "$clear" 0
	assert_test "protected" \
		"$(capture_count "$tmp/watch.pcap" "${2:-proto 50}")" -ge "$1"
}

by_hand()
{
	local out

	devices || return
	refuse reaches "${SITE[1]}" "${OVER[0]}" -W 0.5
	out=$(recipe ipsec drops | on "${SITE[1]}" bash) || fail "drops"
	[[ $out == *tx_unprotected:\ 1* ]] || fail "drops: $out"
	recipe_run ipsec xfrm-states "${SITE[0]}" &&
		recipe_run ipsec xfrm-states "${SITE[1]}" &&
		recipe_run ipsec hub-policies "${SITE[0]}" &&
		recipe_run ipsec spoke-policies "${SITE[1]}" || return
	watch || return
	try reaches "${SITE[1]}" "${OVER[0]}"
	recipe_run ipsec mtu "${SITE[1]}"
	try reaches "${SITE[1]}" "${OVER[0]}" -M "do" -s 1372
	watched 4
	flush
}

# flush: the kernel has no policies and associations any more
flush()
{
	local i

	for i in 0 1 2; do
		try ip -n "${SITE[i]}" xfrm policy flush
		try ip -n "${SITE[i]}" xfrm state flush
	done
}

# charon_config SITE: what the recipe has for it
charon_config()
{
	if [ "$1" -eq 0 ]; then
		recipe ipsec hub-swanctl
	else
		recipe ipsec spoke-swanctl |
			sed "s/198\.51\.100\.2$/${NBMA[$1]}/; s/one\./${SPOKE_ID[$1]}./"
	fi
}

# control SITE OPTION...: swanctl of its charon
control()
{
	local ns=${SITE[$1]}

	shift
	on "$ns" swanctl "$@" --uri "unix://$tmp/$ns.vici"
}

# charon SITE: start it, with the configuration of the recipe
charon()
{
	local i=$1 ns=${SITE[$1]} pid

	cat >"$tmp/$ns.conf" <<-END
		charon-systemd {
			filelog {
				log {
					path = $tmp/$ns.log
					default = 1
					flush_line = yes
				}
			}
			# short, for a test
			retransmit_base = 1
			retransmit_timeout = 1
			retry_initiate_interval = 1
			plugins {
				# as in Debian's /etc/strongswan.d
				bypass-lan {
					load = no
				}
				vici {
					socket = unix://$tmp/$ns.vici
				}
			}
		}
	END
	charon_config "$i" >"$tmp/$ns.swanctl" || return
	rm -f "$tmp/$ns.vici"
	bg_on pid "$ns" env STRONGSWAN_CONF="$tmp/$ns.conf" charon-systemd \
		2>"$tmp/$ns.err"
	CHARON[$i]=$pid
	try busywait 60 test -S "$tmp/$ns.vici" || return
	try busywait 30 control "$i" --load-all --file "$tmp/$ns.swanctl" ||
		fail "$(control "$i" --load-all --file "$tmp/$ns.swanctl" 2>&1)"
}

charons()
{
	local i

	for i in 0 1 2; do
		charon "$i" || return
	done
}

# established SITE
established()
{
	control "$1" --list-sas | grep -q 'gre: .*INSTALLED, TRANSPORT'
}

negotiated()
{
	local i

	devices && charons || return
	for i in 1 2; do
		try busywait 60 established "$i" || fail "$(cat "$tmp/${SITE[i]}.log")" || return
	done
	watch || return
	for i in 1 2; do
		try reaches "${SITE[i]}" "${OVER[0]}"
		try reaches "${SITE[0]}" "${OVER[i]}"
	done
	# by the hub, protected on both legs
	try reaches "${SITE[1]}" "${OVER[2]}"
	watched 12
}

# offer SITE: five packets for the other side, answered or not
offer()
{
	on "${SITE[$1]}" ping -q -n -c 5 -i 0.05 -W 0.2 "$2"
}

charon_stops()
{
	local i

	watch || return
	for i in 0 1 2; do
		bg_stop "${CHARON[$i]}" || :
	done
	flush
	offer 0 "${OVER[1]}"
	offer 1 "${OVER[0]}"
	offer 2 "${OVER[0]}"
	watched 0
	for i in 0 1 2; do
		assert_test "drops of site $i" \
			"$(dropped "${SITE[i]}" mgre0 tx_unprotected)" -ge 5
	done
}

charon_returns()
{
	charons || return
	try busywait 60 reaches "${SITE[1]}" "${OVER[0]}" -W 1
	try busywait 60 reaches "${SITE[2]}" "${OVER[0]}" -W 1
	try busywait 10 reaches "${SITE[0]}" "${OVER[1]}" -W 1
	watch || return
	offer 1 "${OVER[0]}" || fail "lost"
	watched 10
}

# The hub loses its associations and says nothing: what the spoke sends is for nobody,
# until dead peer detection or the hub's answer to it has them made anew.
hub_restarts()
{
	watch || return
	bg_stop "${CHARON[0]}" KILL || :
	try ip -n "${SITE[0]}" xfrm state flush
	try ip -n "${SITE[0]}" xfrm policy flush
	offer 0 "${OVER[1]}" && fail "answered"
	charon 0 || return
	try control 1 --terminate --ike hub --force
	try busywait 60 reaches "${SITE[1]}" "${OVER[0]}" -W 1
	watched 2
}

translated()
{
	bg_stop "${CHARON[2]}" || :
	try on "$ROUTER" nft -f - <<-END
		table ip nat {
			chain out {
				type nat hook postrouting priority srcnat
				oif s0 ip saddr ${NBMA[2]} masquerade
			}
		}
	END
	try nhrp -n "${SITE[0]}" map replace "${OVER[2]}" nbma "${GW[0]}" dev mgre0
	charon 2 || return
	try busywait 60 established 2 || return
	watch || return
	try reaches "${SITE[2]}" "${OVER[0]}"
	try reaches "${SITE[0]}" "${OVER[2]}"
	try reaches "${SITE[2]}" "${OVER[1]}"
	watched 4 "udp port 4500"
}

need tcpdump tshark jq ethtool nft
daemons_lay
try modprobe -a esp4 xfrm_user
mgre_load
ktap_plan 6
topo_underlay 2

test_case "keys by hand" by_hand
test_case "strongSwan negotiates" negotiated
test_case "charon stops" charon_stops
test_case "charon returns" charon_returns
test_case "the hub restarts" hub_restarts
test_case "a spoke behind NAT" translated
