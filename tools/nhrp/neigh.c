// SPDX-License-Identifier: GPL-2.0
/*
 * Neighbours of devices that resolve by the kernel's neighbour table. A daemon that was
 * written for ip_gre keeps its mappings there, and they come before those of the cache.
 */

#include <stdlib.h>
#include <string.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/mgre.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "nhrp.h"

/* What is handed through libnl to those who read the kernel's answers */
struct neigh_dump {
	neigh_handler_t handler;
	const void *context;
	uint32_t ifindex;		/* of the only device to look at, 0 for all */
	uint32_t *devices;		/* that resolve so */
	size_t count;
	bool failed;
};

static bool neigh_dump_has(const struct neigh_dump *dump, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < dump->count; i++)
		if (dump->devices[i] == ifindex)
			return true;
	return false;
}

static void neigh_dump_add(struct neigh_dump *dump, uint32_t ifindex)
{
	uint32_t *devices;

	devices = realloc(dump->devices, (dump->count + 1) * sizeof(*devices));
	if (!devices) {
		dump->failed = true;
		return;
	}
	devices[dump->count++] = ifindex;
	dump->devices = devices;
}

/* Does the kernel's answer to RTM_GETLINK describe a device with resolver neigh? */
static bool neigh_is_resolver(struct nlmsghdr *nlh)
{
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *data[IFLA_MGRE_MAX + 1];

	if (nlmsg_parse(nlh, sizeof(struct ifinfomsg), tb, IFLA_MAX, NULL) ||
	    !tb[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) ||
	    !info[IFLA_INFO_KIND] || strcmp(nla_get_string(info[IFLA_INFO_KIND]), "mgre") ||
	    !info[IFLA_INFO_DATA] ||
	    nla_parse_nested(data, IFLA_MGRE_MAX, info[IFLA_INFO_DATA], NULL))
		return false;
	return data[IFLA_MGRE_RESOLVER] &&
	       nla_get_u8(data[IFLA_MGRE_RESOLVER]) == MGRE_RESOLVER_NEIGH;
}

static int neigh_read_link(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct ifinfomsg *link = nlmsg_data(nlh);
	struct neigh_dump *dump = arg;

	if (nlh->nlmsg_type == RTM_NEWLINK &&
	    (!dump->ifindex || dump->ifindex == (uint32_t)link->ifi_index) &&
	    neigh_is_resolver(nlh))
		neigh_dump_add(dump, link->ifi_index);
	return NL_OK;
}

static bool neigh_address(struct address *addr, struct nlattr *attr)
{
	int len = attr ? nla_len(attr) : 0;

	if (len != sizeof(struct in_addr) && len != sizeof(struct in6_addr))
		return false;
	addr->len = len;
	addr->prefixlen = len * 8;
	memcpy(addr->data, nla_data(attr), len);
	return true;
}

/* The kernel takes an address of zero for none, and asks the cache. */
static bool neigh_is_resolved(const struct address *nbma)
{
	static const uint8_t zero[sizeof(nbma->data)];

	return nbma->len && memcmp(nbma->data, zero, nbma->len);
}

static int neigh_read(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct neigh_dump *dump = arg;
	struct neighbour neigh = { };
	struct nlattr *tb[NDA_MAX + 1];
	struct ndmsg *ndm;

	if (nlh->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse(nlh, sizeof(*ndm), tb, NDA_MAX, NULL))
		return NL_OK;
	ndm = nlmsg_data(nlh);
	/* Those without resolution are the kernel's, for broadcasts. */
	if (!neigh_dump_has(dump, ndm->ndm_ifindex) || ndm->ndm_state & NUD_NOARP ||
	    !neigh_address(&neigh.dst, tb[NDA_DST]))
		return NL_OK;

	neigh.ifindex = ndm->ndm_ifindex;
	neigh.state = ndm->ndm_state;
	neigh.protocol = tb[NDA_PROTOCOL] ? nla_get_u8(tb[NDA_PROTOCOL]) : RTPROT_UNSPEC;
	if (ndm->ndm_state != NUD_INCOMPLETE &&
	    (!neigh_address(&neigh.nbma, tb[NDA_LLADDR]) || !neigh_is_resolved(&neigh.nbma)))
		return NL_OK;

	dump->handler(&neigh, dump->context);
	return NL_OK;
}

/* Has each answer to a dump of @type read by @read. */
static int neigh_dump_run(struct nl_sock *sock, int type, void *header, size_t len,
			  nl_recvmsg_msg_cb_t read, struct neigh_dump *dump)
{
	int err;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, read, dump);
	err = nl_send_simple(sock, type, NLM_F_DUMP, header, len);
	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	/* it is as consistent as the table lets anybody see it */
	if (err < 0 && err != -NLE_DUMP_INTR)
		return kernel_error("cannot read neighbours: %s.", nl_geterror(err));
	return STATUS_DONE;
}

static int neigh_dump_both(struct nl_sock *sock, struct neigh_dump *dump)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct ndmsg ndm = { .ndm_family = AF_UNSPEC };
	int status;

	status = neigh_dump_run(sock, RTM_GETLINK, &link, sizeof(link), neigh_read_link, dump);
	if (status)
		return status;
	if (dump->failed)
		return kernel_error("cannot read neighbours: out of memory.");
	if (!dump->count)
		return STATUS_DONE;
	return neigh_dump_run(sock, RTM_GETNEIGH, &ndm, sizeof(ndm), neigh_read, dump);
}

const char *neigh_state_name(uint16_t state)
{
	switch (state) {
	case NUD_INCOMPLETE:
		return "incomplete";
	case NUD_REACHABLE:
		return "reachable";
	case NUD_STALE:
		return "stale";
	case NUD_DELAY:
		return "delay";
	case NUD_PROBE:
		return "probe";
	case NUD_FAILED:
		return "failed";
	case NUD_PERMANENT:
		return "permanent";
	default:
		return "none";
	}
}

/* Neighbours of the device, or of all if it is 0, that say where packets go */
int neigh_each(uint32_t ifindex, neigh_handler_t handler, const void *context)
{
	struct neigh_dump dump = { .handler = handler, .context = context, .ifindex = ifindex };
	struct nl_sock *sock;
	int err, status;

	sock = nl_socket_alloc();
	if (!sock)
		return kernel_error("cannot open a netlink socket: out of memory.");
	err = nl_connect(sock, NETLINK_ROUTE);
	status = err ? kernel_error("cannot open a netlink socket: %s.", nl_geterror(err)) :
		       neigh_dump_both(sock, &dump);
	free(dump.devices);
	nl_socket_free(sock);
	return status;
}
