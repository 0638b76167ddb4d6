// SPDX-License-Identifier: GPL-2.0
/*
 * One socket for all requests, opened with the first of them, and one request
 * after the other. libnl opens the socket, finds the family and reads
 * attributes; messages are built, sent and received here, since the batch of a
 * million lines is in a hurry.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "nhrp.h"

#define HEADERS		(NLMSG_HDRLEN + GENL_HDRLEN)

static struct {
	struct nl_sock *sock;
	int family;
	uint32_t seq;
} netlink;

static union message_buf request_buf;
static union message_buf receive_buf;

static int netlink_set(struct nl_sock *sock, int option)
{
	int one = 1;

	return setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, option, &one, sizeof(one));
}

/*
 * A new socket. Strict checking makes the kernel refuse what it would ignore. The acks of
 * requests carry text, and not the request.
 */
int netlink_socket(struct nl_sock **sock)
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
	return STATUS_DONE;
}

void netlink_close(void)
{
	nl_socket_free(netlink.sock);
	netlink.sock = NULL;
}

int netlink_gone(void)
{
	return kernel_error("the \"%s\" generic netlink family has gone with the mgre module.",
			    NHRP_FAMILY_NAME);
}

/* Is the family the one that it was? Else its groups are others too. */
int netlink_check(void)
{
	int family = netlink.family;
	int status;

	netlink_close();
	status = netlink_open();
	if (status)
		return status;
	return netlink.family == family ? STATUS_DONE : netlink_gone();
}

/* Lets the socket hear a family's @group. What it hears already does not answer. */
int netlink_join(struct nl_sock *sock, const char *family, const char *group)
{
	int err, id, status;

	status = netlink_open();
	if (status)
		return status;
	id = genl_ctrl_resolve_grp(netlink.sock, family, group);
	if (id < 0)
		return netlink_no_family(id);

	err = nl_socket_add_membership(sock, id);
	if (err == -NLE_PERM)
		return kernel_error("nhrp: Operation not permitted.");
	if (err)
		return kernel_error("cannot listen: %s.", nl_geterror(err));
	return STATUS_DONE;
}

/* Begins a request in @msg, without attributes yet. */
int message_begin(union message_buf *msg, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *ghdr = (struct genlmsghdr *)(msg->data + NLMSG_HDRLEN);
	int status;

	status = netlink_open();
	if (status)
		return status;

	msg->nlh = (struct nlmsghdr) {
		.nlmsg_len = HEADERS,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
	};
	*ghdr = (struct genlmsghdr) { .cmd = cmd, .version = NHRP_FAMILY_VERSION };
	return STATUS_DONE;
}

static void *message_put_header(union message_buf *msg, int type, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(msg->data + msg->nlh.nlmsg_len);

	attr->nla_len = NLA_HDRLEN + len;
	attr->nla_type = type;
	msg->nlh.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(len);
	return (char *)attr + NLA_HDRLEN;
}

/* The caller knows that there is room. */
void message_put(union message_buf *msg, int type, size_t len, const void *data)
{
	memcpy(message_put_header(msg, type, len), data, len);
}

void message_put_u8(union message_buf *msg, int type, uint8_t value)
{
	const uint8_t padded[NLA_ALIGN(sizeof(value))] = { value };

	memcpy(message_put_header(msg, type, sizeof(value)), padded, sizeof(padded));
}

void message_put_u32(union message_buf *msg, int type, uint32_t value)
{
	memcpy(message_put_header(msg, type, sizeof(value)), &value, sizeof(value));
}

/* The message of the next request. Changes that wait are sent before it. */
int netlink_new(union message_buf **msg, uint8_t cmd, uint16_t flags)
{
	int status;

	status = changes_flush();
	if (status)
		return status;

	*msg = &request_buf;
	return message_begin(*msg, cmd, flags);
}

