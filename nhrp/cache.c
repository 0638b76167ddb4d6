// SPDX-License-Identifier: GPL-2.0
/* The cache of a device: longest-prefix lookup, registry, life. */

#include <linux/hashtable.h>
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

#include "nhrp_int.h"

/* All caches, by the address of their net device. */
static DEFINE_HASHTABLE(nhrp_caches, 8);

/**
 * nhrp_lens_count - note a prefix length
 * @lens: lengths in use
 * @counts: how often each is
 * @prefix: prefix that is to be added
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_lens_count(struct nhrp_lens *lens, struct nhrp_counts *counts,
		     const struct nhrp_prefix *prefix)
{
	unsigned int len = prefix->len;

	if (prefix->addr.family == AF_INET) {
		if (!counts->ip4[len]++)
			WRITE_ONCE(lens->ip4, lens->ip4 |
				   BIT_ULL(NHRP_PREFIX4_MAX - len));
	} else {
		if (!counts->ip6[len]++)
			set_bit(NHRP_PREFIX6_MAX - len, lens->ip6);
	}
	if (!counts->all++)
		WRITE_ONCE(lens->any, true);
}

/**
 * nhrp_lens_uncount - undo nhrp_lens_count()
 * @lens: lengths in use
 * @counts: how often each is
 * @prefix: prefix that has been removed
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_lens_uncount(struct nhrp_lens *lens, struct nhrp_counts *counts,
		       const struct nhrp_prefix *prefix)
{
	unsigned int len = prefix->len;

	if (prefix->addr.family == AF_INET) {
		if (!--counts->ip4[len])
			WRITE_ONCE(lens->ip4, lens->ip4 &
				   ~BIT_ULL(NHRP_PREFIX4_MAX - len));
	} else {
		if (!--counts->ip6[len])
			clear_bit(NHRP_PREFIX6_MAX - len, lens->ip6);
	}
	if (!--counts->all)
		WRITE_ONCE(lens->any, false);
}

/**
 * nhrp_cache_count_len - note the prefix length of a mapping
 * @cache: cache
 * @mapping: mapping that is to be added
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_cache_count_len(struct nhrp_cache *cache,
			  const struct nhrp_mapping *mapping)
{
	lockdep_assert_held(&cache->lock);

	nhrp_lens_count(&cache->lens, &cache->counts, &mapping->node.key);
	if (mapping->flags & NHRP_MAPPING_FLAGS_SHORTCUT)
		nhrp_lens_count(&cache->shortcut_lens, &cache->shortcut_counts,
				&mapping->node.key);
}

/**
 * nhrp_cache_uncount_len - undo nhrp_cache_count_len()
 * @cache: cache
 * @mapping: mapping that has been removed
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_cache_uncount_len(struct nhrp_cache *cache,
			    const struct nhrp_mapping *mapping)
{
	lockdep_assert_held(&cache->lock);

	nhrp_lens_uncount(&cache->lens, &cache->counts, &mapping->node.key);
	if (mapping->flags & NHRP_MAPPING_FLAGS_SHORTCUT)
		nhrp_lens_uncount(&cache->shortcut_lens,
				  &cache->shortcut_counts, &mapping->node.key);
}

/* A mapping that does not count lets the shorter ones have their say. */
static struct nhrp_mapping *nhrp_cache_valid(struct nhrp_node *node, u8 flags)
{
	struct nhrp_mapping *mapping;

	if (!node)
		return NULL;

	mapping = container_of(node, struct nhrp_mapping, node);
	if ((mapping->flags & flags) != flags)
		return NULL;
	if (unlikely(nhrp_mapping_attend(mapping)) &&
	    nhrp_mapping_expired(mapping, get_jiffies_64()))
		return NULL;

	return mapping;
}

static struct nhrp_mapping *nhrp_cache_match4(struct nhrp_cache *cache,
					      const struct nhrp_lens *lens,
					      __be32 ip4, u8 flags)
{
	struct nhrp_mapping *mapping;
	struct nhrp_node *node;
	unsigned int len;
	u64 left;

	for (left = READ_ONCE(lens->ip4); left; left &= left - 1) {
		len = NHRP_PREFIX4_MAX - __ffs64(left);
		node = nhrp_table_lookup4(&cache->mappings,
					  ip4 & inet_make_mask(len), len);
		mapping = nhrp_cache_valid(node, flags);
		if (mapping)
			return mapping;
	}

	return NULL;
}

