# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the tests: KTAP output, namespaces, processes, the module, and the
# hub-and-spoke topology. Source it, load the module, plan, run, stop:
#
#	. "$(dirname "$0")/lib.sh"
#	need tcpdump
#	mgre_load
#	ktap_plan 2
#	test_case "hub answers" hub_answers
#	test_case "spoke answers" spoke_answers 1
#
# A test case is a function that runs in the current shell. It fails when it
# returns not 0 or when anything in it calls fail(); try() and the assert_*()
# functions do that. What it prints is shown as diagnostics when it fails.
# The verdict is written last, by the EXIT trap, after all clean-up.

top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
MGRE_KO=${MGRE_KO:-$top/build/$(uname -r)/mgre.ko}
NHRP=${NHRP:-$top/tools/nhrp/nhrp}
export IP_LIB_DIR=${IP_LIB_DIR:-$top/tools/iproute2}
export LC_ALL=C

# As the kernel's own tests of the network have it.
slow=$([[ ${KSFT_MACHINE_SLOW:-} != yes ]] || echo 1)

KSFT_FAIL=1
KSFT_SKIP=4

ktap_begun=
ktap_planned=
ktap_passed=0
ktap_failed=0
ktap_skipped=0
ktap_bailed=		# why the script could not go on
test_failed=		# set while a test case runs: empty, or 1 once it failed
test_skipped=
test_running=

exit_commands=()
declare -A bg_pids=()

# ---- KTAP

# ktap_head: the first line, once
ktap_head()
{
	[ -n "$ktap_begun" ] || echo "KTAP version 1"
	ktap_begun=1
}

# note TEXT...: a line for the reader, whatever the result
note()
{
	echo "# $*" >&3
}

# ktap_plan COUNT: how many test cases will run
ktap_plan()
{
	ktap_planned=$1
	ktap_head
	echo "1..$1"
}

# fail TEXT...: the running test case has failed; outside one, stop the script
fail()
{
	echo "$*"
	if [ -z "$test_running" ]; then
		ktap_bailed="$*"
		exit $KSFT_FAIL
	fi
	test_failed=1
	return 1
}

# skip TEXT...: skip the test case (`skip "why"; return`); outside one, the script
skip()
{
	if [ -z "$test_running" ]; then
		ktap_head
		echo "1..0 # SKIP $*"
		ktap_planned=0
		exit $KSFT_SKIP
	fi
	test_skipped="$*"
	return 1
}

# unhurried WHAT: skip on a machine that is slow (`unhurried "TCP" || return`), where
# WHAT shows other things than the module's
unhurried()
{
	[ ! "$slow" ] || skip "$1: the machine is slow"
}

# need COMMAND...: skip when a program is missing (`need socat || return`)
need()
{
	local cmd

	for cmd; do
		command -v "$cmd" >/dev/null || { skip "no $cmd"; return 1; }
	done
}

# test_case NAME FUNCTION [ARG]...: run one; MGRE_TESTS=REGEX selects by name
test_case()
{
	local name=$1 log=$tmp/log number status=0

	shift
	number=$((ktap_passed + ktap_failed + ktap_skipped + 1))
	test_running=1
	test_failed=
	test_skipped=
	: >"$log"
	if [[ $name =~ ${MGRE_TESTS:-} ]]; then
		"$@" >"$log" 2>&1 || status=$?
	else
		skip "not selected"
	fi
	test_running=

	if [ -n "$test_skipped" ] && [ -z "$test_failed" ]; then
		ktap_skipped=$((ktap_skipped + 1))
		echo "ok $number $name # SKIP $test_skipped"
	elif [ -n "$test_failed" ] || [ "$status" -ne 0 ]; then
		ktap_failed=$((ktap_failed + 1))
		sed 's/^/# /' "$log"
		[ -n "$test_failed" ] || echo "# returned $status"
		echo "not ok $number $name"
	else
		ktap_passed=$((ktap_passed + 1))
		echo "ok $number $name"
	fi
}

