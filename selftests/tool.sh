#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tool nhrp: what it prints, refuses and returns. What it must print is in
# the files of the folder tool; numbers that time changes are N there.
#
#	namespace DUT:			mgre0, mgre1 (down), ask0 10.2.0.1/16 (no underlay:
#					its packets ask for a mapping, none leaves)
#	namespaces of topo 1:		a hub and a spoke, for the counters
#	namespace SIX:			dual0, six0 and four0 by their local addresses,
#					over dummy0 192.0.2.1/24, 2001:db8::1/64

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

GOLDEN=$top/selftests/tool
MAN=$top/Documentation/man/nhrp.8
RESOLVER=$top/tools/examples/nhrp-resolver

# ---- helpers

# dut ARG...: the tool in the namespace under test
dut()
{
	nhrp -n "$DUT" "$@"
}

# Times and ages as N
no_times()
{
	sed -E 's/("?(expires|created|updated|last|last_rx|used)"?[: ]+)[0-9]+/\1N/g'
}

# golden FILE COMMAND...: it prints this, and succeeds
golden()
{
	local file=$1

	shift
	try "$@" >"$tmp/out" || return
	no_times <"$tmp/out" | diff -u "$GOLDEN/$file" - ||
		fail "output differs from tool/$file: $*"
}

# fails_with STATUS TEXT ARG...: exactly TEXT on stderr, nothing on stdout
fails_with()
{
	local want=$1 text=$2 status=0

	shift 2
	nhrp "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	assert_eq "stderr of nhrp $*" "$(cat "$tmp/err")" "$text"
	assert_eq "exit status of nhrp $*" "$status" "$want"
	[ ! -s "$tmp/out" ] || fail "stdout of nhrp $*: $(cat "$tmp/out")"
}

# table STATUS FILE [ARG]...: each line is `words => error`
table()
{
	local status=$1 file=$GOLDEN/$2 line count=0

	shift 2
	while IFS= read -r line; do
		# shellcheck disable=SC2046 # words
		fails_with "$status" "${line#* => }" "$@" $(words_of "$line") ||
			return
		count=$((count + 1))
	done <"$file"
	assert_test "lines of $file" $count -gt 0
}

words_of()
{
	printf '%s' "${1%% => *}"
}

# map_reset: the mappings that the golden files show
map_reset()
{
	try dut map flush all || return
	try dut -batch - <<-END
		map add 10.0.0.3 nbma 192.0.2.3 dev mgre0 type dynamic hold 600
		map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
		map add 10.0.0.4 nbma 192.0.2.3 dev mgre0 hold 4294967295 protocol bgp
		map add 10.0.0.5 nbma 192.0.2.2 dev mgre1 protocol 77 type dynamic
	END
}

map_empty()
{
	try dut map flush all
}

mapped()
{
	dut map show | grep -q "^$1 "
}

map_count()
{
	dut map show "$@" | wc -l
}

# many FROM TO: batch lines that add 10.1.X.Y for each number
many()
{
	awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++)
		printf "map add 10.1.%d.%d nbma 192.0.2.2 dev mgre0\n", i / 256, i % 256 }'
}

# batch STATUS [OPTION]... <LINES: its stderr in $tmp/err
batch()
{
	local want=$1 status=0

	shift
	dut "$@" -batch - 2>"$tmp/err" || status=$?
	assert_eq "exit status of the batch" "$status" "$want"
}

batch_said()
{
	assert_eq "stderr of the batch" "$(cat "$tmp/err")" "$1"
}

# ---- without the module

no_module()
{
	local text='Error: no "nhrp" generic netlink family; is the mgre module loaded?'

	fails_with 2 "$text" map show &&
	fails_with 2 "$text" -j peer show &&
	fails_with 2 "$text" monitor
}

help_texts()
{
	local object

	golden help.txt nhrp help
	golden help.txt nhrp -h
	golden help.txt nhrp --help map show
	for object in map peer mcast stats monitor; do
		golden help-$object.txt nhrp $object help
		golden help-$object.txt nhrp $object he
	done
	golden help-map.txt nhrp map add help
	golden help-peer.txt nhrp peer show help
	golden help-mcast.txt nhrp mcast add help
	golden help-stats.txt nhrp stats show help
}

version()
{
	local word text

	for word in -V -Version --V; do
		text=$(try nhrp $word) || return
		[[ $text =~ ^nhrp\ [0-9]+\.[0-9.]+$ ]] || fail "version: $text"
	done
}

# One line each: continuation lines joined, blanks squeezed, "Usage:" dropped
usage_lines()
{
	sed -E 's/^Usage: /       /' |
		awk '/^       [^ ]/ || /^[A-Z]/ { if (line) print line; line = "" }
			{ line = line " " $0 } END { print line }' |
		sed -E 's/ +/ /g; s/^ //; s/ $//' | sort
}

man_synopsis()
{
	groff -man -Tascii -P-cbou -rLL=300n "$MAN" |
		sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | grep '^ ' |
		sed -E 's/ +/ /g; s/^ //; s/ $//' | sort
}

usage_is_in_man()
{
	local object

	need groff || return
	man_synopsis >"$tmp/man"
	for object in "" map peer mcast stats monitor; do
		# shellcheck disable=SC2086 # no word when empty
		nhrp $object help | usage_lines
	done | sort >"$tmp/usage"
	diff -u "$tmp/usage" "$tmp/man" || fail "usage and man page differ"
	assert_test "lines of usage" "$(wc -l <"$tmp/usage")" -ge 15
}

man_is_clean()
{
	need groff || return
	assert_eq "groff" "$(groff -man -ww -z "$MAN" 2>&1)" ""
}

# ---- words

usage_errors()
{
	table 1 usage.txt -n "$DUT"
}

devices_of_netns()
{
	fails_with 1 'Error: cannot find device "mgre0".' map show dev mgre0 &&
	fails_with 1 'Error: cannot find device "lo0".' -n "$DUT" map show dev lo0 &&
	try dut map show dev mgre0
}

devices_by_other_names()
{
	local name long

	long=$(printf 'x%.0s' {1..127})
	map_empty || return
	for name in other sixteen-letters- "$long"; do
		try ip -n "$DUT" link property add dev mgre1 altname "$name" || return
		try dut map replace 10.0.0.9 nbma 192.0.2.9 dev "$name"
		assert_eq "mapping" "$(dut map show dev "$name")" \
			"10.0.0.9 nbma 192.0.2.9 dev mgre1 type static"
		try dut map del 10.0.0.9 dev "$name"
		try ip -n "$DUT" link property del dev mgre1 altname "$name"
		fails_with 1 "Error: cannot find device \"$name\"." -n "$DUT" map show dev "$name"
	done
}

kernel_refusals()
{
	map_reset && table 2 refused.txt -n "$DUT" &&
	golden map-show.txt dut map show
}

no_privilege()
{
	local status=0

	map_reset || return
	need setpriv || return
	on "$DUT" setpriv --reuid 65534 --clear-groups "$NHRP" \
		map flush all >"$tmp/out" 2>&1 || status=$?
	assert_eq "exit status" $status 2
	assert_eq "message" "$(cat "$tmp/out")" "Error: nhrp: Operation not permitted."
	status=0
	on "$DUT" setpriv --reuid 65534 --clear-groups "$NHRP" \
		map del 10.0.0.2 dev mgre0 >"$tmp/out" 2>&1 || status=$?
	assert_eq "exit status" $status 2
	assert_eq "message" "$(cat "$tmp/out")" "Error: nhrp: Operation not permitted."
	golden map-show.txt dut map show
}

