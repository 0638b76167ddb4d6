// SPDX-License-Identifier: GPL-2.0
/* Unit tests of reception, included by rcv.c. Packets are written octet by octet. */

#include "../include/selftest.h"

#define MGRE_TEST_SRC		0xc0000201
#define MGRE_TEST_DST		0xc6336401
#define MGRE_TEST_ROOM		512

/**
 * struct mgre_rcv_test - what a case works with
 * @dev: device, registered nowhere
 * @mgre: its private data
 * @conf: configuration
 * @rx: packet
 * @octets: what it is made of
 * @len: how much of @octets is written
 */
struct mgre_rcv_test {
	struct net_device *dev;
	struct mgre_dev *mgre;
	struct mgre_conf conf;
	struct mgre_rx rx;
	u8 octets[MGRE_TEST_ROOM];
	unsigned int len;
};

static int mgre_rcv_test_init(struct kunit *test)
{
	struct mgre_rcv_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->dev = alloc_netdev(sizeof(struct mgre_dev), "mgre_test",
			      NET_NAME_UNKNOWN, ether_setup);
	if (!t->dev)
		return -ENOMEM;
	t->dev->addr_len = sizeof(struct in_addr);
	t->mgre = netdev_priv(t->dev);
	t->mgre->dev = t->dev;
	t->mgre->net = &init_net;
	test->priv = t;

	return 0;
}

static void mgre_rcv_test_exit(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;

	if (t)
		free_netdev(t->dev);
}

static void *mgre_test_add(struct mgre_rcv_test *t, unsigned int len)
{
	void *place = t->octets + t->len;

	memset(place, 0, len);
	t->len += len;

	return place;
}

static void mgre_test_add16(struct mgre_rcv_test *t, u16 number)
{
	put_unaligned_be16(number, mgre_test_add(t, sizeof(number)));
}

static void mgre_test_add32(struct mgre_rcv_test *t, u32 number)
{
	put_unaligned_be32(number, mgre_test_add(t, sizeof(number)));
}

/* RFC 791 */
static void mgre_test_add_ip4(struct mgre_rcv_test *t, u8 tos, u8 proto,
			      unsigned int payload)
{
	struct iphdr *iph = mgre_test_add(t, sizeof(*iph));

	iph->version = 4;
	iph->ihl = 5;
	iph->tos = tos;
	iph->tot_len = htons(sizeof(*iph) + payload);
	iph->ttl = 64;
	iph->protocol = proto;
	iph->saddr = htonl(MGRE_TEST_SRC);
	iph->daddr = htonl(MGRE_TEST_DST);
	ip_send_check(iph);
}

/* RFC 8200 */
static void mgre_test_add_ip6(struct mgre_rcv_test *t, u8 tos, u8 nexthdr,
			      unsigned int payload)
{
	struct ipv6hdr *ip6h = mgre_test_add(t, sizeof(*ip6h));

	ip6_flow_hdr(ip6h, tos, 0);
	ip6h->payload_len = htons(payload);
	ip6h->nexthdr = nexthdr;
	ip6h->hop_limit = 64;
	ip6h->saddr.s6_addr32[0] = htonl(0x20010db8);
	ip6h->saddr.s6_addr[15] = 1;
	ip6h->daddr.s6_addr32[0] = htonl(0x20010db8);
	ip6h->daddr.s6_addr[15] = 2;
}

static void mgre_test_add_ip(struct mgre_rcv_test *t, u8 family, u8 tos,
			     u8 proto, unsigned int payload)
{
	if (family == AF_INET)
		mgre_test_add_ip4(t, tos, proto, payload);
	else
		mgre_test_add_ip6(t, tos, proto, payload);
}

/* RFC 2890; the checksum is left 0 */
static void mgre_test_add_gre(struct mgre_rcv_test *t, u16 flags, u16 proto)
{
	mgre_test_add16(t, flags);
	mgre_test_add16(t, proto);
	if (flags & 0x8000)
		mgre_test_add32(t, 0);
	if (flags & 0x2000)
		mgre_test_add32(t, 0x01020304);
	if (flags & 0x1000)
		mgre_test_add32(t, 0x05060708);
}