static struct nhrp_mapping *nhrp_cache_match6(struct nhrp_cache *cache,
					      const struct nhrp_lens *lens,
					      const struct nhrp_addr *addr,
					      u8 flags)
{
	struct nhrp_mapping *mapping;
	struct nhrp_prefix key;
	struct nhrp_node *node;
	unsigned int bit;

	for_each_set_bit(bit, lens->ip6, NHRP_PREFIX6_MAX + 1) {
		nhrp_prefix_set(&key, addr, NHRP_PREFIX6_MAX - bit);
		node = nhrp_table_lookup(&cache->mappings, &key);
		mapping = nhrp_cache_valid(node, flags);
		if (mapping)
			return mapping;
	}

	return NULL;
}

static struct nhrp_mapping *nhrp_cache_match(struct nhrp_cache *cache,
					     const struct nhrp_lens *lens,
					     const struct nhrp_addr *addr,
					     u8 flags)
{
	if (addr->family == AF_INET)
		return nhrp_cache_match4(cache, lens, addr->ip4, flags);

	return nhrp_cache_match6(cache, lens, addr, flags);
}

/**
 * nhrp_cache_lookup - longest match of an address among the valid mappings
 * @cache: cache
 * @addr: protocol address
 *
 * One hash probe for each prefix length that the cache holds, so one for a
 * cache of host mappings, whatever their number.
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the mapping, which may be negative, or NULL.
 */
struct nhrp_mapping *nhrp_cache_lookup(struct nhrp_cache *cache,
				       const struct nhrp_addr *addr)
{
	return nhrp_cache_match(cache, &cache->lens, addr, 0);
}

/**
 * nhrp_cache_lookup_shortcut - longest match among the shortcuts alone
 * @cache: cache
 * @dst: final destination of a packet
 *
 * One hash probe for each prefix length that there is a shortcut of.
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the mapping or NULL.
 */
struct nhrp_mapping *nhrp_cache_lookup_shortcut(struct nhrp_cache *cache,
						const struct nhrp_addr *dst)
{
	return nhrp_cache_match(cache, &cache->shortcut_lens, dst,
				NHRP_MAPPING_FLAGS_SHORTCUT);
}

/**
 * nhrp_cache_hits - number of packets that a mapping was found for
 * @cache: cache
 *
 * Context: any.
 * Return: the number.
 */
u64 nhrp_cache_hits(const struct nhrp_cache *cache)
{
	const struct nhrp_hits *hits;
	u64 sum = 0, packets;
	unsigned int start;
	int cpu;

	for_each_possible_cpu(cpu) {
		hits = per_cpu_ptr(cache->hits, cpu);
		do {
			start = u64_stats_fetch_begin(&hits->syncp);
			packets = u64_stats_read(&hits->packets);
		} while (u64_stats_fetch_retry(&hits->syncp, start));
		sum += packets;
	}

	return sum;
}

/**
 * nhrp_cache_lock - get the right to change the cache, or to walk its tables
 * @cache: cache
 * @extack: says why when it fails, may be NULL
 *
 * Context: process, may sleep.
 * Return: 0 with the lock held, or -ENODEV without it when the device is on
 * its way out.
 */
int nhrp_cache_lock(struct nhrp_cache *cache, struct netlink_ext_ack *extack)
{
	mutex_lock(&cache->lock);
	if (!cache->dead)
		return 0;

	mutex_unlock(&cache->lock);
	NL_SET_ERR_MSG(extack, "device is being removed");
	return -ENODEV;
}

/**
 * nhrp_cache_unlock - undo nhrp_cache_lock()
 * @cache: cache
 *
 * Packets that changes under the lock have released go on.
 *
 * Context: process.
 */
void nhrp_cache_unlock(struct nhrp_cache *cache)
{
	struct sk_buff_head released, flushed;

	__skb_queue_head_init(&released);
	__skb_queue_head_init(&flushed);
	skb_queue_splice_init(&cache->released, &released);
	skb_queue_splice_init(&cache->flushed, &flushed);
	mutex_unlock(&cache->lock);

	nhrp_resolve_finish(cache, &released, &flushed);
}

/**
 * nhrp_cache_note_route_dev - a route by a device is about to be cached
 * @cache: cache
 * @dev: underlay device
 *
 * Context: any.
 */
void nhrp_cache_note_route_dev(struct nhrp_cache *cache,
			       const struct net_device *dev)
{
	unsigned int bit = dev->ifindex % BITS_PER_LONG;

	if (!test_bit(bit, &cache->route_devs))
		set_bit(bit, &cache->route_devs);
}