static int netlink_send(const struct iovec *pieces, size_t count)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)pieces, .msg_iovlen = count };
	ssize_t sent;

	do {
		sent = sendmsg(nl_socket_get_fd(netlink.sock), &msg, 0);
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

/* What the kernel adds to the verdict in an ack */
struct extack {
	const char *text;	/* NULL if none */
	uint32_t offset;	/* in the request, 0 if none */
};

static struct extack netlink_extack(struct nlmsghdr *nlh, int hdrlen)
{
	struct extack extack = { };
	struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return extack;

	attr = nlmsg_find_attr(nlh, hdrlen, NLMSGERR_ATTR_MSG);
	if (attr && nla_len(attr) && !((char *)nla_data(attr))[nla_len(attr) - 1])
		extack.text = nla_get_string(attr);
	attr = nlmsg_find_attr(nlh, hdrlen, NLMSGERR_ATTR_OFFS);
	if (attr && nla_len(attr) == sizeof(extack.offset))
		extack.offset = nla_get_u32(attr);
	return extack;
}

struct answer {
	netlink_handler_t handler;
	uint32_t seq;
	bool done;
	bool interrupted;
	bool no_family;		/* and nothing done or said */
	int status;
	uint32_t offset;	/* of what was refused, 0 if unknown */
};

/* The verdict in an ack, where an error leads the payload of @hdrlen octets */
static void answer_verdict(struct answer *answer, struct nlmsghdr *nlh, int hdrlen)
{
	struct extack extack;
	int error;

	answer->done = true;
	if (nlmsg_datalen(nlh) < hdrlen) {
		answer->status = kernel_error("nhrp: malformed answer.");
		return;
	}

	memcpy(&error, nlmsg_data(nlh), sizeof(error));
	extack = netlink_extack(nlh, hdrlen);
	/* the family itself gives a reason when it does not find something */
	if (error == -ENOENT && !extack.text)
		answer->no_family = true;
	else if (error)
		answer->status = kernel_error("nhrp: %s.", extack.text ? extack.text :
							   strerror(-error));
	else if (extack.text)
		fprintf(stderr, "Warning: nhrp: %s.\n", extack.text);
	answer->offset = extack.offset;
}

static void answer_message(struct answer *answer, struct nlmsghdr *nlh)
{
	/* what a request that was given up has left */
	if (nlh->nlmsg_seq != answer->seq)
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

/* Reads until the request has its ack or the end of its dump. */
static int netlink_answer(struct answer *answer)
{
	struct nlmsghdr *nlh;
	ssize_t size;
	int status;
	int left;

	while (!answer->done) {
		status = netlink_receive(&size);
		if (status) {
			/* what is still to come is nobody's answer */
			netlink_close();
			return status;
		}

		left = size;
		for (nlh = &receive_buf.nlh; nlmsg_ok(nlh, left);
		     nlh = nlmsg_next(nlh, &left))
			answer_message(answer, nlh);
	}
	return answer->status;
}

static int netlink_try(union message_buf *msg, size_t head, size_t begin, size_t end,
		       struct answer *answer)
{
	struct iovec pieces[] = {
		{ msg->data, head },
		{ msg->data + begin, end - begin },
	};
	int status;

	status = netlink_open();
	if (status)
		return status;

	answer->seq = ++netlink.seq;
	msg->nlh.nlmsg_seq = answer->seq;
	msg->nlh.nlmsg_type = netlink.family;
	msg->nlh.nlmsg_len = head + end - begin;
	status = netlink_send(pieces, ARRAY_SIZE(pieces));
	return status ? status : netlink_answer(answer);
}

/*
 * Sends @head octets of @msg, the headers at least, and what is from @begin to
 * @end of it, and reads the answer. When the module has come again since the request
 * before, the family has another number.
 */
static int netlink_exchange(union message_buf *msg, size_t head, size_t begin, size_t end,
			    struct answer *answer)
{
	int status;

	status = netlink_try(msg, head, begin, end, answer);
	if (!answer->no_family)
		return status;

	netlink_close();
	answer->done = false;
	answer->no_family = false;
	status = netlink_try(msg, head, begin, end, answer);
	return answer->no_family ? netlink_gone() : status;
}

/* *@interrupted when a dump may be inconsistent */
int netlink_request(union message_buf *msg, netlink_handler_t handler, bool *interrupted)
{
	struct answer answer = { .handler = handler };
	int status;

	status = netlink_exchange(msg, HEADERS, HEADERS, msg->nlh.nlmsg_len, &answer);
	if (interrupted)
		*interrupted = answer.interrupted;
	return status;
}

/* The same, as a list on stdout; @more has what else it holds */
int netlink_list_and(union message_buf *msg, netlink_handler_t handler,
		     int (*more)(const void *context), const void *context)
{
	bool interrupted;
	int status;

	print_list_begin();
	status = netlink_request(msg, handler, &interrupted);
	if (!status && more)
		status = more(context);
	print_list_end(status);
	if (interrupted)
		fputs("Dump was interrupted and may be inconsistent.\n", stderr);
	return status;
}

int netlink_list(union message_buf *msg, netlink_handler_t handler)
{
	return netlink_list_and(msg, handler, NULL, NULL);
}

/*
 * Sends the first @head octets of @msg, and of the attributes behind them those
 * from @begin to @end alone. *@offset is where in @msg the one is that was refused,
 * less than 0 when that is unknown.
 */
int netlink_request_part(union message_buf *msg, size_t head, size_t begin, size_t end,
			 long *offset)
{
	struct answer answer = { };
	int status;

	status = netlink_exchange(msg, head, begin, end, &answer);
	*offset = answer.offset ? (long)(answer.offset - head + begin) : -1;
	return status;
}
