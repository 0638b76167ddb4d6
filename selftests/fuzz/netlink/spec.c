// SPDX-License-Identifier: GPL-2.0
/* What there is: Documentation/netlink/specs/nhrp.yaml and linux/mgre.h as tables. */

#include <linux/mgre.h>
#include <linux/nhrp.h>
#include <stdio.h>

#include "netlink.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- requests */

static const struct nl_attr mapping_config_attrs[] = {
	{ NHRP_A_MAPPING_IFINDEX, K_IFINDEX, 15 },
	{ NHRP_A_MAPPING_DST, K_DST, 15 },
	{ NHRP_A_MAPPING_PREFIXLEN, K_PREFIXLEN, 12 },
	{ NHRP_A_MAPPING_NBMA, K_NBMA, 15 },
	{ NHRP_A_MAPPING_TYPE, K_TYPE, 8 },
	{ NHRP_A_MAPPING_HOLD, K_HOLD, 5 },
	{ NHRP_A_MAPPING_PROTOCOL, K_PROTOCOL, 4 },
	{ NHRP_A_MAPPING_FLAGS, K_FLAGS, 6 },
	{ NHRP_A_MAPPING_MTU, K_MTU, 3 },
	{ NHRP_A_MAPPING_PREFERENCE, K_U8, 2 },
	{ NHRP_A_MAPPING_MARK, K_U32, 2 },
};

static const struct nl_attr batch_config_attrs[] = {
	{ NHRP_A_MAPPING_IFINDEX, K_IFINDEX, 8 },
	{ NHRP_A_MAPPING_DST, K_DST, 16 },
	{ NHRP_A_MAPPING_PREFIXLEN, K_PREFIXLEN, 14 },
	{ NHRP_A_MAPPING_NBMA, K_NBMA, 16 },
	{ NHRP_A_MAPPING_TYPE, K_TYPE, 8 },
	{ NHRP_A_MAPPING_HOLD, K_HOLD, 5 },
	{ NHRP_A_MAPPING_FLAGS, K_FLAGS, 6 },
	{ NHRP_A_MAPPING_MARK, K_U32, 1 },
};

static const struct nl_attr mapping_del_attrs[] = {
	{ NHRP_A_MAPPING_IFINDEX, K_IFINDEX, 15 },
	{ NHRP_A_MAPPING_DST, K_DST, 15 },
	{ NHRP_A_MAPPING_PREFIXLEN, K_PREFIXLEN, 14 },
};

static const struct nl_attr mapping_get_attrs[] = {
	{ NHRP_A_MAPPING_IFINDEX, K_IFINDEX, 15 },
	{ NHRP_A_MAPPING_DST, K_DST, 15 },
	{ NHRP_A_MAPPING_FLAGS, K_FLAGS, 1 },
};

static const struct nl_attr mapping_filter_attrs[] = {
	{ NHRP_A_MAPPING_IFINDEX, K_IFINDEX, 13 },
	{ NHRP_A_MAPPING_DST, K_DST, 8 },
	{ NHRP_A_MAPPING_PREFIXLEN, K_PREFIXLEN, 6 },
	{ NHRP_A_MAPPING_NBMA, K_NBMA, 4 },
	{ NHRP_A_MAPPING_TYPE, K_TYPE, 4 },
	{ NHRP_A_MAPPING_PROTOCOL, K_PROTOCOL, 3 },
	{ NHRP_A_MAPPING_FLAGS, K_FLAGS, 3 },
};

static const struct nl_set mapping_config = {
	mapping_config_attrs, ARRAY_SIZE(mapping_config_attrs),
};

static const struct nl_set batch_config = { batch_config_attrs, ARRAY_SIZE(batch_config_attrs) };
static const struct nl_set batch_del = { mapping_del_attrs, ARRAY_SIZE(mapping_del_attrs) };
static const struct nl_set mapping_del = { mapping_del_attrs, ARRAY_SIZE(mapping_del_attrs) };
static const struct nl_set mapping_get = { mapping_get_attrs, ARRAY_SIZE(mapping_get_attrs) };
static const struct nl_set mapping_filter = {
	mapping_filter_attrs, ARRAY_SIZE(mapping_filter_attrs),
};

