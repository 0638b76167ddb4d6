// SPDX-License-Identifier: GPL-2.0
/*
 * race DEVICE UNDERLAY SECONDS SEED [listening]: see race.h. One CPU sends, the
 * other changes mappings; in between rounds all is judged.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/nhrp.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "race.h"

#define ROUND_SECONDS	5
#define SECOND		1000000000LL
#define BATCH_MAX	12
#define PORT		9

/* One destination in each family, and the slot of its host mapping, that get
 * more of both: packets and changes.
 */
#define HOT4_TARGET	0
#define HOT4_SLOT	0
#define HOT6_TARGET	46
#define HOT6_SLOT	60

/**
 * struct request - when a request may have taken effect
 * @lo: before it was sent
 * @hi: after it was acknowledged
 * @ticks_lo: the same by the clock of ticks
 * @ticks_hi: likewise
 */
struct request {
	__s64 lo;
	__s64 hi;
	__s64 ticks_lo;
	__s64 ticks_hi;
};

static struct world world;
static struct verdict verdict;
static struct nl *nl;
static int ifindex;
static atomic_bool stop_sending;

/* What was done, and how often it was refused. */
static struct {
	__u64 added;
	__u64 replaced;
	__u64 deleted;
	__u64 flushed;
	__u64 refused;
} changes;

/**
 * die - give up
 * @what: what has failed
 */
void die(const char *what)
{
	perror(what);
	exit(2);
}

/**
 * now - what a clock says
 * @clock: clock
 *
 * Return: nanoseconds.
 */
__s64 now(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);

	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* splitmix64 */
static unsigned int draw(__u64 *state, unsigned int below)
{
	__u64 x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;

	return (x ^ x >> 31) % below;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		die("affinity");
}

/* ---- the world */

static struct addr address(const char *text)
{
	struct addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(addr.family, text, addr.octets) != 1)
		die(text);

	return addr;
}

/* An address so many behind another. */
static struct addr behind(const char *first, unsigned int number)
{
	struct addr addr = address(first);

	addr.octets[addr.family == AF_INET ? 3 : 15] += number;

	return addr;
}

static void add_targets(const char *first, unsigned int count, const char *hop)
{
	struct target *target;
	unsigned int i;

	for (i = 0; i < count; i++) {
		target = &world.targets[world.target_count++];
		target->dst = behind(first, i);
		target->hop = hop ? address(hop) : target->dst;
	}
}

/* So many prefixes of a length, one behind the other. */
static void add_slots(const char *first, unsigned int len, unsigned int count)
{
	unsigned int host = strchr(first, ':') ? 128 : 32, i;
	struct slot *slot;

	for (i = 0; i < count; i++) {
		slot = &world.slots[world.slot_count++];
		slot->addr = behind(first, host - len < 8 ? i << (host - len) : 0);
		slot->len = len;
	}
}

static void create(void)
{
	world.targets = calloc(256, sizeof(*world.targets));
	world.slots = calloc(256, sizeof(*world.slots));
	world.lives = calloc(LIVES_MAX, sizeof(*world.lives));
	world.probes = calloc(FRAMES_MAX, sizeof(*world.probes));
	if (!world.targets || !world.slots || !world.lives || !world.probes)
		die("memory");

	add_targets("10.9.0.2", 30, NULL);
	add_targets("10.10.0.0", 8, "10.9.0.2");
	add_targets("10.10.1.0", 8, "10.9.0.3");
	add_targets("2001:db8:9::2", 14, NULL);
	add_targets("2001:db8:a::", 8, "2001:db8:9::2");

	add_slots("10.9.0.2", 32, 30);
	add_slots("10.9.0.0", 31, 16);
	add_slots("10.9.0.0", 29, 4);
	add_slots("10.9.0.0", 24, 1);
	add_slots("10.0.0.0", 12, 1);
	add_slots("0.0.0.0", 0, 1);
	add_slots("10.10.0.0", 32, 4);
	add_slots("10.10.0.0", 30, 2);
	add_slots("10.10.1.0", 24, 1);
	add_slots("2001:db8:9::2", 128, 14);
	add_slots("2001:db8:9::", 127, 8);
	add_slots("2001:db8:9::", 126, 4);
	add_slots("2001:db8:9::", 65, 1);
	add_slots("2001:db8::", 32, 1);
	add_slots("::", 0, 1);
	add_slots("2001:db8:a::", 128, 4);
	add_slots("2001:db8:a::", 64, 1);
}

/* ---- the sender */

