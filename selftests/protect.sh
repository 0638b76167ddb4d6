#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPsec around the tunnel, by ip xfrm: transport and tunnel mode, an xfrm interface,
# IPv4 and IPv6. With protect nothing is sent or taken in clear, whatever becomes of
# policies and security associations, and the next packet knows.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

NBMA6=(2001:db8:0:1::2 2001:db8:0:2::2)
KEY=0x0102030405060708090a0b0c0d0e0f1011121314

# states NS MODE A B: the security associations between A and B, both ways
states()
{
	try ip -n "$1" -batch - <<-END
		xfrm state add src $3 dst $4 proto esp spi 0x101 mode $2 $5 \\
			aead rfc4106(gcm(aes)) $KEY 128
		xfrm state add src $4 dst $3 proto esp spi 0x202 mode $2 $5 \\
			aead rfc4106(gcm(aes)) $KEY 128
	END
}

# policies NS MODE OWN OTHER [OPTION]...: GRE between the two is protected
policies()
{
	local ns=$1 mode=$2 own=$3 other=$4 len=32

	shift 4
	[[ $own != *:* ]] || len=128
	try ip -n "$ns" -batch - <<-END
		xfrm policy add src $own/$len dst $other/$len proto gre dir out $* \\
			tmpl src $own dst $other proto esp mode $mode
		xfrm policy add src $other/$len dst $own/$len proto gre dir in $* \\
			tmpl src $other dst $own proto esp mode $mode
	END
}

# flush: no IPsec any more, in both sites
flush()
{
	local i

	for i in 0 1; do
		try ip -n "${SITE[i]}" xfrm policy flush
		try ip -n "${SITE[i]}" xfrm state flush
	done
}

# ipsec MODE A B: between the hub, which has A, and site 1
ipsec()
{
	states "${SITE[0]}" "$1" "$2" "$3" &&
	states "${SITE[1]}" "$1" "$2" "$3" &&
	policies "${SITE[0]}" "$1" "$2" "$3" &&
	policies "${SITE[1]}" "$1" "$3" "$2"
}

# drops SITE NAME
drops()
{
	dropped "${SITE[$1]}" mgre0 "$2"
}

# drops_are SITE NAME NUMBER
drops_are()
{
	[ "$(drops "$1" "$2")" -eq "$3" ]
}

# devices A B [OPTION]...: mgre0 in both, with the address and each other mapped
devices()
{
	local nbma=("$1" "$2") i

	shift 2
	for i in 0 1; do
		ip -n "${SITE[i]}" link del mgre0 2>/dev/null
		topo_device "$i" local "${nbma[i]}" key $MGRE_KEY ttl 64 "$@" || return
		try nhrp -n "${SITE[i]}" map add "${OVER[1 - i]}" nbma "${nbma[1 - i]}" dev mgre0
	done
}

# watch: capture what the router has with the hub from now on; at the hub, what has
# come out of a tunnel is seen on eth0 again
watch()
{
	capture_start WATCH "$tmp/watch.pcap" "$ROUTER" s0 \
		"proto 47 or proto 50 or ip6 proto 47 or ip6 proto 50"
}

# watched CLEAR SECRET: so many packets of GRE were seen, and at least so many of ESP
watched()
{
	capture_stop "$WATCH" "$tmp/watch.pcap" $(($1 + $2))
	assert_eq "in clear" \
		"$(capture_count "$tmp/watch.pcap" "proto 47 or ip6 proto 47")" "$1"
	assert_test "protected" \
		"$(capture_count "$tmp/watch.pcap" "proto 50 or ip6 proto 50")" -ge "$2"
}

# carried MODE A B: both ways, large packets too
carried()
{
	devices "$2" "$3" protect || return
	ipsec "$1" "$2" "$3" || return
	watch || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	try reaches "${SITE[1]}" "${OVER[0]}" -s 1300 -M dont
	text 100 >"$tmp/data"
	try transfer TCP "${SITE[0]}" "${SITE[1]}" "${OVER[1]}" "$tmp/data"
	watched 0 20
	flush
}

