// SPDX-License-Identifier: GPL-2.0
/* Payload of GRE: what it says it is, or nearly so. */

#include <arpa/inet.h>
#include <string.h>

#include "fuzz.h"

#define DEPTH_MAX	6

static const __u16 lengths[] = {
	0, 1, 7, 8, 19, 20, 21, 39, 40, 41, 255, 1279, 1280, 1500, 32767, 32768,
	65514, 65515, 65534, 65535,
};

/* A length that is not the true one. */
static __u16 lie(size_t len)
{
	switch (draw(4)) {
	case 0:
		return len + 1;
	case 1:
		return len - 1;
	case 2:
		return random64();
	default:
		return lengths[draw(ARRAY_SIZE(lengths))];
	}
}

/**
 * some_proto - an EtherType
 *
 * Return: one that GRE carries, or that it does not.
 */
__u16 some_proto(void)
{
	static const __u16 others[] = {
		0x8847, 0x8848,		/* MPLS */
		0x2001,			/* NHRP */
		0x6558, 0x88be, 0x22eb,	/* gretap, ERSPAN */
		0x883e,			/* WCCP */
		0x880b, 0x0806, 0x8100, 0x88a8, 0x8864, 0x894f, 0x00fe, 0, 0xffff,
	};
	unsigned int kind = draw(100);

	if (kind < 40)
		return 0x0800;
	if (kind < 70)
		return 0x86dd;
	if (kind < 95)
		return others[draw(ARRAY_SIZE(others))];

	return random64();
}

/* Mostly little, now and then up to what an outer packet holds. */
static size_t some_length(void)
{
	switch (draw(64)) {
	case 0:
		return draw(1500);
	case 1:
		return one_in(16) ? draw(66000) : 0;
	default:
		return draw(80);
	}
}

static void some_address4(const struct target *t, __u8 *addr)
{
	static const __u8 strange[][4] = {
		{ 0, 0, 0, 0 }, { 255, 255, 255, 255 }, { 127, 0, 0, 1 },
		{ 224, 0, 0, 1 }, { 224, 0, 0, 5 }, { 10, 0, 1, 255 },
		{ 192, 0, 2, 1 }, { 240, 0, 0, 1 }, { 169, 254, 1, 1 },
	};
	const __u8 own[] = { 10, 0, t->number, 1 };
	const __u8 peers[] = { 10, 0, t->number, 2 };
	__u32 any;

	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
		memcpy(addr, own, 4);
		break;
	case 3:
	case 4:
		memcpy(addr, peers, 4);
		break;
	case 5:
		memcpy(addr, strange[draw(ARRAY_SIZE(strange))], 4);
		break;
	case 6:
		memcpy(addr, own, 3);
		addr[3] = draw(256);
		break;
	default:
		any = random64();
		memcpy(addr, &any, 4);
	}
}

static void some_address6(const struct target *t, __u8 *addr)
{
	static const char * const strange[] = {
		"::", "::1", "ff02::1", "ff05::2", "fe80::1", "fe80::2",
		"::ffff:10.0.1.1", "2002:c000:201::1", "ff00::", "2001:db8:2::1",
		"64:ff9b::a00:101",
	};
	const __u8 own[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0x0a, 0, t->number, [15] = 1
	};
	unsigned int i;

	memcpy(addr, own, 16);
	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
		break;
	case 3:
	case 4:
		addr[15] = 2;
		break;
	case 5:
		inet_pton(AF_INET6, strange[draw(ARRAY_SIZE(strange))], addr);
		break;
	default:
		for (i = 8; i < 16; i++)
			addr[i] = random64();
	}
}

static const __u8 protocols[] = {
	1, 2, 4, 6, 6, 6, 17, 17, 33, 41, 47, 50, 51, 58, 58, 89, 97, 103, 115, 132,
	136, 137, 0, 43, 44, 60, 255,
};

/* Of a flow with other packets now and then, which receive may join. */
static void put_tcp(struct packet *p)
{
	static __u32 sequence;
	size_t len = one_in(3) ? some_length() : 32;

	put16(p, 1000 + draw(2));
	put16(p, one_in(8) ? random64() : 9);
	put32(p, one_in(8) ? random64() : sequence);
	put32(p, 1);
	put8(p, one_in(16) ? random64() : 0x50);
	put8(p, one_in(8) ? random64() : 0x10);
	put16(p, 1024);
	put16(p, 0);
	put16(p, one_in(16) ? random64() : 0);
	put_random(p, len);
	sequence += len;
}

