// SPDX-License-Identifier: GPL-2.0
/* Addresses and prefixes: compare, mask, contain. */

#include <linux/inetdevice.h>
#include <net/ipv6.h>

#include "nhrp_int.h"

/**
 * nhrp_prefix_set - make the prefix of a length that holds an address
 * @prefix: prefix to fill
 * @addr: address
 * @len: length in bits, at most that of the address
 *
 * Context: any.
 */
void nhrp_prefix_set(struct nhrp_prefix *prefix, const struct nhrp_addr *addr,
		     unsigned int len)
{
	prefix->len = len;
	prefix->addr.family = addr->family;
	if (addr->family == AF_INET)
		prefix->addr.ip4 = addr->ip4 & inet_make_mask(len);
	else
		ipv6_addr_prefix(&prefix->addr.ip6, &addr->ip6, len);
}

/**
 * nhrp_prefix_covers - is one prefix inside another?
 * @prefix: prefix
 * @other: the one that may be inside
 *
 * Context: any.
 * Return: true if every address of @other is one of @prefix.
 */
bool nhrp_prefix_covers(const struct nhrp_prefix *prefix,
			const struct nhrp_prefix *other)
{
	if (prefix->addr.family != other->addr.family ||
	    prefix->len > other->len)
		return false;
	if (prefix->addr.family == AF_INET)
		return !((prefix->addr.ip4 ^ other->addr.ip4) &
			 inet_make_mask(prefix->len));
	return ipv6_prefix_equal(&prefix->addr.ip6, &other->addr.ip6,
				 prefix->len);
}
