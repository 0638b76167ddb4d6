// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: GRE for one of our devices is taken out of the input path of the
 * underlay's netns, in netfilter hooks behind the user's INPUT rules.
 *
 * The kernel has one slot for GRE version 0, and ip_gre sits in it; in the hooks
 * both live side by side. What no device of ours matches goes on to ip_gre. The
 * packet is whole by then.
 */

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rtnetlink.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "mgre.h"
#include "trace.h"

/* RFC 2784, section 2.2 and 2.3.1: bits 1, 4 and 5 belong to RFC 1701 and
 * refuse the packet; bits 6 to 12 are ignored. Bits 2 and 3 are RFC 2890's.
 */
#define MGRE_GRE_REFUSED	(GRE_ROUTING | GRE_STRICT | \
				 htons(0x0400) | GRE_VERSION)

/**
 * mgre_gre_parse - read a GRE header
 * @skb: packet, whose linear part may move
 * @offset: of the header behind skb->data
 * @gre: result; as much of it as there is, if it is refused
 *
 * A header that is refused for what it says is read as if it were of RFC 2890:
 * that is the best guess as to which device it was meant for.
 *
 * Context: any.
 * Return: MGRE_DROP_NONE, or why mgre does not take it: truncated, another
 * version, or with parts of RFC 1701 that RFC 2784 gave up.
 */
enum mgre_drop mgre_gre_parse(struct sk_buff *skb, int offset,
			      struct mgre_gre *gre)
{
	const struct gre_base_hdr *greh;
	const __be32 *option;
	__be16 flags;

	gre->proto = 0;
	gre->version = 0;
	if (!pskb_may_pull(skb, offset + sizeof(*greh)))
		return MGRE_DROP_RX_HEADER;

	greh = (const struct gre_base_hdr *)(skb->data + offset);
	flags = greh->flags;
	gre->proto = greh->protocol;
	gre->version = ntohs(flags & GRE_VERSION);
	gre->csum = flags & GRE_CSUM;
	gre->keyed = flags & GRE_KEY;
	gre->hlen = mgre_gre_hlen(flags);
	if (!pskb_may_pull(skb, offset + gre->hlen))
		return MGRE_DROP_RX_HEADER;

	greh = (const struct gre_base_hdr *)(skb->data + offset);
	option = (const __be32 *)(greh + 1);
	gre->key = gre->keyed ? option[gre->csum] : 0;

	if (unlikely(flags & MGRE_GRE_REFUSED))
		return gre->version ? MGRE_DROP_RX_VERSION : MGRE_DROP_RX_FLAGS;

	return MGRE_DROP_NONE;
}

/* Octets of destination options. The kernel takes more, and ip6_gre makes 8. */
#define MGRE_MAX_DESTOPTS	64

static int mgre_ip6_skip_one(const struct sk_buff *skb, int offset, u8 *nexthdr)
{
	const struct ipv6_opt_hdr *opt;
	struct ipv6_opt_hdr buf;

	opt = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!opt)
		return -1;
	*nexthdr = opt->nexthdr;

	return offset + ipv6_optlen(opt);
}

/* Octets of an option that who does not know it skips (RFC 8200, section 4.2), or -1 */
static int mgre_ip6_tlv_len(const struct sk_buff *skb, int offset)
{
	const u8 *octet;
	u8 buf;

	octet = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!octet || *octet & 0xc0)
		return -1;
	if (*octet == IPV6_TLV_PAD1)
		return 1;
	octet = skb_header_pointer(skb, offset + 1, sizeof(buf), &buf);

	return octet ? 2 + *octet : -1;
}

static bool mgre_ip6_may_skip(const struct sk_buff *skb, int offset, int end)
{
	int len;

	for (offset += sizeof(struct ipv6_opt_hdr); offset < end; offset += len) {
		len = mgre_ip6_tlv_len(skb, offset);
		if (len < 0)
			return false;
	}

	return offset == end;
}

