// SPDX-License-Identifier: GPL-2.0
/* The steps of a run. */

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "netlink.h"

/* Steps from one to the next that sets the devices back. */
#define SET_BACK	64
/* What is longer is sent by itself. */
#define DATAGRAM_MAX	30000

static struct packet datagram, dump;

struct spent spent[2];

/* Returns the number of messages. */
static unsigned int build(struct packet *p, bool route, unsigned int count)
{
	static struct message m;
	unsigned int i;

	p->len = 0;
	for (i = 0; i < count && p->len < DATAGRAM_MAX; i++) {
		make_message(&m, route);
		if (draw(8) < 3)
			mutate_message(&m);
		write_message(p, &m);
	}
	if (one_in(12))
		cut(p, p->len - draw(p->len < 48 ? p->len : 48));

	return i;
}

static unsigned int add_plain(struct packet *p, const struct nl_command *command,
			      __u32 index)
{
	static struct message m;

	make_plain(&m, command, index);
	write_message(p, &m);

	return 1;
}

/* Each command, so that it is refused. */
static unsigned int add_refused(struct packet *p, bool route)
{
	unsigned int i, n = 0;

	for (i = 0; i < command_count; i++)
		if (commands[i].route == route)
			n += add_plain(p, &commands[i], NO_INDEX);

	return n;
}

/* Those about links that are seldom made, so that they are carried out. */
static unsigned int add_carried_out(struct packet *p)
{
	unsigned int i, n = 0;
	__u32 index;

	for (i = 0; i < command_count; i++) {
		if (!commands[i].route || commands[i].id == RTM_NEWLINK)
			continue;
		index = commands[i].id == RTM_DELLINK ? devices[DEVICES - 1].index :
			commands[i].dump ? 0 : devices[1].index;
		n += add_plain(p, &commands[i], index);
	}

	return n;
}

static unsigned int add_devices(struct packet *p)
{
	static struct message m;
	unsigned int i;

	for (i = 1; i < DEVICES; i++) {
		make_device(&m, i);
		write_message(p, &m);
	}

	return i - 1;
}

static struct packet *some_dump(bool route)
{
	static struct message m;

	do
		make_message(&m, route);
	while ((m.h.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP);
	if (one_in(4))
		mutate_message(&m);
	dump.len = 0;
	write_message(&dump, &m);

	return &dump;
}

/* An IPv4 packet by a device, to have addresses asked for. */
static void send_packet(int fd, unsigned int device)
{
	struct sockaddr_ll to = {
		.sll_family	= AF_PACKET,
		.sll_protocol	= htons(0x0800),
		.sll_ifindex	= devices[device].index,
		.sll_halen	= device == 3 || device == 4 ? 8 : 4,
	};
	__u8 ip[28] = {
		0x45, 0, 0, sizeof(ip), 0, 0, 0, 0, 64, 17, 0, 0,
		10, 0, draw(4), 1, 10, 0, draw(3), draw(16), 0, 9, 0, 9, 0, 8,
	};

	if (one_in(8))
		memcpy(ip + 16, "\xef\0\0\1", 4);
	/* It may be down, or gone. */
	sendto(fd, ip, sizeof(ip), 0, (void *)&to, sizeof(to));
}

static void packets_step(void)
{
	static int fd = -1;
	unsigned int n = 1 + draw(16);

	if (options.denied)
		return;
	if (fd < 0)
		fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (fd < 0)
		die("packet socket");
	while (n--)
		send_packet(fd, 1 + draw(DEVICES - 1));
}

static __u64 now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);

	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void send_step(const struct link *link, const struct packet *p,
		      unsigned int n, FILE *print)
{
	__u64 began = now_us();

	if (print) {
		print_datagram(print, p, link);
		return;
	}
	send_and_check(link, p);
	spent[link->route].us += now_us() - began;
	spent[link->route].messages += n;
}

static void disturb_step(const struct link *link, FILE *print)
{
	some_dump(link->route);
	if (print) {
		print_datagram(print, &dump, link);
		print_datagram(print, &datagram, link);
	} else {
		dump_disturbed(link, &dump, &datagram);
	}
}

/* A draw is made whatever there is, so that the next ones are the same. */
static const struct link *some_link(bool route)
{
	bool there = one_in(options.replace ? 3 : 12);

	return &links[route + 2 * (there && !options.denied)];
}

/* The devices are as they were, and all of them there. */
static unsigned int set_back(FILE *print)
{
	unsigned int links_count, n;

	datagram.len = 0;
	links_count = add_refused(&datagram, true) + add_devices(&datagram) +
		      add_carried_out(&datagram);
	/* The last device is deleted and comes back. */
	links_count += add_devices(&datagram);
	send_step(&links[1], &datagram, links_count, print);
	datagram.len = 0;
	n = add_refused(&datagram, false);
	send_step(&links[0], &datagram, n, print);

	return links_count + n;
}

/**
 * run_step - one step
 * @number: which one
 * @print: where to print it instead, or NULL
 *
 * Return: the number of messages in it.
 */
unsigned int run_step(__u64 number, FILE *print)
{
	const struct link *link;
	unsigned int n = 0;

	seed(options.seed + number * 0xd1342543de82ef95);
	number_messages(number * 2 * MESSAGES_MAX);
	if (number % SET_BACK == 0)
		return set_back(print);
	switch (draw(32)) {
	case 0:
		if (!print)
			groups_step();
		break;
	case 1:
		if (!print)
			packets_step();
		break;
	case 2:
		link = some_link(one_in(4));
		n = 1 + build(&datagram, link->route, 1 + draw(8));
		disturb_step(link, print);
		break;
	case 3:
	case 4:
	case 5:
		link = some_link(true);
		n = build(&datagram, true, 1 + draw(5));
		send_step(link, &datagram, n, print);
		break;
	default:
		link = some_link(false);
		n = build(&datagram, false, 1 + draw(MESSAGES_MAX));
		send_step(link, &datagram, n, print);
	}
	if (!print)
		groups_drain();

	return n;
}

/**
 * set_up - make the devices of the run
 */
void set_up(void)
{
	datagram.len = 0;
	add_devices(&datagram);
	send_and_check(&links[1], &datagram);
}
