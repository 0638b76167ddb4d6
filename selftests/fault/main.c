// SPDX-License-Identifier: GPL-2.0
/*
 * fault GROUP [ARGUMENT]: carry out the operations of a group with faults. Lines
 * that begin with "# " are for the reader; exit 0 if all went as it should, else 1.
 *
 * fault chance PERCENT: let allocations of the module fail by chance, and print how
 * many have failed since this was said last.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault.h"

/* Partial states of one operation. */
#define PARTIAL_MAX	16

/**
 * struct run - what has come of an operation so far
 * @op: operation
 * @before: state before it
 * @done: state when it is done
 * @partial: states when it is done in part
 * @partials: number of them
 * @faults: allocations that have failed
 * @refused: times it was refused
 * @finished: times it was done in spite of a fault
 * @unknown: times that nobody knew
 */
struct run {
	const struct op *op;
	struct text before;
	struct text done;
	struct text partial[PARTIAL_MAX];
	int partials;
	int faults;
	int refused;
	int finished;
	int unknown;
};

static struct run run;
static int wrongs;

void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	printf("fault: ");
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(error));
	exit(2);
}

void wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%s: ", run.op ? run.op->name : "fault");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	if (++wrongs == 20)
		exit(1);
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	int size;

	if (text->room < text->size + 4096) {
		text->room = text->room * 2 + 8192;
		text->octets = realloc(text->octets, text->room);
		if (!text->octets)
			die("memory");
	}
	va_start(args, format);
	size = vsnprintf(text->octets + text->size, text->room - text->size,
			 format, args);
	va_end(args);
	if (size < 0 || (size_t)size >= text->room - text->size)
		die("text");
	text->size += size;
}

void text_hex(struct text *text, const void *data, size_t size)
{
	const unsigned char *octets = data;

	while (size--)
		text_add(text, "%02x", *octets++);
}

static bool text_equal(const struct text *a, const struct text *b)
{
	return a->size == b->size &&
	       (!a->size || !memcmp(a->octets, b->octets, a->size));
}

static void text_free(struct text *text)
{
	free(text->octets);
	memset(text, 0, sizeof(*text));
}

static struct text state(const struct op *op)
{
	struct text text = {};

	if (op->state)
		op->state(&text);
	return text;
}

static void state_wrong(const char *what, int n, const struct text *got,
			const struct text *want)
{
	wrong("fault %d: %s: state is\n%.*sand not\n%.*s", n, what,
	      (int)got->size, got->octets ?: "", (int)want->size,
	      want->octets ?: "");
}

static void state_is(const char *what, int n, const struct text *want)
{
	struct text now = state(run.op);

	if (!text_equal(&now, want))
		state_wrong(what, n, &now, want);
	text_free(&now);
}

static bool state_allowed(const struct text *now)
{
	int i;

	for (i = 0; i < run.partials; i++)
		if (text_equal(now, &run.partial[i]))
			return true;

	return false;
}

/**
 * fault_partial - what the state is now is allowed when the operation fails
 * @op: operation that is being prepared
 */
void fault_partial(const struct op *op)
{
	if (run.partials == PARTIAL_MAX)
		die("too many states of %s", op->name);
	run.partial[run.partials++] = state(op);
}

/* Return: what op->finish() says; *left is what inject_disarm() says. */
static int attempt(int n, unsigned int *left)
{
	const struct op *op = run.op;
	long result;

	if (op->prepare)
		op->prepare(op, n);
	inject_arm(n);
	result = op->act(op);
	*left = inject_disarm();

	return op->finish(op, result);
}

static void undo(int n)
{
	if (!run.op->undo)
		return;
	run.op->undo(run.op);
	state_is("undone", n, &run.before);
}

