// SPDX-License-Identifier: GPL-2.0
/* Which device a received packet is for: local address, key, underlay device. */

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>

#include "mgre.h"

static struct hlist_head *mgre_demux_head(struct net *net, __be32 local,
					  __be32 key, bool keyed)
{
	u32 hash = jhash_3words((__force u32)local, (__force u32)key, keyed, 0);

	return &mgre_net_get(net)->demux[hash_32(hash, MGRE_DEMUX_BITS)];
}

static struct mgre_conf *mgre_demux_match(struct net *net, __be32 local,
					  __be32 key, bool keyed, int link)
{
	struct mgre_conf *conf, *unbound = NULL;

	hlist_for_each_entry_rcu(conf, mgre_demux_head(net, local, key, keyed),
				 node, lockdep_rtnl_is_held()) {
		if (conf->local != local || conf->key != key ||
		    conf->keyed != keyed)
			continue;
		if (conf->link == link)
			return conf;
		if (!conf->link)
			unbound = conf;
	}

	return unbound;
}

/**
 * mgre_demux_lookup - device for a received packet
 * @net: netns of the underlay
 * @local: outer destination address
 * @key: GRE key, 0 if there is none
 * @keyed: there is a key
 * @link: ifindex of the underlay device that received it
 *
 * A device with this local address wins over one without, then one bound to
 * the underlay device over one that is not.
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the configuration of the device, or NULL.
 */
struct mgre_conf *mgre_demux_lookup(struct net *net, __be32 local, __be32 key,
				    bool keyed, int link)
{
	return mgre_demux_match(net, local, key, keyed, link) ?:
	       mgre_demux_match(net, 0, key, keyed, link);
}

/**
 * mgre_demux_find_equal - device that would claim the very same packets
 * @net: netns of the underlay
 * @conf: configuration
 *
 * Context: process, under rtnl.
 * Return: the configuration of that device, or NULL.
 */
struct mgre_conf *mgre_demux_find_equal(struct net *net,
					const struct mgre_conf *conf)
{
	struct mgre_conf *other;

	ASSERT_RTNL();

	other = mgre_demux_match(net, conf->local, conf->key, conf->keyed,
				 conf->link);

	return other && other->link == conf->link ? other : NULL;
}

/**
 * mgre_demux_add - have a device receive packets
 * @net: netns of the underlay
 * @conf: configuration of the device
 *
 * Context: process, under rtnl.
 */
void mgre_demux_add(struct net *net, struct mgre_conf *conf)
{
	ASSERT_RTNL();

	hlist_add_head_rcu(&conf->node,
			   mgre_demux_head(net, conf->local, conf->key,
					   conf->keyed));
}

/**
 * mgre_demux_del - undo mgre_demux_add()
 * @conf: configuration, readers may have it for a grace period
 *
 * Context: process, under rtnl.
 */
void mgre_demux_del(struct mgre_conf *conf)
{
	ASSERT_RTNL();

	hlist_del_rcu(&conf->node);
}
