// SPDX-License-Identifier: GPL-2.0
/*
 * Packets: each that is given to a device is sent, dropped or waits, and is counted
 * as one of these, whatever there was no memory for. fault.sh shows the devices.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>

#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tunnel.h>
#include <linux/mgre.h>
#include <linux/nhrp.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

#define UDP_SEGMENT_SIZE	1000
#define DISCARD			9
#define ETH_P_NHRP		0x2001

/**
 * struct flow - where packets go
 * @dev: device that they leave by
 * @dst: format of the protocol address, which takes two numbers
 * @nbma: format of the NBMA address it is mapped to; NULL if it is not
 * @mtu: of the mapping, 0 if any
 * @size: octets
 * @copies: how often each is counted
 * @gso: in segments
 * @again: the addresses are the same each time, and the routes are cached
 * @reroute: the addresses are the same, and no route is cached
 */
struct flow {
	const char *dev;
	const char *dst;
	const char *nbma;
	__u32 mtu;
	int size;
	int copies;
	bool gso;
	bool again;
	bool reroute;
};

/**
 * struct counts - what has become of packets
 * @sent: those that left
 * @dropped: those that did not
 * @waiting: those that wait for an answer
 */
struct counts {
	long long sent;
	long long dropped;
	long long waiting;
};

static int genl = -1;
static int route = -1;
static int questions = -1;		/* listens for them */
static int udp4 = -1;
static int udp6 = -1;
static int packet = -1;
static int tap = -1;
static struct message prepared;
static struct counts before;
static unsigned char payload[8192];

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_ll ll;
} to;
static socklen_t to_size;
static int to_fd;

/* ---- what the kernel has counted ---- */

static void read_link(const struct nlmsghdr *hdr, void *to)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(hdr);
	const struct nlattr *attr;
	struct rtnl_link_stats64 s;
	struct counts *counts = to;

	attr = message_attr((char *)ifi + NLMSG_ALIGN(sizeof(*ifi)),
			    hdr->nlmsg_len - NLMSG_LENGTH(sizeof(*ifi)),
			    IFLA_STATS64);
	if (!attr)
		die("no counters of the link");
	memcpy(&s, attr + 1, sizeof(s));
	counts->sent = s.tx_packets;
	counts->dropped = s.tx_dropped + s.tx_errors;
}

static long long stat_of(const struct nlmsghdr *hdr, int type)
{
	const struct nlattr *attr;
	__u64 value;

	attr = message_attr((char *)NLMSG_DATA(hdr) + GENL_HDRLEN,
			    hdr->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, type);
	if (!attr)
		die("no counter %d", type);
	memcpy(&value, attr + 1, sizeof(value));

	return value;
}

static void read_stats(const struct nlmsghdr *hdr, void *to)
{
	struct counts *counts = to;

	counts->waiting = stat_of(hdr, NHRP_A_STATS_QUEUED) -
			  stat_of(hdr, NHRP_A_STATS_RELEASED) -
			  stat_of(hdr, NHRP_A_STATS_DROP_OVERFLOW) -
			  stat_of(hdr, NHRP_A_STATS_DROP_EVICTED) -
			  stat_of(hdr, NHRP_A_STATS_DROP_UNANSWERED) -
			  stat_of(hdr, NHRP_A_STATS_DROP_FLUSHED);
}

static struct counts count(const char *dev)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex_of(dev) };
	struct counts counts = {};
	struct message m;

	message_begin(&m, RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	if (netlink_each(route, &m, read_link, &counts))
		die("counters of %s", dev);
	message_genl(&m, NLM_F_ACK, NHRP_CMD_STATS_GET);
	message_put_u32(&m, NHRP_A_STATS_IFINDEX, ifi.ifi_index);
	if (netlink_each(genl, &m, read_stats, &counts))
		die("counters of the cache of %s", dev);

	return counts;
}

/* ---- where to ---- */

static void address(char *text, size_t size, const char *format)
{
	static int number;

	number++;
	snprintf(text, size, format, 1 + number / 200, 1 + number % 200);
}

