/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.h: what runs once: soon, or at a time.
 *
 * A waiting call is either on a list (place -1) or on the heap of the timers
 * (its slot there).  Timers that are due move from the heap to a list before
 * the first of them runs.
 */
#ifndef PLX_CALLS_H
#define PLX_CALLS_H

#include <pollux/loop.h>
#include "timers.h"

struct plx_calls {
	/* Heads of rings, of which only the links are used. */
	struct plx_call first; /* asked for, will begin a turn to come */
	struct plx_call soon;  /* asked for, will run in a turn to come */
	struct plx_call batch; /* being run */
	struct plx_timers timers;
};

void plx__calls_init(struct plx_calls *calls);

/* Makes all that waits idle and frees the heap. */
void plx__calls_fini(struct plx_calls *calls, const struct plx_sys *sys);

/* Runs what is due at NOW; how many that were. */
uint64_t plx__calls_run_timers(struct plx_calls *calls, int64_t now);

static inline uint64_t
plx__calls_run_due(struct plx_calls *calls, int64_t now)
{
	return calls->timers.count ? plx__calls_run_timers(calls, now) : 0;
}

/* Does anything wait on the list RING? */
static inline int
plx__calls_wait(const struct plx_call *ring)
{
	return ring->next != ring;
}

/* Runs what waits on the list RING by now; how many that were. */
uint64_t plx__calls_run_list(struct plx_calls *calls, struct plx_call *ring);

static inline uint64_t
plx__calls_run_soon(struct plx_calls *calls)
{
	return plx__calls_wait(&calls->soon)
		       ? plx__calls_run_list(calls, &calls->soon)
		       : 0;
}

/* The time of the first timer, 0 when a call waits, or PLX_NEVER. */
static inline int64_t
plx__calls_deadline(struct plx_calls *calls)
{
	if (plx__calls_wait(&calls->soon) || plx__calls_wait(&calls->first))
		return 0;
	return calls->timers.count ? plx__timers_first(&calls->timers)
				   : PLX_NEVER;
}

#endif
