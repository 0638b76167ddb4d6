// SPDX-License-Identifier: GPL-2.0
/* GRE, and errors of ICMP about it. */

#include <string.h>

#include "fuzz.h"

#define GRE_C		0x8000
#define GRE_K		0x2000
#define GRE_S		0x1000
/* Bits 1, 4 and 5, of RFC 1701. */
#define GRE_OLD		0x4c00
/* Bits 6 to 12, which receivers ignore. */
#define GRE_IGNORED	0x03f8

static __u16 some_flags(const struct target *t)
{
	static const __u16 old[] = { 0x4000, 0x0800, 0x0400 };
	__u16 flags = t->keyed ? GRE_K : 0;

	if (one_in(3))
		flags |= GRE_C;
	if (one_in(6))
		flags |= GRE_S;
	if (one_in(8))
		flags |= random64() & GRE_IGNORED;
	if (one_in(16))
		flags |= old[draw(ARRAY_SIZE(old))];
	if (one_in(16))
		flags |= 1 + draw(7);
	if (one_in(16))
		flags ^= GRE_K;

	return one_in(32) ? random64() : flags;
}

static __u32 some_key(const struct target *t)
{
	switch (draw(16)) {
	case 0:
		return random64();
	case 1:
		return 0;
	case 2:
		return t->number + 1;
	default:
		return t->number;
	}
}

static void put_gre_header(struct packet *p, const struct target *t,
			   __u16 flags, __u16 proto)
{
	put16(p, flags);
	put16(p, proto);
	if (flags & (GRE_C | GRE_OLD))
		put32(p, 0);
	if (flags & GRE_K)
		put32(p, some_key(t));
	if (flags & GRE_S)
		put32(p, random64());
}

static void put_gre_checksum(struct packet *p, size_t start, __u16 flags)
{
	if (!(flags & GRE_C) || p->len < start + 8)
		return;
	patch16(p, start + 4, 0);
	patch16(p, start + 4, fold(sum(p->at + start, p->len - start, 0)));
}

/**
 * put_gre - GRE for a device and what is in it
 * @p: packet
 * @t: device
 * @depth: of tunnels that it is in
 */
void put_gre(struct packet *p, const struct target *t, unsigned int depth)
{
	__u16 flags = some_flags(t), proto = some_proto();
	size_t start = p->len;

	put_gre_header(p, t, flags, proto);
	put_inner(p, t, proto, depth);
	if (!one_in(8))
		put_gre_checksum(p, start, flags);
	if (one_in(16) && p->len > start)
		cut(p, start + draw(one_in(2) ? 32 : p->len - start));
}

/**
 * put_nested - GRE in GRE in GRE
 * @p: packet
 * @t: device of the outermost one; the others are for 10.9.0.1 without a key
 * @levels: how many there are below it
 */
void put_nested(struct packet *p, const struct target *t, unsigned int levels)
{
	static const __u8 addr[] = { 10, 9, 0, 2, 10, 9, 0, 1 };
	__u16 flags = t->keyed ? GRE_K : 0;
	size_t start;

	put16(p, flags);
	put16(p, 0x0800);
	if (t->keyed)
		put32(p, t->number);
	while (levels--) {
		start = p->len;
		put8(p, 0x45);
		put8(p, 0);
		/* Each is as long as all that follow. */
		put16(p, 24 * (levels + 1) + 28);
		put32(p, 0);
		put8(p, 64);
		put8(p, 47);
		put16(p, 0);
		put(p, addr, sizeof(addr));
		patch16(p, start + 10, fold(sum(p->at + start, 20, 0)));
		put32(p, 0x0800);
	}
	start = p->len;
	put(p, "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0", 12);
	put(p, addr, sizeof(addr));
	patch16(p, start + 10, fold(sum(p->at + start, 20, 0)));
	put(p, "\0\x09\0\x09\0\x08\0\0", 8);
}

/**
 * put_whole - GRE with everything that its header may hold, and nothing wrong
 * @p: packet
 * @t: device
 * @ip6: IPv6 is in it, else IPv4; UDP to the peer's own address
 */
