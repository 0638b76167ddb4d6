/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the cache share among themselves. */

#ifndef _NHRP_INT_H
#define _NHRP_INT_H

#include <net/genetlink.h>
#include <net/ipv6.h>

#include "../include/nhrp.h"

/* addr.c */
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
 * nhrp_prefix_cmp - order of prefixes: family, address, then the shorter first
 * @a: prefix
 * @b: prefix
 *
 * Context: any.
 * Return: less than, equal to or greater than 0 as @a is to @b.
 */
static inline int nhrp_prefix_cmp(const struct nhrp_prefix *a,
				  const struct nhrp_prefix *b)
{
	int cmp;

	if (a->addr.family != b->addr.family)
		return a->addr.family < b->addr.family ? -1 : 1;

	if (a->addr.family == AF_INET) {
		if (a->addr.ip4 != b->addr.ip4)
			return ntohl(a->addr.ip4) < ntohl(b->addr.ip4) ? -1 : 1;
	} else {
		cmp = ipv6_addr_cmp(&a->addr.ip6, &b->addr.ip6);
		if (cmp)
			return cmp;
	}

	return (int)a->len - (int)b->len;
}

/* table.c */
int nhrp_table_init(struct nhrp_table *table);
void nhrp_table_fini(struct nhrp_table *table);
struct nhrp_node *nhrp_table_lookup(struct nhrp_table *table,
				    const struct nhrp_prefix *key);
struct nhrp_node *nhrp_table_lookup4(struct nhrp_table *table, __be32 ip4,
				     unsigned int len);
struct nhrp_node *nhrp_table_find(struct nhrp_table *table,
				  const struct nhrp_prefix *key);
struct nhrp_node *nhrp_table_find_after(struct nhrp_table *table,
					const struct nhrp_prefix *key);
int nhrp_table_insert(struct nhrp_table *table, struct nhrp_node *node);
int nhrp_table_insert_sleep(struct nhrp_table *table, struct nhrp_node *node);
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
void nhrp_lens_count(struct nhrp_lens *lens, struct nhrp_counts *counts,
		     const struct nhrp_prefix *prefix);
void nhrp_lens_uncount(struct nhrp_lens *lens, struct nhrp_counts *counts,
		       const struct nhrp_prefix *prefix);
void nhrp_cache_count_len(struct nhrp_cache *cache,
			  const struct nhrp_mapping *mapping);
void nhrp_cache_uncount_len(struct nhrp_cache *cache,
			    const struct nhrp_mapping *mapping);
void nhrp_cache_note_route_dev(struct nhrp_cache *cache,
			       const struct net_device *dev);
u64 nhrp_cache_hits(const struct nhrp_cache *cache);
int nhrp_cache_lock(struct nhrp_cache *cache, struct netlink_ext_ack *extack);
void nhrp_cache_unlock(struct nhrp_cache *cache);
struct nhrp_cache *nhrp_cache_get(struct net *net, u32 ifindex,
				  netdevice_tracker *tracker);
u32 nhrp_caches_seq(struct net *net);
struct nhrp_cache *nhrp_cache_get_next(struct net *net, int *ifindex,
				       netdevice_tracker *tracker);
void nhrp_cache_put(struct nhrp_cache *cache, netdevice_tracker *tracker);

/**
 * struct nhrp_filter - which mappings a dump or flush is about
 * @within: only those inside this prefix; its address has no family if unset
 * @nbma: only those to this address, likewise
 * @type: only those of this enum nhrp_mapping_type, 0 for all
 * @flags: only those with all these enum nhrp_mapping_flags
 * @protocol: only those of this RTPROT_*, if @by_protocol
 * @by_protocol: @protocol is set
 */
