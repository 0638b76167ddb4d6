/* SPDX-License-Identifier: GPL-2.0 */
/* What requests and dumps of the netlink family share. */

#ifndef _NHRP_NL_H
#define _NHRP_NL_H

#include <net/genetlink.h>

#include "nhrp_int.h"

extern struct genl_family nhrp_nl_family;

int nhrp_nl_parse_addr(const struct nlattr *attr, struct nhrp_addr *addr,
		       struct netlink_ext_ack *extack);
int nhrp_nl_parse_prefix(struct nlattr *const *attrs,
			 struct nhrp_prefix *prefix,
			 struct netlink_ext_ack *extack);
int nhrp_nl_parse_filter(struct nlattr *const *attrs,
			 struct nhrp_filter *filter,
			 struct netlink_ext_ack *extack);
int nhrp_nl_parse_mapping(struct nlattr **attrs, const struct nlattr *nest,
			  struct nhrp_mapping_config *cfg,
			  struct netlink_ext_ack *extack);
int nhrp_nl_parse_member(struct nlattr **attrs, struct nhrp_mcast_config *cfg,
			 struct netlink_ext_ack *extack);
int nhrp_nl_put_addr(struct sk_buff *skb, int type,
		     const struct nhrp_addr *addr);
struct nhrp_cache *nhrp_nl_find_cache(struct net *net,
				      const struct nlattr *attr,
				      netdevice_tracker *tracker,
				      struct netlink_ext_ack *extack);
int nhrp_nl_fill_mapping(struct sk_buff *skb, void *hdr,
			 const struct nhrp_cache *cache,
			 const struct nhrp_mapping *mapping);
int nhrp_nl_fill_pending(struct sk_buff *skb, void *hdr,
			 const struct nhrp_cache *cache,
			 const struct nhrp_pending *pending);
int nhrp_nl_fill_stats(struct sk_buff *skb, void *hdr,
		       const struct nhrp_cache *cache);
int nhrp_nl_fill_peer(struct sk_buff *skb, void *hdr,
		      const struct nhrp_cache *cache,
		      const struct nhrp_peer *peer);
int nhrp_nl_fill_member(struct sk_buff *skb, void *hdr,
			const struct nhrp_cache *cache,
			const struct nhrp_member *member);

#endif /* _NHRP_NL_H */
