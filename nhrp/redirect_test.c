// SPDX-License-Identifier: GPL-2.0
/* Unit tests of redirects, included by redirect.c. */

#include "genl.h"
#include "selftest.h"

/* As if nothing had been told for a second */
static void nhrp_test_credit(struct nhrp_redirects *redirects)
{
	redirects->credit = NHRP_REDIRECT_RATE * HZ;
}

static void nhrp_redirect_test_once(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	u64 credit;
	int i;

	KUNIT_EXPECT_TRUE(test, nhrp_redirect_note(redirects, 1));
	credit = redirects->credit;
	KUNIT_EXPECT_EQ(test, credit, (NHRP_REDIRECT_RATE - 1) * HZ);
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_FALSE(test, nhrp_redirect_note(redirects, 1));
	KUNIT_EXPECT_EQ(test, redirects->credit, credit);
}

/* Told again after 8 s, to the jiffy */
static void nhrp_redirect_test_quiet(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	struct nhrp_redirect_slot *slot = &redirects->slots[1];
	bool before, then;
	u64 now;

	KUNIT_EXPECT_TRUE(test, nhrp_redirect_note(redirects, 1));
	KUNIT_EXPECT_EQ(test, slot->pair, 1);
	do {
		now = get_jiffies_64();
		slot->time = (u32)now - 8 * HZ + 1;
		before = nhrp_redirect_note(redirects, 1);
		slot->time = (u32)now - 8 * HZ;
		then = nhrp_redirect_note(redirects, 1);
		nhrp_test_credit(redirects);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_FALSE(test, before);
	KUNIT_EXPECT_TRUE(test, then);
}

/* Two pairs in one slot are told of in turn, and leave the others alone. */
static void nhrp_redirect_test_shared(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	int i;

	KUNIT_EXPECT_TRUE(test, nhrp_redirect_note(redirects, 2));
	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_TRUE(test, nhrp_redirect_note(redirects, 1));
		KUNIT_EXPECT_TRUE(test, nhrp_redirect_note(redirects,
							   1 + NHRP_REDIRECT_SLOTS));
	}
	KUNIT_EXPECT_FALSE(test, nhrp_redirect_note(redirects, 2));
}

/* However many pairs there are, it remembers the last one of each slot. */
static void nhrp_redirect_test_bounded(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	u64 pair, pairs = 20 * NHRP_REDIRECT_SLOTS;
	u32 told = 0;

	for (pair = 1; pair <= pairs; pair++) {
		nhrp_test_credit(redirects);
		KUNIT_ASSERT_TRUE(test, nhrp_redirect_note(redirects, pair));
	}
	for (pair = 0; pair < NHRP_REDIRECT_SLOTS; pair++)
		told += redirects->slots[pair].pair > pairs - NHRP_REDIRECT_SLOTS;
	KUNIT_EXPECT_EQ(test, told, NHRP_REDIRECT_SLOTS);
}

/* The credit, beside an exact model of it, as in resolve_test.c */
static void nhrp_redirect_test_rate(struct kunit *test)
{
	u64 credit = NHRP_REDIRECT_RATE * HZ, elapsed = 0, last, i;
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	u32 told = 0, refused = 0;
	bool tell;

	for (i = 1; i < 10000; i++) {
		last = get_jiffies_64() - (prandom_u32_state(&t->rnd) % 20 ? 0 :
					   prandom_u32_state(&t->rnd) % 16);
		if (i == 9000)
			last -= 3600 * HZ;
		redirects->time = last;
		tell = nhrp_redirect_note(redirects, i);

		elapsed += redirects->time - last;
		credit = min_t(u64, credit + (redirects->time - last) *
			       NHRP_REDIRECT_RATE, NHRP_REDIRECT_RATE * HZ);
		KUNIT_ASSERT_EQ(test, tell, credit >= HZ);
		credit -= tell ? HZ : 0;
		KUNIT_ASSERT_EQ(test, redirects->credit, credit);
		told += tell;
		refused += !tell;
	}
	KUNIT_EXPECT_GE(test, told, NHRP_REDIRECT_RATE);
	KUNIT_EXPECT_LE(test, told, NHRP_REDIRECT_RATE +
				    elapsed * NHRP_REDIRECT_RATE / HZ);
	kunit_info(test, "%u told, %u refused, %llu jiffies\n", told, refused,
		   elapsed);
}

