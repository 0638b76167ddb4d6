#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The plugin link_mgre.so in the stock ip: what it sends, prints and refuses.
#
#	one namespace, no packets:	m0 (mgre) over eth0, eth1 (dummy)

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

PLUGIN=$IP_LIB_DIR/link_mgre.so

# ---- helpers

dut()
{
	ip -n "$NS" "$@"
}

m0_del()
{
	dut link del m0 2>/dev/null || :
}

# m0_add OPTION...: a new m0
m0_add()
{
	m0_del
	try dut link add m0 type mgre "$@"
}

# The options that `ip -d -o link show` prints, a line for each device
text_options()
{
	sed -nE 's/.* mgre (.*)/\1/p' |
		sed -E 's/ (addrgenmode|numtxqueues) .*//; s/ +$//'
}

# The same from `ip -d -j link show`
json_options()
{
	jq -cS '.[].linkinfo.info_data'
}

m0_text()
{
	dut -d -o link show m0 | text_options
}

m0_json()
{
	dut -d -j link show m0 | json_options
}

# m0_is JSON: the options of m0
m0_is()
{
	assert_eq "options of m0" "$(m0_json)" "$(jq -cS . <<<"$1")"
}

# batch_each [IP OPTION]... <LINES: for each line of options a new m0, shown
batch_each()
{
	m0_del
	sed 's/.*/link add m0 type mgre &\nlink show m0\nlink del m0/' |
		dut -d "$@" -batch -
}

# ---- the interface between ip and its plugin