# The verdict, as an exit status. Fewer cases than planned is a failure (the
# script died on its way), and so is a script that ran none.
ktap_verdict()
{
	local run=$((ktap_passed + ktap_failed))
	local all=$((run + ktap_skipped))

	if [ "$ktap_planned" = 0 ] && [ "$all" -eq 0 ] && [ -z "$ktap_bailed" ]; then
		return $KSFT_SKIP
	fi
	ktap_head
	[ -z "$ktap_bailed" ] || echo "Bail out! $ktap_bailed"
	[ "$all" = "$ktap_planned" ] ||
		echo "# planned ${ktap_planned:-no} test cases, ran $all"
	echo "# Totals: pass:$ktap_passed fail:$ktap_failed xfail:0 xpass:0" \
	     "skip:$ktap_skipped error:0"
	if [ -n "$ktap_bailed" ] || [ "$all" != "$ktap_planned" ] ||
	   [ "$ktap_failed" -ne 0 ]; then
		return $KSFT_FAIL
	fi
	[ "$run" -ne 0 ] || return $KSFT_SKIP
}

# ---- checks

# try COMMAND...: it must succeed
try()
{
	local status=0

	"$@" || status=$?
	[ $status -eq 0 ] || fail "exit status $status: $*"
}

# refuse COMMAND...: it must fail, quietly (use run_fails where the text matters)
refuse()
{
	! "$@" || fail "succeeded, and should not: $*"
}

# run_fails STATUS TEXT COMMAND...: it must exit with STATUS and say TEXT
run_fails()
{
	local want=$1 text=$2 status=0 err

	shift 2
	err=$("$@" 2>&1 >/dev/null) || status=$?
	[ "$status" -eq "$want" ] ||
		fail "exit status $status, not $want: $*: $err" || return
	[[ $err == *"$text"* ]] || fail "no '$text' in '$err': $*"
}

# assert_eq WHAT GOT WANT
assert_eq()
{
	[ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
}

# assert_test WHAT NUMBER OP NUMBER: integers, as test(1) compares them
assert_test()
{
	test "$2" "$3" "$4" || fail "$1: not $2 $3 $4"
}

# busywait SECONDS COMMAND...: until it succeeds, or the deadline has passed, which
# is later on a machine that KSFT_MACHINE_SLOW says is slow (a kernel for debugging).
busywait()
{
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000 * (slow ? 8 : 1)))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt $deadline ] || return 1
		sleep 0.05
	done
}

# ---- clean-up

# at_exit COMMAND...: run it when the script ends, last registered first
at_exit()
{
	exit_commands+=("$(printf '%q ' "$@")")
}

# bg VAR COMMAND...: run it in the background, pid in VAR; dies with the script.
# COMMAND must be a program, so that its pid is the one to kill.
bg()
{
	local -n bg_pid=$1

	shift
	"$@" 3>&- &
	bg_pid=$!
	bg_pids[$bg_pid]=1
}

# bg_on VAR NS COMMAND...: the same in the namespace
bg_on()
{
	local var=$1 ns=$2

	shift 2
	bg "$var" nsenter --net="/run/netns/$ns" "$@"
}

# bg_stop PID [SIGNAL]: end a process of bg(), wait, return its exit status
bg_stop()
{
	kill -"${2:-TERM}" "$1" 2>/dev/null
	bg_wait "$1"
}

# bg_wait PID: wait for a process of bg() to end, return its exit status
bg_wait()
{
	unset "bg_pids[$1]"
	wait "$1" 2>/dev/null
}

