# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# shellcheck disable=SC2034 # who sources it reads the variables
#
# Shared by the programs here that fetch and build.

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mgre

die()
{
	echo "vm/${0##*/}: $*" >&2
	exit 1
}

# is_flavour SERIES: it names a kernel of ours, 6.12-debug, and no release
is_flavour()
{
	[[ $1 =~ ^6\.[0-9]+-([a-z]+)$ ]] && [ "${BASH_REMATCH[1]}" != base ] &&
		[ -r "$here/config/${BASH_REMATCH[1]}" ]
}

# unpack_package PACKAGE FOLDER: download it into the folder, which is emptied, and
# unpack it there, whole
unpack_package()
{
	local package=$1 into=$2

	command -v apt-get >/dev/null ||
		die "cannot fetch $package: this is no Debian system"
	rm -rf "$into"
	mkdir -p "$into" || exit 1
	echo "vm/${0##*/}: fetching $package" >&2
	(cd "$into" && timeout 900 apt-get -qq -o APT::Sandbox::User=root \
		download "$package" >&2) ||
		die "cannot download $package; try apt-get update, or newer headers"
	dpkg-deb -x "$into"/*.deb "$into" || die "cannot unpack $package"
	rm -f "$into"/*.deb
}
