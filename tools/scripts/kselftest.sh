#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the tests with the kernel's own kselftest runner, in one VM:
# kselftest.sh KERNEL. Lays them out as the install target of the kernel's
# selftests does.

set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1

kernel=$1
tree=$(selftests/vm/kernel tree) || exit 1
release=$(selftests/vm/kernel release "$kernel") || exit 1
source=$tree/tools/testing/selftests
dest=build/kselftest/$release

rm -rf "$dest"
mkdir -p "$dest/mgre" || exit 1
cp -r "$source/kselftest" "$source/run_kselftest.sh" "$dest/" || exit 1
cp -r selftests/*.sh selftests/settings selftests/netlink selftests/tool "$dest/mgre/" || exit 1
for test in $(make -s -C selftests tests); do
	echo "mgre:$test"
done >"$dest/kselftest-list.txt"

selftests/vm/run -k "$kernel" -t 3600 -l "$dest/kernel.log" -- env \
	MGRE_KO="$PWD/build/$release/mgre.ko" NHRP="$PWD/tools/nhrp/nhrp" \
	IP_LIB_DIR="$PWD/tools/iproute2" SPEC="$PWD/Documentation/netlink/specs/nhrp.yaml" \
	"$dest/run_kselftest.sh" -c mgre |
	tee "$dest/log"
status=$?
[ "$status" -eq 0 ] || exit "$status"

# The runner's own status does not tell: count its results.
if ! grep -qE '^ok [0-9]+ selftests: mgre: ' "$dest/log" ||
   grep -qE '^not ok [0-9]+ selftests: mgre: ' "$dest/log"; then
	echo "kselftest: failed" >&2
	exit 1
fi
