// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the life of mappings: who takes whose place, and what time does.
 *
 * Time does not pass here but when a test says so, by setting the clock of a mapping
 * back. Only where the clock itself is read must a jiffy be caught.
 */

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "selftest.h"

#define NHRP_TEST_NET		0x0a000000
#define NHRP_TEST_HOST		0x0a000001
#define NHRP_TEST_REPLACE	(NLM_F_CREATE | NLM_F_REPLACE)

static const u8 nhrp_test_types[] = {
	NHRP_MAPPING_TYPE_STATIC, NHRP_MAPPING_TYPE_DYNAMIC,
	NHRP_MAPPING_TYPE_CACHED, NHRP_MAPPING_TYPE_NEGATIVE,
};

static void nhrp_test_config(struct nhrp_mapping_config *cfg, u32 dst, u32 nbma,
			     u32 hold)
{
	memset(cfg, 0, sizeof(*cfg));
	nhrp_test_host4(&cfg->dst, dst);
	nhrp_test_addr4(&cfg->nbma, nbma);
	cfg->hold = hold;
	cfg->type = NHRP_MAPPING_TYPE_DYNAMIC;
	cfg->protocol = RTPROT_STATIC;
}

static struct nhrp_mapping *nhrp_test_new(struct kunit *test, u32 dst, u32 nbma,
					  u32 hold)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping_config cfg;

	nhrp_test_config(&cfg, dst, nbma, hold);
	KUNIT_ASSERT_EQ(test, nhrp_test_write(t, &cfg, NHRP_TEST_REPLACE), 0);

	return nhrp_test_mapping(t, &cfg.dst);
}

/* Its time is up, and has been for a while. */
static void nhrp_test_expire(struct nhrp_mapping *mapping)
{
	mapping->expiry.expires = get_jiffies_64() - HZ;
	mapping->attend = 0;
}

static struct nhrp_mapping *nhrp_test_match(struct nhrp_test *t, u32 ip4)
{
	struct nhrp_mapping *mapping;
	struct nhrp_addr addr;

	nhrp_test_addr4(&addr, ip4);
	rcu_read_lock();
	mapping = nhrp_cache_lookup(&t->cache, &addr);
	rcu_read_unlock();

	return mapping;
}

/* errno by old and new type, without flags */
static void nhrp_mapping_test_types(struct kunit *test)
{
	struct nhrp_prefix dst = { .addr.family = AF_INET, .len = 32 };
	struct nhrp_test *t = test->priv;
	int old, new, want;

	for (old = 0; old < ARRAY_SIZE(nhrp_test_types); old++) {
		for (new = 0; new < ARRAY_SIZE(nhrp_test_types); new++) {
			want = nhrp_test_types[old] == NHRP_MAPPING_TYPE_STATIC &&
			       nhrp_test_types[new] != NHRP_MAPPING_TYPE_STATIC ?
			       -EBUSY : 0;
			KUNIT_ASSERT_EQ(test, nhrp_test_set(t, &dst, 1,
							    nhrp_test_types[old],
							    0, NLM_F_CREATE |
							       NLM_F_EXCL), 0);
			KUNIT_EXPECT_EQ_MSG(test,
					    nhrp_test_set(t, &dst, 2,
							  nhrp_test_types[new],
							  0, NLM_F_REPLACE),
					    want, "type %u by %u",
					    nhrp_test_types[old],
					    nhrp_test_types[new]);
			KUNIT_ASSERT_EQ(test, nhrp_test_del(t, &dst), 0);
		}
	}
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 0);
}

