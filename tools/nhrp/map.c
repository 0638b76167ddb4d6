// SPDX-License-Identifier: GPL-2.0
/* nhrp map: the mappings of the cache. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include <linux/rtnetlink.h>

#include "nhrp.h"

/* Words that a command takes */
enum {
	MAP_DST = 1 << 0,
	MAP_PREFIXLEN = 1 << 1,		/* DST may be a prefix */
	MAP_NBMA = 1 << 2,
	MAP_DEV = 1 << 3,
	MAP_TYPE = 1 << 4,
	MAP_HOLD = 1 << 5,
	MAP_PROTOCOL = 1 << 6,
	MAP_ALL = 1 << 7,
};

#define MAP_KEY		(MAP_DST | MAP_PREFIXLEN | MAP_DEV)
#define MAP_CONFIG	(MAP_KEY | MAP_NBMA | MAP_TYPE | MAP_HOLD | MAP_PROTOCOL)
#define MAP_FILTER	(MAP_KEY | MAP_NBMA | MAP_TYPE)

struct map_config {
	unsigned int given;		/* MAP_* */
	struct address dst;
	struct address nbma;
	uint32_t ifindex;
	uint32_t hold;			/* 0 is forever */
	uint8_t type;
	uint8_t protocol;
};

struct map_command {
	const char *name;
	unsigned int allowed;
	unsigned int required;
	uint8_t cmd;
	uint16_t flags;
	int (*run)(const struct map_command *command, const struct map_config *config,
		   unsigned int line);
};

static const char * const map_types[] = {
	[NHRP_MAPPING_TYPE_STATIC] = "static",
	[NHRP_MAPPING_TYPE_DYNAMIC] = "dynamic",
};

int map_help(void)
{
	fputs("Usage: nhrp map { add | replace } PREFIX nbma ADDR dev DEV\n"
	      "                [ type TYPE ] [ hold { SECONDS | forever } ] [ protocol ID ]\n"
	      "       nhrp map del PREFIX dev DEV\n"
	      "       nhrp map get ADDRESS dev DEV\n"
	      "       nhrp map [ show ] [ PREFIX ] [ dev DEV ] [ nbma ADDR ] [ type TYPE ]\n"
	      "       nhrp map flush { all | [ PREFIX ] [ dev DEV ] [ nbma ADDR ] [ type TYPE ] }\n"
	      "PREFIX := ADDRESS[/LENGTH]\n"
	      "TYPE := { static | dynamic }\n"
	      "ID := { NUMBER | NAME }\n", stdout);
	return STATUS_DONE;
}

/* Words */

static int map_parse_nbma(struct map_config *config, const char *value)
{
	if (!address_parse(&config->nbma, value))
		return argument_error(value, "\"nbma\" takes an address");
	return STATUS_DONE;
}

static int map_parse_dev(struct map_config *config, const char *value)
{
	return device_index(value, &config->ifindex);
}

static int map_parse_type(struct map_config *config, const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map_types); i++) {
		if (map_types[i] && !strcmp(map_types[i], value)) {
			config->type = i;
			return STATUS_DONE;
		}
	}
	return argument_error(value, "\"type\" is static or dynamic");
}

static int map_parse_hold(struct map_config *config, const char *value)
{
	uint64_t seconds;

	if (!strcmp(value, "forever")) {
		config->hold = 0;
		return STATUS_DONE;
	}
	if (!uint_parse(value, UINT32_MAX, &seconds) || !seconds)
		return argument_error(value, "\"hold\" is 1 to 4294967295 seconds or forever");
	config->hold = seconds;
	return STATUS_DONE;
}

static int map_parse_protocol(struct map_config *config, const char *value)
{
	if (!protocol_number(value, &config->protocol))
		return argument_error(value, "\"protocol\" is 0 to 255 or a name of rt_protos");
	return STATUS_DONE;
}

static const struct map_word {
	const char *key;
	unsigned int bit;
	int (*parse)(struct map_config *config, const char *value);
} map_words[] = {
	{ "nbma", MAP_NBMA, map_parse_nbma },
	{ "dev", MAP_DEV, map_parse_dev },
	{ "type", MAP_TYPE, map_parse_type },
	{ "hold", MAP_HOLD, map_parse_hold },
	{ "protocol", MAP_PROTOCOL, map_parse_protocol },
};

