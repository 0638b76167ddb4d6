// SPDX-License-Identifier: GPL-2.0
/*
 * Resolution: what has no mapping, or could do with a better one, is asked of
 * userspace (RFC 2332, section 5.2.1), packets wait, and what nobody answers is
 * negative for a while. See the top of include/nhrp.h for the locks.
 *
 * Strangers choose the destinations, so all of it is bounded: the number of
 * addresses that are asked for, the upcalls in a second, the packets that wait
 * for one address and the memory of those that wait for any. The number of
 * negative ones follows: each has been asked for seconds before.
 *
 * No message is sent under resolve_lock, for who sends one may transmit a packet: a
 * tap of netlink (nlmon) hands it to tc, and that may redirect it into a tunnel over
 * this device, or to where another CPU holds a lock and transmits by this device.
 */

#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "nhrp_int.h"

/* Addresses that a device asks for at a time. */
#define NHRP_ASKING_MAX		1024

/* Upcalls of a device in a second, and in one go after a quiet second. */
#define NHRP_UPCALL_RATE	1000

/* Memory of the packets that wait at a device. */
#define NHRP_WAITING_MAX	(16 << 20)

/* An upcall that exceeds the rate is tried again after this time. */
#define NHRP_UPCALL_DELAY	(HZ / 10)

/* Pending addresses that a walk looks at under one hold of the spinlock. */
#define NHRP_PENDING_BATCH	64

/* Seconds until the next attempt, by the number of those made; and behind the
 * last one, until the answer is given up.
 */
static const u8 nhrp_retry_after[] = { 0, 1, 2, 4, 1 };

#define NHRP_ATTEMPTS		(ARRAY_SIZE(nhrp_retry_after) - 1)

/**
 * struct nhrp_outcome - what is to be done once the lock is given back
 * @tell: packets to be given up whose senders are told
 * @drop: packets to be given up silently
 * @ask: @upcall is to be asked
 * @upcall: question, for a pending address
 */
struct nhrp_outcome {
	struct sk_buff_head tell;
	struct sk_buff_head drop;
	bool ask;
	struct nhrp_upcall upcall;
};

static void nhrp_outcome_init(struct nhrp_outcome *out)
{
	out->ask = false;
	__skb_queue_head_init(&out->tell);
	__skb_queue_head_init(&out->drop);
}

static void nhrp_count(struct nhrp_cache *cache, enum nhrp_stat stat)
{
	atomic64_inc(&cache->stats[stat]);
}

static void nhrp_give_up(struct nhrp_cache *cache, struct sk_buff_head *list,
			 bool tell)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list))) {
		local_bh_disable();
		cache->ops->give_up(cache, skb, tell);
		local_bh_enable();
	}
}

static void nhrp_outcome_act(struct nhrp_cache *cache, struct nhrp_outcome *out)
{
	nhrp_give_up(cache, &out->tell, true);
	nhrp_give_up(cache, &out->drop, false);
}

/**
 * nhrp_resolve_finish - let packets go that changes have released
 * @cache: cache
 * @released: those that go on
 * @flushed: those that are dropped
 *
 * Context: process, no lock held.
 */
void nhrp_resolve_finish(struct nhrp_cache *cache,
			 struct sk_buff_head *released,
			 struct sk_buff_head *flushed)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(released))) {
		local_bh_disable();
		cache->ops->xmit(cache, skb);
		local_bh_enable();
		cond_resched();
	}
	nhrp_give_up(cache, flushed, false);
}

/* ---- pending addresses; resolve_lock is held ---- */

static struct nhrp_pending *nhrp_pending_of(struct nhrp_node *node)
{
	return node ? container_of(node, struct nhrp_pending, node) : NULL;
}

static struct nhrp_pending *nhrp_pending_find(struct nhrp_cache *cache,
					      const struct nhrp_prefix *key)
{
	lockdep_assert_held(&cache->resolve_lock);

	return nhrp_pending_of(nhrp_table_find(&cache->pending, key));
}

