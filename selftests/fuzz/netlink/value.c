// SPDX-License-Identifier: GPL-2.0
/* Values of attributes: few, so that requests meet what is there already. */

#include <arpa/inet.h>
#include <linux/mgre.h>
#include <linux/nhrp.h>
#include <string.h>

#include "netlink.h"

static const __u8 odd4[][4] = {
	{ 0, 0, 0, 0 }, { 255, 255, 255, 255 }, { 224, 0, 0, 1 }, { 127, 0, 0, 1 },
	{ 240, 0, 0, 1 }, { 192, 0, 2, 255 }, { 192, 0, 2, 1 }, { 192, 0, 2, 5 },
	{ 169, 254, 0, 1 }, { 10, 0, 1, 1 },
};

static const __u8 odd6[][16] = {
	{ 0 },
	{ [15] = 1 },
	{ 0xff, 2, [15] = 1 },
	{ 0xfe, 0x80, [15] = 1 },
	{ [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 11 },
	{ 0x20, 1, 0xd, 0xb8, 0, 2, [15] = 3 },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
};

static void clear_behind(__u8 *addr, unsigned int size, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < size; i++, len -= len < 8 ? len : 8)
		if (len < 8)
			addr[i] &= ~(0xff >> len);
}

static void some_nbma(struct subject *s)
{
	static const __u8 peer[4] = { 198, 51, 100, 10 };
	static const __u8 net6[6] = { 0x20, 1, 0xd, 0xb8, 1, 0 };
	/* Mostly of the family that the device carries. */
	bool ip6 = s->device == 3 || s->device == 4 || (s->device > 4 && draw(2));

	if (one_in(16))
		ip6 = !ip6;
	memset(s->nbma, 0, sizeof(s->nbma));
	s->nbma_len = ip6 ? 16 : 4;
	if (one_in(24)) {
		if (ip6)
			memcpy(s->nbma, odd6[draw(ARRAY_SIZE(odd6))], 16);
		else
			memcpy(s->nbma, odd4[draw(ARRAY_SIZE(odd4))], 4);
	} else if (ip6) {
		memcpy(s->nbma, net6, sizeof(net6));
		s->nbma[15] = 0x10 + draw(8);
	} else {
		memcpy(s->nbma, peer, sizeof(peer));
		s->nbma[3] += draw(8);
	}
}

static void some_dst4(struct subject *s)
{
	static const __u8 lens[] = { 31, 30, 29, 24, 16, 8, 1, 0 };

	s->len = one_in(3) ? lens[draw(ARRAY_SIZE(lens))] : 32;
	s->dst[0] = 10;
	s->dst[2] = draw(3);
	s->dst[3] = draw(8);
	if (one_in(48))
		memcpy(s->dst, odd4[draw(ARRAY_SIZE(odd4))], 4);
	clear_behind(s->dst, 4, s->len);
}

static void some_dst6(struct subject *s)
{
	static const __u8 lens[] = { 127, 126, 112, 64, 48, 3, 1, 0 };
	static const __u8 net[8] = { 0x20, 1, 0xd, 0xb8, 0, 10, 0, 0 };

	s->len = one_in(3) ? lens[draw(ARRAY_SIZE(lens))] : 128;
	memcpy(s->dst, net, sizeof(net));
	s->dst[7] = draw(2);
	s->dst[15] = draw(8);
	if (one_in(48))
		memcpy(s->dst, odd6[draw(ARRAY_SIZE(odd6))], 16);
	clear_behind(s->dst, 16, s->len);
}

/**
 * some_group - turn a subject into a group of multicast
 * @s: subject
 */
void some_group(struct subject *s)
{
	static const __u8 lens4[] = { 4, 8, 24, 31 }, lens6[] = { 8, 16, 64, 127 };

	s->group = true;
	memset(s->dst, 0, sizeof(s->dst));
	if (s->ip6) {
		s->len = one_in(3) ? lens6[draw(ARRAY_SIZE(lens6))] : 128;
		s->dst[0] = 0xff;
		s->dst[1] = 2 + 12 * draw(2);
		s->dst[15] = draw(3);
	} else {
		s->len = one_in(3) ? lens4[draw(ARRAY_SIZE(lens4))] : 32;
		s->dst[0] = 224 + draw(2) * 15;
		s->dst[3] = draw(3);
	}
	clear_behind(s->dst, s->ip6 ? 16 : 4, s->len);
}

