/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of iproute2's internal interface that link_mgre.so uses.
 *
 * The ip command opens link_KIND.so and takes the symbol KIND_link_util from
 * it; what the plugin calls is exported by the ip binary. No distribution ships
 * a header for this, so here is a copy of the declarations alone, taken from
 * iproute2 6.1.0 (include/utils.h, include/libnetlink.h, include/ll_map.h,
 * include/rt_names.h, include/json_print.h, include/color.h, ip/ip_common.h and
 * ip/tunnel.h). Nothing compares them with the binary: a declaration that
 * differs from it builds, loads, and then prints or sends garbage without a
 * word. So run "./check-abi SOURCE" after a change here and against the source
 * of each new iproute2, and declare nothing that differs between 6.1 and the
 * newest version (matches() does).
 */

#ifndef IPROUTE2_ABI_H
#define IPROUTE2_ABI_H

#include <stdbool.h>
#include <stdio.h>
#include <stdnoreturn.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/types.h>

/* ip/ip_common.h */
struct link_util {
	struct link_util	*next;
	const char		*id;
	int			maxattr;
	int	(*parse_opt)(struct link_util *lu, int argc, char **argv,
			     struct nlmsghdr *n);
	void	(*print_opt)(struct link_util *lu, FILE *f, struct rtattr *tb[]);
	void	(*print_xstats)(struct link_util *lu, FILE *f,
				struct rtattr *xstats);
	void	(*print_help)(struct link_util *lu, int argc, char **argv,
			      FILE *f);
	int	(*parse_ifla_xstats)(struct link_util *lu, int argc, char **argv);
	int	(*print_ifla_xstats)(struct nlmsghdr *n, void *arg);
};

/* include/utils.h */
__u32 get_addr32(const char *name);
int get_u32(__u32 *val, const char *arg, int base);
int get_u8(__u8 *val, const char *arg, int base);
noreturn void incomplete_command(void);
noreturn void invarg(const char *msg, const char *arg);
noreturn void duparg2(const char *key, const char *arg);
int nodev(const char *dev);

/* include/libnetlink.h */
int addattr8(struct nlmsghdr *n, int maxlen, int type, __u8 data);
int addattr32(struct nlmsghdr *n, int maxlen, int type, __u32 data);
int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data,
	      int alen);

/* include/ll_map.h */
unsigned int ll_name_to_index(const char *name);
const char *ll_index_to_name(unsigned int idx);

/* include/rt_names.h */
int rtnl_dsfield_a2n(__u32 *id, const char *arg);

/* ip/tunnel.h */
__be32 tnl_parse_key(const char *name, const char *key);
void tnl_print_endpoint(const char *name, const struct rtattr *rta,
			int family);

/* include/color.h */
enum color_attr {
	COLOR_IFNAME,
	COLOR_MAC,
	COLOR_INET,
	COLOR_INET6,
	COLOR_OPERSTATE_UP,
	COLOR_OPERSTATE_DOWN,
	COLOR_NONE
};

/* include/json_print.h */
enum output_type {
	PRINT_FP = 1,
	PRINT_JSON = 2,
	PRINT_ANY = 4,
};

bool is_json_context(void);

int print_color_bool(enum output_type t, enum color_attr color,
		     const char *key, const char *fmt, bool value);
int print_color_string(enum output_type t, enum color_attr color,
		       const char *key, const char *fmt, const char *value);
int print_color_uint(enum output_type t, enum color_attr color,
		     const char *key, const char *fmt, unsigned int value);
int print_color_0xhex(enum output_type t, enum color_attr color,
		      const char *key, const char *fmt,
		      unsigned long long value);

#endif /* IPROUTE2_ABI_H */
