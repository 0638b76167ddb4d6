// SPDX-License-Identifier: GPL-2.0
/* Netlink: messages, and what is answered. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nhrp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fault.h"

__u16 netlink_family;

static const char * const groups[] = {
	NHRP_MCGRP_MAPPING, NHRP_MCGRP_RESOLVE, NHRP_MCGRP_REDIRECT,
};

static __u32 group_ids[ARRAY_SIZE(groups)];
static char reply[65536];

void message_begin(struct message *m, __u16 type, __u16 flags, const void *hdr,
		   size_t size)
{
	static __u32 seq;

	m->hdr = (struct nlmsghdr){
		.nlmsg_len	= NLMSG_HDRLEN + NLMSG_ALIGN(size),
		.nlmsg_type	= type,
		.nlmsg_flags	= NLM_F_REQUEST | flags,
		.nlmsg_seq	= ++seq,
	};
	memset(m->octets + NLMSG_HDRLEN, 0, NLMSG_ALIGN(size));
	memcpy(m->octets + NLMSG_HDRLEN, hdr, size);
}

void message_genl(struct message *m, __u16 flags, __u8 cmd)
{
	struct genlmsghdr genl = { .cmd = cmd, .version = 1 };

	message_begin(m, netlink_family, flags, &genl, sizeof(genl));
}

struct nlattr *message_put(struct message *m, __u16 type, const void *data,
			   size_t size)
{
	struct nlattr *attr = (void *)(m->octets + m->hdr.nlmsg_len);

	if (m->hdr.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(size) > MESSAGE_MAX)
		die("message too long");
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memset((char *)attr + NLA_HDRLEN, 0, NLA_ALIGN(size));
	if (size)
		memcpy((char *)attr + NLA_HDRLEN, data, size);
	m->hdr.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(size);

	return attr;
}

void message_put_u8(struct message *m, __u16 type, __u8 value)
{
	message_put(m, type, &value, sizeof(value));
}

void message_put_u32(struct message *m, __u16 type, __u32 value)
{
	message_put(m, type, &value, sizeof(value));
}

void message_put_addr(struct message *m, __u16 type, const char *addr)
{
	unsigned char octets[16];

	if (inet_pton(AF_INET, addr, octets) == 1)
		message_put(m, type, octets, 4);
	else if (inet_pton(AF_INET6, addr, octets) == 1)
		message_put(m, type, octets, 16);
	else
		die("address %s", addr);
}

struct nlattr *message_nest(struct message *m, __u16 type)
{
	return message_put(m, type | NLA_F_NESTED, NULL, 0);
}

void message_nest_end(struct message *m, struct nlattr *nest)
{
	nest->nla_len = m->octets + m->hdr.nlmsg_len - (char *)nest;
}

const struct nlattr *message_attr(const void *attrs, int left, int type)
{
	const struct nlattr *attr = attrs;

	while (left >= NLA_HDRLEN) {
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		left -= NLA_ALIGN(attr->nla_len);
		attr = (const void *)((const char *)attr +
				      NLA_ALIGN(attr->nla_len));
	}

	return NULL;
}

/**
 * netlink_open - a socket, which waits for an answer, but not for ever
 * @protocol: NETLINK_*
 *
 * Return: the socket.
 */
