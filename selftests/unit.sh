#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unit tests: a module that is built with MGRE_SELFTEST=y runs them when it is
# loaded, and the kernel log says in KTAP what came of them. A kernel that has
# KUnit runs them by that, others by what mgre/selftest.c has for it. Every case
# is a test here.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

MGRE_KO=${MGRE_UNIT_KO:-$top/build/$(uname -r)-selftest/mgre.ko}
results=$tmp/results
mkdir "$tmp/cases"
load_status=

# A kernel for debugging makes fewer steps.
steps_wanted=1000000
[[ $(uname -r) != *-mgre-* ]] || steps_wanted=50000

# What the kernel has said since the module was loaded, without the time
run_units()
{
	local depends

	depends=$(modinfo -F depends "$MGRE_KO" | tr , ' ')
	# shellcheck disable=SC2086 # a list of words
	[ -z "$depends" ] || modprobe -a $depends || return
	dmesg --clear
	load_status=0
	insmod "$MGRE_KO" || load_status=$?
	at_exit mgre_unload
	dmesg --notime >"$results"
}

# The plans and results of the suites, each with its cases indented below it: prints
# "SUITE CASE" for every case that has a result, and the number of those planned.
# What has been said about a case goes to a file of its name, with the result last.
split_units()
{
	awk -v dir="$tmp/cases" '
		/^    # Subtest: / { suite = $3; text = ""; next }
		/^    1\.\.[0-9]+$/ { sub(/^ *1\.\./, ""); planned += $0; next }
		/^    (not )?ok [0-9]+ / {
			name = $1 == "ok" ? $3 : $4
			print text $0 >(dir "/" suite "." name)
			print suite, name
			text = ""
			next
		}
		/^    / { text = text $0 "\n" }
		END { print "planned", planned + 0 }' "$results"
}

unit_ok()
{
	local said=$tmp/cases/$1.$2

	sed 's/^ *\(# \)\?//' "$said"
	case $(tail -n 1 "$said") in
	*" # SKIP "*) skip "$(sed -n '$s/.* # SKIP //p' "$said")" ;;
	"    ok "*) ;;
	*) fail "$1.$2 has failed" ;;
	esac
}

# No case is missing, enough steps were made, and the module was not refused.
all_ran()
{
	local steps

	steps=$(sed -n 's/.* \([0-9]*\) steps, .*/\1/p' "$results" |
		awk '{ n += $1 } END { print n + 0 }')
	note "$steps steps against the model"
	assert_eq "cases with a result" "${#units[@]}" "$planned"
	assert_test "steps against the model" "$steps" -ge "$steps_wanted"
	assert_eq "status of insmod" "$load_status" 0
}

[ -f "$MGRE_KO" ] || fail "no $MGRE_KO: run make check"
run_units || fail "the module for the unit tests does not load"
mapfile -t units < <(split_units)
planned=${units[-1]#planned }
unset 'units[-1]'
! grep -qx "kunit: disabled" "$results" ||
	skip "KUnit is off: boot with kunit.enable=1"
[ "$planned" -gt 0 ] || fail "the module ran no unit tests"

ktap_plan $((planned + 1))
for unit in "${units[@]}"; do
	test_case "${unit/ /: }" unit_ok "${unit% *}" "${unit#* }"
done
test_case "all cases ran, with $steps_wanted steps, and passed" all_ran
