#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# FRR's nhrpd, Debian's and unmodified, on resolver neigh, as Documentation/recipes/
# nhrpd.rst sets it up: registration, traffic by the hub, redirect, shortcut, expiry,
# recovery. Once on mgre everywhere, and then with ip_gre at the other end, which is
# what nhrpd was written for.
#
# The topology is that of lib.sh with two spokes. What crosses the underlay of spoke 1
# is captured at the router (s1); pings are told apart by their length.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=daemons/lib.sh
. "$(dirname "$0")/daemons/lib.sh"

HOLD=12			# seconds; the recipe's 60 would take too long
DEV=()			# of each site
DAEMONS=(staticd nhrpd)	# after zebra

# ---- the stations

# adapt SITE: the script for sed that makes of a block of the recipe this site's
adapt()
{
	echo "s/mgre0/${DEV[$1]}/g; s/holdtime .*/holdtime $HOLD/"
	[ "$1" -eq 0 ] || echo "s/198.51.100.2/${NBMA[$1]}/; s/10.0.0.2/${OVER[$1]}/"
}

# role SITE: as the recipe names its blocks
role()
{
	[ "$1" -eq 0 ] && echo hub || echo spoke
}

# device SITE: its tunnel. If that is ip_gre's and not bound to the source that nhrpd is
# told, zebra binds it, and clears its key, address and flags in doing so.
device()
{
	local i=$1

	case ${DEV[i]} in
	mgre0)
		recipe_run nhrpd "$(role "$i")-device" "${SITE[i]}" "$(adapt "$i")"
		;;
	gre1)
		try ip -n "${SITE[i]}" -batch - <<-END
			link add gre1 type gre local ${NBMA[i]} dev eth0 key $MGRE_KEY ttl 64
			addr add ${OVER[i]}/32 dev gre1
			link set gre1 up
		END
	esac
}

# stations_start SITE...: devices, and then the daemons, side by side
stations_start()
{
	local i daemon

	for i; do
		device "$i" || return
		recipe nhrpd "$(role "$i")-frr" "$(adapt "$i")" >"$tmp/frr.$i" || return
		frr_launch "${SITE[i]}" "$tmp/frr.$i" zebra
	done
	for i; do
		frr_ready "${SITE[i]}" zebra || return
		for daemon in "${DAEMONS[@]}"; do
			frr_launch "${SITE[i]}" "$tmp/frr.$i" "$daemon"
		done
	done
	for i; do
		frr_ready "${SITE[i]}" "${DAEMONS[@]}" || return
	done
}

# stations_stop SITE...: as far as they were started
stations_stop()
{
	local i

	for i; do
		frr_stop "${SITE[i]}" "${DAEMONS[@]}" zebra
		ip -n "${SITE[i]}" link del "${DEV[i]}" 2>/dev/null
	done
}

# ---- what they know

# knows SITE OTHER: as neighbour and by a host route, of nhrpd's making
knows()
{
	local ns=${SITE[$1]} dev=${DEV[$1]} neigh

	neigh=$(ip -n "$ns" neigh show "${OVER[$2]}" dev "$dev")
	[[ $neigh == *"lladdr ${NBMA[$2]} "*"proto nhrp"* ]] &&
		[ -n "$(ip -n "$ns" route show "${OVER[$2]}" dev "$dev" proto nhrp)" ]
}

# forgot SITE OTHER: neither of the two
forgot()
{
	local ns=${SITE[$1]} dev=${DEV[$1]}

	[[ $(ip -n "$ns" neigh show "${OVER[$2]}" dev "$dev") != *lladdr* ]] &&
		[ -z "$(ip -n "$ns" route show "${OVER[$2]}" proto nhrp)" ]
}

# shortcut SITE OTHER: to the other's LAN, past the hub
shortcut()
{
	[[ $(ip -n "${SITE[$1]}" route show "${LANNET[$2]}" proto nhrp) == \
		*" via ${OVER[$2]} dev ${DEV[$1]} "* ]]
}

shortcuts()
{
	shortcut 1 2 && shortcut 2 1
}

# wait_for COMMAND...: a state of the daemons
wait_for()
{
	local i

	busywait 60 "$@" && return
	for i in "${!SITE[@]}"; do
		frr "${SITE[i]}" "show ip nhrp cache" "show ip nhrp shortcut" \
			"show ip route"
		ip -n "${SITE[i]}" neigh show dev "${DEV[i]}"
	done
	fail "not so after 60 s: $*"
}

# lan_ping LENGTH COUNT: from LAN to LAN
lan_ping()
{
	on "${SITE[1]}" ping -q -n -c "$2" -i 0.1 -W 2 -s "$1" -I "${LAN[1]}" "${LAN[2]}"
}

