// SPDX-License-Identifier: GPL-2.0
/* What the kernel says, held against the tables. */

#include <linux/nhrp.h>
#include <stdarg.h>
#include <string.h>

#include "netlink.h"

#define ATTR_TYPES	128

unsigned int complaints;

/**
 * complain - say what is wrong with what came back
 * @format: as printf() has it
 */
void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (complaints++ < 20) {
		fputs("fuzz: ", stdout);
		vprintf(format, args);
		putchar('\n');
	}
	va_end(args);
}

static void check_padding(const char *what, const __u8 *at, size_t len, size_t left)
{
	for (; len % NLA_ALIGNTO && len < left; len++)
		if (at[len])
			complain("%s: padding of an attribute is not zero", what);
}

static bool is_string(const __u8 *at, size_t len)
{
	return len && strnlen((const char *)at, len) == len - 1;
}

static bool value_fits(const struct nl_attr *spec, const __u8 *at, size_t len)
{
	switch (spec->kind) {
	case K_U8:
		return len == 1;
	case K_BOOL:
		return len == 1 && *at <= 1;
	case K_U32:
	case K_ADDR4:
		return len == 4;
	case K_U64:
		return len == 8;
	case K_FLAG:
	case K_PAD:
		return !len;
	case K_ADDR:
		return len == 4 || len == 16;
	case K_ADDR6:
		return len == 16;
	case K_STRING:
		return is_string(at, len);
	case K_BINARY:
		return len && len <= 128;
	default:
		return true;
	}
}

static const struct nl_attr *spec_of(const struct nl_set *set, __u16 type)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->attrs[i].type == type)
			return &set->attrs[i];

	return NULL;
}

/* A link of another kind has options of its own. */
static bool other_kind(const struct nl_set *set, const void *kind, size_t len)
{
	return set == link_reply.attrs[link_reply.count - 1].nest &&
	       (!kind || len != 5 || memcmp(kind, "mgre", 5));
}

static void check_value(const char *what, const struct nl_attr *spec,
			const __u8 *at, size_t len)
{
	if (!value_fits(spec, at, len))
		complain("%s: attribute %u of length %zu is malformed", what,
			 spec->type, len);
	if (spec->kind == K_NEST)
		check_attrs(what, at, len, spec->nest);
}

static void check_required(const char *what, const struct nl_set *set,
			   const unsigned int *seen)
{
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		if (set->attrs[i].often == 16 && !seen[set->attrs[i].type])
			complain("%s: no attribute %u", what, set->attrs[i].type);
		if (set->attrs[i].kind != K_PAD && seen[set->attrs[i].type] > 1)
			complain("%s: attribute %u twice", what, set->attrs[i].type);
	}
}

/**
 * check_attrs - attributes are those that there may be
 * @what: what they are of
 * @at: where they are
 * @len: their length
 * @set: attributes that there are
 */
void check_attrs(const char *what, const void *at, size_t len,
		 const struct nl_set *set)
{
	unsigned int seen[ATTR_TYPES] = { 0 };
	const struct nl_attr *spec;
	const struct nlattr *a;
	const void *kind = NULL;
	size_t kind_len = 0;
	size_t step;
	__u16 type;

	for (; len; at += step, len -= step) {
		a = at;
		if (len < NLA_HDRLEN || a->nla_len < NLA_HDRLEN || a->nla_len > len) {
			complain("%s: attributes run over", what);
			return;
		}
		check_padding(what, at, a->nla_len, len);
		type = a->nla_type & NLA_TYPE_MASK;
		spec = spec_of(set, type);
		if (!spec && !set->open)
			complain("%s: unknown attribute %u", what, type);
		if (type < ATTR_TYPES)
			seen[type]++;
		if (spec && spec->kind == K_STRING && type == IFLA_INFO_KIND) {
			kind = at + NLA_HDRLEN;
			kind_len = a->nla_len - NLA_HDRLEN;
		}
		if (spec && !(spec->kind == K_NEST && other_kind(set, kind, kind_len)))
			check_value(what, spec, at + NLA_HDRLEN,
				    a->nla_len - NLA_HDRLEN);
		step = NLA_ALIGN((size_t)a->nla_len);
		if (step > len)
			break;
	}
	check_required(what, set, seen);
}

/* Offset of an attribute inside the request. */
static void check_offset(const char *what, const void *value, size_t len,
			 const struct nlmsghdr *request)
{
	__u32 offset;

	if (len != sizeof(offset)) {
		complain("%s of length %zu", what, len);
		return;
	}
	memcpy(&offset, value, sizeof(offset));
	if (offset < NLMSG_HDRLEN || offset % NLA_ALIGNTO ||
	    offset + NLA_HDRLEN > request->nlmsg_len)
		complain("%s %u is no attribute of a request of %u octets", what,
			 offset, request->nlmsg_len);
}

/**
 * check_errors - what an error tells beside its number
 * @h: NLMSG_ERROR or NLMSG_DONE
 * @request: what it is about
 * @offset: where the attributes are
 */
