// SPDX-License-Identifier: GPL-2.0
/* Unit tests of transmission before encapsulation, included by xmit.c. */

#include "../include/selftest.h"

/**
 * struct mgre_xmit_test - what a case works with
 * @conf: configuration
 * @tx: packet
 */
struct mgre_xmit_test {
	struct mgre_conf conf;
	struct mgre_tx tx;
};

static int mgre_xmit_test_init(struct kunit *test)
{
	struct mgre_xmit_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->tx.conf = &t->conf;
	test->priv = t;

	return 0;
}

static void mgre_xmit_test_unicast(struct kunit *test)
{
	static const struct {
		u32 ip4;
		bool want;
	} ip4[] = {
		{ 0x00000000, false }, { 0x00000001, true },
		{ 0x7f000001, true }, { 0xdfffffff, true },
		{ 0xe0000000, false }, { 0xefffffff, false },
		{ 0xf0000000, true }, { 0xfffffffe, true },
		{ 0xffffffff, false },
	};
	struct nhrp_addr addr = { .family = AF_INET };
	int i;

	for (i = 0; i < ARRAY_SIZE(ip4); i++) {
		addr.ip4 = htonl(ip4[i].ip4);
		KUNIT_EXPECT_EQ_MSG(test, mgre_addr_is_unicast(&addr),
				    ip4[i].want, "%#x", ip4[i].ip4);
	}

	memset(&addr, 0, sizeof(addr));
	addr.family = AF_INET6;
	KUNIT_EXPECT_FALSE(test, mgre_addr_is_unicast(&addr));
	addr.ip6.s6_addr[15] = 1;
	KUNIT_EXPECT_TRUE(test, mgre_addr_is_unicast(&addr));
	for (i = 0; i < 256; i++) {
		addr.ip6.s6_addr[0] = i;
		KUNIT_EXPECT_EQ_MSG(test, mgre_addr_is_unicast(&addr), i != 0xff,
				    "%#x", i);
	}
	ipv6_addr_set_v4mapped(htonl(0xc0000201), &addr.ip6);
	KUNIT_EXPECT_FALSE(test, mgre_addr_is_unicast(&addr));
}

/* Which NBMA address a link-layer header names: none, one's own, or a peer's */
static void mgre_xmit_test_lladdr(struct kunit *test)
{
	static const struct {
		u8 addr[4];
		bool want;
	} steps[] = {
		{ { 192, 0, 2, 1 }, true },
		{ { 192, 0, 2, 2 }, false },
		{ { 0, 0, 0, 0 }, false },
		{ { 224, 0, 0, 1 }, false },
		{ { 255, 255, 255, 255 }, false },
	};
	struct mgre_xmit_test *t = test->priv;
	u8 addr[16] = { 0xfd };
	int i;

	t->conf.underlay[MGRE_IP4].carried = true;
	t->conf.underlay[MGRE_IP4].local.family = AF_INET;
	t->conf.underlay[MGRE_IP4].local.ip4 = htonl(0xc0000202);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		KUNIT_EXPECT_EQ_MSG(test, mgre_tx_read_lladdr(&t->tx,
							      steps[i].addr),
				    steps[i].want, "step %d", i);
		KUNIT_EXPECT_FALSE(test, memcmp(&t->tx.lladdr.ip4,
						steps[i].addr, 4));
	}

	t->conf.underlay[MGRE_IP4].carried = false;
	t->conf.underlay[MGRE_IP6].carried = true;
	t->conf.underlay[MGRE_IP6].local.family = AF_INET6;
	t->conf.underlay[MGRE_IP6].local.ip6.s6_addr[0] = 0xfd;
	KUNIT_EXPECT_FALSE(test, mgre_tx_read_lladdr(&t->tx, addr));
	addr[15] = 1;
	KUNIT_EXPECT_TRUE(test, mgre_tx_read_lladdr(&t->tx, addr));
	KUNIT_EXPECT_EQ(test, t->tx.lladdr.family, AF_INET6);
	KUNIT_EXPECT_FALSE(test, memcmp(&t->tx.lladdr.ip6, addr, 16));
	memset(addr, 0, sizeof(addr));
	KUNIT_EXPECT_FALSE(test, mgre_tx_read_lladdr(&t->tx, addr));
}

