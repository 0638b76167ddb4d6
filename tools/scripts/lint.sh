#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Check the sources without running them: lint.sh [GATE]... Each gate is one
# test; ends with "N passed, N failed, N skipped". KERNELS names the kernels.

set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1

kernels=${KERNELS:-6.1 6.12}
tree=$(selftests/vm/kernel tree) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# What kbuild says on every build with another compiler or without vmlinux.
kbuild_chatter='^warning: the compiler differs from the one used to build the kernel$'
kbuild_chatter+='|^ +The kernel was built by: |^ +You are using: '
kbuild_chatter+='|^Skipping BTF generation for .* due to unavailability of vmlinux$'

# Written by the kernel's generator, whose style is not checkpatch's.
generated=(nhrp/genl.c nhrp/genl.h include/uapi/linux/nhrp.h)

# Every file of ours, one a line: tracked, and new ones that are not ignored.
# Not empty ones: checkpatch stops with success at the first.
our_files()
{
	git ls-files --cached --others --exclude-standard 2>/dev/null |
		while read -r file; do
			[ -f "$file" ] && [ -s "$file" ] && echo "$file"
		done
}

c_files()
{
	our_files | grep '\.[ch]$'
}

scripts()
{
	our_files | while read -r file; do
		case $file in
		*.sh | selftests/vm/session) echo "$file" ;;
		*.[ch] | *.rst | *.md | *.yaml) ;;
		*) head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b' && echo "$file" ;;
		esac
	done
}

# quiet COMMAND...: succeeds if the command does and prints nothing
quiet()
{
	local status

	"$@" >"$work/quiet" 2>&1
	status=$?
	grep -vE "$kbuild_chatter" "$work/quiet" && status=1
	return "$status"
}

