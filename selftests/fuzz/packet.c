// SPDX-License-Identifier: GPL-2.0
/* Octets of a packet. */

#include <string.h>

#include "fuzz.h"

void put8(struct packet *p, __u8 value)
{
	if (p->len < PACKET_MAX)
		p->at[p->len++] = value;
}

void put16(struct packet *p, __u16 value)
{
	put8(p, value >> 8);
	put8(p, value);
}

void put32(struct packet *p, __u32 value)
{
	put16(p, value >> 16);
	put16(p, value);
}

void put(struct packet *p, const void *octets, size_t len)
{
	if (len > PACKET_MAX - p->len)
		len = PACKET_MAX - p->len;
	memcpy(p->at + p->len, octets, len);
	p->len += len;
}

/* Long stretches repeat: their octets matter to no header. */
void put_random(struct packet *p, size_t len)
{
	__u64 word = 0;
	size_t i;

	for (i = 0; i < len; i++, word >>= 8) {
		if (i % 8 == 0)
			word = i < 64 ? random64() : i;
		put8(p, word);
	}
}

void patch16(struct packet *p, size_t offset, __u16 value)
{
	if (offset + 2 > p->len)
		return;
	p->at[offset] = value >> 8;
	p->at[offset + 1] = value;
}

void cut(struct packet *p, size_t len)
{
	if (len < p->len)
		p->len = len;
}

/* Changes up to four octets, rather early ones: those are headers. */
void flip(struct packet *p, size_t from)
{
	unsigned int n = 1 + draw(4);
	size_t room;

	while (p->len > from && n--) {
		room = p->len - from;
		if (room > 64 && !one_in(4))
			room = 64;
		p->at[from + draw(room)] = one_in(4) ? 0xff * draw(2) : random64();
	}
}

__u32 sum(const __u8 *octets, size_t len, __u32 start)
{
	__u64 total = start;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		total += octets[i] << 8 | octets[i + 1];
	if (len & 1)
		total += octets[len - 1] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);

	return total;
}

__u16 fold(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);

	return ~sum;
}
