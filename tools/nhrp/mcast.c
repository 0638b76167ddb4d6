// SPDX-License-Identifier: GPL-2.0
/* nhrp mcast: the peers that get copies of multicast packets. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "nhrp.h"

struct mcast_config {
	struct address group;		/* its length is 0 for all of them */
	bool has_group;			/* one was given, or all */
	struct peer_filter peer;
};

int mcast_help(void)
{
	fputs("Usage: nhrp mcast { add | del } [ all | GROUP[/LENGTH] ] nbma ADDR dev DEV\n"
	      "       nhrp mcast [ show ] [ dev DEV ] [ nbma ADDR ]\n", stdout);
	return STATUS_DONE;
}

static int mcast_parse_group(struct mcast_config *config, const char *word)
{
	struct address group = { };

	if (strcmp(word, "all") && !prefix_parse(&group, word)) {
		if (strpbrk(word, ".:/"))
			return usage_error("argument \"%s\" is wrong: not a valid GROUP.", word);
		return usage_error("unknown word \"%s\", try \"nhrp mcast help\".", word);
	}
	if (config->has_group)
		return usage_error("duplicate \"GROUP\": \"%s\" is the second value.", word);

	config->group = group;
	config->has_group = true;
	return STATUS_DONE;
}

static int mcast_parse_word(struct mcast_config *config, const char *word, struct words *words)
{
	if (strcmp(word, "dev") && strcmp(word, "nbma"))
		return mcast_parse_group(config, word);
	return peer_filter_parse(&config->peer, word, words);
}

static void mcast_put(union message_buf *msg, const struct mcast_config *config)
{
	const struct address *group = &config->group;

	if (config->peer.ifindex)
		message_put_u32(msg, NHRP_A_MCAST_IFINDEX, config->peer.ifindex);
	if (group->len)
		message_put(msg, NHRP_A_MCAST_GROUP, group->len, group->data);
	if (group->len && group->prefixlen != group->len * 8)
		message_put_u8(msg, NHRP_A_MCAST_PREFIXLEN, group->prefixlen);
	if (config->peer.nbma.len)
		message_put(msg, NHRP_A_MCAST_NBMA, config->peer.nbma.len,
			    config->peer.nbma.data);
}

static int mcast_change(const char *name, const struct mcast_config *config)
{
	bool add = !strcmp(name, "add");
	union message_buf *msg;
	int status;

	if (!config->peer.nbma.len)
		return usage_error("\"mcast %s\" needs \"nbma\".", name);
	if (!config->peer.ifindex)
		return usage_error("\"mcast %s\" needs \"dev\".", name);

	status = netlink_new(&msg, add ? NHRP_CMD_MCAST_NEW : NHRP_CMD_MCAST_DEL, 0);
	if (status)
		return status;
	mcast_put(msg, config);

	return netlink_request(msg, NULL, NULL);
}

static struct nla_policy mcast_policy[NHRP_A_MCAST_MAX + 1] = {
	[NHRP_A_MCAST_IFINDEX] = { .type = NLA_U32 },
	[NHRP_A_MCAST_GROUP] = { .minlen = sizeof(struct in_addr) },
	[NHRP_A_MCAST_PREFIXLEN] = { .type = NLA_U8 },
	[NHRP_A_MCAST_NBMA] = { .minlen = sizeof(struct in_addr) },
	[NHRP_A_MCAST_LISTED] = { .type = NLA_FLAG },
	[NHRP_A_MCAST_MAPPINGS] = { .type = NLA_U32 },
};

static const char *mcast_group_text(struct nlattr **tb)
{
	const struct nlattr *group = tb[NHRP_A_MCAST_GROUP];

	if (!group || !tb[NHRP_A_MCAST_PREFIXLEN])
		return "all";
	return prefix_text(nla_data(group), nla_len(group),
			   nla_get_u8(tb[NHRP_A_MCAST_PREFIXLEN]));
}

static void mcast_print_record(const struct nlmsghdr *nlh)
{
	struct nlattr *tb[NHRP_A_MCAST_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, NHRP_A_MCAST_MAX, mcast_policy) ||
	    !tb[NHRP_A_MCAST_NBMA] || !tb[NHRP_A_MCAST_IFINDEX]) {
		kernel_error("nhrp: malformed message from the kernel.");
		return;
	}

	print_record_begin();
	print_string("group", "%s", mcast_group_text(tb));
	print_string("nbma", " nbma %s", address_text(nla_data(tb[NHRP_A_MCAST_NBMA]),
						      nla_len(tb[NHRP_A_MCAST_NBMA])));
	print_string("dev", " dev %s", device_name(nla_get_u32(tb[NHRP_A_MCAST_IFINDEX])));
	if (tb[NHRP_A_MCAST_LISTED])
		print_flag("listed", " listed");
	if (tb[NHRP_A_MCAST_MAPPINGS])
		print_uint("mappings", " mappings %llu", nla_get_u32(tb[NHRP_A_MCAST_MAPPINGS]));
	print_record_end();
}

static int mcast_show(const struct mcast_config *config)
{
	union message_buf *msg;
	int status;

	if (config->has_group)
		return usage_error("\"mcast show\" takes no \"GROUP\".");
	status = netlink_new(&msg, NHRP_CMD_MCAST_GET, NLM_F_DUMP);
	if (status)
		return status;
	mcast_put(msg, config);

	return netlink_list(msg, mcast_print_record);
}

static const char *mcast_command_name(const char *word)
{
	if (word_matches(word, "show") || word_matches(word, "list") || word_matches(word, "lst"))
		return "show";
	if (word_matches(word, "add"))
		return "add";
	if (word_matches(word, "delete"))
		return "del";
	return NULL;
}

int mcast_command(struct words *words)
{
	const char *word = words->argc ? word_next(words) : "show";
	const char *name = mcast_command_name(word);
	struct mcast_config config = { };
	int status;

	if (word_matches(word, "help") || (name && word_is_help(words)))
		return mcast_help();
	if (!name)
		return usage_error("command \"%s\" is unknown, try \"nhrp mcast help\".", word);

	while ((word = word_next(words))) {
		status = mcast_parse_word(&config, word, words);
		if (status)
			return status;
	}
	return strcmp(name, "show") ? mcast_change(name, &config) : mcast_show(&config);
}
