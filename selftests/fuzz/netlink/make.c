// SPDX-License-Identifier: GPL-2.0
/* Requests that are sound, or nearly so, out of the tables. */

#include <linux/mgre.h>
#include <linux/nhrp.h>
#include <string.h>

#include "netlink.h"

static __u32 sequence;

/**
 * number_messages - number those that follow
 * @from: number before the first
 */
void number_messages(__u32 from)
{
	sequence = from;
}

/**
 * add_attr - an attribute behind the others, without a value
 * @m: message
 * @spec: what it is
 * @depth: how deep in nests
 *
 * Return: it, or NULL if there is no room.
 */
struct attr *add_attr(struct message *m, const struct nl_attr *spec, __u8 depth)
{
	struct attr *a;

	if (m->count == ATTRS_MAX)
		return NULL;
	a = &m->attrs[m->count++];
	a->spec = spec;
	a->type = spec->type | (spec->kind == K_NEST ? NLA_F_NESTED : 0);
	a->depth = depth;
	a->lies = false;
	a->len = 0;
	memset(a->data, 0, sizeof(a->data));

	return a;
}

/* What a negative mapping takes no part of; type itself is set by its spec. */
static bool fits(const struct nl_attr *spec, const struct subject *s, bool negative)
{
	switch (spec->kind) {
	case K_PREFIXLEN:
	case K_GROUPLEN:
		/* A prefix that is none needs no length. */
		return s->len != (s->ip6 ? 128 : 32) || one_in(4);
	case K_NBMA:
	case K_FLAGS:
	case K_MTU:
	case K_U8:
	case K_U32:
		return !negative || one_in(32);
	default:
		return true;
	}
}

static void add_attrs(struct message *m, const struct nl_set *set,
		      struct subject *s, __u8 depth);

static void add_one(struct message *m, const struct nl_attr *spec,
		    struct subject *s, __u8 depth)
{
	struct attr *a = add_attr(m, spec, depth);
	struct subject other;

	if (!a)
		return;
	put_value(a, spec->kind, s);
	if (spec->kind != K_NEST)
		return;
	other = *s;
	if (depth == 0 && m->h.nlmsg_type == family)
		some_subject(&other);
	add_attrs(m, spec->nest, &other, depth + 1);
}

/* A mapping is of the type that it says, or static. */
static bool is_negative(const struct nl_set *set, const struct subject *s,
			__u32 chosen)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->attrs[i].kind == K_TYPE)
			return (chosen & 1 << i) &&
			       s->type == NHRP_MAPPING_TYPE_NEGATIVE;

	return false;
}

static void add_repeated(struct message *m, const struct nl_set *set,
			 struct subject *s, __u8 depth)
{
	unsigned int n = one_in(8) ? draw(14) : 1 + draw(4);

	if (!one_in(8))
		add_one(m, &set->attrs[0], s, depth);
	while (n--)
		add_one(m, &set->attrs[1 + draw(set->count - 1)], s, depth);
}

static void add_attrs(struct message *m, const struct nl_set *set,
		      struct subject *s, __u8 depth)
{
	bool group = s->group, negative;
	__u32 chosen = 0;
	unsigned int i;

	if (set->repeated) {
		add_repeated(m, set, s, depth);
		return;
	}
	for (i = 0; i < set->count; i++) {
		if (draw(16) >= set->attrs[i].often)
			continue;
		chosen |= 1 << i;
		group |= set->attrs[i].kind == K_GROUP;
	}
	if (group && !s->group)
		some_group(s);
	negative = is_negative(set, s, chosen);
	for (i = 0; i < set->count; i++)
		if ((chosen & 1 << i) && fits(&set->attrs[i], s, negative))
			add_one(m, &set->attrs[i], s, depth);
}

static const struct nl_command *some_command(bool route)
{
	unsigned int i, sum = 0, n;

	for (i = 0; i < command_count; i++)
		if (commands[i].route == route)
			sum += commands[i].often;
	n = draw(sum);
	for (i = 0; i < command_count; i++) {
		if (commands[i].route != route)
			continue;
		if (n < commands[i].often)
			break;
		n -= commands[i].often;
	}

	return &commands[i];
}

static __u16 flags_for(const struct nl_command *command)
{
	static const __u16 new[] = {
		NLM_F_CREATE | NLM_F_REPLACE, NLM_F_CREATE | NLM_F_REPLACE,
		NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE, NLM_F_REPLACE, 0,
	};
	bool makes = command->route ? command->id == RTM_NEWLINK :
				      command->id == NHRP_CMD_MAPPING_NEW;
	__u16 flags = NLM_F_REQUEST;

	if (command->dump)
		flags |= NLM_F_DUMP;
	else if (makes)
		flags |= new[draw(ARRAY_SIZE(new))];
	if (one_in(4))
		flags |= NLM_F_ACK;
	if (command->route && one_in(8))
		flags |= NLM_F_ECHO;

	return flags;
}

static void put_generic_header(struct message *m, __u8 cmd)
{
	struct genlmsghdr *g = (void *)m->fixed;

	g->cmd = cmd;
	g->version = NHRP_FAMILY_VERSION;
	m->fixed_len = sizeof(*g);
}

static void put_link_header(struct message *m, __u32 index)
{
	struct ifinfomsg *i = (void *)m->fixed;

	i->ifi_index = index;
	m->fixed_len = sizeof(*i);
}

