/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nursery.c: tasks that end together.
 *
 * A nursery keeps the tasks spawned into it and does not go before they have
 * ended, whatever happens to the task that opened it.  It has a scope in that
 * task, so that what reaches the opener reaches the tasks, and an error among
 * the tasks reaches the opener.  The root nursery has neither opener nor scope:
 * plx_run's loop is what waits for its tasks.
 *
 * It lies in memory of the run, not in the opener's frame: a function that
 * returns without closing it leaves tasks behind that still point to it.
 */
#include <config.h>
#include <string.h>
#include "hibernate_int.h"
#include "wait_int.h"

/* Waits until a nursery has room. */
struct room_wait {
	struct plx_awaitable awaitable;
	struct plx_link link; /* in nursery->rooms */
	struct plx_nursery *nursery;
};

void
plx__nursery_init(struct plx_nursery *n, struct plx_rt *rt)
{
	memset(n, 0, sizeof(*n));
	n->rt = rt;
	plx__list_init(&n->tasks);
	plx__list_init(&n->asleep);
	plx__list_init(&n->rooms);
	plx__list_init(&n->link);
}

static struct plx_nursery *
allocate(struct plx_rt *rt)
{
	struct plx_nursery *n;

	if (plx__list_empty(&rt->spare_nurseries))
		return rt->sys->resize(rt->sys, NULL, sizeof(*n));
	n = PLX_OF(rt->spare_nurseries.next, struct plx_nursery, link);
	plx__list_remove(&n->link);
	return n;
}

int
plx_nursery_open(const struct plx_nursery_options *options, plx_nursery **out)
{
	static const struct plx_nursery_options defaults;
	const struct plx_nursery_options *o = options ? options : &defaults;
	struct plx_task *t = plx__current;
	struct plx_nursery *n;

	if (!t)
		return -EPERM;
	if (!out || (unsigned)o->policy > PLX_FIRST_RESULT)
		return -EINVAL;
	n = allocate(t->rt);
	if (!n)
		return -ENOMEM;
	plx__nursery_init(n, t->rt);
	n->policy = o->policy;
	n->max = o->max_tasks;
	n->discard = o->discard;
	n->arg = o->arg;
	n->opener = t;
	plx__scope_open(t, &n->scope, PLX_NEVER);
	n->scope.nursery = n;
	n->cancelled = n->scope.reached;
	plx__list_append(&t->nurseries, &n->link);
	*out = n;
	return 0;
}

/* Tells those who wait for room to look again. */
static void
tell_rooms(struct plx_nursery *n)
{
	struct plx_link *l, *next;

	for (l = n->rooms.next; l != &n->rooms; l = next) {
		next = l->next;
		plx_awaitable_ready(
			&PLX_OF(l, struct room_wait, link)->awaitable);
	}
}

void
plx__nursery_cancel_tasks(struct plx_nursery *n)
{
	struct plx_rt *rt = n->rt;
	struct plx_task *t;
	struct plx_link *l;

	n->cancelled = 1;
	for (l = n->tasks.next; l != &n->tasks; l = l->next) {
		t = PLX_OF(l, struct plx_task, link);
		if (t->cancelled)
			continue;
		t->cancelled = 1;
		t->next_cancel = NULL;
		*rt->to_cancel_end = t;
		rt->to_cancel_end = &t->next_cancel;
	}
	plx__hibernations_end(n);
	tell_rooms(n);
}

void
plx__cancel_pending(struct plx_rt *rt)
{
	struct plx_task *t;

	if (rt->cancelling)
		return;
	rt->cancelling = 1;
	while ((t = rt->to_cancel)) {
		rt->to_cancel = t->next_cancel;
		if (!rt->to_cancel)
			rt->to_cancel_end = &rt->to_cancel;
		plx__scope_reach(t, NULL);
	}
	rt->cancelling = 0;
}

void
plx_nursery_cancel(plx_nursery *n)
{
	if (!n && !plx__current)
		return;
	if (!n)
		n = &plx__current->rt->root;
	plx__nursery_cancel_tasks(n);
	if (n->opener)
		plx_scope_cancel(&n->scope);
	plx__cancel_pending(n->rt);
}

void
plx__nursery_fail(struct plx_nursery *n, int error)
{
	if (n->error)
		return;
	n->error = error;
	if (n->policy == PLX_FAIL_FAST)
		plx_nursery_cancel(n);
}

static void
take_result(struct plx_nursery *n, int result)
{
	if (n->won) {
		if (n->discard)
			n->discard(result, n->arg);
		return;
	}
	n->won = 1;
	n->result = result;
	plx_nursery_cancel(n);
}

void
plx__nursery_told(struct plx_nursery *n, struct plx_task *t)
{
	if (t->result >= 0 && n->policy == PLX_FIRST_RESULT)
		take_result(n, t->result);
	if (t->result == -ECANCELED)
		n->ended_early = 1;
	else if (t->result < 0)
		plx__nursery_fail(n, t->result);
}

void
plx__nursery_less(struct plx_nursery *n)
{
	n->live--;
	tell_rooms(n);
	if (n->live > 0)
		return;
	if (!n->opener)
		plx_loop_stop(n->rt->loop);
	else if (n->closer && n->closer->wait)
		plx__task_ready(n->closer);
}

