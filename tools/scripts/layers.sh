#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Includes point downward only: the driver (mgre/) uses the cache (nhrp/), both
# use include/, userspace uses include/uapi/ alone. Tests of the kernel's
# version stand in include/compat.h alone. Exit 1 and say where this is broken.

set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0

# forbid RULE PATTERN FILE...
forbid()
{
	rule=$1
	pattern=$2
	shift 2
	found=$(grep -nE "$pattern" /dev/null "$@") || return
	echo "$found" | sed "s|^|$rule: |"
	bad=1
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]'

# shellcheck disable=SC2046 # no file name of ours has a space
{
	forbid "the cache knows no driver" "$include.*mgre" \
		$(find nhrp include -name 'nhrp*' -name '*.[ch]') \
		$(find nhrp -name '*.[ch]')
	forbid "private headers stay in their folder" "$include(.*/)?nhrp/" \
		$(find mgre include -name '*.[ch]')
	forbid "userspace sees uapi headers alone" \
		"$include.*(compat\.h|include/(nhrp|mgre)|/(mgre|nhrp)/)" \
		$(find tools -name '*.[ch]')
	forbid "uapi headers stand alone" "$include\"" \
		$(find include/uapi -name '*.h')
	forbid "kernel versions only in include/compat.h" \
		'LINUX_VERSION_CODE|KERNEL_VERSION|linux/version\.h|UTS_RELEASE' \
		$(find mgre nhrp include -name '*.[ch]' ! -path include/compat.h) \
		$(find . -maxdepth 1 -name Kbuild)
}
exit $bad