/* RFC 2332, section 4.1 */
static void nhrp_mapping_test_unique(struct kunit *test)
{
	static const struct {
		u32 nbma;
		u8 type;
		u8 flags;
		int want;
	} steps[] = {
		{ 1, NHRP_MAPPING_TYPE_DYNAMIC, NHRP_MAPPING_FLAGS_UNIQUE, 0 },
		{ 2, NHRP_MAPPING_TYPE_DYNAMIC, 0, -EADDRINUSE },
		{ 2, NHRP_MAPPING_TYPE_CACHED, NHRP_MAPPING_FLAGS_UNIQUE,
		  -EADDRINUSE },
		{ 2, NHRP_MAPPING_TYPE_NEGATIVE, 0, -EADDRINUSE },
		{ 1, NHRP_MAPPING_TYPE_DYNAMIC, NHRP_MAPPING_FLAGS_UNIQUE, 0 },
		{ 2, NHRP_MAPPING_TYPE_STATIC, NHRP_MAPPING_FLAGS_UNIQUE, 0 },
		{ 3, NHRP_MAPPING_TYPE_STATIC, 0, -EADDRINUSE },
		{ 2, NHRP_MAPPING_TYPE_STATIC, 0, 0 },
		{ 3, NHRP_MAPPING_TYPE_STATIC, 0, 0 },
	};
	struct nhrp_test *t = test->priv;
	struct nhrp_prefix dst;
	int i;

	nhrp_test_host4(&dst, NHRP_TEST_HOST);
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    nhrp_test_set(t, &dst, steps[i].nbma,
						  steps[i].type, steps[i].flags,
						  NHRP_TEST_REPLACE),
				    steps[i].want, "step %d", i);
}

/* NLM_F_* as in rtnetlink, by whether there is one already */
static void nhrp_mapping_test_nlflags(struct kunit *test)
{
	static const struct {
		bool old;
		u16 nlflags;
		int want;
	} steps[] = {
		{ false, 0, -ENOENT },
		{ false, NLM_F_REPLACE, -ENOENT },
		{ false, NLM_F_EXCL, -ENOENT },
		{ false, NLM_F_CREATE, 0 },
		{ false, NLM_F_CREATE | NLM_F_EXCL, 0 },
		{ false, NLM_F_CREATE | NLM_F_REPLACE, 0 },
		{ true, 0, -EEXIST },
		{ true, NLM_F_CREATE, -EEXIST },
		{ true, NLM_F_CREATE | NLM_F_EXCL, -EEXIST },
		{ true, NLM_F_REPLACE | NLM_F_EXCL, -EEXIST },
		{ true, NLM_F_REPLACE, 0 },
		{ true, NLM_F_CREATE | NLM_F_REPLACE, 0 },
	};
	struct nhrp_test *t = test->priv;
	struct nhrp_prefix dst;
	int i, err;

	nhrp_test_host4(&dst, NHRP_TEST_HOST);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		nhrp_test_flush(t);
		if (steps[i].old)
			nhrp_test_new(test, NHRP_TEST_HOST, 1, 0);
		err = nhrp_test_set(t, &dst, 2, NHRP_MAPPING_TYPE_DYNAMIC, 0,
				    steps[i].nlflags);
		KUNIT_EXPECT_EQ_MSG(test, err, steps[i].want, "step %d", i);
		KUNIT_EXPECT_EQ_MSG(test, t->cache.mappings.count,
				    steps[i].old || !err, "step %d", i);
	}
	KUNIT_EXPECT_TRUE(test, nhrp_test_flush(t));
	KUNIT_EXPECT_EQ(test, nhrp_test_del(t, &dst), -ENOENT);
}

/* One request of each kind that is refused */
static void nhrp_mapping_test_refused(struct kunit *test)
{
	static const struct {
		u32 dst;
		u32 nbma;
		u8 type;
		u16 nlflags;
		int want;
	} steps[] = {
		{ 1, 2, NHRP_MAPPING_TYPE_DYNAMIC, NLM_F_CREATE, -EEXIST },
		{ 1, 2, NHRP_MAPPING_TYPE_DYNAMIC, NLM_F_REPLACE, -EADDRINUSE },
		{ 2, 2, NHRP_MAPPING_TYPE_CACHED, NLM_F_REPLACE, -EBUSY },
		{ 3, 2, NHRP_MAPPING_TYPE_DYNAMIC, NLM_F_REPLACE, -ENOENT },
		{ 3, 2, NHRP_MAPPING_TYPE_DYNAMIC, NLM_F_CREATE, -ENOSPC },
		{ 2, 0xffffffff, NHRP_MAPPING_TYPE_STATIC, NLM_F_REPLACE,
		  -EINVAL },
	};
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *one, *two;
	struct nhrp_prefix dst;
	u32 seq;
	int i;

	t->cache.max_mappings = 2;
	nhrp_test_host4(&dst, 1);
	nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_DYNAMIC,
		      NHRP_MAPPING_FLAGS_UNIQUE, NLM_F_CREATE);
	one = nhrp_test_mapping(t, &dst);
	nhrp_test_host4(&dst, 2);
	nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_STATIC, 0, NLM_F_CREATE);
	two = nhrp_test_mapping(t, &dst);
	seq = t->cache.seq;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		nhrp_test_host4(&dst, steps[i].dst);
		KUNIT_EXPECT_EQ_MSG(test,
				    nhrp_test_set(t, &dst, steps[i].nbma,
						  steps[i].type, 0,
						  steps[i].nlflags),
				    steps[i].want, "step %d", i);
	}
	KUNIT_EXPECT_EQ(test, t->cache.seq, seq);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 2);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 1);
	KUNIT_EXPECT_PTR_EQ(test, nhrp_test_match(t, 1), one);
	KUNIT_EXPECT_PTR_EQ(test, nhrp_test_match(t, 2), two);
}