/**
 * some_subject - what a request is about
 * @s: result
 */
void some_subject(struct subject *s)
{
	static const __u8 types[] = {
		NHRP_MAPPING_TYPE_DYNAMIC, NHRP_MAPPING_TYPE_DYNAMIC,
		NHRP_MAPPING_TYPE_CACHED, NHRP_MAPPING_TYPE_CACHED,
		NHRP_MAPPING_TYPE_NEGATIVE, NHRP_MAPPING_TYPE_STATIC,
	};

	memset(s, 0, sizeof(*s));
	s->device = 1 + draw(7);
	s->ip6 = draw(2);
	s->type = types[draw(ARRAY_SIZE(types))];
	some_nbma(s);
	if (s->ip6)
		some_dst6(s);
	else
		some_dst4(s);
}

static void set8(struct attr *a, __u8 value)
{
	a->len = 1;
	a->data[0] = value;
}

static void set32(struct attr *a, __u32 value)
{
	a->len = 4;
	memcpy(a->data, &value, 4);
}

static void set_octets(struct attr *a, const void *octets, __u32 len)
{
	a->len = len;
	memcpy(a->data, octets, len);
}

static void set_text(struct attr *a, const char *text)
{
	set_octets(a, text, strlen(text) + 1);
}

static void set_local(struct attr *a, bool ip6, unsigned int number)
{
	__u8 addr[16] = { 0x20, 1, 0xd, 0xb8, 0, 2, [15] = number };
	__u8 addr4[4] = { 192, 0, 2, number };

	if (ip6)
		set_octets(a, addr, 16);
	else
		set_octets(a, addr4, 4);
}

static void set_name(struct attr *a, unsigned int device)
{
	set_text(a, devices[device].name);
}

static __u32 some_flags(void)
{
	static const __u8 flags[] = {
		NHRP_MAPPING_FLAGS_MULTICAST, NHRP_MAPPING_FLAGS_SHORTCUT,
		NHRP_MAPPING_FLAGS_UNIQUE, NHRP_MAPPING_FLAGS_RESOLVE,
		NHRP_MAPPING_FLAGS_NAT,
	};
	__u32 value = 0;

	do
		value |= flags[draw(ARRAY_SIZE(flags))];
	while (one_in(3));

	return one_in(64) ? 1U << draw(8) : value;
}

static __u32 some_index(unsigned int device)
{
	static const __u32 others[] = { 1, UNDERLAY_INDEX, 0, NO_INDEX };

	return one_in(64) ? others[draw(ARRAY_SIZE(others))] :
			    devices[device].index;
}

/* Those of links. */
static void put_link_value(struct attr *a, enum nl_kind kind,
			   const struct subject *s)
{
	static const __u8 tos[] = { 0, 1, 4, 0x10, 0xb8, 0xfc };
	static const __u32 limits[] = { 1, 2, 16, 16, 1000, 1 << 20 };

	switch (kind) {
	case K_UNDERLAY:
		return set32(a, one_in(4) ? UNDERLAY_INDEX :
				one_in(8) ? some_index(draw(DEVICES)) : 0);
	case K_KEY:
		return set32(a, htonl(s->device + (one_in(6) ? draw(4) : 0)));
	case K_TOS:
		return set8(a, tos[draw(ARRAY_SIZE(tos))]);
	case K_QUEUE:
		return set32(a, one_in(8) ? 1024 + draw(2) : draw(20));
	case K_MAXMAPPINGS:
		return set32(a, limits[draw(ARRAY_SIZE(limits))]);
	case K_LOCAL4:
	case K_LOCAL6:
		return set_local(a, kind == K_LOCAL6, one_in(8) ? 0 :
				 1 + draw(DEVICES - 1));
	case K_NAME:
		return set_name(a, s->device);
	case K_LINK_KIND:
		return set_text(a, "mgre");
	case K_NETNS_FD:
		return set32(a, one_in(2) ? FD_HERE : FD_THERE);
	case K_LINK_MTU:
		return set32(a, one_in(2) ? 1280 + draw(200) : draw(66000));
	default:
		return set32(a, draw(8));
	}
}

/**
 * put_value - a sound value, or nearly always one
 * @a: attribute
 * @kind: what it is to be
 * @s: what the request is about
 */
