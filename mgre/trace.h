/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the device; addresses are NBMA addresses. */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM mgre

#if !defined(_MGRE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MGRE_TRACE_H

#include <linux/tracepoint.h>

#include "../include/compat.h"
#include "mgre.h"

DECLARE_EVENT_CLASS(mgre_packet,

	TP_PROTO(const struct net_device *dev, const struct nhrp_addr *nbma,
		 unsigned int len, __be16 proto),

	TP_ARGS(dev, nbma, len, proto),

	TP_STRUCT__entry(
		__string(name, dev->name)
		__array(__u8, nbma, sizeof(struct sockaddr_in6))
		__field(unsigned int, len)
		__field(u16, proto)
	),

	TP_fast_assign(
		compat_assign_str(name, dev->name);
		nhrp_addr_sockaddr(nbma, __entry->nbma);
		__entry->len = len;
		__entry->proto = ntohs(proto);
	),

	TP_printk("dev=%s nbma=%pISc len=%u proto=0x%04x", __get_str(name),
		  __entry->nbma, __entry->len, __entry->proto)
);

/* A packet that goes to the underlay, and what it carries. */
DEFINE_EVENT(mgre_packet, mgre_xmit,

	TP_PROTO(const struct net_device *dev, const struct nhrp_addr *nbma,
		 unsigned int len, __be16 proto),

	TP_ARGS(dev, nbma, len, proto)
);

/* A packet that has come from the underlay, without its outer headers. */
DEFINE_EVENT(mgre_packet, mgre_rcv,

	TP_PROTO(const struct net_device *dev, const struct nhrp_addr *nbma,
		 unsigned int len, __be16 proto),

	TP_ARGS(dev, nbma, len, proto)
);

/* A packet that counts as a drop; len is 0 if it is gone already. */
TRACE_EVENT(mgre_drop,

	TP_PROTO(const struct net_device *dev, const char *why,
		 unsigned int len),

	TP_ARGS(dev, why, len),

	TP_STRUCT__entry(
		__string(name, dev->name)
		__string(why, why)
		__field(unsigned int, len)
	),

	TP_fast_assign(
		compat_assign_str(name, dev->name);
		compat_assign_str(why, why);
		__entry->len = len;
	),

	TP_printk("dev=%s why=%s len=%u", __get_str(name), __get_str(why),
		  __entry->len)
);

#endif /* _MGRE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
