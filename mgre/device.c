// SPDX-License-Identifier: GPL-2.0
/* Net device: set-up and life, link-layer header, statistics. */

#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/if_tunnel.h>
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <linux/uaccess.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/neighbour.h>

#include <uapi/linux/mgre.h>

#include "../include/compat.h"
#include "mgre.h"
#include "trace.h"

/* No NETIF_F_GSO_FRAGLIST: of a chain of packets that GRO has made the first alone
 * would get an outer header, and each of the others must have room for all of it.
 */
#define MGRE_FEATURES	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | \
			 NETIF_F_HW_CSUM |				   \
			 (NETIF_F_GSO_SOFTWARE & ~NETIF_F_GSO_FRAGLIST))

/**
 * struct mgre_drop_info - what there is to say about a cause of drops
 * @name: of the ethtool statistic
 * @field: offset in struct rtnl_link_stats64 of the field that counts it
 * @detail: offset of a second one that says more, or of @field again
 * @reason: drop reason
 */
struct mgre_drop_info {
	const char *name;
	size_t field;
	size_t detail;
	enum skb_drop_reason reason;
};

#define MGRE_STAT(f)	offsetof(struct rtnl_link_stats64, f)

static const struct mgre_drop_info mgre_drops[__MGRE_DROP_MAX] = {
	[MGRE_DROP_TX_MALFORMED] = {
		"tx_malformed", MGRE_STAT(tx_errors), MGRE_STAT(tx_errors),
		SKB_DROP_REASON_DEV_HDR,
	},
	[MGRE_DROP_TX_PROTOCOL] = {
		"tx_protocol", MGRE_STAT(tx_dropped), MGRE_STAT(tx_dropped),
		SKB_DROP_REASON_UNHANDLED_PROTO,
	},
	[MGRE_DROP_TX_MULTICAST] = {
		"tx_multicast", MGRE_STAT(tx_dropped), MGRE_STAT(tx_dropped),
		SKB_DROP_REASON_NOT_SPECIFIED,
	},
	[MGRE_DROP_TX_MCAST_QUEUE] = {
		"tx_mcast_queue", MGRE_STAT(tx_dropped),
		MGRE_STAT(tx_fifo_errors), SKB_DROP_REASON_FULL_RING,
	},
	[MGRE_DROP_TX_NO_MAPPING] = {
		"tx_no_mapping", MGRE_STAT(tx_dropped), MGRE_STAT(tx_dropped),
		SKB_DROP_REASON_NEIGH_FAILED,
	},
	[MGRE_DROP_TX_NO_ROUTE] = {
		"tx_no_route", MGRE_STAT(tx_errors),
		MGRE_STAT(tx_carrier_errors), SKB_DROP_REASON_IP_OUTNOROUTES,
	},
	[MGRE_DROP_TX_UNPROTECTED] = {
		"tx_unprotected", MGRE_STAT(tx_dropped), MGRE_STAT(tx_dropped),
		SKB_DROP_REASON_XFRM_POLICY,
	},
	[MGRE_DROP_TX_RECURSION] = {
		"tx_recursion", MGRE_STAT(tx_errors), MGRE_STAT(collisions),
		SKB_DROP_REASON_IP_OUTNOROUTES,
	},
	[MGRE_DROP_TX_TOO_BIG] = {
		"tx_too_big", MGRE_STAT(tx_errors), MGRE_STAT(tx_errors),
		SKB_DROP_REASON_PKT_TOO_BIG,
	},
	[MGRE_DROP_TX_NOMEM] = {
		"tx_nomem", MGRE_STAT(tx_dropped), MGRE_STAT(tx_dropped),
		SKB_DROP_REASON_NOMEM,
	},
	[MGRE_DROP_TX_UNDERLAY] = {
		"tx_underlay", MGRE_STAT(tx_dropped), MGRE_STAT(tx_dropped),
		SKB_DROP_REASON_NOT_SPECIFIED,
	},
	[MGRE_DROP_RX_HEADER] = {
		"rx_header", MGRE_STAT(rx_errors),
		MGRE_STAT(rx_length_errors), SKB_DROP_REASON_HDR_TRUNC,
	},
	[MGRE_DROP_RX_VERSION] = {
		"rx_version", MGRE_STAT(rx_errors), MGRE_STAT(rx_frame_errors),
		SKB_DROP_REASON_UNHANDLED_PROTO,
	},
	[MGRE_DROP_RX_FLAGS] = {
		"rx_flags", MGRE_STAT(rx_errors), MGRE_STAT(rx_frame_errors),
		SKB_DROP_REASON_UNHANDLED_PROTO,
	},
	[MGRE_DROP_RX_PROTOCOL] = {
		"rx_protocol", MGRE_STAT(rx_dropped), MGRE_STAT(rx_dropped),
		SKB_DROP_REASON_UNHANDLED_PROTO,
	},
	[MGRE_DROP_RX_POLICY] = {
		"rx_policy", MGRE_STAT(rx_dropped), MGRE_STAT(rx_dropped),
		SKB_DROP_REASON_XFRM_POLICY,
	},
	[MGRE_DROP_RX_UNPROTECTED] = {
		"rx_unprotected", MGRE_STAT(rx_dropped), MGRE_STAT(rx_dropped),
		SKB_DROP_REASON_XFRM_POLICY,
	},
	[MGRE_DROP_RX_UNKNOWN_PEER] = {
		"rx_unknown_peer", MGRE_STAT(rx_dropped), MGRE_STAT(rx_dropped),
		SKB_DROP_REASON_IP_RPFILTER,
	},
	[MGRE_DROP_RX_CHECKSUM] = {
		"rx_checksum", MGRE_STAT(rx_errors), MGRE_STAT(rx_crc_errors),
		SKB_DROP_REASON_SKB_CSUM,
	},
	[MGRE_DROP_RX_NOMEM] = {
		"rx_nomem", MGRE_STAT(rx_dropped), MGRE_STAT(rx_dropped),
		SKB_DROP_REASON_NOMEM,
	},
	[MGRE_DROP_RX_TRUNCATED] = {
		"rx_truncated", MGRE_STAT(rx_errors),
		MGRE_STAT(rx_length_errors), SKB_DROP_REASON_HDR_TRUNC,
	},
	[MGRE_DROP_RX_ECN] = {
		"rx_ecn", MGRE_STAT(rx_errors), MGRE_STAT(rx_frame_errors),
		COMPAT_DROP_REASON_IP_TUNNEL_ECN,
	},
};

