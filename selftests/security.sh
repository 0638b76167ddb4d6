#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What others may not: users without privilege, root of user namespaces, and who can
# put packets into the underlay. And what nobody gets: more memory than is his, and
# octets of the kernel's.
#
#	namespace DUT			   the jail: a user and a network namespace
#	  mgre0 (local 192.0.2.1)	     mgre0, its own
#	  out0 192.0.2.1/24 (dummy)	     moved0, whose underlay is in DUT
#
#	namespaces DUT2 and OUT: those of dual/lab.py, for packets made by hand

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=security/lib.sh
. "$(dirname "$0")/security/lib.sh"
# shellcheck source-path=SCRIPTDIR source=dual/lab.sh
. "$(dirname "$0")/dual/lab.sh"

# Mappings; of other things in proportion
MANY=$((slow ? 5000 : 40000))

# ---- privilege

commands_in_dut()
{
	on "$DUT" timeout $((slow ? 400 : 100)) "${PYTHON[@]}" "$SECURITY/privilege.py" table
}

commands_in_jail()
{
	jail timeout $((slow ? 400 : 100)) "${PYTHON[@]}" "$SECURITY/privilege.py" jailed
}

# link_state NS: of all its links
link_state()
{
	ip -n "$1" -d -j link show
}

# may_not WHO COMMAND...: it is refused for want of privilege
may_not()
{
	local who=$1 out status=0

	shift
	out=$("$@" 2>&1) || status=$?
	if [ $status -eq 0 ] || [[ $out != *"not permitted"* && $out != *"no privilege"* ]]; then
		fail "$who: exit status $status: $*: $out"
	fi
}

# Each way to make, change, rename, move and delete a link of this kind.
link_requests()
{
	cat <<-END
		link add evil0 type mgre key 9
		link add evil0 type mgre local 192.0.2.1
		link change mgre0 type mgre ttl 9
		link change mgre0 type mgre key 9
		link set mgre0 mtu 1300
		link set mgre0 down
		link set mgre0 name evil0
		link set mgre0 netns 1
		link del mgre0
	END
}

links()
{
	local before words

	before=$(link_state "$DUT")
	while read -r words; do
		# shellcheck disable=SC2086 # words
		{
			may_not nobody on "$DUT" setpriv --reuid 65534 \
				--regid 65534 --clear-groups ip $words
			may_not "root of a user namespace" on "$DUT" unshare -Ur \
				ip $words
			may_not "without CAP_NET_ADMIN" on "$DUT" setpriv \
				--inh-caps=-net_admin --bounding-set=-net_admin \
				ip $words
			may_not "without CAP_NET_ADMIN, in the jail" jail setpriv \
				--inh-caps=-net_admin --bounding-set=-net_admin \
				ip $words
		}
	done < <(link_requests)
	assert_eq "links" "$(link_state "$DUT")" "$before"
	# and who has the privilege does all of it
	try jail ip link add own0 type mgre local 192.0.2.1 key 9 &&
	try jail ip link change own0 type mgre ttl 9 &&
	try jail ip link set own0 name own1 &&
	try jail ip link del own1
}

# dut_number: what the jail calls DUT, since a device of its is there
dut_number()
{
	jail ip -j link show moved0 | jq '.[0].link_netnsid'
}

# A device whose underlay is here is made by nobody who has no privilege here, though
# this namespace has a number there.
underlay_elsewhere()
{
	local number

	number=$(dut_number)
	may_not "the jail" jail ip link add evil0 link-netnsid "$number" type mgre key 9
	try in_jail_netns ip link add good0 link-netnsid "$number" type mgre key 9
	try jail ip link del good0
}

# What reaches into the namespace of the underlay.
moved_words()
{
	cat <<-END
		local 192.0.2.1
		local 192.0.2.7
		local 2001:db8::1
		dev lo
		key 5
		ttl 9
		tos 0x10
		csum
		nopmtudisc
		nopmtudisc ignore-df
		fwmark 7
		accept known
		protect
		redirect
		queue 1000
		maxmappings 2000000
	END
}

moved_options()
{
	local before words

	before=$(jail ip -d -j link show moved0)
	while read -r words; do
		# shellcheck disable=SC2086 # words
		may_not "the jail" jail ip link change moved0 type mgre $words
	done < <(moved_words)
	assert_eq "moved0" "$(jail ip -d -j link show moved0)" "$before"
	may_not "the jail" jail ip link set moved0 netns 1
	# root does, in the same place
	try in_jail_netns ip link change moved0 type mgre ttl 9
	try in_jail_netns ip link change moved0 type mgre ttl 64
	# and these are the jail's own
	try jail ip link set moved0 mtu 1300
	try jail ip link set moved0 down
	try jail ip link set moved0 up
}

