// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of encapsulation, included by encap.c. The route leads to a function that
 * keeps the packet, so what is looked at is what the underlay would have sent.
 */

#include <net/dst.h>
#include <net/ip6_checksum.h>
#include <net/udp.h>

#include "../include/selftest.h"

#define MGRE_TEST_KEY		0x01020304
#define MGRE_TEST_HOPLIMIT	77

/**
 * struct mgre_encap_test - what a case works with
 * @rt4: route to the peer, if that is IPv4
 * @rt6: the same for IPv6
 * @dst: the one of both that is used
 * @dev: device that the packet leaves by and, registered nowhere, that of mgre
 * @mgre: its private data
 * @conf: configuration
 * @nbma: where to
 * @saddr: from where
 * @tx: packet
 * @out: what has been sent
 * @verdict: what the underlay says of it
 */
struct mgre_encap_test {
	struct rtable rt4;
	struct rt6_info rt6;
	struct dst_entry *dst;
	struct net_device *dev;
	struct mgre_dev *mgre;
	struct mgre_conf conf;
	struct nhrp_addr nbma;
	struct nhrp_addr saddr;
	struct mgre_tx tx;
	struct sk_buff *out;
	int verdict;
};

static int mgre_test_keep(struct mgre_encap_test *t, struct sk_buff *skb)
{
	skb_dst_drop(skb);
	t->out = skb;

	return t->verdict;
}

static int mgre_test_output4(struct net *net, struct sock *sk,
			     struct sk_buff *skb)
{
	return mgre_test_keep(container_of(skb_dst(skb), struct mgre_encap_test,
					   rt4.dst), skb);
}

static int mgre_test_output6(struct net *net, struct sock *sk,
			     struct sk_buff *skb)
{
	return mgre_test_keep(container_of(skb_dst(skb), struct mgre_encap_test,
					   rt6.dst), skb);
}

static struct dst_ops mgre_test_dst_ops4 = { .family = AF_INET };
static struct dst_ops mgre_test_dst_ops6 = { .family = AF_INET6 };

static int mgre_encap_test_init(struct kunit *test)
{
	struct mgre_encap_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->dev = alloc_netdev(sizeof(struct mgre_dev), "mgre_test",
			      NET_NAME_UNKNOWN, ether_setup);
	if (!t->dev)
		return -ENOMEM;
	t->mgre = netdev_priv(t->dev);
	t->mgre->dev = t->dev;
	t->mgre->net = &init_net;
	t->rt4.dst.ops = &mgre_test_dst_ops4;
	t->rt4.dst.output = mgre_test_output4;
	t->rt4.dst.dev = t->dev;
	t->rt6.dst.ops = &mgre_test_dst_ops6;
	t->rt6.dst.output = mgre_test_output6;
	t->rt6.dst.dev = t->dev;
	dst_init_metrics(&t->rt4.dst, dst_default_metrics.metrics, true);
	dst_init_metrics(&t->rt6.dst, dst_default_metrics.metrics, true);
	test->priv = t;

	return 0;
}

static void mgre_encap_test_exit(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;

	if (!t)
		return;
	kfree_skb(t->out);
	free_netdev(t->dev);
}

/* A device like those that mgre_link_parse() sets up, and a peer of the family */
static void mgre_test_device(struct mgre_encap_test *t, u8 family, bool csum,
			     bool keyed)
{
	memset(&t->conf, 0, sizeof(t->conf));
	t->conf.keyed = keyed;
	t->conf.key = keyed ? htonl(MGRE_TEST_KEY) : 0;
	t->conf.gre_flags = (keyed ? GRE_KEY : 0) | (csum ? GRE_CSUM : 0);
	t->conf.gre_hlen = mgre_gre_hlen(t->conf.gre_flags);
	t->conf.ttl = 42;

	t->nbma.family = family;
	t->saddr.family = family;
	memset(&t->nbma.ip6, 0x20, sizeof(t->nbma.ip6));
	memset(&t->saddr.ip6, 0x30, sizeof(t->saddr.ip6));
	t->dst = family == AF_INET ? &t->rt4.dst : &t->rt6.dst;
	memset(&t->tx, 0, sizeof(t->tx));
	t->tx.mgre = t->mgre;
	t->tx.conf = &t->conf;
	t->tx.dst = t->dst;
	t->tx.nbma = &t->nbma;
	t->tx.saddr = &t->saddr;
}