static void put_udp(struct packet *p)
{
	static const __u16 ports[] = { 9, 53, 500, 1701, 4500, 4789, 6081, 0 };
	size_t len = some_length();

	put16(p, ports[draw(ARRAY_SIZE(ports))]);
	put16(p, ports[draw(ARRAY_SIZE(ports))]);
	put16(p, one_in(8) ? lie(len + 8) : len + 8);
	put16(p, 0);
	put_random(p, len);
}

/* ICMP of either version: redirects, advertisements, errors, echoes. */
static void put_icmp(struct packet *p, const struct target *t, bool ip6,
		     unsigned int depth)
{
	static const __u8 types[] = { 0, 3, 4, 5, 8, 9, 11, 12, 13, 17 };
	static const __u8 types6[] = {
		1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 143,
	};

	put8(p, ip6 ? types6[draw(ARRAY_SIZE(types6))] :
		      types[draw(ARRAY_SIZE(types))]);
	put8(p, one_in(4) ? random64() : draw(6));
	put16(p, 0);
	put32(p, one_in(2) ? draw(1500) : random64());
	if (one_in(2))
		put_random(p, some_length());
	else if (ip6)
		put_ip6(p, t, depth + 1);
	else
		put_ip4(p, t, depth + 1);
}

static void put_transport(struct packet *p, const struct target *t, bool ip6,
			  __u8 protocol, unsigned int depth)
{
	if (depth >= DEPTH_MAX) {
		put_random(p, draw(40));
		return;
	}
	switch (protocol) {
	case 1:
	case 58:
		put_icmp(p, t, ip6, depth);
		break;
	case 4:
		put_ip4(p, t, depth + 1);
		break;
	case 6:
		put_tcp(p);
		break;
	case 17:
	case 136:
		put_udp(p);
		break;
	case 41:
		put_ip6(p, t, depth + 1);
		break;
	case 47:
		put_gre(p, t, depth + 1);
		break;
	default:
		put_random(p, some_length());
	}
}

/* Where the transport header has its checksum; 0 for none that we know. */
static size_t checksum_at(__u8 protocol)
{
	switch (protocol) {
	case 6:
		return 16;
	case 17:
	case 136:
		return 6;
	case 1:
	case 58:
		return 2;
	default:
		return 0;
	}
}

/* Most are right, or little would get past them. */
static void put_checksum(struct packet *p, size_t transport, __u8 protocol,
			 __u32 pseudo)
{
	size_t at = checksum_at(protocol);

	if (!at || transport + at + 2 > p->len || one_in(4))
		return;
	if (protocol == 1)
		pseudo = 0;
	patch16(p, transport + at, 0);
	patch16(p, transport + at,
		fold(sum(p->at + transport, p->len - transport, pseudo)));
}

static void spoil_ip4(struct packet *p, size_t start)
{
	switch (draw(8)) {
	case 0:
		p->at[start] = random64();
		break;
	case 1:
		p->at[start] = (p->at[start] & 0xf0) | draw(16);
		break;
	case 2:
	case 3:
		patch16(p, start + 2, lie(p->len - start));
		break;
	case 4:
		patch16(p, start + 6, random64());
		break;
	case 5:
		patch16(p, start + 10, random64());
		return;
	default:
		cut(p, start + draw(p->len - start));
		return;
	}
	patch16(p, start + 10, 0);
	patch16(p, start + 10, fold(sum(p->at + start, 20, 0)));
}

void put_ip4(struct packet *p, const struct target *t, unsigned int depth)
{
	size_t start = p->len, options = one_in(8) ? 4 * draw(11) : 0, transport;
	__u8 protocol = protocols[draw(ARRAY_SIZE(protocols))];
	__u8 addr[8];

	some_address4(t, addr);
	some_address4(t, addr + 4);
	put8(p, 0x45 + options / 4);
	put8(p, random64());
	put16(p, 0);
	put16(p, random64());
	put16(p, one_in(8) ? random64() : draw(2) << 14);
	put8(p, one_in(4) ? draw(3) : 64);
	put8(p, protocol);
	put16(p, 0);
	put(p, addr, 8);
	put_random(p, options);
	transport = p->len;
	put_transport(p, t, false, protocol, depth);
	if (p->len < start + 20)
		return;
	put_checksum(p, transport, protocol,
		     sum(addr, 8, protocol + p->len - transport));
	patch16(p, start + 2, p->len - start);
	patch16(p, start + 10, fold(sum(p->at + start, 20 + options, 0)));
	if (one_in(3))
		spoil_ip4(p, start);
}