abbreviations()
{
	local words

	map_reset || return
	for words in "map show" "map" "m s" "ma sho" "map list" "map lst" "m l"; do
		# shellcheck disable=SC2086 # words
		golden map-show.txt dut $words
	done
	golden peer-show.txt dut p s
	golden peer-show.txt dut pe
	golden map-show-details.txt dut --det map show
	golden map-save.txt dut m sa
	golden stats-show.txt dut s s
	try dut m a 10.0.0.9 nbma 192.0.2.9 dev mgre0 || return
	try dut m r 10.0.0.9 nbma 192.0.2.8 dev mgre0 || return
	assert_eq "m g" "$(dut m g 10.0.0.9 dev mgre0)" \
		"10.0.0.9 nbma 192.0.2.8 dev mgre0 type static"
	try dut m d 10.0.0.9 dev mgre0 || return
	try dut m f 10.0.0.0/29 dev mgre1 || return
	dut map show | head -n 3 | diff -u <(head -n 3 "$GOLDEN/map-show.txt") - ||
		fail "flush took too much"
}

word_order()
{
	map_reset || return
	try dut map add protocol bgp type static nbma 192.0.2.9 hold 5 dev mgre0 10.0.0.9/32 ||
		return
	assert_eq "mapping" "$(dut map show nbma 192.0.2.9)" \
		"10.0.0.9 nbma 192.0.2.9 dev mgre0 type static hold 5 protocol bgp"
	try dut map delete dev mgre0 10.0.0.9
}

# ---- output

map_text()
{
	map_reset || return
	golden map-show.txt dut map show
	golden map-show-details.txt dut -d map show
	golden map-show-stats.txt dut -s map show
	golden map-show.txt dut -o map show
}

map_json()
{
	map_reset || return
	golden map-show.json dut -j map show
	golden map-show.json dut -j -s -d map show
	golden map-show-pretty.json dut -j -p map show nbma 192.0.2.2
	assert_eq "nothing" "$(dut -j map show nbma 192.0.2.77)" "[]"
	assert_eq "nothing, pretty" "$(dut -j -p map show nbma 192.0.2.77)" "[]"
	assert_eq "nothing, text" "$(dut map show nbma 192.0.2.77)" ""
}

map_times()
{
	local values

	map_reset || return
	values=$(dut -j map show 10.0.0.3 |
		jq -c '.[0] | [.expires > 0, .expires <= 600, .created >= .updated, .used]')
	assert_eq "times" "$values" "[true,true,true,null]"
}

map_filters()
{
	map_reset || return
	assert_eq "dev" "$(map_count dev mgre0)" 3
	assert_eq "nbma" "$(map_count nbma 192.0.2.3)" 2
	assert_eq "type" "$(map_count type dynamic)" 2
	assert_eq "prefix" "$(map_count 10.0.0.4/31)" 2
	assert_eq "host" "$(map_count 10.0.0.4)" 1
	assert_eq "all of them" "$(map_count 10.0.0.0/8 dev mgre0 nbma 192.0.2.3 type static)" 1
	assert_eq "default" "$(map_count 0.0.0.0/0)" 4
	assert_eq "protocol" "$(map_count protocol bgp)" 1
}

# kinds_reset: mappings of all types, with all flags and options
kinds_reset()
{
	try dut map flush all || return
	sed 's/^/map add /' "$GOLDEN/map-kinds.txt" >"$tmp/batch"
	try dut -batch "$tmp/batch"
}

# What is given is what is shown.
map_kinds()
{
	kinds_reset || return
	golden map-kinds.txt dut map show
	golden map-kinds.json dut -j map show dev mgre0
	validate map dut -j map show
	assert_eq "details" "$(dut -d map show 10.1.1.0/24)" \
		"10.1.1.0/24 negative dev mgre0 hold forever protocol static"
}

# A value at its default is not shown; numbers may be written in two ways.
map_defaults()
{
	map_empty || return
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev mgre0 mark 0 preference 0 hold forever
	assert_eq "defaults" "$(dut map)" "10.0.0.9 nbma 192.0.2.9 dev mgre0 type static"
	try dut map replace 10.0.0.9 nbma 192.0.2.9 dev mgre0 mark 17 nat
	assert_eq "mark" "$(dut map)" "10.0.0.9 nbma 192.0.2.9 dev mgre0 type static nat mark 0x11"
	try dut map replace 10.0.0.9 nbma 192.0.2.9 dev mgre0 mark 0x000012
	assert_eq "mark, no flag" "$(dut map)" \
		"10.0.0.9 nbma 192.0.2.9 dev mgre0 type static mark 0x12"
	try dut map del 10.0.0.9 dev mgre0
	try dut map add 10.0.0.9 negative dev mgre0 hold forever
	assert_eq "negative" "$(dut map get 10.0.0.9 dev mgre0)" "10.0.0.9 negative dev mgre0"
}

map_kinds_filters()
{
	kinds_reset || return
	assert_eq "shortcut" "$(map_count shortcut)" 2
	assert_eq "unique" "$(map_count unique)" 3
	assert_eq "multicast" "$(map_count multicast)" 2
	assert_eq "nat" "$(map_count nat)" 3
	assert_eq "resolve" "$(map_count resolve)" 2
	assert_eq "used" "$(map_count used)" 0
	assert_eq "two flags" "$(map_count resolve unique)" 1
	assert_eq "cached" "$(map_count type cached)" 4
	assert_eq "negative" "$(map_count type negative)" 3
	assert_eq "incomplete" "$(map_count type incomplete)" 0
	assert_eq "IPv6" "$(map_count ::/0)" 3
	assert_eq "IPv6 NBMA" "$(map_count nbma 2001:db8::9)" 1
	assert_eq "protocol" "$(map_count protocol bgp)" 2
	assert_eq "flushed" "$(dut -s map flush unique protocol bgp)" "flushed 1"
	assert_eq "flushed" "$(dut -s map flush type negative 10.0.0.0/8)" "flushed 2"
	assert_eq "left" "$(map_count)" 13
}

# without_files ARG...: the tool where iproute2 has none
without_files()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare -m bash -c 'for dir in /etc/iproute2 /usr/lib/iproute2 /usr/share/iproute2; do
		[ ! -d "$dir" ] || mount -t tmpfs none "$dir" || exit
	done
	exec "$@"' bash "$NHRP" -n "$DUT" "$@"
}

map_protocols()
{
	local name

	map_empty || return
	try without_files map add 10.0.0.9 nbma 192.0.2.9 dev mgre0 protocol 77
	for name in unspec kernel boot zebra bird bgp ospf eigrp 77; do
		try without_files map replace 10.0.0.9 nbma 192.0.2.9 dev mgre0 \
			protocol $name || return
		assert_eq "name" "$(without_files -j map | jq -r '.[].protocol')" $name
		assert_eq "the files' name" "$(dut -j map | jq -r '.[].protocol')" $name
	done
	run_fails 1 "name of rt_protos" without_files map show protocol x
}

# shown ARG...: what map show says of nb0, sorted
shown()
{
	dut "$@" dev nb0 | sort
}

# A device that resolves by the kernel's neighbours has mappings there.
map_neighbours()
{
	local own="10.0.9.2 nbma 192.0.2.2 dev nb0 type static"
	local learnt="10.0.9.3 nbma 192.0.2.3 dev nb0 type cached protocol 77"
	local six="fd00::9 nbma 192.0.2.2 dev nb0 type cached"

	map_empty
	try on "$DUT" sysctl -qw net.ipv6.conf.all.disable_ipv6=0
	try ip -n "$DUT" -batch - <<-END || return
		link add nb0 type mgre resolver neigh
		link set nb0 up
		neigh add 10.0.9.2 lladdr 192.0.2.2 dev nb0 nud permanent
		neigh add 10.0.9.3 lladdr 192.0.2.3 dev nb0 nud stale protocol 77
		neigh add 10.0.9.4 lladdr 0.0.0.0 dev nb0 nud permanent
		neigh add fd00::9 lladdr 192.0.2.2 dev nb0 nud stale
		neigh add 0.0.0.0 lladdr 192.0.2.3 dev mgre0 nud permanent
	END
	assert_eq "all" "$(shown map show)" "$own"$'\n'"$learnt"$'\n'"$six"
	assert_eq "of all devices" "$(dut map show | sort)" "$(shown map show)"
	assert_eq "state" "$(shown -s map show 10.0.9.3)" "$learnt neigh stale"
	assert_eq "JSON" "$(dut -j map show protocol 77 | jq -cS .)" "$(jq -cS . <<-'END'
		[{"dst":"10.0.9.3","nbma":"192.0.2.3","dev":"nb0","type":"cached",
		  "flags":[],"protocol":"77","neigh":"stale"}]
	END
	)"
	assert_eq "type" "$(shown map show type static)" "$own"
	assert_eq "address" "$(shown map show nbma 192.0.2.2)" "$own"$'\n'"$six"
	assert_eq "prefix" "$(shown map show 10.0.9.2/31)" "$own"$'\n'"$learnt"
	assert_eq "prefix" "$(shown map show fd00::8/126)" "$six"
	assert_eq "flag" "$(shown map show used)" ""
	assert_eq "saved" "$(shown map save)" ""
	run_fails 2 "no mapping matches" dut map get 10.0.9.2 dev nb0
	try ip -n "$DUT" -batch - <<-END
		link del nb0
		neigh del 0.0.0.0 dev mgre0
	END
	try on "$DUT" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
}

