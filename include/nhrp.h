/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NHRP peer-resolution cache (the data-plane half of RFC 2332).
 *
 * Who may touch what
 * ------------------
 * A cache belongs to one net device, its owner, and is embedded in the owner's
 * private data. Everything that a cache holds changes in process context under
 * nhrp_cache::lock, which sleeps, and is read under RCU by the data path and
 * under the lock by the writers. The lock also covers the notification of each
 * change, so that listeners learn of changes in the order in which they
 * happened. It nests inside rtnl and never the other way round.
 *
 * A mapping is immutable while it can be found, but for the time of its last
 * use: a replacement is a new object that takes the old one's place in one
 * step. A mapping holds a count on the peer that it points to; the peer goes
 * with its last mapping. Both are freed after a grace period, so a reader may
 * use what it found until it leaves its RCU section, and takes no reference.
 *
 * What is being resolved is not among the mappings, see struct nhrp_pending. It
 * comes and goes in softirq under nhrp_cache::resolve_lock, a spinlock that
 * nests inside nhrp_cache::lock; the packets that wait belong to it. A packet
 * that has found no mapping looks again under that lock before it waits, and
 * who adds a mapping takes the lock afterwards to fetch those that wait for it:
 * so none waits for an answer that has come. Packets are sent on, or given up,
 * with no lock held, and no message is sent under the spinlock. They exist only
 * while the device runs, which is looked at under the spinlock: nhrp_cache_stop()
 * drops them, and none comes after it.
 *
 * A netlink request holds the net device (and with it the cache) while it
 * runs; between the messages of a dump nothing is held.
 *
 * The owner initialises the cache before it registers the device, publishes it
 * when registration has succeeded, hides it when it begins to unregister,
 * finishes it when its data path no longer reads it, and frees it with the
 * device. Only a device that is hidden before the references on it are waited
 * for may be found: a reference taken in nhrp_cache_get() on one that failed to
 * register would be ignored.
 */

#ifndef _NHRP_H
#define _NHRP_H

#include <linux/bits.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/timerqueue.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/dst.h>
#include <net/ipv6.h>

#include <uapi/linux/nhrp.h>

struct netlink_ext_ack;
struct nhrp_cache;
struct nhrp_redirects;

/**
 * struct nhrp_addr - protocol or NBMA address
 * @ip4: IPv4 address, network byte order
 * @ip6: IPv6 address
 * @family: AF_INET or AF_INET6
 */
struct nhrp_addr {
	union {
		__be32 ip4;
		struct in6_addr ip6;
	};
	u8 family;
};

/**
 * nhrp_addr_equal - compare two addresses
 * @a: address
 * @b: address
 *
 * Return: true if they are of one family and equal.
 */
static inline bool nhrp_addr_equal(const struct nhrp_addr *a,
				   const struct nhrp_addr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->ip4 == b->ip4;
	return ipv6_addr_equal(&a->ip6, &b->ip6);
}

/**
 * nhrp_addr_sockaddr - an address in the form that %pIS prints
 * @addr: address
 * @sockaddr: struct sockaddr_in6 to fill, of any alignment
 *
 * Context: any.
 */
static inline void nhrp_addr_sockaddr(const struct nhrp_addr *addr,
				      void *sockaddr)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	memset(sockaddr, 0, sizeof(in6));
	if (addr->family == AF_INET) {
		in.sin_addr.s_addr = addr->ip4;
		memcpy(sockaddr, &in, sizeof(in));
	} else {
		in6.sin6_addr = addr->ip6;
		memcpy(sockaddr, &in6, sizeof(in6));
	}
}

/**
 * struct nhrp_prefix - protocol prefix, or a host when @len is the full length
 * @addr: address, bits behind @len are zero
 * @len: length in bits, 0 to 32 or 128
 */
struct nhrp_prefix {
	struct nhrp_addr addr;
	u8 len;
};

/**
 * struct nhrp_flow - what the cache is asked for a packet
 * @dst: destination
 * @src: source
 * @hop: next hop that the overlay's routing chose
 */
struct nhrp_flow {
	struct nhrp_addr dst;
	struct nhrp_addr src;
	struct nhrp_addr hop;
};

/**
 * struct nhrp_redirect - a packet that takes a detour by this node
 * @flow: its addresses
 * @from: NBMA address of the peer that it came from
 * @to: NBMA address of the peer that it goes to
 * @skb: the packet, at its IP header
 */
