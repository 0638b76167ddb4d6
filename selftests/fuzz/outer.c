// SPDX-License-Identifier: GPL-2.0
/*
 * Outer headers, whole or in fragments.
 *
 * Nothing here is dropped by the kernel without a counter in /proc/net/snmp or
 * snmp6, or the script could not account for it: no source route, no martian, no
 * jumbogram, no segment or RPL routing header.
 */

#include <string.h>

#include "fuzz.h"

#define MTU		1500
#define PIECES_MAX	8192

void local4(const struct target *t, __u8 *addr)
{
	memcpy(addr, (__u8[]){ 192, 0, 2, t->number }, 4);
}

void peer4(const struct target *t, __u8 *addr)
{
	memcpy(addr, (__u8[]){ 198, 51, 100, 10 + t->number }, 4);
}

void local6(const struct target *t, __u8 *addr)
{
	const __u8 local[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = t->number
	};

	memcpy(addr, local, 16);
}

void peer6(const struct target *t, __u8 *addr)
{
	const __u8 peer[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0x01, 0, [15] = 0x10 + t->number
	};

	memcpy(addr, peer, 16);
}

/* A peer, somebody else's peer, a stranger. */
static void source4(const struct target *t, __u8 *addr)
{
	peer4(t, addr);
	if (one_in(3))
		memcpy(addr, (__u8[]){ 198, 18, random64(), 1 + draw(250) }, 4);
	else if (one_in(8))
		addr[3] = 10 + draw(20);
}

static void destination4(const struct target *t, __u8 *addr)
{
	local4(t, addr);
	switch (draw(64)) {
	case 0:
		addr[3] = 1 + draw(8);
		break;
	case 1:
		addr[3] = 200;		/* no device's */
		break;
	case 2:
		addr[3] = 255;		/* everybody's */
		break;
	case 3:
		memcpy(addr, (__u8[]){ 224, 0, 0, 1 }, 4);
		break;
	}
}

static void source6(const struct target *t, __u8 *addr)
{
	peer6(t, addr);
	if (one_in(3)) {
		addr[5] = 0x18;
		addr[14] = random64();
	} else if (one_in(8)) {
		addr[15] = 0x10 + draw(16);
	}
}

static void destination6(const struct target *t, __u8 *addr)
{
	local6(t, addr);
	if (one_in(32))
		addr[15] = one_in(2) ? 200 : 1 + draw(8);
}

/* No loose (131) and no strict source route (137). */
static void put_options4(struct packet *p, size_t len)
{
	static const __u8 kinds[] = { 0, 1, 1, 1, 7, 68, 130, 136, 148, 30, 94 };
	size_t end = p->len + len, n;
	__u8 kind;

	while (p->len < end) {
		kind = kinds[draw(ARRAY_SIZE(kinds))];
		n = end - p->len;
		put8(p, kind);
		if (kind < 2 || n < 2)
			continue;
		n = one_in(8) ? draw(256) : 2 + draw(n - 1);
		put8(p, n);
		while (p->len < end && n-- > 2)
			put8(p, draw(128));
	}
}

/* A frame of its own, with nothing, something or too little behind it. */
static void frame(struct packet *f, __u16 proto)
{
	if (one_in(16))
		put_random(f, draw(40));
	wire_frame(f->at, f->len < MTU ? f->len : MTU, proto);
}

/* ---- fragments */

struct piece {
	size_t from;
	size_t len;
	bool more;
};

static struct piece pieces[PIECES_MAX];
static unsigned int piece_count;

/* @first is the least that the first one holds, @most what any does. */
static void cut_up(size_t len, size_t first, size_t most)
{
	/* Small packets into small pieces, or there were too many. */
	size_t size, from = 0, limit = len > 2000 ? most & ~7 : 8 + 8 * draw(16);

	piece_count = 0;
	while (from < len && piece_count < PIECES_MAX) {
		size = len > 2000 ? limit : 8 + 8 * draw(limit / 8);
		if (!from && size < first)
			size = (first + 7) & ~7;
		if (size > most)
			size = most & ~7;
		if (size > len - from)
			size = len - from;
		pieces[piece_count++] = (struct piece){ from, size,
							 from + size < len };
		from += size;
	}
}

static void swap_pieces(void)
{
	unsigned int i, j;
	struct piece piece;

	for (i = piece_count - 1; i > 0; i--) {
		j = draw(i + 1);
		piece = pieces[i];
		pieces[i] = pieces[j];
		pieces[j] = piece;
	}
}

