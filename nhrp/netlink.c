// SPDX-License-Identifier: GPL-2.0
/* Generic netlink family "nhrp", see Documentation/netlink/specs/nhrp.yaml. */

#include <linux/rtnetlink.h>
#include <linux/timekeeping.h>
#include <net/dst.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "genl.h"
#include "nhrp_int.h"
#include "nl.h"

/* What a request that adds or replaces may ask for. */
#define NHRP_NL_NEW_FLAGS	(NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | \
				 NLM_F_EXCL | NLM_F_REPLACE)

static const struct genl_multicast_group nhrp_nl_groups[] = {
	[NHRP_NLGRP_MAPPING] = { .name = NHRP_MCGRP_MAPPING },
};

struct genl_family nhrp_nl_family __ro_after_init = {
	.name		= NHRP_FAMILY_NAME,
	.version	= NHRP_FAMILY_VERSION,
	.netnsok	= true,
	/* A cache has a lock of its own; writers of two devices, or the long
	 * flush of one, do not wait for each other.
	 */
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= nhrp_nl_ops,
	.n_ops		= ARRAY_SIZE(nhrp_nl_ops),
	.mcgrps		= nhrp_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(nhrp_nl_groups),
	/* From this command on the core refuses NLM_F_CREATE and its like,
	 * which the first one needs.
	 */
	.resv_start_op	= NHRP_CMD_MAPPING_NEW + 1,
};

/* ---- requests: attributes to what they mean ---- */

/**
 * nhrp_nl_parse_addr - read an address
 * @attr: attribute
 * @addr: result
 * @extack: says why when it fails
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nhrp_nl_parse_addr(const struct nlattr *attr, struct nhrp_addr *addr,
		       struct netlink_ext_ack *extack)
{
	memset(addr, 0, sizeof(*addr));

	switch (nla_len(attr)) {
	case sizeof(addr->ip4):
		addr->family = AF_INET;
		addr->ip4 = nla_get_in_addr(attr);
		return 0;
	case sizeof(addr->ip6):
		addr->family = AF_INET6;
		addr->ip6 = nla_get_in6_addr(attr);
		return 0;
	}

	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "address is of neither IPv4 nor IPv6 size");
	return -EINVAL;
}

static int nhrp_nl_parse_prefix(struct nlattr *const *attrs,
				struct nhrp_prefix *prefix,
				struct netlink_ext_ack *extack)
{
	const struct nlattr *len = attrs[NHRP_A_MAPPING_PREFIXLEN];
	const struct nlattr *dst = attrs[NHRP_A_MAPPING_DST];
	struct nhrp_addr addr;
	unsigned int bits;
	int err;

	err = nhrp_nl_parse_addr(dst, &addr, extack);
	if (err)
		return err;

	bits = len ? nla_get_u8(len) : nhrp_addr_bits(&addr);
	if (bits > nhrp_addr_bits(&addr)) {
		NL_SET_ERR_MSG_ATTR(extack, len,
				    "prefix is longer than its address");
		return -EINVAL;
	}

	memset(prefix, 0, sizeof(*prefix));
	nhrp_prefix_set(prefix, &addr, bits);
	if (!nhrp_addr_equal(&prefix->addr, &addr)) {
		NL_SET_ERR_MSG_ATTR(extack, dst, "prefix has host bits set");
		return -EINVAL;
	}

	return 0;
}

/**
 * nhrp_nl_parse_filter - read which mappings a dump or a flush is about
 * @attrs: attributes of the request
 * @filter: result
 * @extack: says why when it fails
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nhrp_nl_parse_filter(struct nlattr *const *attrs,
			 struct nhrp_filter *filter,
			 struct netlink_ext_ack *extack)
{
	int err;

	memset(filter, 0, sizeof(*filter));

	if (attrs[NHRP_A_MAPPING_DST]) {
		err = nhrp_nl_parse_prefix(attrs, &filter->within, extack);
		if (err)
			return err;
	} else if (attrs[NHRP_A_MAPPING_PREFIXLEN]) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[NHRP_A_MAPPING_PREFIXLEN],
				    "prefix length without an address");
		return -EINVAL;
	}

	if (attrs[NHRP_A_MAPPING_NBMA]) {
		err = nhrp_nl_parse_addr(attrs[NHRP_A_MAPPING_NBMA],
					 &filter->nbma, extack);
		if (err)
			return err;
	}

	if (attrs[NHRP_A_MAPPING_TYPE])
		filter->type = nla_get_u8(attrs[NHRP_A_MAPPING_TYPE]);

	return 0;
}

static int nhrp_nl_parse_mapping(struct genl_info *info,
				 struct nhrp_mapping_config *cfg)
{
	struct nlattr **attrs = info->attrs;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_MAPPING_DST)) {
		NL_SET_ERR_MSG(info->extack, "protocol address is missing");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_MAPPING_NBMA)) {
		NL_SET_ERR_MSG(info->extack, "nbma address is missing");
		return -EINVAL;
	}

	memset(cfg, 0, sizeof(*cfg));
	cfg->dst_attr = attrs[NHRP_A_MAPPING_DST];
	cfg->nbma_attr = attrs[NHRP_A_MAPPING_NBMA];
	err = nhrp_nl_parse_prefix(attrs, &cfg->dst, info->extack);
	if (err)
		return err;
	err = nhrp_nl_parse_addr(cfg->nbma_attr, &cfg->nbma, info->extack);
	if (err)
		return err;

	cfg->type = NHRP_MAPPING_TYPE_STATIC;
	if (attrs[NHRP_A_MAPPING_TYPE])
		cfg->type = nla_get_u8(attrs[NHRP_A_MAPPING_TYPE]);
	if (attrs[NHRP_A_MAPPING_HOLD])
		cfg->hold = nla_get_u32(attrs[NHRP_A_MAPPING_HOLD]);
	cfg->protocol = RTPROT_STATIC;
	if (attrs[NHRP_A_MAPPING_PROTOCOL])
		cfg->protocol = nla_get_u8(attrs[NHRP_A_MAPPING_PROTOCOL]);

	return 0;
}

/**
 * nhrp_nl_find_cache - hold the cache of the device that a request names
 * @net: netns of the request
 * @attr: ifindex
 * @tracker: of the reference on the device, for nhrp_cache_put()
 * @extack: says why when it fails
 *
 * Context: process.
 * Return: the cache or an error pointer.
 */