/**
 * mgre_ip6_skip_options - find what is behind the options of an IPv6 packet
 * @skb: packet
 * @offset: of the first header behind the IPv6 header, from skb->data
 * @nexthdr: its number; on return that of the header found
 *
 * One header of hop-by-hop options, which the kernel has been through, and one of
 * destination options: ip6_gre puts such before GRE (RFC 2473, encapsulation limit).
 * More of them, options that not everybody may skip, and other extension headers are
 * left to the kernel: who has not been through a routing header is not at its
 * destination.
 *
 * Context: any.
 * Return: offset of the header, or -1 if it is not there or not ours to look for.
 */
int mgre_ip6_skip_options(const struct sk_buff *skb, int offset, u8 *nexthdr)
{
	int begin;

	if (*nexthdr == NEXTHDR_HOP)
		offset = mgre_ip6_skip_one(skb, offset, nexthdr);
	if (offset < 0 || *nexthdr != NEXTHDR_DEST)
		return offset;

	begin = offset;
	offset = mgre_ip6_skip_one(skb, begin, nexthdr);
	if (offset - begin > MGRE_MAX_DESTOPTS)
		return -1;

	return mgre_ip6_may_skip(skb, begin, offset) ? offset : -1;
}

/* A packet that does not reach the end of the input path misses the hook that
 * confirms its connection, if that one sits behind us: hooks of equal priority
 * run in the reverse order of their registration. A confirmed one must not be
 * confirmed again. Events of the connection wait for the next packet then.
 */
static unsigned int mgre_rcv_confirm(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	const struct nf_ct_hook *hook;
	struct nf_conn *ct = (struct nf_conn *)skb_nfct(skb);

	if (ct && !nf_ct_is_confirmed(ct)) {
		hook = rcu_dereference(nf_ct_hook);
		if (hook)
			return hook->confirm(skb);
	}
#endif
	return NF_ACCEPT;
}

/**
 * struct mgre_rx - a packet for this host that may be ours
 * @net: netns of the underlay
 * @src: outer source address
 * @id: outer destination address and key
 * @gre: GRE header
 * @hlen: octets before the GRE header
 * @sdif: see mgre_demux_lookup()
 */
struct mgre_rx {
	struct net *net;
	struct nhrp_addr src;
	struct mgre_id id;
	struct mgre_gre gre;
	int hlen;
	int sdif;
};

/* GRO compares the link-layer header and nothing else of the outer header to tell
 * senders apart, and header_ops->parse reads it. It is the outer source address;
 * where that is longer than the device's addresses it is zero, for which the end
 * of the GRE header gives its place.
 */
static bool mgre_rcv_set_lladdr(const struct mgre_dev *mgre,
				struct sk_buff *skb, const struct mgre_rx *rx,
				int outer)
{
	if (rx->src.family == AF_INET) {
		skb->mac_header = outer + offsetof(struct iphdr, saddr);
		return true;
	}
	if (mgre->dev->addr_len == sizeof(rx->src.ip6)) {
		skb->mac_header = outer + offsetof(struct ipv6hdr, saddr);
		return true;
	}

	if (skb_cow_head(skb, 0))
		return false;
	skb_set_mac_header(skb, -(int)sizeof(__be32));
	memset(skb_mac_header(skb), 0, sizeof(__be32));

	return true;
}

static bool mgre_rcv_ecn(struct sk_buff *skb, const struct mgre_rx *rx,
			 int outer)
{
	const void *iph = skb->head + outer;

	return (rx->src.family == AF_INET ? IP_ECN_decapsulate(iph, skb) :
					    IP6_ECN_decapsulate(iph, skb)) <= 1;
}

static bool mgre_rcv_policy(struct sk_buff *skb, const struct mgre_rx *rx)
{
	return rx->src.family == AF_INET ?
	       xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb) :
	       xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb);
}

/* NHRP itself is how a new peer makes itself known. Nobody can be one who has none
 * of the addresses that a peer may have: IPv4 drops such packets by itself, IPv6
 * lets them pass.
 */
static bool mgre_rcv_accept(const struct mgre_conf *conf,
			    const struct nhrp_peer *peer,
			    const struct mgre_rx *rx)
{
	if (likely(peer))
		return true;
	if (rx->src.family == AF_INET6 &&
	    (!mgre_addr_is_unicast(&rx->src) ||
	     nhrp_addr_equal(&rx->src, &rx->id.local)))
		return false;

	return !conf->accept_known ||
	       rx->gre.proto == htons(MGRE_ETH_P_NHRP);
}