/* The first cause that is one. */
#define MGRE_DROP_FIRST		(MGRE_DROP_NONE + 1)

/**
 * mgre_count_drop - count a dropped packet
 * @mgre: device
 * @why: cause
 * @len: octets of the packet, 0 if somebody else has freed it
 *
 * Context: any.
 */
void mgre_count_drop(struct mgre_dev *mgre, enum mgre_drop why,
		     unsigned int len)
{
	trace_mgre_drop(mgre->dev, mgre_drops[why].name, len);
	atomic_long_inc(&mgre->drops[why]);
}

/**
 * mgre_drop - free a packet and count it
 * @mgre: device
 * @skb: packet
 * @why: cause
 *
 * Context: any.
 */
void mgre_drop(struct mgre_dev *mgre, struct sk_buff *skb, enum mgre_drop why)
{
	mgre_count_drop(mgre, why, skb->len);
	kfree_skb_reason(skb, mgre_drops[why].reason);
}

static void mgre_dev_stats64(struct net_device *dev,
			     struct rtnl_link_stats64 *stats)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	const struct mgre_drop_info *info;
	unsigned long n;
	int i;

	dev_get_tstats64(dev, stats);
	for (i = MGRE_DROP_FIRST; i < __MGRE_DROP_MAX; i++) {
		info = &mgre_drops[i];
		n = atomic_long_read(&mgre->drops[i]);
		*(__u64 *)((void *)stats + info->field) += n;
		if (info->detail != info->field)
			*(__u64 *)((void *)stats + info->detail) += n;
	}
}

static int mgre_ethtool_sset_count(struct net_device *dev, int sset)
{
	return sset == ETH_SS_STATS ? __MGRE_DROP_MAX - MGRE_DROP_FIRST :
				      -EOPNOTSUPP;
}

static void mgre_ethtool_strings(struct net_device *dev, u32 sset, u8 *data)
{
	int i;

	if (sset != ETH_SS_STATS)
		return;
	for (i = MGRE_DROP_FIRST; i < __MGRE_DROP_MAX; i++) {
		strscpy(data, mgre_drops[i].name, ETH_GSTRING_LEN);
		data += ETH_GSTRING_LEN;
	}
}