int netlink_open(int protocol)
{
	struct timeval wait = { .tv_sec = 20 };
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || bind(fd, (void *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		die("netlink socket");

	return fd;
}

/**
 * netlink_acked - how a request has ended
 * @fd: socket
 *
 * An answer comes before; it is left out.
 *
 * Return: 0, an errno, or UNKNOWN if there was no memory to tell.
 */
int netlink_acked(int fd)
{
	const struct nlmsghdr *hdr = (void *)reply;
	int size, error;

	for (;;) {
		size = recv(fd, reply, sizeof(reply), 0);
		if (size < 0 && errno == ENOBUFS)
			return UNKNOWN;
		if (size < 0)
			die("receive from netlink");
		if (hdr->nlmsg_type != NLMSG_ERROR)
			continue;
		memcpy(&error, NLMSG_DATA(hdr), sizeof(error));
		return -error;
	}
}

/**
 * netlink_ask - send a request and wait for its end
 * @fd: socket
 * @m: request
 *
 * Return: 0 or an errno.
 */
int netlink_ask(int fd, struct message *m)
{
	m->hdr.nlmsg_flags |= NLM_F_ACK;
	if (send(fd, m->octets, m->hdr.nlmsg_len, 0) < 0)
		die("send to netlink");

	return netlink_acked(fd);
}

/**
 * netlink_each - send a request and look at each message of the answer
 * @fd: socket
 * @m: request, for a dump or with NLM_F_ACK
 * @each: looks at it
 * @to: its argument
 *
 * Return: 0 or an errno.
 */
int netlink_each(int fd, struct message *m,
		 void (*each)(const struct nlmsghdr *hdr, void *to), void *to)
{
	const struct nlmsghdr *hdr;
	int size, error;

	if (send(fd, m->octets, m->hdr.nlmsg_len, 0) < 0)
		return errno;
	for (;;) {
		size = recv(fd, reply, sizeof(reply), 0);
		if (size < 0)
			return errno;
		for (hdr = (void *)reply; NLMSG_OK(hdr, (__u32)size);
		     hdr = NLMSG_NEXT(hdr, size)) {
			if (hdr->nlmsg_type == NLMSG_ERROR ||
			    hdr->nlmsg_type == NLMSG_DONE) {
				memcpy(&error, NLMSG_DATA(hdr), sizeof(error));
				return -error;
			}
			each(hdr, to);
		}
	}
}

static void read_group(const struct nlattr *nest)
{
	const void *attrs = nest + 1;
	int left = nest->nla_len - NLA_HDRLEN;
	const struct nlattr *name, *id;
	size_t i;

	name = message_attr(attrs, left, CTRL_ATTR_MCAST_GRP_NAME);
	id = message_attr(attrs, left, CTRL_ATTR_MCAST_GRP_ID);
	for (i = 0; name && id && i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i], (const char *)(name + 1)))
			memcpy(&group_ids[i], id + 1, sizeof(__u32));
}

static void read_family(const struct nlmsghdr *hdr, void *to)
{
	const char *attrs = (char *)NLMSG_DATA(hdr) + GENL_HDRLEN;
	int left = hdr->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	const struct nlattr *attr;

	attr = message_attr(attrs, left, CTRL_ATTR_FAMILY_ID);
	if (attr)
		memcpy(to, attr + 1, sizeof(__u16));
	attr = message_attr(attrs, left, CTRL_ATTR_MCAST_GROUPS);
	if (!attr)
		return;
	left = attr->nla_len - NLA_HDRLEN;
	for (attr++; left >= NLA_HDRLEN; left -= NLA_ALIGN(attr->nla_len),
	     attr = (const void *)((const char *)attr +
				   NLA_ALIGN(attr->nla_len)))
		read_group(attr);
}

/**
 * netlink_genl_init - find the family, if it is there
 */
void netlink_genl_init(void)
{
	struct genlmsghdr genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	int fd = netlink_open(NETLINK_GENERIC);
	struct message m;

	netlink_family = 0;
	message_begin(&m, GENL_ID_CTRL, NLM_F_ACK, &genl, sizeof(genl));
	message_put(&m, CTRL_ATTR_FAMILY_NAME, NHRP_FAMILY_NAME,
		    sizeof(NHRP_FAMILY_NAME));
	netlink_each(fd, &m, read_family, &netlink_family);
	close(fd);
}

/**
 * netlink_group - number of a group of the family
 * @name: its name
 *
 * Return: the number.
 */
__u32 netlink_group(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i], name) && group_ids[i])
			return group_ids[i];
	die("no group %s", name);
}
