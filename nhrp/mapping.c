// SPDX-License-Identifier: GPL-2.0
/* Life of a mapping: set, replace, delete, flush, expire. */

#include <linux/sched.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "nhrp_int.h"

/* Mappings removed under one hold of the lock, so that other writers get it
 * soon however many there are to flush or to expire.
 */
#define NHRP_MAPPING_BATCH	256

/* The sweep frees what no longer matches, and tells listeners. Up to this late
 * is soon enough, and lets it take many at once.
 */
#define NHRP_MAPPING_SWEEP	(HZ / 10)

struct kmem_cache *nhrp_mapping_cachep;

static void nhrp_mapping_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(nhrp_mapping_cachep,
			container_of(rcu, struct nhrp_mapping, node.rcu));
}

static struct nhrp_mapping *nhrp_mapping_of(struct nhrp_node *node)
{
	return node ? container_of(node, struct nhrp_mapping, node) : NULL;
}

static void nhrp_mapping_arm(struct nhrp_cache *cache)
{
	struct timerqueue_node *first = timerqueue_getnext(&cache->expiry);
	u64 now = get_jiffies_64();
	u64 delay = NHRP_MAPPING_SWEEP;

	lockdep_assert_held(&cache->lock);

	if (!first || cache->dead)
		return;
	if (time_after64((u64)first->expires, now))
		delay += first->expires - now;

	/* Wakes in between when the holding time is very long; no harm. */
	mod_delayed_work(system_power_efficient_wq, &cache->expire_work,
			 min_t(u64, delay, MAX_JIFFY_OFFSET / 2));
}

/* Takes the mapping out of everything. The caller tells listeners, then calls
 * nhrp_mapping_release().
 */
static void nhrp_mapping_unlink(struct nhrp_cache *cache,
				struct nhrp_mapping *mapping)
{
	lockdep_assert_held(&cache->lock);

	nhrp_table_remove(&cache->mappings, &mapping->node);
	nhrp_cache_uncount_len(cache, mapping);
	if (mapping->hold)
		timerqueue_del(&cache->expiry, &mapping->expiry);
	WRITE_ONCE(cache->seq, cache->seq + 1);
}

static int nhrp_mapping_get_peer(struct nhrp_cache *cache,
				 struct nhrp_mapping *mapping,
				 const struct nhrp_addr *nbma)
{
	struct nhrp_peer *peer = nhrp_peer_get(cache, nbma);
	int err;

	if (!peer)
		return -ENOMEM;
	if (mapping->flags & NHRP_MAPPING_FLAGS_MULTICAST) {
		err = nhrp_mcast_join(cache, peer);
		if (err) {
			nhrp_peer_put(cache, peer);
			return err;
		}
	}
	peer->mappings++;
	mapping->peer = peer;

	return 0;
}

static void nhrp_mapping_put_peer(struct nhrp_cache *cache,
				  struct nhrp_mapping *mapping)
{
	struct nhrp_peer *peer = mapping->peer;

	if (mapping->flags & NHRP_MAPPING_FLAGS_MULTICAST)
		nhrp_mcast_leave(cache, mapping);
	peer->mappings--;
	nhrp_peer_put(cache, peer);
}

static void nhrp_mapping_release(struct nhrp_cache *cache,
				 struct nhrp_mapping *mapping)
{
	if (mapping->peer)
		nhrp_mapping_put_peer(cache, mapping);
	call_rcu(&mapping->node.rcu, nhrp_mapping_free_rcu);
}

static void nhrp_mapping_remove(struct nhrp_cache *cache,
				struct nhrp_mapping *mapping, u8 ntf)
{
	nhrp_mapping_unlink(cache, mapping);
	nhrp_nl_notify(cache, mapping, ntf);
	nhrp_mapping_release(cache, mapping);
}

/* An expired mapping that the sweep has not reached yet is not there. */
static struct nhrp_mapping *nhrp_mapping_find(struct nhrp_cache *cache,
					      const struct nhrp_prefix *dst)
{
	struct nhrp_mapping *mapping;

	lockdep_assert_held(&cache->lock);

	mapping = nhrp_mapping_of(nhrp_table_find(&cache->mappings, dst));
	if (mapping && nhrp_mapping_expired(mapping, get_jiffies_64())) {
		nhrp_mapping_remove(cache, mapping, NHRP_CMD_MAPPING_EXPIRE_NTF);
		mapping = NULL;
	}

	return mapping;
}