static enum mgre_drop mgre_rcv_pull(struct mgre_dev *mgre, struct sk_buff *skb,
				    const struct mgre_rx *rx)
{
	bool xnet = !net_eq(mgre->net, dev_net(mgre->dev));
	int outer = skb_network_header(skb) - skb->head;

	/* An IPv4 header sums to zero, an IPv6 header does not. */
	__skb_pull(skb, rx->hlen);
	if (rx->src.family == AF_INET6)
		skb_postpull_rcsum(skb, skb_network_header(skb), rx->hlen);
	if (rx->gre.csum) {
		if (skb_checksum_simple_validate(skb))
			return MGRE_DROP_RX_CHECKSUM;
		skb_checksum_try_convert(skb, IPPROTO_GRE, null_compute_pseudo);
	}
	if (__iptunnel_pull_header(skb, rx->gre.hlen, rx->gre.proto, true,
				   xnet))
		return MGRE_DROP_RX_NOMEM;
	/* The others of a chain still have the headers that this one has lost. */
	if (unlikely(skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST) &&
	    skb_linearize(skb))
		return MGRE_DROP_RX_NOMEM;

	skb_reset_network_header(skb);
	if (!pskb_inet_may_pull(skb))
		return MGRE_DROP_RX_TRUNCATED;
	if (!mgre_rcv_ecn(skb, rx, outer))
		return MGRE_DROP_RX_ECN;
	if (!mgre_rcv_set_lladdr(mgre, skb, rx, outer))
		return MGRE_DROP_RX_NOMEM;
	/* GRO may have left a protocol that belongs to another offset. */
	skb->inner_network_header = outer;
	skb->inner_protocol = 0;

	return MGRE_DROP_NONE;
}

static bool mgre_rx_is_local(const struct mgre_conf *conf, int family,
			     const struct nhrp_addr *dst)
{
	const struct nhrp_addr *local = &conf->underlay[family].local;

	if (family == MGRE_IP4)
		return !local->ip4 || local->ip4 == dst->ip4;

	return ipv6_addr_any(&local->ip6) ||
	       ipv6_addr_equal(&local->ip6, &dst->ip6);
}

/* The outer header that mgre_rcv_pull() took off, if the packet still has it. What
 * becomes of a packet on its way through the stack may reallocate its head, with
 * all that is in it, or make a new packet of it, with whatever memory there was; so
 * it must look like one in every respect.
 */
static bool mgre_rx_outer(const struct mgre_conf *conf,
			  const struct sk_buff *skb, struct nhrp_addr *src)
{
	const struct iphdr *iph = (void *)skb->head + skb->inner_network_header;
	int room = skb_network_header(skb) - (unsigned char *)iph;
	const struct ipv6hdr *ip6h = (const void *)iph;
	struct nhrp_addr dst = {};
	u8 nexthdr;

	if (!skb->inner_network_header || skb->encapsulation)
		return false;
	if (room >= (int)sizeof(*iph) && iph->version == 4) {
		src->family = AF_INET;
		src->ip4 = iph->saddr;
		dst.ip4 = iph->daddr;
		return iph->protocol == IPPROTO_GRE && iph->ihl >= 5 &&
		       room >= iph->ihl * 4 && !ip_fast_csum(iph, iph->ihl) &&
		       mgre_rx_is_local(conf, MGRE_IP4, &dst);
	}
	if (room < (int)sizeof(*ip6h) || iph->version != 6)
		return false;

	src->family = AF_INET6;
	src->ip6 = ip6h->saddr;
	dst.ip6 = ip6h->daddr;
	nexthdr = ip6h->nexthdr;
	return (nexthdr == NEXTHDR_GRE || nexthdr == NEXTHDR_HOP ||
		nexthdr == NEXTHDR_DEST) &&
	       mgre_rx_is_local(conf, MGRE_IP6, &dst);
}

/**
 * mgre_rx_origin - the peer that a packet came from that now leaves
 * @mgre: device that it leaves by
 * @skb: packet at its payload
 * @origin: NBMA address, without a family if the packet did not come in by
 *	@mgre, or that cannot be told any more
 *
 * Two devices in one VRF with the same local address are taken for one.
 *
 * Context: BH disabled, in an RCU section.
 */