map_unique()
{
	map_empty || return
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev mgre0 type dynamic hold 60 unique || return
	fails_with 2 "Error: nhrp: prefix is unique to another NBMA address." \
		-n "$DUT" map replace 10.0.0.9 nbma 192.0.2.8 dev mgre0 type dynamic
	try dut map replace 10.0.0.9 nbma 192.0.2.9 dev mgre0 type dynamic hold 90 unique
	try dut map replace 10.0.0.9 nbma 192.0.2.8 dev mgre0
	assert_eq "the configured one" "$(dut map)" "10.0.0.9 nbma 192.0.2.8 dev mgre0 type static"
}

map_saved()
{
	map_reset || return
	golden map-save.txt dut map save
	kinds_reset || return
	try ip -n "$DUT" link add 'a#b' type mgre key 3 || return
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev 'a#b'
	try dut map save >"$tmp/saved"
	assert_eq "lines" "$(wc -l <"$tmp/saved")" 17
	grep -c '^map replace ' "$tmp/saved" >"$tmp/count"
	assert_eq "lines of a batch" "$(cat "$tmp/count")" 17
	map_empty
	try dut -batch "$tmp/saved"
	try dut map save | cmp - "$tmp/saved" || fail "saved, restored and saved again differs"
	try dut -batch "$tmp/saved"
	try dut map save | cmp - "$tmp/saved" || fail "restored over itself differs"
	dut map save dev mgre1 | diff <(grep ' dev mgre1 ' "$tmp/saved") - || fail "filter"
	try ip -n "$DUT" link del 'a#b'
}

# Names of devices that a batch would read otherwise, with quotes of either kind
map_saved_names()
{
	local name names=('"' "'" 'a"' "a'" '"a"' "'a'" 'a"#' "a'#" "\"'" "a\\")
	local key=100

	map_empty || return
	for name in "${names[@]}"; do
		try ip -n "$DUT" link add "$name" type mgre key $((key++)) || return
		try dut map add 10.0.0.9 negative dev "$name"
	done
	try dut map save >"$tmp/saved"
	map_empty
	try dut -batch "$tmp/saved"
	try dut map save | cmp - "$tmp/saved" || fail "saved, restored and saved again differs"
	assert_eq "names" "$(dut -j map | jq -r '.[].dev')" "$(printf '%s\n' "${names[@]}")"
	for name in "${names[@]}"; do
		try ip -n "$DUT" link del "$name"
	done
}

# Mappings change while a dump of many messages is read.
map_save_interrupted()
{
	local status=0

	map_empty || return
	try dut -batch - < <(many 0 19999) || return
	mkfifo "$tmp/save"
	exec 5<>"$tmp/save"
	bg SAVE "$NHRP" -n "$DUT" map save >"$tmp/save" 2>"$tmp/err" 5>&-
	exec 6<"$tmp/save" 5>&-
	try read -r -u 6
	try dut map del 10.1.70.0 dev mgre0
	cat <&6 >"$tmp/out"
	exec 6<&-
	bg_wait "$SAVE" || status=$?
	assert_eq "exit status" $status 2
	assert_eq "stderr" "$(cat "$tmp/err")" "Error: mappings changed while they were saved."
	map_empty
}

# ---- counters

stats_show()
{
	map_reset || return
	golden stats-show.txt dut stats
	golden stats-show.txt dut stats list
	golden stats-show-oneline.txt dut -o stats show dev mgre0
	golden stats-show.json dut -j stats show dev mgre1
	validate stats dut -j stats
	assert_eq "devices" "$(dut -j stats | jq -c 'map(.dev)')" '["mgre0","mgre1"]'
	fails_with 2 "Error: nhrp: device has no NHRP cache." -n "$DUT" stats show dev lo
}

map_get()
{
	map_reset || return
	assert_eq "text" "$(dut map get 10.0.0.3 dev mgre0)" \
		"10.0.0.3 nbma 192.0.2.3 dev mgre0 type dynamic hold 600"
	assert_eq "JSON" "$(dut -j map get 10.0.0.5 dev mgre1 | jq -r '.[].nbma')" 192.0.2.2
}

map_flushed()
{
	map_reset || return
	assert_eq "quiet" "$(dut map flush 10.0.0.2)" ""
	assert_eq "text" "$(dut -s map flush nbma 192.0.2.3)" "flushed 2"
	assert_eq "JSON" "$(dut -j -s map flush all)" '[{"flushed":1}]'
	assert_eq "nothing left" "$(dut -j -s map flush all)" '[{"flushed":0}]'
}

map_typed_back()
{
	map_reset || return
	dut map show >"$tmp/shown"
	dut -d map show >"$tmp/details"
	for file in shown details; do
		map_empty || return
		sed 's/^/map add /' "$tmp/$file" >"$tmp/batch"
		try dut -batch "$tmp/batch" || return
		golden map-show.txt dut map show
	done
}

mcast_typed_back()
{
	map_empty || return
	try dut -batch - <<-END
		mcast add nbma 192.0.2.9 dev mgre0
		mcast add 239.1.0.0/16 nbma 192.0.2.9 dev mgre1
	END
	dut mcast show | sed 's/ listed$//' >"$tmp/shown"
	assert_eq "listed" "$(sort "$tmp/shown")" "239.1.0.0/16 nbma 192.0.2.9 dev mgre1
all nbma 192.0.2.9 dev mgre0"
	try dut -batch - < <(sed 's/^/mcast del /' "$tmp/shown")
	assert_eq "listed when it is deleted" "$(dut mcast show)" ""
	try dut -batch - < <(sed 's/^/mcast add /' "$tmp/shown")
	dut mcast show | sed 's/ listed$//' | diff "$tmp/shown" - || fail "lists differ"
	try dut -batch - < <(sed 's/^/mcast del /' "$tmp/shown")
}

peer_text()
{
	map_reset || return
	golden peer-show.txt dut peer show
	assert_eq "dev" "$(dut peer show dev mgre1)" "192.0.2.2 dev mgre1 mappings 1"
	assert_eq "nbma" "$(dut peer show nbma 192.0.2.3)" "192.0.2.3 dev mgre0 mappings 2"
	assert_eq "nothing" "$(dut -j peer show nbma 192.0.2.77)" "[]"
}

peer_counters()
{
	topo 1 || return
	try on "${SITE[0]}" ping -q -n -c 3 -i 0.2 -s 56 "${OVER[1]}" || return
	golden peer-show-stats.txt nhrp -n "${SITE[0]}" -s peer show
	golden peer-show-oneline.txt nhrp -n "${SITE[0]}" -s -o peer show
	golden peer-show.json nhrp -n "${SITE[0]}" -j peer show
	[[ $(nhrp -n "${SITE[0]}" -s map show) =~ \ used\ [0-9] ]] ||
		fail "a used mapping does not say so"
	validate peer nhrp -n "${SITE[0]}" -j peer show
	validate map nhrp -n "${SITE[0]}" -j map show
}

