// SPDX-License-Identifier: GPL-2.0
/* Frames to the underlay, many in a system call. */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"

#define BATCH		64
#define FRAME_MAX	1600

static const __u8 ethernet[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };

static int fd;
static struct sockaddr_ll to;
static __u8 frames[BATCH][FRAME_MAX];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];
static unsigned int waiting;

void wire_open(const char *name)
{
	int one = 1, i;

	to.sll_family = AF_PACKET;
	to.sll_ifindex = if_nametoindex(name);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !to.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		die("packet socket");
	for (i = 0; i < BATCH; i++) {
		parts[i].iov_base = frames[i];
		messages[i].msg_hdr = (struct msghdr){
			.msg_name	= &to,
			.msg_namelen	= sizeof(to),
			.msg_iov	= &parts[i],
			.msg_iovlen	= 1,
		};
	}
}

void wire_flush(void)
{
	unsigned int done = 0;
	int n;

	while (done < waiting) {
		n = sendmmsg(fd, messages + done, waiting - done, 0);
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			die("sendmmsg");
		done += n > 0 ? n : 0;
	}
	waiting = 0;
}

/**
 * wire_frame - send a frame, with the next ones
 * @octets: behind its Ethernet header
 * @len: their number
 * @proto: EtherType
 */
void wire_frame(const __u8 *octets, size_t len, __u16 proto)
{
	__u8 *at = frames[waiting];

	if (len > FRAME_MAX - 14)
		len = FRAME_MAX - 14;
	memcpy(at, ethernet, sizeof(ethernet));
	at[12] = proto >> 8;
	at[13] = proto;
	memcpy(at + 14, octets, len);
	parts[waiting].iov_len = 14 + len;
	counts.frames++;
	if (++waiting == BATCH)
		wire_flush();
}