static void aim(const char *dst)
{
	memset(&to, 0, sizeof(to));
	if (inet_pton(AF_INET, dst, &to.in.sin_addr) == 1) {
		to.in.sin_family = AF_INET;
		to.in.sin_port = htons(DISCARD);
		to_size = sizeof(to.in);
		to_fd = udp4;
	} else {
		inet_pton(AF_INET6, dst, &to.in6.sin6_addr);
		to.in6.sin6_family = AF_INET6;
		to.in6.sin6_port = htons(DISCARD);
		to_size = sizeof(to.in6);
		to_fd = udp6;
	}
}

static void build_mapping(const struct flow *flow, const char *dst)
{
	char nbma[64];

	address(nbma, sizeof(nbma), flow->nbma);
	message_genl(&prepared, NLM_F_ACK | NLM_F_CREATE, NHRP_CMD_MAPPING_NEW);
	message_put_u32(&prepared, NHRP_A_MAPPING_IFINDEX, ifindex_of(flow->dev));
	message_put_addr(&prepared, NHRP_A_MAPPING_DST, dst);
	message_put_addr(&prepared, NHRP_A_MAPPING_NBMA, nbma);
	message_put_u8(&prepared, NHRP_A_MAPPING_TYPE, NHRP_MAPPING_TYPE_STATIC);
	if (flow->mtu)
		message_put_u32(&prepared, NHRP_A_MAPPING_MTU, flow->mtu);
}

static long transmit(int size)
{
	return sendto(to_fd, payload, size, 0, &to.any, to_size) < 0 ? -errno : 0;
}

static void forget_questions(void)
{
	static char buffer[8192];

	while (recv(questions, buffer, sizeof(buffer), MSG_DONTWAIT) > 0 ||
	       errno == ENOBUFS)
		;
}

/* A change that changes nothing makes a device look for its routes anew. */
static void reroute(const char *dev)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex_of(dev) };
	struct nlattr *info, *data;
	struct message m;

	message_begin(&m, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	info = message_nest(&m, IFLA_LINKINFO);
	message_put(&m, IFLA_INFO_KIND, "mgre", 4);
	data = message_nest(&m, IFLA_INFO_DATA);
	message_put_u32(&m, IFLA_MGRE_FWMARK, 0);
	message_nest_end(&m, data);
	message_nest_end(&m, info);
	if (netlink_ask(route, &m))
		die("change of %s", dev);
}

