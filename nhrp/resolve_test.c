// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of resolution, included by resolve.c. A socket of the kernel's own hears
 * what is asked. Nothing becomes due by itself: a test says when.
 */

#include "genl.h"
#include "selftest.h"

#define NHRP_TEST_HOP		0x0a000000
#define NHRP_TEST_NBMA		0xc0000201

static int nhrp_resolve_test_init(struct kunit *test)
{
	return nhrp_test_init(test) ?:
	       nhrp_test_listen(test->priv, NHRP_NLGRP_RESOLVE);
}

static s64 nhrp_test_stat(const struct nhrp_test *t, enum nhrp_stat stat)
{
	return atomic64_read(&t->cache.stats[stat]);
}

/* As if nothing had been asked for a second */
static void nhrp_test_credit(struct nhrp_test *t)
{
	t->cache.upcall_credit = NHRP_UPCALL_RATE * HZ;
}

static void nhrp_test_flow(struct nhrp_flow *flow, u32 dst, u32 hop)
{
	nhrp_test_addr4(&flow->dst, dst);
	nhrp_test_addr4(&flow->src, 0x0a630001);
	nhrp_test_addr4(&flow->hop, NHRP_TEST_HOP + hop);
}

static struct sk_buff *nhrp_test_packet(u32 mark)
{
	struct sk_buff *skb = alloc_skb(128, GFP_KERNEL);

	if (skb) {
		skb_put_zero(skb, 28);
		skb->mark = mark;
	}

	return skb;
}

/* A packet by a next hop that no mapping matches. Returns whether it waits. */
static bool nhrp_test_miss_by(struct nhrp_test *t, u32 hop, u32 mark, int iif)
{
	struct sk_buff *skb = nhrp_test_packet(mark);
	struct nhrp_flow flow;
	bool taken;

	if (!skb)
		return false;
	skb->skb_iif = iif;
	nhrp_test_flow(&flow, NHRP_TEST_HOP + hop, hop);
	local_bh_disable();
	rcu_read_lock();
	nhrp_resolve_miss(&t->cache, &flow, skb, &taken);
	rcu_read_unlock();
	local_bh_enable();
	if (!taken)
		kfree_skb(skb);

	return taken;
}

static bool nhrp_test_miss(struct nhrp_test *t, u32 hop, u32 mark)
{
	return nhrp_test_miss_by(t, hop, mark, 0);
}

/* A packet that a mapping is found for. Returns whether it may go. */
static bool nhrp_test_hit(struct nhrp_test *t, struct nhrp_mapping *mapping,
			  u32 dst, u32 hop)
{
	struct sk_buff *skb = nhrp_test_packet(0);
	struct nhrp_flow flow;
	bool go;

	if (!skb)
		return false;
	nhrp_test_flow(&flow, dst, hop);
	local_bh_disable();
	rcu_read_lock();
	go = nhrp_resolve_hit(&t->cache, mapping, &flow, skb);
	rcu_read_unlock();
	local_bh_enable();
	kfree_skb(skb);

	return go;
}

static struct nhrp_pending *nhrp_test_pending(struct nhrp_test *t, u32 hop)
{
	struct nhrp_pending *pending;
	struct nhrp_prefix key;

	nhrp_test_host4(&key, NHRP_TEST_HOP + hop);
	spin_lock_bh(&t->cache.resolve_lock);
	pending = nhrp_pending_find(&t->cache, &key);
	spin_unlock_bh(&t->cache.resolve_lock);

	return pending;
}

/* Does the first thing that is due. Returns whether there was one. */
static bool nhrp_test_step(struct nhrp_test *t)
{
	struct nhrp_outcome out;
	bool due;

	if (nhrp_cache_lock(&t->cache, NULL))
		return false;
	nhrp_outcome_init(&out);
	due = nhrp_resolve_step(&t->cache, &out);
	nhrp_cache_unlock(&t->cache);
	nhrp_outcome_act(&t->cache, &out);

	return due;
}

/* Time passes, up to when something is due for this next hop. */
static bool nhrp_test_pass(struct nhrp_test *t, u32 hop)
{
	struct nhrp_pending *pending = nhrp_test_pending(t, hop);

	if (!pending)
		return false;
	spin_lock_bh(&t->cache.resolve_lock);
	nhrp_pending_set_due(&t->cache, pending, 0);
	spin_unlock_bh(&t->cache.resolve_lock);

	return nhrp_test_step(t);
}

