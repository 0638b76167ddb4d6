// SPDX-License-Identifier: GPL-2.0
/*
 * Encapsulation: the underlay route of a peer, GRE and outer IP header.
 *
 * The packet carries the route without a reference until somebody queues it, who
 * then takes one; the RCU section of transmit keeps it until then.
 */

#include <linux/skbuff.h>
#include <net/inet_dscp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/ipv6_stubs.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "../include/compat.h"
#include "mgre.h"
#include "trace.h"

/* The route of a peer does not depend on the packet: with tos inherit it is
 * the one for DS field 0.
 */
static struct dst_entry *mgre_tx_route4(const struct mgre_tx *tx,
					struct nhrp_addr *saddr)
{
	const struct mgre_conf *conf = tx->conf;
	struct flowi4 fl4 = {
		.flowi4_oif	= conf->link,
		.flowi4_mark	= conf->fwmark,
		.flowi4_tos	= conf->tos & INET_DSCP_MASK,
		.flowi4_proto	= IPPROTO_GRE,
		.daddr		= tx->nbma->ip4,
		.saddr		= conf->underlay[MGRE_IP4].local.ip4,
		.fl4_gre_key	= conf->key,
	};
	struct rtable *rt;

	rt = ip_route_output_key(tx->mgre->net, &fl4);
	if (IS_ERR(rt))
		return ERR_CAST(rt);

	memset(saddr, 0, sizeof(*saddr));
	saddr->family = AF_INET;
	saddr->ip4 = fl4.saddr;

	return &rt->dst;
}

/* With a source address IPv6 takes the interface for a preference and no more, so
 * it gets to know the address when the route has been chosen.
 */
static struct dst_entry *mgre_tx_lookup6(struct net *net, struct flowi6 *fl6)
{
	struct in6_addr saddr = fl6->saddr;
	struct dst_entry *dst;
	int err;

	if (!fl6->flowi6_oif || ipv6_addr_any(&saddr))
		return ipv6_stub->ipv6_dst_lookup_flow(net, NULL, fl6, NULL);

	fl6->saddr = in6addr_any;
	dst = ip6_route_output(net, NULL, fl6);
	err = dst->error;
	if (err) {
		dst_release(dst);
		return ERR_PTR(err);
	}
	fl6->saddr = saddr;

	return xfrm_lookup_route(net, dst, flowi6_to_flowi(fl6), NULL, 0);
}

/* IPv4 refuses a source address that is not ours, IPv6 leaves it to the caller. */
static struct dst_entry *mgre_tx_route6(const struct mgre_tx *tx,
					struct nhrp_addr *saddr)
{
	const struct mgre_conf *conf = tx->conf;
	struct net *net = tx->mgre->net;
	struct flowi6 fl6 = {
		.flowi6_oif	= conf->link,
		.flowi6_mark	= conf->fwmark,
		.flowlabel	= ip6_make_flowinfo(conf->tos & INET_DSCP_MASK,
						    0),
		.flowi6_proto	= IPPROTO_GRE,
		.daddr		= tx->nbma->ip6,
		.saddr		= conf->underlay[MGRE_IP6].local.ip6,
		.fl6_gre_key	= conf->key,
	};
	struct dst_entry *dst;

	dst = mgre_tx_lookup6(net, &fl6);
	if (IS_ERR(dst))
		return dst;
	if (!ipv6_chk_addr_and_flags(net, &fl6.saddr, dst->dev, true, 0,
				     IFA_F_TENTATIVE)) {
		dst_release(dst);
		return ERR_PTR(-EADDRNOTAVAIL);
	}

	saddr->family = AF_INET6;
	saddr->ip6 = fl6.saddr;

	return dst;
}

static struct dst_entry *mgre_tx_route_output(const struct mgre_tx *tx,
					      struct nhrp_addr *saddr)
{
	if (!mgre_underlay(tx->conf, tx->nbma)->carried)
		return ERR_PTR(-EAFNOSUPPORT);

	return tx->nbma->family == AF_INET ? mgre_tx_route4(tx, saddr) :
					     mgre_tx_route6(tx, saddr);
}

/* For dst_check(): IPv4 routes know of themselves when they are stale. */
static u32 mgre_tx_route_cookie(const struct mgre_tx *tx,
				const struct dst_entry *dst)
{
	return tx->nbma->family == AF_INET ? 0 :
	       rt6_get_cookie((const struct rt6_info *)dst);
}

static unsigned int mgre_tx_headroom(const struct mgre_tx *tx)
{
	return LL_RESERVED_SPACE(tx->dst->dev) + tx->dst->header_len +
	       mgre_overhead(tx->conf, tx->nbma->family);
}