# ping_hub ADDRESS COUNT: packets whose answers do not matter
ping_hub()
{
	on "${SITE[0]}" ping -q -n -c "$2" -i 0.2 -W 0.1 "$1" || :
}

errors_counted()
{
	[ "$(peer "${SITE[0]}" "$1" "| [.icmp_unreachable, .icmp_prohibited, .icmp_exceeded]" |
		jq -c .)" = "$2" ]
}

# The router of topo 1 refuses in three ways.
peer_errors()
{
	error_routes_answer || return
	try ip -n "$ROUTER" -batch - <<-END || return
		route add unreachable 203.0.113.7
		route add prohibit 203.0.113.8
	END
	try nhrp -n "${SITE[0]}" -batch - <<-END || return
		map add 10.0.0.7 nbma 203.0.113.7 dev mgre0
		map add 10.0.0.8 nbma 203.0.113.8 dev mgre0
	END
	try ip -n "${SITE[0]}" link change mgre0 type mgre ttl 1
	ping_hub "${OVER[1]}" 1
	try ip -n "${SITE[0]}" link change mgre0 type mgre ttl 64
	ping_hub "${OVER[1]}" 1
	ping_hub 10.0.0.7 1
	ping_hub 10.0.0.8 2
	try ip -n "$ROUTER" -batch - <<-END
		route del prohibit 203.0.113.8
		route add unreachable 203.0.113.8
	END
	ping_hub 10.0.0.8 1
	busywait 5 errors_counted 203.0.113.8 "[1,2,0]"
	golden peer-show-errors.txt nhrp -n "${SITE[0]}" peer show
	errors_counted "${NBMA[1]}" "[0,0,1]" || fail "JSON of ${NBMA[1]}"
	errors_counted 203.0.113.7 "[1,0,0]" || fail "JSON of 203.0.113.7"
	nhrp -n "${SITE[0]}" -s peer show nbma 203.0.113.8 |
		grep -qx '    icmp unreachable 1 prohibited 2 exceeded 0' || fail "with -s"
	validate peer nhrp -n "${SITE[0]}" -j peer show
}

six_devices()
{
	ns_new SIX || return
	try ip -n "$SIX" link add dummy0 type dummy || return
	try on "$SIX" sysctl -qw net.ipv6.conf.dummy0.disable_ipv6=0 || return
	try ip -n "$SIX" -batch - <<-END
		addr add 192.0.2.1/24 dev dummy0
		addr add 2001:db8::1/64 dev dummy0 nodad
		link set dummy0 up
		route add 2001:db8::3 dev dummy0 mtu 1400
		link add dual0 type mgre local 192.0.2.1 local 2001:db8::1
		link add six0 type mgre local 2001:db8::1 key 6
		link add four0 type mgre local 192.0.2.1 key 4
		addr add 10.10.0.1/24 dev dual0
		addr add 10.6.0.1/24 dev six0
		link set dual0 up
		link set six0 up
	END
}

# A peer of each family, and of the same address on two devices
peer_six()
{
	local to

	six_devices || return
	try nhrp -n "$SIX" -batch - <<-END
		map add 10.10.0.2 nbma 192.0.2.2 dev dual0
		map add 10.10.0.3 nbma 2001:db8::2 dev dual0
		map add 10.10.0.4 nbma 2001:DB8:0::2 dev dual0
		map add 10.10.0.5 nbma 2001:db8::3 dev dual0
		map add 10.6.0.2 nbma 2001:db8::2 dev six0
		map add 10.6.0.3 nbma fd00::9 dev six0
	END
	assert_eq "before a packet" "$(nhrp -n "$SIX" peer show nbma 2001:db8::3)" \
		"2001:db8::3 dev dual0 mappings 1"
	for to in 10.10.0.2 10.10.0.3 10.10.0.5 10.6.0.2; do
		on "$SIX" ping -q -n -c 1 -W 0.1 "$to" || :
	done
	golden peer-show-six.txt nhrp -n "$SIX" peer show
	assert_eq "by address" "$(nhrp -n "$SIX" peer show nbma 2001:db8:0:0::2 | wc -l)" 2
	assert_eq "JSON" "$(nhrp -n "$SIX" -j peer show dev six0 nbma 2001:db8::2 |
		jq -c '.[] | [.nbma, .pmtu, .tx.packets]')" '["2001:db8::2",1500,1]'
	validate peer nhrp -n "$SIX" -j peer show
	validate map nhrp -n "$SIX" -j map show
	fails_with 2 "Error: nhrp: the device has no IPv6 local address." \
		-n "$SIX" map add 10.4.0.2 nbma 2001:db8::2 dev four0
	fails_with 2 "Error: nhrp: the device has no IPv4 local address." \
		-n "$SIX" map add 10.6.0.9 nbma 192.0.2.2 dev six0
	fails_with 2 "Error: nhrp: nbma is the local address of the device." \
		-n "$SIX" map replace 10.10.0.3 nbma 2001:db8::1 dev dual0
}

output_is_checked()
{
	local status=0

	map_reset || return
	dut map show >/dev/full 2>"$tmp/err" || status=$?
	assert_eq "exit status" $status 1
	assert_eq "message" "$(cat "$tmp/err")" \
		"Error: cannot write the output: No space left on device."
	# the first error flushes the output, and the second is another one
	batch 1 -force >/dev/full <<-END
		map show
		map show dev nodev
		map show dev nodev
	END
	assert_eq "message" "$(tail -n 1 "$tmp/err")" \
		"Error: cannot write the output: No space left on device."
}

# Nothing else that is opened takes the place of a stream that is closed: the events
# of the monitor went into its netlink socket.
streams_closed()
{
	local status=0 text="Bad file descriptor."

	map_reset || return
	bg MONITOR "$NHRP" -n "$DUT" monitor 2>"$tmp/err" >&-
	try busywait 10 listens "$MONITOR" || return
	try dut map del 10.0.0.3 dev mgre0
	try busywait 10 ended "$MONITOR" || return
	bg_wait "$MONITOR" || status=$?
	assert_eq "exit status, no stdout" $status 1
	assert_eq "stderr" "$(cat "$tmp/err")" "Error: cannot write the output: $text"
	status=0
	dut -batch - 2>"$tmp/err" <&- || status=$?
	assert_eq "exit status, no stdin" $status 1
	assert_eq "stderr" "$(cat "$tmp/err")" "Error: cannot read \"-\": $text
Command failed -:0"
	status=0
	dut map add 10.0.0.2 nbma 192.0.2.2 dev mgre0 2>&- >&- || status=$?
	assert_eq "exit status, no stderr" $status 2
}

# validate SCHEMA COMMAND...: each document that it prints fits, if we can tell
validate()
{
	validate_as fit "$@"
}

# validate_as fit|differ SCHEMA COMMAND...
validate_as()
{
	local how=$1 schema=$2

	[ -n "$has_jsonschema" ] || return 0
	shift 2
	try "$@" >"$tmp/out" || return
	python3 "$GOLDEN/validate.py" "$how" "$GOLDEN/$schema.schema.json" \
		<"$tmp/out" 2>"$tmp/err" ||
		fail "not all documents $how, $schema: $(tail -n 1 "$tmp/err"): $*"
}

need_jsonschema()
{
	[ -n "$has_jsonschema" ] || skip "no jsonschema for python3"
}

map_documents()
{
	dut -j map show
	dut -j map show nbma 192.0.2.77
	dut -j -p map show
}

schemas()
{
	map_reset || return
	need_jsonschema || return
	validate map map_documents
	validate peer dut -j peer show
	validate stats dut -j stats show
}

# A key too many, a key too few, a value out of range
wrong_documents()
{
	local change

	for change in '.[0].x = 1' 'del(.[0].dst)' '.[1].hold = 0' '.[0].type = "x"' \
		      'del(.[0].nbma)' '.[0].type = "negative"' '.[0].type = "incomplete"' \
		      '.[0].flags = ["x"]' 'del(.[0].flags)' '.[0].expires = 1'; do
		dut -j map show | jq -c "$change"
	done
}

