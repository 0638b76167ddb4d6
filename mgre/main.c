// SPDX-License-Identifier: GPL-2.0
/* Module, per-netns state, events of underlay devices. */

#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "mgre.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static unsigned int mgre_net_id __read_mostly;

/**
 * mgre_net_get - state of a netns
 * @net: netns
 *
 * Context: any.
 * Return: the state, which lives as long as the netns.
 */
struct mgre_net *mgre_net_get(struct net *net)
{
	return net_generic(net, mgre_net_id);
}

static int __net_init mgre_net_init(struct net *net)
{
	struct mgre_net *mn = mgre_net_get(net);
	int i;

	for (i = 0; i < ARRAY_SIZE(mn->demux); i++)
		INIT_HLIST_HEAD(&mn->demux[i]);
	INIT_LIST_HEAD(&mn->devices);

	return 0;
}

/* A cached route pins what its netns frees; while devices that have moved away
 * still send, none may be cached any more.
 */
static void __net_exit mgre_net_pre_exit(struct net *net)
{
	struct mgre_net *mn = mgre_net_get(net);
	struct mgre_dev *mgre;

	/* Nobody is left in this netns who could add one. */
	if (list_empty(&mn->devices))
		return;

	rtnl_lock();
	list_for_each_entry(mgre, &mn->devices, devices)
		nhrp_cache_drop_routes(&mgre->cache, NULL);
	rtnl_unlock();
}

/* Devices inside a dying netns go with it; those whose underlay it is and that
 * live elsewhere go here.
 *
 * A callback that releases a route may still be under way, and releasing a route
 * queues another callback, which uses what this netns frees. The first are
 * waited for here, so that cleanup_net() waits for the second.
 */
static void __net_exit mgre_net_exit_batch(struct list_head *nets)
{
	struct mgre_dev *mgre, *next;
	bool used = false;
	LIST_HEAD(kill);
	struct net *net;

	rtnl_lock();
	list_for_each_entry(net, nets, exit_list) {
		struct mgre_net *mn = mgre_net_get(net);

		used |= mn->used;
		list_for_each_entry_safe(mgre, next, &mn->devices, devices)
			mgre_link_ops.dellink(mgre->dev, &kill);
	}
	unregister_netdevice_many(&kill);
	rtnl_unlock();

	if (used)
		rcu_barrier();
}

static struct pernet_operations mgre_net_ops = {
	.init		= mgre_net_init,
	.pre_exit	= mgre_net_pre_exit,
	.exit_batch	= mgre_net_exit_batch,
	.id		= &mgre_net_id,
	.size		= sizeof(struct mgre_net),
};

/* An underlay device that goes must not wait for the next packet to each peer
 * that was reached by it. What MTU and headroom a device has depends on the
 * underlay's.
 */
static int mgre_netdev_event(struct notifier_block *nb, unsigned long event,
			     void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct mgre_net *mn = mgre_net_get(dev_net(dev));
	struct mgre_dev *mgre;

	/* A netns that could not be set up whole gives up its loopback device, and may
	 * not have come as far as ours.
	 */
	if (!mn)
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_UNREGISTER:
		list_for_each_entry(mgre, &mn->devices, devices)
			nhrp_cache_drop_routes(&mgre->cache, dev);
		break;
	case NETDEV_CHANGEMTU:
	case NETDEV_UP:
		list_for_each_entry(mgre, &mn->devices, devices)
			mgre_dev_follow(mgre);
		break;
	}

	return NOTIFY_DONE;
}

static struct notifier_block mgre_netdev_notifier = {
	.notifier_call = mgre_netdev_event,
};

static int __init mgre_init(void)
{
	int err;

	err = nhrp_init();
	if (err)
		return err;
	err = register_pernet_device(&mgre_net_ops);
	if (err)
		goto exit_nhrp;
	err = register_netdevice_notifier(&mgre_netdev_notifier);
	if (err)
		goto unregister_pernet;
	err = rtnl_link_register(&mgre_link_ops);
	if (err)
		goto unregister_notifier;
	err = mgre_selftest();
	if (err)
		goto unregister_link;

	return 0;

unregister_link:
	rtnl_link_unregister(&mgre_link_ops);
unregister_notifier:
	unregister_netdevice_notifier(&mgre_netdev_notifier);
unregister_pernet:
	unregister_pernet_device(&mgre_net_ops);
exit_nhrp:
	nhrp_exit();
	return err;
}

/* rtnl_link_unregister() removes every device of every netns, after which no
 * hook is registered and no packet is in our code but those that the grace
 * period of the removal has waited for.
 */
static void __exit mgre_exit(void)
{
	rtnl_link_unregister(&mgre_link_ops);
	unregister_netdevice_notifier(&mgre_netdev_notifier);
	unregister_pernet_device(&mgre_net_ops);
	nhrp_exit();
}

module_init(mgre_init);
module_exit(mgre_exit);

MODULE_DESCRIPTION("Multipoint GRE with an NHRP cache");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("mgre");
MODULE_ALIAS_GENL_FAMILY("nhrp");
