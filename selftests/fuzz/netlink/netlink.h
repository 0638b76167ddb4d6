/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests over netlink, sound and malformed, for fuzz_netlink.sh: family "nhrp" of
 * generic netlink, and links of kind "mgre" by rtnetlink.
 *
 * A run is a row of steps. What a step does follows from the seed and the step's
 * number alone, never from what the kernel said, so that a failure is run again, or
 * printed, with the seed and the number. What the kernel says is held against what
 * it was asked.
 *
 * The devices have the numbers, addresses and keys of fuzz.h.
 */

#ifndef _FUZZ_NETLINK_H
#define _FUZZ_NETLINK_H

#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "../fuzz.h"

#define DEVICES		8
#define FIRST_INDEX	101
#define UNDERLAY_INDEX	90
/* Of no device. */
#define NO_INDEX	999
/* Descriptors of the two netns, whose numbers requests carry. */
#define FD_HERE		200
#define FD_THERE	201
#define ATTRS_MAX	160
#define ATTR_DATA	64
#define FIXED_MAX	32
#define MESSAGES_MAX	64
/* In a datagram. */
#define REQUESTS_MAX	4096

/**
 * enum nl_kind - what the value of an attribute is
 *
 * In a reply, the kind says which lengths and values there may be.
 */
enum nl_kind {
	K_U8,
	K_BOOL,
	K_U32,
	K_U64,
	K_FLAG,
	K_PAD,
	K_ADDR,
	K_ADDR4,
	K_ADDR6,
	K_STRING,
	K_BINARY,
	K_NEST,
	/* Those that requests have more to say about. */
	K_IFINDEX,
	K_UNDERLAY,
	K_DST,
	K_PREFIXLEN,
	K_NBMA,
	K_GROUP,
	K_GROUPLEN,
	K_TYPE,
	K_FLAGS,
	K_HOLD,
	K_MTU,
	K_PROTOCOL,
	K_KEY,
	K_TOS,
	K_QUEUE,
	K_MAXMAPPINGS,
	K_LOCAL4,
	K_LOCAL6,
	K_NAME,
	K_LINK_KIND,
	K_NETNS_FD,
	K_NETNS_ID,
	K_SMALL,
	K_LINK_MTU,
};

struct nl_set;

/**
 * struct nl_attr - an attribute that there is
 * @type: its number
 * @kind: its value
 * @often: how many of 16 sound requests have it; of a reply's, 16 if each has it
 * @nest: attributes in it
 */
struct nl_attr {
	__u16 type;
	enum nl_kind kind;
	__u8 often;
	const struct nl_set *nest;
};

/**
 * struct nl_set - attributes that go together
 * @attrs: they
 * @count: their number
 * @repeated: a request may have any of them many times
 * @open: a reply may have others
 */
struct nl_set {
	const struct nl_attr *attrs;
	unsigned int count;
	bool repeated;
	bool open;
};

/**
 * struct nl_command - a request that there is
 * @name: as it is reported
 * @id: command of the family, or type of the rtnetlink message
 * @route: it is rtnetlink's
 * @dump: it is a dump
 * @write: it needs CAP_NET_ADMIN
 * @often: how often it is made, against the others of its protocol
 * @request: what it takes
 * @reply: what answers it, or NULL
 */
struct nl_command {
	const char *name;
	__u16 id;
	bool route;
	bool dump;
	bool write;
	__u8 often;
	const struct nl_set *request;
	const struct nl_set *reply;
};

/**
 * struct subject - what the attributes of one object are about, so that they agree
 * @device: number of the device
 * @ip6: family of @dst
 * @dst: prefix
 * @len: its length
 * @group: it is a group
 * @nbma: NBMA address
 * @nbma_len: its length, 4 or 16
 * @type: type of a mapping
 */
struct subject {
	unsigned int device;
	bool ip6;
	__u8 dst[16];
	unsigned int len;
	bool group;
	__u8 nbma[16];
	unsigned int nbma_len;
	__u8 type;
};

/**
 * struct attr - an attribute of a request
 * @spec: what it was made from, or NULL
 * @type: its type, with the bits for nests and byte order
 * @depth: of nesting; those behind it that are deeper are in it
 * @lies: its length is said to be @claim
 * @claim: nla_len
 * @len: octets in it beside attributes; those behind ATTR_DATA follow a pattern
 * @data: they
 */
