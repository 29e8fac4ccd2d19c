/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h: how tasks stand in line for something that is handed out.
 *
 * A line is circular and doubly linked through the waiters, who lie in the
 * frames of their tasks: to join and to leave cost the same however many stand
 * there, and 100,000 cancels at once are 100,000 short steps.  A waiter that is
 * in no line points at itself, so that to leave twice does no harm.
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
 */
#ifndef PLX_LINE_H
#define PLX_LINE_H

#include "park.h"

static inline void
plx__line_init(struct plx_line *line)
{
	line->prev = line->next = line;
}

static inline int
plx__line_empty(const struct plx_line *line)
{
	return line->next == line;
}

static inline void
plx__line_join(struct plx_line *line, struct plx_waiter *w)
{
	w->line.prev = line->prev;
	w->line.next = line;
	line->prev->next = &w->line;
	line->prev = &w->line;
}

static inline void
plx__line_leave(struct plx_waiter *w)
{
	w->line.prev->next = w->line.next;
	w->line.next->prev = w->line.prev;
	plx__line_init(&w->line);
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
	return plx__line_empty(line) ? NULL : plx__line_search(line);
}

/* Ends the waits of all in LINE with the results that they have. */
void plx__line_dismiss(struct plx_line *line);

/*
 * Lets T, which is not cancelled, stand in LINE by W, whose ops are set: 0 it
 * was claimed; -ETIMEDOUT, -ECANCELED, -ENOMEM it was not, and has left.
 */
int plx__line_wait(struct plx_task *t, struct plx_line *line,
		   struct plx_waiter *w, int64_t deadline);

#endif
