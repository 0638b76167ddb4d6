#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Malformed packets are sent by packet sockets into devices of each kind: any
# EtherType, link-layer address and header, length, payload, and what virtio's
# header may ask for. fuzz/net.sh shows the network, fuzz/xmit.c makes the packets.
# FUZZ_PACKETS (10000, on a slow machine 2000) is their number, for each device,
# FUZZ_SEED says which.
#
# The balance: what sendto() took is in tx_packets of the device or in one of the
# drops of ethtool -S. What the kernel drops in the device's name before it has the
# packet (a checksum or segments that cannot be made) sendto() refuses, though it is in
# the device's tx_dropped. Nothing else may leave
# by the device for this: the peer answers nothing, and nft drops what the hub's own
# IP stack would send by it (errors about packets that could not go) or forward (what
# a device without local address sent to an address of the hub, and received).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=fuzz/net.sh
. "$(dirname "$0")/fuzz/net.sh"

PACKETS=${FUZZ_PACKETS:-$((slow ? 2000 : 10000))}
SEED=${FUZZ_SEED:-$RANDOM$RANDOM}

# sent FIELD: what the generator says
sent()
{
	sed -n "s/^$1 //p" "$tmp/sent"
}

# silence: see the top
silence()
{
	try on "$PEER" nft -f - <<-END || return
		table inet silence {
			chain received {
				type filter hook prerouting priority -500; policy drop;
			}
		}
	END
	try on "$HUB" nft -f - <<-END
		table inet silence {
			chain sent {
				type filter hook output priority 0;
				oifname "m*" drop
			}
			chain forwarded {
				type filter hook forward priority 0;
				oifname "m*" drop
			}
		}
	END
}

# xmit NUMBER LLADDR_FAMILY: packets into device NUMBER
xmit()
{
	local dev=m$1 taken counted

	count_begin || return
	try on "$HUB" timeout 600 "$tmp/fuzz" xmit "$dev" "$SEED" "$PACKETS" "$2:$1" \
		>"$tmp/sent" || return
	count_end || return
	notes "(drop\.$dev\.tx|HUB\.$dev\.tx|backlog).*"
	taken=$(($(sent datagrams) - $(sent refused)))
	counted=$(($(total "HUB\.$dev\.tx_packets") + $(total "drop\.$dev\.tx_.*")))
	assert_test "packets that sendto() took" "$taken" -gt $((PACKETS / 4))
	assert_eq "packets that $dev counted" "$counted" "$taken"
	assert_test "packets that were sent" "$(total "HUB\.$dev\.tx_packets")" -gt 100
	assert_test "packets that were dropped" "$(total "drop\.$dev\.tx_.*")" -gt 100
}

# still_fine: all devices do what they did before
still_fine()
{
	local target

	try on "$PEER" nft delete table inet silence
	try on "$HUB" nft delete table inet silence
	for target in "${TARGETS[@]}"; do
		try reaches "$PEER" "10.0.${target%%:*}.1"
		try reaches "$HUB" "10.0.${target%%:*}.2" -s 1200
	done
}

nothing_left()
{
	fuzz_net_gone
	mgre_unload && memory_end
}

need cc nft jq nstat ethtool
try sysctl -qw net.core.netdev_max_backlog=100000
fuzz_program
mgre_load
note "$PACKETS packets for each device, seed $SEED"
ktap_plan 6

fuzz_net together
silence
memory_begin
test_case "IPv4 with key" xmit 1 4
test_case "IPv6 with key" xmit 3 6
test_case "both, with checksum" xmit 5 4
test_case "no local address" xmit 7 4
test_case "the devices are fine" still_fine
test_case "nothing is left" nothing_left