# The symbols that the plugin takes from ip (libc's carry a version), and EXTRA
missing_symbols()
{
	local ip_path

	ip_path=$(command -v ip)
	comm -23 <({ nm -D --undefined-only "$PLUGIN" |
			awk '$1 == "U" && $2 !~ /@/ { print $2 }'
		     [ $# -eq 0 ] || printf '%s\n' "$@"; } | sort -u) \
		 <(nm -D --defined-only "$ip_path" | awk '{ print $3 }' | sort -u)
}

abi_symbols()
{
	need nm || return
	note "$(ip -V)"
	assert_eq "symbols that ip lacks" "$(missing_symbols)" ""
}

abi_symbols_can_fail()
{
	need nm || return
	assert_eq "symbols that ip lacks" "$(missing_symbols no_such_symbol)" no_such_symbol
}

abi_exports()
{
	need nm || return
	assert_eq "symbols of the plugin" \
		"$(nm -D --defined-only "$PLUGIN" | awk '{ print $3 }')" mgre_link_util
}

# With every symbol bound at once: a missing one makes ip fall back to its usage
abi_loads()
{
	LD_BIND_NOW=1 ip link help mgre | grep -q '^Usage: \.\.\. mgre'
}

help_lists_options()
{
	local usage word

	usage=$(try ip link help mgre) || return
	for word in local dev key ttl tos '\[no\]pmtudisc' maxmappings queue; do
		grep -q "\[ $word " <<<"$usage" || fail "no $word in: $usage" || return
	done
}

man_lists_options()
{
	local page=$top/Documentation/man/ip-link-mgre.8 word

	for word in local dev key ttl hoplimit hlim tos tclass dsfield pmtudisc \
		    nopmtudisc maxmappings queue; do
		grep -qE "^\.(B|BI|BR|RB) .*\<$word\>" "$page" ||
			fail "no $word in $page" || return
	done
}

# ---- options

DEFAULTS='{"local":"any","ttl":0,"tos":"0","pmtudisc":true,"maxmappings":1048576,"queue":16}'

defaults()
{
	m0_add
	m0_is "$DEFAULTS"
	assert_eq text "$(m0_text)" "local any ttl inherit pmtudisc maxmappings 1048576 queue 16"
}

all_options()
{
	m0_add local 192.0.2.1 dev eth0 key 42 ttl 64 tos 0x10 nopmtudisc maxmappings 99 queue 9
	m0_is '{"local":"192.0.2.1","link":"eth0","key":42,"ttl":64,"tos":"0x10",
		"pmtudisc":false,"maxmappings":99,"queue":9}'
	assert_eq text "$(m0_text)" \
		"local 192.0.2.1 dev eth0 key 42 ttl 64 tos 0x10 nopmtudisc maxmappings 99 queue 9"
}

# KEY VALUE of the JSON output, what the text output says, what was given
OPTIONS='
local:"192.0.2.1":local 192.0.2.1:local 192.0.2.1
local:"any":local any:local any
link:"eth1":dev eth1:dev eth1
key:0:key 0:key 0
key:42:key 42:key 0x2a
key:4294967295:key 4294967295:key 4294967295
key:16909060:key 16909060:key 1.2.3.4
ttl:1:ttl 1:ttl 1
ttl:255:ttl 255:hlim 255
ttl:64:ttl 64:hoplimit 64
ttl:0:ttl inherit:ttl inherit
ttl:0:ttl inherit:ttl 0
tos:"0x10":tos 0x10:tos 10
tos:"0xfc":tos 0xfc:tclass 0xfc
tos:"0x1":tos inherit:dsfield inherit
pmtudisc:true:pmtudisc:pmtudisc
pmtudisc:false:nopmtudisc:nopmtudisc
maxmappings:7:maxmappings 7:maxmappings 7
queue:0:queue 0:queue 0
queue:1024:queue 1024:queue 1024
'

# Given alone, each changes one key of the defaults
each_option_json()
{
	local got want

	got=$(grep . <<<"$OPTIONS" | cut -d: -f4 | batch_each -j | json_options)
	want=$(grep . <<<"$OPTIONS" |
		jq -cSR --argjson d "$DEFAULTS" \
			'split(":") as [$k, $v] | $d + { ($k): ($v | fromjson) }')
	assert_eq options "$got" "$want"
}

each_option_text()
{
	local text given line

	exec 5< <(grep . <<<"$OPTIONS" | cut -d: -f4 | batch_each -o | text_options)
	while IFS=: read -r text given; do
		read -r -u 5 line || fail "no output for '$given'" || return
		[[ " $line " == *" $text "* ]] ||
			fail "'$given': no '$text' in '$line'"
	done < <(grep . <<<"$OPTIONS" | cut -d: -f3-)
	exec 5<&-
}

# What is printed, typed back, makes an equal device
round_trip()
{
	local given first second

	given="
local 192.0.2.1
dev eth0 ttl 255 tos inherit
local 192.0.2.1 key 42 ttl 64
local 203.0.113.255 dev eth1 key 1.2.3.4 ttl 1 tos 0x1c nopmtudisc maxmappings 1 queue 0
key 0xffffffff ttl inherit tos 0xfc pmtudisc maxmappings 99999 queue 1000"
	first=$(batch_each -o <<<"$given" | text_options)
	second=$(batch_each -o <<<"$first" | text_options)
	assert_eq "devices made" "$(grep -c . <<<"$first")" 6
	assert_eq text "$second" "$first"
	assert_eq JSON "$(batch_each -j <<<"$first" | json_options)" \
		"$(batch_each -j <<<"$given" | json_options)"
}

show_by_type()
{
	m0_add
	assert_eq devices "$(dut -j link show type mgre | jq -r '.[].ifname')" m0
}

# An index whose name is not known is shown, and taken, as ifINDEX
dev_by_index()
{
	local index

	index=$(dut -j link show eth1 | jq '.[0].ifindex')
	m0_add dev "if$index"
	assert_eq link "$(m0_json | jq -r .link)" eth1
}

# ---- changes

# JSON KEY, its VALUE after the change, what was given
CHANGES='
local:"192.0.2.2":local 192.0.2.2
local:"any":local any
local:"192.0.2.3":local 192.0.2.3
key:43:key 43
ttl:32:ttl 32
ttl:0:ttl inherit
tos:"0x10":tos 0x10
tos:"0x1":tos inherit
tos:"0":tos 0
pmtudisc:false:nopmtudisc
pmtudisc:true:pmtudisc
maxmappings:10:maxmappings 10
queue:0:queue 0
queue:20:queue 20
link:"eth0":dev eth0
link:"eth1":dev eth1
'

# One after the other on one device: each changes its key and no other
change_each()
{
	local got want

	m0_add local 192.0.2.1 key 42 ttl 64 || return
	want=$(grep . <<<"$CHANGES" | jq -cS -nR --argjson was "$(m0_json)" '
		foreach (inputs | split(":")) as [$k, $v]
			($was; . + { ($k): ($v | fromjson) })')
	got=$(grep . <<<"$CHANGES" | cut -d: -f3 |
		sed 's/.*/link change m0 type mgre &\nlink show m0/' |
		dut -d -j -batch - | json_options)
	assert_eq options "$got" "$want"
}

change_several()
{
	m0_add local 192.0.2.1 key 42 maxmappings 10 queue 5
	try dut link change m0 type mgre ttl 7 tos 0x20 nopmtudisc
	m0_is '{"local":"192.0.2.1","key":42,"ttl":7,"tos":"0x20","pmtudisc":false,
		"maxmappings":10,"queue":5}'
}

# ---- refusals

# refused STATUS TEXT WORD...: by change and by add, one line on stderr
refused()
{
	local want=$1 text=$2 action err status

	shift 2
	for action in "change m0" "add m1"; do
		status=0
		# shellcheck disable=SC2086 # two words
		err=$(dut link $action type mgre "$@" 2>&1 >/dev/null) || status=$?
		assert_eq "exit status of $action $*" $status "$want"
		[[ $err == *"$text"* ]] || fail "$action $*: no '$text' in '$err'"
		assert_eq "lines on stderr of $action $*" "$(wc -l <<<"$err")" 1
	done
}

# refusals FUNCTION: none of them changes m0 or makes m1
refusals()
{
	local before

	m0_add local 192.0.2.9 key 9 || return
	before=$(m0_json)
	"$@"
	m0_is "$before"
	! dut link del m1 2>/dev/null || fail "there was an m1"
}

# The usage follows the line
refused_words()
{
	local word err status

	for word in foo loc remote nokey key=5; do
		status=0
		err=$(dut link change m0 type mgre ttl 64 "$word" 2>&1 >/dev/null) ||
			status=$?
		assert_eq "exit status of $word" $status 1
		assert_eq "stderr of $word" "$(head -2 <<<"$err" | cut -d[ -f1)" \
			"mgre: unknown option \"$word\"?"$'\nUsage: ... mgre\t'
	done
}

refused_missing_value()
{
	local word

	for word in local dev key ttl tos maxmappings queue; do
		refused 255 'Command line is not complete. Try option "help"' "$word"
	done
}

refused_addresses()
{
	local arg

	for arg in 192.0.2.256 192.0.2.1/24 2001:db8::1 host ''; do
		refused 1 "an IP address is expected rather than \"$arg\"" local "$arg"
	done
}

refused_numbers()
{
	refused 255 'argument "256" is wrong: invalid TTL' ttl 256
	refused 255 'argument "-1" is wrong: invalid TTL' hlim -1
	refused 255 'argument "x" is wrong: invalid TTL' ttl x
	refused 255 'argument "300" is wrong: bad TOS value' tos 300
	refused 255 'argument "x" is wrong: bad TOS value' dsfield x
	refused 255 'invalid value for "key": "4294967296"' key 4294967296
	refused 255 'invalid value for "key": "-1"' key -1
	refused 255 'invalid value for "key": "x"' key x
	refused 1 'an IP address is expected rather than "1.2.3.256"' key 1.2.3.256
	refused 255 'argument "4294967296" is wrong: invalid maxmappings' \
		maxmappings 4294967296
	refused 255 'argument "1k" is wrong: invalid maxmappings' maxmappings 1k
	refused 255 'argument "4294967296" is wrong: invalid queue' queue 4294967296
	refused 255 'argument "-1" is wrong: invalid queue' queue -1
	refused 255 'argument "x" is wrong: invalid queue' queue x
}

refused_devices()
{
	refused 255 'Cannot find device "nope"' dev nope
}

# By the kernel, whose text ip prints
refused_by_kernel()
{
	refused 2 'local is not a unicast address' local 224.0.0.1
	refused 2 'local is not a unicast address' local 255.255.255.255
	refused 2 'tos sets the two bits of ECN' tos 3
	refused 2 'tos sets the two bits of ECN' tos 0x12
	refused 2 'integer out of range' maxmappings 0
	refused 2 'integer out of range' queue 1025
	refused 2 'integer out of range' queue 4294967295
	refused 2 "dev is not a device of the underlay's netns" dev if4242
	run_fails 2 'dev is the tunnel itself' dut link change m0 type mgre dev m0
}

# Two devices that would claim the same packets; m0 has 192.0.2.9 and 9
refused_equal()
{
	local text='another device has this local, key and dev'

	run_fails 2 "$text" dut link add m1 type mgre local 192.0.2.9 key 9
	try dut link add m1 type mgre local 192.0.2.9 || return
	run_fails 2 "$text" dut link change m1 type mgre key 9
	try dut link change m1 type mgre key 10
	try dut link change m1 type mgre key 9 dev eth0
	try dut link del m1
}

refused_duplicates()
{
	refused 255 'either "local" is duplicate' local 192.0.2.1 local 192.0.2.2
	refused 255 'either "dev" is duplicate' dev eth0 dev eth0
	refused 255 'either "key" is duplicate' key 1 key 2
	refused 255 'either "hlim" is duplicate' ttl 1 hlim 2
	refused 255 'either "tclass" is duplicate' tos 1 tclass 2
	refused 255 'either "nopmtudisc" is duplicate' pmtudisc nopmtudisc
	refused 255 'either "maxmappings" is duplicate' maxmappings 1 maxmappings 2
	refused 255 'either "queue" is duplicate' queue 1 queue 1
}

# ---- start

need jq
[ -f "$PLUGIN" ] || fail "no $PLUGIN: run make"
mgre_load
ns_new NS dut
at_exit m0_del
try dut link add eth0 type dummy
try dut link add eth1 type dummy

ktap_plan 23
test_case "abi: ip exports every symbol the plugin needs" abi_symbols
test_case "abi: the comparison sees a missing symbol" abi_symbols_can_fail
test_case "abi: the plugin exports one symbol" abi_exports
test_case "abi: ip loads the plugin, all symbols bound" abi_loads
test_case "help: lists every option" help_lists_options
test_case "man page: lists every option" man_lists_options
test_case "show: defaults" defaults
test_case "show: all options" all_options
test_case "show: each option alone, JSON" each_option_json
test_case "show: each option alone, text" each_option_text
test_case "add: dev by index" dev_by_index
test_case "show: by type" show_by_type
test_case "show: what is printed can be typed back" round_trip
test_case "change: each option, the others stay" change_each
test_case "change: several at once" change_several
test_case "refuse: unknown words" refusals refused_words
test_case "refuse: missing values" refusals refused_missing_value
test_case "refuse: bad addresses" refusals refused_addresses
test_case "refuse: bad numbers" refusals refused_numbers
test_case "refuse: unknown devices" refusals refused_devices
test_case "refuse: duplicates" refusals refused_duplicates
test_case "refuse: by the kernel" refusals refused_by_kernel
test_case "refuse: a device equal to another" refusals refused_equal
