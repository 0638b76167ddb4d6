#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Write the files that are generated from specs/nhrp.yaml, with the generator
# of the kernel source tree in $1 (6.12): regen.sh KERNEL_TREE [OUTPUT_DIR]
#
# The generator wants the spec in a tree that looks like the kernel's, with the
# schema in the folder above it and a MAINTAINERS file at the root.
set -eu

usage()
{
	echo "usage: $0 KERNEL_TREE [OUTPUT_DIR]" >&2
	exit 1
}

case $# in
1|2) ;;
*) usage ;;
esac
kernel=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
out=$(realpath "${2:-$root}")
gen=$kernel/tools/net/ynl/ynl-gen-c.py
spec=Documentation/netlink/specs/nhrp.yaml

if [ ! -f "$gen" ]; then
	echo "$0: no generator at $gen" >&2
	exit 1
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/Documentation/netlink/specs" "$tmp/nhrp" \
	 "$out/nhrp" "$out/include/uapi/linux"
touch "$tmp/MAINTAINERS"
cp "$kernel"/Documentation/netlink/*.yaml "$tmp/Documentation/netlink/"
cp "$root/$spec" "$tmp/$spec"

cd "$tmp"
# Debian's python3 holds python3-yaml and python3-jsonschema, whatever python3
# comes first in PATH.
ynl()
{
	/usr/bin/python3 "$gen" --spec "$spec" "$@"
}
ynl --mode uapi --header -o "$out/include/uapi/linux/nhrp.h"
ynl --mode kernel --header -o "$out/nhrp/genl.h"
ynl --mode kernel --source -o "$out/nhrp/genl.c"
