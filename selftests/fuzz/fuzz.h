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

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

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
	__u8 at[PACKET_MAX];
};

/* random.c */
void seed(__u64 value);
__u64 random64(void);
__u32 draw(__u32 limit);
bool one_in(__u32 n);

/* packet.c */
void put8(struct packet *p, __u8 value);
void put16(struct packet *p, __u16 value);
void put32(struct packet *p, __u32 value);
void put(struct packet *p, const void *octets, size_t len);
void put_random(struct packet *p, size_t len);
void patch16(struct packet *p, size_t offset, __u16 value);
void cut(struct packet *p, size_t len);
void flip(struct packet *p, size_t from);
__u32 sum(const __u8 *octets, size_t len, __u32 start);
__u16 fold(__u32 sum);

/* inner.c */
void put_inner(struct packet *p, const struct target *t, __u16 proto,
	       unsigned int depth);
void put_ip4(struct packet *p, const struct target *t, unsigned int depth);
void put_ip6(struct packet *p, const struct target *t, unsigned int depth);
__u16 some_proto(void);

/* gre.c */
void put_gre(struct packet *p, const struct target *t, unsigned int depth);
void put_nested(struct packet *p, const struct target *t, unsigned int levels);
void put_error4(struct packet *p, const struct target *t);
void put_error6(struct packet *p, const struct target *t, const __u8 *src,
		const __u8 *dst);
void put_whole(struct packet *p, const struct target *t, bool ip6);

/* outer.c */
void local4(const struct target *t, __u8 *addr);
void local6(const struct target *t, __u8 *addr);
void peer4(const struct target *t, __u8 *addr);
void peer6(const struct target *t, __u8 *addr);
void send_datagram(const struct target *t, bool ip6, __u8 proto,
		   struct packet *body);
void send_plain(const struct target *t, bool ip6, __u8 proto,
		const struct packet *body);

/* wire.c */
void wire_open(const char *name);
void wire_frame(const __u8 *octets, size_t len, __u16 proto);
void wire_flush(void);

/* xmit.c */
int fuzz_xmit(int argc, char **argv, __u64 count);

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
	__u64 frames;
	__u64 datagrams;
	__u64 fragments6;
	__u64 sets6;
	__u64 refused;
};

extern struct counts counts;

void die(const char *what) __attribute__((noreturn));

#endif /* _FUZZ_H */