# pings_of LENGTH: the filter for them, behind 20 octets of outer IP, 8 of GRE, 20 of
# IP and 8 of ICMP
pings_of()
{
	echo "ip[2:2] = $(($1 + 56)) and ip[22:2] = 0x0800"
}

# way LENGTH FROM: where the pings of this length went that this site sent
way()
{
	capture_nbma "$tmp/s1" "$(pings_of "$1") and src host ${NBMA[$2]}" | uniq -c |
		sed 's/^ *//'
}

# nhrp_packets TYPE FROM TO: the filter for them
nhrp_packets()
{
	echo "ip[22:2] = 0x2001 and ip[45] = $1 and src host ${NBMA[$2]}" \
		"and dst host ${NBMA[$3]}"
}

# mapped SITE OTHER: nhrp shows it too, where the device is mgre's
mapped()
{
	local got

	[ "${DEV[$1]}" = mgre0 ] || return 0
	got=$(nhrp -n "${SITE[$1]}" map show "${OVER[$2]}")
	assert_eq "mapping" "$got" \
		"${OVER[$2]} nbma ${NBMA[$2]} dev mgre0 type cached protocol nhrp"
}

# ---- cases

registered()
{
	stations_start 0 1 2 || return
	wait_for knows 0 1
	wait_for knows 0 2
	wait_for knows 1 0
	wait_for knows 2 0
	mapped 0 1
	mapped 1 0
	try capture_has "$tmp/s1" 1 "$(nhrp_packets 3 1 0)"
	try busywait 5 capture_has "$tmp/s1" 1 "$(nhrp_packets 4 0 1)"
}

# shows BLOCK COMMAND...: each line of the recipe's block is one that this prints
shows()
{
	recipe nhrpd "$1" >"$tmp/shown" || return
	shift
	! squeeze <"$tmp/shown" | grep -vxFf <("$@" | squeeze)
}

# squeeze: without the flags, which are those of the moment
squeeze()
{
	tr -s ' ' | sed -E 's/( [UTA]+)?( -)? ?$//; /^$/d'
}

# A shortcut may expire while vtysh starts: until it is shown.
as_documented()
{
	try shows hub-cache frr "${SITE[0]}" "show ip nhrp cache"
	try shows spoke-nhs frr "${SITE[1]}" "show ip nhrp nhs"
	wait_for shortcut_shown
}

shortcut_shown()
{
	redirected && shows spoke-shortcut frr "${SITE[1]}" "show ip nhrp shortcut"
}

# A neighbour that is in use and gets old: the kernel asks by RTM_GETNEIGH, and nhrpd
# answers. One ping alone confirms nothing to the kernel.
asked()
{
	local ns=${SITE[0]} dev=${DEV[0]}

	try on "$ns" sysctl -qw "net.ipv4.neigh.$dev.delay_first_probe_time=1"
	try ip -n "$ns" neigh replace "${OVER[1]}" lladdr "${NBMA[1]}" dev "$dev" nud stale
	refuse reachable
	try reaches "$ns" "${OVER[1]}"
	wait_for reachable
}

reachable()
{
	[[ $(ip -n "${SITE[0]}" neigh show "${OVER[1]}" dev "${DEV[0]}") == *REACHABLE* ]]
}

by_the_hub()
{
	wait_for lan_ping 100 1
	try lan_ping 101 5
	try busywait 5 capture_has "$tmp/s1" 10 "$(pings_of 101)"
	assert_eq "there" "$(way 101 1)" "5 ${NBMA[0]}"
	assert_eq "and back" "$(way 101 0)" "5 ${NBMA[1]}"
	assert_eq "shortcuts" "$(ip -n "${SITE[1]}" route show "${LANNET[2]}")" ""
}

redirect()
{
	recipe nhrpd hub-nft "$(adapt 0)" >"$tmp/nft" || return
	try on "${SITE[0]}" nft -f "$tmp/nft"
	wait_for redirected
	try busywait 5 capture_has "$tmp/s1" 1 "$(nhrp_packets 8 0 1)"
	try busywait 5 capture_has "$tmp/s1" 1 "$(nhrp_packets 1 1 0)"
}

redirected()
{
	lan_ping 102 1
	shortcuts
}

# Shortcuts last for the holding time alone, and a slow machine needs some of that:
# until five pings in a row have taken them.
direct()
{
	local mark=200

	wait_for all_direct
}

