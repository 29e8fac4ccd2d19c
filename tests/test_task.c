/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_task.c: the life of tasks: spawn, cancel, detach.
 *
 * What a run makes of them is in test_run.c, the wait for the end of one in
 * test_join.c.
 */
#include <config.h>
#include "task_common.h"

static int seven = 7;

static int
spawn_nothing(void *arg)
{
	plx_task *t = NULL;

	(void)arg;
	cr_expect_eq(plx_spawn_named(NULL, "x", "f", 1, NULL, NULL, &t),
		     -EINVAL);
	cr_expect_null(t);
	return 0;
}
IN_A_TASK(task, spawn_refuses_no_function, spawn_nothing)

static int
spawn_without_memory(void *arg)
{
	plx_task *t = NULL;
	int r = 0;
	int n = 0;

	(void)arg;
	support_sys.fails = SUPPORT_MAP | SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	while (r == 0 && n < 100000) {
		support_sys.fail_at = 1;
		r = plx_spawn(NULL, return_arg, &seven, NULL);
		n++;
	}
	support_sys.fail_at = 0;
	cr_expect_eq(r, -ENOMEM);
	cr_expect_eq(plx_spawn(NULL, return_arg, &seven, &t), 0);
	return plx_join(t, NULL, PLX_NEVER);
}
IN_A_TASK(task, spawn_without_memory_fails_and_later_works,
	  spawn_without_memory)

static int
park_many(void *arg)
{
	enum {
		MANY = SUPPORT_TSAN ? 4000 : 10000
	};
	static plx_task *tasks[MANY];

	(void)arg;
	for (int i = 0; i < MANY; i++)
		cr_expect_eq(plx_spawn(NULL, sleep_for_ever, NULL, &tasks[i]),
			     0);
	plx_checkpoint();
	for (int i = 0; i < MANY; i++)
		plx_cancel(tasks[i]);
	for (int i = 0; i < MANY; i++)
		cr_expect_eq(stop_task(tasks[i]), -ECANCELED);
	return 0;
}
IN_A_TASK(task, thousands_are_parked_and_cancelled, park_many)

static int
cancel_one(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	return plx_checkpoint();
}
IN_A_TASK(task, a_cancelled_task_is_no_failure, cancel_one)

static int
cancel_before_start(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(task, cancel_before_the_start_meets_the_first_wait,
	  cancel_before_start)

static int
cancel_self(void *arg)
{
	(void)arg;
	plx_cancel(plx_self());
	plx_cancel(plx_self());
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_join(plx_self(), NULL, 0), -EDEADLK);
	return 0;
}
IN_A_TASK(task, a_task_may_cancel_itself, cancel_self)

static int
leave_unjoined(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	return plx_checkpoint();
}
IN_A_TASK(task, what_nobody_joins_is_freed_at_the_end, leave_unjoined)

static int
detach_both_ways(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_detach(t);
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_checkpoint();
	plx_detach(t);
	return 0;
}
IN_A_TASK(task, detach_works_before_and_after_the_end, detach_both_ways)
