// SPDX-License-Identifier: GPL-2.0
/* Words of the command line and the values they stand for. */

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <netlink/msg.h>

#include <linux/rtnetlink.h>

#include "nhrp.h"

static void error_vprint(const char *fmt, va_list ap)
{
	print_flush();
	fputs("Error: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	/*
	 * What earlier lines of a batch have to say comes first. When one of
	 * them ends the batch, nothing more is said.
	 */
	if (changes_flush())
		return STATUS_USAGE;

	va_start(ap, fmt);
	error_vprint(fmt, ap);
	va_end(ap);
	return STATUS_USAGE;
}

int argument_error(const char *argument, const char *why)
{
	return usage_error("argument \"%s\" is wrong: %s.", argument, why);
}

int kernel_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vprint(fmt, ap);
	va_end(ap);
	return STATUS_REFUSED;
}

/* True when @word abbreviates @command. */
bool word_matches(const char *word, const char *command)
{
	if (!*word)
		return false;
	while (*word && *word == *command) {
		word++;
		command++;
	}
	return !*word;
}

bool word_is_help(const struct words *words)
{
	return words->argc > 0 && !strcmp(words->argv[0], "help");
}

int word_value(struct words *words, const char *key, const char **value)
{
	*value = word_next(words);
	if (!*value)
		return usage_error("the value of \"%s\" is missing.", key);
	return STATUS_DONE;
}

/* Decimal digits alone: no sign, no space, no octal. */
bool uint_parse(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		number = number * 10 + (*text - '0');
		if (number > max)
			return false;
	}
	*value = number;
	return true;
}

/* Decimal, or hexadecimal behind 0x */
bool mark_parse(const char *text, uint64_t *value)
{
	char *end;

	if (strncmp(text, "0x", 2) || !isxdigit((unsigned char)text[2]))
		return uint_parse(text, UINT32_MAX, value);
	errno = 0;
	*value = strtoull(text, &end, 16);
	return !*end && !errno && *value <= UINT32_MAX;
}

/*
 * What inet_pton() takes as an IPv4 address, at less cost: a line of a batch has
 * two of them. Returns what is behind it, or NULL.
 */
static const char *ipv4_read(uint8_t *data, const char *text)
{
	unsigned int octet, digit;
	int more;
	int i;

	for (i = 0; i < 4; i++) {
		if (i && *text++ != '.')
			return NULL;
		octet = (unsigned int)*text - '0';
		if (octet > 9)
			return NULL;
		text++;
		/* no digits behind a zero that leads */
		for (more = octet ? 2 : 0; more; more--, text++) {
			digit = (unsigned int)*text - '0';
			if (digit > 9)
				break;
			octet = octet * 10 + digit;
		}
		if (octet > UINT8_MAX)
			return NULL;
		data[i] = octet;
	}
	return text;
}

/* An address of either family; returns what is behind it, or NULL. */
static const char *address_read(struct address *addr, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	const char *end;

	end = ipv4_read(addr->data, text);
	if (end) {
		addr->len = sizeof(struct in_addr);
	} else {
		end = strchrnul(text, '/');
		if ((size_t)(end - text) >= sizeof(host))
			return NULL;
		memcpy(host, text, end - text);
		host[end - text] = '\0';
		if (inet_pton(AF_INET6, host, addr->data) != 1)
			return NULL;
		addr->len = sizeof(struct in6_addr);
	}
	addr->prefixlen = addr->len * 8;
	return end;
}

bool address_parse(struct address *addr, const char *text)
{
	const char *end = address_read(addr, text);

	return end && !*end;
}

bool prefix_parse(struct address *addr, const char *text)
{
	const char *end = address_read(addr, text);
	uint64_t prefixlen;

	if (!end || !*end)
		return end;
	if (*end != '/' || !uint_parse(end + 1, addr->len * 8, &prefixlen))
		return false;
	addr->prefixlen = prefixlen;
	return true;
}

