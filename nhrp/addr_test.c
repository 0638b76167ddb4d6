// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of addresses and prefixes. What is expected is worked out bit by bit, so
 * as not to share a mistake with the code under test.
 */

#include <linux/bitops.h>
#include <linux/string.h>

#include "selftest.h"

#define NHRP_TEST_ADDRS		(NHRP_TEST_SLOW ? 8 : 64)
#define NHRP_TEST_PAIRS		(NHRP_TEST_SLOW ? 20000 : 200000)

static const u8 nhrp_test_families[] = { AF_INET, AF_INET6 };

static int nhrp_addr_test_init(struct kunit *test)
{
	struct rnd_state *rnd = kunit_kzalloc(test, sizeof(*rnd), GFP_KERNEL);

	if (!rnd)
		return -ENOMEM;
	prandom_seed_state(rnd, NHRP_TEST_SEED);
	test->priv = rnd;

	return 0;
}

static bool nhrp_test_bit(const struct nhrp_addr *addr, unsigned int bit)
{
	return ((const u8 *)&addr->ip6)[bit / 8] & (0x80 >> (bit % 8));
}

static void nhrp_test_flip(struct nhrp_addr *addr, unsigned int bit)
{
	((u8 *)&addr->ip6)[bit / 8] ^= 0x80 >> (bit % 8);
}

/* An IPv4 address has rubbish behind it. */
static void nhrp_test_random(struct rnd_state *rnd, u8 family,
			     struct nhrp_addr *addr)
{
	prandom_bytes_state(rnd, addr, sizeof(*addr));
	addr->family = family;
}

/* Few bits vary, so that prefixes are inside each other, and equal. */
static void nhrp_test_crowded(struct rnd_state *rnd, struct nhrp_prefix *prefix)
{
	u8 family = nhrp_test_families[prandom_u32_state(rnd) & 1];
	struct nhrp_addr addr = { .family = family };
	unsigned int max = nhrp_addr_bits(&addr), i;

	for (i = 0; i < 4; i++)
		if (prandom_u32_state(rnd) & 1)
			nhrp_test_flip(&addr, i * (max - 1) / 3);
	memset(prefix, 0, sizeof(*prefix));
	nhrp_prefix_set(prefix, &addr, prandom_u32_state(rnd) % 4 ?
				       prandom_u32_state(rnd) % (max + 1) : max);
}

static bool nhrp_test_masked(const struct nhrp_prefix *prefix,
			     const struct nhrp_addr *addr, unsigned int len)
{
	unsigned int bit;

	for (bit = 0; bit < nhrp_addr_bits(addr); bit++)
		if (nhrp_test_bit(&prefix->addr, bit) !=
		    (bit < len && nhrp_test_bit(addr, bit)))
			return false;

	return prefix->len == len && prefix->addr.family == addr->family;
}

static void nhrp_addr_test_lengths(struct kunit *test)
{
	struct nhrp_addr ip4 = { .family = AF_INET };
	struct nhrp_addr ip6 = { .family = AF_INET6 };

	KUNIT_EXPECT_EQ(test, nhrp_addr_bits(&ip4), 32);
	KUNIT_EXPECT_EQ(test, nhrp_addr_size(&ip4), 4);
	KUNIT_EXPECT_EQ(test, nhrp_addr_bits(&ip6), 128);
	KUNIT_EXPECT_EQ(test, nhrp_addr_size(&ip6), 16);
}

static void nhrp_addr_test_masks(struct kunit *test)
{
	struct nhrp_prefix prefix;
	struct nhrp_addr addr;
	unsigned int len;
	int i, f;

	for (f = 0; f < ARRAY_SIZE(nhrp_test_families); f++) {
		for (i = 0; i < NHRP_TEST_ADDRS; i++) {
			nhrp_test_random(test->priv, nhrp_test_families[f],
					 &addr);
			for (len = 0; len <= nhrp_addr_bits(&addr); len++) {
				memset(&prefix, 0xff, sizeof(prefix));
				nhrp_prefix_set(&prefix, &addr, len);
				KUNIT_EXPECT_TRUE_MSG(test,
						      nhrp_test_masked(&prefix,
								       &addr,
								       len),
						      "family %u, length %u",
						      addr.family, len);
			}
		}
	}
}