struct nhrp_redirect {
	struct nhrp_flow flow;
	struct nhrp_addr from;
	struct nhrp_addr to;
	const struct sk_buff *skb;
};

/* Longest prefix of each family. */
#define NHRP_PREFIX4_MAX	32
#define NHRP_PREFIX6_MAX	128

/**
 * struct nhrp_node - what a table knows of an object that it holds
 * @hash: hash chain, read under RCU
 * @order: place in the order of keys, under the lock of the cache; once the
 *	node is out of its table the space serves @rcu
 * @rcu: for freeing
 * @key: what the node is found by, immutable
 */
struct nhrp_node {
	struct rhash_head hash;
	union {
		struct rb_node order;
		struct rcu_head rcu;
	};
	struct nhrp_prefix key;
};

/**
 * struct nhrp_table - objects by prefix: one hash probe to find one, and the
 *	order of keys to walk them in pieces without a lock held in between
 * @hash: nodes by key, read under RCU
 * @order: the same nodes in the order of their keys, under the lock of the
 *	cache
 * @last: the node that was added last, or NULL, likewise
 * @next: the one behind @last, or NULL if there is none
 * @count: number of nodes, likewise
 */
struct nhrp_table {
	struct rhashtable hash;
	struct rb_root order;
	struct nhrp_node *last;
	struct nhrp_node *next;
	u32 count;
};

/**
 * struct nhrp_route - underlay route to a peer
 * @dst: route, a reference is held while the peer points here
 * @saddr: outer source address that goes with it
 * @cookie: for dst_check()
 * @gen: nhrp_cache::route_gen when the route was looked up
 * @rcu: for freeing
 *
 * Immutable. Replaced as a whole by exchanging nhrp_peer::route. Who takes it
 * out waits a grace period before the reference on @dst goes: packets carry the
 * dst without one, and the FIB frees its own routes with the last reference
 * (dst_release_immediate()) and no grace period after that.
 */
struct nhrp_route {
	struct dst_entry *dst;
	struct nhrp_addr saddr;
	u32 cookie;
	u32 gen;
	struct rcu_head rcu;
};

/**
 * enum nhrp_peer_error - what the underlay says of packets to a peer
 * @NHRP_PEER_UNREACHABLE: ICMP host or net unreachable
 * @NHRP_PEER_PROHIBITED: ICMP administratively prohibited
 * @NHRP_PEER_EXCEEDED: ICMP time exceeded in transit
 */
enum nhrp_peer_error {
	NHRP_PEER_UNREACHABLE,
	NHRP_PEER_PROHIBITED,
	NHRP_PEER_EXCEEDED,
	/* private: number of them */
	__NHRP_PEER_ERROR_MAX
};

/**
 * struct nhrp_peer - one NBMA address that mappings of a device point to
 * @node: place in nhrp_cache::peers; the key is the NBMA address
 * @route: cached underlay route, or NULL; any context may exchange it
 * @pcpu: counters of the first NHRP_PEERS_PCPU peers of a device, else NULL
 * @rx_packets: counters of the other peers; a million peers cannot have
 *	per-CPU memory, and so many do not contend for one line each
 * @rx_bytes: likewise
 * @tx_packets: likewise
 * @tx_bytes: likewise
 * @errors: ICMP errors by enum nhrp_peer_error
 * @last_rx: ktime_get_seconds() of the last packet received, 0 if none;
 *	written by the data path
 * @mappings: number of mappings that point here, written under the lock of the
 *	cache
 * @users: number of @mappings and @members, likewise; 0 once the peer is dead
 * @members: struct nhrp_member, of the groups that it gets copies of, likewise,
 *	the last one made first
 */
struct nhrp_peer {
	struct nhrp_node node;
	struct nhrp_route __rcu *route;
	struct pcpu_sw_netstats __percpu *pcpu;
	atomic64_t rx_packets;
	atomic64_t rx_bytes;
	atomic64_t tx_packets;
	atomic64_t tx_bytes;
	atomic_t errors[__NHRP_PEER_ERROR_MAX];
	u32 last_rx;
	u32 mappings;
	u32 users;
	struct hlist_head members;
};

/* Peers of one device that get per-CPU counters. A spoke has few peers, each
 * with traffic on many CPUs at once; it is there that a shared line hurts.
 */
#define NHRP_PEERS_PCPU		256

