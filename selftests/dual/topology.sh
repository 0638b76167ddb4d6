# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # lib.sh sets tmp; the scripts read the rest
#
# Two namespaces with both families inside and outside; source it behind lib.sh.
#
#   namespace HERE                                    namespace THERE
#  +-----------------------+                         +-----------------------+
#  | mgre0                 |                         | mgre0, or stock       |
#  |   10.4.0.1, fd04::1  -+------- over IPv4 -------+-  10.4.0.2, fd04::2   |
#  |   10.6.0.1, fd06::1  -+------- over IPv6 -------+-  10.6.0.2, fd06::2   |
#  |                       |                         |                       |
#  | eth0   192.0.2.1/24 --+-------------------------+-- eth0   192.0.2.2/24 |
#  |      2001:db8::1/64   |                         |        2001:db8::2/64 |
#  +-----------------------+                         +-----------------------+
#
# The overlay's subnets name the underlay. Behind .9 and ::9 of the underlay is
# nobody.

HERE_LOCAL="local 192.0.2.1 local 2001:db8::1"
THERE_LOCAL="local 192.0.2.2 local 2001:db8::2"
# The other side by underlay and payload: 4 in 4, 6 in 4, 4 in 6, 6 in 6.
PAIRS=(10.4.0.2 fd04::2 10.6.0.2 fd06::2)
BACK=(10.4.0.1 fd04::1 10.6.0.1 fd06::1)

# The pairs on the wire: EtherType of the payload, by the outer header
declare -A WIRE=(
	[10.4.0.2]="ip proto 47 and ip[22:2] == 0x0800"
	[fd04::2]="ip proto 47 and ip[22:2] == 0x86dd"
	[10.6.0.2]="ip6 proto 47 and ip6[42:2] == 0x0800"
	[fd06::2]="ip6 proto 47 and ip6[42:2] == 0x86dd"
)

# ---- topology

# dual_ns VAR: a namespace with both families, which says nothing by itself
dual_ns()
{
	ns_new "$1" "${1,,}" && ns_ipv6 "${!1}"
}

underlay()
{
	dual_ns HERE && dual_ns THERE || return
	try ip -n "$HERE" link add eth0 type veth peer name eth0 netns "$THERE" &&
	try ip -n "$HERE" -batch - <<-END &&
		addr add 192.0.2.1/24 dev eth0
		addr add 2001:db8::1/64 dev eth0 nodad
		link set eth0 up
		neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent
		neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent
	END
	try ip -n "$THERE" -batch - <<-END
		addr add 192.0.2.2/24 dev eth0
		addr add 2001:db8::2/64 dev eth0 nodad
		link set eth0 up
	END
}

# device NS SIDE OPTION...: its mgre0 anew, SIDE is 1 or 2, with an MTU that MTU says
device()
{
	local ns=$1 side=$2

	shift 2
	if [ -e "$tmp/device.$ns" ]; then
		try ip -n "$ns" link del mgre0 || return
	fi
	: >"$tmp/device.$ns"
	try ip -n "$ns" -batch - <<-END
		link add mgre0 ${MTU:+mtu $MTU} type mgre $*
		link set mgre0 up
		addr add 10.4.0.$side/24 dev mgre0
		addr add 10.6.0.$side/24 dev mgre0
		addr add fd04::$side/64 dev mgre0 nodad
		addr add fd06::$side/64 dev mgre0 nodad
	END
}

# map NS SIDE: each address of SIDE by its underlay
map()
{
	try nhrp -n "$1" -batch - <<-END
		map replace 10.4.0.$2 nbma 192.0.2.$2 dev mgre0
		map replace fd04::$2 nbma 192.0.2.$2 dev mgre0
		map replace 10.6.0.$2 nbma 2001:db8::$2 dev mgre0
		map replace fd06::$2 nbma 2001:db8::$2 dev mgre0
	END
}

# here OPTION...: a dual device
here()
{
	# shellcheck disable=SC2086 # words
	device "$HERE" 1 $HERE_LOCAL "$@" && map "$HERE" 2
}

# both_ends OPTION...: one at each end
both_ends()
{
	# shellcheck disable=SC2086 # words
	here "$@" &&
	device "$THERE" 2 $THERE_LOCAL "$@" && map "$THERE" 1
}

# no_device NS: it has none any more
no_device()
{
	[ ! -e "$tmp/device.$1" ] || try ip -n "$1" link del mgre0
	rm -f "$tmp/device.$1"
}

# link_field NS DEV FIELD
link_field()
{
	ip -n "$1" -d -j link show "$2" | jq -r ".[0]$3"
}

# offloads NS FEATURE...: ethtool -K on its underlay
offloads()
{
	local ns=$1

	shift
	try on "$ns" ethtool -K eth0 "$@" >"$tmp/ethtool" ||
		fail "$(cat "$tmp/ethtool")"
}

# drops NS: its device's counters that are not zero, but for the stack's multicast
drops()
{
	on "$1" ethtool -S mgre0 | grep -v tx_multicast | grep '[rt]x_.*: [^0]'
}

undropped()
{
	assert_eq "drops" "$(drops "$HERE")$(drops "$THERE")" ''
}
