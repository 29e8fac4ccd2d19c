/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c: plx_run, and the ready queue between the loop and the tasks.
 *
 * The queue is first in, first out.  While it holds anything, the tail of the
 * loop's turn is wanted; it takes the batch that is there and resumes each.
 * What becomes ready meanwhile waits for the next turn, so the loop polls
 * between two batches and no pair of tasks can shut out the descriptors.  A
 * task of the batch that parks switches straight to the next one (park.h), and
 * one that ends does too (task.c): coming back through the loop's stack would
 * cost every message a switch more.  The last one comes back here; so does
 * every task of a run that is observed, one by one.
 *
 * When the loop itself fails, its error becomes the root nursery's: the tasks
 * are cancelled and their clean-up runs without the kernel's help.
 */
#include <config.h>
#include <string.h>
#include "child.h"
#include "gen_int.h"
#include "hibernate_int.h"
#include "io_int.h"
#include "loop_seam.h"
#include "pool.h"
#include "signal_int.h"

/* A burst of tasks that does not come again for so long leaves no stacks. */
#define TRIM_EVERY (100 * PLX_MILLISECOND)

/* Failures of the loop in a row, with no task moving, before it is left. */
#define GIVE_UP 8

/* More events than the nearest cache has room for tasks: they run in parts,
   each asked for beforehand. */
#define MANY 128
#define PART 16
#define LINE ((size_t)64)
#define STACK_LINES 5

_Thread_local struct plx_task *plx__current
	__attribute__((tls_model("initial-exec")));

static void
resume(struct plx_rt *rt, struct plx_task *t)
{
	plx__current = t;
	plx__coro_switch(&rt->thread, t->at);
	plx__dead_free(rt);
}

/* The same for the batch, but every task comes back here. */
static void
run_observed(struct plx_rt *rt)
{
	struct plx_task *t;
	int64_t begin;

	rt->rest = rt->batch;
	rt->batch = NULL;
	while ((t = rt->rest)) {
		rt->rest = t->next;
		begin = rt->sys->now(rt->sys);
		plx__current = t;
		plx__coro_switch(&rt->thread, t->at);
		rt->observe(rt, t, rt->sys->now(rt->sys) - begin);
		plx__dead_free(rt);
	}
}

static void
report_slow(struct plx_rt *rt, struct plx_task *t, int64_t duration)
{
	if (duration > rt->slow_slice)
		plx__report(t, PLX_REPORT_SLOW_SLICE, duration);
}

static void trim_stacks(void *arg);

/* The first trim after a burst finds that it was needed, the second gives it
   back.  Without memory for the call there is none. */
static void
watch_stacks(struct plx_rt *rt)
{
	if (rt->trim.place == 0)
		plx_loop_call_at(rt->loop, &rt->trim,
				 plx_loop_now(rt->loop) + TRIM_EVERY,
				 trim_stacks, rt);
}

static void
trim_stacks(void *arg)
{
	struct plx_rt *rt = arg;

	plx__stack_trim(&rt->stacks);
	if (rt->stacks.kept > PLX_STACK_KEEP_LEAST)
		watch_stacks(rt);
}

/*
 * Leaves the first few tasks in the batch and asks for the memory that they
 * will touch first: their second line and what lies above their stack pointer.
 * When many that have waited for the kernel run in turn, it has pushed what is
 * theirs out of the caches near by, and a task that waits for a line makes all
 * others wait; asked for together, lines come together.  The others, or NULL.
 */
static struct plx_task *
fetch_part(struct plx_rt *rt)
{
	struct plx_task *t = rt->batch, *last = NULL;
	const char *sp;
	size_t i;

	for (i = 0; t && i < PART; i++, t = t->next) {
		__builtin_prefetch(&t->since);
		last = t;
	}
	if (!last)
		return NULL;
	last->next = NULL;
	for (last = rt->batch; last; last = last->next) {
		sp = last->at->sp;
		for (i = 0; i < STACK_LINES; i++)
			__builtin_prefetch(sp + i * LINE);
		__builtin_prefetch(last->port);
	}
	return t;
}

static void
run_batch(struct plx_rt *rt, int events)
{
	struct plx_task *t;

	do {
		rt->others = events > MANY ? fetch_part(rt) : NULL;
		while ((t = rt->batch)) {
			rt->batch = t->next;
			resume(rt, t);
		}
		rt->batch = rt->others;
	} while (rt->batch);
}

int
plx__rt_drain(struct plx_rt *rt)
{
	int events = rt->events, any;

	rt->events = 0;
	rt->now = plx_loop_now(rt->loop);
	rt->tail.wanted = 0;
	*rt->ready_end = NULL;
	rt->ready_end = &rt->ready;
	rt->batch = rt->ready;
	any = rt->batch != NULL;
	rt->stats.batches += (unsigned)any;
	if (rt->observe)
		run_observed(rt);
	run_batch(rt, events);
	if (rt->stacks.kept > PLX_STACK_KEEP_LEAST)
		watch_stacks(rt);
	if (rt->pool)
		plx__pool_submit(rt);
	return any;
}