static bool nhrp_peer_routes_via(const struct nhrp_peer *peer,
				 const struct net_device *via)
{
	const struct nhrp_route *route;
	bool match;

	rcu_read_lock();
	route = rcu_dereference(peer->route);
	match = route && route->dst->dev == via;
	rcu_read_unlock();

	return match;
}

/**
 * nhrp_cache_drop_routes - release the cached routes of all peers
 * @cache: cache
 * @via: only those by this underlay device; NULL for all, after which no route
 *	is cached any more
 *
 * Context: process, may sleep.
 */
void nhrp_cache_drop_routes(struct nhrp_cache *cache,
			    const struct net_device *via)
{
	struct nhrp_node *node;
	struct nhrp_peer *peer;

	/* Most devices that go are not of the underlay; a walk over a million
	 * peers under rtnl for each of them would hurt.
	 */
	if (via && !test_bit(via->ifindex % BITS_PER_LONG, &cache->route_devs))
		return;
	if (nhrp_cache_lock(cache, NULL))
		return;
	if (!via)
		WRITE_ONCE(cache->closing, true);
	node = nhrp_table_find_after(&cache->peers, NULL);
	for (; node; node = nhrp_table_next(node)) {
		peer = container_of(node, struct nhrp_peer, node);
		if (!via || nhrp_peer_routes_via(peer, via))
			nhrp_peer_drop_route(peer);
		cond_resched();
	}
	nhrp_cache_unlock(cache);
}

static struct nhrp_cache *nhrp_cache_find(const struct net_device *dev)
{
	struct nhrp_cache *cache;

	hash_for_each_possible_rcu(nhrp_caches, cache, node, (unsigned long)dev)
		if (cache->dev == dev)
			return cache;

	return NULL;
}

/**
 * nhrp_cache_get - find and hold the cache of a device
 * @net: netns of the device
 * @ifindex: device
 * @tracker: of the reference on the device
 *
 * Context: process.
 * Return: the cache; -ENODEV no such device; -EOPNOTSUPP it has no cache.
 */
struct nhrp_cache *nhrp_cache_get(struct net *net, u32 ifindex,
				  netdevice_tracker *tracker)
{
	struct nhrp_cache *cache;
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, ifindex);
	if (!dev) {
		cache = ERR_PTR(-ENODEV);
		goto unlock;
	}

	cache = nhrp_cache_find(dev);
	if (cache)
		netdev_hold(dev, tracker, GFP_ATOMIC);
	else
		cache = ERR_PTR(-EOPNOTSUPP);
unlock:
	rcu_read_unlock();
	return cache;
}

/**
 * nhrp_cache_get_next - hold the next cache of a netns
 * @net: netns
 * @ifindex: hold the one with the lowest ifindex above this; set to that, for the
 *	device may get another one with another netns
 * @tracker: of the reference on the device
 *
 * Context: process.
 * Return: the cache, or NULL behind the last one.
 */
struct nhrp_cache *nhrp_cache_get_next(struct net *net, int *ifindex,
				       netdevice_tracker *tracker)
{
	struct nhrp_cache *cache, *next = NULL;
	struct net_device *dev;
	int index, lowest = 0;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev) {
		index = READ_ONCE(dev->ifindex);
		if (index <= *ifindex || (next && index > lowest))
			continue;
		cache = nhrp_cache_find(dev);
		if (!cache)
			continue;
		next = cache;
		lowest = index;
	}
	if (next) {
		netdev_hold(next->dev, tracker, GFP_ATOMIC);
		*ifindex = lowest;
	}
	rcu_read_unlock();

	return next;
}

/**
 * nhrp_caches_seq - number of changes in all caches of a netns
 * @net: netns
 *
 * Context: process.
 * Return: the sum.
 */
u32 nhrp_caches_seq(struct net *net)
{
	struct nhrp_cache *cache;
	struct net_device *dev;
	u32 seq = 0;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev) {
		cache = nhrp_cache_find(dev);
		if (cache)
			seq += READ_ONCE(cache->seq);
	}
	rcu_read_unlock();

	return seq;
}

/**
 * nhrp_cache_put - release what nhrp_cache_get() and _get_next() hold
 * @cache: cache
 * @tracker: of the reference on the device
 *
 * Context: process.
 */
void nhrp_cache_put(struct nhrp_cache *cache, netdevice_tracker *tracker)
{
	netdev_put(cache->dev, tracker);
}