/* What a replacement keeps of the old one, and what it does not */
static void nhrp_mapping_test_replaced(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping_config cfg;
	struct nhrp_mapping *mapping;
	u32 created;

	mapping = nhrp_test_new(test, NHRP_TEST_HOST, 1, 600);
	mapping->created -= 100;
	created = mapping->created;
	mapping->used = 7;
	mapping->refreshed = true;

	nhrp_test_config(&cfg, NHRP_TEST_HOST, 2, 0);
	cfg.type = NHRP_MAPPING_TYPE_CACHED;
	cfg.flags = NHRP_MAPPING_FLAGS_NAT;
	cfg.preference = 200;
	cfg.mark = 0x12345678;
	cfg.mtu = 1400;
	cfg.protocol = RTPROT_BOOT;
	KUNIT_ASSERT_EQ(test, nhrp_test_write(t, &cfg, NLM_F_REPLACE), 0);
	mapping = nhrp_test_match(t, NHRP_TEST_HOST);
	KUNIT_ASSERT_NOT_NULL(test, mapping);

	KUNIT_EXPECT_EQ(test, mapping->created, created);
	KUNIT_EXPECT_GE(test, mapping->updated, created + 100);
	KUNIT_EXPECT_EQ(test, mapping->used, 7);
	KUNIT_EXPECT_EQ(test, nhrp_mapping_flags(mapping),
			NHRP_MAPPING_FLAGS_NAT | NHRP_MAPPING_FLAGS_USED);
	KUNIT_EXPECT_FALSE(test, mapping->refreshed);
	KUNIT_EXPECT_EQ(test, mapping->hold, 0);
	KUNIT_EXPECT_NULL(test, timerqueue_getnext(&t->cache.expiry));
	KUNIT_EXPECT_EQ(test, mapping->type, NHRP_MAPPING_TYPE_CACHED);
	KUNIT_EXPECT_EQ(test, mapping->preference, 200);
	KUNIT_EXPECT_EQ(test, mapping->mark, 0x12345678);
	KUNIT_EXPECT_EQ(test, mapping->mtu, 1400);
	KUNIT_EXPECT_EQ(test, mapping->protocol, RTPROT_BOOT);
	KUNIT_EXPECT_EQ(test, ntohl(mapping->peer->node.key.addr.ip4), 2);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 1);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 1);
}

/* A peer is there as long as a mapping points to it, and counts them. */
static void nhrp_mapping_test_peers(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	struct nhrp_prefix dst;
	int i;

	for (i = 0; i < 3; i++)
		mapping = nhrp_test_new(test, NHRP_TEST_HOST + i, 1, 0);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 1);
	KUNIT_EXPECT_EQ(test, mapping->peer->mappings, 3);
	KUNIT_EXPECT_EQ(test, mapping->peer->users, 3);

	nhrp_test_new(test, NHRP_TEST_HOST, 2, 0);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 2);
	KUNIT_EXPECT_EQ(test, mapping->peer->mappings, 2);
	nhrp_test_new(test, NHRP_TEST_HOST, 1, 0);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 1);
	KUNIT_EXPECT_EQ(test, mapping->peer->mappings, 3);

	for (i = 0; i < 3; i++) {
		nhrp_test_host4(&dst, NHRP_TEST_HOST + i);
		KUNIT_EXPECT_EQ(test, nhrp_test_del(t, &dst), 0);
		KUNIT_EXPECT_EQ(test, t->cache.peers.count, i < 2);
	}
}

