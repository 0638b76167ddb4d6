/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations of the kernel fail, one at a time: the n-th one of one system call
 * (/proc/thread-self/fail-nth), for each n. What was asked for is then done or
 * refused, and nothing in between; what was refused is done when asked for again.
 */

#ifndef FAULT_H
#define FAULT_H

#include <linux/netlink.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* n of op->prepare() the first time: more than any system call allocates. */
#define REHEARSAL	1000000

/* What the kernel has not said. */
#define UNKNOWN		-1

/**
 * enum where - which allocations may fail
 * @WHERE_ANY: all of the system call
 * @WHERE_MODULE: those below a function of the module
 * @WHERE_INIT: those below the init function of a module
 */
enum where {
	WHERE_ANY,
	WHERE_MODULE,
	WHERE_INIT,
};

/**
 * struct text - a text that grows
 * @octets: it, or NULL
 * @size: its length
 * @room: octets allocated
 */
struct text {
	char *octets;
	size_t size;
	size_t room;
};

/**
 * struct op - something that is done while allocations fail
 * @name: for the reader
 * @where: which allocations
 * @reject: those below this function of the kernel do not; NULL for the usual one
 * @min: number of allocations that must have failed, or nothing was tested; kmemleak's
 *	own come on top where it is
 * @max: number of system calls; if there are more allocations, the first half of
 *	these is for the first ones, and the rest is spread; 0 for all of them
 * @tail: the last ones alone instead
 * @also: errno that says the same as ENOMEM, if the core has another one; else 0
 * @partial: it may have been done up to some point
 * @prepare: makes ready for the n-th time, without faults; may be NULL
 * @act: the system call
 * @finish: takes its result; 0 it was done, else an errno or UNKNOWN
 * @undo: so that the state is again what it was; NULL if it changes nothing
 * @state: writes down the state; may be NULL
 * @data: of the functions
 */
struct op {
	const char *name;
	enum where where;
	const char *reject;
	int min;
	int max;
	bool tail;
	int also;
	bool partial;
	void (*prepare)(const struct op *op, int n);
	long (*act)(const struct op *op);
	int (*finish)(const struct op *op, long result);
	void (*undo)(const struct op *op);
	void (*state)(struct text *text);
	const void *data;
};

/* main.c */
__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *format, ...);
__attribute__((format(printf, 1, 2)))
void wrong(const char *format, ...);
__attribute__((format(printf, 2, 3)))
void text_add(struct text *text, const char *format, ...);
void text_hex(struct text *text, const void *data, size_t size);
void fault_partial(const struct op *op);
void fault_run(const struct op *op);

/* inject.c */
void inject_open(bool chance);
unsigned long inject_chance(int percent);
void inject_where(enum where where, const char *reject);
void inject_arm(unsigned int n);
unsigned int inject_disarm(void);

#define MESSAGE_MAX	16384

/**
 * struct message - a netlink message
 * @hdr: its header
 * @octets: all of it
 */
struct message {
	union {
		struct nlmsghdr hdr;
		char octets[MESSAGE_MAX];
	};
};

/* message.c */
void message_begin(struct message *m, __u16 type, __u16 flags, const void *hdr,
		   size_t size);
void message_genl(struct message *m, __u16 flags, __u8 cmd);
struct nlattr *message_put(struct message *m, __u16 type, const void *data,
			   size_t size);
void message_put_u8(struct message *m, __u16 type, __u8 value);
void message_put_u32(struct message *m, __u16 type, __u32 value);
void message_put_addr(struct message *m, __u16 type, const char *addr);
struct nlattr *message_nest(struct message *m, __u16 type);
void message_nest_end(struct message *m, struct nlattr *nest);
const struct nlattr *message_attr(const void *attrs, int left, int type);
int netlink_open(int protocol);
void netlink_genl_init(void);
__u32 netlink_group(const char *name);
int netlink_acked(int fd);
int netlink_ask(int fd, struct message *m);
int netlink_each(int fd, struct message *m,
		 void (*each)(const struct nlmsghdr *hdr, void *to), void *to);
extern __u16 netlink_family;

/* state.c */
int ifindex_of(const char *name);
void state_cache(struct text *text);
void state_links(struct text *text);

/* the operations */
void requests(void);
void links(const char *netns);
void packets(void);
void netns(void);
void module(const char *path);

#endif /* FAULT_H */
