// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: find the peer that a packet is for, and what the path to it carries.
 *
 * Everything runs in one RCU section, which is what keeps the mapping, the
 * peer, its route and the configuration.
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

/**
 * mgre_tx_init - begin to send a packet
 * @tx: all but @lladdr and @own_saddr is set
 * @mgre: device
 *
 * Member by member, since the hot path has no use for the two addresses.
 *
 * Context: in an RCU section.
 */
void mgre_tx_init(struct mgre_tx *tx, struct mgre_dev *mgre)
{
	tx->mgre = mgre;
	tx->gen = nhrp_cache_route_gen(&mgre->cache);
	tx->conf = rcu_dereference(mgre->conf);
	tx->peer = NULL;
	tx->mapping = NULL;
	tx->dst = NULL;
	tx->nbma = NULL;
	tx->saddr = NULL;
	tx->mark = 0;
	tx->proto = 0;
	tx->dst_owned = false;
	tx->len = 0;
}

/* Zero and, for packet sockets, our own mean: not resolved. */
static bool mgre_tx_read_lladdr(struct mgre_tx *tx, const u8 *data)
{
	struct nhrp_addr *lladdr = &tx->lladdr;

	if (mgre_lladdr_len(tx->conf) == sizeof(lladdr->ip4)) {
		lladdr->family = AF_INET;
		memcpy(&lladdr->ip4, data, sizeof(lladdr->ip4));
	} else {
		lladdr->family = AF_INET6;
		memcpy(&lladdr->ip6, data, sizeof(lladdr->ip6));
	}

	return mgre_addr_is_unicast(lladdr) &&
	       !nhrp_addr_equal(lladdr,
				&mgre_underlay(tx->conf, lladdr)->local);
}

/* Takes the link-layer header off, if there is one: packets that tc or BPF
 * redirect from elsewhere begin with the payload. What it says goes to nbma.
 */
static enum mgre_drop mgre_tx_pull(struct mgre_tx *tx, struct sk_buff *skb)
{
	unsigned int size = mgre_lladdr_len(tx->conf);
	int offset = skb_network_offset(skb);

	if (offset) {
		if (offset != size || !pskb_may_pull(skb, size))
			return MGRE_DROP_TX_MALFORMED;
		if (mgre_tx_read_lladdr(tx, skb->data))
			tx->nbma = &tx->lladdr;
		__skb_pull(skb, size);
	}
	skb_reset_mac_header(skb);
	/* A checksum there would be written into the headers to come. */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start(skb) < skb->data)
		return MGRE_DROP_TX_MALFORMED;

	tx->proto = skb->protocol;
	tx->len = skb->len;
	if (!pskb_inet_may_pull(skb))
		return MGRE_DROP_TX_MALFORMED;

	return MGRE_DROP_NONE;
}

/* The overlay's route, if it is one of this family: packet sockets send without,
 * and tc and BPF redirect what had another, or one by another device.
 */
static const struct dst_entry *mgre_tx_dst(const struct sk_buff *skb,
					   unsigned short family)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst && dst->ops->family == family &&
	       (dst->dev == skb->dev || mgre_dst_is_dead(skb)) ? dst : NULL;
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

/* A labelled packet goes where its route says. One that was switched by its label
 * has none, nor does a neighbour of a point-to-point device tell the next hop:
 * then @hop has no family.
 */
static enum mgre_drop mgre_tx_hop_mpls(const struct sk_buff *skb,
				       struct nhrp_addr *dst,
				       struct nhrp_addr *hop)
{
	const struct rt6_info *rt6 = (const void *)mgre_tx_dst(skb, AF_INET6);
	const struct rtable *rt = (const void *)mgre_tx_dst(skb, AF_INET);

