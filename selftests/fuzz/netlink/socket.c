// SPDX-License-Identifier: GPL-2.0
/* Sockets: of requests, of groups, and of dumps that are not read to their end. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

#define GROUPS		3
#define BATCH		16
/* An error quotes what it is about. */
#define ROOM		(PACKET_MAX + 4096)
/* The ports of the other netns are no ports of this one: NLM_F_ECHO about a link that
 * is made in this one from there goes to the port of the request, but here.
 */
#define THERE_PORT	(1U << 30)

__u16 family;
__u64 overruns, events;
struct link links[4] = {
	{ -1, false, false }, { -1, true, false }, { -1, false, true }, { -1, true, true },
};

static int groups_fd = -1;
static __u32 groups[GROUPS];
static __u8 room[BATCH][ROOM] __attribute__((aligned(8)));

static void set(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		die("setsockopt");
}

static int open_socket(bool route, int rcvbuf, __u32 port)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK, .nl_pid = port };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			route ? NETLINK_ROUTE : NETLINK_GENERIC);

	if (fd < 0 || bind(fd, (void *)&any, sizeof(any)))
		die("netlink socket");
	set(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	set(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	/* Who has no privilege gets as much as net.core.rmem_max lets it have. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)))
		set(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf);

	return fd;
}

/* Returns the number of messages, 0 when there are no more for now. */
static int receive(int fd, struct mmsghdr *messages)
{
	static struct iovec parts[BATCH];
	int n, i;

	for (i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ room[i], ROOM };
		messages[i] = (struct mmsghdr){
			.msg_hdr = { .msg_iov = &parts[i], .msg_iovlen = 1 },
		};
	}
	do
		n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n < 0 && errno == ENOBUFS) {
		overrun = true;
		return -1;
	}
	if (n < 0 && errno != EAGAIN)
		die("recvmmsg");

	return 0;
}

static void drain(int fd, void (*take)(const struct nlmsghdr *h, int len))
{
	struct mmsghdr messages[BATCH];
	int n, i;

	while ((n = receive(fd, messages))) {
		for (i = 0; i < n; i++) {
			if (messages[i].msg_hdr.msg_flags & MSG_TRUNC)
				complain("a message is longer than %d", ROOM);
			else
				take((void *)room[i], messages[i].msg_len);
		}
	}
}

/**
 * send_and_check - send a datagram, and hear what the kernel says to it
 * @link: where to
 * @p: datagram
 */
void send_and_check(const struct link *link, const struct packet *p)
{
	if (!p->len)
		return;
	expect(p, link->route);
	if (send(link->fd, p->at, p->len, 0) < 0)
		die("send");
	drain(link->fd, answer);
	answers_end();
	overruns += overrun;
}

/**
 * dump_disturbed - give a dump up half way
 * @link: where to
 * @dump: request
 * @between: what is done meanwhile
 *
 * Its socket has next to no room for answers.
 */
void dump_disturbed(const struct link *link, const struct packet *dump,
		    const struct packet *between)
{
	struct link own = { .route = link->route };
	unsigned int i, pieces = draw(3);
	int size = 512 << draw(4);

	own.fd = open_socket(link->route, 2048, 0);
	if (send(own.fd, dump->at, dump->len, 0) < 0)
		die("send");
	for (i = 0; i < pieces; i++)
		recv(own.fd, room[0], size, MSG_DONTWAIT);
	/* EBUSY, if it runs. */
	if (one_in(2) && send(own.fd, dump->at, dump->len, 0) < 0)
		die("send");
	send_and_check(link, between);
	for (i = 0; i < pieces; i++)
		recv(own.fd, room[0], size, MSG_DONTWAIT);
	close(own.fd);
}

/* ---- groups */

static void take_events(const struct nlmsghdr *h, int len)
{
	for (; NLMSG_OK(h, (unsigned int)len); h = NLMSG_NEXT(h, len)) {
		check_event(h);
		events++;
	}
}

/**
 * groups_drain - check what the groups were told
 */
void groups_drain(void)
{
	if (groups_fd >= 0)
		drain(groups_fd, take_events);
}

/* Who has no privilege may join the first one alone. */
static void join(unsigned int number, bool leave)
{
	int err = setsockopt(groups_fd, SOL_NETLINK,
			     leave ? NETLINK_DROP_MEMBERSHIP :
				     NETLINK_ADD_MEMBERSHIP,
			     &groups[number], sizeof(groups[number]));

	if (!leave && !err != (!options.denied || !number))
		complain("group %u: %s", number, err ? strerror(errno) : "joined");
}