void
plx__nursery_left(struct plx_nursery *n, struct plx_task *t)
{
	plx__list_remove(&t->link);
	plx__nursery_less(n);
}

size_t
plx_nursery_live(const plx_nursery *n)
{
	if (n)
		return n->live;
	return plx__current ? plx__current->rt->root.live : 0;
}

static int
is_full(const struct plx_nursery *n)
{
	return n->max > 0 && n->live >= n->max;
}

static struct room_wait *
room_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct room_wait, awaitable);
}

static int
room_arm(struct plx_awaitable *a)
{
	struct plx_nursery *n = room_of(a)->nursery;

	if (n->cancelled || !is_full(n))
		return 1;
	plx__list_append(&n->rooms, &room_of(a)->link);
	return 0;
}

static int
room_disarm(struct plx_awaitable *a)
{
	plx__list_remove(&room_of(a)->link);
	return 0;
}

static int
room_result(struct plx_awaitable *a)
{
	const struct plx_nursery *n = room_of(a)->nursery;

	plx__list_remove(&room_of(a)->link);
	return !n || n->cancelled ? -ECANCELED : 0;
}

static const struct plx_awaitable_ops room_ops = {
	.kind = "room in a nursery",
	.arm = room_arm,
	.disarm = room_disarm,
	.result = room_result,
};

int
plx_nursery_room(plx_nursery *n, int64_t deadline)
{
	struct room_wait w = {
		.awaitable.ops = &room_ops,
		.nursery = n,
	};
	int r;

	if (!plx__current)
		return -EPERM;
	if (!n)
		return -EINVAL;
	plx__list_init(&w.link);
	do
		r = plx_await(&w.awaitable, deadline);
	while (r == 0 && is_full(n));
	return r;
}

/* Nothing but the end of the tasks ends this wait.  A deadline around it that
   cannot be set counts as an error of theirs. */
static void
await_tasks(struct plx_nursery *n, struct plx_task *t)
{
	struct plx_nursery_wait w = {
		.wait.kind = PLX_WAIT_NURSERY,
		.wait.fixed = 1,
		.wait.deadline = PLX_NEVER,
		.nursery = n,
	};
	int r = n->live > 0 ? plx__alarm_set(t, t->limit) : 0;

	if (r < 0) {
		plx__nursery_fail(n, r);
		plx_nursery_cancel(n);
	}
	n->closer = t;
	while (n->live > 0)
		plx__park(t, &w.wait);
	/* What is deferred in its scope is still to run, and may try to spawn.
	 */
	n->closed = 1;
}

/* Nobody will be told of N's result. */
static void
discard_winner(struct plx_nursery *n)
{
	if (n->won && n->discard)
		n->discard(n->result, n->arg);
}

/* Nobody can wait for room in N any more. */
static void
close_rooms(struct plx_nursery *n)
{
	struct room_wait *w;

	while (!plx__list_empty(&n->rooms)) {
		w = PLX_OF(n->rooms.next, struct room_wait, link);
		plx__list_remove(&w->link);
		w->nursery = NULL;
		plx_awaitable_ready(&w->awaitable);
	}
}

static void
set_aside(struct plx_nursery *n)
{
	close_rooms(n);
	n->opener = NULL;
	n->scope.task = NULL;
	plx__list_remove(&n->link);
	plx__list_append(&n->rt->spare_nurseries, &n->link);
}

/* What closing N comes to; OWN is its opener's part. */
static int
outcome(const struct plx_nursery *n, const struct plx_task *t, int own)
{
	if (n->won)
		return n->result;
	if (n->error)
		return n->error;
	if (own < 0)
		return own;
	if (n->policy == PLX_FIRST_RESULT || (n->ended_early && t->cancels))
		return -ECANCELED;
	return own;
}

int
plx_nursery_close(plx_nursery **nursery, int result)
{
	struct plx_task *t = plx__current;
	struct plx_nursery *n;
	int in_order, r;

	if (!t)
		return -EPERM;
	if (!nursery || !*nursery || (*nursery)->opener != t)
		return -EINVAL;
	n = *nursery;
	if (result < 0 && result != -ECANCELED)
		plx__nursery_fail(n, result);
	await_tasks(n, t);
	in_order = t->scope == &n->scope;
	plx__list_remove(&n->link);
	r = plx__scope_close(t, &n->scope, result);
	*nursery = NULL;
	if (in_order)
		r = outcome(n, t, r);
	else
		discard_winner(n);
	set_aside(n);
	t->budget--;
	plx__end(t, PLX_NEVER);
	return r;
}

void
plx__nurseries_abandon(struct plx_task *t, unsigned depth)
{
	struct plx_nursery *n;

	while (!plx__list_empty(&t->nurseries)) {
		n = PLX_OF(t->nurseries.prev, struct plx_nursery, link);
		if (n->scope.depth < depth)
			break;
		plx__report(t, PLX_REPORT_NURSERY_OPEN, 0);
		plx__nursery_cancel_tasks(n);
		plx__cancel_pending(t->rt);
		await_tasks(n, t);
		discard_winner(n);
		set_aside(n);
	}
}