static struct sk_buff *mgre_test_ip(struct kunit *test, unsigned int header)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct iphdr *iph;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	memset(skb_put(skb, header), 0xc0, header);
	skb_set_network_header(skb, header);
	iph = skb_put_zero(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	skb->protocol = htons(ETH_P_IP);

	return skb;
}

/* The link-layer header comes off, if it is one; a packet may come without. */
static void mgre_xmit_test_pull(struct kunit *test)
{
	struct mgre_xmit_test *t = test->priv;
	struct sk_buff *skb;
	unsigned int header;
	enum mgre_drop why;

	t->conf.underlay[MGRE_IP4].carried = true;
	for (header = 0; header < 24; header++) {
		t->tx.nbma = NULL;
		skb = mgre_test_ip(test, header);
		why = mgre_tx_pull(&t->tx, skb);
		KUNIT_EXPECT_EQ_MSG(test, why, header == 0 || header == 4 ?
				    MGRE_DROP_NONE : MGRE_DROP_TX_MALFORMED,
				    "header of %u octets", header);
		if (!why) {
			KUNIT_EXPECT_EQ(test, skb->len, 20);
			KUNIT_EXPECT_EQ(test, t->tx.len, 20);
			KUNIT_EXPECT_EQ(test, skb_network_offset(skb), 0);
			KUNIT_EXPECT_EQ(test, !t->tx.nbma, header == 0);
		}
		kfree_skb(skb);
	}

	/* A payload that is shorter than the header that it begins with */
	skb = mgre_test_ip(test, 4);
	skb_trim(skb, 4 + 19);
	KUNIT_EXPECT_EQ(test, mgre_tx_pull(&t->tx, skb), MGRE_DROP_TX_MALFORMED);
	kfree_skb(skb);
}

static void mgre_xmit_test_df(struct kunit *test)
{
	struct mgre_xmit_test *t = test->priv;
	struct sk_buff *skb = mgre_test_ip(test, 0);
	bool conf, ignore, inner, ip;
	int i;

	for (i = 0; i < 16; i++) {
		conf = i & 1;
		ignore = i & 2;
		inner = i & 4;
		ip = i & 8;
		t->conf.df = conf ? htons(IP_DF) : 0;
		t->conf.ignore_df = ignore;
		/* Of the other fragment bits nothing is taken over. */
		ip_hdr(skb)->frag_off = htons((inner ? IP_DF : 0) | IP_MF | 99);
		t->tx.proto = htons(ip ? ETH_P_IP : ETH_P_IPV6);
		KUNIT_EXPECT_EQ_MSG(test, ntohs(mgre_tx_df(&t->tx, skb)),
				    conf || (ip && inner && !ignore) ? IP_DF : 0,
				    "step %d", i);
	}
	kfree_skb(skb);
}

/* Appends an IP header of the family, and GRE, which says what comes next. */
static void mgre_test_nest(struct sk_buff *skb, bool ip6, bool next6, u16 flags)
{
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	if (ip6) {
		ip6h = skb_put_zero(skb, sizeof(*ip6h));
		ip6h->version = 6;
		ip6h->nexthdr = NEXTHDR_GRE;
	} else {
		iph = skb_put_zero(skb, sizeof(*iph));
		iph->version = 4;
		iph->ihl = 5;
		iph->protocol = IPPROTO_GRE;
	}
	put_unaligned_be16(flags, skb_put(skb, 2));
	put_unaligned_be16(next6 ? ETH_P_IPV6 : ETH_P_IP, skb_put(skb, 2));
	skb_put_zero(skb, (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0));
}

/* Four tunnels in each other are too many, whatever they are made of; three, or four
 * the last of which is cut off anywhere, are not.
 */
