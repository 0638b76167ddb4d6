// SPDX-License-Identifier: GPL-2.0
/* ICMP errors of the underlay about packets that mgre has sent. */

#include <linux/icmp.h>
#include <linux/netfilter_ipv4.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/route.h>

#include "mgre.h"

/* Is the packet that the error quotes, at skb->data, one that a device of ours
 * has sent to one of its peers? A router need not quote more than 8 octets of
 * GRE, which is flags and key. The error may come in by any interface.
 */
static struct mgre_dev *mgre_icmp_match(struct net *net, struct sk_buff *skb,
					struct nhrp_addr *nbma)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	struct mgre_gre gre;

	if (iph->version != 4 || iph->ihl < 5 || iph->protocol != IPPROTO_GRE ||
	    iph->frag_off & htons(IP_OFFSET))
		return NULL;
	if (!mgre_gre_parse(skb, iph->ihl * 4, &gre))
		return NULL;

	iph = (const struct iphdr *)skb->data;
	nbma->family = AF_INET;
	nbma->ip4 = iph->daddr;

	return mgre_demux_sender(net, iph->saddr, gre.key, gre.keyed, nbma);
}

/* The rules of icmp_unreach() for net.ipv4.ip_no_pmtu_disc. Returns false when
 * the error is not to be believed.
 */
static bool mgre_icmp_mtu(struct net *net, u32 *mtu)
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

static void mgre_icmp_update_pmtu(struct net *net, struct sk_buff *skb, u32 mtu)
{
	struct nhrp_peer *peer;
	struct mgre_dev *mgre;
	struct nhrp_addr nbma;

	mgre = mgre_icmp_match(net, skb, &nbma);
	if (!mgre)
		return;

	ipv4_update_pmtu(skb, net, mtu, rcu_dereference(mgre->conf)->link,
			 IPPROTO_GRE);

	/* A flood of errors that say nothing new leaves the route good. */
	peer = nhrp_peer_lookup(&mgre->cache, &nbma);
	if (peer && !nhrp_peer_route(&mgre->cache, peer))
		mgre_peer_reroute(mgre, peer);
}

/**
 * mgre_icmp_rcv - look at an ICMP packet for this host
 * @net: netns of the underlay
 * @skb: packet, skb->data at the IP header, where it is again on return
 *
 * "Fragmentation needed" lowers the path MTU of the peer (RFC 1191): the kernel
 * makes a route exception, which is what the peer has cached from then on.
 *
 * Context: softirq, in an RCU section.
 */
void mgre_icmp_rcv(struct net *net, struct sk_buff *skb)
{
	int hlen = ip_hdrlen(skb), offset = hlen + sizeof(struct icmphdr);
	const struct icmphdr *icmph;
	u32 mtu;

	if (!pskb_may_pull(skb, offset + sizeof(struct iphdr)))
		return;
	icmph = (const struct icmphdr *)(skb->data + hlen);
	if (icmph->type != ICMP_DEST_UNREACH || icmph->code != ICMP_FRAG_NEEDED)
		return;
	mtu = ntohs(icmph->un.frag.mtu);
	if (!mgre_icmp_mtu(net, &mtu))
		return;

	/* icmp_rcv() does this later, and as for any hook that needs it before,
	 * the result is kept in the packet.
	 */
	if (nf_ip_checksum(skb, NF_INET_LOCAL_IN, hlen, IPPROTO_ICMP))
		return;

	__skb_pull(skb, offset);
	mgre_icmp_update_pmtu(net, skb, mtu);
	__skb_push(skb, offset);
}
