/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeout.h: relative timeouts in the forms that kernels take.
 *
 * A timeout is a count of nanoseconds, negative for ever.  It is rounded up,
 * so that no wait ends early, and cut to what the form can hold: the selector
 * asks again after a wait that was too short.
 */
#ifndef PLX_TIMEOUT_H
#define PLX_TIMEOUT_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Some systems refuse more than 10^8 seconds; three years are enough. */
#define PLX__TIMEOUT_SECONDS INT64_C(100000000)

/* Fills SPEC and returns it; NULL for ever. */
static inline struct timespec *
plx__timeout_spec(int64_t timeout, struct timespec *spec)
{
	int64_t seconds = timeout / 1000000000;

	if (timeout < 0)
		return NULL;
	if (seconds >= PLX__TIMEOUT_SECONDS) {
		seconds = PLX__TIMEOUT_SECONDS;
		timeout = 0;
	}
	spec->tv_sec = (time_t)seconds;
	spec->tv_nsec = (long)(timeout % 1000000000);
	return spec;
}

/* Milliseconds, or -1 for ever. */
static inline int
plx__timeout_ms(int64_t timeout)
{
	int64_t ms = timeout / 1000000;

	if (timeout < 0)
		return -1;
	ms += timeout % 1000000 > 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

#endif