static const struct map_word *map_word_lookup(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map_words); i++)
		if (!strcmp(map_words[i].key, key))
			return &map_words[i];
	return NULL;
}

/* A word that is no keyword: the prefix or the address, if anything. */
static int map_parse_dst(const struct map_command *command, struct map_config *config,
			 const char *word)
{
	const char *what = command->allowed & MAP_PREFIXLEN ? "PREFIX" : "ADDRESS";
	struct address dst;
	bool good;

	good = command->allowed & MAP_PREFIXLEN ? prefix_parse(&dst, word) :
						  address_parse(&dst, word);
	if (!good) {
		if (strpbrk(word, ".:/"))
			return usage_error("argument \"%s\" is wrong: not a valid %s.", word, what);
		return usage_error("unknown word \"%s\", try \"nhrp map help\".", word);
	}
	if (config->given & MAP_DST)
		return usage_error("duplicate \"%s\": \"%s\" is the second value.", what, word);

	config->dst = dst;
	config->given |= MAP_DST;
	return STATUS_DONE;
}

static int map_parse_word(const struct map_command *command, struct map_config *config,
			  const char *word, struct words *words)
{
	const struct map_word *entry = map_word_lookup(word);
	const char *value;
	int status;

	if (!entry) {
		if (!(command->allowed & MAP_ALL) || strcmp(word, "all"))
			return map_parse_dst(command, config, word);
		config->given |= MAP_ALL;
		return STATUS_DONE;
	}

	if (!(command->allowed & entry->bit))
		return usage_error("\"map %s\" takes no \"%s\".", command->name, word);
	status = word_value(words, word, &value);
	if (status)
		return status;
	if (config->given & entry->bit)
		return usage_error("duplicate \"%s\": \"%s\" is the second value.", word, value);

	config->given |= entry->bit;
	return entry->parse(config, value);
}

static int map_check(const struct map_command *command, const struct map_config *config)
{
	unsigned int missing = command->required & ~config->given;
	size_t i;

	if (missing & MAP_DST)
		return usage_error("\"map %s\" needs %s.", command->name,
				   command->allowed & MAP_PREFIXLEN ? "a PREFIX" : "an ADDRESS");
	for (i = 0; i < ARRAY_SIZE(map_words); i++)
		if (missing & map_words[i].bit)
			return usage_error("\"map %s\" needs \"%s\".", command->name,
					   map_words[i].key);

	if (command->allowed & MAP_ALL) {
		if (!config->given)
			return usage_error("flush requires arguments.");
		if (config->given & MAP_ALL && config->given != MAP_ALL)
			return usage_error("\"all\" takes no other words.");
	}
	return STATUS_DONE;
}

/* Printing */

static struct nla_policy map_policy[NHRP_A_MAPPING_MAX + 1] = {
	[NHRP_A_MAPPING_IFINDEX] = { .type = NLA_U32 },
	[NHRP_A_MAPPING_DST] = { .minlen = sizeof(struct in_addr) },
	[NHRP_A_MAPPING_PREFIXLEN] = { .type = NLA_U8 },
	[NHRP_A_MAPPING_NBMA] = { .minlen = sizeof(struct in_addr) },
	[NHRP_A_MAPPING_TYPE] = { .type = NLA_U8 },
	[NHRP_A_MAPPING_HOLD] = { .type = NLA_U32 },
	[NHRP_A_MAPPING_PROTOCOL] = { .type = NLA_U8 },
	[NHRP_A_MAPPING_EXPIRES] = { .type = NLA_U64 },
	[NHRP_A_MAPPING_CREATED] = { .type = NLA_U64 },
	[NHRP_A_MAPPING_UPDATED] = { .type = NLA_U64 },
	[NHRP_A_MAPPING_USED] = { .type = NLA_U64 },
	[NHRP_A_MAPPING_FLUSHED] = { .type = NLA_U32 },
};

static void map_print_dst(struct nlattr **tb)
{
	struct nlattr *dst = tb[NHRP_A_MAPPING_DST];
	uint8_t prefixlen;

	if (!dst)
		return;
	prefixlen = tb[NHRP_A_MAPPING_PREFIXLEN] ? nla_get_u8(tb[NHRP_A_MAPPING_PREFIXLEN]) :
						   nla_len(dst) * 8;
	print_string("dst", "%s", prefix_text(nla_data(dst), nla_len(dst), prefixlen));
}

