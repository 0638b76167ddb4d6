// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets copies of multicast packets: groups and their members.
 *
 * A group is a prefix of group addresses, and its members are the peers that are
 * listed for it. The longest group that matches decides alone, so that a stream
 * goes to the peers listed for it and to nobody else. What no listed group
 * matches, broadcasts included, is for nhrp_cache::everyone: the peers of mappings
 * flagged NHRP_MAPPING_FLAGS_MULTICAST and those that are listed for all groups.
 *
 * Groups and members are written under nhrp_cache::lock and read under RCU. A
 * group other than everyone lives as long as it has members; a member holds its
 * peer. Members of a group are numbered, and keep their number while they live:
 * who has served some of them goes on later where it has stopped.
 */

#include <linux/inetdevice.h>
#include <linux/slab.h>

#include "nhrp_int.h"

/* Groups that a peer may be listed for: who looks for one walks them. */
#define NHRP_MCAST_GROUPS	1024

static struct nhrp_group *nhrp_group_of(struct nhrp_node *node)
{
	return node ? container_of(node, struct nhrp_group, node) : NULL;
}

static struct nhrp_group *nhrp_group_match4(struct nhrp_cache *cache,
					    __be32 ip4)
{
	struct nhrp_node *node;
	unsigned int len;
	u64 left;

	for (left = READ_ONCE(cache->group_lens.ip4); left; left &= left - 1) {
		len = NHRP_PREFIX4_MAX - __ffs64(left);
		node = nhrp_table_lookup4(&cache->groups,
					  ip4 & inet_make_mask(len), len);
		if (node)
			return nhrp_group_of(node);
	}

	return &cache->everyone;
}

static struct nhrp_group *nhrp_group_match6(struct nhrp_cache *cache,
					    const struct nhrp_addr *addr)
{
	struct nhrp_prefix key;
	struct nhrp_node *node;
	unsigned int bit;

	for_each_set_bit(bit, cache->group_lens.ip6, NHRP_PREFIX6_MAX + 1) {
		nhrp_prefix_set(&key, addr, NHRP_PREFIX6_MAX - bit);
		node = nhrp_table_lookup(&cache->groups, &key);
		if (node)
			return nhrp_group_of(node);
	}

	return &cache->everyone;
}

/**
 * nhrp_group_lookup - longest match of a group address
 * @cache: cache
 * @addr: destination of a multicast or broadcast packet
 *
 * One hash probe for each prefix length that a group is listed with.
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the group, which may have no members.
 */
struct nhrp_group *nhrp_group_lookup(struct nhrp_cache *cache,
				     const struct nhrp_addr *addr)
{
	if (!READ_ONCE(cache->group_lens.any))
		return &cache->everyone;

	return addr->family == AF_INET ? nhrp_group_match4(cache, addr->ip4) :
					 nhrp_group_match6(cache, addr);
}

/**
 * nhrp_group_next - next member of a group
 * @group: group
 * @index: number from which on to look; set to that of the result
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the member, or NULL behind the last one.
 */
struct nhrp_member *nhrp_group_next(struct nhrp_group *group,
				    unsigned long *index)
{
	return xa_find(&group->members, index, ULONG_MAX, XA_PRESENT);
}

static void nhrp_group_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct nhrp_group, node.rcu));
}

