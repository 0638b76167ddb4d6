#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything at once, for CHURN_SECONDS (20; 600 is what a release must stand), and
# every CHURN_ROUND (20) seconds of it the module goes and comes again. The loops are
# in churn/churn.py; CHURN_SEED says what they draw. When which one is on depends on
# the scheduler, so that the same seed is not the same run.
#
#   hub, site 0                         router
#  +--------------------+           +-----------+         +--------------------+
#  | mgre0 10.0.0.1/22  |           |           |      s1 | site 1: mgre0      |
#  | eth0 192.0.2.2/24 -+-----------+ s0        +---------+ 198.51.100.2/26    |
#  +--------------------+           |           |         +--------------------+
#   mv0, mv2: underlay              | raw GRE   |         +--------------------+
#   here or there, churn-*          | to the hub|      s2 | site 2: mgre0      |
#   namespaces come and go          |           +---------+ 198.51.100.66/26   |
#                                   +-----------+         +--------------------+
#
# That the kernel's log holds no fault, no object is left behind and no reference
# keeps a namespace is seen by the VM that this runs in (vm/run), and here.
#
# cpus: 2

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

TOTAL=${CHURN_SECONDS:-20}
ROUND=${CHURN_ROUND:-20}
SEED=${CHURN_SEED:-$RANDOM}
CHURN=$top/selftests/churn/churn.py
# Seconds that rmmod may take, with all that it waits for.
UNLOAD_MAX=$((slow ? 160 : 20))

# Of the whole, and of each loop.
rounds=0
declare -A done_rounds=()

# Addresses and routes of the overlay are the loops' own.
devices()
{
	local i j

	for i in 0 1 2; do
		try ip -n "${SITE[i]}" -batch - <<-END || return
			link add mgre0 type mgre local ${NBMA[i]} key $MGRE_KEY ttl 64
			addr add ${OVER[i]}/22 dev mgre0
			link set mgre0 up
			$(for j in 0 1 2; do
				[ $j = $i ] ||
					echo "route add ${LANNET[j]} via ${OVER[j]} dev mgre0"
			done)
		END
		try nhrp -n "${SITE[i]}" -batch - < <(topo_mappings $i) || return
	done
}

# The floods find no device at times, and go on. On a slow machine they would leave no
# time for anything else.
FLOOD=(-f -l 8)
[ ! "$slow" ] || FLOOD=(-i 0.05)
load_pids=()
floods()
{
	local i pid

	for i in "0 1" "1 0" "1 2" "2 1"; do
		bg_on pid "${SITE[${i% *}]}" ping -q -n "${FLOOD[@]}" -s 1000 \
			-I "${LAN[${i% *}]}" "${LAN[${i#* }]}" >/dev/null 2>&1
		load_pids+=("$pid")
	done
}

gre_start()
{
	local pid

	bg_on pid "$ROUTER" "${PYTHON[@]}" "$CHURN" gre "${NBMA[0]}" "$SEED" \
		>"$tmp/gre" 2>&1
	try busywait 60 grep -q sends "$tmp/gre" || cat "$tmp/gre"
	gre_pid=$pid
}

# all_loops SECONDS SEED: once, with what they counted added up
all_loops()
{
	local name count status=0

	"${PYTHON[@]}" "$CHURN" loops "$1" "$2" "${SITE[@]:0:3}" "$ROUTER" \
		>"$tmp/loops" 2>"$tmp/loops.err" || status=$?
	while read -r name count; do
		[[ $count =~ ^[0-9]+$ ]] || continue
		done_rounds[$name]=$((${done_rounds[$name]:-0} + count))
	done <"$tmp/loops"
	[ $status -eq 0 ] || fail "$(cat "$tmp/loops" "$tmp/loops.err")"
}

# The devices are there, packets arrive, and the time is bounded.
unload()
{
	local began=${EPOCHREALTIME/./} name

	try timeout $((UNLOAD_MAX * 3)) rmmod mgre || return
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	assert_test "ms for rmmod" $took -le $((UNLOAD_MAX * 1000))
	for name in /sys/kernel/slab/nhrp_*; do
		# The name of a merged cache is a link, which the kernel leaves.
		[ -L "$name" ] || refuse test -e "$name"
	done
	refuse test -e /sys/module/mgre
}

churn()
{
	local left=$TOTAL seconds slowest=0 name

	note "seed $SEED"
	floods
	gre_start
	while [ "$left" -gt 0 ]; do
		seconds=$((left < ROUND ? left : ROUND))
		all_loops "$seconds" $((SEED + rounds)) || break
		unload || break
		[ "$took" -le "$slowest" ] || slowest=$took
		try mgre_load || break
		devices || break
		rounds=$((rounds + 1))
		left=$((left - seconds))
	done
	note "$rounds rounds, rmmod took $slowest ms at most"
	for name in "${!done_rounds[@]}"; do
		note "$name ${done_rounds[$name]}"
	done
}

progress()
{
	local name

	assert_test "loops" ${#done_rounds[@]} -ge 20
	for name in "${!done_rounds[@]}"; do
		assert_test "rounds of $name" "${done_rounds[$name]}" -ge "$rounds"
	done
	try kill -0 "$gre_pid"
}

# All is as it was: packets pass.
recovers()
{
	local i

	ip -n "${SITE[0]}" addr replace "${NBMA[0]}/24" dev eth0
	ip -n "${SITE[0]}" route replace default via "${GW[0]}"
	for i in 1 2; do
		try busywait 10 reaches "${SITE[0]}" "${OVER[i]}"
		try busywait 10 reaches "${SITE[i]}" "${LAN[0]}" -I "${LAN[i]}"
	done
}

no_device()
{
	! ip -n "$1" link show "$2"
}

# A namespace whose references are not all given back never goes; its veth tells.
namespaces_go()
{
	local i pid

	for pid in "${load_pids[@]}"; do
		bg_stop "$pid" KILL
	done
	assert_eq "namespaces of loops" "$(ip netns list | grep -c ^churn-)" 0
	for i in 0 1 2; do
		ns_del "${SITE[i]}"
		try busywait 30 no_device "$ROUTER" "s$i"
	done
	refuse grep -q 'unregister_netdevice: waiting' <(dmesg)
}

need python3 nft ping
[ "$(nproc)" -ge 2 ] || skip "one CPU alone"
mgre_load
topo_underlay 2
devices
export NHRP

ktap_plan 5
test_case "everything at once" churn
test_case "each loop made progress" progress
test_case "packets pass again" recovers
test_case "namespaces go" namespaces_go
test_case "the module leaves nothing" unload
