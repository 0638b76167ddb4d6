// SPDX-License-Identifier: GPL-2.0
/* nhrp map: the mappings of the cache. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "nhrp.h"

/* Words that a command takes */
enum {
	MAP_DST = 1 << 0,
	MAP_PREFIXLEN = 1 << 1,		/* DST may be a prefix */
	MAP_NBMA = 1 << 2,
	MAP_NEGATIVE = 1 << 3,
	MAP_DEV = 1 << 4,
	MAP_TYPE = 1 << 5,
	MAP_HOLD = 1 << 6,
	MAP_SHORTCUT = 1 << 7,
	MAP_UNIQUE = 1 << 8,
	MAP_MULTICAST = 1 << 9,
	MAP_NAT = 1 << 10,
	MAP_RESOLVE = 1 << 11,
	MAP_USED = 1 << 12,
	MAP_MTU = 1 << 13,
	MAP_PREFERENCE = 1 << 14,
	MAP_MARK = 1 << 15,
	MAP_PROTOCOL = 1 << 16,
	MAP_ALL = 1 << 17,
};

#define MAP_KEY		(MAP_DST | MAP_PREFIXLEN | MAP_DEV)
#define MAP_FLAGS	(MAP_SHORTCUT | MAP_UNIQUE | MAP_MULTICAST | MAP_NAT | MAP_RESOLVE)
/* What is about the peer of a mapping, and the type of one that has a peer */
#define MAP_PEER	(MAP_NBMA | MAP_TYPE | MAP_FLAGS | MAP_MTU | MAP_PREFERENCE | MAP_MARK)
#define MAP_CONFIG	(MAP_KEY | MAP_PEER | MAP_NEGATIVE | MAP_HOLD | MAP_PROTOCOL)
#define MAP_FILTER	(MAP_KEY | MAP_NBMA | MAP_TYPE | MAP_FLAGS | MAP_USED | MAP_PROTOCOL)

struct map_config {
	bool is_change;
	unsigned int given;		/* MAP_* */
	struct address dst;
	struct address nbma;
	uint32_t ifindex;
	uint32_t hold;			/* 0 is forever */
	uint32_t flags;
	uint32_t mtu;
	uint32_t mark;
	uint8_t type;
	uint8_t preference;
	uint8_t protocol;
};

struct map_command {
	const char *name;
	unsigned int allowed;
	unsigned int required;
	int (*run)(const struct map_command *command, const struct map_config *config,
		   unsigned int line);
	int cmd;		/* NHRP_CMD_*, of a change NHRP_A_BATCH_* */
	uint16_t flags;
};

