/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nhrp: reads and writes the NHRP cache of the kernel.
 *
 * main.c dispatches a command line to map.c, peer.c or monitor.c, batch.c
 * feeds it with the lines of a file. They take words from utils.c, talk to
 * the kernel through netlink.c and write to stdout through print.c alone.
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

/* main.c */
struct words;

int command_run(struct words *words);

/* batch.c */
int batch_run(const char *name);

/* map.c */
int map_command(struct words *words);
int map_help(void);
void map_print(const struct nlmsghdr *nlh);

/* peer.c */
int peer_command(struct words *words);
int peer_help(void);

/* monitor.c */
int monitor_command(struct words *words);
int monitor_help(void);

/* netlink.c */
/* As large as the messages of a dump become. */
union message_buf {
	struct nlmsghdr nlh;
	char data[32 * 1024];
};

typedef void (*netlink_handler_t)(const struct nlmsghdr *nlh);
typedef void (*netlink_failed_t)(unsigned int line);

int netlink_open_group(const char *group, struct nl_sock **sock);
int netlink_msg_new(struct nl_msg **msg, uint8_t cmd, uint16_t flags);
int netlink_request(struct nl_msg *msg, netlink_handler_t handler);
int netlink_change(struct nl_msg *msg, unsigned int line);
void netlink_flush(void);
void netlink_pipeline(netlink_failed_t failed);
void netlink_close(void);

/* print.c */
void print_list_begin(void);
void print_list_end(int status);
void print_record_begin(void);
void print_record_end(void);
void print_object_begin(const char *key, const char *text);
void print_object_end(void);
void print_string(const char *key, const char *fmt, const char *value);
void print_uint(const char *key, const char *fmt, unsigned long long value);
void print_text(const char *text);
void print_break(void);
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

int usage_error(const char *fmt, ...) __printf(1, 2);
int kernel_error(const char *fmt, ...) __printf(1, 2);
int argument_error(const char *argument, const char *why);
bool word_matches(const char *word, const char *command);
bool word_is_help(const struct words *words);
const char *word_next(struct words *words);
int word_value(struct words *words, const char *key, const char **value);

bool address_parse(struct address *addr, const char *text);
bool prefix_parse(struct address *addr, const char *text);
bool uint_parse(const char *text, uint64_t max, uint64_t *value);
const char *address_text(const void *data, int len);
const char *prefix_text(const void *data, int len, uint8_t prefixlen);

int device_index(const char *name, uint32_t *ifindex);
const char *device_name(uint32_t ifindex);
void device_remember(void);

bool protocol_number(const char *name, uint8_t *number);
const char *protocol_name(uint8_t number);

#endif /* _NHRP_H */
