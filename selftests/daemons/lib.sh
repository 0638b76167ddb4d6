# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests with real daemons, beside lib.sh: Debian's FRR and strongSwan, unmodified,
# an instance in each namespace that needs one, configured from the recipes under
# Documentation.

RECIPES=$top/Documentation/recipes

# The kernel's modules may be a mount below /usr, which the new one would hide.
lay_over_usr()
{
	local modules

	modules=/lib/modules/$(uname -r)
	mkdir -p /run/modules
	try mount --bind "$modules" /run/modules &&
		try mount -t overlay -o "ro,lowerdir=$MGRE_DAEMONS/usr:/usr" daemons /usr &&
		try mount --bind /run/modules "$modules"
}

# daemons_lay: the packages' files as if they were installed; this is a VM, or the
# script skips itself
daemons_lay()
{
	[ -d "${MGRE_DAEMONS:-}" ] ||
		skip "no MGRE_DAEMONS: the tree that selftests/vm/daemons prints"
	[ -x /usr/lib/frr/zebra ] || lay_over_usr || return
	if ! grep -q '^frrvty:' /etc/group; then
		echo frrvty:x:992:root >>/etc/group
	fi
	cp -rn "$MGRE_DAEMONS/etc/." /etc
}

# recipe DOCUMENT NAME: print the block of this name in a recipe,
#	.. code-block:: LANGUAGE
#	   :name: NAME
recipe()
{
	awk -v name="$2" '
		/^\.\. code-block::/ { block = 1; inside = 0; next }
		block && /^ +:name: / { inside = $2 == name; next }
		block && /^ +:[a-z-]+:/ { next }
		/^[^ ]/ { block = inside = 0 }
		inside { sub(/^   /, ""); print; lines += NF > 0 }
		END { exit !lines }' "$RECIPES/$1.rst" || fail "no block $2 in $1.rst"
}

# recipe_run DOCUMENT NAME NS: run the commands of a block, as bash, in a namespace
recipe_run()
{
	recipe "$1" "$2" >"$tmp/recipe" &&
		try on "$3" env PATH="$top/tools/nhrp:$PATH" bash -eu "$tmp/recipe"
}

# frr_start NS CONFIG DAEMON...: zebra first; each reads the whole configuration and
# takes what is its own
frr_start()
{
	local ns=$1 config=$2 daemon pid

	shift 2
	mkdir -p "/etc/frr/$ns" "/run/frr/$ns"
	: >"/etc/frr/$ns/vtysh.conf"
	for daemon; do
		bg_on pid "$ns" "/usr/lib/frr/$daemon" -N "$ns" -u root -g root \
			-f "$config" -A 127.0.0.1 -P 0 --log "file:$tmp/$daemon.$ns.log" \
			>"$tmp/$daemon.$ns.out" 2>&1
		FRR_PID[$daemon.$ns]=$pid
		busywait 30 test -S "/run/frr/$ns/$daemon.vty" ||
			fail "$daemon: $(cat "$tmp/$daemon.$ns.out" "$tmp/$daemon.$ns.log")" ||
			return
	done
}
declare -A FRR_PID=()

# frr NS COMMAND...: what vtysh says, of one command each
frr()
{
	local ns=$1 word
	local -a commands=()

	shift
	for word; do
		commands+=(-c "$word")
	done
	on "$ns" vtysh -N "$ns" "${commands[@]}"
}