static void *mgre_test_ip4(struct sk_buff *skb, u8 tos, u8 ttl)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));

	iph->version = 4;
	iph->ihl = 5;
	iph->tos = tos;
	iph->ttl = ttl;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = htonl(0x0a000001);
	iph->daddr = htonl(0x0a000002);

	return iph;
}

static void *mgre_test_ip6(struct sk_buff *skb, u8 tos, u8 ttl)
{
	struct ipv6hdr *ip6h = skb_put_zero(skb, sizeof(*ip6h));

	ip6_flow_hdr(ip6h, tos, htonl(0x12345));
	ip6h->nexthdr = NEXTHDR_UDP;
	ip6h->hop_limit = ttl;
	ip6h->saddr.s6_addr[0] = 0xfd;
	ip6h->daddr.s6_addr[0] = 0xfc;

	return ip6h;
}

/* UDP, whose checksum is right, with @size octets of data in it */
static void mgre_test_udp(struct sk_buff *skb, unsigned int size)
{
	struct udphdr *uh = skb_put_zero(skb, sizeof(*uh));
	unsigned int len = sizeof(*uh) + size;
	__wsum sum;

	uh->source = htons(1000);
	uh->dest = htons(2000);
	uh->len = htons(len);
	memset(skb_put(skb, size), 0xa5, size);
	sum = csum_partial(uh, len, 0);
	if (skb->protocol == htons(ETH_P_IP)) {
		ip_hdr(skb)->tot_len = htons(20 + len);
		ip_send_check(ip_hdr(skb));
		uh->check = csum_tcpudp_magic(ip_hdr(skb)->saddr,
					      ip_hdr(skb)->daddr, len,
					      IPPROTO_UDP, sum);
	} else {
		ipv6_hdr(skb)->payload_len = htons(len);
		uh->check = csum_ipv6_magic(&ipv6_hdr(skb)->saddr,
					    &ipv6_hdr(skb)->daddr, len,
					    IPPROTO_UDP, sum);
	}
}

static struct sk_buff *mgre_test_payload(struct kunit *test, u16 proto, u8 tos,
					 u8 ttl, unsigned int headroom)
{
	struct mgre_encap_test *t = test->priv;
	struct sk_buff *skb = alloc_skb(headroom + 256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, headroom);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->dev = t->dev;
	skb->protocol = htons(proto);
	if (proto == ETH_P_IP) {
		mgre_test_ip4(skb, tos, ttl);
		skb_set_transport_header(skb, skb->len);
		mgre_test_udp(skb, 33);
	} else if (proto == ETH_P_IPV6) {
		mgre_test_ip6(skb, tos, ttl);
		skb_set_transport_header(skb, skb->len);
		mgre_test_udp(skb, 33);
	} else {
		put_unaligned_be32(0x00064140, skb_put(skb, 4));
		memset(skb_put(skb, 40), 0x45, 40);
	}
	t->tx.proto = skb->protocol;
	t->tx.len = skb->len;

	return skb;
}

/* Sends it. It is in @out then, with the checksums that a device would write. */
static enum mgre_drop mgre_test_encap(struct kunit *test, struct sk_buff *skb,
				      __be16 df)
{
	struct mgre_encap_test *t = test->priv;
	enum mgre_drop why;

	kfree_skb(t->out);
	t->out = NULL;
	local_bh_disable();
	rcu_read_lock();
	why = mgre_tx_encap(&t->tx, skb, df);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_ASSERT_NOT_NULL(test, t->out);
	if (t->out->ip_summed == CHECKSUM_PARTIAL && !skb_is_gso(t->out))
		KUNIT_ASSERT_EQ(test, skb_checksum_help(t->out), 0);

	return why;
}

static unsigned int mgre_test_outer(const struct mgre_encap_test *t)
{
	return t->nbma.family == AF_INET ? 20 : 40;
}