schemas_refuse()
{
	map_reset || return
	need_jsonschema || return
	validate_as differ map wrong_documents
}

# ---- batches

batch_stops()
{
	map_empty || return
	batch 2 <<-END
		map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
		# the next is refused

		map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
		map add 10.0.0.3 nbma 192.0.2.2 dev mgre0
	END
	batch_said "Error: nhrp: prefix is mapped already.
Command failed -:4"
	mapped 10.0.0.2 || fail "the line before is not done"
	! mapped 10.0.0.3 || fail "the line behind is done"
}

batch_stops_at_word()
{
	map_empty || return
	cat >"$tmp/batch" <<-END
		map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
		map add 10.0.0.3 nbma 192.0.2.2 dev mgre0 short
		map add 10.0.0.4 nbma 192.0.2.2 dev mgre0
	END
	fails_with 1 "Error: unknown word \"short\", try \"nhrp map help\".
Command failed $tmp/batch:2" -n "$DUT" -batch "$tmp/batch"
	assert_eq "mappings" "$(map_count)" 1
}

# Messages hold about a thousand lines; one of line 1500 is refused or wrong.
batch_stops_between()
{
	local bad

	for bad in "map add 10.1.0.7 nbma 192.0.2.3 dev mgre0" "map del 10.9.9.9 dev mgre0" \
		   "map add 10.1.0.7/24 nbma 192.0.2.3 dev mgre0" "map add x"; do
		map_empty || return
		{ many 1 1499; echo "$bad"; many 1500 3999; echo "map show"; } >"$tmp/batch"
		dut -batch "$tmp/batch" >"$tmp/out" 2>"$tmp/err"
		assert_eq "mappings before $bad" "$(map_count)" 1499
		assert_eq "line" "$(tail -n 1 "$tmp/err")" "Command failed $tmp/batch:1500"
		assert_eq "lines on stderr" "$(wc -l <"$tmp/err")" 2
		assert_eq "output" "$(cat "$tmp/out")" ""
	done
}

# A refusal comes before a wrong line, a question or the end behind it.
batch_stops_first()
{
	local behind

	for behind in "map x" "x" "map show" "peer" "map help" "stats help" "map save" \
		      'map "' "map add 10.0.0.9 nbma 192.0.2.9 dev nodev"; do
		map_empty || return
		batch 2 > "$tmp/out" <<-END
			map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
			map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
			map add 10.0.0.3 nbma 192.0.2.2 dev mgre0
			$behind
		END
		batch_said "Error: nhrp: prefix is mapped already.
Command failed -:2"
		assert_eq "output of $behind" "$(cat "$tmp/out")" ""
		assert_eq "mappings before $behind" "$(map_count)" 1
	done
}

# One change after the other, whatever their kind
batch_mixes()
{
	local option

	for option in -s -force; do
		map_empty || return
		for ((i = 0; i < 2000; i++)); do
			echo "map add 10.0.0.9 nbma 192.0.2.$((i % 200 + 1)) dev mgre0"
			echo "map replace 10.0.0.9 nbma 192.0.2.3 dev mgre0"
			echo "map del 10.0.0.9 dev mgre0"
		done >"$tmp/batch"
		try dut $option -batch "$tmp/batch"
		assert_eq "mappings" "$(map_count)" 0
	done
}

# A device of another index gets the name of the first in between.
batch_devices()
{
	map_empty || return
	for ((i = 0; i < 100; i++)); do
		echo "map add 10.0.1.$i nbma 192.0.2.2 dev mgre$((i % 2))"
		echo "map show dev mgre$((i % 2)) 10.0.1.$i"
	done >"$tmp/batch"
	try dut -batch "$tmp/batch" >"$tmp/out"
	assert_eq "shown" "$(wc -l <"$tmp/out")" 100
	assert_eq "of mgre1" "$(map_count dev mgre1)" 50
}

batch_forced()
{
	map_empty || return
	batch 2 -force <<-END
		map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
		map add 10.0.0.2 nbma 192.0.2.2 dev mgre0
		map ad 10.0.0.3 nbma 192.0.2.2 dev nodev
		map add 10.0.0.4 nbma 192.0.2.2 dev mgre0
		map del 10.0.0.9 dev mgre0
		map shaw
	END
	batch_said "Error: nhrp: prefix is mapped already.
Command failed -:2
Error: cannot find device \"nodev\".
Command failed -:3
Error: nhrp: no mapping of this prefix.
Command failed -:5
Error: command \"shaw\" is unknown, try \"nhrp map help\".
Command failed -:6"
	assert_eq "mappings" "$(map_count)" 2
	batch 1 -force <<<"map x"
	batch 0 -force <<<"map flush all"
}

# Packs of requests: every failing line is named, all others are done.
batch_forced_long()
{
	map_empty || return
	{ many 1 300; many 100 400; } >"$tmp/batch"
	batch 2 -force <"$tmp/batch"
	assert_eq "mappings" "$(map_count)" 400
	grep -c '^Command failed -:' "$tmp/err" >"$tmp/count"
	assert_eq "failed lines" "$(cat "$tmp/count")" 201
	grep '^Command' "$tmp/err" | diff -u <(seq -f 'Command failed -:%.0f' 301 501) - ||
		fail "lines are not named in order"
}

# All lines fail, then every other, in the middle of messages.
batch_forced_failures()
{
	local status=0

	map_empty || return
	try dut -batch - < <(many 0 2999) || return
	batch 2 -force < <(many 0 2999)
	assert_eq "failed lines" "$(grep -c '^Command failed -:' "$tmp/err")" 3000
	try dut -batch - < <(many 0 2999 | awk 'NR % 2 { print "map del", $3, "dev mgre0" }')
	assert_eq "mappings" "$(map_count)" 1500
	batch 2 -force < <(many 0 2999)
	assert_eq "mappings" "$(map_count)" 3000
	grep '^Command' "$tmp/err" | diff -u <(seq -f 'Command failed -:%.0f' 2 2 3000) - ||
		fail "lines are not named in order"
	on "$DUT" setpriv --reuid 65534 --clear-groups "$NHRP" -force -batch - \
		< <(many 0 9) 2>"$tmp/err" || status=$?
	assert_eq "exit status without privilege" $status 2
	assert_eq "lines refused" "$(grep -c '^Command failed -:' "$tmp/err")" 10
}

# All requests before a show are done when it is.
batch_order()
{
	local option

	for option in -s -force; do
		map_empty || return
		{ many 1 200; echo map show; many 201 300; echo map show; } >"$tmp/batch"
		try dut $option -batch "$tmp/batch" >"$tmp/out"
		assert_eq "shown" "$(wc -l <"$tmp/out")" 500
	done
}

batch_syntax()
{
	map_empty || return
	sed 's/TAB/\t/g; s/CR/\r/' >"$tmp/batch" <<-'END'
		# comment
		TAB
		map add "10.0.0.2" nbma '192.0.2.2' \
		  dev mgre0 # comment \
		mapTABaddTAB10.0.0.3 nbma 192.0.2.2 dev mgre0CR
		map add 10.0.0.\
		4 nbma 192.0.2.2 dev mgre0
	END
	printf 'map add 10.0.0.5 nbma \\\r\n192.0.2.2 dev mgre0' >>"$tmp/batch"
	batch 0 <"$tmp/batch"
	assert_eq "mappings" "$(map_count 10.0.0.2/31) $(map_count 10.0.0.4/31)" "2 2"
}