/**
 * struct nhrp_mapping - protocol prefix -> NBMA address
 * @node: place in nhrp_cache::mappings; the key is the prefix
 * @peer: owner of the NBMA address, counted in nhrp_peer::mappings; NULL if
 *	@type is negative
 * @expiry: place in nhrp_cache::expiry if @hold is set; the time is
 *	get_jiffies_64() from which on the mapping no longer matches
 * @attend: get_jiffies_64() from which on who finds the mapping must look
 *	closer: the last third of the holding time; 0 when there is more to do
 *	than to send from the beginning, S64_MAX when there never is
 * @used: ktime_get_seconds() of the last packet that used the mapping, 0 if
 *	none; written by the data path
 * @hold: holding time in seconds, 0 for ever
 * @created: ktime_get_seconds() when the prefix was first mapped
 * @updated: ktime_get_seconds() when a request last wrote the mapping
 * @mark: of outer packets, 0 leaves them that of the payload
 * @mtu: octets of the largest payload packet, 0 for what the path carries
 * @type: enum nhrp_mapping_type
 * @flags: enum nhrp_mapping_flags without NHRP_MAPPING_FLAGS_USED
 * @preference: RFC 2332, kept for userspace
 * @protocol: who wrote it, RTPROT_*
 * @refreshed: userspace has been asked to refresh it; written by the data path
 */
struct nhrp_mapping {
	struct nhrp_node node;
	struct nhrp_peer *peer;
	struct timerqueue_node expiry;
	u64 attend;
	u32 used;
	u32 hold;
	u32 created;
	u32 updated;
	u32 mark;
	u16 mtu;
	u8 type;
	u8 flags;
	u8 preference;
	u8 protocol;
	bool refreshed;
};

/**
 * struct nhrp_mapping_config - a mapping as a request describes it
 * @dst: prefix
 * @nbma: NBMA address, without a family if @type is negative
 * @hold: holding time in seconds, 0 for ever
 * @mark: of outer packets, 0 for none
 * @mtu: octets of the largest payload packet, 0 for what the path carries
 * @type: enum nhrp_mapping_type
 * @flags: enum nhrp_mapping_flags
 * @preference: RFC 2332
 * @protocol: RTPROT_*
 * @dst_attr: attribute to blame for @dst
 * @nbma_attr: attribute to blame for @nbma
 */
struct nhrp_mapping_config {
	struct nhrp_prefix dst;
	struct nhrp_addr nbma;
	u32 hold;
	u32 mark;
	u16 mtu;
	u8 type;
	u8 flags;
	u8 preference;
	u8 protocol;
	const struct nlattr *dst_attr;
	const struct nlattr *nbma_attr;
};

/**
 * struct nhrp_group - group addresses with a list of their own
 * @node: place in nhrp_cache::groups; the key is a prefix of group addresses
 * @members: struct nhrp_member by number, read under RCU
 */
struct nhrp_group {
	struct nhrp_node node;
	struct xarray members;
};

/**
 * struct nhrp_member - a peer that gets copies of what is sent to a group
 * @of_peer: place in nhrp_peer::members
 * @group: group
 * @peer: peer, held
 * @index: number in nhrp_group::members
 * @id: number among all members that the cache has had
 * @mark: of outer packets, 0 leaves them that of the payload; like @mtu that of the
 *	flagged mapping that was written last, while there is that
 * @mtu: octets of the largest payload packet, 0 for what the path carries
 * @from: mapping that @mark and @mtu are from, NULL when it has gone; compared, and
 *	not followed
 * @mappings: number of mappings flagged multicast that make it a member
 * @listed: a request makes it one
 * @rcu: for freeing
 */
struct nhrp_member {
	struct hlist_node of_peer;
	struct nhrp_group *group;
	struct nhrp_peer *peer;
	u32 index;
	u32 id;
	u32 mark;
	const struct nhrp_mapping *from;
	u32 mappings;
	u16 mtu;
	bool listed;
	struct rcu_head rcu;
};

/**
 * struct nhrp_mcast_config - a member of a group as a request describes it
 * @group: prefix of group addresses, without a family for all groups
 * @nbma: NBMA address
 * @nbma_attr: attribute to blame for @nbma
 */
struct nhrp_mcast_config {
	struct nhrp_prefix group;
	struct nhrp_addr nbma;
	const struct nlattr *nbma_attr;
};

