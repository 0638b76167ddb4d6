// SPDX-License-Identifier: GPL-2.0
/* nhrp monitor: what changes in the cache, as it changes. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <netlink/genl/genl.h>

#include "nhrp.h"

#define MONITOR_RCVBUF	(1024 * 1024)

int monitor_help(void)
{
	fputs("Usage: nhrp monitor [ map ]\n", stdout);
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

	if (!genlmsg_valid_hdr((struct nlmsghdr *)nlh, 0) || ghdr->cmd > NHRP_CMD_MAX ||
	    !events[ghdr->cmd].name)
		return;

	print_record_begin();
	if (options.timestamp)
		monitor_print_timestamp();
	print_string("event", NULL, events[ghdr->cmd].name);
	print_text(events[ghdr->cmd].text);
	map_print(nlh);
	print_record_end();
}

static int monitor_receive(int fd)
{
	static union message_buf buf;
	struct nlmsghdr *nlh = &buf.nlh;
	int left;

	left = recv(fd, &buf, sizeof(buf), MSG_DONTWAIT);
	if (left < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return STATUS_DONE;
		if (errno != ENOBUFS)
			return kernel_error("cannot receive events: %s.", strerror(errno));
		fputs("Warning: events were lost, they came faster than they were read.\n", stderr);
		return STATUS_DONE;
	}

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		monitor_print(nlh);
		if (fflush(stdout))
			return STATUS_USAGE;
	}
	return STATUS_DONE;
}

/* Signals that end it are read like events, so none gets lost or waits long. */
static int monitor_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int monitor_loop(int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = monitor_signals(), .events = POLLIN },
	};
	int status = STATUS_DONE;

	while (!status) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[1].revents)
			break;
		status = monitor_receive(fd);
	}
	close(fds[1].fd);
	return status;
}

static void monitor_grow_buffer(int fd)
{
	int size = MONITOR_RCVBUF;

	/* Only root may pass the limit of net.core.rmem_max. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int monitor_command(struct words *words)
{
	struct nl_sock *sock;
	const char *word;
	int status;

	while ((word = word_next(words))) {
		if (word_matches(word, "help"))
			return monitor_help();
		if (!word_matches(word, "map"))
			return usage_error("object \"%s\" is unknown, try \"nhrp monitor help\".",
					   word);
	}
	if (options.batch)
		return usage_error("\"monitor\" does not end, so it is no line of a batch.");

	device_remember();
	status = netlink_open_group(NHRP_MCGRP_MAPPING, &sock);
	if (status)
		return status;
	monitor_grow_buffer(nl_socket_get_fd(sock));
	status = monitor_loop(nl_socket_get_fd(sock));
	nl_socket_free(sock);
	return status;
}
