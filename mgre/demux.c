// SPDX-License-Identifier: GPL-2.0
/* Which device a received packet is for: local address, key, underlay device. */

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <net/ipv6.h>

#include "mgre.h"

static struct hlist_head *mgre_demux_head(struct net *net,
					  const struct nhrp_addr *local,
					  __be32 key, bool keyed)
{
	u32 hash = local->family == AF_INET ? (__force u32)local->ip4 :
					      ipv6_addr_hash(&local->ip6);

	/* Who configures the devices chooses what is hashed, nobody else. */
	hash += hash_32((__force u32)key + keyed, 32);

	return &mgre_net_get(net)->demux[hash_32(hash, MGRE_DEMUX_BITS)];
}

static bool mgre_demux_matches(const struct mgre_underlay *underlay,
			       const struct nhrp_addr *local,
			       const struct mgre_id *id)
{
	const struct mgre_conf *conf = underlay->conf;

	return conf->key == id->key && conf->keyed == id->keyed &&
	       nhrp_addr_equal(&underlay->local, local);
}

/* Bound to the interface that received it, or to the VRF that this one is in. */
static bool mgre_demux_bound(const struct mgre_conf *conf, int link, int sdif)
{
	return conf->link == link || (sdif && conf->link == sdif);
}

/* @local is id->local, or any. */
static struct mgre_conf *mgre_demux_match(struct net *net,
					  const struct nhrp_addr *local,
					  const struct mgre_id *id, int link,
					  int sdif)
{
	struct mgre_conf *unbound = NULL;
	struct mgre_underlay *underlay;

	hlist_for_each_entry_rcu(underlay,
				 mgre_demux_head(net, local, id->key,
						 id->keyed),
				 node, lockdep_rtnl_is_held()) {
		if (!mgre_demux_matches(underlay, local, id))
			continue;
		if (mgre_demux_bound(underlay->conf, link, sdif))
			return underlay->conf;
		if (!underlay->conf->link)
			unbound = underlay->conf;
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
 * @id: outer destination address and key
 * @link: ifindex of the underlay device that received it, or of its VRF
 * @sdif: ifindex of the underlay device in the VRF, else 0
 *
 * A device with this local address wins over one without, then one bound to
 * the underlay device over one that is not.
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the configuration of the device, or NULL.
 */
struct mgre_conf *mgre_demux_lookup(struct net *net, const struct mgre_id *id,
				    int link, int sdif)
{
	struct mgre_conf *conf;

	conf = mgre_demux_match(net, &id->local, id, link, sdif);
	if (!conf && mgre_demux_any_local(net)) {
		struct nhrp_addr any = { .family = id->local.family };

		conf = mgre_demux_match(net, &any, id, link, sdif);
	}

	return conf;
}

/**
 * mgre_demux_lookup_local - some device with a local address
 * @net: netns of the underlay
 * @local: outer destination address
 * @link: as in mgre_demux_lookup()
 * @sdif: likewise
 *
 * To have somebody to blame a packet on whose key cannot be read.
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the configuration of the device, or NULL.
 */
struct mgre_conf *mgre_demux_lookup_local(struct net *net,
					  const struct nhrp_addr *local,
					  int link, int sdif)
{
	struct mgre_net *mn = mgre_net_get(net);
	struct mgre_underlay *underlay;
	struct nhrp_addr any = { .family = local->family };
	struct mgre_conf *found = NULL;
	int i;

	for (i = 0; i < ARRAY_SIZE(mn->demux); i++) {
		hlist_for_each_entry_rcu(underlay, &mn->demux[i], node) {
			if (underlay->conf->link &&
			    !mgre_demux_bound(underlay->conf, link, sdif))
				continue;
			if (nhrp_addr_equal(&underlay->local, local))
				return underlay->conf;
			if (nhrp_addr_equal(&underlay->local, &any))
				found = underlay->conf;
		}
	}

	return found;
}

static struct mgre_dev *mgre_demux_peer_of(struct net *net,
					   const struct nhrp_addr *local,
					   const struct mgre_id *id,
					   const struct nhrp_addr *nbma)
{
	struct mgre_underlay *underlay;

	hlist_for_each_entry_rcu(underlay,
				 mgre_demux_head(net, local, id->key,
						 id->keyed), node) {
		if (mgre_demux_matches(underlay, local, id) &&
		    nhrp_peer_lookup(&underlay->conf->mgre->cache, nbma))
			return underlay->conf->mgre;
	}

	return NULL;
}

/**
 * mgre_demux_sender - device that has sent a packet
 * @net: netns of the underlay
 * @id: outer source address and key
 * @nbma: outer destination address
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the device, which has @nbma for a peer, or NULL.
 */
struct mgre_dev *mgre_demux_sender(struct net *net, const struct mgre_id *id,
				   const struct nhrp_addr *nbma)
{
	struct mgre_dev *mgre;

	mgre = mgre_demux_peer_of(net, &id->local, id, nbma);
	if (!mgre && mgre_demux_any_local(net)) {
		struct nhrp_addr any = { .family = id->local.family };

		mgre = mgre_demux_peer_of(net, &any, id, nbma);
	}

	return mgre;
}

/**
 * mgre_demux_is_taken - does another device claim the very same packets?
 * @net: netns of the underlay
 * @conf: configuration
 *
 * Context: process, under rtnl.
 * Return: true if there is one.
 */
bool mgre_demux_is_taken(struct net *net, const struct mgre_conf *conf)
{
	const struct mgre_conf *other;
	struct mgre_id id;
	int i;

	ASSERT_RTNL();

	id.key = conf->key;
	id.keyed = conf->keyed;
	for (i = 0; i < __MGRE_FAMILIES; i++) {
		if (!conf->underlay[i].carried)
			continue;
		id.local = conf->underlay[i].local;
		other = mgre_demux_match(net, &id.local, &id, conf->link, 0);
		if (other && other->link == conf->link &&
		    other->mgre != conf->mgre)
			return true;
	}

	return false;
}

static bool mgre_demux_is_any(const struct mgre_conf *conf)
{
	return conf->underlay[MGRE_IP4].carried &&
	       !conf->underlay[MGRE_IP4].local.ip4;
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
	struct mgre_underlay *underlay;
	int i;

	ASSERT_RTNL();

	if (mgre_demux_is_any(conf))
		WRITE_ONCE(mn->any_local, mn->any_local + 1);
	for (i = 0; i < __MGRE_FAMILIES; i++) {
		underlay = &conf->underlay[i];
		underlay->conf = conf;
		if (underlay->carried)
			hlist_add_head_rcu(&underlay->node,
					   mgre_demux_head(net,
							   &underlay->local,
							   conf->key,
							   conf->keyed));
	}
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
	int i;

	ASSERT_RTNL();

	for (i = 0; i < __MGRE_FAMILIES; i++)
		if (conf->underlay[i].carried)
			hlist_del_rcu(&conf->underlay[i].node);
	if (mgre_demux_is_any(conf))
		WRITE_ONCE(mn->any_local, mn->any_local - 1);
}