/* The text is good until the next call. */
const char *address_text(const void *data, int len)
{
	static char text[INET6_ADDRSTRLEN];

	switch (len) {
	case sizeof(struct in_addr):
		return inet_ntop(AF_INET, data, text, sizeof(text));
	case sizeof(struct in6_addr):
		return inet_ntop(AF_INET6, data, text, sizeof(text));
	default:
		return "?";
	}
}

const char *prefix_text(const void *data, int len, uint8_t prefixlen)
{
	static char text[INET6_ADDRSTRLEN + sizeof("/255")];
	const char *address = address_text(data, len);

	if (prefixlen == len * 8)
		return address;
	snprintf(text, sizeof(text), "%s/%u", address, prefixlen);
	return text;
}

static int device_socket(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd;
}

#define DEVICE_NAME_SIZE	128	/* of an alternative name */

/* The device asked for last */
static struct {
	char name[DEVICE_NAME_SIZE];
	uint32_t ifindex;		/* 0 when forgotten */
} last_device;

/* A device may be renamed whenever something was done. */
void device_forget(void)
{
	last_device.ifindex = 0;
}

static int device_read_link(struct nl_msg *msg, void *ifindex)
{
	const struct ifinfomsg *link = nlmsg_data(nlmsg_hdr(msg));

	*(uint32_t *)ifindex = link->ifi_index;
	return NL_OK;
}

/* By an alternative name that is too long for the ioctl; 0 if no device has it */
static uint32_t device_lookup_long(const char *name)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	struct nl_sock *sock = nl_socket_alloc();
	uint32_t ifindex = 0;

	if (msg && sock && !nl_connect(sock, NETLINK_ROUTE) &&
	    !nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO) &&
	    !nla_put_string(msg, IFLA_ALT_IFNAME, name)) {
		nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, device_read_link, &ifindex);
		if (nl_send_auto(sock, msg) >= 0)
			nl_recvmsgs_default(sock);
	}
	nl_socket_free(sock);
	nlmsg_free(msg);
	return ifindex;
}

/* By a name or an alternative name; 0 if no device has it */
static uint32_t device_lookup_name(const char *name)
{
	struct ifreq ifr = { };

	if (strlen(name) >= sizeof(ifr.ifr_name))
		return device_lookup_long(name);
	strcpy(ifr.ifr_name, name);
	return ioctl(device_socket(), SIOCGIFINDEX, &ifr) ? 0 : ifr.ifr_ifindex;
}

static int device_lookup(const char *name, uint32_t *ifindex)
{
	uint64_t number;

	*ifindex = device_lookup_name(name);
	if (*ifindex)
		return STATUS_DONE;
	/* what device_name() says of a device that it cannot name */
	if (!strncmp(name, "if", 2) && uint_parse(name + 2, INT32_MAX, &number) && number) {
		*ifindex = number;
		return STATUS_DONE;
	}
	return usage_error("cannot find device \"%s\".", name);
}

int device_index(const char *name, uint32_t *ifindex)
{
	int status;

	if (!last_device.ifindex || strcmp(name, last_device.name)) {
		if (!*name || strlen(name) >= sizeof(last_device.name))
			return usage_error("\"%s\" is not a valid device name.", name);

		status = device_lookup(name, &last_device.ifindex);
		if (status)
			return status;
		strcpy(last_device.name, name);
	}
	*ifindex = last_device.ifindex;
	return STATUS_DONE;
}

/*
 * Names of the devices seen, for events of a device that is gone. Kept by
 * monitor only.
 */
struct device {
	uint32_t ifindex;
	char name[IFNAMSIZ];
};

static struct {
	bool on;
	struct device *table;
	size_t used;
} memory;

static struct device *memory_lookup(uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < memory.used; i++)
		if (memory.table[i].ifindex == ifindex)
			return &memory.table[i];
	return NULL;
}

static void memory_update(uint32_t ifindex, const char *name)
{
	struct device *device = memory_lookup(ifindex);

	if (!device) {
		device = realloc(memory.table, (memory.used + 1) * sizeof(*device));
		if (!device)
			return;
		memory.table = device;
		device += memory.used++;
		device->ifindex = ifindex;
	}
	snprintf(device->name, sizeof(device->name), "%s", name);
}