static void mgre_ethtool_stats(struct net_device *dev,
			       struct ethtool_stats *stats, u64 *data)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	int i;

	for (i = MGRE_DROP_FIRST; i < __MGRE_DROP_MAX; i++)
		*data++ = atomic_long_read(&mgre->drops[i]);
}

static const struct ethtool_ops mgre_ethtool_ops = {
	.get_link		= ethtool_op_get_link,
	.get_sset_count		= mgre_ethtool_sset_count,
	.get_strings		= mgre_ethtool_strings,
	.get_ethtool_stats	= mgre_ethtool_stats,
};

/* The header carries the NBMA destination alone; zero asks the cache. */
static int mgre_header_create(struct sk_buff *skb, struct net_device *dev,
			      unsigned short type, const void *daddr,
			      const void *saddr, unsigned int len)
{
	unsigned int size = dev->hard_header_len;
	void *header;

	if (skb_cow_head(skb, size))
		return -ENOMEM;

	header = skb_push(skb, size);
	if (daddr)
		memcpy(header, daddr, size);
	else
		memset(header, 0, size);

	return size;
}

/* NFQUEUE, NFLOG and the rings of packet sockets have room for 8 octets, and ask nobody
 * how many there are. A packet socket without a ring has its address in skb->cb, and
 * sees to it that MAX_ADDR_LEN fit there.
 */
static bool mgre_header_fits(const struct sk_buff *skb, unsigned int len,
			     const unsigned char *haddr)
{
	const unsigned char *cb = (const unsigned char *)skb->cb;

	return len <= sizeof_field(struct sockaddr_ll, sll_addr) ||
	       (haddr >= cb && haddr + len <= cb + sizeof(skb->cb));
}

/* On receive it is the outer source address, see mgre_rcv_set_lladdr(). */
static int mgre_header_parse(const struct sk_buff *skb,
			     const struct net_device *dev, unsigned char *haddr)
{
	unsigned int len = dev->hard_header_len;

	if (!mgre_header_fits(skb, len, haddr))
		return 0;

	memcpy(haddr, skb_mac_header(skb), len);
	return len;
}

COMPAT_HEADER_PARSE(mgre_header_parse)

static const struct header_ops mgre_header_ops = {
	.create	= mgre_header_create,
	.parse	= COMPAT_HEADER_PARSE_PTR(mgre_header_parse),
};

static int mgre_nbma_check(const struct mgre_underlay *underlay,
			   const struct nhrp_addr *nbma,
			   const struct nlattr *attr,
			   struct netlink_ext_ack *extack)
{
	if (!mgre_addr_is_unicast(nbma)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "nbma is not a unicast address");
		return -EINVAL;
	}
	if (!underlay->carried) {
		if (nbma->family == AF_INET)
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "the device has no IPv4 local address");
		else
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "the device has no IPv6 local address");
		return -EAFNOSUPPORT;
	}
	if (nhrp_addr_equal(nbma, &underlay->local)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "nbma is the local address of the device");
		return -EINVAL;
	}

	return 0;
}

static int mgre_cache_nbma_check(struct nhrp_cache *cache,
				 const struct nhrp_addr *nbma,
				 const struct nlattr *attr,
				 struct netlink_ext_ack *extack)
{
	struct mgre_dev *mgre = netdev_priv(cache->dev);
	const struct mgre_conf *conf;
	int err;

	rcu_read_lock();
	conf = rcu_dereference(mgre->conf);
	err = mgre_nbma_check(mgre_underlay(conf, nbma), nbma, attr, extack);
	rcu_read_unlock();

	return err;
}

static struct net *mgre_cache_underlay(const struct nhrp_cache *cache)
{
	const struct mgre_dev *mgre = netdev_priv(cache->dev);

	return mgre->net;
}

/* A packet that has waited comes as mgre_xmit() left it, without a link-layer
 * header. The device may have gone down since, and its route may have died.
 */
static void mgre_cache_xmit(struct nhrp_cache *cache, struct sk_buff *skb)
{
	rcu_read_lock();
	if (netif_running(cache->dev) && !mgre_dst_is_dead(skb))
		mgre_xmit(skb, cache->dev);
	else
		mgre_unreachable(netdev_priv(cache->dev), skb, false);
	rcu_read_unlock();
}

static void mgre_cache_give_up(struct nhrp_cache *cache, struct sk_buff *skb,
			       bool tell)
{
	mgre_unreachable(netdev_priv(cache->dev), skb, tell);
}

