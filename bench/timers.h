/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.h: what a library has to say for itself about timers.
 *
 * Each of these functions does its work on all N timers, with a loop of its
 * own, so that nobody pays for being called through a pointer.  What the
 * libraries want deadlines to look like (nanoseconds, seconds, a timeval) is
 * computed beforehand.
 */
#ifndef PLX_BENCH_TIMERS_H
#define PLX_BENCH_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* A library with a loop, and N timers for it. */
struct timers {
	const struct timers_library *library;
	long n;
	void *loop;
	void *timer; /* N of the library's own */
	void *when;  /* from now, in its own terms: N to begin with, N later */
	const uint32_t *order; /* of the timers: for cancelling, re-arming */
	long fired;
};

struct timers_library {
	const char *name;
	size_t timer, when; /* sizes */
	/* Opens the loop and makes the timers idle ones: 0 or -errno. */
	int (*open)(struct timers *t);
	/* Sets deadline I to NS from now, whenever the now of arming is. */
	void (*set)(struct timers *t, long i, int64_t ns);
	/* Arms all, in the order of memory, by the first deadlines. */
	void (*insert)(struct timers *t);
	/* Those take them by ORDER, and armed; re-arming by the later ones. */
	void (*cancel)(struct timers *t);
	void (*rearm)(struct timers *t);
	/* One turn of the loop that does not block: each that is due counts
	   itself in FIRED. */
	void (*expire)(struct timers *t);
	/* None is armed. */
	void (*close)(struct timers *t);
};

extern const struct timers_library timers_pollux, timers_libev, timers_libevent,
	timers_libuv;

#endif