/* The one message that has come asks this. */
static void nhrp_test_asked(struct kunit *test, u32 dst, u8 reason, u32 attempt)
{
	struct sk_buff *msg = nhrp_test_hear(test->priv);

	KUNIT_ASSERT_NOT_NULL(test, msg);
	KUNIT_EXPECT_EQ(test, ntohl((__force __be32)
			nhrp_test_said(msg, NHRP_A_RESOLVE_DST)), dst);
	KUNIT_EXPECT_EQ(test, nhrp_test_said(msg, NHRP_A_RESOLVE_PREFIXLEN), 32);
	KUNIT_EXPECT_EQ(test, nhrp_test_said(msg, NHRP_A_RESOLVE_REASON),
			reason);
	KUNIT_EXPECT_EQ(test, nhrp_test_said(msg, NHRP_A_RESOLVE_ATTEMPT),
			attempt);
	consume_skb(msg);
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(test->priv), 0);
}

/* The packets on a list are these, in this order, and they leave it. */
static void nhrp_test_packets(struct kunit *test, struct sk_buff_head *list,
			      u32 from, u32 count)
{
	struct sk_buff *skb;
	u32 i;

	KUNIT_EXPECT_EQ(test, skb_queue_len(list), count);
	for (i = 0; (skb = __skb_dequeue(list)); i++) {
		KUNIT_EXPECT_EQ(test, skb->mark, from + i);
		kfree_skb(skb);
	}
}

/* Due so many jiffies after what has been done between @before and @after */
static void nhrp_test_due(struct kunit *test, u32 hop, u64 before, u64 after,
			  u64 delay)
{
	struct nhrp_pending *pending = nhrp_test_pending(test->priv, hop);

	KUNIT_ASSERT_NOT_NULL(test, pending);
	KUNIT_EXPECT_GE(test, (u64)pending->due.expires, before + delay);
	KUNIT_EXPECT_LE(test, (u64)pending->due.expires, after + delay);
}

/* However many packets come, one question is asked, and the last ones wait. */
static void nhrp_resolve_test_once(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	u64 before, after;
	int i;

	before = get_jiffies_64();
	KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 1, 0));
	after = get_jiffies_64();
	for (i = 1; i < 50; i++)
		KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, i));
	nhrp_test_asked(test, NHRP_TEST_HOP + 1, NHRP_RESOLVE_REASON_MISS, 1);
	nhrp_test_due(test, 1, before, after, HZ);
	KUNIT_EXPECT_EQ(test, t->cache.incomplete, 1);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_UPCALLS), 1);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_MISSES), 50);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_QUEUED), 50);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_OVERFLOW), 34);
	nhrp_test_packets(test, &t->dropped, 0, 34);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&nhrp_test_pending(t, 1)->queue),
			NHRP_MAX_QUEUE_DEFAULT);
}

/* Nothing is done before its time. */
static void nhrp_resolve_test_early(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_pending *pending;
	bool early, then;
	u64 now;

	KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 1, 0));
	nhrp_test_heard(t);
	pending = nhrp_test_pending(t, 1);
	do {
		now = get_jiffies_64();
		pending->upcall.attempt = 1;
		pending->due.expires = now + 1;
		early = nhrp_test_step(t);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_FALSE(test, early);
	nhrp_test_heard(t);
	do {
		now = get_jiffies_64();
		pending->upcall.attempt = 1;
		pending->due.expires = now;
		then = nhrp_test_step(t);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_TRUE(test, then);
	KUNIT_EXPECT_GE(test, nhrp_test_heard(t), 1);
}

/* Asked four times, then negative for a while, then asked for anew */
static void nhrp_resolve_test_unanswered(struct kunit *test)
{
	static const u8 seconds[] = { 2, 4, 1, NHRP_UNANSWERED_HOLD };
	struct nhrp_test *t = test->priv;
	u64 before, after;
	int i;

	KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 1, 0));
	nhrp_test_asked(test, NHRP_TEST_HOP + 1, NHRP_RESOLVE_REASON_MISS, 1);
	for (i = 0; i < ARRAY_SIZE(seconds); i++) {
		before = get_jiffies_64();
		KUNIT_ASSERT_TRUE(test, nhrp_test_pass(t, 1));
		after = get_jiffies_64();
		nhrp_test_due(test, 1, before, after, seconds[i] * HZ);
		if (i < 3)
			nhrp_test_asked(test, NHRP_TEST_HOP + 1,
					NHRP_RESOLVE_REASON_MISS, i + 2);
	}
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
	nhrp_test_packets(test, &t->told, 0, 1);
	KUNIT_EXPECT_EQ(test, nhrp_test_pending(t, 1)->state,
			NHRP_PENDING_NEGATIVE);
	KUNIT_EXPECT_EQ(test, t->cache.negative, 1);
	KUNIT_EXPECT_EQ(test, t->cache.incomplete, 0);
	KUNIT_EXPECT_EQ(test, t->cache.waiting, 0);

	KUNIT_EXPECT_FALSE(test, nhrp_test_miss(t, 1, 1));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_NEGATIVE), 1);
	KUNIT_ASSERT_TRUE(test, nhrp_test_pass(t, 1));
	KUNIT_EXPECT_NULL(test, nhrp_test_pending(t, 1));
	KUNIT_EXPECT_EQ(test, t->cache.negative, 0);
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 2));
	nhrp_test_asked(test, NHRP_TEST_HOP + 1, NHRP_RESOLVE_REASON_MISS, 1);
}

