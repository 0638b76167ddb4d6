// SPDX-License-Identifier: GPL-2.0
/* Requests of the family "nhrp", beside somebody who listens for events. */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nhrp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

#define DEV	"m0"

/* Nested in a batch; the command is then of no use. */
#define BATCH_MAX	8

/**
 * struct request - one of mappings or of lists for multicast
 * @cmd: command, 0 behind the last one
 * @flags: NLM_F_*
 * @batch: what of a batch it is, 0 if none
 * @dst: address of the mapping, or of the group
 * @len: length of the prefix
 * @nbma: NBMA address
 * @type: enum nhrp_mapping_type
 * @hold: holding time
 * @set: enum nhrp_mapping_flags
 * @extra: with mtu, preference and mark
 */
struct request {
	__u8 cmd;
	__u16 flags;
	__u16 batch;
	const char *dst;
	__u8 len;
	const char *nbma;
	__u8 type;
	__u32 hold;
	__u32 set;
	bool extra;
};

/**
 * struct change - requests of an operation
 * @what: one, or those of a batch
 * @back: those that undo it, whatever they are answered
 */
struct change {
	struct request what[BATCH_MAX];
	struct request back[BATCH_MAX];
};

#define NEW(...)	{ .cmd = NHRP_CMD_MAPPING_NEW, \
			  .flags = NLM_F_CREATE | NLM_F_EXCL, __VA_ARGS__ }
#define SET(...)	{ .cmd = NHRP_CMD_MAPPING_NEW, \
			  .flags = NLM_F_CREATE | NLM_F_REPLACE, __VA_ARGS__ }
#define DEL(d, l)	{ .cmd = NHRP_CMD_MAPPING_DEL, .dst = d, .len = l }
#define FLUSH(...)	{ .cmd = NHRP_CMD_MAPPING_FLUSH, __VA_ARGS__ }
#define JOIN(...)	{ .cmd = NHRP_CMD_MCAST_NEW, __VA_ARGS__ }
#define LEAVE(...)	{ .cmd = NHRP_CMD_MCAST_DEL, __VA_ARGS__ }
#define GET(c, ...)	{ .cmd = c, __VA_ARGS__ }
#define STATIC		.type = NHRP_MAPPING_TYPE_STATIC
#define DYNAMIC		.type = NHRP_MAPPING_TYPE_DYNAMIC
#define CACHED		.type = NHRP_MAPPING_TYPE_CACHED
#define NEGATIVE	.type = NHRP_MAPPING_TYPE_NEGATIVE
#define FLAG(f)		NHRP_MAPPING_FLAGS_##f

/* There before: mappings of two peers, one of them for multicast, and a list */
static const struct request base[] = {
	NEW(.dst = "10.9.0.2", .len = 32, .nbma = "198.51.100.2", STATIC),
	NEW(.dst = "10.9.0.3", .len = 32, .nbma = "198.51.100.3", DYNAMIC,
	    .hold = 7200, .set = FLAG(MULTICAST)),
	NEW(.dst = "2001:db8:9::2", .len = 128, .nbma = "2001:db8:c::2", STATIC),
	NEW(.dst = "10.20.0.0", .len = 16, .nbma = "198.51.100.2", CACHED,
	    .hold = 7200, .set = FLAG(SHORTCUT)),
	JOIN(.dst = "239.1.0.0", .len = 16, .nbma = "198.51.100.2"),
	{}
};

static int genl = -1;		/* of requests */
static int events = -1;		/* listens */
static int fresh = -1;		/* of one operation */
static struct message prepared;
static int told;		/* events of an operation without a fault */

static void put_options(struct message *m, const struct request *r)
{
	if (r->type)
		message_put_u8(m, NHRP_A_MAPPING_TYPE, r->type);
	if (r->hold)
		message_put_u32(m, NHRP_A_MAPPING_HOLD, r->hold);
	if (r->set)
		message_put_u32(m, NHRP_A_MAPPING_FLAGS, r->set);
	if (r->extra) {
		message_put_u32(m, NHRP_A_MAPPING_MTU, 1400);
		message_put_u8(m, NHRP_A_MAPPING_PREFERENCE, 7);
		message_put_u32(m, NHRP_A_MAPPING_MARK, 9);
	}
}

static void put_mapping(struct message *m, const struct request *r)
{
	message_put_u32(m, NHRP_A_MAPPING_IFINDEX, ifindex_of(DEV));
	if (r->dst) {
		message_put_addr(m, NHRP_A_MAPPING_DST, r->dst);
		if (r->len)
			message_put_u8(m, NHRP_A_MAPPING_PREFIXLEN, r->len);
	}
	if (r->nbma)
		message_put_addr(m, NHRP_A_MAPPING_NBMA, r->nbma);
	put_options(m, r);
}

