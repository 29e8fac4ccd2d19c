/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_unwind.c: what is left open is ended to the last, in whatever it was
 * opened: tasks, generators, clean-up itself.
 */
#include <config.h>
#include "gen_common.h"

static int reports, cleaned, ended;

static void
count_report(const struct plx_report *r, void *arg)
{
	(void)r;
	(void)arg;
	reports++;
}

/* The result of FN as a task beside others; the run itself succeeds. */
static int
result_of_task(plx_task_fn *fn)
{
	const struct plx_nursery_options o = {.policy = PLX_COLLECT};
	plx_nursery *n = NULL;

	plx_nursery_open(&o, &n);
	plx_spawn(n, fn, NULL, NULL);
	return plx_nursery_close(&n, 0);
}

static void
run_quietly(plx_task_fn *fn)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.report = count_report,
	};

	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	cr_expect_eq(plx_run(&options, fn, NULL), 0);
	support_end(mark, NULL);
}

#define UNWINDS(NAME, BODY)        \
	Test(unwind, NAME)         \
	{                          \
		run_quietly(BODY); \
	}

static int
sleep_and_end(void *arg)
{
	int r = plx_sleep(PLX_SECOND);

	(void)arg;
	ended++;
	return r < 0 ? -EIO : 3;
}

static void
leak_scope(void)
{
	struct plx_scope s;

	plx_scope_enter(&s, PLX_NEVER);
}

static int
return_with_both(void *arg)
{
	const struct plx_nursery_options o = {.policy = PLX_FIRST_RESULT};
	plx_nursery *outer, *inner;

	(void)arg;
	plx_nursery_open(&o, &outer);
	plx_spawn(outer, sleep_and_end, NULL, NULL);
	plx_nursery_open(NULL, &inner);
	plx_spawn(inner, sleep_and_end, NULL, NULL);
	leak_scope();
	plx_checkpoint();
	return 5;
}

static int
spawn_with_both(void *arg)
{
	(void)arg;
	cr_expect_eq(result_of_task(return_with_both), -EPROTO);
	cr_expect_eq(ended, 2, "their failures reach nobody who is gone");
	cr_expect_eq(reports, 3);
	return plx_checkpoint();
}
UNWINDS(nurseries_in_nurseries_are_ended, spawn_with_both)

static void
open_nursery_and_leave_it(void *arg)
{
	plx_nursery *n;

	(void)arg;
	plx_nursery_open(NULL, &n);
	plx_spawn(n, sleep_and_end, NULL, NULL);
}

static int
defer_an_opening(void *arg)
{
	(void)arg;
	plx_defer(open_nursery_and_leave_it, NULL);
	return 0;
}

static int
spawn_defer_an_opening(void *arg)
{
	(void)arg;
	cr_expect_eq(result_of_task(defer_an_opening), -EPROTO);
	cr_expect_eq(ended, 1);
	cr_expect_eq(reports, 1);
	return 0;
}
UNWINDS(what_clean_up_leaves_open_is_ended_too, spawn_defer_an_opening)

static void
enter_and_wait(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	cleaned = plx_sleep(PLX_SECOND) == 0 ? 1 : -1;
	plx_scope_leave(&s, 0);
}

static void
scribble(void)
{
	volatile char frame[512];

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (char)0xa5;
}

static int
clean_up_around_a_dead_scope(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	plx_defer(enter_and_wait, NULL);
	leak_scope();
	scribble();
	cr_expect_eq(plx_scope_leave(&s, 0), -EPROTO);
	cr_expect_eq(cleaned, 1);
	return plx_checkpoint();
}
UNWINDS(clean_up_runs_without_the_scopes_that_are_gone,
	clean_up_around_a_dead_scope)

static int
use_late(void *arg)
{
	ended = plx_sleep_until(PLX_NEVER);
	cr_expect_eq(*(int *)arg, 0, "not cleaned up yet");
	return 0;
}