/* A packet of the octets, @linear of them in the linear part, the rest in a page */
static struct sk_buff *mgre_test_skb(struct kunit *test, unsigned int linear)
{
	struct mgre_rcv_test *t = test->priv;
	unsigned int rest = t->len - linear;
	struct sk_buff *skb;
	struct page *page;

	skb = alloc_skb(NET_SKB_PAD + linear, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, NET_SKB_PAD);
	skb_put_data(skb, t->octets, linear);
	if (rest) {
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		memcpy(page_address(page), t->octets + linear, rest);
		skb_add_rx_frag(skb, 0, page, 0, rest, PAGE_SIZE);
	}
	skb->dev = t->dev;
	skb_reset_network_header(skb);

	return skb;
}

/* ---- mgre_gre_parse() */

static void mgre_test_parsed(struct kunit *test, struct sk_buff *skb,
			     int offset, u16 flags)
{
	int i, hlen = 4 + 4 * (!!(flags & 0x8000) + !!(flags & 0x2000) +
			       !!(flags & 0x1000));
	struct mgre_gre gre;

	memset(&gre, 0xff, sizeof(gre));
	i = mgre_gre_parse(skb, offset, &gre);
	KUNIT_EXPECT_EQ_MSG(test, i, MGRE_DROP_NONE, "flags %#x", flags);
	KUNIT_EXPECT_EQ(test, ntohs(gre.proto), ETH_P_IP);
	KUNIT_EXPECT_EQ_MSG(test, gre.hlen, hlen, "flags %#x", flags);
	KUNIT_EXPECT_EQ(test, gre.version, 0);
	KUNIT_EXPECT_EQ(test, gre.csum, !!(flags & 0x8000));
	KUNIT_EXPECT_EQ(test, gre.keyed, !!(flags & 0x2000));
	KUNIT_EXPECT_EQ_MSG(test, ntohl(gre.key),
			    flags & 0x2000 ? 0x01020304 : 0, "flags %#x", flags);
}

static const u16 mgre_test_flags[] = {
	0, 0x8000, 0x2000, 0xa000, 0x1000, 0x9000, 0x3000, 0xb000,
};

/* With each set of fields, behind outer headers of any length, however the octets
 * are spread.
 */
static void mgre_rcv_test_parse(struct kunit *test)
{
	static const u8 offsets[] = { 0, 20, 40, 60 };
	struct mgre_rcv_test *t = test->priv;
	unsigned int linear;
	struct sk_buff *skb;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(mgre_test_flags); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			t->len = 0;
			memset(mgre_test_add(t, offsets[j]), 0xff, offsets[j]);
			mgre_test_add_gre(t, mgre_test_flags[i], ETH_P_IP);
			for (linear = 0; linear <= t->len; linear++) {
				skb = mgre_test_skb(test, linear);
				mgre_test_parsed(test, skb, offsets[j],
						 mgre_test_flags[i]);
				kfree_skb(skb);
			}
		}
	}
}

/* Truncated at each octet: what there is of the first four is told. */
static void mgre_rcv_test_truncated(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	struct mgre_gre gre;
	struct sk_buff *skb;
	unsigned int whole;
	int i;

	for (i = 0; i < ARRAY_SIZE(mgre_test_flags); i++) {
		t->len = 0;
		mgre_test_add_ip4(t, 0, IPPROTO_GRE, 0);
		mgre_test_add_gre(t, mgre_test_flags[i], ETH_P_IP);
		whole = t->len;
		for (t->len = 0; t->len < whole; t->len++) {
			skb = mgre_test_skb(test, t->len);
			KUNIT_EXPECT_EQ_MSG(test, mgre_gre_parse(skb, 20, &gre),
					    MGRE_DROP_RX_HEADER,
					    "flags %#x, %u octets",
					    mgre_test_flags[i], t->len);
			KUNIT_EXPECT_EQ(test, ntohs(gre.proto),
					t->len < 24 ? 0 : ETH_P_IP);
			KUNIT_EXPECT_EQ(test, gre.version, 0);
			kfree_skb(skb);
		}
	}
}