/* IPsec and stacked devices need more than was known when the device was made.
 * A packet that comes without is reallocated in mgre_tx_encap().
 */
static void mgre_tx_adjust_headroom(const struct mgre_tx *tx)
{
	unsigned int room = min(mgre_tx_headroom(tx), MGRE_MAX_HEADROOM);
	struct net_device *dev = tx->mgre->dev;

	room -= dev->hard_header_len;
	if (room > READ_ONCE(dev->needed_headroom))
		WRITE_ONCE(dev->needed_headroom, room);
}

static enum mgre_drop mgre_tx_route_slow(struct mgre_tx *tx)
{
	struct dst_entry *dst;
	u32 cookie;

	dst = mgre_tx_route_output(tx, &tx->own_saddr);
	if (dst == ERR_PTR(-ENOBUFS) || dst == ERR_PTR(-ENOMEM))
		return MGRE_DROP_TX_NOMEM;
	if (IS_ERR(dst))
		return MGRE_DROP_TX_NO_ROUTE;
	if (dst->dev == tx->mgre->dev) {
		dst_release(dst);
		return MGRE_DROP_TX_RECURSION;
	}
	/* A black hole: a policy wants IPsec, which is being negotiated. */
	if (dst->obsolete == DST_OBSOLETE_DEAD) {
		dst_release(dst);
		return MGRE_DROP_TX_UNPROTECTED;
	}

	tx->saddr = &tx->own_saddr;
	tx->dst = dst;
	mgre_tx_adjust_headroom(tx);
	tx->dst_owned = !tx->peer;
	cookie = mgre_tx_route_cookie(tx, dst);
	if (tx->peer && !nhrp_peer_set_route(&tx->mgre->cache, tx->peer, dst,
					     cookie, tx->gen, tx->saddr))
		return MGRE_DROP_TX_NOMEM;

	return MGRE_DROP_NONE;
}

/**
 * mgre_tx_route - find the underlay route of a packet
 * @tx: packet with its NBMA address; the route and source address are set
 *
 * Context: BH disabled, in an RCU section.
 * Return: MGRE_DROP_NONE, or why there is none.
 */
enum mgre_drop mgre_tx_route(struct mgre_tx *tx)
{
	const struct nhrp_route *route;
	enum mgre_drop why;

	route = tx->peer ? nhrp_peer_route(&tx->mgre->cache, tx->peer) : NULL;
	if (likely(route)) {
		tx->saddr = &route->saddr;
		tx->dst = route->dst;
	} else {
		why = mgre_tx_route_slow(tx);
		if (why)
			return why;
	}

	return unlikely(tx->conf->protect) && !mgre_dst_protects(tx->dst) ?
	       MGRE_DROP_TX_UNPROTECTED : MGRE_DROP_NONE;
}

/**
 * mgre_peer_reroute - look up the route of a peer
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
	struct mgre_tx tx;

	mgre_tx_init(&tx, mgre);
	tx.peer = peer;
	tx.nbma = &peer->node.key.addr;
	mgre_tx_route_slow(&tx);
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
	u8 ttl = tx->conf->ttl;

	if (!ttl)
		ttl = ip_tunnel_get_ttl(ip_hdr(skb), skb);
	if (!ttl)
		ttl = tx->nbma->family == AF_INET ? ip4_dst_hoplimit(tx->dst) :
						    ip6_dst_hoplimit(tx->dst);

	return ttl;
}

/* The flow of the payload decides on the path in the underlay (RFC 6438). It is
 * to be asked for while the payload is all there is.
 */
static __be32 mgre_tx_flowlabel(const struct mgre_tx *tx, struct sk_buff *skb)
{
	struct flowi6 unused;

	skb_get_hash(skb);

	return ip6_make_flowlabel(tx->mgre->net, skb, 0, true, &unused);
}

/* The checksum covers GRE header and payload. Of a packet that is segmented
 * later each segment gets its own; else it is left to the underlay device, or to
 * be had from the payload's own, whose sum is known.
 */
static void mgre_tx_csum_gre(struct sk_buff *skb, __sum16 *csum)
{
	*(__be32 *)csum = 0;
	if (skb_is_gso(skb))
		return;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		*csum = csum_fold(lco_csum(skb));
		return;
	}
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = sizeof(struct gre_base_hdr);
}

static void mgre_tx_push_gre(const struct mgre_tx *tx, struct sk_buff *skb)
{
	const struct mgre_conf *conf = tx->conf;
	struct gre_base_hdr *greh;
	__be32 *option;

	greh = skb_push(skb, conf->gre_hlen);
	skb_set_inner_protocol(skb, tx->proto);
	skb_reset_transport_header(skb);
	greh->flags = conf->gre_flags;
	greh->protocol = tx->proto;

	option = (__be32 *)(greh + 1);
	if (conf->gre_flags & GRE_CSUM)
		option++;
	if (conf->keyed)
		*option = conf->key;
	if (conf->gre_flags & GRE_CSUM)
		mgre_tx_csum_gre(skb, (__sum16 *)(greh + 1));
}

