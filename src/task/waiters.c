/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiters.c: serving those who stand in line, and the plain wait.
 *
 * To serve only marks tasks as ready: none runs meanwhile, and so a line does
 * not change under those who walk along it.
 */
#include <config.h>
#include "waiters.h"

struct plx_awaitable *
plx__waiter_fill(struct plx_sync_awaitable *w,
		 const struct plx_awaitable_ops *ops, void *of)
{
	w->base.ops = ops;
	w->base.task = NULL;
	w->base.ready = 0;
	w->in = NULL;
	w->of = of;
	w->result = 0;
	return &w->base;
}

struct plx_sync_awaitable *
plx__line_serve(struct plx_sync_line *line, int result)
{
	struct plx_sync_awaitable *w;

	while ((w = line->first)) {
		plx__line_leave(w);
		w->result = result;
		if (plx_awaitable_ready(&w->base))
			return w;
	}
	return NULL;
}

int
plx__line_serve_all(struct plx_sync_line *line, int result)
{
	int n = 0;

	while (plx__line_serve(line, result))
		n++;
	return n;
}

int
plx__waiter_disarm(struct plx_awaitable *a)
{
	plx__line_leave(plx__waiter_of(a));
	return 0;
}

int
plx__waiter_result(struct plx_awaitable *a)
{
	return plx__waiter_of(a)->result;
}

int
plx__waiter_wait(struct plx_task *t, struct plx_sync_awaitable *w,
		 int64_t deadline)
{
	struct plx_awaitable *list[1] = {&w->base};
	int r = plx__await_list(t, list, 1, deadline);

	if (r >= 0)
		r = w->result;
	plx__end(t, deadline);
	return r;
}