/* RFC 2784, sections 2.2 and 2.3.1, for each of the 65,536 first words */
static int mgre_test_want(u16 flags)
{
	if (flags & 0x0007)
		return MGRE_DROP_RX_VERSION;
	/* bits 1, 4 and 5; 6 to 12 are ignored */
	if (flags & (0x8000 >> 1 | 0x8000 >> 4 | 0x8000 >> 5))
		return MGRE_DROP_RX_FLAGS;

	return MGRE_DROP_NONE;
}

static void mgre_rcv_test_flags(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	struct mgre_gre gre;
	struct sk_buff *skb;
	u32 flags;

	mgre_test_add_gre(t, 0xb000, ETH_P_IP);
	skb = mgre_test_skb(test, t->len);
	for (flags = 0; flags <= U16_MAX; flags++) {
		put_unaligned_be16(flags, skb->data);
		KUNIT_ASSERT_EQ_MSG(test, mgre_gre_parse(skb, 0, &gre),
				    mgre_test_want(flags), "flags %#x", flags);
		KUNIT_ASSERT_EQ(test, gre.version, flags & 7);
		if (!(flags & 0x3ff))
			cond_resched();
	}
	kfree_skb(skb);
}

/* What belongs to gretap, ERSPAN and PPTP, and what could be ours */
static void mgre_rcv_test_foreign(struct kunit *test)
{
	static const struct {
		u16 proto;
		u8 version;
		bool want;
	} steps[] = {
		{ ETH_P_TEB, 0, true },
		{ ETH_P_ERSPAN, 0, true },
		{ ETH_P_ERSPAN2, 0, true },
		{ 0x880b, 1, true },
		{ 0x880b, 0, false },
		{ ETH_P_IP, 0, false },
		{ ETH_P_IP, 1, false },
		{ ETH_P_IPV6, 0, false },
		{ ETH_P_MPLS_UC, 0, false },
		{ 0x2001, 0, false },
		{ 0, 0, false },
	};
	struct mgre_gre gre = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		gre.proto = htons(steps[i].proto);
		gre.version = steps[i].version;
		KUNIT_EXPECT_EQ_MSG(test, mgre_rcv_foreign(&gre), steps[i].want,
				    "step %d", i);
	}
}

static void mgre_rcv_test_accept(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	struct nhrp_peer *peer = (void *)t;

	t->rx.gre.proto = htons(ETH_P_IP);
	KUNIT_EXPECT_TRUE(test, mgre_rcv_accept(&t->conf, NULL, &t->rx));
	t->conf.accept_known = true;
	KUNIT_EXPECT_FALSE(test, mgre_rcv_accept(&t->conf, NULL, &t->rx));
	KUNIT_EXPECT_TRUE(test, mgre_rcv_accept(&t->conf, peer, &t->rx));
	t->rx.gre.proto = htons(0x2001);
	KUNIT_EXPECT_TRUE(test, mgre_rcv_accept(&t->conf, NULL, &t->rx));
}

/* ---- mgre_ip6_skip_options() */

static void mgre_test_add_option(struct mgre_rcv_test *t, u8 nexthdr, u8 more)
{
	u8 *option = mgre_test_add(t, 8 + 8 * more);

	option[0] = nexthdr;
	option[1] = more;
}

