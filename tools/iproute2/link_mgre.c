// SPDX-License-Identifier: GPL-2.0
/* The options of "type mgre" for iproute2's ip command. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/mgre.h>

#include "iproute2_abi.h"

/* Room for a request as ip's own kinds count it; ip reserves more. */
#define MGRE_REQUEST_MAX	1024

#define NEXT_ARG() \
	do { argv++; if (--argc <= 0) incomplete_command(); } while (0)

static void mgre_print_usage(FILE *f)
{
	fputs("Usage: ... mgre	[ local ADDR ]...\n"
	      "		[ dev PHYS_DEV ]\n"
	      "		[ key KEY ]\n"
	      "		[ ttl TTL ]\n"
	      "		[ tos TOS ]\n"
	      "		[ [no]pmtudisc ]\n"
	      "		[ [no]ignore-df ]\n"
	      "		[ [no]csum ]\n"
	      "		[ fwmark MARK ]\n"
	      "		[ resolver { cache | neigh } ]\n"
	      "		[ accept { any | known } ]\n"
	      "		[ [no]redirect ]\n"
	      "		[ [no]protect ]\n"
	      "		[ maxmappings NUMBER ]\n"
	      "		[ queue PACKETS ]\n"
	      "\n"
	      "Where:	ADDR := { IPV4_ADDRESS | IPV6_ADDRESS | any }\n"
	      "	KEY  := { DOTTED_QUAD | NUMBER }\n"
	      "	TTL  := { 1..255 | inherit }\n"
	      "	TOS  := { NUMBER | inherit }\n", f);
}

static void mgre_print_help(struct link_util *lu, int argc, char **argv, FILE *f)
{
	mgre_print_usage(f);
}

static __u32 mgre_parse_dev(const char *arg)
{
	unsigned int link = ll_name_to_index(arg);

	if (!link)
		exit(nodev(arg));
	return link;
}

static __u8 mgre_parse_ttl(const char *arg)
{
	__u8 ttl;

	if (!strcmp(arg, "inherit"))
		return 0;
	if (get_u8(&ttl, arg, 0))
		invarg("invalid TTL", arg);
	return ttl;
}

static __u8 mgre_parse_tos(const char *arg)
{
	__u32 tos;

	if (!strcmp(arg, "inherit"))
		return 1;
	if (rtnl_dsfield_a2n(&tos, arg))
		invarg("bad TOS value", arg);
	return tos;
}

static __u32 mgre_parse_u32(const char *arg, const char *wrong)
{
	__u32 value;

	if (get_u32(&value, arg, 0))
		invarg(wrong, arg);
	return value;
}

/* The words of an enum stand at their values; NULL is behind the last. */
static const char *const mgre_resolver_words[] = {
	[MGRE_RESOLVER_CACHE]	= "cache",
	[MGRE_RESOLVER_NEIGH]	= "neigh",
	NULL
};

static const char *const mgre_accept_words[] = {
	[MGRE_ACCEPT_ANY]	= "any",
	[MGRE_ACCEPT_KNOWN]	= "known",
	NULL
};

static __u8 mgre_parse_word(const char *const *words, const char *arg,
			    const char *wrong)
{
	__u8 value;

	for (value = 0; words[value]; value++)
		if (!strcmp(arg, words[value]))
			return value;
	invarg(wrong, arg);
}

static const struct mgre_option {
	const char *word;
	int type;
} mgre_options[] = {
	{ "local",	 IFLA_MGRE_LOCAL },
	{ "dev",	 IFLA_MGRE_LINK },
	{ "key",	 IFLA_MGRE_KEY },
	{ "ttl",	 IFLA_MGRE_TTL },
	{ "hoplimit",	 IFLA_MGRE_TTL },
	{ "hlim",	 IFLA_MGRE_TTL },
	{ "tos",	 IFLA_MGRE_TOS },
	{ "tclass",	 IFLA_MGRE_TOS },
	{ "dsfield",	 IFLA_MGRE_TOS },
	{ "pmtudisc",	 IFLA_MGRE_PMTUDISC },
	{ "nopmtudisc",	 IFLA_MGRE_PMTUDISC },
	{ "ignore-df",	 IFLA_MGRE_IGNORE_DF },
	{ "noignore-df", IFLA_MGRE_IGNORE_DF },
	{ "csum",	 IFLA_MGRE_CSUM },
	{ "nocsum",	 IFLA_MGRE_CSUM },
	{ "fwmark",	 IFLA_MGRE_FWMARK },
	{ "resolver",	 IFLA_MGRE_RESOLVER },
	{ "accept",	 IFLA_MGRE_ACCEPT },
	{ "redirect",	 IFLA_MGRE_REDIRECT },
	{ "noredirect",	 IFLA_MGRE_REDIRECT },
	{ "protect",	 IFLA_MGRE_PROTECT },
	{ "noprotect",	 IFLA_MGRE_PROTECT },
	{ "maxmappings", IFLA_MGRE_MAXMAPPINGS },
	{ "queue",	 IFLA_MGRE_QUEUE },
	{ NULL,		 IFLA_MGRE_UNSPEC }
};