/* An answer lets those go that wait for it, in their order, and no others. */
static void nhrp_resolve_test_answer(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_prefix dst;
	int i;

	for (i = 0; i < 5; i++)
		KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 1, i));
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 0x1001 + i, 10 + i));
	nhrp_test_host4(&dst, NHRP_TEST_HOP + 1);
	KUNIT_ASSERT_EQ(test, nhrp_test_set(t, &dst, NHRP_TEST_NBMA,
					    NHRP_MAPPING_TYPE_CACHED, 0,
					    NLM_F_CREATE), 0);
	nhrp_test_packets(test, &t->sent, 0, 5);
	KUNIT_EXPECT_EQ(test, t->cache.incomplete, 4);

	/* 0x1001 to 0x1003 are in it, 0x1004 is not. */
	nhrp_test_host4(&dst, NHRP_TEST_HOP + 0x1000);
	dst.len = 30;
	KUNIT_ASSERT_EQ(test, nhrp_test_set(t, &dst, NHRP_TEST_NBMA,
					    NHRP_MAPPING_TYPE_CACHED, 0,
					    NLM_F_CREATE), 0);
	nhrp_test_packets(test, &t->sent, 10, 3);
	KUNIT_EXPECT_EQ(test, t->cache.incomplete, 1);
	KUNIT_EXPECT_NOT_NULL(test, nhrp_test_pending(t, 0x1004));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_RELEASED), 8);

	nhrp_cache_stop(&t->cache);
	nhrp_test_packets(test, &t->dropped, 13, 1);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_FLUSHED), 1);
	KUNIT_EXPECT_EQ(test, t->cache.waiting, 0);
	KUNIT_EXPECT_EQ(test, t->cache.pending.count, 0);
}

/* The credit, beside an exact model of it. How much time goes by is the kernel's
 * affair and the test's: what is counted is what was counted in.
 */
static void nhrp_resolve_test_rate(struct kunit *test)
{
	u64 credit = NHRP_UPCALL_RATE * HZ, elapsed = 0, now, last;
	struct nhrp_test *t = test->priv;
	struct nhrp_cache *cache = &t->cache;
	u32 allowed = 0, refused = 0;
	bool allow, want;
	int i;

	cache->upcall_credit = credit;
	spin_lock_bh(&cache->resolve_lock);
	for (i = 0; i < 20000; i++) {
		now = get_jiffies_64();
		/* Now and then some time passes, at last a lot of it. */
		last = now - (prandom_u32_state(&t->rnd) % 50 ? 0 :
			      prandom_u32_state(&t->rnd) % 8);
		if (i == 19000)
			last = now - 3600 * HZ;
		cache->upcall_time = last;
		allow = nhrp_upcall_allowed(cache);

		elapsed += cache->upcall_time - last;
		credit = min_t(u64, credit + (cache->upcall_time - last) *
			       NHRP_UPCALL_RATE, NHRP_UPCALL_RATE * HZ);
		want = credit >= HZ;
		if (allow != want || cache->upcall_credit != credit)
			break;
		allowed += allow;
		refused += !allow;
		if (allow) {
			cache->upcall_credit -= HZ;
			credit -= HZ;
		}
	}
	spin_unlock_bh(&cache->resolve_lock);
	KUNIT_EXPECT_EQ_MSG(test, i, 20000, "credit %u, not %llu",
			    cache->upcall_credit, credit);
	KUNIT_EXPECT_GE(test, allowed, NHRP_UPCALL_RATE);
	KUNIT_EXPECT_LE(test, allowed, NHRP_UPCALL_RATE +
				       elapsed * NHRP_UPCALL_RATE / HZ);
	kunit_info(test, "%u allowed, %u refused, %llu jiffies\n", allowed,
		   refused, elapsed);
}

