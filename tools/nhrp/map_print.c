// SPDX-License-Identifier: GPL-2.0
/* What the kernel says of a mapping, as text and JSON. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "nhrp.h"

static const char * const map_types[] = {
	[NHRP_MAPPING_TYPE_STATIC] = "static",
	[NHRP_MAPPING_TYPE_DYNAMIC] = "dynamic",
	[NHRP_MAPPING_TYPE_CACHED] = "cached",
	[NHRP_MAPPING_TYPE_INCOMPLETE] = "incomplete",
	[NHRP_MAPPING_TYPE_NEGATIVE] = "negative",
};

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
	[NHRP_A_MAPPING_FLAGS] = { .type = NLA_U32 },
	[NHRP_A_MAPPING_MTU] = { .type = NLA_U32 },
	[NHRP_A_MAPPING_PREFERENCE] = { .type = NLA_U8 },
	[NHRP_A_MAPPING_MARK] = { .type = NLA_U32 },
	[NHRP_A_MAPPING_ATTEMPTS] = { .type = NLA_U32 },
	[NHRP_A_MAPPING_QUEUED] = { .type = NLA_U32 },
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

/* In a batch a quote counts where a word begins, and a # anywhere. */
static void map_print_dev_text(const char *name, uint32_t ifindex)
{
	if (*name != '"' && *name != '\'' && !strpbrk(name, "#\\"))
		print_string(NULL, " dev %s", name);
	else if (!strchr(name, '"'))
		print_string(NULL, " dev \"%s\"", name);
	else if (!strchr(name, '\''))
		print_string(NULL, " dev '%s'", name);
	else
		print_uint(NULL, " dev if%llu", ifindex);
}

static void map_print_dev(uint32_t ifindex)
{
	const char *name = device_name(ifindex);

	print_string("dev", NULL, name);
	map_print_dev_text(name, ifindex);
}

const char *map_type_name(uint8_t type)
{
	static char number[sizeof("255")];

	if (type < ARRAY_SIZE(map_types) && map_types[type])
		return map_types[type];
	snprintf(number, sizeof(number), "%u", type);
	return number;
}

/* Has the kernel written it for itself? */
bool map_is_kernels(struct nlattr **tb)
{
	struct nlattr *protocol = tb[NHRP_A_MAPPING_PROTOCOL];

	return !tb[NHRP_A_MAPPING_NBMA] && protocol && nla_get_u8(protocol) == RTPROT_KERNEL;
}

/* A type without an address takes its place in the text. */
static void map_print_target(struct nlattr **tb)
{
	struct nlattr *nbma = tb[NHRP_A_MAPPING_NBMA];
	uint8_t type;

	if (nbma) {
		print_string("nbma", " nbma %s", address_text(nla_data(nbma), nla_len(nbma)));
		return;
	}
	type = tb[NHRP_A_MAPPING_TYPE] ? nla_get_u8(tb[NHRP_A_MAPPING_TYPE]) : 0;
	print_string(NULL, " %s", map_type_name(type));
}

static void map_print_flags(struct nlattr *attr)
{
	/* that it was used is no word to type; text shows when, with -s */
	static const struct {
		uint32_t flag;
		const char *name;
		const char *fmt;
	} names[] = {
		{ NHRP_MAPPING_FLAGS_SHORTCUT, "shortcut", " %s" },
		{ NHRP_MAPPING_FLAGS_UNIQUE, "unique", " %s" },
		{ NHRP_MAPPING_FLAGS_MULTICAST, "multicast", " %s" },
		{ NHRP_MAPPING_FLAGS_NAT, "nat", " %s" },
		{ NHRP_MAPPING_FLAGS_RESOLVE, "resolve", " %s" },
		{ NHRP_MAPPING_FLAGS_USED, "used", NULL },
	};
	uint32_t flags = attr ? nla_get_u32(attr) : 0;
	size_t i;

	print_array_begin("flags");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			print_array_word(names[i].fmt, names[i].name);
}

