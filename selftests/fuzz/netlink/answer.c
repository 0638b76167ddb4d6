// SPDX-License-Identifier: GPL-2.0
/*
 * What was asked and what is answered. The kernel carries out the requests of a
 * datagram in their order before sendmsg() returns, so that errors come in that
 * order: each is about the first request behind the last one that it quotes. A
 * request that is passed over has been carried out. It must not have asked for an
 * acknowledgment, unless it is a dump, which ends with a message of its own.
 */

#include <string.h>

#include "netlink.h"

/**
 * struct request - one that the kernel has seen
 * @h: it, inside the datagram
 * @command: what it is, or NULL
 * @route: it went to rtnetlink
 * @replied: messages that answered it
 * @done: an error, an acknowledgment or the end of the dump has come
 * @error: the error's number, or 0
 */
struct request {
	const struct nlmsghdr *h;
	const struct nl_command *command;
	bool route;
	unsigned int replied;
	bool done;
	int error;
};

static struct request requests[REQUESTS_MAX];
static unsigned int request_count;
static unsigned int passed;
static __u64 accepted[32], refused[32];
bool overrun;

/**
 * expect - take note of the requests of a datagram, as netlink_rcv_skb() finds them
 * @p: datagram, which stays until answers_end()
 * @route: for rtnetlink
 */
void expect(const struct packet *p, bool route)
{
	const struct nlmsghdr *h;
	size_t at = 0, step;
	struct request *r;

	request_count = 0;
	passed = 0;
	overrun = false;
	while (p->len - at >= NLMSG_HDRLEN && request_count < REQUESTS_MAX) {
		h = (const void *)(p->at + at);
		if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > p->len - at)
			break;
		r = &requests[request_count++];
		*r = (struct request){ .h = h, .route = route };
		if (h->nlmsg_flags & NLM_F_REQUEST && h->nlmsg_type >= NLMSG_MIN_TYPE)
			r->command = find_command(h, route);
		step = NLMSG_ALIGN(h->nlmsg_len);
		if (step >= p->len - at)
			break;
		at += step;
	}
}

/* It may start a dump, which is answered by its end alone. rtnetlink does not even
 * look at what has no family behind its header.
 */
static bool may_dump(const struct request *r)
{
	if (r->route && r->h->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtgenmsg)))
		return false;

	return r->h->nlmsg_flags & NLM_F_DUMP &&
	       (r->command ? r->command->dump :
		r->h->nlmsg_type >= NLMSG_MIN_TYPE &&
		r->h->nlmsg_flags & NLM_F_REQUEST);
}

static void conclude(struct request *r, int error)
{
	r->done = true;
	r->error = -error;
	if (!r->command)
		return;
	if (error)
		refused[r->command - commands]++;
	else
		accepted[r->command - commands]++;
	if (!error && options.denied && r->command->write)
		complain("%s is carried out for somebody without privilege",
			 r->command->name);
}

static void pass(struct request *r)
{
	if (may_dump(r))
		return;		/* until its end has come */
	if (r->h->nlmsg_flags & NLM_F_ACK)
		complain("no answer to request %u, type %u flags %x",
			 r->h->nlmsg_seq, r->h->nlmsg_type, r->h->nlmsg_flags);
	if (r->command && r->command->reply && r->replied != 1)
		complain("%s, number %u: %u replies", r->command->name,
			 r->h->nlmsg_seq, r->replied);
	conclude(r, 0);
}

static void take_error(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	size_t offset = NLMSG_HDRLEN + sizeof(*e);
	struct request *r;

	if (h->nlmsg_len < offset) {
		complain("error of %u octets", h->nlmsg_len);
		return;
	}
	while (passed < request_count) {
		r = &requests[passed++];
		if (r->done || memcmp(r->h, &e->msg, sizeof(e->msg))) {
			if (!r->done)
				pass(r);
			continue;
		}
		if (h->nlmsg_seq != r->h->nlmsg_seq)
			complain("number %u for request %u", h->nlmsg_seq,
				 r->h->nlmsg_seq);
		if (!e->error && !(r->h->nlmsg_flags & NLM_F_ACK))
			complain("request %u is acknowledged unasked",
				 r->h->nlmsg_seq);
		if (e->error > 0 || e->error < -4095)
			complain("error %d", e->error);
		if (e->error && !(h->nlmsg_flags & NLM_F_CAPPED)) {
			offset += NLMSG_ALIGN(r->h->nlmsg_len) - NLMSG_HDRLEN;
			if (offset > NLMSG_ALIGN(h->nlmsg_len) ||
			    memcmp(r->h, &e->msg, r->h->nlmsg_len))
				complain("error quotes another request");
		}
		if (h->nlmsg_flags & NLM_F_ACK_TLVS && offset < h->nlmsg_len)
			check_errors(h, r->h, offset);
		if (!e->error && r->command && r->command->reply && !r->replied)
			complain("%s is acknowledged and not replied to",
				 r->command->name);
		conclude(r, e->error);
		return;
	}
	complain("error %d about request %u, which has been answered or was not made",
		 e->error, e->msg.nlmsg_seq);
}

