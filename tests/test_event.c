/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_event.c: a flag that tasks wait for, with the meaning of asyncio.Event.
 */
#include <config.h>
#include "sync_common.h"

static int
wait_event(void *e, int64_t deadline)
{
	return plx_event_wait(e, deadline);
}

static void
set_event(void *e)
{
	cr_expect_null(plx_self());
	plx_event_set(e);
}

static int
wait_then_set(void *arg)
{
	struct plx_event e = {0};
	struct waiter w[3];

	(void)arg;
	cr_expect_eq(plx_event_is_set(&e), 0);
	cr_expect_eq(plx_event_wait(&e, 0), -ETIMEDOUT);
	begin_waits(w, 3, wait_event, &e);
	let_run(3);
	cr_expect_eq(places, 0, "nobody goes on before it is set");
	plx_event_set(&e);
	cr_expect_eq(plx_event_is_set(&e), 1);
	cr_expect_null(e.line.first);
	expect_in_order(w, 3, 0);
	return 0;
}
IN_A_TASK(event, a_set_wakes_all_in_the_order_they_came, wait_then_set)

static int
wait_when_set(void *arg)
{
	struct plx_event e = {0};

	(void)arg;
	plx_event_set(&e);
	plx_event_set(&e);
	cr_expect_eq(plx_event_wait(&e, 0), 0);
	cr_expect_eq(plx_event_wait(&e, PLX_NEVER), 0, "it stays set");
	plx_event_clear(&e);
	cr_expect_eq(plx_event_is_set(&e), 0);
	cr_expect_eq(plx_event_wait(&e, 0), -ETIMEDOUT);
	return 0;
}
IN_A_TASK(event, it_stays_set_until_it_is_cleared, wait_when_set)

static int
pulse(void *arg)
{
	struct plx_event e = {0};
	struct waiter w[2];

	(void)arg;
	begin_wait(&w[0], wait_event, &e, PLX_NEVER);
	plx_event_set(&e);
	plx_event_clear(&e);
	begin_wait(&w[1], wait_event, &e, PLX_NEVER);
	cr_expect_eq(end_wait(&w[0]), 0);
	let_run(3);
	cr_expect_eq(w[1].place, 0, "it came after the clear");
	plx_event_set(&e);
	cr_expect_eq(end_wait(&w[1]), 0);
	return 0;
}
IN_A_TASK(event, a_clear_at_once_takes_nothing_from_those_who_waited, pulse)

static int
set_in_callback(void *arg)
{
	struct plx_event e = {0};
	struct waiter w;

	(void)arg;
	begin_wait(&w, wait_event, &e, PLX_NEVER);
	call_in_loop(set_event, &e);
	cr_expect_eq(end_wait(&w), 0);
	return 0;
}
IN_A_TASK(event, a_callback_of_the_loop_may_set_it, set_in_callback)

Test(event, outside_a_task_only_the_wait_is_refused)
{
	struct plx_event e = {0};

	cr_expect_eq(plx_event_wait(&e, 0), -EPERM);
	plx_event_set(&e);
	cr_expect_eq(plx_event_is_set(&e), 1);
	cr_expect_eq(plx_event_wait(&e, 0), -EPERM);
	plx_event_clear(&e);
	cr_expect_eq(plx_event_is_set(&e), 0);
}