static void map_print_type(uint8_t type)
{
	char number[sizeof("255")];

	if (type < ARRAY_SIZE(map_types) && map_types[type]) {
		print_string("type", " type %s", map_types[type]);
		return;
	}
	snprintf(number, sizeof(number), "%u", type);
	print_string("type", " type %s", number);
}

/* Text leaves out what "map add" takes for granted, unless details are asked for. */
static void map_print_config(struct nlattr **tb)
{
	struct nlattr *nbma = tb[NHRP_A_MAPPING_NBMA];
	uint8_t protocol;

	map_print_dst(tb);
	if (nbma)
		print_string("nbma", " nbma %s", address_text(nla_data(nbma), nla_len(nbma)));
	if (tb[NHRP_A_MAPPING_IFINDEX])
		print_string("dev", " dev %s",
			     device_name(nla_get_u32(tb[NHRP_A_MAPPING_IFINDEX])));
	if (tb[NHRP_A_MAPPING_TYPE])
		map_print_type(nla_get_u8(tb[NHRP_A_MAPPING_TYPE]));
	if (tb[NHRP_A_MAPPING_HOLD])
		print_uint("hold", " hold %llu", nla_get_u32(tb[NHRP_A_MAPPING_HOLD]));
	else if (options.details)
		print_text(" hold forever");
	if (tb[NHRP_A_MAPPING_PROTOCOL]) {
		protocol = nla_get_u8(tb[NHRP_A_MAPPING_PROTOCOL]);
		print_string("protocol",
			     protocol != RTPROT_STATIC || options.details ? " protocol %s" : NULL,
			     protocol_name(protocol));
	}
}

static void map_print_state(struct nlattr **tb)
{
	static const struct {
		const char *key;
		const char *fmt;
		int attr;
		unsigned int round_up;
	} times[] = {
		{ "expires", " expires %llu", NHRP_A_MAPPING_EXPIRES, 999 },
		{ "used", " used %llu", NHRP_A_MAPPING_USED, 0 },
		{ "created", " created %llu", NHRP_A_MAPPING_CREATED, 0 },
		{ "updated", " updated %llu", NHRP_A_MAPPING_UPDATED, 0 },
	};
	struct nlattr *attr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		attr = tb[times[i].attr];
		if (attr)
			print_uint(times[i].key, options.stats ? times[i].fmt : NULL,
				   (nla_get_u64(attr) + times[i].round_up) / 1000);
	}
}

static bool map_attrs_parse(const struct nlmsghdr *nlh, struct nlattr **tb)
{
	if (!genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, NHRP_A_MAPPING_MAX, map_policy))
		return true;
	kernel_error("nhrp: malformed message from the kernel.");
	return false;
}

void map_print(const struct nlmsghdr *nlh)
{
	struct nlattr *tb[NHRP_A_MAPPING_MAX + 1];

	if (!map_attrs_parse(nlh, tb))
		return;
	map_print_config(tb);
	map_print_state(tb);
}

static void map_print_record(const struct nlmsghdr *nlh)
{
	print_record_begin();
	map_print(nlh);
	print_record_end();
}

static void map_print_flushed(const struct nlmsghdr *nlh)
{
	struct nlattr *tb[NHRP_A_MAPPING_MAX + 1];

	if (!map_attrs_parse(nlh, tb) || !tb[NHRP_A_MAPPING_FLUSHED])
		return;
	print_record_begin();
	print_uint("flushed", "flushed %llu", nla_get_u32(tb[NHRP_A_MAPPING_FLUSHED]));
	print_record_end();
}

/* Requests */

/* What was given; all of it always fits into the message. */
static int map_request(const struct map_command *command, const struct map_config *config,
		       struct nl_msg **msg)
{
	int status;

	status = netlink_msg_new(msg, command->cmd, command->flags);
	if (status)
		return status;

