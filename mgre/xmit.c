// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: find the peer, take its cached route, build GRE and outer header.
 *
 * Everything runs in one RCU section, which is what keeps the mapping, the
 * peer, its route and the configuration; the packet carries the route without
 * a reference until somebody queues it, who then takes one.
 */

#include <linux/icmpv6.h>
#include <linux/skbuff.h>
#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/inet_dscp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/route.h>

#include "../include/compat.h"
#include "mgre.h"

/* Tunnels inside tunnels, each with a pass through the IP stack on one kernel
 * stack. The counter of the core is what tells: it goes up once in
 * __dev_queue_xmit() for a device without a queue, and once here, for those that
 * have been given one.
 */
#define MGRE_MAX_NESTING	4
#define MGRE_MAX_LEVEL		(2 * MGRE_MAX_NESTING - 1)

/* More than any stack of devices needs; offsets in an skb are 16 bits. */
#define MGRE_MAX_HEADROOM	512

/**
 * struct mgre_tx - a packet on its way out
 * @mgre: device
 * @conf: its configuration
 * @peer: peer it goes to, NULL if no mapping points to @daddr
 * @mapping: by which it goes there, NULL if the link-layer header said so
 * @dst: underlay route
 * @dst_owned: a reference on @dst is ours, else it is the peer's
 * @daddr: NBMA address it goes to
 * @saddr: outer source address
 * @proto: EtherType of the payload
 * @len: octets of the payload
 * @gen: nhrp_cache_route_gen() of before @conf was read
 */
struct mgre_tx {
	struct mgre_dev *mgre;
	const struct mgre_conf *conf;
	struct nhrp_peer *peer;
	const struct nhrp_mapping *mapping;
	struct dst_entry *dst;
	bool dst_owned;
	__be32 daddr;
	__be32 saddr;
	__be16 proto;
	unsigned int len;
	u32 gen;
};

static void mgre_tx_init(struct mgre_tx *tx)
{
	tx->gen = nhrp_cache_route_gen(&tx->mgre->cache);
	tx->conf = rcu_dereference(tx->mgre->conf);
}

/* Takes the link-layer header off, if there is one: packets that tc or BPF
 * redirect from elsewhere begin with the payload. What it says goes to daddr.
 */
static enum mgre_drop mgre_tx_pull(struct mgre_tx *tx, struct sk_buff *skb)
{
	__be32 lladdr = 0;

	switch (skb_network_offset(skb)) {
	case 0:
		break;
	case MGRE_LLADDR_LEN:
		if (!pskb_may_pull(skb, MGRE_LLADDR_LEN))
			return MGRE_DROP_TX_MALFORMED;
		memcpy(&lladdr, skb->data, sizeof(lladdr));
		__skb_pull(skb, MGRE_LLADDR_LEN);
		break;
	default:
		return MGRE_DROP_TX_MALFORMED;
	}
	skb_reset_mac_header(skb);

	tx->proto = skb->protocol;
	tx->len = skb->len;
	if (!pskb_inet_may_pull(skb))
		return MGRE_DROP_TX_MALFORMED;

	/* Zero, and for packet sockets our own, mean: not resolved. */
	if (lladdr != tx->conf->local && !ipv4_is_multicast(lladdr) &&
	    !ipv4_is_lbcast(lladdr))
		tx->daddr = lladdr;

	return MGRE_DROP_NONE;
}

/* The overlay's route, if it is one of this family: packet sockets send without,
 * and tc and BPF redirect what had another.
 */
static const struct dst_entry *mgre_tx_dst(const struct sk_buff *skb,
					   unsigned short family)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst && dst->ops->family == family ? dst : NULL;
}

static enum mgre_drop mgre_tx_hop4(const struct sk_buff *skb,
				   struct nhrp_addr *dst, struct nhrp_addr *hop)
{
	const struct dst_entry *route = mgre_tx_dst(skb, AF_INET);
	const struct rtable *rt = (const struct rtable *)route;
	const struct iphdr *iph = ip_hdr(skb);

	if (ipv4_is_multicast(iph->daddr) || ipv4_is_lbcast(iph->daddr) ||
	    (rt && rt->rt_flags & RTCF_BROADCAST))
		return MGRE_DROP_TX_MULTICAST;

	dst->family = AF_INET;
	dst->ip4 = iph->daddr;
	if (rt && rt->rt_gw_family == AF_INET) {
		hop->family = AF_INET;
		hop->ip4 = rt->rt_gw4;
	} else if (rt && rt->rt_gw_family == AF_INET6) {
		hop->family = AF_INET6;
		hop->ip6 = rt->rt_gw6;
	} else {
		hop->family = AF_INET;
		hop->ip4 = iph->daddr;
	}