/* A negative mapping has no peer, and hides the shorter ones. */
static void nhrp_mapping_test_negative(struct kunit *test)
{
	struct nhrp_mapping *mapping, *shorter;
	struct nhrp_mapping_config cfg;
	struct nhrp_test *t = test->priv;

	nhrp_test_config(&cfg, NHRP_TEST_NET, 1, 0);
	cfg.dst.len = 8;
	KUNIT_ASSERT_EQ(test, nhrp_test_write(t, &cfg, NLM_F_CREATE), 0);
	shorter = nhrp_test_mapping(t, &cfg.dst);

	nhrp_test_config(&cfg, NHRP_TEST_HOST, 0, 100);
	cfg.type = NHRP_MAPPING_TYPE_NEGATIVE;
	cfg.nbma.family = AF_UNSPEC;
	KUNIT_ASSERT_EQ(test, nhrp_test_write(t, &cfg, NLM_F_CREATE), 0);
	mapping = nhrp_test_match(t, NHRP_TEST_HOST);
	KUNIT_ASSERT_NOT_NULL(test, mapping);
	KUNIT_EXPECT_EQ(test, mapping->type, NHRP_MAPPING_TYPE_NEGATIVE);
	KUNIT_EXPECT_NULL(test, mapping->peer);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 1);
	KUNIT_EXPECT_PTR_EQ(test, nhrp_test_match(t, NHRP_TEST_HOST + 1),
			    shorter);

	nhrp_test_expire(mapping);
	KUNIT_EXPECT_PTR_EQ(test, nhrp_test_match(t, NHRP_TEST_HOST), shorter);
	nhrp_test_new(test, NHRP_TEST_HOST, 2, 0);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 2);
}

static void nhrp_mapping_test_expiry(struct kunit *test)
{
	static const u32 holds[] = { 1, 2, 3, 10, 600, 7200, U32_MAX };
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	u64 before, after, time;
	int i;

	for (i = 0; i < ARRAY_SIZE(holds); i++) {
		before = get_jiffies_64();
		mapping = nhrp_test_new(test, NHRP_TEST_HOST, 1, holds[i]);
		after = get_jiffies_64();
		time = mapping->expiry.expires;

		KUNIT_EXPECT_GE(test, time, before + (u64)holds[i] * HZ);
		KUNIT_EXPECT_LE(test, time, after + (u64)holds[i] * HZ);
		KUNIT_EXPECT_FALSE(test, nhrp_mapping_expired(mapping, before));
		KUNIT_EXPECT_FALSE(test, nhrp_mapping_expired(mapping, time - 1));
		KUNIT_EXPECT_TRUE(test, nhrp_mapping_expired(mapping, time));
		KUNIT_EXPECT_TRUE(test, nhrp_mapping_expired(mapping, time + 1));
		KUNIT_EXPECT_PTR_EQ(test, timerqueue_getnext(&t->cache.expiry),
				    &mapping->expiry);
	}
}

/* The data path must not find it from that very jiffy on. */
static void nhrp_mapping_test_expiry_found(struct kunit *test)
{
	struct nhrp_mapping *mapping, *shorter, *before, *then;
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping_config cfg;
	u64 now;

	nhrp_test_config(&cfg, NHRP_TEST_NET, 1, 0);
	cfg.dst.len = 0;
	cfg.dst.addr.ip4 = 0;
	KUNIT_ASSERT_EQ(test, nhrp_test_write(t, &cfg, NLM_F_CREATE), 0);
	shorter = nhrp_test_mapping(t, &cfg.dst);
	mapping = nhrp_test_new(test, NHRP_TEST_HOST, 2, 1000);

	do {
		now = get_jiffies_64();
		mapping->expiry.expires = now + 1;
		mapping->attend = nhrp_mapping_last_third(mapping);
		before = nhrp_test_match(t, NHRP_TEST_HOST);
		mapping->expiry.expires = now;
		mapping->attend = nhrp_mapping_last_third(mapping);
		then = nhrp_test_match(t, NHRP_TEST_HOST);
	} while (nhrp_test_too_late(now));
	KUNIT_EXPECT_PTR_EQ(test, before, mapping);
	KUNIT_EXPECT_PTR_EQ(test, then, shorter);
}

