#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests over netlink, sound and malformed, to family "nhrp" and for links of kind
# "mgre": from root, from root of a user namespace, from somebody without privilege,
# and from several at once while malformed packets come and netns come and go. Each
# answer is held against its request: see fuzz/netlink.
#
# FUZZ_MESSAGES (60000) is the number of messages of the first run, of which the
# others make parts, FUZZ_SECONDS the most that a run takes (600; what several
# processes do at once takes 6, or a tenth of that if it is more), FUZZ_SEED says
# which they are. FUZZ_PROGRAMS may be a folder with the programs fuzz and netlink,
# compiled before, for that takes a VM as long as all else. A run that fails says its
# step; this prints the messages of the last four, and sends them again:
#
#	netlink print -s SEED -f $((STEP - 3)) -c 4 >file
#	netlink replay file
#
#	netns FUZZ	under 192.0.2.1 ... 192.0.2.7, 2001:db8:2::1 ... ::7, a dummy
#			m1 ... m7, which the requests make, delete and move; another
#			netns, which the fuzzer makes, has their like
#
# What several processes do is done in the network of fuzz/net.sh.
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=fuzz/net.sh
. "$(dirname "$0")/fuzz/net.sh"

MESSAGES=${FUZZ_MESSAGES:-$((slow ? 20000 : 40000))}
LIMIT=${FUZZ_SECONDS:-600}
TOGETHER=$((${FUZZ_SECONDS:-0} / 10 > 6 ? FUZZ_SECONDS / 10 : 6))
SEED=${FUZZ_SEED:-$RANDOM$RANDOM}
# One who may do nothing: nobody.
NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs)

declare -A RESULT=()