static void put_member(struct message *m, const struct request *r)
{
	message_put_u32(m, NHRP_A_MCAST_IFINDEX, ifindex_of(DEV));
	if (r->dst) {
		message_put_addr(m, NHRP_A_MCAST_GROUP, r->dst);
		message_put_u8(m, NHRP_A_MCAST_PREFIXLEN, r->len);
	}
	message_put_addr(m, NHRP_A_MCAST_NBMA, r->nbma);
}

static void build_one(struct message *m, const struct request *r)
{
	message_genl(m, NLM_F_ACK | r->flags, r->cmd);
	switch (r->cmd) {
	case NHRP_CMD_MCAST_NEW:
	case NHRP_CMD_MCAST_DEL:
	case NHRP_CMD_MCAST_GET:
		put_member(m, r);
		break;
	case NHRP_CMD_PEER_GET:
		message_put_u32(m, NHRP_A_PEER_IFINDEX, ifindex_of(DEV));
		message_put_addr(m, NHRP_A_PEER_NBMA, r->nbma);
		break;
	default:
		put_mapping(m, r);
	}
}

/* The first @count of a batch. */
static void build_batch(struct message *m, const struct request *r, int count)
{
	struct nlattr *nest;

	message_genl(m, NLM_F_ACK, NHRP_CMD_MAPPING_BATCH);
	for (; r->batch && count--; r++) {
		nest = message_nest(m, r->batch);
		put_mapping(m, r);
		message_nest_end(m, nest);
	}
}

/* Return: number of events; *lost is set if one may be missing. */
static int drain(bool *lost)
{
	static char buffer[16384];
	int size, count = 0;

	*lost = false;
	for (;;) {
		size = recv(events, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (size > 0)
			count++;
		else if (errno == ENOBUFS)
			*lost = true;
		else
			return count;
	}
}

static void requests_each(const struct request *r)
{
	struct message m;
	bool lost;

	for (; r->cmd; r++) {
		build_one(&m, r);
		netlink_ask(genl, &m);
	}
	drain(&lost);
}

static void request_undo(const struct op *op)
{
	const struct change *change = op->data;

	requests_each(change->back);
}

/* The states that a batch leaves when it ends early, once. */
static void batch_states(const struct op *op)
{
	const struct change *change = op->data;
	int count;

	for (count = 1; change->what[count].batch; count++) {
		build_batch(&prepared, change->what, count);
		netlink_ask(genl, &prepared);
		fault_partial(op);
		request_undo(op);
	}
}

static void request_prepare(const struct op *op, int n)
{
	const struct change *change = op->data;

	if (n == REHEARSAL && op->partial)
		batch_states(op);
	if (n == REHEARSAL)
		told = -1;
	if (change->what[0].batch)
		build_batch(&prepared, change->what, BATCH_MAX);
	else
		build_one(&prepared, change->what);
}

static long request_act(const struct op *op)
{
	return send(genl, prepared.octets, prepared.hdr.nlmsg_len, 0) < 0 ?
	       -errno : 0;
}

static int request_finish(const struct op *op, long result)
{
	int error = result ? -result : netlink_acked(genl), count;
	bool lost;

	count = drain(&lost);
	if (told < 0)
		told = count;
	if (!error && count != told && !lost)
		wrong("%d events, not %d, and nobody was told so", count, told);

	return error;
}

#define CHANGE(t, least, ...) { .name = t, .min = least, .max = 40, \
	.prepare = request_prepare, .act = request_act, \
	.finish = request_finish, .undo = request_undo, .state = state_cache, \
	.data = &(const struct change)__VA_ARGS__ }
#define LOOK(t, least, ...) { .name = t, .min = least, .max = 40, \
	.prepare = request_prepare, .act = request_act, \
	.finish = request_finish, .state = state_cache, \
	.data = &(const struct change){ { GET(__VA_ARGS__) } } }

