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
 *	accepted as outer destination. A device with neither this nor
 *	@IFLA_MGRE_LOCAL6 takes the source from the route and accepts any local
 *	address of both families; one with either carries that family alone, one
 *	with both carries both. 0.0.0.0 is none
 * @IFLA_MGRE_LINK: u32, ifindex of the underlay interface in the netns of the
 *	underlay, 0 (default) for any
 * @IFLA_MGRE_KEY: __be32, GRE key (RFC 2890); without it no key is sent and
 *	only packets without one are accepted
 * @IFLA_MGRE_TTL: u8, outer TTL, 0 (default) inherits the payload's
 * @IFLA_MGRE_TOS: u8, outer DS field; the value 1 (bit 0, as in ip_gre)
 *	inherits the payload's; default 0
 * @IFLA_MGRE_PMTUDISC: u8, 1 (default) never has the underlay fragment what is
 *	not to be fragmented in the overlay, and sets DF in the outer IPv4
 *	header; 0 copies DF from the payload
 * @IFLA_MGRE_MAXMAPPINGS: u32, limit of mappings of the device
 * @IFLA_MGRE_QUEUE: u32, number of packets that wait for the resolution of one
 *	address, 0 to 1024, default 16
 * @IFLA_MGRE_LOCAL6: struct in6_addr, outer IPv6 source address, as
 *	@IFLA_MGRE_LOCAL. :: is none. A device that is made with it alone has
 *	link-layer addresses of 16 octets, every other of 4
 * @IFLA_MGRE_CSUM: u8, 1 sends GRE checksums (RFC 2784), 0 (default) does not.
 *	Received ones are verified in any case
 * @IFLA_MGRE_IGNORE_DF: u8, 1 takes no notice of DF in the payload, 0 (default)
 *	does; with @IFLA_MGRE_PMTUDISC 0 only
 * @IFLA_MGRE_FWMARK: u32, mark that the underlay route is looked up with
 * @IFLA_MGRE_RESOLVER: u8, enum mgre_resolver; cannot change
 * @IFLA_MGRE_ACCEPT: u8, enum mgre_accept
 * @IFLA_MGRE_REDIRECT: u8, 1 tells group "redirect" of family "nhrp" of packets
 *	that came in by the device and leave by it to another peer, 0 (default)
 *	does not
 * @IFLA_MGRE_PROTECT: u8, 1 sends and receives nothing but what IPsec protects
 *	(ESP or AH), 0 (default) what policies say
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
	IFLA_MGRE_LOCAL6,
	IFLA_MGRE_CSUM,
	IFLA_MGRE_IGNORE_DF,
	IFLA_MGRE_FWMARK,
	IFLA_MGRE_RESOLVER,
	IFLA_MGRE_ACCEPT,
	IFLA_MGRE_REDIRECT,
	IFLA_MGRE_PROTECT,
	/* private: */
	__IFLA_MGRE_MAX
};

#define IFLA_MGRE_MAX (__IFLA_MGRE_MAX - 1)

/**
 * enum mgre_resolver - who resolves the next hops of the overlay
 * @MGRE_RESOLVER_CACHE: the NHRP cache alone; the device is point-to-point and
 *	has no ARP, so that the neighbour table holds next to nothing of it
 * @MGRE_RESOLVER_NEIGH: the neighbour table, whose link-layer addresses are NBMA
 *	addresses, as daemons written for ip_gre fill it; the cache where a
 *	neighbour has none
 */
enum mgre_resolver {
	MGRE_RESOLVER_CACHE,
	MGRE_RESOLVER_NEIGH,
};

/**
 * enum mgre_accept - whose packets are received
 * @MGRE_ACCEPT_ANY: everybody's
 * @MGRE_ACCEPT_KNOWN: those of peers, which are the NBMA addresses that a
 *	mapping points to; of others NHRP (EtherType 0x2001) alone
 */
enum mgre_accept {
	MGRE_ACCEPT_ANY,
	MGRE_ACCEPT_KNOWN,
};

#endif /* _UAPI_LINUX_MGRE_H */