void put_whole(struct packet *p, const struct target *t, bool ip6)
{
	__u16 flags = GRE_C | GRE_S | (t->keyed ? GRE_K : 0);
	const __u8 addr[8] = { 10, 0, t->number, 2, 10, 0, t->number, 1 };
	__u8 addr6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x0a, 0, t->number };
	size_t start = p->len, ip;

	put16(p, flags);
	put16(p, ip6 ? 0x86dd : 0x0800);
	put32(p, 0);
	if (t->keyed)
		put32(p, t->number);
	put32(p, 1);
	ip = p->len;
	if (ip6) {
		put(p, "\x60\0\0\0\0\x18\x11\x40", 8);
		addr6[15] = 2;
		put(p, addr6, 16);
		addr6[15] = 1;
		put(p, addr6, 16);
	} else {
		put(p, "\x45\0\0\x2c\0\0\0\0\x40\x11\0\0", 12);
		put(p, addr, 8);
		patch16(p, ip + 10, fold(sum(p->at + ip, 20, 0)));
	}
	put(p, "\0\x09\0\x09\0\x18\0\0", 8);
	put_random(p, 16);
	put_gre_checksum(p, start, flags);
}

/* What an error quotes: GRE that the device sent to its peer, or nearly so. */
static void put_quoted_gre(struct packet *p, const struct target *t)
{
	__u16 flags = t->keyed ? GRE_K : 0, proto = one_in(2) ? 0x0800 : 0x86dd;

	if (one_in(4))
		flags = some_flags(t);
	put_gre_header(p, t, flags, proto);
	put_inner(p, t, proto, 1);
}

static __u32 some_mtu(void)
{
	static const __u16 mtus[] = {
		0, 1, 20, 52, 68, 552, 576, 1000, 1279, 1280, 1400, 1500, 9000, 65535,
	};

	return one_in(8) ? random64() : mtus[draw(ARRAY_SIZE(mtus))];
}

/* After the quoted packet: any length of it may have come. */
static void finish_error(struct packet *p, size_t start, __u32 pseudo)
{
	if (one_in(2))
		cut(p, start + draw(p->len - start + 1));
	else if (one_in(2))
		cut(p, start + 8 + 28 + 8 * draw(8));
	if (!one_in(16) && p->len >= start + 4) {
		patch16(p, start + 2, 0);
		patch16(p, start + 2,
			fold(sum(p->at + start, p->len - start,
				 pseudo ? pseudo + p->len - start : 0)));
	}
}

/**
 * put_error4 - ICMP about a packet of a device
 * @p: packet
 * @t: device
 */
void put_error4(struct packet *p, const struct target *t)
{
	static const __u8 types[] = { 3, 3, 3, 3, 11, 11, 12, 4, 5 };
	__u8 addr[8];
	size_t start = p->len, ip;

	local4(t, addr);
	peer4(t, addr + 4);
	if (one_in(8))
		addr[3 + 4 * draw(2)] ^= 1 + draw(255);

	put8(p, types[draw(ARRAY_SIZE(types))]);
	put8(p, one_in(2) ? 4 : draw(17));
	put16(p, 0);
	put32(p, some_mtu());
	ip = p->len;
	put8(p, one_in(16) ? random64() : 0x45);
	put8(p, random64());
	put16(p, one_in(8) ? random64() : 1500);
	put16(p, random64());
	put16(p, one_in(8) ? random64() : 0x4000);
	put8(p, 1);
	put8(p, one_in(16) ? random64() : 47);
	put16(p, 0);
	put(p, addr, 8);
	patch16(p, ip + 10, fold(sum(p->at + ip, 20, 0)));
	put_quoted_gre(p, t);
	finish_error(p, start, 0);
}

/**
 * put_error6 - ICMPv6 about a packet of a device
 * @p: packet
 * @t: device
 * @src: outer source address
 * @dst: outer destination address
 */
void put_error6(struct packet *p, const struct target *t, const __u8 *src,
		const __u8 *dst)
{
	__u8 addr[32];
	size_t start = p->len;

	local6(t, addr);
	peer6(t, addr + 16);
	if (one_in(8))
		addr[15 + 16 * draw(2)] ^= 1 + draw(255);

	put8(p, one_in(16) ? draw(128) : 1 + draw(4));
	put8(p, draw(8));
	put16(p, 0);
	put32(p, some_mtu());
	put8(p, one_in(16) ? random64() : 0x60);
	put_random(p, 3);
	put16(p, one_in(8) ? random64() : 1460);
	if (one_in(3)) {
		/* As ip6_gre sends: a limit of encapsulation before GRE. */
		put8(p, 60);
		put8(p, 1);
		put(p, addr, 32);
		put8(p, one_in(16) ? random64() : 47);
		put(p, "\0\x04\x01\x04\x01\x00\x00", 7);
	} else {
		put8(p, one_in(16) ? random64() : 47);
		put8(p, 1);
		put(p, addr, 32);
	}
	put_quoted_gre(p, t);
	finish_error(p, start, sum(src, 16, sum(dst, 16, 58)));
}
