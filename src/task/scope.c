/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope.c: cancel scopes: deadlines, shields, and how far a cancel reaches.
 *
 * Scopes form a chain from the innermost outwards.  "Reached" says that waits
 * in a scope fail; a scope is reached when it is cancelled or expires, and so
 * is everything in it up to the next shield.  A task copies what holds for its
 * innermost scope, so that every wait asks one integer.  A parked task is in
 * all the scopes it has open, so whatever reaches the innermost concerns the
 * wait it is in.
 *
 * A task's LIMIT is the first deadline of all the scopes that are not reached
 * yet, also of those beyond a shield: their nurseries' tasks lie outside it.
 * The task's alarm covers the limit while it is parked; a task that never
 * parks looks at the clock when its budget is spent.
 *
 * A scope that was left names no task any more, and a late cancel of it does
 * nothing.  One that was closed because a scope around it was left, or because
 * its task has returned, lies in a frame that may be gone: it is not touched
 * again, but known by its serial number when somebody leaves it after all.
 */
#include <config.h>
#include "gen_int.h"
#include "wait_int.h"

static void
find_limit(struct plx_task *t)
{
	const struct plx_scope *x;

	t->limit = PLX_NEVER;
	for (x = plx__scope_innermost(t); x; x = plx__scope_around(t, x)) {
		if (!x->reached)
			t->limit = plx__earlier(t->limit, plx__scope_end(x));
	}
}

/* The scopes of T may end at other times now.  -ENOMEM: T is parked, and would
   not be told. */
static int
move_limit(struct plx_task *t)
{
	find_limit(t);
	if (plx__is_past(t->limit, t->rt->now))
		plx__scopes_expire(t, t->rt->now);
	return t->wait ? plx__alarm_set(t, t->limit) : 0;
}

/* The shield within S (NULL: the task) that lies nearest to it. */
static struct plx_scope *
first_shield(const struct plx_task *t, const struct plx_scope *s)
{
	struct plx_scope *shield = NULL, *x;

	for (x = plx__scope_innermost(t); x && x != s;
	     x = plx__scope_around(t, x)) {
		if (x->shield)
			shield = x;
	}
	return shield;
}

/* What is around SHIELD has been reached: from now on its grace runs. */
static void
begin_grace(struct plx_task *t, struct plx_scope *shield)
{
	int64_t now = t->rt->sys->now(t->rt->sys);
	int64_t grace = shield->grace;

	if (shield->reached || grace < 0 || grace > INT64_MAX - now)
		return;
	shield->grace = -1;
	shield->grace_end = now + grace;
	shield->shield = PLX_SHIELD_GRACE;
	if (grace == 0 || move_limit(t) < 0)
		plx_scope_cancel(shield);
}

void
plx__scope_reach(struct plx_task *t, struct plx_scope *s)
{
	struct plx_scope *shield = first_shield(t, s);
	struct plx_scope *end = s ? s->outer : NULL;
	struct plx_scope *x;

	x = shield ? shield->outer : plx__scope_innermost(t);
	for (; x && x != end; x = plx__scope_around(t, x)) {
		if (x->reached)
			continue;
		x->reached = 1;
		if (x->nursery)
			plx__nursery_cancel_tasks(x->nursery);
	}
	find_limit(t);
	if (shield) {
		begin_grace(t, shield);
		return;
	}
	t->cancels = 1;
	plx__task_interrupt(t, -ECANCELED);
}

int
plx__scopes_expire(struct plx_task *t, int64_t now)
{
	struct plx_scope *x, *outermost;

	while (plx__is_past(t->limit, now)) {
		outermost = NULL;
		for (x = plx__scope_innermost(t); x;
		     x = plx__scope_around(t, x)) {
			if (x->reached || !plx__is_past(plx__scope_end(x), now))
				continue;
			if (plx__is_past(x->deadline, x->grace_end))
				x->expired = 1;
			else
				x->cancelled = 1;
			outermost = x;
		}
		if (!outermost) {
			find_limit(t);
			break;
		}
		plx__scope_reach(t, outermost);
		plx__cancel_pending(t->rt);
	}
	return t->cancels;
}

/* Opens S, whose own members are set. */
static void
push(struct plx_task *t, struct plx_scope *s)
{
	s->outer = t->scope;
	s->task = t;
	s->place = t->at;
	s->depth = ++t->depth;
	s->serial = ++t->serial;
	s->cancelled = s->expired = 0;
	s->grace_end = PLX_NEVER;
	s->reached = !s->shield && t->cancels;
	t->scope = s;
	t->cancels = s->reached;
	if (!s->reached && plx__is_past(s->deadline, t->limit))
		t->limit = s->deadline;
}

