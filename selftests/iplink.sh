#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The plugin link_mgre.so in the stock ip: what it sends, prints and refuses; and
# what a device is by its options: link-layer addresses, MTU, neighbour tables.
#
#	namespace NS:		m0 (mgre) over eth0, eth1 (dummy)
#	namespace OTHER:	m0, moved there
#
# No packets. eth0 has 192.0.2.1 and 2001:db8::1.

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

# m0_says WORD...: the same in the text output
m0_says()
{
	assert_eq "text of m0" "$(m0_text)" "$*"
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
	for word in local dev key ttl tos '\[no\]pmtudisc' '\[no\]ignore-df' \
		    '\[no\]csum' fwmark resolver accept '\[no\]redirect' '\[no\]protect' \
		    maxmappings queue; do
		grep -q "\[ $word " <<<"$usage" || fail "no $word in: $usage" || return
	done
}

man_lists_options()
{
	local page word

	page=$(sed 's/\\-/-/g' "$top/Documentation/man/ip-link-mgre.8")
	for word in local dev key ttl hoplimit hlim tos tclass dsfield pmtudisc \
		    nopmtudisc ignore-df noignore-df csum nocsum fwmark resolver \
		    accept redirect noredirect protect noprotect maxmappings queue; do
		grep -qE "^\.(B|BI|BR|RB) .*\<$word\>" <<<"$page" ||
			fail "no $word in the man page" || return
	done
}

# Each example is a shell script of its own, a namespace of its own for it.
man_examples()
{
	local page=$top/Documentation/man/ip-link-mgre.8 script number

	sed -n '/^\.SH EXAMPLES/,/^\.SH FILES/p' "$page" |
		awk -v dir="$tmp" '/^\.EX/ { n++ }
			/^# / { print > (dir "/example." n) }'
	for ((number = 1; ; number++)); do
		script=$tmp/example.$number
		[ -e "$script" ] || break
		sed -i "s/^# .fB//; s/.fR\$//; s/\\\\-/-/g; s/ blue\$/ $OTHER/" "$script"
		ns_new EXAMPLE || return
		on "$EXAMPLE" sysctl -qw net.ipv6.conf.default.disable_ipv6=0
		grep -q 'link add mgre0' "$script" ||
			ip -n "$EXAMPLE" link add mgre0 type mgre
		try on "$EXAMPLE" env PATH="${NHRP%/*}:$PATH" bash -euo pipefail "$script"
	done
	try ip -n "$OTHER" link del mgre0
	assert_test "examples" $number -gt 8
}

# ---- options

DEFAULTS='{"local":"any","ttl":0,"tos":"0","pmtudisc":true,"ignore_df":false,"csum":false,
	"resolver":"cache","accept":"any","redirect":false,"protect":false,
	"maxmappings":1048576,"queue":16}'

defaults()
{
	m0_add
	m0_is "$DEFAULTS"
	m0_says "local any ttl inherit pmtudisc resolver cache accept any" \
		"maxmappings 1048576 queue 16"
}

all_options()
{
	m0_add local 192.0.2.1 local 2001:db8::1 dev eth0 key 42 ttl 64 tos 0x10 nopmtudisc \
		ignore-df csum fwmark 0x11 resolver neigh accept known redirect \
		protect maxmappings 99 queue 9
	m0_is '{"local":"192.0.2.1","local6":"2001:db8::1","link":"eth0","key":42,"ttl":64,
		"tos":"0x10","pmtudisc":false,"ignore_df":true,"csum":true,"fwmark":"0x11",
		"resolver":"neigh","accept":"known","redirect":true,"protect":true,
		"maxmappings":99,"queue":9}'
	m0_says "local 192.0.2.1 local 2001:db8::1 dev eth0 key 42 ttl 64 tos 0x10" \
		"nopmtudisc ignore-df csum fwmark 0x11 resolver neigh accept known" \
		"redirect protect maxmappings 99 queue 9"
}

