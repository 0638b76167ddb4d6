// SPDX-License-Identifier: GPL-2.0
/* Messages of the netlink family: attributes to what they mean, and back. */

#include <linux/rtnetlink.h>
#include <linux/timekeeping.h>
#include <net/dst.h>
#include <net/ip.h>

#include "nl.h"

/* ---- requests ---- */

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

/**
 * nhrp_nl_parse_prefix - read a prefix
 * @attrs: attributes of the request, NHRP_A_MAPPING_DST among them
 * @prefix: result
 * @extack: says why when it fails
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nhrp_nl_parse_prefix(struct nlattr *const *attrs,
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
	if (attrs[NHRP_A_MAPPING_FLAGS])
		filter->flags = nla_get_u32(attrs[NHRP_A_MAPPING_FLAGS]);
	if (attrs[NHRP_A_MAPPING_PROTOCOL]) {
		filter->by_protocol = true;
		filter->protocol = nla_get_u8(attrs[NHRP_A_MAPPING_PROTOCOL]);
	}

	return 0;
}

/* A negative mapping has no peer, and nothing that is about one. */
static int nhrp_nl_check_negative(struct nlattr *const *attrs,
				  struct netlink_ext_ack *extack)
{
	static const int no_negative[] = {
		NHRP_A_MAPPING_NBMA,
		NHRP_A_MAPPING_FLAGS,
		NHRP_A_MAPPING_MTU,
		NHRP_A_MAPPING_PREFERENCE,
		NHRP_A_MAPPING_MARK,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(no_negative); i++) {
		if (!attrs[no_negative[i]])
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attrs[no_negative[i]],
				    "negative mapping has no peer");
		return -EINVAL;
	}

	return 0;
}

static int nhrp_nl_parse_nbma(struct nlattr **attrs,
			      const struct nlattr *nest,
			      struct nhrp_mapping_config *cfg,
			      struct netlink_ext_ack *extack)
{
	if (cfg->type == NHRP_MAPPING_TYPE_NEGATIVE)
		return nhrp_nl_check_negative(attrs, extack);

	if (NL_REQ_ATTR_CHECK(extack, nest, attrs, NHRP_A_MAPPING_NBMA)) {
		NL_SET_ERR_MSG(extack, "nbma address is missing");
		return -EINVAL;
	}
	cfg->nbma_attr = attrs[NHRP_A_MAPPING_NBMA];

	return nhrp_nl_parse_addr(cfg->nbma_attr, &cfg->nbma, extack);
}

static int nhrp_nl_parse_type(struct nlattr *const *attrs,
			      struct nhrp_mapping_config *cfg,
			      struct netlink_ext_ack *extack)
{
	cfg->type = NHRP_MAPPING_TYPE_STATIC;
	if (attrs[NHRP_A_MAPPING_TYPE])
		cfg->type = nla_get_u8(attrs[NHRP_A_MAPPING_TYPE]);
	if (cfg->type == NHRP_MAPPING_TYPE_INCOMPLETE) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[NHRP_A_MAPPING_TYPE],
				    "incomplete mappings are the kernel's");
		return -EINVAL;
	}

	if (attrs[NHRP_A_MAPPING_FLAGS])
		cfg->flags = nla_get_u32(attrs[NHRP_A_MAPPING_FLAGS]);
	if (cfg->flags & NHRP_MAPPING_FLAGS_USED) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[NHRP_A_MAPPING_FLAGS],
				    "flag used is the kernel's");
		return -EINVAL;
	}

	return 0;
}

static int nhrp_nl_parse_mtu(struct nlattr *const *attrs,
			     struct nhrp_mapping_config *cfg,
			     struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = attrs[NHRP_A_MAPPING_MTU];

	if (attr && nla_get_u32(attr) > IP_MAX_MTU) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "mtu is above 65535");
		return -EINVAL;
	}
	if (attr)
		cfg->mtu = nla_get_u32(attr);

	return 0;
}

