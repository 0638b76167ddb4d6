// SPDX-License-Identifier: GPL-2.0
/* nhrp monitor: what changes in the cache, as it changes. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <netlink/genl/genl.h>

#include <linux/genetlink.h>

#include "nhrp.h"

#define MONITOR_RCVBUF	(1024 * 1024)
#define MONITOR_EVENT	(16 * 1024)	/* octets, longer than any */

int monitor_help(void)
{
	fputs("Usage: nhrp monitor [ map ] [ resolve ] [ redirect ]\n", stdout);
	return STATUS_DONE;
}

static void monitor_print_timestamp(void)
{
	struct timeval now;
	char text[64];
	char when[96];

	gettimeofday(&now, NULL);
	if (options.json) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", localtime(&now.tv_sec));
		snprintf(when, sizeof(when), "%s.%06ld", text, (long)now.tv_usec);
		print_string("timestamp", NULL, when);
	} else {
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", localtime(&now.tv_sec));
		snprintf(when, sizeof(when), "%s %ld", text, (long)now.tv_usec);
		print_string(NULL, "Timestamp: %s usec\n", when);
	}
}

static void monitor_print_begin(const char *event, const char *text)
{
	print_record_begin();
	if (options.timestamp)
		monitor_print_timestamp();
	print_string("event", NULL, event);
	print_text(text);
}

static void monitor_print_end(void)
{
	print_record_end();
	print_flush();
}

static void monitor_print_mapping(const struct nlmsghdr *nlh, const char *event, const char *text)
{
	monitor_print_begin(event, text);
	map_print(nlh);
	monitor_print_end();
}

static void monitor_print_reason(uint8_t reason)
{
	static const char * const reasons[] = {
		[NHRP_RESOLVE_REASON_MISS] = "miss",
		[NHRP_RESOLVE_REASON_RESOLVE] = "resolve",
		[NHRP_RESOLVE_REASON_REFRESH] = "refresh",
	};
	char number[sizeof("255")];

	if (reason < ARRAY_SIZE(reasons) && reasons[reason]) {
		print_string("reason", " reason %s", reasons[reason]);
		return;
	}
	snprintf(number, sizeof(number), "%u", reason);
	print_string("reason", " reason %s", number);
}

static void monitor_print_address(struct nlattr *attr, const char *key, const char *fmt)
{
	if (attr)
		print_string(key, fmt, address_text(nla_data(attr), nla_len(attr)));
}

/* A prefix, or a host when @prefixlen is NULL, and its device */
static void monitor_print_dst(struct nlattr *dst, struct nlattr *prefixlen,
			      struct nlattr *ifindex)
{
	uint8_t len = prefixlen ? nla_get_u8(prefixlen) : nla_len(dst) * 8;

	print_string("dst", "%s", prefix_text(nla_data(dst), nla_len(dst), len));
	print_string("dev", " dev %s", device_name(nla_get_u32(ifindex)));
}

static void monitor_print_resolve(const struct nlmsghdr *nlh)
{
	static struct nla_policy policy[NHRP_A_RESOLVE_MAX + 1] = {
		[NHRP_A_RESOLVE_IFINDEX] = { .type = NLA_U32 },
		[NHRP_A_RESOLVE_DST] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_RESOLVE_PREFIXLEN] = { .type = NLA_U8 },
		[NHRP_A_RESOLVE_REASON] = { .type = NLA_U8 },
		[NHRP_A_RESOLVE_ATTEMPT] = { .type = NLA_U32 },
		[NHRP_A_RESOLVE_DESTINATION] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_RESOLVE_SOURCE] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_RESOLVE_NEXTHOP] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_RESOLVE_NBMA] = { .minlen = sizeof(struct in_addr) },
	};
	struct nlattr *tb[NHRP_A_RESOLVE_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, NHRP_A_RESOLVE_MAX, policy) ||
	    !tb[NHRP_A_RESOLVE_IFINDEX] || !tb[NHRP_A_RESOLVE_DST]) {
		kernel_error("nhrp: malformed message from the kernel.");
		return;
	}

	monitor_print_begin("resolve", "Resolve ");
	monitor_print_dst(tb[NHRP_A_RESOLVE_DST], tb[NHRP_A_RESOLVE_PREFIXLEN],
			  tb[NHRP_A_RESOLVE_IFINDEX]);
	if (tb[NHRP_A_RESOLVE_REASON])
		monitor_print_reason(nla_get_u8(tb[NHRP_A_RESOLVE_REASON]));
	if (tb[NHRP_A_RESOLVE_ATTEMPT])
		print_uint("attempt", " attempt %llu", nla_get_u32(tb[NHRP_A_RESOLVE_ATTEMPT]));
	monitor_print_address(tb[NHRP_A_RESOLVE_DESTINATION], "destination", " destination %s");
	monitor_print_address(tb[NHRP_A_RESOLVE_SOURCE], "source", " source %s");
	monitor_print_address(tb[NHRP_A_RESOLVE_NEXTHOP], "nexthop", " nexthop %s");
	monitor_print_address(tb[NHRP_A_RESOLVE_NBMA], "nbma", " nbma %s");
	monitor_print_end();
}

