/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * awaitables.c: time and the end of a task, as awaitables.
 *
 * A task that ends hands its result over while it still exists, for by the time
 * the winner goes on another task may have freed it.  plx_join alone has it
 * kept until then, and frees it: so nobody else can, who is told -EBUSY.
 */
#include <config.h>
#include "wait_int.h"

static void
on_time(void *arg)
{
	plx_awaitable_ready(arg);
}

/* Asks the clock, not the turn: one that is asked again and again by a task
   that does not give way has to come some time. */
static int
timer_arm(struct plx_awaitable *a)
{
	struct plx_timer_awaitable *t =
		PLX_OF(a, struct plx_timer_awaitable, base);
	const struct plx_rt *rt = a->task->rt;

	if (t->when < 0)
		return 0;
	if (t->when <= rt->sys->now(rt->sys))
		return 1;
	return plx_loop_call_at(rt->loop, &t->call, t->when, on_time, a);
}

static int
timer_disarm(struct plx_awaitable *a)
{
	struct plx_timer_awaitable *t =
		PLX_OF(a, struct plx_timer_awaitable, base);

	plx_loop_cancel(a->task->rt->loop, &t->call);
	return 0;
}

static int
timer_result(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

static const struct plx_awaitable_ops timer_ops = {
	.kind = "timer",
	.arm = timer_arm,
	.disarm = timer_disarm,
	.result = timer_result,
};

struct plx_awaitable *
plx_timer_awaitable(struct plx_timer_awaitable *t, int64_t when)
{
	*t = (struct plx_timer_awaitable){
		.base.ops = &timer_ops,
		.when = when,
	};
	return &t->base;
}

/* The task of J, which has ended, may be freed from now on. */
static void
take_result(struct plx_join_awaitable *j)
{
	j->result = j->joined->result;
	j->joined = NULL;
}

/* Why SELF cannot join T; 0: it can. */
static int
refuse(const struct plx_task *self, const struct plx_task *t)
{
	if (t == self)
		return -EDEADLK;
	if (!t || t->rt != self->rt || !t->handle)
		return -EINVAL;
	return t->joiner ? -EBUSY : 0;
}

static int
join_arm(struct plx_awaitable *a)
{
	struct plx_join_awaitable *j =
		PLX_OF(a, struct plx_join_awaitable, base);
	int r = refuse(a->task, j->joined);

	if (r < 0)
		return r;
	if (j->joined->ended) {
		take_result(j);
		return 1;
	}
	j->joined->joiner = j;
	return 0;
}

static int
join_disarm(struct plx_awaitable *a)
{
	struct plx_join_awaitable *j =
		PLX_OF(a, struct plx_join_awaitable, base);

	if (j->joined)
		j->joined->joiner = NULL;
	return 0;
}

static int
join_result(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_join_awaitable, base)->result;
}

const struct plx_awaitable_ops plx__join_ops = {
	.kind = "join",
	.arm = join_arm,
	.disarm = join_disarm,
	.result = join_result,
};

struct plx_awaitable *
plx_join_awaitable(struct plx_join_awaitable *j, plx_task *task)
{
	*j = (struct plx_join_awaitable){
		.base.ops = &plx__join_ops,
		.joined = task,
	};
	return &j->base;
}

void
plx__join_end(struct plx_task *t)
{
	struct plx_join_awaitable *j = t->joiner;
	int won;

	if (!j)
		return;
	take_result(j);
	won = plx_awaitable_ready(&j->base);
	if (!won || !j->take)
		t->joiner = NULL;
}

/* Misuse is told even to a task that is cancelled. */
int
plx_join(plx_task *task, int *result, int64_t deadline)
{
	struct plx_task *self = plx__current;
	struct plx_join_awaitable j;
	struct plx_awaitable *list[1] = {plx_join_awaitable(&j, task)};
	int r = self ? refuse(self, task) : -EPERM;

	if (r == 0)
		r = plx__begin(self);
	if (r < 0)
		return r;
	j.take = 1;
	r = plx__await_list(self, list, 1, deadline);
	if (r >= 0) {
		if (result)
			*result = j.result;
		plx__task_free(task);
	}
	plx__end(self, deadline);
	return r;
}