static void nhrp_resolve_arm(struct nhrp_cache *cache)
{
	struct timerqueue_node *first = timerqueue_getnext(&cache->due);
	u64 now = get_jiffies_64();
	u64 delay = 0;

	lockdep_assert_held(&cache->resolve_lock);

	if (!first)
		return;
	if (time_after64((u64)first->expires, now))
		delay = first->expires - now;
	mod_delayed_work(system_power_efficient_wq, &cache->resolve_work,
			 delay);
}

static void nhrp_pending_set_due(struct nhrp_cache *cache,
				 struct nhrp_pending *pending, u64 delay)
{
	if (!RB_EMPTY_NODE(&pending->due.node))
		timerqueue_del(&cache->due, &pending->due);
	pending->due.expires = get_jiffies_64() + delay;
	if (timerqueue_add(&cache->due, &pending->due))
		nhrp_resolve_arm(cache);
}

static void nhrp_pending_enter(struct nhrp_cache *cache,
			       struct nhrp_pending *pending,
			       enum nhrp_pending_state state)
{
	WRITE_ONCE(pending->state, state);
	pending->created = ktime_get_seconds();
	if (state == NHRP_PENDING_ASKING) {
		list_add_tail(&pending->asking, &cache->asking);
		WRITE_ONCE(cache->incomplete, cache->incomplete + 1);
	} else if (state == NHRP_PENDING_NEGATIVE) {
		WRITE_ONCE(cache->negative, cache->negative + 1);
	}
}

static void nhrp_pending_leave(struct nhrp_cache *cache,
			       struct nhrp_pending *pending)
{
	if (pending->state == NHRP_PENDING_ASKING) {
		list_del(&pending->asking);
		WRITE_ONCE(cache->incomplete, cache->incomplete - 1);
	} else if (pending->state == NHRP_PENDING_NEGATIVE) {
		WRITE_ONCE(cache->negative, cache->negative - 1);
	}
}

static void nhrp_pending_drain(struct nhrp_cache *cache,
			       struct nhrp_pending *pending,
			       struct sk_buff_head *to, enum nhrp_stat stat)
{
	struct sk_buff *skb;

	skb_queue_walk(&pending->queue, skb)
		cache->waiting -= skb->truesize;
	atomic64_add(skb_queue_len(&pending->queue), &cache->stats[stat]);
	skb_queue_splice_tail_init(&pending->queue, to);
}

/* The queue has been drained. */
static void nhrp_pending_remove(struct nhrp_cache *cache,
				struct nhrp_pending *pending)
{
	nhrp_pending_leave(cache, pending);
	timerqueue_del(&cache->due, &pending->due);
	nhrp_table_remove(&cache->pending, &pending->node);
	kfree_rcu(pending, node.rcu);
}

/* May an upcall be sent now? Who sends it takes HZ off the credit. */
static bool nhrp_upcall_allowed(struct nhrp_cache *cache)
{
	u64 now = get_jiffies_64();
	u64 credit = cache->upcall_credit +
		     (now - cache->upcall_time) * NHRP_UPCALL_RATE;

	lockdep_assert_held(&cache->resolve_lock);

	credit = min_t(u64, credit, NHRP_UPCALL_RATE * HZ);
	cache->upcall_time = now;
	cache->upcall_credit = credit;

	return credit >= HZ;
}

/* Does anybody listen? That of the netlink core knows of all netns alike, so
 * there may still be nobody in ours; nhrp_resolve_ask() finds out, and is not to
 * be called for each packet of a flood.
 */
static bool nhrp_resolve_can_ask(const struct nhrp_cache *cache)
{
	return nhrp_nl_can_ask(cache) &&
	       READ_ONCE(cache->deaf_time) != (u32)get_jiffies_64();
}

/* The question is asked when the lock has been given back. */
static void nhrp_outcome_set_upcall(struct nhrp_cache *cache,
				    const struct nhrp_upcall *upcall,
				    struct nhrp_outcome *out)
{
	cache->upcall_credit -= HZ;
	out->upcall = *upcall;
	out->ask = true;
}

static void nhrp_pending_evict(struct nhrp_cache *cache,
			       struct nhrp_outcome *out)
{
	struct nhrp_pending *oldest;

	if (cache->incomplete < NHRP_ASKING_MAX)
		return;

