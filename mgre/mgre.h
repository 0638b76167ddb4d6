/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multipoint GRE device (RFC 2784, RFC 2890).
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

#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/types.h>
#include <net/gre.h>
#include <net/gro_cells.h>

#include "../include/nhrp.h"

struct mgre_dev;

/**
 * struct mgre_conf - configuration of a device, as one piece
 * @node: place in mgre_net::demux
 * @mgre: device
 * @local: outer source address, 0 for that of the route
 * @key: GRE key, network byte order, if @keyed
 * @link: ifindex of the underlay interface, 0 for any
 * @gre_flags: of the GRE header that is sent
 * @df: IP_DF or 0, network byte order
 * @hlen: octets of the outer headers
 * @keyed: there is a key
 * @ttl: outer TTL, 0 inherits
 * @tos: outer DS field without ECN
 * @tos_inherit: DS field is the payload's
 * @rcu: for freeing
 */
struct mgre_conf {
	struct hlist_node node;
	struct mgre_dev *mgre;
	__be32 local;
	__be32 key;
	int link;
	__be16 gre_flags;
	__be16 df;
	u8 hlen;
	bool keyed;
	u8 ttl;
	u8 tos;
	bool tos_inherit;
	struct rcu_head rcu;
};

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
	MGRE_DROP_TX_NO_MAPPING,
	MGRE_DROP_TX_NO_ROUTE,
	MGRE_DROP_TX_RECURSION,
	MGRE_DROP_TX_TOO_BIG,
	MGRE_DROP_TX_NOMEM,
	MGRE_DROP_TX_UNDERLAY,
	MGRE_DROP_RX_POLICY,
	MGRE_DROP_RX_CHECKSUM,
	MGRE_DROP_RX_NOMEM,
	MGRE_DROP_RX_TRUNCATED,
	MGRE_DROP_RX_ECN,
	__MGRE_DROP_MAX
};

/**
 * struct mgre_dev - private data of a device
 * @dev: device
 * @net: netns of the underlay, in which the device was made
 * @conf: configuration, see above
 * @cache: mappings and peers
 * @gro_cells: receive queues
 * @devices: place in mgre_net::devices, under rtnl
 * @auto_mtu: the MTU that was derived from the underlay last, under rtnl
 * @drops: counters by enum mgre_drop
 */
struct mgre_dev {
	struct net_device *dev;
	struct net *net;
	struct mgre_conf __rcu *conf;
	struct nhrp_cache cache;
	struct gro_cells gro_cells;
	struct list_head devices;
	unsigned int auto_mtu;
	atomic_long_t drops[__MGRE_DROP_MAX];
};

#define MGRE_DEMUX_BITS		6

/**
 * struct mgre_net - what a netns keeps of the devices whose underlay it is
 * @demux: struct mgre_conf by local address and key; written under rtnl, read
 *	under RCU
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

/* The link-layer header is the NBMA address and nothing else. */
#define MGRE_LLADDR_LEN		4

/* main.c */
struct mgre_net *mgre_net_get(struct net *net);

/* link.c */
extern struct rtnl_link_ops mgre_link_ops;

/* device.c */
extern const struct net_device_ops mgre_netdev_ops;
void mgre_dev_setup(struct net_device *dev);
void mgre_dev_apply(struct net_device *dev, const struct mgre_conf *conf,
		    bool set_mtu);
void mgre_count_drop(struct mgre_dev *mgre, enum mgre_drop why);
void mgre_drop(struct mgre_dev *mgre, struct sk_buff *skb,
	       enum mgre_drop why);

/* demux.c */
struct mgre_conf *mgre_demux_lookup(struct net *net, __be32 local, __be32 key,
				    bool keyed, int link);
struct mgre_conf *mgre_demux_find_equal(struct net *net,
					const struct mgre_conf *conf);
void mgre_demux_add(struct net *net, struct mgre_conf *conf);
void mgre_demux_del(struct net *net, struct mgre_conf *conf);
struct mgre_dev *mgre_demux_sender(struct net *net, __be32 local, __be32 key,
				   bool keyed, const struct nhrp_addr *nbma);

/* xmit.c */
netdev_tx_t mgre_xmit(struct sk_buff *skb, struct net_device *dev);
bool mgre_dst_is_dead(const struct sk_buff *skb);
void mgre_unreachable(struct mgre_dev *mgre, struct sk_buff *skb, bool tell);
void mgre_peer_reroute(struct mgre_dev *mgre, struct nhrp_peer *peer);

/* rcv.c */
int mgre_rcv_register(struct net *net);
void mgre_rcv_unregister(struct net *net);

/**
 * struct mgre_gre - what a received GRE header says
 * @proto: EtherType of the payload
 * @key: key, if @keyed
 * @hlen: octets of the header
 * @csum: there is a checksum
 * @keyed: there is a key
 */
struct mgre_gre {
	__be16 proto;
	__be32 key;
	int hlen;
	bool csum;
	bool keyed;
};

bool mgre_gre_parse(struct sk_buff *skb, int offset, struct mgre_gre *gre);

/* icmp.c */
void mgre_icmp_rcv(struct net *net, struct sk_buff *skb);

#endif /* _MGRE_H */
