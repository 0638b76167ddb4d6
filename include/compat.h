/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Today's kernel API on older kernels. The code elsewhere reads as 6.12; each
 * block names the version and the upstream change that it stands in for.
 */

#ifndef _MGRE_COMPAT_H
#define _MGRE_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "mgre needs Linux 6.1 or later"
#endif

/* 6.5: "net: move gso declarations and functions to their own files" */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

/* 6.12: "netdev_features: convert NETIF_F_LLTX to dev->lltx" */
static inline void compat_netdev_set_lltx(struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

/* 6.7: "genetlink: add genlmsg_iput() API" and "genetlink: push conditional
 * locking into dumpit/done" let dumps share struct genl_info
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define compat_genl_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#else
#define compat_genl_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#endif

/* 6.10: "tracing/treewide: Remove second parameter of __assign_str()" */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define compat_assign_str(dst, src)	__assign_str(dst, src)
#else
#define compat_assign_str(dst, src)	__assign_str(dst)
#endif

/* 6.12: "net: vxlan: add skb drop reasons to vxlan_rcv()" */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define COMPAT_DROP_REASON_IP_TUNNEL_ECN	SKB_DROP_REASON_IP_TUNNEL_ECN
#else
#define COMPAT_DROP_REASON_IP_TUNNEL_ECN	SKB_DROP_REASON_IP_INHDR
#endif

/* "net: add net_device argument to header_ops.parse" is in some releases of a
 * stable series and not in others, so the type decides and not the version.
 * COMPAT_HEADER_PARSE(fn) goes behind the function,
 * COMPAT_HEADER_PARSE_PTR(fn) into struct header_ops.
 */
#define COMPAT_HEADER_PARSE(fn)						\
static int __maybe_unused fn##_nodev(const struct sk_buff *skb,		\
				     unsigned char *haddr)		\
{									\
	return fn(skb, skb->dev, haddr);				\
}

#define COMPAT_HEADER_PARSE_PTR(fn)					\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(				\
			typeof(((struct header_ops *)NULL)->parse),	\
			typeof(fn) *),					\
		(fn), fn##_nodev)

#endif /* _MGRE_COMPAT_H */
