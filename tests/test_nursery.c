/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_nursery.c: tasks that end together: policies, limits, cancels.
 */
#include <config.h>
#include "task_common.h"

/* What a task of these tests does, and what became of it. */
struct child {
	int64_t sleep;
	int result;
	int ended; /* what its sleep returned, 1 until then */
};

static int
sleep_and_return(void *arg)
{
	struct child *c = arg;

	c->ended = plx_sleep(c->sleep);
	return c->ended < 0 ? c->ended : c->result;
}

static plx_nursery *
open_nursery(enum plx_policy policy)
{
	const struct plx_nursery_options o = {.policy = policy};
	plx_nursery *n = NULL;

	cr_expect_eq(plx_nursery_open(&o, &n), 0);
	return n;
}

static void
spawn_all(plx_nursery *n, struct child *c, int count)
{
	for (int i = 0; i < count; i++) {
		c[i].ended = 1;
		cr_expect_eq(plx_spawn(n, sleep_and_return, &c[i], NULL), 0);
	}
}

static int
wait_for_all(void *arg)
{
	struct child c[3] = {{PLX_SECOND, 5, 0},
			     {3 * PLX_SECOND, 6, 0},
			     {2 * PLX_SECOND, 7, 0}};
	int64_t start = in(0);
	plx_nursery *n = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(NULL, NULL), -EINVAL);
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	spawn_all(n, c, 3);
	cr_expect_eq(plx_nursery_live(n), 3);
	cr_expect_eq(plx_nursery_close(&n, 42), 42);
	cr_expect_null(n);
	cr_expect_eq(in(0), start + 3 * PLX_SECOND);
	cr_expect_eq(c[0].ended + c[1].ended + c[2].ended, 0);
	cr_expect_eq(plx_nursery_close(&n, 0), -EINVAL);
	cr_expect_eq(plx_checkpoint(), 0);
	return 0;
}
WITH_CLOCK(nursery, it_ends_when_the_last_task_has_ended, wait_for_all)

static int
fail_fast(void *arg)
{
	struct child c[3] = {{9 * PLX_SECOND, 0, 0},
			     {PLX_SECOND, -EIO, 0},
			     {5 * PLX_SECOND, -EPIPE, 0}};
	plx_nursery *n = open_nursery(PLX_FAIL_FAST);
	int64_t start = in(0);
	int r;

	(void)arg;
	spawn_all(n, c, 3);
	r = plx_sleep(20 * PLX_SECOND);
	cr_expect_eq(r, -ECANCELED, "the opener hears of it");
	cr_expect_eq(plx_nursery_close(&n, r), -EIO);
	cr_expect_eq(in(0), start + PLX_SECOND);
	cr_expect_eq(c[0].ended, -ECANCELED);
	cr_expect_eq(c[2].ended, -ECANCELED);
	cr_expect_eq(plx_checkpoint(), 0, "the scope was left");
	return 0;
}
WITH_CLOCK(nursery, the_first_error_cancels_the_rest, fail_fast)

static int
collect(void *arg)
{
	struct child c[3] = {{9 * PLX_SECOND, 0, 0},
			     {PLX_SECOND, -EIO, 0},
			     {5 * PLX_SECOND, -EPIPE, 0}};
	plx_nursery *n = open_nursery(PLX_COLLECT);
	int64_t start = in(0);

	(void)arg;
	spawn_all(n, c, 3);
	cr_expect_eq(plx_sleep(2 * PLX_SECOND), 0, "nobody is cancelled");
	cr_expect_eq(plx_nursery_close(&n, 3), -EIO);
	cr_expect_eq(in(0), start + 9 * PLX_SECOND);
	cr_expect_eq(c[0].ended + c[1].ended + c[2].ended, 0);
	return 0;
}
WITH_CLOCK(nursery, one_that_collects_lets_all_end, collect)

static int
first_result(void *arg)
{
	struct child c[3] = {{9 * PLX_SECOND, 1, 0},
			     {PLX_SECOND, -EIO, 0},
			     {5 * PLX_SECOND, 3, 0}};
	plx_nursery *n = open_nursery(PLX_FIRST_RESULT);
	int64_t start = in(0);

	(void)arg;
	spawn_all(n, c, 3);
	cr_expect_eq(plx_nursery_close(&n, 0), 3);
	cr_expect_eq(in(0), start + 5 * PLX_SECOND);
	cr_expect_eq(c[0].ended, -ECANCELED);
	n = open_nursery(PLX_FIRST_RESULT);
	spawn_all(n, &c[1], 1);
	cr_expect_eq(plx_nursery_close(&n, 0), -EIO, "there was no result");
	n = open_nursery(PLX_FIRST_RESULT);
	cr_expect_eq(plx_nursery_close(&n, 7), -ECANCELED, "nor an error");
	return 0;
}
WITH_CLOCK(nursery, the_first_result_cancels_the_rest, first_result)

