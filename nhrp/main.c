// SPDX-License-Identifier: GPL-2.0
/* What the cache shares among all devices. */

#include <linux/slab.h>

#include "nhrp_int.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * nhrp_init - set up the cache layer
 *
 * The netlink family comes last: from then on userspace can call.
 *
 * Context: process, module load.
 * Return: 0 or -errno.
 */
int __init nhrp_init(void)
{
	int err;

	nhrp_mapping_cachep = KMEM_CACHE(nhrp_mapping, 0);
	if (!nhrp_mapping_cachep)
		return -ENOMEM;

	nhrp_peer_cachep = KMEM_CACHE(nhrp_peer, 0);
	if (!nhrp_peer_cachep) {
		err = -ENOMEM;
		goto free_mapping_cache;
	}

	err = nhrp_nl_init();
	if (err)
		goto free_peer_cache;

	return 0;

free_peer_cache:
	kmem_cache_destroy(nhrp_peer_cachep);
free_mapping_cache:
	kmem_cache_destroy(nhrp_mapping_cachep);
	return err;
}

/**
 * nhrp_exit - take down the cache layer
 *
 * Every device and with it every cache is gone. The callbacks that free
 * mappings and peers may still be under way.
 *
 * Context: process, module unload.
 */
void nhrp_exit(void)
{
	nhrp_nl_exit();
	rcu_barrier();
	kmem_cache_destroy(nhrp_peer_cachep);
	kmem_cache_destroy(nhrp_mapping_cachep);
}
