// SPDX-License-Identifier: GPL-2.0
/* Devices: made, set up, changed, moved, deleted. Those of a netns without others. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/mgre.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

#define DEV	"x0"

static int here = -1;		/* socket in this netns */
static int there = -1;		/* in the other one */
static int here_ns = -1;
static int there_ns = -1;
static struct message prepared;

static void link_begin(struct message *m, __u16 type, __u16 flags,
		       unsigned int up, unsigned int mask)
{
	struct ifinfomsg ifi = { .ifi_flags = up, .ifi_change = mask };

	message_begin(m, type, NLM_F_ACK | flags, &ifi, sizeof(ifi));
	message_put(m, IFLA_IFNAME, DEV, sizeof(DEV));
}

/**
 * struct kind - options of a device
 * @flags: NLM_F_*
 * @local: address of IPv4, or NULL
 * @local6: address of IPv6, or NULL
 * @key: key
 * @ttl: TTL
 * @all: all other options too
 * @neigh: resolver neigh
 */
struct kind {
	__u16 flags;
	const char *local;
	const char *local6;
	__u32 key;
	__u8 ttl;
	bool all;
	bool neigh;
};

static void put_all(struct message *m)
{
	message_put_u32(m, IFLA_MGRE_LINK, ifindex_of("dummy0"));
	message_put_u8(m, IFLA_MGRE_TOS, 1);
	message_put_u8(m, IFLA_MGRE_PMTUDISC, 0);
	message_put_u8(m, IFLA_MGRE_IGNORE_DF, 1);
	message_put_u8(m, IFLA_MGRE_CSUM, 1);
	message_put_u32(m, IFLA_MGRE_FWMARK, 7);
	message_put_u8(m, IFLA_MGRE_ACCEPT, MGRE_ACCEPT_KNOWN);
	message_put_u8(m, IFLA_MGRE_REDIRECT, 1);
	message_put_u8(m, IFLA_MGRE_PROTECT, 1);
	message_put_u32(m, IFLA_MGRE_QUEUE, 5);
	message_put_u32(m, IFLA_MGRE_MAXMAPPINGS, 10);
}

static void build_kind(struct message *m, const struct kind *kind)
{
	struct nlattr *info, *data;

	link_begin(m, RTM_NEWLINK, kind->flags, 0, 0);
	info = message_nest(m, IFLA_LINKINFO);
	message_put(m, IFLA_INFO_KIND, "mgre", 4);
	data = message_nest(m, IFLA_INFO_DATA);
	if (kind->local)
		message_put_addr(m, IFLA_MGRE_LOCAL, kind->local);
	if (kind->local6)
		message_put_addr(m, IFLA_MGRE_LOCAL6, kind->local6);
	message_put_u32(m, IFLA_MGRE_KEY, htonl(kind->key));
	message_put_u8(m, IFLA_MGRE_TTL, kind->ttl);
	if (kind->neigh)
		message_put_u8(m, IFLA_MGRE_RESOLVER, MGRE_RESOLVER_NEIGH);
	if (kind->all)
		put_all(m);
	message_nest_end(m, data);
	message_nest_end(m, info);
}

#define MAKE	.flags = NLM_F_CREATE | NLM_F_EXCL

static const struct kind ordinary = {
	MAKE, .local = "192.0.2.1", .key = 11, .ttl = 64,
};

static const struct kind everything = {
	MAKE, .local = "192.0.2.1", .local6 = "2001:db8:2::1", .key = 12, .ttl = 3,
	.all = true,
};

static const struct kind six = {
	MAKE, .local6 = "2001:db8:2::1", .key = 13, .neigh = true,
};

static const struct kind other = {
	.local = "192.0.2.9", .local6 = "2001:db8:2::9", .key = 14, .ttl = 9,
	.all = true,
};

static const struct kind back = {
	.local = "192.0.2.1", .key = 11, .ttl = 64,
};

static void ask(int fd, struct message *m)
{
	int error = netlink_ask(fd, m);

	if (error && error != ENODEV && error != EEXIST)
		wrong("undo: %s", strerror(error));
}

static long act(const struct op *op)
{
	return send(here, prepared.octets, prepared.hdr.nlmsg_len, 0) < 0 ?
	       -errno : 0;
}

