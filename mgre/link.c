// SPDX-License-Identifier: GPL-2.0
/* rtnetlink: create, change, show and delete devices of kind "mgre". */

#include <linux/inetdevice.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/rtnetlink.h>

#include <uapi/linux/mgre.h>

#include "mgre.h"

/* Value of IFLA_MGRE_TOS that inherits, as ip_gre has it. */
#define MGRE_TOS_INHERIT	1

static const struct nla_policy mgre_link_policy[IFLA_MGRE_MAX + 1] = {
	/* Lengths are exact from the first option on; rtnetlink asks for that here. */
	[IFLA_MGRE_UNSPEC]	= { .strict_start_type = IFLA_MGRE_LOCAL },
	[IFLA_MGRE_LOCAL]	= { .type = NLA_U32 },
	[IFLA_MGRE_LINK]	= { .type = NLA_U32 },
	[IFLA_MGRE_KEY]		= { .type = NLA_U32 },
	[IFLA_MGRE_TTL]		= { .type = NLA_U8 },
	[IFLA_MGRE_TOS]		= { .type = NLA_U8 },
	[IFLA_MGRE_PMTUDISC]	= NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_MGRE_MAXMAPPINGS]	= NLA_POLICY_MIN(NLA_U32, 1),
	[IFLA_MGRE_QUEUE]	= NLA_POLICY_MAX(NLA_U32, NHRP_MAX_QUEUE),
	[IFLA_MGRE_LOCAL6]	= NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[IFLA_MGRE_CSUM]	= NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_MGRE_IGNORE_DF]	= NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_MGRE_FWMARK]	= { .type = NLA_U32 },
	[IFLA_MGRE_RESOLVER]	= NLA_POLICY_MAX(NLA_U8, MGRE_RESOLVER_NEIGH),
	[IFLA_MGRE_ACCEPT]	= NLA_POLICY_MAX(NLA_U8, MGRE_ACCEPT_KNOWN),
	[IFLA_MGRE_REDIRECT]	= NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_MGRE_PROTECT]	= NLA_POLICY_MAX(NLA_U8, 1),
};

static int mgre_link_validate_local(struct nlattr *data[],
				    struct netlink_ext_ack *extack)
{
	struct nlattr *attr = data[IFLA_MGRE_LOCAL];
	__be32 local = attr ? nla_get_in_addr(attr) : 0;
	struct in6_addr local6 = {};

	if (ipv4_is_multicast(local) || ipv4_is_lbcast(local)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "local is not a unicast address");
		return -EINVAL;
	}

	attr = data[IFLA_MGRE_LOCAL6];
	if (attr)
		local6 = nla_get_in6_addr(attr);
	if (ipv6_addr_is_multicast(&local6) || ipv6_addr_v4mapped(&local6)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "local is not a unicast address");
		return -EINVAL;
	}
	if (!ipv6_mod_enabled() && !ipv6_addr_any(&local6)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the kernel is without IPv6");
		return -EAFNOSUPPORT;
	}

	return 0;
}

static int mgre_link_validate(struct nlattr *tb[], struct nlattr *data[],
			      struct netlink_ext_ack *extack)
{
	struct nlattr *attr;
	u8 tos;

	/* The device sets its own; it is the local address. */
	if (tb[IFLA_ADDRESS] || tb[IFLA_BROADCAST]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS] ?: tb[IFLA_BROADCAST],
				    "link-layer address follows local");
		return -EINVAL;
	}
	if (!data)
		return 0;

	attr = data[IFLA_MGRE_TOS];
	tos = attr ? nla_get_u8(attr) : 0;
	if (tos != MGRE_TOS_INHERIT && (tos & INET_ECN_MASK)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "tos sets the two bits of ECN");
		return -EINVAL;
	}

	return mgre_link_validate_local(data, extack);
}

static int mgre_link_parse_link(struct net *net, const struct nlattr *attr,
				const struct net_device *self,
				struct mgre_conf *conf,
				struct netlink_ext_ack *extack)
{
	struct net_device *link;
	u32 ifindex = nla_get_u32(attr);

	if (!ifindex) {
		conf->link = 0;
		return 0;
	}

	link = ifindex <= INT_MAX ? __dev_get_by_index(net, ifindex) : NULL;
	if (!link) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "dev is not a device of the underlay's netns");
		return -ENODEV;
	}
	if (link == self) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "dev is the tunnel itself");
		return -ELOOP;
	}

	conf->link = ifindex;
	return 0;
}

