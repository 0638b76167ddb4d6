// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors of the underlay about packets that mgre has sent.
 *
 * They are seen on their way to the kernel's own handling, which they go on to.
 * One is believed if what it quotes is a packet of ours: our address, key, and a
 * peer of that device as destination. Who sends by IPsec alone has sent nothing that
 * others could quote: errors about that concern ESP or AH, and are their business.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "mgre.h"

/**
 * struct mgre_quote - the packet that an error quotes
 * @mgre: device that has sent it
 * @peer: peer that it was for
 * @id: its outer source address and key
 * @nbma: its outer destination address
 * @gre: its GRE header
 * @payload: offset of the payload behind the outer header
 */
struct mgre_quote {
	struct mgre_dev *mgre;
	struct nhrp_peer *peer;
	struct mgre_id id;
	struct nhrp_addr nbma;
	struct mgre_gre gre;
	int payload;
};

/**
 * enum mgre_verdict - what an error says
 * @MGRE_ICMP_OTHER: nothing that concerns us
 * @MGRE_ICMP_PMTU: the path MTU
 * @MGRE_ICMP_UNREACHABLE: the peer or its net cannot be reached
 * @MGRE_ICMP_REFUSED: the peer is there and does not know GRE, or this tunnel
 * @MGRE_ICMP_PROHIBITED: somebody on the way forbids it
 * @MGRE_ICMP_EXCEEDED: the packet has gone in circles, or its TTL is too small
 */
enum mgre_verdict {
	MGRE_ICMP_OTHER,
	MGRE_ICMP_PMTU,
	MGRE_ICMP_UNREACHABLE,
	MGRE_ICMP_REFUSED,
	MGRE_ICMP_PROHIBITED,
	MGRE_ICMP_EXCEEDED,
};

static enum mgre_verdict mgre_icmp_verdict(u8 type, u8 code)
{
	if (type == ICMP_TIME_EXCEEDED && code == ICMP_EXC_TTL)
		return MGRE_ICMP_EXCEEDED;
	if (type != ICMP_DEST_UNREACH)
		return MGRE_ICMP_OTHER;

	switch (code) {
	case ICMP_FRAG_NEEDED:
		return MGRE_ICMP_PMTU;
	case ICMP_NET_UNREACH:
	case ICMP_HOST_UNREACH:
	case ICMP_NET_UNKNOWN:
	case ICMP_HOST_UNKNOWN:
	case ICMP_HOST_ISOLATED:
	case ICMP_NET_UNR_TOS:
	case ICMP_HOST_UNR_TOS:
		return MGRE_ICMP_UNREACHABLE;
	case ICMP_PROT_UNREACH:
	case ICMP_PORT_UNREACH:
		return MGRE_ICMP_REFUSED;
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
		return MGRE_ICMP_PROHIBITED;
	default:
		return MGRE_ICMP_OTHER;
	}
}

static enum mgre_verdict mgre_icmp6_verdict(u8 type, u8 code)
{
	if (type == ICMPV6_PKT_TOOBIG)
		return MGRE_ICMP_PMTU;
	if (type == ICMPV6_TIME_EXCEED && code == ICMPV6_EXC_HOPLIMIT)
		return MGRE_ICMP_EXCEEDED;
	/* A header that it does not know is how a host says that it has no GRE. */
	if (type == ICMPV6_PARAMPROB && code == ICMPV6_UNK_NEXTHDR)
		return MGRE_ICMP_REFUSED;
	if (type != ICMPV6_DEST_UNREACH)
		return MGRE_ICMP_OTHER;

	switch (code) {
	case ICMPV6_NOROUTE:
	case ICMPV6_ADDR_UNREACH:
		return MGRE_ICMP_UNREACHABLE;
	case ICMPV6_PORT_UNREACH:
		return MGRE_ICMP_REFUSED;
	case ICMPV6_ADM_PROHIBITED:
	case ICMPV6_POLICY_FAIL:
	case ICMPV6_REJECT_ROUTE:
		return MGRE_ICMP_PROHIBITED;
	default:
		return MGRE_ICMP_OTHER;
	}
}

