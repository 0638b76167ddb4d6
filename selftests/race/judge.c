// SPDX-License-Identifier: GPL-2.0
/* What a packet did, and what the cache held at that time. */

#include <arpa/inet.h>
#include <linux/nhrp.h>
#include <stdio.h>
#include <string.h>

#include "race.h"

#define SHOWN_MAX	10

/**
 * struct moment - when a packet may have looked its mapping up
 * @from: not before
 * @to: not after
 * @ticks: the clock of ticks was here, or further
 */
struct moment {
	__s64 from;
	__s64 to;
	__s64 ticks;
};

/**
 * covers - is an address inside a prefix?
 * @slot: prefix
 * @addr: address
 *
 * Return: true if it is.
 */
bool covers(const struct slot *slot, const struct addr *addr)
{
	unsigned int octets = slot->len / 8, bits = slot->len % 8;

	if (slot->addr.family != addr->family ||
	    memcmp(slot->addr.octets, addr->octets, octets))
		return false;

	return !bits || !((slot->addr.octets[octets] ^ addr->octets[octets]) >>
			  (8 - bits));
}

/* Shortcuts to the destination come first, then all for the next hop, each
 * with the longest before the others; 0 if the mapping is not for the target.
 */
static unsigned int rank(const struct world *world, const struct life *life,
			 const struct target *target)
{
	const struct slot *slot = &world->slots[life->slot];

	if (life->flags & NHRP_MAPPING_FLAGS_SHORTCUT &&
	    covers(slot, &target->dst))
		return 1000 + slot->len;

	return covers(slot, &target->hop) ? 1 + slot->len : 0;
}

/* The best rank that any mapping of the slot can have. */
static unsigned int best_rank(const struct slot *slot,
			      const struct target *target)
{
	if (covers(slot, &target->dst))
		return 1000 + slot->len;

	return covers(slot, &target->hop) ? 1 + slot->len : 0;
}

static bool may_live(const struct life *life, const struct moment *when)
{
	return life->begin_lo <= when->to && when->from <= life->end_hi &&
	       when->ticks <= life->expire_hi;
}

static bool must_live(const struct life *life, const struct moment *when)
{
	return life->begin_hi <= when->from && when->to <= life->end_lo &&
	       when->to < life->expire_lo;
}

/* Number of the slot's lives that had begun at a time. */
static unsigned int begun(const struct world *world, const struct slot *slot,
			  __s64 when)
{
	unsigned int low = 0, high = slot->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (world->lives[slot->lives[middle]].begin_hi <= when)
			low = middle + 1;
		else
			high = middle;
	}

	return low;
}

static void show(const struct world *world, const struct probe *probe,
		 const struct moment *when, const struct life *life,
		 const char *what)
{
	const struct addr *dst = &world->targets[probe->target].dst;
	const struct slot *slot;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(dst->family, dst->octets, text, sizeof(text));
	printf("round %u, packet %u to %s, %lld us: %s\n", probe->round,
	       probe->seq, text, (when->to - when->from) / 1000, what);
	if (!life)
		return;
	slot = &world->slots[life->slot];
	inet_ntop(slot->addr.family, slot->addr.octets, text, sizeof(text));
	printf("  %s/%u type %u flags %#x hold %u: begun %lld to %lld us before,\n",
	       text, slot->len, life->type, life->flags, life->hold,
	       (when->from - life->begin_lo) / 1000,
	       (when->from - life->begin_hi) / 1000);
	if (life->end_lo != NEVER)
		printf("    ended %lld to %lld us after,\n",
		       (life->end_lo - when->from) / 1000,
		       (life->end_hi - when->from) / 1000);
	if (life->expire_hi != NEVER)
		printf("    time up %lld us after, by ticks\n",
		       (life->expire_hi - when->ticks) / 1000);
}

static void wrong(const struct world *world, const struct probe *probe,
		  const struct moment *when, const struct life *life,
		  struct verdict *verdict, const char *what)
{
	if (verdict->wrong++ < SHOWN_MAX)
		show(world, probe, when, life, what);
}

/* A mapping of the slot that was there all the time and comes before. */
static const struct life *passed_over(const struct world *world,
				      const struct slot *slot,
				      const struct target *target,
				      const struct moment *when,
				      unsigned int chosen)
{
	const struct life *life;
	unsigned int count;

	if (best_rank(slot, target) <= chosen)
		return NULL;
	count = begun(world, slot, when->from);
	if (!count)
		return NULL;
	life = &world->lives[slot->lives[count - 1]];

	return must_live(life, when) && rank(world, life, target) > chosen ?
	       life : NULL;
}

static void judge_choice(const struct world *world, const struct frame *frame,
			 const struct moment *when, const struct life *life,
			 struct verdict *verdict)
{
	const struct target *target = &world->targets[frame->probe.target];
	unsigned int chosen = rank(world, life, target), i;
	const struct life *better;

	if (!chosen || life->type == NHRP_MAPPING_TYPE_NEGATIVE) {
		wrong(world, &frame->probe, when, life, verdict,
		      "sent by a mapping that is not for it");
		return;
	}
	for (i = 0; i < world->slot_count; i++) {
		better = passed_over(world, &world->slots[i], target, when,
				     chosen);
		if (better) {
			wrong(world, &frame->probe, when, better, verdict,
			      "did not take this mapping");
			return;
		}
	}
}

