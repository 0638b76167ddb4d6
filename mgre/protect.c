// SPDX-License-Identifier: GPL-2.0
/*
 * Whether IPsec protects a packet. What protects is ESP or AH; IPComp and the
 * headers of Mobile IPv6 are transforms of the same framework that hide and prove
 * nothing. An xfrm interface transforms whatever it sends or drops it, and gives
 * out nothing but what it has transformed back.
 */

#include <net/rtnetlink.h>
#include <net/xfrm.h>

#include "mgre.h"

static bool mgre_xfrm_protects(const struct xfrm_state *x)
{
	return x->id.proto == IPPROTO_ESP || x->id.proto == IPPROTO_AH;
}

static bool mgre_dev_is_xfrm(const struct net_device *dev)
{
	return dev->rtnl_link_ops && !strcmp(dev->rtnl_link_ops->kind, "xfrm");
}

/**
 * mgre_dst_protects - will what takes a route be protected?
 * @dst: route of the underlay
 *
 * Context: any; the caller holds the route.
 * Return: true if it leads by IPsec.
 */
bool mgre_dst_protects(const struct dst_entry *dst)
{
	const struct net_device *dev = dst->dev;

	for (; dst_xfrm(dst); dst = xfrm_dst_child(dst))
		if (mgre_xfrm_protects(dst_xfrm(dst)))
			return true;

	return mgre_dev_is_xfrm(dev);
}

/**
 * mgre_skb_is_protected - did a packet come by IPsec?
 * @skb: packet, still of the underlay
 *
 * The last transform need not be the one: ESP may have had IPComp in it. An xfrm
 * interface in another netns than its underlay clears the path.
 *
 * Context: any.
 * Return: true if so.
 */
bool mgre_skb_is_protected(const struct sk_buff *skb)
{
	const struct sec_path *sp = skb_sec_path(skb);
	int i;

	for (i = 0; sp && i < sp->len; i++)
		if (mgre_xfrm_protects(sp->xvec[i]))
			return true;

	return mgre_dev_is_xfrm(skb->dev);
}