static int finish(const struct op *op, long result)
{
	return result ? -result : netlink_acked(here);
}

static void make_prepare(const struct op *op, int n)
{
	build_kind(&prepared, op->data);
}

static void delete(const struct op *op)
{
	struct message m;

	link_begin(&m, RTM_DELLINK, 0, 0, 0);
	ask(here, &m);
}

static void make_ordinary(const struct op *op)
{
	struct message m;

	build_kind(&m, &ordinary);
	ask(here, &m);
}

static void delete_prepare(const struct op *op, int n)
{
	link_begin(&prepared, RTM_DELLINK, 0, 0, 0);
}

/* Without an address of IPv6 of its own the device comes up at once. */
static void up_prepare(const struct op *op, int n)
{
	link_begin(&prepared, RTM_NEWLINK, 0, IFF_UP, IFF_UP);
}

static void up(const struct op *op)
{
	struct message m;

	link_begin(&m, RTM_NEWLINK, 0, IFF_UP, IFF_UP);
	ask(here, &m);
}

static void down_prepare(const struct op *op, int n)
{
	link_begin(&prepared, RTM_NEWLINK, 0, 0, IFF_UP);
}

static void down(const struct op *op)
{
	struct message m;

	link_begin(&m, RTM_NEWLINK, 0, 0, IFF_UP);
	ask(here, &m);
}

/* Options that cannot be left out again are the same in both. */
static void change_back(const struct op *op)
{
	struct message m;

	delete(op);
	make_ordinary(op);
	build_kind(&m, &back);
	ask(here, &m);
}

static void move_prepare(const struct op *op, int n)
{
	link_begin(&prepared, RTM_NEWLINK, 0, 0, 0);
	message_put_u32(&prepared, IFLA_NET_NS_FD, there_ns);
}

static void move_back(const struct op *op)
{
	struct message m;

	link_begin(&m, RTM_NEWLINK, 0, 0, 0);
	message_put_u32(&m, IFLA_NET_NS_FD, here_ns);
	ask(there, &m);
}

/* For want of the memory of its name device_add() finds none: EINVAL. */
#define LINK(t, least, most, w, p, u, ...) { .name = t, .min = least, \
	.max = most, .also = EINVAL, .where = w, .prepare = p, .act = act, .finish = finish, \
	.undo = u, .state = state_links, __VA_ARGS__ }

static const struct op makes[] = {
	LINK("make a device of IPv4", 30, 48, WHERE_MODULE, make_prepare, delete,
	     .data = &ordinary),
	LINK("make a device with all options", 25, 36, WHERE_MODULE, make_prepare,
	     delete, .data = &everything),
	LINK("make a device of IPv6", 25, 36, WHERE_MODULE, make_prepare, delete,
	     .data = &six),
	LINK("make a device, wherever", 10, 16, WHERE_ANY, make_prepare, delete,
	     .data = &ordinary),
};

static const struct op changes[] = {
	LINK("set up", 2, 30, WHERE_ANY, up_prepare, down),
	LINK("change options", 2, 30, WHERE_ANY, make_prepare, change_back,
	     .data = &other),
	/* What the core does there it warns of, if it fails to. */
	LINK("move to another netns", 2, 20, WHERE_ANY, move_prepare, move_back,
	     .reject = "device_rename"),
	LINK("delete", 1, 20, WHERE_ANY, delete_prepare, make_ordinary),
};

static const struct op down_op =
	LINK("set down", 1, 20, WHERE_ANY, down_prepare, up);

static void run_all(const struct op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		fault_run(&ops[i]);
}

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s", path);
	return fd;
}

/**
 * links - devices
 * @netns: path of another netns
 */
void links(const char *netns)
{
	here_ns = enter("/proc/self/ns/net");
	there_ns = enter(netns);
	here = netlink_open(NETLINK_ROUTE);
	if (setns(there_ns, CLONE_NEWNET))
		die("setns");
	there = netlink_open(NETLINK_ROUTE);
	if (setns(here_ns, CLONE_NEWNET))
		die("setns");

	run_all(makes, ARRAY_SIZE(makes));
	make_ordinary(NULL);
	run_all(changes, ARRAY_SIZE(changes));
	up(NULL);
	fault_run(&down_op);
}
