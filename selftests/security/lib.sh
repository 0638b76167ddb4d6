# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # lib.sh sets tmp and top; the script reads the rest
#
# The jail, a user namespace whose root has a network namespace of its own, and a
# namespace of ours from which a device has moved there. Source it behind lib.sh.

SECURITY=$top/selftests/security

# jail COMMAND...: as root of the jail. Its pid is in jail_pid.
jail()
{
	"${JAIL[@]}" "$@"
}

# in_jail_netns COMMAND...: as our root in the jail's network namespace
in_jail_netns()
{
	nsenter --net="/proc/$jail_pid/ns/net" "$@"
}

jail_is_there()
{
	[ "$(readlink "/proc/$jail_pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
		grep -q '[0-9]' "/proc/$jail_pid/uid_map"
}

# jail_new: it ends with the script, or with jail_pid
jail_new()
{
	bg jail_pid unshare -Urn sleep infinity
	busywait 20 jail_is_there || fail "no jail" || return
	JAIL=(nsenter --preserve-credentials -U --net -t "$jail_pid")
}

jail_start()
{
	jail_new &&
	try ip -n "$DUT" link set moved0 netns "$jail_pid" &&
	try jail ip -batch - <<-END
		link set lo up
		link add mgre0 type mgre key 1
		link set moved0 up
	END
}

dut()
{
	ns_new DUT &&
	try ip -n "$DUT" -batch - <<-END
		link add out0 type dummy
		addr add 192.0.2.1/24 dev out0
		link set out0 up
		link add mgre0 type mgre local 192.0.2.1 key 1
		link add moved0 type mgre local 192.0.2.1 key 2 ttl 64
	END
}

# ---- packets made by hand

# forge_start: all cases of forge.py, one after the other; it takes its time to start
forge_start()
{
	local seed=${SECURITY_SEED:-$RANDOM}

	lab_underlay DUT2 OUT || return
	note "seed $seed"
	mkdir "$tmp/forged"
	bg_on forge_pid "$DUT2" "${PYTHON[@]}" "$SECURITY/forge.py" "$DUT2" "$OUT" \
		"$tmp/forged" "$seed" >"$tmp/forge.err" 2>&1
}

forged_ended()
{
	[ -e "$tmp/forged/$1" ] || ! kill -0 "${forge_pid:?}"
}

# forged CASE: what forge.py says of it
forged()
{
	busywait 150 forged_ended "$1" || fail "no end of it" || return
	[ -e "$tmp/forged/$1" ] || fail "it died: $(cat "$tmp/forge.err")" || return
	cat "$tmp/forged/$1"
	[ "$(tail -n 1 "$tmp/forged/$1")" = "done" ] || fail "see above"
}

# ---- memory

CG=/sys/fs/cgroup/mgre-$$

# cg_new: a cgroup of its own, whose memory is counted
cg_new()
{
	[ -e /sys/fs/cgroup/cgroup.controllers ] ||
		{ skip "no cgroup2 in /sys/fs/cgroup"; return 1; }
	grep -qw memory /sys/fs/cgroup/cgroup.subtree_control ||
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control ||
		{ skip "no memory controller"; return 1; }
	try mkdir "$CG" && at_exit cg_del
}

# cg_del: it is there until its processes are gone
cg_del()
{
	[ ! -d "$CG" ] || busywait 10 rmdir "$CG" || fail "cannot remove $CG"
}

# in_cg COMMAND...: run it there
in_cg()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	bash -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' bash "$CG" "$@"
}

# cg_stat NAME: KiB of memory.stat
cg_stat()
{
	awk -v name="$1" '$1 == name { print int($2 / 1024) }' "$CG/memory.stat"
}

# kernel_kib: what the kernel has allocated for itself
kernel_kib()
{
	awk '/^(Slab|Percpu|VmallocUsed|KernelStack):/ { sum += $2 } END { print sum }' \
		/proc/meminfo
}
