/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests, in a module built with MGRE_SELFTEST=y.
 *
 * They are written for KUnit, which runs them when the module is loaded. Where the
 * kernel has no KUnit, as those of distributions, what follows stands in for as much
 * of it as they use, and mgre_selftest() runs them: a case is a thread of its own,
 * so that an assertion can end it, and the log reads as KUnit's.
 */

#ifndef _MGRE_SELFTEST_H
#define _MGRE_SELFTEST_H

#if IS_ENABLED(CONFIG_KUNIT)
#include <kunit/test.h>
#else

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

/**
 * struct kunit - a case while it runs
 * @priv: of the suite
 * @name: of the case
 * @memory: what kunit_kzalloc() has given
 * @failed: an expectation was not met
 */
struct kunit {
	void *priv;
	const char *name;
	struct list_head memory;
	bool failed;
};

/**
 * struct kunit_case - what is run
 * @run_case: the test
 * @name: its name
 */
struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

/**
 * struct kunit_suite - cases that work with the same things
 * @name: name
 * @init: called before each case
 * @exit: called after each case, even if @init has failed
 * @test_cases: cases, behind the last one an empty one
 */
struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

/**
 * struct kunit_check - what was to be so, and is not
 * @file: where it is written
 * @line: where there
 * @text: what is written
 * @left: value on the left
 * @right: value on the right
 * @stop: nothing that comes behind it makes sense
 */
struct kunit_check {
	const char *file;
	int line;
	const char *text;
	s64 left;
	s64 right;
	bool stop;
};

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp);
__printf(3, 4) void kunit_failed(struct kunit *test,
				 const struct kunit_check *check,
				 const char *fmt, ...);

#define KUNIT_CASE(test_name)		{ .run_case = test_name, .name = #test_name }
#define KUNIT_CASE_SLOW(test_name)	KUNIT_CASE(test_name)

#define kunit_test_suites(...)						\
	static struct kunit_suite *const kunit_suites[] = { __VA_ARGS__ }

#define kunit_info(test, fmt, ...)					\
	pr_info("    # %s: " fmt, (test)->name, ##__VA_ARGS__)

#define KUNIT_COMPARE(test, halt, l, op, r, fmt, ...)			\
do {									\
	const typeof(l) __left = (l);					\
	const typeof(r) __right = (r);					\
	const struct kunit_check __check = {				\
		.file	= __FILE__,					\
		.line	= __LINE__,					\
		.text	= #l " " #op " " #r,				\
		.left	= (s64)__left,					\
		.right	= (s64)__right,					\
		.stop	= halt,						\
	};								\
									\
	if (!(__left op __right))					\
		kunit_failed(test, &__check, fmt, ##__VA_ARGS__);	\
} while (0)

#define KUNIT_EXPECT_EQ(test, l, r)					\
	KUNIT_COMPARE(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_EQ_MSG(test, l, r, fmt, ...)			\
	KUNIT_COMPARE(test, false, l, ==, r, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NE(test, l, r)					\
	KUNIT_COMPARE(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_LE(test, l, r)					\
	KUNIT_COMPARE(test, false, l, <=, r, NULL)
#define KUNIT_EXPECT_GE(test, l, r)					\
	KUNIT_COMPARE(test, false, l, >=, r, NULL)
#define KUNIT_ASSERT_EQ(test, l, r)					\
	KUNIT_COMPARE(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_EQ_MSG(test, l, r, fmt, ...)			\
	KUNIT_COMPARE(test, true, l, ==, r, fmt, ##__VA_ARGS__)

#define KUNIT_EXPECT_TRUE(test, cond)					\
	KUNIT_COMPARE(test, false, !!(cond), ==, true, NULL)
#define KUNIT_EXPECT_TRUE_MSG(test, cond, fmt, ...)			\
	KUNIT_COMPARE(test, false, !!(cond), ==, true, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_FALSE(test, cond)					\
	KUNIT_COMPARE(test, false, !!(cond), ==, false, NULL)
#define KUNIT_EXPECT_FALSE_MSG(test, cond, fmt, ...)			\
	KUNIT_COMPARE(test, false, !!(cond), ==, false, fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_TRUE(test, cond)					\
	KUNIT_COMPARE(test, true, !!(cond), ==, true, NULL)
#define KUNIT_ASSERT_TRUE_MSG(test, cond, fmt, ...)			\
	KUNIT_COMPARE(test, true, !!(cond), ==, true, fmt, ##__VA_ARGS__)

#define KUNIT_POINTERS(test, halt, l, op, r)				\
	KUNIT_COMPARE(test, halt, (unsigned long)(l), op,		\
		      (unsigned long)(r), NULL)
#define KUNIT_EXPECT_PTR_EQ(test, l, r)	KUNIT_POINTERS(test, false, l, ==, r)
#define KUNIT_EXPECT_NULL(test, p)	KUNIT_POINTERS(test, false, p, ==, NULL)
#define KUNIT_EXPECT_NOT_NULL(test, p)	KUNIT_POINTERS(test, false, p, !=, NULL)
#define KUNIT_ASSERT_NOT_NULL(test, p)	KUNIT_POINTERS(test, true, p, !=, NULL)

#endif /* CONFIG_KUNIT */

/* nhrp/ */
extern struct kunit_suite nhrp_addr_suite;
extern struct kunit_suite nhrp_cache_suite;
extern struct kunit_suite nhrp_mapping_suite;
extern struct kunit_suite nhrp_resolve_suite;
extern struct kunit_suite nhrp_redirect_suite;
extern struct kunit_suite nhrp_table_suite;

/* mgre/ */
extern struct kunit_suite mgre_xmit_suite;
extern struct kunit_suite mgre_encap_suite;
extern struct kunit_suite mgre_rcv_suite;

#endif /* _MGRE_SELFTEST_H */