static void note_times(const struct world *world, const struct moment *when,
		       const struct life *life, struct verdict *verdict)
{
	__s64 late = when->ticks - life->expire_hi +
		       TICKS_ALLOWED * world->tick;

	if (life->expire_hi != NEVER && late > verdict->late)
		verdict->late = late;
	if (when->to - when->from > verdict->longest)
		verdict->longest = when->to - when->from;
	if ((life->begin_lo <= when->to && when->from <= life->begin_hi) ||
	    (life->end_lo <= when->to && when->from <= life->end_hi))
		verdict->during++;
}

/* Who sends has nothing else to do before it sends the next one. */
static bool has_waited(const struct world *world, const struct frame *frame)
{
	__u32 next = frame->probe.seq + 1;

	return next < world->probe_count &&
	       world->probes[next].sent < frame->taken;
}

/**
 * judge_frame - judge a packet that the underlay device got
 * @world: world
 * @frame: packet
 * @verdict: result
 */
void judge_frame(const struct world *world, const struct frame *frame,
		 struct verdict *verdict)
{
	struct moment when = {
		.from	= frame->probe.sent,
		.to	= frame->taken,
		.ticks	= frame->probe.ticks,
	};
	__u32 number = frame->nbma - NBMA_BASE - world->first_life;
	const struct life *life;

	verdict->checked++;
	if (frame->probe.target >= world->target_count ||
	    memcmp(&world->targets[frame->probe.target].dst, &frame->dst,
		   sizeof(frame->dst)) || when.to < when.from) {
		printf("packet %u makes no sense\n", frame->probe.seq);
		verdict->wrong++;
		return;
	}
	if (has_waited(world, frame)) {
		verdict->waited++;
		when.from = when.to;
	}
	if (number >= world->life_count) {
		wrong(world, &frame->probe, &when, NULL, verdict,
		      "sent to an NBMA address of another round");
		return;
	}

	life = &world->lives[number];
	if (life->void_)
		wrong(world, &frame->probe, &when, life, verdict,
		      "sent by a mapping that was refused");
	else if (!may_live(life, &when))
		wrong(world, &frame->probe, &when, life, verdict,
		      "sent by a mapping that was not there");
	else
		judge_choice(world, frame, &when, life, verdict);
	note_times(world, &when, life, verdict);
}

/* Was there one mapping or another all the time, each replaced by the next, for
 * packets to go by? Return: the lowest rank that they had, or 0.
 */
static unsigned int unbroken(const struct world *world, const struct slot *slot,
			     const struct target *target,
			     const struct moment *when)
{
	unsigned int number = begun(world, slot, when->from), lowest = 2000;
	const struct life *life;

	for (; number && number <= slot->count; number++) {
		life = &world->lives[slot->lives[number - 1]];
		if (life->type == NHRP_MAPPING_TYPE_NEGATIVE)
			return 0;
		if (rank(world, life, target) < lowest)
			lowest = rank(world, life, target);
		if (when->to <= life->end_lo)
			return when->to < life->expire_lo ? lowest : 0;
		if (!life->replaced || life->end_hi >= life->expire_lo)
			return 0;
	}

	return 0;
}

/* May a negative mapping that comes before have been there? */
static bool may_be_negative(const struct world *world,
			    const struct target *target,
			    const struct moment *when, unsigned int above)
{
	const struct life *life;
	const struct slot *slot;
	unsigned int i, number;

	for (i = 0; i < world->slot_count; i++) {
		slot = &world->slots[i];
		if (best_rank(slot, target) <= above)
			continue;
		number = begun(world, slot, when->from);
		for (number -= number > 0; number < slot->count; number++) {
			life = &world->lives[slot->lives[number]];
			if (life->begin_lo > when->to)
				break;
			if (life->type == NHRP_MAPPING_TYPE_NEGATIVE &&
			    may_live(life, when))
				return true;
		}
	}

	return false;
}

/**
 * judge_missing - judge the packets that the underlay device did not get
 * @world: world, in which nobody listens
 * @taken: by number of the packet, whether it got it
 * @verdict: result
 */
void judge_missing(const struct world *world, const bool *taken,
		   struct verdict *verdict)
{
	const struct target *target;
	const struct probe *probe;
	unsigned int i, j, lowest;
	struct moment when;

	for (i = 0; i + 1 < world->probe_count; i++) {
		if (taken[i])
			continue;
		verdict->missing++;
		probe = &world->probes[i];
		target = &world->targets[probe->target];
		when.from = probe->sent;
		when.to = world->probes[i + 1].sent;
		when.ticks = probe->ticks;
		for (j = 0; j < world->slot_count; j++) {
			lowest = unbroken(world, &world->slots[j], target,
					  &when);
			if (!lowest || may_be_negative(world, target, &when,
						       lowest))
				continue;
			wrong(world, probe, &when, NULL, verdict,
			      "lost, though it was mapped all the time");
			break;
		}
	}
}
