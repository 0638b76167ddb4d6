// SPDX-License-Identifier: GPL-2.0
/* Requests of the family "nhrp", one at a time. */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nhrp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "race.h"

#define MESSAGE_MAX	16384

/**
 * struct nl - a socket, and the request that is being written
 * @fd: socket
 * @family: number of the family
 * @seq: number of the last request
 * @out: request
 * @in: reply
 */
struct nl {
	int fd;
	__u16 family;
	__u32 seq;
	union {
		struct nlmsghdr hdr;
		char octets[MESSAGE_MAX];
	} out;
	char in[MESSAGE_MAX];
};

static void begin(struct nl *nl, __u16 type, int flags, __u8 cmd)
{
	struct genlmsghdr genl = { .cmd = cmd, .version = 1 };

	nl->out.hdr = (struct nlmsghdr){
		.nlmsg_len	= NLMSG_HDRLEN + GENL_HDRLEN,
		.nlmsg_type	= type,
		.nlmsg_flags	= NLM_F_REQUEST | NLM_F_ACK | flags,
		.nlmsg_seq	= ++nl->seq,
	};
	memcpy(nl->out.octets + NLMSG_HDRLEN, &genl, sizeof(genl));
}

static struct nlattr *put(struct nl *nl, __u16 type, const void *data,
			  size_t size)
{
	struct nlattr *attr = (void *)(nl->out.octets + nl->out.hdr.nlmsg_len);

	if (nl->out.hdr.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(size) > MESSAGE_MAX)
		die("message too long");
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memset((char *)attr + NLA_HDRLEN, 0, NLA_ALIGN(size));
	if (size)
		memcpy((char *)attr + NLA_HDRLEN, data, size);
	nl->out.hdr.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(size);

	return attr;
}

static void put_u32(struct nl *nl, __u16 type, __u32 value)
{
	put(nl, type, &value, sizeof(value));
}

static void put_u8(struct nl *nl, __u16 type, __u8 value)
{
	put(nl, type, &value, sizeof(value));
}

/* Copies an attribute out of a reply, if it is there. */
static void read_attr(const struct nlmsghdr *hdr, int type, void *to,
		      size_t size)
{
	int left = hdr->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	const char *at = (char *)NLMSG_DATA(hdr) + GENL_HDRLEN;
	const struct nlattr *attr;

	for (; left >= NLA_HDRLEN; left -= NLA_ALIGN(attr->nla_len)) {
		attr = (const void *)at;
		if (attr->nla_type == type)
			memcpy(to, at + NLA_HDRLEN, size);
		at += NLA_ALIGN(attr->nla_len);
	}
}

/* Sends the request and reads on until it is acknowledged, or refused. An
 * attribute of the reply may be wanted.
 */
static int request(struct nl *nl, int type, void *to, size_t wanted)
{
	const struct nlmsghdr *hdr;
	int size, error;

	if (send(nl->fd, nl->out.octets, nl->out.hdr.nlmsg_len, 0) < 0)
		die("send to netlink");
	for (;;) {
		size = recv(nl->fd, nl->in, sizeof(nl->in), 0);
		if (size < 0)
			die("receive from netlink");
		for (hdr = (void *)nl->in; NLMSG_OK(hdr, size);
		     hdr = NLMSG_NEXT(hdr, size)) {
			if (hdr->nlmsg_type == NLMSG_ERROR) {
				memcpy(&error, NLMSG_DATA(hdr), sizeof(error));
				return -error;
			}
			if (to)
				read_attr(hdr, type, to, wanted);
		}
	}
}

static int finish(struct nl *nl)
{
	return request(nl, 0, NULL, 0);
}

/**
 * nl_open - a socket of the family
 *
 * Return: the socket.
 */
struct nl *nl_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct nl *nl = calloc(1, sizeof(*nl));

	if (!nl)
		die("memory");
	nl->fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (nl->fd < 0 || bind(nl->fd, (void *)&addr, sizeof(addr)))
		die("netlink socket");

	begin(nl, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	put(nl, CTRL_ATTR_FAMILY_NAME, NHRP_FAMILY_NAME,
	    sizeof(NHRP_FAMILY_NAME));
	if (request(nl, CTRL_ATTR_FAMILY_ID, &nl->family, sizeof(nl->family)) ||
	    !nl->family)
		die("no family nhrp");

	return nl;
}