static void send_probe(int fd, const struct target *target,
		       struct probe *probe)
{
	struct sockaddr_in6 six = {
		.sin6_family	= AF_INET6,
		.sin6_port	= htons(PORT),
	};
	struct sockaddr_in four = {
		.sin_family	= AF_INET,
		.sin_port	= htons(PORT),
	};

	memcpy(&four.sin_addr, target->dst.octets, 4);
	memcpy(&six.sin6_addr, target->dst.octets, 16);

	probe->ticks = now(CLOCK_REALTIME_COARSE);
	probe->sent = now(CLOCK_REALTIME);
	if (target->dst.family == AF_INET)
		sendto(fd, probe, sizeof(*probe), 0, (void *)&four, sizeof(four));
	else
		sendto(fd, probe, sizeof(*probe), 0, (void *)&six, sizeof(six));
}

static unsigned int next_target(__u64 *state)
{
	switch (draw(state, 8)) {
	case 0:
		return HOT4_TARGET;
	case 1:
		return HOT6_TARGET;
	}

	return draw(state, world.target_count);
}

/* Nothing is done about errors: what did not leave is judged as missing. */
static void *send_probes(void *seed)
{
	int four = socket(AF_INET, SOCK_DGRAM, 0);
	int six = socket(AF_INET6, SOCK_DGRAM, 0);
	const struct target *target;
	__u64 state = *(__u64 *)seed;
	struct probe *probe;

	if (four < 0 || six < 0)
		die("socket");
	run_on(1);
	while (!atomic_load(&stop_sending) && world.probe_count < FRAMES_MAX) {
		probe = &world.probes[world.probe_count];
		probe->seq = world.probe_count;
		probe->round = world.round;
		probe->target = next_target(&state);
		target = &world.targets[probe->target];
		send_probe(target->dst.family == AF_INET ? four : six, target,
			   probe);
		world.probe_count++;
	}
	close(four);
	close(six);

	return NULL;
}

/* ---- the changes */

static void request_begin(struct request *request)
{
	request->ticks_lo = now(CLOCK_REALTIME_COARSE);
	request->lo = now(CLOCK_REALTIME);
}

static void request_end(struct request *request)
{
	request->hi = now(CLOCK_REALTIME);
	request->ticks_hi = now(CLOCK_REALTIME_COARSE);
}

static struct life *last_life(const struct slot *slot)
{
	return slot->count ? &world.lives[slot->lives[slot->count - 1]] : NULL;
}

/* A slot is not there any more, if it was. */
static void end(struct slot *slot, const struct request *request, bool replaced)
{
	struct life *life = last_life(slot);

	if (!life || life->end_lo != NEVER)
		return;
	life->end_lo = request->lo;
	life->end_hi = request->hi;
	life->replaced = replaced;
	if (life->expire_hi < request->ticks_lo)
		verdict.expired++;
}

/* What a request may ask for: the more the merrier. */
static struct life *new_life(__u64 *state, unsigned int number)
{
	struct life *life = &world.lives[world.life_count++];
	const struct slot *slot = &world.slots[number];

	*life = (struct life){
		.slot		= number,
		.type		= NHRP_MAPPING_TYPE_DYNAMIC + draw(state, 2),
		.void_		= true,
		.begin_lo	= NEVER,
		.begin_hi	= NEVER,
		.end_lo		= NEVER,
		.end_hi		= NEVER,
		.expire_lo	= NEVER,
		.expire_hi	= NEVER,
	};
	if (slot->slow || !draw(state, 4))
		life->hold = 1 + !draw(state, 4);
	if (!draw(state, 8)) {
		life->type = NHRP_MAPPING_TYPE_NEGATIVE;
		return life;
	}
	if (slot->len >= 24 && !draw(state, 4))
		life->flags |= NHRP_MAPPING_FLAGS_SHORTCUT;
	if (!draw(state, 4))
		life->flags |= NHRP_MAPPING_FLAGS_RESOLVE;
	if (!draw(state, 8))
		life->flags |= NHRP_MAPPING_FLAGS_NAT;

	return life;
}

static __u32 nbma_of(const struct life *life)
{
	return NBMA_BASE + world.first_life + (life - world.lives);
}

