// SPDX-License-Identifier: GPL-2.0
/* Pseudo-random numbers: splitmix64, the same on every machine. */

#include "fuzz.h"

static uint64_t state;

void seed(uint64_t value)
{
	state = value;
}

uint64_t random64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

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
uint32_t draw(uint32_t limit)
{
	return ((random64() >> 32) * limit) >> 32;
}

bool one_in(uint32_t n)
{
	return !draw(n);
}
