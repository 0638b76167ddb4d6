#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the tests, each script in a VM of its own on each kernel, and count.
#
#   run.sh [TEST]...	all tests of selftests/Makefile unless named
#
# KERNELS ("6.1 6.12") names the kernels, TEST_TIMEOUT (600) the seconds one
# script may take, nine times as long on a kernel for debugging. RACE_*, FUZZ_*,
# CHURN_*, RECURSION_* and MGRE_TESTS are handed to the scripts, and where the
# daemons are that some of them run. A line "# kernel: WORDS" of a script is for the
# command line of its kernel. A VM has one CPU, which takes a little more than half the
# time, but for a script with a line "# cpus: 2", which is about what CPUs do to each
# other.
# Each kernel's tests run one after the other, the kernels side by side. What the
# scripts print is in build/results/KERNEL/TEST.log.
# A script of which cases fail is repeated, REPEATS (2) of them on a kernel: what
# fails both times fails. What fails once is said above the last line as flaky, for
# somebody to mend: two VMs on two cores are late now and then, which is no news of the
# module. A fault in the kernel log, a VM that dies (but of QEMU, see
# qemu_died) and a script that does not end are never repeated.
# The last line is "N passed, N failed, N skipped"; exit 0 when tests ran and
# none failed. A script that dies, or prints other tests than it planned, is a
# failure of its own.

set -u -o pipefail

top=$(realpath "$(dirname "$0")/..")
cd "$top" || exit 1
kernels=${KERNELS:-6.1 6.12}
seconds=${TEST_TIMEOUT:-600}
repeats=${REPEATS:-2}
results=build/results
running=()
settings=()
for name in "${!RACE_@}" "${!FUZZ_@}" "${!CHURN_@}" "${!RECURSION_@}" "${!MGRE_TESTS@}"; do
	settings+=("$name=${!name}")
done
settings+=("MGRE_DAEMONS=$(selftests/vm/daemons)") || exit 1