/* Each question takes its share of the credit. */
static void nhrp_resolve_test_credit(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	bool first, second;
	u64 now;

	do {
		nhrp_cache_stop(&t->cache);
		now = get_jiffies_64();
		t->cache.upcall_credit = 2 * HZ - 1;
		t->cache.upcall_time = now;
		first = nhrp_test_miss(t, 1, 0);
		second = nhrp_test_miss(t, 2, 0);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_TRUE(test, first);
	KUNIT_EXPECT_FALSE(test, second);
	KUNIT_EXPECT_EQ(test, t->cache.upcall_credit, HZ - 1);
}

/* Without credit nobody is asked, and packets do not wait. */
static void nhrp_resolve_test_no_credit(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_pending *pending;
	bool waits;
	u64 now;

	do {
		now = get_jiffies_64();
		nhrp_cache_stop(&t->cache);
		nhrp_test_heard(t);
		t->cache.upcall_credit = HZ - 1;
		t->cache.upcall_time = now;
		waits = nhrp_test_miss(t, 1, 0);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_FALSE(test, waits);
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
	KUNIT_EXPECT_EQ(test, t->cache.pending.count, 0);
	KUNIT_EXPECT_GE(test, nhrp_test_stat(t, NHRP_STAT_DROP_LIMIT), 1);

	/* Nor is a question repeated; that is put off, and not forgotten. */
	nhrp_test_credit(t);
	KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 1, 0));
	pending = nhrp_test_pending(t, 1);
	do {
		now = get_jiffies_64();
		pending->upcall.attempt = 1;
		nhrp_test_heard(t);
		t->cache.upcall_credit = HZ - 1;
		t->cache.upcall_time = now;
		nhrp_test_pass(t, 1);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
	KUNIT_EXPECT_EQ(test, pending->upcall.attempt, 1);
	KUNIT_EXPECT_EQ(test, (u64)pending->due.expires,
			now + NHRP_UPCALL_DELAY);
	nhrp_test_credit(t);
	KUNIT_EXPECT_TRUE(test, nhrp_test_pass(t, 1));
	nhrp_test_asked(test, NHRP_TEST_HOP + 1, NHRP_RESOLVE_REASON_MISS, 2);
}

/* As many as are asked for at a time; then the oldest make room. */
static void nhrp_resolve_test_evict(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	u32 i;

	for (i = 0; i < NHRP_ASKING_MAX + 16; i++) {
		nhrp_test_credit(t);
		KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, i, i));
		KUNIT_ASSERT_EQ(test, t->cache.incomplete,
				min_t(u32, i + 1, NHRP_ASKING_MAX));
	}
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), NHRP_ASKING_MAX + 16);
	KUNIT_EXPECT_EQ(test, t->cache.pending.count, NHRP_ASKING_MAX);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_EVICTED), 16);
	nhrp_test_packets(test, &t->told, 0, 16);
	KUNIT_EXPECT_NULL(test, nhrp_test_pending(t, 15));
	KUNIT_EXPECT_NOT_NULL(test, nhrp_test_pending(t, 16));
	/* Another packet does not make it younger. */
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 16, 0));
	nhrp_test_credit(t);
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, i, i));
	KUNIT_EXPECT_NULL(test, nhrp_test_pending(t, 16));

	nhrp_cache_stop(&t->cache);
	KUNIT_EXPECT_EQ(test, t->cache.waiting, 0);
	KUNIT_EXPECT_EQ(test, t->cache.incomplete, 0);
}