/* @offset is that of GRE; a router need not quote more than 8 octets of it, which
 * is flags and key. The error may come in by any interface.
 */
static bool mgre_icmp_match(struct net *net, struct sk_buff *skb, int offset,
			    struct mgre_quote *quote)
{
	if (mgre_gre_parse(skb, offset, &quote->gre))
		return false;
	quote->payload = offset + quote->gre.hlen;
	quote->id.key = quote->gre.key;
	quote->id.keyed = quote->gre.keyed;

	quote->mgre = mgre_demux_sender(net, &quote->id, &quote->nbma);
	if (!quote->mgre)
		return false;
	if (rcu_dereference(quote->mgre->conf)->protect &&
	    !mgre_skb_is_protected(skb))
		return false;
	quote->peer = nhrp_peer_lookup(&quote->mgre->cache, &quote->nbma);

	return quote->peer;
}

/* skb->data is at the quoted packet, as in the next one. */
static bool mgre_icmp_quote4(struct net *net, struct sk_buff *skb,
			     struct mgre_quote *quote)
{
	const struct iphdr *iph;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = (const struct iphdr *)skb->data;
	if (iph->version != 4 || iph->ihl < 5 || iph->protocol != IPPROTO_GRE ||
	    iph->frag_off & htons(IP_OFFSET))
		return false;

	quote->id.local.family = AF_INET;
	quote->id.local.ip4 = iph->saddr;
	quote->nbma.family = AF_INET;
	quote->nbma.ip4 = iph->daddr;

	return mgre_icmp_match(net, skb, iph->ihl * 4, quote);
}

static bool mgre_icmp_quote6(struct net *net, struct sk_buff *skb,
			     struct mgre_quote *quote)
{
	const struct ipv6hdr *ip6h;

	if (!pskb_may_pull(skb, sizeof(*ip6h)))
		return false;
	ip6h = (const struct ipv6hdr *)skb->data;
	/* We send no extension headers; the first fragment has one. */
	if (ip6h->version != 6)
		return false;

	quote->id.local.family = AF_INET6;
	quote->id.local.ip6 = ip6h->saddr;
	quote->nbma.family = AF_INET6;
	quote->nbma.ip6 = ip6h->daddr;
	if (ip6h->nexthdr == NEXTHDR_FRAGMENT) {
		const struct frag_hdr *fh;

		if (!pskb_may_pull(skb, sizeof(*ip6h) + sizeof(*fh)))
			return false;
		fh = (const struct frag_hdr *)(skb->data + sizeof(*ip6h));
		if (fh->nexthdr != NEXTHDR_GRE ||
		    fh->frag_off & htons(IP6_OFFSET))
			return false;
		return mgre_icmp_match(net, skb, sizeof(*ip6h) + sizeof(*fh),
				       quote);
	}

	return ip6h->nexthdr == NEXTHDR_GRE &&
	       mgre_icmp_match(net, skb, sizeof(*ip6h), quote);
}

/* The rules of icmp_unreach() for net.ipv4.ip_no_pmtu_disc. Returns false when
 * the error is not to be believed.
 */
static bool mgre_icmp_believes_mtu(struct net *net, u32 *mtu)
{
	switch (READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc)) {
	case 0:
		return true;
	case 1:
		*mtu = 0;
		return true;
	default:
		return false;
	}
}

/* The kernel makes an exception of the route that the peer has cached, which is
 * told what packet it is about in the way of a packet on its way out: so it finds
 * the route that the peer's packets take, by whatever mark.
 */
static void mgre_icmp_update_route(const struct mgre_quote *quote,
				   struct sk_buff *skb, struct dst_entry *dst,
				   u32 mtu)
{
	sk_buff_data_t network_header = skb->network_header;
	struct net_device *dev = skb->dev;
	u32 mark = skb->mark;

	skb_reset_network_header(skb);
	skb->dev = dst->dev;
	skb->mark = rcu_dereference(quote->mgre->conf)->fwmark;
	dst->ops->update_pmtu(dst, NULL, skb, mtu, false);
	skb->network_header = network_header;
	skb->dev = dev;
	skb->mark = mark;
}

