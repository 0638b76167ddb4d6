// SPDX-License-Identifier: GPL-2.0
/*
 * Replication: a multicast or broadcast packet is sent to each peer that the cache
 * lists for its group.
 *
 * The first MGRE_MCAST_BATCH copies leave at once. For more there is a worker, so
 * that a thousand peers do not hold up all else that the CPU has to do; it sends
 * as many at a time and lets others run in between. What comes while the worker
 * has packets waits behind them, and so every peer gets them in order.
 *
 * Who may touch what: packets in mgre_mcast::queue are the worker's; what says
 * where it is with the first of them, and whether it is at work at all, is under
 * the lock of the queue. A packet that waits holds no route: copies need none of
 * the overlay. The last mgre_mcast_stop() is when nobody transmits any more.
 */

#include <linux/skbuff.h>
#include <net/gre.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "mgre.h"

/* Copies that are made without a break. */
#define MGRE_MCAST_BATCH	32

/* Packets that may wait. */
#define MGRE_MCAST_QUEUE	512

/**
 * struct mgre_mcast_cb - what a packet that waits has to say
 * @index: from which member on it has not been sent
 * @level: dev_recursion_level() when it came, which the worker goes on from: else
 *	a packet that comes round by another tunnel would do so for ever
 */
struct mgre_mcast_cb {
	unsigned long index;
	int level;
};

static struct mgre_mcast_cb *mgre_mcast_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct mgre_mcast_cb) > sizeof(skb->cb));

	return (struct mgre_mcast_cb *)skb->cb;
}

/* Broadcasts are no group, and so for everyone. */
static struct nhrp_group *mgre_mcast_group(struct mgre_dev *mgre,
					   const struct sk_buff *skb)
{
	struct nhrp_addr dst = { .family = AF_INET6 };

	if (skb->protocol == htons(ETH_P_IP)) {
		dst.family = AF_INET;
		dst.ip4 = ip_hdr(skb)->daddr;
	} else {
		dst.ip6 = ipv6_hdr(skb)->daddr;
	}

	return nhrp_group_lookup(&mgre->cache, &dst);
}

/* No copy goes back to where the packet came from. */
static struct nhrp_member *mgre_mcast_next(struct nhrp_group *group,
					   const struct nhrp_addr *origin,
					   unsigned long *index)
{
	struct nhrp_member *member = nhrp_group_next(group, index);

	if (member && nhrp_addr_equal(&member->peer->node.key.addr, origin)) {
		++*index;
		member = nhrp_group_next(group, index);
	}

	return member;
}

static void mgre_mcast_send(struct mgre_dev *mgre, struct sk_buff *skb,
			    const struct nhrp_member *member)
{
	struct mgre_tx tx;

	mgre_tx_init(&tx, mgre);
	tx.peer = member->peer;
	tx.nbma = &member->peer->node.key.addr;
	tx.mark = READ_ONCE(member->mark);
	tx.proto = skb->protocol;
	tx.len = skb->len;
	mgre_tx_copy(&tx, skb, READ_ONCE(member->mtu));
}

/* Headers of its own, pages shared. */
static struct sk_buff *mgre_mcast_copy(struct mgre_dev *mgre,
				       struct sk_buff *skb)
{
	struct sk_buff *copy = __pskb_copy(skb, LL_RESERVED_SPACE(mgre->dev),
					   GFP_ATOMIC);

	/* It leaves the headers where they were from the start of the head. */
	if (likely(copy))
		skb_headers_offset_update(copy, skb_headroom(copy) -
						skb_headroom(skb));

	return copy;
}

/* Sends up to a batch of copies, the packet itself as the last of all. Returns
 * true if there is more to do, from *index on; else the packet is gone.
 */
static bool mgre_mcast_some(struct mgre_dev *mgre, struct sk_buff *skb,
			    unsigned long *index)
{
	struct nhrp_member *member, *next;
	struct nhrp_addr origin;
	struct nhrp_group *group;
	bool begun = *index;
	struct sk_buff *copy;
	int batch;

	mgre_rx_origin(mgre, skb, &origin);
	group = mgre_mcast_group(mgre, skb);
	next = mgre_mcast_next(group, &origin, index);
	if (!next && begun)
		consume_skb(skb);
	else if (!next)
		mgre_drop(mgre, skb, MGRE_DROP_TX_MULTICAST);
	if (!next)
		return false;

	for (batch = 0; batch < MGRE_MCAST_BATCH; batch++) {
		member = next;
		++*index;
		next = mgre_mcast_next(group, &origin, index);
		if (!next) {
			mgre_mcast_send(mgre, skb, member);
			return false;
		}
		copy = mgre_mcast_copy(mgre, skb);
		if (likely(copy))
			mgre_mcast_send(mgre, copy, member);
		else
			mgre_count_drop(mgre, MGRE_DROP_TX_NOMEM, skb->len);
	}

	return true;
}

