#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the module for one kernel in a folder of its own, from a copy of the
# sources: build.sh KERNEL OUTPUT [MAKE-ARGUMENT]...
# KERNEL is as in selftests/vm/kernel.

set -u -o pipefail

top=$(realpath "$(dirname "$0")/../..")
headers=$("$top/selftests/vm/kernel" headers "$1") || exit 1
out=$2
shift 2

mkdir -p "$out" || exit 1
# Two runs may want the same folder.
exec 9>"$out/.lock"
flock 9

cd "$top" || exit 1
sources=(Kbuild)
for dir in mgre nhrp include; do
	[ -d "$dir" ] || continue
	mapfile -t found < <(find "$dir" -name '*.[ch]' ! -name '*.mod.c')
	sources+=("${found[@]}")
done
cp -u -p --parents "${sources[@]}" "$out/" || exit 1
# A source that is gone must not go on being found.
while read -r file; do
	[ -e "$top/$file" ] || rm -f "$out/$file"
done < <(cd "$out" && find . -name '*.[ch]' ! -name '*.mod.c')

exec make -s -C "$headers" M="$(realpath "$out")" "$@" modules