struct nhrp_cache *nhrp_nl_find_cache(struct net *net,
				      const struct nlattr *attr,
				      netdevice_tracker *tracker,
				      struct netlink_ext_ack *extack)
{
	struct nhrp_cache *cache;

	cache = nhrp_cache_get(net, nla_get_u32(attr), tracker);
	if (cache == ERR_PTR(-ENODEV))
		NL_SET_ERR_MSG_ATTR(extack, attr, "no such device");
	else if (cache == ERR_PTR(-EOPNOTSUPP))
		NL_SET_ERR_MSG_ATTR(extack, attr, "device has no NHRP cache");

	return cache;
}

/* The device of a request that must name one. Both attribute sets number it
 * alike.
 */
static struct nhrp_cache *nhrp_nl_cache_get(struct genl_info *info,
					    netdevice_tracker *tracker)
{
	BUILD_BUG_ON((int)NHRP_A_MAPPING_IFINDEX != (int)NHRP_A_PEER_IFINDEX);

	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_MAPPING_IFINDEX)) {
		NL_SET_ERR_MSG(info->extack, "device is missing");
		return ERR_PTR(-EINVAL);
	}

	return nhrp_nl_find_cache(genl_info_net(info),
				  info->attrs[NHRP_A_MAPPING_IFINDEX], tracker,
				  info->extack);
}

/* ---- replies ---- */

static int nhrp_nl_put_addr(struct sk_buff *skb, int type,
			    const struct nhrp_addr *addr)
{
	return nla_put(skb, type, nhrp_addr_size(addr), &addr->ip6);
}

static u64 nhrp_nl_age(u32 since)
{
	return (u64)((u32)ktime_get_seconds() - since) * MSEC_PER_SEC;
}