/* It was refused: nothing has changed, and again it is not. */
static void was_refused(int n, int error)
{
	struct text now = state(run.op);
	unsigned int left;

	run.refused++;
	if (error != ENOMEM && error != ENOBUFS && error != EAGAIN &&
	    error != run.op->also)
		wrong("fault %d: refused for %s", n, strerror(error));
	if (!text_equal(&now, &run.before) && !state_allowed(&now))
		state_wrong("refused", n, &now, &run.before);
	text_free(&now);
	if (run.op->partial)
		undo(n);

	error = attempt(0, &left);
	if (error)
		wrong("fault %d: refused again: %s", n, strerror(error));
	state_is("done again", n, &run.done);
	undo(n);
}

static void not_said(int n)
{
	struct text now = state(run.op);

	run.unknown++;
	if (!text_equal(&now, &run.before) && !text_equal(&now, &run.done) &&
	    !state_allowed(&now))
		state_wrong("done or not", n, &now, &run.done);
	text_free(&now);
	undo(n);
}

static void one(int n)
{
	unsigned int left;
	int error = attempt(n, &left);

	if (!left)
		run.faults++;
	else if (error)
		wrong("without a fault: %s", strerror(error));
	if (error == UNKNOWN) {
		not_said(n);
	} else if (error) {
		was_refused(n, error);
	} else {
		run.finished += !left;
		state_is("done", n, &run.done);
		undo(n);
	}
}

/* Return: number of allocations of the operation. */
static int rehearse(void)
{
	unsigned int left;
	int error;

	run.before = state(run.op);
	error = attempt(REHEARSAL, &left);
	if (error)
		wrong("without a fault: %s", strerror(error));
	run.done = state(run.op);
	if (run.op->undo && run.op->state && text_equal(&run.before, &run.done))
		wrong("without a fault: no change");
	undo(0);

	return REHEARSAL - left;
}

/* Which allocation fails the i-th time. Those of the module come first. */
static int choose(const struct op *op, int i, int count)
{
	int first = op->max / 2;

	if (!op->max || count <= op->max)
		return i + 1;
	if (op->tail)
		return count - op->max + i + 1;
	if (i < first)
		return i + 1;

	return first + 1 + (i - first) * (count - first - 1) /
			   (op->max - first - 1);
}

/* Until there were fewer allocations than that: they are not as many each time. */
static void run_times(int count)
{
	const struct op *op = run.op;
	int i, times = op->max && count > op->max ? op->max : count;
	int was = wrongs, faults;

	for (i = 0; i < times && wrongs == was; i++)
		one(choose(op, i, count));
	if (times != count)
		return;
	for (faults = run.faults - 1; faults < run.faults && wrongs == was; i++) {
		faults = run.faults;
		one(i + 1);
	}
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/**
 * fault_run - carry out an operation with faults
 * @op: operation
 */
void fault_run(const struct op *op)
{
	long long began = now_ms();
	int count;

	run = (struct run){ .op = op };
	inject_where(op->where, op->reject);
	count = rehearse();
	run_times(count);
	printf("# %s: %d allocations, %d failed: %d refused, %d done, %d not said; %lld ms\n",
	       op->name, count, run.faults, run.refused, run.finished,
	       run.unknown, now_ms() - began);
	if (run.faults < op->min)
		wrong("%d faults, less than %d", run.faults, op->min);
	fflush(stdout);
	text_free(&run.before);
	text_free(&run.done);
	while (run.partials)
		text_free(&run.partial[--run.partials]);
}

int main(int argc, char *argv[])
{
	const char *group = argc > 1 ? argv[1] : "";
	const char *arg = argc > 2 ? argv[2] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	inject_open(!strcmp(group, "chance"));
	if (!strcmp(group, "chance"))
		printf("%lu\n", inject_chance(atoi(arg)));
	else if (!strcmp(group, "requests"))
		requests();
	else if (!strcmp(group, "links"))
		links(arg);
	else if (!strcmp(group, "packets"))
		packets();
	else if (!strcmp(group, "netns"))
		netns();
	else if (!strcmp(group, "module"))
		module(arg);
	else
		die("no group %s", group);

	return wrongs ? 1 : 0;
}
