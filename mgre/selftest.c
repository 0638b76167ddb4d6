// SPDX-License-Identifier: GPL-2.0
/*
 * The unit tests, and what runs them on a kernel without KUnit. The suites are beside
 * what they test, in *_test.c; those of functions that are static are included by
 * the file of these.
 */

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../include/selftest.h"
#include "mgre.h"

kunit_test_suites(&nhrp_addr_suite, &nhrp_table_suite, &nhrp_cache_suite,
		  &nhrp_mapping_suite, &nhrp_resolve_suite, &nhrp_redirect_suite,
		  &mgre_xmit_suite, &mgre_encap_suite, &mgre_rcv_suite);

#if !IS_ENABLED(CONFIG_KUNIT)

/* As KUnit's: cases are indented below their suite. */
#define KUNIT_INDENT	"    "

/**
 * struct kunit_run - a case on its way through its thread
 * @test: what it sees
 * @suite: suite
 * @test_case: case
 * @done: the thread has ended
 */
struct kunit_run {
	struct kunit test;
	const struct kunit_suite *suite;
	const struct kunit_case *test_case;
	struct completion done;
};

/**
 * kunit_kzalloc - memory that goes with the case
 * @test: case
 * @size: octets
 * @gfp: flags
 *
 * Return: zeroed memory, or NULL.
 */
void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct list_head *memory = kzalloc(sizeof(*memory) + size, gfp);

	if (!memory)
		return NULL;
	list_add(memory, &test->memory);

	return memory + 1;
}

static void kunit_free(struct kunit *test)
{
	struct list_head *memory, *next;

	list_for_each_safe(memory, next, &test->memory)
		kfree(memory);
}

/**
 * kunit_failed - say what is not as it should be
 * @test: case, which ends here if @check says so
 * @check: what
 * @fmt: more about it, or NULL
 *
 * Context: the thread of the case.
 */
void kunit_failed(struct kunit *test, const struct kunit_check *check,
		  const char *fmt, ...)
{
	struct va_format more = { .fmt = fmt };
	va_list args;

	test->failed = true;
	kunit_info(test, "%s FAILED at %s:%d\n",
		   check->stop ? "ASSERTION" : "EXPECTATION", check->file,
		   check->line);
	kunit_info(test, "expected %s, but these are %lld, %lld\n",
		   check->text, check->left, check->right);
	if (fmt) {
		va_start(args, fmt);
		more.va = &args;
		kunit_info(test, "%pV\n", &more);
		va_end(args);
	}
	if (check->stop)
		kthread_complete_and_exit(&container_of(test, struct kunit_run,
							test)->done, 0);
}

static int kunit_thread(void *data)
{
	struct kunit_run *run = data;
	struct kunit *test = &run->test;
	int err;

	err = run->suite->init ? run->suite->init(test) : 0;
	if (err) {
		kunit_info(test, "failed to initialize: %d\n", err);
		test->failed = true;
	} else {
		run->test_case->run_case(test);
	}
	kthread_complete_and_exit(&run->done, 0);
}

static bool kunit_run_case(const struct kunit_suite *suite,
			   const struct kunit_case *test_case)
{
	struct kunit_run run = {
		.test.name	= test_case->name,
		.suite		= suite,
		.test_case	= test_case,
	};
	struct task_struct *thread;

	INIT_LIST_HEAD(&run.test.memory);
	init_completion(&run.done);
	thread = kthread_run(kunit_thread, &run, "kunit");
	if (IS_ERR(thread))
		return false;
	wait_for_completion(&run.done);

	if (suite->exit)
		suite->exit(&run.test);
	kunit_free(&run.test);

	return !run.test.failed;
}

static bool kunit_run_suite(const struct kunit_suite *suite)
{
	const struct kunit_case *cases = suite->test_cases;
	bool good, all_good = true;
	int i, count = 0;

	while (cases[count].run_case)
		count++;
	pr_info(KUNIT_INDENT "KTAP version 1\n");
	pr_info(KUNIT_INDENT "# Subtest: %s\n", suite->name);
	pr_info(KUNIT_INDENT "1..%d\n", count);
	for (i = 0; i < count; i++) {
		good = kunit_run_case(suite, &cases[i]);
		all_good &= good;
		pr_info(KUNIT_INDENT "%s %d %s\n", good ? "ok" : "not ok",
			i + 1, cases[i].name);
	}

	return all_good;
}

/**
 * mgre_selftest - run the unit tests
 *
 * Context: process, module load.
 * Return: 0, or -EINVAL if one has failed.
 */
int __init mgre_selftest(void)
{
	bool good, all_good = true;
	int i;

	pr_info("KTAP version 1\n");
	pr_info("1..%zu\n", ARRAY_SIZE(kunit_suites));
	for (i = 0; i < ARRAY_SIZE(kunit_suites); i++) {
		good = kunit_run_suite(kunit_suites[i]);
		all_good &= good;
		pr_info("%s %d %s\n", good ? "ok" : "not ok", i + 1,
			kunit_suites[i]->name);
	}

	return all_good ? 0 : -EINVAL;
}

#endif /* !CONFIG_KUNIT */
