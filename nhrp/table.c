// SPDX-License-Identifier: GPL-2.0
/*
 * Objects by prefix. The data path finds one by a hash probe under RCU;
 * netlink walks them in the order of keys and can resume behind any key, so
 * that neither dump nor flush needs a lock or a reference between two pieces.
 */

#include <linux/hash.h>
#include <linux/jhash.h>
#include <net/ipv6.h>

#include "nhrp_int.h"

/* One multiplication for IPv4, since each packet pays for it, and each mapping of
 * a million seven times while the table grows. Of its 64 bits address and length have
 * their own: whose sum is equal would collide whatever the seed.
 */
static __always_inline u32 nhrp_table_hash4(const void *data, u32 len, u32 seed)
{
	const struct nhrp_prefix *key = data;

	return hash_64(((u64)key->len << 32 | (__force u32)key->addr.ip4) ^ seed,
		       32);
}

static __always_inline int nhrp_table_cmp4(struct rhashtable_compare_arg *arg,
					   const void *obj)
{
	const struct nhrp_prefix *key = arg->key;
	const struct nhrp_node *node = obj;

	return node->key.addr.ip4 != key->addr.ip4 ||
	       node->key.len != key->len || node->key.addr.family != AF_INET;
}

static u32 nhrp_table_hash(const void *data, u32 len, u32 seed)
{
	const struct nhrp_prefix *key = data;

	if (key->addr.family == AF_INET)
		return nhrp_table_hash4(data, len, seed);

	return jhash2((__force const u32 *)key->addr.ip6.s6_addr32, 4,
		      seed ^ key->len);
}

static int nhrp_table_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct nhrp_prefix *key = arg->key;
	const struct nhrp_node *node = obj;

	return key->len != node->key.len ||
	       !nhrp_addr_equal(&key->addr, &node->key.addr);
}

static const struct rhashtable_params nhrp_table_params = {
	.head_offset		= offsetof(struct nhrp_node, hash),
	.key_offset		= offsetof(struct nhrp_node, key),
	.key_len		= sizeof(struct nhrp_prefix),
	.hashfn			= nhrp_table_hash,
	.obj_cmpfn		= nhrp_table_cmp,
	.automatic_shrinking	= true,
};

/* The same for keys that are known to be IPv4. */
static const struct rhashtable_params nhrp_table_params4 = {
	.head_offset		= offsetof(struct nhrp_node, hash),
	.key_offset		= offsetof(struct nhrp_node, key),
	.key_len		= sizeof(struct nhrp_prefix),
	.hashfn			= nhrp_table_hash4,
	.obj_cmpfn		= nhrp_table_cmp4,
};

/**
 * nhrp_table_init - make an empty table
 * @table: table
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int nhrp_table_init(struct nhrp_table *table)
{
	table->order = RB_ROOT;
	table->last = NULL;
	table->count = 0;

	return rhashtable_init(&table->hash, &nhrp_table_params);
}

/**
 * nhrp_table_fini - free a table, but not its nodes
 * @table: table
 *
 * The worker that resizes the hash goes through the nodes, so they must stay
 * until it has been stopped here. They are still in nhrp_table::order.
 *
 * Context: process; nobody else has the table any more.
 */
void nhrp_table_fini(struct nhrp_table *table)
{
	rhashtable_destroy(&table->hash);
}

/**
 * nhrp_table_lookup - find the node of exactly this key, for readers
 * @table: table
 * @key: prefix
 *
 * Context: any, in an RCU section.
 * Return: the node or NULL.
 */
struct nhrp_node *nhrp_table_lookup(struct nhrp_table *table,
				    const struct nhrp_prefix *key)
{
	return rhashtable_lookup(&table->hash, key, nhrp_table_params);
}

/**
 * nhrp_table_lookup4 - find the node of exactly this IPv4 prefix, for readers
 * @table: table
 * @ip4: address, bits behind @len are zero
 * @len: length in bits
 *
 * What nhrp_table_lookup() finds, for less: every packet to an IPv4 next hop
 * comes here once for each prefix length in use.
 *
 * Context: any, in an RCU section.
 * Return: the node or NULL.
 */
struct nhrp_node *nhrp_table_lookup4(struct nhrp_table *table, __be32 ip4,
				     unsigned int len)
{
	struct nhrp_prefix key;

	/* Where the compiler does not see that the parameters are constant (gcov),
	 * rhashtable hashes as nhrp_table_params says, which asks for the family.
	 */
	key.addr.family = AF_INET;
	key.addr.ip4 = ip4;
	key.len = len;

	return rhashtable_lookup(&table->hash, &key, nhrp_table_params4);
}

/* Does a key belong right behind the node that was added last? Those who load
 * many do so in order more often than not, and then two comparisons tell both
 * that the key is not there and where it goes.
 */