/* The first octets of a packet, in hexadecimal */
static void monitor_print_packet(struct nlattr *attr)
{
	char text[2 * 128 + 1] = "";
	const uint8_t *data;
	int i;

	if (!attr || !(options.details || options.json))
		return;
	data = nla_data(attr);
	for (i = 0; i < nla_len(attr) && i < 128; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	print_string("packet", " packet %s", text);
}

static void monitor_print_redirect(const struct nlmsghdr *nlh)
{
	static struct nla_policy policy[NHRP_A_REDIRECT_MAX + 1] = {
		[NHRP_A_REDIRECT_IFINDEX] = { .type = NLA_U32 },
		[NHRP_A_REDIRECT_SOURCE] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_REDIRECT_DESTINATION] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_REDIRECT_NEXTHOP] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_REDIRECT_NBMA_FROM] = { .minlen = sizeof(struct in_addr) },
		[NHRP_A_REDIRECT_NBMA_TO] = { .minlen = sizeof(struct in_addr) },
	};
	struct nlattr *tb[NHRP_A_REDIRECT_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, NHRP_A_REDIRECT_MAX, policy) ||
	    !tb[NHRP_A_REDIRECT_IFINDEX] || !tb[NHRP_A_REDIRECT_DESTINATION]) {
		kernel_error("nhrp: malformed message from the kernel.");
		return;
	}

	monitor_print_begin("redirect", "Redirect ");
	monitor_print_address(tb[NHRP_A_REDIRECT_DESTINATION], "destination", "%s");
	monitor_print_address(tb[NHRP_A_REDIRECT_SOURCE], "source", " source %s");
	print_string("dev", " dev %s", device_name(nla_get_u32(tb[NHRP_A_REDIRECT_IFINDEX])));
	monitor_print_address(tb[NHRP_A_REDIRECT_NEXTHOP], "nexthop", " nexthop %s");
	monitor_print_address(tb[NHRP_A_REDIRECT_NBMA_FROM], "from", " from %s");
	monitor_print_address(tb[NHRP_A_REDIRECT_NBMA_TO], "to", " to %s");
	monitor_print_packet(tb[NHRP_A_REDIRECT_PACKET]);
	monitor_print_end();
}

/* An incomplete mapping, whose event may be among those lost */
static void monitor_print_incomplete(const struct nlmsghdr *nlh)
{
	struct nlattr *tb[NHRP_A_MAPPING_MAX + 1];

	if (!map_attrs_parse(nlh, tb) || !tb[NHRP_A_MAPPING_IFINDEX] || !tb[NHRP_A_MAPPING_DST])
		return;

	monitor_print_begin("resolve", "Resolve ");
	monitor_print_dst(tb[NHRP_A_MAPPING_DST], tb[NHRP_A_MAPPING_PREFIXLEN],
			  tb[NHRP_A_MAPPING_IFINDEX]);
	if (tb[NHRP_A_MAPPING_ATTEMPTS])
		print_uint("attempt", " attempt %llu", nla_get_u32(tb[NHRP_A_MAPPING_ATTEMPTS]));
	monitor_print_end();
}

static void monitor_print(const struct nlmsghdr *nlh)
{
	static const struct {
		const char *name;
		const char *text;
	} events[NHRP_CMD_MAX + 1] = {
		[NHRP_CMD_MAPPING_NEW_NTF] = { "new", "" },
		[NHRP_CMD_MAPPING_CHANGE_NTF] = { "change", "Changed " },
		[NHRP_CMD_MAPPING_DEL_NTF] = { "delete", "Deleted " },
		[NHRP_CMD_MAPPING_EXPIRE_NTF] = { "expire", "Expired " },
	};
	const struct genlmsghdr *ghdr = nlmsg_data(nlh);

	if (!genlmsg_valid_hdr((struct nlmsghdr *)nlh, 0) || ghdr->cmd > NHRP_CMD_MAX)
		return;
	if (ghdr->cmd == NHRP_CMD_RESOLVE_NTF)
		monitor_print_resolve(nlh);
	else if (ghdr->cmd == NHRP_CMD_REDIRECT_NTF)
		monitor_print_redirect(nlh);
	else if (events[ghdr->cmd].name)
		monitor_print_mapping(nlh, events[ghdr->cmd].name, events[ghdr->cmd].text);
}

struct monitor {
	struct nl_sock *sock;
	bool resolve;		/* hears what is to be resolved */
	bool lost;		/* events, since the last time that none were left */
};

/*
 * The kernel drops events until all that it has kept are read, so what is to be
 * resolved is asked for when there are no more.
 */
static int monitor_catch_up(struct monitor *monitor)
{
	if (!monitor->lost)
		return STATUS_DONE;
	monitor->lost = false;
	/* that the family went may be among what was lost */
	if (netlink_check())
		return STATUS_REFUSED;
	if (monitor->resolve && map_each_incomplete(monitor_print_incomplete))
		return STATUS_REFUSED;
	return print_flush();
}