	hop->family = AF_UNSPEC;
	if (rt6 && !ipv6_addr_any(&rt6->rt6i_gateway)) {
		hop->family = AF_INET6;
		hop->ip6 = rt6->rt6i_gateway;
	} else if (rt && rt->rt_gw_family == AF_INET6) {
		hop->family = AF_INET6;
		hop->ip6 = rt->rt_gw6;
	} else if (rt && rt->rt_gw_family == AF_INET) {
		hop->family = AF_INET;
		hop->ip4 = rt->rt_gw4;
	}
	*dst = *hop;

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
	case htons(ETH_P_MPLS_UC):
		return mgre_tx_hop_mpls(skb, dst, hop);
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
	else if (tx->proto == htons(ETH_P_IPV6))
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

static void mgre_tx_use(struct mgre_tx *tx, struct nhrp_mapping *mapping)
{
	nhrp_count_hit(&tx->mgre->cache);
	nhrp_mapping_touch(mapping);
	tx->mapping = mapping;
}

/* What has no next hop goes where everything goes, and nobody is asked for it. */
static noinline enum mgre_drop mgre_tx_lookup_default(struct mgre_tx *tx)
{
	const struct nhrp_addr any4 = { .family = AF_INET };
	const struct nhrp_addr any6 = { .family = AF_INET6 };
	struct nhrp_cache *cache = &tx->mgre->cache;
	struct nhrp_mapping *mapping;

	mapping = nhrp_cache_lookup(cache, &any4) ?:
		  nhrp_cache_lookup(cache, &any6);
	if (!mapping || mapping->type == NHRP_MAPPING_TYPE_NEGATIVE)
		return MGRE_DROP_TX_NO_MAPPING;

	mgre_tx_use(tx, mapping);

	return MGRE_DROP_NONE;
}

/* Sets tx->mapping to what matches, if anything does. Sets *taken if the packet
 * waits for it.
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
	if (unlikely(!hop.family))
		return mgre_tx_lookup_default(tx);

	if (nhrp_cache_has_shortcuts(cache))
		mapping = nhrp_cache_lookup_shortcut(cache, &dst);
	if (!mapping)
		mapping = nhrp_cache_lookup(cache, &hop);
	if (unlikely(!mapping)) {
		mapping = mgre_tx_miss(tx, skb, &dst, &hop, taken);
		if (!mapping)
			return MGRE_DROP_TX_NO_MAPPING;
	}

	mgre_tx_use(tx, mapping);
	if (unlikely(nhrp_mapping_attend(mapping)) &&
	    !mgre_tx_hit(tx, skb, &dst, &hop, mapping))
		return MGRE_DROP_TX_NO_MAPPING;

	return MGRE_DROP_NONE;
}

static enum mgre_drop mgre_tx_resolve(struct mgre_tx *tx, struct sk_buff *skb,
				      bool *taken)
{
	enum mgre_drop why;

	if (tx->nbma) {
		tx->peer = nhrp_peer_lookup(&tx->mgre->cache, tx->nbma);
		return MGRE_DROP_NONE;
	}

	why = mgre_tx_lookup(tx, skb, taken);
	if (why)
		return why;

	tx->peer = tx->mapping->peer;
	tx->nbma = &tx->peer->node.key.addr;

	return MGRE_DROP_NONE;
}

/* Tells of a packet that came from another peer than it goes to. */
static noinline void mgre_tx_redirect(const struct mgre_tx *tx,
				      const struct sk_buff *skb)
{
	struct nhrp_redirect redirect = { .to = *tx->nbma, .skb = skb };
	struct nhrp_addr dst, hop;

	mgre_rx_origin(tx->mgre, skb, &redirect.from);
	if (!redirect.from.family ||
	    nhrp_addr_equal(&redirect.from, &redirect.to))
		return;
	if (tx->proto == htons(ETH_P_MPLS_UC) ||
	    mgre_tx_hop(tx, skb, &dst, &hop))
		return;

	mgre_tx_flow(tx, skb, &dst, &hop, &redirect.flow);
	nhrp_redirect(&tx->mgre->cache, &redirect);
}

static bool mgre_tx_fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) :
				 skb->len <= mtu;
}

