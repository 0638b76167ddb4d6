// SPDX-License-Identifier: GPL-2.0
/* What the unit tests of the cache work with: a cache, requests, a listener. */

#include <linux/netdevice.h>
#include <linux/net.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "genl.h"
#include "nl.h"
#include "selftest.h"

/* Memory of what a listener has not read yet: more than any test lets pile up. */
#define NHRP_TEST_UNREAD	(64 << 20)

static struct nhrp_test *nhrp_test_of(struct nhrp_cache *cache)
{
	return container_of(cache, struct nhrp_test, cache);
}

/* What no peer can have, in the eyes of this owner */
static int nhrp_test_nbma_check(struct nhrp_cache *cache,
				const struct nhrp_addr *nbma,
				const struct nlattr *attr,
				struct netlink_ext_ack *extack)
{
	return nbma->family == AF_INET && ipv4_is_lbcast(nbma->ip4) ?
	       -EINVAL : 0;
}

static void nhrp_test_xmit(struct nhrp_cache *cache, struct sk_buff *skb)
{
	__skb_queue_tail(&nhrp_test_of(cache)->sent, skb);
}

static void nhrp_test_give_up(struct nhrp_cache *cache, struct sk_buff *skb,
			      bool tell)
{
	struct nhrp_test *t = nhrp_test_of(cache);

	__skb_queue_tail(tell ? &t->told : &t->dropped, skb);
}

static const struct nhrp_ops nhrp_test_ops = {
	.nbma_check	= nhrp_test_nbma_check,
	.xmit		= nhrp_test_xmit,
	.give_up	= nhrp_test_give_up,
};

static void nhrp_test_no_work(struct work_struct *work)
{
}

/**
 * nhrp_test_init - make a cache for a case
 * @test: case, whose kunit::priv becomes the struct nhrp_test
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int nhrp_test_init(struct kunit *test)
{
	struct net_device *dev;
	struct nhrp_test *t;
	int err;

	dev = alloc_netdev(sizeof(*t), "nhrp_test", NET_NAME_UNKNOWN,
			   ether_setup);
	if (!dev)
		return -ENOMEM;

	dev->ifindex = NHRP_TEST_IFINDEX;
	set_bit(__LINK_STATE_START, &dev->state);
	t = netdev_priv(dev);
	t->dev = dev;
	prandom_seed_state(&t->rnd, NHRP_TEST_SEED);
	__skb_queue_head_init(&t->sent);
	__skb_queue_head_init(&t->told);
	__skb_queue_head_init(&t->dropped);
	t->cache.max_mappings = NHRP_MAX_MAPPINGS_DEFAULT;
	t->cache.max_queue = NHRP_MAX_QUEUE_DEFAULT;
	err = nhrp_cache_init(&t->cache, dev, &nhrp_test_ops);
	if (err) {
		free_netdev(dev);
		return err;
	}
	INIT_DELAYED_WORK(&t->cache.expire_work, nhrp_test_no_work);
	INIT_DELAYED_WORK(&t->cache.resolve_work, nhrp_test_no_work);
	test->priv = t;

	return 0;
}

/**
 * nhrp_test_exit - undo nhrp_test_init()
 * @test: case
 *
 * Context: process.
 */
void nhrp_test_exit(struct kunit *test)
{
	struct nhrp_test *t = test->priv;

	if (!t)
		return;
	test->priv = NULL;

	nhrp_test_deaf(t);
	nhrp_cache_stop(&t->cache);
	nhrp_cache_fini(&t->cache);
	nhrp_cache_free(&t->cache);
	__skb_queue_purge(&t->sent);
	__skb_queue_purge(&t->told);
	__skb_queue_purge(&t->dropped);
	free_netdev(t->dev);
}

/**
 * nhrp_test_addr4 - make an IPv4 address
 * @addr: address to fill
 * @ip4: its number
 *
 * Context: any.
 */
void nhrp_test_addr4(struct nhrp_addr *addr, u32 ip4)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = AF_INET;
	addr->ip4 = htonl(ip4);
}

/**
 * nhrp_test_host4 - make the prefix of an IPv4 address alone
 * @prefix: prefix to fill
 * @ip4: number of the address
 *
 * Context: any.
 */
void nhrp_test_host4(struct nhrp_prefix *prefix, u32 ip4)
{
	memset(prefix, 0, sizeof(*prefix));
	nhrp_test_addr4(&prefix->addr, ip4);
	prefix->len = NHRP_PREFIX4_MAX;
}

/**
 * nhrp_test_write - nhrp_mapping_set() as a request does it
 * @t: test
 * @cfg: mapping
 * @nlflags: as there
 *
 * Context: process.
 * Return: as there.
 */
int nhrp_test_write(struct nhrp_test *t, const struct nhrp_mapping_config *cfg,
		    u16 nlflags)
{
	int err;

	err = nhrp_cache_lock(&t->cache, NULL);
	if (err)
		return err;
	err = nhrp_mapping_set(&t->cache, cfg, nlflags, NULL);
	nhrp_cache_unlock(&t->cache);

	return err;
}

/**
 * nhrp_test_set - the same for a mapping that is for ever
 * @t: test
 * @dst: prefix
 * @nbma: number of the IPv4 address, 0 for none
 * @type: enum nhrp_mapping_type
 * @flags: enum nhrp_mapping_flags
 * @nlflags: as there
 *
 * Context: process.
 * Return: as there.
 */
