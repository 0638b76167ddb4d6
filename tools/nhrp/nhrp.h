/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nhrp: reads and writes the NHRP cache of the kernel.
 *
 * main.c dispatches a command line to map.c, peer.c, mcast.c, stats.c or monitor.c,
 * batch.c feeds it with the lines of a file. They take words from utils.c, talk
 * to the kernel through netlink.c, changes by way of changes.c, and write to
 * stdout through print.c alone.
 * A function that can fail says why on stderr and returns its exit status.
 */

#ifndef _NHRP_H
#define _NHRP_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/netlink.h>

#include <linux/nhrp.h>

#define NHRP_VERSION	"0.1"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(a, b)	__attribute__((format(printf, a, b)))

enum {
	STATUS_DONE = 0,
	STATUS_USAGE = 1,	/* the command line is wrong, nothing was sent */
	STATUS_REFUSED = 2,	/* the kernel said no */
};

struct options {
	bool json;
	bool pretty;
	bool stats;
	bool details;
	bool oneline;
	bool timestamp;
	bool force;
	bool batch;
};

extern struct options options;

typedef void (*netlink_handler_t)(const struct nlmsghdr *nlh);

/* main.c */
struct words;

int command_run(struct words *words);

/* batch.c */
int batch_run(const char *name);

/* map.c */
int map_command(struct words *words);
int map_help(void);
int map_each_incomplete(netlink_handler_t handler);

/* map_print.c */
struct neighbour;

const char *map_type_name(uint8_t type);
bool map_attrs_parse(const struct nlmsghdr *nlh, struct nlattr **tb);
bool map_is_kernels(struct nlattr **tb);
void map_print_config(struct nlattr **tb);
void map_print(const struct nlmsghdr *nlh);
uint8_t map_type_of(const struct neighbour *neigh);
void map_print_neighbour(const struct neighbour *neigh);

/* neigh.c */
typedef void (*neigh_handler_t)(const struct neighbour *neigh, const void *context);

const char *neigh_state_name(uint16_t state);
int neigh_each(uint32_t ifindex, neigh_handler_t handler, const void *context);

/* peer.c */
struct peer_filter;

int peer_filter_parse(struct peer_filter *filter, const char *word, struct words *words);
int peer_command(struct words *words);
int peer_help(void);

/* mcast.c */
int mcast_command(struct words *words);
int mcast_help(void);

/* stats.c */
int stats_command(struct words *words);
int stats_help(void);

/* monitor.c */
int monitor_command(struct words *words);
int monitor_help(void);

/* netlink.c */
/* As large as the messages of a dump become, and those of changes. */
union message_buf {
	struct nlmsghdr nlh;
	char data[32 * 1024];
};

int message_begin(union message_buf *msg, uint8_t cmd, uint16_t flags);
void message_put(union message_buf *msg, int type, size_t len, const void *data);
void message_put_u8(union message_buf *msg, int type, uint8_t value);
void message_put_u32(union message_buf *msg, int type, uint32_t value);

int netlink_socket(struct nl_sock **sock);
int netlink_gone(void);
int netlink_check(void);
int netlink_join(struct nl_sock *sock, const char *family, const char *group);
int netlink_new(union message_buf **msg, uint8_t cmd, uint16_t flags);
int netlink_request(union message_buf *msg, netlink_handler_t handler, bool *interrupted);
int netlink_list(union message_buf *msg, netlink_handler_t handler);
int netlink_list_and(union message_buf *msg, netlink_handler_t handler,
		     int (*more)(const void *context), const void *context);
int netlink_request_part(union message_buf *msg, size_t head, size_t begin, size_t end,
			 long *offset);
void netlink_close(void);

/* changes.c */
typedef void (*changes_refused_t)(unsigned int line);

void changes_collect(changes_refused_t refused);
int changes_flush(void);
int change_begin(union message_buf **msg, int type, uint32_t ifindex);
int change_end(unsigned int line);

/* print.c */
void print_list_begin(void);
void print_list_end(int status);
void print_record_begin(void);
void print_record_end(void);
void print_object_begin(const char *key, const char *text);
void print_object_end(void);
void print_array_begin(const char *key);
void print_array_word(const char *fmt, const char *word);
void print_string(const char *key, const char *fmt, const char *value);
void print_uint(const char *key, const char *fmt, unsigned long long value);
void print_flag(const char *key, const char *text);
void print_text(const char *text);
void print_break(void);
int print_flush(void);
int print_finish(void);

/* utils.c */
struct words {
	int argc;
	char **argv;
	unsigned int line;	/* of the batch */
};

struct address {
	uint8_t len;		/* octets, 4 or 16, 0 when not given */
	uint8_t prefixlen;
	uint8_t data[sizeof(struct in6_addr)];
};

/* What the kernel's neighbour table says of a destination */
struct neighbour {
	struct address dst;
	struct address nbma;	/* no length while it is asked for */
	uint32_t ifindex;
	uint16_t state;		/* NUD_* */
	uint8_t protocol;
};

/* The words "dev" and "nbma": lengths and numbers are 0 where nothing was given. */
struct peer_filter {
	struct address nbma;
	uint32_t ifindex;
};

int usage_error(const char *fmt, ...) __printf(1, 2);
int kernel_error(const char *fmt, ...) __printf(1, 2);
int argument_error(const char *argument, const char *why);
bool word_matches(const char *word, const char *command);
bool word_is_help(const struct words *words);
int word_value(struct words *words, const char *key, const char **value);

static inline const char *word_next(struct words *words)
{
	if (words->argc <= 0)
		return NULL;
	words->argc--;
	return *words->argv++;
}

bool address_parse(struct address *addr, const char *text);
bool prefix_parse(struct address *addr, const char *text);
bool mark_parse(const char *text, uint64_t *value);
bool uint_parse(const char *text, uint64_t max, uint64_t *value);
const char *address_text(const void *data, int len);
const char *prefix_text(const void *data, int len, uint8_t prefixlen);

int device_index(const char *name, uint32_t *ifindex);
const char *device_name(uint32_t ifindex);
void device_forget(void);
void device_remember(void);

bool protocol_number(const char *name, uint8_t *number);
const char *protocol_name(uint8_t number);

#endif /* _NHRP_H */