/* A device with a local address of one family alone does not carry the other. */
static void mgre_link_parse_local(struct nlattr *data[], struct mgre_conf *conf)
{
	struct mgre_underlay *ip4 = &conf->underlay[MGRE_IP4];
	struct mgre_underlay *ip6 = &conf->underlay[MGRE_IP6];

	if (data[IFLA_MGRE_LOCAL])
		ip4->local.ip4 = nla_get_in_addr(data[IFLA_MGRE_LOCAL]);
	if (data[IFLA_MGRE_LOCAL6])
		ip6->local.ip6 = nla_get_in6_addr(data[IFLA_MGRE_LOCAL6]);

	ip4->carried = ip4->local.ip4 || ipv6_addr_any(&ip6->local.ip6);
	ip6->carried = ipv6_mod_enabled() &&
		       (!ip4->local.ip4 || !ipv6_addr_any(&ip6->local.ip6));
}

static void mgre_link_parse_ip(struct nlattr *data[], struct mgre_conf *conf)
{
	if (data[IFLA_MGRE_TTL])
		conf->ttl = nla_get_u8(data[IFLA_MGRE_TTL]);
	if (data[IFLA_MGRE_TOS]) {
		conf->tos = nla_get_u8(data[IFLA_MGRE_TOS]);
		conf->tos_inherit = conf->tos == MGRE_TOS_INHERIT;
		if (conf->tos_inherit)
			conf->tos = 0;
	}
	if (data[IFLA_MGRE_PMTUDISC])
		conf->df = nla_get_u8(data[IFLA_MGRE_PMTUDISC]) ?
			   htons(IP_DF) : 0;
	if (data[IFLA_MGRE_IGNORE_DF])
		conf->ignore_df = nla_get_u8(data[IFLA_MGRE_IGNORE_DF]);
	if (data[IFLA_MGRE_FWMARK])
		conf->fwmark = nla_get_u32(data[IFLA_MGRE_FWMARK]);
	if (data[IFLA_MGRE_ACCEPT])
		conf->accept_known = nla_get_u8(data[IFLA_MGRE_ACCEPT]) ==
				     MGRE_ACCEPT_KNOWN;
	if (data[IFLA_MGRE_REDIRECT])
		conf->redirect = nla_get_u8(data[IFLA_MGRE_REDIRECT]);
	if (data[IFLA_MGRE_PROTECT])
		conf->protect = nla_get_u8(data[IFLA_MGRE_PROTECT]);
}

static void mgre_link_parse_gre(struct nlattr *data[], struct mgre_conf *conf)
{
	bool csum = conf->gre_flags & GRE_CSUM;

	if (data[IFLA_MGRE_KEY]) {
		conf->key = nla_get_be32(data[IFLA_MGRE_KEY]);
		conf->keyed = true;
	}
	if (data[IFLA_MGRE_CSUM])
		csum = nla_get_u8(data[IFLA_MGRE_CSUM]);

	conf->gre_flags = (conf->keyed ? GRE_KEY : 0) | (csum ? GRE_CSUM : 0);
	conf->gre_hlen = mgre_gre_hlen(conf->gre_flags);
}

static int mgre_link_check(const struct mgre_dev *mgre, struct nlattr *data[],
			   const struct mgre_conf *conf,
			   struct netlink_ext_ack *extack)
{
	bool registered = mgre->dev->reg_state != NETREG_UNINITIALIZED;

	if (registered && mgre_lladdr_len(conf) != mgre->dev->addr_len) {
		NL_SET_ERR_MSG(extack,
			       "local would change the length of link-layer addresses");
		return -EOPNOTSUPP;
	}
	if (registered && data[IFLA_MGRE_RESOLVER] &&
	    nla_get_u8(data[IFLA_MGRE_RESOLVER]) != mgre->resolver) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_MGRE_RESOLVER],
				    "resolver cannot change");
		return -EOPNOTSUPP;
	}
	if (conf->ignore_df && conf->df) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_MGRE_IGNORE_DF] ?:
				    data[IFLA_MGRE_PMTUDISC],
				    "ignore-df needs nopmtudisc");
		return -EINVAL;
	}
	if (mgre_demux_is_taken(mgre->net, conf)) {
		NL_SET_ERR_MSG(extack,
			       "another device has this local, key and dev");
		return -EEXIST;
	}

	return 0;
}

/* Writes to @conf what the attributes say, and leaves the rest of it. */
static int mgre_link_parse(struct mgre_dev *mgre, struct nlattr *data[],
			   struct mgre_conf *conf,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *none[IFLA_MGRE_MAX + 1] = {};
	int err;

	data = data ?: none;
	if (data[IFLA_MGRE_LINK]) {
		err = mgre_link_parse_link(mgre->net, data[IFLA_MGRE_LINK],
					   mgre->dev, conf, extack);
		if (err)
			return err;
	}
	mgre_link_parse_local(data, conf);
	mgre_link_parse_ip(data, conf);
	mgre_link_parse_gre(data, conf);

	return mgre_link_check(mgre, data, conf, extack);
}