/* Removes mappings whose time is up. Returns true if there may be more. */
static bool nhrp_mapping_expire_batch(struct nhrp_cache *cache)
{
	struct timerqueue_node *first;
	u64 now = get_jiffies_64();
	int batch;

	for (batch = 0; batch < NHRP_MAPPING_BATCH; batch++) {
		first = timerqueue_getnext(&cache->expiry);
		if (!first || time_before64(now, (u64)first->expires)) {
			nhrp_mapping_arm(cache);
			return false;
		}
		nhrp_mapping_remove(cache,
				    container_of(first, struct nhrp_mapping,
						 expiry),
				    NHRP_CMD_MAPPING_EXPIRE_NTF);
	}

	return true;
}

/* What has expired does not count, whether the sweep has come by or not. */
static bool nhrp_mapping_full(struct nhrp_cache *cache)
{
	u32 max = READ_ONCE(cache->max_mappings);

	if (cache->mappings.count >= max)
		nhrp_mapping_expire_batch(cache);

	return cache->mappings.count >= max;
}

/* RFC 2332, section 4.1: a prefix that was registered as unique belongs to the
 * NBMA address that did so. What is configured has the last word.
 */
static bool nhrp_mapping_taken(const struct nhrp_mapping *old,
			       const struct nhrp_mapping_config *cfg)
{
	if (!(old->flags & NHRP_MAPPING_FLAGS_UNIQUE) ||
	    (cfg->type == NHRP_MAPPING_TYPE_STATIC &&
	     old->type != NHRP_MAPPING_TYPE_STATIC))
		return false;

	return !nhrp_addr_equal(&old->peer->node.key.addr, &cfg->nbma);
}

/* All that can refuse a request, before anything changes. */
static int nhrp_mapping_check(struct nhrp_cache *cache,
			      const struct nhrp_mapping *old,
			      const struct nhrp_mapping_config *cfg,
			      u16 nlflags, struct netlink_ext_ack *extack)
{
	if (!old && !(nlflags & NLM_F_CREATE)) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->dst_attr,
				    "no mapping of this prefix to replace");
		return -ENOENT;
	}
	if (old && (nlflags & NLM_F_EXCL || !(nlflags & NLM_F_REPLACE))) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->dst_attr,
				    "prefix is mapped already");
		return -EEXIST;
	}
	if (old && old->type == NHRP_MAPPING_TYPE_STATIC &&
	    cfg->type != NHRP_MAPPING_TYPE_STATIC) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->dst_attr,
				    "static mapping is not replaced by a learnt one");
		return -EBUSY;
	}
	if (old && nhrp_mapping_taken(old, cfg)) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->nbma_attr ?: cfg->dst_attr,
				    "prefix is unique to another NBMA address");
		return -EADDRINUSE;
	}
	if (!old && nhrp_mapping_full(cache)) {
		NL_SET_ERR_MSG(extack, "maxmappings of the device reached");
		return -ENOSPC;
	}

	if (cfg->type == NHRP_MAPPING_TYPE_NEGATIVE)
		return 0;

	return cache->ops->nbma_check(cache, &cfg->nbma, cfg->nbma_attr,
				      extack);
}

static u64 nhrp_mapping_attend_from(const struct nhrp_mapping *mapping)
{
	if (mapping->type == NHRP_MAPPING_TYPE_NEGATIVE ||
	    mapping->flags & NHRP_MAPPING_FLAGS_RESOLVE)
		return 0;

	return mapping->hold ? nhrp_mapping_last_third(mapping) : S64_MAX;
}

