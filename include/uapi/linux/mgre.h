/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Multipoint GRE devices: rtnetlink attributes of kind "mgre".
 *
 * They nest in IFLA_LINKINFO / IFLA_INFO_DATA. In RTM_NEWLINK an attribute
 * that is absent keeps its default on creation and its value on change.
 */

#ifndef _UAPI_LINUX_MGRE_H
#define _UAPI_LINUX_MGRE_H

/**
 * enum - options of an mgre device
 * @IFLA_MGRE_UNSPEC: not used
 * @IFLA_MGRE_LOCAL: __be32, outer IPv4 source address and the only one that is
 *	accepted as outer destination; 0.0.0.0 (default) takes the source from
 *	the route and accepts any local address
 * @IFLA_MGRE_LINK: u32, ifindex of the underlay interface in the netns of the
 *	underlay, 0 (default) for any
 * @IFLA_MGRE_KEY: __be32, GRE key (RFC 2890); without it no key is sent and
 *	only packets without one are accepted
 * @IFLA_MGRE_TTL: u8, outer TTL, 0 (default) inherits the payload's
 * @IFLA_MGRE_TOS: u8, outer DS field; the value 1 (bit 0, as in ip_gre)
 *	inherits the payload's; default 0
 * @IFLA_MGRE_PMTUDISC: u8, 1 (default) sets DF in the outer header, 0 copies
 *	it from the payload
 * @IFLA_MGRE_MAXMAPPINGS: u32, limit of mappings of the device
 * @IFLA_MGRE_QUEUE: u32, number of packets that wait for the resolution of one
 *	address, 0 to 1024, default 16
 */
enum {
	IFLA_MGRE_UNSPEC,
	IFLA_MGRE_LOCAL,
	IFLA_MGRE_LINK,
	IFLA_MGRE_KEY,
	IFLA_MGRE_TTL,
	IFLA_MGRE_TOS,
	IFLA_MGRE_PMTUDISC,
	IFLA_MGRE_MAXMAPPINGS,
	IFLA_MGRE_QUEUE,
	/* private: */
	__IFLA_MGRE_MAX
};

#define IFLA_MGRE_MAX (__IFLA_MGRE_MAX - 1)

#endif /* _UAPI_LINUX_MGRE_H */
