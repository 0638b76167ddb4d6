// SPDX-License-Identifier: GPL-2.0
/* Documentation/fault-injection of the kernel: which allocation fails. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

#define DEBUG	"/sys/kernel/debug/"

/**
 * struct range - addresses of code
 * @name: function, or NULL for the module
 * @start: first one
 * @end: behind the last one
 */
struct range {
	const char *name;
	unsigned long start;
	unsigned long end;
};

/* Who has no memory to watch a reference with says so in the kernel's log, once, and
 * so does who has none for a slab cache or for pages of per-CPU memory: with a stack
 * dump, which is a fault to who reads the log.
 */
#define REF_TRACKER	"ref_tracker_alloc"
#define PERCPU		"pcpu_alloc_noprof"

static struct range ranges[] = {
	{ NULL },
	{ "do_one_initcall" },
	{ REF_TRACKER },
	{ PERCPU },
	{ "__kmem_cache_create_args" },
	{ "device_rename" },
	{ "__vmalloc_node_range_noprof" },
};

static int nth;

static void note_symbol(unsigned long addr, char type, const char *name,
			const char *module)
{
	struct range *r;

	for (r = ranges; r < ranges + ARRAY_SIZE(ranges); r++) {
		if (!r->name) {
			if (strcmp(module, "[mgre]") || !strchr("tT", type))
				continue;
			if (!r->start || addr < r->start)
				r->start = addr;
			if (addr >= r->end)
				r->end = addr + 1;
		} else if (r->start && !r->end && addr > r->start) {
			r->end = addr;
		} else if (!r->start && !*module && !strcmp(r->name, name)) {
			r->start = addr;
		}
	}
}

/* The symbols of the kernel are in the order of their addresses. */
static void read_symbols(void)
{
	char line[512], name[256], module[64], type;
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long addr;
	int fields;

	if (!file)
		die("/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		*module = 0;
		fields = sscanf(line, "%lx %c %255s %63s", &addr, &type, name,
				module);
		if (fields >= 3)
			note_symbol(addr, type, name, module);
	}
	fclose(file);
	/* The last function has a length too. */
	ranges[0].end += 4096;
}

static const struct range *range(const char *name)
{
	struct range *r = ranges;

	for (; r < ranges + ARRAY_SIZE(ranges); r++)
		if (name == r->name ||
		    (name && r->name && !strcmp(name, r->name)))
			break;
	if (r == ranges + ARRAY_SIZE(ranges) || !r->start || !r->end)
		die("no address of %s", name ?: "the module");

	return r;
}

static void setting(const char *dir, const char *name, const char *format,
		    unsigned long value)
{
	char path[128], text[32];
	int fd, size;

	snprintf(path, sizeof(path), DEBUG "%s/%s", dir, name);
	size = snprintf(text, sizeof(text), format, value);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, size) != size)
		die("%s", path);
	close(fd);
}

static void settings(const char *dir)
{
	setting(dir, "verbose", "%lu", 0);
	setting(dir, "task-filter", "%c", 'N');
	setting(dir, "ignore-gfp-wait", "%c", 'N');
	setting(dir, "stacktrace-depth", "%lu", 32);
}

/**
 * inject_where - say which allocations fail from now on
 * @where: those that may
 * @reject: those below this function do not; NULL for the usual one
 */
void inject_where(enum where where, const char *reject)
{
	const struct range *slab = range(reject ?: REF_TRACKER);
	const struct range *pages = range(reject ?: PERCPU);
	unsigned long start = 0, end = ULONG_MAX;

	if (where != WHERE_ANY) {
		const struct range *r = range(where == WHERE_MODULE ? NULL :
					      "do_one_initcall");

		start = r->start;
		end = r->end;
	}
	setting("failslab", "require-start", "%lu", start);
	setting("failslab", "require-end", "%lu", end);
	setting("failslab", "reject-start", "%lu", slab->start);
	setting("failslab", "reject-end", "%lu", slab->end);
	setting("fail_page_alloc", "require-start", "%lu", start);
	setting("fail_page_alloc", "require-end", "%lu", end);
	setting("fail_page_alloc", "reject-start", "%lu", pages->start);
	setting("fail_page_alloc", "reject-end", "%lu", pages->end);
}

/* So many may fail by chance; what is left of them tells how many have. */
#define CHANCES		1000000

static unsigned long chances_left(const char *dir)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), DEBUG "%s/times", dir);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die("%s", path);
	close(fd);

	return strtoul(text, NULL, 10);
}

/**
 * inject_chance - allocations of the module fail by chance from now on, all of them
 * @percent: of them; 0 to end it
 *
 * Return: how many have failed since the last time.
 */
unsigned long inject_chance(int percent)
{
	unsigned long failed = 2 * CHANCES - chances_left("failslab") -
			       chances_left("fail_page_alloc");

	if (percent)
		inject_where(WHERE_MODULE, NULL);
	setting("failslab", "times", "%lu", CHANCES);
	setting("fail_page_alloc", "times", "%lu", CHANCES);
	setting("failslab", "probability", "%lu", percent);
	/* Slabs take pages, and fall back on fewer of them: else a slab fails twice. */
	setting("fail_page_alloc", "probability", "%lu", percent / 2);

	return failed;
}

/**
 * inject_open - get ready
 * @chance: leave alone what fails by chance
 */
void inject_open(bool chance)
{
	read_symbols();
	if (!chance) {
		setting("failslab", "probability", "%lu", 0);
		setting("failslab", "times", "%ld", -1);
		setting("fail_page_alloc", "probability", "%lu", 0);
		setting("fail_page_alloc", "times", "%ld", -1);
	}
	settings("failslab");
	settings("fail_page_alloc");
	setting("fail_page_alloc", "min-order", "%lu", 0);
	setting("fail_page_alloc", "ignore-gfp-highmem", "%c", 'Y');
	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth < 0)
		die("fail-nth");
}

/**
 * inject_arm - an allocation of this thread will fail
 * @n: which one; 0 for none
 */
void inject_arm(unsigned int n)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth, text, size, 0) != size)
		die("write to fail-nth");
}

/**
 * inject_disarm - no allocation will fail any more
 *
 * Return: how many allocations before the one that was to fail there were too few;
 * 0 if it has failed.
 */
unsigned int inject_disarm(void)
{
	char text[16] = "";

	if (pread(nth, text, sizeof(text) - 1, 0) <= 0)
		die("read from fail-nth");
	inject_arm(0);

	return strtoul(text, NULL, 10);
}