void check_errors(const struct nlmsghdr *h, const struct nlmsghdr *request,
		  size_t offset)
{
	size_t left = h->nlmsg_len - offset, len;
	const void *at = (const __u8 *)h + offset;
	const struct nlattr *a;

	while (left) {
		a = at;
		if (left < NLA_HDRLEN || a->nla_len < NLA_HDRLEN || a->nla_len > left) {
			complain("attributes of an error run over");
			return;
		}
		len = a->nla_len - NLA_HDRLEN;
		check_padding("error", at, a->nla_len, left);
		switch (a->nla_type & NLA_TYPE_MASK) {
		case NLMSGERR_ATTR_MSG:
			if (!is_string(at + NLA_HDRLEN, len) || len < 2)
				complain("text of an error is no string");
			break;
		case NLMSGERR_ATTR_OFFS:
			check_offset("offset", at + NLA_HDRLEN, len, request);
			break;
		case NLMSGERR_ATTR_MISS_NEST:
			check_offset("nest", at + NLA_HDRLEN, len, request);
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			if (len != 4)
				complain("missing type of length %zu", len);
			break;
		case NLMSGERR_ATTR_POLICY:
			break;
		default:
			complain("error has unknown attribute %u", a->nla_type);
		}
		len = NLA_ALIGN(a->nla_len);
		if (len >= left)
			break;
		at += len;
		left -= len;
	}
}

static const struct nlattr *find(const void *at, size_t len, __u16 type)
{
	const struct nlattr *a;
	size_t step;

	for (; len >= NLA_HDRLEN; at += step, len -= step) {
		a = at;
		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		if (a->nla_type == type)
			return a;
		step = NLA_ALIGN((size_t)a->nla_len);
		if (step >= len)
			break;
	}

	return NULL;
}

static __u8 first_octet(const struct nlattr *a)
{
	return a ? *((const __u8 *)a + NLA_HDRLEN) : 0;
}

static bool bits_behind(const __u8 *addr, unsigned int size, unsigned int len)
{
	unsigned int i;

	for (i = len; i < size * 8; i++)
		if (addr[i / 8] & 0x80 >> i % 8)
			return true;

	return false;
}

/* A mapping makes sense. */
static void check_mapping(const char *what, const void *at, size_t len)
{
	const struct nlattr *dst = find(at, len, NHRP_A_MAPPING_DST);
	unsigned int bits = first_octet(find(at, len, NHRP_A_MAPPING_PREFIXLEN));
	unsigned int type = first_octet(find(at, len, NHRP_A_MAPPING_TYPE));
	bool nbma = find(at, len, NHRP_A_MAPPING_NBMA), learnt;
	unsigned int size;

	if (!dst)
		return;
	size = dst->nla_len - NLA_HDRLEN;
	if (bits > size * 8 ||
	    bits_behind((const __u8 *)dst + NLA_HDRLEN, size, bits))
		complain("%s: prefix length %u of %u octets", what, bits, size);
	learnt = type == NHRP_MAPPING_TYPE_STATIC ||
		 type == NHRP_MAPPING_TYPE_DYNAMIC ||
		 type == NHRP_MAPPING_TYPE_CACHED;
	if (!learnt && type != NHRP_MAPPING_TYPE_INCOMPLETE &&
	    type != NHRP_MAPPING_TYPE_NEGATIVE)
		complain("%s: type %u", what, type);
	if (nbma != learnt)
		complain("%s: type %u and %s NBMA address", what, type,
			 nbma ? "an" : "no");
	if (find(at, len, NHRP_A_MAPPING_EXPIRES) &&
	    !find(at, len, NHRP_A_MAPPING_HOLD))
		complain("%s: expires without a holding time", what);
}

static bool check_generic_header(const struct nlmsghdr *h, __u8 cmd)
{
	const struct genlmsghdr *g = (const void *)(h + 1);

	if (h->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN) {
		complain("message of %u octets", h->nlmsg_len);
		return false;
	}
	if (g->cmd != cmd || g->version != NHRP_FAMILY_VERSION || g->reserved)
		complain("header of command %u: %u %u %u", cmd, g->cmd, g->version,
			 g->reserved);

	return true;
}

static void check_generic(const struct nlmsghdr *h, const char *what,
			  const struct nl_set *set)
{
	const void *at = (const __u8 *)h + NLMSG_HDRLEN + GENL_HDRLEN;
	size_t len = h->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;

	check_attrs(what, at, len, set);
	if (set == &mapping_reply)
		check_mapping(what, at, len);
}

static void check_link(const struct nlmsghdr *h)
{
	const size_t fixed = NLMSG_ALIGN(sizeof(struct ifinfomsg));

	if (h->nlmsg_len < NLMSG_HDRLEN + fixed)
		complain("link message of %u octets", h->nlmsg_len);
	else
		check_attrs("link", (const __u8 *)h + NLMSG_HDRLEN + fixed,
			    h->nlmsg_len - NLMSG_HDRLEN - fixed, &link_reply);
}

/**
 * check_reply - an answer to a request is well-formed
 * @h: answer
 * @command: request
 */
void check_reply(const struct nlmsghdr *h, const struct nl_command *command)
{
	if (command->route) {
		check_link(h);
		return;
	}
	if (!command->reply) {
		complain("%s is replied to", command->name);
		return;
	}
	if (check_generic_header(h, command->id))
		check_generic(h, command->name, command->reply);
}

/**
 * check_event - a message to a group is well-formed
 * @h: message
 */
void check_event(const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = (const void *)(h + 1);
	const struct nl_set *set;

	if (h->nlmsg_type != family || h->nlmsg_flags || h->nlmsg_seq ||
	    h->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN) {
		complain("event with type %u flags %x number %u", h->nlmsg_type,
			 h->nlmsg_flags, h->nlmsg_seq);
		return;
	}
	set = event_set(g->cmd);
	if (!set)
		complain("event of command %u", g->cmd);
	else if (check_generic_header(h, g->cmd))
		check_generic(h, "event", set);
}