# gre_sent [MARK]: GRE packets that left DUT, or those with this mark
gre_sent()
{
	on "$DUT" nft -j list chain inet security out |
		jq ".nftables[] | select(.rule.comment == \"${1:-all}\") |
			.rule.expr[] | .counter.packets? // empty"
}

# Firewall and traffic control of the underlay's namespace go by the mark. It does not
# cross from namespace to namespace in a packet (skb_scrub_packet()), nor should it
# in a mapping.
moved_mark()
{
	need nft || return
	try on "$DUT" nft -f - <<-END || return
		table inet security {
			chain out {
				type filter hook output priority 0
				ip protocol gre counter comment "all"
				ip protocol gre meta mark 7 counter comment "7"
			}
		}
	END
	try jail ip addr add 10.5.0.1/24 dev moved0
	try jail ip route add 224.0.0.0/4 dev moved0
	try jail "$NHRP" map add 10.5.0.2 nbma 192.0.2.2 dev moved0
	jail "$NHRP" map add 10.5.0.3 nbma 192.0.2.3 dev moved0 mark 7
	jail "$NHRP" map add 10.5.0.4 nbma 192.0.2.4 dev moved0 mark 7 multicast
	printf 'map add 10.5.0.5 nbma 192.0.2.5 dev moved0 mark 7\n' |
		jail "$NHRP" -batch -
	# shellcheck disable=SC2016 # the inner shell expands it
	jail bash -c 'for addr; do echo 1 >"/dev/udp/$addr/9"; done' bash \
		10.5.0.2 10.5.0.3 10.5.0.4 10.5.0.5 224.0.0.5
	assert_test "sent" "$(gre_sent)" -ge 1
	assert_eq "sent with the mark" "$(gre_sent 7)" 0
	on "$DUT" nft delete table inet security
	# it is root's to use
	jail "$NHRP" map flush dev moved0
	try in_jail_netns "$NHRP" map add 10.5.0.3 nbma 192.0.2.3 dev moved0 mark 7
	jail "$NHRP" map flush dev moved0
}

# hears VAR FILE COMMAND...: listens by COMMAND
hears()
{
	local var=$1 file=$2

	shift 2
	bg "$var" "$@" "${PYTHON[@]}" "$SECURITY/privilege.py" hears >"$file" 2>&1
	try busywait 30 grep -q listens "$file" || cat "$file"
}

# Who listens to all namespaces that have a number in his hears those where he is
# privileged.
all_namespaces()
{
	local pid root

	hears pid "$tmp/jail" "${JAIL[@]}" || return
	hears root "$tmp/root" nsenter --net="/proc/$jail_pid/ns/net" || return
	try nhrp -n "$DUT" map add 10.0.0.77 nbma 192.0.2.2 dev mgre0
	try busywait 10 grep -q heard "$tmp/root" || cat "$tmp/root"
	# what is sent later is heard later
	try jail "$NHRP" map add 10.0.0.78 nbma 192.0.2.2 dev mgre0
	try busywait 10 grep -q heard "$tmp/jail" || cat "$tmp/jail"
	try nhrp -n "$DUT" map del 10.0.0.77 dev mgre0
	try jail "$NHRP" map del 10.0.0.78 dev mgre0
	# new and delete of its own, and no more
	try busywait 10 heard "$tmp/jail" 2
	try busywait 10 heard "$tmp/root" 4
	assert_eq "heard in the jail" "$(grep -c 'heard [0-9]' "$tmp/jail")" 2
	bg_stop "$pid" || :
	bg_stop "$root" || :
}

heard()
{
	[ "$(grep -c 'heard [0-9]' "$1")" -ge "$2" ]
}

# ---- memory of the kernel

leaks()
{
	on "$DUT" timeout $((slow ? 400 : 100)) "${PYTHON[@]}" "$SECURITY/leaks.py" "$@"
}

leak0()
{
	try ip -n "$DUT" -batch - <<-END
		link add leak0 type mgre local 192.0.2.1 local 2001:db8::1 key 4
		link set leak0 up
		addr add 10.9.0.1/24 dev leak0
	END
}

# ---- memory of a user

# Each prints so many lines.
many_mappings()
{
	awk -v count="$1" 'BEGIN { for (i = 256; i < count + 256; i++) {
		host = int(i / 65536) "." int(i / 256) % 256 "." i % 256
		print "map add 10." host " nbma 100." host " dev mgre0" } }'
}

many_members()
{
	awk -v count="$1" 'BEGIN { for (i = 256; i < count + 256; i++)
		print "mcast add 239." int(i / 65536) "." int(i / 256) % 256 "." \
			i % 256 " nbma 100.64.0." int(i / 512) " dev mgre0" }'
}

many_devices()
{
	awk -v count="$1" -v kind="$2" 'BEGIN { for (i = 0; i < count; i++)
		print "link add many" i " type " kind " key " i + 10 }'
}

