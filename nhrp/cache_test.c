// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the look-up, and of the tables' order.
 *
 * The model that lookups are checked against is an array that is searched from
 * end to end.
 */

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>

#include "selftest.h"

#define NHRP_TEST_STEPS		(NHRP_TEST_SLOW ? 20000 : 400000)
#define NHRP_TEST_PREFIXES	192
#define NHRP_TEST_NODES		(NHRP_TEST_SLOW ? 1000 : 20000)

/**
 * struct nhrp_test_entry - mapping as the model has it
 * @dst: prefix
 * @nbma: number that stands for the NBMA address
 * @flags: of the mapping
 */
struct nhrp_test_entry {
	struct nhrp_prefix dst;
	u32 nbma;
	u8 flags;
};

/**
 * struct nhrp_test_model - mappings in no order
 * @family: of the prefixes
 * @bits: how many bits of an address vary, so that prefixes overlap
 * @count: number of @entries
 * @entries: mappings
 */
struct nhrp_test_model {
	u8 family;
	u8 bits;
	u32 count;
	struct nhrp_test_entry entries[NHRP_TEST_PREFIXES];
};

/* The bits that vary are spread over the whole address. */
static void nhrp_test_addr(struct nhrp_test *t,
			   const struct nhrp_test_model *model,
			   struct nhrp_addr *addr)
{
	unsigned int i, bit, max;

	memset(addr, 0, sizeof(*addr));
	addr->family = model->family;
	max = nhrp_addr_bits(addr);
	for (i = 0; i < model->bits; i++) {
		bit = i * max / model->bits;
		if (prandom_u32_state(&t->rnd) & 1)
			((u8 *)&addr->ip6)[bit / 8] |= 0x80 >> (bit % 8);
	}
}

static void nhrp_test_prefix(struct nhrp_test *t,
			     const struct nhrp_test_model *model,
			     struct nhrp_prefix *prefix)
{
	struct nhrp_addr addr;

	nhrp_test_addr(t, model, &addr);
	memset(prefix, 0, sizeof(*prefix));
	nhrp_prefix_set(prefix, &addr, prandom_u32_state(&t->rnd) %
				       (nhrp_addr_bits(&addr) + 1));
}

static struct nhrp_test_entry *
nhrp_test_model_find(struct nhrp_test_model *model,
		     const struct nhrp_prefix *dst)
{
	u32 i;

	for (i = 0; i < model->count; i++)
		if (!nhrp_prefix_cmp(&model->entries[i].dst, dst))
			return &model->entries[i];

	return NULL;
}

/* Bit by bit, so as not to share a mistake with the code under test. */
static bool nhrp_test_covers(const struct nhrp_prefix *prefix,
			     const struct nhrp_addr *addr)
{
	const u8 *a = (const u8 *)&prefix->addr.ip6;
	const u8 *b = (const u8 *)&addr->ip6;
	unsigned int bit;

	for (bit = 0; bit < prefix->len; bit++)
		if ((a[bit / 8] ^ b[bit / 8]) & (0x80 >> (bit % 8)))
			return false;

	return true;
}

static const struct nhrp_test_entry *
nhrp_test_model_match(const struct nhrp_test_model *model,
		      const struct nhrp_addr *addr, u8 flags)
{
	const struct nhrp_test_entry *best = NULL, *entry;
	u32 i;

	for (i = 0; i < model->count; i++) {
		entry = &model->entries[i];
		if ((entry->flags & flags) == flags &&
		    (!best || entry->dst.len > best->dst.len) &&
		    nhrp_test_covers(&entry->dst, addr))
			best = entry;
	}

	return best;
}

/* Adds or replaces at random, in both. Returns false if they disagree. */
static bool nhrp_test_step_set(struct nhrp_test *t,
			       struct nhrp_test_model *model)
{
	struct nhrp_test_entry *entry;
	struct nhrp_prefix dst;
	u32 nbma = prandom_u32_state(&t->rnd) | 1;
	u8 flags = nbma & 6 ? 0 : NHRP_MAPPING_FLAGS_SHORTCUT;
	bool excl = nbma & 8;
	int err, want = 0;

	nhrp_test_prefix(t, model, &dst);
	entry = nhrp_test_model_find(model, &dst);
	if (!entry && model->count == NHRP_TEST_PREFIXES)
		return true;
	if (entry && excl)
		want = -EEXIST;

	err = nhrp_test_set(t, &dst, nbma, NHRP_MAPPING_TYPE_DYNAMIC, flags,
			    NLM_F_CREATE |
			    (excl ? NLM_F_EXCL : NLM_F_REPLACE));
	if (err)
		return err == want;

	if (!entry)
		entry = &model->entries[model->count++];
	entry->dst = dst;
	entry->nbma = nbma;
	entry->flags = flags;

	return !want;
}

static bool nhrp_test_step_del(struct nhrp_test *t,
			       struct nhrp_test_model *model)
{
	struct nhrp_test_entry *entry;
	struct nhrp_prefix dst;

	if (model->count && prandom_u32_state(&t->rnd) & 3)
		dst = model->entries[prandom_u32_state(&t->rnd) %
				     model->count].dst;
	else
		nhrp_test_prefix(t, model, &dst);

	entry = nhrp_test_model_find(model, &dst);
	if (nhrp_test_del(t, &dst) != (entry ? 0 : -ENOENT))
		return false;
	if (entry)
		*entry = model->entries[--model->count];

	return true;
}

static bool nhrp_test_same(const struct nhrp_mapping *mapping,
			   const struct nhrp_test_entry *entry)
{
	if (!mapping || !entry)
		return !mapping && !entry;

	return !nhrp_prefix_cmp(&mapping->node.key, &entry->dst) &&
	       mapping->peer->node.key.addr.ip4 == htonl(entry->nbma);
}