static struct nhrp_mapping *
nhrp_mapping_alloc(struct nhrp_cache *cache,
		   const struct nhrp_mapping_config *cfg)
{
	struct nhrp_mapping *mapping;

	mapping = kmem_cache_zalloc(nhrp_mapping_cachep, GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return NULL;

	mapping->node.key = cfg->dst;
	mapping->updated = ktime_get_seconds();
	mapping->created = mapping->updated;
	mapping->hold = cfg->hold;
	timerqueue_init(&mapping->expiry);
	mapping->expiry.expires = get_jiffies_64() + (u64)cfg->hold * HZ;
	mapping->mark = cfg->mark;
	mapping->mtu = cfg->mtu;
	mapping->type = cfg->type;
	mapping->flags = cfg->flags;
	mapping->preference = cfg->preference;
	mapping->protocol = cfg->protocol;
	mapping->attend = nhrp_mapping_attend_from(mapping);
	if (cfg->type != NHRP_MAPPING_TYPE_NEGATIVE &&
	    nhrp_mapping_get_peer(cache, mapping, &cfg->nbma)) {
		kmem_cache_free(nhrp_mapping_cachep, mapping);
		return NULL;
	}

	return mapping;
}

static int nhrp_mapping_insert(struct nhrp_cache *cache,
			       struct nhrp_mapping *mapping)
{
	int err;

	/* Readers must probe this length before there is anything to find. */
	nhrp_cache_count_len(cache, mapping);
	err = nhrp_table_insert_sleep(&cache->mappings, &mapping->node);
	if (err)
		nhrp_cache_uncount_len(cache, mapping);

	return err;
}

static void nhrp_mapping_replace(struct nhrp_cache *cache,
				 struct nhrp_mapping *old,
				 struct nhrp_mapping *mapping)
{
	mapping->created = old->created;
	mapping->used = READ_ONCE(old->used);
	if (old->hold)
		timerqueue_del(&cache->expiry, &old->expiry);
	/* One of the two may be a shortcut. */
	nhrp_cache_count_len(cache, mapping);
	nhrp_table_replace(&cache->mappings, &old->node, &mapping->node);
	nhrp_cache_uncount_len(cache, old);
	nhrp_mapping_release(cache, old);
}

/**
 * nhrp_mapping_set - add or replace a mapping
 * @cache: cache
 * @cfg: the mapping, whose addresses are well-formed
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE as in rtnetlink
 * @extack: says why when it fails
 *
 * A replacement takes effect at the next packet (RFC 2332, section 5.2.1.2:
 * a new registration overrides the cached one). Packets that wait for this
 * mapping go on when the caller gives the lock back.
 *
 * Context: process, under the lock of the cache.
 * Return: 0; -EEXIST, -ENOENT as @nlflags say; -EBUSY a static mapping is in
 * the way; -EADDRINUSE a unique one; -ENOSPC the limit is reached; -ENOMEM;
 * or the owner's refusal.
 */
int nhrp_mapping_set(struct nhrp_cache *cache,
		     const struct nhrp_mapping_config *cfg, u16 nlflags,
		     struct netlink_ext_ack *extack)
{
	struct nhrp_mapping *mapping, *old;
	int err;

	old = nhrp_mapping_find(cache, &cfg->dst);
	err = nhrp_mapping_check(cache, old, cfg, nlflags, extack);
	if (err)
		return err;

	mapping = nhrp_mapping_alloc(cache, cfg);
	if (!mapping)
		return -ENOMEM;

	if (old) {
		nhrp_mapping_replace(cache, old, mapping);
	} else {
		err = nhrp_mapping_insert(cache, mapping);
		if (err) {
			nhrp_mapping_release(cache, mapping);
			return err;
		}
	}

	if (mapping->flags & NHRP_MAPPING_FLAGS_MULTICAST)
		nhrp_mcast_apply(cache, mapping);
	WRITE_ONCE(cache->seq, cache->seq + 1);
	if (mapping->hold &&
	    timerqueue_add(&cache->expiry, &mapping->expiry))
		nhrp_mapping_arm(cache);
	nhrp_nl_notify(cache, mapping, old ? NHRP_CMD_MAPPING_CHANGE_NTF :
					     NHRP_CMD_MAPPING_NEW_NTF);
	nhrp_resolve_answer(cache, mapping);

	return 0;
}

/**
 * nhrp_mapping_del - delete the mapping of a prefix
 * @cache: cache
 * @dst: exactly this prefix
 * @attr: attribute to blame for @dst
 * @extack: says why when it fails
 *
 * What the kernel has written for the prefix goes as well.
 *
 * Context: process, under the lock of the cache.
 * Return: 0 or -ENOENT.
 */
int nhrp_mapping_del(struct nhrp_cache *cache, const struct nhrp_prefix *dst,
		     const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct nhrp_mapping *mapping = nhrp_mapping_find(cache, dst);
	bool pending = nhrp_resolve_del(cache, dst);

	if (mapping) {
		nhrp_mapping_remove(cache, mapping, NHRP_CMD_MAPPING_DEL_NTF);
	} else if (!pending) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "no mapping of this prefix");
		return -ENOENT;
	}

	return 0;
}

