// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink family "nhrp", see Documentation/netlink/specs/nhrp.yaml:
 * what requests do. Attributes are read and written in message.c.
 */

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
	/* It tells who talks to whom, and who listens makes packets wait. */
	[NHRP_NLGRP_RESOLVE] = {
		.name = NHRP_MCGRP_RESOLVE,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	/* And this one quotes what they say. */
	[NHRP_NLGRP_REDIRECT] = {
		.name = NHRP_MCGRP_REDIRECT,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
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

/* The device of a request that must name one. All attribute sets number it
 * alike.
 */
static struct nhrp_cache *nhrp_nl_cache_get(struct genl_info *info,
					    netdevice_tracker *tracker)
{
	BUILD_BUG_ON((int)NHRP_A_MAPPING_IFINDEX != (int)NHRP_A_PEER_IFINDEX);
	BUILD_BUG_ON((int)NHRP_A_MAPPING_IFINDEX != (int)NHRP_A_STATS_IFINDEX);
	BUILD_BUG_ON((int)NHRP_A_MAPPING_IFINDEX != (int)NHRP_A_MCAST_IFINDEX);

	if (GENL_REQ_ATTR_CHECK(info, NHRP_A_MAPPING_IFINDEX)) {
		NL_SET_ERR_MSG(info->extack, "device is missing");
		return ERR_PTR(-EINVAL);
	}

	return nhrp_nl_find_cache(genl_info_net(info),
				  info->attrs[NHRP_A_MAPPING_IFINDEX], tracker,
				  info->extack);
}

/* ---- replies ---- */

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

/* Answers a request about one object, which @reply finds by @key and writes under
 * the lock of the cache.
 */
static int nhrp_nl_get_one(struct genl_info *info, const void *key,
			   int (*reply)(struct sk_buff *msg, void *hdr,
					struct nhrp_cache *cache,
					const void *key,
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

	err = nhrp_cache_lock(cache, info->extack);
	if (!err) {
		err = reply(msg, hdr, cache, key, info);
		nhrp_cache_unlock(cache);
	}
	if (err)
		nlmsg_free(msg);
	else
		err = genlmsg_reply(msg, info);
put_cache:
	nhrp_cache_put(cache, &tracker);
	return err;
}

/* ---- mappings ---- */

/* Who administers the netns that the device has moved to has no say in the firewall
 * of the underlay's, which goes by marks. Under the lock of the cache: a device that
 * is not dead keeps the netns of its underlay.
 */
static int nhrp_nl_check_mark(const struct sk_buff *skb,
			      const struct nhrp_cache *cache,
			      struct nlattr *const *attrs,
			      struct netlink_ext_ack *extack)
{
	const struct nlattr *mark = attrs[NHRP_A_MAPPING_MARK];

	if (!mark || !nla_get_u32(mark) ||
	    netlink_ns_capable(skb, cache->ops->underlay(cache)->user_ns,
			       CAP_NET_ADMIN))
		return 0;

	NL_SET_ERR_MSG_ATTR(extack, mark,
			    "no privilege in the netns of the underlay");
	return -EPERM;
}

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

	err = nhrp_nl_parse_mapping(info->attrs, NULL, &cfg, info->extack) ?:
	      nhrp_cache_lock(cache, info->extack);
	if (!err) {
		err = nhrp_nl_check_mark(skb, cache, info->attrs,
					 info->extack) ?:
		      nhrp_mapping_set(cache, &cfg, info->nlhdr->nlmsg_flags,
				       info->extack);
		nhrp_cache_unlock(cache);
	}
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

	err = nhrp_cache_lock(cache, info->extack);
	if (!err) {
		err = nhrp_mapping_del(cache, &dst,
				       info->attrs[NHRP_A_MAPPING_DST],
				       info->extack);
		nhrp_cache_unlock(cache);
	}
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
		NHRP_A_MAPPING_PROTOCOL,
		NHRP_A_MAPPING_FLAGS,
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

/* What the kernel itself has written is the last resort. */
static int nhrp_nl_pending_reply(struct sk_buff *msg, void *hdr,
				 struct nhrp_cache *cache,
				 const struct nhrp_addr *addr)
{
	struct nhrp_prefix key = { .addr = *addr, .len = nhrp_addr_bits(addr) };
	struct nhrp_node *node;
	int err = -ENOENT;

	spin_lock_bh(&cache->resolve_lock);
	node = nhrp_table_find(&cache->pending, &key);
	if (node)
		err = nhrp_nl_fill_pending(msg, hdr, cache,
					   container_of(node,
							struct nhrp_pending,
							node));
	spin_unlock_bh(&cache->resolve_lock);

	return err;
}

static int nhrp_nl_mapping_reply(struct sk_buff *msg, void *hdr,
				 struct nhrp_cache *cache, const void *key,
				 struct genl_info *info)
{
	const struct nhrp_addr *addr = key;
	struct nhrp_mapping *mapping;
	int err;

	/* As mgre_tx_resolve() does for a destination that is its next hop. */
	rcu_read_lock();
	mapping = nhrp_cache_lookup_shortcut(cache, addr) ?:
		  nhrp_cache_lookup(cache, addr);
	rcu_read_unlock();
	if (mapping)
		err = nhrp_nl_fill_mapping(msg, hdr, cache, mapping);
	else
		err = nhrp_nl_pending_reply(msg, hdr, cache, addr);
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[NHRP_A_MAPPING_DST],
				    "no mapping matches this address");

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
		while ((cache = nhrp_cache_get_next(net, &ifindex, &tracker))) {
			flushed += nhrp_mapping_flush(cache, &filter);
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

/* ---- batches ---- */

/* Entries that are carried out under one hold of the lock. */
#define NHRP_NL_BATCH	64

/**
 * struct nhrp_nl_batch - where a batch is
 * @cache: cache of the last entry, whose lock and device are held; or NULL
 * @ifindex: its device
 * @held: entries carried out since the lock was taken
 * @tracker: of the reference on the device
 */
struct nhrp_nl_batch {
	struct nhrp_cache *cache;
	u32 ifindex;
	int held;
	netdevice_tracker tracker;
};

static void nhrp_nl_batch_release(struct nhrp_nl_batch *batch)
{
	if (!batch->cache)
		return;

	nhrp_cache_unlock(batch->cache);
	nhrp_cache_put(batch->cache, &batch->tracker);
	batch->cache = NULL;
	cond_resched();
}

/* Takes the lock of the device that an entry names, if it is not held. */
static int nhrp_nl_batch_enter(struct nhrp_nl_batch *batch, struct net *net,
			       const struct nlattr *ifindex,
			       struct netlink_ext_ack *extack)
{
	struct nhrp_cache *cache;
	int err;

	if (batch->cache && batch->ifindex == nla_get_u32(ifindex) &&
	    batch->held++ < NHRP_NL_BATCH)
		return 0;

	nhrp_nl_batch_release(batch);
	cache = nhrp_nl_find_cache(net, ifindex, &batch->tracker, extack);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	err = nhrp_cache_lock(cache, extack);
	if (err) {
		nhrp_cache_put(cache, &batch->tracker);
		return err;
	}

	batch->cache = cache;
	batch->ifindex = nla_get_u32(ifindex);
	batch->held = 0;

	return 0;
}

static int nhrp_nl_batch_del(struct nhrp_cache *cache, struct nlattr **attrs,
			     const struct nlattr *nest,
			     struct netlink_ext_ack *extack)
{
	struct nhrp_prefix dst;
	int err, i;

	for (i = NHRP_A_MAPPING_PREFIXLEN + 1; i <= NHRP_A_MAPPING_MARK; i++) {
		if (!attrs[i])
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attrs[i],
				    "deletion takes a prefix and a device alone");
		return -EINVAL;
	}
	if (NL_REQ_ATTR_CHECK(extack, nest, attrs, NHRP_A_MAPPING_DST)) {
		NL_SET_ERR_MSG(extack, "protocol address is missing");
		return -EINVAL;
	}

	err = nhrp_nl_parse_prefix(attrs, &dst, extack);
	if (err)
		return err;

	return nhrp_mapping_del(cache, &dst, attrs[NHRP_A_MAPPING_DST], extack);
}

static int nhrp_nl_batch_entry(struct nhrp_nl_batch *batch,
			       const struct sk_buff *skb,
			       struct genl_info *info, struct nlattr *nest,
			       struct netlink_ext_ack *extack)
{
	const struct nlattr *ifindex = info->attrs[NHRP_A_BATCH_IFINDEX];
	struct nlattr *attrs[NHRP_A_MAPPING_MARK + 1] = {};
	struct nhrp_mapping_config cfg;
	u16 flags = NLM_F_CREATE;
	struct nlattr *attr;
	int err, rem;

	/* The policy of the message has been through all of it; a second
	 * nla_parse_nested() would cost a fifth of the time of an entry.
	 */
	nla_for_each_nested(attr, nest, rem)
		attrs[nla_type(attr)] = attr;
	if (attrs[NHRP_A_MAPPING_IFINDEX])
		ifindex = attrs[NHRP_A_MAPPING_IFINDEX];
	if (!ifindex) {
		NL_SET_ERR_ATTR_MISS(extack, nest, NHRP_A_MAPPING_IFINDEX);
		NL_SET_ERR_MSG(extack, "device is missing");
		return -EINVAL;
	}
	err = nhrp_nl_batch_enter(batch, genl_info_net(info), ifindex, extack);
	if (err)
		return err;

	if (nla_type(nest) == NHRP_A_BATCH_DEL)
		return nhrp_nl_batch_del(batch->cache, attrs, nest, extack);

	err = nhrp_nl_parse_mapping(attrs, nest, &cfg, extack) ?:
	      nhrp_nl_check_mark(skb, batch->cache, attrs, extack);
	if (err)
		return err;
	flags |= nla_type(nest) == NHRP_A_BATCH_ADD ? NLM_F_EXCL :
						      NLM_F_REPLACE;

	return nhrp_mapping_set(batch->cache, &cfg, flags, extack);
}

int nhrp_nl_mapping_batch_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct netlink_ext_ack *extack = info->extack;
	struct nhrp_nl_batch batch = {};
	struct nlattr *nest;
	int err = 0;
	int rem;

	nla_for_each_attr(nest, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		if (nla_type(nest) == NHRP_A_BATCH_IFINDEX)
			continue;
		err = nhrp_nl_batch_entry(&batch, skb, info, nest, extack);
		if (!err)
			continue;
		/* It tells the sender which entry it was. */
		if (!extack->bad_attr ||
		    extack->bad_attr == info->attrs[NHRP_A_BATCH_IFINDEX])
			NL_SET_BAD_ATTR(extack, nest);
		break;
	}
	nhrp_nl_batch_release(&batch);

	return err;
}

/* ---- counters ---- */

static int nhrp_nl_stats_reply(struct sk_buff *msg, void *hdr,
			       struct nhrp_cache *cache, const void *unused,
			       struct genl_info *info)
{
	return nhrp_nl_fill_stats(msg, hdr, cache);
}

int nhrp_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return nhrp_nl_get_one(info, NULL, nhrp_nl_stats_reply);
}

/* ---- peers ---- */

static int nhrp_nl_peer_reply(struct sk_buff *msg, void *hdr,
			      struct nhrp_cache *cache, const void *nbma,
			      struct genl_info *info)
{
	struct nhrp_peer *peer;

	rcu_read_lock();
	peer = nhrp_peer_lookup(cache, nbma);
	rcu_read_unlock();
	if (peer)
		return nhrp_nl_fill_peer(msg, hdr, cache, peer);

	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NHRP_A_PEER_NBMA],
			    "no peer of this address");
	return -ENOENT;
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