/**
 * nhrp_nl_parse_mapping - read a mapping that is to be added
 * @attrs: attributes of the request
 * @nest: entry of a batch that they are in, or NULL
 * @cfg: result
 * @extack: says why when it fails
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nhrp_nl_parse_mapping(struct nlattr **attrs, const struct nlattr *nest,
			  struct nhrp_mapping_config *cfg,
			  struct netlink_ext_ack *extack)
{
	int err;

	if (NL_REQ_ATTR_CHECK(extack, nest, attrs, NHRP_A_MAPPING_DST)) {
		NL_SET_ERR_MSG(extack, "protocol address is missing");
		return -EINVAL;
	}

	memset(cfg, 0, sizeof(*cfg));
	cfg->dst_attr = attrs[NHRP_A_MAPPING_DST];
	err = nhrp_nl_parse_prefix(attrs, &cfg->dst, extack) ?:
	      nhrp_nl_parse_type(attrs, cfg, extack) ?:
	      nhrp_nl_parse_mtu(attrs, cfg, extack) ?:
	      nhrp_nl_parse_nbma(attrs, nest, cfg, extack);
	if (err)
		return err;

	if (attrs[NHRP_A_MAPPING_HOLD])
		cfg->hold = nla_get_u32(attrs[NHRP_A_MAPPING_HOLD]);
	if (attrs[NHRP_A_MAPPING_PREFERENCE])
		cfg->preference = nla_get_u8(attrs[NHRP_A_MAPPING_PREFERENCE]);
	if (attrs[NHRP_A_MAPPING_MARK])
		cfg->mark = nla_get_u32(attrs[NHRP_A_MAPPING_MARK]);
	cfg->protocol = RTPROT_STATIC;
	if (attrs[NHRP_A_MAPPING_PROTOCOL])
		cfg->protocol = nla_get_u8(attrs[NHRP_A_MAPPING_PROTOCOL]);

	return 0;
}

static int nhrp_nl_check_group(const struct nlattr *attr,
			       const struct nhrp_prefix *group,
			       struct netlink_ext_ack *extack)
{
	bool multicast = group->addr.family == AF_INET ?
			 ipv4_is_multicast(group->addr.ip4) && group->len >= 4 :
			 ipv6_addr_is_multicast(&group->addr.ip6) &&
			 group->len >= 8;

	if (multicast)
		return 0;

	NL_SET_ERR_MSG_ATTR(extack, attr, "not a prefix of multicast addresses");
	return -EINVAL;
}

static int nhrp_nl_parse_group(struct nlattr **attrs, struct nhrp_prefix *group,
			       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = attrs[NHRP_A_MCAST_GROUP];
	const struct nlattr *len = attrs[NHRP_A_MCAST_PREFIXLEN];

	BUILD_BUG_ON((int)NHRP_A_MCAST_GROUP != (int)NHRP_A_MAPPING_DST);
	BUILD_BUG_ON((int)NHRP_A_MCAST_PREFIXLEN !=
		     (int)NHRP_A_MAPPING_PREFIXLEN);

	if (!attr && len) {
		NL_SET_ERR_MSG_ATTR(extack, len,
				    "prefix length without an address");
		return -EINVAL;
	}
	if (!attr)
		return 0;

	return nhrp_nl_parse_prefix(attrs, group, extack) ?:
	       nhrp_nl_check_group(attr, group, extack);
}

/**
 * nhrp_nl_parse_member - read a group and a peer
 * @attrs: attributes of the request
 * @cfg: result
 * @extack: says why when it fails
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nhrp_nl_parse_member(struct nlattr **attrs, struct nhrp_mcast_config *cfg,
			 struct netlink_ext_ack *extack)
{
	memset(cfg, 0, sizeof(*cfg));
	if (NL_REQ_ATTR_CHECK(extack, NULL, attrs, NHRP_A_MCAST_NBMA)) {
		NL_SET_ERR_MSG(extack, "nbma address is missing");
		return -EINVAL;
	}
	cfg->nbma_attr = attrs[NHRP_A_MCAST_NBMA];

	return nhrp_nl_parse_group(attrs, &cfg->group, extack) ?:
	       nhrp_nl_parse_addr(cfg->nbma_attr, &cfg->nbma, extack);
}

/* ---- replies ---- */