static void
add_up(int result, void *arg)
{
	*(int *)arg += result;
}

static int
discard_results(void *arg)
{
	struct child c[3] = {
		{PLX_SECOND, 10, 0}, {PLX_SECOND, 20, 0}, {PLX_SECOND, 300, 0}};
	int late = 0;
	const struct plx_nursery_options o = {
		.policy = PLX_FIRST_RESULT,
		.discard = add_up,
		.arg = &late,
	};
	plx_nursery *n = NULL;

	(void)arg;
	plx_nursery_open(&o, &n);
	spawn_all(n, c, 3);
	cr_expect_eq(plx_nursery_close(&n, 0), 10);
	cr_expect_eq(late, 320, "those ended in the same turn");
	return 0;
}
WITH_CLOCK(nursery, results_that_are_late_are_handed_over, discard_results)

static int
close_with_error(void *arg)
{
	struct child c[2] = {{9 * PLX_SECOND, 0, 0}, {PLX_SECOND, -EIO, 0}};
	plx_nursery *n = open_nursery(PLX_FAIL_FAST);
	int64_t start = in(0);

	(void)arg;
	spawn_all(n, c, 2);
	cr_expect_eq(plx_nursery_close(&n, -EBADF), -EBADF);
	cr_expect_eq(in(0), start);
	cr_expect_eq(c[0].ended, -ECANCELED);
	return 0;
}
WITH_CLOCK(nursery, an_error_of_the_opener_cancels_the_tasks, close_with_error)

static int
cancel_it(void *arg)
{
	struct child c[2] = {{9 * PLX_SECOND, 0, 0}, {PLX_SECOND, 0, 0}};
	plx_nursery *n = open_nursery(PLX_FAIL_FAST);
	int64_t start = in(0);
	int r;

	(void)arg;
	spawn_all(n, c, 1);
	plx_checkpoint();
	plx_nursery_cancel(n);
	r = plx_checkpoint();
	cr_expect_eq(r, -ECANCELED);
	spawn_all(n, &c[1], 1);
	cr_expect_eq(plx_nursery_close(&n, r), 0, "it was on its account");
	cr_expect_eq(in(0), start);
	cr_expect_eq(c[0].ended, -ECANCELED);
	cr_expect_eq(c[1].ended, -ECANCELED, "late ones too");
	return 0;
}
WITH_CLOCK(nursery, a_cancel_reaches_tasks_present_and_future, cancel_it)