/* Returns the attribute that a word sets, IFLA_MGRE_UNSPEC for an unknown word. */
static int mgre_option_type(const char *word)
{
	const struct mgre_option *option = mgre_options;

	while (option->word && strcmp(word, option->word))
		option++;
	return option->type;
}

static bool mgre_option_is_switch(int type)
{
	return type == IFLA_MGRE_PMTUDISC || type == IFLA_MGRE_IGNORE_DF ||
	       type == IFLA_MGRE_CSUM || type == IFLA_MGRE_REDIRECT ||
	       type == IFLA_MGRE_PROTECT;
}

/* get_addr32() takes "any" and ends the program for what it cannot read, so
 * whatever is no IPv6 address is left to it.
 */
static bool mgre_is_ipv6(const char *arg)
{
	struct in6_addr addr;

	return inet_pton(AF_INET6, arg, &addr) == 1;
}

static int mgre_add_local6(struct nlmsghdr *n, const char *arg)
{
	struct in6_addr addr;

	inet_pton(AF_INET6, arg, &addr);
	return addattr_l(n, MGRE_REQUEST_MAX, IFLA_MGRE_LOCAL6, &addr, sizeof(addr));
}

static int mgre_add_option(struct nlmsghdr *n, int type, const char *arg)
{
	if (mgre_option_is_switch(type))
		return addattr8(n, MGRE_REQUEST_MAX, type, strncmp(arg, "no", 2) != 0);

	switch (type) {
	case IFLA_MGRE_LOCAL:
		return addattr32(n, MGRE_REQUEST_MAX, type, get_addr32(arg));
	case IFLA_MGRE_LOCAL6:
		return mgre_add_local6(n, arg);
	case IFLA_MGRE_LINK:
		return addattr32(n, MGRE_REQUEST_MAX, type, mgre_parse_dev(arg));
	case IFLA_MGRE_KEY:
		return addattr32(n, MGRE_REQUEST_MAX, type, tnl_parse_key("key", arg));
	case IFLA_MGRE_TTL:
		return addattr8(n, MGRE_REQUEST_MAX, type, mgre_parse_ttl(arg));
	case IFLA_MGRE_TOS:
		return addattr8(n, MGRE_REQUEST_MAX, type, mgre_parse_tos(arg));
	case IFLA_MGRE_FWMARK:
		return addattr32(n, MGRE_REQUEST_MAX, type,
				 mgre_parse_u32(arg, "invalid fwmark"));
	case IFLA_MGRE_RESOLVER:
		return addattr8(n, MGRE_REQUEST_MAX, type,
				mgre_parse_word(mgre_resolver_words, arg, "invalid resolver"));
	case IFLA_MGRE_ACCEPT:
		return addattr8(n, MGRE_REQUEST_MAX, type,
				mgre_parse_word(mgre_accept_words, arg, "invalid accept"));
	case IFLA_MGRE_MAXMAPPINGS:
		return addattr32(n, MGRE_REQUEST_MAX, type,
				 mgre_parse_u32(arg, "invalid maxmappings"));
	default:
		return addattr32(n, MGRE_REQUEST_MAX, type, mgre_parse_u32(arg, "invalid queue"));
	}
}

/* Sends only what was given: what is absent the kernel leaves as it is. */
static int mgre_parse_opt(struct link_util *lu, int argc, char **argv,
			  struct nlmsghdr *n)
{
	unsigned int seen = 0;

	for (; argc > 0; argc--, argv++) {
		const char *word = *argv;
		int type;

		type = mgre_option_type(word);
		if (type == IFLA_MGRE_UNSPEC) {
			if (strcmp(word, "help"))
				fprintf(stderr, "mgre: unknown option \"%s\"?\n", word);
			mgre_print_usage(stderr);
			return -1;
		}

		/* an option without a value is its own argument */
		if (!mgre_option_is_switch(type))
			NEXT_ARG();
		/* each family has a local address of its own */
		if (type == IFLA_MGRE_LOCAL && mgre_is_ipv6(*argv))
			type = IFLA_MGRE_LOCAL6;
		if (seen & (1U << type))
			duparg2(word, *argv);
		seen |= 1U << type;

		if (mgre_add_option(n, type, *argv))
			return -1;
	}

	return 0;
}

static __u8 mgre_attr_u8(const struct rtattr *rta)
{
	return *(__u8 *)RTA_DATA(rta);
}

static __u32 mgre_attr_u32(const struct rtattr *rta)
{
	return *(__u32 *)RTA_DATA(rta);
}

/* "any" is a device without either, not one of the other family. In the text both
 * have the word that is typed, in JSON each has a key of its own.
 */
static void mgre_print_locals(const struct rtattr *local, const struct rtattr *local6)
{
	if (local || !local6)
		tnl_print_endpoint("local", local, AF_INET);
	if (local6)
		tnl_print_endpoint(is_json_context() ? "local6" : "local", local6, AF_INET6);
}

static void mgre_print_link(const struct rtattr *rta)
{
	__u32 link = mgre_attr_u32(rta);

	if (link)
		print_color_string(PRINT_ANY, COLOR_NONE, "link", "dev %s ",
				   ll_index_to_name(link));
}

