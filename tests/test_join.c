/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_join.c: waiting for the end of a task, and its result.
 */
#include <config.h>
#include "task_common.h"

static int seven = 7;

static int
join_all_ways(void *arg)
{
	plx_task *t;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 7, "it was still running");
	result = 0;
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_checkpoint();
	cr_expect_eq(plx_join(t, &result, 0), 0);
	cr_expect_eq(result, 7, "it had ended");
	plx_spawn(NULL, return_arg, &seven, &t);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	return 0;
}
IN_A_TASK(task, join_hands_over_the_result, join_all_ways)

static int
join_too_early(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	cr_expect_eq(plx_join(t, NULL, 0), -ETIMEDOUT);
	cr_expect_eq(plx_join(t, NULL, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(stop_task(t), -ECANCELED, "it is still there");
	return 0;
}
WITH_CLOCK(task, join_keeps_its_deadline, join_too_early)

static int
join_it(void *arg)
{
	return plx_join(arg, NULL, PLX_NEVER);
}

/* A task that sleeps, and another that is parked in the wait for its end. */
static void
start_pair(plx_task **t, plx_task **joiner)
{
	plx_spawn(NULL, sleep_for_ever, NULL, t);
	plx_spawn(NULL, join_it, *t, joiner);
	plx_checkpoint();
}

static int
join_twice(void *arg)
{
	plx_task *t, *joiner;
	int result = 0;

	(void)arg;
	start_pair(&t, &joiner);
	cr_expect_eq(plx_join(t, NULL, 0), -EBUSY);
	plx_detach(t);
	plx_cancel(t);
	cr_expect_eq(plx_join(joiner, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 0);
	return 0;
}
IN_A_TASK(task, a_second_joiner_is_refused, join_twice)

static int
cancel_joiner(void *arg)
{
	plx_task *t, *joiner;

	(void)arg;
	start_pair(&t, &joiner);
	cr_expect_eq(stop_task(joiner), -ECANCELED);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(task, a_cancelled_joiner_leaves_the_task_to_another, cancel_joiner)

static int
end_and_cancel_joiner(void *arg)
{
	plx_task *t, *joiner;

	(void)arg;
	start_pair(&t, &joiner);
	plx_cancel(joiner);
	plx_cancel(t);
	let_run(2);
	cr_expect_eq(plx_join(joiner, NULL, 0), 0);
	return stop_task(t) == -ECANCELED ? 0 : -EPROTO;
}
IN_A_TASK(task, an_interrupted_join_leaves_no_trace, end_and_cancel_joiner)

static int
join_without_handle(void *arg)
{
	cr_expect_eq(plx_join(arg, NULL, 0), -EINVAL);
	return 0;
}

static int
spawn_join_without_handle(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_join(NULL, NULL, 0), -EINVAL);
	plx_spawn(NULL, join_without_handle, plx_self(), NULL);
	return plx_checkpoint();
}
IN_A_TASK(task, a_task_without_handle_cannot_be_joined,
	  spawn_join_without_handle)
