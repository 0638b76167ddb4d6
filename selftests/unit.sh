#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unit tests of the cache: a module that is built with them runs them when it
# is loaded, and writes KTAP to the kernel log. See nhrp/selftest.c.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

MGRE_KO=${MGRE_UNIT_KO:-$top/build/$(uname -r)-selftest/mgre.ko}
results=$tmp/results
load_status=

# What the module has said since it was loaded, without the time
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
	dmesg --notime | sed -n 's/^mgre: //p' >"$results"
}

unit_ok()
{
	grep -E '^# ' "$results" | while read -r line; do
		echo "${line#\# }"
	done
	grep -qxE "ok [0-9]+ $1" "$results" ||
		fail "$(grep -E "^(not )?ok [0-9]+ $1" "$results" || echo no result)"
}

# At least a million steps were made, and the module was not refused.
all_ran()
{
	local steps

	steps=$(awk '/ steps, / { n += $2 } END { print n + 0 }' "$results")
	note "$steps steps against the model"
	assert_test "steps against the model" "$steps" -ge 1000000
	assert_eq "status of insmod" "$load_status" 0
}

[ -f "$MGRE_KO" ] || fail "no $MGRE_KO: run make check"
run_units || fail "the module for the unit tests does not load"
mapfile -t units < <(sed -nE 's/^(not )?ok [0-9]+ //p' "$results")
planned=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$results")
[ "${planned:-0}" -gt 0 ] || fail "the module ran no unit tests"

ktap_plan $((planned + 1))
for unit in "${units[@]}"; do
	test_case "$unit" unit_ok "$unit"
done
test_case "a million steps, and all passed" all_ran