struct nhrp_filter {
	struct nhrp_prefix within;
	struct nhrp_addr nbma;
	u8 type;
	u8 flags;
	u8 protocol;
	bool by_protocol;
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

/**
 * nhrp_mapping_last_third - when the last third of the holding time begins
 * @mapping: mapping with a holding time
 *
 * Return: get_jiffies_64() from then on.
 */
static inline u64 nhrp_mapping_last_third(const struct nhrp_mapping *mapping)
{
	return mapping->expiry.expires - div_u64((u64)mapping->hold * HZ, 3);
}

/**
 * nhrp_mapping_flags - flags of a mapping, with those of the kernel
 * @mapping: mapping
 *
 * Return: enum nhrp_mapping_flags.
 */
static inline u8 nhrp_mapping_flags(const struct nhrp_mapping *mapping)
{
	return mapping->flags |
	       (READ_ONCE(mapping->used) ? NHRP_MAPPING_FLAGS_USED : 0);
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

/* resolve.c */

/**
 * enum nhrp_pending_state - what is done for an address
 * @NHRP_PENDING_ASKING: userspace is being asked
 * @NHRP_PENDING_NEGATIVE: nobody has answered, and packets have nowhere to go
 * @NHRP_PENDING_QUIET: nobody has answered; packets flow by a mapping flagged
 *	NHRP_MAPPING_FLAGS_RESOLVE
 */
enum nhrp_pending_state {
	NHRP_PENDING_ASKING,
	NHRP_PENDING_NEGATIVE,
	NHRP_PENDING_QUIET,
};

/**
 * struct nhrp_upcall - what userspace is asked
 * @dst: what is to be resolved
 * @flow: the packet that raised it, not for a refresh
 * @nbma: where packets flow meanwhile, without a family if they wait
 * @attempt: 1 for the first time, and so on
 * @reason: enum nhrp_resolve_reason
 */
struct nhrp_upcall {
	struct nhrp_prefix dst;
	struct nhrp_flow flow;
	struct nhrp_addr nbma;
	u32 attempt;
	u8 reason;
};

/**
 * struct nhrp_pending - an address that is being resolved, or was in vain
 * @node: place in nhrp_cache::pending; the key is the address (a host prefix)
 * @due: place in nhrp_cache::due
 * @asking: place in nhrp_cache::asking while @state is ASKING
 * @queue: packets that wait, while @state is ASKING and the reason a miss
 * @upcall: what was asked last
 * @created: ktime_get_seconds() when @state began
 * @state: enum nhrp_pending_state; also read under RCU
 *
 * All under nhrp_cache::resolve_lock; NEGATIVE ones come and go under
 * nhrp_cache::lock as well, for the order of events. Freed after a grace period,
 * since the data path looks at @state.
 */
struct nhrp_pending {
	struct nhrp_node node;
	struct timerqueue_node due;
	struct list_head asking;
	struct sk_buff_head queue;
	struct nhrp_upcall upcall;
	u32 created;
	u8 state;
};

/* Seconds that an address without an answer is negative, or not asked for. */
#define NHRP_UNANSWERED_HOLD	30

int nhrp_resolve_init(struct nhrp_cache *cache);
void nhrp_resolve_answer(struct nhrp_cache *cache,
			 const struct nhrp_mapping *mapping);
bool nhrp_resolve_del(struct nhrp_cache *cache, const struct nhrp_prefix *dst);
u32 nhrp_resolve_flush(struct nhrp_cache *cache,
		       const struct nhrp_filter *filter);
void nhrp_resolve_finish(struct nhrp_cache *cache,
			 struct sk_buff_head *released,
			 struct sk_buff_head *flushed);
bool nhrp_pending_matches(const struct nhrp_pending *pending,
			  const struct nhrp_filter *filter);

/* mcast.c */
int nhrp_mcast_init(struct nhrp_cache *cache);
void nhrp_mcast_free_peer(struct nhrp_peer *peer);
void nhrp_mcast_free(struct nhrp_cache *cache);
int nhrp_mcast_join(struct nhrp_cache *cache, struct nhrp_peer *peer);
void nhrp_mcast_apply(struct nhrp_cache *cache,
		      const struct nhrp_mapping *mapping);
void nhrp_mcast_leave(struct nhrp_cache *cache,
		      const struct nhrp_mapping *mapping);
int nhrp_mcast_add(struct nhrp_cache *cache,
		   const struct nhrp_mcast_config *cfg,
		   struct netlink_ext_ack *extack);
struct nhrp_member *nhrp_mcast_find(struct nhrp_cache *cache,
				    const struct nhrp_mcast_config *cfg);
int nhrp_mcast_del(struct nhrp_cache *cache,
		   const struct nhrp_mcast_config *cfg,
		   struct netlink_ext_ack *extack);

/* redirect.c */
int nhrp_redirect_init(struct nhrp_cache *cache);
void nhrp_redirect_free(struct nhrp_cache *cache);

/* peer.c */
extern struct kmem_cache *nhrp_peer_cachep;
struct nhrp_peer *nhrp_peer_get(struct nhrp_cache *cache,
				const struct nhrp_addr *nbma);
void nhrp_peer_hold(struct nhrp_peer *peer);
void nhrp_peer_put(struct nhrp_cache *cache, struct nhrp_peer *peer);
void nhrp_peer_drop_route(struct nhrp_peer *peer);
void nhrp_peer_free_now(struct nhrp_peer *peer);
void nhrp_peer_stats(const struct nhrp_peer *peer, struct rtnl_link_stats64 *s);

/* netlink.c */
void nhrp_nl_notify(struct nhrp_cache *cache,
		    const struct nhrp_mapping *mapping, u8 cmd);
void nhrp_nl_notify_pending(struct nhrp_cache *cache,
			    const struct nhrp_pending *pending, u8 cmd);
void nhrp_nl_send_events(struct nhrp_cache *cache);
bool nhrp_nl_can_ask(const struct nhrp_cache *cache);
int nhrp_nl_ask(const struct nhrp_cache *cache,
		const struct nhrp_upcall *upcall);
bool nhrp_nl_can_redirect(const struct nhrp_cache *cache);
void nhrp_nl_redirect(const struct nhrp_cache *cache,
		      const struct nhrp_redirect *redirect);
int nhrp_nl_init(void);
void nhrp_nl_exit(void);

#endif /* _NHRP_INT_H */