int nhrp_test_set(struct nhrp_test *t, const struct nhrp_prefix *dst, u32 nbma,
		  u8 type, u8 flags, u16 nlflags)
{
	struct nhrp_mapping_config cfg = {
		.dst		= *dst,
		.type		= type,
		.flags		= flags,
		.protocol	= RTPROT_STATIC,
	};

	if (type != NHRP_MAPPING_TYPE_NEGATIVE)
		nhrp_test_addr4(&cfg.nbma, nbma);

	return nhrp_test_write(t, &cfg, nlflags);
}

/**
 * nhrp_test_del - nhrp_mapping_del() as a request does it
 * @t: test
 * @dst: prefix
 *
 * Context: process.
 * Return: as there.
 */
int nhrp_test_del(struct nhrp_test *t, const struct nhrp_prefix *dst)
{
	int err;

	err = nhrp_cache_lock(&t->cache, NULL);
	if (err)
		return err;
	err = nhrp_mapping_del(&t->cache, dst, NULL, NULL);
	nhrp_cache_unlock(&t->cache);

	return err;
}

static bool nhrp_test_no_lens(const struct nhrp_lens *lens)
{
	return !lens->any && !lens->ip4 &&
	       bitmap_empty(lens->ip6, NHRP_PREFIX6_MAX + 1);
}

/**
 * nhrp_test_flush - delete all mappings
 * @t: test
 *
 * Nothing may stay, or later lookups would go on probing for it.
 *
 * Context: process.
 * Return: whether nothing has stayed.
 */
bool nhrp_test_flush(struct nhrp_test *t)
{
	struct nhrp_filter all = {};

	nhrp_mapping_flush(&t->cache, &all);

	return !t->cache.mappings.count && !t->cache.peers.count &&
	       nhrp_test_no_lens(&t->cache.lens) &&
	       nhrp_test_no_lens(&t->cache.shortcut_lens);
}

/**
 * nhrp_test_mapping - the mapping of a prefix, even if it has expired
 * @t: test
 * @dst: prefix
 *
 * Context: process. Nobody else has the cache, so the result stays.
 * Return: mapping or NULL.
 */
struct nhrp_mapping *nhrp_test_mapping(struct nhrp_test *t,
				       const struct nhrp_prefix *dst)
{
	struct nhrp_node *node = nhrp_table_find(&t->cache.mappings, dst);

	return node ? container_of(node, struct nhrp_mapping, node) : NULL;
}

/**
 * nhrp_test_listen - listen to events, in init_net, where the device is
 * @t: test
 * @group: NHRP_NLGRP_*
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int nhrp_test_listen(struct nhrp_test *t, unsigned int group)
{
	int number = nhrp_nl_family.mcgrp_offset + group, err;
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	err = sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC,
			       &t->listener);
	if (err) {
		t->listener = NULL;
		return err;
	}
	t->listener->sk->sk_rcvbuf = NHRP_TEST_UNREAD;
	/* Without a number of its own it would pass for the sender. */
	err = kernel_bind(t->listener, (struct sockaddr *)&any, sizeof(any));
	if (err)
		return err;

	return t->listener->ops->setsockopt(t->listener, SOL_NETLINK,
					    NETLINK_ADD_MEMBERSHIP,
					    KERNEL_SOCKPTR(&number),
					    sizeof(number));
}

/**
 * nhrp_test_deaf - listen no more
 * @t: test
 *
 * Context: process.
 */
void nhrp_test_deaf(struct nhrp_test *t)
{
	if (t->listener)
		sock_release(t->listener);
	t->listener = NULL;
}

/**
 * nhrp_test_hear - next message of those that have come for the test's device
 * @t: test
 *
 * Context: process.
 * Return: message, which is the caller's, or NULL.
 */
struct sk_buff *nhrp_test_hear(struct nhrp_test *t)
{
	struct sk_buff *msg;

	for (;;) {
		msg = skb_dequeue(&t->listener->sk->sk_receive_queue);
		/* The attribute of that name is number 1 in all of them. */
		if (!msg || nhrp_test_said(msg, NHRP_A_RESOLVE_IFINDEX) ==
			    NHRP_TEST_IFINDEX)
			return msg;
		consume_skb(msg);
	}
}

/**
 * nhrp_test_heard - number of messages that have come
 * @t: test
 *
 * Context: process.
 * Return: their number; they are gone then.
 */
unsigned int nhrp_test_heard(struct nhrp_test *t)
{
	struct sk_buff *msg;
	unsigned int count;

	for (count = 0; (msg = nhrp_test_hear(t)); count++)
		consume_skb(msg);

	return count;
}

/**
 * nhrp_test_said - a number in a message
 * @msg: message
 * @attr: attribute, of one octet or four; that of an address in network byte order
 *
 * Context: any.
 * Return: its value, U32_MAX if there is none.
 */
u32 nhrp_test_said(const struct sk_buff *msg, int attr)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)msg->data;
	const struct nlattr *nla = nlmsg_find_attr(nlh, GENL_HDRLEN, attr);

	if (!nla)
		return U32_MAX;

	return nla_len(nla) == sizeof(u8) ? nla_get_u8(nla) : nla_get_u32(nla);
}