static struct nhrp_group *nhrp_group_create(struct nhrp_cache *cache,
					    const struct nhrp_prefix *prefix)
{
	struct nhrp_group *group;

	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return NULL;

	group->node.key = *prefix;
	xa_init_flags(&group->members, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	/* Readers must probe this length before there is anything to find. */
	nhrp_lens_count(&cache->group_lens, &cache->group_counts, prefix);
	if (nhrp_table_insert_sleep(&cache->groups, &group->node)) {
		nhrp_lens_uncount(&cache->group_lens, &cache->group_counts,
				  prefix);
		kfree(group);
		return NULL;
	}

	return group;
}

static struct nhrp_group *nhrp_group_find(struct nhrp_cache *cache,
					  const struct nhrp_prefix *prefix)
{
	if (!prefix->addr.family)
		return &cache->everyone;

	return nhrp_group_of(nhrp_table_find(&cache->groups, prefix));
}

static void nhrp_group_put(struct nhrp_cache *cache, struct nhrp_group *group)
{
	if (group == &cache->everyone || !xa_empty(&group->members))
		return;

	nhrp_table_remove(&cache->groups, &group->node);
	nhrp_lens_uncount(&cache->group_lens, &cache->group_counts,
			  &group->node.key);
	call_rcu(&group->node.rcu, nhrp_group_free_rcu);
}

static struct nhrp_member *nhrp_member_find(const struct nhrp_peer *peer,
					    const struct nhrp_group *group)
{
	struct nhrp_member *member;

	hlist_for_each_entry(member, &peer->members, of_peer)
		if (member->group == group)
			return member;

	return NULL;
}

static struct nhrp_member *nhrp_member_create(struct nhrp_cache *cache,
					      struct nhrp_group *group,
					      struct nhrp_peer *peer)
{
	struct nhrp_member *member;

	member = kzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	if (!member)
		return NULL;

	member->group = group;
	member->peer = peer;
	if (xa_alloc(&group->members, &member->index, member, xa_limit_32b,
		     GFP_KERNEL_ACCOUNT)) {
		kfree(member);
		return NULL;
	}
	nhrp_peer_hold(peer);
	member->id = ++cache->member_id;
	hlist_add_head(&member->of_peer, &peer->members);

	return member;
}

/* Frees a member that neither a request nor a mapping needs any more. */
static void nhrp_member_put(struct nhrp_cache *cache,
			    struct nhrp_member *member)
{
	if (member->listed || member->mappings)
		return;

	hlist_del(&member->of_peer);
	xa_erase(&member->group->members, member->index);
	nhrp_group_put(cache, member->group);
	nhrp_peer_put(cache, member->peer);
	kfree_rcu(member, rcu);
}

/**
 * nhrp_mcast_join - a mapping flagged multicast points to a peer
 * @cache: cache
 * @peer: peer
 *
 * Context: process, under the lock of the cache.
 * Return: 0 or -ENOMEM.
 */
int nhrp_mcast_join(struct nhrp_cache *cache, struct nhrp_peer *peer)
{
	struct nhrp_member *member;

	lockdep_assert_held(&cache->lock);

	member = nhrp_member_find(peer, &cache->everyone) ?:
		 nhrp_member_create(cache, &cache->everyone, peer);
	if (!member)
		return -ENOMEM;

	member->mappings++;

	return 0;
}

/**
 * nhrp_mcast_apply - send copies as a mapping flagged multicast says
 * @cache: cache
 * @mapping: mapping whose peer has joined
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_mcast_apply(struct nhrp_cache *cache,
		      const struct nhrp_mapping *mapping)
{
	struct nhrp_member *member;

	lockdep_assert_held(&cache->lock);

	member = nhrp_member_find(mapping->peer, &cache->everyone);
	member->from = mapping;
	WRITE_ONCE(member->mark, mapping->mark);
	WRITE_ONCE(member->mtu, mapping->mtu);
}

/**
 * nhrp_mcast_leave - undo nhrp_mcast_join()
 * @cache: cache
 * @mapping: mapping whose peer has joined
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_mcast_leave(struct nhrp_cache *cache,
		      const struct nhrp_mapping *mapping)
{
	struct nhrp_member *member;

	lockdep_assert_held(&cache->lock);

	member = nhrp_member_find(mapping->peer, &cache->everyone);
	member->mappings--;
	/* What comes last has a say, and none when it has gone. */
	if (member->from == mapping) {
		member->from = NULL;
		WRITE_ONCE(member->mark, 0);
		WRITE_ONCE(member->mtu, 0);
	}
	nhrp_member_put(cache, member);
}

/* Makes a peer a member of a group, which is made if missing. Both stay if the
 * caller gives them a reason to.
 */
static struct nhrp_member *nhrp_mcast_enlist(struct nhrp_cache *cache,
					     const struct nhrp_prefix *prefix,
					     struct nhrp_peer *peer)
{
	struct nhrp_member *member;
	struct nhrp_group *group;

	group = nhrp_group_find(cache, prefix) ?:
		nhrp_group_create(cache, prefix);
	if (!group)
		return NULL;

	member = nhrp_member_create(cache, group, peer);
	if (!member)
		nhrp_group_put(cache, group);

	return member;
}

/**
 * nhrp_mcast_find - find a member
 * @cache: cache
 * @cfg: group, exactly this one, and peer
 *
 * Context: process, under the lock of the cache.
 * Return: the member or NULL.
 */