void
plx__scope_open(struct plx_task *t, struct plx_scope *s, int64_t deadline)
{
	s->deadline = deadline;
	s->grace = -1;
	s->shield = 0;
	s->nursery = NULL;
	push(t, s);
	plx__scopes_expire(t, t->rt->now);
}

int
plx_scope_enter(struct plx_scope *s, int64_t deadline)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (!s)
		return -EINVAL;
	plx__scope_open(t, s, deadline < 0 ? PLX_NEVER : deadline);
	return 0;
}

int
plx_scope_shield(struct plx_scope *s, int64_t deadline, int64_t grace)
{
	struct plx_task *t = plx__current;
	int outside;

	if (!t)
		return -EPERM;
	if (!s)
		return -EINVAL;
	outside = t->cancels;
	s->deadline = deadline < 0 ? PLX_NEVER : deadline;
	s->grace = grace < 0 ? -1 : grace;
	s->shield = 1;
	s->nursery = NULL;
	push(t, s);
	if (outside)
		begin_grace(t, s);
	plx__scopes_expire(t, t->rt->now);
	return 0;
}

/* Is S, whose task is T, open?  What was closed unseen the last time that one
   was left too early is not; asking the chain instead would be to read frames
   that may be gone. */
static int
is_open(const struct plx_task *t, const struct plx_scope *s)
{
	if (s->depth >= t->depth)
		return s == t->scope;
	return s->serial <= t->lost_after || s->serial > t->lost_until;
}

void
plx_scope_cancel(struct plx_scope *s)
{
	if (!s || !s->task || s->cancelled || s->expired)
		return;
	if (!is_open(s->task, s))
		return;
	s->cancelled = 1;
	plx__scope_reach(s->task, s);
	plx__cancel_pending(s->task->rt);
}

int
plx_scope_set_deadline(struct plx_scope *s, int64_t deadline)
{
	struct plx_task *t = s ? s->task : NULL;
	int64_t before;
	int r;

	if (!t || s->reached || !is_open(t, s))
		return 0;
	before = s->deadline;
	s->deadline = deadline < 0 ? PLX_NEVER : deadline;
	r = move_limit(t);
	if (r < 0) {
		s->deadline = before;
		find_limit(t);
	}
	return r;
}

void
plx__scope_cut(struct plx_task *t, struct plx_scope *s, unsigned depth)
{
	t->lost_after = s ? s->serial : 0;
	t->lost_until = t->serial;
	t->scope = s;
	t->depth = depth;
	t->cancels = s ? s->reached : t->cancelled;
	find_limit(t);
}

/* Ends what T, which runs, still has open in S, S included.  What is called in
   the course of it may leave more behind. */
static void
close_inner(struct plx_task *t, struct plx_scope *s)
{
	do {
		if (t->scope != s)
			plx__scope_cut(t, s, s->depth);
		plx__nurseries_abandon(t, s->depth);
		plx__gens_close(t, s->depth);
	} while (plx__defers_run(t, s->place, s->depth) || t->scope != s);
}

void
plx__scope_left_open(struct plx_task *t, struct plx_gen *g)
{
	unsigned depth = g->around ? g->around->depth : 0;

	plx__report(t, PLX_REPORT_SCOPE_OPEN, 0);
	plx__scope_cut(t, g->around, depth);
	plx__nurseries_abandon(t, depth + 1);
	if (g->result >= 0)
		g->result = -EPROTO;
}

int
plx__scope_close(struct plx_task *t, struct plx_scope *s, int result)
{
	int r;

	if (s->task != t || !is_open(t, s)) {
		plx__report(t, PLX_REPORT_SCOPE_CLOSED, 0);
		return -EINVAL;
	}
	if (t->scope != s) {
		plx__report(t, PLX_REPORT_SCOPE_ORDER, 0);
		result = -EPROTO;
	}
	close_inner(t, s);
	t->scope = s->outer;
	t->depth = s->depth - 1;
	t->cancels = t->scope ? t->scope->reached : t->cancelled;
	s->task = NULL;
	find_limit(t);
	if (result != -ECANCELED || t->cancels)
		return result;
	r = plx_scope_status(s);
	return s->cancelled ? 0 : r ? r : result;
}

int
plx_scope_leave(struct plx_scope *s, int result)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (!s || s->nursery)
		return -EINVAL;
	return plx__scope_close(t, s, result);
}

int
plx_scope_status(const struct plx_scope *s)
{
	if (!s || !s->reached)
		return 0;
	return s->expired ? -ETIMEDOUT : -ECANCELED;
}