static void mgre_link_apply_limits(struct mgre_dev *mgre,
				   struct nlattr *data[])
{
	if (data && data[IFLA_MGRE_MAXMAPPINGS])
		WRITE_ONCE(mgre->cache.max_mappings,
			   nla_get_u32(data[IFLA_MGRE_MAXMAPPINGS]));
	if (data && data[IFLA_MGRE_QUEUE])
		WRITE_ONCE(mgre->cache.max_queue,
			   nla_get_u32(data[IFLA_MGRE_QUEUE]));
}

static int mgre_link_newlink(struct net *src_net, struct net_device *dev,
			     struct nlattr *tb[], struct nlattr *data[],
			     struct netlink_ext_ack *extack)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	struct mgre_conf *conf;
	struct mgre_net *mn;
	int err;

	mgre->dev = dev;
	mgre->net = src_net;
	mgre->cache.max_mappings = NHRP_MAX_MAPPINGS_DEFAULT;
	mgre->cache.max_queue = NHRP_MAX_QUEUE_DEFAULT;
	mgre_link_apply_limits(mgre, data);
	if (data && data[IFLA_MGRE_RESOLVER])
		mgre->resolver = nla_get_u8(data[IFLA_MGRE_RESOLVER]);
	mgre->mtu_by_hand = tb[IFLA_MTU];

	conf = kzalloc(sizeof(*conf), GFP_KERNEL_ACCOUNT);
	if (!conf)
		return -ENOMEM;
	conf->mgre = mgre;
	conf->df = htons(IP_DF);
	conf->underlay[MGRE_IP4].local.family = AF_INET;
	conf->underlay[MGRE_IP6].local.family = AF_INET6;
	err = mgre_link_parse(mgre, data, conf, extack);
	if (err)
		goto free_conf;

	err = mgre_rcv_register(src_net);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot register the receive hook");
		goto free_conf;
	}

	rcu_assign_pointer(mgre->conf, conf);
	mgre_dev_set_type(dev, conf);
	mgre_dev_apply(dev, conf);
	/* The core has looked at it before it could know the limit. */
	if (dev->mtu > dev->max_mtu) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_MTU],
				    "mtu is above what an outer header can carry");
		err = -EINVAL;
		goto unregister_rcv;
	}
	err = register_netdevice(dev);
	if (err)
		goto unregister_rcv;

	mn = mgre_net_get(src_net);
	mn->used = true;
	list_add(&mgre->devices, &mn->devices);
	nhrp_cache_publish(&mgre->cache);
	mgre_demux_add(src_net, conf);
	return 0;

unregister_rcv:
	mgre_rcv_unregister(src_net);
	/* NULL if it has come as far as to free the device's parts again. */
	conf = rcu_replace_pointer(mgre->conf, NULL, lockdep_rtnl_is_held());
free_conf:
	kfree(conf);
	return err;
}

static int mgre_link_changelink(struct net_device *dev, struct nlattr *tb[],
				struct nlattr *data[],
				struct netlink_ext_ack *extack)
{
	struct mgre_dev *mgre = netdev_priv(dev);
	struct mgre_conf *old = rtnl_dereference(mgre->conf);
	struct mgre_conf *conf;
	int err;

	/* Who administers the netns that the device has moved to has no say in
	 * that of the underlay.
	 */
	if (!rtnl_dev_link_net_capable(dev, mgre->net)) {
		NL_SET_ERR_MSG(extack,
			       "no privilege in the netns of the underlay");
		return -EPERM;
	}

	conf = kmemdup(old, sizeof(*old), GFP_KERNEL_ACCOUNT);
	if (!conf)
		return -ENOMEM;
	err = mgre_link_parse(mgre, data, conf, extack);
	if (err) {
		kfree(conf);
		return err;
	}

	mgre_link_apply_limits(mgre, data);
	/* New before old, so that no packet finds neither. */
	mgre_demux_add(mgre->net, conf);
	rcu_assign_pointer(mgre->conf, conf);
	mgre_demux_del(mgre->net, old);
	nhrp_cache_invalidate_routes(&mgre->cache);
	mgre_dev_apply(dev, conf);
	kfree_rcu(old, rcu);

	return 0;
}

static void mgre_link_dellink(struct net_device *dev, struct list_head *head)
{
	struct mgre_dev *mgre = netdev_priv(dev);

	mgre_demux_del(mgre->net, rtnl_dereference(mgre->conf));
	nhrp_cache_hide(&mgre->cache);
	list_del(&mgre->devices);
	mgre_rcv_unregister(mgre->net);
	unregister_netdevice_queue(dev, head);
}

