# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2153 # lib.sh and the scripts set and read such names
#
# fuzz_rcv.sh and fuzz_xmit.sh: who there is, and what the kernel has counted.
#
#    attacker                 hub                        peer
#   +---------+        +----------------+          +---------------+
#   |    bad -+--------+ wire      good +----------+ good          |
#   +---------+  veth  |  192.0.2.N     |   veth   |  198.51.100.1N|
#                      |  2001:db8:2::N |          |  2001:db8:100 |
#                      +----------------+          |        ::1N   |
#                      |                |          |               |
#    "apart":          | m1 ... m7      |          | m1 ... m7     |
#    in a netns of     |   10.0.N.1     |          |   10.0.N.2    |
#    its own           |   2001:db8:a:N::1         |   2001:db8:a:N::2
#                      | nest, 10.9.0.1 |          |               |
#                      +----------------+          +---------------+
#
# Device N of the hub is of the kind DEVICES[N] and has the peer with the same
# number for a peer. nest is for GRE that is inside of GRE: its underlay is the
# overlay of the others. All neighbours of the underlay are permanent, so that
# nothing is on a wire that we have not put there.

# NUMBER:FAMILIES of the underlay, and k for a key
TARGETS=(1:4k 2:4 3:6k 4:6 5:46k 6:46 7:46k)
declare -A OPTIONS=(
	[2]="csum accept known"
	[4]="csum accept known"
	[5]="csum"
)
ANY_LOCAL=7		# the one that has no local address
NEST=10.9.0.1

# families TARGET: 4, 6 or 4 6
families()
{
	local kind=${1#*:}

	case $kind in
	46*) echo 4 6 ;;
	*) echo "${kind:0:1}" ;;
	esac
}

# device_options TARGET hub|peer: of ip link add
device_options()
{
	local number=${1%%:*} family
	local -A hub=([4]=192.0.2.$number [6]=2001:db8:2::$number)
	local -A peer=([4]=198.51.100.1$number [6]=2001:db8:100::1$number)
	local -n local=$2

	for family in $(families "$1"); do
		[ "$2-$number" = hub-$ANY_LOCAL ] || printf 'local %s ' "${local[$family]}"
	done
	[[ $1 != *k ]] || printf 'key %s ' "$number"
	if [ "$2" = hub ]; then
		printf %s "${OPTIONS[$number]:-}"
	elif [[ ${OPTIONS[$number]:-} == *csum* ]]; then
		printf csum
	fi
}

# mappings TARGET hub|peer: IPv6 goes by IPv6, where it can
mappings()
{
	local number=${1%%:*} of4 of6 inner=2

	of4=198.51.100.1$number of6=2001:db8:100::1$number
	if [ "$2" = peer ]; then
		of4=192.0.2.$number of6=2001:db8:2::$number inner=1
	fi
	case $(families "$1") in
	4) of6=$of4 ;;
	6) of4=$of6 ;;
	esac
	echo "map replace 10.0.$number.$inner nbma $of4 dev m$number"
	echo "map replace 2001:db8:a:$number::$inner nbma $of6 dev m$number"
}

# fuzz_ns VAR: a netns with IPv6, in which nothing is sent unasked, and that
# believes no redirect. Its ping has a socket that gets its own answers alone, not
# every ICMP packet that there is, for which it would have no room.
fuzz_ns()
{
	ns_new "$@" && ns_ipv6 "${!1}" &&
	try on "${!1}" sysctl -qw \
		net.ipv6.conf.all.forwarding=1 \
		net.ipv6.conf.all.accept_redirects=0 \
		net.ipv6.conf.default.accept_redirects=0 \
		net.ipv4.conf.all.accept_redirects=0 \
		net.ipv4.conf.default.accept_redirects=0 \
		net.ipv4.ping_group_range="0 0" \
		net.ipv4.ipfrag_time=5 \
		net.ipv4.ipfrag_max_dist=0 \
		net.ipv4.ipfrag_high_thresh=100000000
}

