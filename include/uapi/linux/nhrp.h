/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nhrp.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_NHRP_H
#define _UAPI_LINUX_NHRP_H

#define NHRP_FAMILY_NAME	"nhrp"
#define NHRP_FAMILY_VERSION	1

/**
 * enum nhrp_mapping_type - How a mapping came to be, which decides what may
 *   replace it.
 * @NHRP_MAPPING_TYPE_STATIC: Configured. Never replaced by a learnt type.
 * @NHRP_MAPPING_TYPE_DYNAMIC: Registered by the peer itself.
 * @NHRP_MAPPING_TYPE_CACHED: Learnt by a resolution.
 * @NHRP_MAPPING_TYPE_INCOMPLETE: Being resolved; written by the kernel alone,
 *   never part of a request that adds.
 * @NHRP_MAPPING_TYPE_NEGATIVE: Known not to exist, so packets are answered
 *   with ICMP host unreachable. Has no NBMA address. The kernel writes those
 *   of protocol RTPROT_KERNEL when nobody has answered a resolution.
 */
enum nhrp_mapping_type {
	NHRP_MAPPING_TYPE_STATIC = 1,
	NHRP_MAPPING_TYPE_DYNAMIC,
	NHRP_MAPPING_TYPE_CACHED,
	NHRP_MAPPING_TYPE_INCOMPLETE,
	NHRP_MAPPING_TYPE_NEGATIVE,
};

/**
 * enum nhrp_mapping_flags - What a mapping is for, and how it came.
 * @NHRP_MAPPING_FLAGS_SHORTCUT: Matched on the final destination of a packet
 *   before its next hop is looked up.
 * @NHRP_MAPPING_FLAGS_UNIQUE: Refuse to map the prefix to another NBMA address
 *   (RFC 2332, section 4.1, U bit).
 * @NHRP_MAPPING_FLAGS_MULTICAST: The peer gets copies of multicast packets.
 * @NHRP_MAPPING_FLAGS_NAT: The peer is behind NAT.
 * @NHRP_MAPPING_FLAGS_RESOLVE: The path to a next hop server: packets flow,
 *   and what they are for is asked for if it is more specific than the
 *   mapping.
 * @NHRP_MAPPING_FLAGS_USED: A packet has used the mapping. Set by the kernel
 *   alone, never part of a request that adds.
 */
enum nhrp_mapping_flags {
	NHRP_MAPPING_FLAGS_SHORTCUT = 1,
	NHRP_MAPPING_FLAGS_UNIQUE = 2,
	NHRP_MAPPING_FLAGS_MULTICAST = 4,
	NHRP_MAPPING_FLAGS_NAT = 8,
	NHRP_MAPPING_FLAGS_RESOLVE = 16,
	NHRP_MAPPING_FLAGS_USED = 32,
};

/**
 * enum nhrp_resolve_reason - Why an address is asked for.
 * @NHRP_RESOLVE_REASON_MISS: There is no mapping; packets wait.
 * @NHRP_RESOLVE_REASON_RESOLVE: There is a mapping with flag resolve, by which
 *   packets flow meanwhile.
 * @NHRP_RESOLVE_REASON_REFRESH: A mapping is in the last third of its holding
 *   time, and in use.
 */
enum nhrp_resolve_reason {
	NHRP_RESOLVE_REASON_MISS = 1,
	NHRP_RESOLVE_REASON_RESOLVE,
	NHRP_RESOLVE_REASON_REFRESH,
};

enum {
	NHRP_A_MAPPING_IFINDEX = 1,
	NHRP_A_MAPPING_DST,
	NHRP_A_MAPPING_PREFIXLEN,
	NHRP_A_MAPPING_NBMA,
	NHRP_A_MAPPING_TYPE,
	NHRP_A_MAPPING_HOLD,
	NHRP_A_MAPPING_PROTOCOL,
	NHRP_A_MAPPING_EXPIRES,
	NHRP_A_MAPPING_CREATED,
	NHRP_A_MAPPING_UPDATED,
	NHRP_A_MAPPING_USED,
	NHRP_A_MAPPING_FLUSHED,
	NHRP_A_MAPPING_PAD,
	NHRP_A_MAPPING_FLAGS,
	NHRP_A_MAPPING_MTU,
	NHRP_A_MAPPING_PREFERENCE,
	NHRP_A_MAPPING_MARK,
	NHRP_A_MAPPING_ATTEMPTS,
	NHRP_A_MAPPING_QUEUED,

	__NHRP_A_MAPPING_MAX,
	NHRP_A_MAPPING_MAX = (__NHRP_A_MAPPING_MAX - 1)
};