static const struct nl_attr batch_attrs[] = {
	{ NHRP_A_BATCH_IFINDEX, K_IFINDEX, 14 },
	{ NHRP_A_BATCH_ADD, K_NEST, 8, &batch_config },
	{ NHRP_A_BATCH_REPLACE, K_NEST, 8, &batch_config },
	{ NHRP_A_BATCH_DEL, K_NEST, 8, &batch_del },
};

static const struct nl_set batch = {
	.attrs = batch_attrs, .count = ARRAY_SIZE(batch_attrs), .repeated = true,
};

static const struct nl_attr peer_get_attrs[] = {
	{ NHRP_A_PEER_IFINDEX, K_IFINDEX, 14 },
	{ NHRP_A_PEER_NBMA, K_NBMA, 14 },
};

static const struct nl_attr stats_get_attrs[] = {
	{ NHRP_A_STATS_IFINDEX, K_IFINDEX, 13 },
};

static const struct nl_attr mcast_attrs[] = {
	{ NHRP_A_MCAST_IFINDEX, K_IFINDEX, 15 },
	{ NHRP_A_MCAST_GROUP, K_GROUP, 8 },
	{ NHRP_A_MCAST_PREFIXLEN, K_GROUPLEN, 8 },
	{ NHRP_A_MCAST_NBMA, K_NBMA, 15 },
};

static const struct nl_attr mcast_dump_attrs[] = {
	{ NHRP_A_MCAST_IFINDEX, K_IFINDEX, 12 },
	{ NHRP_A_MCAST_GROUP, K_GROUP, 1 },
	{ NHRP_A_MCAST_NBMA, K_NBMA, 6 },
};

static const struct nl_set peer_get = { peer_get_attrs, ARRAY_SIZE(peer_get_attrs) };
static const struct nl_set stats_get = { stats_get_attrs, ARRAY_SIZE(stats_get_attrs) };
static const struct nl_set mcast = { mcast_attrs, ARRAY_SIZE(mcast_attrs) };
static const struct nl_set mcast_dump = { mcast_dump_attrs, ARRAY_SIZE(mcast_dump_attrs) };

static const struct nl_attr link_data_attrs[] = {
	{ IFLA_MGRE_LOCAL, K_LOCAL4, 6 },
	{ IFLA_MGRE_LINK, K_UNDERLAY, 4 },
	{ IFLA_MGRE_KEY, K_KEY, 8 },
	{ IFLA_MGRE_TTL, K_U8, 4 },
	{ IFLA_MGRE_TOS, K_TOS, 4 },
	{ IFLA_MGRE_PMTUDISC, K_BOOL, 4 },
	{ IFLA_MGRE_MAXMAPPINGS, K_MAXMAPPINGS, 4 },
	{ IFLA_MGRE_QUEUE, K_QUEUE, 4 },
	{ IFLA_MGRE_LOCAL6, K_LOCAL6, 6 },
	{ IFLA_MGRE_CSUM, K_BOOL, 4 },
	{ IFLA_MGRE_IGNORE_DF, K_BOOL, 1 },
	{ IFLA_MGRE_FWMARK, K_U32, 3 },
	{ IFLA_MGRE_RESOLVER, K_BOOL, 2 },
	{ IFLA_MGRE_ACCEPT, K_BOOL, 3 },
	{ IFLA_MGRE_REDIRECT, K_BOOL, 3 },
	{ IFLA_MGRE_PROTECT, K_BOOL, 1 },
};

static const struct nl_set link_data = { link_data_attrs, ARRAY_SIZE(link_data_attrs) };

static const struct nl_attr link_info_attrs[] = {
	{ IFLA_INFO_KIND, K_LINK_KIND, 16 },
	{ IFLA_INFO_DATA, K_NEST, 15, &link_data },
};

static const struct nl_set link_info = { link_info_attrs, ARRAY_SIZE(link_info_attrs) };

static const struct nl_attr link_new_attrs[] = {
	{ IFLA_IFNAME, K_NAME, 8 },
	{ IFLA_LINKINFO, K_NEST, 15, &link_info },
	{ IFLA_MTU, K_LINK_MTU, 3 },
	{ IFLA_TXQLEN, K_SMALL, 1 },
	{ IFLA_ADDRESS, K_ADDR, 1 },
	{ IFLA_BROADCAST, K_ADDR, 1 },
	{ IFLA_GROUP, K_SMALL, 1 },
	{ IFLA_LINK, K_UNDERLAY, 1 },
	{ IFLA_NUM_TX_QUEUES, K_SMALL, 1 },
	{ IFLA_NUM_RX_QUEUES, K_SMALL, 1 },
	{ IFLA_NET_NS_FD, K_NETNS_FD, 2 },
	{ IFLA_TARGET_NETNSID, K_NETNS_ID, 1 },
	{ IFLA_LINK_NETNSID, K_NETNS_ID, 1 },
};

