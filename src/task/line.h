/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h: how tasks stand in line for something that is handed out.
 *
 * A line is linked through the waiters, who lie in the frames of their tasks:
 * to join and to leave cost the same however many stand there, and 100,000
 * cancels at once are 100,000 short steps.  An empty line is all zeros, so that
 * what has one can start out zeroed, and move when nobody waits; a waiter knows
 * the line it is in, or that it is in none, so to leave twice does no harm.
 *
 * Whoever has something to hand out claims the first who will report it and
 * gives it to that one, before anybody else runs; so a newcomer never overtakes
 * a task that was served but has not gone on yet, and nothing is ever given
 * back.  Two kinds of waiters are passed by:
 * - the task that runs.  It is in the middle of arming a list, will be found
 *   ready by it, and must not be served by itself.  It stays in line: the wait
 *   takes it out before anybody else runs.
 * - one whose task has something else by now and has not gone on yet.  It
 *   leaves the line, or the next one to come would have to pass it again.
 *
 * The result of a waiter in line is what its wait returns if it is dismissed;
 * whoever claims it may put another in its place.
 */
#ifndef PLX_LINE_H
#define PLX_LINE_H

#include "park.h"

static inline void
plx__line_join(struct plx_line *line, struct plx_waiter *w)
{
	struct plx_waiter *last = line->last;

	w->in = line;
	w->prev = last;
	w->next = NULL;
	*(last ? &last->next : &line->first) = w;
	line->last = w;
}

/* Takes W out of LINE, which it is in. */
static inline void
plx__line_remove(struct plx_line *line, struct plx_waiter *w)
{
	struct plx_waiter *prev = w->prev, *next = w->next;

	w->in = NULL;
	*(prev ? &prev->next : &line->first) = next;
	*(next ? &next->prev : &line->last) = prev;
}

/* Takes W out of the line it is in, if it is. */
static inline void
plx__line_leave(struct plx_waiter *w)
{
	if (w->in)
		plx__line_remove(w->in, w);
}

/* The first of LINE, which is not empty, to be claimed; or NULL. */
struct plx_waiter *plx__line_search(struct plx_line *line);

/*
 * Takes the first who can be served out of LINE, or returns NULL.  Its wait
 * will end with what the caller now gives it.
 */
static inline struct plx_waiter *
plx__line_claim(struct plx_line *line)
{
	return line->first ? plx__line_search(line) : NULL;
}

/* Ends the waits of all in LINE with the results that they have. */
void plx__line_dismiss(struct plx_line *line);

/*
 * Lets T, which is not cancelled, stand in LINE by W, whose ops and result are
 * set: the result, if it was claimed; -ETIMEDOUT, -ECANCELED, -ENOMEM it was
 * not, and has left.
 */
int plx__line_wait(struct plx_task *t, struct plx_line *line,
		   struct plx_waiter *w, int64_t deadline);

/* The same by a waiter that has no more to it: 0, if it was claimed. */
int plx__line_stand(struct plx_task *t, struct plx_line *line,
		    const struct plx_awaitable_ops *ops, int64_t deadline);

static inline struct plx_waiter *
plx__waiter_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_waiter, base);
}

/* Makes W a wait for OF that has not begun; what plx_await takes. */
struct plx_awaitable *plx__waiter_fill(struct plx_waiter *w,
				       const struct plx_awaitable_ops *ops,
				       void *of);

/* For the ops: leaves the line; and the result, whoever left it. */
int plx__waiter_disarm(struct plx_awaitable *a);
int plx__waiter_result(struct plx_awaitable *a);

#endif
