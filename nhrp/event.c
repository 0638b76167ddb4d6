// SPDX-License-Identifier: GPL-2.0
/* Events of the netlink family: changes of mappings, questions, redirects. */

#include <net/net_namespace.h>

#include "genl.h"
#include "nl.h"
#include "trace.h"

/* The netns that the device is in if anybody may listen there, held: nothing else
 * here keeps it from going, since the sweep is nobody's request, and the device
 * may move.
 */
static struct net *nhrp_nl_net_get(const struct nhrp_cache *cache)
{
	struct net *net;

	rcu_read_lock();
	net = dev_net(cache->dev);
	if (genl_has_listeners(&nhrp_nl_family, net, NHRP_NLGRP_MAPPING))
		net = maybe_get_net(net);
	else
		net = NULL;
	rcu_read_unlock();

	return net;
}

/* Writes what group "mapping" is to be told of @mapping or, if that is NULL, of
 * @pending. When there is no memory the listeners are told that.
 */
static void nhrp_nl_write(struct nhrp_cache *cache,
			  const struct nhrp_mapping *mapping,
			  const struct nhrp_pending *pending, u8 cmd, gfp_t gfp)
{
	struct sk_buff *msg;
	struct net *net;
	void *hdr;
	int err;

	lockdep_assert_held(&cache->lock);

	net = nhrp_nl_net_get(cache);
	if (!net)
		return;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, gfp);
	if (!msg)
		goto lost;
	hdr = genlmsg_put(msg, 0, 0, &nhrp_nl_family, 0, cmd);
	if (!hdr)
		goto free_msg;
	err = mapping ? nhrp_nl_fill_mapping(msg, hdr, cache, mapping) :
			nhrp_nl_fill_pending(msg, hdr, cache, pending);
	if (err)
		goto free_msg;

	__skb_queue_tail(&cache->events, msg);
	goto put_net;

free_msg:
	nlmsg_free(msg);
lost:
	genl_set_err(&nhrp_nl_family, net, 0, NHRP_NLGRP_MAPPING, -ENOBUFS);
put_net:
	put_net(net);
}

/**
 * nhrp_nl_notify - tell the listeners of group "mapping"
 * @cache: cache
 * @mapping: mapping that came, changed or is about to go
 * @cmd: NHRP_CMD_MAPPING_*_NTF
 *
 * A listener that misses one for want of memory is told ENOBUFS.
 *
 * Context: process, under the lock of the cache, which keeps events in the
 * order of the changes.
 */
void nhrp_nl_notify(struct nhrp_cache *cache,
		    const struct nhrp_mapping *mapping, u8 cmd)
{
	nhrp_nl_write(cache, mapping, NULL, cmd, GFP_KERNEL);
	nhrp_nl_send_events(cache);
}

/**
 * nhrp_nl_notify_pending - write what group "mapping" is told of a negative address
 * @cache: cache
 * @pending: address that nobody has answered
 * @cmd: NHRP_CMD_MAPPING_*_NTF
 *
 * nhrp_nl_send_events() is to be called when the spinlock has been given back.
 *
 * Context: process, under the lock of the cache and nhrp_cache::resolve_lock.
 */
void nhrp_nl_notify_pending(struct nhrp_cache *cache,
			    const struct nhrp_pending *pending, u8 cmd)
{
	nhrp_nl_write(cache, NULL, pending, cmd, GFP_ATOMIC);
}

/**
 * nhrp_nl_send_events - send what has been written
 * @cache: cache
 *
 * Context: process, under the lock of the cache.
 */
void nhrp_nl_send_events(struct nhrp_cache *cache)
{
	struct sk_buff *msg;
	struct net *net;

	lockdep_assert_held(&cache->lock);

	while ((msg = __skb_dequeue(&cache->events))) {
		net = nhrp_nl_net_get(cache);
		if (!net) {
			nlmsg_free(msg);
			continue;
		}
		genlmsg_multicast_netns(&nhrp_nl_family, net, msg, 0,
					NHRP_NLGRP_MAPPING, GFP_KERNEL);
		put_net(net);
	}
}

/**
 * nhrp_nl_can_ask - may anybody listen to group "resolve"?
 * @cache: cache
 *
 * Context: any, in an RCU section.
 * Return: false if nobody does in any netns.
 */
bool nhrp_nl_can_ask(const struct nhrp_cache *cache)
{
	return genl_has_listeners(&nhrp_nl_family, dev_net(cache->dev),
				  NHRP_NLGRP_RESOLVE);
}

static int nhrp_nl_put_flow(struct sk_buff *msg, const struct nhrp_flow *flow)
{
	return nhrp_nl_put_addr(msg, NHRP_A_RESOLVE_DESTINATION, &flow->dst) ?:
	       nhrp_nl_put_addr(msg, NHRP_A_RESOLVE_SOURCE, &flow->src) ?:
	       nhrp_nl_put_addr(msg, NHRP_A_RESOLVE_NEXTHOP, &flow->hop);
}