static const u8 *mgre_test_gre(const struct mgre_encap_test *t)
{
	return t->out->data + mgre_test_outer(t);
}

static void mgre_test_check_ip4(struct kunit *test, u8 tos, u8 ttl)
{
	struct mgre_encap_test *t = test->priv;
	const struct iphdr *iph = (void *)t->out->data;

	KUNIT_EXPECT_EQ(test, t->out->data[0], 0x45);
	KUNIT_EXPECT_EQ(test, iph->tos, tos);
	KUNIT_EXPECT_EQ(test, ntohs(iph->tot_len), t->out->len);
	KUNIT_EXPECT_EQ(test, iph->ttl, ttl);
	KUNIT_EXPECT_EQ(test, iph->protocol, 47);
	KUNIT_EXPECT_EQ(test, ntohl(iph->saddr), 0x30303030);
	KUNIT_EXPECT_EQ(test, ntohl(iph->daddr), 0x20202020);
	KUNIT_EXPECT_EQ(test, (__force u16)ip_fast_csum(iph, 5), 0);
}

static void mgre_test_check_ip6(struct kunit *test, u8 tos, u8 ttl)
{
	struct mgre_encap_test *t = test->priv;
	const struct ipv6hdr *ip6h = (void *)t->out->data;

	KUNIT_EXPECT_EQ(test, t->out->data[0] >> 4, 6);
	KUNIT_EXPECT_EQ(test, ipv6_get_dsfield(ip6h), tos);
	KUNIT_EXPECT_EQ(test, ntohs(ip6h->payload_len), t->out->len - 40);
	KUNIT_EXPECT_EQ(test, ip6h->hop_limit, ttl);
	KUNIT_EXPECT_EQ(test, ip6h->nexthdr, 47);
	KUNIT_EXPECT_EQ(test, ip6h->saddr.s6_addr[0], 0x30);
	KUNIT_EXPECT_EQ(test, ip6h->saddr.s6_addr[15], 0x30);
	KUNIT_EXPECT_EQ(test, ip6h->daddr.s6_addr[0], 0x20);
	KUNIT_EXPECT_EQ(test, ip6h->daddr.s6_addr[15], 0x20);
}

static void mgre_test_check_outer(struct kunit *test, u8 tos, u8 ttl)
{
	struct mgre_encap_test *t = test->priv;

	if (t->nbma.family == AF_INET)
		mgre_test_check_ip4(test, tos, ttl);
	else
		mgre_test_check_ip6(test, tos, ttl);
}

/* RFC 2784 and 2890: flags, EtherType, checksum, key */
static void mgre_test_check_gre(struct kunit *test, bool csum, bool keyed,
				u16 proto)
{
	struct mgre_encap_test *t = test->priv;
	const u8 *gre = mgre_test_gre(t);
	unsigned int outer = mgre_test_outer(t), at = 4;

	KUNIT_EXPECT_EQ(test, get_unaligned_be16(gre),
			(csum ? 0x8000 : 0) | (keyed ? 0x2000 : 0));
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(gre + 2), proto);
	if (csum) {
		KUNIT_EXPECT_EQ(test, get_unaligned_be16(gre + at + 2), 0);
		KUNIT_EXPECT_EQ(test, (__force u16)
				csum_fold(skb_checksum(t->out, outer,
						       t->out->len - outer,
						       0)), 0);
		at += 4;
	}
	if (keyed) {
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(gre + at),
				MGRE_TEST_KEY);
		at += 4;
	}
	KUNIT_EXPECT_EQ(test, t->conf.gre_hlen, at);
	KUNIT_EXPECT_EQ(test, mgre_overhead(&t->conf, t->nbma.family),
			outer + at);
}

static const u16 mgre_test_protos[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_MPLS_UC };