static int monitor_failed(struct monitor *monitor)
{
	switch (errno) {
	case EINTR:
		return STATUS_DONE;
	case EAGAIN:
		return monitor_catch_up(monitor);
	case ENOBUFS:
		monitor->lost = true;
		fputs("Warning: events were lost, they came faster than they were read.\n", stderr);
		return STATUS_DONE;
	default:
		return kernel_error("cannot receive events: %s.", strerror(errno));
	}
}

/* Does the kernel tell that the family goes, which leaves its groups without a word? */
static bool monitor_is_end(const struct nlmsghdr *nlh)
{
	static struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
		[CTRL_ATTR_FAMILY_NAME] = { .type = NLA_STRING },
	};
	const struct genlmsghdr *ghdr = nlmsg_data(nlh);
	struct nlattr *tb[CTRL_ATTR_MAX + 1];

	return genlmsg_valid_hdr((struct nlmsghdr *)nlh, 0) &&
	       ghdr->cmd == CTRL_CMD_DELFAMILY &&
	       !genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, CTRL_ATTR_MAX, policy) &&
	       tb[CTRL_ATTR_FAMILY_NAME] &&
	       !strcmp(nla_get_string(tb[CTRL_ATTR_FAMILY_NAME]), NHRP_FAMILY_NAME);
}

static int monitor_read(const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_type == GENL_ID_CTRL)
		return monitor_is_end(nlh) ? netlink_gone() : STATUS_DONE;
	monitor_print(nlh);
	return print_flush();
}

static int monitor_receive(struct monitor *monitor)
{
	static union message_buf buf;
	struct nlmsghdr *nlh = &buf.nlh;
	int status = STATUS_DONE;
	int left;

	/* until EAGAIN when something was lost */
	left = recv(nl_socket_get_fd(monitor->sock), &buf, sizeof(buf),
		    monitor->lost ? MSG_DONTWAIT : 0);
	if (left < 0)
		return monitor_failed(monitor);

	for (; !status && nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
		status = monitor_read(nlh);
	return status;
}

static void monitor_quit(int signal)
{
	_exit(STATUS_DONE);
}

/*
 * They end it at once, also while it waits for who reads its output. Nothing is left
 * in parts by that, for an event is written as a whole; INT is ignored in what a
 * shell has in the background, and either may be blocked.
 */
static void monitor_take_signals(void)
{
	struct sigaction action = { .sa_handler = monitor_quit };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void monitor_set_up(int fd)
{
	int size = MONITOR_RCVBUF;
	int one = 1;

	/* Only root may pass the limit of net.core.rmem_max. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* Without it, nobody seems to listen while events are lost. */
	setsockopt(fd, SOL_NETLINK, NETLINK_BROADCAST_ERROR, &one, sizeof(one));
}

static const struct monitor_group {
	const char *word;
	const char *group;
} monitor_groups[] = {
	{ "map", NHRP_MCGRP_MAPPING },
	{ "resolve", NHRP_MCGRP_RESOLVE },
	{ "redirect", NHRP_MCGRP_REDIRECT },
};

#define MONITOR_MAP	0
#define MONITOR_RESOLVE	1

/* Joins the groups in @chosen, a bit each, and the one that tells of families. */
static int monitor_join(struct monitor *monitor, unsigned int chosen)
{
	int status;
	size_t i;

	monitor->resolve = chosen & (1 << MONITOR_RESOLVE);
	status = netlink_join(monitor->sock, "nlctrl", "notify");
	for (i = 0; i < ARRAY_SIZE(monitor_groups) && !status; i++)
		if (chosen & (1 << i))
			status = netlink_join(monitor->sock, NHRP_FAMILY_NAME,
					      monitor_groups[i].group);
	return status;
}

static int monitor_run(unsigned int chosen)
{
	static char event[MONITOR_EVENT];
	struct monitor monitor = { };
	int status;

	monitor_take_signals();
	setvbuf(stdout, event, _IOFBF, sizeof(event));
	device_remember();
	status = netlink_socket(&monitor.sock);
	if (status)
		return status;

	monitor_set_up(nl_socket_get_fd(monitor.sock));
	status = monitor_join(&monitor, chosen);
	while (!status)
		status = monitor_receive(&monitor);
	nl_socket_free(monitor.sock);
	return status;
}

/*
 * The number of the group with this name, else ARRAY_SIZE. Names are not shortened:
 * listening to resolve changes what the kernel does.
 */
static size_t monitor_group_of(const char *word)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(monitor_groups) && strcmp(word, monitor_groups[i].word))
		i++;
	return i;
}

int monitor_command(struct words *words)
{
	unsigned int chosen = 0;
	const char *word;
	size_t group;

	while ((word = word_next(words))) {
		if (word_matches(word, "help"))
			return monitor_help();
		group = monitor_group_of(word);
		if (group == ARRAY_SIZE(monitor_groups))
			return usage_error("object \"%s\" is unknown, try \"nhrp monitor help\".",
					   word);
		chosen |= 1 << group;
	}
	if (options.batch)
		return usage_error("\"monitor\" does not end, so it is no line of a batch.");
	/* What only looks on: to listen to resolve makes packets wait. */
	return monitor_run(chosen ? chosen : 1 << MONITOR_MAP);
}
