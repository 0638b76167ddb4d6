// SPDX-License-Identifier: GPL-2.0
/*
 * Peers: one NBMA address of one device, with the cached underlay route to it
 * and its counters.
 *
 * The route is exchanged without a lock, from any context. Nobody may leave a
 * route at a peer that is dead or at a cache that is closing, because it would
 * pin a device or outlive its netns. So the one who closes first sets the mark
 * and then takes the route out, and the one who puts a route in then looks at
 * the mark; xchg() orders both, and whatever the interleaving, one of the two
 * finds the route and drops it.
 */

#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/dst.h>

#include "nhrp_int.h"

struct kmem_cache *nhrp_peer_cachep;

static void nhrp_route_free_rcu(struct rcu_head *rcu)
{
	struct nhrp_route *route = container_of(rcu, struct nhrp_route, rcu);

	dst_release(route->dst);
	kfree(route);
}

static void nhrp_peer_swap_route(struct nhrp_peer *peer,
				 struct nhrp_route *route)
{
	route = unrcu_pointer(xchg(&peer->route, RCU_INITIALIZER(route)));
	if (route)
		call_rcu(&route->rcu, nhrp_route_free_rcu);
}

/**
 * nhrp_peer_drop_route - forget the cached route of a peer
 * @peer: peer
 *
 * Context: any, in an RCU section or under the lock of the cache.
 */
void nhrp_peer_drop_route(struct nhrp_peer *peer)
{
	nhrp_peer_swap_route(peer, NULL);
}

/**
 * nhrp_peer_set_route - cache a route
 * @cache: cache of the peer
 * @peer: peer
 * @dst: route, whose reference the callee takes over
 * @cookie: for dst_check()
 * @gen: nhrp_cache_route_gen() of before the look-up
 * @saddr: outer source address
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the route, or NULL when there is no memory for it (@dst is released).
 */
const struct nhrp_route *nhrp_peer_set_route(struct nhrp_cache *cache,
					     struct nhrp_peer *peer,
					     struct dst_entry *dst,
					     u32 cookie, u32 gen,
					     const struct nhrp_addr *saddr)
{
	struct nhrp_route *route;

	route = kmalloc(sizeof(*route), GFP_ATOMIC);
	if (!route) {
		dst_release(dst);
		return NULL;
	}

	route->dst = dst;
	route->saddr = *saddr;
	route->cookie = cookie;
	route->gen = gen;
	nhrp_cache_note_route_dev(cache, dst->dev);
	nhrp_peer_swap_route(peer, route);
	if (unlikely(!READ_ONCE(peer->users) || READ_ONCE(cache->closing)))
		nhrp_peer_drop_route(peer);

	return route;
}

/**
 * nhrp_peer_lookup - find a peer by its NBMA address
 * @cache: cache
 * @nbma: address
 *
 * Context: any, in an RCU section.
 * Return: the peer or NULL.
 */
struct nhrp_peer *nhrp_peer_lookup(struct nhrp_cache *cache,
				   const struct nhrp_addr *nbma)
{
	struct nhrp_node *node;

	if (nbma->family == AF_INET) {
		node = nhrp_table_lookup4(&cache->peers, nbma->ip4,
					  NHRP_PREFIX4_MAX);
	} else {
		struct nhrp_prefix key = {
			.addr	= *nbma,
			.len	= NHRP_PREFIX6_MAX,
		};

		node = nhrp_table_lookup(&cache->peers, &key);
	}

	return node ? container_of(node, struct nhrp_peer, node) : NULL;
}

static struct nhrp_peer *nhrp_peer_create(struct nhrp_cache *cache,
					  const struct nhrp_prefix *key)
{
	struct nhrp_peer *peer;

	peer = kmem_cache_zalloc(nhrp_peer_cachep, GFP_KERNEL_ACCOUNT);
	if (!peer)
		return NULL;

	peer->node.key = *key;
	if (cache->peers_pcpu < NHRP_PEERS_PCPU)
		peer->pcpu = __netdev_alloc_pcpu_stats(struct pcpu_sw_netstats,
						       GFP_KERNEL_ACCOUNT |
						       __GFP_NOWARN);
	if (nhrp_table_insert_sleep(&cache->peers, &peer->node)) {
		nhrp_peer_free_now(peer);
		return NULL;
	}
	cache->peers_pcpu += !!peer->pcpu;

	return peer;
}