static int nhrp_nl_fill_upcall(struct sk_buff *msg,
			       const struct nhrp_cache *cache,
			       const struct nhrp_upcall *upcall)
{
	void *hdr = genlmsg_put(msg, 0, 0, &nhrp_nl_family, 0,
				NHRP_CMD_RESOLVE_NTF);

	if (!hdr ||
	    nla_put_u32(msg, NHRP_A_RESOLVE_IFINDEX, cache->dev->ifindex) ||
	    nhrp_nl_put_addr(msg, NHRP_A_RESOLVE_DST, &upcall->dst.addr) ||
	    nla_put_u8(msg, NHRP_A_RESOLVE_PREFIXLEN, upcall->dst.len) ||
	    nla_put_u8(msg, NHRP_A_RESOLVE_REASON, upcall->reason) ||
	    nla_put_u32(msg, NHRP_A_RESOLVE_ATTEMPT, upcall->attempt))
		return -EMSGSIZE;
	if (upcall->flow.dst.family && nhrp_nl_put_flow(msg, &upcall->flow))
		return -EMSGSIZE;
	if (upcall->nbma.family &&
	    nhrp_nl_put_addr(msg, NHRP_A_RESOLVE_NBMA, &upcall->nbma))
		return -EMSGSIZE;

	genlmsg_end(msg, hdr);
	return 0;
}

/**
 * nhrp_nl_ask - tell group "resolve" what is to be resolved
 * @cache: cache
 * @upcall: question
 *
 * Those are told who listen in the netns that the device is in. The device
 * leaves it, or goes, before the netns' sockets do, and a grace period lies in
 * between.
 *
 * A listener that misses one for want of memory is told ENOBUFS. If it is the
 * only one, it counts as one only if its socket has NETLINK_BROADCAST_ERROR set:
 * that is how the netlink core lets a sender know.
 *
 * Context: any.
 * Return: 0; -ENOBUFS somebody has missed it; -ESRCH nobody listens.
 */
int nhrp_nl_ask(const struct nhrp_cache *cache,
		const struct nhrp_upcall *upcall)
{
	struct sk_buff *msg;
	struct net *net;
	int err;

	rcu_read_lock();
	net = dev_net(cache->dev);
	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (msg && !nhrp_nl_fill_upcall(msg, cache, upcall)) {
		err = genlmsg_multicast_netns(&nhrp_nl_family, net, msg, 0,
					      NHRP_NLGRP_RESOLVE, GFP_ATOMIC);
	} else {
		nlmsg_free(msg);
		genl_set_err(&nhrp_nl_family, net, 0, NHRP_NLGRP_RESOLVE,
			     -ENOBUFS);
		err = -ENOBUFS;
	}
	trace_nhrp_resolve(cache->dev, upcall, err);
	rcu_read_unlock();

	return err;
}

/* Octets of a packet that are told. */
#define NHRP_NL_QUOTED		128

/**
 * nhrp_nl_can_redirect - may anybody listen to group "redirect"?
 * @cache: cache
 *
 * Context: any, in an RCU section.
 * Return: false if nobody does in any netns.
 */
bool nhrp_nl_can_redirect(const struct nhrp_cache *cache)
{
	return genl_has_listeners(&nhrp_nl_family, dev_net(cache->dev),
				  NHRP_NLGRP_REDIRECT);
}

static int nhrp_nl_put_packet(struct sk_buff *msg, const struct sk_buff *skb)
{
	unsigned int len = min_t(unsigned int, skb->len, NHRP_NL_QUOTED);
	struct nlattr *attr = nla_reserve(msg, NHRP_A_REDIRECT_PACKET, len);

	return attr ? skb_copy_bits(skb, 0, nla_data(attr), len) : -EMSGSIZE;
}

static int nhrp_nl_fill_redirect(struct sk_buff *msg,
				 const struct nhrp_cache *cache,
				 const struct nhrp_redirect *redirect)
{
	const struct nhrp_flow *flow = &redirect->flow;
	void *hdr = genlmsg_put(msg, 0, 0, &nhrp_nl_family, 0,
				NHRP_CMD_REDIRECT_NTF);

	if (!hdr ||
	    nla_put_u32(msg, NHRP_A_REDIRECT_IFINDEX, cache->dev->ifindex) ||
	    nhrp_nl_put_addr(msg, NHRP_A_REDIRECT_SOURCE, &flow->src) ||
	    nhrp_nl_put_addr(msg, NHRP_A_REDIRECT_DESTINATION, &flow->dst) ||
	    nhrp_nl_put_addr(msg, NHRP_A_REDIRECT_NEXTHOP, &flow->hop) ||
	    nhrp_nl_put_addr(msg, NHRP_A_REDIRECT_NBMA_FROM, &redirect->from) ||
	    nhrp_nl_put_addr(msg, NHRP_A_REDIRECT_NBMA_TO, &redirect->to) ||
	    nhrp_nl_put_packet(msg, redirect->skb))
		return -EMSGSIZE;

	genlmsg_end(msg, hdr);
	return 0;
}

/**
 * nhrp_nl_redirect - tell group "redirect" of a packet
 * @cache: cache
 * @redirect: packet
 *
 * A listener that misses one for want of memory is told ENOBUFS; another packet of
 * the same pair will tell it again.
 *
 * Context: BH disabled, in an RCU section.
 */
void nhrp_nl_redirect(const struct nhrp_cache *cache,
		      const struct nhrp_redirect *redirect)
{
	struct net *net = dev_net(cache->dev);
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);

	if (msg && !nhrp_nl_fill_redirect(msg, cache, redirect)) {
		genlmsg_multicast_netns(&nhrp_nl_family, net, msg, 0,
					NHRP_NLGRP_REDIRECT, GFP_ATOMIC);
		return;
	}

	nlmsg_free(msg);
	genl_set_err(&nhrp_nl_family, net, 0, NHRP_NLGRP_REDIRECT, -ENOBUFS);
}
