// SPDX-License-Identifier: GPL-2.0
/* Pseudo-random numbers: splitmix64, the same on every machine. */

#include "fuzz.h"

static __u64 state;

void seed(__u64 value)
{
	state = value;
}

__u64 random64(void)
{
	__u64 z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

	return z ^ (z >> 31);
}

/**
 * draw - a number
 * @limit: that it is below of; 0 gives 0
 *
 * Return: it.
 */
__u32 draw(__u32 limit)
{
	return ((random64() >> 32) * limit) >> 32;
}

bool one_in(__u32 n)
{
	return !draw(n);
}