/**
 * struct nhrp_ops - what a cache asks of its owner
 * @nbma_check: may this be the NBMA address of a peer? Fills @extack, and blames
 *	the attribute, when it refuses. Context: process, under
 *	nhrp_cache::lock. Return: 0 or -errno.
 * @underlay: the netns that encapsulated packets go out by, in which marks count.
 *	Context: process, under nhrp_cache::lock of a cache that is not dead.
 * @xmit: a packet that has waited goes on, as if it were handed to the device
 *	now. Takes the packet. Context: process, BH disabled, no lock held.
 * @give_up: a packet that has waited is given up. Takes the packet; tells
 *	its sender if @tell. Context: process or softirq, BH disabled, no lock
 *	held.
 */
struct nhrp_ops {
	int (*nbma_check)(struct nhrp_cache *cache,
			  const struct nhrp_addr *nbma,
			  const struct nlattr *attr,
			  struct netlink_ext_ack *extack);
	struct net *(*underlay)(const struct nhrp_cache *cache);
	void (*xmit)(struct nhrp_cache *cache, struct sk_buff *skb);
	void (*give_up)(struct nhrp_cache *cache, struct sk_buff *skb,
			bool tell);
};

/**
 * enum nhrp_stat - events that are counted per cache
 *
 * The meaning of each is that of the attribute of its name in
 * Documentation/netlink/specs/nhrp.yaml.
 */
enum nhrp_stat {
	/* private: see there */
	NHRP_STAT_MISSES,
	NHRP_STAT_UPCALLS,
	NHRP_STAT_QUEUED,
	NHRP_STAT_RELEASED,
	NHRP_STAT_DROP_NEGATIVE,
	NHRP_STAT_DROP_NO_LISTENER,
	NHRP_STAT_DROP_LOOP,
	NHRP_STAT_DROP_LIMIT,
	NHRP_STAT_DROP_OVERFLOW,
	NHRP_STAT_DROP_EVICTED,
	NHRP_STAT_DROP_UNANSWERED,
	NHRP_STAT_DROP_FLUSHED,
	__NHRP_STAT_MAX
};

/**
 * struct nhrp_hits - packets that a mapping was found for, per CPU
 * @packets: their number
 * @syncp: guards @packets where it takes two loads
 */
struct nhrp_hits {
	u64_stats_t packets;
	struct u64_stats_sync syncp;
};

/**
 * struct nhrp_lens - prefix lengths, the longest first
 * @ip4: bit (32 - length)
 * @ip6: bit (128 - length)
 * @any: there is one; a reader that finds none may skip the rest
 */
struct nhrp_lens {
	u64 ip4;
	DECLARE_BITMAP(ip6, NHRP_PREFIX6_MAX + 1);
	bool any;
};

/**
 * struct nhrp_counts - number of mappings by prefix length
 * @ip4: of IPv4
 * @ip6: of IPv6
 * @all: of both
 */
struct nhrp_counts {
	u32 ip4[NHRP_PREFIX4_MAX + 1];
	u32 ip6[NHRP_PREFIX6_MAX + 1];
	u32 all;
};

/**
 * struct nhrp_cache - the cache of one device
 * @node: place in the table of all caches; written under rtnl, read under RCU
 * @dev: owner
 * @ops: of the owner
 * @mappings: struct nhrp_mapping by prefix
 * @peers: struct nhrp_peer by NBMA address (a host prefix)
 * @lens: prefix lengths in use; written under @lock, before a mapping is added
 *	and after one is removed
 * @shortcut_lens: those of mappings flagged as shortcuts, likewise
 * @groups: struct nhrp_group by prefix
 * @group_lens: prefix lengths of groups, likewise
 * @everyone: the group of what no other one matches
 * @member_id: nhrp_member::id of the last one made
 * @redirects: what has been told of
 * @hits: packets that a mapping was found for
 * @route_gen: routes with another number are stale, see nhrp_cache_route_gen()
 * @route_devs: bit (ifindex modulo size) for every underlay device by which a
 *	route has been cached
 * @closing: routes are no longer cached
 * @lock: see the top of this file
 * @max_mappings: limit, any context
 * @counts: number of mappings of each prefix length
 * @shortcut_counts: those flagged as shortcuts
 * @group_counts: number of groups of each prefix length
 * @peers_pcpu: number of peers with per-CPU counters
 * @seq: number of changes so far, tells a dump that it was disturbed
 * @released: packets that go on once @lock is given back
 * @flushed: packets that are dropped then
 * @events: messages that are sent once @resolve_lock is given back
 * @dead: the device is going away, nothing may be added
 * @expiry: mappings with a holding time
 * @expire_work: removes those whose time is up
 * @resolve_lock: guards all below but for @max_queue and @stats
 * @pending: struct nhrp_pending by protocol address (a host prefix), read under
 *	RCU
 * @asking: those that are being asked for, the oldest first
 * @due: those in @pending by the time at which something is to be done
 * @incomplete: number of those in @asking
 * @negative: number of those that nobody has answered
 * @waiting: octets of memory (truesize) of the packets that wait
 * @upcall_credit: upcalls that may be sent now, in 1/HZ of one
 * @upcall_time: get_jiffies_64() when @upcall_credit was brought up to date
 * @deaf_time: get_jiffies_64() when it last turned out that nobody listens, any
 *	context
 * @resolve_work: does what is due
 * @max_queue: packets that may wait for one address, any context
 * @stats: by enum nhrp_stat
 */
