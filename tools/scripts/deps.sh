#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install what a target needs and this machine lacks: deps.sh build|check|lint...
# Asks apt only for packages that dpkg does not have. On another distribution
# it names the packages and stops.

set -u -o pipefail

top=$(realpath "$(dirname "$0")/../..")
kernels=${KERNELS:-6.1 6.12}

build=(gcc make libc6-dev pkg-config libnl-3-dev libnl-genl-3-dev libjson-c-dev)
check=("${build[@]}" perl-base qemu-system-x86 busybox-static cpio kmod xz-utils
	iproute2 procps iputils-ping iperf3 tshark tcpdump nftables ethtool jq socat
	python3-minimal python3-scapy python3-yaml python3-jsonschema)
lint=("${build[@]}" perl sparse shellcheck groff-base python3-minimal python3-yaml
	python3-jsonschema xz-utils iproute2 git)

say()
{
	echo "deps: $*" >&2
}

headers_package()
{
	if "$top/selftests/vm/kernel" flavour "$1"; then
		echo flex bison bc libelf-dev libssl-dev xz-utils
		return
	fi
	case $1 in
	6.1) echo linux-headers-amd64 ;;
	6.12) echo linux-headers-6.12-amd64 ;;
	*) echo "linux-headers-$1" ;;
	esac
}

is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Two runs at a time must not fight over dpkg's lock.
apt()
{
	DEBIAN_FRONTEND=noninteractive timeout 1800 apt-get -qq \
		-o DPkg::Lock::Timeout=600 "$@" </dev/null >&2
}

install_packages()
{
	local -a install=(install -y --no-install-recommends)

	say "installing $*"
	apt "${install[@]}" "$@" 2>/dev/null && return
	apt update && apt "${install[@]}" "$@"
}

# The archive keeps few kernels: the image that belongs to old headers may be
# gone, then newer headers are the way out.
fetch_kernels()
{
	local kernel package

	for kernel in $kernels; do
		"$top/selftests/vm/kernel" path "$kernel" >/dev/null && continue
		package=$(headers_package "$kernel")
		say "no kernel image for the headers here, asking for the newest $package"
		[ "$(id -u)" -eq 0 ] && install_packages "$package" &&
			"$top/selftests/vm/kernel" path "$kernel" >/dev/null ||
			return 1
	done
}

wanted=()
fetch=
tree=
for group; do
	case $group in
	build) wanted+=("${build[@]}") ;;
	check) wanted+=("${check[@]}") && fetch=1 ;;
	lint) wanted+=("${lint[@]}") && tree=1 ;;
	*)
		say "unknown group $group"
		exit 1
		;;
	esac
done
for kernel in $kernels; do
	read -r -a packages <<<"$(headers_package "$kernel")"
	wanted+=("${packages[@]}")
done

if ! command -v dpkg-query >/dev/null || ! grep -qs '^ID=debian$' /etc/os-release; then
	say "not a Debian system; install what Debian calls: ${wanted[*]}"
	exit 1
fi

missing=()
for package in "${wanted[@]}"; do
	is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" -ne 0 ]; then
		say "as root: apt-get install --no-install-recommends ${missing[*]}"
		exit 1
	fi
	if ! install_packages "${missing[@]}"; then
		say "could not install ${missing[*]}"
		exit 1
	fi
fi
if [ "$fetch" ] && ! { fetch_kernels && "$top/selftests/vm/daemons" >/dev/null; }; then
	exit 1
fi
if [ "$tree" ]; then
	"$top/selftests/vm/kernel" tree >/dev/null || exit 1
fi