static const struct nl_attr link_set_attrs[] = {
	{ IFLA_IFNAME, K_NAME, 3 },
	{ IFLA_LINKINFO, K_NEST, 10, &link_info },
	{ IFLA_MTU, K_LINK_MTU, 3 },
	{ IFLA_TXQLEN, K_SMALL, 2 },
	{ IFLA_ADDRESS, K_ADDR, 1 },
	{ IFLA_BROADCAST, K_ADDR, 1 },
	{ IFLA_LINKMODE, K_SMALL, 1 },
	{ IFLA_OPERSTATE, K_SMALL, 1 },
	{ IFLA_IFALIAS, K_STRING, 1 },
	{ IFLA_GROUP, K_SMALL, 1 },
	{ IFLA_CARRIER, K_BOOL, 1 },
	{ IFLA_GSO_MAX_SEGS, K_U32, 1 },
	{ IFLA_GSO_MAX_SIZE, K_U32, 1 },
	{ IFLA_NET_NS_FD, K_NETNS_FD, 2 },
	{ IFLA_NET_NS_PID, K_SMALL, 1 },
	{ IFLA_TARGET_NETNSID, K_NETNS_ID, 1 },
	{ IFLA_NEW_IFINDEX, K_IFINDEX, 1 },
};

static const struct nl_attr link_del_attrs[] = {
	{ IFLA_IFNAME, K_NAME, 3 },
	{ IFLA_TARGET_NETNSID, K_NETNS_ID, 1 },
};

static const struct nl_attr link_get_attrs[] = {
	{ IFLA_IFNAME, K_NAME, 3 },
	{ IFLA_EXT_MASK, K_SMALL, 4 },
	{ IFLA_TARGET_NETNSID, K_NETNS_ID, 1 },
};

static const struct nl_attr link_dump_attrs[] = {
	{ IFLA_EXT_MASK, K_SMALL, 4 },
	{ IFLA_LINKINFO, K_NEST, 6, &link_info },
	{ IFLA_TARGET_NETNSID, K_NETNS_ID, 1 },
};

static const struct nl_set link_new = { link_new_attrs, ARRAY_SIZE(link_new_attrs) };
static const struct nl_set link_set = { link_set_attrs, ARRAY_SIZE(link_set_attrs) };
static const struct nl_set link_del = { link_del_attrs, ARRAY_SIZE(link_del_attrs) };
static const struct nl_set link_get = { link_get_attrs, ARRAY_SIZE(link_get_attrs) };
static const struct nl_set link_dump = { link_dump_attrs, ARRAY_SIZE(link_dump_attrs) };

/* ---- replies and events */

static const struct nl_attr mapping_reply_attrs[] = {
	{ NHRP_A_MAPPING_IFINDEX, K_U32, 16 },
	{ NHRP_A_MAPPING_DST, K_ADDR, 16 },
	{ NHRP_A_MAPPING_PREFIXLEN, K_U8, 16 },
	{ NHRP_A_MAPPING_NBMA, K_ADDR },
	{ NHRP_A_MAPPING_TYPE, K_U8, 16 },
	{ NHRP_A_MAPPING_HOLD, K_U32 },
	{ NHRP_A_MAPPING_PROTOCOL, K_U8, 16 },
	{ NHRP_A_MAPPING_EXPIRES, K_U64 },
	{ NHRP_A_MAPPING_CREATED, K_U64, 16 },
	{ NHRP_A_MAPPING_UPDATED, K_U64, 16 },
	{ NHRP_A_MAPPING_USED, K_U64 },
	{ NHRP_A_MAPPING_PAD, K_PAD },
	{ NHRP_A_MAPPING_FLAGS, K_U32 },
	{ NHRP_A_MAPPING_MTU, K_U32 },
	{ NHRP_A_MAPPING_PREFERENCE, K_U8 },
	{ NHRP_A_MAPPING_MARK, K_U32 },
	{ NHRP_A_MAPPING_ATTEMPTS, K_U32 },
	{ NHRP_A_MAPPING_QUEUED, K_U32 },
};

