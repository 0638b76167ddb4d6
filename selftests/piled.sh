#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Devices among others of the kernel's that root of any user namespace may pile up, and
# that hand mgre what it did not expect: each once was a way to stop the machine.
#
#	namespaces HERE and THERE of dual/topology.sh
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dual/topology.sh
. "$top/selftests/dual/topology.sh"

# device NS OPTION...: mgre0 there, anew
device()
{
	local ns=$1 address=10.4.0.1

	shift
	[ "$ns" = "$HERE" ] || address=10.4.0.2
	ip -n "$ns" link del mgre0 2>/dev/null
	try ip -n "$ns" link add mgre0 type mgre "$@" &&
	try ip -n "$ns" link set mgre0 up &&
	try ip -n "$ns" addr add $address/24 dev mgre0
}

# told FIELD: of nhrp stats show
told()
{
	nhrp -n "$HERE" -j stats show dev mgre0 | jq ".[0]$1"
}

# A question that nlmon sees comes back into the device by way of tc and a tunnel, in the
# midst of what sends it.
message_comes_back()
{
	local pid

	[ "$nlmon" ] || { skip "no nlmon in this kernel"; return; }
	device "$HERE" local 192.0.2.1 key 1 || return
	try ip -n "$HERE" -batch - <<-END || return
		link add tap0 type nlmon
		link set tap0 up
		link add t0 type gretap local 10.4.0.1 remote 10.4.0.99 ttl 64
		link set t0 up
	END
	try on "$HERE" tc qdisc add dev tap0 clsact &&
	try on "$HERE" tc filter add dev tap0 egress matchall \
		action mirred egress redirect dev t0 || return
	bg pid "$NHRP" -n "$HERE" monitor resolve >/dev/null
	try busywait 20 listens "$pid" || return
	refuse reaches "$HERE" 10.4.0.98 -W 1
	# one for the ping, one for where the tunnel takes the message
	assert_test "questions" "$(told .upcalls)" -ge 2
	bg_stop "$pid" || :
	try ip -n "$HERE" link del t0
	try ip -n "$HERE" link del tap0
}

# questions FIRST LAST: packets to addresses of mgre0
questions()
{
	local n

	for ((n = $1; n <= $2; n++)); do
		echo >"/dev/udp/10.4.0.$n/9"
	done
}

# Two CPUs: one transmits by mgre0 under the lock of a qdisc into which the messages
# of the other one go.
two_at_once()
{
	local pid flood

	[ "$nlmon" ] || { skip "no nlmon in this kernel"; return; }
	[[ $(uname -r) != 6.1.* ]] ||
		{ skip "6.1 takes the lock of such a qdisc twice by itself"; return; }
	device "$HERE" local 192.0.2.1 key 1 || return
	try ip -n "$HERE" -batch - <<-END || return
		link add x0 type dummy
		link set x0 up
		addr add 10.9.0.1/24 dev x0
		link add tap0 type nlmon
		link set tap0 up
	END
	try on "$HERE" tc qdisc add dev x0 root handle 1: prio &&
	try on "$HERE" tc filter add dev x0 parent 1: matchall \
		action mirred egress redirect dev mgre0 &&
	try on "$HERE" tc qdisc add dev tap0 clsact &&
	try on "$HERE" tc filter add dev tap0 egress matchall \
		action mirred egress redirect dev x0 || return
	bg pid "$NHRP" -n "$HERE" monitor resolve >/dev/null
	try busywait 20 listens "$pid" || return
	bg_on flood "$HERE" ping -q -f -c 100000 -I x0 10.9.0.7
	on "$HERE" bash -c "$(declare -f questions); questions 2 250"
	bg_stop "$flood" INT || :
	assert_test "questions" "$(told .upcalls)" -gt 200
	bg_stop "$pid" || :
	try ip -n "$HERE" link del tap0
	try ip -n "$HERE" link del x0
}

# nflog_hears: who reads group 5
nflog_hears()
{
	grep -q 'listening on' "$tmp/nflog.err"
}