/* So that no datagram can come of them. */
static void spoil_pieces(void)
{
	unsigned int i = draw(piece_count);

	switch (draw(4)) {
	case 0:
		pieces[i] = pieces[--piece_count];
		break;
	case 1:
		pieces[i].from += 8;
		break;
	case 2:
		pieces[piece_count - 1].more = true;
		break;
	default:
		pieces[i].from = 65528;
	}
}

/* Returns whether they will be put together again. */
static bool shuffle(void)
{
	bool whole = true;

	if (one_in(8) && piece_count > 1) {
		spoil_pieces();
		whole = false;
	}
	if (one_in(4) && piece_count > 1)
		swap_pieces();

	return whole;
}

/* ---- IPv4 */

static void put_header4(struct packet *f, const __u8 *addr, __u8 protocol,
			__u16 id, size_t options)
{
	put8(f, 0x45 + options / 4);
	put8(f, random64());
	put16(f, 0);
	put16(f, id);
	put16(f, 0);
	put8(f, one_in(16) ? draw(256) : 64);
	put8(f, protocol);
	put16(f, 0);
	put(f, addr, 8);
	put_options4(f, options);
}

static void finish4(struct packet *f, size_t hlen, __u16 frag_off)
{
	patch16(f, 2, f->len);
	patch16(f, 6, frag_off);
	patch16(f, 10, 0);
	patch16(f, 10, fold(sum(f->at, hlen, 0)));
}

static void spoil4(struct packet *f, size_t hlen)
{
	switch (draw(5)) {
	case 0:
		f->at[0] = (f->at[0] & 15) | draw(16) << 4;
		break;
	case 1:
		f->at[0] = (f->at[0] & 0xf0) | draw(16);
		break;
	case 2:
		patch16(f, 2, draw(2) ? random64() : draw(f->len));
		break;
	case 3:
		patch16(f, 10, random64());
		return;
	default:
		cut(f, 1 + draw(f->len - 1));
		return;
	}
	patch16(f, 10, 0);
	patch16(f, 10, fold(sum(f->at, hlen, 0)));
}

static void send_fragments4(const __u8 *addr, __u8 protocol,
			    const struct packet *body, size_t options)
{
	static struct packet header, f;
	unsigned int i;

	header.len = 0;
	put_header4(&header, addr, protocol, random64(), options);
	cut_up(body->len, 8, MTU - header.len);
	shuffle();
	for (i = 0; i < piece_count; i++) {
		f.len = 0;
		put(&f, header.at, header.len);
		put(&f, body->at + pieces[i].from %
		    (body->len - pieces[i].len + 1), pieces[i].len);
		finish4(&f, header.len,
			pieces[i].from / 8 | pieces[i].more << 13);
		frame(&f, 0x0800);
	}
}

static void send4(const struct target *t, __u8 protocol, struct packet *body)
{
	size_t options = one_in(12) ? 4 * (1 + draw(10)) : 0;
	size_t hlen = 20 + options;
	static struct packet f;
	__u8 addr[8];

	source4(t, addr);
	destination4(t, addr + 4);
	/* One octet more than fits is for reassembly to refuse. */
	cut(body, 65535 - hlen + one_in(2));
	if (body->len > MTU - hlen || (body->len > 8 && one_in(24))) {
		send_fragments4(addr, protocol, body, options);
		return;
	}
	f.len = 0;
	put_header4(&f, addr, protocol, random64(), options);
	put(&f, body->at, body->len);
	finish4(&f, hlen, one_in(2) ? 0x4000 : one_in(16) ? 0x8000 : 0);
	if (one_in(48))
		spoil4(&f, hlen);
	frame(&f, 0x0800);
}

/* ---- IPv6 */

static void put_option6(struct packet *p, bool hop)
{
	static const __u8 kinds[] = { 0x1e, 0x3e, 0x5e, 0x9e, 0xde };

	switch (draw(8)) {
	case 0:
		put8(p, kinds[draw(ARRAY_SIZE(kinds))]);
		put(p, "\x04\0\0\0\0", 5);
		break;
	case 1:
		put(p, hop ? "\x05\x02\0\0\x01\0" : "\x04\x01\x00\x01\x01\0", 6);
		break;
	case 2:
		/* Longer than its header. */
		put(p, "\x01\x40\0\0\0\0", 6);
		break;
	default:
		put(p, "\x04\x01\x04\x01\x01\0", 6);
	}
}

