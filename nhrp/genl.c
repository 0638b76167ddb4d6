// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nhrp.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "genl.h"

#include <uapi/linux/nhrp.h>

/* Common nested types */
const struct nla_policy nhrp_mapping_config_nl_policy[NHRP_A_MAPPING_MARK + 1] = {
	[NHRP_A_MAPPING_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_DST] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MAPPING_NBMA] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_TYPE] = NLA_POLICY_RANGE(NLA_U8, 1, 5),
	[NHRP_A_MAPPING_HOLD] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_PROTOCOL] = { .type = NLA_U8, },
	[NHRP_A_MAPPING_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
	[NHRP_A_MAPPING_MTU] = NLA_POLICY_MIN(NLA_U32, 68),
	[NHRP_A_MAPPING_PREFERENCE] = { .type = NLA_U8, },
	[NHRP_A_MAPPING_MARK] = { .type = NLA_U32, },
};

/* NHRP_CMD_MAPPING_NEW - do */
const struct nla_policy nhrp_mapping_new_nl_policy[NHRP_A_MAPPING_MARK + 1] = {
	[NHRP_A_MAPPING_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_DST] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MAPPING_NBMA] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_TYPE] = NLA_POLICY_RANGE(NLA_U8, 1, 5),
	[NHRP_A_MAPPING_HOLD] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_PROTOCOL] = { .type = NLA_U8, },
	[NHRP_A_MAPPING_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
	[NHRP_A_MAPPING_MTU] = NLA_POLICY_MIN(NLA_U32, 68),
	[NHRP_A_MAPPING_PREFERENCE] = { .type = NLA_U8, },
	[NHRP_A_MAPPING_MARK] = { .type = NLA_U32, },
};

/* NHRP_CMD_MAPPING_DEL - do */
const struct nla_policy nhrp_mapping_del_nl_policy[NHRP_A_MAPPING_PREFIXLEN + 1] = {
	[NHRP_A_MAPPING_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_DST] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* NHRP_CMD_MAPPING_GET - do */
const struct nla_policy nhrp_mapping_get_nl_policy[NHRP_A_MAPPING_FLAGS + 1] = {
	[NHRP_A_MAPPING_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_DST] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MAPPING_NBMA] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_TYPE] = NLA_POLICY_RANGE(NLA_U8, 1, 5),
	[NHRP_A_MAPPING_PROTOCOL] = { .type = NLA_U8, },
	[NHRP_A_MAPPING_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
};

/* NHRP_CMD_MAPPING_FLUSH - do */
const struct nla_policy nhrp_mapping_flush_nl_policy[NHRP_A_MAPPING_FLAGS + 1] = {
	[NHRP_A_MAPPING_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MAPPING_DST] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MAPPING_NBMA] = { .type = NLA_BINARY, },
	[NHRP_A_MAPPING_TYPE] = NLA_POLICY_RANGE(NLA_U8, 1, 5),
	[NHRP_A_MAPPING_PROTOCOL] = { .type = NLA_U8, },
	[NHRP_A_MAPPING_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
};

/* NHRP_CMD_PEER_GET - do */
const struct nla_policy nhrp_peer_get_nl_policy[NHRP_A_PEER_NBMA + 1] = {
	[NHRP_A_PEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_PEER_NBMA] = { .type = NLA_BINARY, },
};