static int nhrp_nl_put_times(struct sk_buff *skb,
			     const struct nhrp_mapping *mapping)
{
	u32 used = READ_ONCE(mapping->used);
	u64 now = get_jiffies_64();
	u64 left = 0;

	if (mapping->hold) {
		if (!nhrp_mapping_expired(mapping, now))
			left = mapping->expiry.expires - now;
		if (nla_put_u32(skb, NHRP_A_MAPPING_HOLD, mapping->hold) ||
		    nla_put_u64_64bit(skb, NHRP_A_MAPPING_EXPIRES,
				      jiffies64_to_msecs(left),
				      NHRP_A_MAPPING_PAD))
			return -EMSGSIZE;
	}

	if (used && nla_put_u64_64bit(skb, NHRP_A_MAPPING_USED,
				      nhrp_nl_age(used), NHRP_A_MAPPING_PAD))
		return -EMSGSIZE;

	return nla_put_u64_64bit(skb, NHRP_A_MAPPING_CREATED,
				 jiffies64_to_msecs(now - mapping->created),
				 NHRP_A_MAPPING_PAD) ?:
	       nla_put_u64_64bit(skb, NHRP_A_MAPPING_UPDATED,
				 jiffies64_to_msecs(now - mapping->updated),
				 NHRP_A_MAPPING_PAD);
}

/**
 * nhrp_nl_fill_mapping - write a mapping behind a message header
 * @skb: message
 * @hdr: what genlmsg_put() returned
 * @cache: cache
 * @mapping: mapping
 *
 * Context: process, under the lock of the cache.
 * Return: 0, or -EMSGSIZE with the message taken back.
 */
int nhrp_nl_fill_mapping(struct sk_buff *skb, void *hdr,
			 const struct nhrp_cache *cache,
			 const struct nhrp_mapping *mapping)
{
	if (nla_put_u32(skb, NHRP_A_MAPPING_IFINDEX, cache->dev->ifindex) ||
	    nhrp_nl_put_addr(skb, NHRP_A_MAPPING_DST,
			     &mapping->node.key.addr) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_PREFIXLEN, mapping->node.key.len) ||
	    nhrp_nl_put_addr(skb, NHRP_A_MAPPING_NBMA,
			     &mapping->peer->node.key.addr) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_TYPE, mapping->type) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_PROTOCOL, mapping->protocol) ||
	    nhrp_nl_put_times(skb, mapping)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

static int nhrp_nl_put_peer_state(struct sk_buff *skb,
				  const struct nhrp_cache *cache,
				  const struct nhrp_peer *peer)
{
	u32 last_rx = READ_ONCE(peer->last_rx);
	const struct nhrp_route *route;
	int err = 0;

	rcu_read_lock();
	route = nhrp_peer_route(cache, peer);
	if (route)
		err = nla_put_u32(skb, NHRP_A_PEER_PMTU, dst_mtu(route->dst));
	rcu_read_unlock();
	if (err)
		return err;

	if (last_rx)
		err = nla_put_u64_64bit(skb, NHRP_A_PEER_LAST_RX,
					nhrp_nl_age(last_rx), NHRP_A_PEER_PAD);
	return err;
}

/**
 * nhrp_nl_fill_peer - write a peer behind a message header
 * @skb: message
 * @hdr: what genlmsg_put() returned
 * @cache: cache
 * @peer: peer
 *
 * Context: process, under the lock of the cache.
 * Return: 0, or -EMSGSIZE with the message taken back.
 */
