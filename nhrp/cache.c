// SPDX-License-Identifier: GPL-2.0
/* The cache of a device: longest-prefix lookup, registry, life. */

#include <linux/xarray.h>
#include <net/net_namespace.h>

#include "nhrp_int.h"

/* Caches by the address of their net device, read under RCU. The address is a
 * key that stays the same while the device is renamed or changes its netns, and
 * by which a dump can resume.
 */
DEFINE_XARRAY(nhrp_caches);

/* Number of devices that have come or gone, for dumps over all devices. */
atomic_t nhrp_caches_seq = ATOMIC_INIT(0);

/**
 * nhrp_cache_count_len - note a mapping of a prefix length
 * @cache: cache
 * @prefix: prefix that is to be added
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_cache_count_len(struct nhrp_cache *cache,
			  const struct nhrp_prefix *prefix)
{
	lockdep_assert_held(&cache->lock);

	if (prefix->addr.family == AF_INET) {
		if (!cache->count4[prefix->len]++)
			set_bit(NHRP_PREFIX4_MAX - prefix->len, cache->lens4);
	} else {
		if (!cache->count6[prefix->len]++)
			set_bit(NHRP_PREFIX6_MAX - prefix->len, cache->lens6);
	}
}

/**
 * nhrp_cache_uncount_len - undo nhrp_cache_count_len()
 * @cache: cache
 * @prefix: prefix that has been removed
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_cache_uncount_len(struct nhrp_cache *cache,
			    const struct nhrp_prefix *prefix)
{
	lockdep_assert_held(&cache->lock);

	if (prefix->addr.family == AF_INET) {
		if (!--cache->count4[prefix->len])
			clear_bit(NHRP_PREFIX4_MAX - prefix->len, cache->lens4);
	} else {
		if (!--cache->count6[prefix->len])
			clear_bit(NHRP_PREFIX6_MAX - prefix->len, cache->lens6);
	}
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
 * Return: the mapping or NULL.
 */
struct nhrp_mapping *nhrp_cache_lookup(struct nhrp_cache *cache,
				       const struct nhrp_addr *addr)
{
	unsigned int bits = nhrp_addr_bits(addr);
	const unsigned long *lens = addr->family == AF_INET ? cache->lens4 :
							      cache->lens6;
	struct nhrp_mapping *mapping;
	struct nhrp_prefix key = {};
	struct nhrp_node *node;
	unsigned int bit;

	for_each_set_bit(bit, lens, bits + 1) {
		nhrp_prefix_set(&key, addr, bits - bit);
		node = nhrp_table_lookup(&cache->mappings, &key);
		if (!node)
			continue;
		mapping = container_of(node, struct nhrp_mapping, node);
		if (!nhrp_mapping_expired(mapping, get_jiffies_64()))
			return mapping;
	}

	return NULL;
}

/**
 * nhrp_cache_lock - get the right to change the cache, or to walk its tables
 * @cache: cache
 *
 * Context: process, may sleep.
 * Return: 0 with the lock held, or -ENODEV without it when the device is on
 * its way out.
 */
int nhrp_cache_lock(struct nhrp_cache *cache)
{
	mutex_lock(&cache->lock);
	if (!cache->dead)
		return 0;

	mutex_unlock(&cache->lock);
	return -ENODEV;
}

/**
 * nhrp_cache_unlock - undo nhrp_cache_lock()
 * @cache: cache
 *
 * Context: process.
 */
void nhrp_cache_unlock(struct nhrp_cache *cache)
{
	mutex_unlock(&cache->lock);
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
	const struct nhrp_route *route;
	struct nhrp_node *node;
	struct nhrp_peer *peer;

	/* Most devices that go are not of the underlay; a walk over a million
	 * peers under rtnl for each of them would hurt.
	 */
	if (via && !test_bit(via->ifindex % BITS_PER_LONG, &cache->route_devs))
		return;
	if (nhrp_cache_lock(cache))
		return;
	if (!via)
		WRITE_ONCE(cache->closing, true);
	node = nhrp_table_find_after(&cache->peers, NULL);
	for (; node; node = nhrp_table_next(node)) {
		peer = container_of(node, struct nhrp_peer, node);
		rcu_read_lock();
		route = rcu_dereference(peer->route);
		if (route && (!via || route->dst->dev == via))
			nhrp_peer_drop_route(peer);
		rcu_read_unlock();
		cond_resched();
	}
	nhrp_cache_unlock(cache);
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

	cache = xa_load(&nhrp_caches, (unsigned long)dev);
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
 * @key: where to go on, 0 to begin; is set to the key of the cache returned
 * @tracker: of the reference on the device
 *
 * The caller adds 1 to @key to go on behind this one.
 *
 * Context: process.
 * Return: the cache, or NULL behind the last one.
 */
struct nhrp_cache *nhrp_cache_get_next(struct net *net, unsigned long *key,
				       netdevice_tracker *tracker)
{
	struct nhrp_cache *cache;

	rcu_read_lock();
	for (cache = xa_find(&nhrp_caches, key, ULONG_MAX, XA_PRESENT); cache;
	     cache = xa_find_after(&nhrp_caches, key, ULONG_MAX, XA_PRESENT)) {
		if (!net_eq(dev_net(cache->dev), net))
			continue;
		netdev_hold(cache->dev, tracker, GFP_ATOMIC);
		break;
	}
	rcu_read_unlock();

	return cache;
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
 * nhrp_cache_init - set up the cache of a device and make it known
 * @cache: cache, all zero but for nhrp_cache::max_mappings
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
	timerqueue_init_head(&cache->expiry);
	INIT_DELAYED_WORK(&cache->expire_work, nhrp_mapping_expire_work);

	err = nhrp_table_init(&cache->mappings);
	if (err)
		return err;
	err = nhrp_table_init(&cache->peers);
	if (err)
		goto free_mappings;
	err = xa_insert(&nhrp_caches, (unsigned long)dev, cache, GFP_KERNEL);
	if (err)
		goto free_peers;
	atomic_inc(&nhrp_caches_seq);

	return 0;

free_peers:
	nhrp_table_fini(&cache->peers);
free_mappings:
	nhrp_table_fini(&cache->mappings);
	return err;
}

/**
 * nhrp_cache_fini - take down the cache of a device
 * @cache: cache
 *
 * The owner has made sure that its data path no longer reads the cache: it is
 * out of its receive lookup, down, and a grace period has passed. What is left
 * are netlink requests, each with a reference on the device, and the sweep; all
 * of them look at the tables under the lock alone. A request that comes after
 * xa_erase() does not find the cache, one that came before finds it dead when
 * it gets the lock. So once the mark is set nobody else touches the tables, and
 * their content is freed without a grace period. The memory of the cache itself
 * is the device's, which the references keep.
 *
 * Context: process, under rtnl.
 */
void nhrp_cache_fini(struct nhrp_cache *cache)
{
	xa_erase(&nhrp_caches, (unsigned long)cache->dev);
	atomic_inc(&nhrp_caches_seq);

	mutex_lock(&cache->lock);
	cache->dead = true;
	nhrp_mapping_free_all(cache);
	mutex_unlock(&cache->lock);

	cancel_delayed_work_sync(&cache->expire_work);
	nhrp_table_fini(&cache->peers);
	nhrp_table_fini(&cache->mappings);
}