static const struct nl_attr flush_reply_attrs[] = {
	{ NHRP_A_MAPPING_FLUSHED, K_U32, 16 },
};

static const struct nl_attr stats_reply_attrs[] = {
	{ NHRP_A_STATS_IFINDEX, K_U32, 16 },
	{ NHRP_A_STATS_PAD, K_PAD },
	{ NHRP_A_STATS_MAPPINGS, K_U32, 16 },
	{ NHRP_A_STATS_MAX_MAPPINGS, K_U32, 16 },
	{ NHRP_A_STATS_PEERS, K_U32, 16 },
	{ NHRP_A_STATS_INCOMPLETE, K_U32, 16 },
	{ NHRP_A_STATS_NEGATIVE, K_U32, 16 },
	{ NHRP_A_STATS_HITS, K_U64, 16 },
	{ NHRP_A_STATS_MISSES, K_U64, 16 },
	{ NHRP_A_STATS_UPCALLS, K_U64, 16 },
	{ NHRP_A_STATS_QUEUED, K_U64, 16 },
	{ NHRP_A_STATS_RELEASED, K_U64, 16 },
	{ NHRP_A_STATS_DROP_NEGATIVE, K_U64, 16 },
	{ NHRP_A_STATS_DROP_NO_LISTENER, K_U64, 16 },
	{ NHRP_A_STATS_DROP_LOOP, K_U64, 16 },
	{ NHRP_A_STATS_DROP_LIMIT, K_U64, 16 },
	{ NHRP_A_STATS_DROP_OVERFLOW, K_U64, 16 },
	{ NHRP_A_STATS_DROP_EVICTED, K_U64, 16 },
	{ NHRP_A_STATS_DROP_UNANSWERED, K_U64, 16 },
	{ NHRP_A_STATS_DROP_FLUSHED, K_U64, 16 },
};

static const struct nl_attr peer_reply_attrs[] = {
	{ NHRP_A_PEER_IFINDEX, K_U32, 16 },
	{ NHRP_A_PEER_NBMA, K_ADDR, 16 },
	{ NHRP_A_PEER_MAPPINGS, K_U32, 16 },
	{ NHRP_A_PEER_PMTU, K_U32 },
	{ NHRP_A_PEER_RX_PACKETS, K_U64, 16 },
	{ NHRP_A_PEER_RX_BYTES, K_U64, 16 },
	{ NHRP_A_PEER_TX_PACKETS, K_U64, 16 },
	{ NHRP_A_PEER_TX_BYTES, K_U64, 16 },
	{ NHRP_A_PEER_LAST_RX, K_U64 },
	{ NHRP_A_PEER_PAD, K_PAD },
	{ NHRP_A_PEER_ICMP_UNREACHABLE, K_U32, 16 },
	{ NHRP_A_PEER_ICMP_PROHIBITED, K_U32, 16 },
	{ NHRP_A_PEER_ICMP_EXCEEDED, K_U32, 16 },
};

static const struct nl_attr mcast_reply_attrs[] = {
	{ NHRP_A_MCAST_IFINDEX, K_U32, 16 },
	{ NHRP_A_MCAST_GROUP, K_ADDR },
	{ NHRP_A_MCAST_PREFIXLEN, K_U8 },
	{ NHRP_A_MCAST_NBMA, K_ADDR, 16 },
	{ NHRP_A_MCAST_LISTED, K_FLAG },
	{ NHRP_A_MCAST_MAPPINGS, K_U32 },
};

static const struct nl_attr resolve_event_attrs[] = {
	{ NHRP_A_RESOLVE_IFINDEX, K_U32, 16 },
	{ NHRP_A_RESOLVE_DST, K_ADDR, 16 },
	{ NHRP_A_RESOLVE_PREFIXLEN, K_U8, 16 },
	{ NHRP_A_RESOLVE_REASON, K_U8, 16 },
	{ NHRP_A_RESOLVE_ATTEMPT, K_U32, 16 },
	{ NHRP_A_RESOLVE_DESTINATION, K_ADDR },
	{ NHRP_A_RESOLVE_SOURCE, K_ADDR },
	{ NHRP_A_RESOLVE_NEXTHOP, K_ADDR },
	{ NHRP_A_RESOLVE_NBMA, K_ADDR },
};

