/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait_int.h: how a task waits, for whatever it is.
 *
 * A wait lives in the frame of the task that waits, in a struct that begins
 * with a struct plx_wait; whoever completes it marks the record first, then
 * wakes the task.  So a task that was woken for a timeout or a cancel finds
 * out, when it goes on, that the operation has completed after all.
 *
 * A public call goes plx__begin; try; plx__park or plx__await_list; plx__end.
 * What is particular to descriptors is in io_int.h, the switch itself in
 * park.h.
 */
#ifndef PLX_WAIT_INT_H
#define PLX_WAIT_INT_H

#include "task_int.h"

enum plx_wait_kind {
	PLX_WAIT_FD,	  /* a struct plx_fd_wait */
	PLX_WAIT_LIST,	  /* a struct plx_list_wait */
	PLX_WAIT_QUEUE,	  /* a struct plx_queue_wait */
	PLX_WAIT_NURSERY, /* a struct plx_nursery_wait */
	PLX_WAIT_SLEEP,
};

struct plx_wait {
	enum plx_wait_kind kind;
	int fixed;	  /* a cancel does not end it */
	int64_t deadline; /* negative: none */
};

struct plx_list_wait {
	struct plx_wait wait;
	struct plx_awaitable *const *list;
	int n;
};

/* Until the tasks of NURSERY have ended. */
struct plx_nursery_wait {
	struct plx_wait wait;
	struct plx_nursery *nursery;
};

/* Of which plx_dump tells more than its kind. */
extern const struct plx_awaitable_ops plx__join_ops;

/* Sees to it that T's alarm goes off by DEADLINE: 0 or -ENOMEM. */
int plx__alarm_set(struct plx_task *t, int64_t deadline);

/*
 * Parks T in W until plx__task_ready or W's deadline: 0, -ETIMEDOUT,
 * -ECANCELED; or -ENOMEM at once.  A task may have been cancelled since it
 * was woken from its last wait: unless W is fixed, that is -ECANCELED at once
 * (plx__park_now leaves it to its callers, who know whether T has given
 * way).  Only 0 says that W was completed, but an
 * error does not say that it was not: look at the record.
 */
int plx__park(struct plx_task *t, struct plx_wait *w);

/* The budget is used up: yields; with deadline 0 only looks at the clock, now
   and then.  0 or -ECANCELED. */
int plx__budget_spent(struct plx_task *t, int64_t deadline);

/* Waits as plx_await_any does, without asking whether it may and without
   giving way at the end, which plx__end is for. */
int plx__await_list(struct plx_task *t, struct plx_awaitable *const *list,
		    int n, int64_t deadline);

/* Has DEADLINE, which may be PLX_NEVER, passed at NOW? */
static inline int
plx__is_past(int64_t deadline, int64_t now)
{
	return (uint64_t)deadline <= (uint64_t)now;
}

/* The earlier of two deadlines. */
static inline int64_t
plx__earlier(int64_t a, int64_t b)
{
	return plx__is_past(a, b) ? a : b;
}

/* Has DEADLINE passed for certain?  0 always has; costs no system call. */
static inline int
plx__passed(const struct plx_rt *rt, int64_t deadline)
{
	return plx__is_past(deadline, rt->now);
}

/* Will T's alarm go off by DEADLINE?  It is left where it is when a wait ends,
   and moves on only when it goes off: a task whose waits all have a deadline
   some seconds ahead pays for one timer in those seconds. */
static inline int
plx__alarm_covers(const struct plx_task *t, int64_t deadline)
{
	return plx__is_past(t->alarm_at, deadline);
}

/*
 * The beginning and the end of a wait for anything but a descriptor.  There a
 * task yields last: between the caller's look at what it waits for and the
 * wait nobody else may run, or the change is missed.  To park refills the
 * budget, so only a wait that did not pays; it has its result, whatever comes
 * meanwhile.
 */
static inline int
plx__begin(struct plx_task *t)
{
	if (!t)
		return -EPERM;
	if (t->cancels)
		return -ECANCELED;
	t->budget--;
	return 0;
}

static inline void
plx__end(struct plx_task *t, int64_t deadline)
{
	if (t->budget < 0)
		plx__budget_spent(t, deadline);
}

/* plx_awaitable_ready of one that is armed and has not been told yet.  A loser
   is marked as ready too: so await.c knows that nobody owns it any more. */
static inline int
plx__claim(struct plx_awaitable *a)
{
	struct plx_task *t = a->task;
	int won = !t->won;

	a->ready = 1;
	if (won)
		t->won = a;
	if (t->wait)
		plx__task_ready(t);
	return won;
}

/*
 * T's scopes from the innermost outwards.  A function may have returned without
 * leaving its own, whose memory is something else by now: the chain is followed
 * only as far as each link names its task and its depth.
 */
static inline struct plx_scope *
plx__scope_check(const struct plx_task *t, struct plx_scope *s, unsigned depth)
{
	return s && s->task == t && s->depth == depth ? s : NULL;
}

static inline struct plx_scope *
plx__scope_innermost(const struct plx_task *t)
{
	return plx__scope_check(t, t->scope, t->depth);
}

static inline struct plx_scope *
plx__scope_around(const struct plx_task *t, const struct plx_scope *s)
{
	return plx__scope_check(t, s->outer, s->depth - 1);
}

/* When S ends by itself. */
static inline int64_t
plx__scope_end(const struct plx_scope *s)
{
	return plx__earlier(s->deadline, s->grace_end);
}

#endif