/* A flood of errors that say nothing new leaves the cached route good. */
static void mgre_icmp_update_pmtu(const struct mgre_quote *quote,
				  struct sk_buff *skb, u32 mtu)
{
	struct nhrp_cache *cache = &quote->mgre->cache;
	const struct nhrp_route *route;

	route = nhrp_peer_route(cache, quote->peer);
	if (!route) {
		mgre_peer_reroute(quote->mgre, quote->peer);
		route = nhrp_peer_route(cache, quote->peer);
		if (!route)
			return;
	}

	mgre_icmp_update_route(quote, skb, route->dst, mtu);
	if (!nhrp_peer_route(cache, quote->peer))
		mgre_peer_reroute(quote->mgre, quote->peer);
}

/* Forwarding has refused such a source long before icmp_send(); a quotation may
 * have any (RFC 1122, section 3.2.2).
 */
static bool mgre_icmp_answers4(const struct net_device *dev, __be32 saddr)
{
	switch (inet_addr_type_dev_table(dev_net(dev), dev, saddr)) {
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return false;
	default:
		return !ipv4_is_loopback(saddr);
	}
}

/* icmp_send() answers a packet that has a route: here the one by which it went. */
static void mgre_icmp_relay4(const struct mgre_quote *quote,
			     struct sk_buff *skb)
{
	struct net_device *dev = quote->mgre->dev;
	const struct iphdr *iph;
	struct flowi4 fl4 = { .flowi4_oif = dev->ifindex };
	struct rtable *rt;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return;
	iph = ip_hdr(skb);
	if (iph->version != 4 || iph->ihl < 5 ||
	    !pskb_may_pull(skb, iph->ihl * 4 + 8) ||
	    !mgre_icmp_answers4(dev, ip_hdr(skb)->saddr))
		return;

	fl4.daddr = ip_hdr(skb)->daddr;
	rt = ip_route_output_key(dev_net(dev), &fl4);
	if (IS_ERR(rt))
		return;
	skb_dst_set(skb, &rt->dst);
	icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
}