static void set_segment(int size)
{
	if (setsockopt(udp4, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		die("UDP_SEGMENT");
}

static void flow_prepare(const struct op *op, int n)
{
	const struct flow *flow = op->data;
	static char dst[64];

	if (n == REHEARSAL || (!flow->again && !flow->reroute)) {
		address(dst, sizeof(dst), flow->dst);
		if (flow->nbma) {
			build_mapping(flow, dst);
			if (netlink_ask(genl, &prepared))
				die("mapping of %s", dst);
		}
	}
	aim(dst);
	if (flow->again && n == REHEARSAL)
		transmit(flow->size);
	if (flow->reroute)
		reroute(flow->dev);
	set_segment(flow->gso ? UDP_SEGMENT_SIZE : 0);
	before = count(flow->dev);
}

static long flow_act(const struct op *op)
{
	const struct flow *flow = op->data;

	return transmit(flow->size);
}

static void balance(const struct flow *flow, int copies)
{
	struct counts now = count(flow->dev);
	long long sent = now.sent - before.sent;
	long long dropped = now.dropped - before.dropped;
	long long waiting = now.waiting - before.waiting;

	if (sent < 0 || dropped < 0 || sent + dropped + waiting != copies)
		wrong("%lld sent, %lld dropped, %lld more wait, of %d", sent,
		      dropped, waiting, copies);
}

static int flow_finish(const struct op *op, long result)
{
	const struct flow *flow = op->data;

	balance(flow, flow->copies);
	forget_questions();

	return -result;
}

/* ---- by packet sockets ---- */

static void packet_prepare(const struct op *op, int n)
{
	const struct flow *flow = op->data;
	char nbma[64];

	address(nbma, sizeof(nbma), flow->nbma);
	memset(&to, 0, sizeof(to));
	to.ll.sll_family = AF_PACKET;
	to.ll.sll_protocol = htons(ETH_P_NHRP);
	to.ll.sll_ifindex = ifindex_of(flow->dev);
	to.ll.sll_halen = 4;
	inet_pton(AF_INET, nbma, to.ll.sll_addr);
	to_size = sizeof(to.ll);
	to_fd = packet;
	before = count(flow->dev);
}

static void tap_open(const char *dev)
{
	struct sockaddr_ll ll = {
		.sll_family	= AF_PACKET,
		.sll_protocol	= htons(ETH_P_ALL),
		.sll_ifindex	= ifindex_of(dev),
	};

	tap = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tap < 0 || bind(tap, (void *)&ll, sizeof(ll)))
		die("packet socket");
}

/* ---- answers, for which packets wait ---- */

#define WAITING	3

static void answer_prepare(const struct op *op, int n)
{
	const struct flow *flow = op->data;
	char dst[64];
	int i;

	set_segment(0);
	address(dst, sizeof(dst), flow->dst);
	aim(dst);
	for (i = 0; i < WAITING; i++)
		transmit(flow->size);
	forget_questions();
	build_mapping(flow, dst);
	before = count(flow->dev);
}

static long answer_act(const struct op *op)
{
	return send(genl, prepared.octets, prepared.hdr.nlmsg_len, 0) < 0 ?
	       -errno : 0;
}

static int answer_finish(const struct op *op, long result)
{
	int error = result ? -result : netlink_acked(genl);
	const struct flow *flow = op->data;
	struct counts now = count(flow->dev);

	balance(flow, 0);
	if (before.waiting - now.waiting != (error ? 0 : WAITING))
		wrong("%lld wait no more", before.waiting - now.waiting);

	return error;
}

static void flush(const struct op *op)
{
	const struct flow *flow = op->data;
	struct message m;

	message_genl(&m, 0, NHRP_CMD_MAPPING_FLUSH);
	message_put_u32(&m, NHRP_A_MAPPING_IFINDEX, ifindex_of(flow->dev));
	message_put_u8(&m, NHRP_A_MAPPING_TYPE, NHRP_MAPPING_TYPE_INCOMPLETE);
	if (netlink_ask(genl, &m))
		die("flush");
}

/* ---- ioctls ---- */

static long stats_act(const struct op *op)
{
	static struct {
		struct ethtool_stats stats;
		__u64 data[64];
	} stats = { .stats = { .cmd = ETHTOOL_GSTATS, .n_stats = 64 } };
	struct ifreq ifr = { .ifr_data = (void *)&stats };

	strcpy(ifr.ifr_name, "m0");

	return ioctl(udp4, SIOCETHTOOL, &ifr) ? -errno : 0;
}

static long tunnel_act(const struct op *op)
{
	struct ip_tunnel_parm parm;
	struct ifreq ifr = { .ifr_data = (void *)&parm };

	strcpy(ifr.ifr_name, "m0");

	return ioctl(udp4, SIOCGETTUNNEL, &ifr) ? -errno : 0;
}

static int plain_finish(const struct op *op, long result)
{
	return -result;
}

/* ---- all of them ---- */

#define NEXT4	"198.18.%d.%d"
#define NEXT6	"2001:db8:d::%d:%d"

#define FLOW(t, least, ...) { .name = t, .min = least, .max = 60, \
	.where = WHERE_MODULE, .prepare = flow_prepare, .act = flow_act, \
	.finish = flow_finish, .data = &(const struct flow){ __VA_ARGS__ } }
#define ONE	.size = 100, .copies = 1