static void mgre_xmit_test_nested(struct kunit *test)
{
	static const u16 flags[] = { 0, 0x2000, 0x8000, 0xa000 };
	unsigned int i, j, last, len;
	struct sk_buff *skb;
	__be16 proto;

	for (i = 0; i < 32; i++) {
		skb = alloc_skb(512, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_reset_network_header(skb);
		for (j = 0; j < MGRE_MAX_NESTING; j++) {
			last = skb->len;
			mgre_test_nest(skb, i >> j & 1, i >> (j + 1) & 1,
				       flags[(i + j) % 4]);
		}
		proto = htons(i & 1 ? ETH_P_IPV6 : ETH_P_IP);
		KUNIT_EXPECT_TRUE_MSG(test, mgre_tx_nested(skb, proto),
				      "step %u", i);
		/* Four octets of GRE are all that it reads. */
		len = last + (i >> 3 & 1 ? 40 : 20) + 3;
		for (; len >= last; len--) {
			skb_trim(skb, len);
			KUNIT_EXPECT_FALSE_MSG(test, mgre_tx_nested(skb, proto),
					       "step %u, %u octets", i, len);
			if (!len)
				break;
		}
		kfree_skb(skb);
	}
}

/* In IPv6, GRE may be behind options and the header of a first fragment. */
static void mgre_xmit_test_nested_ip6(struct kunit *test)
{
	static const struct {
		u8 chain[4];
		u16 frag_off;
		int want;
	} steps[] = {
		{ { NEXTHDR_GRE }, 0, 40 },
		{ { NEXTHDR_UDP }, 0, -1 },
		{ { NEXTHDR_DEST, NEXTHDR_GRE }, 0, 48 },
		{ { NEXTHDR_HOP, NEXTHDR_DEST, NEXTHDR_GRE }, 0, 56 },
		{ { NEXTHDR_FRAGMENT, NEXTHDR_GRE }, 0, 48 },
		{ { NEXTHDR_FRAGMENT, NEXTHDR_GRE }, 1, 48 },
		{ { NEXTHDR_FRAGMENT, NEXTHDR_GRE }, 8, -1 },
		{ { NEXTHDR_FRAGMENT, NEXTHDR_DEST, NEXTHDR_GRE }, 0, 56 },
		{ { NEXTHDR_DEST, NEXTHDR_FRAGMENT, NEXTHDR_GRE }, 0, 56 },
		{ { NEXTHDR_DEST, NEXTHDR_UDP }, 0, -1 },
	};
	struct sk_buff *skb;
	struct ipv6hdr *ip6h;
	int i, j, offset;
	bool found;
	u8 *header;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		skb = alloc_skb(128, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_reset_network_header(skb);
		ip6h = skb_put_zero(skb, sizeof(*ip6h));
		ip6h->nexthdr = steps[i].chain[0];
		for (j = 1; j < 4 && steps[i].chain[j]; j++) {
			header = skb_put_zero(skb, 8);
			header[0] = steps[i].chain[j];
			if (steps[i].chain[j - 1] == NEXTHDR_FRAGMENT)
				put_unaligned_be16(steps[i].frag_off, header + 2);
		}
		offset = 0;
		found = mgre_tx_nested_ip6(skb, &offset);
		KUNIT_EXPECT_EQ_MSG(test, found, steps[i].want > 0, "step %d", i);
		if (found)
			KUNIT_EXPECT_EQ_MSG(test, offset, steps[i].want,
					    "step %d", i);
		kfree_skb(skb);
	}
}

static struct kunit_case mgre_xmit_cases[] = {
	KUNIT_CASE(mgre_xmit_test_unicast),
	KUNIT_CASE(mgre_xmit_test_lladdr),
	KUNIT_CASE(mgre_xmit_test_pull),
	KUNIT_CASE(mgre_xmit_test_df),
	KUNIT_CASE(mgre_xmit_test_nested),
	KUNIT_CASE(mgre_xmit_test_nested_ip6),
	{}
};

struct kunit_suite mgre_xmit_suite = {
	.name		= "mgre_xmit",
	.init		= mgre_xmit_test_init,
	.test_cases	= mgre_xmit_cases,
};
