// SPDX-License-Identifier: GPL-2.0
/* nhrp peer: the remote NBMA addresses that mappings point to. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "nhrp.h"

int peer_help(void)
{
	fputs("Usage: nhrp peer [ show ] [ dev DEV ] [ nbma ADDR ]\n", stdout);
	return STATUS_DONE;
}

/* Takes "dev" or "nbma", and the value behind it. */
int peer_filter_parse(struct peer_filter *filter, const char *word, struct words *words)
{
	bool is_dev = !strcmp(word, "dev");
	const char *value;
	int status;

	status = word_value(words, word, &value);
	if (status)
		return status;
	if (is_dev ? filter->ifindex : filter->nbma.len)
		return usage_error("duplicate \"%s\": \"%s\" is the second value.", word, value);

	if (is_dev)
		return device_index(value, &filter->ifindex);
	if (!address_parse(&filter->nbma, value))
		return argument_error(value, "\"nbma\" takes an address");
	return STATUS_DONE;
}

static struct nla_policy peer_policy[NHRP_A_PEER_MAX + 1] = {
	[NHRP_A_PEER_IFINDEX] = { .type = NLA_U32 },
	[NHRP_A_PEER_NBMA] = { .minlen = sizeof(struct in_addr) },
	[NHRP_A_PEER_MAPPINGS] = { .type = NLA_U32 },
	[NHRP_A_PEER_PMTU] = { .type = NLA_U32 },
	[NHRP_A_PEER_RX_PACKETS] = { .type = NLA_U64 },
	[NHRP_A_PEER_RX_BYTES] = { .type = NLA_U64 },
	[NHRP_A_PEER_TX_PACKETS] = { .type = NLA_U64 },
	[NHRP_A_PEER_TX_BYTES] = { .type = NLA_U64 },
	[NHRP_A_PEER_LAST_RX] = { .type = NLA_U64 },
	[NHRP_A_PEER_ICMP_UNREACHABLE] = { .type = NLA_U32 },
	[NHRP_A_PEER_ICMP_PROHIBITED] = { .type = NLA_U32 },
	[NHRP_A_PEER_ICMP_EXCEEDED] = { .type = NLA_U32 },
};

static void peer_print_counter(struct nlattr *attr, const char *key, const char *fmt)
{
	if (attr)
		print_uint(key, options.stats ? fmt : NULL, nla_get_u64(attr));
}

static void peer_print_counters(struct nlattr **tb)
{
	struct nlattr *last_rx = tb[NHRP_A_PEER_LAST_RX];

	if (options.stats)
		print_break();
	print_object_begin("rx", options.stats ? "rx" : NULL);
	peer_print_counter(tb[NHRP_A_PEER_RX_PACKETS], "packets", " packets %llu");
	peer_print_counter(tb[NHRP_A_PEER_RX_BYTES], "bytes", " bytes %llu");
	print_object_end();
	if (last_rx)
		print_uint("last_rx", options.stats ? " last %llu" : NULL,
			   nla_get_u64(last_rx) / 1000);

	if (options.stats)
		print_break();
	print_object_begin("tx", options.stats ? "tx" : NULL);
	peer_print_counter(tb[NHRP_A_PEER_TX_PACKETS], "packets", " packets %llu");
	peer_print_counter(tb[NHRP_A_PEER_TX_BYTES], "bytes", " bytes %llu");
	print_object_end();
}

static const struct peer_error {
	int type;
	const char *key;
	const char *fmt;
} peer_errors[] = {
	{ NHRP_A_PEER_ICMP_UNREACHABLE, "icmp_unreachable", " unreachable %llu" },
	{ NHRP_A_PEER_ICMP_PROHIBITED, "icmp_prohibited", " prohibited %llu" },
	{ NHRP_A_PEER_ICMP_EXCEEDED, "icmp_exceeded", " exceeded %llu" },
	{ }
};

/* ICMP errors of the underlay. Without -s the text has those that came, behind the
 * first line, for they are the reason why a peer is not heard of.
 */
static void peer_print_errors(struct nlattr **tb)
{
	const struct peer_error *error;
	bool shown, labelled = false;
	uint32_t count;

	for (error = peer_errors; error->type; error++) {
		if (!tb[error->type])
			continue;
		count = nla_get_u32(tb[error->type]);
		shown = options.stats || count;
		if (shown && !labelled) {
			if (options.stats)
				print_break();
			print_text(options.stats ? "icmp" : " icmp");
			labelled = true;
		}
		print_uint(error->key, shown ? error->fmt : NULL, count);
	}
}

static void peer_print_record(const struct nlmsghdr *nlh)
{
	struct nlattr *tb[NHRP_A_PEER_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, NHRP_A_PEER_MAX, peer_policy) ||
	    !tb[NHRP_A_PEER_NBMA] || !tb[NHRP_A_PEER_IFINDEX]) {
		kernel_error("nhrp: malformed message from the kernel.");
		return;
	}

	print_record_begin();
	print_string("nbma", "%s", address_text(nla_data(tb[NHRP_A_PEER_NBMA]),
						nla_len(tb[NHRP_A_PEER_NBMA])));
	print_string("dev", " dev %s", device_name(nla_get_u32(tb[NHRP_A_PEER_IFINDEX])));
	if (tb[NHRP_A_PEER_MAPPINGS])
		print_uint("mappings", " mappings %llu", nla_get_u32(tb[NHRP_A_PEER_MAPPINGS]));
	if (tb[NHRP_A_PEER_PMTU])
		print_uint("pmtu", " pmtu %llu", nla_get_u32(tb[NHRP_A_PEER_PMTU]));
	peer_print_counters(tb);
	peer_print_errors(tb);
	print_record_end();
}

static int peer_show(const struct peer_filter *filter)
{
	union message_buf *msg;
	int status;

	status = netlink_new(&msg, NHRP_CMD_PEER_GET, NLM_F_DUMP);
	if (status)
		return status;
	if (filter->ifindex)
		message_put_u32(msg, NHRP_A_PEER_IFINDEX, filter->ifindex);
	if (filter->nbma.len)
		message_put(msg, NHRP_A_PEER_NBMA, filter->nbma.len, filter->nbma.data);

	return netlink_list(msg, peer_print_record);
}

int peer_command(struct words *words)
{
	const char *word = words->argc ? word_next(words) : "show";
	struct peer_filter filter = { };
	int status;

	if (word_matches(word, "help"))
		return peer_help();
	if (!word_matches(word, "show") && !word_matches(word, "list") &&
	    !word_matches(word, "lst"))
		return usage_error("command \"%s\" is unknown, try \"nhrp peer help\".", word);

	if (word_is_help(words))
		return peer_help();
	while ((word = word_next(words))) {
		if (strcmp(word, "dev") && strcmp(word, "nbma"))
			return usage_error("unknown word \"%s\", try \"nhrp peer help\".", word);
		status = peer_filter_parse(&filter, word, words);
		if (status)
			return status;
	}
	return peer_show(&filter);
}