all_direct()
{
	mark=$((mark + 1))
	redirected && lan_ping $mark 5 &&
		busywait 5 capture_has "$tmp/s1" 10 "$(pings_of $mark)" &&
		[ "$(way $mark 1)" = "5 ${NBMA[2]}" ] &&
		[ "$(way $mark 2)" = "5 ${NBMA[1]}" ]
}

# Spoke 2 says no more, and nobody uses the shortcuts.
expiry()
{
	frr_stop "${SITE[2]}" nhrpd
	try knows 0 1
	wait_for forgot 0 2
	wait_for forgot 1 2
	refuse shortcut 1 2
	try knows 0 1
	refuse lan_ping 103 1
	frr_start "${SITE[2]}" "$tmp/frr.2" nhrpd || return
	wait_for knows 0 2
	wait_for lan_ping 104 1
	[[ $(way 104 1) == *" ${NBMA[0]}"* ]] || fail "not by the hub: $(way 104 1)"
}

hub_restarts()
{
	stations_stop 0
	refuse reaches "${SITE[1]}" "${LAN[0]}" -I "${LAN[1]}"
	stations_start 0 || return
	wait_for knows 0 1
	wait_for knows 0 2
	wait_for reaches "${SITE[1]}" "${LAN[0]}" -I "${LAN[1]}"
	wait_for lan_ping 105 1
}

# opennhrp asks for key and local address in the way of ip_gre, looks at the type of the
# device, and at what leaves by it: by packets of its own, sent by link-layer address, it
# talks; multicast ones it would copy to its peers.
opennhrp()
{
	DEV[0]=mgre0
	device 0 || return
	try on "${SITE[0]}" timeout 60 "${PYTHON[@]}" - mgre0 "${NBMA[1]}" <<-'END'
		import array, fcntl, socket, struct, sys
		device, nbma = sys.argv[1:]
		parm = array.array("B", bytes(52))	# struct ip_tunnel_parm
		fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
		            0x89f0,			# SIOCGETTUNNEL
		            struct.pack("16sP", device.encode(), parm.buffer_info()[0]))
		name, link, i_flags, o_flags, i_key, o_key, iph = struct.unpack(
		    "!16sIHHII20s", parm.tobytes())
		print(name, link, i_flags, o_flags, i_key, o_key, iph)
		assert name.rstrip(b"\0").decode() == device
		assert (i_flags, o_flags, i_key, o_key) == (0x2000, 0x2000, 42, 42)
		assert iph[0] == 0x45 and iph[8] == 64 and iph[9] == 47
		assert iph[12:] == socket.inet_aton("192.0.2.2") + bytes(4)
		tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
		tap.bind((device, 3))
		nhrp = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
		nhrp.sendto(b"NHRP", (device, 0x2001, 0, 0, socket.inet_aton(nbma)))
		hello = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		hello.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack(
		    "8xi", socket.if_nametoindex(device)))
		hello.sendto(b"hello", ("224.0.0.9", 520))
		wanted = {(0x2001, b"NHRP"), (0x0800, b"hello")}
		while wanted:
		    data, (_, proto, kind, hatype, _) = tap.recvfrom(2048)
		    print(hex(proto), kind, hatype, data)
		    if kind == socket.PACKET_OUTGOING and hatype == 778:
		        wanted -= {(proto, data[-n:]) for n in (4, 5)}
	END
	try ip -n "${SITE[0]}" link del mgre0
}

# scenario NAME HUB SPOKES: with devices of these names
scenario()
{
	local capture

	DEV=("$2" "$3" "$3")
	capture_start capture "$tmp/s1" "$ROUTER" s1 "ip proto 47"
	test_case "$1: registration" registered
	test_case "$1: the daemon is asked for an old neighbour" asked
	test_case "$1: traffic by the hub" by_the_hub
	test_case "$1: redirect and shortcuts" redirect
	test_case "$1: direct traffic" direct
	[ "$2 $3" != "mgre0 mgre0" ] || test_case "$1: as documented" as_documented
	test_case "$1: expiry" expiry
	test_case "$1: the hub restarts" hub_restarts
	bg_stop "$capture" INT
	on "${SITE[0]}" nft delete table ip nhrp 2>/dev/null
	stations_stop 0 1 2
}

need nft python3 tcpdump
daemons_lay
try modprobe ip_gre
mgre_load
topo_underlay 2
for i in 0 1 2; do
	try ip -n "${SITE[i]}" addr del "${LAN[i]}/32" dev lo
	try ip -n "${SITE[i]}" addr add "${LAN[i]}/24" dev lo
done

ktap_plan 23
scenario "all mgre" mgre0 mgre0
scenario "hub mgre, spokes gre" mgre0 gre1
scenario "hub gre, spokes mgre" gre1 mgre0
test_case "what opennhrp needs" opennhrp
