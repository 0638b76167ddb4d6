// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: GRE for one of our devices is taken out of the input path of the
 * underlay's netns, in a netfilter hook behind the user's INPUT rules.
 *
 * The kernel has one slot for GRE version 0, and ip_gre sits in it; in the hook
 * both live side by side. What no device of ours matches goes on to ip_gre. IP
 * has reassembled the packet before the hook.
 */

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "mgre.h"

/* RFC 2784, section 2.2 and 2.3.1: bits 1, 4 and 5 belong to RFC 1701 and
 * refuse the packet; bits 6 to 12 are ignored. Bits 2 and 3 are RFC 2890's.
 */
#define MGRE_GRE_REFUSED	(GRE_ROUTING | GRE_STRICT | \
				 htons(0x0400) | GRE_VERSION)

/**
 * mgre_gre_parse - read a GRE header
 * @skb: packet, whose linear part may move
 * @offset: of the header behind skb->data
 * @gre: result
 *
 * Context: any.
 * Return: false if it is none that mgre takes: truncated, another version, or
 * with parts of RFC 1701 that RFC 2784 gave up.
 */
bool mgre_gre_parse(struct sk_buff *skb, int offset, struct mgre_gre *gre)
{
	const struct gre_base_hdr *greh;
	const __be32 *option;
	__be16 flags;

	if (!pskb_may_pull(skb, offset + sizeof(*greh)))
		return false;

	greh = (const struct gre_base_hdr *)(skb->data + offset);
	flags = greh->flags;
	if (flags & MGRE_GRE_REFUSED)
		return false;

	gre->csum = flags & GRE_CSUM;
	gre->keyed = flags & GRE_KEY;
	gre->hlen = sizeof(*greh) + GRE_HEADER_SECTION *
		    (gre->csum + gre->keyed + !!(flags & GRE_SEQ));
	if (!pskb_may_pull(skb, offset + gre->hlen))
		return false;

	greh = (const struct gre_base_hdr *)(skb->data + offset);
	option = (const __be32 *)(greh + 1);
	gre->proto = greh->protocol;
	gre->key = gre->keyed ? option[gre->csum] : 0;

	return true;
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

/* RFC 2784, section 2.3.1 on; skb->data is at the GRE header. */
static enum mgre_drop mgre_rcv_decap(struct mgre_dev *mgre,
				     struct sk_buff *skb,
				     const struct mgre_gre *gre)
{
	bool xnet = !net_eq(mgre->net, dev_net(mgre->dev));
	int outer = skb_network_header(skb) - skb->head;
	const struct iphdr *iph;
	struct nhrp_addr nbma;
	struct nhrp_peer *peer;
	unsigned int len;

	if (!xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb))
		return MGRE_DROP_RX_POLICY;
	if (gre->csum) {
		if (skb_checksum_simple_validate(skb))
			return MGRE_DROP_RX_CHECKSUM;
		skb_checksum_try_convert(skb, IPPROTO_GRE, null_compute_pseudo);
	}
	if (__iptunnel_pull_header(skb, gre->hlen, gre->proto, true, xnet))
		return MGRE_DROP_RX_NOMEM;

	/* The outer source address is the link-layer header: header_ops->parse
	 * reads it there, and GRO compares it and nothing else of the outer
	 * header to tell senders apart.
	 */
	skb->mac_header = outer + offsetof(struct iphdr, saddr);
	skb_reset_network_header(skb);
	if (!pskb_inet_may_pull(skb))
		return MGRE_DROP_RX_TRUNCATED;

	outer = skb_mac_header(skb) - offsetof(struct iphdr, saddr) - skb->head;
	iph = (const struct iphdr *)(skb->head + outer);
	if (IP_ECN_decapsulate(iph, skb) > 1)
		return MGRE_DROP_RX_ECN;

	nbma.family = AF_INET;
	nbma.ip4 = iph->saddr;
	len = skb->len;
	skb->dev = mgre->dev;
	/* It counts what it drops, at the device. */
	if (gro_cells_receive(&mgre->gro_cells, skb) == NET_RX_DROP)
		return MGRE_DROP_NONE;

	dev_sw_netstats_rx_add(mgre->dev, len);
	peer = nhrp_peer_lookup(&mgre->cache, &nbma);
	if (peer)
		nhrp_peer_count_rx(peer, len);

	return MGRE_DROP_NONE;
}

/* EtherTypes that are GRE's, but other devices': gretap and ERSPAN. */
static bool mgre_rcv_foreign(__be16 proto)
{
	switch (proto) {
	case htons(ETH_P_TEB):
	case htons(ETH_P_ERSPAN):
	case htons(ETH_P_ERSPAN2):
		return true;
	default:
		return false;
	}
}

static unsigned int mgre_rcv(struct sk_buff *skb, struct net *net)
{
	int hlen = ip_hdrlen(skb);
	struct mgre_conf *conf;
	unsigned int verdict;
	struct mgre_gre gre;
	enum mgre_drop why;

	if (!mgre_gre_parse(skb, hlen, &gre) || mgre_rcv_foreign(gre.proto))
		return NF_ACCEPT;
	/* GRE to a group or to everybody is not from a peer. */
	if (skb_rtable(skb)->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST))
		return NF_ACCEPT;

	conf = mgre_demux_lookup(net, ip_hdr(skb)->daddr, gre.key, gre.keyed,
				 skb->dev->ifindex);
	if (!conf || !(conf->mgre->dev->flags & IFF_UP))
		return NF_ACCEPT;

	verdict = mgre_rcv_confirm(skb);
	if (verdict != NF_ACCEPT)
		return verdict;

	__IP_INC_STATS(net, IPSTATS_MIB_INDELIVERS);
	__skb_pull(skb, hlen);
	/* Softirq, but for a packet that NFQUEUE gives back: that comes from
	 * the process that gave the verdict.
	 */
	local_bh_disable();
	why = mgre_rcv_decap(conf->mgre, skb, &gre);
	if (unlikely(why))
		mgre_drop(conf->mgre, skb, why);
	local_bh_enable();

	return NF_STOLEN;
}

static unsigned int mgre_rcv_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_GRE:
		return mgre_rcv(skb, state->net);
	case IPPROTO_ICMP:
		mgre_icmp_rcv(state->net, skb);
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
};

/**
 * mgre_rcv_register - have a netns receive for one device more
 * @net: netns of the underlay
 *
 * The first device registers the hook.
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
		err = nf_register_net_hooks(net, mgre_rcv_ops,
					    ARRAY_SIZE(mgre_rcv_ops));
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
		nf_unregister_net_hooks(net, mgre_rcv_ops,
					ARRAY_SIZE(mgre_rcv_ops));
}