/**
 * groups_step - join a group, or leave it
 */
void groups_step(void)
{
	unsigned int number = draw(GROUPS);

	join(number, one_in(3));
}

/**
 * groups_open - listen to all groups
 */
void groups_open(void)
{
	unsigned int i;

	groups_fd = open_socket(false, 1 << 20, 0);
	for (i = 0; i < GROUPS; i++)
		join(i, false);
}

/* ---- the family, and the other netns */

static const struct nlattr *inside(const struct nlattr *nest, __u16 type)
{
	const struct nlattr *a = nest + 1, *end = (void *)nest + nest->nla_len;

	for (; a < end; a = (void *)a + NLA_ALIGN(a->nla_len))
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	die("attribute of the family");
}

static void take_groups(const struct nlattr *all)
{
	static const char *const names[GROUPS] = { "mapping", "resolve", "redirect" };
	const struct nlattr *a = all + 1, *end = (void *)all + all->nla_len, *name;
	unsigned int i;

	for (; a < end; a = (void *)a + NLA_ALIGN(a->nla_len)) {
		name = inside(a, CTRL_ATTR_MCAST_GRP_NAME);
		for (i = 0; i < GROUPS; i++)
			if (!strcmp((void *)(name + 1), names[i]))
				memcpy(&groups[i],
				       inside(a, CTRL_ATTR_MCAST_GRP_ID) + 1, 4);
	}
}

static void find_family(void)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
		struct nlattr a;
		char name[8];
	} request = {
		.h = { sizeof(request), GENL_ID_CTRL, NLM_F_REQUEST },
		.g = { CTRL_CMD_GETFAMILY, 1 },
		.a = { NLA_HDRLEN + 5, CTRL_ATTR_FAMILY_NAME },
		.name = "nhrp",
	};
	const struct nlmsghdr *h = (void *)room[0];
	struct nlattr *all;

	if (send(links[0].fd, &request, sizeof(request), 0) < 0 ||
	    recv(links[0].fd, room[0], ROOM, 0) < 0 || h->nlmsg_type == NLMSG_ERROR)
		die("family nhrp");
	/* The header of generic netlink is as long as that of an attribute. */
	all = (void *)(h + 1);
	all->nla_len = h->nlmsg_len - NLMSG_HDRLEN;
	memcpy(&family, inside(all, CTRL_ATTR_FAMILY_ID) + 1, sizeof(family));
	take_groups(inside(all, CTRL_ATTR_MCAST_GROUPS));
}

/**
 * links_open - the sockets of this netns
 */
void links_open(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, FD_HERE) < 0 || dup2(fd, FD_THERE) < 0)
		die("netns");
	close(fd);
	links[0].fd = open_socket(false, 8 << 20, 0);
	links[1].fd = open_socket(true, 8 << 20, 0);
	find_family();
}

/* The other netns is number 1 to this one. */
static void number_there(void)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
		struct nlattr id_attr;
		__u32 id;
		struct nlattr fd_attr;
		__u32 fd;
	} request = {
		.h = { sizeof(request), RTM_NEWNSID, NLM_F_REQUEST },
		.id_attr = { NLA_HDRLEN + 4, NETNSA_NSID },
		.id = 1,
		.fd_attr = { NLA_HDRLEN + 4, NETNSA_FD },
		.fd = FD_THERE,
	};

	if (send(links[1].fd, &request, sizeof(request), 0) < 0)
		die("number of the netns");
	/* It may have one. */
	recv(links[1].fd, room[0], ROOM, MSG_DONTWAIT);
}

/**
 * there_open - make another netns, with sockets in it
 *
 * The old one stays if there are too many.
 */
void there_open(void)
{
	__u32 port = getpid() | THERE_PORT;
	int fd;

	if (unshare(CLONE_NEWNET)) {
		if (errno != ENOSPC)
			die("unshare");
		return;
	}
	there_close();
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, FD_THERE) < 0)
		die("netns");
	close(fd);
	links[2].fd = open_socket(false, 8 << 20, port);
	links[3].fd = open_socket(true, 8 << 20, port);
	if (setns(FD_HERE, CLONE_NEWNET))
		die("setns");
	number_there();
}

/**
 * there_close - give the other netns up
 */
void there_close(void)
{
	unsigned int i;

	for (i = 2; i < ARRAY_SIZE(links); i++) {
		if (links[i].fd >= 0)
			close(links[i].fd);
		links[i].fd = -1;
	}
	dup2(FD_HERE, FD_THERE);
}