/* Whether an address whose first other bit is @bit is in the prefix */
static bool nhrp_test_covers_other(const struct nhrp_addr *addr,
				   unsigned int len, unsigned int bit)
{
	struct nhrp_prefix prefix, host;
	struct nhrp_addr other = *addr;

	nhrp_test_flip(&other, bit);
	nhrp_prefix_set(&prefix, addr, len);
	nhrp_prefix_set(&host, &other, nhrp_addr_bits(addr));

	return nhrp_prefix_covers(&prefix, &host);
}

static void nhrp_addr_test_covers(struct kunit *test)
{
	struct nhrp_prefix prefix, inside;
	unsigned int len, max, i;
	struct nhrp_addr addr;
	int f;

	for (f = 0; f < ARRAY_SIZE(nhrp_test_families); f++) {
		nhrp_test_random(test->priv, nhrp_test_families[f], &addr);
		max = nhrp_addr_bits(&addr);
		for (len = 0; len <= max; len++) {
			nhrp_prefix_set(&prefix, &addr, len);
			for (i = 0; i < max; i++)
				KUNIT_EXPECT_EQ_MSG(test, i >= len,
						    nhrp_test_covers_other(&addr, len, i),
						    "length %u, bit %u", len, i);
			for (i = 0; i <= max; i++) {
				nhrp_prefix_set(&inside, &addr, i);
				KUNIT_EXPECT_EQ_MSG(test, i >= len,
						    nhrp_prefix_covers(&prefix, &inside),
						    "lengths %u, %u", len, i);
			}
		}
	}
}

/* 0.0.0.0 and :: are made of the same octets. */
static void nhrp_addr_test_families(struct kunit *test)
{
	const struct nhrp_prefix any4 = { .addr.family = AF_INET };
	const struct nhrp_prefix any6 = { .addr.family = AF_INET6 };

	KUNIT_EXPECT_FALSE(test, nhrp_addr_equal(&any4.addr, &any6.addr));
	KUNIT_EXPECT_FALSE(test, nhrp_addr_equal(&any6.addr, &any4.addr));
	KUNIT_EXPECT_FALSE(test, nhrp_prefix_covers(&any4, &any6));
	KUNIT_EXPECT_FALSE(test, nhrp_prefix_covers(&any6, &any4));
	KUNIT_EXPECT_TRUE(test, nhrp_prefix_cmp(&any4, &any6) < 0);
	KUNIT_EXPECT_TRUE(test, nhrp_prefix_cmp(&any6, &any4) > 0);
}

/* Equal is what has all bits of its family in common, whatever is behind them. */
static void nhrp_addr_test_equal(struct kunit *test)
{
	struct nhrp_addr a, b;
	unsigned int bit, max;
	int f;

	for (f = 0; f < ARRAY_SIZE(nhrp_test_families); f++) {
		nhrp_test_random(test->priv, nhrp_test_families[f], &a);
		nhrp_test_random(test->priv, nhrp_test_families[f], &b);
		max = nhrp_addr_bits(&a);
		memcpy(&b.ip6, &a.ip6, nhrp_addr_size(&a));
		KUNIT_EXPECT_TRUE(test, nhrp_addr_equal(&a, &b));
		for (bit = 0; bit < max; bit++) {
			nhrp_test_flip(&b, bit);
			KUNIT_EXPECT_FALSE_MSG(test, nhrp_addr_equal(&a, &b),
					       "bit %u of %u", bit, max);
			nhrp_test_flip(&b, bit);
		}
	}
}

static int nhrp_test_sign(int number)
{
	return (number > 0) - (number < 0);
}

static int nhrp_test_naive_cmp(const struct nhrp_prefix *a,
			       const struct nhrp_prefix *b)
{
	int cmp;

	if (a->addr.family != b->addr.family)
		return a->addr.family == AF_INET ? -1 : 1;
	cmp = memcmp(&a->addr.ip6, &b->addr.ip6, nhrp_addr_size(&a->addr));
	if (cmp)
		return nhrp_test_sign(cmp);

	return nhrp_test_sign(a->len - b->len);
}

