// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams as text, in the folder corpus and where a run has failed:
 *
 *	# what is behind such a sign is for the reader
 *	generic			a datagram begins; or route; there: in the other netns
 *	2c000000 nhrp 0500 ...	octets in hexadecimal; nhrp: the family's number
 *	00*300			so many of them
 *	!22			a request of the datagram ends with this error, which
 *				is said of all of them, in their order, or of none
 */

#include <stdlib.h>
#include <string.h>

#include "netlink.h"

static void print_octets(FILE *to, const __u8 *at, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (i && i % 32 == 0)
			fputs("\n", to);
		else if (i && i % 4 == 0)
			fputs(" ", to);
		fprintf(to, "%02x", at[i]);
	}
	fputs("\n", to);
}

static void print_header(FILE *to, const struct nlmsghdr *h, bool route)
{
	const __u8 *at = (const __u8 *)h;
	unsigned int i;

	for (i = 0; i < NLMSG_HDRLEN; i++) {
		if (i == 4 && !route && h->nlmsg_type == family) {
			fputs(" nhrp ", to);
			i++;
			continue;
		}
		fprintf(to, "%02x%s", at[i], i % 4 == 3 ? " " : "");
	}
	fputs("\n", to);
}

/**
 * print_datagram - write a datagram as text
 * @to: where to
 * @p: datagram
 * @link: where it is for
 */
void print_datagram(FILE *to, const struct packet *p, const struct link *link)
{
	const struct nlmsghdr *h;
	size_t at = 0, len;

	fprintf(to, "%s%s\n", link->route ? "route" : "generic",
		link->there ? " there" : "");
	while (p->len - at >= NLMSG_HDRLEN) {
		h = (const void *)(p->at + at);
		len = NLMSG_ALIGN((size_t)h->nlmsg_len);
		print_header(to, h, link->route);
		if (len < NLMSG_HDRLEN || len > p->len - at)
			len = p->len - at;
		at += NLMSG_HDRLEN;
		if (len > NLMSG_HDRLEN)
			print_octets(to, p->at + at, len - NLMSG_HDRLEN);
		at += len - NLMSG_HDRLEN;
	}
	if (at < p->len)
		print_octets(to, p->at + at, p->len - at);
}

static void bad_text(const char *name, const char *word)
{
	fprintf(stderr, "fuzz: %s: bad word %s\n", name, word);
	exit(2);
}

static void read_octets(struct packet *p, const char *name, const char *word)
{
	unsigned int octet, times = 1;
	const char *star = strchr(word, '*');
	int used;

	if (star)
		times = strtoul(star + 1, NULL, 10);
	for (; *word && word != star; word += 2) {
		if (sscanf(word, "%2x%n", &octet, &used) != 1 || used != 2)
			bad_text(name, word);
		while (times--)
			put8(p, octet);
		times = 1;
	}
}

static const struct link *link_of(bool route, bool there)
{
	const struct link *link = &links[route + 2 * there];

	return link->fd < 0 ? &links[route] : link;
}

/**
 * struct replay - a file that is read
 * @name: its name
 * @number: number of the datagram
 * @link: where that is for, or NULL before the first one
 * @p: its octets
 * @want: how its requests end
 * @count: of how many that is known
 */
struct replay {
	const char *name;
	unsigned int number;
	const struct link *link;
	struct packet p;
	int want[REQUESTS_MAX];
	unsigned int count;
};

static void replay_datagram(struct replay *r)
{
	char where[256];

	if (!r->link)
		return;
	snprintf(where, sizeof(where), "%s, datagram %u", r->name, ++r->number);
	send_and_check(r->link, &r->p);
	check_outcomes(r->want, r->count, where);
	r->p.len = 0;
	r->count = 0;
}

static void replay_word(struct replay *r, const char *word)
{
	if (!strcmp(word, "route") || !strcmp(word, "generic")) {
		replay_datagram(r);
		r->link = link_of(*word == 'r', false);
	} else if (!strcmp(word, "there")) {
		r->link = link_of(r->link && r->link->route, true);
	} else if (!strcmp(word, "nhrp")) {
		put(&r->p, &family, sizeof(family));
	} else if (*word == '!' && r->count < REQUESTS_MAX) {
		r->want[r->count++] = atoi(word + 1);
	} else {
		read_octets(&r->p, r->name, word);
	}
}

/**
 * replay_file - send the datagrams of a file, and check the answers
 * @name: file
 */
void replay_file(const char *name)
{
	static struct replay r;
	FILE *from = fopen(name, "r");
	char line[4096], *word;

	if (!from)
		die(name);
	r.name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	r.number = 0;
	r.link = NULL;
	r.p.len = 0;
	r.count = 0;
	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "#")] = '\0';
		for (word = strtok(line, " \t\n"); word; word = strtok(NULL, " \t\n"))
			replay_word(&r, word);
	}
	replay_datagram(&r);
	fclose(from);
}