	oldest = list_first_entry(&cache->asking, struct nhrp_pending, asking);
	nhrp_pending_drain(cache, oldest, &out->tell, NHRP_STAT_DROP_EVICTED);
	nhrp_pending_remove(cache, oldest);
}

/* The question in @upcall is to be asked for the first time. Returns an error pointer
 * when there is no memory, the device is down, or that is too much for now.
 */
static struct nhrp_pending *nhrp_pending_create(struct nhrp_cache *cache,
						const struct nhrp_upcall *upcall,
						struct nhrp_outcome *out)
{
	struct nhrp_pending *pending;
	int err;

	/* Generic XDP and packet sockets that bypass the qdisc transmit for
	 * longer than the core waits before nhrp_cache_stop().
	 */
	if (!netif_running(cache->dev))
		return ERR_PTR(-ENETDOWN);
	/* A scan stops here, and costs no more than it must. */
	if (!nhrp_upcall_allowed(cache))
		return ERR_PTR(-EAGAIN);

	pending = kzalloc(sizeof(*pending), GFP_ATOMIC | __GFP_NOWARN);
	if (!pending)
		return ERR_PTR(-ENOMEM);

	pending->node.key = upcall->dst;
	pending->upcall = *upcall;
	pending->upcall.attempt = 1;
	timerqueue_init(&pending->due);
	__skb_queue_head_init(&pending->queue);
	err = nhrp_table_insert(&cache->pending, &pending->node);
	if (err) {
		kfree(pending);
		return ERR_PTR(err);
	}

	nhrp_pending_evict(cache, out);
	nhrp_pending_enter(cache, pending, NHRP_PENDING_ASKING);
	nhrp_pending_set_due(cache, pending, nhrp_retry_after[1] * HZ);
	nhrp_outcome_set_upcall(cache, &pending->upcall, out);

	return pending;
}

/* Nobody has answered, or nobody listens any more. */
static void nhrp_pending_fail(struct nhrp_cache *cache,
			      struct nhrp_pending *pending, bool asked,
			      struct nhrp_outcome *out)
{
	nhrp_pending_drain(cache, pending, &out->tell,
			   NHRP_STAT_DROP_UNANSWERED);
	if (!asked) {
		nhrp_pending_remove(cache, pending);
		return;
	}

	nhrp_pending_leave(cache, pending);
	nhrp_pending_set_due(cache, pending, NHRP_UNANSWERED_HOLD * HZ);
	if (pending->upcall.reason == NHRP_RESOLVE_REASON_RESOLVE) {
		nhrp_pending_enter(cache, pending, NHRP_PENDING_QUIET);
		return;
	}
	nhrp_pending_enter(cache, pending, NHRP_PENDING_NEGATIVE);
	nhrp_nl_notify_pending(cache, pending, NHRP_CMD_MAPPING_NEW_NTF);
}

/* ---- questions; resolve_lock is not held */

/* Return: 0; -ESRCH if nobody listens. What a listener has no room for has been
 * asked, since the listener is told so.
 */
static int nhrp_resolve_ask(struct nhrp_cache *cache,
			    const struct nhrp_upcall *upcall)
{
	if (nhrp_nl_ask(cache, upcall) != -ESRCH) {
		nhrp_count(cache, NHRP_STAT_UPCALLS);
		return 0;
	}

	WRITE_ONCE(cache->deaf_time, (u32)get_jiffies_64());
	spin_lock_bh(&cache->resolve_lock);
	cache->upcall_credit += HZ;
	spin_unlock_bh(&cache->resolve_lock);

	return -ESRCH;
}

/* Return: 0; -ESRCH if nobody listens, and the address is pending no more. */
static int nhrp_outcome_ask(struct nhrp_cache *cache, struct nhrp_outcome *out)
{
	struct nhrp_pending *pending;
	int err;

	if (!out->ask)
		return 0;
	out->ask = false;
	err = nhrp_resolve_ask(cache, &out->upcall);
	if (!err)
		return 0;

	spin_lock_bh(&cache->resolve_lock);
	pending = nhrp_pending_find(cache, &out->upcall.dst);
	if (pending && pending->state == NHRP_PENDING_ASKING)
		nhrp_pending_fail(cache, pending, false, out);
	spin_unlock_bh(&cache->resolve_lock);

	return err;
}