struct nhrp_cache {
	struct hlist_node node;
	struct net_device *dev;
	const struct nhrp_ops *ops;
	struct nhrp_table mappings;
	struct nhrp_table peers;
	struct nhrp_lens lens;
	struct nhrp_lens shortcut_lens;
	struct nhrp_table groups;
	struct nhrp_lens group_lens;
	struct nhrp_group everyone;
	u32 member_id;
	struct nhrp_redirects *redirects;
	struct nhrp_hits __percpu *hits;
	u32 route_gen;
	unsigned long route_devs;
	bool closing;

	struct mutex lock ____cacheline_aligned_in_smp;
	u32 max_mappings;
	struct nhrp_counts counts;
	struct nhrp_counts shortcut_counts;
	struct nhrp_counts group_counts;
	u32 peers_pcpu;
	u32 seq;
	struct sk_buff_head released;
	struct sk_buff_head flushed;
	struct sk_buff_head events;
	bool dead;
	struct timerqueue_head expiry;
	struct delayed_work expire_work;

	spinlock_t resolve_lock ____cacheline_aligned_in_smp;
	struct nhrp_table pending;
	struct list_head asking;
	struct timerqueue_head due;
	u32 incomplete;
	u32 negative;
	u32 waiting;
	u32 upcall_credit;
	u64 upcall_time;
	u32 deaf_time;
	struct delayed_work resolve_work;
	u32 max_queue;
	atomic64_t stats[__NHRP_STAT_MAX];
};

#define NHRP_MAX_MAPPINGS_DEFAULT	BIT(20)
#define NHRP_MAX_QUEUE_DEFAULT		16
#define NHRP_MAX_QUEUE			1024

/* cache.c */
int nhrp_cache_init(struct nhrp_cache *cache, struct net_device *dev,
		    const struct nhrp_ops *ops);
void nhrp_cache_publish(struct nhrp_cache *cache);
void nhrp_cache_hide(struct nhrp_cache *cache);
void nhrp_cache_fini(struct nhrp_cache *cache);
void nhrp_cache_free(struct nhrp_cache *cache);
void nhrp_cache_stop(struct nhrp_cache *cache);
struct nhrp_mapping *nhrp_cache_lookup(struct nhrp_cache *cache,
				       const struct nhrp_addr *addr);
struct nhrp_mapping *nhrp_cache_lookup_shortcut(struct nhrp_cache *cache,
						const struct nhrp_addr *dst);

/**
 * nhrp_cache_has_shortcuts - is nhrp_cache_lookup_shortcut() worth a call?
 * @cache: cache
 *
 * Context: any.
 * Return: true if there is a mapping flagged as a shortcut.
 */
static inline bool nhrp_cache_has_shortcuts(const struct nhrp_cache *cache)
{
	return READ_ONCE(cache->shortcut_lens.any);
}

void nhrp_cache_drop_routes(struct nhrp_cache *cache,
			    const struct net_device *via);

/**
 * nhrp_cache_route_gen - generation of routes, for nhrp_peer_set_route()
 * @cache: cache
 *
 * To be read before the configuration that a route is looked up with: then a
 * route by the old one cannot pass for one by the new.
 *
 * Context: any.
 * Return: the current generation.
 */
