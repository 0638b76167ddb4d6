#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the tests with the kernel's own kselftest runner, in one VM. Lays them out as
# the install target of the kernel's selftests does.
#
#	kselftest.sh KERNEL [-t mgre:TEST]...	all of them unless named

set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1

kernel=$1
shift
[ $# -gt 0 ] || set -- -c mgre
tree=$(selftests/vm/kernel tree) || exit 1
release=$(selftests/vm/kernel release "$kernel") || exit 1
source=$tree/tools/testing/selftests
dest=build/kselftest/$release

rm -rf "$dest"
mkdir -p "$dest/mgre" || exit 1
cp -r "$source/kselftest" "$source/run_kselftest.sh" "$dest/" || exit 1
for file in settings $(make -s -C selftests list); do
	cp -r "selftests/$file" "$dest/mgre/" || exit 1
done
# What the tests look for beside their own folder
for dir in build include tools selftests Documentation; do
	ln -s "$PWD/$dir" "$dest/" || exit 1
done
for test in $(make -s -C selftests tests); do
	echo "mgre:$test"
done >"$dest/kselftest-list.txt"

selftests/vm/run -k "$kernel" -t 7200 -s 2 -l "$dest/kernel.log" -- env \
	MGRE_DAEMONS="$(selftests/vm/daemons)" "$dest/run_kselftest.sh" "$@" |
	tee "$dest/log"
status=$?
[ "$status" -eq 0 ] || exit "$status"

# The runner's own status does not tell: count its results.
if ! grep -qE '^ok [0-9]+ selftests: mgre: ' "$dest/log" ||
   grep -qE '^not ok [0-9]+ selftests: mgre: ' "$dest/log"; then
	echo "kselftest: failed" >&2
	exit 1
fi