static const struct op flows[] = {
	FLOW("IPv4 in IPv4, no route yet", 2, .dev = "m0", .dst = "10.9.%d.%d",
	     .nbma = NEXT4, ONE),
	FLOW("IPv6 in IPv4, no route yet", 2, .dev = "m0",
	     .dst = "2001:db8:9::%d:%d", .nbma = NEXT4, ONE),
	FLOW("IPv4 in IPv6, no route yet", 2, .dev = "m0", .dst = "10.9.%d.%d",
	     .nbma = NEXT6, ONE),
	FLOW("IPv6 in IPv6, no route yet", 2, .dev = "m0",
	     .dst = "2001:db8:9::%d:%d", .nbma = NEXT6, ONE),
	FLOW("a route that is cached", 0, .dev = "m0", .dst = "10.9.%d.%d",
	     .nbma = NEXT4, ONE, .again = true),
	FLOW("GSO", 4, .dev = "m0", .dst = "10.9.%d.%d", .nbma = NEXT4,
	     .size = 5000, .copies = 1, .gso = true, .again = true),
	FLOW("fragments", 2, .dev = "m1", .dst = "10.8.%d.%d", .nbma = NEXT4,
	     .size = 2500, .copies = 1, .again = true),
	FLOW("copies for five", 8, .dev = "m2", .dst = "239.1.%d.%d", .size = 100,
	     .copies = 5, .reroute = true),
	FLOW("too big", 1, .dev = "m0", .dst = "10.9.%d.%d", .nbma = NEXT4,
	     .mtu = 1300, .size = 1350, .copies = 1),
	FLOW("no route", 1, .dev = "m0", .dst = "10.9.%d.%d",
	     .nbma = "203.0.%d.%d", ONE),
};

static const struct op tapped =
	FLOW("somebody captures", 1, .dev = "m0", .dst = "10.9.%d.%d",
	     .nbma = NEXT4, ONE, .again = true);

static const struct op by_packet_socket = {
	.name = "an NBMA address that is nobody's", .min = 1, .max = 40,
	.where = WHERE_MODULE, .prepare = packet_prepare, .act = flow_act,
	.finish = flow_finish,
	.data = &(const struct flow){ .dev = "m0", .nbma = NEXT4, ONE },
};

/* No mapping there matches. */
static const struct op miss = {
	.name = "a miss that is asked for", .min = 3, .max = 40,
	.where = WHERE_MODULE, .prepare = flow_prepare, .act = flow_act,
	.finish = flow_finish, .undo = flush,
	.data = &(const struct flow){ .dev = "m0", .dst = "10.9.%d.%d", ONE },
};

static const struct op answer = {
	.name = "the answer, for which packets wait", .min = 4, .max = 40,
	.where = WHERE_MODULE, .prepare = answer_prepare, .act = answer_act,
	.finish = answer_finish, .undo = flush,
	.data = &(const struct flow){ .dev = "m0", .dst = "10.9.%d.%d",
				      .nbma = NEXT4, ONE },
};

static const struct op ioctls[] = {
	{ .name = "ethtool -S", .min = 1, .max = 40,
	  .reject = "__vmalloc_node_range_noprof", .act = stats_act,
	  .finish = plain_finish },
	{ .name = "SIOCGETTUNNEL", .act = tunnel_act, .finish = plain_finish },
};

static void sockets(void)
{
	struct ip_mreqn out = { .imr_ifindex = ifindex_of("m2") };
	int probe = IP_PMTUDISC_PROBE, off = 0;
	__u32 id;

	netlink_genl_init();
	genl = netlink_open(NETLINK_GENERIC);
	route = netlink_open(NETLINK_ROUTE);
	questions = netlink_open(NETLINK_GENERIC);
	id = netlink_group(NHRP_MCGRP_RESOLVE);
	udp4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	udp6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	packet = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (udp4 < 0 || udp6 < 0 || packet < 0 ||
	    setsockopt(questions, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id,
		       sizeof(id)) ||
	    setsockopt(udp4, IPPROTO_IP, IP_MTU_DISCOVER, &probe,
		       sizeof(probe)) ||
	    setsockopt(udp4, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) ||
	    setsockopt(udp4, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof(off)))
		die("sockets");
}

/**
 * packets - those of this host
 */
void packets(void)
{
	size_t i;

	sockets();
	for (i = 0; i < ARRAY_SIZE(flows); i++)
		fault_run(&flows[i]);
	fault_run(&by_packet_socket);
	fault_run(&miss);
	fault_run(&answer);
	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		fault_run(&ioctls[i]);
	tap_open("m0");
	fault_run(&tapped);
}
