// SPDX-License-Identifier: GPL-2.0
/* Words of the command line and the values they stand for. */

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "nhrp.h"

static void error_vprint(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("Error: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	/* What earlier lines of a batch have to say comes first. */
	netlink_flush();

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
	return *word && !strncmp(word, command, strlen(word));
}

bool word_is_help(const struct words *words)
{
	return words->argc > 0 && !strcmp(words->argv[0], "help");
}

const char *word_next(struct words *words)
{
	if (words->argc <= 0)
		return NULL;
	words->argc--;
	return *words->argv++;
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

bool address_parse(struct address *addr, const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, addr->data) != 1)
		return false;
	addr->len = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	addr->prefixlen = addr->len * 8;
	return true;
}

bool prefix_parse(struct address *addr, const char *text)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	uint64_t prefixlen;

	if (!slash)
		return address_parse(addr, text);
	if ((size_t)(slash - text) >= sizeof(host))
		return false;
	memcpy(host, text, slash - text);
	host[slash - text] = '\0';
	if (!address_parse(addr, host) || !uint_parse(slash + 1, addr->len * 8, &prefixlen))
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

/*
 * One system call on a socket that is kept: a batch asks for each line, since
 * a device may be renamed between two of them.
 */
int device_index(const char *name, uint32_t *ifindex)
{
	struct ifreq ifr = { };
	uint64_t number;

	if (!*name || strlen(name) >= sizeof(ifr.ifr_name))
		return usage_error("\"%s\" is not a valid device name.", name);

	strcpy(ifr.ifr_name, name);
	if (!ioctl(device_socket(), SIOCGIFINDEX, &ifr)) {
		*ifindex = ifr.ifr_ifindex;
		return STATUS_DONE;
	}
	/* what device_name() says of a device that it cannot name */
	if (!strncmp(name, "if", 2) && uint_parse(name + 2, INT32_MAX, &number) && number) {
		*ifindex = number;
		return STATUS_DONE;
	}
	return usage_error("cannot find device \"%s\".", name);
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

/* Routing protocols, as ip(8) names them */

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
	protocols[RTPROT_STATIC] = strdup("static");
	protocols_read_file("/usr/lib/iproute2/rt_protos");
	protocols_read_file("/usr/share/iproute2/rt_protos");
	protocols_read_file("/etc/iproute2/rt_protos");
	protocols_read_dir("/etc/iproute2/rt_protos.d");
}

bool protocol_number(const char *name, uint8_t *number)
{
	uint64_t value;
	int i;

	if (uint_parse(name, UINT8_MAX, &value)) {
		*number = value;
		return true;
	}

	protocols_read();
	for (i = 0; i <= UINT8_MAX; i++) {
		if (protocols[i] && !strcmp(protocols[i], name)) {
			*number = i;
			return true;
		}
	}
	return false;
}

const char *protocol_name(uint8_t number)
{
	static char text[sizeof("255")];

	protocols_read();
	if (protocols[number])
		return protocols[number];
	snprintf(text, sizeof(text), "%u", number);
	return text;
}
