/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nhrp.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_NHRP_GEN_H
#define _LINUX_NHRP_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/nhrp.h>

/* Common nested types */
extern const struct nla_policy nhrp_mapping_config_nl_policy[NHRP_A_MAPPING_MARK + 1];

extern const struct nla_policy nhrp_mapping_new_nl_policy[NHRP_A_MAPPING_MARK + 1];

extern const struct nla_policy nhrp_mapping_del_nl_policy[NHRP_A_MAPPING_PREFIXLEN + 1];

extern const struct nla_policy nhrp_mapping_get_nl_policy[NHRP_A_MAPPING_FLAGS + 1];

extern const struct nla_policy nhrp_mapping_flush_nl_policy[NHRP_A_MAPPING_FLAGS + 1];

extern const struct nla_policy nhrp_peer_get_nl_policy[NHRP_A_PEER_NBMA + 1];

extern const struct nla_policy nhrp_mapping_batch_nl_policy[NHRP_A_BATCH_IFINDEX + 1];

extern const struct nla_policy nhrp_stats_get_nl_policy[NHRP_A_STATS_IFINDEX + 1];

extern const struct nla_policy nhrp_mcast_new_nl_policy[NHRP_A_MCAST_NBMA + 1];

extern const struct nla_policy nhrp_mcast_del_nl_policy[NHRP_A_MCAST_NBMA + 1];

extern const struct nla_policy nhrp_mcast_get_nl_policy[NHRP_A_MCAST_NBMA + 1];

/* Ops table for nhrp */
extern const struct genl_ops nhrp_nl_ops[10];

int nhrp_nl_mapping_new_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_mapping_del_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_mapping_get_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_mapping_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int nhrp_nl_mapping_flush_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int nhrp_nl_mapping_batch_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int nhrp_nl_mcast_new_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_mcast_del_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_mcast_get_doit(struct sk_buff *skb, struct genl_info *info);
int nhrp_nl_mcast_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	NHRP_NLGRP_MAPPING,
	NHRP_NLGRP_RESOLVE,
	NHRP_NLGRP_REDIRECT,
};

#endif /* _LINUX_NHRP_GEN_H */
