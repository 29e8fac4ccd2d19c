/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h: arithmetic with times that cannot overflow.
 *
 * A deadline is a time of the monotonic clock, 0 or another one long past for
 * "do not wait", or PLX_NEVER (every negative number is taken for it).
 */
#ifndef PLX_CLOCK_H
#define PLX_CLOCK_H

#include <stdint.h>

/* DURATION after NOW: NOW itself when negative, -1 (never) past the end. */
static inline int64_t
plx__time_after(int64_t now, int64_t duration)
{
	if (duration <= 0)
		return now;
	return duration > INT64_MAX - now ? -1 : now + duration;
}

/* From NOW until DEADLINE: negative for never, 0 when it has passed. */
static inline int64_t
plx__time_left(int64_t deadline, int64_t now)
{
	if (deadline < 0)
		return -1;
	return deadline > now ? deadline - now : 0;
}

/* The deadline that comes first. */
static inline int64_t
plx__time_first(int64_t a, int64_t b)
{
	return (uint64_t)a < (uint64_t)b ? a : b;
}

#endif
