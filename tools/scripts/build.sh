#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the module for one kernel in a folder of its own, from a copy of the
# sources: build.sh RELEASE OUTPUT [MAKE-ARGUMENT]...

set -u -o pipefail

top=$(realpath "$(dirname "$0")/../..")
release=$1
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

exec make -s -C "/lib/modules/$release/build" M="$(realpath "$out")" "$@" modules