# Policies without associations let nothing out, and what comes back is used by the
# next packet.
states_go()
{
	local before a=$1 b=$2

	devices "$a" "$b" protect || return
	ipsec transport "$a" "$b" || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	watch || return
	try ip -n "${SITE[0]}" xfrm state flush
	before=$(drops 0 tx_unprotected)
	refuse reaches "${SITE[0]}" "${OVER[1]}" -c 5 -i 0.02 -W 0.5
	assert_eq "drops" "$(drops 0 tx_unprotected)" $((before + 5))
	watched 0 0
	# what waits for a negotiation that nobody makes
	try ip -n "${SITE[0]}" xfrm state flush
	states "${SITE[0]}" transport "$a" "$b"
	try reaches "${SITE[0]}" "${OVER[1]}"
	flush
}

# Without policies protect alone stands between the packets and the wire.
policies_go()
{
	local a=$1 b=$2

	devices "$a" "$b" protect || return
	ipsec transport "$a" "$b" || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	watch || return
	flush
	refuse reaches "${SITE[0]}" "${OVER[1]}" -c 5 -i 0.02 -W 0.5
	assert_eq "drops" "$(drops 0 tx_unprotected)" 5
	watched 0 0
	ipsec transport "$a" "$b" || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	watch || return
	flush
	try ip -n "${SITE[0]}" link change mgre0 type mgre noprotect
	refuse reaches "${SITE[0]}" "${OVER[1]}" -c 5 -i 0.02 -W 0.5
	watched 5 0
	assert_eq "refused there" "$(drops 1 rx_unprotected)" 5
}

# A policy that comes while packets flow in clear has the next one protected.
policies_come()
{
	local a=$1 b=$2

	devices "$a" "$b" || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	ipsec transport "$a" "$b" || return
	watch || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	try ip -n "${SITE[1]}" link change mgre0 type mgre protect
	try reaches "${SITE[0]}" "${OVER[1]}"
	watched 0 4
	flush
	# and its end has the next one in clear
	watch || return
	refuse reaches "${SITE[0]}" "${OVER[1]}" -W 0.5
	watched 1 0
}

# Compression is a transform, and no protection.
compressed()
{
	local i a=${NBMA[0]} b=${NBMA[1]} nbma=("${NBMA[0]}" "${NBMA[1]}")

	devices "$a" "$b" || return
	for i in 0 1; do
		try ip -n "${SITE[i]}" -batch - <<-END || return
			xfrm state add src $a dst $b proto comp spi 0x11 mode transport comp deflate
			xfrm state add src $b dst $a proto comp spi 0x12 mode transport comp deflate
			xfrm policy add src ${nbma[i]} dst ${nbma[1 - i]} proto gre dir out \\
				tmpl proto comp mode transport
		END
	done
	# compressible, and long enough to be
	try reaches "${SITE[0]}" "${OVER[1]}" -s 1000
	try ip -n "${SITE[0]}" link change mgre0 type mgre protect
	refuse reaches "${SITE[0]}" "${OVER[1]}" -s 1000 -W 0.5
	assert_eq "not sent" "$(drops 0 tx_unprotected)" 1
	refuse reaches "${SITE[1]}" "${OVER[0]}" -s 1000 -W 0.5
	assert_eq "not taken" "$(drops 0 rx_unprotected)" 1
	flush
}

# too_big NS ADDRESS OCTETS MTU: refused for that path MTU
too_big()
{
	on "$1" ping -n -c 1 -W 1 -M "do" -s "$3" "$2" 2>&1 | grep -q "mtu[ =]*$4"
}

# A router refuses a packet of ESP that is too large; what that leaves for the
# payload is what senders in the overlay are told. 1000 less 20 (IPv4), 8 + 8 + 16
# (ESP with GCM), up to 3 + 2 (trailer), 8 (GRE with key)
path_mtu()
{
	local a=${NBMA[0]} b=${NBMA[1]} mtu

	devices "$a" "$b" protect || return
	ipsec transport "$a" "$b" || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	try ip -n "$ROUTER" link set s1 mtu 1000
	try busywait 10 too_big "${SITE[0]}" "${OVER[1]}" 1200 '9[0-9][0-9]'
	mtu=$(on "${SITE[0]}" ping -n -c 1 -W 1 -M "do" -s 1200 "${OVER[1]}" 2>&1 |
		sed -n 's/.*mtu[ =]*\([0-9]*\).*/\1/p' | head -n 1)
	assert_test "MTU" "$mtu" -ge $((1000 - 20 - 32 - 5 - 8))
	assert_test "MTU" "$mtu" -le $((1000 - 20 - 32 - 2 - 8))
	try reaches "${SITE[0]}" "${OVER[1]}" -M "do" -s $((mtu - 28))
	try ip -n "$ROUTER" link set s1 mtu 1500
	try ip -n "${SITE[0]}" route flush cache
	flush
}