	return MGRE_DROP_NONE;
}

static enum mgre_drop mgre_tx_hop6(const struct sk_buff *skb,
				   struct nhrp_addr *dst, struct nhrp_addr *hop)
{
	const struct dst_entry *route = mgre_tx_dst(skb, AF_INET6);
	const struct rt6_info *rt = (const struct rt6_info *)route;
	struct ipv6hdr *ip6h = ipv6_hdr(skb);

	if (ipv6_addr_is_multicast(&ip6h->daddr))
		return MGRE_DROP_TX_MULTICAST;

	dst->family = AF_INET6;
	dst->ip6 = ip6h->daddr;
	hop->family = AF_INET6;
	hop->ip6 = rt ? *rt6_nexthop(rt, &ip6h->daddr) : ip6h->daddr;

	return MGRE_DROP_NONE;
}

/* Where the packet goes: its destination, and the next hop that the overlay's
 * routing chose, for packets without a route the destination itself.
 */
static enum mgre_drop mgre_tx_hop(const struct mgre_tx *tx,
				  const struct sk_buff *skb,
				  struct nhrp_addr *dst, struct nhrp_addr *hop)
{
	switch (tx->proto) {
	case htons(ETH_P_IP):
		return mgre_tx_hop4(skb, dst, hop);
	case htons(ETH_P_IPV6):
		return mgre_tx_hop6(skb, dst, hop);
	default:
		return MGRE_DROP_TX_PROTOCOL;
	}
}

static void mgre_tx_flow(const struct mgre_tx *tx, const struct sk_buff *skb,
			 const struct nhrp_addr *dst,
			 const struct nhrp_addr *hop, struct nhrp_flow *flow)
{
	memset(&flow->src, 0, sizeof(flow->src));
	flow->src.family = dst->family;
	if (tx->proto == htons(ETH_P_IP))
		flow->src.ip4 = ip_hdr(skb)->saddr;
	else
		flow->src.ip6 = ipv6_hdr(skb)->saddr;
	flow->dst = *dst;
	flow->hop = *hop;
}

/* These two are out of line since the hot path has no use for a flow: it is large,
 * and a kernel that initialises the stack would clear it for every packet.
 */
static noinline struct nhrp_mapping *
mgre_tx_miss(const struct mgre_tx *tx, struct sk_buff *skb,
	     const struct nhrp_addr *dst, const struct nhrp_addr *hop,
	     bool *taken)
{
	struct nhrp_flow flow;

	mgre_tx_flow(tx, skb, dst, hop, &flow);
	return nhrp_resolve_miss(&tx->mgre->cache, &flow, skb, taken);
}

static noinline bool mgre_tx_hit(const struct mgre_tx *tx,
				 const struct sk_buff *skb,
				 const struct nhrp_addr *dst,
				 const struct nhrp_addr *hop,
				 struct nhrp_mapping *mapping)
{
	struct nhrp_flow flow;

	mgre_tx_flow(tx, skb, dst, hop, &flow);
	return nhrp_resolve_hit(&tx->mgre->cache, mapping, &flow, skb);
}

/* Sets tx->mapping, or leaves it when there is none. Sets *taken if the packet
 * waits for one.
 */
static enum mgre_drop mgre_tx_lookup(struct mgre_tx *tx, struct sk_buff *skb,
				     bool *taken)
{
	struct nhrp_cache *cache = &tx->mgre->cache;
	struct nhrp_mapping *mapping = NULL;
	struct nhrp_addr dst, hop;
	enum mgre_drop why;

	why = mgre_tx_hop(tx, skb, &dst, &hop);
	if (why)
		return why;

	if (nhrp_cache_has_shortcuts(cache))
		mapping = nhrp_cache_lookup_shortcut(cache, &dst);
	if (!mapping)
		mapping = nhrp_cache_lookup(cache, &hop);
	if (unlikely(!mapping)) {
		mapping = mgre_tx_miss(tx, skb, &dst, &hop, taken);
		if (!mapping)
			return MGRE_DROP_TX_NO_MAPPING;
	}

	nhrp_count_hit(cache);
	nhrp_mapping_touch(mapping);
	if (unlikely(nhrp_mapping_attend(mapping)) &&
	    !mgre_tx_hit(tx, skb, &dst, &hop, mapping))
		return MGRE_DROP_TX_NO_MAPPING;
	tx->mapping = mapping;

	return MGRE_DROP_NONE;
}