/* ---- packets ---- */

static void nhrp_upcall_init(struct nhrp_upcall *upcall,
			     enum nhrp_resolve_reason reason,
			     const struct nhrp_addr *addr,
			     const struct nhrp_flow *flow)
{
	memset(upcall, 0, sizeof(*upcall));
	upcall->dst.addr = *addr;
	upcall->dst.len = nhrp_addr_bits(addr);
	upcall->flow = *flow;
	upcall->reason = reason;
}

/* RFC 2332, section 5.2.1 (domino effect): a packet that came by the device is
 * its sender's to resolve.
 */
static bool nhrp_came_by_device(const struct nhrp_cache *cache,
				const struct sk_buff *skb)
{
	return skb->skb_iif == cache->dev->ifindex;
}

static bool nhrp_pending_enqueue(struct nhrp_cache *cache,
				 struct nhrp_pending *pending,
				 struct sk_buff *skb, struct nhrp_outcome *out)
{
	u32 max = READ_ONCE(cache->max_queue);
	struct sk_buff *oldest;

	/* Without its route nobody would know the next hop again. */
	if ((skb_dst(skb) && !skb_dst_force(skb)) ||
	    cache->waiting + skb->truesize > NHRP_WAITING_MAX) {
		nhrp_count(cache, NHRP_STAT_DROP_LIMIT);
		return false;
	}

	nhrp_count(cache, NHRP_STAT_QUEUED);
	cache->waiting += skb->truesize;
	__skb_queue_tail(&pending->queue, skb);
	while (skb_queue_len(&pending->queue) > max) {
		oldest = __skb_dequeue(&pending->queue);
		cache->waiting -= oldest->truesize;
		__skb_queue_tail(&out->drop, oldest);
		nhrp_count(cache, NHRP_STAT_DROP_OVERFLOW);
	}

	return true;
}

/* Makes a packet wait. Returns false if it does not, and is the caller's; who comes
 * again when he has asked what is to be asked first.
 */
static bool nhrp_pending_wait(struct nhrp_cache *cache,
			      const struct nhrp_flow *flow,
			      struct sk_buff *skb, struct nhrp_outcome *out)
{
	struct nhrp_pending *pending;
	struct nhrp_upcall upcall;

	nhrp_upcall_init(&upcall, NHRP_RESOLVE_REASON_MISS, &flow->hop, flow);
	pending = nhrp_pending_find(cache, &upcall.dst);
	if (pending && pending->state == NHRP_PENDING_NEGATIVE) {
		nhrp_count(cache, NHRP_STAT_DROP_NEGATIVE);
		return false;
	}
	/* The mapping by which packets have flowed has gone. */
	if (pending && pending->state == NHRP_PENDING_QUIET) {
		nhrp_pending_remove(cache, pending);
		pending = NULL;
	}

	if (!pending)
		pending = nhrp_pending_create(cache, &upcall, out);
	if (IS_ERR(pending)) {
		nhrp_count(cache, NHRP_STAT_DROP_LIMIT);
		return false;
	}
	if (out->ask)
		return false;
	pending->upcall.reason = NHRP_RESOLVE_REASON_MISS;
	pending->upcall.nbma.family = AF_UNSPEC;

	return nhrp_pending_enqueue(cache, pending, skb, out);
}

/* A flood towards a negative address, or without a listener, takes no lock. */
static bool nhrp_resolve_refused(struct nhrp_cache *cache,
				 const struct nhrp_flow *flow,
				 const struct sk_buff *skb)
{
	const struct nhrp_prefix key = {
		.addr	= flow->hop,
		.len	= nhrp_addr_bits(&flow->hop),
	};
	struct nhrp_pending *pending;

	if (nhrp_came_by_device(cache, skb)) {
		nhrp_count(cache, NHRP_STAT_DROP_LOOP);
		return true;
	}

	pending = nhrp_pending_of(nhrp_table_lookup(&cache->pending, &key));
	if (pending && READ_ONCE(pending->state) == NHRP_PENDING_NEGATIVE) {
		nhrp_count(cache, NHRP_STAT_DROP_NEGATIVE);
		return true;
	}

	if (!nhrp_resolve_can_ask(cache)) {
		nhrp_count(cache, NHRP_STAT_DROP_NO_LISTENER);
		return true;
	}

	return false;
}