enum {
	NHRP_A_BATCH_ADD = 1,
	NHRP_A_BATCH_REPLACE,
	NHRP_A_BATCH_DEL,
	NHRP_A_BATCH_IFINDEX,

	__NHRP_A_BATCH_MAX,
	NHRP_A_BATCH_MAX = (__NHRP_A_BATCH_MAX - 1)
};

enum {
	NHRP_A_RESOLVE_IFINDEX = 1,
	NHRP_A_RESOLVE_DST,
	NHRP_A_RESOLVE_PREFIXLEN,
	NHRP_A_RESOLVE_REASON,
	NHRP_A_RESOLVE_ATTEMPT,
	NHRP_A_RESOLVE_DESTINATION,
	NHRP_A_RESOLVE_SOURCE,
	NHRP_A_RESOLVE_NEXTHOP,
	NHRP_A_RESOLVE_NBMA,

	__NHRP_A_RESOLVE_MAX,
	NHRP_A_RESOLVE_MAX = (__NHRP_A_RESOLVE_MAX - 1)
};

enum {
	NHRP_A_STATS_IFINDEX = 1,
	NHRP_A_STATS_PAD,
	NHRP_A_STATS_MAPPINGS,
	NHRP_A_STATS_MAX_MAPPINGS,
	NHRP_A_STATS_PEERS,
	NHRP_A_STATS_INCOMPLETE,
	NHRP_A_STATS_NEGATIVE,
	NHRP_A_STATS_HITS,
	NHRP_A_STATS_MISSES,
	NHRP_A_STATS_UPCALLS,
	NHRP_A_STATS_QUEUED,
	NHRP_A_STATS_RELEASED,
	NHRP_A_STATS_DROP_NEGATIVE,
	NHRP_A_STATS_DROP_NO_LISTENER,
	NHRP_A_STATS_DROP_LOOP,
	NHRP_A_STATS_DROP_LIMIT,
	NHRP_A_STATS_DROP_OVERFLOW,
	NHRP_A_STATS_DROP_EVICTED,
	NHRP_A_STATS_DROP_UNANSWERED,
	NHRP_A_STATS_DROP_FLUSHED,

	__NHRP_A_STATS_MAX,
	NHRP_A_STATS_MAX = (__NHRP_A_STATS_MAX - 1)
};

enum {
	NHRP_A_PEER_IFINDEX = 1,
	NHRP_A_PEER_NBMA,
	NHRP_A_PEER_MAPPINGS,
	NHRP_A_PEER_PMTU,
	NHRP_A_PEER_RX_PACKETS,
	NHRP_A_PEER_RX_BYTES,
	NHRP_A_PEER_TX_PACKETS,
	NHRP_A_PEER_TX_BYTES,
	NHRP_A_PEER_LAST_RX,
	NHRP_A_PEER_PAD,
	NHRP_A_PEER_ICMP_UNREACHABLE,
	NHRP_A_PEER_ICMP_PROHIBITED,
	NHRP_A_PEER_ICMP_EXCEEDED,

	__NHRP_A_PEER_MAX,
	NHRP_A_PEER_MAX = (__NHRP_A_PEER_MAX - 1)
};

enum {
	NHRP_A_MCAST_IFINDEX = 1,
	NHRP_A_MCAST_GROUP,
	NHRP_A_MCAST_PREFIXLEN,
	NHRP_A_MCAST_NBMA,
	NHRP_A_MCAST_LISTED,
	NHRP_A_MCAST_MAPPINGS,

	__NHRP_A_MCAST_MAX,
	NHRP_A_MCAST_MAX = (__NHRP_A_MCAST_MAX - 1)
};

enum nhrp_cmd {
	NHRP_CMD_MAPPING_NEW = 1,
	NHRP_CMD_MAPPING_DEL,
	NHRP_CMD_MAPPING_GET,
	NHRP_CMD_MAPPING_FLUSH,
	NHRP_CMD_PEER_GET,
	NHRP_CMD_MAPPING_NEW_NTF,
	NHRP_CMD_MAPPING_CHANGE_NTF,
	NHRP_CMD_MAPPING_DEL_NTF,
	NHRP_CMD_MAPPING_EXPIRE_NTF,
	NHRP_CMD_MAPPING_BATCH,
	NHRP_CMD_STATS_GET,
	NHRP_CMD_RESOLVE_NTF,
	NHRP_CMD_MCAST_NEW,
	NHRP_CMD_MCAST_DEL,
	NHRP_CMD_MCAST_GET,

	__NHRP_CMD_MAX,
	NHRP_CMD_MAX = (__NHRP_CMD_MAX - 1)
};

#define NHRP_MCGRP_MAPPING	"mapping"
#define NHRP_MCGRP_RESOLVE	"resolve"

#endif /* _UAPI_LINUX_NHRP_H */