static bool mgre_mcast_enqueue(struct mgre_dev *mgre, struct sk_buff *skb,
			       unsigned long index, bool started)
{
	struct mgre_mcast *mcast = &mgre->mcast;
	bool taken;

	spin_lock_bh(&mcast->queue.lock);
	/* Some senders look at whether the device runs, and then take their
	 * time: they must not make work for one that has gone. Who sees it
	 * running here is waited for before mgre_dev_uninit().
	 */
	taken = netif_running(mgre->dev) &&
		(started || skb_queue_len(&mcast->queue) < MGRE_MCAST_QUEUE);
	if (taken) {
		skb_dst_drop(skb);
		mgre_mcast_cb(skb)->index = index;
		mgre_mcast_cb(skb)->level = dev_recursion_level();
		__skb_queue_tail(&mcast->queue, skb);
		WRITE_ONCE(mcast->busy, true);
	}
	spin_unlock_bh(&mcast->queue.lock);
	if (taken)
		queue_work(system_unbound_wq, &mcast->work);

	return taken;
}

/**
 * mgre_mcast_xmit - send a packet to all who are listed for its group
 * @mgre: device
 * @skb: multicast or broadcast packet at its payload, which the callee takes
 *
 * Nobody is told when a copy cannot go: the sender of a group cannot be told of
 * one receiver (RFC 1122, section 3.2.2).
 *
 * Context: BH disabled, in an RCU section.
 */
void mgre_mcast_xmit(struct mgre_dev *mgre, struct sk_buff *skb)
{
	/* In the midst of a device's copies each of them would make as many. */
	bool started = !READ_ONCE(mgre->mcast.busy) &&
		       dev_recursion_level() <= 1;
	unsigned long index = 0;

	if (started && !mgre_mcast_some(mgre, skb, &index))
		return;
	if (!mgre_mcast_enqueue(mgre, skb, index, started))
		mgre_drop(mgre, skb, MGRE_DROP_TX_MCAST_QUEUE);
}

/* The next packet, or NULL when all is done. */
static struct sk_buff *mgre_mcast_dequeue(struct mgre_mcast *mcast)
{
	struct sk_buff *skb;

	spin_lock_bh(&mcast->queue.lock);
	skb = __skb_dequeue(&mcast->queue);
	if (!skb)
		WRITE_ONCE(mcast->busy, false);
	spin_unlock_bh(&mcast->queue.lock);

	return skb;
}

/* As mgre_mcast_some() does, at the level of nesting that the packet came with. */
static bool mgre_mcast_go_on(struct mgre_dev *mgre, struct sk_buff *skb,
			     unsigned long *index, int level)
{
	bool more = false;
	int i;

	local_bh_disable();
	rcu_read_lock();
	for (i = 0; i < level; i++)
		dev_xmit_recursion_inc();
	if (netif_running(mgre->dev))
		more = mgre_mcast_some(mgre, skb, index);
	else
		mgre_drop(mgre, skb, MGRE_DROP_TX_MCAST_QUEUE);
	for (i = 0; i < level; i++)
		dev_xmit_recursion_dec();
	rcu_read_unlock();
	local_bh_enable();

	return more;
}

static void mgre_mcast_work(struct work_struct *work)
{
	struct mgre_mcast *mcast = container_of(work, struct mgre_mcast, work);
	struct mgre_dev *mgre = container_of(mcast, struct mgre_dev, mcast);
	struct mgre_mcast_cb cb;
	struct sk_buff *skb;

	while ((skb = mgre_mcast_dequeue(mcast))) {
		cb = *mgre_mcast_cb(skb);
		while (mgre_mcast_go_on(mgre, skb, &cb.index, cb.level))
			cond_resched();
		cond_resched();
	}
}

/**
 * mgre_mcast_init - set up replication
 * @mgre: device
 *
 * Context: process.
 */
void mgre_mcast_init(struct mgre_dev *mgre)
{
	skb_queue_head_init(&mgre->mcast.queue);
	INIT_WORK(&mgre->mcast.work, mgre_mcast_work);
}

static void mgre_mcast_purge(struct mgre_dev *mgre)
{
	struct sk_buff *skb;

	local_bh_disable();
	while ((skb = skb_dequeue(&mgre->mcast.queue)))
		mgre_drop(mgre, skb, MGRE_DROP_TX_MCAST_QUEUE);
	local_bh_enable();
}

/**
 * mgre_mcast_stop - give up the packets that wait
 * @mgre: device that goes down, or that nobody transmits by any more
 *
 * Context: process, may sleep.
 */
void mgre_mcast_stop(struct mgre_dev *mgre)
{
	/* Both times: the worker shall not send them all, and may be queued
	 * again by one who transmits still.
	 */
	mgre_mcast_purge(mgre);
	cancel_work_sync(&mgre->mcast.work);
	mgre_mcast_purge(mgre);
}