static enum mgre_drop mgre_tx_resolve(struct mgre_tx *tx, struct sk_buff *skb,
				      bool *taken)
{
	struct nhrp_addr nbma;
	enum mgre_drop why;

	if (tx->daddr) {
		nbma.family = AF_INET;
		nbma.ip4 = tx->daddr;
		tx->peer = nhrp_peer_lookup(&tx->mgre->cache, &nbma);
		return MGRE_DROP_NONE;
	}

	why = mgre_tx_lookup(tx, skb, taken);
	if (why)
		return why;

	/* There is no IPv6 underlay to send by. */
	if (tx->mapping->peer->node.key.addr.family != AF_INET)
		return MGRE_DROP_TX_NO_ROUTE;
	tx->peer = tx->mapping->peer;
	tx->daddr = tx->peer->node.key.addr.ip4;

	return MGRE_DROP_NONE;
}

/* The route of a peer does not depend on the packet: with tos inherit it is
 * the one for DS field 0.
 */
static struct rtable *mgre_tx_route_output(const struct mgre_tx *tx,
					   struct nhrp_addr *saddr)
{
	const struct mgre_conf *conf = tx->conf;
	struct flowi4 fl4 = {
		.flowi4_oif	= conf->link,
		.flowi4_tos	= conf->tos & INET_DSCP_MASK,
		.flowi4_proto	= IPPROTO_GRE,
		.daddr		= tx->daddr,
		.saddr		= conf->local,
		.fl4_gre_key	= conf->key,
	};
	struct rtable *rt;

	rt = ip_route_output_key(tx->mgre->net, &fl4);
	if (!IS_ERR(rt)) {
		memset(saddr, 0, sizeof(*saddr));
		saddr->family = AF_INET;
		saddr->ip4 = fl4.saddr;
	}

	return rt;
}

static unsigned int mgre_tx_headroom(const struct mgre_tx *tx)
{
	return LL_RESERVED_SPACE(tx->dst->dev) + tx->dst->header_len +
	       tx->conf->hlen;
}

/* IPsec and stacked devices need more than was known when the device was made.
 * A packet that comes without is reallocated in mgre_tx_send().
 */
static void mgre_tx_adjust_headroom(const struct mgre_tx *tx)
{
	unsigned int room = min(mgre_tx_headroom(tx), MGRE_MAX_HEADROOM);
	struct net_device *dev = tx->mgre->dev;

	if (room > READ_ONCE(dev->needed_headroom))
		WRITE_ONCE(dev->needed_headroom, room);
}

static enum mgre_drop mgre_tx_route_slow(struct mgre_tx *tx)
{
	struct nhrp_addr saddr;
	struct rtable *rt;

	rt = mgre_tx_route_output(tx, &saddr);
	if (IS_ERR(rt))
		return MGRE_DROP_TX_NO_ROUTE;
	if (rt->dst.dev == tx->mgre->dev) {
		ip_rt_put(rt);
		return MGRE_DROP_TX_RECURSION;
	}

	tx->saddr = saddr.ip4;
	tx->dst = &rt->dst;
	mgre_tx_adjust_headroom(tx);
	tx->dst_owned = !tx->peer;
	if (tx->peer && !nhrp_peer_set_route(&tx->mgre->cache, tx->peer,
					     &rt->dst, 0, tx->gen, &saddr))
		return MGRE_DROP_TX_NOMEM;

	return MGRE_DROP_NONE;
}

/**
 * mgre_peer_reroute - look the underlay route of a peer up again
 * @mgre: device
 * @peer: peer
 *
 * So that a path MTU that has just been learnt shows at the peer at once, and
 * not with the next packet.
 *
 * Context: softirq, in an RCU section.
 */
void mgre_peer_reroute(struct mgre_dev *mgre, struct nhrp_peer *peer)
{
	struct mgre_tx tx = {
		.mgre	= mgre,
		.peer	= peer,
		.daddr	= peer->node.key.addr.ip4,
	};

	mgre_tx_init(&tx);
	mgre_tx_route_slow(&tx);
}

static enum mgre_drop mgre_tx_route(struct mgre_tx *tx)
{
	const struct nhrp_route *route;

	route = tx->peer ? nhrp_peer_route(&tx->mgre->cache, tx->peer) : NULL;
	if (unlikely(!route))
		return mgre_tx_route_slow(tx);

	tx->saddr = route->saddr.ip4;
	tx->dst = route->dst;