static void mgre_print_ttl(__u8 ttl)
{
	if (is_json_context() || ttl)
		print_color_uint(PRINT_ANY, COLOR_NONE, "ttl", "ttl %u ", ttl);
	else
		print_color_string(PRINT_FP, COLOR_NONE, NULL, "ttl %s ", "inherit");
}

static void mgre_print_tos(__u8 tos)
{
	if (is_json_context() || tos > 1)
		print_color_0xhex(PRINT_ANY, COLOR_NONE, "tos", "tos %#llx ", tos);
	else if (tos)
		print_color_string(PRINT_FP, COLOR_NONE, NULL, "tos %s ", "inherit");
}

static void mgre_print_pmtudisc(bool pmtudisc)
{
	print_color_bool(PRINT_ANY, COLOR_NONE, "pmtudisc",
			 pmtudisc ? "pmtudisc " : "nopmtudisc ", pmtudisc);
}

/* What is off is not there in the text, as with the other tunnels. */
static void mgre_print_flag(const char *key, const char *text, bool value)
{
	print_color_bool(value ? PRINT_ANY : PRINT_JSON, COLOR_NONE, key, text, value);
}

static void mgre_print_fwmark(__u32 fwmark)
{
	if (fwmark)
		print_color_0xhex(PRINT_ANY, COLOR_NONE, "fwmark", "fwmark %#llx ", fwmark);
}

/* A value that is newer than this plugin has no word. */
static void mgre_print_word(const char *key, const char *fmt,
			    const char *const *words, __u8 value)
{
	__u8 known = 0;

	while (known < value && words[known])
		known++;
	print_color_string(PRINT_ANY, COLOR_NONE, key, fmt,
			   words[known] ? words[known] : "unknown");
}

static void mgre_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	if (!tb)
		return;

	mgre_print_locals(tb[IFLA_MGRE_LOCAL], tb[IFLA_MGRE_LOCAL6]);
	if (tb[IFLA_MGRE_LINK])
		mgre_print_link(tb[IFLA_MGRE_LINK]);
	if (tb[IFLA_MGRE_KEY])
		print_color_uint(PRINT_ANY, COLOR_NONE, "key", "key %u ",
				 ntohl(mgre_attr_u32(tb[IFLA_MGRE_KEY])));
	if (tb[IFLA_MGRE_TTL])
		mgre_print_ttl(mgre_attr_u8(tb[IFLA_MGRE_TTL]));
	if (tb[IFLA_MGRE_TOS])
		mgre_print_tos(mgre_attr_u8(tb[IFLA_MGRE_TOS]));
	if (tb[IFLA_MGRE_PMTUDISC])
		mgre_print_pmtudisc(mgre_attr_u8(tb[IFLA_MGRE_PMTUDISC]));
	if (tb[IFLA_MGRE_IGNORE_DF])
		mgre_print_flag("ignore_df", "ignore-df ",
				mgre_attr_u8(tb[IFLA_MGRE_IGNORE_DF]));
	if (tb[IFLA_MGRE_CSUM])
		mgre_print_flag("csum", "csum ", mgre_attr_u8(tb[IFLA_MGRE_CSUM]));
	if (tb[IFLA_MGRE_FWMARK])
		mgre_print_fwmark(mgre_attr_u32(tb[IFLA_MGRE_FWMARK]));
	if (tb[IFLA_MGRE_RESOLVER])
		mgre_print_word("resolver", "resolver %s ", mgre_resolver_words,
				mgre_attr_u8(tb[IFLA_MGRE_RESOLVER]));
	if (tb[IFLA_MGRE_ACCEPT])
		mgre_print_word("accept", "accept %s ", mgre_accept_words,
				mgre_attr_u8(tb[IFLA_MGRE_ACCEPT]));
	if (tb[IFLA_MGRE_REDIRECT])
		mgre_print_flag("redirect", "redirect ", mgre_attr_u8(tb[IFLA_MGRE_REDIRECT]));
	if (tb[IFLA_MGRE_PROTECT])
		mgre_print_flag("protect", "protect ", mgre_attr_u8(tb[IFLA_MGRE_PROTECT]));
	if (tb[IFLA_MGRE_MAXMAPPINGS])
		print_color_uint(PRINT_ANY, COLOR_NONE, "maxmappings", "maxmappings %u ",
				 mgre_attr_u32(tb[IFLA_MGRE_MAXMAPPINGS]));
	if (tb[IFLA_MGRE_QUEUE])
		print_color_uint(PRINT_ANY, COLOR_NONE, "queue", "queue %u ",
				 mgre_attr_u32(tb[IFLA_MGRE_QUEUE]));
}

/* ip finds its plugin by this name, and links it into its list of kinds */
__attribute__((visibility("default"))) struct link_util mgre_link_util = {
	.id		= "mgre",
	.maxattr	= IFLA_MGRE_MAX,
	.parse_opt	= mgre_parse_opt,
	.print_opt	= mgre_print_opt,
	.print_help	= mgre_print_help,
};