/**
 * nhrp_nl_put_addr - write an address
 * @skb: message
 * @type: attribute
 * @addr: address
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int nhrp_nl_put_addr(struct sk_buff *skb, int type,
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
				 nhrp_nl_age(mapping->created),
				 NHRP_A_MAPPING_PAD) ?:
	       nla_put_u64_64bit(skb, NHRP_A_MAPPING_UPDATED,
				 nhrp_nl_age(mapping->updated),
				 NHRP_A_MAPPING_PAD);
}

/* What is at its default is left out. */
static int nhrp_nl_put_options(struct sk_buff *skb,
			       const struct nhrp_mapping *mapping)
{
	u8 flags = nhrp_mapping_flags(mapping);

	if ((mapping->peer &&
	     nhrp_nl_put_addr(skb, NHRP_A_MAPPING_NBMA,
			      &mapping->peer->node.key.addr)) ||
	    (flags && nla_put_u32(skb, NHRP_A_MAPPING_FLAGS, flags)) ||
	    (mapping->mtu &&
	     nla_put_u32(skb, NHRP_A_MAPPING_MTU, mapping->mtu)) ||
	    (mapping->preference &&
	     nla_put_u8(skb, NHRP_A_MAPPING_PREFERENCE,
			mapping->preference)) ||
	    (mapping->mark &&
	     nla_put_u32(skb, NHRP_A_MAPPING_MARK, mapping->mark)))
		return -EMSGSIZE;

	return 0;
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
	    nla_put_u8(skb, NHRP_A_MAPPING_TYPE, mapping->type) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_PROTOCOL, mapping->protocol) ||
	    nhrp_nl_put_options(skb, mapping) ||
	    nhrp_nl_put_times(skb, mapping)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

static int nhrp_nl_put_pending_state(struct sk_buff *skb,
				     const struct nhrp_pending *pending)
{
	u64 left, now = get_jiffies_64();

	if (pending->state != NHRP_PENDING_NEGATIVE)
		return nla_put_u32(skb, NHRP_A_MAPPING_ATTEMPTS,
				   pending->upcall.attempt) ?:
		       nla_put_u32(skb, NHRP_A_MAPPING_QUEUED,
				   skb_queue_len(&pending->queue));

	left = (u64)pending->due.expires > now ? pending->due.expires - now : 0;
	return nla_put_u32(skb, NHRP_A_MAPPING_HOLD, NHRP_UNANSWERED_HOLD) ?:
	       nla_put_u64_64bit(skb, NHRP_A_MAPPING_EXPIRES,
				 jiffies64_to_msecs(left), NHRP_A_MAPPING_PAD);
}

/**
 * nhrp_nl_fill_pending - write what the kernel has written itself as a mapping
 * @skb: message
 * @hdr: what genlmsg_put() returned
 * @cache: cache
 * @pending: address that is being resolved, or was in vain
 *
 * Context: under nhrp_cache::resolve_lock.
 * Return: 0, or -EMSGSIZE with the message taken back.
 */