static const struct op changes[] = {
	CHANGE("new static mapping, new peer", 6, {
		{ NEW(.dst = "10.9.3.1", .len = 32, .nbma = "198.51.100.31", STATIC) },
		{ DEL("10.9.3.1", 32) } }),
	CHANGE("new dynamic mapping of IPv6, new peer", 6, {
		{ NEW(.dst = "2001:db8:9::31", .len = 128, .nbma = "2001:db8:c::31",
		      DYNAMIC, .hold = 7200, .set = FLAG(UNIQUE) | FLAG(NAT)) },
		{ DEL("2001:db8:9::31", 128) } }),
	CHANGE("new cached shortcut, known peer", 4, {
		{ NEW(.dst = "10.21.0.0", .len = 24, .nbma = "198.51.100.2", CACHED,
		      .hold = 7200, .set = FLAG(SHORTCUT), .extra = true) },
		{ DEL("10.21.0.0", 24) } }),
	CHANGE("new mapping for multicast, new peer", 8, {
		{ NEW(.dst = "10.9.3.2", .len = 32, .nbma = "2001:db8:c::32", STATIC,
		      .set = FLAG(MULTICAST), .extra = true) },
		{ DEL("10.9.3.2", 32) } }),
	CHANGE("new mapping for multicast, known member", 4, {
		{ NEW(.dst = "10.9.3.3", .len = 32, .nbma = "198.51.100.3", STATIC,
		      .set = FLAG(MULTICAST)) },
		{ DEL("10.9.3.3", 32) } }),
	CHANGE("new negative mapping", 4, {
		{ NEW(.dst = "10.9.3.4", .len = 32, NEGATIVE, .hold = 7200) },
		{ DEL("10.9.3.4", 32) } }),
	CHANGE("new path to an NHS", 4, {
		{ NEW(.dst = "10.64.0.0", .len = 10, .nbma = "198.51.100.3", STATIC,
		      .set = FLAG(RESOLVE)) },
		{ DEL("10.64.0.0", 10) } }),
	CHANGE("replace, new peer", 6, {
		{ SET(.dst = "10.9.0.2", .len = 32, .nbma = "198.51.100.33", STATIC,
		      .extra = true) },
		{ SET(.dst = "10.9.0.2", .len = 32, .nbma = "198.51.100.2", STATIC) } }),
	CHANGE("replace, the last of a member", 4, {
		{ SET(.dst = "10.9.0.3", .len = 32, .nbma = "198.51.100.2", DYNAMIC,
		      .hold = 7200, .set = FLAG(MULTICAST)) },
		{ SET(.dst = "10.9.0.3", .len = 32, .nbma = "198.51.100.3", DYNAMIC,
		      .hold = 7200, .set = FLAG(MULTICAST)) } }),
	CHANGE("delete, the last of a peer", 3, {
		{ DEL("2001:db8:9::2", 128) },
		{ NEW(.dst = "2001:db8:9::2", .len = 128, .nbma = "2001:db8:c::2",
		      STATIC) } }),
	CHANGE("flush", 4, {
		{ FLUSH(.nbma = "198.51.100.2") },
		{ NEW(.dst = "10.9.0.2", .len = 32, .nbma = "198.51.100.2", STATIC),
		  NEW(.dst = "10.20.0.0", .len = 16, .nbma = "198.51.100.2", CACHED,
		      .hold = 7200, .set = FLAG(SHORTCUT)) } }),
	CHANGE("list a new peer for everyone", 5, {
		{ JOIN(.nbma = "198.51.100.34") },
		{ LEAVE(.nbma = "198.51.100.34") } }),
	CHANGE("list a known peer for a new group", 5, {
		{ JOIN(.dst = "239.2.0.0", .len = 16, .nbma = "198.51.100.3") },
		{ LEAVE(.dst = "239.2.0.0", .len = 16, .nbma = "198.51.100.3") } }),
	CHANGE("list a new peer for a new group of IPv6", 6, {
		{ JOIN(.dst = "ff05::1:3", .len = 128, .nbma = "2001:db8:c::34") },
		{ LEAVE(.dst = "ff05::1:3", .len = 128, .nbma = "2001:db8:c::34") } }),
	CHANGE("list another peer for a known group", 4, {
		{ JOIN(.dst = "239.1.0.0", .len = 16, .nbma = "198.51.100.3") },
		{ LEAVE(.dst = "239.1.0.0", .len = 16, .nbma = "198.51.100.3") } }),
	CHANGE("take the last one off a list", 2, {
		{ LEAVE(.dst = "239.1.0.0", .len = 16, .nbma = "198.51.100.2") },
		{ JOIN(.dst = "239.1.0.0", .len = 16, .nbma = "198.51.100.2") } }),
	LOOK("get a mapping", 4, NHRP_CMD_MAPPING_GET, .dst = "10.9.0.2"),
	LOOK("get a peer", 4, NHRP_CMD_PEER_GET, .nbma = "198.51.100.2"),
	LOOK("get a member", 4, NHRP_CMD_MCAST_GET, .nbma = "198.51.100.3"),
	LOOK("get counters", 4, NHRP_CMD_STATS_GET),
};

#define ADD(...)	{ .cmd = NHRP_CMD_MAPPING_NEW, \
			  .batch = NHRP_A_BATCH_ADD, __VA_ARGS__ }
#define REPLACE(...)	{ .cmd = NHRP_CMD_MAPPING_NEW, \
			  .batch = NHRP_A_BATCH_REPLACE, __VA_ARGS__ }