static size_t mgre_link_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(__be32)) +	/* IFLA_MGRE_LOCAL */
	       nla_total_size(sizeof(u32)) +	/* IFLA_MGRE_LINK */
	       nla_total_size(sizeof(__be32)) +	/* IFLA_MGRE_KEY */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_TTL */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_TOS */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_PMTUDISC */
	       nla_total_size(sizeof(u32)) +	/* IFLA_MGRE_MAXMAPPINGS */
	       nla_total_size(sizeof(u32)) +	/* IFLA_MGRE_QUEUE */
	       nla_total_size(sizeof(struct in6_addr)) +
						/* IFLA_MGRE_LOCAL6 */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_CSUM */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_IGNORE_DF */
	       nla_total_size(sizeof(u32)) +	/* IFLA_MGRE_FWMARK */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_RESOLVER */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_ACCEPT */
	       nla_total_size(sizeof(u8)) +	/* IFLA_MGRE_REDIRECT */
	       nla_total_size(sizeof(u8));	/* IFLA_MGRE_PROTECT */
}

static int mgre_link_fill_local(struct sk_buff *skb,
				const struct mgre_conf *conf)
{
	const struct nhrp_addr *ip4 = &conf->underlay[MGRE_IP4].local;
	const struct nhrp_addr *ip6 = &conf->underlay[MGRE_IP6].local;

	if ((ip4->ip4 && nla_put_in_addr(skb, IFLA_MGRE_LOCAL, ip4->ip4)) ||
	    (!ipv6_addr_any(&ip6->ip6) &&
	     nla_put_in6_addr(skb, IFLA_MGRE_LOCAL6, &ip6->ip6)))
		return -EMSGSIZE;

	return 0;
}

static int mgre_link_fill_info(struct sk_buff *skb,
			       const struct net_device *dev)
{
	const struct mgre_dev *mgre = netdev_priv(dev);
	const struct mgre_conf *conf = rtnl_dereference(mgre->conf);
	u8 tos = conf->tos_inherit ? MGRE_TOS_INHERIT : conf->tos;
	u8 accept = conf->accept_known ? MGRE_ACCEPT_KNOWN : MGRE_ACCEPT_ANY;

	if (mgre_link_fill_local(skb, conf) ||
	    (conf->link && nla_put_u32(skb, IFLA_MGRE_LINK, conf->link)) ||
	    (conf->keyed && nla_put_be32(skb, IFLA_MGRE_KEY, conf->key)) ||
	    nla_put_u8(skb, IFLA_MGRE_TTL, conf->ttl) ||
	    nla_put_u8(skb, IFLA_MGRE_TOS, tos) ||
	    nla_put_u8(skb, IFLA_MGRE_PMTUDISC, !!conf->df) ||
	    nla_put_u8(skb, IFLA_MGRE_IGNORE_DF, conf->ignore_df) ||
	    nla_put_u8(skb, IFLA_MGRE_CSUM, !!(conf->gre_flags & GRE_CSUM)) ||
	    nla_put_u32(skb, IFLA_MGRE_FWMARK, conf->fwmark) ||
	    nla_put_u8(skb, IFLA_MGRE_RESOLVER, mgre->resolver) ||
	    nla_put_u8(skb, IFLA_MGRE_ACCEPT, accept) ||
	    nla_put_u8(skb, IFLA_MGRE_REDIRECT, conf->redirect) ||
	    nla_put_u8(skb, IFLA_MGRE_PROTECT, conf->protect) ||
	    nla_put_u32(skb, IFLA_MGRE_MAXMAPPINGS,
			READ_ONCE(mgre->cache.max_mappings)) ||
	    nla_put_u32(skb, IFLA_MGRE_QUEUE,
			READ_ONCE(mgre->cache.max_queue)))
		return -EMSGSIZE;

	return 0;
}

static struct net *mgre_link_get_net(const struct net_device *dev)
{
	const struct mgre_dev *mgre = netdev_priv(dev);

	return mgre->net;
}

struct rtnl_link_ops mgre_link_ops __read_mostly = {
	.kind		= "mgre",
	.maxtype	= IFLA_MGRE_MAX,
	.policy		= mgre_link_policy,
	.priv_size	= sizeof(struct mgre_dev),
	.setup		= mgre_dev_setup,
	.validate	= mgre_link_validate,
	.newlink	= mgre_link_newlink,
	.changelink	= mgre_link_changelink,
	.dellink	= mgre_link_dellink,
	.get_size	= mgre_link_get_size,
	.fill_info	= mgre_link_fill_info,
	.get_link_net	= mgre_link_get_net,
};