# What differs from the defaults in JSON (null is not there), what the text output
# says, what was given
OPTIONS='
{"local":"192.0.2.1"}|local 192.0.2.1|local 192.0.2.1
{"local":"any"}|local any|local any
{"local":null,"local6":"2001:db8::1"}|local 2001:db8::1|local 2001:DB8:0::1
{"local":null,"local6":"2001:db8::1"}|local 2001:db8::1|local 2001:db8::1 local any
{"local":"10.0.0.1","local6":"fd00::1"}|local 10.0.0.1 local fd00::1|local fd00::1 local 10.0.0.1
{"local":"192.0.2.1"}|local 192.0.2.1|local 192.0.2.1 local ::
{"local":"any"}|local any|local ::
{"link":"eth1"}|dev eth1|dev eth1
{"key":0}|key 0|key 0
{"key":42}|key 42|key 0x2a
{"key":4294967295}|key 4294967295|key 4294967295
{"key":16909060}|key 16909060|key 1.2.3.4
{"ttl":1}|ttl 1|ttl 1
{"ttl":255}|ttl 255|hlim 255
{"ttl":64}|ttl 64|hoplimit 64
{"ttl":0}|ttl inherit|ttl inherit
{"ttl":0}|ttl inherit|ttl 0
{"tos":"0x10"}|tos 0x10|tos 10
{"tos":"0xfc"}|tos 0xfc|tclass 0xfc
{"tos":"0x1"}|tos inherit|dsfield inherit
{"pmtudisc":true}|pmtudisc|pmtudisc
{"pmtudisc":false}|nopmtudisc|nopmtudisc
{"pmtudisc":false,"ignore_df":true}|nopmtudisc ignore-df|ignore-df nopmtudisc
{"ignore_df":false}|pmtudisc resolver|noignore-df
{"csum":true}|pmtudisc csum resolver|csum
{"csum":false}|pmtudisc resolver|nocsum
{"fwmark":"0x10"}|pmtudisc fwmark 0x10 resolver|fwmark 16
{"fwmark":"0xffffffff"}|pmtudisc fwmark 0xffffffff resolver|fwmark 0xffffffff
{}|pmtudisc resolver|fwmark 0
{"resolver":"neigh"}|resolver neigh|resolver neigh
{"resolver":"cache"}|resolver cache|resolver cache
{"accept":"known"}|accept known|accept known
{"accept":"any"}|accept any|accept any
{"redirect":true}|accept any redirect maxmappings|redirect
{"redirect":false}|accept any maxmappings|noredirect
{"protect":true}|accept any protect maxmappings|protect
{"protect":false}|accept any maxmappings|noprotect
{"maxmappings":7}|maxmappings 7|maxmappings 7
{"queue":0}|queue 0|queue 0
{"queue":1024}|queue 1024|queue 1024
'

# For a diff that names the line
line_by_line()
{
	diff <(echo "$1") <(echo "$2") || fail "options differ: < is, > should be"
}

# Given alone, each changes what it says of the defaults, and nothing else
each_option_json()
{
	local got want

	got=$(grep . <<<"$OPTIONS" | cut -d'|' -f3 | batch_each -j | json_options)
	want=$(grep . <<<"$OPTIONS" |
		jq -cSR --argjson d "$DEFAULTS" \
			'$d + (split("|")[0] | fromjson) | with_entries(select(.value != null))')
	line_by_line "$got" "$want"
}