static const struct nl_attr redirect_event_attrs[] = {
	{ NHRP_A_REDIRECT_IFINDEX, K_U32, 16 },
	{ NHRP_A_REDIRECT_SOURCE, K_ADDR, 16 },
	{ NHRP_A_REDIRECT_DESTINATION, K_ADDR, 16 },
	{ NHRP_A_REDIRECT_NEXTHOP, K_ADDR, 16 },
	{ NHRP_A_REDIRECT_NBMA_FROM, K_ADDR, 16 },
	{ NHRP_A_REDIRECT_NBMA_TO, K_ADDR, 16 },
	{ NHRP_A_REDIRECT_PACKET, K_BINARY, 16 },
};

const struct nl_set mapping_reply = { mapping_reply_attrs, ARRAY_SIZE(mapping_reply_attrs) };
static const struct nl_set flush_reply = { flush_reply_attrs, ARRAY_SIZE(flush_reply_attrs) };
static const struct nl_set stats_reply = { stats_reply_attrs, ARRAY_SIZE(stats_reply_attrs) };
static const struct nl_set peer_reply = { peer_reply_attrs, ARRAY_SIZE(peer_reply_attrs) };
static const struct nl_set mcast_reply = { mcast_reply_attrs, ARRAY_SIZE(mcast_reply_attrs) };
static const struct nl_set resolve_event = { resolve_event_attrs, ARRAY_SIZE(resolve_event_attrs) };
static const struct nl_set redirect_event = {
	redirect_event_attrs, ARRAY_SIZE(redirect_event_attrs),
};

static const struct nl_attr link_data_reply_attrs[] = {
	{ IFLA_MGRE_LOCAL, K_ADDR4 },
	{ IFLA_MGRE_LINK, K_U32 },
	{ IFLA_MGRE_KEY, K_U32 },
	{ IFLA_MGRE_TTL, K_U8, 16 },
	{ IFLA_MGRE_TOS, K_U8, 16 },
	{ IFLA_MGRE_PMTUDISC, K_BOOL, 16 },
	{ IFLA_MGRE_MAXMAPPINGS, K_U32, 16 },
	{ IFLA_MGRE_QUEUE, K_U32, 16 },
	{ IFLA_MGRE_LOCAL6, K_ADDR6 },
	{ IFLA_MGRE_CSUM, K_BOOL, 16 },
	{ IFLA_MGRE_IGNORE_DF, K_BOOL, 16 },
	{ IFLA_MGRE_FWMARK, K_U32, 16 },
	{ IFLA_MGRE_RESOLVER, K_BOOL, 16 },
	{ IFLA_MGRE_ACCEPT, K_BOOL, 16 },
	{ IFLA_MGRE_REDIRECT, K_BOOL, 16 },
	{ IFLA_MGRE_PROTECT, K_BOOL, 16 },
};

static const struct nl_set link_data_reply = {
	link_data_reply_attrs, ARRAY_SIZE(link_data_reply_attrs),
};

static const struct nl_attr link_info_reply_attrs[] = {
	{ IFLA_INFO_KIND, K_STRING },
	{ IFLA_INFO_DATA, K_NEST, 0, &link_data_reply },
	{ IFLA_INFO_SLAVE_KIND, K_STRING },
};

static const struct nl_set link_info_reply = {
	.attrs = link_info_reply_attrs, .count = ARRAY_SIZE(link_info_reply_attrs),
	.open = true,
};

static const struct nl_attr link_reply_attrs[] = {
	{ IFLA_IFNAME, K_STRING, 16 },
	{ IFLA_MTU, K_U32 },
	{ IFLA_QDISC, K_STRING },
	{ IFLA_IFALIAS, K_STRING },
	{ IFLA_LINKINFO, K_NEST, 0, &link_info_reply },
};

const struct nl_set link_reply = {
	.attrs = link_reply_attrs, .count = ARRAY_SIZE(link_reply_attrs),
	.open = true,
};

/* ---- commands */

