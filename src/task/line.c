/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c: standing in line, and being served.
 *
 * plx__line_wait is plx_await of one awaitable with what is known beforehand
 * left out: it is armed by joining, and taken back by leaving.  A claim in the
 * same turn as a cancel or a deadline counts, in either order: what was handed
 * over is in the waiter by then, and the task would lose it.
 */
#include <config.h>
#include "line.h"

struct plx_waiter *
plx__line_search(struct plx_line *line)
{
	const struct plx_task *self = plx__current;
	struct plx_waiter *w;
	struct plx_line *l;

	for (l = line->next; l != line;) {
		w = PLX_OF(l, struct plx_waiter, line);
		l = l->next;
		if (w->awaitable.task == self)
			continue;
		plx__line_leave(w);
		if (plx__claim(&w->awaitable))
			return w;
	}
	return NULL;
}

void
plx__line_dismiss(struct plx_line *line)
{
	struct plx_waiter *w;

	while (!plx__line_empty(line)) {
		w = PLX_OF(line->next, struct plx_waiter, line);
		plx__line_leave(w);
		plx__claim(&w->awaitable);
	}
}

int
plx__line_wait(struct plx_task *t, struct plx_line *line, struct plx_waiter *w,
	       int64_t deadline)
{
	struct plx_awaitable *const list[1] = {&w->awaitable};
	struct plx_list_wait lw;
	int r = 0;

	if (plx__passed(t->rt, deadline))
		return -ETIMEDOUT;
	lw.wait.kind = PLX_WAIT_LIST;
	lw.wait.fixed = 0;
	lw.wait.deadline = deadline;
	lw.list = list;
	lw.n = 1;
	w->awaitable.task = t;
	w->awaitable.ready = 0;
	t->won = NULL;
	plx__line_join(line, w);
	if (plx__alarm_covers(t, plx__earlier(deadline, t->limit)))
		plx__park_now(t, &lw.wait);
	else
		r = plx__park(t, &lw.wait);
	if (t->won)
		return 0;
	plx__line_leave(w);
	return r < 0 ? r : t->wake;
}