/* Who adds the mapping after this look finds the packet waiting. */
static struct nhrp_mapping *nhrp_resolve_wait(struct nhrp_cache *cache,
					      const struct nhrp_flow *flow,
					      struct sk_buff *skb,
					      struct nhrp_outcome *out,
					      bool *taken)
{
	struct nhrp_mapping *mapping;

	spin_lock_bh(&cache->resolve_lock);
	mapping = nhrp_cache_lookup_shortcut(cache, &flow->dst) ?:
		  nhrp_cache_lookup(cache, &flow->hop);
	if (!mapping)
		*taken = nhrp_pending_wait(cache, flow, skb, out);
	spin_unlock_bh(&cache->resolve_lock);

	return mapping;
}

/**
 * nhrp_resolve_miss - no mapping matches the next hop of a packet
 * @cache: cache
 * @flow: of the packet
 * @skb: packet
 * @taken: set if the packet waits; else it is still the caller's, who sends it
 *	by the mapping that has come meanwhile, or drops it
 *
 * Userspace is asked for the next hop, if it listens and there has been no
 * question yet.
 *
 * Context: BH disabled, in an RCU section.
 * Return: a mapping that has come meanwhile, or NULL.
 */
struct nhrp_mapping *nhrp_resolve_miss(struct nhrp_cache *cache,
				       const struct nhrp_flow *flow,
				       struct sk_buff *skb, bool *taken)
{
	struct nhrp_mapping *mapping;
	struct nhrp_outcome out;

	*taken = false;
	nhrp_count(cache, NHRP_STAT_MISSES);
	if (nhrp_resolve_refused(cache, flow, skb))
		return NULL;

	nhrp_outcome_init(&out);
	mapping = nhrp_resolve_wait(cache, flow, skb, &out, taken);
	/* Once, but that what has been asked may be gone again. */
	while (out.ask) {
		if (nhrp_outcome_ask(cache, &out)) {
			nhrp_count(cache, NHRP_STAT_DROP_NO_LISTENER);
			break;
		}
		mapping = nhrp_resolve_wait(cache, flow, skb, &out, taken);
	}
	nhrp_outcome_act(cache, &out);

	return mapping;
}

/* What a packet by way of an NHS is for: the next hop, of which the mapping says
 * nothing in particular, or if it is just that, the destination.
 */
static const struct nhrp_addr *
nhrp_resolve_specific(const struct nhrp_mapping *mapping,
		      const struct nhrp_flow *flow)
{
	const struct nhrp_prefix *key = &mapping->node.key;

	if (key->len != nhrp_addr_bits(&key->addr))
		return &flow->hop;
	if (nhrp_addr_equal(&key->addr, &flow->dst))
		return NULL;

	return &flow->dst;
}

/* Is there a mapping of an address that is more than the way to an NHS? */
static bool nhrp_resolve_known(struct nhrp_cache *cache,
			       const struct nhrp_addr *addr)
{
	const struct nhrp_mapping *known = nhrp_cache_lookup(cache, addr);

	return known && !(known->flags & NHRP_MAPPING_FLAGS_RESOLVE);
}

/* RFC 2332, section 2: packets take the routed path, by way of the NHS, while
 * the shorter one is being asked for.
 */
