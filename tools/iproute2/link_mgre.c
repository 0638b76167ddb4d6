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
	fputs("Usage: ... mgre	[ local ADDR ]\n"
	      "		[ dev PHYS_DEV ]\n"
	      "		[ key KEY ]\n"
	      "		[ ttl TTL ]\n"
	      "		[ tos TOS ]\n"
	      "		[ [no]pmtudisc ]\n"
	      "		[ maxmappings NUMBER ]\n"
	      "		[ queue PACKETS ]\n"
	      "\n"
	      "Where:	ADDR := { IP_ADDRESS | any }\n"
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

static int mgre_add_option(struct nlmsghdr *n, int type, const char *arg)
{
	switch (type) {
	case IFLA_MGRE_LOCAL:
		return addattr32(n, MGRE_REQUEST_MAX, type, get_addr32(arg));
	case IFLA_MGRE_LINK:
		return addattr32(n, MGRE_REQUEST_MAX, type, mgre_parse_dev(arg));
	case IFLA_MGRE_KEY:
		return addattr32(n, MGRE_REQUEST_MAX, type, tnl_parse_key("key", arg));
	case IFLA_MGRE_TTL:
		return addattr8(n, MGRE_REQUEST_MAX, type, mgre_parse_ttl(arg));
	case IFLA_MGRE_TOS:
		return addattr8(n, MGRE_REQUEST_MAX, type, mgre_parse_tos(arg));
	case IFLA_MGRE_PMTUDISC:
		return addattr8(n, MGRE_REQUEST_MAX, type, !strcmp(arg, "pmtudisc"));
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

		/* the one option without a value is its own argument */
		if (type != IFLA_MGRE_PMTUDISC)
			NEXT_ARG();
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

static void mgre_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	if (!tb)
		return;

	tnl_print_endpoint("local", tb[IFLA_MGRE_LOCAL], AF_INET);
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
