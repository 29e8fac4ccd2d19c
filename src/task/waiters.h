/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiters.h: the line of those who wait for an event, a lock and their like.
 *
 * A waiter is in line from its arm until it is served or disarmed, so each is
 * unlinked exactly once, in constant time.  To serve one is to take it out of
 * line and to claim it with plx_awaitable_ready: only if that says 1 does it
 * get what is handed out.  One that says 0 has lost to something else that its
 * task waits for and will be disarmed when that task goes on; it is passed over
 * for good.
 *
 * An arm that finds what it wants there claims itself before it takes it, so
 * that a disarm never has anything to give back.
 */
#ifndef PLX_WAITERS_H
#define PLX_WAITERS_H

#include <pollux/sync.h>
#include "task_int.h"

static inline struct plx_sync_awaitable *
plx__waiter_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_sync_awaitable, base);
}

static inline void
plx__line_join(struct plx_sync_line *line, struct plx_sync_awaitable *w)
{
	w->in = line;
	w->prev = line->last;
	w->next = NULL;
	if (w->prev)
		w->prev->next = w;
	else
		line->first = w;
	line->last = w;
}

/* Takes W out of the line it is in, if it is. */
static inline void
plx__line_leave(struct plx_sync_awaitable *w)
{
	struct plx_sync_line *line = w->in;

	if (!line)
		return;
	w->in = NULL;
	if (w->prev)
		w->prev->next = w->next;
	else
		line->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		line->last = w->prev;
}

/* Would W be told 1 if it were claimed now? */
static inline int
plx__waiter_open(const struct plx_sync_awaitable *w)
{
	const struct plx_awaitable *a = &w->base;

	return a->task && !a->ready && !a->task->won;
}

/* Fills W in for a wait for OF; what plx_await takes. */
struct plx_awaitable *plx__waiter_fill(struct plx_sync_awaitable *w,
				       const struct plx_awaitable_ops *ops,
				       void *of);

/* The first in line that can be claimed, claimed and with RESULT; or NULL. */
struct plx_sync_awaitable *plx__line_serve(struct plx_sync_line *line,
					   int result);

/* Serves all who are in line; how many that were. */
int plx__line_serve_all(struct plx_sync_line *line, int result);

/* For the ops: leaves the line; and what plx__line_serve or the arm left. */
int plx__waiter_disarm(struct plx_awaitable *a);
int plx__waiter_result(struct plx_awaitable *a);

/*
 * The rest of a plain call that has begun: T waits for W alone, and ends the
 * operation.  What is there to be had is taken without: a wait for awaitables
 * costs some hundred instructions even when it does not park.
 */
int plx__waiter_wait(struct plx_task *t, struct plx_sync_awaitable *w,
		     int64_t deadline);

#endif