static void nhrp_mapping_test_for_ever(struct kunit *test)
{
	struct nhrp_mapping *mapping = nhrp_test_new(test, NHRP_TEST_HOST, 1, 0);
	struct nhrp_test *t = test->priv;
	u64 now = get_jiffies_64();

	KUNIT_EXPECT_EQ(test, mapping->attend, (u64)S64_MAX);
	KUNIT_EXPECT_FALSE(test, nhrp_mapping_attend(mapping));
	KUNIT_EXPECT_FALSE(test, nhrp_mapping_expired(mapping, now));
	KUNIT_EXPECT_FALSE(test, nhrp_mapping_expired(mapping, now + S64_MAX));
	KUNIT_EXPECT_NULL(test, timerqueue_getnext(&t->cache.expiry));
	mapping->expiry.expires = now - 1;
	KUNIT_EXPECT_PTR_EQ(test, nhrp_test_match(t, NHRP_TEST_HOST), mapping);
}

/* The last third, to the jiffy */
static void nhrp_mapping_test_refresh(struct kunit *test)
{
	static const u32 holds[] = { 1, 2, 3, 4, 10, 600, 7200, U32_MAX };
	struct nhrp_mapping *mapping;
	bool before, then;
	u64 now, window;
	int i;

	for (i = 0; i < ARRAY_SIZE(holds); i++) {
		mapping = nhrp_test_new(test, NHRP_TEST_HOST, 1, holds[i]);
		window = mapping->expiry.expires - mapping->attend;
		KUNIT_EXPECT_EQ(test, mapping->attend,
				nhrp_mapping_last_third(mapping));
		KUNIT_EXPECT_LE(test, window * 3, (u64)holds[i] * HZ);
		KUNIT_EXPECT_GE(test, window * 3 + 2, (u64)holds[i] * HZ);
		if (holds[i] > 600)
			KUNIT_EXPECT_FALSE(test, nhrp_mapping_attend(mapping));

		do {
			now = get_jiffies_64();
			mapping->attend = now + 1;
			before = nhrp_mapping_attend(mapping);
			mapping->attend = now;
			then = nhrp_mapping_attend(mapping);
		} while (nhrp_test_too_late(now));
		KUNIT_EXPECT_FALSE(test, before);
		KUNIT_EXPECT_TRUE(test, then);
	}
}

/* What the data path must always have a closer look at */
static void nhrp_mapping_test_attend(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_prefix dst;
	int i;

	nhrp_test_host4(&dst, NHRP_TEST_HOST);
	for (i = 0; i < ARRAY_SIZE(nhrp_test_types); i++) {
		nhrp_test_flush(t);
		nhrp_test_set(t, &dst, 1, nhrp_test_types[i], 0, NLM_F_CREATE);
		KUNIT_EXPECT_EQ(test, nhrp_test_mapping(t, &dst)->attend == 0,
				nhrp_test_types[i] == NHRP_MAPPING_TYPE_NEGATIVE);
	}
	nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_STATIC,
		      NHRP_MAPPING_FLAGS_RESOLVE, NHRP_TEST_REPLACE);
	KUNIT_EXPECT_EQ(test, nhrp_test_mapping(t, &dst)->attend, 0);
	nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_STATIC,
		      NHRP_MAPPING_FLAGS_SHORTCUT | NHRP_MAPPING_FLAGS_NAT,
		      NHRP_TEST_REPLACE);
	KUNIT_EXPECT_EQ(test, nhrp_test_mapping(t, &dst)->attend, (u64)S64_MAX);
}