static const struct nhrp_ops mgre_nhrp_ops = {
	.nbma_check	= mgre_cache_nbma_check,
	.underlay	= mgre_cache_underlay,
	.xmit		= mgre_cache_xmit,
	.give_up	= mgre_cache_give_up,
};

static int mgre_dev_init(struct net_device *dev)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	int err;

	mgre_mcast_init(mgre);
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return -ENOMEM;
	err = gro_cells_init(&mgre->gro_cells, dev);
	if (err)
		goto free_tstats;
	err = nhrp_cache_init(&mgre->cache, dev, &mgre_nhrp_ops);
	if (err)
		goto destroy_gro_cells;

	return 0;

destroy_gro_cells:
	gro_cells_destroy(&mgre->gro_cells);
free_tstats:
	free_percpu(dev->tstats);
	dev->tstats = NULL;
	return err;
}

/* With IFF_NOARP a neighbour takes the device's own address for the peer's. As
 * zero it says what it means, whatever the device's address will be later.
 */
static int mgre_dev_neigh_construct(struct net_device *dev,
				    struct neighbour *n)
{
	memset(n->ha, 0, dev->addr_len);
	return 0;
}

/* Nobody answers ARP in the overlay; who resolves neighbours is asked once, by
 * RTM_GETNEIGH.
 */
static int mgre_dev_neigh_setup(struct net_device *dev,
				struct neigh_parms *parms)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	if (mgre->resolver == MGRE_RESOLVER_NEIGH) {
		NEIGH_VAR_SET(parms, APP_PROBES, 1);
		NEIGH_VAR_SET(parms, UCAST_PROBES, 0);
		NEIGH_VAR_SET(parms, MCAST_PROBES, 0);
	}

	return 0;
}

static int mgre_dev_change_mtu(struct net_device *dev, int mtu)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	if (!mgre->applying)
		mgre->mtu_by_hand = true;
	WRITE_ONCE(dev->mtu, mtu);

	return 0;
}

static int mgre_dev_stop(struct net_device *dev)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	mgre_mcast_stop(mgre);
	nhrp_cache_stop(&mgre->cache);

	return 0;
}

/* Nobody transmits or receives any more, see the top of mgre.h. */
static void mgre_dev_uninit(struct net_device *dev)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	mgre_mcast_stop(mgre);
	/* The netns of the underlay, also where it is the device's own, may be freed
	 * before the peers are, and a route does not keep it.
	 */
	nhrp_cache_drop_routes(&mgre->cache, NULL);
	nhrp_cache_fini(&mgre->cache);
}

static void mgre_dev_free(struct net_device *dev)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	nhrp_cache_free(&mgre->cache);
	gro_cells_destroy(&mgre->gro_cells);
	free_percpu(dev->tstats);
	kfree(rcu_access_pointer(mgre->conf));
	RCU_INIT_POINTER(mgre->conf, NULL);
}

static int mgre_dev_iflink(const struct net_device *dev)
{
	const struct mgre_dev *mgre = netdev_priv(dev);
	const struct mgre_conf *conf;
	int link;

	rcu_read_lock();
	conf = rcu_dereference(mgre->conf);
	link = conf ? conf->link : 0;
	rcu_read_unlock();

	return link;
}

/* As ip_gre answers opennhrp and ifconfig, which speak no netlink about this. IPv6
 * has another structure, which they do not know.
 */
static int mgre_dev_siocdevprivate(struct net_device *dev, struct ifreq *ifr,
				   void __user *data, int cmd)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	const struct mgre_conf *conf = rtnl_dereference(mgre->conf);
	struct ip_tunnel_parm parm = {
		.iph = {
			.version	= 4,
			.ihl		= sizeof(struct iphdr) / 4,
			.protocol	= IPPROTO_GRE,
			.tos		= conf->tos_inherit ? 1 : conf->tos,
			.ttl		= conf->ttl,
			.frag_off	= conf->df,
			.saddr		= conf->underlay[MGRE_IP4].local.ip4,
		},
		.i_flags	= conf->gre_flags,
		.o_flags	= conf->gre_flags,
		.i_key		= conf->key,
		.o_key		= conf->key,
	};

	if (cmd != SIOCGETTUNNEL || dev->type != ARPHRD_IPGRE)
		return -EOPNOTSUPP;

	strscpy(parm.name, dev->name, sizeof(parm.name));
	if (net_eq(mgre->net, dev_net(dev)))
		parm.link = conf->link;

	return copy_to_user(data, &parm, sizeof(parm)) ? -EFAULT : 0;
}