errors()
{
	peer "${SITE[0]}" "${NBMA[1]}" .icmp_unreachable
}

errors_are()
{
	[ "$(errors)" = "$1" ]
}

# Nothing has gone out in clear that an error could be about.
icmp()
{
	local a=${NBMA[0]} b=${NBMA[1]}

	devices "$a" "$b" || return
	ipsec transport "$a" "$b" || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	try forge_icmp 3 1
	try busywait 5 errors_are 1
	try ip -n "${SITE[0]}" link change mgre0 type mgre protect
	try forge_icmp 3 1
	try forge_icmp 3 4
	try reaches "$ROUTER" "${NBMA[0]}"
	assert_eq "errors" "$(errors)" 1
	try reaches "${SITE[0]}" "${OVER[1]}" -M "do" -s 1000
	flush
}

# blocked NS: packets that an xfrm policy has blocked
blocked()
{
	on "$1" sed -n 's/^XfrmInPolBlock *//p' /proc/net/xfrm_stat
}

blocked_more()
{
	[ "$(blocked "$1")" -gt "$2" ]
}

# An error that a policy keeps from the kernel is not for us either.
icmp_policy()
{
	local hub=${SITE[0]} before

	devices "${NBMA[0]}" "${NBMA[1]}" || return
	try ip -n "$hub" xfrm policy add dir in src 0.0.0.0/0 dst "${NBMA[0]}/32" \
		proto icmp action block || return
	before=$(blocked "$hub")
	try forge_icmp 3 1
	try busywait 5 blocked_more "$hub" "$before"
	assert_eq "errors" "$(errors)" 0
	flush
	try forge_icmp 3 1
	try busywait 5 errors_are 1
}

# What comes in clear is not taken.
in_clear()
{
	local a=${NBMA[0]} b=${NBMA[1]}

	devices "$a" "$b" || return
	try reaches "${SITE[1]}" "${OVER[0]}"
	try ip -n "${SITE[0]}" link change mgre0 type mgre protect
	refuse reaches "${SITE[1]}" "${OVER[0]}" -c 5 -i 0.02 -W 0.5
	assert_eq "drops" "$(drops 0 rx_unprotected)" 5
	try ip -n "${SITE[0]}" link change mgre0 type mgre noprotect
	try reaches "${SITE[1]}" "${OVER[0]}"
}

# Copies are protected, or not made.
replicated()
{
	local a=${NBMA[0]} b=${NBMA[1]}

	devices "$a" "$b" protect || return
	ipsec transport "$a" "$b" || return
	try nhrp -n "${SITE[0]}" map replace "${OVER[1]}" nbma "$b" dev mgre0 multicast
	try nhrp -n "${SITE[0]}" mcast add nbma "${NBMA[2]}" dev mgre0
	watch || return
	on "${SITE[0]}" ping -q -n -c 5 -i 0.02 -W 0.1 -I mgre0 224.0.0.99
	try busywait 5 drops_are 0 tx_unprotected 5
	watched 0 5
	flush
}

# By an xfrm interface: the route leads there, and its policies concern all that comes.
interface()
{
	local i

	devices "${LAN[0]}" "${LAN[1]}" protect || return
	for i in 0 1; do
		states "${SITE[i]}" tunnel "${NBMA[0]}" "${NBMA[1]}" "if_id 9" || return
		try ip -n "${SITE[i]}" -batch - <<-END || return
			xfrm policy add dir out if_id 9 \\
				tmpl src ${NBMA[i]} dst ${NBMA[1 - i]} proto esp mode tunnel
			xfrm policy add dir in if_id 9 \\
				tmpl src ${NBMA[1 - i]} dst ${NBMA[i]} proto esp mode tunnel
			link add xfrm9 type xfrm dev eth0 if_id 9
			link set xfrm9 up
			route add ${LAN[1 - i]} dev xfrm9
		END
	done
	watch || return
	try reaches "${SITE[0]}" "${OVER[1]}"
	try reaches "${SITE[1]}" "${OVER[0]}"
	watched 0 4
	for i in 0 1; do
		try ip -n "${SITE[i]}" link del xfrm9
	done
	flush
}

