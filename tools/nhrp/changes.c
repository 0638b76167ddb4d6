// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of mappings, many in one message.
 *
 * They are collected until the message is full or somebody has to know that
 * they are done. The kernel carries them out in order, stops at the first that
 * it refuses and tells where that is. With -force what is behind it is sent
 * again: half as many changes at once after each refusal, down to one, and
 * twice as many after each success, so that a change is not copied again and
 * again in a batch that is refused line by line. Values are checked before: a
 * malformed change would have the kernel refuse those before it as well.
 */

#include "nhrp.h"

#define CHANGE_SIZE	256	/* no change is longer */
#define CHANGES_MAX	2048	/* nor are there more of the shortest in a message */

static struct {
	union message_buf msg;
	unsigned int count;
	uint32_t ifindex;		/* of the changes that name none */
	unsigned int at_once;		/* number that is sent in one message */
	unsigned int lines[CHANGES_MAX];	/* of the batch */
	/* where they begin in the message, and where the last one ends */
	uint32_t begin[CHANGES_MAX + 1];
	changes_refused_t refused;
} changes = {
	.at_once = CHANGES_MAX,
};

/* From now on changes wait; a line whose change is refused is told to @refused. */
void changes_collect(changes_refused_t refused)
{
	changes.refused = refused;
}

/*
 * Sends @count changes from number @first on. *@done is how many of them are
 * done when the one behind them is refused.
 */
static int changes_send(unsigned int first, unsigned int count, unsigned int *done)
{
	long offset;
	int status;

	status = netlink_request_part(&changes.msg, changes.begin[0], changes.begin[first],
				      changes.begin[first + count], &offset);

	/* a refusal of the whole message has no offset: none is done */
	*done = 0;
	while (status && offset >= 0 && *done + 1 < count &&
	       changes.begin[first + *done + 1] <= (uint32_t)offset)
		++*done;
	return status;
}

/* Carries out what waits; with -force all that can be. */
int changes_flush(void)
{
	unsigned int first = 0;
	unsigned int count;
	unsigned int done;
	int status = STATUS_DONE;

	while (first < changes.count && !status) {
		count = changes.count - first;
		if (count > changes.at_once)
			count = changes.at_once;
		status = changes_send(first, count, &done);
		if (!status) {
			first += count;
			if (changes.at_once < CHANGES_MAX)
				changes.at_once *= 2;
			continue;
		}

		if (changes.refused)
			changes.refused(changes.lines[first + done]);
		first += done + 1;
		if (changes.at_once > 1)
			changes.at_once /= 2;
		if (options.force)
			status = STATUS_DONE;
	}

	changes.count = 0;
	device_forget();
	return status;
}

/*
 * Begins a change of @type, NHRP_A_BATCH_*, whose attributes but for the device are
 * put in *@msg. What a message changes is mostly of one device.
 */
int change_begin(union message_buf **msg, int type, uint32_t ifindex)
{
	int status;

	*msg = &changes.msg;
	if (!changes.count) {
		status = message_begin(*msg, NHRP_CMD_MAPPING_BATCH, 0);
		if (status)
			return status;
		changes.ifindex = ifindex;
		message_put_u32(*msg, NHRP_A_BATCH_IFINDEX, ifindex);
	}

	changes.begin[changes.count] = changes.msg.nlh.nlmsg_len;
	message_put(*msg, type | NLA_F_NESTED, 0, "");
	if (ifindex != changes.ifindex)
		message_put_u32(*msg, NHRP_A_MAPPING_IFINDEX, ifindex);
	return STATUS_DONE;
}

/* Ends the change that @line of a batch asks for. */
int change_end(unsigned int line)
{
	uint32_t begin = changes.begin[changes.count];
	uint32_t end = changes.msg.nlh.nlmsg_len;

	((struct nlattr *)(changes.msg.data + begin))->nla_len = end - begin;
	changes.lines[changes.count] = line;
	changes.count++;
	changes.begin[changes.count] = end;

	if (changes.refused && changes.count < CHANGES_MAX &&
	    end + CHANGE_SIZE <= sizeof(changes.msg))
		return STATUS_DONE;
	return changes_flush();
}