static void nhrp_resolve_onward(struct nhrp_cache *cache,
				const struct nhrp_mapping *mapping,
				const struct nhrp_flow *flow)
{
	const struct nhrp_addr *addr = nhrp_resolve_specific(mapping, flow);
	struct nhrp_upcall upcall;
	struct nhrp_outcome out;

	if (!addr)
		return;
	nhrp_upcall_init(&upcall, NHRP_RESOLVE_REASON_RESOLVE, addr, flow);
	upcall.nbma = mapping->peer->node.key.addr;
	if (nhrp_table_lookup(&cache->pending, &upcall.dst))
		return;

	/* An answer that does not draw the traffic is an answer all the same;
	 * packets go on coming here then, and take no lock.
	 */
	if (nhrp_resolve_known(cache, addr))
		return;

	nhrp_outcome_init(&out);
	spin_lock_bh(&cache->resolve_lock);
	if (!nhrp_resolve_known(cache, addr) &&
	    !nhrp_pending_find(cache, &upcall.dst))
		nhrp_pending_create(cache, &upcall, &out);
	spin_unlock_bh(&cache->resolve_lock);
	nhrp_outcome_ask(cache, &out);
	nhrp_outcome_act(cache, &out);
}

static void nhrp_resolve_refresh(struct nhrp_cache *cache,
				 struct nhrp_mapping *mapping)
{
	const struct nhrp_upcall upcall = {
		.dst		= mapping->node.key,
		.nbma		= mapping->peer->node.key.addr,
		.attempt	= 1,
		.reason		= NHRP_RESOLVE_REASON_REFRESH,
	};
	bool ask;

	spin_lock_bh(&cache->resolve_lock);
	ask = !mapping->refreshed && nhrp_upcall_allowed(cache);
	if (ask) {
		cache->upcall_credit -= HZ;
		WRITE_ONCE(mapping->refreshed, true);
	}
	spin_unlock_bh(&cache->resolve_lock);
	if (!ask || !nhrp_resolve_ask(cache, &upcall))
		return;

	spin_lock_bh(&cache->resolve_lock);
	WRITE_ONCE(mapping->refreshed, false);
	spin_unlock_bh(&cache->resolve_lock);
}

/**
 * nhrp_resolve_hit - a mapping that nhrp_mapping_attend() marks is in use
 * @cache: cache
 * @mapping: mapping
 * @flow: of the packet
 * @skb: packet
 *
 * Context: BH disabled, in an RCU section.
 * Return: false if the mapping is negative, and the packet goes nowhere.
 */
bool nhrp_resolve_hit(struct nhrp_cache *cache, struct nhrp_mapping *mapping,
		      const struct nhrp_flow *flow, const struct sk_buff *skb)
{
	if (mapping->type == NHRP_MAPPING_TYPE_NEGATIVE) {
		nhrp_count(cache, NHRP_STAT_DROP_NEGATIVE);
		return false;
	}
	if (nhrp_came_by_device(cache, skb) || !nhrp_resolve_can_ask(cache))
		return true;

	if (mapping->flags & NHRP_MAPPING_FLAGS_RESOLVE)
		nhrp_resolve_onward(cache, mapping, flow);
	if (mapping->hold && !READ_ONCE(mapping->refreshed) &&
	    time_after_eq64(get_jiffies_64(),
			    nhrp_mapping_last_third(mapping)))
		nhrp_resolve_refresh(cache, mapping);

	return true;
}

/* ---- answers ---- */

static void nhrp_pending_answer(struct nhrp_cache *cache,
				struct nhrp_pending *pending,
				const struct nhrp_mapping *mapping)
{
	nhrp_pending_drain(cache, pending, &cache->released,
			   NHRP_STAT_RELEASED);

	/* A way for packets, but not what has been asked for. */
	if (mapping->flags & NHRP_MAPPING_FLAGS_RESOLVE &&
	    mapping->node.key.len != pending->node.key.len &&
	    pending->state != NHRP_PENDING_NEGATIVE) {
		pending->upcall.reason = NHRP_RESOLVE_REASON_RESOLVE;
		pending->upcall.nbma = mapping->peer->node.key.addr;
		return;
	}

	/* The event of a mapping of this very prefix says it as well. */
	if (pending->state == NHRP_PENDING_NEGATIVE &&
	    mapping->node.key.len != pending->node.key.len)
		nhrp_nl_notify_pending(cache, pending,
				       NHRP_CMD_MAPPING_DEL_NTF);
	nhrp_pending_remove(cache, pending);
}