/* Octets of payload that go to the peer in one piece. */
static unsigned int mgre_tx_mtu(const struct mgre_tx *tx)
{
	unsigned int mtu = dst_mtu(tx->dst) -
			   mgre_overhead(tx->conf, tx->nbma->family);

	if (tx->mapping && tx->mapping->mtu)
		mtu = min_t(unsigned int, mtu, tx->mapping->mtu);

	return mtu;
}

static void mgre_tx_too_big(const struct mgre_tx *tx, struct sk_buff *skb,
			    unsigned int mtu)
{
	if (mgre_dst_is_dead(skb))
		return;
	if (tx->proto == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else if (tx->proto == htons(ETH_P_IPV6))
		mgre_icmp6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

/* Tells the overlay what the path to this peer carries. A write for nothing
 * would make a route exception of each next hop, so only when it is news.
 */
static void mgre_tx_update_pmtu(const struct mgre_tx *tx, struct sk_buff *skb,
				unsigned int mtu)
{
	unsigned short family;

	if (tx->proto == htons(ETH_P_IP))
		family = AF_INET;
	else if (tx->proto == htons(ETH_P_IPV6))
		family = AF_INET6;
	else
		return;

	if (mgre_tx_dst(skb, family) && !mgre_dst_is_dead(skb) &&
	    dst_mtu(skb_dst(skb)) > mtu)
		skb_dst_update_pmtu_no_confirm(skb, mtu);
}

/* What may be fragmented the underlay fragments: IPv4 without DF, and of IPv6 what
 * is no larger than every link carries (RFC 8200, section 5). An IPv4 sender is
 * told by the inner route, so that the next packet fits.
 */
static enum mgre_drop mgre_tx_pmtu(const struct mgre_tx *tx,
				   struct sk_buff *skb, __be16 *df)
{
	unsigned int mtu;

	if (!*df)
		return MGRE_DROP_NONE;

	mtu = mgre_tx_mtu(tx);
	if (tx->proto == htons(ETH_P_IPV6) && unlikely(mtu < IPV6_MIN_MTU)) {
		mtu = IPV6_MIN_MTU;
		*df = 0;
	}
	mgre_tx_update_pmtu(tx, skb, mtu);

	if (likely(mgre_tx_fits(skb, mtu)))
		return MGRE_DROP_NONE;
	if (tx->proto == htons(ETH_P_IP) &&
	    !(ip_hdr(skb)->frag_off & htons(IP_DF))) {
		*df = 0;
		return MGRE_DROP_NONE;
	}

	mgre_tx_too_big(tx, skb, mtu);
	return MGRE_DROP_TX_TOO_BIG;
}

static __be16 mgre_tx_df(const struct mgre_tx *tx, const struct sk_buff *skb)
{
	__be16 df = tx->conf->df;

	if (tx->proto == htons(ETH_P_IP) && !tx->conf->ignore_df)
		df |= ip_hdr(skb)->frag_off & htons(IP_DF);

	return df;
}

static enum mgre_drop mgre_tx_deliver(struct mgre_tx *tx, struct sk_buff *skb,
				      __be16 df)
{
	enum mgre_drop why = mgre_tx_encap(tx, skb, df);

	if (why)
		return why;

	dev_sw_netstats_tx_add(tx->mgre->dev, 1, tx->len);
	if (tx->peer)
		nhrp_peer_count_tx(tx->peer, tx->len);

	return MGRE_DROP_NONE;
}

static enum mgre_drop mgre_tx_send(struct mgre_tx *tx, struct sk_buff *skb)
{
	__be16 df = mgre_tx_df(tx, skb);

	return mgre_tx_pmtu(tx, skb, &df) ?: mgre_tx_deliver(tx, skb, df);
}

/* Moves *offset behind the IPv6 header there and what may stand between it and
 * GRE: options, and the header of a first fragment, without which a large packet
 * would come round for ever, a new fragment each time.
 */
static bool mgre_tx_nested_ip6(const struct sk_buff *skb, int *offset)
{
	const struct ipv6hdr *ip6h;
	const struct frag_hdr *fh;
	struct ipv6hdr buf6;
	struct frag_hdr buf;
	u8 nexthdr;

	ip6h = skb_header_pointer(skb, *offset, sizeof(buf6), &buf6);
	if (!ip6h)
		return false;
	nexthdr = ip6h->nexthdr;
	*offset = mgre_ip6_skip_options(skb, *offset + sizeof(*ip6h), &nexthdr);
	if (*offset < 0)
		return false;
	if (nexthdr == NEXTHDR_FRAGMENT) {
		fh = skb_header_pointer(skb, *offset, sizeof(buf), &buf);
		if (!fh || fh->frag_off & htons(IP6_OFFSET))
			return false;
		nexthdr = fh->nexthdr;
		*offset = mgre_ip6_skip_options(skb, *offset + sizeof(*fh),
						&nexthdr);
	}

	return *offset >= 0 && nexthdr == NEXTHDR_GRE;
}

/* Reads the IP header at *offset and moves on to what is behind it, if that is GRE. */
static bool mgre_tx_nested_ip(const struct sk_buff *skb, __be16 proto,
			      int *offset)
{
	const struct iphdr *iph;
	struct iphdr buf;

	switch (proto) {
	case htons(ETH_P_IP):
		iph = skb_header_pointer(skb, *offset, sizeof(buf), &buf);
		if (!iph || iph->frag_off & htons(IP_OFFSET))
			return false;
		*offset += iph->ihl * 4;
		return iph->protocol == IPPROTO_GRE;
	case htons(ETH_P_IPV6):
		return mgre_tx_nested_ip6(skb, offset);
	default:
		return false;
	}
}

/* Tunnels in tunnels are also counted in the packet itself: where it has waited in
 * a queue on its way round, the counter of the core has forgotten.
 */
static noinline bool mgre_tx_nested(const struct sk_buff *skb, __be16 proto)
{
	int offset = skb_network_offset(skb), depth;
	const struct gre_base_hdr *greh;
	struct gre_base_hdr buf;

	for (depth = 0; depth < MGRE_MAX_NESTING; depth++) {
		if (!mgre_tx_nested_ip(skb, proto, &offset))
			return false;
		greh = skb_header_pointer(skb, offset, sizeof(buf), &buf);
		if (!greh)
			return false;
		proto = greh->protocol;
		offset += mgre_gre_hlen(greh->flags);
	}

	return true;
}

/* GRE, or what mgre_tx_nested_ip6() looks behind */
static bool mgre_tx_may_nest6(u8 nexthdr)
{
	return nexthdr == NEXTHDR_GRE || nexthdr == NEXTHDR_FRAGMENT ||
	       nexthdr == NEXTHDR_HOP || nexthdr == NEXTHDR_DEST;
}

static bool mgre_tx_too_deep(const struct mgre_tx *tx,
			     const struct sk_buff *skb)
{
	if (unlikely(dev_recursion_level() > MGRE_MAX_LEVEL))
		return true;
	if (tx->proto == htons(ETH_P_IP))
		return unlikely(ip_hdr(skb)->protocol == IPPROTO_GRE) &&
		       mgre_tx_nested(skb, tx->proto);

	return tx->proto == htons(ETH_P_IPV6) &&
	       unlikely(mgre_tx_may_nest6(ipv6_hdr(skb)->nexthdr)) &&
	       mgre_tx_nested(skb, tx->proto);
}

static void mgre_tx_report_recursion(const struct mgre_tx *tx)
{
	struct net_device *dev = tx->mgre->dev;

	if (!net_ratelimit())
		return;
	if (!tx->nbma)
		netdev_warn(dev, "recursive routing of multicast, packet dropped\n");
	else if (tx->nbma->family == AF_INET)
		netdev_warn(dev, "recursive routing to peer %pI4, packet dropped\n",
			    &tx->nbma->ip4);
	else
		netdev_warn(dev, "recursive routing to peer %pI6c, packet dropped\n",
			    &tx->nbma->ip6);
}

static void mgre_tx_unreachable(__be16 proto, struct sk_buff *skb)
{
	if (mgre_dst_is_dead(skb))
		return;
	if (proto == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (proto == htons(ETH_P_IPV6))
		mgre_icmp6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,
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
	if (tell)
		mgre_tx_unreachable(skb->protocol, skb);
	mgre_drop(mgre, skb, MGRE_DROP_TX_NO_MAPPING);
}

static void mgre_tx_drop(const struct mgre_tx *tx, struct sk_buff *skb,
			 enum mgre_drop why)
{
	if (why == MGRE_DROP_TX_RECURSION)
		mgre_tx_report_recursion(tx);
	if (why == MGRE_DROP_TX_UNDERLAY)
		mgre_count_drop(tx->mgre, why, 0);
	else
		mgre_drop(tx->mgre, skb, why);
}

static noinline void mgre_tx_fail(const struct mgre_tx *tx,
				  struct sk_buff *skb, enum mgre_drop why)
{
	if (why == MGRE_DROP_TX_NO_MAPPING || why == MGRE_DROP_TX_NO_ROUTE)
		mgre_tx_unreachable(tx->proto, skb);
	mgre_tx_drop(tx, skb, why);
}

/**
 * mgre_tx_copy - send one of many copies of a packet
 * @tx: copy with its peer
 * @skb: the same, at its payload, which the callee takes
 * @mtu: octets of payload that the mapping of the peer allows, 0 for any
 *
 * A copy that is too large for the path to its peer is fragmented on the way,
 * whatever DF says: the sender cannot be told of each receiver's path.
 *
 * Context: BH disabled, in an RCU section.
 */
void mgre_tx_copy(struct mgre_tx *tx, struct sk_buff *skb, unsigned int mtu)
{
	enum mgre_drop why = mgre_tx_route(tx);
	__be16 df;

	if (!why) {
		mtu = min_not_zero(mtu, mgre_tx_mtu(tx));
		df = mgre_tx_fits(skb, mtu) ? mgre_tx_df(tx, skb) : 0;
		why = mgre_tx_deliver(tx, skb, df);
	}
	if (unlikely(why))
		mgre_tx_drop(tx, skb, why);
}

/* Moves the packet on to where it is copied, unless it goes round in circles. */
static noinline enum mgre_drop mgre_tx_replicate(struct mgre_tx *tx,
						 struct sk_buff *skb)
{
	if (mgre_tx_too_deep(tx, skb))
		return MGRE_DROP_TX_RECURSION;
	mgre_mcast_xmit(tx->mgre, skb);

	return MGRE_DROP_NONE;
}

/**
 * mgre_xmit - ndo_start_xmit
 * @skb: packet, behind its link-layer header
 * @dev: device
 *
 * RFC 2784 encapsulation towards the NBMA address that the link-layer header
 * names or, if it names none, the cache maps the destination or next hop to.
 * What is multicast or broadcast goes to all who are listed for it.
 *
 * Context: BH disabled.
 * Return: NETDEV_TX_OK, the packet is sent, freed or waits in the cache.
 */
netdev_tx_t mgre_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	enum mgre_drop why;
	bool taken = false;
	struct mgre_tx tx;

	rcu_read_lock();
	mgre_tx_init(&tx, mgre);

	why = mgre_tx_pull(&tx, skb);
	if (!why)
		why = mgre_tx_resolve(&tx, skb, &taken);
	if (unlikely(why == MGRE_DROP_TX_MULTICAST)) {
		why = mgre_tx_replicate(&tx, skb);
		taken = !why;
	} else if (!why) {
		if (unlikely(tx.conf->redirect) && skb->skb_iif)
			mgre_tx_redirect(&tx, skb);
		why = mgre_tx_too_deep(&tx, skb) ? MGRE_DROP_TX_RECURSION :
						   mgre_tx_route(&tx);
		if (!why)
			why = mgre_tx_send(&tx, skb);
	}

	if (unlikely(why && !taken))
		mgre_tx_fail(&tx, skb, why);
	if (unlikely(tx.dst_owned))
		dst_release(tx.dst);
	rcu_read_unlock();

	return NETDEV_TX_OK;
}

#ifdef MGRE_SELFTEST
#include "xmit_test.c"
#endif
