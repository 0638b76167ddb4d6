# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153 # NBMA, OVER and others are lib.sh's
#
# Shared by recursion.sh, device.sh, options.sh, neigh.sh and stats.sh: the underlay's IPv6
# side, counters and the kernel's log. Sourced after lib.sh.

# Indexed by the number of the site, as lib.sh's arrays.
NBMA6=(2001:db8:0:1::2 2001:db8:1:1::2 2001:db8:2:1::2 2001:db8:3:1::2)
GW6=(2001:db8:0:1::1 2001:db8:1:1::1 2001:db8:2:1::1 2001:db8:3:1::1)
OVER6=(fd00::1 fd00::2 fd00::3 fd00::4)

# ns_ipv6 NS: IPv6 too, without what a host would ask and say by itself
ns_ipv6()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	try on "$1" bash -c '
		cd /proc/sys/net/ipv6 || exit
		for conf in conf/*; do
			echo 0 >$conf/accept_dad
			echo 0 >$conf/router_solicitations
			echo 0 >$conf/accept_ra
			echo 1 >$conf/forwarding
		done
		echo 0 >icmp/ratelimit
		echo 0 >conf/default/disable_ipv6
		echo 0 >conf/all/disable_ipv6'
}

# topo_ipv6: the underlay of topo_underlay() with both families
topo_ipv6()
{
	local i

	ns_ipv6 "$ROUTER" || return
	for i in "${!SITE[@]}"; do
		ns_ipv6 "${SITE[i]}" || return
		try ip -n "$ROUTER" addr add "${GW6[i]}/64" dev "s$i" nodad || return
		try ip -n "${SITE[i]}" -batch - <<-END || return
			addr add ${NBMA6[i]}/64 dev eth0 nodad
			route add default via ${GW6[i]}
		END
	done
}

# nbma FAMILY SITE: its underlay address
nbma()
{
	local -n nbma_all=NBMA${1/4/}

	echo "${nbma_all[$2]}"
}

# over FAMILY SITE: its overlay address
over()
{
	local -n over_all=OVER${1/4/}

	echo "${over_all[$2]}"
}

# stat NS DEV COUNTER...: the sum of these counters of ethtool -S
stat_sum()
{
	local ns=$1 dev=$2

	shift 2
	on "$ns" ethtool -S "$dev" | awk -v names="$*" '
		BEGIN { n = split(names, name) }
		{ sub(":", "", $1); value[$1] = $2 }
		END {
			for (i = 1; i <= n; i++) {
				if (!(name[i] in value)) {
					print "no counter " name[i]
					exit
				}
				sum += value[name[i]]
			}
			print sum + 0
		}'
}

# stat_is NS DEV COUNTER VALUE
stat_is()
{
	[ "$(stat_sum "$1" "$2" "$3")" = "$4" ]
}

# link_stat NS DEV FIELD: of ip -s link, as tx.packets
link_stat()
{
	ip -n "$1" -s -j link show "$2" | jq ".[0].stats64.$3"
}

# log_mark: what log_count() counts begins here
log_mark()
{
	kernel_mark="mgre test mark $RANDOM$RANDOM"
	echo "$kernel_mark" >/dev/kmsg
}

# log_lines REGEX: lines of the kernel's log since log_mark
log_lines()
{
	dmesg | sed -n "/$kernel_mark/,\$p" | grep -E "$1"
}

# log_count REGEX: how many
log_count()
{
	log_lines "$1" | wc -l
}

# Behind eth1, by family
declare -A HUBX=([4]=100.64.0.2 [6]=2001:db8:64::2)
declare -A GWX=([4]=100.64.0.1 [6]=2001:db8:64::1)
declare -A PLENX=([4]=24 [6]=64)
declare -A ALL=([4]=0.0.0.0/0 [6]=::/0)

# ---- a hub with a second way out

second_link()
{
	local family

	try ip -n "$ROUTER" -batch - <<-END || return
		link add sx type veth peer name eth1 netns ${SITE[0]}
		link set sx up
	END
	try ip -n "${SITE[0]}" link set eth1 up
	for family in 4 6; do
		# shellcheck disable=SC2046 # no word, or one
		try ip -n "$ROUTER" addr add "${GWX[$family]}/${PLENX[$family]}" dev sx \
			$(nodad $family) &&
		hubx_addr $family && hubx_route $family || return
	done
}

# nodad FAMILY: the word that IPv6 addresses are added with
nodad()
{
	[ "$1" = 4 ] || echo nodad
}

# hubx_addr FAMILY: the hub's address behind eth1
hubx_addr()
{
	# shellcheck disable=SC2046 # no word, or one
	try ip -n "${SITE[0]}" addr add "${HUBX[$1]}/${PLENX[$1]}" dev eth1 $(nodad "$1")
}

# hubx_route FAMILY: by eth1 if nothing else is known
hubx_route()
{
	try ip -n "${SITE[0]}" route add "${ALL[$1]}" via "${GWX[$1]}" dev eth1 metric 4000
}

# spoke_device FAMILY SITE [HUB]: mgre0 there, and the hub mapped
spoke_device()
{
	local family=$1 i=$2 ns=${SITE[$2]} hub=${3:-$(nbma "$1" 0)}

	ip -n "$ns" link del mgre0 2>/dev/null
	try ip -n "$ns" link add mgre0 type mgre local "$(nbma "$family" "$i")" \
		key "$MGRE_KEY" ttl 64 || return
	try ip -n "$ns" -batch - <<-END || return
		addr add ${OVER[i]}/24 dev mgre0
		addr add ${OVER6[i]}/64 dev mgre0 nodad
		link set mgre0 up
	END
	try nhrp -n "$ns" -batch - <<-END
		map add ${OVER[0]} nbma $hub dev mgre0
		map add ${OVER6[0]} nbma $hub dev mgre0
		map add 10.77.0.0/24 nbma $hub dev mgre0
		map add fd77::/64 nbma $hub dev mgre0
	END
}

# hub_addresses NS: those of mgre0, which is in NS, up
hub_addresses()
{
	try ip -n "$1" -batch - <<-END
		addr add ${OVER[0]}/24 dev mgre0
		addr add ${OVER6[0]}/64 dev mgre0 nodad
		link set mgre0 up
	END
}

# hub_maps FAMILY NS SITE...: those sites
hub_maps()
{
	local family=$1 ns=$2 i

	shift 2
	for i; do
		try nhrp -n "$ns" -batch - <<-END || return
			map add ${OVER[i]} nbma $(nbma "$family" "$i") dev mgre0
			map add ${OVER6[i]} nbma $(nbma "$family" "$i") dev mgre0
		END
	done
}

# hub_new OPTION...: mgre0 at the hub, bare
hub_new()
{
	ip -n "${SITE[0]}" link del mgre0 2>/dev/null
	try ip -n "${SITE[0]}" link add mgre0 type mgre key "$MGRE_KEY" ttl 64 "$@"
}

# hub_device FAMILY OPTION...: mgre0 at the hub, site 1 mapped
hub_device()
{
	local family=$1

	shift
	hub_new "$@" && hub_addresses "${SITE[0]}" && hub_maps "$family" "${SITE[0]}" 1
}

# change OPTION...: of the hub's mgre0
change()
{
	try ip -n "${SITE[0]}" link change mgre0 type mgre "$@"
}

# both_ways NS: between the hub's mgre0, which is in NS, and site 1, both families
both_ways()
{
	local hub=$1

	try reaches "$hub" "${OVER[1]}" &&
	try reaches "$hub" "${OVER6[1]}" &&
	try reaches "${SITE[1]}" "${OVER[0]}" &&
	try reaches "${SITE[1]}" "${OVER6[0]}"
}

# arrived: sets octets to what the router has got from the hub, by interface
declare -A octets=()
arrived()
{
	local field

	while read -ra field; do
		octets[${field[0]%:}]=${field[1]}
	done < <(on "$ROUTER" cat /proc/self/net/dev)
}

# leaves_by DEV [ADDRESS]: a packet to site 1 does, and by no other. It is larger
# than all that neighbours may have to ask each other.
leaves_by()
{
	local dev=$1 eth0 eth1

	arrived
	eth0=${octets[s0]}
	eth1=${octets[sx]}
	on "${SITE[0]}" ping -q -n -c 1 -W 0.3 -s 1300 "${2:-${OVER[1]}}"
	arrived
	eth0=$((octets[s0] - eth0))
	eth1=$((octets[sx] - eth1))
	if [ "$dev" = eth0 ]; then
		[ $eth0 -gt 1300 ] && [ $eth1 -lt 1300 ]
	else
		[ $eth1 -gt 1300 ] && [ $eth0 -lt 1300 ]
	fi || fail "not by $dev: $eth0 octets by eth0, $eth1 by eth1"
}

# via_eth1 FAMILY add|del: the router sends what is for the hub to its eth1
via_eth1()
{
	try ip -n "$ROUTER" route "$2" "$(nbma "$1" 0)" via "${GWX[$1]%1}2" dev sx
}

# refused_by_hub: site 1 does not get through, and mgre0 has not seen it
refused_by_hub()
{
	local before

	before=$(link_stat "${SITE[0]}" mgre0 rx.packets)
	refuse reaches "${SITE[1]}" "${OVER[0]}" -W 0.5
	assert_eq "received" "$(link_stat "${SITE[0]}" mgre0 rx.packets)" "$before"
}

# told NS ADDRESS TEXT [PING OPTION]...: what ping says
told()
{
	local ns=$1 to=$2 text=$3 out

	shift 3
	out=$(on "$ns" ping -n -c 1 -W 3 "$@" "$to" 2>&1) &&
		fail "an answer: $out"
	[[ ${out,,} == *${text,,}* ]] || fail "ping $to $*: no '$text': $out"
}