/* For requests, what has expired is not there, whether it was swept or not. */
static void nhrp_mapping_test_expired(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_prefix dst;
	struct nhrp_filter all = {};

	nhrp_test_host4(&dst, NHRP_TEST_HOST);
	nhrp_test_expire(nhrp_test_new(test, NHRP_TEST_HOST, 1, 1000));
	KUNIT_EXPECT_EQ(test, nhrp_test_set(t, &dst, 2,
					    NHRP_MAPPING_TYPE_DYNAMIC, 0,
					    NLM_F_REPLACE), -ENOENT);
	nhrp_test_expire(nhrp_test_new(test, NHRP_TEST_HOST, 1, 1000));
	KUNIT_EXPECT_EQ(test, nhrp_test_set(t, &dst, 2,
					    NHRP_MAPPING_TYPE_DYNAMIC, 0,
					    NLM_F_CREATE | NLM_F_EXCL), 0);
	nhrp_test_expire(nhrp_test_new(test, NHRP_TEST_HOST, 1, 1000));
	KUNIT_EXPECT_EQ(test, nhrp_test_del(t, &dst), -ENOENT);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 0);

	nhrp_test_expire(nhrp_test_new(test, NHRP_TEST_HOST, 1, 1000));
	KUNIT_EXPECT_EQ(test, nhrp_mapping_flush(&t->cache, &all), 0);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 1);
}

static void nhrp_mapping_test_limit(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	struct nhrp_prefix dst;
	int i;

	t->cache.max_mappings = 3;
	for (i = 0; i < 3; i++)
		mapping = nhrp_test_new(test, NHRP_TEST_HOST + i, 1, 1000);
	nhrp_test_host4(&dst, NHRP_TEST_HOST + 3);
	KUNIT_EXPECT_EQ(test, nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_STATIC,
					    0, NLM_F_CREATE), -ENOSPC);
	/* Replacing needs no room, and what has expired takes none. */
	mapping = nhrp_test_new(test, NHRP_TEST_HOST + 2, 2, 1);
	nhrp_test_expire(mapping);
	KUNIT_EXPECT_EQ(test, nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_STATIC,
					    0, NLM_F_CREATE), 0);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 3);

	t->cache.max_mappings = 1;
	nhrp_test_host4(&dst, NHRP_TEST_HOST + 4);
	KUNIT_EXPECT_EQ(test, nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_STATIC,
					    0, NLM_F_CREATE), -ENOSPC);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 3);
}

/* More than it takes under one hold of the lock, and one that stays */
static void nhrp_mapping_test_sweep(struct kunit *test)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_mapping *mapping;
	u64 expires = 0;
	int i;

	for (i = 0; i < 700; i++) {
		mapping = nhrp_test_new(test, NHRP_TEST_HOST + i, i % 7, 1000);
		expires = expires ?: get_jiffies_64() - HZ;
		/* The order of the queue stays: all before come first. */
		mapping->expiry.expires = expires;
	}
	mapping = nhrp_test_new(test, NHRP_TEST_HOST + i, 1, 1000);
	nhrp_mapping_expire_work(&t->cache.expire_work.work);
	KUNIT_EXPECT_EQ(test, t->cache.mappings.count, 1);
	KUNIT_EXPECT_EQ(test, t->cache.peers.count, 1);
	KUNIT_EXPECT_PTR_EQ(test, timerqueue_getnext(&t->cache.expiry),
			    &mapping->expiry);
	KUNIT_EXPECT_PTR_EQ(test, nhrp_test_match(t, NHRP_TEST_HOST + i),
			    mapping);
}

/* The sweep comes for the first that expires, and a tenth of a second late. */
static void nhrp_mapping_test_sweep_time(struct kunit *test)
{
	static const struct {
		u32 hold;
		u32 first;
	} steps[] = { { 500, 500 }, { 900, 500 }, { 0, 500 }, { 100, 100 } };
	struct nhrp_test *t = test->priv;
	unsigned long before, then;
	int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		before = jiffies;
		nhrp_test_new(test, NHRP_TEST_HOST + i, 1, steps[i].hold);
		KUNIT_EXPECT_TRUE(test,
				  delayed_work_pending(&t->cache.expire_work));
		then = t->cache.expire_work.timer.expires;
		KUNIT_EXPECT_LE(test, then,
				jiffies + steps[i].first * HZ + HZ / 10);
		if (steps[i].hold == steps[i].first)
			KUNIT_EXPECT_GE(test, then,
					before + steps[i].first * HZ + HZ / 10);
	}
}