static void
run_tail(struct plx_loop_tail *tail)
{
	plx__rt_drain(PLX_OF(tail, struct plx_rt, tail));
}

/* Runs the loop until no task is left; 0, or -errno: there still is one. */
static int
turn_until_done(struct plx_rt *rt)
{
	int failures = 0;
	int r = 0;

	while (rt->root.live > 0 && failures < GIVE_UP) {
		r = plx_loop_run(rt->loop, PLX_NEVER);
		if (r >= 0) {
			failures = 0;
			continue;
		}
		plx__nursery_fail(&rt->root, r);
		plx__hibernations_retry(rt);
		failures = plx__rt_drain(rt) ? 0 : failures + 1;
		if (failures == GIVE_UP && plx__pool_wait(rt))
			failures = 0;
	}
	return rt->root.live > 0 ? r : 0;
}

static int
main_task(void *arg)
{
	struct plx_rt *rt = arg;

	rt->result = rt->fn(rt->arg);
	return rt->result;
}

static int
spawn_main(struct plx_rt *rt)
{
	const struct plx_birth birth = {
		.fn = main_task,
		.arg = rt,
		.name = "main",
	};

	return plx__task_spawn(&rt->root, &birth, NULL);
}

static void
lists_init(struct plx_rt *rt)
{
	rt->ready_end = &rt->ready;
	rt->to_cancel_end = &rt->to_cancel;
	plx__nursery_init(&rt->root, rt);
	plx__list_init(&rt->spare_nurseries);
	plx__list_init(&rt->unjoined);
	plx__list_init(&rt->queue);
	plx__list_init(&rt->gens);
	plx__list_init(&rt->caught);
	plx__list_init(&rt->children);
	plx__list_init(&rt->yields);
	plx__list_init(&rt->due);
}

static int
rt_init(struct plx_rt *rt, const struct plx_run_options *o)
{
	const struct plx_loop_options lo = {
		.backend = o->backend,
		.sys = o->sys,
	};
	int r;

	r = plx__stack_pool_init(&rt->stacks, plx__sys_or_real(o->sys),
				 o->stack_size, sizeof(union plx_control));
	if (r < 0)
		return r;
	r = plx_loop_open(&lo, &rt->loop);
	if (r < 0) {
		plx__stack_pool_fini(&rt->stacks);
		return r;
	}
	rt->sys = plx__loop_sys(rt->loop);
	rt->io = &plx__io_ready;
	rt->now = plx_loop_now(rt->loop);
	rt->last_id = (uint64_t)rt->now;
	rt->max_threads = o->max_threads;
	rt->nowhere.fd = -1;
	rt->report = o->report;
	rt->report_arg = o->report_arg;
	rt->slow_slice = o->slow_slice;
	if (o->slow_slice > 0)
		rt->observe = report_slow;
	lists_init(rt);
	plx__coro_init_thread(&rt->thread);
	*plx__loop_task_slot(rt->loop) = rt;
	rt->tail.run = run_tail;
	plx__loop_set_tail(rt->loop, &rt->tail);
	return 0;
}

static int
rt_fini(struct plx_rt *rt)
{
	while (!plx__list_empty(&rt->unjoined))
		plx__task_free(
			PLX_OF(rt->unjoined.next, struct plx_task, link));
	plx__gen_free_all(rt);
	plx__actors_free(rt);
	plx__children_fini(rt);
	plx__signals_forget(rt);
	plx__pool_close(rt);
	plx__scopes_fini(rt);
	*plx__loop_task_slot(rt->loop) = NULL;
	plx__loop_set_tail(rt->loop, NULL);
	plx_loop_close(&rt->loop);
	plx__stack_pool_fini(&rt->stacks);
	plx__ports_free(rt);
	if (rt->root.error)
		return rt->root.error;
	return rt->fault ? rt->fault : rt->result;
}

int
plx_run(const struct plx_run_options *options, plx_task_fn *fn, void *arg)
{
	static const struct plx_run_options defaults;
	const struct plx_run_options *o = options ? options : &defaults;
	const struct plx_sys *sys = plx__sys_or_real(o->sys);
	struct plx_coro *at = plx__outside.at;
	struct plx_rt *rt;
	int r;

	if (plx__current)
		return -EBUSY;
	if (!fn || o->max_threads < 0 || o->max_threads > PLX_THREADS_MAX)
		return -EINVAL;
	rt = sys->resize(sys, NULL, sizeof(*rt));
	if (!rt)
		return -ENOMEM;
	memset(rt, 0, sizeof(*rt));
	rt->fn = fn;
	rt->arg = arg;
	r = rt_init(rt, o);
	if (r < 0)
		goto out;
	plx__outside.at = &rt->thread;
	r = spawn_main(rt);
	if (r < 0)
		plx__nursery_fail(&rt->root, r);
	/* Somebody still owns memory of a task that no longer can be told:
	   leaving it all behind is the one thing that is safe. */
	r = turn_until_done(rt);
	plx__outside.at = at;
	if (r < 0) {
		plx__pool_close(rt);
		return rt->root.error;
	}
	r = rt_fini(rt);
out:
	sys->resize(sys, rt, 0);
	return r;
}