/* The memory of what waits, to the octet */
static void nhrp_resolve_test_memory(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	u32 size;

	KUNIT_ASSERT_TRUE(test, nhrp_test_miss(t, 1, 0));
	size = t->cache.waiting;
	KUNIT_EXPECT_EQ(test, size,
			skb_peek(&nhrp_test_pending(t, 1)->queue)->truesize);

	t->cache.waiting += NHRP_WAITING_MAX - 2 * size + 1;
	KUNIT_EXPECT_FALSE(test, nhrp_test_miss(t, 1, 1));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_LIMIT), 1);
	t->cache.waiting--;
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 1));
	KUNIT_EXPECT_EQ(test, t->cache.waiting, NHRP_WAITING_MAX);
	KUNIT_EXPECT_FALSE(test, nhrp_test_miss(t, 1, 2));

	t->cache.waiting -= NHRP_WAITING_MAX - 2 * size;
	nhrp_cache_stop(&t->cache);
	KUNIT_EXPECT_EQ(test, t->cache.waiting, 0);
}

static void nhrp_resolve_test_max_queue(struct kunit *test)
{
	struct nhrp_test *t = test->priv;

	t->cache.max_queue = 0;
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 0));
	nhrp_test_packets(test, &t->dropped, 0, 1);
	nhrp_test_asked(test, NHRP_TEST_HOP + 1, NHRP_RESOLVE_REASON_MISS, 1);
	t->cache.max_queue = 2;
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 1));
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 2));
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 3));
	nhrp_test_packets(test, &t->dropped, 1, 1);
	t->cache.max_queue = 1;
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 4));
	nhrp_test_packets(test, &t->dropped, 2, 2);
}

static void nhrp_resolve_test_refused(struct kunit *test)
{
	struct nhrp_test *t = test->priv;

	KUNIT_EXPECT_FALSE(test, nhrp_test_miss_by(t, 1, 0, NHRP_TEST_IFINDEX));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_LOOP), 1);
	clear_bit(__LINK_STATE_START, &t->dev->state);
	KUNIT_EXPECT_FALSE(test, nhrp_test_miss(t, 1, 0));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_LIMIT), 1);
	set_bit(__LINK_STATE_START, &t->dev->state);
	KUNIT_EXPECT_EQ(test, t->cache.pending.count, 0);
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);

	/* Who has listened leaves. */
	KUNIT_EXPECT_TRUE(test, nhrp_test_miss(t, 1, 7));
	nhrp_test_deaf(t);
	KUNIT_EXPECT_FALSE(test, nhrp_test_miss(t, 2, 0));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_NO_LISTENER), 1);
	KUNIT_EXPECT_TRUE(test, nhrp_test_pass(t, 1));
	nhrp_test_packets(test, &t->told, 7, 1);
	KUNIT_EXPECT_EQ(test, t->cache.pending.count, 0);
	KUNIT_EXPECT_EQ(test, t->cache.negative, 0);
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_UPCALLS), 1);
}

/* In the last third of its time, and then once */
static void nhrp_resolve_test_refresh(struct kunit *test)
{
	struct nhrp_mapping_config cfg = {
		.hold		= 3000,
		.type		= NHRP_MAPPING_TYPE_CACHED,
		.protocol	= RTPROT_STATIC,
	};
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	int i;

	nhrp_test_host4(&cfg.dst, NHRP_TEST_HOP + 1);
	nhrp_test_addr4(&cfg.nbma, NHRP_TEST_NBMA);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, nhrp_test_write(t, &cfg, NLM_F_CREATE |
							       NLM_F_REPLACE), 0);
		mapping = nhrp_test_mapping(t, &cfg.dst);
		KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping,
						      NHRP_TEST_HOP + 1, 1));
		KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
		mapping->expiry.expires -= 2000 * HZ;
		KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping,
						      NHRP_TEST_HOP + 1, 1));
		nhrp_test_asked(test, NHRP_TEST_HOP + 1,
				NHRP_RESOLVE_REASON_REFRESH, 1);
		KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping,
						      NHRP_TEST_HOP + 1, 1));
		KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
	}
}