static void mgre_icmp_relay6(struct sk_buff *skb)
{
	/* icmpv6_send() knows of the other sources that define no host. */
	if (!pskb_may_pull(skb, sizeof(struct ipv6hdr) + 8) ||
	    ipv6_hdr(skb)->version != 6 ||
	    ipv6_addr_loopback(&ipv6_hdr(skb)->saddr))
		return;

	mgre_icmp6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

/* RFC 2003, section 4: tells the sender in the overlay that its packet did not
 * arrive, if the quoted part holds enough to know it. Whatever the underlay said,
 * it is the host behind the tunnel that cannot be reached; what the code says of
 * protocols and ports is about GRE, and none of the sender's business.
 */
static void mgre_icmp_relay(const struct mgre_quote *quote,
			    const struct sk_buff *skb)
{
	struct net_device *dev = quote->mgre->dev;
	struct sk_buff *copy;

	/* No error is of many packets, but netfilter can call them one. */
	if (skb->len <= quote->payload || skb_is_gso(skb))
		return;
	copy = skb_copy(skb, GFP_ATOMIC);
	if (!copy)
		return;

	__skb_pull(copy, quote->payload);
	skb_reset_network_header(copy);
	copy->protocol = quote->gre.proto;
	skb_scrub_packet(copy, !net_eq(quote->mgre->net, dev_net(dev)));
	memset(copy->cb, 0, sizeof(copy->cb));
	copy->dev = dev;

	if (quote->gre.proto == htons(ETH_P_IP))
		mgre_icmp_relay4(quote, copy);
	else if (quote->gre.proto == htons(ETH_P_IPV6))
		mgre_icmp_relay6(copy);
	consume_skb(copy);
}

static void mgre_icmp_act(const struct mgre_quote *quote, struct sk_buff *skb,
			  enum mgre_verdict verdict, u32 mtu)
{
	switch (verdict) {
	case MGRE_ICMP_PMTU:
		mgre_icmp_update_pmtu(quote, skb, mtu);
		return;
	case MGRE_ICMP_UNREACHABLE:
	case MGRE_ICMP_REFUSED:
		nhrp_peer_count_error(quote->peer, NHRP_PEER_UNREACHABLE);
		break;
	case MGRE_ICMP_PROHIBITED:
		nhrp_peer_count_error(quote->peer, NHRP_PEER_PROHIBITED);
		break;
	case MGRE_ICMP_EXCEEDED:
		nhrp_peer_count_error(quote->peer, NHRP_PEER_EXCEEDED);
		break;
	case MGRE_ICMP_OTHER:
		return;
	}

	mgre_icmp_relay(quote, skb);
}

/**
 * mgre_icmp_rcv - look at an ICMP packet for this host
 * @net: netns of the underlay
 * @skb: packet, skb->data at the IP header, where it is again on return
 *
 * "Fragmentation needed" lowers the path MTU of the peer (RFC 1191), what tells
 * that it cannot be reached is counted there and told the sender in the overlay.
 *
 * Context: softirq, in an RCU section.
 */
void mgre_icmp_rcv(struct net *net, struct sk_buff *skb)
{
	int hlen = ip_hdrlen(skb), offset = hlen + sizeof(struct icmphdr);
	const struct icmphdr *icmph;
	enum mgre_verdict verdict;
	struct mgre_quote quote;
	u32 mtu;

	if (!pskb_may_pull(skb, offset))
		return;
	icmph = (const struct icmphdr *)(skb->data + hlen);
	verdict = mgre_icmp_verdict(icmph->type, icmph->code);
	if (verdict == MGRE_ICMP_OTHER)
		return;
	mtu = ntohs(icmph->un.frag.mtu);
	if (verdict == MGRE_ICMP_PMTU && !mgre_icmp_believes_mtu(net, &mtu))
		return;

	/* icmp_rcv() does this later, and as for any hook that needs it before,
	 * the result is kept in the packet.
	 */
	if (nf_ip_checksum(skb, NF_INET_LOCAL_IN, hlen, IPPROTO_ICMP) ||
	    !xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb))
		return;

	__skb_pull(skb, offset);
	if (mgre_icmp_quote4(net, skb, &quote))
		mgre_icmp_act(&quote, skb, verdict, mtu);
	__skb_push(skb, offset);
}

/**
 * mgre_icmp6_rcv - look at an ICMPv6 packet for this host
 * @net: netns of the underlay
 * @skb: packet, skb->data at the IPv6 header, where it is again on return
 * @offset: of the ICMPv6 header behind skb->data
 *
 * As mgre_icmp_rcv(); the path MTU comes with "packet too big" (RFC 8201).
 *
 * Context: softirq, in an RCU section.
 */
void mgre_icmp6_rcv(struct net *net, struct sk_buff *skb, int offset)
{
	const struct icmp6hdr *icmph;
	enum mgre_verdict verdict;
	struct mgre_quote quote;
	u32 mtu;

	if (!pskb_may_pull(skb, offset + sizeof(*icmph)))
		return;
	icmph = (const struct icmp6hdr *)(skb->data + offset);
	verdict = mgre_icmp6_verdict(icmph->icmp6_type, icmph->icmp6_code);
	if (verdict == MGRE_ICMP_OTHER)
		return;
	mtu = ntohl(icmph->icmp6_mtu);

	if (nf_ip6_checksum(skb, NF_INET_LOCAL_IN, offset, IPPROTO_ICMPV6) ||
	    !xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb))
		return;

	offset += sizeof(*icmph);
	__skb_pull(skb, offset);
	if (mgre_icmp_quote6(net, skb, &quote))
		mgre_icmp_act(&quote, skb, verdict, mtu);
	__skb_push(skb, offset);
}