static inline u32 nhrp_cache_route_gen(const struct nhrp_cache *cache)
{
	/* Pairs with the release in nhrp_cache_invalidate_routes(). */
	return smp_load_acquire(&cache->route_gen);
}

/**
 * nhrp_cache_invalidate_routes - have every cached route looked up again
 * @cache: cache
 *
 * To be called when the configuration that routes depend on has changed.
 *
 * Context: one caller at a time.
 */
static inline void nhrp_cache_invalidate_routes(struct nhrp_cache *cache)
{
	/* Pairs with the acquire in nhrp_cache_route_gen(). */
	smp_store_release(&cache->route_gen, cache->route_gen + 1);
}

/* mapping.c */

/**
 * nhrp_mapping_touch - note that a packet uses a mapping
 * @mapping: mapping
 *
 * Writes to the line of the mapping at most once a second.
 *
 * Context: any, in an RCU section.
 */
static inline void nhrp_mapping_touch(struct nhrp_mapping *mapping)
{
	u32 now = ktime_get_seconds();

	if (READ_ONCE(mapping->used) != now)
		WRITE_ONCE(mapping->used, now);
}

/**
 * nhrp_mapping_attend - is there more to do than to send?
 * @mapping: mapping that has been found
 *
 * Context: any, in an RCU section.
 * Return: true if nhrp_resolve_hit() wants to know of the packet.
 */
static inline bool nhrp_mapping_attend(const struct nhrp_mapping *mapping)
{
	return time_after_eq64(get_jiffies_64(), mapping->attend);
}

/* resolve.c */
bool nhrp_resolve_hit(struct nhrp_cache *cache, struct nhrp_mapping *mapping,
		      const struct nhrp_flow *flow, const struct sk_buff *skb);
struct nhrp_mapping *nhrp_resolve_miss(struct nhrp_cache *cache,
				       const struct nhrp_flow *flow,
				       struct sk_buff *skb, bool *taken);

/**
 * nhrp_count_hit - count a packet that a mapping was found for
 * @cache: cache
 *
 * Context: BH disabled.
 */
static inline void nhrp_count_hit(struct nhrp_cache *cache)
{
	struct nhrp_hits *hits = this_cpu_ptr(cache->hits);

	u64_stats_update_begin(&hits->syncp);
	u64_stats_inc(&hits->packets);
	u64_stats_update_end(&hits->syncp);
}

/* mcast.c */
struct nhrp_group *nhrp_group_lookup(struct nhrp_cache *cache,
				     const struct nhrp_addr *addr);
struct nhrp_member *nhrp_group_next(struct nhrp_group *group,
				    unsigned long *index);

/* redirect.c */
void nhrp_redirect(struct nhrp_cache *cache,
		   const struct nhrp_redirect *redirect);

/* peer.c */
struct nhrp_peer *nhrp_peer_lookup(struct nhrp_cache *cache,
				   const struct nhrp_addr *nbma);
const struct nhrp_route *nhrp_peer_set_route(struct nhrp_cache *cache,
					     struct nhrp_peer *peer,
					     struct dst_entry *dst,
					     u32 cookie, u32 gen,
					     const struct nhrp_addr *saddr);

/**
 * nhrp_peer_route - cached route of a peer, if it is still good
 * @cache: cache of the peer
 * @peer: peer
 *
 * Context: any, in an RCU section, in which alone the result may be used.
 * Return: the route or NULL.
 */
static inline const struct nhrp_route *
nhrp_peer_route(const struct nhrp_cache *cache, const struct nhrp_peer *peer)
{
	const struct nhrp_route *route = rcu_dereference(peer->route);

	if (!route || route->gen != READ_ONCE(cache->route_gen) ||
	    !dst_check(route->dst, route->cookie))
		return NULL;

	return route;
}

/**
 * nhrp_peer_count_error - count an ICMP error about a packet to a peer
 * @peer: peer
 * @error: what it said
 *
 * Context: any, in an RCU section.
 */
static inline void nhrp_peer_count_error(struct nhrp_peer *peer,
					 enum nhrp_peer_error error)
{
	atomic_inc(&peer->errors[error]);
}

void nhrp_peer_count_rx(struct nhrp_peer *peer, unsigned int len);
void nhrp_peer_count_tx(struct nhrp_peer *peer, unsigned int len);

/* main.c */
int nhrp_init(void);
void nhrp_exit(void);

#endif /* _NHRP_H */