static void spoil_ip6(struct packet *p, size_t start)
{
	switch (draw(6)) {
	case 0:
		p->at[start] = random64();
		break;
	case 1:
	case 2:
		patch16(p, start + 4, lie(p->len - start - 40));
		break;
	case 3:
		p->at[start + 6] = random64();
		break;
	default:
		cut(p, start + draw(p->len - start));
	}
}

/* Extension headers that lead to each other and then to @protocol. */
static void put_extensions(struct packet *p, size_t next_at, __u8 protocol)
{
	static const __u8 kinds[] = { 0, 43, 44, 51, 60, 135, 139, 140 };
	unsigned int n = one_in(8) ? draw(30) : 1 + draw(2);

	while (n--) {
		if (next_at >= PACKET_MAX || p->len + 16 > PACKET_MAX)
			return;
		p->at[next_at] = kinds[draw(ARRAY_SIZE(kinds))];
		next_at = p->len;
		put8(p, protocol);
		put8(p, one_in(8) ? random64() : 0);
		if (one_in(2))
			put_random(p, 6);
		else
			put(p, "\x01\x04\0\0\0\0", 6);
	}
}

void put_ip6(struct packet *p, const struct target *t, unsigned int depth)
{
	__u8 protocol = protocols[draw(ARRAY_SIZE(protocols))];
	size_t start = p->len, transport;
	__u8 addr[32];

	some_address6(t, addr);
	some_address6(t, addr + 16);
	put32(p, 0x60000000 | (random64() & 0x0fffffff));
	put16(p, 0);
	put8(p, protocol);
	put8(p, one_in(4) ? draw(3) : one_in(2) ? 64 : 255);
	put(p, addr, 32);
	if (one_in(6))
		put_extensions(p, start + 6, protocol);
	transport = p->len;
	put_transport(p, t, true, protocol, depth);
	if (p->len < start + 40)
		return;
	put_checksum(p, transport, protocol,
		     sum(addr, 32, protocol + p->len - transport));
	patch16(p, start + 4, p->len - start - 40);
	if (one_in(3))
		spoil_ip6(p, start);
}

/* With a bottom of the stack, or without one. */
static void put_mpls(struct packet *p, const struct target *t, unsigned int depth)
{
	unsigned int n = one_in(8) ? draw(200) : 1 + draw(3);

	while (n--)
		put32(p, (random64() & 0xfffffe00) | draw(256) |
			 (n || one_in(4) ? 0 : 0x100));
	if (one_in(2))
		put_ip4(p, t, depth + 1);
	else
		put_ip6(p, t, depth + 1);
}

/* RFC 2332, section 5.2.1: the fixed part, of a registration or any other. */
static void put_nhrp(struct packet *p)
{
	put16(p, one_in(8) ? random64() : 1);
	put16(p, one_in(2) ? 0x0800 : 0x86dd);
	put_random(p, 5);
	put8(p, 32);
	put16(p, one_in(4) ? random64() : 52);
	put16(p, random64());
	put16(p, random64());
	put8(p, 1);
	put8(p, one_in(8) ? random64() : 1 + draw(8));
	put_random(p, draw(80));
}

/**
 * put_inner - a payload
 * @p: packet
 * @t: device it is for
 * @proto: EtherType that announces it
 * @depth: of tunnels that it is in
 */
void put_inner(struct packet *p, const struct target *t, __u16 proto,
	       unsigned int depth)
{
	size_t start = p->len;

	if (one_in(32))
		proto = some_proto();
	if (one_in(64))
		return;
	switch (depth < DEPTH_MAX ? proto : 0) {
	case 0x0800:
		put_ip4(p, t, depth);
		break;
	case 0x86dd:
		put_ip6(p, t, depth);
		break;
	case 0x8847:
	case 0x8848:
		put_mpls(p, t, depth);
		break;
	case 0x2001:
		put_nhrp(p);
		break;
	default:
		put_random(p, some_length());
	}
	if (one_in(8))
		flip(p, start);
}
