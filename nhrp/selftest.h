/* SPDX-License-Identifier: GPL-2.0 */
/* What the unit tests of the cache share. */

#ifndef _NHRP_SELFTEST_H
#define _NHRP_SELFTEST_H

#include <linux/prandom.h>

#include "../include/selftest.h"
#include "nhrp_int.h"

/* make MGRE_SELFTEST=y MGRE_SELFTEST_SEED=NUMBER for others */
#ifndef NHRP_TEST_SEED
#define NHRP_TEST_SEED		0x23320001
#endif

/* On a kernel for debugging every step takes many times as long. */
#define NHRP_TEST_SLOW		(IS_ENABLED(CONFIG_KASAN) ||		\
				 IS_ENABLED(CONFIG_KCSAN) ||		\
				 IS_ENABLED(CONFIG_PROVE_LOCKING))

/* Of the device, which is registered nowhere */
#define NHRP_TEST_IFINDEX	4711

/**
 * struct nhrp_test - a cache that nobody else has
 * @cache: cache, empty; neither the sweep nor what is due runs by itself
 * @dev: its owner, which is up
 * @rnd: random numbers, the same at each run
 * @listener: socket that nhrp_test_listen() has made, or NULL
 * @sent: packets that went on
 * @told: packets that were given up, and their senders told
 * @dropped: packets that were given up silently
 */
struct nhrp_test {
	struct nhrp_cache cache;
	struct net_device *dev;
	struct rnd_state rnd;
	struct socket *listener;
	struct sk_buff_head sent;
	struct sk_buff_head told;
	struct sk_buff_head dropped;
};

int nhrp_test_init(struct kunit *test);
void nhrp_test_exit(struct kunit *test);

void nhrp_test_addr4(struct nhrp_addr *addr, u32 ip4);
void nhrp_test_host4(struct nhrp_prefix *prefix, u32 ip4);
int nhrp_test_write(struct nhrp_test *t, const struct nhrp_mapping_config *cfg,
		    u16 nlflags);
int nhrp_test_set(struct nhrp_test *t, const struct nhrp_prefix *dst, u32 nbma,
		  u8 type, u8 flags, u16 nlflags);
int nhrp_test_del(struct nhrp_test *t, const struct nhrp_prefix *dst);
bool nhrp_test_flush(struct nhrp_test *t);
struct nhrp_mapping *nhrp_test_mapping(struct nhrp_test *t,
				       const struct nhrp_prefix *dst);

int nhrp_test_listen(struct nhrp_test *t, unsigned int group);
void nhrp_test_deaf(struct nhrp_test *t);
struct sk_buff *nhrp_test_hear(struct nhrp_test *t);
unsigned int nhrp_test_heard(struct nhrp_test *t);
u32 nhrp_test_said(const struct sk_buff *msg, int attr);

/**
 * nhrp_test_too_late - has time gone on?
 * @now: get_jiffies_64() of before
 *
 * What must happen in one and the same jiffy is done again if so.
 *
 * Return: true if it has.
 */
static inline bool nhrp_test_too_late(u64 now)
{
	return time_after64(get_jiffies_64(), now);
}

#endif /* _NHRP_SELFTEST_H */
