// SPDX-License-Identifier: GPL-2.0
/* Dumps of mappings and peers. */

#include <linux/sched.h>
#include <net/genetlink.h>

#include "../include/compat.h"
#include "genl.h"
#include "nhrp_int.h"
#include "nl.h"

/* Objects looked at under one hold of the lock: a filter may pass none of them
 * for long.
 */
#define NHRP_NL_DUMP_BATCH	1024

/**
 * struct nhrp_nl_dump - where a dump goes on, in netlink_callback::ctx
 * @last: the last object of the device that was looked at
 * @ifindex: device that @last is of
 * @done_ifindex: the last device that is done
 * @seq: nhrp_cache::seq of the device when its last piece was put
 * @net_seq: number of changes of the netns' list of devices
 * @caches_seq: number of changes of the caches of the netns, if the dump is over
 *	all of them
 * @member: nhrp_member::id, as far as it fits, of the last one put of the peer
 *	@last, if more of them follow, else 0
 * @began: @net_seq and @caches_seq are set
 * @resume: @last and @seq are set
 * @pending: the mappings of the device are done, what the kernel has written
 *	follows
 * @done: nothing is left
 *
 * Nothing is held between two messages. An object that stays is neither missed
 * nor put twice, whatever happens in between, since the walk is by key; that
 * something did happen shows in a number, and the dump is flagged. What the
 * kernel writes itself does not flag it, or a scan would flag every dump.
 */
struct nhrp_nl_dump {
	struct nhrp_prefix last;
	int ifindex;
	int done_ifindex;
	u32 seq;
	u32 net_seq;
	u32 caches_seq;
	u32 member:28;
	u32 began:1;
	u32 resume:1;
	u32 pending:1;
	u32 done:1;
};

/**
 * struct nhrp_nl_dumper - what a dump is over
 * @dump: dumps one device; 0 when it is done, -EMSGSIZE when the message is full
 * @table: offset of the table in struct nhrp_cache
 * @pending: the table is nhrp_cache::pending, with a lock of its own
 * @put: puts one object of the table if it passes the filter; -EMSGSIZE if it does
 *	not fit; NULL if there is no table
 * @filter: for @put
 * @then: what comes behind it for the same device, or NULL
 */
struct nhrp_nl_dumper {
	int (*dump)(struct sk_buff *skb, struct netlink_callback *cb,
		    struct nhrp_cache *cache,
		    const struct nhrp_nl_dumper *dumper);
	size_t table;
	bool pending;
	int (*put)(struct sk_buff *skb, struct netlink_callback *cb,
		   struct nhrp_cache *cache, struct nhrp_node *node,
		   const void *filter);
	const void *filter;
	const struct nhrp_nl_dumper *then;
};

static struct nhrp_nl_dump *nhrp_nl_dump_begin(struct netlink_callback *cb,
					       bool all)
{
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	struct net *net = sock_net(cb->skb->sk);
	u32 net_seq = READ_ONCE(net->dev_base_seq);
	u32 caches_seq = all ? nhrp_caches_seq(net) : 0;

	BUILD_BUG_ON(sizeof(*ctx) > sizeof_field(struct netlink_callback, ctx));

	/* cb->seq is a number of our own that changes when the dump turns out
	 * to have been disturbed. 0 would mean that there is none, which is why
	 * the previous one is set as well: the end is flagged too, when there
	 * was nothing else to flag.
	 */
	if (!ctx->began) {
		ctx->began = true;
		cb->seq = 1;
		cb->prev_seq = 1;
	} else if (ctx->net_seq != net_seq || ctx->caches_seq != caches_seq) {
		cb->seq++;
	}
	ctx->net_seq = net_seq;
	ctx->caches_seq = caches_seq;

	return ctx;
}

/* Walks on under one hold of the lock. Return: 1 when there is more to look at,
 * 0 when the table is done, -EMSGSIZE when the message is full.
 */
