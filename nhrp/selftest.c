// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the cache, run when a module built with MGRE_SELFTEST=y is
 * loaded (selftests/unit.sh does). Results go to the kernel log as KTAP; a
 * failure refuses the load.
 *
 * The model that lookups are checked against is an array that is searched from
 * end to end.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/netdevice.h>
#include <linux/prandom.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>

#include "nhrp_int.h"

#define NHRP_TEST_SEED		0x23320001
#define NHRP_TEST_STEPS		400000
#define NHRP_TEST_PREFIXES	192
#define NHRP_TEST_NODES		20000

/**
 * struct nhrp_test - what a test case works with
 * @cache: empty cache
 * @rnd: random numbers, the same at each run
 */
struct nhrp_test {
	struct nhrp_cache cache;
	struct rnd_state rnd;
};

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

static int nhrp_test_nbma_check(struct nhrp_cache *cache,
				const struct nhrp_addr *nbma,
				const struct nlattr *attr,
				struct netlink_ext_ack *extack)
{
	return 0;
}

static const struct nhrp_ops nhrp_test_ops = {
	.nbma_check = nhrp_test_nbma_check,
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

static int nhrp_test_set(struct nhrp_test *t, const struct nhrp_prefix *dst,
			 u32 nbma, u8 type, u8 flags, u16 nlflags)
{
	struct nhrp_mapping_config cfg = {
		.dst		= *dst,
		.type		= type,
		.flags		= flags,
		.protocol	= RTPROT_STATIC,
	};
	int err;

	if (type != NHRP_MAPPING_TYPE_NEGATIVE) {
		cfg.nbma.family = AF_INET;
		cfg.nbma.ip4 = htonl(nbma);
	}
	err = nhrp_cache_lock(&t->cache, NULL);
	if (err)
		return err;
	err = nhrp_mapping_set(&t->cache, &cfg, nlflags, NULL);
	nhrp_cache_unlock(&t->cache);

	return err;
}

static int nhrp_test_del(struct nhrp_test *t, const struct nhrp_prefix *dst)
{
	int err;

	err = nhrp_cache_lock(&t->cache, NULL);
	if (err)
		return err;
	err = nhrp_mapping_del(&t->cache, dst, NULL, NULL);
	nhrp_cache_unlock(&t->cache);

	return err;
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

static bool nhrp_test_no_lens(const struct nhrp_lens *lens)
{
	return !lens->any && !lens->ip4 &&
	       bitmap_empty(lens->ip6, NHRP_PREFIX6_MAX + 1);
}

/* Nothing may stay, or later lookups would go on probing for it. */
static bool nhrp_test_flush(struct nhrp_test *t)
{
	struct nhrp_filter all = {};

	nhrp_mapping_flush(&t->cache, &all);

	return !t->cache.mappings.count && !t->cache.peers.count &&
	       nhrp_test_no_lens(&t->cache.lens) &&
	       nhrp_test_no_lens(&t->cache.shortcut_lens);
}

static bool nhrp_test_lookups(struct nhrp_test *t, u8 family, u8 bits)
{
	struct nhrp_test_model *model;
	bool good = true;
	u32 step;

	model = kzalloc(sizeof(*model), GFP_KERNEL);
	if (!model)
		return false;
	model->family = family;
	model->bits = bits;

	for (step = 0; good && step < NHRP_TEST_STEPS; step++) {
		switch (prandom_u32_state(&t->rnd) % 8) {
		case 0:
		case 1:
			good = nhrp_test_step_set(t, model);
			break;
		case 2:
			good = nhrp_test_step_del(t, model);
			break;
		default:
			good = nhrp_test_step_lookup(t, model);
		}
		good = good && t->cache.mappings.count == model->count;
		if (!(step % 1024))
			cond_resched();
	}
	pr_info("# %u steps, %u mappings at the end\n", step, model->count);
	kfree(model);

	return good && nhrp_test_flush(t);
}

static bool nhrp_test_lookup4(struct nhrp_test *t)
{
	return nhrp_test_lookups(t, AF_INET, 7);
}

static bool nhrp_test_lookup6(struct nhrp_test *t)
{
	return nhrp_test_lookups(t, AF_INET6, 7);
}

static bool nhrp_test_lookup4_sparse(struct nhrp_test *t)
{
	return nhrp_test_lookups(t, AF_INET, 32);
}

/* Who may take the place of whom: errno by old and new type, no flags. */
static bool nhrp_test_precedence(struct nhrp_test *t)
{
	static const u8 types[] = {
		NHRP_MAPPING_TYPE_STATIC, NHRP_MAPPING_TYPE_DYNAMIC,
		NHRP_MAPPING_TYPE_CACHED, NHRP_MAPPING_TYPE_NEGATIVE,
	};
	struct nhrp_prefix dst = { .addr.family = AF_INET, .len = 32 };
	int old, new, err, want;

	for (old = 0; old < ARRAY_SIZE(types); old++) {
		for (new = 0; new < ARRAY_SIZE(types); new++) {
			want = types[old] == NHRP_MAPPING_TYPE_STATIC &&
			       types[new] != NHRP_MAPPING_TYPE_STATIC ?
			       -EBUSY : 0;
			err = nhrp_test_set(t, &dst, 1, types[old], 0,
					    NLM_F_CREATE | NLM_F_EXCL);
			if (err)
				return false;
			err = nhrp_test_set(t, &dst, 2, types[new], 0,
					    NLM_F_REPLACE);
			if (err != want || nhrp_test_del(t, &dst))
				return false;
		}
	}

	return t->cache.peers.count == 0;
}

/* RFC 2332, section 4.1 */
static bool nhrp_test_unique(struct nhrp_test *t)
{
	struct nhrp_prefix dst = { .addr.family = AF_INET, .len = 32 };
	u8 unique = NHRP_MAPPING_FLAGS_UNIQUE;
	u16 replace = NLM_F_CREATE | NLM_F_REPLACE;

	return !nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_DYNAMIC, unique,
			      replace) &&
	       nhrp_test_set(t, &dst, 2, NHRP_MAPPING_TYPE_DYNAMIC, 0,
			     replace) == -EADDRINUSE &&
	       nhrp_test_set(t, &dst, 2, NHRP_MAPPING_TYPE_NEGATIVE, 0,
			     replace) == -EADDRINUSE &&
	       !nhrp_test_set(t, &dst, 1, NHRP_MAPPING_TYPE_DYNAMIC, unique,
			      replace) &&
	       !nhrp_test_set(t, &dst, 2, NHRP_MAPPING_TYPE_STATIC, unique,
			      replace) &&
	       nhrp_test_set(t, &dst, 3, NHRP_MAPPING_TYPE_STATIC, 0,
			     replace) == -EADDRINUSE;
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

static bool nhrp_test_order(struct nhrp_test *t)
{
	struct nhrp_prefix dst = { .addr.family = AF_INET, .len = 32 };
	int pattern;
	u32 i, key;

	for (pattern = 0; pattern < 3; pattern++) {
		for (i = 0; i < NHRP_TEST_NODES; i++) {
			key = nhrp_test_order_key(t, pattern, i);
			dst.addr.ip4 = htonl(key);
			if (nhrp_test_set(t, &dst, key,
					  NHRP_MAPPING_TYPE_STATIC, 0,
					  NLM_F_CREATE | NLM_F_REPLACE) ||
			    !nhrp_test_order_del(t, &dst))
				return false;
		}
		if (!nhrp_test_ordered(&t->cache.mappings) ||
		    !nhrp_test_ordered(&t->cache.peers) || !nhrp_test_flush(t))
			return false;
	}

	return true;
}

static const struct nhrp_test_case {
	const char *name;
	bool (*run)(struct nhrp_test *t);
} nhrp_test_cases[] = {
	{ "longest match, IPv4, dense", nhrp_test_lookup4 },
	{ "longest match, IPv6, dense", nhrp_test_lookup6 },
	{ "longest match, IPv4, sparse", nhrp_test_lookup4_sparse },
	{ "precedence of types", nhrp_test_precedence },
	{ "unique mappings", nhrp_test_unique },
	{ "order of keys", nhrp_test_order },
};

static bool nhrp_test_run(const struct nhrp_test_case *test)
{
	struct net_device *dev;
	struct nhrp_test *t;
	bool good = false;

	dev = alloc_netdev(sizeof(*t), "nhrp_test", NET_NAME_UNKNOWN,
			   ether_setup);
	if (!dev)
		return false;

	t = netdev_priv(dev);
	prandom_seed_state(&t->rnd, NHRP_TEST_SEED);
	t->cache.max_mappings = NHRP_MAX_MAPPINGS_DEFAULT;
	if (!nhrp_cache_init(&t->cache, dev, &nhrp_test_ops)) {
		good = test->run(t);
		nhrp_cache_fini(&t->cache);
		nhrp_cache_free(&t->cache);
	}
	free_netdev(dev);

	return good;
}

/**
 * nhrp_selftest - run the unit tests
 *
 * Context: process, module load, when the netlink family is there.
 * Return: 0, or -EINVAL if one has failed.
 */
int __init nhrp_selftest(void)
{
	int i, failed = 0;
	bool good;

	pr_info("KTAP version 1\n");
	pr_info("1..%zu\n", ARRAY_SIZE(nhrp_test_cases));
	for (i = 0; i < ARRAY_SIZE(nhrp_test_cases); i++) {
		good = nhrp_test_run(&nhrp_test_cases[i]);
		failed += !good;
		pr_info("%s %d %s\n", good ? "ok" : "not ok", i + 1,
			nhrp_test_cases[i].name);
	}

	return failed ? -EINVAL : 0;
}