static void mgre_rcv_test_options(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	unsigned int whole;
	struct sk_buff *skb;
	u8 nexthdr;

	mgre_test_add_ip6(t, 0, NEXTHDR_HOP, 0);
	mgre_test_add_option(t, NEXTHDR_DEST, 0);
	mgre_test_add_option(t, NEXTHDR_GRE, 5);
	whole = t->len;
	mgre_test_add_gre(t, 0, ETH_P_IP);

	skb = mgre_test_skb(test, 50);
	nexthdr = NEXTHDR_HOP;
	KUNIT_EXPECT_EQ(test, mgre_ip6_skip_options(skb, 40, &nexthdr), whole);
	KUNIT_EXPECT_EQ(test, nexthdr, NEXTHDR_GRE);
	/* Nothing to skip, and nothing that may be skipped */
	KUNIT_EXPECT_EQ(test, mgre_ip6_skip_options(skb, 40, &nexthdr), 40);
	nexthdr = NEXTHDR_ROUTING;
	KUNIT_EXPECT_EQ(test, mgre_ip6_skip_options(skb, 40, &nexthdr), 40);
	KUNIT_EXPECT_EQ(test, nexthdr, NEXTHDR_ROUTING);
	kfree_skb(skb);

	for (t->len = 40; t->len < whole; t->len++) {
		skb = mgre_test_skb(test, 40);
		nexthdr = NEXTHDR_HOP;
		KUNIT_EXPECT_EQ_MSG(test, mgre_ip6_skip_options(skb, 40, &nexthdr),
				    -1, "%u octets", t->len);
		kfree_skb(skb);
	}
}

/* Destination options: who does not know one skips it, or must not */
static void mgre_rcv_test_destopts(struct kunit *test)
{
	static const struct {
		u8 options[6];
		bool want;
	} headers[] = {
		{ { 0, 0, 0, 0, 0, 0 }, true },
		{ { 1, 4, 0, 0, 0, 0 }, true },
		{ { 4, 1, 4, 1, 1, 0 }, true },		/* as ip6_gre has it */
		{ { 0x1e, 0, 0x3e, 2, 0xff, 0xff }, true },
		{ { 1, 5, 0, 0, 0, 0 }, false },	/* beyond the end */
		{ { 0, 0, 0, 0, 0, 1 }, false },
		{ { 0x40, 4, 0, 0, 0, 0 }, false },
		{ { 0x80, 4, 0, 0, 0, 0 }, false },
		{ { 1, 2, 0, 0, 0xc9, 0 }, false },
	};
	struct mgre_rcv_test *t = test->priv;
	struct sk_buff *skb;
	u8 nexthdr;
	u8 *option;
	int i;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		t->len = 0;
		mgre_test_add_ip6(t, 0, NEXTHDR_DEST, 0);
		option = mgre_test_add(t, 8);
		option[0] = NEXTHDR_GRE;
		memcpy(option + 2, headers[i].options, 6);
		mgre_test_add_gre(t, 0, ETH_P_IP);

		skb = mgre_test_skb(test, 48);
		nexthdr = NEXTHDR_DEST;
		KUNIT_EXPECT_EQ_MSG(test, mgre_ip6_skip_options(skb, 40, &nexthdr),
				    headers[i].want ? 48 : -1, "header %d", i);
		kfree_skb(skb);
	}
}

/* One header of each kind, in this order: the next one is none of ours. */
static void mgre_rcv_test_many_options(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	struct sk_buff *skb;
	u8 nexthdr, len;

	mgre_test_add_ip6(t, 0, NEXTHDR_HOP, 0);
	mgre_test_add_option(t, NEXTHDR_HOP, 0);
	mgre_test_add_option(t, NEXTHDR_DEST, 0);
	mgre_test_add_option(t, NEXTHDR_DEST, 0);
	mgre_test_add_option(t, NEXTHDR_GRE, 0);
	mgre_test_add_gre(t, 0, ETH_P_IP);

	skb = mgre_test_skb(test, t->len);
	nexthdr = NEXTHDR_HOP;
	KUNIT_EXPECT_EQ(test, mgre_ip6_skip_options(skb, 40, &nexthdr), 48);
	KUNIT_EXPECT_EQ(test, nexthdr, NEXTHDR_HOP);
	nexthdr = NEXTHDR_DEST;
	KUNIT_EXPECT_EQ(test, mgre_ip6_skip_options(skb, 56, &nexthdr), 64);
	KUNIT_EXPECT_EQ(test, nexthdr, NEXTHDR_DEST);
	kfree_skb(skb);

	/* What may be skipped, and is too long to be worth it */
	for (len = 7; len <= 8; len++) {
		t->len = 0;
		mgre_test_add_ip6(t, 0, NEXTHDR_DEST, 0);
		mgre_test_add_option(t, NEXTHDR_GRE, len);
		mgre_test_add_gre(t, 0, ETH_P_IP);

		skb = mgre_test_skb(test, t->len);
		nexthdr = NEXTHDR_DEST;
		KUNIT_EXPECT_EQ(test, mgre_ip6_skip_options(skb, 40, &nexthdr),
				len == 7 ? 104 : -1);
		kfree_skb(skb);
	}
}

