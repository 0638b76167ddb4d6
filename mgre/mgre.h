/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multipoint GRE device (RFC 2784, RFC 2890, RFC 7676).
 *
 * Who may touch what
 * ------------------
 * Configuration changes under rtnl. struct mgre_conf is immutable once it is
 * published; a change publishes a new one and frees the old after a grace
 * period. The data path reads it under RCU, on transmit from mgre_dev::conf,
 * on receive from the demultiplexing table of the underlay's netns.
 *
 * A device leaves the table in mgre_link_dellink(), which every way of removing
 * a device passes; unregister_netdevice_many() then waits for readers before it
 * calls mgre_dev_uninit(), where the cache goes. The underlay netns holds the
 * device by mgre_net::devices and the device does not hold the netns: when the
 * netns goes, mgre_net_exit_batch() removes the devices, wherever they have
 * moved.
 */

#ifndef _MGRE_H
#define _MGRE_H

#include <linux/icmpv6.h>
#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/types.h>
#include <net/gre.h>
#include <net/gro_cells.h>
#include <net/ipv6.h>

#include "../include/nhrp.h"

struct mgre_dev;

/* EtherType of NHRP (RFC 2332, section 5.2), which the kernel does not name. */
#define MGRE_ETH_P_NHRP		0x2001

/* Underlay families, as an index. */
enum {
	MGRE_IP4,
	MGRE_IP6,
	__MGRE_FAMILIES
};

/**
 * struct mgre_underlay - how a device uses one underlay family
 * @node: place in mgre_net::demux, if @carried
 * @conf: what this is part of
 * @local: outer source address and the destination that packets are taken for,
 *	zero for any
 * @carried: it does use it
 */
struct mgre_underlay {
	struct hlist_node node;
	struct mgre_conf *conf;
	struct nhrp_addr local;
	bool carried;
};

/**
 * struct mgre_conf - configuration of a device, as one piece
 * @underlay: by family
 * @mgre: device
 * @key: GRE key, network byte order, if @keyed
 * @fwmark: mark that routes are looked up with
 * @link: ifindex of the underlay interface or its VRF, 0 for any
 * @gre_flags: of the GRE header that is sent
 * @df: IP_DF or 0, network byte order
 * @gre_hlen: octets of the GRE header that is sent
 * @keyed: there is a key
 * @ttl: outer TTL, 0 inherits
 * @tos: outer DS field without ECN
 * @tos_inherit: DS field is the payload's
 * @ignore_df: DF of the payload does not count
 * @accept_known: peers alone are received from
 * @redirect: userspace is told of packets that take a detour
 * @protect: nothing goes or comes without IPsec
 * @rcu: for freeing
 */
struct mgre_conf {
	struct mgre_underlay underlay[__MGRE_FAMILIES];
	struct mgre_dev *mgre;
	__be32 key;
	u32 fwmark;
	int link;
	__be16 gre_flags;
	__be16 df;
	u8 gre_hlen;
	bool keyed;
	u8 ttl;
	u8 tos;
	bool tos_inherit;
	bool ignore_df;
	bool accept_known;
	bool redirect;
	bool protect;
	struct rcu_head rcu;
};

/**
 * mgre_underlay - how a device uses the family of an address
 * @conf: configuration
 * @addr: NBMA address
 *
 * Return: that part of @conf.
 */
static inline const struct mgre_underlay *
mgre_underlay(const struct mgre_conf *conf, const struct nhrp_addr *addr)
{
	return &conf->underlay[addr->family == AF_INET ? MGRE_IP4 : MGRE_IP6];
}

/**
 * mgre_overhead - octets of the outer headers
 * @conf: configuration
 * @family: AF_INET or AF_INET6, of the underlay
 *
 * Return: IP and GRE header together.
 */
static inline unsigned int mgre_overhead(const struct mgre_conf *conf,
					 u8 family)
{
	return conf->gre_hlen + (family == AF_INET ? sizeof(struct iphdr) :
						     sizeof(struct ipv6hdr));
}

/* More than any stack of devices needs; offsets in an skb are 16 bits. */
#define MGRE_MAX_HEADROOM	512

/* The link-layer header is the NBMA address and nothing else; a device that
 * carries both families has those of IPv4.
 */
static inline unsigned int mgre_lladdr_len(const struct mgre_conf *conf)
{
	return conf->underlay[MGRE_IP4].carried ? sizeof(struct in_addr) :
						  sizeof(struct in6_addr);
}

/**
 * mgre_addr_is_unicast - can an address be that of a peer?
 * @addr: address of the underlay
 *
 * Return: false for none, multicast, broadcast, and IPv4 written as IPv6, which
 * must not be on the wire.
 */
static inline bool mgre_addr_is_unicast(const struct nhrp_addr *addr)
{
	if (addr->family == AF_INET)
		return addr->ip4 && !ipv4_is_multicast(addr->ip4) &&
		       !ipv4_is_lbcast(addr->ip4);

	return !ipv6_addr_any(&addr->ip6) &&
	       !ipv6_addr_is_multicast(&addr->ip6) &&
	       !ipv6_addr_v4mapped(&addr->ip6);
}

