#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of the VM runner itself, run on the host: a runner that swallows a
# fault would make every other test worthless.
#
#   selftest.sh [KERNEL]	6.12 unless given

set -u
here=$(dirname "$(realpath "$0")")
kernel=${1:-6.12}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
count=0
failed=0

# vm STATUS NAME [OPTION]... -- COMMAND: run it, and expect this exit status.
# Leaves stdout in $work/out and stderr in $work/err.
vm()
{
	local want=$1 name=$2 got

	shift 2
	"$here/run" -k "$kernel" -t 120 -l "$work/log" "$@" >"$work/out" 2>"$work/err"
	got=$?
	if [ "$got" -ne "$want" ]; then
		echo "# exit status $got, not $want"
		sed 's/^/# /' "$work/err"
	fi
	[ "$got" -eq "$want" ]
	result $? "$name"
}

# expect NAME COMMAND...: the command must succeed.
expect()
{
	local name=$1

	shift
	"$@" >/dev/null 2>&1
	result $? "$name"
}

result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count $2"
	else
		failed=$((failed + 1))
		echo "not ok $count $2"
	fi
}

# One line as each kind of fault prints it, and healthy ones.
faults()
{
	cat <<-'END'
	[    1.0] WARNING: CPU: 0 PID: 7 at net/core/dev.c:1 f+0x1/0x2 [mgre]
	[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000
	[    1.0] Oops: 0000 [#1] PREEMPT SMP NOPTI
	[    1.0] Call Trace:
	[    1.0] general protection fault, probably for non-canonical address 0xdead
	[    1.0] BUG: KASAN: slab-use-after-free in f+0x1/0x2
	[    1.0] BUG: KCSAN: data-race in f [mgre] / g [mgre]
	[    1.0] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	[    1.0] WARNING: possible recursive locking detected
	[    1.0] possible circular locking dependency detected
	[    1.0] WARNING: inconsistent lock state
	[    1.0] BUG: scheduling while atomic: ip/7/0x00000200
	[    1.0] BUG: sleeping function called from invalid context at mm/slab.h:1
	[    1.0] WARNING: suspicious RCU usage
	[    1.0] refcount_t: underflow; use-after-free.
	[    1.0] INFO: task ip:7 blocked for more than 120 seconds.
	[    1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [ip:7]
	[    1.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
	[    1.0] rcu: INFO: rcu_preempt self-detected stall on CPU
	[    1.0] unregister_netdevice: waiting for m0 to become free. Usage count = 2
	[    1.0] Kernel panic - not syncing: sysrq triggered crash
	[    1.0] list_del corruption, ffff->next is LIST_POISON1
	[    1.0] BUG nhrp_mapping (Tainted: G): Objects remaining in nhrp_mapping
	END
}

every_fault_is_seen()
{
	local line missed=0

	while read -r line; do
		if "$here/log-scan" <(echo "$line") >/dev/null; then
			echo "# not seen: $line"
			missed=1
		fi
	done < <(faults)
	return "$missed"
}

# race A B: a report of KCSAN, of accesses with such lines in their stacks
race()
{
	local stack

	echo "[    1.0] ======================================================="
	echo "[    1.0] BUG: KCSAN: data-race in f / g"
	for stack; do
		echo "[    1.0] "
		echo "[    1.0] read to 0xffff of 8 bytes by task 7 on cpu 1:"
		printf '[    1.0]  %s\n' "$stack" h+0x1/0x2 i+0x1/0x2 k+0x1/0x2
		echo "[    1.0]  far_away+0x1/0x2 [mgre]"
	done
	echo "[    1.0] "
	echo "[    1.0] Reported by Kernel Concurrency Sanitizer on:"
	echo "[    1.0] ======================================================="
}

# one_race A B [LINE]: the report, with that line inside, is no fault
one_race()
{
	"$here/log-scan" <(race "$1" "$2" | sed "\$i ${3:--}") >/dev/null
}

races()
{
	one_race f+0x1/0x2 g+0x1/0x2 &&
	! one_race f+0x1/0x2 "g+0x1/0x2 [mgre]" &&
	! one_race "f+0x1/0x2 [mgre]" g+0x1/0x2 &&
	! one_race f+0x1/0x2 g+0x1/0x2 "Oops: 0000"
}

echo "KTAP version 1"
echo "1..18"

every_fault_is_seen
result $? "log-scan sees every kind of fault"
races
result $? "a data race is a fault if it is ours"

began=$SECONDS
vm 0 "a command that succeeds" -- true
took=$((SECONDS - began))
expect "the log of a healthy boot has no fault in it" "$here/log-scan" "$work/log"
expect "the log is the kernel's, whole" grep -aq 'reboot: Power down' "$work/log"

vm 37 "the exit status passes through" -- sh -c 'exit 37'
vm 1 "no command is bad usage"
vm 1 "an unknown option is bad usage" --no-such-option -- true

# about 6.9 MB: more than any pipe or queue on the way holds
seq 1000000 >"$work/want"
vm 0 "a large output" -- seq 1000000
expect "a large output arrives whole and in order" cmp "$work/want" "$work/out"

printf 'a\rb\n\000\377\tno newline, "quoted" *' >"$work/want"
vm 0 "bytes and quotes" -- printf '%b' 'a\rb\n\0000\0377\tno newline, "quoted" *'
expect "bytes and quotes pass unchanged" cmp "$work/want" "$work/out"

vm 0 "a process left behind does not hold the VM" -- sh -c 'sleep 1000 & true'

vm 99 "a warning in the kernel log fails a command that succeeds" -- \
	sh -c 'echo "WARNING: CPU: 0 PID: 1 at here" >/dev/kmsg'
expect "the warning is shown" grep -q 'WARNING: CPU: 0 PID: 1 at here' "$work/err"

# Long enough for a machine that is busier by now to come to the command.
vm 124 "a command that hangs is ended" -t $((12 + 3 * took)) -- \
	sh -c 'echo begun; sleep 1000'
expect "its output until then is kept" grep -qx begun "$work/out"

vm 125 "a panic is no success" -- \
	sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 9'

echo "# totals: pass:$((count - failed)) fail:$failed xfail:0 xpass:0 skip:0 error:0"
[ "$failed" -eq 0 ]