static bool nhrp_table_behind_last(const struct nhrp_table *table,
				   const struct nhrp_prefix *key)
{
	return table->last && nhrp_prefix_cmp(&table->last->key, key) < 0 &&
	       (!table->next || nhrp_prefix_cmp(key, &table->next->key) < 0);
}

/**
 * nhrp_table_find - find the node of exactly this key, for writers
 * @table: table
 * @key: prefix
 *
 * Context: any, the lock that guards the table is held.
 * Return: the node or NULL.
 */
struct nhrp_node *nhrp_table_find(struct nhrp_table *table,
				  const struct nhrp_prefix *key)
{
	if (nhrp_table_behind_last(table, key))
		return NULL;

	return rhashtable_lookup_fast(&table->hash, key, nhrp_table_params);
}

/**
 * nhrp_table_find_after - where a walk in the order of keys goes on
 * @table: table
 * @key: the last key that was seen, NULL to begin
 *
 * Context: the lock that guards the table is held.
 * Return: the first node behind @key, or NULL.
 */
struct nhrp_node *nhrp_table_find_after(struct nhrp_table *table,
					const struct nhrp_prefix *key)
{
	struct rb_node *rb = table->order.rb_node;
	struct nhrp_node *found = NULL;

	if (!key)
		return rb_entry_safe(rb_first(&table->order), struct nhrp_node,
				     order);

	while (rb) {
		struct nhrp_node *node = rb_entry(rb, struct nhrp_node, order);

		if (nhrp_prefix_cmp(&node->key, key) > 0) {
			found = node;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}

	return found;
}

static void nhrp_table_link(struct nhrp_table *table, struct nhrp_node *node)
{
	struct rb_node **link = &table->order.rb_node, *parent = NULL;
	struct nhrp_node *last = table->last, *next = table->next, *here;

	if (nhrp_table_behind_last(table, &node->key)) {
		/* Of two neighbours one has no child between them. */
		parent = last->order.rb_right ? &next->order : &last->order;
		link = last->order.rb_right ? &parent->rb_left :
					      &parent->rb_right;
	} else {
		next = NULL;
	}

	while (*link) {
		parent = *link;
		here = rb_entry(parent, struct nhrp_node, order);
		if (nhrp_prefix_cmp(&node->key, &here->key) < 0) {
			next = here;
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
		}
	}

	rb_link_node(&node->order, parent, link);
	rb_insert_color(&node->order, &table->order);
	table->last = node;
	table->next = next;
}

/**
 * nhrp_table_insert - add a node
 * @table: table
 * @node: node whose key the table does not hold yet
 *
 * Context: any, the lock that guards the table is held.
 * Return: 0 or -errno.
 */
int nhrp_table_insert(struct nhrp_table *table, struct nhrp_node *node)
{
	int err;

	err = rhashtable_insert_fast(&table->hash, &node->hash,
				     nhrp_table_params);
	if (err)
		return err;

	nhrp_table_link(table, node);
	table->count++;
	return 0;
}

/**
 * nhrp_table_insert_sleep - add a node, whatever the table's worker is at
 * @table: table
 * @node: node whose key the table does not hold yet
 *
 * Context: process, the lock that guards the table is held, may sleep.
 * Return: 0 or -errno.
 */
int nhrp_table_insert_sleep(struct nhrp_table *table, struct nhrp_node *node)
{
	int err = nhrp_table_insert(table, node);

	if (err != -EBUSY && err != -ENOMEM)
		return err;

	/* Insertion outran the worker that makes the table larger, and could
	 * not do so itself without sleeping.
	 */
	flush_work(&table->hash.run_work);
	return nhrp_table_insert(table, node);
}

/**
 * nhrp_table_replace - put a node in the place of another
 * @table: table
 * @old: node of the table
 * @new: node of the same key
 *
 * A reader finds one or the other.
 *
 * Context: process, the lock that guards the table is held.
 */
void nhrp_table_replace(struct nhrp_table *table, struct nhrp_node *old,
			struct nhrp_node *new)
{
	int err;

	err = rhashtable_replace_fast(&table->hash, &old->hash, &new->hash,
				      nhrp_table_params);
	/* The only errors are another key and an old node not in the table. */
	WARN_ON_ONCE(err);
	rb_replace_node(&old->order, &new->order, &table->order);
	if (table->last == old)
		table->last = new;
	if (table->next == old)
		table->next = new;
}

/**
 * nhrp_table_remove - take a node out
 * @table: table
 * @node: node of the table
 *
 * Readers may use the node for a grace period.
 *
 * Context: any, the lock that guards the table is held.
 */
void nhrp_table_remove(struct nhrp_table *table, struct nhrp_node *node)
{
	rhashtable_remove_fast(&table->hash, &node->hash, nhrp_table_params);
	rb_erase(&node->order, &table->order);
	if (table->last == node || table->next == node)
		table->last = NULL;
	table->count--;
}

#ifdef MGRE_SELFTEST
#include "table_test.c"
#endif