clean_up()
{
	local pid i

	for pid in "${!bg_pids[@]}"; do
		bg_stop "$pid" KILL
	done
	for ((i = ${#exit_commands[@]} - 1; i >= 0; i--)); do
		eval "${exit_commands[i]}"
	done
	exit_commands=()
}

on_exit()
{
	local status=$?

	# A child that is signalled before it could reset the traps.
	[ "$BASHPID" = $$ ] || exit "$status"
	trap - EXIT
	exec >&3 2>&3	# a signal may come while a test case writes to its log
	test_running=1	# a fail() in clean-up counts, and does not exit again
	test_failed=
	clean_up >"$tmp/log" 2>&1
	if [ -n "$test_failed" ]; then
		sed 's/^/# clean-up: /' "$tmp/log"
		ktap_bailed=${ktap_bailed:-clean-up failed}
	fi
	rm -rf "$tmp"
	[ "$status" -eq 0 ] || [ "$status" -eq $KSFT_SKIP ] ||
		ktap_bailed=${ktap_bailed:-exit status $status}
	ktap_verdict
	exit $?
}

# ---- the module

mgre_loaded()
{
	grep -q '^mgre ' /proc/modules
}

# mgre_load: insert the module built for this kernel; removed at exit
mgre_load()
{
	local depends

	mgre_loaded && return
	[ -f "$MGRE_KO" ] || fail "no $MGRE_KO: run make check, or make" || return
	depends=$(modinfo -F depends "$MGRE_KO" | tr , ' ')
	# shellcheck disable=SC2086 # a list of words
	[ -z "$depends" ] || try modprobe -a $depends || return
	try insmod "$MGRE_KO" || return
	at_exit mgre_unload
}

# mgre_unload: remove it, if it is there
mgre_unload()
{
	! mgre_loaded || busywait 10 rmmod mgre || fail "rmmod: $(rmmod mgre 2>&1)"
}

# nhrp ARG...: the tool of this tree
nhrp()
{
	"$NHRP" "$@"
}

# ---- namespaces

# ns_new VAR [LABEL]: a network namespace of its own name, in VAR. It is IPv4
# only (no router solicitations in captures and counters), forwards, answers
# every packet with an ICMP error where one is due, and sends no redirects.
ns_new()
{
	local -n ns_name=$1

	ns_name=${2:-$1}-$(printf %04x%04x $RANDOM $RANDOM)
	try ip netns add "$ns_name" || return
	at_exit ns_del "$ns_name"
	[ ! -e /proc/sys/net/ipv6 ] || try ip netns exec "$ns_name" sysctl -qw \
		net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1 || return
	try ip netns exec "$ns_name" sysctl -qw \
		net.ipv4.ip_forward=1 \
		net.ipv4.icmp_ratelimit=0 \
		net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.conf.all.send_redirects=0 \
		net.ipv4.conf.default.send_redirects=0 &&
	try ip -n "$ns_name" link set lo up
}

# ns_ipv6 NS: IPv6 too, with every ICMP error, and nothing that a host says unasked
ns_ipv6()
{
	try on "$1" sysctl -qw \
		net.ipv6.conf.all.disable_ipv6=0 \
		net.ipv6.conf.default.disable_ipv6=0 \
		net.ipv6.conf.default.accept_ra=0 \
		net.ipv6.conf.default.router_solicitations=0 \
		net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.icmp.ratelimit=0
}

# no_mld NS: it reports no groups and asks for no router when it thinks fit
no_mld()
{
	try on "$1" nft -f - <<-END
		table ip6 no_mld {
			chain output {
				type filter hook output priority 0
				icmpv6 type { mld-listener-report, mld2-listener-report } drop
				icmpv6 type nd-router-solicit drop
			}
		}
	END
}

# ns_del NAME: delete it, if it is there
ns_del()
{
	[ ! -e "/run/netns/$1" ] || try ip netns del "$1"
}

# on NS COMMAND...: run it in the network namespace. With /sys as it was outside,
# unlike ip netns exec, which takes twice the time for that.
on()
{
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# ---- topology
#
#   site 0, the hub                    router              site 1, a spoke
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/24  |           |           |         | mgre0 10.0.0.2/24  |
#  | lo    10.1.0.1/32  |           |           |         | lo    10.2.0.1/32  |
#  | eth0 192.0.2.2/24 -+-----------+ s0     s1 +---------+ 198.51.100.2/26    |
#  +--------------------+       .1  |           | .1      +--------------------+
#                                   |        s2 +--------- 198.51.100.66/26, ...
#                                   +-----------+ .65
#
# Each site sits in a subnet of its own behind the router. Indexed by the
# number of the site: SITE (namespace), NBMA (underlay address), GW (the
# router's address there), OVER (overlay address), LAN (an address behind it).

SITE=()
NBMA=(192.0.2.2 198.51.100.2 198.51.100.66 203.0.113.2 203.0.113.66)
GW=(192.0.2.1 198.51.100.1 198.51.100.65 203.0.113.1 203.0.113.65)
PLEN=(24 26 26 26 26)
OVER=(10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5)
LAN=(10.1.0.1 10.2.0.1 10.3.0.1 10.4.0.1 10.5.0.1)
LANNET=(10.1.0.0/24 10.2.0.0/24 10.3.0.0/24 10.4.0.0/24 10.5.0.0/24)
MGRE_KEY=42

# topo_link SITE: the veth between its namespace and the router
topo_link()
{
	local i=$1

	try ip -n "$ROUTER" -batch - <<-END || return
		link add s$i type veth peer name eth0 netns ${SITE[i]}
		addr add ${GW[i]}/${PLEN[i]} dev s$i
		link set s$i up
	END
	try ip -n "${SITE[i]}" -batch - <<-END
		addr add ${NBMA[i]}/${PLEN[i]} dev eth0
		link set eth0 up
		route add default via ${GW[i]}
	END
}

# topo_site SITE: its namespace, joined to the router
topo_site()
{
	local ns label=spoke$1

	[ "$1" -ne 0 ] || label=hub
	ns_new ns "$label" || return
	SITE[$1]=$ns
	try ip -n "$ns" addr add "${LAN[$1]}/32" dev lo &&
	topo_link "$1"
}

# links_settled NS...: that a link has a carrier was told to all who listen. It is
# a second late at worst, and makes the namespace forget its cached routes.
links_settled()
{
	local ns

	for ns; do
		ip -n "$ns" -j link show up | jq -e 'all(.[];
			.operstate != "DOWN" and .operstate != "LOWERLAYERDOWN")' || return
	done
}

# topo_underlay SPOKES: the namespaces, joined and routed; no tunnel yet
topo_underlay()
{
	local i

	ns_new ROUTER router || return
	for ((i = 0; i <= $1; i++)); do
		topo_site "$i" || return
	done
	try busywait 5 links_settled "$ROUTER" "${SITE[@]}"
}

# topo_device SITE [OPTION]...: its mgre0, with routes to the LANs of the others
topo_device()
{
	local i=$1 j

	shift
	try ip -n "${SITE[i]}" link add mgre0 type mgre "$@" || return
	try ip -n "${SITE[i]}" -batch - <<-END
		addr add ${OVER[i]}/24 dev mgre0
		link set mgre0 up
		$(for j in "${!SITE[@]}"; do
			[ "$j" = "$i" ] ||
				echo "route add ${LANNET[j]} via ${OVER[j]} dev mgre0"
		done)
	END
}

# topo_mappings SITE: the batch that maps all other sites
topo_mappings()
{
	local j

	for j in "${!SITE[@]}"; do
		[ "$j" = "$1" ] ||
			echo "map add ${OVER[j]} nbma ${NBMA[j]} dev mgre0"
	done
}

# topo_overlay: mgre0 in each site, every site mapped in every other
topo_overlay()
{
	local i

	for i in "${!SITE[@]}"; do
		topo_device "$i" local "${NBMA[i]}" key $MGRE_KEY ttl 64 || return
		try nhrp -n "${SITE[i]}" -batch - < <(topo_mappings "$i") || return
	done
}

# topo SPOKES: all of it
topo()
{
	topo_underlay "$1" && topo_overlay
}

# reaches NS ADDRESS [PING OPTION]...: one ping comes back
reaches()
{
	local ns=$1 to=$2

	shift 2
	on "$ns" ping -q -n -c 1 -W 2 "$@" "$to"
}

# error_routes_answer: routes that refuse do so for every packet, and not once a
# second as they are made to, for all namespaces alike
error_routes_answer()
{
	local cost=net.ipv4.route.error_cost

	at_exit sysctl -qw "$cost=$(sysctl -n $cost)"
	try sysctl -qw $cost=0
}

# unreachable NS ADDRESS [PING OPTION]...: refused by an ICMP host unreachable
unreachable()
{
	local ns=$1 to=$2 out

	shift 2
	out=$(on "$ns" ping -n -c 1 -W 5 "$@" "$to") && return 1
	[[ $out == *"Destination Host Unreachable"* ]] || { echo "$out"; return 1; }
}

# send_udp NS ADDRESS COUNT: so many datagrams; one socket each, for a socket
# that got an ICMP error does not send its next one
send_udp()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	on "$1" bash -c 'for ((i = 1; i <= $2; i++)); do
		echo $i >"/dev/udp/$1/9"
	done' bash "$2" "$3"
}

# stream_start VAR NS ADDRESS: pings until stream_unharmed or bg_stop
stream_start()
{
	bg_on "$1" "$2" ping -n -i 0.02 -W 2 "$3" >"$tmp/stream.$3"
	stream_goes_on "$3"
}

stream_answers()
{
	grep -c ' icmp_seq=.* ttl=' "$tmp/stream.$1"
}

stream_passed()
{
	[ "$(stream_answers "$1")" -ge "$2" ]
}

# stream_goes_on ADDRESS: more answers come from now on
stream_goes_on()
{
	local now

	now=$(stream_answers "$1")
	busywait 10 stream_passed "$1" $((now + 5)) ||
		fail "no more answers from $1: $(tail -n 2 "$tmp/stream.$1")"
}

# stream_unharmed PID ADDRESS: it goes on and lost nothing; stop it
stream_unharmed()
{
	local last

	stream_goes_on "$2"
	bg_stop "$1" INT
	last=$(sed -n 's/.* icmp_seq=\([0-9]*\) ttl=.*/\1/p' "$tmp/stream.$2" | tail -n 1)
	assert_eq "answers from $2" "$(stream_answers "$2")" "$last"
}

# listening NS SOCKET_OPTION PORT: ss sees a socket of this kind
listening()
{
	[ -n "$(on "$1" ss -Hn "$2" "sport = :$3")" ]
}

# listens PID: it has a socket in a group of generic netlink (16). libnl makes the
# port of the pid, below 2^22, and a number above it.
listens()
{
	awk -v pid="$1" '$2 == 16 && $3 % 4194304 == pid && $4 != "00000000" { found = 1 }
		END { exit !found }' "/proc/$1/net/netlink"
}

# text LINES: lines of 1,000 octets, no two alike
text()
{
	head -c $(($1 * 500)) /dev/urandom | basenc --base16 -w 999 | head -n "$1"
}

# same_lines FILE FILE: in whatever order
same_lines()
{
	cmp <(sort "$1") <(sort "$2")
}

# transfer KIND FROM TO ADDRESS FILE [BLOCK]: FILE crosses by TCP unharmed, or by
# UDP in datagrams of BLOCK octets, whole lines of text(), which may overtake
# each other where a sender changes its CPU. TRANSFER_OPTIONS (",NAME=VALUE") are
# socat's, for the sender.
transfer()
{
	local kind=$1 from=$2 to=$3 addr=$4 file=$5 block=${6:-65536}
	local option=-lt receive=LISTEN same=cmp got=$tmp/got pid

	[ "$kind" = TCP ] || { option=-lu; receive=RECV; same=same_lines; }
	[[ $addr != *:* ]] || { kind+=6; addr=[$addr]; }
	receive=$kind-$receive
	: >"$got"
	bg_on pid "$to" socat -u "$receive:5001,reuseaddr" "OPEN:$got,wronly"
	try busywait 30 listening "$to" $option 5001 || return
	try on "$from" timeout 60 socat -u -b "$block" "OPEN:$file,rdonly" \
		"$kind:$addr:5001${TRANSFER_OPTIONS:-}" || return
	busywait 20 $same "$file" "$got" ||
		fail "$kind: $(wc -c <"$got") octets arrived, of $(wc -c <"$file"), or not the same"
	bg_stop "$pid" || :
}

# peer NS NBMA FIELD: what `nhrp -j peer show` says of one peer, as a jq path
peer()
{
	nhrp -n "$1" -j -s peer show dev mgre0 nbma "$2" | jq -r ".[0]$3"
}

# causes NS DEV: the counters of ethtool -S, "NAME VALUE"
causes()
{
	on "$1" ethtool -S "$2" | awk 'NR > 1 { sub(":", ""); print $1, $2 }'
}

# dropped NS DEV NAME: one of them
dropped()
{
	causes "$1" "$2" | sed -n "s/^$3 //p"
}

# ---- captures

# capture_start VAR FILE NS DEV [FILTER]: tcpdump, pid in VAR, once it listens. Its
# ring has a slot of the longest packet for each: of the 2 MiB that it takes unasked,
# eight, and a burst is longer.
capture_start()
{
	local var=$1 file=$2 ns=$3 dev=$4

	shift 4
	bg_on "$var" "$ns" tcpdump -Z root -Uni "$dev" -s 65600 -B 16384 \
		--immediate-mode -w "$file" "$*" 2>"$file.err"
	busywait 20 grep -q 'listening on' "$file.err" ||
		fail "tcpdump on $dev: $(cat "$file.err")"
}

# capture_count FILE [FILTER]
capture_count()
{
	tcpdump -Z root -nr "$1" "${2:-}" 2>/dev/null | wc -l
}

# capture_has FILE COUNT [FILTER]: at least so many packets. It reads no further: who is
# slower than the flood that is being captured would never reach its end.
capture_has()
{
	[ "$2" -eq 0 ] ||
		[ "$(tcpdump -Z root -c "$2" -nr "$1" "${3:-}" 2>/dev/null | wc -l)" -ge "$2" ]
}

# capture_stop PID FILE COUNT: once so many packets are in, or after 5 s
capture_stop()
{
	busywait 5 capture_has "$2" "$3" || :
	bg_stop "$1" INT
}

# capture_nbma FILE [FILTER]: the outer destinations of the GRE packets in order
capture_nbma()
{
	tcpdump -Z root -tnr "$1" "ip proto 47${2:+ and $2}" 2>/dev/null |
		sed -n 's/^IP [0-9.]* > \([0-9.]*\): GRE.*/\1/p'
}

# decode FILE: the GRE packets of a capture as tshark reads them, in $tmp/sent: a
# line each, its mark and then a "field=outer,inner" word for each of FIELDS, to
# which scripts add theirs (no field twice: tshark prints it once). The mark is the
# length of what the inner ICMP or UDP header carries. tshark starts slowly in a VM
# without KVM, so a script sends all that it will look at, each of a length of its
# own, and decodes once.
FIELDS=(gre.proto ip.len ipv6.plen)
decode()
{
	local field values mark
	local -a columns=()

	for field in "${FIELDS[@]}"; do
		columns+=(-e "$field")
	done
	tshark -n -r "$1" -o ip.check_checksum:TRUE -T fields -E separator='|' \
		"${columns[@]}" 2>"$tmp/tshark" |
	while IFS='|' read -ra values; do
		mark=$((${values[1]##*,} - 28))
		[ "${values[0]}" != 0x86dd ] || mark=$((${values[2]##*,} - 8))
		printf %s $mark
		for field in "${!FIELDS[@]}"; do
			printf " %s" "${FIELDS[field]}=${values[field]}"
		done
		echo
	done >"$tmp/sent"
}

# sent MARK WORD...: one packet with that mark was sent, with these words
sent()
{
	local mark=$1 word line

	shift
	line=$(grep "^$mark " "$tmp/sent") || fail "no packet $mark" || return
	[[ $line != *$'\n'* ]] || fail "packet $mark more than once: $line"
	for word; do
		[[ "$line " == *" $word "* ]] ||
			fail "packet $mark, no $word: $line"
	done
}

# ---- packets

# hex_sum HEX: the Internet checksum of the octets
hex_sum()
{
	local hex=$1 sum=0 i

	[ $((${#hex} % 4)) -eq 0 ] || hex+=00
	for ((i = 0; i < ${#hex}; i += 4)); do
		sum=$((sum + 16#${hex:i:4}))
	done
	while [ $sum -gt 65535 ]; do
		sum=$(((sum & 65535) + (sum >> 16)))
	done
	printf %04x $((65535 - sum))
}

# hex_addr ADDRESS: of IPv4
hex_addr()
{
	local IFS=. bytes

	read -ra bytes <<<"$1"
	printf %02x "${bytes[@]}"
}

# forge_icmp TYPE CODE [ETHERTYPE HEX]: the router sends the hub an error, with an MTU of
# 600, about GRE that the hub never sent to site 1, with that inside
forge_icmp()
{
	local head rest

	head=$(printf %02x "$1" "$2")
	rest=000002584500004c00004000402f0000
	rest+=$(hex_addr "${NBMA[0]}")$(hex_addr "${NBMA[1]}")
	rest+=2000${3:-0800}0000002a${4:-$(printf %056d 0)}
	perl -e 'print pack "H*", shift' "$head$(hex_sum "${head}0000$rest")$rest" |
		on "$ROUTER" socat -u - "IP4-SENDTO:${NBMA[0]}:1"
}

# ---- start

exec 3>&1
tmp=$(mktemp -d)
# Compiled files stay out of the tree, and are there for the script's next start.
# shellcheck disable=SC2034 # the scripts use it
PYTHON=(python3 -Es -X "pycache_prefix=$tmp/pycache")
trap on_exit EXIT
[ "$(id -u)" -eq 0 ] || skip "not root"