static void mgre_test_headers(struct kunit *test, u8 family, bool csum,
			      bool keyed, u16 proto, unsigned int headroom)
{
	struct mgre_encap_test *t = test->priv;
	struct sk_buff *skb, *copy;

	mgre_test_device(t, family, csum, keyed);
	skb = mgre_test_payload(test, proto, 0, 64, headroom);
	copy = skb_copy(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);

	KUNIT_EXPECT_EQ(test, mgre_test_encap(test, skb, htons(IP_DF)),
			MGRE_DROP_NONE);
	KUNIT_ASSERT_EQ(test, t->out->len,
			copy->len + mgre_overhead(&t->conf, family));
	mgre_test_check_outer(test, 0, 42);
	mgre_test_check_gre(test, csum, keyed, proto);
	KUNIT_EXPECT_FALSE(test, memcmp(skb_tail_pointer(t->out) - copy->len,
					copy->data, copy->len));
	kfree_skb(copy);
}

/* Every kind of header around every kind of payload, with and without room for it */
static void mgre_encap_test_headers(struct kunit *test)
{
	int i, j;

	for (i = 0; i < 16; i++)
		for (j = 0; j < ARRAY_SIZE(mgre_test_protos); j++)
			mgre_test_headers(test, i & 1 ? AF_INET6 : AF_INET,
					  i & 2, i & 4, mgre_test_protos[j],
					  i & 8 ? 128 : 0);
}

/* What somebody else has a reference on is not written to. */
static void mgre_encap_test_shared(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;
	struct sk_buff *skb, *clone, *copy;

	mgre_test_device(t, AF_INET, true, true);
	skb = mgre_test_payload(test, ETH_P_IP, 0, 64, 128);
	skb_push(skb, 64);
	memset(skb->data, 0x77, 64);
	skb_pull(skb, 64);
	copy = skb_copy(skb, GFP_KERNEL);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_EXPECT_EQ(test, mgre_test_encap(test, skb, 0), MGRE_DROP_NONE);
	mgre_test_check_gre(test, true, true, ETH_P_IP);
	KUNIT_EXPECT_FALSE(test, memcmp(clone->data, copy->data, copy->len));
	KUNIT_EXPECT_FALSE(test, memchr_inv(skb_push(clone, 64), 0x77, 64));
	kfree_skb(clone);
	kfree_skb(copy);
}

/* A payload whose own checksum is left to the device: both are right in the end. */
static void mgre_test_partial(struct kunit *test, u8 family, u16 proto)
{
	struct mgre_encap_test *t = test->priv;
	unsigned int size = 8 + 33;
	struct sk_buff *skb;
	struct udphdr *uh;
	u16 want;

	mgre_test_device(t, family, true, true);
	skb = mgre_test_payload(test, proto, 0, 64, 128);
	uh = udp_hdr(skb);
	want = (__force u16)uh->check;
	/* As a socket leaves it: the sum of the pseudo-header */
	if (proto == ETH_P_IP)
		uh->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr,
					       ip_hdr(skb)->daddr, size,
					       IPPROTO_UDP, 0);
	else
		uh->check = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr,
					     &ipv6_hdr(skb)->daddr, size,
					     IPPROTO_UDP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);

	KUNIT_EXPECT_EQ(test, mgre_test_encap(test, skb, 0), MGRE_DROP_NONE);
	uh = (void *)(skb_tail_pointer(t->out) - size);
	KUNIT_EXPECT_EQ(test, (__force u16)uh->check, want);
	mgre_test_check_gre(test, true, true, proto);
}

static void mgre_encap_test_partial(struct kunit *test)
{
	mgre_test_partial(test, AF_INET, ETH_P_IP);
	mgre_test_partial(test, AF_INET, ETH_P_IPV6);
	mgre_test_partial(test, AF_INET6, ETH_P_IP);
	mgre_test_partial(test, AF_INET6, ETH_P_IPV6);
}