/**
 * enum mgre_drop - why a packet was dropped, one counter each
 *
 * mgre_drops in device.c tells for each the name, the field of the device
 * statistics that it adds to and the drop reason. MGRE_DROP_NONE, which is 0,
 * is no drop.
 */
enum mgre_drop {
	/* private: each says it */
	MGRE_DROP_NONE,
	MGRE_DROP_TX_MALFORMED,
	MGRE_DROP_TX_PROTOCOL,
	MGRE_DROP_TX_MULTICAST,
	MGRE_DROP_TX_MCAST_QUEUE,
	MGRE_DROP_TX_NO_MAPPING,
	MGRE_DROP_TX_NO_ROUTE,
	MGRE_DROP_TX_UNPROTECTED,
	MGRE_DROP_TX_RECURSION,
	MGRE_DROP_TX_TOO_BIG,
	MGRE_DROP_TX_NOMEM,
	MGRE_DROP_TX_UNDERLAY,
	MGRE_DROP_RX_HEADER,
	MGRE_DROP_RX_VERSION,
	MGRE_DROP_RX_FLAGS,
	MGRE_DROP_RX_PROTOCOL,
	MGRE_DROP_RX_POLICY,
	MGRE_DROP_RX_UNPROTECTED,
	MGRE_DROP_RX_UNKNOWN_PEER,
	MGRE_DROP_RX_CHECKSUM,
	MGRE_DROP_RX_NOMEM,
	MGRE_DROP_RX_TRUNCATED,
	MGRE_DROP_RX_ECN,
	__MGRE_DROP_MAX
};

/**
 * struct mgre_mcast - packets that are being replicated, see mcast.c
 * @queue: those that wait for @work
 * @work: sends the copies that were too many at once
 * @busy: @work is needed or at work; written under the lock of @queue
 */
struct mgre_mcast {
	struct sk_buff_head queue;
	struct work_struct work;
	bool busy;
};

/**
 * struct mgre_dev - private data of a device
 * @dev: device
 * @net: netns of the underlay, in which the device was made
 * @conf: configuration, see above
 * @cache: mappings and peers
 * @gro_cells: receive queues
 * @mcast: replication
 * @devices: place in mgre_net::devices, under rtnl
 * @resolver: enum mgre_resolver
 * @mtu_by_hand: the MTU does not follow the underlay's, under rtnl
 * @applying: mgre_dev_apply() is at work, under rtnl
 * @drops: counters by enum mgre_drop
 */
struct mgre_dev {
	struct net_device *dev;
	struct net *net;
	struct mgre_conf __rcu *conf;
	struct nhrp_cache cache;
	struct gro_cells gro_cells;
	struct mgre_mcast mcast;
	struct list_head devices;
	u8 resolver;
	bool mtu_by_hand;
	bool applying;
	atomic_long_t drops[__MGRE_DROP_MAX];
};

#define MGRE_DEMUX_BITS		6

/**
 * struct mgre_net - what a netns keeps of the devices whose underlay it is
 * @demux: struct mgre_underlay by local address and key; written under rtnl,
 *	read under RCU
 * @devices: struct mgre_dev, under rtnl
 * @users: of the receive hook, under rtnl
 * @any_local: number of devices in @demux without a local address, written under
 *	rtnl
 * @used: there has been a device, under rtnl
 */
struct mgre_net {
	struct hlist_head demux[1 << MGRE_DEMUX_BITS];
	struct list_head devices;
	unsigned int users;
	unsigned int any_local;
	bool used;
};

/* main.c */
struct mgre_net *mgre_net_get(struct net *net);

/* link.c */
extern struct rtnl_link_ops mgre_link_ops;

/* device.c */
extern const struct net_device_ops mgre_netdev_ops;
void mgre_dev_setup(struct net_device *dev);
void mgre_dev_set_type(struct net_device *dev, const struct mgre_conf *conf);
void mgre_dev_apply(struct net_device *dev, const struct mgre_conf *conf);
void mgre_dev_follow(struct mgre_dev *mgre);
void mgre_count_drop(struct mgre_dev *mgre, enum mgre_drop why,
		     unsigned int len);
void mgre_drop(struct mgre_dev *mgre, struct sk_buff *skb,
	       enum mgre_drop why);

/**
 * struct mgre_id - what GRE packets of one device have in common
 * @local: our outer address
 * @key: key, if @keyed, else 0
 * @keyed: there is a key
 */
struct mgre_id {
	struct nhrp_addr local;
	__be32 key;
	bool keyed;
};

/* demux.c */
struct mgre_conf *mgre_demux_lookup(struct net *net, const struct mgre_id *id,
				    int link, int sdif);
struct mgre_conf *mgre_demux_lookup_local(struct net *net,
					  const struct nhrp_addr *local,
					  int link, int sdif);