/**
 * nhrp_resolve_answer - a mapping has come, for which packets may wait
 * @cache: cache
 * @mapping: mapping, which the data path can find
 *
 * The packets go to nhrp_cache::released.
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_resolve_answer(struct nhrp_cache *cache,
			 const struct nhrp_mapping *mapping)
{
	const struct nhrp_prefix *key = &mapping->node.key;
	struct nhrp_pending *pending;
	struct nhrp_prefix last;
	struct nhrp_node *node;
	int batch = 0;

	lockdep_assert_held(&cache->lock);

	spin_lock_bh(&cache->resolve_lock);
	if (!cache->pending.count)
		goto unlock;

	/* Hosts sort behind the prefix that they are in. */
	node = key->len == nhrp_addr_bits(&key->addr) ?
	       nhrp_table_find(&cache->pending, key) :
	       nhrp_table_find_after(&cache->pending, key);
	while (node && nhrp_prefix_covers(key, &node->key)) {
		pending = nhrp_pending_of(node);
		last = node->key;
		node = nhrp_table_next(node);
		nhrp_pending_answer(cache, pending, mapping);
		if (!node || ++batch % NHRP_PENDING_BATCH)
			continue;

		/* What misses in between finds the mapping. */
		spin_unlock_bh(&cache->resolve_lock);
		nhrp_nl_send_events(cache);
		cond_resched();
		spin_lock_bh(&cache->resolve_lock);
		node = nhrp_table_find_after(&cache->pending, &last);
	}
unlock:
	spin_unlock_bh(&cache->resolve_lock);
	nhrp_nl_send_events(cache);
}

static void nhrp_pending_delete(struct nhrp_cache *cache,
				struct nhrp_pending *pending)
{
	nhrp_pending_drain(cache, pending, &cache->flushed,
			   NHRP_STAT_DROP_FLUSHED);
	if (pending->state == NHRP_PENDING_NEGATIVE)
		nhrp_nl_notify_pending(cache, pending,
				       NHRP_CMD_MAPPING_DEL_NTF);
	nhrp_pending_remove(cache, pending);
}

/**
 * nhrp_resolve_del - delete what the kernel has written for a prefix
 * @cache: cache
 * @dst: exactly this prefix
 *
 * Context: process, under the lock of the cache.
 * Return: true if there was something.
 */
bool nhrp_resolve_del(struct nhrp_cache *cache, const struct nhrp_prefix *dst)
{
	struct nhrp_pending *pending;

	lockdep_assert_held(&cache->lock);

	spin_lock_bh(&cache->resolve_lock);
	pending = nhrp_pending_find(cache, dst);
	if (pending)
		nhrp_pending_delete(cache, pending);
	spin_unlock_bh(&cache->resolve_lock);
	nhrp_nl_send_events(cache);

	return pending;
}

/**
 * nhrp_pending_matches - does a pending address pass a filter?
 * @pending: pending address
 * @filter: filter
 *
 * Context: under nhrp_cache::resolve_lock.
 * Return: true if it does.
 */
bool nhrp_pending_matches(const struct nhrp_pending *pending,
			  const struct nhrp_filter *filter)
{
	u8 type = pending->state == NHRP_PENDING_NEGATIVE ?
		  NHRP_MAPPING_TYPE_NEGATIVE : NHRP_MAPPING_TYPE_INCOMPLETE;

	if ((filter->type && filter->type != type) || filter->flags ||
	    filter->nbma.family)
		return false;
	if (filter->by_protocol && filter->protocol != RTPROT_KERNEL)
		return false;

	return !filter->within.addr.family ||
	       nhrp_prefix_covers(&filter->within, &pending->node.key);
}

/**
 * nhrp_resolve_flush - delete what the kernel has written and passes a filter
 * @cache: cache
 * @filter: filter
 *
 * Context: process.
 * Return: how many addresses.
 */
