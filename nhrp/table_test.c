// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the tables, included by table.c. */

#include "selftest.h"

/* Keys that somebody may choose to collide: for each that is added to a bucket of 16
 * the whole table would be made anew, to no avail if the seed does not part them.
 */
static void nhrp_table_test_hash(struct kunit *test)
{
	struct nhrp_prefix key;
	u32 seed, sum, hash, first;
	int len, equal;

	for (seed = 1; seed <= 64; seed++) {
		for (sum = 33; sum < 48; sum++) {
			equal = 0;
			for (len = 8; len <= 32; len++) {
				nhrp_test_host4(&key, (sum - len) << 24);
				key.len = len;
				hash = nhrp_table_hash(&key, sizeof(key),
						       seed * 0x9e3779b9);
				if (len == 8)
					first = hash;
				else
					equal += hash == first;
			}
			KUNIT_EXPECT_TRUE_MSG(test, equal < 3,
					      "sum %u: %d of 24 are equal", sum,
					      equal);
		}
	}
}

static struct kunit_case nhrp_table_cases[] = {
	KUNIT_CASE(nhrp_table_test_hash),
	{}
};

struct kunit_suite nhrp_table_suite = {
	.name		= "nhrp_table",
	.test_cases	= nhrp_table_cases,
};
