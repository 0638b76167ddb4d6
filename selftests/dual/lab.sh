# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What lab.py works on; source it behind lib.sh.

# lab_underlay DUT OUT: variables for the two namespaces. Whoever sends has a lladdr,
# there or not.
lab_underlay()
{
	local -n lab_dut=$1 lab_out=$2
	local nbma

	ns_new lab_dut "${1,,}" && ns_ipv6 "$lab_dut" &&
	ns_new lab_out "${2,,}" && ns_ipv6 "$lab_out" || return
	try ip -n "$lab_dut" link add eth0 address 02:00:00:00:00:01 \
		type veth peer name w0 address 02:00:00:00:00:02 netns "$lab_out" &&
	try ip -n "$lab_out" link set w0 up &&
	try ip -n "$lab_dut" -batch - <<-END
		addr add 192.0.2.1/24 dev eth0
		addr add 192.0.2.11/24 dev eth0
		addr add 2001:db8::1/64 dev eth0 nodad
		addr add 2001:db8::11/64 dev eth0 nodad preferred_lft 0
		link set eth0 up
		$(for nbma in 192.0.2.2 192.0.2.77 2001:db8::2 2001:db8::77; do
			echo "neigh add $nbma lladdr 02:00:00:00:00:99 dev eth0" \
				"nud permanent"
		done)
	END
}