/* ---- multicast ---- */

/* Carries out a request about a member under the lock of the cache. */
static int nhrp_nl_mcast_write(struct genl_info *info,
			       int (*write)(struct nhrp_cache *cache,
					    const struct nhrp_mcast_config *cfg,
					    struct netlink_ext_ack *extack))
{
	struct nhrp_mcast_config cfg;
	netdevice_tracker tracker;
	struct nhrp_cache *cache;
	int err;

	cache = nhrp_nl_cache_get(info, &tracker);
	if (IS_ERR(cache))
		return PTR_ERR(cache);

	err = nhrp_nl_parse_member(info->attrs, &cfg, info->extack) ?:
	      nhrp_cache_lock(cache, info->extack);
	if (!err) {
		err = write(cache, &cfg, info->extack);
		nhrp_cache_unlock(cache);
	}
	nhrp_cache_put(cache, &tracker);

	return err;
}

int nhrp_nl_mcast_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return nhrp_nl_mcast_write(info, nhrp_mcast_add);
}

int nhrp_nl_mcast_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return nhrp_nl_mcast_write(info, nhrp_mcast_del);
}

static int nhrp_nl_mcast_reply(struct sk_buff *msg, void *hdr,
			       struct nhrp_cache *cache, const void *key,
			       struct genl_info *info)
{
	const struct nhrp_mcast_config *cfg = key;
	struct nhrp_member *member = nhrp_mcast_find(cache, cfg);

	if (member)
		return nhrp_nl_fill_member(msg, hdr, cache, member);

	NL_SET_ERR_MSG_ATTR(info->extack, cfg->nbma_attr,
			    "peer is not on the list of this group");
	return -ENOENT;
}

int nhrp_nl_mcast_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nhrp_mcast_config cfg;
	int err;

	err = nhrp_nl_parse_member(info->attrs, &cfg, info->extack);
	if (err)
		return err;

	return nhrp_nl_get_one(info, &cfg, nhrp_nl_mcast_reply);
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