/* Walks rely on it that what is in a prefix comes right behind it. */
static void nhrp_addr_test_order(struct kunit *test)
{
	struct nhrp_prefix a, b;
	int i, want;

	for (i = 0; i < NHRP_TEST_PAIRS; i++) {
		nhrp_test_crowded(test->priv, &a);
		nhrp_test_crowded(test->priv, &b);
		want = nhrp_test_naive_cmp(&a, &b);
		KUNIT_ASSERT_EQ_MSG(test, nhrp_test_sign(nhrp_prefix_cmp(&a, &b)),
				    want, "pair %d, seed %#x", i,
				    NHRP_TEST_SEED);
		KUNIT_ASSERT_EQ_MSG(test, nhrp_test_sign(nhrp_prefix_cmp(&b, &a)),
				    -want, "pair %d, seed %#x", i,
				    NHRP_TEST_SEED);
		if (nhrp_prefix_covers(&a, &b))
			KUNIT_ASSERT_TRUE(test, nhrp_prefix_cmp(&a, &b) <= 0);
	}
}

/* Where a number with a sign, or in the wrong byte order, would go wrong */
static void nhrp_addr_test_order_edges(struct kunit *test)
{
	static const u32 rising[] = {
		0, 1, 0xff, 0x100, 0x01000000, 0x7fffffff, 0x80000000,
		0xff000000, 0xffffffff,
	};
	struct nhrp_prefix a, b;
	int i;

	for (i = 1; i < ARRAY_SIZE(rising); i++) {
		nhrp_test_host4(&a, rising[i - 1]);
		nhrp_test_host4(&b, rising[i]);
		KUNIT_EXPECT_TRUE_MSG(test, nhrp_prefix_cmp(&a, &b) < 0,
				      "%#x, %#x", rising[i - 1], rising[i]);
		KUNIT_EXPECT_TRUE_MSG(test, nhrp_prefix_cmp(&b, &a) > 0,
				      "%#x, %#x", rising[i - 1], rising[i]);
	}
	memset(&a, 0, sizeof(a));
	a.addr.family = AF_INET6;
	b = a;
	b.len = NHRP_PREFIX6_MAX;
	KUNIT_EXPECT_TRUE(test, nhrp_prefix_cmp(&a, &b) < 0);
	KUNIT_EXPECT_EQ(test, nhrp_prefix_cmp(&b, &b), 0);
}

/* The place may be of any alignment, and nothing of what was there may stay. */
static void nhrp_addr_test_sockaddr(struct kunit *test)
{
	u8 room[sizeof(struct sockaddr_in6) + 2];
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	struct nhrp_addr addr;

	nhrp_test_random(test->priv, AF_INET, &addr);
	memset(room, 0xff, sizeof(room));
	nhrp_addr_sockaddr(&addr, room + 1);
	memcpy(&in, room + 1, sizeof(in));
	KUNIT_EXPECT_EQ(test, in.sin_family, AF_INET);
	KUNIT_EXPECT_EQ(test, ntohl(in.sin_addr.s_addr), ntohl(addr.ip4));
	KUNIT_EXPECT_FALSE(test, memchr_inv(room + 1 + sizeof(in), 0,
					    sizeof(in6) - sizeof(in)));

	nhrp_test_random(test->priv, AF_INET6, &addr);
	memset(room, 0xff, sizeof(room));
	nhrp_addr_sockaddr(&addr, room + 1);
	memcpy(&in6, room + 1, sizeof(in6));
	KUNIT_EXPECT_EQ(test, in6.sin6_family, AF_INET6);
	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&in6.sin6_addr, &addr.ip6));
	KUNIT_EXPECT_EQ(test, in6.sin6_scope_id, 0);
	KUNIT_EXPECT_EQ(test, room[0], 0xff);
	KUNIT_EXPECT_EQ(test, room[sizeof(room) - 1], 0xff);
}

static struct kunit_case nhrp_addr_cases[] = {
	KUNIT_CASE(nhrp_addr_test_lengths),
	KUNIT_CASE_SLOW(nhrp_addr_test_masks),
	KUNIT_CASE_SLOW(nhrp_addr_test_covers),
	KUNIT_CASE(nhrp_addr_test_families),
	KUNIT_CASE(nhrp_addr_test_equal),
	KUNIT_CASE_SLOW(nhrp_addr_test_order),
	KUNIT_CASE(nhrp_addr_test_order_edges),
	KUNIT_CASE(nhrp_addr_test_sockaddr),
	{}
};

struct kunit_suite nhrp_addr_suite = {
	.name		= "nhrp_addr",
	.init		= nhrp_addr_test_init,
	.test_cases	= nhrp_addr_cases,
};