static int
miss_deadline(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct plx_event e = {0};

	(void)arg;
	cr_expect_eq(plx_event_wait(&e, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_null(e.line.first);
	plx_event_set(&e);
	cr_expect_eq(plx_event_wait(&e, deadline), 0,
		     "a deadline that has passed means one look");
	return 0;
}
WITH_CLOCK(event, a_deadline_ends_the_wait, miss_deadline)

static int
cancel_and_set(void *arg)
{
	struct plx_event e = {0};
	struct waiter w;

	(void)arg;
	begin_wait(&w, wait_event, &e, PLX_NEVER);
	plx_cancel(w.task);
	cr_expect_eq(end_wait(&w), -ECANCELED);
	cr_expect_null(e.line.first);
	begin_wait(&w, wait_event, &e, PLX_NEVER);
	plx_cancel(w.task);
	plx_event_set(&e);
	cr_expect_eq(end_wait(&w), 0, "cancelled first");
	plx_event_clear(&e);
	begin_wait(&w, wait_event, &e, PLX_NEVER);
	plx_event_set(&e);
	plx_cancel(w.task);
	cr_expect_eq(end_wait(&w), 0, "set first");
	return 0;
}
IN_A_TASK(event, a_set_in_the_turn_of_a_cancel_is_kept, cancel_and_set)

static int
cancelled_before(void *arg)
{
	struct plx_event e = {0};
	struct waiter w = {.wait = wait_event, .object = &e};

	(void)arg;
	plx_event_set(&e);
	plx_spawn(NULL, wait_once, &w, &w.task);
	plx_cancel(w.task);
	cr_expect_eq(end_wait(&w), -ECANCELED);
	return 0;
}
IN_A_TASK(event, a_cancelled_task_does_not_even_begin, cancelled_before)

static int
leave_middle(void *arg)
{
	struct plx_event e = {0};
	struct waiter w[3];

	(void)arg;
	begin_waits(w, 3, wait_event, &e);
	plx_cancel(w[1].task);
	cr_expect_eq(end_wait(&w[1]), -ECANCELED);
	plx_event_set(&e);
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(end_wait(&w[2]), 0);
	return 0;
}
IN_A_TASK(event, who_leaves_the_middle_of_the_line_leaves_it_whole,
	  leave_middle)

static int
set_second(void *arg)
{
	struct plx_event *e = arg;

	plx_event_set(&e[1]);
	plx_event_set(&e[0]);
	return 0;
}

static int
choose(void *arg)
{
	struct plx_event e[2] = {0};
	struct plx_sync_awaitable w[2];
	struct plx_awaitable *a[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		a[i] = plx_event_awaitable(&w[i], &e[i]);
	cr_expect_eq(either(a[0], a[1], 0), -ETIMEDOUT);
	cr_expect_null(e[0].line.first);
	plx_spawn(NULL, set_second, e, NULL);
	cr_expect_eq(either(a[0], a[1], PLX_NEVER), 1, "it was set first");
	cr_expect_eq(plx_awaitable_result(a[1]), 0);
	cr_expect_eq(either(a[0], a[1], PLX_NEVER), 0, "both are set");
	plx_event_clear(&e[0]);
	cr_expect_eq(either(a[0], a[1], PLX_NEVER), 1);
	cr_expect_null(e[0].line.first);
	return 0;
}
IN_A_TASK(event, any_returns_the_first_that_was_set, choose)

static int
set_one(void *arg)
{
	plx_event_set(arg);
	return 0;
}

static int
choose_same(void *arg)
{
	struct plx_event e = {0};
	struct plx_sync_awaitable w[2];

	(void)arg;
	plx_spawn(NULL, set_one, &e, NULL);
	cr_expect_eq(either(plx_event_awaitable(&w[0], &e),
			    plx_event_awaitable(&w[1], &e), PLX_NEVER),
		     0);
	cr_expect_null(e.line.first);
	return 0;
}
IN_A_TASK(event, any_may_wait_for_it_twice, choose_same)

static int
try_often(void *arg)
{
	struct plx_event e = {0};

	(void)arg;
	expect_fair(wait_event, &e, -ETIMEDOUT, NULL);
	plx_event_set(&e);
	expect_fair(wait_event, &e, 0, NULL);
	return 0;
}
IN_A_TASK(event, a_set_one_does_not_keep_the_others_out, try_often)

static int
cancel_crowd(void *arg)
{
	struct plx_event e = {0};

	(void)arg;
	expect_crowd_gone(wait_event, &e, &e.line);
	return 0;
}
IN_A_TASK(event, a_crowd_can_be_cancelled_at_once, cancel_crowd)