static int nhrp_nl_dump_batch(struct sk_buff *skb, struct netlink_callback *cb,
			      struct nhrp_cache *cache,
			      const struct nhrp_nl_dumper *dumper)
{
	struct nhrp_table *table = (void *)cache + dumper->table;
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	struct nhrp_node *node;
	int batch, err;

	node = ctx->member ? nhrp_table_find(table, &ctx->last) : NULL;
	if (!node) {
		ctx->member = 0;
		node = nhrp_table_find_after(table,
					     ctx->resume ? &ctx->last : NULL);
	}
	for (batch = 0; node && batch < NHRP_NL_DUMP_BATCH; batch++) {
		err = dumper->put(skb, cb, cache, node, dumper->filter);
		if (err)
			return err;
		ctx->last = node->key;
		ctx->resume = true;
		node = nhrp_table_next(node);
	}

	return !!node;
}

/* The same with the lock of the table. */
static int nhrp_nl_dump_locked(struct sk_buff *skb, struct netlink_callback *cb,
			       struct nhrp_cache *cache,
			       const struct nhrp_nl_dumper *dumper)
{
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	int err;

	if (!dumper->pending) {
		if (ctx->resume && ctx->seq != cache->seq)
			cb->seq++;
		ctx->seq = cache->seq;
		return nhrp_nl_dump_batch(skb, cb, cache, dumper);
	}

	spin_lock_bh(&cache->resolve_lock);
	err = nhrp_nl_dump_batch(skb, cb, cache, dumper);
	spin_unlock_bh(&cache->resolve_lock);

	return err;
}

/* Return: 0 when the device is done, -EMSGSIZE when the message is full. */
static int nhrp_nl_dump_cache(struct sk_buff *skb, struct netlink_callback *cb,
			      struct nhrp_cache *cache,
			      const struct nhrp_nl_dumper *dumper)
{
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	int err;

	if (ctx->pending)
		dumper = dumper->then;
	while (dumper) {
		if (nhrp_cache_lock(cache, NULL)) {
			cb->seq++;
			return 0;
		}
		err = nhrp_nl_dump_locked(skb, cb, cache, dumper);
		nhrp_cache_unlock(cache);
		if (err < 0)
			return err;
		cond_resched();
		if (err)
			continue;

		dumper = dumper->then;
		ctx->pending = true;
		ctx->resume = false;
	}

	return 0;
}

static int nhrp_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb,
			    const struct nlattr *ifindex,
			    const struct nhrp_nl_dumper *dumper)
{
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	int err;

	cache = nhrp_nl_find_cache(sock_net(cb->skb->sk), ifindex, &tracker,
				   cb->extack);
	if (IS_ERR(cache))
		return PTR_ERR(cache);

	err = dumper->dump(skb, cb, cache, dumper);
	ctx->done = !err;
	nhrp_cache_put(cache, &tracker);

	return err;
}

static int nhrp_nl_dump_all(struct sk_buff *skb, struct netlink_callback *cb,
			    const struct nhrp_nl_dumper *dumper)
{
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	struct net *net = sock_net(cb->skb->sk);
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	int err, ifindex;

	for (;;) {
		ifindex = ctx->done_ifindex;
		cache = nhrp_cache_get_next(net, &ifindex, &tracker);
		if (!cache)
			break;
		if (ifindex != ctx->ifindex) {
			ctx->resume = false;
			ctx->pending = false;
			ctx->member = 0;
		}
		ctx->ifindex = ifindex;
		err = dumper->dump(skb, cb, cache, dumper);
		nhrp_cache_put(cache, &tracker);
		if (err)
			return err;
		ctx->done_ifindex = ctx->ifindex;
	}
	ctx->done = true;

	return 0;
}