int map_help(void)
{
	fputs("Usage: nhrp map { add | replace } PREFIX { nbma ADDR | negative } dev DEV\n"
	      "                [ type { static | dynamic | cached } ]\n"
	      "                [ hold { SECONDS | forever } ] [ FLAG ]... [ mtu OCTETS ]\n"
	      "                [ preference NUMBER ] [ mark MARK ] [ protocol ID ]\n"
	      "       nhrp map del PREFIX dev DEV\n"
	      "       nhrp map get ADDRESS dev DEV\n"
	      "       nhrp map [ show ] [ FILTER ]\n"
	      "       nhrp map save [ FILTER ]\n"
	      "       nhrp map flush { all | FILTER }\n"
	      "PREFIX := ADDRESS[/LENGTH]\n"
	      "FLAG := { shortcut | unique | multicast | nat | resolve }\n"
	      "FILTER := [ PREFIX ] [ dev DEV ] [ nbma ADDR ] [ type TYPE ] [ protocol ID ]\n"
	      "          [ FLAG ]... [ used ]\n"
	      "TYPE := { static | dynamic | cached | incomplete | negative }\n"
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

/* Of a change, one that has a peer */
static int map_parse_type(struct map_config *config, const char *value)
{
	uint8_t last = config->is_change ? NHRP_MAPPING_TYPE_CACHED : NHRP_MAPPING_TYPE_NEGATIVE;
	uint8_t type;

	for (type = NHRP_MAPPING_TYPE_STATIC; type <= last; type++) {
		if (!strcmp(map_type_name(type), value)) {
			config->type = type;
			return STATUS_DONE;
		}
	}
	return argument_error(value, config->is_change ?
			      "\"type\" is static, dynamic or cached" :
			      "\"type\" is static, dynamic, cached, incomplete or negative");
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

static int map_parse_mtu(struct map_config *config, const char *value)
{
	uint64_t octets;

	if (!uint_parse(value, UINT16_MAX, &octets) || octets < 68)
		return argument_error(value, "\"mtu\" is 68 to 65535 octets");
	config->mtu = octets;
	return STATUS_DONE;
}

static int map_parse_preference(struct map_config *config, const char *value)
{
	uint64_t preference;

	if (!uint_parse(value, UINT8_MAX, &preference))
		return argument_error(value, "\"preference\" is 0 to 255");
	config->preference = preference;
	return STATUS_DONE;
}

static int map_parse_mark(struct map_config *config, const char *value)
{
	uint64_t mark;

	if (!mark_parse(value, &mark))
		return argument_error(value, "\"mark\" is 0 to 0xffffffff");
	config->mark = mark;
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
	int (*parse)(struct map_config *config, const char *value);	/* NULL: no value */
	uint32_t flag;
} map_words[] = {
	{ "nbma", MAP_NBMA, map_parse_nbma, 0 },
	{ "dev", MAP_DEV, map_parse_dev, 0 },
	{ "type", MAP_TYPE, map_parse_type, 0 },
	{ "hold", MAP_HOLD, map_parse_hold, 0 },
	{ "mtu", MAP_MTU, map_parse_mtu, 0 },
	{ "preference", MAP_PREFERENCE, map_parse_preference, 0 },
	{ "mark", MAP_MARK, map_parse_mark, 0 },
	{ "protocol", MAP_PROTOCOL, map_parse_protocol, 0 },
	{ "shortcut", MAP_SHORTCUT, NULL, NHRP_MAPPING_FLAGS_SHORTCUT },
	{ "unique", MAP_UNIQUE, NULL, NHRP_MAPPING_FLAGS_UNIQUE },
	{ "multicast", MAP_MULTICAST, NULL, NHRP_MAPPING_FLAGS_MULTICAST },
	{ "nat", MAP_NAT, NULL, NHRP_MAPPING_FLAGS_NAT },
	{ "resolve", MAP_RESOLVE, NULL, NHRP_MAPPING_FLAGS_RESOLVE },
	{ "used", MAP_USED, NULL, NHRP_MAPPING_FLAGS_USED },
	{ "negative", MAP_NEGATIVE, NULL, 0 },
	{ "all", MAP_ALL, NULL, 0 },
};

static const struct map_word *map_word_lookup(const char *key)
{
	size_t i;

	/* most other words are addresses */
	if (*key < 'a')
		return NULL;
	for (i = 0; i < ARRAY_SIZE(map_words); i++)
		if (*map_words[i].key == *key && !strcmp(map_words[i].key, key))
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

	if (!entry)
		return map_parse_dst(command, config, word);
	if (!(command->allowed & entry->bit))
		return usage_error("\"map %s\" takes no \"%s\".", command->name, word);

	if (!entry->parse) {
		config->given |= entry->bit;
		config->flags |= entry->flag;
		return STATUS_DONE;
	}

	status = word_value(words, word, &value);
	if (status)
		return status;
	if (config->given & entry->bit)
		return usage_error("duplicate \"%s\": \"%s\" is the second value.", word, value);
	config->given |= entry->bit;
	return entry->parse(config, value);
}

/* The first word of @given */
static const char *map_word_of(unsigned int given)
{
	size_t i = 0;

	while (!(given & map_words[i].bit))
		i++;
	return map_words[i].key;
}

static int map_check_required(const struct map_command *command, unsigned int given)
{
	unsigned int missing = command->required & ~given;

	if (missing & MAP_DST)
		return usage_error("\"map %s\" needs %s.", command->name,
				   command->allowed & MAP_PREFIXLEN ? "a PREFIX" : "an ADDRESS");
	if (missing & MAP_NBMA && !(given & MAP_NEGATIVE))
		return usage_error("\"map %s\" needs \"nbma\" or \"negative\".", command->name);
	if (missing & MAP_DEV)
		return usage_error("\"map %s\" needs \"dev\".", command->name);
	return STATUS_DONE;
}

static int map_check(const struct map_command *command, const struct map_config *config)
{
	unsigned int given = config->given;
	int status;

	status = map_check_required(command, given);
	if (status)
		return status;

	if (given & MAP_NEGATIVE && given & MAP_PEER)
		return usage_error("\"negative\" takes no \"%s\".", map_word_of(given & MAP_PEER));
	if (command->allowed & MAP_ALL && !given)
		return usage_error("flush requires arguments.");
	if (given & MAP_ALL && given != MAP_ALL)
		return usage_error("\"all\" takes no other words.");
	return STATUS_DONE;
}

/* Requests */

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

/* What was given but for the device; all of it always fits into the message. */
static void map_put(union message_buf *msg, const struct map_config *config)
{
	const unsigned int given = config->given;

	if (given & MAP_DST)
		message_put(msg, NHRP_A_MAPPING_DST, config->dst.len, config->dst.data);
	if (given & MAP_DST && config->dst.prefixlen != config->dst.len * 8)
		message_put_u8(msg, NHRP_A_MAPPING_PREFIXLEN, config->dst.prefixlen);
	if (given & MAP_NBMA)
		message_put(msg, NHRP_A_MAPPING_NBMA, config->nbma.len, config->nbma.data);
	if (given & MAP_TYPE)
		message_put_u8(msg, NHRP_A_MAPPING_TYPE, config->type);
	if (given & MAP_NEGATIVE)
		message_put_u8(msg, NHRP_A_MAPPING_TYPE, NHRP_MAPPING_TYPE_NEGATIVE);
	if (given & MAP_HOLD && config->hold)
		message_put_u32(msg, NHRP_A_MAPPING_HOLD, config->hold);
	if (config->flags)
		message_put_u32(msg, NHRP_A_MAPPING_FLAGS, config->flags);
	if (given & MAP_MTU)
		message_put_u32(msg, NHRP_A_MAPPING_MTU, config->mtu);
	if (given & MAP_PREFERENCE)
		message_put_u8(msg, NHRP_A_MAPPING_PREFERENCE, config->preference);
	if (given & MAP_MARK)
		message_put_u32(msg, NHRP_A_MAPPING_MARK, config->mark);
	if (given & MAP_PROTOCOL)
		message_put_u8(msg, NHRP_A_MAPPING_PROTOCOL, config->protocol);
}

static int map_change(const struct map_command *command, const struct map_config *config,
		      unsigned int line)
{
	union message_buf *msg;
	int status;

	status = change_begin(&msg, command->cmd, config->ifindex);
	if (status)
		return status;
	map_put(msg, config);
	return change_end(line);
}

static int map_request(const struct map_command *command, const struct map_config *config,
		       union message_buf **msg)
{
	int status;

	status = netlink_new(msg, command->cmd, command->flags);
	if (status)
		return status;
	if (config->given & MAP_DEV)
		message_put_u32(*msg, NHRP_A_MAPPING_IFINDEX, config->ifindex);
	map_put(*msg, config);
	return STATUS_DONE;
}

static bool map_has_dst(const struct map_config *config, const struct address *dst)
{
	const struct address *prefix = &config->dst;
	unsigned int octets = prefix->prefixlen / 8, bits = prefix->prefixlen % 8;

	return prefix->len == dst->len && !memcmp(prefix->data, dst->data, octets) &&
	       (!bits || !((prefix->data[octets] ^ dst->data[octets]) >> (8 - bits)));
}

/* As the kernel does it for a mapping, which this one has no flags of */
static bool map_has_neighbour(const struct map_config *config, const struct neighbour *neigh)
{
	const unsigned int given = config->given;

	return !(given & (MAP_FLAGS | MAP_USED)) &&
	       (!(given & MAP_DST) || map_has_dst(config, &neigh->dst)) &&
	       (!(given & MAP_NBMA) || (config->nbma.len == neigh->nbma.len &&
		!memcmp(config->nbma.data, neigh->nbma.data, neigh->nbma.len))) &&
	       (!(given & MAP_TYPE) || config->type == map_type_of(neigh)) &&
	       (!(given & MAP_PROTOCOL) || config->protocol == neigh->protocol);
}

static void map_show_neighbour(const struct neighbour *neigh, const void *config)
{
	if (!map_has_neighbour(config, neigh))
		return;
	print_record_begin();
	map_print_neighbour(neigh);
	print_record_end();
}

static int map_show_neighbours(const void *context)
{
	const struct map_config *config = context;

	return neigh_each(config->ifindex, map_show_neighbour, config);
}

static int map_show(const struct map_command *command, const struct map_config *config,
		    unsigned int line)
{
	union message_buf *msg;
	int status;

	status = map_request(command, config, &msg);
	if (status)
		return status;
	return netlink_list_and(msg, map_print_record, map_show_neighbours, config);
}

static int map_get(const struct map_command *command, const struct map_config *config,
		   unsigned int line)
{
	union message_buf *msg;
	int status;

	status = map_request(command, config, &msg);
	return status ? status : netlink_list(msg, map_print_record);
}

static void map_save_record(const struct nlmsghdr *nlh)
{
	struct nlattr *tb[NHRP_A_MAPPING_MAX + 1];

	if (!map_attrs_parse(nlh, tb) || map_is_kernels(tb))
		return;
	print_text("map replace ");
	map_print_config(tb);
	print_text("\n");
}

static int map_save(const struct map_command *command, const struct map_config *config,
		    unsigned int line)
{
	bool interrupted;
	union message_buf *msg;
	int status;

	if (options.json)
		return usage_error("\"map save\" prints a batch, not JSON.");

	status = map_request(command, config, &msg);
	if (status)
		return status;
	status = netlink_request(msg, map_save_record, &interrupted);
	if (!status && interrupted)
		status = kernel_error("mappings changed while they were saved.");
	return status;
}

static int map_flush(const struct map_command *command, const struct map_config *config,
		     unsigned int line)
{
	union message_buf *msg;
	int status;

	status = map_request(command, config, &msg);
	if (status)
		return status;
	return options.stats ? netlink_list(msg, map_print_flushed) :
			       netlink_request(msg, NULL, NULL);
}

/* Mappings that are being resolved, to @handler */
int map_each_incomplete(netlink_handler_t handler)
{
	union message_buf *msg;
	int status;

	status = netlink_new(&msg, NHRP_CMD_MAPPING_GET, NLM_F_DUMP);
	if (status)
		return status;
	message_put_u8(msg, NHRP_A_MAPPING_TYPE, NHRP_MAPPING_TYPE_INCOMPLETE);
	return netlink_request(msg, handler, NULL);
}

/* A word may be short for several; the first is meant. */
static const struct map_command map_commands[] = {
	{ "add", MAP_CONFIG, MAP_DST | MAP_NBMA | MAP_DEV,
	  map_change, NHRP_A_BATCH_ADD, 0 },
	{ "replace", MAP_CONFIG, MAP_DST | MAP_NBMA | MAP_DEV,
	  map_change, NHRP_A_BATCH_REPLACE, 0 },
	{ "del", MAP_KEY, MAP_DST | MAP_DEV, map_change, NHRP_A_BATCH_DEL, 0 },
	{ "delete", MAP_KEY, MAP_DST | MAP_DEV, map_change, NHRP_A_BATCH_DEL, 0 },
	{ "show", MAP_FILTER, 0, map_show, NHRP_CMD_MAPPING_GET, NLM_F_DUMP },
	{ "list", MAP_FILTER, 0, map_show, NHRP_CMD_MAPPING_GET, NLM_F_DUMP },
	{ "lst", MAP_FILTER, 0, map_show, NHRP_CMD_MAPPING_GET, NLM_F_DUMP },
	{ "save", MAP_FILTER, 0, map_save, NHRP_CMD_MAPPING_GET, NLM_F_DUMP },
	{ "get", MAP_DST | MAP_DEV, MAP_DST | MAP_DEV, map_get, NHRP_CMD_MAPPING_GET, 0 },
	{ "flush", MAP_FILTER | MAP_ALL, 0, map_flush, NHRP_CMD_MAPPING_FLUSH, 0 },
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

	command = map_command_lookup(word);
	/* changes wait for each other, all else for them */
	config.is_change = command && command->run == map_change;
	if (!config.is_change) {
		status = changes_flush();
		if (status)
			return status;
	}
	if (word_matches(word, "help"))
		return map_help();
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
