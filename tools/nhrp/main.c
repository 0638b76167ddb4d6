// SPDX-License-Identifier: GPL-2.0
/* nhrp: options and dispatch. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nhrp.h"

#define NETNS_DIR	"/var/run/netns"

struct options options;

static int main_help(void)
{
	fputs("Usage: nhrp [ OPTIONS ] OBJECT { COMMAND | help }\n"
	      "       nhrp [ OPTIONS ] [ -force ] -batch FILE\n"
	      "OBJECT := { map | peer | mcast | stats | monitor }\n"
	      "OPTIONS := { -j[son] | -p[retty] | -s[tatistics] | -d[etails] | -o[neline] |\n"
	      "             -t[imestamp] | -n[etns] NETNS | -V[ersion] | -h[elp] }\n", stdout);
	return STATUS_DONE;
}

static int main_help_words(struct words *words)
{
	return main_help();
}

static const struct object {
	const char *name;
	int (*run)(struct words *words);
} objects[] = {
	{ "map", map_command },
	{ "peer", peer_command },
	{ "mcast", mcast_command },
	{ "stats", stats_command },
	{ "monitor", monitor_command },
	{ "help", main_help_words },
};

/* Runs one command line without its options. */
int command_run(struct words *words)
{
	const char *word = word_next(words);
	int status;
	size_t i;

	if (!word)
		return usage_error("the object is missing, try \"nhrp help\".");
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!word_matches(word, objects[i].name))
			continue;
		/* map knows best what has to wait for the changes before it */
		status = objects[i].run == map_command ? STATUS_DONE : changes_flush();
		return status ? status : objects[i].run(words);
	}
	return usage_error("object \"%s\" is unknown, try \"nhrp help\".", word);
}

static int netns_enter(const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (!*name || strchr(name, '/'))
		return usage_error("\"%s\" is not a valid name of a network namespace.", name);

	snprintf(path, sizeof(path), "%s/%s", NETNS_DIR, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return usage_error("cannot open network namespace \"%s\": %s.", name,
				   strerror(errno));
	if (setns(fd, CLONE_NEWNET)) {
		close(fd);
		return usage_error("cannot enter network namespace \"%s\": %s.", name,
				   strerror(errno));
	}
	close(fd);
	return STATUS_DONE;
}

static const struct option {
	const char *name;
	bool *flag;
} flags[] = {
	{ "json", &options.json },
	{ "pretty", &options.pretty },
	{ "statistics", &options.stats },
	{ "stats", &options.stats },
	{ "details", &options.details },
	{ "oneline", &options.oneline },
	{ "timestamp", &options.timestamp },
};

static bool *flag_lookup(const char *name)
{
	size_t i;

	/* -f is the family in ip(8), so force is spelled out */
	if (!strcmp(name, "force"))
		return &options.force;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (word_matches(name, flags[i].name))
			return flags[i].flag;
	return NULL;
}

/* What the options ask for besides flags */
struct request {
	const char *batch;
	bool help;
	bool version;
};

static int option_parse(const char *word, struct words *words, struct request *request)
{
	const char *name = word + 1 + (word[1] == '-');
	const char *value;
	int status;
	bool *flag;

	flag = flag_lookup(name);
	if (flag) {
		*flag = true;
		return STATUS_DONE;
	}

	if (word_matches(name, "help")) {
		request->help = true;
		return STATUS_DONE;
	}
	if (word_matches(name, "Version")) {
		request->version = true;
		return STATUS_DONE;
	}
	if (word_matches(name, "batch"))
		return word_value(words, "-batch", &request->batch);
	if (word_matches(name, "netns")) {
		status = word_value(words, "-netns", &value);
		return status ? status : netns_enter(value);
	}
	return usage_error("option \"%s\" is unknown, try \"nhrp -help\".", word);
}

static int run(struct words *words)
{
	struct request request = { };
	int status;

	while (words->argc && words->argv[0][0] == '-') {
		status = option_parse(word_next(words), words, &request);
		if (status)
			return status;
	}

	if (request.help)
		return main_help();
	if (request.version) {
		printf("nhrp %s\n", NHRP_VERSION);
		return STATUS_DONE;
	}
	if (!request.batch)
		return command_run(words);
	if (words->argc)
		return usage_error("-batch takes no command, but there is \"%s\".", words->argv[0]);
	options.batch = true;
	return batch_run(request.batch);
}

/*
 * Where a standard stream is closed, the next file to be opened would be it. In its
 * place is what cannot be used, so that its user learns of it.
 */
static void streams_occupy(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	struct words words = { .argc = argc - 1, .argv = argv + 1 };
	int finished;
	int status;

	streams_occupy();
	status = run(&words);
	netlink_close();
	finished = print_finish();
	return status ? status : finished;
}
