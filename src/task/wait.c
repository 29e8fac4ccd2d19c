/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.c: the one way a task waits, and sleeping.
 *
 * Every wait goes: refuse if cancelled; arm; if that is complete, or the
 * deadline has passed, take back and return; else park.  When the task goes
 * on it looks at what was armed before it looks at why it was woken: an
 * operation that completed keeps its result, even when a timeout or a cancel
 * came in the same turn.  Whatever did not complete is taken back before the
 * wait returns; what cannot be taken back keeps the task, which then cannot be
 * cancelled, until it has completed.
 */
#include <config.h>
#include <string.h>
#include "park.h"

/* The timer of a wait; it is taken back as soon as its task goes on. */
static void
on_deadline(void *arg)
{
	struct plx_task *t = arg;

	if (!t->wait)
		return;
	t->wake = -ETIMEDOUT;
	plx__task_ready(t);
}

int
plx__park(struct plx_task *t, struct plx_wait *w)
{
	plx_loop *loop = t->rt->loop;
	struct plx_call timer;
	int r;

	if (t->cancels && !w->fixed)
		return -ECANCELED;
	if (w->deadline < 0) {
		plx__park_now(t, w);
		return t->wake;
	}
	memset(&timer, 0, sizeof(timer));
	r = plx_loop_call_at(loop, &timer, w->deadline, on_deadline, t);
	if (r < 0)
		return r;
	plx__park_now(t, w);
	plx_loop_cancel(loop, &timer);
	return t->wake;
}

int
plx_checkpoint(void)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (t->cancels)
		return -ECANCELED;
	plx__task_ready(t);
	plx__give_way(t);
	return 0;
}

int
plx__budget_spent(struct plx_task *t, int64_t deadline)
{
	t->budget = 0;
	if (deadline == 0)
		return 0;
	plx__task_ready(t);
	plx__give_way(t);
	return t->cancels ? -ECANCELED : 0;
}

int
plx__budget_spent_fd(struct plx_task *t, int fd, int64_t deadline)
{
	struct plx_yield y = {.fd = fd};
	int r;

	plx__list_append(&t->rt->yields, &y.link);
	r = plx__budget_spent(t, deadline);
	plx__list_remove(&y.link);
	return y.error ? y.error : r;
}

int
plx_sleep_until(int64_t when)
{
	struct plx_task *t = plx__current;
	struct plx_wait w;
	int r;

	if (!t)
		return -EPERM;
	if (t->cancels)
		return -ECANCELED;
	if (plx__passed(t->rt, when))
		return plx_checkpoint();
	w.kind = PLX_WAIT_SLEEP;
	w.fixed = 0;
	w.deadline = when;
	r = plx__park(t, &w);
	return r == -ETIMEDOUT ? 0 : r;
}

int
plx_sleep(int64_t duration)
{
	const struct plx_task *t = plx__current;
	int64_t now;

	if (!t)
		return -EPERM;
	if (duration <= 0)
		return plx_checkpoint();
	now = t->rt->sys->now(t->rt->sys);
	if (duration > INT64_MAX - now)
		return plx_sleep_until(PLX_NEVER);
	return plx_sleep_until(now + duration);
}