int nhrp_nl_fill_pending(struct sk_buff *skb, void *hdr,
			 const struct nhrp_cache *cache,
			 const struct nhrp_pending *pending)
{
	u8 type = pending->state == NHRP_PENDING_NEGATIVE ?
		  NHRP_MAPPING_TYPE_NEGATIVE : NHRP_MAPPING_TYPE_INCOMPLETE;
	u64 age = nhrp_nl_age(pending->created);

	if (nla_put_u32(skb, NHRP_A_MAPPING_IFINDEX, cache->dev->ifindex) ||
	    nhrp_nl_put_addr(skb, NHRP_A_MAPPING_DST,
			     &pending->node.key.addr) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_PREFIXLEN, pending->node.key.len) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_TYPE, type) ||
	    nla_put_u8(skb, NHRP_A_MAPPING_PROTOCOL, RTPROT_KERNEL) ||
	    nla_put_u64_64bit(skb, NHRP_A_MAPPING_CREATED, age,
			      NHRP_A_MAPPING_PAD) ||
	    nla_put_u64_64bit(skb, NHRP_A_MAPPING_UPDATED, age,
			      NHRP_A_MAPPING_PAD) ||
	    nhrp_nl_put_pending_state(skb, pending)) {
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

static int nhrp_nl_put_peer_errors(struct sk_buff *skb,
				   const struct nhrp_peer *peer)
{
	const atomic_t *errors = peer->errors;

	if (nla_put_u32(skb, NHRP_A_PEER_ICMP_UNREACHABLE,
			atomic_read(&errors[NHRP_PEER_UNREACHABLE])) ||
	    nla_put_u32(skb, NHRP_A_PEER_ICMP_PROHIBITED,
			atomic_read(&errors[NHRP_PEER_PROHIBITED])) ||
	    nla_put_u32(skb, NHRP_A_PEER_ICMP_EXCEEDED,
			atomic_read(&errors[NHRP_PEER_EXCEEDED])))
		return -EMSGSIZE;

	return 0;
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
	    nhrp_nl_put_peer_errors(skb, peer) ||
	    nhrp_nl_put_peer_state(skb, cache, peer)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

static int nhrp_nl_put_counters(struct sk_buff *skb,
				const struct nhrp_cache *cache)
{
	static const int attrs[__NHRP_STAT_MAX] = {
		[NHRP_STAT_MISSES]		= NHRP_A_STATS_MISSES,
		[NHRP_STAT_UPCALLS]		= NHRP_A_STATS_UPCALLS,
		[NHRP_STAT_QUEUED]		= NHRP_A_STATS_QUEUED,
		[NHRP_STAT_RELEASED]		= NHRP_A_STATS_RELEASED,
		[NHRP_STAT_DROP_NEGATIVE]	= NHRP_A_STATS_DROP_NEGATIVE,
		[NHRP_STAT_DROP_NO_LISTENER]	= NHRP_A_STATS_DROP_NO_LISTENER,
		[NHRP_STAT_DROP_LOOP]		= NHRP_A_STATS_DROP_LOOP,
		[NHRP_STAT_DROP_LIMIT]		= NHRP_A_STATS_DROP_LIMIT,
		[NHRP_STAT_DROP_OVERFLOW]	= NHRP_A_STATS_DROP_OVERFLOW,
		[NHRP_STAT_DROP_EVICTED]	= NHRP_A_STATS_DROP_EVICTED,
		[NHRP_STAT_DROP_UNANSWERED]	= NHRP_A_STATS_DROP_UNANSWERED,
		[NHRP_STAT_DROP_FLUSHED]	= NHRP_A_STATS_DROP_FLUSHED,
	};
	int i;

	if (nla_put_u64_64bit(skb, NHRP_A_STATS_HITS, nhrp_cache_hits(cache),
			      NHRP_A_STATS_PAD))
		return -EMSGSIZE;
	for (i = 0; i < __NHRP_STAT_MAX; i++)
		if (nla_put_u64_64bit(skb, attrs[i],
				      atomic64_read(&cache->stats[i]),
				      NHRP_A_STATS_PAD))
			return -EMSGSIZE;

	return 0;
}

/**
 * nhrp_nl_fill_stats - write the counters of a cache behind a message header
 * @skb: message
 * @hdr: what genlmsg_put() returned
 * @cache: cache
 *
 * Context: process, under the lock of the cache.
 * Return: 0, or -EMSGSIZE with the message taken back.
 */
int nhrp_nl_fill_stats(struct sk_buff *skb, void *hdr,
		       const struct nhrp_cache *cache)
{
	if (nla_put_u32(skb, NHRP_A_STATS_IFINDEX, cache->dev->ifindex) ||
	    nla_put_u32(skb, NHRP_A_STATS_MAPPINGS, cache->mappings.count) ||
	    nla_put_u32(skb, NHRP_A_STATS_MAX_MAPPINGS,
			READ_ONCE(cache->max_mappings)) ||
	    nla_put_u32(skb, NHRP_A_STATS_PEERS, cache->peers.count) ||
	    nla_put_u32(skb, NHRP_A_STATS_INCOMPLETE,
			READ_ONCE(cache->incomplete)) ||
	    nla_put_u32(skb, NHRP_A_STATS_NEGATIVE,
			READ_ONCE(cache->negative)) ||
	    nhrp_nl_put_counters(skb, cache)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

static int nhrp_nl_put_group(struct sk_buff *skb, const struct nhrp_prefix *group)
{
	if (!group->addr.family)
		return 0;

	return nhrp_nl_put_addr(skb, NHRP_A_MCAST_GROUP, &group->addr) ?:
	       nla_put_u8(skb, NHRP_A_MCAST_PREFIXLEN, group->len);
}

/**
 * nhrp_nl_fill_member - write a member of a group behind a message header
 * @skb: message
 * @hdr: what genlmsg_put() returned
 * @cache: cache
 * @member: member
 *
 * Context: process, under the lock of the cache.
 * Return: 0, or -EMSGSIZE with the message taken back.
 */
int nhrp_nl_fill_member(struct sk_buff *skb, void *hdr,
			const struct nhrp_cache *cache,
			const struct nhrp_member *member)
{
	if (nla_put_u32(skb, NHRP_A_MCAST_IFINDEX, cache->dev->ifindex) ||
	    nhrp_nl_put_group(skb, &member->group->node.key) ||
	    nhrp_nl_put_addr(skb, NHRP_A_MCAST_NBMA,
			     &member->peer->node.key.addr) ||
	    (member->listed && nla_put_flag(skb, NHRP_A_MCAST_LISTED)) ||
	    (member->mappings &&
	     nla_put_u32(skb, NHRP_A_MCAST_MAPPINGS, member->mappings))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}