each_option_text()
{
	local text given line

	exec 5< <(grep . <<<"$OPTIONS" | cut -d'|' -f3 | batch_each -o | text_options)
	while IFS='|' read -r text given; do
		read -r -u 5 line || fail "no output for '$given'" || return
		[[ " $line " == *" $text "* ]] ||
			fail "'$given': no '$text' in '$line'"
	done < <(grep . <<<"$OPTIONS" | cut -d'|' -f2-)
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
key 0xffffffff ttl inherit tos 0xfc pmtudisc maxmappings 99999 queue 1000
local 2001:db8::1 dev eth0 key 7 csum
local fd00::203.0.113.255 local 192.0.2.1 nopmtudisc ignore-df fwmark 7
local 192.0.2.1 local 2001:db8:1:2:3:4:5:6 resolver neigh accept known redirect protect ttl 1
noignore-df nocsum fwmark 0xffffffff resolver cache accept any"
	first=$(batch_each -o <<<"$given" | text_options)
	second=$(batch_each -o <<<"$first" | text_options)
	assert_eq "devices made" "$(grep -c . <<<"$first")" 10
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

# What changes in JSON (null is no longer there), what was given
CHANGES='
{"local":"192.0.2.2"}|local 192.0.2.2
{"local":"any"}|local any
{"local":"192.0.2.3"}|local 192.0.2.3
{"local6":"2001:db8::1"}|local 2001:db8::1
{"local6":"2001:db8::2"}|local 2001:db8::2
{"local":"192.0.2.4"}|local 192.0.2.4
{"local":"192.0.2.3","local6":"2001:db8::1"}|local 2001:db8::1 local 192.0.2.3
{"local6":null}|local ::
{"key":43}|key 43
{"ttl":32}|ttl 32
{"ttl":0}|ttl inherit
{"tos":"0x10"}|tos 0x10
{"tos":"0x1"}|tos inherit
{"tos":"0"}|tos 0
{"pmtudisc":false}|nopmtudisc
{"ignore_df":true}|ignore-df
{"ignore_df":false}|noignore-df
{"pmtudisc":true}|pmtudisc
{"pmtudisc":false,"ignore_df":true}|ignore-df nopmtudisc
{"pmtudisc":true,"ignore_df":false}|pmtudisc noignore-df
{"csum":true}|csum
{"csum":false}|nocsum
{"fwmark":"0x7"}|fwmark 7
{"fwmark":"0x80000000"}|fwmark 0x80000000
{"fwmark":null}|fwmark 0
{"accept":"known"}|accept known
{"accept":"any"}|accept any
{"redirect":true}|redirect
{"redirect":false}|noredirect
{"protect":true}|protect
{"protect":false}|noprotect
{"maxmappings":10}|maxmappings 10
{"queue":0}|queue 0
{"queue":20}|queue 20
{"link":"eth0"}|dev eth0
{"link":"eth1"}|dev eth1
'

# changes_of: one after the other on m0: each changes what it says and no more
changes_of()
{
	local got want

	want=$(grep . <<<"$1" | jq -cS -nR --argjson was "$(m0_json)" '
		foreach (inputs | split("|")[0] | fromjson) as $o
			($was; . + $o | with_entries(select(.value != null)))')
	got=$(grep . <<<"$1" | cut -d'|' -f2 |
		sed 's/.*/link change m0 type mgre &\nlink show m0/' |
		dut -d -j -batch - | json_options)
	line_by_line "$got" "$want"
}

change_each()
{
	m0_add local 192.0.2.1 key 42 ttl 64 && changes_of "$CHANGES"
}

# What changes on a device of IPv6 alone
CHANGES6='
{"local6":"2001:db8::2"}|local 2001:db8::2
{"local6":"2001:db8::3"}|local 2001:db8::3 local any
{"csum":true}|csum
{"key":43}|key 43
{"ttl":64}|hoplimit 64
{"tos":"0x1"}|tclass inherit
{"link":"eth1"}|dev eth1
'

change_six()
{
	m0_add local 2001:db8::1 key 42 resolver neigh && changes_of "$CHANGES6"
}

change_several()
{
	m0_add local 192.0.2.1 key 42 maxmappings 10 queue 5 fwmark 3 resolver neigh
	try dut link change m0 type mgre ttl 7 tos 0x20 nopmtudisc csum accept known \
		redirect protect
	m0_is '{"local":"192.0.2.1","key":42,"ttl":7,"tos":"0x20","pmtudisc":false,
		"ignore_df":false,"csum":true,"fwmark":"0x3","resolver":"neigh",
		"accept":"known","redirect":true,"protect":true,
		"maxmappings":10,"queue":5}'
}

# ---- refusals

# refused STATUS TEXT WORD...: one line on stderr; by the kernel (2) whether it is
# to change a device or to make one, which is all one to the plugin
refused()
{
	local want=$1 text=$2 action err status
	local -a actions=("change m0")

	[ "$want" -ne 2 ] || actions+=("add m1")
	shift 2
	for action in "${actions[@]}"; do
		status=0
		# shellcheck disable=SC2086 # two words
		err=$(dut link $action type mgre "$@" 2>&1 >/dev/null) || status=$?
		assert_eq "exit status of $action $*" $status "$want"
		[[ $err == *"$text"* ]] || fail "$action $*: no '$text' in '$err'"
		[[ $err != *$'\n'* ]] || fail "$action $*: more than a line: $err"
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

	for word in foo loc local6 remote nokey key=5 ignore_df noaccept; do
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

	for word in local dev key ttl tos fwmark resolver accept maxmappings queue; do
		refused 255 'Command line is not complete. Try option "help"' "$word"
	done
}

refused_addresses()
{
	local arg

	for arg in 192.0.2.256 192.0.2.1/24 2001:db8::g 2001:db8::1/64 fe80::1%eth0 \
		   ::192.0.2.256 : host ''; do
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
	refused 255 'argument "4294967296" is wrong: invalid fwmark' fwmark 4294967296
	refused 255 'argument "0x1/0xff" is wrong: invalid fwmark' fwmark 0x1/0xff
}

# Words are not abbreviated.
refused_values()
{
	refused 255 'argument "c" is wrong: invalid resolver' resolver c
	refused 255 'argument "neighbour" is wrong: invalid resolver' resolver neighbour
	refused 255 'argument "0" is wrong: invalid resolver' resolver 0
	refused 255 'argument "all" is wrong: invalid accept' accept all
	refused 255 'argument "" is wrong: invalid accept' accept ''
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
	refused 2 'local is not a unicast address' local ff02::1
	refused 2 'local is not a unicast address' local ::ffff:192.0.2.1
	refused 2 'ignore-df needs nopmtudisc' ignore-df
	refused 2 'ignore-df needs nopmtudisc' ignore-df pmtudisc
	refused 2 'tos sets the two bits of ECN' tos 3
	refused 2 'tos sets the two bits of ECN' tos 0x12
	refused 2 'integer out of range' maxmappings 0
	refused 2 'integer out of range' queue 1025
	refused 2 'integer out of range' queue 4294967295
	refused 2 "dev is not a device of the underlay's netns" dev if4242
	run_fails 2 'dev is the tunnel itself' dut link change m0 type mgre dev m0
}

# changes_refused TEXT OPTIONS TEXT...: no change of m0 that is one of TEXT
changes_refused()
{
	local text=$1 options=$2 before change

	shift 2
	# shellcheck disable=SC2086 # words
	m0_add $options || return
	before=$(m0_json)
	for change; do
		# shellcheck disable=SC2086 # words
		run_fails 2 "$text" dut link change m0 type mgre $change csum
		m0_is "$before"
	done
}

# Link-layer addresses have 4 octets, or 16 on a device of IPv6 alone, for ever.
refused_length()
{
	local text='local would change the length of link-layer addresses'

	changes_refused "$text" "" "local 2001:db8::1"
	changes_refused "$text" "local 192.0.2.1" "local any local 2001:db8::1"
	changes_refused "$text" "local 192.0.2.1 local 2001:db8::1" "local any"
	changes_refused "$text" "local 2001:db8::1" "local 192.0.2.1" "local ::" \
		"local 192.0.2.1 local 2001:db8::2" "local any local ::"
}

change_locals()
{
	m0_add && changes_of '
{"local":"192.0.2.1","local6":"2001:db8::1"}|local 192.0.2.1 local 2001:db8::1
{"local":"any","local6":null}|local any local ::'
	m0_add local 192.0.2.1 && changes_of '
{"local6":"2001:db8::1"}|local 2001:db8::1
{"local":"any","local6":null}|local :: local any'
}

refused_resolver()
{
	local text='resolver cannot change'

	changes_refused "$text" "" "resolver neigh"
	changes_refused "$text" "resolver neigh local 2001:db8::1" "resolver cache"
	m0_add resolver neigh
	try dut link change m0 type mgre resolver neigh csum
}

refused_ignore_df()
{
	changes_refused 'ignore-df needs nopmtudisc' "nopmtudisc ignore-df" \
		"pmtudisc" "ignore-df pmtudisc"
	changes_refused 'ignore-df needs nopmtudisc' "nopmtudisc" "ignore-df pmtudisc"
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

# An address of one family that both have is enough.
refused_equal_six()
{
	local text='another device has this local, key and dev'

	m0_add local 192.0.2.9 local 2001:db8::9 key 9 || return
	run_fails 2 "$text" dut link add m1 type mgre local 2001:db8::9 key 9
	run_fails 2 "$text" dut link add m1 type mgre local 192.0.2.9 key 9
	run_fails 2 "$text" dut link add m1 type mgre local 192.0.2.8 local 2001:db8::9 key 9
	try dut link add m1 type mgre local 2001:db8::8 key 9 || return
	run_fails 2 "$text" dut link change m1 type mgre local 2001:db8::9
	try dut link change m1 type mgre local 2001:db8::9 key 10
	run_fails 2 "$text" dut link change m1 type mgre key 9
	run_fails 2 "$text" dut link change m0 type mgre key 10
	try dut link del m1
}

refused_duplicates()
{
	refused 255 'either "local" is duplicate' local 192.0.2.1 local 192.0.2.2
	refused 255 'either "local" is duplicate' local any local 192.0.2.2
	refused 255 'either "local" is duplicate' local 2001:db8::1 local 2001:db8::1
	refused 255 'either "local" is duplicate' local :: local 192.0.2.1 local 2001:db8::1
	refused 255 'either "dev" is duplicate' dev eth0 dev eth0
	refused 255 'either "key" is duplicate' key 1 key 2
	refused 255 'either "hlim" is duplicate' ttl 1 hlim 2
	refused 255 'either "tclass" is duplicate' tos 1 tclass 2
	refused 255 'either "nopmtudisc" is duplicate' pmtudisc nopmtudisc
	refused 255 'either "noignore-df" is duplicate' ignore-df noignore-df
	refused 255 'either "csum" is duplicate' csum key 1 csum
	refused 255 'either "fwmark" is duplicate' fwmark 1 fwmark 1
	refused 255 'either "resolver" is duplicate' resolver cache resolver neigh
	refused 255 'either "accept" is duplicate' accept any accept known
	refused 255 'either "maxmappings" is duplicate' maxmappings 1 maxmappings 2
	refused 255 'either "queue" is duplicate' queue 1 queue 1
}

# ---- what a device is

# m0_link FILTER: of `ip -j link show`
m0_link()
{
	dut -j link show m0 | jq -c ".[0] | $1"
}

# m0_sys FILE: sysfs of the namespace
m0_sys()
{
	ip netns exec "$NS" cat "/sys/class/net/m0/$1"
}

# lladdr TYPE NUMBER LENGTH ADDRESS OPTION...: of a device with these options
lladdr()
{
	local type=$1 number=$2 length=$3 address=$4

	shift 4
	m0_add "$@" || return
	assert_eq "link-layer type of $*" "$(m0_link .link_type)" "\"$type\""
	assert_eq "its number" "$(m0_sys type)" "$number"
	assert_eq "length of addresses of $*" "$(m0_sys addr_len)" "$length"
	assert_eq "address of $*" "$(m0_link .address)" "\"$address\""
}

lladdrs()
{
	lladdr gre 778 4 0.0.0.0
	lladdr gre 778 4 192.0.2.1 local 192.0.2.1
	lladdr gre 778 4 192.0.2.1 local 192.0.2.1 local 2001:db8::1
	lladdr gre6 823 16 2001:db8::1 local 2001:db8::1
	lladdr gre6 823 16 2001:db8::1 local 2001:db8::1 resolver neigh
	try dut link change m0 type mgre local 2001:db8::2
	assert_eq "address after a change" "$(m0_link .address)" '"2001:db8::2"'
	run_fails 2 'link-layer address follows local' dut link add m1 \
		address 20:01:0d:b8:00:00:00:00:00:00:00:00:00:00:00:01 type mgre local 2001:db8::1
}

# neighbour_table FAMILY: probes of m0 by application, unicast and multicast
neighbour_table()
{
	dut -j ntable show dev m0 | jq -c --arg family "$1" \
		'.[] | select(.family == $family) | [.app_probes, .ucast_probes, .mcast_probes]'
}

# neighbours FLAGS PROBES OPTION...: of a device with these options
neighbours()
{
	local flags=$1 probes=$2

	shift 2
	m0_add "$@" || return
	assert_eq "flags of $*" "$(m0_link '.flags | sort')" "$flags"
	assert_eq "arp_cache of $*" "$(neighbour_table inet)" "$probes"
	assert_eq "ndisc_cache of $*" "$(neighbour_table inet6)" "$probes"
}

# Parameters of the kernel, or those for a daemon that is asked
resolvers()
{
	local addr

	for addr in 192.0.2.1 2001:db8::1; do
		neighbours '["MULTICAST","NOARP","POINTOPOINT"]' "[0,3,3]" local $addr
		neighbours '["NOARP"]' "[1,0,0]" local $addr resolver neigh
	done
	try dut link set m0 arp on
	assert_eq "flags after arp on" "$(m0_link .flags)" "[]"
}

# ---- MTU

# mtu NUMBER: that of m0
mtu()
{
	assert_eq "MTU of m0 (${FUNCNAME[1]}, line ${BASH_LINENO[0]})" "$(m0_link .mtu)" "$1"
}

# mtu_of NUMBER OPTION...: a new m0 with these options has it
mtu_of()
{
	local want=$1

	shift
	m0_add "$@" || return
	assert_eq "MTU of $*" "$(m0_link .mtu)" "$want"
}

# The headers of outer IP and GRE, and 4 each for key and checksum
mtu_overheads()
{
	mtu_of 1476
	mtu_of 1472 key 1
	mtu_of 1472 csum
	mtu_of 1468 key 1 csum
	mtu_of 1476 local 192.0.2.1
	mtu_of 1456 local 2001:db8::1
	mtu_of 1448 local 2001:db8::1 key 1 csum
	mtu_of 1456 local 192.0.2.1 local 2001:db8::1
	mtu_of 1448 local 192.0.2.1 local 2001:db8::1 key 1 csum
	try dut link change m0 type mgre nocsum
	mtu 1452
	try dut link change m0 type mgre local ::
	mtu 1472
	try dut link change m0 type mgre csum
	mtu 1468
}

# mtu_follows OVERHEAD OPTION...: that of eth0 less so much, whatever it becomes
mtu_follows()
{
	local overhead=$1 underlay

	shift
	m0_add "$@" || return
	for underlay in 1400 9000 1280 1500; do
		try dut link set eth0 mtu $underlay
		assert_eq "MTU over $underlay of $*" "$(m0_link .mtu)" $((underlay - overhead))
	done
}

mtu_underlay()
{
	mtu_follows 24 dev eth0
	mtu_follows 24 local 192.0.2.1
	mtu_follows 28 local 192.0.2.77 dev eth0 key 1
	mtu_follows 44 local 2001:db8::1
	mtu_follows 52 local 2001:db8::77 dev eth0 key 1 csum
	mtu_follows 44 local 192.0.2.1 local 2001:db8::1
	mtu_follows 44 local 192.0.2.1 local 2001:db8::1 resolver neigh dev eth0
	try dut link set eth1 mtu 1300
	mtu 1456
	try dut link change m0 type mgre dev eth1
	mtu 1256
	try dut link set eth1 mtu 1500
	mtu 1456
}

# Each family has an underlay of its own: the smaller result counts.
mtu_two_underlays()
{
	m0_add local 192.0.2.129 local 2001:db8::1 || return
	mtu 1456
	try dut link set eth1 mtu 1400
	mtu 1376
	try dut link set eth0 mtu 1300
	mtu 1256
	try dut link set eth0 mtu 1500
	mtu 1376
	try dut link set eth1 mtu 1500
	mtu 1456
}

mtu_by_hand()
{
	m0_add local 192.0.2.1 || return
	try dut link set m0 mtu 1300
	try dut link set eth0 mtu 1400
	mtu 1300
	try dut link change m0 type mgre key 1 csum
	mtu 1300
	try dut link set eth0 mtu 1500
	mtu 1300
	m0_del
	run_fails 2 'mtu is above what an outer header can carry' \
		dut link add m0 mtu 65520 type mgre local 192.0.2.1
	try dut link add m0 mtu 1476 type mgre local 192.0.2.1
	try dut link set eth0 mtu 1400
	mtu 1476
	try dut link set eth0 mtu 1500
}

# The underlay stays where it was.
mtu_other_netns()
{
	m0_add local 192.0.2.1 local 2001:db8::1 key 1 || return
	try dut link set m0 netns "$OTHER" || return
	try dut link set eth0 mtu 1400
	assert_eq "MTU of m0 in the other namespace" \
		"$(ip -n "$OTHER" -j link show m0 | jq '.[0].mtu')" 1352
	try ip -n "$OTHER" link del m0
	try dut link set eth0 mtu 1500
}

# m0 over m1 over eth0
mtu_nested()
{
	try dut link add m1 type mgre dev eth0 && m0_add dev m1 key 1 || return
	mtu 1448
	try dut link set eth0 mtu 1400
	mtu 1348
	try dut link set eth0 mtu 1500
	mtu 1448
	m0_del
	try dut link del m1
}

# ---- start

need jq
[ -f "$PLUGIN" ] || fail "no $PLUGIN: run make"
mgre_load
ns_new NS dut
ns_new OTHER
at_exit m0_del
try dut link add eth0 type dummy
try dut link add eth1 type dummy
try on "$NS" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
try dut -batch - <<-END
	link set eth0 up
	link set eth1 up
	addr add 192.0.2.1/25 dev eth0
	addr add 192.0.2.129/25 dev eth1
	addr add 2001:db8::1/64 dev eth0 nodad
END

ktap_plan 39
test_case "abi: ip exports every symbol the plugin needs" abi_symbols
test_case "abi: the comparison sees a missing symbol" abi_symbols_can_fail
test_case "abi: the plugin exports one symbol" abi_exports
test_case "abi: ip loads the plugin, all symbols bound" abi_loads
test_case "help: lists every option" help_lists_options
test_case "man page: lists every option" man_lists_options
test_case "man page: examples" man_examples
test_case "show: defaults" defaults
test_case "show: all options" all_options
test_case "show: each option alone, JSON" each_option_json
test_case "show: each option alone, text" each_option_text
test_case "add: dev by index" dev_by_index
test_case "show: by type" show_by_type
test_case "show: what is printed can be typed back" round_trip
test_case "change: each option, the others stay" change_each
test_case "change: each option of a device of IPv6 alone" change_six
test_case "change: several at once" change_several
test_case "change: both local addresses" change_locals
test_case "refuse: unknown words" refusals refused_words
test_case "refuse: missing values" refusals refused_missing_value
test_case "refuse: bad addresses" refusals refused_addresses
test_case "refuse: bad numbers" refusals refused_numbers
test_case "refuse: other words as values" refusals refused_values
test_case "refuse: unknown devices" refusals refused_devices
test_case "refuse: duplicates" refusals refused_duplicates
test_case "refuse: by the kernel" refusals refused_by_kernel
test_case "refuse: a local that changes link-layer addresses" refused_length
test_case "refuse: another resolver" refused_resolver
test_case "refuse: ignore-df with pmtudisc" refused_ignore_df
test_case "refuse: a device equal to another" refusals refused_equal
test_case "refuse: a device that shares one local address" refused_equal_six
test_case "device: link-layer addresses" lladdrs
test_case "device: flags and neighbour tables by resolver" resolvers
test_case "mtu: headers" mtu_overheads
test_case "mtu: follows the underlay" mtu_underlay
test_case "mtu: an underlay for each family" mtu_two_underlays
test_case "mtu: set by hand" mtu_by_hand
test_case "mtu: the device in another namespace" mtu_other_netns
test_case "mtu: tunnels in each other" mtu_nested
