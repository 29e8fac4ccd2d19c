/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task.c: the life of a task: spawn, end, detach, cancel.
 *
 * A task is in its nursery's list until it ends.  Then, if somebody has its
 * handle, it waits in the run's list of the unjoined for join, detach or the
 * run's end; else its slot is freed as soon as it has left its stack.  So a
 * slot is freed exactly once, and never from the stack in it.
 */
#include <config.h>
#include <string.h>
#include "wait_int.h"

void
plx__task_free(struct plx_task *t)
{
	struct plx_rt *rt = t->rt;
	int r;

	plx__list_remove(&t->link);
	plx__coro_fini(&t->coro);
	r = plx__stack_put(&rt->stacks, t);
	if (r < 0)
		rt->fault = r;
	rt->freed++;
}

/* Reports, and drops, the scopes that T has left open: they lie in frames that
   are gone.  Its nurseries are among them, and reported when they are ended. */
static void
drop_scopes(struct plx_task *t)
{
	unsigned nurseries = 0;
	const struct plx_link *l;

	for (l = t->nurseries.next; l != &t->nurseries; l = l->next)
		nurseries++;
	if (t->depth > nurseries)
		plx__report(t, PLX_REPORT_SCOPE_OPEN, 0);
	if (t->depth > 0 && t->result >= 0)
		t->result = -EPROTO;
	plx__scope_cut(t, NULL, 0);
}

/* T has returned: whatever it has left open is ended, and what that leaves
   open in its turn. */
static void
unwind_all(struct plx_task *t)
{
	do {
		drop_scopes(t);
		plx__nurseries_abandon(t, 0);
		plx__gens_close(t, 0);
	} while (plx__defers_run(t, &t->coro, 0) || t->depth > 0);
}

/* Most tasks leave nothing, and are asked that in a few instructions: every
   open nursery has a scope, and so counts in the depth. */
static inline void
unwind(struct plx_task *t)
{
	if (t->depth > 0 || t->defers || !plx__list_empty(&t->gens))
		unwind_all(t);
}

static void
count_spawn(struct plx_rt *rt)
{
	struct plx_stats *s = &rt->stats;

	s->spawned++;
	if (s->spawned - s->ended > s->most)
		s->most = s->spawned - s->ended;
}

static void
count_end(struct plx_rt *rt, int result)
{
	rt->stats.ended++;
	if (result == -ECANCELED)
		rt->stats.cancelled++;
	else if (result < 0)
		rt->stats.failed++;
}

/*
 * T has ended and goes to the next task of the batch, or back to the loop.  It
 * cannot free the stack it stands on, so whoever ends next, or the loop after
 * the batch, does: there is one such stack at most, and what it has just
 * touched is still in the cache.
 */
static _Noreturn void
leave(struct plx_task *t)
{
	struct plx_rt *rt = t->rt;
	struct plx_task *next = rt->batch;
	struct plx_coro *to = &rt->thread;

	plx__dead_free(rt);
	if (t->handle)
		plx__list_append(&rt->unjoined, &t->link);
	else
		rt->dead = t;
	if (next) {
		rt->batch = next->next;
		to = next->at;
	}
	plx__current = next;
	plx__coro_leave(&t->coro, to);
}

/* The whole of a task, on its stack. */
static void
task_entry(void *arg)
{
	struct plx_task *t = arg;
	struct plx_rt *rt = t->rt;

	t->result = t->fn(t->arg);
	unwind(t);
	if (t->result < 0 || t->nursery->policy == PLX_FIRST_RESULT)
		plx__nursery_told(t->nursery, t);
	if (!plx__list_empty(&t->gens))
		plx__gens_free(t);
	unwind(t);
	t->ended = 1;
	t->since = rt->now;
	count_end(rt, t->result);
	if (t->alarm.place)
		plx_loop_cancel(rt->loop, &t->alarm);
	plx__nursery_left(t->nursery, t);
	if (t->joiner)
		plx__join_end(t);
	leave(t);
}

/*
 * The size is not a constant on purpose: for one of a few hundred bytes
 * compilers write a string instruction, which takes longer to begin than
 * libc's memset to end.
 */
static void
fill_in(struct plx_task *t, const struct plx_birth *birth,
	struct plx_nursery *n)
{
	struct plx_rt *rt = n->rt;

	memset(t, 0, rt->stacks.control_size);
	t->fn = birth->fn;
	t->arg = birth->arg;
	t->name = birth->name;
	t->file = birth->file;
	t->line = birth->line;
	t->at = &t->coro;
	t->rt = rt;
	t->id = ++rt->last_id;
	t->nursery = n;
	t->port = &rt->nowhere;
	t->alarm_at = t->limit = PLX_NEVER;
	plx__list_init(&t->nurseries);
	plx__list_init(&t->gens);
	t->budget = PLX_TASK_BUDGET;
	t->cancelled = t->cancels = n->cancelled;
	t->since = rt->now;
}

int
plx__task_spawn(struct plx_nursery *n, const struct plx_birth *birth,
		struct plx_task **out)
{
	struct plx_rt *rt = n->rt;
	struct plx_task *t;
	void *control, *stack;
	size_t size;
	int r;

	r = plx__stack_get(&rt->stacks, &control, &stack, &size);
	if (r < 0)
		return r;
	t = control;
	fill_in(t, birth, n);
	r = plx__coro_init(&t->coro, stack, size, task_entry, t);
	if (r < 0) {
		plx__stack_put(&rt->stacks, t);
		return r;
	}
	t->handle = out != NULL;
	plx__list_append(&n->tasks, &t->link);
	n->live++;
	count_spawn(rt);
	plx__task_ready(t);
	if (out)
		*out = t;
	return 0;
}

int
plx_spawn_named(plx_nursery *nursery, const char *name, const char *file,
		int line, plx_task_fn *fn, void *arg, plx_task **out)
{
	struct plx_task *self = plx__current;
	const struct plx_birth birth = {
		.fn = fn,
		.arg = arg,
		.name = name,
		.file = file,
		.line = line,
	};

	if (!self)
		return -EPERM;
	if (!fn || (nursery && (nursery->rt != self->rt || nursery->closed)))
		return -EINVAL;
	if (nursery && nursery->max > 0 && nursery->live >= nursery->max)
		return -EBUSY;
	return plx__task_spawn(nursery ? nursery : &self->rt->root, &birth,
			       out);
}

void
plx_detach(plx_task *task)
{
	if (!task || !task->handle || task->joiner)
		return;
	task->handle = 0;
	if (task->ended)
		plx__task_free(task);
}

void
plx__task_interrupt(struct plx_task *t, int reason)
{
	if (!t->wait || t->wait->fixed)
		return;
	t->wake = reason;
	plx__task_ready(t);
}

void
plx_cancel(plx_task *task)
{
	if (!task || task->cancelled || task->ended)
		return;
	task->cancelled = 1;
	plx__scope_reach(task, NULL);
	plx__cancel_pending(task->rt);
}

plx_task *
plx_self(void)
{
	return plx__current;
}

plx_loop *
plx_self_loop(void)
{
	return plx__current ? plx__current->rt->loop : NULL;
}

void
plx_set_name(plx_task *task, const char *name)
{
	if (task)
		task->name = name;
}