static void map_print_options(struct nlattr **tb)
{
	if (tb[NHRP_A_MAPPING_MTU])
		print_uint("mtu", " mtu %llu", nla_get_u32(tb[NHRP_A_MAPPING_MTU]));
	if (tb[NHRP_A_MAPPING_PREFERENCE])
		print_uint("preference", " preference %llu",
			   nla_get_u8(tb[NHRP_A_MAPPING_PREFERENCE]));
	if (tb[NHRP_A_MAPPING_MARK])
		print_uint("mark", " mark %#llx", nla_get_u32(tb[NHRP_A_MAPPING_MARK]));
}

static void map_print_hold(struct nlattr **tb)
{
	if (tb[NHRP_A_MAPPING_HOLD])
		print_uint("hold", " hold %llu", nla_get_u32(tb[NHRP_A_MAPPING_HOLD]));
	else if (options.details && !map_is_kernels(tb))
		print_text(" hold forever");
}

static void map_print_protocol(struct nlattr *attr)
{
	uint8_t protocol = attr ? nla_get_u8(attr) : RTPROT_UNSPEC;
	bool is_default = protocol == RTPROT_STATIC;

	if (attr)
		print_string("protocol", !is_default || options.details ? " protocol %s" : NULL,
			     protocol_name(protocol));
}

/* Text leaves out what "map add" takes for granted, unless details are asked for. */
void map_print_config(struct nlattr **tb)
{
	map_print_dst(tb);
	map_print_target(tb);
	if (tb[NHRP_A_MAPPING_IFINDEX])
		map_print_dev(nla_get_u32(tb[NHRP_A_MAPPING_IFINDEX]));
	if (tb[NHRP_A_MAPPING_TYPE])
		print_string("type", tb[NHRP_A_MAPPING_NBMA] ? " type %s" : NULL,
			     map_type_name(nla_get_u8(tb[NHRP_A_MAPPING_TYPE])));
	map_print_hold(tb);
	map_print_flags(tb[NHRP_A_MAPPING_FLAGS]);
	map_print_options(tb);
	map_print_protocol(tb[NHRP_A_MAPPING_PROTOCOL]);
}

static void map_print_time(struct nlattr *attr, const char *key, const char *fmt,
			   unsigned int round_up)
{
	if (attr)
		print_uint(key, options.stats ? fmt : NULL, (nla_get_u64(attr) + round_up) / 1000);
}

static void map_print_state(struct nlattr **tb)
{
	if (tb[NHRP_A_MAPPING_ATTEMPTS])
		print_uint("attempts", " attempts %llu", nla_get_u32(tb[NHRP_A_MAPPING_ATTEMPTS]));
	if (tb[NHRP_A_MAPPING_QUEUED])
		print_uint("queued", " queued %llu", nla_get_u32(tb[NHRP_A_MAPPING_QUEUED]));
	map_print_time(tb[NHRP_A_MAPPING_EXPIRES], "expires", " expires %llu", 999);
	map_print_time(tb[NHRP_A_MAPPING_USED], "used", " used %llu", 0);
	map_print_time(tb[NHRP_A_MAPPING_CREATED], "created", " created %llu", 0);
	map_print_time(tb[NHRP_A_MAPPING_UPDATED], "updated", " updated %llu", 0);
}

bool map_attrs_parse(const struct nlmsghdr *nlh, struct nlattr **tb)
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

/* What a mapping of the same meaning would be */
uint8_t map_type_of(const struct neighbour *neigh)
{
	if (!neigh->nbma.len)
		return NHRP_MAPPING_TYPE_INCOMPLETE;
	return neigh->state & NUD_PERMANENT ? NHRP_MAPPING_TYPE_STATIC : NHRP_MAPPING_TYPE_CACHED;
}

void map_print_neighbour(const struct neighbour *neigh)
{
	const char *type = map_type_name(map_type_of(neigh));

	print_string("dst", "%s", address_text(neigh->dst.data, neigh->dst.len));
	if (neigh->nbma.len)
		print_string("nbma", " nbma %s", address_text(neigh->nbma.data, neigh->nbma.len));
	else
		print_string(NULL, " %s", type);
	map_print_dev(neigh->ifindex);
	print_string("type", neigh->nbma.len ? " type %s" : NULL, type);
	map_print_flags(NULL);
	if (neigh->protocol)
		print_string("protocol", " protocol %s", protocol_name(neigh->protocol));
	print_string("neigh", options.stats ? " neigh %s" : NULL, neigh_state_name(neigh->state));
}