/**
 * nhrp_peer_hold - count a user of a peer that has some
 * @peer: peer
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_peer_hold(struct nhrp_peer *peer)
{
	WRITE_ONCE(peer->users, peer->users + 1);
}

/**
 * nhrp_peer_get - count a user of a peer, which is made if missing
 * @cache: cache
 * @nbma: NBMA address of the peer
 *
 * Context: process, under the lock of the cache.
 * Return: the peer, or NULL when there is no memory.
 */
struct nhrp_peer *nhrp_peer_get(struct nhrp_cache *cache,
				const struct nhrp_addr *nbma)
{
	struct nhrp_prefix key = { .addr = *nbma, .len = nhrp_addr_bits(nbma) };
	struct nhrp_peer *peer;
	struct nhrp_node *node;

	lockdep_assert_held(&cache->lock);

	node = nhrp_table_find(&cache->peers, &key);
	if (node)
		peer = container_of(node, struct nhrp_peer, node);
	else
		peer = nhrp_peer_create(cache, &key);
	if (peer)
		nhrp_peer_hold(peer);

	return peer;
}

/**
 * nhrp_peer_free_now - free a peer that no reader can have
 * @peer: peer
 *
 * Context: any.
 */
void nhrp_peer_free_now(struct nhrp_peer *peer)
{
	struct nhrp_route *route;

	route = unrcu_pointer(xchg(&peer->route, NULL));
	if (route)
		nhrp_route_free_rcu(&route->rcu);
	free_percpu(peer->pcpu);
	kmem_cache_free(nhrp_peer_cachep, peer);
}

static void nhrp_peer_free_rcu(struct rcu_head *rcu)
{
	nhrp_peer_free_now(container_of(rcu, struct nhrp_peer, node.rcu));
}

/**
 * nhrp_peer_put - uncount a user of a peer, which may free it
 * @cache: cache
 * @peer: peer
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_peer_put(struct nhrp_cache *cache, struct nhrp_peer *peer)
{
	lockdep_assert_held(&cache->lock);

	WRITE_ONCE(peer->users, peer->users - 1);
	if (peer->users)
		return;

	nhrp_table_remove(&cache->peers, &peer->node);
	cache->peers_pcpu -= !!peer->pcpu;
	nhrp_peer_drop_route(peer);
	call_rcu(&peer->node.rcu, nhrp_peer_free_rcu);
}

/**
 * nhrp_peer_count_rx - count a packet from a peer
 * @peer: peer
 * @len: octets of payload
 *
 * Context: softirq or BH disabled, in an RCU section.
 */
void nhrp_peer_count_rx(struct nhrp_peer *peer, unsigned int len)
{
	u32 now = ktime_get_seconds();

	if (peer->pcpu) {
		struct pcpu_sw_netstats *s = this_cpu_ptr(peer->pcpu);

		u64_stats_update_begin(&s->syncp);
		u64_stats_inc(&s->rx_packets);
		u64_stats_add(&s->rx_bytes, len);
		u64_stats_update_end(&s->syncp);
	} else {
		atomic64_inc(&peer->rx_packets);
		atomic64_add(len, &peer->rx_bytes);
	}

	if (READ_ONCE(peer->last_rx) != now)
		WRITE_ONCE(peer->last_rx, now);
}

/**
 * nhrp_peer_count_tx - count a packet to a peer
 * @peer: peer
 * @len: octets of payload
 *
 * Context: softirq or BH disabled, in an RCU section.
 */
void nhrp_peer_count_tx(struct nhrp_peer *peer, unsigned int len)
{
	if (peer->pcpu) {
		struct pcpu_sw_netstats *s = this_cpu_ptr(peer->pcpu);

		u64_stats_update_begin(&s->syncp);
		u64_stats_inc(&s->tx_packets);
		u64_stats_add(&s->tx_bytes, len);
		u64_stats_update_end(&s->syncp);
	} else {
		atomic64_inc(&peer->tx_packets);
		atomic64_add(len, &peer->tx_bytes);
	}
}

/**
 * nhrp_peer_stats - read the counters of a peer
 * @peer: peer
 * @s: whose rx and tx packets and bytes are set
 *
 * Context: any, in an RCU section or under the lock of the cache.
 */
void nhrp_peer_stats(const struct nhrp_peer *peer, struct rtnl_link_stats64 *s)
{
	s->rx_packets = atomic64_read(&peer->rx_packets);
	s->rx_bytes = atomic64_read(&peer->rx_bytes);
	s->tx_packets = atomic64_read(&peer->tx_packets);
	s->tx_bytes = atomic64_read(&peer->tx_bytes);
	if (peer->pcpu)
		dev_fetch_sw_netstats(s, peer->pcpu);
}