# The spoke sits behind a router that translates, and ESP is in UDP for that.
nat_t()
{
	local i a=${NBMA[0]} b=${NBMA[1]} nat=${GW[0]} other=("" "${NBMA[0]}") pid

	devices "$a" "$b" protect || return
	try nhrp -n "${SITE[0]}" map replace "${OVER[1]}" nbma "$nat" dev mgre0
	try on "$ROUTER" nft -f - <<-END
		table ip nat {
			chain out {
				type nat hook postrouting priority srcnat
				oif s0 ip saddr $b udp dport 4500 snat to $nat:4500
			}
		}
	END
	states "${SITE[0]}" transport "$a" "$nat" "encap espinudp 4500 4500 0.0.0.0" &&
		states "${SITE[1]}" transport "$a" "$b" "encap espinudp 4500 4500 0.0.0.0" &&
		policies "${SITE[0]}" transport "$a" "$nat" &&
		policies "${SITE[1]}" transport "$b" "$a" || return
	for i in 0 1; do
		bg_on pid "${SITE[i]}" "${PYTHON[@]}" -c 'import signal, socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_UDP, 100, 2)	# UDP_ENCAP, ESP in UDP
sock.bind(("", 4500))
signal.pause()'
		try busywait 20 listening "${SITE[i]}" -lu 4500
	done
	capture_start WATCH "$tmp/watch.pcap" "${SITE[0]}" eth0 \
		"proto 47 or udp port 4500" || return
	try reaches "${SITE[1]}" "${OVER[0]}"
	try reaches "${SITE[0]}" "${OVER[1]}" -s 1300 -M dont
	capture_stop "$WATCH" "$tmp/watch.pcap" 4
	assert_eq "in clear" "$(capture_count "$tmp/watch.pcap" "proto 47")" 0
	assert_test "in UDP" \
		"$(capture_count "$tmp/watch.pcap" "udp and host $nat")" -ge 4
	try on "$ROUTER" nft delete table ip nat
	flush
}

underlay6()
{
	local i

	for i in 0 1; do
		try on "${SITE[i]}" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
		try on "$ROUTER" sysctl -qw "net.ipv6.conf.s$i.disable_ipv6=0" \
			"net.ipv6.conf.all.forwarding=1"
		try ip -n "${SITE[i]}" addr add "${NBMA6[i]}/64" dev eth0 nodad
		try ip -n "$ROUTER" addr add "${NBMA6[i]%2}1/64" dev "s$i" nodad
		try ip -n "${SITE[i]}" route add 2001:db8::/32 via "${NBMA6[i]%2}1"
	done
}

need tcpdump jq ethtool socat python3 nft perl
try modprobe -a esp4 esp6 ipcomp deflate xfrm_user xfrm_interface
mgre_load
ktap_plan 18
topo_underlay 2
underlay6

test_case "IPv4, transport mode" carried transport "${NBMA[0]}" "${NBMA[1]}"
test_case "IPv4, tunnel mode" carried tunnel "${NBMA[0]}" "${NBMA[1]}"
test_case "IPv6, transport mode" carried transport "${NBMA6[0]}" "${NBMA6[1]}"
test_case "IPv6, tunnel mode" carried tunnel "${NBMA6[0]}" "${NBMA6[1]}"
test_case "IPv4, associations go and come" states_go "${NBMA[0]}" "${NBMA[1]}"
test_case "IPv6, associations go and come" states_go "${NBMA6[0]}" "${NBMA6[1]}"
test_case "IPv4, policies go" policies_go "${NBMA[0]}" "${NBMA[1]}"
test_case "IPv6, policies go" policies_go "${NBMA6[0]}" "${NBMA6[1]}"
test_case "IPv4, policies come" policies_come "${NBMA[0]}" "${NBMA[1]}"
test_case "IPv6, policies come" policies_come "${NBMA6[0]}" "${NBMA6[1]}"
test_case "what comes in clear" in_clear
test_case "IPComp alone" compressed
test_case "path MTU" path_mtu
test_case "copies" replicated
test_case "errors about packets in clear" icmp
test_case "errors that a policy blocks" icmp_policy
test_case "an xfrm interface" interface
test_case "NAT-T" nat_t