u32 nhrp_resolve_flush(struct nhrp_cache *cache,
		       const struct nhrp_filter *filter)
{
	struct nhrp_pending *pending;
	struct nhrp_prefix last;
	struct nhrp_node *node;
	bool first = true;
	u32 flushed = 0;
	int batch;

	do {
		if (nhrp_cache_lock(cache, NULL))
			break;
		spin_lock_bh(&cache->resolve_lock);
		node = nhrp_table_find_after(&cache->pending,
					     first ? NULL : &last);
		for (batch = 0; node && batch < NHRP_PENDING_BATCH; batch++) {
			pending = nhrp_pending_of(node);
			last = node->key;
			first = false;
			node = nhrp_table_next(node);
			if (!nhrp_pending_matches(pending, filter))
				continue;
			nhrp_pending_delete(cache, pending);
			flushed++;
		}
		spin_unlock_bh(&cache->resolve_lock);
		nhrp_nl_send_events(cache);
		nhrp_cache_unlock(cache);
		cond_resched();
	} while (node);

	return flushed;
}

/* ---- time ---- */

static void nhrp_pending_retry(struct nhrp_cache *cache,
			       struct nhrp_pending *pending,
			       struct nhrp_outcome *out)
{
	u32 attempt;

	if (!nhrp_upcall_allowed(cache)) {
		nhrp_pending_set_due(cache, pending, NHRP_UPCALL_DELAY);
		return;
	}

	attempt = ++pending->upcall.attempt;
	nhrp_pending_set_due(cache, pending, nhrp_retry_after[attempt] * HZ);
	nhrp_outcome_set_upcall(cache, &pending->upcall, out);
}

static void nhrp_pending_step(struct nhrp_cache *cache,
			      struct nhrp_pending *pending,
			      struct nhrp_outcome *out)
{
	if (pending->state != NHRP_PENDING_ASKING) {
		if (pending->state == NHRP_PENDING_NEGATIVE)
			nhrp_nl_notify_pending(cache, pending,
					       NHRP_CMD_MAPPING_EXPIRE_NTF);
		nhrp_pending_remove(cache, pending);
	} else if (pending->upcall.attempt == NHRP_ATTEMPTS) {
		nhrp_pending_fail(cache, pending, true, out);
	} else {
		nhrp_pending_retry(cache, pending, out);
	}
}

/* Does the first thing that is due. Returns true if there may be more. */
static bool nhrp_resolve_step(struct nhrp_cache *cache,
			      struct nhrp_outcome *out)
{
	struct timerqueue_node *first;
	bool due;

	rcu_read_lock();
	spin_lock_bh(&cache->resolve_lock);
	first = timerqueue_getnext(&cache->due);
	due = first && time_after_eq64(get_jiffies_64(), (u64)first->expires);
	if (due)
		nhrp_pending_step(cache,
				  container_of(first, struct nhrp_pending, due),
				  out);
	else
		nhrp_resolve_arm(cache);
	spin_unlock_bh(&cache->resolve_lock);
	nhrp_outcome_ask(cache, out);
	rcu_read_unlock();
	nhrp_nl_send_events(cache);

	return due;
}

static void nhrp_resolve_work(struct work_struct *work)
{
	struct nhrp_cache *cache = container_of(to_delayed_work(work),
						struct nhrp_cache,
						resolve_work);
	struct nhrp_outcome out;
	bool more;

	do {
		/* Events of negative ones keep their place among the others. */
		if (nhrp_cache_lock(cache, NULL))
			break;
		nhrp_outcome_init(&out);
		more = nhrp_resolve_step(cache, &out);
		nhrp_cache_unlock(cache);
		nhrp_outcome_act(cache, &out);
		cond_resched();
	} while (more);
}

/**
 * nhrp_resolve_init - set up what a cache needs to resolve
 * @cache: cache
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int nhrp_resolve_init(struct nhrp_cache *cache)
{
	spin_lock_init(&cache->resolve_lock);
	INIT_LIST_HEAD(&cache->asking);
	timerqueue_init_head(&cache->due);
	INIT_DELAYED_WORK(&cache->resolve_work, nhrp_resolve_work);
	cache->upcall_credit = NHRP_UPCALL_RATE * HZ;
	cache->upcall_time = get_jiffies_64();
	cache->deaf_time = (u32)cache->upcall_time - 1;

	return nhrp_table_init(&cache->pending);
}

#ifdef MGRE_SELFTEST
#include "resolve_test.c"
#endif
