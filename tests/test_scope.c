/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scope.c: cancelling a stretch of a task, from within and without.
 */
#include <config.h>
#include "task_common.h"

static int
enter_and_leave(void *arg)
{
	struct plx_scope s;

	(void)arg;
	cr_expect_eq(plx_scope_enter(NULL, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_scope_enter(&s, PLX_NEVER), 0);
	cr_expect_eq(plx_checkpoint(), 0);
	cr_expect_eq(plx_scope_status(&s), 0);
	cr_expect_eq(plx_scope_leave(&s, 7), 7);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_checkpoint(), 0, "it was left");
	cr_expect_eq(plx_scope_status(&s), 0);
	return 0;
}
IN_A_TASK(scope, a_scope_that_is_not_cancelled_does_nothing, enter_and_leave)

static int
cancel_from_within(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_cancel(&s);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_sleep(1), -ECANCELED);
	cr_expect_eq(plx_await_fd(0, PLX_READ, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_status(&s), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), 0);
	cr_expect_eq(plx_scope_status(&s), -ECANCELED, "it can be asked later");
	cr_expect_eq(plx_checkpoint(), 0);
	return 0;
}
IN_A_TASK(scope, every_wait_fails_until_the_scope_is_left, cancel_from_within)

static int
keep_results(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_scope_leave(&s, 42), 42);
	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_scope_leave(&s, -EIO), -EIO);
	plx_scope_enter(&s, PLX_NEVER);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ECANCELED,
		     "not on its account");
	return 0;
}
IN_A_TASK(scope, only_a_cancel_of_its_own_is_swallowed, keep_results)

struct inner {
	struct plx_scope outer, inner;
	int wait, inner_left, between, outer_left;
};

static int
wait_in_two_scopes(void *arg)
{
	struct inner *i = arg;

	plx_scope_enter(&i->outer, PLX_NEVER);
	plx_scope_enter(&i->inner, PLX_NEVER);
	i->wait = plx_sleep_until(PLX_NEVER);
	i->inner_left = plx_scope_leave(&i->inner, i->wait);
	i->between = plx_checkpoint();
	i->outer_left = plx_scope_leave(&i->outer, i->between);
	return plx_checkpoint();
}

static plx_task *
spawn_in_two_scopes(struct inner *i)
{
	plx_task *t = NULL;

	plx_spawn(NULL, wait_in_two_scopes, i, &t);
	plx_checkpoint();
	return t;
}

static int
join_of(plx_task *t)
{
	int result = -1;

	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	return result;
}

static int
cancel_inner(void *arg)
{
	struct inner i;
	plx_task *t = spawn_in_two_scopes(&i);

	(void)arg;
	plx_scope_cancel(&i.inner);
	cr_expect_eq(join_of(t), 0);
	cr_expect_eq(i.wait, -ECANCELED);
	cr_expect_eq(i.inner_left, 0);
	cr_expect_eq(i.between, 0, "the outer one is not concerned");
	cr_expect_eq(i.outer_left, 0);
	return 0;
}
IN_A_TASK(scope, an_inner_cancel_ends_at_the_inner_scope, cancel_inner)

static int
cancel_outer(void *arg)
{
	struct inner i;
	plx_task *t = spawn_in_two_scopes(&i);

	(void)arg;
	plx_scope_cancel(&i.outer);
	cr_expect_eq(join_of(t), 0);
	cr_expect_eq(i.wait, -ECANCELED);
	cr_expect_eq(i.inner_left, -ECANCELED, "it was not this one");
	cr_expect_eq(i.between, -ECANCELED);
	cr_expect_eq(i.outer_left, 0);
	return 0;
}
IN_A_TASK(scope, an_outer_cancel_concerns_the_inner_scope, cancel_outer)

static int
cancel_both(void *arg)
{
	struct inner i;
	plx_task *t = spawn_in_two_scopes(&i);

	(void)arg;
	plx_scope_cancel(&i.inner);
	plx_scope_cancel(&i.outer);
	cr_expect_eq(join_of(t), 0);
	cr_expect_eq(i.inner_left, -ECANCELED, "the outer one owns it");
	cr_expect_eq(i.outer_left, 0);
	return 0;
}
IN_A_TASK(scope, of_two_that_are_cancelled_the_outer_one_owns_it, cancel_both)

static int
cancel_task_in_scope(void *arg)
{
	struct inner i;
	plx_task *t = spawn_in_two_scopes(&i);

	(void)arg;
	plx_cancel(t);
	cr_expect_eq(join_of(t), -ECANCELED, "not only inside the scopes");
	cr_expect_eq(i.inner_left, -ECANCELED);
	cr_expect_eq(i.outer_left, -ECANCELED);
	return 0;
}
IN_A_TASK(scope, a_cancelled_task_stays_so_outside_its_scopes,
	  cancel_task_in_scope)

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
	plx_scope_enter(&s, PLX_NEVER);
	plx_loop_call_soon(plx_self_loop(), &call, cancel_from_loop, &s);
	cr_expect_eq(plx_sleep_until(PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), 0);
	return 0;
}
IN_A_TASK(scope, a_callback_of_the_loop_may_cancel, cancelled_by_loop)
