/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.h: calls in the order of their times, on a heap.
 *
 * A call that is in knows its slot (struct plx_call.place, from 1), so that
 * it can be taken out anywhere.  A time is unsigned here: PLX_NEVER is the
 * largest and comes last.
 */
#ifndef PLX_TIMERS_H
#define PLX_TIMERS_H

#include <stddef.h>
#include <stdint.h>
#include <pollux/loop.h>

struct plx_timer {
	uint64_t when; /* the call's, where comparing needs no second miss */
	struct plx_call *call;
};

/* Zeroed: empty. */
struct plx_timers {
	struct plx_timer *heap; /* slots 1 to COUNT, the hole among them */
	int count;
	int room;
	int hole;	/* a slot whose call was taken out, or 0 */
	uint64_t order; /* of the last one armed */
	void *block;	/* what HEAP lies in */
};

/* Adds CALL to run at its WHEN, after those of the same time.  0 or -ENOMEM. */
int plx__timers_insert(struct plx_timers *t, const struct plx_sys *sys,
		       struct plx_call *call);

/* Moves CALL, which is in, to WHEN, after those of the same time. */
void plx__timers_move(struct plx_timers *t, struct plx_call *call,
		      int64_t when);

/* Takes CALL out, which is in; its place becomes 0. */
void plx__timers_remove(struct plx_timers *t, struct plx_call *call);

/* When the first is due, or PLX_NEVER. */
int64_t plx__timers_first(struct plx_timers *t);

/* Takes the first out if it is due at NOW, else returns NULL. */
struct plx_call *plx__timers_take(struct plx_timers *t, int64_t now);

/* Frees the memory; what was in becomes idle. */
void plx__timers_fini(struct plx_timers *t, const struct plx_sys *sys);

#endif