/* Chained packets are taken apart with the headers of the first, but what is between
 * mac_header and network_header is the outer header of each, as long as it happens
 * to be.
 */
static netdev_features_t mgre_dev_fix_features(struct net_device *dev,
					       netdev_features_t features)
{
	return features & ~NETIF_F_GRO_FRAGLIST;
}

const struct net_device_ops mgre_netdev_ops = {
	.ndo_init		= mgre_dev_init,
	.ndo_uninit		= mgre_dev_uninit,
	.ndo_stop		= mgre_dev_stop,
	.ndo_start_xmit		= mgre_xmit,
	.ndo_siocdevprivate	= mgre_dev_siocdevprivate,
	.ndo_get_stats64	= mgre_dev_stats64,
	.ndo_fix_features	= mgre_dev_fix_features,
	.ndo_get_iflink		= mgre_dev_iflink,
	.ndo_neigh_construct	= mgre_dev_neigh_construct,
	.ndo_neigh_setup	= mgre_dev_neigh_setup,
	.ndo_change_mtu		= mgre_dev_change_mtu,
};

/**
 * mgre_dev_setup - initialise a new device
 * @dev: device
 *
 * Context: process, under rtnl.
 */
void mgre_dev_setup(struct net_device *dev)
{
	dev->netdev_ops		= &mgre_netdev_ops;
	dev->header_ops		= &mgre_header_ops;
	dev->ethtool_ops	= &mgre_ethtool_ops;
	dev->needs_free_netdev	= true;
	dev->priv_destructor	= mgre_dev_free;

	dev->priv_flags		|= IFF_NO_QUEUE;
	dev->features		|= MGRE_FEATURES;
	dev->hw_features	|= MGRE_FEATURES;
	compat_netdev_set_lltx(dev);
	netif_keep_dst(dev);

	dev->min_mtu		= IPV4_MIN_MTU;
}

/**
 * mgre_dev_set_type - set what depends on options that cannot change
 * @dev: device, not yet registered
 * @conf: its configuration
 *
 * Without IFF_POINTOPOINT the neighbour table has an entry for each next hop;
 * IFF_NOARP, until a daemon that resolves them clears it, is what ip_gre has.
 *
 * Context: process, under rtnl.
 */
void mgre_dev_set_type(struct net_device *dev, const struct mgre_conf *conf)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	dev->addr_len = mgre_lladdr_len(conf);
	dev->hard_header_len = dev->addr_len;
	/* Or packet sockets take a short frame for one without header. */
	dev->min_header_len = dev->hard_header_len;
	dev->type = conf->underlay[MGRE_IP4].carried ? ARPHRD_IPGRE :
						       ARPHRD_IP6GRE;
	dev->flags = IFF_NOARP;
	if (mgre->resolver == MGRE_RESOLVER_CACHE)
		dev->flags |= IFF_POINTOPOINT | IFF_MULTICAST;
}

/* The underlay device of one family, as far as it is known beforehand. */
static struct net_device *mgre_dev_underlay(struct mgre_dev *mgre,
					    const struct mgre_conf *conf,
					    const struct nhrp_addr *local)
{
	struct net_device *dev;

	if (conf->link)
		return dev_get_by_index_rcu(mgre->net, conf->link);

	if (local->family == AF_INET)
		dev = local->ip4 ? __ip_dev_find(mgre->net, local->ip4, false) :
				   NULL;
	else
		dev = ipv6_addr_any(&local->ip6) ? NULL :
		      ipv6_dev_find(mgre->net, &local->ip6, NULL);

	/* An address on the loopback device says nothing of the way out. */
	return dev && dev->flags & IFF_LOOPBACK ? NULL : dev;
}

/**
 * struct mgre_room - what the underlays leave of a packet
 * @mtu: octets of payload
 * @headroom: octets that transmit pushes
 * @overhead: octets of the longest outer header
 */
struct mgre_room {
	unsigned int mtu;
	unsigned int headroom;
	unsigned int overhead;
};