/* Returns where the last of them says what follows. */
static size_t put_extensions6(struct packet *p)
{
	static const __u8 kinds[] = { 60, 60, 60, 43, 51, 135, 139, 0 };
	unsigned int n = one_in(8) ? draw(40) : 1 + draw(2);
	size_t next_at = 6;
	__u8 kind;

	while (n--) {
		kind = next_at == 6 && one_in(4) ? 0 :
		       kinds[draw(ARRAY_SIZE(kinds) - (next_at == 6 || !one_in(8)))];
		p->at[next_at] = kind;
		next_at = p->len;
		put8(p, 59);
		put8(p, one_in(32) ? draw(256) : 0);
		if (kind == 43) {
			put8(p, draw(3));
			put8(p, one_in(4) ? draw(3) : 0);
			put32(p, 0);
		} else {
			put_option6(p, !kind);
		}
	}

	return next_at;
}

static void send_fragments6(struct packet *header, size_t next_at, __u8 protocol,
			    const struct packet *body)
{
	static struct packet f;
	__u32 id = random64();
	unsigned int i;
	bool whole;

	header->at[next_at] = 44;
	cut_up(body->len, 8, MTU - header->len - 8);
	whole = shuffle();
	for (i = 0; i < piece_count; i++) {
		f.len = 0;
		put(&f, header->at, header->len);
		put8(&f, protocol);
		put8(&f, 0);
		put16(&f, (pieces[i].from & ~7) | pieces[i].more);
		put32(&f, id);
		put(&f, body->at + pieces[i].from %
		    (body->len - pieces[i].len + 1), pieces[i].len);
		patch16(&f, 4, f.len - 40);
		frame(&f, 0x86dd);
	}
	counts.fragments6 += piece_count;
	counts.sets6 += whole;
}

static void spoil6(struct packet *f)
{
	switch (draw(4)) {
	case 0:
		f->at[0] = random64();
		break;
	case 1:
		patch16(f, 4, one_in(2) ? random64() : draw(f->len));
		break;
	case 2:
		f->at[8] = 0xff;
		break;
	default:
		cut(f, 1 + draw(f->len - 1));
	}
}

static void put_header6(struct packet *f, const __u8 *addr, __u8 protocol)
{
	put32(f, 0x60000000 | (random64() & 0x0fffffff));
	put16(f, 0);
	put8(f, protocol);
	put8(f, one_in(16) ? draw(256) : 64);
	put(f, addr, 32);
}

static void send6(const struct target *t, __u8 protocol, struct packet *body)
{
	size_t next_at = 6, room;
	static struct packet f;
	__u8 addr[32];

	source6(t, addr);
	destination6(t, addr + 16);
	if (protocol == 58) {
		body->len = 0;
		put_error6(body, t, addr, addr + 16);
	}
	f.len = 0;
	put_header6(&f, addr, protocol);
	if (one_in(6))
		next_at = put_extensions6(&f);
	f.at[next_at] = protocol;
	room = MTU - f.len;
	cut(body, 65535 - (f.len - 40) - 8);
	if (body->len > room || (body->len > 8 && one_in(24))) {
		send_fragments6(&f, next_at, protocol, body);
		return;
	}
	put(&f, body->at, body->len);
	patch16(&f, 4, f.len - 40);
	if (one_in(48))
		spoil6(&f);
	frame(&f, 0x86dd);
}

/**
 * send_datagram - put an outer header on something, or nearly one, and send it
 * @t: device it is for
 * @ip6: over IPv6
 * @protocol: what it is
 * @body: it, which may be cut short; for ICMPv6 it is made here
 */
void send_datagram(const struct target *t, bool ip6, __u8 protocol,
		   struct packet *body)
{
	counts.datagrams++;
	if (ip6)
		send6(t, protocol, body);
	else
		send4(t, protocol, body);
}

/**
 * send_plain - send something from a device's peer, with an outer header that is
 * right
 * @t: device it is for
 * @ip6: over IPv6
 * @protocol: what it is
 * @body: it, of one frame's size
 */
void send_plain(const struct target *t, bool ip6, __u8 protocol,
		const struct packet *body)
{
	static struct packet f;
	__u8 addr[32];

	f.len = 0;
	if (ip6) {
		peer6(t, addr);
		local6(t, addr + 16);
		put32(&f, 0x60000000);
		put16(&f, body->len);
		put8(&f, protocol);
		put8(&f, 64);
		put(&f, addr, 32);
		put(&f, body->at, body->len);
	} else {
		peer4(t, addr);
		local4(t, addr + 4);
		put(&f, "\x45\0\0\0\0\0\x40\0\x40", 9);
		put8(&f, protocol);
		put16(&f, 0);
		put(&f, addr, 8);
		put(&f, body->at, body->len);
		finish4(&f, 20, 0x4000);
	}
	counts.datagrams++;
	wire_frame(f.at, f.len, ip6 ? 0x86dd : 0x0800);
}
