/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Malformed packets, for fuzz_rcv.sh and fuzz_xmit.sh.
 *
 * Everything comes out of one generator of pseudo-random numbers, so that a seed
 * and a number of packets say which packets they are: a failure is run again
 * with the seed that the script printed.
 *
 * A target is a device of the script. Of its number all its addresses are made,
 * here as in fuzz/net.sh:
 *
 *	local		192.0.2.N	2001:db8:2::N		where it receives
 *	peer		198.51.100.1N	2001:db8:100::1N	that is mapped there
 *	key		N
 *	overlay		10.0.N.1	2001:db8:a:N::1		its own
 *			10.0.N.2	2001:db8:a:N::2		the peer's
 */

#ifndef _FUZZ_H
#define _FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX	65535
#define TARGETS_MAX	16
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct target - a device that packets are for
 * @number: of which its addresses are made
 * @ip4: it receives over IPv4
 * @ip6: it receives over IPv6
 * @keyed: it has a key
 */
struct target {
	unsigned int number;
	bool ip4;
	bool ip6;
	bool keyed;
};

/**
 * struct packet - octets, written from the first to the last
 * @len: how many there are
 * @at: they; what does not fit is left out
 */
struct packet {
	size_t len;
	uint8_t at[PACKET_MAX];
};

/* random.c */
void seed(uint64_t value);
uint64_t random64(void);
uint32_t draw(uint32_t limit);
bool one_in(uint32_t n);

/* packet.c */
void put8(struct packet *p, uint8_t value);
void put16(struct packet *p, uint16_t value);
void put32(struct packet *p, uint32_t value);
void put(struct packet *p, const void *octets, size_t len);
void put_random(struct packet *p, size_t len);
void patch16(struct packet *p, size_t offset, uint16_t value);
void cut(struct packet *p, size_t len);
void flip(struct packet *p, size_t from);
uint32_t sum(const uint8_t *octets, size_t len, uint32_t start);
uint16_t fold(uint32_t sum);

/* inner.c */
void put_inner(struct packet *p, const struct target *t, uint16_t proto,
	       unsigned int depth);
void put_ip4(struct packet *p, const struct target *t, unsigned int depth);
void put_ip6(struct packet *p, const struct target *t, unsigned int depth);
uint16_t some_proto(void);

/* gre.c */
void put_gre(struct packet *p, const struct target *t, unsigned int depth);
void put_nested(struct packet *p, const struct target *t, unsigned int levels);
void put_error4(struct packet *p, const struct target *t);
void put_error6(struct packet *p, const struct target *t, const uint8_t *src,
		const uint8_t *dst);
void put_whole(struct packet *p, const struct target *t, bool ip6);

/* outer.c */
void local4(const struct target *t, uint8_t *addr);
void local6(const struct target *t, uint8_t *addr);
void peer4(const struct target *t, uint8_t *addr);
void peer6(const struct target *t, uint8_t *addr);
void send_datagram(const struct target *t, bool ip6, uint8_t proto,
		   struct packet *body);
void send_plain(const struct target *t, bool ip6, uint8_t proto,
		const struct packet *body);

/* wire.c */
void wire_open(const char *name);
void wire_frame(const uint8_t *octets, size_t len, uint16_t proto);
void wire_flush(void);

/* xmit.c */
int fuzz_xmit(int argc, char **argv, uint64_t count);

/* main.c */
extern struct target targets[TARGETS_MAX];
extern unsigned int target_count;

/**
 * struct counts - what has been sent, for the script to compare
 * @frames: on the wire
 * @datagrams: that are in them, whole or not
 * @fragments6: frames that are IPv6 fragments
 * @sets6: datagrams of which all IPv6 fragments were sent, and each but once
 * @refused: packets that sendto() did not take, see xmit.c
 */
struct counts {
	uint64_t frames;
	uint64_t datagrams;
	uint64_t fragments6;
	uint64_t sets6;
	uint64_t refused;
};

extern struct counts counts;

void die(const char *what) __attribute__((noreturn));

#endif /* _FUZZ_H */