void device_remember(void)
{
	struct if_nameindex *list = if_nameindex();
	struct if_nameindex *entry;

	memory.on = true;
	for (entry = list; entry && entry->if_index; entry++)
		memory_update(entry->if_index, entry->if_name);
	if_freenameindex(list);
}

/* The text is good until the next call. */
const char *device_name(uint32_t ifindex)
{
	static struct ifreq ifr;
	struct device *device;

	ifr.ifr_ifindex = ifindex;
	if (!ioctl(device_socket(), SIOCGIFNAME, &ifr)) {
		if (memory.on)
			memory_update(ifindex, ifr.ifr_name);
		return ifr.ifr_name;
	}

	device = memory_lookup(ifindex);
	if (device)
		return device->name;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "if%u", ifindex);
	return ifr.ifr_name;
}

/* Routing protocols, as ip(8) names them: those that it knows, and what its files say */

static const char * const known_protocols[UINT8_MAX + 1] = {
	[RTPROT_UNSPEC] = "unspec",
	[RTPROT_REDIRECT] = "redirect",
	[RTPROT_KERNEL] = "kernel",
	[RTPROT_BOOT] = "boot",
	[RTPROT_STATIC] = "static",
	[RTPROT_GATED] = "gated",
	[RTPROT_RA] = "ra",
	[RTPROT_MRT] = "mrt",
	[RTPROT_ZEBRA] = "zebra",
	[RTPROT_BIRD] = "bird",
	[RTPROT_DNROUTED] = "dnrouted",
	[RTPROT_XORP] = "xorp",
	[RTPROT_NTK] = "ntk",
	[RTPROT_DHCP] = "dhcp",
	[RTPROT_KEEPALIVED] = "keepalived",
	[RTPROT_BABEL] = "babel",
	[RTPROT_BGP] = "bgp",
	[RTPROT_ISIS] = "isis",
	[RTPROT_OSPF] = "ospf",
	[RTPROT_RIP] = "rip",
	[RTPROT_EIGRP] = "eigrp",
};

static char *protocols[UINT8_MAX + 1];

static void protocols_read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	char name[64];
	int number;

	if (!file)
		return;
	while (getline(&line, &size, file) >= 0) {
		if (sscanf(line, " %i %63[^# \t\n]", &number, name) != 2)
			continue;
		if (number < 0 || number > UINT8_MAX)
			continue;
		free(protocols[number]);
		protocols[number] = strdup(name);
	}
	free(line);
	fclose(file);
}

static int protocols_is_conf(const struct dirent *entry)
{
	const char *suffix = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && suffix && !strcmp(suffix, ".conf");
}

static void protocols_read_dir(const char *dir)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int i, count;

	count = scandir(dir, &entries, protocols_is_conf, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		protocols_read_file(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* Where the versions of iproute2 keep them. */
static void protocols_read(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	protocols_read_file("/usr/lib/iproute2/rt_protos");
	protocols_read_file("/usr/share/iproute2/rt_protos");
	protocols_read_file("/etc/iproute2/rt_protos");
	protocols_read_dir("/etc/iproute2/rt_protos.d");
}

/* NULL if it has no name */
static const char *protocol_lookup(uint8_t number)
{
	protocols_read();
	return protocols[number] ? protocols[number] : known_protocols[number];
}

bool protocol_number(const char *name, uint8_t *number)
{
	const char *known;
	uint64_t value;
	int i;

	if (uint_parse(name, UINT8_MAX, &value)) {
		*number = value;
		return true;
	}

	for (i = 0; i <= UINT8_MAX; i++) {
		known = protocol_lookup(i);
		if (known && !strcmp(known, name)) {
			*number = i;
			return true;
		}
	}
	return false;
}

const char *protocol_name(uint8_t number)
{
	const char *known = protocol_lookup(number);
	static char text[sizeof("255")];

	if (known)
		return known;
	snprintf(text, sizeof(text), "%u", number);
	return text;
}