bool mgre_demux_is_taken(struct net *net, const struct mgre_conf *conf);
void mgre_demux_add(struct net *net, struct mgre_conf *conf);
void mgre_demux_del(struct net *net, struct mgre_conf *conf);
struct mgre_dev *mgre_demux_sender(struct net *net, const struct mgre_id *id,
				   const struct nhrp_addr *nbma);

/**
 * struct mgre_tx - a packet on its way out
 * @mgre: device
 * @conf: its configuration
 * @peer: peer it goes to, NULL if no mapping points to @nbma
 * @mapping: by which it goes there, NULL if the link-layer header said so
 * @dst: underlay route
 * @nbma: NBMA address it goes to, NULL as long as that is open
 * @saddr: outer source address
 * @lladdr: NBMA address of the link-layer header, if @nbma points here
 * @own_saddr: source address of @dst, if @saddr points here
 * @mark: of the outer packet if there is no @mapping, 0 leaves that of the payload
 * @proto: EtherType of the payload
 * @dst_owned: a reference on @dst is ours, else it is the peer's
 * @len: octets of the payload
 * @gen: nhrp_cache_route_gen() of before @conf was read
 */
struct mgre_tx {
	struct mgre_dev *mgre;
	const struct mgre_conf *conf;
	struct nhrp_peer *peer;
	const struct nhrp_mapping *mapping;
	struct dst_entry *dst;
	const struct nhrp_addr *nbma;
	const struct nhrp_addr *saddr;
	struct nhrp_addr lladdr;
	struct nhrp_addr own_saddr;
	u32 mark;
	__be16 proto;
	bool dst_owned;
	unsigned int len;
	u32 gen;
};

/* xmit.c */
void mgre_tx_init(struct mgre_tx *tx, struct mgre_dev *mgre);
void mgre_tx_copy(struct mgre_tx *tx, struct sk_buff *skb, unsigned int mtu);
netdev_tx_t mgre_xmit(struct sk_buff *skb, struct net_device *dev);
/* Without IPv6 in the kernel (ipv6.disable=1) its tables are missing. */
static inline void mgre_icmp6_send(struct sk_buff *skb, u8 type, u8 code,
				   u32 info)
{
	if (ipv6_mod_enabled())
		icmpv6_ndo_send(skb, type, code, info);
}

bool mgre_dst_is_dead(const struct sk_buff *skb);
void mgre_unreachable(struct mgre_dev *mgre, struct sk_buff *skb, bool tell);

/* encap.c */
enum mgre_drop mgre_tx_route(struct mgre_tx *tx);
enum mgre_drop mgre_tx_encap(struct mgre_tx *tx, struct sk_buff *skb,
			     __be16 df);
void mgre_peer_reroute(struct mgre_dev *mgre, struct nhrp_peer *peer);

/* protect.c */
bool mgre_dst_protects(const struct dst_entry *dst);
bool mgre_skb_is_protected(const struct sk_buff *skb);

/* mcast.c */
void mgre_mcast_init(struct mgre_dev *mgre);
void mgre_mcast_stop(struct mgre_dev *mgre);
void mgre_mcast_xmit(struct mgre_dev *mgre, struct sk_buff *skb);

/* rcv.c */
void mgre_rx_origin(const struct mgre_dev *mgre, const struct sk_buff *skb,
		    struct nhrp_addr *origin);
int mgre_rcv_register(struct net *net);
void mgre_rcv_unregister(struct net *net);

/**
 * struct mgre_gre - what a received GRE header says
 * @proto: EtherType of the payload
 * @key: key, if @keyed
 * @hlen: octets of the header
 * @version: version
 * @csum: there is a checksum
 * @keyed: there is a key
 */
struct mgre_gre {
	__be16 proto;
	__be32 key;
	int hlen;
	u8 version;
	bool csum;
	bool keyed;
};

/**
 * mgre_gre_hlen - length of a GRE header (RFC 2890)
 * @flags: its flags
 *
 * Return: octets.
 */
static inline int mgre_gre_hlen(__be16 flags)
{
	return sizeof(struct gre_base_hdr) + GRE_HEADER_SECTION *
	       (!!(flags & GRE_CSUM) + !!(flags & GRE_KEY) +
		!!(flags & GRE_SEQ));
}

enum mgre_drop mgre_gre_parse(struct sk_buff *skb, int offset,
			      struct mgre_gre *gre);
int mgre_ip6_skip_options(const struct sk_buff *skb, int offset, u8 *nexthdr);

/* icmp.c */
void mgre_icmp_rcv(struct net *net, struct sk_buff *skb);
void mgre_icmp6_rcv(struct net *net, struct sk_buff *skb, int offset);

/* selftest.c; KUnit runs the tests by itself. */
#if defined(MGRE_SELFTEST) && !IS_ENABLED(CONFIG_KUNIT)
int mgre_selftest(void);
#else
static inline int mgre_selftest(void)
{
	return 0;
}
#endif

#endif /* _MGRE_H */
