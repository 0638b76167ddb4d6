# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and traffic.sh set, and read, such names
#
# bench.sh: instructions for a packet, for IPv4 and IPv6 inside and outside, with
# and without a GRE checksum. As bench/traffic.sh does it, with one peer.
#
# ip6_gre sends no encapsulation limit, so that its packets are as long as ours.

inner6_net=2001:db8:80::/48
inner6_first=2001:db8:80::1
hub_nbma6=2001:db8:51::1
spoke_nbma6=2001:db8:51::2
far_nbma6=2001:db8:cb::2

# What is measured, of the part that runs: families, and "csum" or nothing.
inner=
outer=
csum=

# pairs_topology: IPv6 beside what topology() has made
pairs_topology()
{
	local ns

	# shellcheck disable=SC2016 # the inner shell expands $file
	for ns in "$HUB" "$SPOKE"; do
		try on "$ns" sysctl -qw \
			net.ipv6.conf.default.disable_ipv6=0 \
			net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.mldv2_unsolicited_report_interval=1 &&
		try on "$ns" sh -c 'for file in /proc/sys/net/ipv6/conf/*/mldv2_unsol*; do
			echo 1 >"$file" || exit
		done' &&
		try on "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
			net.ipv6.conf.all.forwarding=1 || return
	done
	try ip -n "$SPOKE" -batch - <<-END || return
		addr add $spoke_nbma6/64 dev out nodad
		neigh add $hub_nbma6 lladdr 02:00:00:00:00:06 dev out nud permanent
		route add default via $hub_nbma6
	END
	try ip -n "$HUB" -batch - <<-END || return
		addr add $hub_nbma6/64 dev wan nodad
		addr add 2001:db8:cb::1/64 dev sink nodad
		neigh add $far_nbma6 lladdr 02:00:00:00:00:07 dev sink nud permanent
		neigh add $spoke_nbma6 lladdr 02:00:00:00:00:05 dev wan nud permanent
	END
	try busywait 10 pairs_silent
}

# pairs_silent: IPv6 has said what groups it is in
pairs_silent()
{
	local before

	before=$(counters wan)
	sleep 0.3
	[ "$before" = "$(counters wan)" ]
}

# outer_address hub|spoke|far
outer_address()
{
	local name=$1_nbma

	[ "$outer" = 4 ] || name+=6
	echo "${!name}"
}

# gre_link NS NAME PEER ADDRESS: stock, with a remote address
gre_link()
{
	local -a options=(local "$(outer_address "$4")" remote "$(outer_address "$3")" ttl 64)

	[ -z "$csum" ] || options+=(csum)
	if [ "$outer" = 4 ]; then
		try ip -n "$1" link add "$2" type gre "${options[@]}"
	else
		try ip -n "$1" link add "$2" type ip6gre "${options[@]}" encaplimit none
	fi
	try ip -n "$1" link set "$2" up
}