	return MGRE_DROP_NONE;
}

static bool mgre_tx_fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) :
				 skb->len <= mtu;
}

/* Octets of payload that go to the peer in one piece. */
static unsigned int mgre_tx_mtu(const struct mgre_tx *tx)
{
	unsigned int mtu = dst_mtu(tx->dst) - tx->conf->hlen;

	if (tx->mapping && tx->mapping->mtu)
		mtu = min_t(unsigned int, mtu, tx->mapping->mtu);

	return mtu;
}

static void mgre_tx_too_big(const struct mgre_tx *tx, struct sk_buff *skb,
			    unsigned int mtu)
{
	if (tx->proto == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

/* Tells the overlay what the path to this peer carries. A write for nothing
 * would make a route exception of each next hop, so only when it is news.
 */
static enum mgre_drop mgre_tx_pmtu(const struct mgre_tx *tx,
				   struct sk_buff *skb, __be16 *df)
{
	bool ip6 = tx->proto == htons(ETH_P_IPV6);
	unsigned int mtu;

	if (!*df || (!ip6 && tx->proto != htons(ETH_P_IP)))
		return MGRE_DROP_NONE;

	mtu = mgre_tx_mtu(tx);
	/* What IPv6 asks of every link (RFC 8200, section 5) the underlay does
	 * with fragments, where it has to.
	 */
	if (ip6 && unlikely(mtu < IPV6_MIN_MTU)) {
		mtu = IPV6_MIN_MTU;
		*df = 0;
	}
	if (mgre_tx_dst(skb, ip6 ? AF_INET6 : AF_INET) &&
	    dst_mtu(skb_dst(skb)) > mtu)
		skb_dst_update_pmtu_no_confirm(skb, mtu);

	if (likely((!ip6 && !(ip_hdr(skb)->frag_off & htons(IP_DF))) ||
		   mgre_tx_fits(skb, mtu)))
		return MGRE_DROP_NONE;

	mgre_tx_too_big(tx, skb, mtu);
	return MGRE_DROP_TX_TOO_BIG;
}

/* RFC 6040, normal mode: ECN goes out as it is, CE included. */
static u8 mgre_tx_tos(const struct mgre_tx *tx, const struct sk_buff *skb)
{
	u8 inner = ip_tunnel_get_dsfield(ip_hdr(skb), skb);
	u8 tos = tx->conf->tos_inherit ? inner : tx->conf->tos;

	return (tos & ~INET_ECN_MASK) | (inner & INET_ECN_MASK);
}

static u8 mgre_tx_ttl(const struct mgre_tx *tx, const struct sk_buff *skb)
{
	if (tx->conf->ttl)
		return tx->conf->ttl;

	return ip_tunnel_get_ttl(ip_hdr(skb), skb) ?:
	       ip4_dst_hoplimit(tx->dst);
}

static void mgre_tx_push_gre(const struct mgre_tx *tx, struct sk_buff *skb)
{
	const struct mgre_conf *conf = tx->conf;
	struct gre_base_hdr *greh;

	greh = skb_push(skb, conf->hlen - sizeof(struct iphdr));
	skb_set_inner_protocol(skb, tx->proto);
	skb_reset_transport_header(skb);
	greh->flags = conf->gre_flags;
	greh->protocol = tx->proto;
	if (conf->keyed)
		*(__be32 *)(greh + 1) = conf->key;
}

static void mgre_tx_push_ip(const struct mgre_tx *tx, struct sk_buff *skb,
			    u8 tos, u8 ttl, __be16 df)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	iph->version	= 4;
	iph->ihl	= sizeof(*iph) >> 2;
	iph->tos	= tos;
	iph->frag_off	= ip_mtu_locked(tx->dst) ? 0 : df;
	iph->ttl	= ttl;
	iph->protocol	= IPPROTO_GRE;
	iph->saddr	= tx->saddr;
	iph->daddr	= tx->daddr;
	/* A datagram that is never fragmented needs no ID of its own (RFC
	 * 6864, section 4.1).
	 */
	if (iph->frag_off & htons(IP_DF))
		iph->id = 0;
	else
		__ip_select_ident(tx->mgre->net, iph,
				  skb_shinfo(skb)->gso_segs ?: 1);
}

static enum mgre_drop mgre_tx_send(struct mgre_tx *tx, struct sk_buff *skb)
{
	struct net_device *dev = tx->mgre->dev;
	struct net *net = tx->mgre->net;
	__be16 df = tx->conf->df;
	enum mgre_drop why;
	u8 tos, ttl;
	int err;

	if (tx->proto == htons(ETH_P_IP))
		df |= ip_hdr(skb)->frag_off & htons(IP_DF);
	why = mgre_tx_pmtu(tx, skb, &df);
	if (why)
		return why;

	/* Both copy what may be shared; no pointer into the packet before. */
	if (iptunnel_handle_offloads(skb, SKB_GSO_GRE) ||
	    skb_cow_head(skb, mgre_tx_headroom(tx)))
		return MGRE_DROP_TX_NOMEM;

	tos = mgre_tx_tos(tx, skb);
	ttl = mgre_tx_ttl(tx, skb);
	mgre_tx_push_gre(tx, skb);
	skb_scrub_packet(skb, !net_eq(net, dev_net(dev)));
	skb_clear_hash_if_not_l4(skb);
	if (tx->mapping && tx->mapping->mark)
		skb->mark = tx->mapping->mark;
	if (tx->dst_owned)
		skb_dst_set(skb, tx->dst);
	else
		skb_dst_set_noref(skb, tx->dst);
	tx->dst_owned = false;
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	mgre_tx_push_ip(tx, skb, tos, ttl, df);

	dev_xmit_recursion_inc();
	err = ip_local_out(net, NULL, skb);
	dev_xmit_recursion_dec();
	if (unlikely(net_xmit_eval(err))) {
		mgre_count_drop(tx->mgre, MGRE_DROP_TX_UNDERLAY);
		return MGRE_DROP_NONE;
	}

	dev_sw_netstats_tx_add(dev, 1, tx->len);
	if (tx->peer)
		nhrp_peer_count_tx(tx->peer, tx->len);

	return MGRE_DROP_NONE;
}

static void mgre_tx_unreachable(const struct mgre_tx *tx, struct sk_buff *skb)
{
	if (tx->proto == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (tx->proto == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,
				0);
}

/**
 * mgre_dst_is_dead - has the route of a packet gone while it waited?
 * @skb: packet
 *
 * A route that has gone points to a device of init_net, where nothing may be
 * looked up or sent on behalf of this packet.
 *
 * Context: any.
 * Return: true if it has.
 */
bool mgre_dst_is_dead(const struct sk_buff *skb)
{
	return skb_dst(skb) && READ_ONCE(skb_dst(skb)->obsolete) > 0;
}

/**
 * mgre_unreachable - drop a packet that has waited for a mapping in vain
 * @mgre: device
 * @skb: packet as mgre_xmit() had it when it made it wait
 * @tell: tell its sender
 *
 * Context: BH disabled.
 */
void mgre_unreachable(struct mgre_dev *mgre, struct sk_buff *skb, bool tell)
{
	const struct mgre_tx tx = { .mgre = mgre, .proto = skb->protocol };

	if (tell && !mgre_dst_is_dead(skb))
		mgre_tx_unreachable(&tx, skb);
	mgre_drop(mgre, skb, MGRE_DROP_TX_NO_MAPPING);
}

/**
 * mgre_xmit - ndo_start_xmit
 * @skb: packet, behind its link-layer header
 * @dev: device
 *
 * RFC 2784 encapsulation towards the NBMA address that the link-layer header
 * names or, if it names none, the cache maps the destination or next hop to.
 *
 * Context: BH disabled.
 * Return: NETDEV_TX_OK, the packet is sent, freed or waits in the cache.
 */
netdev_tx_t mgre_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct mgre_tx tx = { .mgre = netdev_priv(dev) };
	enum mgre_drop why;
	bool taken = false;

	rcu_read_lock();
	mgre_tx_init(&tx);

	why = MGRE_DROP_TX_RECURSION;
	if (likely(dev_recursion_level() <= MGRE_MAX_LEVEL))
		why = mgre_tx_pull(&tx, skb);
	if (!why)
		why = mgre_tx_resolve(&tx, skb, &taken);
	if (!why)
		why = mgre_tx_route(&tx);
	if (!why)
		why = mgre_tx_send(&tx, skb);

	if (unlikely(why && !taken)) {
		if (why == MGRE_DROP_TX_NO_MAPPING ||
		    why == MGRE_DROP_TX_NO_ROUTE)
			mgre_tx_unreachable(&tx, skb);
		mgre_drop(tx.mgre, skb, why);
	}
	if (unlikely(tx.dst_owned))
		dst_release(tx.dst);
	rcu_read_unlock();

	return NETDEV_TX_OK;
}