static struct request *request_of(const struct nlmsghdr *h, bool dump)
{
	unsigned int i;

	for (i = 0; i < request_count; i++)
		if (!requests[i].done && requests[i].h->nlmsg_seq == h->nlmsg_seq &&
		    (!dump || may_dump(&requests[i])))
			return &requests[i];

	return NULL;
}

static void take_done(const struct nlmsghdr *h)
{
	struct request *r = request_of(h, true);
	const int *error = NLMSG_DATA(h);

	if (!r || h->nlmsg_len < NLMSG_HDRLEN + sizeof(*error)) {
		complain("end of a dump %u that was not asked for", h->nlmsg_seq);
		return;
	}
	if (*error > 0)
		complain("dump ends with %d", *error);
	if (h->nlmsg_flags & NLM_F_ACK_TLVS)
		check_errors(h, r->h, NLMSG_HDRLEN + sizeof(*error));
	conclude(r, *error);
}

static void take_reply(const struct nlmsghdr *h)
{
	struct request *r = request_of(h, h->nlmsg_flags & NLM_F_MULTI);

	/* Of another family, whose number a mutated request had. What it sends is its
	 * own matter: thermal's dump is numbered 0.
	 */
	if (!r && !requests[0].route && h->nlmsg_type != family)
		return;
	if (!r) {
		complain("reply %u to nothing, type %u", h->nlmsg_seq, h->nlmsg_type);
		return;
	}
	r->replied++;
	if (!r->command)
		return;
	if (!r->command->dump && h->nlmsg_flags & NLM_F_MULTI)
		complain("%s is answered by a dump", r->command->name);
	if (r->command->dump && !(h->nlmsg_flags & NLM_F_MULTI))
		complain("%s is not answered by a dump", r->command->name);
	if (r->command->route || h->nlmsg_type == family)
		check_reply(h, r->command);
	else
		complain("%s is answered by type %u", r->command->name, h->nlmsg_type);
}

/**
 * answer - take a message of the kernel
 * @h: message, or several
 * @len: their octets
 */
void answer(const struct nlmsghdr *h, int len)
{
	for (; NLMSG_OK(h, (unsigned int)len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_ERROR)
			take_error(h);
		else if (h->nlmsg_type == NLMSG_DONE)
			take_done(h);
		else
			take_reply(h);
	}
	if (len > 0)
		complain("%d octets behind a message", len);
}

/**
 * answers_end - nothing more comes
 */
void answers_end(void)
{
	unsigned int i;

	if (overrun)
		return;
	for (; passed < request_count; passed++)
		if (!requests[passed].done)
			pass(&requests[passed]);
	for (i = 0; i < request_count; i++)
		if (!requests[i].done)
			complain("request %u, type %u flags %x: its dump has no end",
				 requests[i].h->nlmsg_seq, requests[i].h->nlmsg_type,
				 requests[i].h->nlmsg_flags);
}

/**
 * check_outcomes - requests ended as they should have
 * @want: error of each request, 0 for one that was carried out
 * @count: number of requests, or 0 if that is not known
 * @where: for the reader
 */
void check_outcomes(const int *want, unsigned int count, const char *where)
{
	unsigned int i;

	printf("%s:", where);
	for (i = 0; i < request_count; i++)
		printf(" !%d", requests[i].error);
	printf("\n");
	if (!count)
		return;
	if (count != request_count)
		complain("%s: %u requests were seen, not %u", where, request_count,
			 count);
	for (i = 0; i < count && i < request_count; i++)
		if (requests[i].error != want[i])
			complain("%s: error %d of request %u, not %d", where,
				 requests[i].error, requests[i].h->nlmsg_seq, want[i]);
}

/**
 * report_commands - how many of each have been carried out and refused
 */
void report_commands(void)
{
	unsigned int i;

	for (i = 0; i < command_count; i++) {
		printf("accepted.%s %llu\n", commands[i].name, accepted[i]);
		printf("refused.%s %llu\n", commands[i].name, refused[i]);
	}
}