int nhrp_nl_fill_peer(struct sk_buff *skb, void *hdr,
		      const struct nhrp_cache *cache,
		      const struct nhrp_peer *peer)
{
	struct rtnl_link_stats64 s = {};

	nhrp_peer_stats(peer, &s);
	if (nla_put_u32(skb, NHRP_A_PEER_IFINDEX, cache->dev->ifindex) ||
	    nhrp_nl_put_addr(skb, NHRP_A_PEER_NBMA, &peer->node.key.addr) ||
	    nla_put_u32(skb, NHRP_A_PEER_MAPPINGS, peer->mappings) ||
	    nla_put_u64_64bit(skb, NHRP_A_PEER_RX_PACKETS, s.rx_packets,
			      NHRP_A_PEER_PAD) ||
	    nla_put_u64_64bit(skb, NHRP_A_PEER_RX_BYTES, s.rx_bytes,
			      NHRP_A_PEER_PAD) ||
	    nla_put_u64_64bit(skb, NHRP_A_PEER_TX_PACKETS, s.tx_packets,
			      NHRP_A_PEER_PAD) ||
	    nla_put_u64_64bit(skb, NHRP_A_PEER_TX_BYTES, s.tx_bytes,
			      NHRP_A_PEER_PAD) ||
	    nhrp_nl_put_peer_state(skb, cache, peer)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

static struct sk_buff *nhrp_nl_reply_new(struct genl_info *info, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg)
		return NULL;

	*hdr = genlmsg_put_reply(msg, info, &nhrp_nl_family, 0,
				 info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}

	return msg;
}

/* Answers a request about one object, which @reply finds and writes. */
static int nhrp_nl_get_one(struct genl_info *info, const struct nhrp_addr *addr,
			   int (*reply)(struct sk_buff *msg, void *hdr,
					struct nhrp_cache *cache,
					const struct nhrp_addr *addr,
					struct genl_info *info))
{
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	struct sk_buff *msg;
	void *hdr;
	int err;

	cache = nhrp_nl_cache_get(info, &tracker);
	if (IS_ERR(cache))
		return PTR_ERR(cache);

	msg = nhrp_nl_reply_new(info, &hdr);
	if (!msg) {
		err = -ENOMEM;
		goto put_cache;
	}

	err = reply(msg, hdr, cache, addr, info);
	if (err)
		nlmsg_free(msg);
	else
		err = genlmsg_reply(msg, info);
put_cache:
	nhrp_cache_put(cache, &tracker);
	return err;
}

/**
 * nhrp_nl_notify - tell the listeners of group "mapping"
 * @cache: cache
 * @mapping: mapping that came, changed or is about to go
 * @cmd: NHRP_CMD_MAPPING_*_NTF
 *
 * A listener that misses one for want of memory is told ENOBUFS.
 *
 * They are those of the netns that the device is in, which nothing else here
 * keeps from going: the sweep is nobody's request, and the device may move.
 *
 * Context: process, under the lock of the cache, which keeps events in the
 * order of the changes.
 */
void nhrp_nl_notify(const struct nhrp_cache *cache,
		    const struct nhrp_mapping *mapping, u8 cmd)
{
	struct sk_buff *msg;
	struct net *net;
	void *hdr;

	lockdep_assert_held(&cache->lock);

	rcu_read_lock();
	net = maybe_get_net(dev_net(cache->dev));
	rcu_read_unlock();
	if (!net)
		return;
	if (!genl_has_listeners(&nhrp_nl_family, net, NHRP_NLGRP_MAPPING))
		goto put_net;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		goto lost;
	hdr = genlmsg_put(msg, 0, 0, &nhrp_nl_family, 0, cmd);
	if (!hdr || nhrp_nl_fill_mapping(msg, hdr, cache, mapping))
		goto free_msg;

	genlmsg_multicast_netns(&nhrp_nl_family, net, msg, 0,
				NHRP_NLGRP_MAPPING, GFP_KERNEL);
	goto put_net;

free_msg:
	nlmsg_free(msg);
lost:
	genl_set_err(&nhrp_nl_family, net, 0, NHRP_NLGRP_MAPPING, -ENOBUFS);
put_net:
	put_net(net);
}

/* ---- mappings ---- */

int nhrp_nl_mapping_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nhrp_mapping_config cfg;
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	int err;

	if (info->nlhdr->nlmsg_flags & ~NHRP_NL_NEW_FLAGS) {
		NL_SET_ERR_MSG(info->extack, "unknown flags in nlmsg_flags");
		return -EINVAL;
	}

	cache = nhrp_nl_cache_get(info, &tracker);
	if (IS_ERR(cache))
		return PTR_ERR(cache);

	err = nhrp_nl_parse_mapping(info, &cfg);
	if (!err)
		err = nhrp_mapping_set(cache, &cfg, info->nlhdr->nlmsg_flags,
				       info->extack);
	nhrp_cache_put(cache, &tracker);

	return err;
}

int nhrp_nl_mapping_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	struct nhrp_prefix dst;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_MAPPING_DST)) {
		NL_SET_ERR_MSG(info->extack, "protocol address is missing");
		return -EINVAL;
	}
	err = nhrp_nl_parse_prefix(info->attrs, &dst, info->extack);
	if (err)
		return err;

	cache = nhrp_nl_cache_get(info, &tracker);
	if (IS_ERR(cache))
		return PTR_ERR(cache);

	err = nhrp_mapping_del(cache, &dst, info->attrs[NHRP_A_MAPPING_DST],
			       info->extack);
	nhrp_cache_put(cache, &tracker);

	return err;
}

