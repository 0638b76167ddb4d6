// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz rcv DEVICE SEED PACKETS TARGET...	into the peer of a veth
 * fuzz xmit DEVICE SEED PACKETS KIND		into an mgre device, see xmit.c
 *
 * TARGET is NUMBER:4, NUMBER:6 or NUMBER:46, and k for one with a key. Prints
 * "NAME NUMBER" lines of what it sent.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

struct target targets[TARGETS_MAX];
unsigned int target_count;
struct counts counts;

void die(const char *what)
{
	perror(what);
	exit(1);
}

static void add_target(const char *word)
{
	struct target *t = &targets[target_count];
	const char *kind = strchr(word, ':');

	if (target_count == TARGETS_MAX || !kind) {
		fprintf(stderr, "fuzz: bad target %s\n", word);
		exit(2);
	}
	t->number = atoi(word);
	t->ip4 = strchr(kind, '4');
	t->ip6 = strchr(kind, '6');
	t->keyed = strchr(kind, 'k');
	target_count++;
}

/* Everything that GRE may be, cut off after each of its octets. */
static void sweep(const struct target *t, bool ip6, bool inner6)
{
	static struct packet whole, body;
	size_t len;

	whole.len = 0;
	put_whole(&whole, t, inner6);
	for (len = 0; len <= whole.len; len++) {
		body.len = 0;
		put(&body, whole.at, len);
		send_plain(t, ip6, 47, &body);
	}
}

static void sweep_all(void)
{
	unsigned int i, how;

	for (i = 0; i < target_count; i++) {
		for (how = 0; how < 4; how++) {
			if (how & 1 ? targets[i].ip6 : targets[i].ip4)
				sweep(&targets[i], how & 1, how & 2);
		}
	}
}

static void send_one(void)
{
	static const __u8 others[] = { 0, 1, 4, 17, 41, 50, 58, 59, 132, 255 };
	const struct target *t = &targets[draw(target_count)];
	bool ip6 = t->ip4 && t->ip6 ? draw(2) : t->ip6;
	static struct packet body, last;

	if (one_in(64))
		ip6 = !ip6;
	body.len = 0;
	switch (draw(32)) {
	case 0:
		put_random(&body, draw(100));
		send_datagram(t, ip6, ip6 ? 47 : others[draw(ARRAY_SIZE(others))],
			      &body);
		return;
	case 1:
	case 2:
		if (!ip6)
			put_error4(&body, t);
		send_datagram(t, ip6, ip6 ? 58 : 1, &body);
		return;
	case 3:
		put_nested(&body, t, one_in(64) ? draw(1200) : 1 + draw(12));
		break;
	case 4:
	case 5:
	case 6:
		put(&body, last.at, last.len);
		flip(&body, 0);
		break;
	default:
		put_gre(&body, t, 0);
		last.len = 0;
		put(&last, body.at, body.len);
	}
	send_datagram(t, ip6, 47, &body);
}

static void fuzz_rcv(int argc, char **argv, __u64 count)
{
	int i;

	for (i = 0; i < argc; i++)
		add_target(argv[i]);
	sweep_all();
	while (counts.datagrams < count)
		send_one();
	wire_flush();
}

static void report(void)
{
	printf("frames %llu\n", counts.frames);
	printf("datagrams %llu\n", counts.datagrams);
	printf("fragments6 %llu\n", counts.fragments6);
	printf("sets6 %llu\n", counts.sets6);
	printf("refused %llu\n", counts.refused);
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "usage: fuzz rcv|xmit DEVICE SEED PACKETS WHAT...\n");
		return 2;
	}
	seed(strtoull(argv[3], NULL, 0));
	if (!strcmp(argv[1], "xmit")) {
		fuzz_xmit(argc - 2, argv + 2, strtoull(argv[4], NULL, 0));
	} else {
		wire_open(argv[2]);
		fuzz_rcv(argc - 5, argv + 5, strtoull(argv[4], NULL, 0));
	}
	report();

	return 0;
}
