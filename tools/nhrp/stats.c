// SPDX-License-Identifier: GPL-2.0
/* nhrp stats: the counters of the cache of each device. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "nhrp.h"

int stats_help(void)
{
	fputs("Usage: nhrp stats [ show ] [ dev DEV ]\n", stdout);
	return STATUS_DONE;
}

/* In the order of the output, a line of text each */
static const struct stats_value {
	int attr;
	const char *key;	/* of JSON; text spells it with dashes */
	const char *fmt;
} stats_sizes[] = {
	{ NHRP_A_STATS_MAPPINGS, "mappings", " mappings %llu" },
	{ NHRP_A_STATS_MAX_MAPPINGS, "max_mappings", " max-mappings %llu" },
	{ NHRP_A_STATS_PEERS, "peers", " peers %llu" },
	{ NHRP_A_STATS_INCOMPLETE, "incomplete", " incomplete %llu" },
	{ NHRP_A_STATS_NEGATIVE, "negative", " negative %llu" },
	{ }
}, stats_packets[] = {
	{ NHRP_A_STATS_HITS, "hits", "hits %llu" },
	{ NHRP_A_STATS_MISSES, "misses", " misses %llu" },
	{ NHRP_A_STATS_UPCALLS, "upcalls", " upcalls %llu" },
	{ NHRP_A_STATS_QUEUED, "queued", " queued %llu" },
	{ NHRP_A_STATS_RELEASED, "released", " released %llu" },
	{ }
}, stats_drops[] = {
	{ NHRP_A_STATS_DROP_NEGATIVE, "negative", " negative %llu" },
	{ NHRP_A_STATS_DROP_NO_LISTENER, "no_listener", " no-listener %llu" },
	{ NHRP_A_STATS_DROP_LOOP, "loop", " loop %llu" },
	{ NHRP_A_STATS_DROP_LIMIT, "limit", " limit %llu" },
	{ NHRP_A_STATS_DROP_OVERFLOW, "overflow", " overflow %llu" },
	{ NHRP_A_STATS_DROP_EVICTED, "evicted", " evicted %llu" },
	{ NHRP_A_STATS_DROP_UNANSWERED, "unanswered", " unanswered %llu" },
	{ NHRP_A_STATS_DROP_FLUSHED, "flushed", " flushed %llu" },
	{ }
};

static void stats_print_values(struct nlattr **tb, const struct stats_value *values)
{
	struct nlattr *attr;

	for (; values->key; values++) {
		attr = tb[values->attr];
		if (!attr)
			continue;
		print_uint(values->key, values->fmt, nla_len(attr) == sizeof(uint64_t) ?
			   nla_get_u64(attr) : nla_get_u32(attr));
	}
}

static void stats_print_record(const struct nlmsghdr *nlh)
{
	/* u32 or u64, told apart by their length */
	static struct nla_policy policy[NHRP_A_STATS_MAX + 1] = {
		[NHRP_A_STATS_IFINDEX] = { .type = NLA_U32 },
		[NHRP_A_STATS_MAPPINGS ... NHRP_A_STATS_MAX] = { .minlen = sizeof(uint32_t) },
	};
	struct nlattr *tb[NHRP_A_STATS_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, NHRP_A_STATS_MAX, policy) ||
	    !tb[NHRP_A_STATS_IFINDEX]) {
		kernel_error("nhrp: malformed message from the kernel.");
		return;
	}

	print_record_begin();
	print_string("dev", "dev %s", device_name(nla_get_u32(tb[NHRP_A_STATS_IFINDEX])));
	stats_print_values(tb, stats_sizes);
	print_break();
	stats_print_values(tb, stats_packets);
	print_break();
	print_object_begin("drop", "drop");
	stats_print_values(tb, stats_drops);
	print_object_end();
	print_record_end();
}

static int stats_show(uint32_t ifindex)
{
	union message_buf *msg;
	int status;

	status = netlink_new(&msg, NHRP_CMD_STATS_GET, ifindex ? 0 : NLM_F_DUMP);
	if (status)
		return status;
	if (ifindex)
		message_put_u32(msg, NHRP_A_STATS_IFINDEX, ifindex);
	return netlink_list(msg, stats_print_record);
}

static int stats_parse_word(uint32_t *ifindex, const char *word, struct words *words)
{
	const char *value;
	int status;

	if (strcmp(word, "dev"))
		return usage_error("unknown word \"%s\", try \"nhrp stats help\".", word);
	status = word_value(words, word, &value);
	if (status)
		return status;
	if (*ifindex)
		return usage_error("duplicate \"dev\": \"%s\" is the second value.", value);
	return device_index(value, ifindex);
}

int stats_command(struct words *words)
{
	const char *word = words->argc ? word_next(words) : "show";
	uint32_t ifindex = 0;
	int status;

	if (word_matches(word, "help"))
		return stats_help();
	if (!word_matches(word, "show") && !word_matches(word, "list") &&
	    !word_matches(word, "lst"))
		return usage_error("command \"%s\" is unknown, try \"nhrp stats help\".", word);

	if (word_is_help(words))
		return stats_help();
	while ((word = word_next(words))) {
		status = stats_parse_word(&ifindex, word, words);
		if (status)
			return status;
	}
	return stats_show(ifindex);
}
