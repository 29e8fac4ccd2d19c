/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c: standing in line, and being served.
 *
 * plx__line_wait is plx_await of one awaitable with what is known beforehand
 * left out: it is armed by joining, and taken back by leaving.  A claim in the
 * same turn as a cancel or a deadline counts, in either order: what was handed
 * over is in the waiter by then, and the task would lose it.
 *
 * To serve only marks tasks as ready: none runs meanwhile, and so a line does
 * not change under those who walk along it.
 */
#include <config.h>
#include "line.h"

struct plx_waiter *
plx__line_search(struct plx_line *line)
{
	const struct plx_task *self = plx__current;
	struct plx_waiter *w, *next;

	for (w = line->first; w; w = next) {
		next = w->next;
		if (w->base.task == self)
			continue;
		plx__line_remove(line, w);
		if (plx__claim(&w->base))
			return w;
	}
	return NULL;
}

void
plx__line_dismiss(struct plx_line *line)
{
	struct plx_waiter *w;

	while ((w = line->first)) {
		plx__line_remove(line, w);
		plx__claim(&w->base);
	}
}

int
plx__line_wait(struct plx_task *t, struct plx_line *line, struct plx_waiter *w,
	       int64_t deadline)
{
	struct plx_awaitable *const list[1] = {&w->base};
	struct plx_list_wait lw;
	int r = 0;

	if (plx__passed(t->rt, deadline))
		return -ETIMEDOUT;
	lw.wait.kind = PLX_WAIT_LIST;
	lw.wait.fixed = 0;
	lw.wait.deadline = deadline;
	lw.list = list;
	lw.n = 1;
	w->base.task = t;
	w->base.ready = 0;
	t->won = NULL;
	plx__line_join(line, w);
	if (plx__alarm_covers(t, plx__earlier(deadline, t->limit)))
		plx__park_now(t, &lw.wait);
	else
		r = plx__park(t, &lw.wait);
	if (t->won)
		return w->result;
	plx__line_leave(w);
	return r < 0 ? r : t->wake;
}

int
plx__line_stand(struct plx_task *t, struct plx_line *line,
		const struct plx_awaitable_ops *ops, int64_t deadline)
{
	struct plx_waiter w;

	w.base.ops = ops;
	w.result = 0;
	return plx__line_wait(t, line, &w, deadline);
}

struct plx_awaitable *
plx__waiter_fill(struct plx_waiter *w, const struct plx_awaitable_ops *ops,
		 void *of)
{
	w->base.ops = ops;
	w->base.task = NULL;
	w->base.ready = 0;
	w->in = NULL;
	w->of = of;
	w->result = 0;
	return &w->base;
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