# charged WHAT COMMAND...: what root of a jail has a command do, by the lines on stdin,
# is charged to the cgroup that he is in; sets charged_kib, and spare_kib to what the
# kernel has taken besides. (To go on until the limit of a cgroup is reached has the
# kernel print a call trace, for which the log would be found faulty.)
charged()
{
	local what=$1 before all

	shift
	jail_end
	cg_del
	cg_new && jail_new &&
	try jail ip link add mgre0 type mgre key 1 || return
	before=$(kernel_kib)
	try in_cg "${JAIL[@]}" "$@" || return
	all=$(($(kernel_kib) - before))
	charged_kib=$(($(cg_stat slab) + $(cg_stat percpu) + $(cg_stat vmalloc)))
	spare_kib=$((all - charged_kib))
	note "$what: $charged_kib KiB charged, $spare_kib KiB more"
}

# jail_end: with all that is in it
jail_end()
{
	[ -z "$jail_pid" ] || bg_stop "$jail_pid" KILL
	jail_pid=
}

# The memory comes back, and with it the cgroup goes.
charged_end()
{
	jail_end
	busywait 30 uncharged || fail "$(cg_stat slab) KiB of slab stay"
	cg_del
}

uncharged()
{
	[ "$(cg_stat slab)" -lt 512 ]
}

# 136 octets for a mapping and 112 for its peer. The buckets of their tables are the
# one thing that cannot be charged (rhashtable has a worker allocate them).
mappings_charged()
{
	charged "$MANY mappings" "$NHRP" -batch - < <(many_mappings "$MANY") || return
	assert_test "KiB charged" "$charged_kib" -ge $((MANY * 248 / 1024))
	assert_test "KiB besides" "$spare_kib" -le $((MANY * 64 / 1024 + 2048))
	charged_end
}

# A group and its member, 512 for each peer
members_charged()
{
	local count=$((MANY / 5))

	charged "$count members" "$NHRP" -batch - < <(many_members $count) || return
	assert_test "KiB charged" "$charged_kib" -ge $((count * 160 / 1024))
	assert_test "KiB besides" "$spare_kib" -le $((count * 64 / 1024 + 2048))
	charged_end
}

# What the core and sysfs take for a device is much, and not all of it is charged: no
# more than for one of ip_gre.
devices_charged()
{
	local count=$((MANY / 200)) spare charged

	modprobe -q ip_gre || { skip "no ip_gre"; return; }
	charged "$count devices of gre" ip -batch - < <(many_devices $count gre) ||
		return
	spare=$spare_kib
	charged=$charged_kib
	charged_end
	charged "$count devices of mgre" ip -batch - < <(many_devices $count mgre) ||
		return
	assert_test "KiB charged" "$charged_kib" -ge $((charged + count * 4))
	assert_test "KiB besides" "$spare_kib" -le $((spare + count * 4 + 1024))
	charged_end
}

waiting_bounded()
{
	local status=0

	[ ! "$slow" ] || { skip "truesize is not what a kernel for debugging takes"; return; }
	try ip -n "$DUT" link change leak0 type mgre queue 1000 || return
	on "$DUT" timeout 100 "${PYTHON[@]}" "$SECURITY/waiting.py" leak0 \
		>"$tmp/waiting" 2>&1 || status=$?
	cat "$tmp/waiting"
	note "$(sed -n 's/^# //p' "$tmp/waiting")"
	return $status
}

# ---- run

need python3 jq setpriv unshare nsenter awk
python3 -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("scapy"))' ||
	skip "no python3-scapy"
mgre_load
export NHRP
forge_start
dut
jail_start
leak0

ktap_plan 23
test_case "commands and groups, each by who may" commands_in_dut
test_case "commands and groups in a user namespace's own netns" commands_in_jail
test_case "links, each request by who may" links
test_case "a device with its underlay elsewhere is not made" underlay_elsewhere
test_case "a moved device keeps its options" moved_options
test_case "a moved device does not mark packets of its underlay" moved_mark
test_case "events of other namespaces" all_namespaces
test_case "the comparison of what leaks can fail" leaks self
test_case "nothing leaks by requests" leaks netlink leak0
test_case "nothing leaks by events" leaks events leak0
test_case "nothing leaks by the device" leaks device leak0
test_case "nothing leaks by redirects" forged redirects_told
test_case "outer sources that no host has" forged sources
test_case "outer destinations that are no host's" forged destinations
test_case "inner sources that no host has" forged inner_sources
test_case "GRE in GRE in GRE" forged nested
test_case "errors that quote too little" forged quotes_cut
test_case "errors that quote nonsense" forged quotes_nonsense
test_case "errors that quote what is not ours" forged quotes_not_ours
test_case "the memory of mappings is charged" mappings_charged
test_case "the memory of members is charged" members_charged
test_case "the memory of devices is charged" devices_charged
test_case "the memory of packets that wait is bounded" waiting_bounded
