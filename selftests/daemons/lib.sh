# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sets top and tmp
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

# recipe DOCUMENT NAME [SED]: print the block of this name in a recipe, edited by sed
#	.. code-block:: LANGUAGE
#	   :name: NAME
recipe()
{
	awk -v name="$2" '
		/^\.\. code-block::/ { block = 1; inside = 0; next }
		block && /^ +:name: / { inside = $2 == name; next }
		block && /^ +:[a-z-]+:/ { next }
		/^[^ ]/ { block = inside = 0 }
		inside && (NF || lines) { sub(/^   /, ""); print; lines++ }
		END { exit !lines }' "$RECIPES/$1.rst" >"$tmp/block" ||
		fail "no block $2 in $1.rst" || return
	sed "${3:-}" "$tmp/block"
}

# recipe_run DOCUMENT NAME NS [SED]: run the commands of a block, as bash, in a namespace
recipe_run()
{
	recipe "$1" "$2" "${4:-}" >"$tmp/recipe" &&
		try on "$3" env PATH="$top/tools/nhrp:$PATH" bash -eu "$tmp/recipe"
}

# recipe_shows DOCUMENT NAME NS [SED]: the command of a block, "# COMMAND", prints the
# lines that stand below it, in any order and among others. "..." in a line stands for
# anything, and one blank for any number of them. What it printed is in $tmp/shown.
recipe_shows()
{
	recipe "$1" "$2" "${4:-}" >"$tmp/shows" || return
	sed -n "1s/^# //p" "$tmp/shows" | sed "s/^vtysh/timeout 20 & -N $3/" >"$tmp/recipe"
	sed -i 1d "$tmp/shows"
	on "$3" env PATH="$top/tools/nhrp:$PATH" bash -eu "$tmp/recipe" >"$tmp/shown" 2>&1
	awk '
		{ gsub(/[ \t\r]+/, " "); sub(/^ /, ""); sub(/ $/, "") }
		NR == FNR && !NF { next }
		NR == FNR {
			gsub(/[][\\.*+?(){}|^$]/, "\\\\&")
			gsub(/ ?\\.\\.\\. ?/, ".*")
			want["^" $0 "$"]
			next
		}
		{ for (line in want) if ($0 ~ line) delete want[line] }
		END { for (line in want) { print "not shown: " line; bad = 1 }; exit bad }' \
		"$tmp/shows" "$tmp/shown"
}

# frr_launch NS CONFIG DAEMON: without waiting for it
frr_launch()
{
	local ns=$1 config=$2 daemon=$3 pid

	mkdir -p "/etc/frr/$ns" "/run/frr/$ns"
	: >"/etc/frr/$ns/vtysh.conf"
	rm -f "/run/frr/$ns/$daemon.vty"
	bg_on pid "$ns" "/usr/lib/frr/$daemon" -N "$ns" -u root -g root \
		-f "$config" -A 127.0.0.1 -P 0 --log "file:$tmp/$daemon.$ns.log" \
		>"$tmp/$daemon.$ns.out" 2>&1
	FRR_PID[$daemon.$ns]=$pid
}
declare -A FRR_PID=()

# frr_ready NS DAEMON...: wait until they answer vtysh
frr_ready()
{
	local ns=$1 daemon

	shift
	for daemon; do
		busywait 60 test -S "/run/frr/$ns/$daemon.vty" ||
			fail "$daemon: $(cat "$tmp/$daemon.$ns.out" "$tmp/$daemon.$ns.log")" ||
			return
	done
}

# frr_start NS CONFIG DAEMON...: zebra first, which the others look for once and then
# not for seconds; each reads the whole configuration and takes what is its own
frr_start()
{
	local ns=$1 config=$2 daemon

	shift 2
	if [ "$1" = zebra ]; then
		frr_launch "$ns" "$config" zebra
		frr_ready "$ns" zebra || return
		shift
	fi
	for daemon; do
		frr_launch "$ns" "$config" "$daemon"
	done
	frr_ready "$ns" "$@"
}

ended()
{
	! kill -0 "$1" 2>/dev/null
}

# frr_stop NS DAEMON...: in this order. One that does not go when it is told is killed.
frr_stop()
{
	local ns=$1 daemon pid

	shift
	for daemon; do
		pid=${FRR_PID[$daemon.$ns]}
		kill "$pid" 2>/dev/null
		busywait 30 ended "$pid" || note "$daemon did not end by itself"
		bg_stop "$pid" KILL || :
		unset "FRR_PID[$daemon.$ns]"
	done
}

# frr NS COMMAND...: what vtysh says, of one command each
frr()
{
	local ns=$1 word
	local -a commands=()

	shift
	for word; do
		commands+=(-c "$word")
	done
	on "$ns" timeout 20 vtysh -N "$ns" "${commands[@]}"
}
