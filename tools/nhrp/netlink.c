// SPDX-License-Identifier: GPL-2.0
/*
 * One socket for all requests, opened with the first of them. Messages are
 * built by libnl and sent and received here, so that a batch of a million
 * lines costs two system calls a line, or with -force two a pack of lines.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "nhrp.h"

#define PACK_REQUESTS	128
#define REQUEST_SIZE	128	/* no change is longer */
#define REFUSAL_SIZE	2048	/* nor does an answer need more of the buffer */

static struct {
	struct nl_sock *sock;
	struct nl_msg *msg;	/* the only one, used again and again */
	int family;
	uint32_t seq;
} netlink;

/* Requests that wait to be sent at once; in use while failed is set. */
static struct {
	netlink_failed_t failed;
	unsigned int count;
	unsigned int limit;
	uint32_t seq;				/* of the first */
	size_t size;
	size_t last;				/* offset of the last */
	unsigned int lines[PACK_REQUESTS];
	union {
		struct nlmsghdr nlh;
		char data[PACK_REQUESTS * REQUEST_SIZE];
	} buf;
} pack;

static union message_buf receive_buf;

static int netlink_set(struct nl_sock *sock, int option)
{
	int one = 1;

	return setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, option, &one, sizeof(one));
}

/*
 * Strict checking makes the kernel refuse what it would ignore. The acks of
 * requests carry text, and not the request.
 */
static int netlink_socket(struct nl_sock **sock)
{
	int err;

	*sock = nl_socket_alloc();
	if (!*sock)
		return kernel_error("cannot open a netlink socket: out of memory.");

	err = genl_connect(*sock);
	if (err) {
		nl_socket_free(*sock);
		*sock = NULL;
		return kernel_error("cannot open a netlink socket: %s.", nl_geterror(err));
	}

	if (netlink_set(*sock, NETLINK_EXT_ACK) || netlink_set(*sock, NETLINK_CAP_ACK) ||
	    netlink_set(*sock, NETLINK_GET_STRICT_CHK)) {
		nl_socket_free(*sock);
		*sock = NULL;
		return kernel_error("cannot set up a netlink socket: %s.", strerror(errno));
	}
	return STATUS_DONE;
}

/*
 * All requests of a pack may be refused before the first answer is read, and
 * none of the answers may be lost.
 */
static void netlink_limit_pack(void)
{
	socklen_t len = sizeof(int);
	int size = 0;

	nl_socket_set_buffer_size(netlink.sock, PACK_REQUESTS * REFUSAL_SIZE, 0);
	getsockopt(nl_socket_get_fd(netlink.sock), SOL_SOCKET, SO_RCVBUF, &size, &len);
	pack.limit = size / REFUSAL_SIZE;
	if (pack.limit > PACK_REQUESTS)
		pack.limit = PACK_REQUESTS;
}

static int netlink_no_family(int err)
{
	if (err != -NLE_OBJ_NOTFOUND)
		return kernel_error("cannot ask for the \"%s\" family: %s.", NHRP_FAMILY_NAME,
				    nl_geterror(err));
	return kernel_error("no \"%s\" generic netlink family; is the mgre module loaded?",
			    NHRP_FAMILY_NAME);
}

static int netlink_open(void)
{
	int status;

	if (netlink.sock)
		return STATUS_DONE;

	status = netlink_socket(&netlink.sock);
	if (status)
		return status;

	netlink.family = genl_ctrl_resolve(netlink.sock, NHRP_FAMILY_NAME);
	if (netlink.family < 0) {
		netlink_close();
		return netlink_no_family(netlink.family);
	}

	netlink.msg = nlmsg_alloc();
	if (!netlink.msg) {
		netlink_close();
		return kernel_error("cannot open a netlink socket: out of memory.");
	}
	netlink_limit_pack();
	return STATUS_DONE;
}

void netlink_close(void)
{
	if (netlink.msg)
		nlmsg_free(netlink.msg);
	nl_socket_free(netlink.sock);
	netlink.msg = NULL;
	netlink.sock = NULL;
}

/* A socket of its own that hears the family's @group. */
int netlink_open_group(const char *group, struct nl_sock **sock)
{
	int err, id, status;

	status = netlink_socket(sock);
	if (status)
		return status;

	id = genl_ctrl_resolve_grp(*sock, NHRP_FAMILY_NAME, group);
	if (id < 0) {
		nl_socket_free(*sock);
		return netlink_no_family(id);
	}

	err = nl_socket_add_membership(*sock, id);
	if (err) {
		nl_socket_free(*sock);
		return kernel_error("cannot listen: %s.", nl_geterror(err));
	}
	return STATUS_DONE;
}

int netlink_msg_new(struct nl_msg **msg, uint8_t cmd, uint16_t flags)
{
	int status;

	status = netlink_open();
	if (status)
		return status;

	*msg = netlink.msg;
	nlmsg_hdr(*msg)->nlmsg_len = NLMSG_HDRLEN;
	genlmsg_put(*msg, NL_AUTO_PORT, ++netlink.seq, netlink.family, 0,
		    NLM_F_REQUEST | flags, cmd, NHRP_FAMILY_VERSION);
	return STATUS_DONE;
}

