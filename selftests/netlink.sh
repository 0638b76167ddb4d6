#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The netlink family, without the tool: what is refused and how, what is done,
# what is told, what is asked for, and dumps that others disturb. The requests
# are made in the folder netlink; each test case is a function of a file there.
#
#	namespace DUT:	mgre0 (local 192.0.2.1, 2001:db8:c::1)  mgre1  six0 (local 2001:db8:c::1)
#			full0 (maxmappings 2)  same0 (index 100)  veth0 -- veth1
#			wire0 10.9.0.1/16 (local also 2001:db8:c::1)
#			brim0 10.11.0.1/24 (maxmappings 1)
#			dummy0 198.51.100.1/24, their underlay
#	namespace PEER:	same0 (index 100)
#
# Nothing is up but wire0 and brim0, and nobody is at the other end of those: a
# mapping needs no packet, and who is asked for one needs no answer.
#
# cpus: 2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

CLIENT=$top/selftests/netlink
SPEC=${SPEC:-$top/Documentation/netlink/specs/nhrp.yaml}
# Where selftests/vm/kernel keeps the parts of the kernel's sources.
YNL=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mgre/linux-source-6.12/tools/net/ynl

# client FILE FUNCTION [ARG]...: in the namespace under test
client()
{
	local file=$1

	shift
	on "$DUT" timeout $((slow ? 400 : 100)) "${PYTHON[@]}" "$CLIENT/$file.py" "$@"
}

# ask FILE FUNCTION [ARG]...: a test case; what it measured is for the reader
ask()
{
	local status=0

	client "$@" >"$tmp/client" 2>&1 || status=$?
	sed -n 's/^# //p' "$tmp/client" | while read -r line; do
		note "$line"
	done
	cat "$tmp/client"
	return "$status"
}

devices()
{
	ns_new DUT || return
	ns_new PEER || return
	try ip -n "$DUT" -batch - <<-END || return
		link add mgre0 type mgre local 192.0.2.1 local 2001:db8:c::1 key 1
		link add mgre1 type mgre key 2
		link add six0 type mgre local 2001:db8:c::1 key 7
		link add full0 type mgre key 3 maxmappings 2
		link add same0 index 100 type mgre key 4
		link add veth0 type veth peer name veth1
	END
	try ip -n "$PEER" link add same0 index 100 type mgre key 4
	wires
}

# Those that carry packets. No device says anything of its own accord.
wires()
{
	try ip -n "$DUT" -batch - <<-END || return
		link add dummy0 type dummy
		addr add 198.51.100.1/24 dev dummy0
		link set dummy0 up
		link add wire0 type mgre local 198.51.100.1 local 2001:db8:c::1 key 5
		link add brim0 type mgre local 198.51.100.1 key 6 maxmappings 1
	END
	try on "$DUT" sysctl -qw net.ipv6.conf.wire0.disable_ipv6=0 \
		net.ipv6.conf.wire0.router_solicitations=0 \
		net.ipv6.conf.wire0.addr_gen_mode=1 || return
	try ip -n "$DUT" -batch - <<-END
		addr add 10.9.0.1/16 dev wire0
		addr add 2001:db8:9::1/64 dev wire0 nodad
		addr add 10.11.0.1/24 dev brim0
		link set wire0 up
		link set brim0 up
		route add 10.10.0.0/16 via 10.9.0.6 dev wire0
		route add 2001:db8:a::/48 via 2001:db8:9::6 dev wire0
	END
}

# A user namespace within our netns: its root has no privilege here
user_namespace()
{
	ask refuse prepare || return
	try on "$DUT" unshare -Ur "${PYTHON[@]}" "$CLIENT/refuse.py" denied
	ask refuse undisturbed
}

# A user namespace with a netns of its own: its root has the privilege there
user_namespace_own()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	try unshare -Urn bash -c '
		ip link add mgre0 type mgre || exit
		"$@" allowed || exit
		exec setpriv --inh-caps=-net_admin --bounding-set=-net_admin \
			"$@" not_allowed
	' bash "${PYTHON[@]}" "$CLIENT/refuse.py"
}