static void put_prefix(struct nl *nl, int ifindex, const struct slot *slot)
{
	put_u32(nl, NHRP_A_MAPPING_IFINDEX, ifindex);
	put(nl, NHRP_A_MAPPING_DST, slot->addr.octets,
	    slot->addr.family == AF_INET ? 4 : 16);
	put_u8(nl, NHRP_A_MAPPING_PREFIXLEN, slot->len);
}

static void put_mapping(struct nl *nl, int ifindex, const struct slot *slot,
			const struct life *life, __u32 nbma)
{
	__u32 address = htonl(nbma);

	put_prefix(nl, ifindex, slot);
	if (life->type != NHRP_MAPPING_TYPE_NEGATIVE)
		put(nl, NHRP_A_MAPPING_NBMA, &address, sizeof(address));
	put_u8(nl, NHRP_A_MAPPING_TYPE, life->type);
	if (life->hold)
		put_u32(nl, NHRP_A_MAPPING_HOLD, life->hold);
	if (life->flags)
		put_u32(nl, NHRP_A_MAPPING_FLAGS, life->flags);
}

/**
 * nl_set - add or replace a mapping
 * @nl: socket
 * @ifindex: device
 * @slot: prefix
 * @life: mapping
 * @nbma: NBMA address, unless it is negative
 * @flags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 *
 * Return: 0 or errno.
 */
int nl_set(struct nl *nl, int ifindex, const struct slot *slot,
	   const struct life *life, __u32 nbma, int flags)
{
	begin(nl, nl->family, flags, NHRP_CMD_MAPPING_NEW);
	put_mapping(nl, ifindex, slot, life, nbma);

	return finish(nl);
}

/**
 * nl_del - delete a mapping
 * @nl: socket
 * @ifindex: device
 * @slot: prefix
 *
 * Return: 0 or errno.
 */
int nl_del(struct nl *nl, int ifindex, const struct slot *slot)
{
	begin(nl, nl->family, 0, NHRP_CMD_MAPPING_DEL);
	put_prefix(nl, ifindex, slot);

	return finish(nl);
}

/**
 * nl_flush - delete all mappings that pass a filter
 * @nl: socket
 * @ifindex: device
 * @within: prefix, or NULL
 * @type: type, or 0
 * @flags: flags, or 0
 *
 * Return: 0 or errno.
 */
int nl_flush(struct nl *nl, int ifindex, const struct slot *within,
	     __u8 type, __u32 flags)
{
	begin(nl, nl->family, 0, NHRP_CMD_MAPPING_FLUSH);
	if (within)
		put_prefix(nl, ifindex, within);
	else
		put_u32(nl, NHRP_A_MAPPING_IFINDEX, ifindex);
	if (type)
		put_u8(nl, NHRP_A_MAPPING_TYPE, type);
	if (flags)
		put_u32(nl, NHRP_A_MAPPING_FLAGS, flags);

	return finish(nl);
}

/**
 * nl_batch_begin - begin a message of many changes
 * @nl: socket
 */
void nl_batch_begin(struct nl *nl)
{
	begin(nl, nl->family, 0, NHRP_CMD_MAPPING_BATCH);
}

/**
 * nl_batch_replace - add one that adds or replaces
 * @nl: socket
 * @ifindex: device
 * @slot: prefix
 * @life: mapping
 * @nbma: NBMA address, unless it is negative
 */
void nl_batch_replace(struct nl *nl, int ifindex, const struct slot *slot,
		      const struct life *life, __u32 nbma)
{
	struct nlattr *nest = put(nl, NHRP_A_BATCH_REPLACE | NLA_F_NESTED,
				  NULL, 0);

	put_mapping(nl, ifindex, slot, life, nbma);
	nest->nla_len = nl->out.octets + nl->out.hdr.nlmsg_len - (char *)nest;
}

/**
 * nl_batch_end - have them done
 * @nl: socket
 *
 * Return: 0 or errno.
 */
int nl_batch_end(struct nl *nl)
{
	return finish(nl);
}