struct nhrp_member *nhrp_mcast_find(struct nhrp_cache *cache,
				    const struct nhrp_mcast_config *cfg)
{
	struct nhrp_group *group = nhrp_group_find(cache, &cfg->group);
	struct nhrp_peer *peer;

	lockdep_assert_held(&cache->lock);

	rcu_read_lock();
	peer = nhrp_peer_lookup(cache, &cfg->nbma);
	rcu_read_unlock();

	return peer && group ? nhrp_member_find(peer, group) : NULL;
}

/* All that can refuse a request, before anything changes. */
static int nhrp_mcast_check(struct nhrp_cache *cache,
			    const struct nhrp_mcast_config *cfg,
			    const struct nhrp_member *member,
			    struct netlink_ext_ack *extack)
{
	if (member && member->listed) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->nbma_attr,
				    "peer is listed for this group already");
		return -EEXIST;
	}

	return cache->ops->nbma_check(cache, &cfg->nbma, cfg->nbma_attr,
				      extack);
}

/**
 * nhrp_mcast_add - list a peer for a group
 * @cache: cache
 * @cfg: group and peer
 * @extack: says why when it fails
 *
 * The peer is made if no mapping points to it.
 *
 * Context: process, under the lock of the cache.
 * Return: 0; -EEXIST it is listed; -ENOSPC for too many groups; -ENOMEM; or the
 * owner's refusal.
 */
int nhrp_mcast_add(struct nhrp_cache *cache, const struct nhrp_mcast_config *cfg,
		   struct netlink_ext_ack *extack)
{
	struct nhrp_member *member = nhrp_mcast_find(cache, cfg);
	struct nhrp_peer *peer;
	int err;

	err = nhrp_mcast_check(cache, cfg, member, extack);
	if (err)
		return err;

	peer = nhrp_peer_get(cache, &cfg->nbma);
	if (!peer)
		return -ENOMEM;
	if (!member && peer->users - peer->mappings > NHRP_MCAST_GROUPS) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->nbma_attr,
				    "peer is listed for too many groups");
		err = -ENOSPC;
	} else if (!member) {
		member = nhrp_mcast_enlist(cache, &cfg->group, peer);
		err = member ? 0 : -ENOMEM;
	}
	nhrp_peer_put(cache, peer);
	if (err)
		return err;

	member->listed = true;
	WRITE_ONCE(cache->seq, cache->seq + 1);

	return 0;
}

/**
 * nhrp_mcast_del - undo nhrp_mcast_add()
 * @cache: cache
 * @cfg: group and peer
 * @extack: says why when it fails
 *
 * A peer stays in nhrp_cache::everyone while a mapping flagged multicast points to
 * it.
 *
 * Context: process, under the lock of the cache.
 * Return: 0 or -ENOENT.
 */
int nhrp_mcast_del(struct nhrp_cache *cache, const struct nhrp_mcast_config *cfg,
		   struct netlink_ext_ack *extack)
{
	struct nhrp_member *member = nhrp_mcast_find(cache, cfg);

	if (!member || !member->listed) {
		NL_SET_ERR_MSG_ATTR(extack, cfg->nbma_attr,
				    "peer is not listed for this group");
		return -ENOENT;
	}

	member->listed = false;
	nhrp_member_put(cache, member);
	WRITE_ONCE(cache->seq, cache->seq + 1);

	return 0;
}

/**
 * nhrp_mcast_init - set up the groups of a cache
 * @cache: cache
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int nhrp_mcast_init(struct nhrp_cache *cache)
{
	xa_init_flags(&cache->everyone.members,
		      XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	return nhrp_table_init(&cache->groups);
}

/**
 * nhrp_mcast_free_peer - free the memberships of a peer of a device that goes
 * @peer: peer
 *
 * Context: process; nobody else has the cache any more.
 */
void nhrp_mcast_free_peer(struct nhrp_peer *peer)
{
	struct nhrp_member *member;
	struct hlist_node *next;

	hlist_for_each_entry_safe(member, next, &peer->members, of_peer) {
		kfree(member);
		cond_resched();
	}
}

/**
 * nhrp_mcast_free - free the groups of a device that goes
 * @cache: cache
 *
 * Context: process; nobody else has the cache any more.
 */
void nhrp_mcast_free(struct nhrp_cache *cache)
{
	struct nhrp_node *node, *next;

	nhrp_table_fini(&cache->groups);
	rbtree_postorder_for_each_entry_safe(node, next, &cache->groups.order,
					     order) {
		xa_destroy(&nhrp_group_of(node)->members);
		kfree(nhrp_group_of(node));
		cond_resched();
	}
	xa_destroy(&cache->everyone.members);
}