static void nhrp_test_filter(struct kunit *test,
			     const struct nhrp_mapping *mapping, bool want,
			     const struct nhrp_filter *filter, int line)
{
	KUNIT_EXPECT_EQ_MSG(test, nhrp_mapping_matches(mapping, filter), want,
			    "line %d", line);
}

#define NHRP_TEST_FILTER(test, mapping, want, ...)			\
	nhrp_test_filter(test, mapping, want,				\
			 &(const struct nhrp_filter){ __VA_ARGS__ }, __LINE__)

static void nhrp_mapping_test_filters(struct kunit *test)
{
	struct nhrp_mapping *mapping = nhrp_test_new(test, NHRP_TEST_HOST, 1, 0);
	struct nhrp_prefix net, other;
	struct nhrp_addr nbma;

	mapping->flags = NHRP_MAPPING_FLAGS_NAT | NHRP_MAPPING_FLAGS_UNIQUE;
	nhrp_test_host4(&net, NHRP_TEST_NET);
	net.len = 24;
	nhrp_test_host4(&other, NHRP_TEST_NET + 256);
	other.len = 24;

	nhrp_test_filter(test, mapping, true, &(struct nhrp_filter){}, __LINE__);
	NHRP_TEST_FILTER(test, mapping, true, .type = NHRP_MAPPING_TYPE_DYNAMIC);
	NHRP_TEST_FILTER(test, mapping, false, .type = NHRP_MAPPING_TYPE_STATIC);
	NHRP_TEST_FILTER(test, mapping, true, .protocol = RTPROT_BOOT);
	NHRP_TEST_FILTER(test, mapping, false, .protocol = RTPROT_BOOT,
			 .by_protocol = true);
	NHRP_TEST_FILTER(test, mapping, true, .protocol = RTPROT_STATIC,
			 .by_protocol = true);
	NHRP_TEST_FILTER(test, mapping, true, .flags = NHRP_MAPPING_FLAGS_NAT);
	NHRP_TEST_FILTER(test, mapping, false, .flags = NHRP_MAPPING_FLAGS_NAT |
						NHRP_MAPPING_FLAGS_SHORTCUT);
	NHRP_TEST_FILTER(test, mapping, false, .flags = NHRP_MAPPING_FLAGS_USED);
	mapping->used = 1;
	NHRP_TEST_FILTER(test, mapping, true, .flags = NHRP_MAPPING_FLAGS_USED);
	nhrp_test_addr4(&nbma, 1);
	NHRP_TEST_FILTER(test, mapping, true, .nbma = nbma);
	nhrp_test_addr4(&nbma, 2);
	NHRP_TEST_FILTER(test, mapping, false, .nbma = nbma);
	NHRP_TEST_FILTER(test, mapping, true, .within = net);
	NHRP_TEST_FILTER(test, mapping, false, .within = other);
}

static struct kunit_case nhrp_mapping_cases[] = {
	KUNIT_CASE(nhrp_mapping_test_types),
	KUNIT_CASE(nhrp_mapping_test_unique),
	KUNIT_CASE(nhrp_mapping_test_nlflags),
	KUNIT_CASE(nhrp_mapping_test_refused),
	KUNIT_CASE(nhrp_mapping_test_replaced),
	KUNIT_CASE(nhrp_mapping_test_peers),
	KUNIT_CASE(nhrp_mapping_test_negative),
	KUNIT_CASE(nhrp_mapping_test_expiry),
	KUNIT_CASE(nhrp_mapping_test_expiry_found),
	KUNIT_CASE(nhrp_mapping_test_for_ever),
	KUNIT_CASE(nhrp_mapping_test_refresh),
	KUNIT_CASE(nhrp_mapping_test_attend),
	KUNIT_CASE(nhrp_mapping_test_expired),
	KUNIT_CASE(nhrp_mapping_test_limit),
	KUNIT_CASE(nhrp_mapping_test_sweep),
	KUNIT_CASE(nhrp_mapping_test_sweep_time),
	KUNIT_CASE(nhrp_mapping_test_filters),
	{}
};

struct kunit_suite nhrp_mapping_suite = {
	.name		= "nhrp_mapping",
	.init		= nhrp_test_init,
	.exit		= nhrp_test_exit,
	.test_cases	= nhrp_mapping_cases,
};
