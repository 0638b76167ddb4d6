/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the cache share among themselves. */

#ifndef _NHRP_INT_H
#define _NHRP_INT_H

#include <net/genetlink.h>
#include <net/ipv6.h>

#include "../include/nhrp.h"

/* addr.c */
int nhrp_prefix_cmp(const struct nhrp_prefix *a, const struct nhrp_prefix *b);
void nhrp_prefix_set(struct nhrp_prefix *prefix, const struct nhrp_addr *addr,
		     unsigned int len);
bool nhrp_prefix_covers(const struct nhrp_prefix *prefix,
			const struct nhrp_prefix *other);

/**
 * nhrp_addr_bits - length of an address
 * @addr: address
 *
 * Return: length in bits, which is that of a host prefix.
 */
static inline unsigned int nhrp_addr_bits(const struct nhrp_addr *addr)
{
	return addr->family == AF_INET ? NHRP_PREFIX4_MAX : NHRP_PREFIX6_MAX;
}

/**
 * nhrp_addr_size - size of an address
 * @addr: address
 *
 * Return: size in octets.
 */
static inline unsigned int nhrp_addr_size(const struct nhrp_addr *addr)
{
	return nhrp_addr_bits(addr) / 8;
}

/**
 * nhrp_addr_equal - compare two addresses
 * @a: address
 * @b: address
 *
 * Return: true if they are of one family and equal.
 */
static inline bool nhrp_addr_equal(const struct nhrp_addr *a,
				   const struct nhrp_addr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->ip4 == b->ip4;
	return ipv6_addr_equal(&a->ip6, &b->ip6);
}

/* table.c */
int nhrp_table_init(struct nhrp_table *table);
void nhrp_table_fini(struct nhrp_table *table);
struct nhrp_node *nhrp_table_lookup(struct nhrp_table *table,
				    const struct nhrp_prefix *key);
struct nhrp_node *nhrp_table_find(struct nhrp_table *table,
				  const struct nhrp_prefix *key);
struct nhrp_node *nhrp_table_find_after(struct nhrp_table *table,
					const struct nhrp_prefix *key);
int nhrp_table_insert(struct nhrp_table *table, struct nhrp_node *node);
void nhrp_table_replace(struct nhrp_table *table, struct nhrp_node *old,
			struct nhrp_node *new);
void nhrp_table_remove(struct nhrp_table *table, struct nhrp_node *node);

/**
 * nhrp_table_next - node behind another in the order of keys
 * @node: node in a table
 *
 * Context: the lock that guards the table is held.
 * Return: the next node, or NULL behind the last one.
 */
static inline struct nhrp_node *nhrp_table_next(const struct nhrp_node *node)
{
	return rb_entry_safe(rb_next(&node->order), struct nhrp_node, order);
}

/* cache.c */
void nhrp_cache_count_len(struct nhrp_cache *cache,
			  const struct nhrp_prefix *prefix);
void nhrp_cache_uncount_len(struct nhrp_cache *cache,
			    const struct nhrp_prefix *prefix);
void nhrp_cache_note_route_dev(struct nhrp_cache *cache,
			       const struct net_device *dev);
int nhrp_cache_lock(struct nhrp_cache *cache, struct netlink_ext_ack *extack);
void nhrp_cache_unlock(struct nhrp_cache *cache);
struct nhrp_cache *nhrp_cache_get(struct net *net, u32 ifindex,
				  netdevice_tracker *tracker);
u32 nhrp_caches_seq(struct net *net);
struct nhrp_cache *nhrp_cache_get_next(struct net *net, int ifindex,
				       netdevice_tracker *tracker);
void nhrp_cache_put(struct nhrp_cache *cache, netdevice_tracker *tracker);

/**
 * struct nhrp_filter - which mappings a dump or flush is about
 * @within: only those inside this prefix; its address has no family if unset
 * @nbma: only those to this address, likewise
 * @type: only those of this enum nhrp_mapping_type, 0 for all
 */
struct nhrp_filter {
	struct nhrp_prefix within;
	struct nhrp_addr nbma;
	u8 type;
};

/* mapping.c */
extern struct kmem_cache *nhrp_mapping_cachep;

/**
 * nhrp_mapping_expired - has the holding time ended?
 * @mapping: mapping
 * @now: get_jiffies_64()
 *
 * Context: any, in an RCU section or under the lock of the cache.
 * Return: true if the mapping no longer matches.
 */
static inline bool nhrp_mapping_expired(const struct nhrp_mapping *mapping,
					u64 now)
{
	return mapping->hold &&
	       time_after_eq64(now, (u64)mapping->expiry.expires);
}

int nhrp_mapping_set(struct nhrp_cache *cache,
		     const struct nhrp_mapping_config *cfg, u16 nlflags,
		     struct netlink_ext_ack *extack);
int nhrp_mapping_del(struct nhrp_cache *cache, const struct nhrp_prefix *dst,
		     const struct nlattr *attr, struct netlink_ext_ack *extack);
bool nhrp_mapping_matches(const struct nhrp_mapping *mapping,
			  const struct nhrp_filter *filter);
u32 nhrp_mapping_flush(struct nhrp_cache *cache,
		       const struct nhrp_filter *filter);
void nhrp_mapping_free_all(struct nhrp_cache *cache);
void nhrp_mapping_expire_work(struct work_struct *work);

/* peer.c */
extern struct kmem_cache *nhrp_peer_cachep;
struct nhrp_peer *nhrp_peer_get(struct nhrp_cache *cache,
				const struct nhrp_addr *nbma);
void nhrp_peer_put(struct nhrp_cache *cache, struct nhrp_peer *peer);
void nhrp_peer_drop_route(struct nhrp_peer *peer);
void nhrp_peer_free_now(struct nhrp_peer *peer);
void nhrp_peer_stats(const struct nhrp_peer *peer, struct rtnl_link_stats64 *s);

/* netlink.c */
void nhrp_nl_notify(const struct nhrp_cache *cache,
		    const struct nhrp_mapping *mapping, u8 cmd);
int nhrp_nl_init(void);
void nhrp_nl_exit(void);

#endif /* _NHRP_INT_H */