static int nhrp_nl_dump(struct sk_buff *skb, struct netlink_callback *cb,
			const struct nlattr *ifindex,
			const struct nhrp_nl_dumper *dumper)
{
	/* Counters move all the time, and that is no disturbance. */
	bool all = !ifindex && dumper->put;
	struct nhrp_nl_dump *ctx = nhrp_nl_dump_begin(cb, all);
	int err = 0;

	if (!ctx->done)
		err = ifindex ? nhrp_nl_dump_one(skb, cb, ifindex, dumper) :
				nhrp_nl_dump_all(skb, cb, dumper);

	return skb->len ?: err;
}

static void *nhrp_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb,
			      u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &nhrp_nl_family, NLM_F_MULTI, cmd);
}

static int nhrp_nl_dump_mapping(struct sk_buff *skb,
				struct netlink_callback *cb,
				struct nhrp_cache *cache,
				struct nhrp_node *node, const void *filter)
{
	struct nhrp_mapping *mapping = container_of(node, struct nhrp_mapping,
						    node);
	void *hdr;
	int err;

	if (!nhrp_mapping_matches(mapping, filter) ||
	    nhrp_mapping_expired(mapping, get_jiffies_64()))
		return 0;

	hdr = nhrp_nl_dump_put(skb, cb, NHRP_CMD_MAPPING_GET);
	if (!hdr)
		return -EMSGSIZE;

	/* The flag goes to one message, so not to one that is taken back. */
	err = nhrp_nl_fill_mapping(skb, hdr, cache, mapping);
	if (!err)
		genl_dump_check_consistent(cb, hdr);

	return err;
}

static int nhrp_nl_dump_pending(struct sk_buff *skb,
				struct netlink_callback *cb,
				struct nhrp_cache *cache,
				struct nhrp_node *node, const void *filter)
{
	struct nhrp_pending *pending = container_of(node, struct nhrp_pending,
						    node);
	void *hdr;
	int err;

	if (!nhrp_pending_matches(pending, filter))
		return 0;

	hdr = nhrp_nl_dump_put(skb, cb, NHRP_CMD_MAPPING_GET);
	if (!hdr)
		return -EMSGSIZE;

	err = nhrp_nl_fill_pending(skb, hdr, cache, pending);
	if (!err)
		genl_dump_check_consistent(cb, hdr);

	return err;
}

int nhrp_nl_mapping_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_genl_dump_attrs(cb);
	struct nhrp_filter filter;
	const struct nhrp_nl_dumper pending = {
		.table	= offsetof(struct nhrp_cache, pending),
		.pending = true,
		.put	= nhrp_nl_dump_pending,
		.filter	= &filter,
	};
	const struct nhrp_nl_dumper dumper = {
		.dump	= nhrp_nl_dump_cache,
		.table	= offsetof(struct nhrp_cache, mappings),
		.put	= nhrp_nl_dump_mapping,
		.filter	= &filter,
		.then	= &pending,
	};
	int err;

	err = nhrp_nl_parse_filter(attrs, &filter, cb->extack);
	if (err)
		return err;

	return nhrp_nl_dump(skb, cb, attrs[NHRP_A_MAPPING_IFINDEX], &dumper);
}

static int nhrp_nl_dump_peer(struct sk_buff *skb, struct netlink_callback *cb,
			     struct nhrp_cache *cache, struct nhrp_node *node,
			     const void *filter)
{
	const struct nhrp_addr *nbma = filter;
	void *hdr;
	int err;

	if (nbma->family && !nhrp_addr_equal(nbma, &node->key.addr))
		return 0;

	hdr = nhrp_nl_dump_put(skb, cb, NHRP_CMD_PEER_GET);
	if (!hdr)
		return -EMSGSIZE;

	err = nhrp_nl_fill_peer(skb, hdr, cache,
				container_of(node, struct nhrp_peer, node));
	if (!err)
		genl_dump_check_consistent(cb, hdr);

	return err;
}