static int mgre_tx_out4(const struct mgre_tx *tx, struct sk_buff *skb, u8 tos,
			u8 ttl, __be16 df)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	skb_reset_network_header(skb);
	iph->version	= 4;
	iph->ihl	= sizeof(*iph) >> 2;
	iph->tos	= tos;
	iph->frag_off	= ip_mtu_locked(tx->dst) ? 0 : df;
	iph->ttl	= ttl;
	iph->protocol	= IPPROTO_GRE;
	iph->saddr	= tx->saddr->ip4;
	iph->daddr	= tx->nbma->ip4;
	/* A datagram that is never fragmented needs no ID of its own (RFC
	 * 6864, section 4.1).
	 */
	if (iph->frag_off & htons(IP_DF))
		iph->id = 0;
	else
		__ip_select_ident(tx->mgre->net, iph,
				  skb_shinfo(skb)->gso_segs ?: 1);

	return ip_local_out(tx->mgre->net, NULL, skb);
}

static int mgre_tx_out6(const struct mgre_tx *tx, struct sk_buff *skb, u8 tos,
			u8 ttl, __be16 df, __be32 flowlabel)
{
	struct ipv6hdr *ip6h = skb_push(skb, sizeof(*ip6h));

	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	skb_reset_network_header(skb);
	ip6_flow_hdr(ip6h, tos, flowlabel);
	ip6h->hop_limit	= ttl;
	ip6h->nexthdr	= NEXTHDR_GRE;
	ip6h->saddr	= tx->saddr->ip6;
	ip6h->daddr	= tx->nbma->ip6;
	/* Here alone may it be fragmented. */
	skb->ignore_df = !df;

	return ip6_local_out(tx->mgre->net, NULL, skb);
}

static void mgre_tx_scrub(struct mgre_tx *tx, struct sk_buff *skb)
{
	u32 mark = tx->mapping ? tx->mapping->mark : tx->mark;
	struct mgre_dev *mgre = tx->mgre;

	skb_scrub_packet(skb, !net_eq(mgre->net, dev_net(mgre->dev)));
	skb_clear_hash_if_not_l4(skb);
	if (mark)
		skb->mark = mark;
	if (tx->dst_owned)
		skb_dst_set(skb, tx->dst);
	else
		skb_dst_set_noref(skb, tx->dst);
	tx->dst_owned = false;
}

/**
 * mgre_tx_encap - put the outer headers in front and send
 * @tx: packet with its route
 * @skb: the same, at its payload
 * @df: IP_DF, or 0 if the underlay may fragment it
 *
 * Context: BH disabled, in an RCU section.
 * Return: MGRE_DROP_NONE, and the underlay has it; MGRE_DROP_TX_UNDERLAY, and it
 * has dropped it; else why it is still the caller's.
 */
enum mgre_drop mgre_tx_encap(struct mgre_tx *tx, struct sk_buff *skb,
			     __be16 df)
{
	bool csum = tx->conf->gre_flags & GRE_CSUM, ip6;
	__be32 flowlabel = 0;
	u8 tos, ttl;
	int err;

	/* Both copy what may be shared; no pointer into the packet before. */
	if (iptunnel_handle_offloads(skb, csum ? SKB_GSO_GRE_CSUM :
						 SKB_GSO_GRE) ||
	    skb_cow_head(skb, mgre_tx_headroom(tx)))
		return MGRE_DROP_TX_NOMEM;

	ip6 = tx->nbma->family == AF_INET6;
	tos = mgre_tx_tos(tx, skb);
	ttl = mgre_tx_ttl(tx, skb);
	if (ip6)
		flowlabel = mgre_tx_flowlabel(tx, skb);
	trace_mgre_xmit(tx->mgre->dev, tx->nbma, tx->len, tx->proto);
	mgre_tx_push_gre(tx, skb);
	mgre_tx_scrub(tx, skb);

	dev_xmit_recursion_inc();
	err = ip6 ? mgre_tx_out6(tx, skb, tos, ttl, df, flowlabel) :
		    mgre_tx_out4(tx, skb, tos, ttl, df);
	dev_xmit_recursion_dec();

	return likely(!net_xmit_eval(err)) ? MGRE_DROP_NONE :
					     MGRE_DROP_TX_UNDERLAY;
}

#ifdef MGRE_SELFTEST
#include "encap_test.c"
#endif