batch_syntax_errors()
{
	batch 1 <<<'map show "10.0.0.2'
	batch_said "Error: a quote is not closed.
Command failed -:1"
	batch 1 <<-'END'
		map show \
	END
	batch_said "Error: the continuation line is missing.
Command failed -:1"
	batch 1 < <(printf 'map\nmap\0 show\n')
	batch_said "Error: a line is longer than 4095 octets or not text.
Command failed -:2"
	batch 1 < <(printf 'map %04096d\nmap\n' 0)
	batch_said "Error: a line is longer than 4095 octets or not text.
Command failed -:1"
	batch 1 -force < <(head -c 100000 /dev/zero)
	batch_said "Error: a line is longer than 4095 octets or not text.
Command failed -:1"
	batch 1 < <(yes x | head -n 101 | tr '\n' ' ')
	batch_said "Error: a line has more than 100 words.
Command failed -:1"
	batch 1 <<<'monitor'
	batch_said 'Error: "monitor" does not end, so it is no line of a batch.
Command failed -:1'
}

# Longer than what is read at once: a comment is none the worse for that.
batch_long_lines()
{
	map_empty || return
	batch 1 -force < <(
		many 2 2
		printf 'map flush all %0200000d\n' 0
		many 3 3
		printf 'map flush %0200000d all \\\n' 0
		echo map flush all
		printf 'map add 10.1.0.4 nbma 192.0.2.2 dev mgre0 # %0200000d\n' 0
		many 5 5
	)
	batch_said "Error: a line is longer than 4095 octets or not text.
Command failed -:2
Error: a line is longer than 4095 octets or not text.
Command failed -:5"
	assert_eq "mappings" "$(map_count)" 4
}

# A program that writes the batch line by line sees each line done.
batch_waits()
{
	local option

	for option in -s -force; do
		map_empty || return
		mkfifo "$tmp/fifo.$option"
		bg BATCH "$NHRP" -n "$DUT" "$option" -batch "$tmp/fifo.$option"
		exec 5>"$tmp/fifo.$option"
		echo "map add 10.0.0.2 nbma 192.0.2.2 dev mgre0" >&5
		try busywait 10 mapped 10.0.0.2
		echo "map del 10.0.0.2 dev mgre0" >&5
		exec 5>&-
		try bg_wait "$BATCH"
		assert_eq "mappings" "$(map_count)" 0
	done
}

batch_many()
{
	local option

	for option in -s -force; do
		map_empty || return
		try dut $option -batch - < <(many 0 9999) || return
		assert_eq "mappings" "$(map_count)" 10000
		assert_eq "in JSON" "$(dut -j map show | jq length)" 10000
	done
}

# ---- monitor

# monitor_start FILE [OPTION]...: pid in MONITOR
monitor_start()
{
	local file=$1

	shift
	bg MONITOR "$NHRP" -n "$DUT" "$@" monitor map >"$file" 2>"$file.err"
	try busywait 10 listens "$MONITOR"
}

# ended PID: a process of bg() has, and waits for bg_wait
ended()
{
	! kill -0 "$1"
}

# monitor_stop SIGNAL
monitor_stop()
{
	try bg_stop "$MONITOR" "$1"
}

has_lines()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# What the golden files of monitor show; it reads the last two events when their
# device is gone, and knows its name still.
monitor_cause()
{
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev mgre0 &&
	try dut map replace 10.0.0.9 nbma 192.0.2.8 dev mgre0 protocol bgp &&
	try dut map del 10.0.0.9 dev mgre0 &&
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev mgre0 type dynamic hold 1 &&
	try busywait 30 has_lines "$tmp/events" 5 || return
	kill -STOP "$MONITOR"
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev gone0
	try dut map del 10.0.0.9 dev gone0
	try ip -n "$DUT" link del gone0
	kill -CONT "$MONITOR"
	try busywait 10 has_lines "$tmp/events" 7
}

# monitor_events [OPTION]...: all of them into $tmp/events
monitor_events()
{
	map_empty || return
	try ip -n "$DUT" link add gone0 type mgre key 3 || return
	monitor_start "$tmp/events" "$@" && monitor_cause
}

monitor_text()
{
	monitor_events || return
	monitor_stop TERM
	golden monitor.txt cat "$tmp/events"
	assert_eq "stderr" "$(cat "$tmp/events.err")" ""
}

monitor_json()
{
	monitor_events -j || return
	monitor_stop INT
	golden monitor.json jq -cS 'del(.expires, .used, .created, .updated)' "$tmp/events"
	validate event cat "$tmp/events"
}

monitor_timestamp()
{
	map_empty && monitor_start "$tmp/events" -t || return
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev mgre0
	try busywait 10 has_lines "$tmp/events" 2
	monitor_stop TERM
	[[ $(head -n 1 "$tmp/events") =~ ^Timestamp:\ .*\ [0-9]{4}\ [0-9]+\ usec$ ]] ||
		fail "timestamp: $(cat "$tmp/events")"

	monitor_start "$tmp/events" -t -j || return
	try dut map del 10.0.0.9 dev mgre0
	try busywait 10 has_lines "$tmp/events" 1
	monitor_stop TERM
	jq -e .timestamp "$tmp/events" || fail "no timestamp"
	validate event cat "$tmp/events"
}

# Events are lost until all that came before were read.
monitor_goes_on()
{
	dut map replace 10.0.0.9 nbma 192.0.2.9 dev mgre0
	grep -q '10\.0\.0\.9 ' "$tmp/events"
}

# Events are lost while it is stopped; it says so and goes on.
monitor_overrun()
{
	map_empty && monitor_start "$tmp/events" || return
	kill -STOP "$MONITOR"
	try dut -force -batch - < <(many 0 19999)
	kill -CONT "$MONITOR"
	try busywait 30 grep -q 'events were lost' "$tmp/events.err" || return
	try busywait 30 monitor_goes_on
	monitor_stop TERM
	map_empty
}

# It writes, and nobody reads.
stalls()
{
	grep -q pipe_write "/proc/$1/wchan"
}

monitor_stalled()
{
	local signal

	for signal in INT TERM; do
		map_empty || return
		mkfifo "$tmp/stalled.$signal"
		exec 5<>"$tmp/stalled.$signal"
		monitor_start "$tmp/stalled.$signal"
		try dut -batch - < <(many 0 2999)
		try busywait 10 stalls "$MONITOR"
		kill "-$signal" "$MONITOR"
		try busywait 10 ended "$MONITOR" || bg_stop "$MONITOR" KILL
		monitor_stop TERM
		exec 5>&-
	done
	map_empty
}

# ---- questions

# ask_start FILE [OPTION]... OBJECT...: a monitor of OBJECTs, and a device that asks
ask_start()
{
	local file=$1

	shift
	map_empty || return
	bg MONITOR "$NHRP" -n "$DUT" "$@" >"$file" 2>"$file.err"
	try busywait 10 listens "$MONITOR" || return
	try ip -n "$DUT" link add ask0 type mgre key 4 || return
	try on "$DUT" sysctl -qw net.ipv6.conf.ask0.disable_ipv6=0
	try ip -n "$DUT" -batch - <<-END
		link set ask0 addrgenmode none
		addr add 10.2.0.1/16 dev ask0
		addr add fd00::1/64 dev ask0 nodad
		link set ask0 up
		route add 10.3.0.0/16 via 10.2.0.7
	END
}

ask_stop()
{
	bg_stop "$MONITOR" TERM
	try ip -n "$DUT" link del ask0
}

# send ADDRESS: a packet that nobody answers
send()
{
	on "$DUT" ping -q -n -c 1 -W 0.1 "$1" || :
}

# asks ADDRESS: sends until there is one more line of the first attempt
asks()
{
	local before

	before=$(grep -cE 'attempt"?[: ]1\b' "$tmp/asked")
	send "$1"
	try busywait 10 asked_more "$before"
}