void mgre_rx_origin(const struct mgre_dev *mgre, const struct sk_buff *skb,
		    struct nhrp_addr *origin)
{
	const struct net_device *dev = mgre->dev;

	/* In a VRF what it came in by is the VRF. */
	if (!skb->skb_iif || (skb->skb_iif != dev->ifindex &&
			      skb->skb_iif != l3mdev_master_ifindex_rcu(dev)) ||
	    !mgre_rx_outer(rcu_dereference(mgre->conf), skb, origin))
		origin->family = 0;
}

/* RFC 2784, section 2.3.1 on; skb->data is at the outer header. */
static enum mgre_drop mgre_rcv_decap(const struct mgre_conf *conf,
				     struct sk_buff *skb,
				     const struct mgre_rx *rx)
{
	struct mgre_dev *mgre = conf->mgre;
	struct nhrp_peer *peer;
	enum mgre_drop why;
	unsigned int len;

	/* Who is where is for NHRP to say; any sender could change a neighbour's
	 * address so.
	 */
	if (unlikely(rx->gre.proto == htons(ETH_P_ARP) ||
		     rx->gre.proto == htons(ETH_P_RARP)))
		return MGRE_DROP_RX_PROTOCOL;
	if (!mgre_rcv_policy(skb, rx))
		return MGRE_DROP_RX_POLICY;
	if (unlikely(conf->protect) && !mgre_skb_is_protected(skb))
		return MGRE_DROP_RX_UNPROTECTED;
	peer = nhrp_peer_lookup(&mgre->cache, &rx->src);
	if (!mgre_rcv_accept(conf, peer, rx))
		return MGRE_DROP_RX_UNKNOWN_PEER;
	why = mgre_rcv_pull(mgre, skb, rx);
	if (why)
		return why;

	len = skb->len;
	skb->dev = mgre->dev;
	trace_mgre_rcv(mgre->dev, &rx->src, len, skb->protocol);
	/* It counts what it drops, at the device. */
	if (gro_cells_receive(&mgre->gro_cells, skb) == NET_RX_DROP)
		return MGRE_DROP_NONE;

	dev_sw_netstats_rx_add(mgre->dev, len);
	if (peer)
		nhrp_peer_count_rx(peer, len);

	return MGRE_DROP_NONE;
}

/* What is GRE's, but other devices': gretap, ERSPAN and PPTP. */
static bool mgre_rcv_foreign(const struct mgre_gre *gre)
{
	switch (gre->proto) {
	case htons(ETH_P_TEB):
	case htons(ETH_P_ERSPAN):
	case htons(ETH_P_ERSPAN2):
		return true;
	case GRE_PROTO_PPP:
		return gre->version == 1;
	default:
		return false;
	}
}

static unsigned int mgre_rcv(struct sk_buff *skb, struct mgre_rx *rx)
{
	int link = skb->dev->ifindex;
	struct mgre_conf *conf;
	unsigned int verdict;
	enum mgre_drop why;

	why = mgre_gre_parse(skb, rx->hlen, &rx->gre);
	if (mgre_rcv_foreign(&rx->gre))
		return NF_ACCEPT;

	if (likely(why != MGRE_DROP_RX_HEADER)) {
		rx->id.key = rx->gre.key;
		rx->id.keyed = rx->gre.keyed;
		conf = mgre_demux_lookup(rx->net, &rx->id, link, rx->sdif);
	} else {
		conf = mgre_demux_lookup_local(rx->net, &rx->id.local, link,
					       rx->sdif);
	}
	if (!conf || !(conf->mgre->dev->flags & IFF_UP))
		return NF_ACCEPT;

	if (likely(!why)) {
		verdict = mgre_rcv_confirm(skb);
		if (verdict != NF_ACCEPT)
			return verdict;
	}

	/* Softirq, but for a packet that NFQUEUE gives back: that comes from
	 * the process that gave the verdict.
	 */
	local_bh_disable();
	/* What it refuses has been delivered to it, as to any other protocol. */
	if (rx->src.family == AF_INET)
		__IP_INC_STATS(rx->net, IPSTATS_MIB_INDELIVERS);
	else
		__IP6_INC_STATS(rx->net, __in6_dev_get(skb->dev),
				IPSTATS_MIB_INDELIVERS);
	if (likely(!why))
		why = mgre_rcv_decap(conf, skb, rx);
	if (unlikely(why))
		mgre_drop(conf->mgre, skb, why);
	local_bh_enable();

	return NF_STOLEN;
}