/* Dumps what @put has to say of each peer, or of the one with the NBMA address. */
static int nhrp_nl_dump_peers(struct sk_buff *skb, struct netlink_callback *cb,
			      const struct nlattr *ifindex,
			      const struct nlattr *nbma_attr,
			      int (*put)(struct sk_buff *skb,
					 struct netlink_callback *cb,
					 struct nhrp_cache *cache,
					 struct nhrp_node *node,
					 const void *filter))
{
	struct nhrp_addr nbma = {};
	const struct nhrp_nl_dumper dumper = {
		.dump	= nhrp_nl_dump_cache,
		.table	= offsetof(struct nhrp_cache, peers),
		.put	= put,
		.filter	= &nbma,
	};
	int err;

	if (nbma_attr) {
		err = nhrp_nl_parse_addr(nbma_attr, &nbma, cb->extack);
		if (err)
			return err;
	}

	return nhrp_nl_dump(skb, cb, ifindex, &dumper);
}

int nhrp_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_genl_dump_attrs(cb);

	return nhrp_nl_dump_peers(skb, cb, attrs[NHRP_A_PEER_IFINDEX],
				  attrs[NHRP_A_PEER_NBMA], nhrp_nl_dump_peer);
}

/* A peer whose memberships do not all fit is gone on with in the next message. */
static int nhrp_nl_dump_members(struct sk_buff *skb,
				struct netlink_callback *cb,
				struct nhrp_cache *cache,
				struct nhrp_node *node, const void *filter)
{
	struct nhrp_peer *peer = container_of(node, struct nhrp_peer, node);
	struct nhrp_nl_dump *ctx = (void *)cb->ctx;
	const struct nhrp_addr *nbma = filter;
	struct nhrp_member *member;
	void *hdr;
	int err;

	if (nbma->family && !nhrp_addr_equal(nbma, &node->key.addr))
		return 0;

	hlist_for_each_entry(member, &peer->members, of_peer) {
		if (ctx->member && member->id >= ctx->member)
			continue;
		hdr = nhrp_nl_dump_put(skb, cb, NHRP_CMD_MCAST_GET);
		err = hdr ? nhrp_nl_fill_member(skb, hdr, cache, member) :
			    -EMSGSIZE;
		if (err)
			return err;
		genl_dump_check_consistent(cb, hdr);
		ctx->last = node->key;
		ctx->resume = true;
		ctx->member = member->id;
	}
	ctx->member = 0;

	return 0;
}

int nhrp_nl_mcast_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_genl_dump_attrs(cb);

	/* The policy is that of a request for one member. */
	if (attrs[NHRP_A_MCAST_GROUP] || attrs[NHRP_A_MCAST_PREFIXLEN]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[NHRP_A_MCAST_GROUP] ?:
				    attrs[NHRP_A_MCAST_PREFIXLEN],
				    "lists are not shown by group");
		return -EINVAL;
	}

	return nhrp_nl_dump_peers(skb, cb, attrs[NHRP_A_MCAST_IFINDEX],
				  attrs[NHRP_A_MCAST_NBMA],
				  nhrp_nl_dump_members);
}

static int nhrp_nl_dump_stats(struct sk_buff *skb, struct netlink_callback *cb,
			      struct nhrp_cache *cache,
			      const struct nhrp_nl_dumper *dumper)
{
	void *hdr;
	int err;

	if (nhrp_cache_lock(cache, NULL)) {
		cb->seq++;
		return 0;
	}

	hdr = nhrp_nl_dump_put(skb, cb, NHRP_CMD_STATS_GET);
	err = hdr ? nhrp_nl_fill_stats(skb, hdr, cache) : -EMSGSIZE;
	if (!err)
		genl_dump_check_consistent(cb, hdr);
	nhrp_cache_unlock(cache);

	return err;
}

int nhrp_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	static const struct nhrp_nl_dumper dumper = {
		.dump	= nhrp_nl_dump_stats,
	};

	return nhrp_nl_dump(skb, cb,
			    compat_genl_dump_attrs(cb)[NHRP_A_STATS_IFINDEX],
			    &dumper);
}