# netlink_program: and that of packets, at the same time
netlink_program()
{
	local pid

	if [ "${FUZZ_PROGRAMS:-}" ]; then
		try cp "$FUZZ_PROGRAMS"/{fuzz,netlink} "$tmp"
		return
	fi
	bg pid cc -O1 -Wall -I"$top/include/uapi" -o "$tmp/netlink" \
		"$top"/selftests/fuzz/netlink/*.c "$top"/selftests/fuzz/{random,packet}.c
	fuzz_program
	try bg_wait "$pid"
}

# underlay_commands: for ip -batch
underlay_commands()
{
	local n

	cat <<-END
		link set lo up
		link add under index 90 type dummy
		link set under up
		$(for n in 1 2 3 4 5 6 7; do
			echo addr add 192.0.2.$n/24 dev under
			echo addr add 2001:db8:2::$n/64 dev under nodad
		done)
		route add 198.51.100.0/24 dev under
		route add 2001:db8:100::/48 dev under
	END
}

# fuzz_netns: the netns FUZZ and its underlay
fuzz_netns()
{
	fuzz_ns FUZZ fuzz || return
	try ip -n "$FUZZ" -batch "$tmp/underlay"
}

# result FILE: what a run reports, in RESULT and for the reader
result()
{
	local name value

	RESULT=()
	while read -r name value; do
		[[ ! $value =~ ^[0-9]+$ ]] || RESULT[$name]=$value
	done <"$1"
	note "${RESULT[messages]:-no} messages in ${RESULT[milliseconds]:-no} ms:" \
		"${RESULT[generic]:-no} of the family in ${RESULT[generic_ms]:-no} ms," \
		"${RESULT[route]:-no} about links in ${RESULT[route_ms]:-no} ms;" \
		"${RESULT[events]:-no} events"
}

# run_ok WHAT STATUS [RUN]: no answer was wrong, none was lost
run_ok()
{
	local file=$tmp/run.${3:-1}

	result "$file"
	if [ "$2" -ne 0 ]; then
		cat "$file"
		head -n 400 "$tmp/trail.${3:-1}"
	fi
	assert_eq "status of $1" "$2" 0
	assert_eq "socket overruns of $1" "${RESULT[overruns]:-none}" 0
}

# reached: each command was carried out, and was refused
reached()
{
	local name commands=0

	for name in "${!RESULT[@]}"; do
		[[ $name == accepted.* ]] || continue
		name=${name#*.}
		note_command "$name"
		assert_test "$name carried out" "${RESULT[accepted.$name]}" -gt 0
		assert_test "$name refused" "${RESULT[refused.$name]}" -gt 0
		commands=$((commands + 1))
	done
	assert_eq "commands" $commands 19
}

note_command()
{
	echo "$1: ${RESULT[accepted.$1]} carried out, ${RESULT[refused.$1]} refused"
}

# run NS OPTION...: as root, in the netns
run()
{
	local ns=$1 status=0

	shift
	on "$ns" timeout 3600 "$tmp/netlink" run -o "$tmp/trail.1" -s "$SEED" \
		-t "$LIMIT" "$@" >"$tmp/run.1" 2>&1 || status=$?
	run_ok "the run" $status
}

replay()
{
	local status=0

	on "$FUZZ" "$tmp/netlink" replay "$top"/selftests/fuzz/corpus/* \
		>"$tmp/run.1" 2>&1 || status=$?
	cat "$tmp/run.1"
	assert_eq "status" $status 0
	assert_test "files" "$(grep -c ^file "$tmp/run.1")" -gt 4
}

as_root()
{
	note "seed $SEED"
	run "$FUZZ" -n "$MESSAGES"
}

# steps SEED FIRST COUNT: as text
steps()
{
	"$tmp/netlink" print -s "$1" -f "$2" -c "$3"
}

# The same whether the run begins there or before that.
repeatable()
{
	steps "$SEED" 0 60 | sed -n '/step 40$/,$p' >"$tmp/steps"
	assert_test "lines" "$(wc -l <"$tmp/steps")" -gt 100
	try cmp "$tmp/steps" <(steps "$SEED" 40 20)
	refuse cmp -s "$tmp/steps" <(steps $((SEED + 1)) 40 20)
	steps "$SEED" 3 40 >"$tmp/replayed"
	try on "$FUZZ" "$tmp/netlink" replay "$tmp/replayed"
}

# as_own_root: nobody, who is root of a user namespace with its own netns
as_own_root()
{
	local status=0

	# shellcheck disable=SC2016 # the inner shell expands it
	"${NOBODY[@]}" unshare -Urn sh -c 'ip -batch "$1" && shift && exec "$@"' \
		sh "$tmp/underlay" timeout 3600 "$tmp/netlink" run -s $((SEED + 1)) \
		-n $((MESSAGES / 3)) -t "$LIMIT" >"$tmp/run.1" 2>&1 || status=$?
	run_ok "the run" $status
	reached
}

# state: all that a request might change in the initial netns
state()
{
	nhrp map save && nhrp mcast show && ip -d link && ip addr show
}

# underlay_gone: from the initial netns
underlay_gone()
{
	local n

	for n in m1 m2 m3 m4 m5 m6 m7 under; do
		[ ! -e "/sys/class/net/$n" ] || try ip link del "$n"
	done
}

as_nobody()
{
	local status=0 name

	at_exit underlay_gone
	try ip -batch "$tmp/underlay" &&
	try "$tmp/netlink" setup &&
	try nhrp -batch - <<-END || return
		map add 10.0.0.1 nbma 198.51.100.10 dev m1
		map add 10.0.1.0/24 nbma 198.51.100.11 dev m2 type dynamic multicast
		map add 2001:db8:a::1 nbma 2001:db8:100::10 dev m3
		mcast add 224.0.0.1 nbma 198.51.100.12 dev m5
	END
	busywait 30 grep -qv down /sys/class/net/m7/operstate || return
	state >"$tmp/state.before"
	"${NOBODY[@]}" timeout 3600 "$tmp/netlink" run -d -s $((SEED + 2)) \
		-n $((MESSAGES / 3)) -t "$LIMIT" >"$tmp/run.1" 2>&1 || status=$?
	state >"$tmp/state.after"
	run_ok "the run" $status
	try diff "$tmp/state.before" "$tmp/state.after"
	for name in mapping-{new,del,flush,batch} mcast-{new,del} link-{new,set,del}; do
		note_command "$name"
		assert_eq "$name" "${RESULT[accepted.$name]}" 0
		assert_test "$name refused" "${RESULT[refused.$name]}" -gt 0
	done
	for name in mapping-{get,dump} peer-dump stats-{get,dump} mcast-dump \
		    link-{get,dump}; do
		note_command "$name"
		assert_test "$name" "${RESULT[accepted.$name]}" -gt 0
	done
	# That the state would show a change:
	try nhrp map add 10.0.0.2 nbma 198.51.100.10 dev m1
	refuse cmp -s "$tmp/state.before" <(state)
	underlay_gone
}

# together_start: packets into the devices, and out of them
together_start()
{
	local number pid

	bg_on pid "$ATTACKER" timeout 3600 "$tmp/fuzz" rcv bad "$SEED" 1000000000 \
		"${TARGETS[@]}" >"$tmp/sent"
	PACKETS=("$pid")
	for number in 1 3 5; do
		bg_on pid "$HUB" timeout 3600 "$tmp/fuzz" xmit "m$number" "$SEED" \
			1000000000 "$((number == 3 ? 6 : 4)):$number" >"$tmp/sent.$number"
		PACKETS+=("$pid")
	done
}

# together: three processes, the last of which lets netns come and go
together()
{
	local i pid status
	local -a pids=() options=("" "" "-r 3")

	for i in 0 1 2; do
		# shellcheck disable=SC2086 # words
		bg_on pid "$HUB" timeout 3600 "$tmp/netlink" run -s $((SEED + 3 + i)) \
			-t "$TOGETHER" -o "$tmp/trail.$i" ${options[i]} \
			m1 m2 m3 m4 m5 m6 m7 >"$tmp/run.$i" 2>&1
		pids+=("$pid")
	done
	for i in 0 1 2; do
		status=0
		bg_wait "${pids[i]}" || status=$?
		run_ok "process $i" $status $i
	done
}

# wire_received: packets
wire_received()
{
	# shellcheck disable=SC2016 # awk expands it
	on "$HUB" awk '$1 == "wire:" { print $3 }' /proc/net/dev
}

with_packets()
{
	local pid before after

	before=$(wire_received)
	together_start
	together
	for pid in "${PACKETS[@]}"; do
		try kill -0 "$pid"
		bg_stop "$pid"
	done
	after=$(wire_received)
	note "$((after - before)) packets meanwhile"
	assert_test "packets" $((after - before)) -gt 100
}

nothing_left()
{
	fuzz_net_gone
	mgre_unload || return
	busywait 60 netns_gone || fail "$(netns_count) netns are left"
	memory_end
}

# netns_count: those that there are, beside the first
netns_count()
{
	local slab=/sys/kernel/slab/net_namespace objects

	echo 1 >$slab/shrink
	read -r objects _ <$slab/objects
	echo "$objects"
}

one_netns()
{
	[ "$(netns_count)" -le 1 ]
}

# netns_gone: none is left. The kernel frees the last ones when the next one goes, so
# that one comes and goes here, which is what may be there still.
netns_gone()
{
	ip netns add last-$$ && ip netns del last-$$ && busywait 3 one_netns
}

# sysctl_set NAME=VALUE: until the script ends
sysctl_set()
{
	at_exit sysctl -qw "${1%%=*}=$(sysctl -n "${1%%=*}")"
	try sysctl -qw "$1"
}

need cc nft jq nstat ethtool setpriv unshare
chmod 755 "$tmp"
underlay_commands >"$tmp/underlay"
netlink_program
mgre_load
# Answers are many, and nobody may have no more room for them than this.
sysctl_set net.core.rmem_max=8388608
sysctl_set net.core.netdev_max_backlog=100000
[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] ||
	sysctl_set kernel.unprivileged_userns_clone=1
ktap_plan 8

# The first part also warms up what the kernel keeps for the next time.
fuzz_netns
test_case "messages that once reached something" replay
test_case "a seed says which messages" repeatable
ns_del "$FUZZ"
mgre_unload
memory_begin

mgre_load
fuzz_netns
test_case "root: answers are right" as_root
test_case "root: each command is carried out, and refused" reached
ns_del "$FUZZ"
test_case "root of a user namespace" as_own_root
test_case "no privilege: nothing changes" as_nobody
fuzz_net together
# What comes and goes must not come faster than it goes.
sysctl_set user.max_net_namespaces=32
test_case "several at once, with packets and netns that go" with_packets
test_case "nothing is left" nothing_left