# A signal is handed down to what runs: the workers, a worker's VM.
# shellcheck disable=SC2317 # called by the traps below
stop()
{
	[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null
}

# Read KTAP, print the result lines with a label and what failed ones said,
# and judge the script by its exit status. The last line counts.
judge()
{
	awk -v label="$1" -v status="$2" '
		function bad(why) { print label ": not ok " why; failed++ }
		{ sub(/\r$/, "") }
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
		/^1\.\.0/ && /# *SKIP/ { print label ": " $0; skipped++; whole = 1; next }
		/^ok [0-9]/ && /# *SKIP/ { print label ": " $0; skipped++; seen++; next }
		/^ok [0-9]/ { print label ": " $0; passed++; seen++; next }
		/^not ok [0-9]/ { print label ": " $0; failed++; seen++; next }
		/^Bail out!/ { print label ": " $0; next }
		/^# [Tt]otals/ { next }
		/^#/ && status != 0 && status != 4 { print label ": " $0 }
		END {
			if (status == 99)
				bad("the kernel log holds a fault")
			else if (status == 124)
				bad("the script did not end in time, " seen + 0 " tests did")
			else if (status == 125)
				bad("the VM died")
			else if (status == 4 && !seen && !whole) {
				print label ": ok # SKIP the script skipped itself"
				skipped++
			} else if (!seen && !whole)
				bad("the script ran no test, status " status)
			else if (status != 0 && status != 4 && !failed)
				bad("the script ended with status " status)
			else if (status == 0 && failed)
				bad("the script ended with status 0 though tests failed")
			else if (seen && (!planned || seen != plan))
				bad("tests planned: " (planned ? plan : "?") ", run: " seen)
			printf "%d %d %d\n", passed, failed, skipped >"/dev/stderr"
		}'
}

# attempt LOG COMMAND...: run a script to its end; its status in $status.
attempt()
{
	local log=$1

	shift
	"$@" >"$log" 2>"$log.err" </dev/null &
	running=($!)
	wait $!
	status=$?
	running=()
}

# qemu_died LOG: the VM died, and by QEMU's doing. A kernel patches its own code
# (static keys, as tcpdump and nft switch them) by way of int3, and TCG may go on
# with a translation that still has it on one CPU when the other is done. Nothing
# of ours puts an int3 anywhere.
qemu_died()
{
	local kernel_log=${1%.log}.kernel.log

	[ "$status" -eq 125 ] && grep -q 'Oops: int3:' "$kernel_log" &&
		! grep -q 'RIP: 0010:.*\[mgre\]' "$kernel_log"
}

# may_repeat: cases failed, and nothing worse.
may_repeat()
{
	[ "$repeats" -gt 0 ] && [ "$status" -eq 1 ] && grep -q '^not ok [0-9]' "$log"
}

# one LABEL LOG COMMAND...: run a script, judge what it prints.
one()
{
	local label=$1 log=$2 began=$SECONDS deaths=0 status

	shift 2
	attempt "$log" "$@"
	while qemu_died "$log" && [ "$deaths" -lt 2 ]; do
		echo "$label: # QEMU died of a stale int3, once more"
		deaths=$((deaths + 1))
		cp "${log%.log}.kernel.log" "${log%.log}.died$deaths.kernel.log"
		attempt "$log" "$@"
	done
	if may_repeat; then
		judge "$label" "$status" <"$log" 2>/dev/null | grep -v ': ok ' |
			sed "s/^$label: /&# at first: /" | tee "$log.flaky"
		echo "$label: # once more"
		cp "$log" "${log%.log}.first.log"
		repeats=$((repeats - 1))
		attempt "$log" "$@"
		[ "$status" -eq 0 ] || rm "$log.flaky"
	fi
	judge "$label" "$status" <"$log" 2>>"$log.counts"
	[ ! -s "$log.err" ] || sed "s|^|$label: # |" "$log.err"
	echo "$label: # $((SECONDS - began)) s"
}

# said NAME TEST: what the script says of itself
said()
{
	sed -n "s/^# $1: //p" "selftests/$2"
}

# The tests on one kernel. One for debugging is slow.
worker()
{
	local kernel=$1 dir=$results/$1 test limit=$seconds cpus
	local -a more=()

	running=()
	# a subshell begins without those of its parent
	trap 'stop; exit 143' TERM INT HUP
	mkdir -p "$dir"
	if selftests/vm/kernel flavour "$kernel"; then
		limit=$((seconds * 9))
		more+=(KSFT_MACHINE_SLOW=yes)
	fi
	for test in "${tests[@]}"; do
		cpus=$(said cpus "$test")
		one "$kernel ${test%.sh}" "$dir/$test.log" \
			selftests/vm/run -k "$kernel" -t "$limit" -s "${cpus:-1}" \
			-l "$dir/$test.kernel.log" -c "$dir/$test.gcov" \
			-a "$(said kernel "$test")" -- \
			env "${settings[@]}" "${more[@]}" "selftests/$test"
	done
}

tests=()
for test; do
	tests+=("${test%.sh}.sh")
done
if [ $# -eq 0 ]; then
	read -r -a tests <<<"$(make -s -C selftests tests)"
fi
for test in "${tests[@]}"; do
	if [ ! -x "selftests/$test" ]; then
		echo "run.sh: no test selftests/$test" >&2
		missing=$((${missing:-0} + 1))
	fi
done

trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP
rm -rf "$results"
mkdir -p "$results"

if [ $# -eq 0 ]; then
	one "host vm" "$results/vm.log" selftests/vm/selftest.sh "${kernels##* }"
fi
workers=()
for kernel in $kernels; do
	worker "$kernel" &
	workers+=($!)
done
running=("${workers[@]}")
wait
running=()

find "$results" -name '*.flaky' -exec cat {} + | sed 's/ # at first: / # flaky: /'
find "$results" -name '*.counts' -exec cat {} + |
	awk -v missing="${missing:-0}" '
		{ passed += $1; failed += $2; skipped += $3 }
		END {
			if (passed + failed == 0 || missing)
				failed += missing ? missing : 1
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit failed != 0
		}'