/* NHRP_CMD_MAPPING_BATCH - do */
const struct nla_policy nhrp_mapping_batch_nl_policy[NHRP_A_BATCH_IFINDEX + 1] = {
	[NHRP_A_BATCH_ADD] = NLA_POLICY_NESTED(nhrp_mapping_config_nl_policy),
	[NHRP_A_BATCH_REPLACE] = NLA_POLICY_NESTED(nhrp_mapping_config_nl_policy),
	[NHRP_A_BATCH_DEL] = NLA_POLICY_NESTED(nhrp_mapping_config_nl_policy),
	[NHRP_A_BATCH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* NHRP_CMD_STATS_GET - do */
const struct nla_policy nhrp_stats_get_nl_policy[NHRP_A_STATS_IFINDEX + 1] = {
	[NHRP_A_STATS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* NHRP_CMD_MCAST_NEW - do */
const struct nla_policy nhrp_mcast_new_nl_policy[NHRP_A_MCAST_NBMA + 1] = {
	[NHRP_A_MCAST_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MCAST_GROUP] = { .type = NLA_BINARY, },
	[NHRP_A_MCAST_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MCAST_NBMA] = { .type = NLA_BINARY, },
};

/* NHRP_CMD_MCAST_DEL - do */
const struct nla_policy nhrp_mcast_del_nl_policy[NHRP_A_MCAST_NBMA + 1] = {
	[NHRP_A_MCAST_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MCAST_GROUP] = { .type = NLA_BINARY, },
	[NHRP_A_MCAST_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MCAST_NBMA] = { .type = NLA_BINARY, },
};

/* NHRP_CMD_MCAST_GET - do */
const struct nla_policy nhrp_mcast_get_nl_policy[NHRP_A_MCAST_NBMA + 1] = {
	[NHRP_A_MCAST_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NHRP_A_MCAST_GROUP] = { .type = NLA_BINARY, },
	[NHRP_A_MCAST_PREFIXLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NHRP_A_MCAST_NBMA] = { .type = NLA_BINARY, },
};

/* Ops table for nhrp */
const struct genl_ops nhrp_nl_ops[10] = {
	{
		.cmd		= NHRP_CMD_MAPPING_NEW,
		.doit		= nhrp_nl_mapping_new_doit,
		.policy		= nhrp_mapping_new_nl_policy,
		.maxattr	= NHRP_A_MAPPING_MARK,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NHRP_CMD_MAPPING_DEL,
		.doit		= nhrp_nl_mapping_del_doit,
		.policy		= nhrp_mapping_del_nl_policy,
		.maxattr	= NHRP_A_MAPPING_PREFIXLEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NHRP_CMD_MAPPING_GET,
		.doit		= nhrp_nl_mapping_get_doit,
		.dumpit		= nhrp_nl_mapping_get_dumpit,
		.policy		= nhrp_mapping_get_nl_policy,
		.maxattr	= NHRP_A_MAPPING_FLAGS,
	},
	{
		.cmd		= NHRP_CMD_MAPPING_FLUSH,
		.doit		= nhrp_nl_mapping_flush_doit,
		.policy		= nhrp_mapping_flush_nl_policy,
		.maxattr	= NHRP_A_MAPPING_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NHRP_CMD_PEER_GET,
		.doit		= nhrp_nl_peer_get_doit,
		.dumpit		= nhrp_nl_peer_get_dumpit,
		.policy		= nhrp_peer_get_nl_policy,
		.maxattr	= NHRP_A_PEER_NBMA,
	},
	{
		.cmd		= NHRP_CMD_MAPPING_BATCH,
		.doit		= nhrp_nl_mapping_batch_doit,
		.policy		= nhrp_mapping_batch_nl_policy,
		.maxattr	= NHRP_A_BATCH_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NHRP_CMD_STATS_GET,
		.doit		= nhrp_nl_stats_get_doit,
		.dumpit		= nhrp_nl_stats_get_dumpit,
		.policy		= nhrp_stats_get_nl_policy,
		.maxattr	= NHRP_A_STATS_IFINDEX,
	},
	{
		.cmd		= NHRP_CMD_MCAST_NEW,
		.doit		= nhrp_nl_mcast_new_doit,
		.policy		= nhrp_mcast_new_nl_policy,
		.maxattr	= NHRP_A_MCAST_NBMA,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NHRP_CMD_MCAST_DEL,
		.doit		= nhrp_nl_mcast_del_doit,
		.policy		= nhrp_mcast_del_nl_policy,
		.maxattr	= NHRP_A_MCAST_NBMA,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NHRP_CMD_MCAST_GET,
		.doit		= nhrp_nl_mcast_get_doit,
		.dumpit		= nhrp_nl_mcast_get_dumpit,
		.policy		= nhrp_mcast_get_nl_policy,
		.maxattr	= NHRP_A_MCAST_NBMA,
	},
};

static const struct genl_multicast_group nhrp_nl_mcgrps[] = {
	[NHRP_NLGRP_MAPPING] = { "mapping", },
	[NHRP_NLGRP_RESOLVE] = { "resolve", },
	[NHRP_NLGRP_REDIRECT] = { "redirect", },
};
