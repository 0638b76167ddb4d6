// SPDX-License-Identifier: GPL-2.0
/* Sound requests, made unsound in ways that a parser may miss. */

#include <linux/genetlink.h>
#include <string.h>

#include "netlink.h"

/* An attribute and those in it are from @i up to the result. */
static unsigned int end_of(const struct message *m, unsigned int i)
{
	unsigned int end = i + 1;

	while (end < m->count && m->attrs[end].depth > m->attrs[i].depth)
		end++;

	return end;
}

static void leave_out(struct message *m, unsigned int i)
{
	unsigned int end = end_of(m, i);

	memmove(&m->attrs[i], &m->attrs[end],
		(m->count - end) * sizeof(m->attrs[0]));
	m->count -= end - i;
}

static void double_it(struct message *m, unsigned int i)
{
	unsigned int n = end_of(m, i) - i, times = one_in(16) ? draw(40) : 1;

	while (times-- && m->count + n <= ATTRS_MAX) {
		memmove(&m->attrs[i + n], &m->attrs[i],
			(m->count - i) * sizeof(m->attrs[0]));
		m->count += n;
	}
}

static void swap(struct message *m, unsigned int i)
{
	unsigned int other = draw(m->count);
	struct attr a = m->attrs[i];

	m->attrs[i] = m->attrs[other];
	m->attrs[other] = a;
}

static void other_length(struct message *m, unsigned int i)
{
	static const __u16 lens[] = {
		0, 1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 32, 63, 64, 65, 100, 1000, 4096,
	};
	struct attr *a = &m->attrs[i];

	switch (draw(4)) {
	case 0:
		a->len += a->len < ATTR_DATA;
		break;
	case 1:
		a->len -= a->len > 0;
		break;
	default:
		a->len = lens[draw(ARRAY_SIZE(lens))];
	}
	/* Too long for a length of 16 bits as well, though seldom. */
	if (one_in(512))
		a->len = 65520 + draw(32);
}

static void lie(struct message *m, unsigned int i)
{
	static const __u16 claims[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 20, 24, 255, 256, 4096, 32767, 32768,
		65532, 65535,
	};
	struct attr *a = &m->attrs[i];
	__u16 true_len = 4 + a->len;

	a->lies = true;
	a->claim = one_in(2) ? claims[draw(ARRAY_SIZE(claims))] :
			       true_len + draw(9) - 4;
}

static void other_type(struct message *m, unsigned int i)
{
	struct attr *a = &m->attrs[i];

	switch (draw(6)) {
	case 0:
		a->type ^= NLA_F_NESTED;
		break;
	case 1:
		a->type ^= NLA_F_NET_BYTEORDER;
		break;
	case 2:
		a->type = random64();
		break;
	case 3:
		a->type += one_in(2) ? 1 : -1;
		break;
	default:
		a->type = (a->type & ~NLA_TYPE_MASK) | draw(24);
	}
}

static void other_value(struct message *m, unsigned int i)
{
	odd_value(&m->attrs[i]);
}

/* Out of the nest that it is in, or into the attribute before it. */
static void other_depth(struct message *m, unsigned int i)
{
	struct attr *a = &m->attrs[i];

	if (one_in(2) && a->depth)
		a->depth--;
	else
		a->depth++;
}

static void deep_nests(struct message *m, unsigned int i)
{
	struct attr a = m->attrs[i];

	a.len = 0;
	a.type |= NLA_F_NESTED;
	m->count = i;
	while (m->count < ATTRS_MAX && !one_in(48)) {
		a.depth++;
		m->attrs[m->count++] = a;
	}
}

static void mutate_attr(struct message *m)
{
	static void (*const ways[])(struct message *m, unsigned int i) = {
		leave_out, leave_out, double_it, swap, other_length, other_length,
		lie, lie, other_type, other_type, other_value, other_value,
		other_value, other_value, other_depth,
	};
	unsigned int i;

	if (!m->count)
		return;
	i = draw(m->count);
	if (one_in(256))
		deep_nests(m, i);
	else
		ways[draw(ARRAY_SIZE(ways))](m, i);
}

static void mutate_header(struct message *m)
{
	static const __u16 types[] = { 0, 1, 2, 3, 4, 15, 16, 16, 17, 19 };

	switch (draw(8)) {
	case 0:
		m->h.nlmsg_flags = random64();
		break;
	case 1:
	case 2:
		m->h.nlmsg_flags ^= 1 << draw(12);
		break;
	case 3:
		m->h.nlmsg_type = types[draw(ARRAY_SIZE(types))];
		break;
	case 4:
		m->h.nlmsg_pid = random64();
		break;
	case 5:
		m->lie = one_in(2) ? (int)draw(33) - 16 : (int)random64();
		break;
	default:
		m->h.nlmsg_flags |= NLM_F_REPLACE << draw(4);
	}
}

/* Header of the family. */
static void mutate_fixed(struct message *m)
{
	if (one_in(3)) {
		m->fixed_len = draw(m->fixed_len + 8);
		return;
	}
	m->fixed[draw(m->fixed_len)] = one_in(2) ? draw(20) : random64();
}

/**
 * mutate_message - make a request unsound
 * @m: it
 */
void mutate_message(struct message *m)
{
	unsigned int n = one_in(4) ? 1 + draw(6) : 1;

	while (n--) {
		if (one_in(8))
			mutate_header(m);
		else if (m->fixed_len && one_in(16))
			mutate_fixed(m);
		else
			mutate_attr(m);
	}
}