/* By way of an NHS: packets flow, and what they are for is asked for, in vain. */
static void nhrp_resolve_test_onward(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_prefix dst;
	struct nhrp_mapping *mapping;
	int i;

	nhrp_test_host4(&dst, NHRP_TEST_HOP);
	dst.len = 8;
	nhrp_test_set(t, &dst, NHRP_TEST_NBMA, NHRP_MAPPING_TYPE_STATIC,
		      NHRP_MAPPING_FLAGS_RESOLVE, NLM_F_CREATE);
	mapping = nhrp_test_mapping(t, &dst);

	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping, 0x0b000001, 5));
		nhrp_test_asked(test, NHRP_TEST_HOP + 5,
				NHRP_RESOLVE_REASON_RESOLVE, i + 1);
		KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping, 0x0b000001, 5));
		KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
		KUNIT_EXPECT_TRUE(test, nhrp_test_pass(t, 5));
	}
	KUNIT_EXPECT_EQ(test, nhrp_test_pending(t, 5)->state,
			NHRP_PENDING_QUIET);
	KUNIT_EXPECT_EQ(test, t->cache.negative, 0);
	KUNIT_EXPECT_EQ(test, t->cache.incomplete, 0);
	KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping, 0x0b000001, 5));
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
	KUNIT_EXPECT_TRUE(test, nhrp_test_pass(t, 5));
	KUNIT_EXPECT_EQ(test, t->cache.pending.count, 0);
}

/* The mapping of the next hop itself: what is behind it is asked for. */
static void nhrp_resolve_test_behind(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	struct nhrp_prefix dst;

	nhrp_test_host4(&dst, NHRP_TEST_HOP + 1);
	nhrp_test_set(t, &dst, NHRP_TEST_NBMA, NHRP_MAPPING_TYPE_STATIC,
		      NHRP_MAPPING_FLAGS_RESOLVE, NLM_F_CREATE);
	mapping = nhrp_test_mapping(t, &dst);
	KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping, NHRP_TEST_HOP + 1, 1));
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
	KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping, 0x0b000001, 1));
	nhrp_test_asked(test, 0x0b000001, NHRP_RESOLVE_REASON_RESOLVE, 1);

	/* What is known already is not asked for. */
	nhrp_test_host4(&dst, 0x0b000002);
	nhrp_test_set(t, &dst, NHRP_TEST_NBMA, NHRP_MAPPING_TYPE_CACHED, 0,
		      NLM_F_CREATE);
	KUNIT_EXPECT_TRUE(test, nhrp_test_hit(t, mapping, 0x0b000002, 1));
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
}

static void nhrp_resolve_test_negative(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	struct nhrp_prefix dst;

	nhrp_test_host4(&dst, NHRP_TEST_HOP + 1);
	nhrp_test_set(t, &dst, 0, NHRP_MAPPING_TYPE_NEGATIVE, 0, NLM_F_CREATE);
	mapping = nhrp_test_mapping(t, &dst);
	KUNIT_EXPECT_FALSE(test, nhrp_test_hit(t, mapping, NHRP_TEST_HOP + 1, 1));
	KUNIT_EXPECT_EQ(test, nhrp_test_stat(t, NHRP_STAT_DROP_NEGATIVE), 1);
	KUNIT_EXPECT_EQ(test, nhrp_test_heard(t), 0);
}

static struct kunit_case nhrp_resolve_cases[] = {
	KUNIT_CASE(nhrp_resolve_test_once),
	KUNIT_CASE(nhrp_resolve_test_early),
	KUNIT_CASE(nhrp_resolve_test_unanswered),
	KUNIT_CASE(nhrp_resolve_test_answer),
	KUNIT_CASE(nhrp_resolve_test_rate),
	KUNIT_CASE(nhrp_resolve_test_credit),
	KUNIT_CASE(nhrp_resolve_test_no_credit),
	KUNIT_CASE_SLOW(nhrp_resolve_test_evict),
	KUNIT_CASE(nhrp_resolve_test_memory),
	KUNIT_CASE(nhrp_resolve_test_max_queue),
	KUNIT_CASE(nhrp_resolve_test_refused),
	KUNIT_CASE(nhrp_resolve_test_refresh),
	KUNIT_CASE(nhrp_resolve_test_onward),
	KUNIT_CASE(nhrp_resolve_test_behind),
	KUNIT_CASE(nhrp_resolve_test_negative),
	{}
};

struct kunit_suite nhrp_resolve_suite = {
	.name		= "nhrp_resolve",
	.init		= nhrp_resolve_test_init,
	.exit		= nhrp_test_exit,
	.test_cases	= nhrp_resolve_cases,
};