static void begin_message(struct message *m, __u16 type, __u16 flags)
{
	m->h = (struct nlmsghdr){
		.nlmsg_type	= type,
		.nlmsg_flags	= flags,
		.nlmsg_seq	= ++sequence,
	};
	m->lie = 0;
	m->count = 0;
	memset(m->fixed, 0, sizeof(m->fixed));
}

static void some_link_header(struct message *m, const struct nl_command *command,
			     const struct subject *s)
{
	struct ifinfomsg *i = (void *)m->fixed;

	put_link_header(m, one_in(4) ? 0 : devices[s->device].index);
	if (command->dump) {
		i->ifi_index = 0;
		return;
	}
	if (!command->write || !one_in(3))
		return;
	i->ifi_change = IFF_UP;
	i->ifi_flags = one_in(3) ? 0 : IFF_UP;
}

/**
 * make_message - a request that is sound, or nearly so
 * @m: result
 * @route: for rtnetlink
 */
void make_message(struct message *m, bool route)
{
	const struct nl_command *command = some_command(route);
	struct subject s;

	some_subject(&s);
	begin_message(m, route ? command->id : family, flags_for(command));
	if (route)
		some_link_header(m, command, &s);
	else
		put_generic_header(m, command->id);
	add_attrs(m, command->request, &s, 0);
}

static const struct nl_attr *attr_of(const struct nl_set *set, __u16 type)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->attrs[i].type == type)
			return &set->attrs[i];
	die("no such attribute");
}

static void add_options(struct message *m, const struct nl_set *set,
			unsigned int device)
{
	unsigned int i;
	struct attr *a;

	for (i = 0; i < set->count; i++) {
		a = add_attr(m, &set->attrs[i], 2);
		if (!a)
			return;
		device_option(a, device);
		if (a->len == ATTR_DATA)
			m->count--;
	}
}

/**
 * make_device - the request that makes a device, or sets it back and up
 * @m: result
 * @device: number of the device
 */
void make_device(struct message *m, unsigned int device)
{
	const struct subject s = { .device = device };
	const struct nl_set *set = NULL;
	struct ifinfomsg *i = (void *)m->fixed;
	const struct nl_attr *spec;
	unsigned int n;

	for (n = 0; n < command_count; n++)
		if (commands[n].route && commands[n].id == RTM_NEWLINK)
			set = commands[n].request;
	begin_message(m, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
	put_link_header(m, devices[device].index);
	i->ifi_change = IFF_UP;
	i->ifi_flags = IFF_UP;
	put_value(add_attr(m, attr_of(set, IFLA_IFNAME), 0), K_NAME, &s);
	spec = attr_of(set, IFLA_LINKINFO);
	add_attr(m, spec, 0);
	set = spec->nest;
	put_value(add_attr(m, attr_of(set, IFLA_INFO_KIND), 1), K_LINK_KIND, &s);
	spec = attr_of(set, IFLA_INFO_DATA);
	add_attr(m, spec, 1);
	add_options(m, spec->nest, device);
}

/**
 * make_plain - a request about a device, and nothing else
 * @m: result
 * @command: what it is
 * @index: the device's; one that is not there has all of them refused
 */
void make_plain(struct message *m, const struct nl_command *command, __u32 index)
{
	/* In all sets but that of batches, which refuse it. */
	static const struct nl_attr ifindex = { .type = NHRP_A_MAPPING_IFINDEX };
	struct attr *a;

	begin_message(m, command->route ? command->id : family,
		      NLM_F_REQUEST | NLM_F_ACK | (command->dump ? NLM_F_DUMP : 0));
	if (command->route) {
		put_link_header(m, index);
		return;
	}
	put_generic_header(m, command->id);
	a = add_attr(m, &ifindex, 0);
	memcpy(a->data, &index, sizeof(index));
	a->len = sizeof(index);
}

static void align(struct packet *p)
{
	while (p->len % NLMSG_ALIGNTO && p->len < PACKET_MAX)
		put8(p, 0);
}

static void write_data(struct packet *p, const struct attr *a)
{
	__u32 i;

	put(p, a->data, a->len < ATTR_DATA ? a->len : ATTR_DATA);
	for (i = ATTR_DATA; i < a->len; i++)
		put8(p, i);
}

/* Returns the number of the attribute behind it and those in it. */
static unsigned int write_attr(struct packet *p, const struct message *m,
			       unsigned int number)
{
	const struct attr *a = &m->attrs[number];
	struct nlattr h = { .nla_type = a->type };
	size_t start = p->len;

	put(p, &h, sizeof(h));
	write_data(p, a);
	for (number++; number < m->count && m->attrs[number].depth > a->depth;) {
		align(p);
		number = write_attr(p, m, number);
	}
	h.nla_len = a->lies ? a->claim : p->len - start;
	align(p);
	if (p->len >= start + sizeof(h))
		memcpy(p->at + start, &h, sizeof(h));

	return number;
}

/**
 * write_message - put a message behind others
 * @p: where to
 * @m: message
 */
void write_message(struct packet *p, const struct message *m)
{
	struct nlmsghdr h = m->h;
	size_t start = p->len;
	unsigned int i = 0;

	put(p, &h, sizeof(h));
	put(p, m->fixed, m->fixed_len);
	align(p);
	while (i < m->count)
		i = write_attr(p, m, i);
	h.nlmsg_len = p->len - start + m->lie;
	if (p->len >= start + sizeof(h))
		memcpy(p->at + start, &h, sizeof(h));
}