# NFLOG and NFQUEUE have room for 8 octets of link-layer address.
nflog_of_ipv6()
{
	local pid

	device "$HERE" local 2001:db8::1 key 1 || return
	device "$THERE" local 2001:db8::2 key 1 || return
	try nhrp -n "$HERE" map add 10.4.0.2 nbma 2001:db8::2 dev mgre0
	try nhrp -n "$THERE" map add 10.4.0.1 nbma 2001:db8::1 dev mgre0
	try on "$HERE" nft -f - <<-END || return
		table ip logged {
			chain input {
				type filter hook input priority 0
				iifname mgre0 log group 5
			}
			chain output {
				type filter hook postrouting priority 0
				oifname mgre0 log group 5
			}
		}
	END
	bg_on pid "$HERE" tcpdump -Z root -Uni nflog:5 -w "$tmp/nflog.pcap" \
		2>"$tmp/nflog.err"
	try busywait 20 nflog_hears || return
	try reaches "$THERE" 10.4.0.1 -c 5 -i 0.1
	try busywait 10 logged 10
	bg_stop "$pid" INT || :
	try on "$HERE" nft delete table ip logged
	try ip -n "$THERE" link del mgre0
}

logged()
{
	[ "$(tcpdump -nr "$tmp/nflog.pcap" 2>/dev/null | wc -l)" -ge "$1" ]
}

# pile COUNT: p1 over the dummy p0, p2 over p1 ...
pile()
{
	local n

	echo "link add p0 mtu 60000 type dummy"
	echo "link set p0 up"
	for ((n = 1; n <= $1; n++)); do
		echo "link add p$n type mgre key $n dev p$((n - 1))"
		echo "link set p$n up"
	done
}

# Who tells the next one of his new MTU needs room on the stack.
high_pile()
{
	local n

	pile 120 >"$tmp/pile"
	try ip -n "$HERE" -batch "$tmp/pile" || return
	try ip -n "$HERE" link set p0 mtu 50000
	assert_eq "MTU of p1" "$(link_field "$HERE" p1 .mtu)" $((50000 - 28))
	assert_eq "MTU of p4" "$(link_field "$HERE" p4 .mtu)" $((50000 - 4 * 28))
	for ((n = 120; n >= 0; n--)); do
		echo "link del p$n"
	done >"$tmp/pile"
	try ip -n "$HERE" -batch "$tmp/pile"
}

# packet TYPE ADDRESS DATA: by a packet socket of this type (raw, or dgram of 0x2001)
packet()
{
	on "$HERE" "${PYTHON[@]}" - "$@" <<-'END'
		import socket, sys
		kind, to, data = sys.argv[1:]
		to = socket.inet_aton(to)
		if kind == "dgram":
		    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
		    sock.sendto(bytes.fromhex(data), ("mgre0", 0x2001, 0, 0, to))
		else:
		    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		    sock.sendto(to + bytes.fromhex(data), ("mgre0", 0x0800))
	END
}

# The route that act_tunnel_key gives a packet has no device.
route_without_device()
{
	device "$HERE" local 192.0.2.1 key 1 || return
	try on "$HERE" tc qdisc add dev mgre0 clsact &&
	try on "$HERE" tc filter add dev mgre0 egress matchall \
		action tunnel_key set src_ip 192.0.2.1 dst_ip 192.0.2.2 id 1 || return
	try packet dgram 192.0.2.2 "$(printf '00%.0s' {1..40})"
	assert_eq "sent" "$(ip -n "$HERE" -s -j link show mgre0 |
		jq '.[0].stats64.tx.packets')" 1
}

# An ICMP echo of 28 octets behind its link-layer header: less than an IPv6 header
short_frame()
{
	local pid pcap=$tmp/short.pcap
	local ip=4500001c0001000040012ede0a0400010a0400aa icmp=0800f7fe00010000

	device "$HERE" local 192.0.2.1 || return
	capture_start pid "$pcap" "$HERE" eth0 ip proto 47 || return
	try packet raw 192.0.2.2 $ip$icmp
	capture_stop "$pid" "$pcap" 1
	assert_eq "the packet is whole" \
		"$(capture_count "$pcap" "dst 192.0.2.2 and ip[24:4] == 0x4500001c")" 1
}

