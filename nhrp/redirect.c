// SPDX-License-Identifier: GPL-2.0
/*
 * Redirects: userspace is told of packets that take a detour by this node.
 *
 * The table remembers who has been told of what. It has as many slots as it has;
 * pairs that share one overwrite each other, and are then told more often, up to
 * the rate of the device. Slots are read without the lock, to let the packets of a
 * stream pass that somebody has been told of.
 */

#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "nhrp_int.h"

#define NHRP_REDIRECT_SLOTS	256

/* A pair is told of again after this, as a Cisco router does by default. */
#define NHRP_REDIRECT_QUIET	(8 * HZ)

/* So many may be told at once, and then so many in a second. */
#define NHRP_REDIRECT_RATE	100

/**
 * struct nhrp_redirect_slot - a pair of addresses that has been told of
 * @pair: hash of the addresses, 0 if none
 * @time: get_jiffies_64() of then, its low half
 */
struct nhrp_redirect_slot {
	u64 pair;
	u32 time;
};

/**
 * struct nhrp_redirects - what has been told of
 * @lock: guards all below
 * @secret: of the hash, immutable
 * @credit: redirects that may be told now, in 1/HZ of one
 * @time: get_jiffies_64() when @credit was brought up to date
 * @slots: by hash, also read without the lock
 */
struct nhrp_redirects {
	spinlock_t lock; /* guards all below */
	siphash_key_t secret;
	u64 credit;
	u64 time;
	struct nhrp_redirect_slot slots[NHRP_REDIRECT_SLOTS];
};

static u64 nhrp_redirect_hash(const struct nhrp_redirects *redirects,
			      const struct nhrp_flow *flow)
{
	struct {
		struct in6_addr src;
		struct in6_addr dst;
	} pair = {};

	memcpy(&pair.src, &flow->src.ip6, nhrp_addr_size(&flow->src));
	memcpy(&pair.dst, &flow->dst.ip6, nhrp_addr_size(&flow->dst));

	return siphash(&pair, sizeof(pair), &redirects->secret) ?: 1;
}

static bool nhrp_redirect_told(const struct nhrp_redirect_slot *slot, u64 pair,
			       u64 now)
{
	return READ_ONCE(slot->pair) == pair &&
	       (u32)now - READ_ONCE(slot->time) < NHRP_REDIRECT_QUIET;
}

/* Return: whether it is to be told, which is then noted. */
static bool nhrp_redirect_note(struct nhrp_redirects *redirects, u64 pair)
{
	struct nhrp_redirect_slot *slot =
		&redirects->slots[pair % NHRP_REDIRECT_SLOTS];
	u64 now = get_jiffies_64(), credit;
	bool tell;

	if (nhrp_redirect_told(slot, pair, now))
		return false;

	spin_lock(&redirects->lock);
	/* Later than what another CPU has just noted. */
	now = get_jiffies_64();
	credit = redirects->credit +
		 (now - redirects->time) * NHRP_REDIRECT_RATE;
	redirects->credit = min_t(u64, credit, NHRP_REDIRECT_RATE * HZ);
	redirects->time = now;
	tell = redirects->credit >= HZ && !nhrp_redirect_told(slot, pair, now);
	if (tell) {
		redirects->credit -= HZ;
		WRITE_ONCE(slot->pair, pair);
		WRITE_ONCE(slot->time, (u32)now);
	}
	spin_unlock(&redirects->lock);

	return tell;
}

/**
 * nhrp_redirect - tell that a packet takes a detour by this node
 * @cache: cache of the device that it came in by and leaves by
 * @redirect: the packet, and between which peers
 *
 * Context: BH disabled, in an RCU section.
 */
void nhrp_redirect(struct nhrp_cache *cache,
		   const struct nhrp_redirect *redirect)
{
	struct nhrp_redirects *redirects = cache->redirects;

	if (nhrp_nl_can_redirect(cache) &&
	    nhrp_redirect_note(redirects,
			       nhrp_redirect_hash(redirects, &redirect->flow)))
		nhrp_nl_redirect(cache, redirect);
}

/**
 * nhrp_redirect_init - set up what a cache needs for redirects
 * @cache: cache
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int nhrp_redirect_init(struct nhrp_cache *cache)
{
	struct nhrp_redirects *redirects;

	redirects = kzalloc(sizeof(*redirects), GFP_KERNEL_ACCOUNT);
	if (!redirects)
		return -ENOMEM;

	spin_lock_init(&redirects->lock);
	get_random_bytes(&redirects->secret, sizeof(redirects->secret));
	redirects->credit = NHRP_REDIRECT_RATE * HZ;
	redirects->time = get_jiffies_64();
	cache->redirects = redirects;

	return 0;
}

/**
 * nhrp_redirect_free - undo nhrp_redirect_init()
 * @cache: cache that nobody uses any more
 *
 * Context: process.
 */
void nhrp_redirect_free(struct nhrp_cache *cache)
{
	kfree(cache->redirects);
}

#ifdef MGRE_SELFTEST
#include "redirect_test.c"
#endif