	if (config->given & MAP_DEV)
		nla_put_u32(*msg, NHRP_A_MAPPING_IFINDEX, config->ifindex);
	if (config->given & MAP_DST)
		nla_put(*msg, NHRP_A_MAPPING_DST, config->dst.len, config->dst.data);
	if (config->given & MAP_DST && command->allowed & MAP_PREFIXLEN)
		nla_put_u8(*msg, NHRP_A_MAPPING_PREFIXLEN, config->dst.prefixlen);
	if (config->given & MAP_NBMA)
		nla_put(*msg, NHRP_A_MAPPING_NBMA, config->nbma.len, config->nbma.data);
	if (config->given & MAP_TYPE)
		nla_put_u8(*msg, NHRP_A_MAPPING_TYPE, config->type);
	if (config->given & MAP_HOLD && config->hold)
		nla_put_u32(*msg, NHRP_A_MAPPING_HOLD, config->hold);
	if (config->given & MAP_PROTOCOL)
		nla_put_u8(*msg, NHRP_A_MAPPING_PROTOCOL, config->protocol);
	return STATUS_DONE;
}

static int map_change(const struct map_command *command, const struct map_config *config,
		      unsigned int line)
{
	struct nl_msg *msg;
	int status;

	status = map_request(command, config, &msg);
	if (status)
		return status;
	return netlink_change(msg, line);
}

static int map_list(const struct map_command *command, const struct map_config *config,
		    netlink_handler_t handler)
{
	struct nl_msg *msg;
	int status;

	netlink_flush();
	status = map_request(command, config, &msg);
	if (status)
		return status;

	print_list_begin();
	status = netlink_request(msg, handler);
	print_list_end(status);
	return status;
}

static int map_show(const struct map_command *command, const struct map_config *config,
		    unsigned int line)
{
	return map_list(command, config, map_print_record);
}

static int map_flush(const struct map_command *command, const struct map_config *config,
		     unsigned int line)
{
	struct nl_msg *msg;
	int status;

	if (options.stats)
		return map_list(command, config, map_print_flushed);

	netlink_flush();
	status = map_request(command, config, &msg);
	if (status)
		return status;
	return netlink_request(msg, NULL);
}

/* A word may be short for several; the first is meant. */
static const struct map_command map_commands[] = {
	{ "add", MAP_CONFIG, MAP_DST | MAP_NBMA | MAP_DEV,
	  NHRP_CMD_MAPPING_NEW, NLM_F_CREATE | NLM_F_EXCL, map_change },
	{ "replace", MAP_CONFIG, MAP_DST | MAP_NBMA | MAP_DEV,
	  NHRP_CMD_MAPPING_NEW, NLM_F_CREATE | NLM_F_REPLACE, map_change },
	{ "del", MAP_KEY, MAP_DST | MAP_DEV,
	  NHRP_CMD_MAPPING_DEL, 0, map_change },
	{ "delete", MAP_KEY, MAP_DST | MAP_DEV,
	  NHRP_CMD_MAPPING_DEL, 0, map_change },
	{ "show", MAP_FILTER, 0,
	  NHRP_CMD_MAPPING_GET, NLM_F_DUMP, map_show },
	{ "list", MAP_FILTER, 0,
	  NHRP_CMD_MAPPING_GET, NLM_F_DUMP, map_show },
	{ "lst", MAP_FILTER, 0,
	  NHRP_CMD_MAPPING_GET, NLM_F_DUMP, map_show },
	{ "get", MAP_DST | MAP_DEV, MAP_DST | MAP_DEV,
	  NHRP_CMD_MAPPING_GET, 0, map_show },
	{ "flush", MAP_FILTER | MAP_ALL, 0,
	  NHRP_CMD_MAPPING_FLUSH, 0, map_flush },
};

static const struct map_command *map_command_lookup(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map_commands); i++)
		if (word_matches(word, map_commands[i].name))
			return &map_commands[i];
	return NULL;
}

int map_command(struct words *words)
{
	const char *word = words->argc ? word_next(words) : "show";
	const struct map_command *command;
	struct map_config config = { };
	int status;

	if (word_matches(word, "help"))
		return map_help();
	command = map_command_lookup(word);
	if (!command)
		return usage_error("command \"%s\" is unknown, try \"nhrp map help\".", word);

	if (word_is_help(words))
		return map_help();
	while ((word = word_next(words))) {
		status = map_parse_word(command, &config, word, words);
		if (status)
			return status;
	}

	status = map_check(command, &config);
	if (status)
		return status;
	return command->run(command, &config, words->line);
}