#define DELETE(d, l)	{ .cmd = NHRP_CMD_MAPPING_DEL, \
			  .batch = NHRP_A_BATCH_DEL, .dst = d, .len = l }

static const struct change batch = {
	{
		ADD(.dst = "10.9.3.5", .len = 32, .nbma = "198.51.100.35", STATIC),
		REPLACE(.dst = "10.9.0.2", .len = 32, .nbma = "198.51.100.3", STATIC,
			.set = FLAG(MULTICAST)),
		DELETE("2001:db8:9::2", 128),
		ADD(.dst = "2001:db8:9::35", .len = 128, .nbma = "2001:db8:c::35",
		    CACHED, .hold = 7200, .set = FLAG(MULTICAST)),
	}, {
		DEL("10.9.3.5", 32),
		SET(.dst = "10.9.0.2", .len = 32, .nbma = "198.51.100.2", STATIC),
		DEL("2001:db8:9::35", 128),
		NEW(.dst = "2001:db8:9::2", .len = 128, .nbma = "2001:db8:c::2",
		    STATIC),
	}
};

static const struct op batch_op = {
	.name = "batch of four", .min = 12, .max = 60, .partial = true,
	.prepare = request_prepare, .act = request_act,
	.finish = request_finish, .undo = request_undo, .state = state_cache,
	.data = &batch,
};

/* ---- dumps, and who joins a group ---- */

/* Mappings that take several messages. */
#define MANY	120

static int dumped, expected;

static void fresh_open(const struct op *op, int n)
{
	close(fresh);
	fresh = netlink_open(NETLINK_GENERIC);
	if (n == REHEARSAL)
		expected = -1;
}

static void count_object(const struct nlmsghdr *hdr, void *to)
{
	dumped += hdr->nlmsg_type == netlink_family;
}

static long dump_act(const struct op *op)
{
	const __u8 *cmd = op->data;

	dumped = 0;
	message_genl(&prepared, NLM_F_DUMP, *cmd);
	return -netlink_each(fresh, &prepared, count_object, NULL);
}

static int dump_finish(const struct op *op, long result)
{
	if (!result && expected < 0)
		expected = dumped;
	if (!result && dumped != expected)
		wrong("%d objects, not %d", dumped, expected);

	return -result;
}

#define DUMP(t, c) { .name = t, .min = 5, .max = 40, .prepare = fresh_open, \
	.act = dump_act, .finish = dump_finish, .data = &(const __u8){ c } }

static const struct op dumps[] = {
	DUMP("dump of mappings", NHRP_CMD_MAPPING_GET),
	DUMP("dump of peers", NHRP_CMD_PEER_GET),
	DUMP("dump of lists", NHRP_CMD_MCAST_GET),
	DUMP("dump of counters", NHRP_CMD_STATS_GET),
};

static long join_act(const struct op *op)
{
	__u32 id = netlink_group(op->data);

	return setsockopt(fresh, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id,
			  sizeof(id)) ? -errno : 0;
}

static int join_finish(const struct op *op, long result)
{
	return -result;
}

#define LISTEN(t, g) { .name = t, .min = 1, .prepare = fresh_open, \
	.act = join_act, .finish = join_finish, .data = g }

static const struct op joins[] = {
	LISTEN("join group mapping", NHRP_MCGRP_MAPPING),
	LISTEN("join group resolve", NHRP_MCGRP_RESOLVE),
	LISTEN("join group redirect", NHRP_MCGRP_REDIRECT),
};

static void fill(void)
{
	struct request r = NEW(.len = 32, .set = FLAG(MULTICAST), STATIC);
	char dst[32], nbma[32];
	struct message m;
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(dst, sizeof(dst), "10.9.8.%d", i + 1);
		snprintf(nbma, sizeof(nbma), "198.51.101.%d", i + 1);
		r.dst = dst;
		r.nbma = nbma;
		build_one(&m, &r);
		if (netlink_ask(genl, &m))
			die("mapping %d", i);
	}
}

static void run_all(const struct op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		fault_run(&ops[i]);
}

/**
 * requests - mappings, peers, lists for multicast, dumps, groups
 */
void requests(void)
{
	__u32 id;

	netlink_genl_init();
	genl = netlink_open(NETLINK_GENERIC);
	events = netlink_open(NETLINK_GENERIC);
	id = netlink_group(NHRP_MCGRP_MAPPING);
	if (setsockopt(events, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id,
		       sizeof(id)))
		die("listen for events");
	requests_each(base);

	run_all(changes, ARRAY_SIZE(changes));
	fault_run(&batch_op);
	run_all(joins, ARRAY_SIZE(joins));
	fill();
	run_all(dumps, ARRAY_SIZE(dumps));
}
