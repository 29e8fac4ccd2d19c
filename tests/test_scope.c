/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scope.c: cancelling a stretch of a task.
 */
#include <config.h>
#include "task_common.h"

static int
enter_and_leave(void *arg)
{
	struct plx_scope s;

	(void)arg;
	cr_expect_eq(plx_scope_enter(NULL), -EINVAL);
	cr_expect_eq(plx_scope_enter(&s), 0);
	cr_expect_eq(plx_checkpoint(), 0);
	cr_expect_eq(plx_scope_leave(&s), 0);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_checkpoint(), 0, "it was left");
	return 0;
}
IN_A_TASK(scope, a_scope_that_is_not_cancelled_does_nothing, enter_and_leave)

static int
cancel_from_within(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s);
	plx_scope_cancel(&s);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_sleep(1), -ECANCELED);
	cr_expect_eq(plx_await_fd(0, PLX_READ, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s), 1);
	cr_expect_eq(plx_checkpoint(), 0);
	return 0;
}
IN_A_TASK(scope, every_wait_fails_until_the_scope_is_left, cancel_from_within)

struct inner {
	struct plx_scope outer, inner;
	int results[4];
};

static int
wait_in_two_scopes(void *arg)
{
	struct inner *i = arg;

	plx_scope_enter(&i->outer);
	plx_scope_enter(&i->inner);
	i->results[0] = plx_sleep_until(PLX_NEVER);
	i->results[1] = plx_scope_leave(&i->inner);
	i->results[2] = plx_checkpoint();
	i->results[3] = plx_scope_leave(&i->outer);
	return plx_checkpoint();
}

static int
cancel_inner(void *arg)
{
	struct inner i;
	int result = -1;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, wait_in_two_scopes, &i, &t);
	plx_checkpoint();
	plx_scope_cancel(&i.inner);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 0);
	cr_expect_eq(i.results[0], -ECANCELED);
	cr_expect_eq(i.results[1], 1);
	cr_expect_eq(i.results[2], 0, "the outer one is not concerned");
	cr_expect_eq(i.results[3], 0);
	return 0;
}
IN_A_TASK(scope, an_inner_cancel_ends_at_the_inner_scope, cancel_inner)

static int
cancel_outer(void *arg)
{
	struct inner i;
	int result = -1;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, wait_in_two_scopes, &i, &t);
	plx_checkpoint();
	plx_scope_cancel(&i.outer);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 0);
	cr_expect_eq(i.results[0], -ECANCELED);
	cr_expect_eq(i.results[1], 0, "it was not this one");
	cr_expect_eq(i.results[2], -ECANCELED);
	cr_expect_eq(i.results[3], 1);
	return 0;
}
IN_A_TASK(scope, an_outer_cancel_concerns_the_inner_scope, cancel_outer)

static int
cancel_task_in_scope(void *arg)
{
	struct inner i;
	int result = -1;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, wait_in_two_scopes, &i, &t);
	plx_checkpoint();
	plx_cancel(t);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, -ECANCELED, "not only inside the scopes");
	cr_expect_eq(i.results[1], 0);
	cr_expect_eq(i.results[3], 0);
	return 0;
}
IN_A_TASK(scope, a_cancelled_task_stays_so_outside_its_scopes,
	  cancel_task_in_scope)

static int
leave_crosswise(void *arg)
{
	struct plx_scope a, b;

	(void)arg;
	plx_scope_enter(&a);
	plx_scope_enter(&b);
	cr_expect_eq(plx_scope_leave(&a), -EINVAL);
	cr_expect_eq(plx_scope_leave(NULL), -EINVAL);
	cr_expect_eq(plx_scope_leave(&b), 0);
	cr_expect_eq(plx_scope_leave(&b), -EINVAL);
	cr_expect_eq(plx_scope_leave(&a), 0);
	return 0;
}
IN_A_TASK(scope, leaving_out_of_order_is_refused, leave_crosswise)

static int
leave_open(void *arg)
{
	static struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s);
	plx_scope_cancel(&s);
	return 0;
}

static int
spawn_open(void *arg)
{
	plx_task *t;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		plx_spawn(NULL, leave_open, NULL, &t);
		cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	}
	return plx_checkpoint();
}
IN_A_TASK(scope, an_open_scope_ends_with_its_task, spawn_open)

static void
cancel_from_loop(void *arg)
{
	cr_expect_null(plx_self());
	plx_scope_cancel(arg);
}

static int
cancelled_by_loop(void *arg)
{
	struct plx_call call = {0};
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s);
	plx_loop_call_soon(plx_self_loop(), &call, cancel_from_loop, &s);
	cr_expect_eq(plx_sleep_until(PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s), 1);
	return 0;
}
IN_A_TASK(scope, a_callback_of_the_loop_may_cancel, cancelled_by_loop)