/* The request shares its policy with the dump, but takes less. */
static int nhrp_nl_parse_lookup(struct genl_info *info, struct nhrp_addr *addr)
{
	static const int no_lookup[] = {
		NHRP_A_MAPPING_PREFIXLEN,
		NHRP_A_MAPPING_NBMA,
		NHRP_A_MAPPING_TYPE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(no_lookup); i++) {
		if (!info->attrs[no_lookup[i]])
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[no_lookup[i]],
				    "lookup takes an address and a device alone");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_MAPPING_DST)) {
		NL_SET_ERR_MSG(info->extack, "protocol address is missing");
		return -EINVAL;
	}

	return nhrp_nl_parse_addr(info->attrs[NHRP_A_MAPPING_DST], addr,
				  info->extack);
}

static int nhrp_nl_mapping_reply(struct sk_buff *msg, void *hdr,
				 struct nhrp_cache *cache,
				 const struct nhrp_addr *addr,
				 struct genl_info *info)
{
	struct nhrp_mapping *mapping;
	int err;

	err = nhrp_cache_lock(cache, info->extack);
	if (err)
		return err;

	rcu_read_lock();
	mapping = nhrp_cache_lookup(cache, addr);
	rcu_read_unlock();
	if (mapping) {
		err = nhrp_nl_fill_mapping(msg, hdr, cache, mapping);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[NHRP_A_MAPPING_DST],
				    "no mapping matches this address");
		err = -ENOENT;
	}
	nhrp_cache_unlock(cache);

	return err;
}

int nhrp_nl_mapping_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nhrp_addr addr;
	int err;

	err = nhrp_nl_parse_lookup(info, &addr);
	if (err)
		return err;

	return nhrp_nl_get_one(info, &addr, nhrp_nl_mapping_reply);
}

int nhrp_nl_mapping_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nhrp_filter filter;
	struct net *net = genl_info_net(info);
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	struct sk_buff *msg;
	int ifindex = 0;
	u32 flushed = 0;
	void *hdr;
	int err;

	err = nhrp_nl_parse_filter(info->attrs, &filter, info->extack);
	if (err)
		return err;

	msg = nhrp_nl_reply_new(info, &hdr);
	if (!msg)
		return -ENOMEM;

	if (info->attrs[NHRP_A_MAPPING_IFINDEX]) {
		cache = nhrp_nl_cache_get(info, &tracker);
		if (IS_ERR(cache)) {
			err = PTR_ERR(cache);
			goto free_msg;
		}
		flushed = nhrp_mapping_flush(cache, &filter);
		nhrp_cache_put(cache, &tracker);
	} else {
		while ((cache = nhrp_cache_get_next(net, ifindex, &tracker))) {
			flushed += nhrp_mapping_flush(cache, &filter);
			ifindex = cache->dev->ifindex;
			nhrp_cache_put(cache, &tracker);
		}
	}

	err = nla_put_u32(msg, NHRP_A_MAPPING_FLUSHED, flushed);
	if (err)
		goto free_msg;
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);

free_msg:
	nlmsg_free(msg);
	return err;
}

/* ---- peers ---- */

static int nhrp_nl_peer_reply(struct sk_buff *msg, void *hdr,
			      struct nhrp_cache *cache,
			      const struct nhrp_addr *nbma,
			      struct genl_info *info)
{
	struct nhrp_peer *peer;
	int err;

	err = nhrp_cache_lock(cache, info->extack);
	if (err)
		return err;

	rcu_read_lock();
	peer = nhrp_peer_lookup(cache, nbma);
	rcu_read_unlock();
	if (peer) {
		err = nhrp_nl_fill_peer(msg, hdr, cache, peer);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[NHRP_A_PEER_NBMA],
				    "no peer of this address");
		err = -ENOENT;
	}
	nhrp_cache_unlock(cache);

	return err;
}

int nhrp_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nhrp_addr nbma;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_PEER_NBMA)) {
		NL_SET_ERR_MSG(info->extack, "nbma address is missing");
		return -EINVAL;
	}
	err = nhrp_nl_parse_addr(info->attrs[NHRP_A_PEER_NBMA], &nbma,
				 info->extack);
	if (err)
		return err;

	return nhrp_nl_get_one(info, &nbma, nhrp_nl_peer_reply);
}

/**
 * nhrp_nl_init - register the family
 *
 * Context: process, module load.
 * Return: 0 or -errno.
 */
int __init nhrp_nl_init(void)
{
	return genl_register_family(&nhrp_nl_family);
}

/**
 * nhrp_nl_exit - unregister the family
 *
 * Context: process, module unload. No request is under way afterwards.
 */
void nhrp_nl_exit(void)
{
	genl_unregister_family(&nhrp_nl_family);
}
