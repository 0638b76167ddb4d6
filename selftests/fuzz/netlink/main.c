// SPDX-License-Identifier: GPL-2.0
/*
 * netlink setup			make the devices
 * netlink run [OPTION]... [DEVICE]...
 * netlink print [OPTION]...	write the steps as text instead
 * netlink replay FILE...		send what is in files, see text.c
 *
 *	-s SEED		which run
 *	-f STEP		first step (0)
 *	-c STEPS	number of steps
 *	-n MESSAGES	and at most so many messages
 *	-t SECONDS	and no longer than this
 *	-d		there is no privilege, so that no change may succeed
 *	-r STEPS	replace the other netns after so many
 *	-o FILE		write the last steps before a failure there
 *
 * Devices that are named, seven of them, stand in for m1 to m7. Prints "NAME NUMBER"
 * lines. Exit status: 0, 1 for an answer of the kernel that is wrong.
 */

#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netlink.h"

/* Steps that are kept of a failure. */
#define TRAIL	4

struct options options;
struct device devices[DEVICES];

void die(const char *what)
{
	perror(what);
	exit(1);
}

static __u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);

	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:f:c:n:t:r:o:d")) != -1) {
		if (c == 's')
			options.seed = strtoull(optarg, NULL, 0);
		else if (c == 'f')
			options.first = strtoull(optarg, NULL, 0);
		else if (c == 'c')
			options.steps = strtoull(optarg, NULL, 0);
		else if (c == 'n')
			options.messages = strtoull(optarg, NULL, 0);
		else if (c == 't')
			options.seconds = strtoul(optarg, NULL, 0);
		else if (c == 'r')
			options.replace = strtoul(optarg, NULL, 0);
		else if (c == 'o')
			options.trail = optarg;
		else if (c == 'd')
			options.denied = true;
		else
			exit(2);
	}
}

static void name_devices(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++) {
		devices[i].index = FIRST_INDEX - 1 + i;
		snprintf(devices[i].name, IFNAMSIZ, "m%u", i);
		if (i == 0 || (int)i > argc)
			continue;
		snprintf(devices[i].name, IFNAMSIZ, "%s", argv[i - 1]);
		devices[i].index = if_nametoindex(argv[i - 1]);
	}
}

static void write_trail(__u64 step)
{
	FILE *to = options.trail ? fopen(options.trail, "w") : NULL;
	__u64 i = step >= options.first + TRAIL ? step - TRAIL + 1 : options.first;

	printf("failed.step %llu\n", step);
	if (!to)
		return;
	for (; i <= step; i++) {
		fprintf(to, "# seed %llu, step %llu\n", options.seed, i);
		run_step(i, to);
	}
	fclose(to);
}

static bool more(__u64 step, __u64 messages, __u64 began)
{
	if (options.steps && step >= options.first + options.steps)
		return false;
	if (options.messages && messages >= options.messages)
		return false;

	return !options.seconds || now_ms() - began < options.seconds * 1000ULL;
}

static void run(void)
{
	__u64 step = options.first, messages = 0, began = now_ms();

	groups_open();
	if (!options.denied) {
		there_open();
		set_up();
	}
	for (; !complaints && more(step, messages, began); step++) {
		messages += run_step(step, NULL);
		if (options.replace && step % options.replace == 0)
			there_open();
	}
	if (complaints && step != options.first)
		write_trail(step - 1);
	printf("steps %llu\n", step - options.first);
	printf("messages %llu\n", messages);
	printf("milliseconds %llu\n", now_ms() - began);
	printf("generic %llu\n", spent[0].messages);
	printf("generic_ms %llu\n", spent[0].us / 1000);
	printf("route %llu\n", spent[1].messages);
	printf("route_ms %llu\n", spent[1].us / 1000);
	printf("events %llu\n", events);
	printf("overruns %llu\n", overruns);
	report_commands();
}

/* Needs neither module nor privilege. */
static void print(void)
{
	__u64 step;

	family = 0x7fff;
	for (step = options.first; step < options.first + options.steps; step++) {
		printf("# seed %llu, step %llu\n", options.seed, step);
		run_step(step, stdout);
	}
}

static void replay(int argc, char **argv)
{
	int i;

	groups_open();
	there_open();
	set_up();
	for (i = 0; i < argc && !complaints; i++) {
		printf("file %s\n", argv[i]);
		replay_file(argv[i]);
		groups_drain();
	}
	report_commands();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		parse_options(argc - 1, argv + 1);
	argv += 1 + optind;
	argc -= 1 + optind;
	name_devices(strcmp(what, "replay") ? argc : 0, argv);
	if (strcmp(what, "print"))
		links_open();
	if (!strcmp(what, "setup")) {
		set_up();
	} else if (!strcmp(what, "run")) {
		run();
	} else if (!strcmp(what, "print")) {
		print();
	} else if (!strcmp(what, "replay")) {
		replay(argc, argv);
	} else {
		fprintf(stderr, "usage: netlink setup|run|print|replay ...\n");
		return 2;
	}

	return !!complaints;
}