/* Of what is segmented later, the checksum is left to those who do it. */
static void mgre_encap_test_gso(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;
	struct sk_buff *skb;
	int csum;

	for (csum = 0; csum < 2; csum++) {
		mgre_test_device(t, AF_INET, csum, true);
		skb = mgre_test_payload(test, ETH_P_IP, 0, 64, 128);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct udphdr, check);
		skb_shinfo(skb)->gso_size = 11;
		skb_shinfo(skb)->gso_segs = 3;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
		KUNIT_EXPECT_EQ(test, mgre_test_encap(test, skb, 0),
				MGRE_DROP_NONE);
		KUNIT_EXPECT_EQ(test, skb_shinfo(t->out)->gso_type,
				SKB_GSO_UDP_L4 | (csum ? SKB_GSO_GRE_CSUM :
							 SKB_GSO_GRE));
		KUNIT_EXPECT_TRUE(test, t->out->encapsulation);
		KUNIT_EXPECT_EQ(test, ntohs(t->out->inner_protocol), ETH_P_IP);
		KUNIT_EXPECT_EQ(test, skb_transport_offset(t->out), 20);
		if (csum)
			KUNIT_EXPECT_EQ(test,
					get_unaligned_be32(mgre_test_gre(t) + 4),
					0);
	}
}

/* DF, and an ID for what may be fragmented */
static void mgre_encap_test_df(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;
	const struct iphdr *iph;

	mgre_test_device(t, AF_INET, false, false);
	mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64, 128),
			htons(IP_DF));
	iph = (void *)t->out->data;
	KUNIT_EXPECT_EQ(test, ntohs(iph->frag_off), IP_DF);
	KUNIT_EXPECT_EQ(test, ntohs(iph->id), 0);

	mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64, 128), 0);
	iph = (void *)t->out->data;
	KUNIT_EXPECT_EQ(test, ntohs(iph->frag_off), 0);

	/* A path whose MTU is locked is fragmented for. */
	t->rt4.rt_mtu_locked = 1;
	mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64, 128),
			htons(IP_DF));
	iph = (void *)t->out->data;
	KUNIT_EXPECT_EQ(test, ntohs(iph->frag_off), 0);

	mgre_test_device(t, AF_INET6, false, false);
	mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64, 128),
			htons(IP_DF));
	KUNIT_EXPECT_FALSE(test, t->out->ignore_df);
	mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64, 128), 0);
	KUNIT_EXPECT_TRUE(test, t->out->ignore_df);
}

/* RFC 6040, normal mode, and where the DS field comes from */
static void mgre_test_tos(struct kunit *test, u8 family, u16 proto, bool inherit)
{
	static const u8 ds[] = { 0x00, 0x28, 0xb8, 0xfc };
	struct mgre_encap_test *t = test->priv;
	bool ip = proto != ETH_P_MPLS_UC;
	u8 ecn, want;
	int i;

	for (i = 0; i < ARRAY_SIZE(ds); i++) {
		for (ecn = 0; ecn < 4; ecn++) {
			mgre_test_device(t, family, false, true);
			t->conf.tos = 0x60;
			t->conf.tos_inherit = inherit;
			mgre_test_encap(test,
					mgre_test_payload(test, proto,
							  ds[i] | ecn, 64, 128),
					0);
			want = inherit ? (ip ? ds[i] : 0) : 0x60;
			mgre_test_check_outer(test, want | (ip ? ecn : 0), 42);
		}
	}
}

static void mgre_encap_test_tos(struct kunit *test)
{
	int i, j;

	for (i = 0; i < 4; i++)
		for (j = 0; j < ARRAY_SIZE(mgre_test_protos); j++)
			mgre_test_tos(test, i & 1 ? AF_INET6 : AF_INET,
				      mgre_test_protos[j], i & 2);
}

/* The device's, else the payload's, else the route's */
static void mgre_test_ttl(struct kunit *test, u8 family, u16 proto)
{
	static const u8 ttls[] = { 1, 2, 64, 255 };
	struct mgre_encap_test *t = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(ttls); i++) {
		mgre_test_device(t, family, false, true);
		t->conf.ttl = ttls[i];
		mgre_test_encap(test, mgre_test_payload(test, proto, 0, 9, 128),
				0);
		mgre_test_check_outer(test, 0, ttls[i]);

		t->conf.ttl = 0;
		mgre_test_encap(test, mgre_test_payload(test, proto, 0, ttls[i],
							128), 0);
		mgre_test_check_outer(test, 0, proto == ETH_P_MPLS_UC ?
					       MGRE_TEST_HOPLIMIT : ttls[i]);
	}
}

