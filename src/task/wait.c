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
#include "io_int.h"
#include "park.h"

static void
wake_with(struct plx_task *t, int reason)
{
	t->wake = reason;
	plx__task_ready(t);
}

/* A task that does not park hears no alarm. */
static int
look_at_limit(struct plx_task *t)
{
	return plx__passed(t->rt, t->limit) &&
	       plx__scopes_expire(t, t->rt->now);
}

/* T's alarm has gone off, maybe for a wait that is long over. */
static void
on_alarm(void *arg)
{
	struct plx_task *t = arg;
	int64_t now = plx_loop_now(t->rt->loop), own;
	int r;

	t->alarm_at = PLX_NEVER;
	own = t->wait ? t->wait->deadline : PLX_NEVER;
	if (plx__is_past(own, now) && plx__is_past(own, t->limit))
		wake_with(t, -ETIMEDOUT);
	plx__scopes_expire(t, now);
	if (!t->wait)
		return;
	if (plx__is_past(own, now)) {
		wake_with(t, -ETIMEDOUT);
		return;
	}
	r = plx__alarm_set(t, plx__earlier(own, t->limit));
	if (r < 0 && !t->wait->fixed)
		wake_with(t, r);
}

int
plx__alarm_set(struct plx_task *t, int64_t deadline)
{
	plx_loop *loop = t->rt->loop;
	int r;

	if (plx__alarm_covers(t, deadline))
		return 0;
	plx_loop_cancel(loop, &t->alarm);
	r = plx_loop_call_at(loop, &t->alarm, deadline, on_alarm, t);
	t->alarm_at = r < 0 ? PLX_NEVER : deadline;
	return r;
}

int
plx__park(struct plx_task *t, struct plx_wait *w)
{
	int64_t first = plx__earlier(w->deadline, t->limit);
	int r;

	if (t->cancels && !w->fixed)
		return -ECANCELED;
	if (!plx__alarm_covers(t, first)) {
		r = plx__alarm_set(t, first);
		if (r < 0 && !w->fixed)
			return r;
	}
	plx__park_now(t, w);
	return t->wake;
}

int
plx_checkpoint(void)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (t->cancels || look_at_limit(t))
		return -ECANCELED;
	plx__task_ready(t);
	plx__give_way(t);
	return 0;
}

/* T only asks, and no turn has moved its time on: looks at the clock after as
   many questions as it may wait without giving way. */
static int
look_at_clock(struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;

	if (t->budget > -PLX_TASK_BUDGET)
		return 0;
	t->budget = 0;
	if (t->limit < 0)
		return 0;
	return plx__scopes_expire(t, sys->now(sys)) ? -ECANCELED : 0;
}

int
plx__budget_spent(struct plx_task *t, int64_t deadline)
{
	if (deadline == 0)
		return look_at_clock(t);
	t->budget = 0;
	t->rt->stats.budgets++;
	plx__task_ready(t);
	plx__give_way(t);
	return t->cancels || look_at_limit(t) ? -ECANCELED : 0;
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