# gre_overhead: octets of the outer headers
gre_overhead()
{
	echo $(((outer == 4 ? 24 : 44) + (${#csum} ? 4 : 0)))
}

pair_overlay()
{
	try ip -n "$HUB" -batch - <<-END
		addr add 10.0.0.1/24 dev tun0
		addr add 2001:db8:a::1/64 dev tun0 nodad
	END
}

pair_remote()
{
	gre_link "$HUB" tun0 far hub &&
	gre_link "$HUB" tun1 spoke hub &&
	pair_overlay
}

pair_mgre()
{
	try ip -n "$HUB" link add tun0 type mgre local "$(outer_address hub)" ttl 64 \
		${csum:+"$csum"} &&
	try ip -n "$HUB" link set tun0 up &&
	pair_overlay &&
	try nhrp -n "$HUB" -batch - <<-END
		map add 10.0.0.2 nbma $(outer_address far) dev tun0
		map add 10.0.0.3 nbma $(outer_address spoke) dev tun0
		map add 2001:db8:a::2 nbma $(outer_address far) dev tun0
		map add 2001:db8:a::3 nbma $(outer_address spoke) dev tun0
	END
}

pair_drop()
{
	tunnel_drop
}

pair_plain()
{
	tunnel_plain
}

# pair_route DIRECTION KIND: where the hub and the spoke send the inner packets
pair_route()
{
	local net=$inner_net by="via $far_nbma dev sink" spoke_by=to_hub

	if [ "$inner" = 6 ]; then
		net=$inner6_net by="via $far_nbma6 dev sink"
	fi
	case $1-$2 in
	*-drop | *-plain) spoke_by=to_far ;;
	transmit-remote) by="dev tun0" ;;
	transmit-mgre)
		by="via 10.0.0.2 dev tun0"
		[ "$inner" = 4 ] || by="via 2001:db8:a::2 dev tun0"
		;;
	esac
	# shellcheck disable=SC2086 # words
	try ip -n "$HUB" route replace $net $by
	try ip -n "$SPOKE" route replace "$net" dev $spoke_by
}

# pair_generator DIRECTION SIZE COUNT: as generator()
pair_generator()
{
	local destinations=1

	generator "$1" "$2" "$3" each || return
	# shellcheck disable=SC2016 # the inner shell expands it
	[ "$inner" = 4 ] || try on "$GEN" sh -c 'cd /proc/net/pktgen &&
		echo "src6 2001:db8:9::1" >"$1" && echo "dst6 $2" >"$1"' \
		sh "$generator" "$inner6_first"
}

# pair_measure DIRECTION SIZE KIND: as measure()
pair_measure()
{
	local input=wan octets=$(($2 + 14 + $(gre_overhead))) run was=$distrusted least=""
	local key="$3 $1 $2 $inner $outer $csum"
	local name="$3, $1, $2 octets, IPv$inner over IPv$outer $csum"

	[ "$1" != transmit ] || input=lan
	case $1-$3 in
	*-drop) octets=0 ;;
	transmit-plain | receive-[!p]*) octets=$(($2 + 14)) ;;
	esac
	pair_route "$1" "$3"
	pair_generator "$1" "$2" "$packets"
	for ((run = 0; run <= runs; run++)); do
		send "$name, run $run" $input $octets "$packets"
		if [ $run -gt 0 ] && [ "$elapsed" -lt "${least:-$((elapsed + 1))}" ]; then
			least=$elapsed
		fi
	done
	cost["$key"]=$((least / packets))
	[ "$distrusted" -eq "$was" ] || mark["$key"]="  packets lost or changed"
}

# pair_above KIND DIRECTION SIZE
pair_above()
{
	local key="$2 $3 $inner $outer $csum"

	echo $((${cost["$1 $key"]} - ${cost["plain $key"]}))
}

# pair_row LABEL KIND DIRECTION SIZE
pair_row()
{
	local key="$3 $4 $inner $outer $csum" all above

	all=$((${cost["$2 $key"]} - ${cost["drop $key"]}))
	above=$(pair_above "$2" "$3" "$4")
	printf '%6d  %-9s %-30s %7d %7d %6s %10d%s\n' "$4" "$3" \
		"$1, $inner over $outer${csum:+, $csum}" $all "$above" \
		"$(ratio "$above" "$(pair_above remote "$3" "$4")")" \
		$((1000000000 / all)) "${mark["$2 $key"]:-}"
}

# pair: measure and print all of one
pair()
{
	local kind direction size stock=ip_gre

	[ "$outer" = 4 ] || stock=ip6_gre
	gre_link "$SPOKE" to_hub hub spoke && gre_link "$SPOKE" to_far far spoke ||
		return
	for kind in drop plain remote mgre; do
		"pair_$kind" || return
		for direction in transmit receive; do
			for size in $sizes; do
				pair_measure "$direction" "$size" $kind
			done
		done
		tunnel_gone
	done
	for direction in transmit receive; do
		for size in $sizes; do
			pair_row "$stock" remote $direction "$size"
			pair_row 'mgre' mgre $direction "$size"
		done
	done
	try ip -n "$SPOKE" link del to_hub
	try ip -n "$SPOKE" link del to_far
}

# pair_goals: issue 4's, of IPv4 over IPv4 without checksum
pair_goals()
{
	local inner=4 outer=4 csum='' size=${sizes%% *}

	goal "transmit, $size octets, to ip_gre with remote" \
		"$(ratio "$(pair_above mgre transmit "$size")" \
			"$(pair_above remote transmit "$size")")" most 0.8
	goal "receive, $size octets, to ip_gre with remote" \
		"$(ratio "$(pair_above mgre receive "$size")" \
			"$(pair_above remote receive "$size")")" most 1.0
}

bench_pairs()
{
	local families

	echo "instructions of the hub for a packet, for each pair of families (inner over"
	echo "outer), with and without a GRE checksum; ratio: to ip_gre or ip6_gre with remote"
	pairs_topology || return
	try ip -n "$SPOKE" link del to_hub
	try ip -n "$SPOKE" link del to_far
	table_head
	for families in $pairs; do
		inner=${families%-*} outer=${families#*-}
		for csum in '' csum; do
			pair
		done
	done
	spoke_tunnels
	[[ " $pairs " != *" 4-4 "* ]] || pair_goals
	echo
}