static void
set(void *arg)
{
	*(int *)arg = 1;
}

static int
leave_around_nursery(void *arg)
{
	struct plx_scope s;
	plx_nursery *n;
	int gone = 0;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	plx_defer(set, &gone);
	plx_nursery_open(NULL, &n);
	plx_spawn(n, use_late, &gone, NULL);
	plx_checkpoint();
	cr_expect_eq(plx_scope_leave(&s, 0), -EPROTO);
	cr_expect_eq(ended, -ECANCELED);
	cr_expect_eq(gone, 1);
	return 0;
}
UNWINDS(tasks_end_before_clean_up_begins, leave_around_nursery)

static int discarded;

static void
discard_slowly(int result, void *arg)
{
	struct plx_scope shield;

	(void)arg;
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_sleep(PLX_SECOND);
	discarded += result;
	plx_scope_leave(&shield, 0);
}

static int
return_arg_late(void *arg)
{
	plx_sleep(PLX_SECOND);
	return *(int *)arg;
}

static const struct plx_nursery_options first_result = {
	.policy = PLX_FIRST_RESULT,
	.discard = discard_slowly,
};

static int
wait_for_discard(void *arg)
{
	int one = 1, two = 20;
	plx_nursery *n;

	(void)arg;
	plx_nursery_open(&first_result, &n);
	plx_spawn(n, return_arg_late, &one, NULL);
	plx_spawn(n, return_arg_late, &two, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), 1);
	cr_expect_eq(discarded, 20, "the close waits for that, too");
	cr_expect_eq(plx_sleep(PLX_SECOND), 0);
	return 0;
}
UNWINDS(a_discard_may_wait, wait_for_discard)

static int
leave_with_a_winner(void *arg)
{
	int one = 1;
	struct plx_scope s;
	plx_nursery *n;

	(void)arg;
	plx_nursery_open(&first_result, &n);
	plx_spawn(n, return_arg_late, &one, NULL);
	plx_scope_enter(&s, PLX_NEVER);
	plx_sleep(PLX_SECOND);
	cr_expect_eq(plx_nursery_close(&n, 0), -EPROTO);
	cr_expect_eq(discarded, 1);
	return 0;
}
UNWINDS(a_winner_that_is_not_told_is_discarded, leave_with_a_winner)

static int
return_with_scope(void *arg)
{
	(void)arg;
	leak_scope();
	return 5;
}

static int
generate_with_scope(void *arg)
{
	struct plx_scope around;
	plx_gen *g;

	(void)arg;
	plx_scope_enter(&around, in(PLX_SECOND));
	g = gen_of(return_with_scope, NULL);
	cr_expect_eq(next_of(g), -EPROTO);
	cr_expect_eq(reports, 1);
	scribble();
	cr_expect_eq(plx_sleep(2 * PLX_SECOND), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&around, -ECANCELED), -ETIMEDOUT);
	return 0;
}
UNWINDS(a_scope_left_open_by_a_body_is_closed, generate_with_scope)

static int
yield_and_clean(void *arg)
{
	int r;

	(void)arg;
	r = plx_sleep(PLX_SECOND);
	if (r == 0)
		r = plx_yield(NULL, NULL);
	cleaned++;
	return r;
}

static int
resume(void *g)
{
	return plx_gen_next(g, NULL) - 1;
}

static int
leave_with_a_busy_one(void *arg)
{
	struct plx_scope s;
	plx_gen *g;
	plx_task *t;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	g = gen_of(yield_and_clean, NULL);
	plx_spawn(NULL, resume, g, &t);
	plx_checkpoint();
	plx_scope_leave(&s, 0);
	cr_expect_eq(cleaned, 0, "another task is in it");
	plx_join(t, NULL, PLX_NEVER);
	plx_gen_free(&g);
	cr_expect_eq(cleaned, 1);
	return 0;
}
UNWINDS(a_generator_that_was_busy_is_closed_later, leave_with_a_busy_one)
