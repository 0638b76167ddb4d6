/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings change while packets are sent, and afterwards each packet is judged
 * by what the cache held when it was sent. No NBMA address serves twice, so each
 * stands for one mapping with one life: begun by a request, ended by another or
 * by its holding time.
 *
 * A request takes effect somewhere between the moment before it is sent and the
 * moment after it is acknowledged, and a packet looks its mapping up somewhere
 * between the moment before it is sent and the one at which the underlay device
 * gets it. All are of one clock. What a packet did is wrong when it is wrong
 * whichever moment it was: nothing is allowed for.
 *
 * A packet that waits for an answer looks its mapping up when the answer comes,
 * in the middle of the request that is the answer, and is taken right then: it
 * must have gone by what that request and those before it have left.
 *
 * The kernel counts holding times in ticks, which come late on a busy machine.
 * So their ends are told by the clock that advances with them (CLOCK_*_COARSE),
 * give or take TICKS_ALLOWED: one because the two are not in step, and one
 * because they are not read at the same moment.
 */

#ifndef RACE_H
#define RACE_H

#include <limits.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <stdbool.h>

#define NBMA_BASE	0x40000000	/* 64.0.0.0 */
#define LIVES_MAX	(1 << 20)	/* of one round */
#define FRAMES_MAX	(1 << 19)	/* packets of one round */
#define TICKS_ALLOWED	2
#define NEVER		LLONG_MAX

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct addr - protocol address
 * @family: AF_INET or AF_INET6
 * @octets: of IPv4 only the first four
 */
struct addr {
	int family;
	unsigned char octets[16];
};

/**
 * struct slot - a prefix at which mappings come and go
 * @addr: address
 * @len: length
 * @slow: its mappings are left alone until their holding time has ended
 * @lives: those of the round, in order
 * @count: number of them
 * @room: number that fit
 */
struct slot {
	struct addr addr;
	unsigned int len;
	bool slow;
	unsigned int *lives;
	unsigned int count;
	unsigned int room;
};

/**
 * struct life - a mapping from its beginning to its end
 * @slot: where
 * @type: enum nhrp_mapping_type
 * @flags: enum nhrp_mapping_flags
 * @hold: holding time in seconds, or 0
 * @void_: the request was refused
 * @replaced: ended by the next life of the slot, with nothing in between
 * @begin_lo: it did not exist before
 * @begin_hi: it did exist from then on
 * @end_lo: it did exist until then
 * @end_hi: it did not exist any more from then on
 * @expire_lo: its holding time did not end before
 * @expire_hi: it had ended when ticks had come to here
 */
struct life {
	unsigned int slot;
	__u8 type;
	__u8 flags;
	__u32 hold;
	bool void_;
	bool replaced;
	__s64 begin_lo;
	__s64 begin_hi;
	__s64 end_lo;
	__s64 end_hi;
	__s64 expire_lo;
	__s64 expire_hi;
};

/**
 * struct target - where packets are sent
 * @dst: destination
 * @hop: next hop of the route to there
 */
struct target {
	struct addr dst;
	struct addr hop;
};

/**
 * struct probe - what a packet carries
 * @seq: number of the packet in its round
 * @target: number of its target
 * @round: number of the round
 * @sent: before it was sent
 * @ticks: the same by the clock of ticks
 */
struct probe {
	__u32 seq;
	__u16 target;
	__u16 round;
	__s64 sent;
	__s64 ticks;
};

/**
 * struct frame - a packet that the underlay device got
 * @probe: what it carries
 * @dst: inner destination
 * @nbma: outer destination
 * @taken: when
 */
struct frame {
	struct probe probe;
	struct addr dst;
	__u32 nbma;
	__s64 taken;
};

/**
 * struct world - all there is to a round
 * @slots: prefixes
 * @slot_count: number of them
 * @targets: destinations
 * @target_count: number of them
 * @lives: by NBMA address from @first_life on
 * @life_count: number of them
 * @first_life: number of lives before this round
 * @probes: packets sent
 * @probe_count: number of them
 * @round: number of the round
 * @listening: somebody listens to resolutions, so packets may wait
 * @tick: length of a tick
 */
struct world {
	struct slot *slots;
	unsigned int slot_count;
	struct target *targets;
	unsigned int target_count;
	struct life *lives;
	unsigned int life_count;
	unsigned int first_life;
	struct probe *probes;
	unsigned int probe_count;
	unsigned int round;
	bool listening;
	__s64 tick;
};

/**
 * struct verdict - what came out, of all rounds
 * @checked: packets judged
 * @during: of them, those sent while a request was under way
 * @waited: of them, those that were taken only after the next one had been sent
 * @expired: mappings that lived to the end of their holding time
 * @missing: packets that came to nothing, as they may
 * @wrong: things that must not be
 * @late: longest time in ticks' clock from the end of a holding time to the
 *	sending of a packet that went by it all the same
 * @longest: longest time from the sending of a packet until it was taken, if it
 *	did not wait
 */
struct verdict {
	__u64 checked;
	__u64 during;
	__u64 waited;
	__u64 expired;
	__u64 missing;
	__u64 wrong;
	__s64 late;
	__s64 longest;
};

/* race.c */
__s64 now(int clock);
void die(const char *what);

/* netlink.c */
struct nl;

struct nl *nl_open(void);
int nl_set(struct nl *nl, int ifindex, const struct slot *slot,
	   const struct life *life, __u32 nbma, int flags);
int nl_del(struct nl *nl, int ifindex, const struct slot *slot);
int nl_flush(struct nl *nl, int ifindex, const struct slot *within,
	     __u8 type, __u32 flags);
void nl_batch_begin(struct nl *nl);
void nl_batch_replace(struct nl *nl, int ifindex, const struct slot *slot,
		      const struct life *life, __u32 nbma);
int nl_batch_end(struct nl *nl);

/* capture.c */
void capture_open(int ifindex);
bool capture_next(struct frame *frame);
unsigned int capture_lost(void);

/* judge.c */
bool covers(const struct slot *slot, const struct addr *addr);
void judge_frame(const struct world *world, const struct frame *frame,
		 struct verdict *verdict);
void judge_missing(const struct world *world, const bool *taken,
		   struct verdict *verdict);

#endif /* RACE_H */