/**
 * nhrp_mapping_matches - does a mapping pass a filter?
 * @mapping: mapping
 * @filter: filter
 *
 * Context: any, in an RCU section or under the lock of the cache.
 * Return: true if it does.
 */
bool nhrp_mapping_matches(const struct nhrp_mapping *mapping,
			  const struct nhrp_filter *filter)
{
	if (filter->type && filter->type != mapping->type)
		return false;
	if (filter->by_protocol && filter->protocol != mapping->protocol)
		return false;
	if (filter->flags & ~nhrp_mapping_flags(mapping))
		return false;
	if (filter->nbma.family &&
	    (!mapping->peer ||
	     !nhrp_addr_equal(&filter->nbma, &mapping->peer->node.key.addr)))
		return false;

	return !filter->within.addr.family ||
	       nhrp_prefix_covers(&filter->within, &mapping->node.key);
}

/**
 * nhrp_mapping_flush - delete the mappings that pass a filter
 * @cache: cache
 * @filter: filter
 *
 * Lets other writers in between batches. What they add behind the point that
 * the walk has reached goes as well. So does what the kernel has written.
 *
 * Context: process.
 * Return: number of mappings deleted.
 */
u32 nhrp_mapping_flush(struct nhrp_cache *cache,
		       const struct nhrp_filter *filter)
{
	struct nhrp_mapping *mapping;
	struct nhrp_prefix last;
	struct nhrp_node *node;
	bool first = true;
	u32 flushed = 0;
	int batch;

	do {
		if (nhrp_cache_lock(cache, NULL))
			break;
		node = nhrp_table_find_after(&cache->mappings,
					     first ? NULL : &last);
		for (batch = 0; node && batch < NHRP_MAPPING_BATCH; batch++) {
			mapping = nhrp_mapping_of(node);
			last = node->key;
			first = false;
			node = nhrp_table_next(node);
			/* What has expired is the sweep's. */
			if (!nhrp_mapping_matches(mapping, filter) ||
			    nhrp_mapping_expired(mapping, get_jiffies_64()))
				continue;
			nhrp_mapping_remove(cache, mapping,
					    NHRP_CMD_MAPPING_DEL_NTF);
			flushed++;
		}
		nhrp_cache_unlock(cache);
		cond_resched();
	} while (node);

	return flushed + nhrp_resolve_flush(cache, filter);
}

/**
 * nhrp_mapping_expire_work - remove the mappings whose holding time has ended
 * @work: nhrp_cache::expire_work
 *
 * Context: process.
 */
void nhrp_mapping_expire_work(struct work_struct *work)
{
	struct nhrp_cache *cache = container_of(to_delayed_work(work),
						struct nhrp_cache,
						expire_work);
	bool more;

	do {
		if (nhrp_cache_lock(cache, NULL))
			break;
		more = nhrp_mapping_expire_batch(cache);
		nhrp_cache_unlock(cache);
		cond_resched();
	} while (more);
}

/**
 * nhrp_mapping_free_all - free all mappings and peers of a device that goes
 * @cache: cache, whose tables have been finished
 *
 * Context: process; nobody else has the cache any more.
 */
void nhrp_mapping_free_all(struct nhrp_cache *cache)
{
	struct nhrp_node *node, *next;
	struct nhrp_peer *peer;

	rbtree_postorder_for_each_entry_safe(node, next, &cache->mappings.order,
					     order) {
		kmem_cache_free(nhrp_mapping_cachep, nhrp_mapping_of(node));
		cond_resched();
	}
	rbtree_postorder_for_each_entry_safe(node, next, &cache->peers.order,
					     order) {
		peer = container_of(node, struct nhrp_peer, node);
		nhrp_mcast_free_peer(peer);
		nhrp_peer_free_now(peer);
		cond_resched();
	}
}