struct attr {
	const struct nl_attr *spec;
	__u16 type;
	__u8 depth;
	bool lies;
	__u16 claim;
	__u32 len;
	__u8 data[ATTR_DATA];
};

/**
 * struct message - a request
 * @h: its header; nlmsg_len is made when it is written, and then changed by @lie
 * @lie: 0, or what is added to nlmsg_len
 * @fixed: header of the family
 * @fixed_len: its length
 * @attrs: attributes
 * @count: their number
 */
struct message {
	struct nlmsghdr h;
	__s32 lie;
	__u8 fixed[FIXED_MAX];
	unsigned int fixed_len;
	struct attr attrs[ATTRS_MAX];
	unsigned int count;
};

/**
 * struct link - a socket
 * @fd: descriptor, or -1
 * @route: rtnetlink, else generic netlink
 * @there: in the other netns
 */
struct link {
	int fd;
	bool route;
	bool there;
};

/**
 * struct options - what a run is told
 * @seed: which one
 * @first: step that it begins with
 * @steps: number of steps, or 0
 * @messages: number of messages, or 0
 * @seconds: time, or 0
 * @denied: we have no privilege
 * @replace: after so many steps the other netns is given up for a new one, or 0
 * @trail: file for the last steps before a failure, or NULL
 */
struct options {
	__u64 seed;
	__u64 first;
	__u64 steps;
	__u64 messages;
	unsigned int seconds;
	bool denied;
	unsigned int replace;
	const char *trail;
};

/**
 * struct device - a device of the run
 * @name: its name
 * @index: its ifindex
 */
struct device {
	char name[IFNAMSIZ];
	__u32 index;
};

/* main.c */
/**
 * struct spent - what datagrams of one kind have taken
 * @us: time
 * @messages: number of messages
 */
struct spent {
	__u64 us;
	__u64 messages;
};

extern struct options options;
extern struct device devices[DEVICES];
extern __u16 family;
extern struct link links[4];

/* spec.c */
extern const struct nl_command commands[];
extern const unsigned int command_count;
extern const struct nl_set link_reply;
extern const struct nl_set mapping_reply;
const struct nl_set *event_set(__u8 cmd);
const struct nl_command *find_command(const struct nlmsghdr *h, bool route);

/* value.c */
void some_subject(struct subject *s);
void some_group(struct subject *s);
void put_value(struct attr *a, enum nl_kind kind, const struct subject *s);
void odd_value(struct attr *a);
void device_option(struct attr *a, unsigned int device);

/* make.c */
void number_messages(__u32 from);
void make_message(struct message *m, bool route);
void make_device(struct message *m, unsigned int device);
void make_plain(struct message *m, const struct nl_command *command, __u32 index);
struct attr *add_attr(struct message *m, const struct nl_attr *spec, __u8 depth);
void write_message(struct packet *p, const struct message *m);

/* mutate.c */
void mutate_message(struct message *m);

/* check.c */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern unsigned int complaints;
void check_attrs(const char *what, const void *at, size_t len,
		 const struct nl_set *set);
void check_errors(const struct nlmsghdr *h, const struct nlmsghdr *request,
		  size_t offset);
void check_reply(const struct nlmsghdr *h, const struct nl_command *command);
void check_event(const struct nlmsghdr *h);

/* answer.c */
void expect(const struct packet *p, bool route);
void answer(const struct nlmsghdr *h, int len);
void answers_end(void);
void check_outcomes(const int *want, unsigned int count, const char *where);
void report_commands(void);
extern bool overrun;

/* socket.c */
void links_open(void);
void there_open(void);
void there_close(void);
void send_and_check(const struct link *link, const struct packet *p);
void groups_open(void);
void groups_step(void);
void groups_drain(void);
void dump_disturbed(const struct link *link, const struct packet *dump,
		    const struct packet *between);
extern __u64 overruns, events;

/* step.c */
extern struct spent spent[2];
unsigned int run_step(__u64 number, FILE *print);
void set_up(void);

/* text.c */
void print_datagram(FILE *to, const struct packet *p, const struct link *link);
void replay_file(const char *name);

#endif /* _FUZZ_NETLINK_H */