asked_more()
{
	[ "$(grep -cE 'attempt"?[: ]1\b' "$tmp/asked")" -gt "$1" ]
}

# In the last third of the 6 s
used_up()
{
	send "$1"
	grep -q refresh "$tmp/asked"
}

# What the golden files of resolve show, each time for the first attempt
ask_all()
{
	asks 10.2.0.9
	asks fd00::9
	asks 10.3.0.1
	try dut map add 10.2.4.0/24 nbma 192.0.2.2 dev ask0 resolve
	asks 10.2.4.1
	try dut map add 10.2.5.0/24 nbma 192.0.2.5 dev ask0 type cached hold 6
	try busywait 10 used_up 10.2.5.1
}

resolve_text()
{
	ask_start "$tmp/asked" monitor resolve && ask_all
	ask_stop
	golden resolve.txt grep 'attempt 1\b' "$tmp/asked"
	assert_eq "stderr" "$(cat "$tmp/asked.err")" ""
}

resolve_json()
{
	ask_start "$tmp/asked" -j monitor resolve && ask_all
	ask_stop
	golden resolve.json jq -c 'select(.attempt == 1)' "$tmp/asked"
	validate event cat "$tmp/asked"
}

# What the kernel writes itself is shown, not saved, and goes when it is flushed;
# all of it in the 8 s that it lasts.
resolve_shows()
{
	ask_start "$tmp/asked" monitor resolve || return
	try dut map add 10.2.0.2 nbma 192.0.2.2 dev ask0
	asks 10.2.0.9
	try dut -batch - >"$tmp/text" <<-END
		map show type incomplete
		map save
	END
	try dut -j -s -batch - >"$tmp/json" <<-END
		map get 10.2.0.9 dev ask0
		map show
		stats show dev ask0
		map flush type incomplete
		stats show dev ask0
	END
	ask_stop
	assert_eq "text" "$(sed 's/attempts [12]/attempts N/' "$tmp/text")" \
		"10.2.0.9 incomplete dev ask0 protocol kernel attempts N queued 1
map replace 10.2.0.2 nbma 192.0.2.2 dev ask0 type static"
	jq -c '.[-1] |
		if has("queued") and has("dst") then
			[.dst, .type, .queued, .flags, .protocol, has("nbma")]
		elif has("flushed") then .
		else [.mappings, .incomplete, .misses, .queued, .drop.flushed] end' \
		"$tmp/json" | diff - <(cat <<-END
			["10.2.0.9","incomplete",1,[],"kernel",false]
			["10.2.0.9","incomplete",1,[],"kernel",false]
			[1,1,1,1,0]
			{"flushed":1}
			[1,0,1,1,1]
		END
		) || fail "JSON: $(cat "$tmp/json")"
	validate map head -n 2 "$tmp/json"
}

resolve_gives_up()
{
	ask_start "$tmp/asked" -j monitor map resolve || return
	asks 10.2.0.9
	try busywait 20 grep -q '"event":"new"' "$tmp/asked"
	assert_eq "attempts" "$(jq -c 'select(.event == "resolve") | .attempt' "$tmp/asked" |
		tr '\n' ' ')" "1 2 3 4 "
	assert_eq "text" "$(dut map show)" "10.2.0.9 negative dev ask0 hold 30 protocol kernel"
	[[ $(dut -s map show) =~ \ expires\ (30|2[0-9])\ created ]] || fail "$(dut -s map show)"
	assert_eq "saved" "$(dut map save)" ""
	validate event cat "$tmp/asked"
	validate map dut -j map show
	ask_stop
}

unprivileged()
{
	on "$DUT" setpriv --reuid 65534 --clear-groups "$NHRP" "$@"
}

# Whoever may not ask is told so; anybody hears of mappings, and need not name them.
resolve_privilege()
{
	local status=0

	map_empty || return
	need setpriv || return
	unprivileged monitor resolve >"$tmp/out" 2>&1 || status=$?
	assert_eq "exit status" $status 2
	assert_eq "message" "$(cat "$tmp/out")" "Error: nhrp: Operation not permitted."
	bg_on MONITOR "$DUT" setpriv --reuid 65534 --clear-groups "$NHRP" monitor \
		>"$tmp/events" 2>&1
	try busywait 10 listens "$MONITOR" || return
	try dut map add 10.0.0.9 nbma 192.0.2.9 dev mgre0
	try busywait 10 has_lines "$tmp/events" 1
	bg_stop "$MONITOR" TERM || fail "status $?"
	assert_eq "event" "$(cat "$tmp/events")" "10.0.0.9 nbma 192.0.2.9 dev mgre0 type static"
}

# missed NUMBER: questions of which nothing is known but the address
missed()
{
	[ "$(jq -r 'select(.event == "resolve" and .reason == null) | .dst' "$tmp/asked" |
		sort -u | wc -l)" -ge "$1" ]
}

# The socket overflows with events of mappings, the questions behind them are
# lost; the monitor asks for what is incomplete.
resolve_overrun()
{
	ask_start "$tmp/asked" -j monitor map resolve || return
	kill -STOP "$MONITOR"
	try dut -batch - < <(many 0 19999)
	send 10.2.0.9
	send 10.2.0.10
	send fd00::9
	kill -CONT "$MONITOR"
	try busywait 30 missed 3
	assert_eq "addresses" "$(jq -r 'select(.event == "resolve" and .reason == null) | .dst' \
		"$tmp/asked" | sort -u | tr '\n' ' ')" "10.2.0.10 10.2.0.9 fd00::9 "
	assert_eq "stderr" "$(sort -u "$tmp/asked.err")" \
		"Warning: events were lost, they came faster than they were read."
	validate event grep '"resolve"' "$tmp/asked"
	ask_stop
	map_empty
}

# ---- the example

# The resolver may be slow, and answer once more what it was asked twice.
is_mapped_as()
{
	dut map show "${1%% *}" | grep -qxF "$1"
}

# answered ADDRESS LINE: a packet to it gets this mapping from the resolver
answered()
{
	map_empty
	send "$1"
	busywait 10 is_mapped_as "$2" || fail "$1 is mapped as: $(dut map show)"
}

example_resolver()
{
	cat >"$tmp/hosts" <<-END
		# nbma		prefix
		192.0.2.9	10.2.0.9
		192.0.2.10	10.2.0.0/24	nat	# not the longest
		192.0.2.11	fd00::/16	mtu 1400
	END
	ask_start "$tmp/asked" monitor map || return
	bg_on RESOLVER_PID "$DUT" env NHRP="$NHRP" "$RESOLVER" -n -t 77 "$tmp/hosts" \
		2>"$tmp/resolver.err"
	try busywait 20 resolver_answers || return
	answered 10.2.0.9 "10.2.0.9 nbma 192.0.2.9 dev ask0 type cached hold 77"
	answered 10.2.0.8 "10.2.0.0/24 nbma 192.0.2.10 dev ask0 type cached hold 77 nat"
	answered fd00::9 "fd00::/16 nbma 192.0.2.11 dev ask0 type cached hold 77 mtu 1400"
	answered 10.2.1.9 "10.2.1.9 negative dev ask0 hold 30"
	bg_stop "$RESOLVER_PID" TERM || fail "the resolver ended with $?"
	assert_eq "stderr" "$(cat "$tmp/resolver.err")" ""
	try busywait 10 nobody_asks
	ask_stop
}

# resolver_fails OPTION TEXT
resolver_fails()
{
	run_fails 1 "$2" on "$DUT" timeout 10 env NHRP="$NHRP" "$RESOLVER" "$1" /dev/null
}