/* What was not told for want of credit is told later. */
static void nhrp_redirect_test_refused(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	bool tell;
	u64 now;

	do {
		now = get_jiffies_64();
		redirects->slots[1].pair = 0;
		redirects->credit = HZ - 1;
		redirects->time = now;
		tell = nhrp_redirect_note(redirects, 1);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_FALSE(test, tell);
	KUNIT_EXPECT_EQ(test, redirects->slots[1].pair, 0);
	nhrp_test_credit(redirects);
	KUNIT_EXPECT_TRUE(test, nhrp_redirect_note(redirects, 1));
}

static void nhrp_test_pair(struct nhrp_flow *flow, u32 src, u32 dst)
{
	memset(flow, 0xff, sizeof(*flow));
	flow->src.family = AF_INET;
	flow->src.ip4 = htonl(src);
	flow->dst.family = AF_INET;
	flow->dst.ip4 = htonl(dst);
}

/* Source and destination make the pair, in this order, and nothing else does. */
static void nhrp_redirect_test_hash(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_redirects *redirects = t->cache.redirects;
	struct nhrp_flow flow;
	u64 pair;

	nhrp_test_pair(&flow, 1, 2);
	pair = nhrp_redirect_hash(redirects, &flow);
	KUNIT_EXPECT_NE(test, pair, 0);
	memset(&flow.hop, 0, sizeof(flow.hop));
	memset((u8 *)&flow.src.ip6 + 4, 0x55, 12);
	memset((u8 *)&flow.dst.ip6 + 4, 0x55, 12);
	KUNIT_EXPECT_EQ(test, nhrp_redirect_hash(redirects, &flow), pair);
	nhrp_test_pair(&flow, 2, 1);
	KUNIT_EXPECT_NE(test, nhrp_redirect_hash(redirects, &flow), pair);
	nhrp_test_pair(&flow, 1, 3);
	KUNIT_EXPECT_NE(test, nhrp_redirect_hash(redirects, &flow), pair);
	nhrp_test_pair(&flow, 3, 2);
	KUNIT_EXPECT_NE(test, nhrp_redirect_hash(redirects, &flow), pair);

	memset(&flow, 0, sizeof(flow));
	flow.src.family = AF_INET6;
	flow.dst.family = AF_INET6;
	pair = nhrp_redirect_hash(redirects, &flow);
	flow.dst.ip6.s6_addr[15] = 1;
	KUNIT_EXPECT_NE(test, nhrp_redirect_hash(redirects, &flow), pair);
	flow.dst.ip6.s6_addr[15] = 0;
	redirects->secret.key[0] ^= 1;
	KUNIT_EXPECT_NE(test, nhrp_redirect_hash(redirects, &flow), pair);
}

static void nhrp_test_redirect(struct nhrp_test *t, struct sk_buff *skb, u32 src)
{
	struct nhrp_redirect redirect = { .skb = skb };

	nhrp_test_pair(&redirect.flow, src, 2);
	redirect.flow.hop = redirect.flow.dst;
	nhrp_test_addr4(&redirect.from, 3);
	nhrp_test_addr4(&redirect.to, 4);
	local_bh_disable();
	rcu_read_lock();
	nhrp_redirect(&t->cache, &redirect);
	rcu_read_unlock();
	local_bh_enable();
}

static void nhrp_redirect_test_listener(struct kunit *test)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL), *msg;
	struct nhrp_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_zero(skb, 20);
	/* What nobody hears is not noted either. */
	nhrp_test_redirect(t, skb, 1);
	KUNIT_EXPECT_EQ(test, t->cache.redirects->credit,
			NHRP_REDIRECT_RATE * HZ);
	KUNIT_EXPECT_EQ(test, nhrp_test_listen(t, NHRP_NLGRP_REDIRECT), 0);
	nhrp_test_redirect(t, skb, 1);
	nhrp_test_redirect(t, skb, 1);
	nhrp_test_redirect(t, skb, 5);
	kfree_skb(skb);

	msg = nhrp_test_hear(t);
	KUNIT_ASSERT_NOT_NULL(test, msg);
	KUNIT_EXPECT_EQ(test, ntohl((__force __be32)
			nhrp_test_said(msg, NHRP_A_REDIRECT_SOURCE)), 1);
	KUNIT_EXPECT_EQ(test, ntohl((__force __be32)
			nhrp_test_said(msg, NHRP_A_REDIRECT_NBMA_TO)), 4);
	consume_skb(msg);
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 1);
}

static struct kunit_case nhrp_redirect_cases[] = {
	KUNIT_CASE(nhrp_redirect_test_once),
	KUNIT_CASE(nhrp_redirect_test_quiet),
	KUNIT_CASE(nhrp_redirect_test_shared),
	KUNIT_CASE(nhrp_redirect_test_bounded),
	KUNIT_CASE(nhrp_redirect_test_rate),
	KUNIT_CASE(nhrp_redirect_test_refused),
	KUNIT_CASE(nhrp_redirect_test_hash),
	KUNIT_CASE(nhrp_redirect_test_listener),
	{}
};

struct kunit_suite nhrp_redirect_suite = {
	.name		= "nhrp_redirect",
	.init		= nhrp_test_init,
	.exit		= nhrp_test_exit,
	.test_cases	= nhrp_redirect_cases,
};
