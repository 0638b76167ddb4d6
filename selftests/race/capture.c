// SPDX-License-Identifier: GPL-2.0
/*
 * What the underlay device gets. The kernel writes it to a ring of memory on its
 * way, so that nobody has to run for it while the race is on.
 */

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "race.h"

#define FRAME_SIZE	256
#define BLOCK_SIZE	(1 << 18)
#define SNAPLEN		160

#define GRE_KEY		0x2000

static int fd;
static char *ring;
static unsigned int head;

/* GRE over IPv4 alone, and so many octets of it */
static struct sock_filter only_gre[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_GRE, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SNAPLEN),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/**
 * capture_open - begin to capture
 * @ifindex: underlay device
 */
void capture_open(int ifindex)
{
	struct sockaddr_ll addr = {
		.sll_family	= AF_PACKET,
		.sll_protocol	= htons(ETH_P_ALL),
		.sll_ifindex	= ifindex,
	};
	struct sock_fprog filter = {
		.len	= ARRAY_SIZE(only_gre),
		.filter	= only_gre,
	};
	struct tpacket_req req = {
		.tp_block_size	= BLOCK_SIZE,
		.tp_block_nr	= FRAMES_MAX / (BLOCK_SIZE / FRAME_SIZE),
		.tp_frame_size	= FRAME_SIZE,
		.tp_frame_nr	= FRAMES_MAX,
	};
	int version = TPACKET_V2;

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		die("packet ring");
	ring = mmap(NULL, (size_t)FRAME_SIZE * FRAMES_MAX, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED || bind(fd, (void *)&addr, sizeof(addr)))
		die("packet socket");
}

/* From the outer IP header on. */
static bool parse(const unsigned char *at, size_t size, struct frame *frame)
{
	size_t gre = (at[0] & 15) * 4, inner, payload;
	__u16 flags, proto;

	memcpy(&frame->nbma, at + 16, 4);
	frame->nbma = ntohl(frame->nbma);
	memcpy(&flags, at + gre, 2);
	memcpy(&proto, at + gre + 2, 2);
	inner = gre + (ntohs(flags) & GRE_KEY ? 8 : 4);
	if (ntohs(proto) == ETH_P_IP) {
		frame->dst.family = AF_INET;
		memcpy(frame->dst.octets, at + inner + 16, 4);
		payload = inner + 28;
	} else if (ntohs(proto) == ETH_P_IPV6) {
		frame->dst.family = AF_INET6;
		memcpy(frame->dst.octets, at + inner + 24, 16);
		payload = inner + 48;
	} else {
		return false;
	}
	if (payload + sizeof(frame->probe) > size)
		return false;
	memcpy(&frame->probe, at + payload, sizeof(frame->probe));

	return true;
}

/**
 * capture_next - the next packet
 * @frame: result
 *
 * Packets that are none of ours are passed over.
 *
 * Return: false when there are no more.
 */
bool capture_next(struct frame *frame)
{
	struct tpacket2_hdr *hdr;
	bool ours;

	do {
		hdr = (void *)(ring + (size_t)head * FRAME_SIZE);
		if (!(__atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return false;

		memset(frame, 0, sizeof(*frame));
		frame->taken = hdr->tp_sec * 1000000000LL + hdr->tp_nsec;
		ours = hdr->tp_snaplen > ETH_HLEN + 40 &&
		       parse((unsigned char *)hdr + hdr->tp_mac + ETH_HLEN,
			     hdr->tp_snaplen - ETH_HLEN, frame);
		__atomic_store_n(&hdr->tp_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		head = (head + 1) % FRAMES_MAX;
	} while (!ours);

	return true;
}

/**
 * capture_lost - packets that did not fit
 *
 * Return: their number since the last call.
 */
unsigned int capture_lost(void)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		die("statistics of packets");

	return stats.tp_drops;
}
