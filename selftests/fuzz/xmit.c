// SPDX-License-Identifier: GPL-2.0
/*
 * Packets into an mgre device, by packet sockets: SOCK_DGRAM with all kinds of
 * link-layer addresses, SOCK_RAW with all kinds of link-layer headers, and with
 * virtio's header, which asks for checksums and segmentation (PACKET_VNET_HDR).
 * KIND is 4 or 6, the family of the device's link-layer addresses, and its
 * number.
 */

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"

static struct target target;
static unsigned int addr_len;

/* sockaddr_ll has room for 8 octets, the kernel takes as many as there are. */
struct lladdr {
	struct sockaddr_ll sll;
	__u8 more[24];
};

static void some_lladdr(__u8 *addr)
{
	static const __u8 strange[][4] = {
		{ 0, 0, 0, 0 }, { 255, 255, 255, 255 }, { 224, 0, 0, 1 },
		{ 127, 0, 0, 1 }, { 192, 0, 2, 255 }, { 240, 0, 0, 1 },
		{ 203, 0, 113, 1 },
	};
	unsigned int i;

	memset(addr, 0, 16);
	if (addr_len == 16 && !one_in(8)) {
		if (one_in(2))
			peer6(&target, addr);
		else if (one_in(2))
			local6(&target, addr);
	} else if (one_in(2)) {
		peer4(&target, addr);
	} else if (one_in(4)) {
		local4(&target, addr);
	} else if (one_in(4)) {
		for (i = 0; i < 16; i++)
			addr[i] = random64();
	} else {
		memcpy(addr, strange[draw(ARRAY_SIZE(strange))], 4);
	}
}

static void put_payload(struct packet *p, __u16 proto)
{
	size_t start = p->len;

	put_inner(p, &target, proto, 0);
	if (one_in(8))
		cut(p, start + draw(p->len - start + 1));
	/* The device's MTU, or one octet more now and then. */
	if (!one_in(256))
		cut(p, start + 1300);
}

static void put_vnet(struct packet *p)
{
	static const __u8 types[] = {
		VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, 5,
		VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
	};
	struct virtio_net_hdr h = { 0 };

	if (one_in(2)) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = one_in(4) ? draw(200) : addr_len + 20 + 20 * draw(2);
		h.csum_offset = one_in(4) ? draw(100) : one_in(2) ? 16 : 6;
		if (one_in(2)) {
			h.gso_type = types[draw(ARRAY_SIZE(types))];
			h.gso_size = one_in(8) ? random64() : 1 + draw(1400);
			h.hdr_len = one_in(2) ? draw(200) : 0;
		}
	}
	put(p, &h, sizeof(h));
}

static int open_socket(int type, bool vnet)
{
	int fd = socket(AF_PACKET, type, 0), one = 1;

	if (fd < 0 || (vnet && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one,
					  sizeof(one))))
		die("packet socket");

	return fd;
}

/**
 * fuzz_xmit - send packets into a device
 * @argc: number of arguments
 * @argv: device, seed, count, kind
 * @count: how many
 *
 * Return: 0.
 */
int fuzz_xmit(int argc, char **argv, __u64 count)
{
	struct lladdr to = { .sll = { .sll_family = AF_PACKET } };
	int dgram = open_socket(SOCK_DGRAM, false);
	int vnet = open_socket(SOCK_RAW, true);
	int raw = open_socket(SOCK_RAW, false), fd;
	static struct packet p;
	__u8 addr[16];
	__u16 proto;

	if (argc < 4 || !strchr(argv[3], ':'))
		die("arguments");
	addr_len = atoi(argv[3]) == 6 ? 16 : 4;
	target.number = atoi(strchr(argv[3], ':') + 1);
	to.sll.sll_ifindex = if_nametoindex(argv[0]);
	while (counts.datagrams < count) {
		proto = some_proto();
		to.sll.sll_protocol = htons(proto);
		some_lladdr(addr);
		to.sll.sll_halen = one_in(8) ? draw(33) : addr_len;
		memcpy(to.sll.sll_addr, addr, addr_len);
		p.len = 0;
		fd = dgram;
		if (one_in(3)) {
			fd = raw;
			if (one_in(3)) {
				fd = vnet;
				put_vnet(&p);
			}
			put(&p, addr, one_in(16) ? draw(addr_len) : addr_len);
		}
		put_payload(&p, proto);
		counts.datagrams++;
		if (sendto(fd, p.at, p.len, 0, (void *)&to, sizeof(to)) < 0)
			counts.refused++;
	}

	return 0;
}
