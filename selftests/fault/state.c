// SPDX-License-Identifier: GPL-2.0
/*
 * What there is, as text: two are alike if nothing has changed. Times and counters
 * are left out.
 */

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/nhrp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

/* Attributes of a message, as a set of bits. */
#define BIT(n)	(1U << (n))

/**
 * struct table - what a dump is asked for, and what of it is written down
 * @name: for the reader
 * @cmd: command
 * @attrs: set of attributes
 */
struct table {
	const char *name;
	__u8 cmd;
	unsigned int attrs;
};

static const struct table tables[] = {
	{
		"mapping", NHRP_CMD_MAPPING_GET,
		BIT(NHRP_A_MAPPING_IFINDEX) | BIT(NHRP_A_MAPPING_DST) |
		BIT(NHRP_A_MAPPING_PREFIXLEN) | BIT(NHRP_A_MAPPING_NBMA) |
		BIT(NHRP_A_MAPPING_TYPE) | BIT(NHRP_A_MAPPING_HOLD) |
		BIT(NHRP_A_MAPPING_PROTOCOL) | BIT(NHRP_A_MAPPING_FLAGS) |
		BIT(NHRP_A_MAPPING_MTU) | BIT(NHRP_A_MAPPING_PREFERENCE) |
		BIT(NHRP_A_MAPPING_MARK),
	},
	{
		"peer", NHRP_CMD_PEER_GET,
		BIT(NHRP_A_PEER_IFINDEX) | BIT(NHRP_A_PEER_NBMA) |
		BIT(NHRP_A_PEER_MAPPINGS),
	},
	{
		"mcast", NHRP_CMD_MCAST_GET,
		BIT(NHRP_A_MCAST_IFINDEX) | BIT(NHRP_A_MCAST_GROUP) |
		BIT(NHRP_A_MCAST_PREFIXLEN) | BIT(NHRP_A_MCAST_NBMA) |
		BIT(NHRP_A_MCAST_LISTED) | BIT(NHRP_A_MCAST_MAPPINGS),
	},
	{
		"stats", NHRP_CMD_STATS_GET,
		BIT(NHRP_A_STATS_IFINDEX) | BIT(NHRP_A_STATS_MAPPINGS) |
		BIT(NHRP_A_STATS_MAX_MAPPINGS) | BIT(NHRP_A_STATS_PEERS) |
		BIT(NHRP_A_STATS_INCOMPLETE) | BIT(NHRP_A_STATS_NEGATIVE),
	},
};

/**
 * struct dump - a dump that is being written down
 * @text: to here
 * @table: of what
 */
struct dump {
	struct text *text;
	const struct table *table;
};

int ifindex_of(const char *name)
{
	int index = if_nametoindex(name);

	if (!index)
		die("no device %s", name);
	return index;
}

static void write_object(const struct nlmsghdr *hdr, void *to)
{
	int left = hdr->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	const char *at = (char *)NLMSG_DATA(hdr) + GENL_HDRLEN;
	const struct dump *dump = to;
	const struct nlattr *attr;

	text_add(dump->text, "%s", dump->table->name);
	for (; left >= NLA_HDRLEN; left -= NLA_ALIGN(attr->nla_len),
	     at += NLA_ALIGN(attr->nla_len)) {
		attr = (const void *)at;
		if (!(dump->table->attrs & BIT(attr->nla_type)))
			continue;
		text_add(dump->text, " %d=", attr->nla_type);
		text_hex(dump->text, attr + 1, attr->nla_len - NLA_HDRLEN);
	}
	text_add(dump->text, "\n");
}

/**
 * state_cache - mappings, peers, lists for multicast
 * @text: to here
 */
void state_cache(struct text *text)
{
	int fd = netlink_open(NETLINK_GENERIC), error;
	struct message m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		struct dump dump = { .text = text, .table = &tables[i] };

		message_genl(&m, NLM_F_DUMP, tables[i].cmd);
		error = netlink_each(fd, &m, write_object, &dump);
		if (error)
			die("dump %s: %d", tables[i].name, error);
	}
	close(fd);
}

static void write_attr(struct text *text, const char *name,
		       const struct nlattr *attr)
{
	if (!attr)
		return;
	text_add(text, " %s=", name);
	text_hex(text, attr + 1, attr->nla_len - NLA_HDRLEN);
}

static void write_link(const struct nlmsghdr *hdr, void *to)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(hdr);
	const char *attrs = (char *)ifi + NLMSG_ALIGN(sizeof(*ifi));
	int left = hdr->nlmsg_len - NLMSG_LENGTH(sizeof(*ifi));
	const struct nlattr *name = message_attr(attrs, left, IFLA_IFNAME);

	text_add(to, "link %s flags %x type %d",
		 name ? (const char *)(name + 1) : "?", ifi->ifi_flags,
		 ifi->ifi_type);
	write_attr(to, "mtu", message_attr(attrs, left, IFLA_MTU));
	write_attr(to, "address", message_attr(attrs, left, IFLA_ADDRESS));
	write_attr(to, "kind", message_attr(attrs, left, IFLA_LINKINFO));
	text_add(to, "\n");
}

/**
 * state_links - devices with their options
 * @text: to here
 */
void state_links(struct text *text)
{
	struct ifinfomsg ifi = {};
	int fd = netlink_open(NETLINK_ROUTE), error;
	struct message m;

	message_begin(&m, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	error = netlink_each(fd, &m, write_link, text);
	if (error)
		die("dump of links: %d", error);
	close(fd);
}