static bool nhrp_test_step_lookup(struct nhrp_test *t,
				  const struct nhrp_test_model *model)
{
	struct nhrp_addr addr;
	bool same;

	nhrp_test_addr(t, model, &addr);
	rcu_read_lock();
	same = nhrp_test_same(nhrp_cache_lookup(&t->cache, &addr),
			      nhrp_test_model_match(model, &addr, 0)) &&
	       nhrp_test_same(nhrp_cache_lookup_shortcut(&t->cache, &addr),
			      nhrp_test_model_match(model, &addr,
						    NHRP_MAPPING_FLAGS_SHORTCUT));
	rcu_read_unlock();

	return same;
}

static bool nhrp_test_step(struct nhrp_test *t, struct nhrp_test_model *model)
{
	switch (prandom_u32_state(&t->rnd) % 8) {
	case 0:
	case 1:
		return nhrp_test_step_set(t, model);
	case 2:
		return nhrp_test_step_del(t, model);
	default:
		return nhrp_test_step_lookup(t, model);
	}
}

static void nhrp_test_lookups(struct kunit *test, u8 family, u8 bits)
{
	struct nhrp_test *t = test->priv;
	struct nhrp_test_model *model;
	u32 step;

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	model->family = family;
	model->bits = bits;

	for (step = 0; step < NHRP_TEST_STEPS; step++) {
		KUNIT_ASSERT_TRUE_MSG(test, nhrp_test_step(t, model),
				      "step %u, seed %#x", step, NHRP_TEST_SEED);
		KUNIT_ASSERT_EQ_MSG(test, t->cache.mappings.count, model->count,
				    "step %u, seed %#x", step, NHRP_TEST_SEED);
		if (!(step % 1024))
			cond_resched();
	}
	kunit_info(test, "%u steps, %u mappings at the end, seed %#x\n", step,
		   model->count, NHRP_TEST_SEED);
	KUNIT_EXPECT_TRUE(test, nhrp_test_flush(t));
}

static void nhrp_cache_test_ip4_dense(struct kunit *test)
{
	nhrp_test_lookups(test, AF_INET, 7);
}

static void nhrp_cache_test_ip6_dense(struct kunit *test)
{
	nhrp_test_lookups(test, AF_INET6, 7);
}

static void nhrp_cache_test_ip4_sparse(struct kunit *test)
{
	nhrp_test_lookups(test, AF_INET, 32);
}

/* The order of keys, however they come: rising, falling, at random. */
static u32 nhrp_test_order_key(struct nhrp_test *t, int pattern, u32 i)
{
	switch (pattern) {
	case 0:
		return i;
	case 1:
		return NHRP_TEST_NODES - i;
	default:
		return prandom_u32_state(&t->rnd);
	}
}

static bool nhrp_test_ordered(struct nhrp_table *table)
{
	struct nhrp_node *node = nhrp_table_find_after(table, NULL), *next;
	u32 count = 0;

	for (; node; node = next, count++) {
		next = nhrp_table_next(node);
		if (next && nhrp_prefix_cmp(&node->key, &next->key) >= 0)
			return false;
		if (nhrp_table_find_after(table, &node->key) != next)
			return false;
	}

	return count == table->count;
}

/* Deletes the one that has just been added, or its neighbour, or none: what the
 * table remembers of the last addition is about both.
 */
static bool nhrp_test_order_del(struct nhrp_test *t,
				const struct nhrp_prefix *added)
{
	struct nhrp_node *next;
	struct nhrp_prefix dst;

	switch (prandom_u32_state(&t->rnd) % 4) {
	case 0:
		return !nhrp_test_del(t, added);
	case 1:
		next = nhrp_table_find_after(&t->cache.mappings, added);
		if (!next)
			return true;
		dst = next->key;
		return !nhrp_test_del(t, &dst);
	default:
		return true;
	}
}

static void nhrp_cache_test_order(struct kunit *test)
{
	struct nhrp_prefix dst = { .addr.family = AF_INET, .len = 32 };
	struct nhrp_test *t = test->priv;
	int pattern;
	u32 i, key;

	for (pattern = 0; pattern < 3; pattern++) {
		for (i = 0; i < NHRP_TEST_NODES; i++) {
			key = nhrp_test_order_key(t, pattern, i);
			dst.addr.ip4 = htonl(key);
			KUNIT_ASSERT_EQ(test, nhrp_test_set(t, &dst, key,
							    NHRP_MAPPING_TYPE_STATIC,
							    0, NLM_F_CREATE |
							       NLM_F_REPLACE), 0);
			KUNIT_ASSERT_TRUE(test, nhrp_test_order_del(t, &dst));
		}
		KUNIT_EXPECT_TRUE(test, nhrp_test_ordered(&t->cache.mappings));
		KUNIT_EXPECT_TRUE(test, nhrp_test_ordered(&t->cache.peers));
		KUNIT_EXPECT_TRUE(test, nhrp_test_flush(t));
	}
}

static struct kunit_case nhrp_cache_cases[] = {
	KUNIT_CASE_SLOW(nhrp_cache_test_ip4_dense),
	KUNIT_CASE_SLOW(nhrp_cache_test_ip6_dense),
	KUNIT_CASE_SLOW(nhrp_cache_test_ip4_sparse),
	KUNIT_CASE_SLOW(nhrp_cache_test_order),
	{}
};

struct kunit_suite nhrp_cache_suite = {
	.name		= "nhrp_cache",
	.init		= nhrp_test_init,
	.exit		= nhrp_test_exit,
	.test_cases	= nhrp_cache_cases,
};