/**
 * nhrp_cache_init - set up the cache of a device
 * @cache: cache, all zero but for nhrp_cache::max_mappings and max_queue
 * @dev: owner
 * @ops: of the owner
 *
 * Context: process, before the device can see traffic.
 * Return: 0 or -errno.
 */
int nhrp_cache_init(struct nhrp_cache *cache, struct net_device *dev,
		    const struct nhrp_ops *ops)
{
	int err;

	cache->dev = dev;
	cache->ops = ops;
	mutex_init(&cache->lock);
	__skb_queue_head_init(&cache->released);
	__skb_queue_head_init(&cache->flushed);
	__skb_queue_head_init(&cache->events);
	timerqueue_init_head(&cache->expiry);
	INIT_DELAYED_WORK(&cache->expire_work, nhrp_mapping_expire_work);

	cache->hits = netdev_alloc_pcpu_stats(struct nhrp_hits);
	if (!cache->hits)
		return -ENOMEM;
	err = nhrp_table_init(&cache->mappings);
	if (err)
		goto free_hits;
	err = nhrp_table_init(&cache->peers);
	if (err)
		goto fini_mappings;
	err = nhrp_mcast_init(cache);
	if (err)
		goto fini_peers;
	err = nhrp_redirect_init(cache);
	if (err)
		goto free_mcast;
	err = nhrp_resolve_init(cache);
	if (err)
		goto free_redirects;

	return 0;

free_redirects:
	nhrp_redirect_free(cache);
free_mcast:
	nhrp_mcast_free(cache);
fini_peers:
	nhrp_table_fini(&cache->peers);
fini_mappings:
	nhrp_table_fini(&cache->mappings);
free_hits:
	free_percpu(cache->hits);
	return err;
}

/**
 * nhrp_cache_publish - let requests find the cache
 * @cache: cache of a device whose registration has succeeded
 *
 * Context: process, under rtnl.
 */
void nhrp_cache_publish(struct nhrp_cache *cache)
{
	ASSERT_RTNL();

	hash_add_rcu(nhrp_caches, &cache->node, (unsigned long)cache->dev);
}

/**
 * nhrp_cache_hide - undo nhrp_cache_publish()
 * @cache: cache of a device that is about to be unregistered
 *
 * Unregistering waits a grace period and then for references, so a request that
 * has found the cache has its reference counted.
 *
 * Context: process, under rtnl.
 */
void nhrp_cache_hide(struct nhrp_cache *cache)
{
	ASSERT_RTNL();

	hash_del_rcu(&cache->node);
}

/**
 * nhrp_cache_stop - forget what is being resolved
 * @cache: cache of a device that goes down
 *
 * Nothing is resolved again until it is up: who still transmits finds that it
 * no longer runs.
 *
 * Context: process, under rtnl.
 */
void nhrp_cache_stop(struct nhrp_cache *cache)
{
	struct nhrp_filter all = {};

	nhrp_resolve_flush(cache, &all);
}

/**
 * nhrp_cache_fini - end the life of a cache
 * @cache: cache that is hidden, and that the data path no longer reads
 *
 * What is left are requests that have a reference on the device, and the sweep.
 * Both look at the tables under the lock alone, and find the mark when they
 * get it. So from here on nobody touches the tables; what is in them goes in
 * nhrp_cache_free().
 *
 * Context: process, under rtnl.
 */
void nhrp_cache_fini(struct nhrp_cache *cache)
{
	mutex_lock(&cache->lock);
	cache->dead = true;
	mutex_unlock(&cache->lock);

	cancel_delayed_work_sync(&cache->expire_work);
	cancel_delayed_work_sync(&cache->resolve_work);
}

/**
 * nhrp_cache_free - free what a finished cache holds
 * @cache: cache, whose memory is the device's
 *
 * No reader is left, so nothing waits for a grace period. Not under rtnl, since
 * there may be a million of them. Nobody is told of each mapping: that the
 * device has gone says it all.
 *
 * Context: process, when the last reference on the device has gone.
 */
void nhrp_cache_free(struct nhrp_cache *cache)
{
	/* Else what waits would stay for ever. */
	WARN_ON_ONCE(cache->pending.count);
	nhrp_table_fini(&cache->pending);
	nhrp_table_fini(&cache->mappings);
	nhrp_table_fini(&cache->peers);
	nhrp_mapping_free_all(cache);
	nhrp_mcast_free(cache);
	nhrp_redirect_free(cache);
	free_percpu(cache->hits);
}