fuzz_underlay()
{
	local number

	fuzz_ns HUB hub && fuzz_ns PEER peer && ns_new ATTACKER attacker || return
	try ip -n "$HUB" -batch - <<-END || return
		link add wire address 02:00:00:00:00:02 type veth
		link set wire arp off
		link add good address 02:00:00:00:00:04 type veth peer name good \\
			address 02:00:00:00:00:03 netns $PEER
		link set good arp off
		addr add 100.64.0.1/24 dev good
		addr add fd00::1/64 dev good nodad
		addr add 192.0.2.200/24 dev wire
		addr add 2001:db8:2::200/64 dev wire nodad
		$(for number in 1 2 3 4 5 6 7; do
			echo addr add 192.0.2.$number/24 dev wire
			echo addr add 2001:db8:2::$number/64 dev wire nodad
		done)
		link set wire up
		link set good up
		neigh add 100.64.0.2 lladdr 02:00:00:00:00:03 dev good nud permanent
		neigh add fd00::2 lladdr 02:00:00:00:00:03 dev good nud permanent
		neigh add 192.0.2.254 lladdr 02:00:00:00:00:01 dev wire nud permanent
		neigh add 2001:db8:2::254 lladdr 02:00:00:00:00:01 dev wire nud permanent
		route add 198.51.100.0/24 via 100.64.0.2
		route add 2001:db8:100::/64 via fd00::2
		route add default via 192.0.2.254
		route add default via 2001:db8:2::254
	END
	try ip -n "$HUB" link set veth0 address 02:00:00:00:00:01 name bad netns "$ATTACKER" &&
	try ip -n "$ATTACKER" link set bad arp off up || return
	try ip -n "$PEER" -batch - <<-END
		link set good arp off
		addr add 100.64.0.2/24 dev good
		addr add fd00::2/64 dev good nodad
		$(for number in 1 2 3 4 5 6 7; do
			echo addr add 198.51.100.1$number/32 dev lo
			echo addr add 2001:db8:100::1$number/128 dev lo nodad
		done)
		link set good up
		neigh add 100.64.0.1 lladdr 02:00:00:00:00:04 dev good nud permanent
		neigh add fd00::1 lladdr 02:00:00:00:00:04 dev good nud permanent
		route add 192.0.2.0/24 via 100.64.0.1
		route add 2001:db8:2::/64 via fd00::1
	END
}

# fuzz_device TARGET NS hub|peer: made in NS, it lives in OVERLAY if it is the hub's
fuzz_device()
{
	local number=${1%%:*} in=$2 inner=2

	# shellcheck disable=SC2046 # words
	try ip -n "$2" link add "m$number" type mgre $(device_options "$1" "$3") || return
	if [ "$3" = hub ]; then
		inner=1 in=$OVERLAY
		[ "$OVERLAY" = "$2" ] ||
			try ip -n "$2" link set "m$number" netns "$OVERLAY" || return
	fi
	try ip -n "$in" -batch - <<-END || return
		addr add 10.0.$number.$inner/24 dev m$number
		addr add 2001:db8:a:$number::$inner/64 dev m$number nodad
		link set m$number up
	END
	try nhrp -n "$in" -batch - < <(mappings "$1" "$3")
}

# fuzz_net apart|together: all of it. nft is there before the first device, so that
# what it counts last is what comes past the hook of mgre: of hooks of the same
# priority the one that came first is called last.
fuzz_net()
{
	local target

	fuzz_underlay || return
	OVERLAY=$HUB
	if [ "$1" = apart ]; then
		fuzz_ns OVERLAY over || return
		nft_counters "$OVERLAY" || return
	fi
	nft_counters "$HUB" || return
	for target in "${TARGETS[@]}"; do
		fuzz_device "$target" "$HUB" hub &&
		fuzz_device "$target" "$PEER" peer || return
	done
	try ip -n "$OVERLAY" -batch - <<-END
		addr add $NEST/32 dev lo
		link add nest type mgre local $NEST
		link set nest up
	END
}

nft_counters()
{
	try on "$1" nft -f - <<-END
		table inet fuzz {
			counter before { }
			counter after { }
			chain before {
				type filter hook input priority 0;
				counter name before
			}
			chain after {
				type filter hook input priority 2147483647;
				counter name after
			}
		}
		table ip6 fuzz {
			counter frames { }
			counter datagrams { }
			chain frames {
				type filter hook prerouting priority -450;
				counter name frames
			}
			chain datagrams {
				type filter hook prerouting priority -350;
				counter name datagrams
			}
		}
	END
}

fuzz_net_gone()
{
	local ns

	for ns in "$HUB" "$PEER" "$ATTACKER" "$OVERLAY"; do
		ns_del "$ns"
	done
}

