/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.c: a flag that tasks wait for.
 *
 * The line is empty while the flag is set.  Who was in line when it was set
 * has been served there and then: a clear in the same turn, before these tasks
 * go on, takes nothing from them.
 */
#include <config.h>
#include <pollux/sync.h>
#include "line.h"

static int
event_arm(struct plx_awaitable *a)
{
	struct plx_waiter *w = plx__waiter_of(a);
	struct plx_event *e = w->of;

	if (e->set)
		return 1;
	plx__line_join(&e->line, w);
	return 0;
}

static const struct plx_awaitable_ops event_ops = {
	.kind = "event",
	.arm = event_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

struct plx_awaitable *
plx_event_awaitable(struct plx_sync_awaitable *w, struct plx_event *e)
{
	return plx__waiter_fill(&w->waiter, &event_ops, e);
}

int
plx_event_wait(struct plx_event *e, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!e->set)
		r = plx__line_stand(t, &e->line, &event_ops, deadline);
	plx__end(t, deadline);
	return r;
}

void
plx_event_set(struct plx_event *e)
{
	e->set = 1;
	plx__line_dismiss(&e->line);
}

void
plx_event_clear(struct plx_event *e)
{
	e->set = 0;
}

int
plx_event_is_set(const struct plx_event *e)
{
	return e->set;
}