static void mgre_encap_test_ttl(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;
	u32 metrics[RTAX_MAX] = {
		[RTAX_HOPLIMIT - 1] = MGRE_TEST_HOPLIMIT,
	};
	int i;

	dst_init_metrics(&t->rt4.dst, metrics, true);
	dst_init_metrics(&t->rt6.dst, metrics, true);
	for (i = 0; i < ARRAY_SIZE(mgre_test_protos); i++) {
		mgre_test_ttl(test, AF_INET, mgre_test_protos[i]);
		mgre_test_ttl(test, AF_INET6, mgre_test_protos[i]);
	}
}

/* RFC 6438: the flow label is that of the payload's flow. */
static void mgre_encap_test_flowlabel(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;
	struct sk_buff *skb;
	u32 label;
	int i, others = 0;

	mgre_test_device(t, AF_INET6, false, false);
	mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64, 128), 0);
	label = ntohl(ip6_flowlabel((void *)t->out->data));
	for (i = 0; i < 64; i++) {
		mgre_test_encap(test, mgre_test_payload(test, ETH_P_IP, 0, 64,
							128), 0);
		KUNIT_EXPECT_EQ(test, ntohl(ip6_flowlabel((void *)t->out->data)),
				label);
		skb = mgre_test_payload(test, ETH_P_IP, 0, 64, 128);
		udp_hdr(skb)->source = htons(2000 + i);
		mgre_test_encap(test, skb, 0);
		others += ntohl(ip6_flowlabel((void *)t->out->data)) != label;
	}
	/* 64 flows with one label by chance: 20 bits each */
	KUNIT_EXPECT_NE(test, others, 0);
}

/* What the mapping or the link-layer header says of the mark */
static void mgre_encap_test_mark(struct kunit *test)
{
	struct nhrp_mapping mapping = { .mark = 5 };
	struct mgre_encap_test *t = test->priv;
	static const u32 want[] = { 1, 7, 5, 1 };
	struct sk_buff *skb;
	int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		mgre_test_device(t, AF_INET, false, false);
		skb = mgre_test_payload(test, ETH_P_IP, 0, 64, 128);
		skb->mark = 1;
		t->tx.mark = i ? 7 : 0;
		t->tx.mapping = i > 1 ? &mapping : NULL;
		if (i == 3)
			mapping.mark = 0;
		mgre_test_encap(test, skb, 0);
		KUNIT_EXPECT_EQ_MSG(test, t->out->mark, want[i], "step %d", i);
	}
}

static void mgre_encap_test_verdict(struct kunit *test)
{
	struct mgre_encap_test *t = test->priv;
	struct sk_buff *skb;

	mgre_test_device(t, AF_INET, false, false);
	t->verdict = NET_XMIT_CN;
	skb = mgre_test_payload(test, ETH_P_IP, 0, 64, 128);
	KUNIT_EXPECT_EQ(test, mgre_test_encap(test, skb, 0), MGRE_DROP_NONE);
	t->verdict = NET_XMIT_DROP;
	skb = mgre_test_payload(test, ETH_P_IP, 0, 64, 128);
	KUNIT_EXPECT_EQ(test, mgre_test_encap(test, skb, 0),
			MGRE_DROP_TX_UNDERLAY);
}

static struct kunit_case mgre_encap_cases[] = {
	KUNIT_CASE(mgre_encap_test_headers),
	KUNIT_CASE(mgre_encap_test_shared),
	KUNIT_CASE(mgre_encap_test_partial),
	KUNIT_CASE(mgre_encap_test_gso),
	KUNIT_CASE(mgre_encap_test_df),
	KUNIT_CASE(mgre_encap_test_tos),
	KUNIT_CASE(mgre_encap_test_ttl),
	KUNIT_CASE(mgre_encap_test_flowlabel),
	KUNIT_CASE(mgre_encap_test_mark),
	KUNIT_CASE(mgre_encap_test_verdict),
	{}
};

struct kunit_suite mgre_encap_suite = {
	.name		= "mgre_encap",
	.init		= mgre_encap_test_init,
	.exit		= mgre_encap_test_exit,
	.test_cases	= mgre_encap_cases,
};