fuzz_program()
{
	try cc -O1 -Wall -o "$tmp/fuzz" "$top"/selftests/fuzz/*.c
}

# ---- what the kernel has counted

# of_links NAME: from ip -s -j link, which tells a device's packets, octets and drops
of_links()
{
	jq -r --arg ns "$1" '.[] | .ifname as $dev | .stats64 |
		to_entries[] | .key as $dir | .value | to_entries[] |
		"\($ns).\($dev).\($dir)_\(.key) \(.value)"'
}

# of_nft NAME: from nft -j list counters
of_nft()
{
	jq -r --arg ns "$1" '.nftables[].counter // empty | "\($ns).\(.name) \(.packets)"'
}

# of_drops DEVICE...: the causes of drops of each
of_drops()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	on "$OVERLAY" sh -c 'for dev; do echo "$dev:"; ethtool -S "$dev"; done' sh "$@" |
		awk '/^[^ ]*:$/ { dev = $1; sub(":", "", dev) }
			/^ / { sub(":", "", $1); print "drop." dev "." $1, $2 }'
}

# counters: all of them that anything below looks at, "NAME VALUE"
counters()
{
	local dropped sum=0
	local -a devices=("${TARGETS[@]%%:*}")

	on "$HUB" nstat -asz | awk '/^Ip/ { print $1, $2 }'
	on "$HUB" nft -j list counters | of_nft HUB
	ip -n "$HUB" -s -j link show | of_links HUB
	if [ "$OVERLAY" != "$HUB" ]; then
		on "$OVERLAY" nft -j list counters | of_nft OVERLAY
		ip -n "$OVERLAY" -s -j link show | of_links OVERLAY
	fi
	of_drops "${devices[@]/#/m}" nest
	while read -r _ dropped _; do
		sum=$((sum + 16#$dropped))
	done </proc/net/softnet_stat
	echo backlog.dropped $sum
}

# The same twice: nothing is on its way any more.
quiet()
{
	on "$OVERLAY" cat /proc/net/dev >"$tmp/quiet.1" &&
	on "$HUB" cat /proc/net/dev >>"$tmp/quiet.1" &&
	on "$OVERLAY" cat /proc/net/dev >"$tmp/quiet.2" &&
	on "$HUB" cat /proc/net/dev >>"$tmp/quiet.2" &&
	cmp "$tmp/quiet.1" "$tmp/quiet.2"
}

declare -A COUNTED=()

# settled FILE: what has been counted when nothing is on its way any more
settled()
{
	busywait 30 quiet ||
		fail "packets go on: $(diff "$tmp/quiet.1" "$tmp/quiet.2")" || return
	counters >"$1"
}

count_begin()
{
	COUNTED=()
	settled "$tmp/counters.before"
}

# count_end: what each has grown by is in COUNTED
count_end()
{
	local name value

	settled "$tmp/counters.after" || return
	while read -r name value; do
		COUNTED[$name]=$value
	done < <(awk 'NR == FNR { before[$1] = $2; next } { print $1, $2 - before[$1] }' \
		"$tmp/counters.before" "$tmp/counters.after")
}

# total REGEX: of all counters with such a name
total()
{
	local name sum=0

	for name in "${!COUNTED[@]}"; do
		[[ ! $name =~ ^$1$ ]] || sum=$((sum + ${COUNTED[$name]}))
	done
	echo $sum
}

# notes REGEX: those that are not zero, for the reader
notes()
{
	local name

	for name in $(printf '%s\n' "${!COUNTED[@]}" | sort); do
		[[ ! $name =~ ^$1$ ]] || [ "${COUNTED[$name]}" -eq 0 ] ||
			echo "$name ${COUNTED[$name]}"
	done
}

# ---- leaks

# slab_objects: those in use of the caches that packets and routes are of
slab_objects()
{
	local cache sum=0 objects

	for cache in skbuff_head_cache skbuff_fclone_cache skbuff_small_head \
		     ip_dst_cache ip6_dst_cache; do
		[ -e "/sys/kernel/slab/$cache" ] || continue
		read -r objects _ <"/sys/kernel/slab/$cache/objects"
		sum=$((sum + objects))
	done
	echo $sum
}

# available: KiB of memory, with the free pages that CPUs keep for themselves: one kept
# 36 MiB, which Linux before 6.7 does not take back by and by
available()
{
	local page=$(($(getconf PAGESIZE) / 1024))

	awk -v page=$page '
		$1 == "MemAvailable:" { sum += $2 }
		$1 == "count:" { sum += $2 * page }
		END { print sum }' /proc/meminfo /proc/zoneinfo
}

# given_back: what is there to be used again, and what CPUs keep for themselves
given_back()
{
	local cache

	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
}

# memory_begin: what is in use before anything of ours is there
memory_begin()
{
	given_back
	OBJECTS=$(slab_objects)
	KB=$(available)
}

# Some packets and memory may be somebody else's.
memory_is_back()
{
	given_back
	objects=$(slab_objects)
	kb=$(available)
	[ "$objects" -le $((OBJECTS + 64)) ] && [ "$kb" -ge $((KB - 32768)) ]
}

# memory_end: no more is in use than then, once all that is freed later has been
memory_end()
{
	local objects kb status=0

	busywait 30 memory_is_back || status=1
	note "packets and routes in use: $OBJECTS, then $objects;" \
		"available: $KB kB, then $kb"
	[ $status -eq 0 ] || fail "not all is given back"
}
