/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * barrier.c: where tasks wait for each other.
 *
 * The last to come serves all the others, or nobody: before that it drops
 * those from the line that cannot be claimed any more, and counts again.  Each
 * of the line is another task's, which arm sees to, so that no claim takes away
 * the next.  Who was served is out of line, and the barrier as good as new,
 * before any of them goes on.
 */
#include <config.h>
#include <pollux/sync.h>
#include "line.h"

int
plx_barrier_init(struct plx_barrier *b, int parties)
{
	if (parties < 1)
		return -EINVAL;
	*b = (struct plx_barrier){.parties = parties};
	return 0;
}

static void
leave(struct plx_barrier *b, struct plx_waiter *w)
{
	if (!w->in)
		return;
	plx__line_leave(w);
	b->waiting--;
}

static void
drop_lost(struct plx_barrier *b)
{
	struct plx_waiter *w, *next;

	for (w = b->line.first; w; w = next) {
		next = w->next;
		if (w->base.task->won)
			leave(b, w);
	}
}

/* LAST has come, and all go on. */
static void
open_up(struct plx_barrier *b, struct plx_waiter *last)
{
	struct plx_waiter *w;
	int place = 0;

	while ((w = plx__line_claim(&b->line)))
		w->result = place++;
	b->waiting = 0;
	last->result = place;
}

/* What one plx_await_any arms comes one after the other: a second wait of the
   same task can only be the last in line. */
static int
barrier_arm(struct plx_awaitable *a)
{
	struct plx_waiter *w = plx__waiter_of(a);
	struct plx_barrier *b = w->of;
	struct plx_waiter *last = b->line.last;

	w->result = -EPIPE;
	if (b->aborted)
		return 1;
	if (last && last->base.task == a->task)
		return -EBUSY;
	if (b->waiting + 1 == b->parties)
		drop_lost(b);
	if (b->waiting + 1 < b->parties) {
		plx__line_join(&b->line, w);
		b->waiting++;
		return 0;
	}
	if (plx_awaitable_ready(a))
		open_up(b, w);
	return 1;
}

static int
barrier_disarm(struct plx_awaitable *a)
{
	struct plx_waiter *w = plx__waiter_of(a);

	leave(w->of, w);
	return 0;
}

static const struct plx_awaitable_ops barrier_ops = {
	.kind = "barrier",
	.arm = barrier_arm,
	.disarm = barrier_disarm,
	.result = plx__waiter_result,
};

struct plx_awaitable *
plx_barrier_awaitable(struct plx_sync_awaitable *w, struct plx_barrier *b)
{
	return plx__waiter_fill(&w->waiter, &barrier_ops, b);
}

int
plx_barrier_wait(struct plx_barrier *b, int64_t deadline)
{
	struct plx_task *t = plx__current;
	struct plx_sync_awaitable w;
	struct plx_awaitable *const list[1] = {plx_barrier_awaitable(&w, b)};
	int r = plx__begin(t);

	if (r < 0)
		return r;
	r = plx__await_list(t, list, 1, deadline);
	if (r >= 0)
		r = w.waiter.result;
	plx__end(t, deadline);
	return r;
}

void
plx_barrier_reset(struct plx_barrier *b)
{
	plx__line_dismiss(&b->line);
	b->waiting = 0;
	b->aborted = 0;
}

void
plx_barrier_abort(struct plx_barrier *b)
{
	plx_barrier_reset(b);
	b->aborted = 1;
}