static int netlink_send(const void *buf, size_t size)
{
	ssize_t sent;

	do {
		sent = send(nl_socket_get_fd(netlink.sock), buf, size, 0);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return kernel_error("cannot send to the kernel: %s.", strerror(errno));
	return STATUS_DONE;
}

static int netlink_receive(ssize_t *size)
{
	do {
		*size = recv(nl_socket_get_fd(netlink.sock), &receive_buf,
			     sizeof(receive_buf), MSG_TRUNC);
	} while (*size < 0 && errno == EINTR);
	if (*size < 0)
		return kernel_error("cannot receive from the kernel: %s.", strerror(errno));
	if ((size_t)*size > sizeof(receive_buf))
		return kernel_error("cannot receive from the kernel: message too long.");
	return STATUS_DONE;
}

/* The text that the kernel gave with its verdict, NULL if none */
static const char *netlink_extack(struct nlmsghdr *nlh, int hdrlen)
{
	struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	attr = nlmsg_find_attr(nlh, hdrlen, NLMSGERR_ATTR_MSG);
	if (!attr || !nla_len(attr) || ((char *)nla_data(attr))[nla_len(attr) - 1])
		return NULL;
	return nla_get_string(attr);
}

/* The verdict in an ack, where @error leads the payload of @hdrlen octets */
static int netlink_verdict(struct nlmsghdr *nlh, int hdrlen)
{
	const char *text;
	int error;

	if (nlmsg_datalen(nlh) < hdrlen)
		return kernel_error("nhrp: malformed answer.");

	memcpy(&error, nlmsg_data(nlh), sizeof(error));
	text = netlink_extack(nlh, hdrlen);
	if (error)
		return kernel_error("nhrp: %s.", text ? text : strerror(-error));
	if (text)
		fprintf(stderr, "Warning: nhrp: %s.\n", text);
	return STATUS_DONE;
}

struct answer {
	netlink_handler_t handler;
	uint32_t first;		/* sequence numbers of the requests */
	uint32_t last;
	bool done;
	bool interrupted;
	int status;
};

static void answer_verdict(struct answer *answer, struct nlmsghdr *nlh, int hdrlen)
{
	uint32_t index = nlh->nlmsg_seq - pack.seq;
	int status = netlink_verdict(nlh, hdrlen);

	if (status) {
		answer->status = status;
		if (index < pack.count)
			pack.failed(pack.lines[index]);
	}
	if (nlh->nlmsg_seq == answer->last)
		answer->done = true;
}

static void answer_message(struct answer *answer, struct nlmsghdr *nlh)
{
	/* what a request that was given up has left */
	if (nlh->nlmsg_seq - answer->first > answer->last - answer->first)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		break;
	case NLMSG_ERROR:
		answer_verdict(answer, nlh, sizeof(struct nlmsgerr));
		break;
	case NLMSG_DONE:
		answer_verdict(answer, nlh, sizeof(int));
		break;
	default:
		if (answer->handler)
			answer->handler(nlh);
	}
}

/* Reads until the last request has its ack or the end of its dump. */
static int netlink_answer(uint32_t first, uint32_t last, netlink_handler_t handler)
{
	struct answer answer = { .handler = handler, .first = first, .last = last };
	struct nlmsghdr *nlh;
	ssize_t size;
	int status;
	int left;

	while (!answer.done) {
		status = netlink_receive(&size);
		if (status) {
			/* what is still to come is nobody's answer */
			netlink_close();
			return status;
		}

		left = size;
		for (nlh = &receive_buf.nlh; nlmsg_ok(nlh, left);
		     nlh = nlmsg_next(nlh, &left))
			answer_message(&answer, nlh);
	}

	if (answer.interrupted)
		fputs("Dump was interrupted and may be inconsistent.\n", stderr);
	return answer.status;
}

int netlink_request(struct nl_msg *msg, netlink_handler_t handler)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	int status;

	nlh->nlmsg_flags |= NLM_F_ACK;
	status = netlink_send(nlh, nlh->nlmsg_len);
	if (status)
		return status;
	return netlink_answer(nlh->nlmsg_seq, nlh->nlmsg_seq, handler);
}

/*
 * From now on changes may be sent together. The kernel carries out all
 * requests of a pack even when one is refused, which is told to @failed.
 */
void netlink_pipeline(netlink_failed_t failed)
{
	pack.failed = failed;
}

/*
 * Only the last request asks for an ack. The kernel answers in order and
 * tells of a refusal unasked, so that ack says that the others were done.
 */
void netlink_flush(void)
{
	struct nlmsghdr *last = (struct nlmsghdr *)(pack.buf.data + pack.last);
	unsigned int i;
	int status;

	if (!pack.count)
		return;

	last->nlmsg_flags |= NLM_F_ACK;
	status = netlink_send(&pack.buf, pack.size);
	if (!status)
		netlink_answer(pack.seq, last->nlmsg_seq, NULL);

	/* nothing was sent, or the answers are lost with the socket */
	for (i = 0; (status || !netlink.sock) && i < pack.count; i++)
		pack.failed(pack.lines[i]);

	pack.count = 0;
	pack.size = 0;
}

/* Sends a change that @line of a batch asks for, in a pipeline later. */
int netlink_change(struct nl_msg *msg, unsigned int line)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	if (!pack.failed)
		return netlink_request(msg, NULL);

	if (!pack.count)
		pack.seq = nlh->nlmsg_seq;
	pack.lines[pack.count++] = line;
	pack.last = pack.size;
	memcpy(pack.buf.data + pack.size, nlh, nlh->nlmsg_len);
	pack.size += NLMSG_ALIGN(nlh->nlmsg_len);

	if (pack.count >= pack.limit)
		netlink_flush();
	return STATUS_DONE;
}
