/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the cache. */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM nhrp

#if !defined(_NHRP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _NHRP_TRACE_H

#include <linux/tracepoint.h>

#include "../include/compat.h"
#include "nhrp_int.h"

TRACE_DEFINE_ENUM(NHRP_RESOLVE_REASON_MISS);
TRACE_DEFINE_ENUM(NHRP_RESOLVE_REASON_RESOLVE);
TRACE_DEFINE_ENUM(NHRP_RESOLVE_REASON_REFRESH);

/* Userspace is asked for an address; err is why it does not hear of it. */
TRACE_EVENT(nhrp_resolve,

	TP_PROTO(const struct net_device *dev,
		 const struct nhrp_upcall *upcall, int err),

	TP_ARGS(dev, upcall, err),

	TP_STRUCT__entry(
		__string(name, dev->name)
		__array(__u8, dst, sizeof(struct sockaddr_in6))
		__field(u8, len)
		__field(u8, reason)
		__field(u32, attempt)
		__field(int, err)
	),

	TP_fast_assign(
		compat_assign_str(name, dev->name);
		nhrp_addr_sockaddr(&upcall->dst.addr, __entry->dst);
		__entry->len = upcall->dst.len;
		__entry->reason = upcall->reason;
		__entry->attempt = upcall->attempt;
		__entry->err = err;
	),

	TP_printk("dev=%s dst=%pISc/%u reason=%s attempt=%u err=%d",
		  __get_str(name), __entry->dst, __entry->len,
		  __print_symbolic(__entry->reason,
				   { NHRP_RESOLVE_REASON_MISS, "miss" },
				   { NHRP_RESOLVE_REASON_RESOLVE, "resolve" },
				   { NHRP_RESOLVE_REASON_REFRESH, "refresh" }),
		  __entry->attempt, __entry->err)
);

#endif /* _NHRP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
