// SPDX-License-Identifier: GPL-2.0
/* A netns is made, and the module loaded. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

static int home = -1;

static long unshare_act(const struct op *op)
{
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

static int plain_finish(const struct op *op, long result)
{
	return -result;
}

/* The new one goes, if there is one. */
static void unshare_undo(const struct op *op)
{
	if (setns(home, CLONE_NEWNET))
		die("setns");
}

static const struct op unshare_op = {
	.name = "make a netns", .min = 20, .max = 40, .tail = true,
	.act = unshare_act, .finish = plain_finish, .undo = unshare_undo,
};

/**
 * netns - namespaces come
 *
 * The last allocations are those of devices, and of the module's own part.
 */
void netns(void)
{
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		die("netns");
	fault_run(&unshare_op);
}

static int image = -1;

static bool in_file(const char *path, const char *start)
{
	char line[512];
	bool found = false;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		found |= !strncmp(line, start, strlen(start));
	if (file)
		fclose(file);

	return found;
}

/* What a module that is not there has left. */
static void module_state(struct text *text)
{
	netlink_genl_init();
	text_add(text, "module %d family %d mappings %d peers %d\n",
		 in_file("/proc/modules", "mgre "), !!netlink_family,
		 in_file("/proc/slabinfo", "nhrp_mapping"),
		 in_file("/proc/slabinfo", "nhrp_peer"));
}

static long load_act(const struct op *op)
{
	return syscall(SYS_finit_module, image, "", 0) ? -errno : 0;
}

static void unload_mgre(const struct op *op)
{
	if (syscall(SYS_delete_module, "mgre", O_NONBLOCK) && errno != ENOENT)
		wrong("unload: %s", strerror(errno));
}

static const struct op load_op = {
	.name = "load the module", .where = WHERE_INIT,
	.reject = "__kmem_cache_create_args", .min = 8, .max = 30,
	.act = load_act, .finish = plain_finish, .undo = unload_mgre,
	.state = module_state,
};

/**
 * module - the module, which is not there
 * @path: its file
 */
void module(const char *path)
{
	image = open(path, O_RDONLY | O_CLOEXEC);
	if (image < 0)
		die("%s", path);
	fault_run(&load_op);
}