/* The request that made a mapping has been done. */
static void born(struct life *life, const struct request *request)
{
	struct slot *slot = &world.slots[life->slot];
	const struct life *old = last_life(slot);

	if (old && old->end_lo == NEVER && old->expire_hi > request->ticks_lo)
		changes.replaced++;
	else
		changes.added++;
	end(slot, request, true);
	life->void_ = false;
	life->begin_lo = request->lo;
	life->begin_hi = request->hi;
	if (life->hold) {
		life->expire_lo = request->ticks_lo + life->hold * SECOND -
				  TICKS_ALLOWED * world.tick;
		life->expire_hi = request->ticks_hi + life->hold * SECOND +
				  TICKS_ALLOWED * world.tick;
	}
	if (slot->count == slot->room) {
		slot->room = slot->room ? 2 * slot->room : 64;
		slot->lives = realloc(slot->lives,
				      slot->room * sizeof(*slot->lives));
		if (!slot->lives)
			die("memory");
	}
	slot->lives[slot->count++] = life - world.lives;
}

static void check_refusal(int error, int expected, const char *what)
{
	if (!error)
		return;
	changes.refused++;
	if (error == expected)
		return;
	printf("%s refused: %s\n", what, strerror(error));
	verdict.wrong++;
}

static void set_one(__u64 *state, unsigned int number)
{
	struct life *life = new_life(state, number);
	int flags = NLM_F_CREATE | NLM_F_REPLACE;
	struct request request;
	int error, expected = 0;

	switch (draw(state, 8)) {
	case 0:
		flags = NLM_F_CREATE | NLM_F_EXCL;
		expected = EEXIST;
		break;
	case 1:
		flags = NLM_F_REPLACE;
		expected = ENOENT;
		break;
	}
	request_begin(&request);
	error = nl_set(nl, ifindex, &world.slots[number], life, nbma_of(life),
		       flags);
	request_end(&request);
	check_refusal(error, expected, "change");
	if (!error)
		born(life, &request);
}

static void delete_one(unsigned int number)
{
	struct slot *slot = &world.slots[number];
	struct request request;
	int error;

	request_begin(&request);
	error = nl_del(nl, ifindex, slot);
	request_end(&request);
	check_refusal(error, ENOENT, "deletion");
	if (!error) {
		end(slot, &request, false);
		changes.deleted++;
	}
}

/* One that holds much of what the others do. */
static bool is_wide(const struct slot *slot)
{
	return slot->len < (slot->addr.family == AF_INET ? 24 : 65);
}

static bool is_left_alone(const struct slot *slot)
{
	const struct life *life = last_life(slot);

	return slot->slow && life && life->end_lo == NEVER &&
	       now(CLOCK_REALTIME_COARSE) < life->expire_hi + SECOND / 10;
}

static void set_many(__u64 *state)
{
	unsigned int count = 2 + draw(state, BATCH_MAX - 1), number, i;
	struct life *lives[BATCH_MAX];
	struct request request;
	int error;

	nl_batch_begin(nl);
	for (i = 0; i < count; i++) {
		do
			number = draw(state, world.slot_count);
		while (world.slots[number].slow ||
		       is_wide(&world.slots[number]));
		lives[i] = new_life(state, number);
		nl_batch_replace(nl, ifindex, &world.slots[number], lives[i],
				 nbma_of(lives[i]));
	}
	request_begin(&request);
	error = nl_batch_end(nl);
	request_end(&request);
	check_refusal(error, 0, "batch");
	for (i = 0; !error && i < count; i++)
		born(lives[i], &request);
}

static bool is_within(const struct slot *slot, const struct slot *wide)
{
	return slot->len >= wide->len && covers(wide, &slot->addr);
}

static void flush_some(__u64 *state)
{
	const struct slot *within = NULL;
	__u8 type = 0, flags = 0;
	struct request request;
	struct life *life;
	unsigned int i;
	int error;

	switch (draw(state, 256)) {
	case 0:
		break;
	case 1:
		type = NHRP_MAPPING_TYPE_DYNAMIC +
		       draw(state, 2) * (NHRP_MAPPING_TYPE_NEGATIVE -
					 NHRP_MAPPING_TYPE_DYNAMIC);
		break;
	case 2:
		flags = NHRP_MAPPING_FLAGS_NAT;
		break;
	default:
		do
			within = &world.slots[draw(state, world.slot_count)];
		while (is_wide(within));
	}
	request_begin(&request);
	error = nl_flush(nl, ifindex, within, type, flags);
	request_end(&request);
	check_refusal(error, 0, "flush");
	for (i = 0; i < world.slot_count; i++) {
		life = last_life(&world.slots[i]);
		if (life && (!within || is_within(&world.slots[i], within)) &&
		    (!type || life->type == type) &&
		    (life->flags & flags) == flags)
			end(&world.slots[i], &request, false);
	}
	changes.flushed++;
}