/* ---- mgre_rcv_ecn() */

static u8 mgre_test_inner_tos(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->tos :
						  ipv6_get_dsfield(ipv6_hdr(skb));
}

/* The codepoints: Not-ECT, ECT(1), ECT(0), CE */
static void mgre_test_ecn(struct kunit *test, u8 outer_family, u8 inner_family,
			  u8 outer, u8 inner)
{
	/* RFC 6040, figure 4: by inner, then outer; 4 is a drop */
	static const u8 want[4][4] = {
		{ 0, 0, 0, 4 },
		{ 1, 1, 1, 3 },
		{ 2, 1, 2, 3 },
		{ 3, 3, 3, 3 },
	};
	struct mgre_rcv_test *t = test->priv;
	unsigned int hlen;
	struct sk_buff *skb;
	int at;
	bool good;

	t->len = 0;
	mgre_test_add_ip(t, outer_family, 0xb8 | outer, IPPROTO_GRE, 0);
	hlen = t->len;
	mgre_test_add_ip(t, inner_family, 0x28 | inner, IPPROTO_UDP, 0);
	skb = mgre_test_skb(test, t->len);
	at = skb->data - skb->head;
	__skb_pull(skb, hlen);
	skb_reset_network_header(skb);
	skb->protocol = htons(inner_family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	t->rx.src.family = outer_family;

	good = mgre_rcv_ecn(skb, &t->rx, at);
	KUNIT_EXPECT_EQ_MSG(test, good, want[inner][outer] != 4,
			    "inner %u, outer %u", inner, outer);
	if (good)
		KUNIT_EXPECT_EQ_MSG(test, mgre_test_inner_tos(skb),
				    0x28 | want[inner][outer],
				    "inner %u, outer %u", inner, outer);
	if (inner_family == AF_INET)
		KUNIT_EXPECT_EQ(test, (__force u16)ip_fast_csum(skb->data, 5), 0);
	kfree_skb(skb);
}

static void mgre_rcv_test_ecn(struct kunit *test)
{
	static const u8 families[] = { AF_INET, AF_INET6 };
	u8 outer, inner;
	int i;

	for (i = 0; i < 4; i++)
		for (outer = 0; outer < 4; outer++)
			for (inner = 0; inner < 4; inner++)
				mgre_test_ecn(test, families[i & 1],
					      families[i >> 1], outer, inner);
}

/* ---- mgre_rcv_pull() */

static __sum16 *mgre_test_csum(struct mgre_rcv_test *t)
{
	return (__sum16 *)(t->octets + t->rx.hlen + 4);
}

/* A whole packet, whose checksum is right if it has one */
static void mgre_test_packet(struct mgre_rcv_test *t, u8 outer, u8 inner,
			     u16 flags)
{
	unsigned int hlen = outer == AF_INET ? 20 : 40;

	t->len = 0;
	mgre_test_add_ip(t, outer, 0, IPPROTO_GRE, 100);
	mgre_test_add_gre(t, flags, inner == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	mgre_test_add_ip(t, inner, 0, IPPROTO_UDP, 9);
	memset(mgre_test_add(t, 9), 0xa5, 9);

	t->rx.hlen = hlen;
	t->rx.src.family = outer;
	if (flags & 0x8000)
		*mgre_test_csum(t) = csum_fold(csum_partial(t->octets + hlen,
							    t->len - hlen, 0));
}

static enum mgre_drop mgre_test_pull(struct kunit *test, struct sk_buff *skb)
{
	struct mgre_rcv_test *t = test->priv;
	enum mgre_drop why;

	KUNIT_ASSERT_EQ(test, mgre_gre_parse(skb, t->rx.hlen, &t->rx.gre),
			MGRE_DROP_NONE);
	local_bh_disable();
	why = mgre_rcv_pull(t->mgre, skb, &t->rx);
	local_bh_enable();

	return why;
}

static void mgre_test_pulled(struct kunit *test, u8 outer, u8 inner, u16 flags)
{
	struct mgre_rcv_test *t = test->priv;
	unsigned int size = inner == AF_INET ? 29 : 49;
	struct sk_buff *skb;

	mgre_test_packet(t, outer, inner, flags);
	skb = mgre_test_skb(test, t->len);
	KUNIT_EXPECT_EQ_MSG(test, mgre_test_pull(test, skb), MGRE_DROP_NONE,
			    "flags %#x", flags);
	KUNIT_EXPECT_EQ_MSG(test, skb->len, size, "flags %#x", flags);
	KUNIT_EXPECT_EQ(test, ntohs(skb->protocol),
			inner == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	KUNIT_EXPECT_EQ(test, skb_network_offset(skb), 0);
	KUNIT_EXPECT_FALSE(test, memcmp(skb->data, t->octets + t->len - size,
					size));
	if (outer == AF_INET)
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(skb_mac_header(skb)),
				MGRE_TEST_SRC);
	else
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(skb_mac_header(skb)),
				t->dev->addr_len == 4 ? 0 : 0x20010db8);
	kfree_skb(skb);
}

static void mgre_rcv_test_pull(struct kunit *test)
{
	static const u8 families[] = { AF_INET, AF_INET6 };
	struct mgre_rcv_test *t = test->priv;
	int i, j;

	for (i = 0; i < 8; i++) {
		t->dev->addr_len = i & 4 ? 16 : 4;
		for (j = 0; j < ARRAY_SIZE(mgre_test_flags); j++)
			mgre_test_pulled(test, families[i & 1],
					 families[(i >> 1) & 1],
					 mgre_test_flags[j]);
	}
}

/* Any octet of GRE header or payload that is other than it was sent, with and without
 * the sum that a network card has made
 */
static void mgre_test_wrong_csum(struct kunit *test, u8 outer, bool complete)
{
	struct mgre_rcv_test *t = test->priv;
	enum mgre_drop why;
	struct sk_buff *skb;
	unsigned int i;

	mgre_test_packet(t, outer, AF_INET, 0xa000);
	for (i = t->rx.hlen; i <= t->len; i++) {
		/* The first four octets would be refused before; the last round
		 * has nothing wrong.
		 */
		if (i - t->rx.hlen < 4)
			continue;
		if (i < t->len)
			t->octets[i] ^= 0x10;
		skb = mgre_test_skb(test, t->len);
		if (complete) {
			skb->ip_summed = CHECKSUM_COMPLETE;
			skb->csum = csum_partial(skb->data, skb->len, 0);
		}
		why = mgre_test_pull(test, skb);
		KUNIT_EXPECT_EQ_MSG(test, why, i < t->len ?
				    MGRE_DROP_RX_CHECKSUM : MGRE_DROP_NONE,
				    "octet %u of %u", i, t->len);
		kfree_skb(skb);
		if (i < t->len)
			t->octets[i] ^= 0x10;
	}
}

static void mgre_rcv_test_csum(struct kunit *test)
{
	mgre_test_wrong_csum(test, AF_INET, false);
	mgre_test_wrong_csum(test, AF_INET6, false);
	mgre_test_wrong_csum(test, AF_INET, true);
	mgre_test_wrong_csum(test, AF_INET6, true);
}

/* A payload that is too short for the header that it should begin with */
static void mgre_rcv_test_short(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i <= 20; i++) {
		mgre_test_packet(t, AF_INET, AF_INET, 0x2000);
		t->len = 20 + 8 + i;
		skb = mgre_test_skb(test, t->len);
		KUNIT_EXPECT_EQ_MSG(test, mgre_test_pull(test, skb), i < 20 ?
				    MGRE_DROP_RX_TRUNCATED : MGRE_DROP_NONE,
				    "%u octets", i);
		kfree_skb(skb);
	}
}

