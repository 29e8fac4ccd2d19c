/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn.h: one turn of a loop around a set of descriptors, by many means.
 *
 * Whoever takes part watches all descriptors of the pool for reading, level-
 * triggered, and waits without a limit of time, again and again, until LEFT
 * events have been handled.  All handle an event by turn_event, which is the
 * same few instructions for everybody.
 */
#ifndef PLX_BENCH_TURN_H
#define PLX_BENCH_TURN_H

#include <stdint.h>
#include "pool.h"

/* How many events the kernel is asked for at once, where one can choose. */
#define TURN_READY 256

struct turn {
	const struct turn_means *means;
	const struct pool *pool;
	long left;     /* events to go; below 0: handled beyond what was due */
	int passes;    /* an event is passed on */
	uint64_t luck; /* to whom */
	void *set;     /* of the means, from open to close */
};

struct turn_means {
	const char *backend; /* for what has several */
	/* Watches the pool: 0 or -errno. */
	int (*open)(struct turn *t);
	void (*run)(struct turn *t);
	void (*close)(struct turn *t);
};

extern const struct turn_means turn_raw_select, turn_raw_poll, turn_raw_epoll;
extern const struct turn_means turn_selector_select, turn_selector_poll,
	turn_selector_epoll;
extern const struct turn_means turn_loop_select, turn_loop_poll,
	turn_loop_epoll;
extern const struct turn_means turn_libev_select, turn_libev_poll,
	turn_libev_epoll;
extern const struct turn_means turn_libevent_select, turn_libevent_poll,
	turn_libevent_epoll;
extern const struct turn_means turn_libuv;

/* Reads the event of FD and makes another descriptor ready, by luck. */
void turn_pass(struct turn *t, int fd);

/* Ends the program: CALL failed where it cannot fail. */
_Noreturn void turn_fail(const char *call);

static inline void
turn_event(struct turn *t, int fd)
{
	t->left--;
	if (t->passes)
		turn_pass(t, fd);
}

#endif