ynl()
{
	[ -e "$YNL/lib/ynl.py" ] ||
		{ skip "no $YNL: run selftests/vm/kernel tree"; return; }
	python3 -c 'import yaml' 2>/dev/null ||
		{ skip "no python3-yaml"; return; }
	ask ynl drive "$YNL" "$SPEC"
}

need python3 setpriv unshare || exit
mgre_load
ktap_plan 63
devices

test_case "refused: addresses and prefixes" ask refuse addresses
test_case "refused: NBMA addresses that no peer can have" ask refuse nbma_addresses
test_case "refused: devices that are not there or not ours" ask refuse devices
test_case "refused: missing attributes" ask refuse missing
test_case "refused: attributes that a request does not take" ask refuse unknown
test_case "refused: malformed attributes" ask refuse form
test_case "refused: types and flags that are the kernel's" ask refuse kinds
test_case "refused: flags" ask refuse flags
test_case "refused: what is there, is not there, is full" ask refuse states
test_case "a full device takes replacements" ask refuse full
test_case "refused: no privilege" ask refuse unprivileged
test_case "refused: privilege in another user namespace" user_namespace
test_case "privilege in a user namespace of one's own" user_namespace_own
test_case "requests and dumps agree with a model" ask state model
test_case "types, flags and values are shown as they were set" ask kinds round_trip
test_case "a request that says no more than it must" ask kinds plain_request
test_case "negative mappings" ask kinds negative
test_case "each type over each other" ask kinds precedence
test_case "unique mappings" ask kinds unique
test_case "prefixes of all lengths" ask kinds prefixes
test_case "from its end on a mapping is not there" ask kinds expired
test_case "each type expires" ask kinds expiry_of_each_type
test_case "a packet marks the mapping that it uses" ask kinds used
test_case "batch: changes in order" ask batch order
test_case "batch: several devices" ask batch devices
test_case "batch: a device for all" ask batch common_device
test_case "batch: no changes" ask batch empty
test_case "batch: stops at the first that is refused" ask batch stops
test_case "batch: a malformed change refuses all" ask batch malformed
test_case "batch: malformed messages" ask batch malformed_messages
test_case "batch: 1,000 changes" ask batch thousand
test_case "resolve: what is asked for a packet" ask resolve event_attributes
test_case "resolve: events are messages of the kernel" ask resolve event_messages
test_case "resolve: refresh" ask resolve refresh
test_case "resolve: who listens elsewhere" ask resolve listeners "$DUT" "$PEER"
test_case "resolve: incomplete entries in dumps" ask resolve shown
test_case "resolve: incomplete entries are deleted and flushed" ask resolve removed
test_case "resolve: answers" ask resolve answered
test_case "resolve: a full device asks" ask resolve full_device
test_case "resolve: nobody answers" ask resolve unanswered
test_case "resolve: given up, deleted and flushed" ask resolve given_up_removed
test_case "resolve: a listener that loses events" ask resolve overrun
test_case "counters of devices" ask resolve stats
test_case "shortcuts" ask resolve shortcut
test_case "a peer counts its mappings" ask state one_peer
test_case "times" ask state times
test_case "events of requests, in order" ask state events
test_case "events are messages of the kernel" ask state event_messages
test_case "events of expiry" ask state event_expiry
test_case "events of a device that goes" ask state event_device
test_case "namespaces do not see each other" ask state netns "$DUT" "$PEER"
test_case "a device that moves to another namespace" ask state moved "$DUT" "$PEER"
test_case "a dump is flagged when a mapping changes" ask dump each_change
test_case "a dump is flagged when a peer changes" ask dump each_peer_change
test_case "a dump is flagged when any of its devices changes" ask dump other_device
test_case "a dump of a device that is deleted" ask dump device_deleted
test_case "a dump is flagged when any of its devices goes" ask dump other_device_deleted
test_case "a dump of a device that moves away" ask dump device_moved "$PEER"
test_case "a dump without the flag is the state of a moment" ask dump moments
test_case "dumps of many mappings while others write" ask dump writers
test_case "dumps of some mappings among those of all kinds" ask dump mixed
test_case "a flush of many mappings lets others write" ask dump flush_many
test_case "the kernel's generic client" ynl