# style PATTERN IGNORED: checkpatch on our files whose name matches, without the
# types of complaint that are IGNORED. The generated ones are left out.
style()
{
	local -a files

	mapfile -t files < <({ c_files; scripts; } | sort -u | grep -E "$1" |
		grep -vxF -f <(printf '%s\n' "${generated[@]}"))
	[ ${#files[@]} -gt 0 ] || return 0
	perl "$tree/scripts/checkpatch.pl" --no-tree --no-summary --strict --terse \
		--show-types --ignore "$2" -f "${files[@]}"
}

checkpatch()
{
	local status=0

	style '^((mgre|nhrp)/([^t]|t[^r])|include/(nhrp|selftest))' FILE_PATH_CHANGES || status=1
	# TRACE_EVENT() is laid out as the kernel's own are, which checkpatch lets
	# pass below include/trace alone.
	style '^(mgre|nhrp)/trace\.h$' PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE || status=1
	# BIT() is not for userspace.
	style '^include/uapi/' BIT_MACRO || status=1
	# The one file that is there to ask for the kernel's version, and to take what
	# one version asks for and another does not.
	style '^include/compat' \
		LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_UNUSED || status=1
	# Userspace: no strscpy(), no macros for attributes, and C's own PRIu64.
	style '^(tools|selftests|Documentation|\.ci)/' \
		STRCPY,PREFER_DEFINED_ATTRIBUTE_MACRO,CAMELCASE,BIT_MACRO || status=1
	return "$status"
}

warnings()
{
	local release

	release=$(selftests/vm/kernel release "$1") || return 1
	rm -rf "build/lint/$release"
	quiet tools/scripts/build.sh "$release" "build/lint/$release" \
		-j"$(nproc)" W=1 KCFLAGS=-Werror
}

# This time with the unit tests, so that they see both.
sparse()
{
	local release

	release=$(selftests/vm/kernel release "$1") || return 1
	quiet tools/scripts/build.sh "$release" "build/lint/$release" \
		-j"$(nproc)" C=2 W=1 KCFLAGS=-Werror MGRE_SELFTEST=y
}

# The tools with warnings as errors, in a copy so as to leave what is built.
tools()
{
	local dir

	rm -rf build/lint/tools
	mkdir -p build/lint/tools
	our_files | grep -E '^(tools|include/uapi)/' |
		xargs -d '\n' cp -p --parents -t build/lint/tools || return 1
	for dir in build/lint/tools/tools/{nhrp,iproute2}; do
		# From the environment: each Makefile adds its own warnings.
		CFLAGS="-O2 -g -Werror" quiet make -s -C "$dir" all || return 1
		# Nor may flags of the command line take away what is needed.
		quiet make -s -C "$dir" CFLAGS=-Werror CPPFLAGS=-DLINT LDLIBS= clean all ||
			return 1
	done
}

# staged TARGET DESTDIR: a copy of ours, with a kernel that has nothing to build
staged()
{
	make -s -C "$work/install" KDIR="$work/install/kernel" PREFIX=/usr DESTDIR="$2" "$1"
}

# A staged install is in one place, wherever the Makefiles are, and goes again.
install_paths()
{
	local dir=$work/install

	mkdir -p "$dir/kernel"
	our_files | grep -E '^(Makefile$|Documentation/man/|tools/|include/uapi/)' |
		xargs -d '\n' cp -p --parents -t "$dir" || return 1
	cat >"$dir/kernel/Makefile" <<-'END'
		kernelrelease: ; @echo lint
		modules: ;
		to = $(INSTALL_MOD_PATH)/lib/modules/lint/updates
		modules_install: ; install -D /dev/null $(to)/mgre.ko
	END
	staged install stage || return 1
	(cd "$dir" && find . -path '*stage/*' -type f | sort >"$work/installed") || return 1
	grep -v '^\./stage/.*/ip/link_mgre\.so$' "$work/installed" | diff - <(printf '%s\n' \
		./stage/lib/modules/lint/updates/mgre.ko ./stage/usr/sbin/nhrp \
		./stage/usr/share/man/man8/{ip-link-mgre,nhrp}.8) || return 1
	staged uninstall stage || return 1
	[ -z "$(find "$dir" -path '*stage/*' -type f)" ] || return 1
	! staged install "two words" 2>"$work/error" &&
		grep -q 'DESTDIR="two words" holds a space' "$work/error"
}

shell()
{
	scripts | xargs -d '\n' shellcheck -x -P SCRIPTDIR
}

man_pages()
{
	local page status=0

	for page in Documentation/man/*.8; do
		quiet groff -man -Tutf8 -ww -z "$page" || status=1
	done
	return "$status"
}

layers()
{
	quiet tools/scripts/layers.sh
}

kernel_doc()
{
	local release script

	release=$(selftests/vm/kernel release "${kernels##* }") || return 1
	script=$(realpath "/lib/modules/$release/source")/scripts/kernel-doc
	c_files | grep -E '^(mgre|nhrp|include)/' |
		grep -vxF -f <(printf '%s\n' "${generated[@]}") |
		xargs -d '\n' perl "$script" -none -Werror
}

# The generated files are what the generator writes today.
generated()
{
	local file status=0

	mkdir -p "$work/generated"
	Documentation/netlink/regen.sh "$tree" "$work/generated" || return 1
	for file in "${generated[@]}"; do
		diff -u "$file" "$work/generated/$file" || status=1
	done
	return "$status"
}

# A test that no list names is never run.
test_list()
{
	diff -u <(make -s -C selftests list | tr ' ' '\n' | sort) \
		<(find selftests -mindepth 1 -maxdepth 1 ! -name run.sh ! -name Makefile \
			! -name settings ! -name vm -printf '%f\n' | sort)
}

count=0
failed=0

# gate NAME FUNCTION [ARGUMENT]...
gate()
{
	local name=$1 verdict="ok"

	shift
	[ "$only" = "" ] || [[ " $only " == *" $1 "* ]] || return 0
	count=$((count + 1))
	if ! "$@" >"$work/gate" 2>&1; then
		verdict="not ok"
		failed=$((failed + 1))
		sed 's/^/# /' "$work/gate"
	fi
	echo "$verdict $count lint: $name"
}

only=$*
gate "checkpatch --strict" checkpatch
for kernel in $kernels; do
	gate "W=1 -Werror on $kernel" warnings "$kernel"
	gate "sparse on $kernel" sparse "$kernel"
done
gate "tools with -Werror" tools
gate "install" install_paths
gate "shellcheck" shell
gate "man pages" man_pages
gate "layers" layers
gate "kernel-doc" kernel_doc
gate "generated files" generated
gate "every test is listed" test_list

if [ "$count" -eq 0 ]; then
	echo "lint: no such gate: $only" >&2
	failed=1
fi
echo "$((count - failed > 0 ? count - failed : 0)) passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