/* ---- mgre_rx_outer() */

static bool mgre_test_outer(struct kunit *test, struct sk_buff *skb, u32 local)
{
	struct mgre_rcv_test *t = test->priv;
	struct nhrp_addr src = {};
	bool found;

	t->conf.underlay[MGRE_IP4].local.ip4 = htonl(local);
	found = mgre_rx_outer(&t->conf, skb, &src);
	if (found) {
		KUNIT_EXPECT_EQ(test, src.family, AF_INET);
		KUNIT_EXPECT_EQ(test, ntohl(src.ip4), MGRE_TEST_SRC);
	}

	return found;
}

/* The header that has been taken off is believed if it is one for us. */
static void mgre_rcv_test_outer(struct kunit *test)
{
	struct mgre_rcv_test *t = test->priv;
	struct sk_buff *skb;
	struct iphdr *iph;

	mgre_test_packet(t, AF_INET, AF_INET, 0x2000);
	skb = mgre_test_skb(test, t->len);
	KUNIT_ASSERT_EQ(test, mgre_test_pull(test, skb), MGRE_DROP_NONE);
	iph = (void *)skb->head + skb->inner_network_header;
	KUNIT_EXPECT_TRUE(test, mgre_test_outer(test, skb, 0));
	KUNIT_EXPECT_TRUE(test, mgre_test_outer(test, skb, MGRE_TEST_DST));
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, MGRE_TEST_SRC));

	iph->tos ^= 1;
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, 0));
	ip_send_check(iph);
	KUNIT_EXPECT_TRUE(test, mgre_test_outer(test, skb, 0));
	iph->protocol = IPPROTO_UDP;
	ip_send_check(iph);
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, 0));
	iph->protocol = IPPROTO_GRE;
	iph->ihl = 15;
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, 0));
	iph->ihl = 5;
	iph->version = 6;
	ip_send_check(iph);
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, 0));
	iph->version = 4;
	ip_send_check(iph);
	skb->encapsulation = 1;
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, 0));
	skb->encapsulation = 0;
	KUNIT_EXPECT_TRUE(test, mgre_test_outer(test, skb, 0));
	skb->inner_network_header = 0;
	KUNIT_EXPECT_FALSE(test, mgre_test_outer(test, skb, 0));
	kfree_skb(skb);
}

static struct kunit_case mgre_rcv_cases[] = {
	KUNIT_CASE(mgre_rcv_test_parse),
	KUNIT_CASE(mgre_rcv_test_truncated),
	KUNIT_CASE(mgre_rcv_test_flags),
	KUNIT_CASE(mgre_rcv_test_foreign),
	KUNIT_CASE(mgre_rcv_test_accept),
	KUNIT_CASE(mgre_rcv_test_options),
	KUNIT_CASE(mgre_rcv_test_destopts),
	KUNIT_CASE(mgre_rcv_test_many_options),
	KUNIT_CASE(mgre_rcv_test_ecn),
	KUNIT_CASE(mgre_rcv_test_pull),
	KUNIT_CASE(mgre_rcv_test_csum),
	KUNIT_CASE(mgre_rcv_test_short),
	KUNIT_CASE(mgre_rcv_test_outer),
	{}
};

struct kunit_suite mgre_rcv_suite = {
	.name		= "mgre_rcv",
	.init		= mgre_rcv_test_init,
	.exit		= mgre_rcv_test_exit,
	.test_cases	= mgre_rcv_cases,
};