void put_value(struct attr *a, enum nl_kind kind, const struct subject *s)
{
	static const __u8 protocols[] = { 2, 3, 4, 4, 186 };
	static const __u32 holds[] = { 1, 1, 2, 3, 30, 3600 };

	switch (kind) {
	case K_U8:
		return set8(a, draw(256));
	case K_BOOL:
		return set8(a, draw(2));
	case K_U32:
		return set32(a, one_in(2) ? draw(16) : random64());
	case K_FLAG:
	case K_NEST:
		a->len = 0;
		return;
	case K_STRING:
		return set_text(a, "an alias");
	case K_IFINDEX:
		return set32(a, some_index(s->device));
	case K_DST:
	case K_GROUP:
		return set_octets(a, s->dst, s->ip6 ? 16 : 4);
	case K_ADDR:
	case K_NBMA:
		return set_octets(a, s->nbma, s->nbma_len);
	case K_PREFIXLEN:
	case K_GROUPLEN:
		return set8(a, s->len);
	case K_TYPE:
		return set8(a, s->type);
	case K_FLAGS:
		return set32(a, some_flags());
	case K_HOLD:
		return set32(a, holds[draw(ARRAY_SIZE(holds))]);
	case K_MTU:
		return set32(a, 68 + draw(1500));
	case K_PROTOCOL:
		return set8(a, protocols[draw(ARRAY_SIZE(protocols))]);
	default:
		return put_link_value(a, kind, s);
	}
}

/* Numbers at which something ends, or begins. */
static __u32 odd_number(void)
{
	static const __u32 odd[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 31, 32, 33, 63, 64, 67, 68, 127, 128,
		129, 254, 255, 256, 1023, 1024, 1025, 32767, 32768, 65535, 65536,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, UNDERLAY_INDEX,
		FIRST_INDEX, 1 << 14, 1 << 15, 4294967, 4294968, 0x01000000,
	};

	return odd[draw(ARRAY_SIZE(odd))];
}

/**
 * odd_value - a value of the length that it has, at the end of a range or anything
 * @a: attribute
 */
void odd_value(struct attr *a)
{
	__u32 n = odd_number();
	__u64 any = random64();
	unsigned int i;

	if (a->len == 4 && one_in(3))
		memcpy(a->data, odd4[draw(ARRAY_SIZE(odd4))], 4);
	else if (a->len == 16 && !one_in(3))
		memcpy(a->data, odd6[draw(ARRAY_SIZE(odd6))], 16);
	else if (a->len >= 4)
		memcpy(a->data, one_in(3) ? (void *)&any : &n, 4);
	else if (a->len)
		a->data[0] = one_in(3) ? any : n;
	if (!one_in(3) || !a->len)
		return;
	i = draw(a->len < ATTR_DATA ? a->len : ATTR_DATA);
	a->data[i] ^= 1 << draw(8);
}

/**
 * device_option - an option of a device of the run, as it is first made
 * @a: attribute, an option of kind "mgre"; of length ATTR_DATA if the device has none
 * @device: number of the device
 */
void device_option(struct attr *a, unsigned int device)
{
	bool ip4 = device == 1 || device == 2 || device == 5 || device == 6;
	bool ip6 = device >= 3 && device <= 6;
	bool neigh = device == 2 || device == 6;

	a->len = ATTR_DATA;
	switch (a->type) {
	case IFLA_MGRE_LOCAL:
		if (ip4)
			set_local(a, false, device);
		break;
	case IFLA_MGRE_LOCAL6:
		if (ip6)
			set_local(a, true, device);
		break;
	case IFLA_MGRE_KEY:
		if (device & 1)
			set_octets(a, (__u8[]){ 0, 0, 0, device }, 4);
		break;
	case IFLA_MGRE_RESOLVER:
		set8(a, neigh);
		break;
	case IFLA_MGRE_REDIRECT:
		set8(a, device == 5);
		break;
	case IFLA_MGRE_CSUM:
		set8(a, device == 2 || device == 4 || device == 5);
		break;
	case IFLA_MGRE_ACCEPT:
		set8(a, device == 2 || device == 4);
		break;
	case IFLA_MGRE_MAXMAPPINGS:
		set32(a, device == 4 ? 8 : device == 7 ? 24 : 1 << 20);
		break;
	case IFLA_MGRE_QUEUE:
		set32(a, device == 5 ? 2 : 16);
		break;
	}
}