static void mgre_dev_room_of(struct mgre_dev *mgre,
			     const struct mgre_conf *conf, int family,
			     struct mgre_room *room)
{
	const struct nhrp_addr *local = &conf->underlay[family].local;
	unsigned int overhead = mgre_overhead(conf, local->family);
	unsigned int mtu = ETH_DATA_LEN, ll = LL_MAX_HEADER;
	struct net_device *underlay;

	rcu_read_lock();
	underlay = mgre_dev_underlay(mgre, conf, local);
	if (underlay) {
		mtu = READ_ONCE(underlay->mtu);
		ll = LL_RESERVED_SPACE(underlay);
	}
	rcu_read_unlock();

	mtu = mtu > overhead ? mtu - overhead : 0;
	room->mtu = min(room->mtu, mtu);
	room->headroom = max(room->headroom, ll + overhead);
	room->overhead = max(room->overhead, overhead);
}

/* A device without a local address has the MTU of IPv4: should a peer be reached
 * by IPv6, the path MTU of this peer tells.
 */
static void mgre_dev_room(struct mgre_dev *mgre, const struct mgre_conf *conf,
			  struct mgre_room *room)
{
	unsigned int mtu;

	room->mtu = IP_MAX_MTU;
	room->headroom = 0;
	room->overhead = 0;
	if (conf->underlay[MGRE_IP4].carried)
		mgre_dev_room_of(mgre, conf, MGRE_IP4, room);
	mtu = room->mtu;
	if (conf->underlay[MGRE_IP6].carried)
		mgre_dev_room_of(mgre, conf, MGRE_IP6, room);
	if (conf->underlay[MGRE_IP4].carried &&
	    !conf->underlay[MGRE_IP4].local.ip4)
		room->mtu = mtu;
}

static void mgre_dev_set_addr(struct net_device *dev,
			      const struct mgre_conf *conf)
{
	const void *addr = conf->underlay[MGRE_IP4].carried ?
			   (const void *)&conf->underlay[MGRE_IP4].local.ip4 :
			   &conf->underlay[MGRE_IP6].local.ip6;

	if (!memcmp(dev->dev_addr, addr, dev->addr_len))
		return;

	__dev_addr_set(dev, addr, dev->addr_len);
	if (dev->reg_state == NETREG_REGISTERED)
		call_netdevice_notifiers(NETDEV_CHANGEADDR, dev);
}

/**
 * mgre_dev_apply - fit a device to its configuration and its underlay
 * @dev: device
 * @conf: configuration
 *
 * Context: process, under rtnl.
 */
void mgre_dev_apply(struct net_device *dev, const struct mgre_conf *conf)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	struct mgre_room room;
	unsigned int mtu;

	ASSERT_RTNL();

	mgre_dev_room(mgre, conf, &room);

	/* All that transmit pushes, or each packet is reallocated there. The
	 * link-layer header is off by then, and leaves its room.
	 */
	WRITE_ONCE(dev->needed_headroom,
		   min_t(unsigned int, room.headroom, MGRE_MAX_HEADROOM) -
		   dev->hard_header_len);
	dev->max_mtu = IP_MAX_MTU - room.overhead;
	mtu = mgre->mtu_by_hand ? dev->mtu : max(room.mtu, dev->min_mtu);
	mtu = min(mtu, dev->max_mtu);
	if (dev->reg_state != NETREG_REGISTERED) {
		if (!mgre->mtu_by_hand)
			dev->mtu = mtu;
	} else if (mtu != dev->mtu) {
		mgre->applying = true;
		dev_set_mtu(dev, mtu);
		mgre->applying = false;
	}

	mgre_dev_set_addr(dev, conf);
}

/* Devices on devices that follow one another. Each takes its part of the stack. */
#define MGRE_MAX_FOLLOW	8

/**
 * mgre_dev_follow - fit a device to an underlay that has changed
 * @mgre: device
 *
 * Devices may be each other's underlay: who is at it already, further up the
 * stack, is left alone. Of a pile of them the lowest ones follow; no packet gets
 * through more than MGRE_MAX_NESTING.
 *
 * Context: process, under rtnl.
 */
void mgre_dev_follow(struct mgre_dev *mgre)
{
	static unsigned int depth;	/* under rtnl */

	if (mgre->applying || mgre->dev->reg_state != NETREG_REGISTERED ||
	    depth >= MGRE_MAX_FOLLOW)
		return;

	depth++;
	mgre_dev_apply(mgre->dev, rtnl_dereference(mgre->conf));
	depth--;
}