# A checksum to be filled in where the GRE header will be, by PACKET_VNET_HDR
checksum_in_front()
{
	device "$HERE" local 192.0.2.1 key 1 || return
	try on "$HERE" "${PYTHON[@]}" - <<-'END'
		import socket, struct
		packet = bytes.fromhex("4500001c0001000040010000" "0a040001" "0a040002")
		with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
		    sock.bind(("mgre0", 0x0800))
		    sock.setsockopt(263, 15, 1)
		    try:
		        sock.send(struct.pack("=BBHHHH", 1, 0, 0, 0, 0, 0) +
		                  socket.inet_aton("192.0.2.2") + packet + bytes(8))
		        print("taken by the kernel")
		    except OSError as error:
		        print(error)
	END
	assert_eq "sent" "$(ip -n "$HERE" -s -j link show mgre0 |
		jq '.[0].stats64.tx.packets')" 0
}

# features ON|OFF: of THERE's way out, so that HERE gets a packet for each datagram
features()
{
	try on "$THERE" ethtool -K eth0 tx-udp-segmentation "$1" \
		tx-gre-segmentation "$1" tx-gre-csum-segmentation "$1" >/dev/null
}

# GRO chains datagrams, which must come out as they were.
chains()
{
	local pid

	device "$HERE" local 192.0.2.1 key 1 || return
	device "$THERE" local 192.0.2.2 key 1 || return
	try nhrp -n "$HERE" map add 10.4.0.2 nbma 192.0.2.2 dev mgre0
	try nhrp -n "$THERE" map add 10.4.0.1 nbma 192.0.2.1 dev mgre0
	on "$HERE" ethtool -K mgre0 rx-gro-list on >/dev/null 2>&1 || :
	for feature in rx-gro-list tx-gso-list; do
		assert_eq "$feature" "$(on "$HERE" ethtool -k mgre0 |
			sed -n "s/^$feature: \\([a-z]*\\).*/\\1/p")" off
	done
	try on "$HERE" ethtool -K eth0 gro on rx-gro-list on >/dev/null
	features off
	bg_on pid "$HERE" "${PYTHON[@]}" -c 'if True:
		import socket
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)	# RCVBUFFORCE
		sock.bind(("10.4.0.1", 9))
		sock.settimeout(20)
		print("ready", flush=True)
		for n in range(400):
		    assert sock.recv(2000) == b"%04d" % (n % 20) * 100, n
		print("done", flush=True)' >"$tmp/chains"
	try busywait 20 grep -q ready "$tmp/chains"
	try on "$THERE" "${PYTHON[@]}" -c 'if True:
		import socket
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.setsockopt(socket.IPPROTO_UDP, 103, 400)
		for n in range(20):
		    sock.sendto(b"".join(b"%04d" % n * 100 for n in range(20)),
		                ("10.4.0.1", 9))'
	try busywait 20 grep -q "done" "$tmp/chains"
	bg_stop "$pid" || :
	features on
	try on "$HERE" ethtool -K eth0 rx-gro-list off >/dev/null
	try ip -n "$THERE" link del mgre0
}

need tcpdump nft jq python3 tc ethtool
try modprobe -a ip_gre sch_ingress cls_matchall act_mirred act_tunnel_key
modprobe nlmon && nlmon=1 || nlmon=
mgre_load
ktap_plan 8
underlay

test_case "a message that comes back" message_comes_back
test_case "messages under a lock that another CPU wants" two_at_once
test_case "NFLOG of a device with IPv6 addresses" nflog_of_ipv6
test_case "a high pile of devices follows the MTU" high_pile
test_case "a route without a device" route_without_device
test_case "a short frame of a raw packet socket" short_frame
test_case "a checksum in front of the packet" checksum_in_front
test_case "datagrams that GRO has chained" chains