const struct nl_command commands[] = {
	{ "mapping-new", NHRP_CMD_MAPPING_NEW, .write = true, .often = 70,
	  .request = &mapping_config },
	{ "mapping-del", NHRP_CMD_MAPPING_DEL, .write = true, .often = 36,
	  .request = &mapping_del },
	{ "mapping-get", NHRP_CMD_MAPPING_GET, .often = 30,
	  .request = &mapping_get, .reply = &mapping_reply },
	{ "mapping-dump", NHRP_CMD_MAPPING_GET, .dump = true, .often = 3,
	  .request = &mapping_filter, .reply = &mapping_reply },
	{ "mapping-flush", NHRP_CMD_MAPPING_FLUSH, .write = true, .often = 6,
	  .request = &mapping_filter, .reply = &flush_reply },
	{ "mapping-batch", NHRP_CMD_MAPPING_BATCH, .write = true, .often = 24,
	  .request = &batch },
	{ "peer-get", NHRP_CMD_PEER_GET, .often = 14,
	  .request = &peer_get, .reply = &peer_reply },
	{ "peer-dump", NHRP_CMD_PEER_GET, .dump = true, .often = 2,
	  .request = &peer_get, .reply = &peer_reply },
	{ "stats-get", NHRP_CMD_STATS_GET, .often = 8,
	  .request = &stats_get, .reply = &stats_reply },
	{ "stats-dump", NHRP_CMD_STATS_GET, .dump = true, .often = 2,
	  .request = &stats_get, .reply = &stats_reply },
	{ "mcast-new", NHRP_CMD_MCAST_NEW, .write = true, .often = 20,
	  .request = &mcast },
	{ "mcast-del", NHRP_CMD_MCAST_DEL, .write = true, .often = 18,
	  .request = &mcast },
	{ "mcast-get", NHRP_CMD_MCAST_GET, .often = 12,
	  .request = &mcast, .reply = &mcast_reply },
	{ "mcast-dump", NHRP_CMD_MCAST_GET, .dump = true, .often = 2,
	  .request = &mcast_dump, .reply = &mcast_reply },
	{ "link-new", RTM_NEWLINK, .route = true, .write = true, .often = 12,
	  .request = &link_new },
	{ "link-set", RTM_SETLINK, .route = true, .write = true, .often = 12,
	  .request = &link_set },
	{ "link-del", RTM_DELLINK, .route = true, .write = true, .often = 3,
	  .request = &link_del },
	{ "link-get", RTM_GETLINK, .route = true, .often = 8,
	  .request = &link_get, .reply = &link_reply },
	{ "link-dump", RTM_GETLINK, .route = true, .dump = true, .often = 4,
	  .request = &link_dump, .reply = &link_reply },
};

const unsigned int command_count = ARRAY_SIZE(commands);

/**
 * find_command - which command a request is
 * @h: request; all of its octets are there
 * @route: it goes to rtnetlink
 *
 * Return: the command, or NULL.
 */
const struct nl_command *find_command(const struct nlmsghdr *h, bool route)
{
	__u16 flags = h->nlmsg_flags & NLM_F_DUMP, id = h->nlmsg_type;
	unsigned int i;
	bool dump;

	/* rtnetlink takes no notice of one without an octet behind its header. */
	if (route ? h->nlmsg_len == NLMSG_HDRLEN :
	    id != family || h->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return NULL;
	/* rtnetlink takes either bit for a dump, generic netlink both. */
	dump = route ? flags && id == RTM_GETLINK : flags == NLM_F_DUMP;
	if (!route)
		id = *((const __u8 *)h + NLMSG_HDRLEN);
	for (i = 0; i < command_count; i++)
		if (commands[i].route == route && commands[i].id == id &&
		    commands[i].dump == dump)
			return &commands[i];

	return NULL;
}

/**
 * event_set - what an event carries
 * @cmd: command of the event
 *
 * Return: attributes, or NULL.
 */
const struct nl_set *event_set(__u8 cmd)
{
	switch (cmd) {
	case NHRP_CMD_MAPPING_NEW_NTF:
	case NHRP_CMD_MAPPING_CHANGE_NTF:
	case NHRP_CMD_MAPPING_DEL_NTF:
	case NHRP_CMD_MAPPING_EXPIRE_NTF:
		return &mapping_reply;
	case NHRP_CMD_RESOLVE_NTF:
		return &resolve_event;
	case NHRP_CMD_REDIRECT_NTF:
		return &redirect_event;
	default:
		return NULL;
	}
}