static int
expire_around(void *arg)
{
	struct child c[1] = {{9 * PLX_SECOND, 0, 0}};
	int64_t end = in(2 * PLX_SECOND);
	struct plx_scope s;
	plx_nursery *n;
	int r;

	(void)arg;
	plx_scope_enter(&s, end);
	n = open_nursery(PLX_FAIL_FAST);
	spawn_all(n, c, 1);
	r = plx_nursery_close(&n, 0);
	cr_expect_eq(in(0), end, "the tasks end, then the wait for them");
	cr_expect_eq(c[0].ended, -ECANCELED);
	cr_expect_eq(r, -ECANCELED, "a task was ended early");
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(nursery, a_deadline_around_it_cancels_the_tasks, expire_around)

static int
shielded_opener(void *arg)
{
	struct child c[1] = {{9 * PLX_SECOND, 0, 0}};
	int64_t end = in(2 * PLX_SECOND);
	struct plx_scope s, shield;
	plx_nursery *n;

	(void)arg;
	plx_scope_enter(&s, end);
	n = open_nursery(PLX_FAIL_FAST);
	spawn_all(n, c, 1);
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	cr_expect_eq(plx_sleep(3 * PLX_SECOND), 0);
	cr_expect_eq(c[0].ended, -ECANCELED, "the shield is not around it");
	cr_expect_eq(plx_scope_leave(&shield, 0), 0);
	cr_expect_eq(plx_nursery_close(&n, -ECANCELED), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(nursery, tasks_outside_of_a_shield_are_cancelled, shielded_opener)

/* Opens nurseries down to depth *ARG, with a task at the bottom. */
static int
nest(void *arg)
{
	int depth = *(int *)arg - 1;
	plx_nursery *n = NULL;

	if (depth < 0)
		return plx_sleep_until(PLX_NEVER);
	plx_nursery_open(NULL, &n);
	plx_spawn(n, nest, &depth, NULL);
	return plx_nursery_close(&n, 0);
}

static int
cancel_deep(void *arg)
{
	int depth = SUPPORT_TSAN ? 100 : 2000;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, nest, &depth, &t);
	let_run(depth + 2);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(nursery, a_cancel_goes_down_any_number_of_nurseries, cancel_deep)

static int
fill(void *arg)
{
	const struct plx_nursery_options o = {.max_tasks = 2};
	struct child c[3] = {
		{PLX_SECOND, 0, 0}, {2 * PLX_SECOND, 0, 0}, {PLX_SECOND, 0, 0}};
	int64_t start = in(0);
	plx_nursery *n = NULL;

	(void)arg;
	plx_nursery_open(&o, &n);
	cr_expect_eq(plx_nursery_room(n, 0), 0);
	spawn_all(n, c, 2);
	cr_expect_eq(plx_spawn(n, sleep_and_return, &c[2], NULL), -EBUSY);
	cr_expect_eq(plx_nursery_room(n, 0), -ETIMEDOUT);
	cr_expect_eq(plx_nursery_room(n, PLX_NEVER), 0);
	cr_expect_eq(in(0), start + PLX_SECOND);
	spawn_all(n, &c[2], 1);
	cr_expect_eq(plx_nursery_room(n, start + PLX_SECOND + 1), -ETIMEDOUT);
	plx_nursery_cancel(n);
	cr_expect_eq(plx_nursery_room(n, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	return 0;
}
WITH_CLOCK(nursery, a_full_one_takes_no_task_until_there_is_room, fill)

static int
await_room(void *arg)
{
	return plx_nursery_room(*(plx_nursery **)arg, PLX_NEVER) + ECANCELED;
}

static int
close_under_waiters(void *arg)
{
	const struct plx_nursery_options o = {.max_tasks = 1};
	struct child c[1] = {{PLX_SECOND, 0, 0}};
	plx_nursery *n = NULL, *same;
	plx_task *t[2];
	int result = -1;

	(void)arg;
	plx_nursery_open(&o, &n);
	same = n;
	spawn_all(n, c, 1);
	for (int i = 0; i < 2; i++)
		plx_spawn(NULL, await_room, &same, &t[i]);
	plx_checkpoint();
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_join(t[i], &result, PLX_NEVER), 0);
		cr_expect_eq(result, 0, "both were told");
	}
	return 0;
}
WITH_CLOCK(nursery, who_waits_for_room_is_told_of_the_end, close_under_waiters)

static void
spawn_late(void *arg)
{
	static struct child c = {.sleep = PLX_SECOND};
	plx_nursery **n = arg;

	cr_expect_eq(plx_spawn(*n, sleep_and_return, &c, NULL), -EINVAL);
	cr_expect_eq(plx_nursery_live(*n), 0);
}

static int
spawn_in_deferred(void *arg)
{
	plx_nursery *n = open_nursery(PLX_FAIL_FAST);

	(void)arg;
	cr_expect_eq(plx_defer(spawn_late, &n), 0);
	return plx_nursery_close(&n, 0);
}
IN_A_TASK(nursery, what_is_deferred_in_one_cannot_spawn_into_it,
	  spawn_in_deferred)

static int
allocate_once(void *arg)
{
	long blocks = 0;

	(void)arg;
	for (int i = 0; i < 100; i++) {
		plx_nursery *n = open_nursery(PLX_FAIL_FAST);

		plx_spawn(n, return_arg, &(int){0}, NULL);
		plx_nursery_close(&n, 0);
		if (i == 0)
			blocks = (long)support_calls(&support_sys,
						     SUPPORT_RESIZE);
	}
	cr_expect_eq((long)support_calls(&support_sys, SUPPORT_RESIZE), blocks);
	return 0;
}
IN_A_TASK(nursery, opening_one_again_allocates_nothing, allocate_once)

static int
refuse_memory(void *arg)
{
	plx_nursery *n = NULL;

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_expect_eq(plx_nursery_open(NULL, &n), -ENOMEM);
	cr_expect_null(n);
	cr_expect_eq(plx_checkpoint(), 0);
	return 0;
}
IN_A_TASK(nursery, without_memory_nothing_is_opened, refuse_memory)

static int
end_before_the_cancel(void *arg)
{
	struct child c[1] = {{PLX_SECOND, 0, 0}};
	struct plx_scope s;
	plx_nursery *n;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	n = open_nursery(PLX_FAIL_FAST);
	spawn_all(n, c, 1);
	plx_sleep(2 * PLX_SECOND);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_nursery_close(&n, 7), 7, "all had ended by then");
	plx_scope_leave(&s, 0);
	return 0;
}
WITH_CLOCK(nursery, tasks_that_had_ended_were_not_cancelled,
	   end_before_the_cancel)
