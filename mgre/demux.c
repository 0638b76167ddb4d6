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

/* Most netns have no device that any local address is good for. */
static bool mgre_demux_any_local(struct net *net)
{
	return READ_ONCE(mgre_net_get(net)->any_local);
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
	struct mgre_conf *conf;

	conf = mgre_demux_match(net, local, key, keyed, link);
	if (!conf && mgre_demux_any_local(net))
		conf = mgre_demux_match(net, 0, key, keyed, link);

	return conf;
}

static struct mgre_dev *mgre_demux_peer_of(struct net *net, __be32 local,
					   __be32 key, bool keyed,
					   const struct nhrp_addr *nbma)
{
	struct mgre_conf *conf;

	hlist_for_each_entry_rcu(conf, mgre_demux_head(net, local, key, keyed),
				 node) {
		if (conf->local == local && conf->key == key &&
		    conf->keyed == keyed &&
		    nhrp_peer_lookup(&conf->mgre->cache, nbma))
			return conf->mgre;
	}

	return NULL;
}

/**
 * mgre_demux_sender - device that has sent a packet
 * @net: netns of the underlay
 * @local: outer source address
 * @key: GRE key, 0 if there is none
 * @keyed: there is a key
 * @nbma: outer destination address
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the device, which has @nbma for a peer, or NULL.
 */
struct mgre_dev *mgre_demux_sender(struct net *net, __be32 local, __be32 key,
				   bool keyed, const struct nhrp_addr *nbma)
{
	struct mgre_dev *mgre;

	mgre = mgre_demux_peer_of(net, local, key, keyed, nbma);
	if (!mgre && mgre_demux_any_local(net))
		mgre = mgre_demux_peer_of(net, 0, key, keyed, nbma);

	return mgre;
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
	struct mgre_net *mn = mgre_net_get(net);

	ASSERT_RTNL();

	if (!conf->local)
		WRITE_ONCE(mn->any_local, mn->any_local + 1);
	hlist_add_head_rcu(&conf->node,
			   mgre_demux_head(net, conf->local, conf->key,
					   conf->keyed));
}

/**
 * mgre_demux_del - undo mgre_demux_add()
 * @net: netns of the underlay
 * @conf: configuration, readers may have it for a grace period
 *
 * Context: process, under rtnl.
 */
void mgre_demux_del(struct net *net, struct mgre_conf *conf)
{
	struct mgre_net *mn = mgre_net_get(net);

	ASSERT_RTNL();

	hlist_del_rcu(&conf->node);
	if (!conf->local)
		WRITE_ONCE(mn->any_local, mn->any_local - 1);
}