static void change(__u64 *state)
{
	unsigned int number = draw(state, world.slot_count);
	unsigned int what = draw(state, 2000);

	if (what < 1)
		flush_some(state);
	else if (what < 100)
		set_many(state);
	else if (what < 600)
		set_one(state, what < 350 ? HOT4_SLOT : HOT6_SLOT);
	else if (is_left_alone(&world.slots[number]))
		return;
	else if (what < (is_wide(&world.slots[number]) ? 1850 : 950))
		delete_one(number);
	else
		set_one(state, number);
}

/* ---- rounds */

static void clear(__u64 *state)
{
	struct frame frame;
	unsigned int i;

	if (nl_flush(nl, ifindex, NULL, 0, 0))
		die("flush");
	while (capture_next(&frame))
		;
	capture_lost();

	world.first_life += world.life_count;
	world.life_count = 0;
	world.probe_count = 0;
	world.round++;
	for (i = 0; i < world.slot_count; i++) {
		world.slots[i].count = 0;
		world.slots[i].slow = i != HOT4_SLOT && i != HOT6_SLOT &&
				      !is_wide(&world.slots[i]) &&
				      !draw(state, 3);
	}
}

static void race(__u64 *state, __s64 until)
{
	__u64 seed = *state + 1;
	pthread_t sender;

	atomic_store(&stop_sending, false);
	if (pthread_create(&sender, NULL, send_probes, &seed))
		die("thread");
	while (now(CLOCK_MONOTONIC) < until &&
	       world.life_count + BATCH_MAX < LIVES_MAX)
		change(state);
	atomic_store(&stop_sending, true);
	pthread_join(sender, NULL);
}

static void judge(void)
{
	static bool taken[FRAMES_MAX];
	struct frame frame;
	unsigned int lost;

	memset(taken, 0, sizeof(taken));
	while (capture_next(&frame)) {
		if (frame.probe.seq < world.probe_count)
			taken[frame.probe.seq] = true;
		judge_frame(&world, &frame, &verdict);
	}
	lost = capture_lost();
	if (lost) {
		printf("%u packets were not captured\n", lost);
		verdict.wrong++;
	}
	if (!world.listening)
		judge_missing(&world, taken, &verdict);
}

/* All times are of one clock, which must not be set meanwhile. */
static void one_round(__u64 *state, __s64 seconds)
{
	__s64 offset = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC), drift;

	clear(state);
	race(state, now(CLOCK_MONOTONIC) + seconds * SECOND);
	judge();
	drift = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC) - offset;
	if (llabs(drift) > SECOND / 2) {
		printf("the clock was set by %lld ms\n",
		       drift / 1000000);
		verdict.wrong++;
	}
}

static void report(void)
{
	printf("# changes: added %llu replaced %llu deleted %llu flushes %llu\n",
	       changes.added, changes.replaced, changes.deleted,
	       changes.flushed);
	printf("# expired %llu, requests refused %llu\n", verdict.expired,
	       changes.refused);
	printf("# packets %llu: during a change %llu waited %llu missing %llu wrong %llu\n",
	       verdict.checked, verdict.during, verdict.waited,
	       verdict.missing, verdict.wrong);
	printf("# sent after a holding time's end: up to %lld us, of %lld allowed\n",
	       verdict.late / 1000, TICKS_ALLOWED * world.tick / 1000);
	printf("# on the way for up to %lld us\n", verdict.longest / 1000);
}

/* A race in which nothing happened proves nothing. */
static bool was_a_race(void)
{
	return verdict.checked > 1000 && verdict.during > 10 &&
	       verdict.expired > 10 && changes.added > 100 &&
	       changes.replaced > 100 && changes.deleted > 100 &&
	       changes.flushed && world.listening == !!verdict.waited;
}

int main(int argc, char **argv)
{
	struct timespec tick;
	__s64 seconds, round;
	__u64 state;

	if (argc < 5) {
		fprintf(stderr, "usage: race DEVICE UNDERLAY SECONDS SEED [listening]\n");
		return 2;
	}
	ifindex = if_nametoindex(argv[1]);
	seconds = atoll(argv[3]);
	state = atoll(argv[4]);
	world.listening = argc > 5;
	clock_getres(CLOCK_REALTIME_COARSE, &tick);
	world.tick = tick.tv_nsec;

	setvbuf(stdout, NULL, _IOLBF, 0);
	create();
	nl = nl_open();
	capture_open(if_nametoindex(argv[2]));
	run_on(0);
	for (; seconds > 0; seconds -= round) {
		round = seconds < ROUND_SECONDS ? seconds : ROUND_SECONDS;
		one_round(&state, round);
	}
	report();
	if (!was_a_race()) {
		printf("too little happened\n");
		return 1;
	}

	return verdict.wrong ? 1 : 0;
}