static unsigned int mgre_rcv4(struct sk_buff *skb, struct net *net)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct mgre_rx rx;

	/* GRE to a group or to everybody is not from a peer. */
	if (skb_rtable(skb)->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST))
		return NF_ACCEPT;

	rx.net = net;
	rx.src.family = AF_INET;
	rx.src.ip4 = iph->saddr;
	rx.id.local.family = AF_INET;
	rx.id.local.ip4 = iph->daddr;
	rx.hlen = ip_hdrlen(skb);
	rx.sdif = inet_sdif(skb);

	return mgre_rcv(skb, &rx);
}

static unsigned int mgre_rcv6(struct sk_buff *skb, struct net *net, int hlen)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct mgre_rx rx;

	if (ipv6_addr_is_multicast(&ip6h->daddr))
		return NF_ACCEPT;

	rx.net = net;
	rx.src.family = AF_INET6;
	rx.src.ip6 = ip6h->saddr;
	rx.id.local.family = AF_INET6;
	rx.id.local.ip6 = ip6h->daddr;
	rx.hlen = hlen;
	rx.sdif = inet6_sdif(skb);

	return mgre_rcv(skb, &rx);
}

static unsigned int mgre_rcv_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_GRE:
		return mgre_rcv4(skb, state->net);
	case IPPROTO_ICMP:
		mgre_icmp_rcv(state->net, skb);
	}

	return NF_ACCEPT;
}

static unsigned int mgre_rcv_hook6(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	int hlen;

	hlen = mgre_ip6_skip_options(skb, sizeof(struct ipv6hdr), &nexthdr);
	if (hlen < 0)
		return NF_ACCEPT;

	switch (nexthdr) {
	case NEXTHDR_GRE:
		return mgre_rcv6(skb, state->net, hlen);
	case NEXTHDR_ICMP:
		mgre_icmp6_rcv(state->net, skb, hlen);
	}

	return NF_ACCEPT;
}

static const struct nf_hook_ops mgre_rcv_ops[] = {
	{
		.hook		= mgre_rcv_hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP_PRI_LAST,
	},
	{
		.hook		= mgre_rcv_hook6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP6_PRI_LAST,
	},
};

/* IPv4 reassembles before the hook by itself, IPv6 when asked to. */
static int mgre_rcv_add_hooks(struct net *net)
{
	int err;

	err = nf_defrag_ipv6_enable(net);
	if (err)
		return err;
	err = nf_register_net_hooks(net, mgre_rcv_ops,
				    ARRAY_SIZE(mgre_rcv_ops));
	if (err)
		nf_defrag_ipv6_disable(net);

	return err;
}

static void mgre_rcv_del_hooks(struct net *net)
{
	nf_unregister_net_hooks(net, mgre_rcv_ops, ARRAY_SIZE(mgre_rcv_ops));
	nf_defrag_ipv6_disable(net);
}

/**
 * mgre_rcv_register - have a netns receive for one device more
 * @net: netns of the underlay
 *
 * The first device registers the hooks.
 *
 * Context: process, under rtnl.
 * Return: 0 or -errno.
 */
int mgre_rcv_register(struct net *net)
{
	struct mgre_net *mn = mgre_net_get(net);
	int err;

	ASSERT_RTNL();

	if (!mn->users) {
		err = mgre_rcv_add_hooks(net);
		if (err)
			return err;
	}
	mn->users++;

	return 0;
}

/**
 * mgre_rcv_unregister - undo mgre_rcv_register()
 * @net: netns of the underlay
 *
 * Context: process, under rtnl. Packets may be in the hook for a grace period.
 */
void mgre_rcv_unregister(struct net *net)
{
	struct mgre_net *mn = mgre_net_get(net);

	ASSERT_RTNL();

	if (!--mn->users)
		mgre_rcv_del_hooks(net);
}

#ifdef MGRE_SELFTEST
#include "rcv_test.c"
#endif