# A file with lines that are wrong, and one from an editor of another system
example_resolver_lines()
{
	local line bad="$tmp/hosts: not an NBMA address and a prefix:"

	resolver_fails -tabc 'nhrp-resolver: -t takes 1 to 4294967295 seconds, not "abc"'
	resolver_fails -t0 'not "0"'
	resolver_fails -t4294967296 'not "4294967296"'
	printf '%s\n' "192.0.2.9 10.2.0.a" "192.0.2.9 10.2.0.9/33" "192.0.2.9 10.2.0.09" \
		"192.0.2.9 10.2.0.9/31" "site 10.2.0.9" "192.0.2.9 10.2.0" "192.0.2.9 -" \
		"192.0.2.9 fd00:::9" "192.0.2.9 1::2:3:4:5:6:7:8" >"$tmp/bad"
	printf '%s\n' "192.0.2.12 10.2.0.0/016" $'192.0.2.10 10.2.0.8 nat\r' $'\r' \
		"192.0.2.11 fd00::/16" "192.0.2.13 ::/0" >"$tmp/good"
	cat "$tmp/bad" "$tmp/good" >"$tmp/hosts"
	printf '192.0.2.11 10.2.0.9' >>"$tmp/hosts"
	ask_start "$tmp/asked" monitor map || return
	bg_on RESOLVER_PID "$DUT" env NHRP="$NHRP" "$RESOLVER" -t 4294967295 "$tmp/hosts" \
		2>"$tmp/resolver.err"
	try busywait 20 resolver_knows 10.2.0.9
	answered 10.2.0.9 "10.2.0.9 nbma 192.0.2.11 dev ask0 type cached hold 4294967295"
	answered 10.2.0.8 "10.2.0.8 nbma 192.0.2.10 dev ask0 type cached hold 4294967295 nat"
	answered 10.2.9.7 "10.2.0.0/16 nbma 192.0.2.12 dev ask0 type cached hold 4294967295"
	answered fd00::9 "fd00::/16 nbma 192.0.2.11 dev ask0 type cached hold 4294967295"
	bg_stop "$RESOLVER_PID" TERM || fail "the resolver ended with $?"
	while read -r line; do
		echo "nhrp-resolver: $bad $line"
	done <"$tmp/bad" | diff - "$tmp/resolver.err" || fail "stderr"
	ask_stop
}

resolver_knows()
{
	map_empty
	send "$1"
	busywait 1 resolver_mapped "$1"
}

resolver_mapped()
{
	dut map show "$1" | grep -q "^$1 nbma"
}

# It has said that there is no such address.
resolver_answers()
{
	map_empty
	send 10.2.9.7
	busywait 1 is_mapped_as "10.2.9.7 negative dev ask0 hold 30"
}

# While nobody listens, a packet without a mapping leaves nothing behind.
nobody_asks()
{
	map_empty
	send 10.2.0.7
	[ -z "$(dut map show)" ]
}

# ---- the module goes

FAMILY_GONE='Error: the "nhrp" generic netlink family has gone with the mgre module.'

# module_again COMMAND...: the module goes, and comes when COMMAND succeeds
module_again()
{
	mgre_unload || return
	try busywait 10 "$@" || return
	mgre_load &&
	try ip -n "$DUT" link add mgre0 type mgre key 1
}

# No event comes any more, and nothing else would say so.
module_ends_monitor()
{
	local status=0

	monitor_start "$tmp/events" -j || return
	module_again ended "$MONITOR" || return
	bg_wait "$MONITOR" || status=$?
	assert_eq "exit status" $status 2
	assert_eq "stderr" "$(cat "$tmp/events.err")" "$FAMILY_GONE"
	assert_eq "events" "$(cat "$tmp/events")" ""
}

# What tells of the end is lost with the events before it.
module_ends_stopped_monitor()
{
	local status=0

	monitor_start "$tmp/events" || return
	kill -STOP "$MONITOR"
	try dut -force -batch - < <(many 0 19999)
	module_again true || return
	kill -CONT "$MONITOR"
	try busywait 30 ended "$MONITOR" || return
	bg_wait "$MONITOR" || status=$?
	assert_eq "exit status" $status 2
	assert_eq "stderr" "$(tail -n 1 "$tmp/events.err")" "$FAMILY_GONE"
}

# The family has another number when the module comes again.
module_spares_batch()
{
	local status=0

	mkfifo "$tmp/fifo"
	bg BATCH "$NHRP" -n "$DUT" -force -batch "$tmp/fifo" 2>"$tmp/err"
	exec 5>"$tmp/fifo"
	echo "map add 10.0.0.2 nbma 192.0.2.2 dev mgre0" >&5
	try busywait 10 mapped 10.0.0.2
	module_again true
	echo "map add 10.0.0.3 nbma 192.0.2.2 dev mgre0" >&5
	try busywait 10 mapped 10.0.0.3
	mgre_unload
	echo "map show" >&5
	try busywait 10 grep -q Command "$tmp/err"
	exec 5>&-
	bg_wait "$BATCH" || status=$?
	assert_eq "exit status" $status 2
	batch_said 'Error: no "nhrp" generic netlink family; is the mgre module loaded?'"
Command failed $tmp/fifo:3"
}

# ---- run

need jq ip
has_jsonschema=
! python3 -c 'import jsonschema' 2>/dev/null || has_jsonschema=1
ktap_plan 69
test_case "without the module" no_module
test_case "help at each level" help_texts
test_case "version" version
test_case "usage and man page say the same" usage_is_in_man
test_case "man page formats without a warning" man_is_clean

mgre_load
ns_new DUT dut
ip -n "$DUT" link add mgre0 type mgre key 1
ip -n "$DUT" link add mgre1 type mgre key 2
test_case "wrong command lines" usage_errors
test_case "devices are those of the netns" devices_of_netns
test_case "devices by alternative names" devices_by_other_names
test_case "refusals of the kernel" kernel_refusals
test_case "no privilege" no_privilege
test_case "abbreviated words" abbreviations
test_case "words in any order" word_order
test_case "map show, text" map_text
test_case "map show, JSON" map_json
test_case "map show, times" map_times
test_case "map show, filters" map_filters
test_case "map show, all types, flags and options" map_kinds
test_case "map show, defaults" map_defaults
test_case "map show, filters of types and flags" map_kinds_filters
test_case "protocols without files of iproute2" map_protocols
test_case "map show, neighbours" map_neighbours
test_case "map replace, unique" map_unique
test_case "map save restores byte for byte" map_saved
test_case "map save of devices with quotes" map_saved_names
test_case "map save is told of changes" map_save_interrupted
test_case "stats show" stats_show
test_case "map get" map_get
test_case "map flush says how many" map_flushed
test_case "what is shown can be typed back" map_typed_back
test_case "what mcast show prints can be typed back" mcast_typed_back
test_case "peer show" peer_text
test_case "peer show, counters" peer_counters
test_case "peer show, ICMP errors" peer_errors
test_case "peer show, IPv6" peer_six
test_case "output that cannot be written" output_is_checked
test_case "streams that are closed" streams_closed
test_case "JSON schemas" schemas
test_case "JSON schemas can fail" schemas_refuse
test_case "batch stops at the refused line" batch_stops
test_case "batch stops at the wrong line" batch_stops_at_word
test_case "batch stops in the middle of a message" batch_stops_between
test_case "batch stops before what is behind" batch_stops_first
test_case "batch of all kinds of changes" batch_mixes
test_case "batch of two devices" batch_devices
test_case "batch with -force goes on" batch_forced
test_case "batch with -force, many lines" batch_forced_long
test_case "batch with -force, many failures" batch_forced_failures
test_case "batch keeps the order of lines" batch_order
test_case "batch syntax" batch_syntax
test_case "batch syntax errors" batch_syntax_errors
test_case "batch of long lines" batch_long_lines
test_case "batch does what it read before it waits" batch_waits
test_case "batch of 10,000 lines" batch_many
test_case "monitor, text" monitor_text
test_case "monitor, JSON" monitor_json
test_case "monitor, timestamps" monitor_timestamp
test_case "monitor that is too slow" monitor_overrun
test_case "monitor that nobody reads" monitor_stalled
test_case "monitor resolve, text" resolve_text
test_case "monitor resolve, JSON" resolve_json
test_case "what the kernel writes is shown" resolve_shows
test_case "monitor, a question that nobody answers" resolve_gives_up
test_case "monitor resolve, no privilege" resolve_privilege
test_case "monitor resolve that is too slow" resolve_overrun
test_case "the resolver of the examples" example_resolver
test_case "the resolver of the examples, wrong lines" example_resolver_lines

test_case "monitor, the module goes" module_ends_monitor
test_case "monitor that is too slow, the module goes" module_ends_stopped_monitor
test_case "batch, the module goes and comes" module_spares_batch
