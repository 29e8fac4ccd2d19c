/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_await.c: awaitables of one's own, one at a time.
 */
#include <config.h>
#include "await_gate.h"

static int
open_at_once(void *arg)
{
	struct gate said = GATE, called = GATE;

	(void)arg;
	said.arm_says = 1;
	cr_expect_eq(plx_await(&said.awaitable, 0), 42);
	called.opens_in_arm = 1;
	cr_expect_eq(plx_await(&called.awaitable, PLX_NEVER), 42);
	cr_expect_eq(said.disarms + called.disarms, 0);
	return 0;
}
IN_A_TASK(await, what_is_ready_at_once_does_not_park, open_at_once)

static int
open_later(void *arg)
{
	struct gate g = GATE;
	struct opener o = {.gate = &g, .turns = 3};

	(void)arg;
	plx_spawn(NULL, open_gate, &o, NULL);
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), 42);
	cr_expect_eq(g.arms, 1);
	cr_expect_eq(g.disarms, 0);
	plx_spawn(NULL, open_gate, &o, NULL);
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), 42, "once more");
	return 0;
}
IN_A_TASK(await, a_parked_task_goes_on_when_it_is_ready, open_later)

static int
refuse(void *arg)
{
	struct gate g = GATE;

	(void)arg;
	g.arm_says = -ENOSPC;
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), -ENOSPC);
	cr_expect_eq(g.disarms, 0);
	g.arm_says = 1;
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), 42, "usable again");
	return 0;
}
IN_A_TASK(await, the_error_of_arm_is_returned, refuse)

static int
await_unknown(void *arg)
{
	struct plx_awaitable nothing = {.ops = NULL};
	struct plx_awaitable_ops some = gate_ops;
	struct plx_awaitable incomplete = {.ops = &some};

	(void)arg;
	cr_expect_eq(plx_await(NULL, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_await(&nothing, PLX_NEVER), -EINVAL);
	some.arm = NULL;
	cr_expect_eq(plx_await(&incomplete, PLX_NEVER), -EINVAL);
	some = gate_ops;
	some.disarm = NULL;
	cr_expect_eq(plx_await(&incomplete, PLX_NEVER), -EINVAL);
	some = gate_ops;
	some.result = NULL;
	cr_expect_eq(plx_await(&incomplete, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_await_any(NULL, 1, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_await_any((struct plx_awaitable *[]){&nothing}, 0,
				   PLX_NEVER),
		     -EINVAL);
	return 0;
}
IN_A_TASK(await, an_unknown_awaitable_is_an_error_to_its_task, await_unknown)

static int
miss_deadline(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct gate g = GATE;

	(void)arg;
	cr_expect_eq(plx_await(&g.awaitable, 0), -ETIMEDOUT);
	cr_expect_eq(g.disarms, 1);
	cr_expect_eq(plx_await(&g.awaitable, deadline), -ETIMEDOUT);
	cr_expect_eq(g.disarms, 2);
	cr_expect_eq(in(0), deadline);
	plx_awaitable_ready(&g.awaitable);
	return 0;
}
WITH_CLOCK(await, a_deadline_takes_it_back, miss_deadline)

static int
cancel_waiter(void *arg)
{
	struct gate g = GATE;
	plx_task *t;

	(void)arg;
	t = park_at(&g);
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(g.disarms, 1);
	plx_spawn(NULL, await_gate, &g, &t);
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(g.arms, 1, "a cancelled task does not even begin");
	return 0;
}
IN_A_TASK(await, a_cancel_takes_it_back, cancel_waiter)

static int
open_and_cancel(void *arg)
{
	struct gate g = GATE;
	int result = 0;
	plx_task *t;

	(void)arg;
	t = park_at(&g);
	plx_awaitable_ready(&g.awaitable);
	plx_cancel(t);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 42, "ready first");
	t = park_at(&g);
	plx_cancel(t);
	plx_awaitable_ready(&g.awaitable);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 42, "cancelled first");
	cr_expect_eq(g.disarms, 0);
	return 0;
}
IN_A_TASK(await, what_completed_keeps_its_result_when_cancelled,
	  open_and_cancel)

static int
await_same(void *arg)
{
	struct gate g = GATE;
	struct plx_awaitable *twice[2] = {&g.awaitable, &g.awaitable};
	plx_task *t;

	(void)arg;
	t = park_at(&g);
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), -EBUSY);
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(plx_await_any(twice, 2, PLX_NEVER), -EBUSY);
	return 0;
}
IN_A_TASK(await, a_second_waiter_is_refused, await_same)

static int
hold_on(void *arg)
{
	struct gate g = GATE;
	plx_task *t;
	int result = 0;

	(void)arg;
	g.disarm_says = -EINPROGRESS;
	t = park_at(&g);
	plx_cancel(t);
	cr_expect_eq(plx_join(t, &result, in(PLX_SECOND)), -ETIMEDOUT,
		     "it is kept");
	cr_expect_eq(g.disarms, 1);
	plx_awaitable_ready(&g.awaitable);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 42, "the operation completed");
	return 0;
}
WITH_CLOCK(await, what_cannot_be_taken_back_keeps_the_task, hold_on)

static int
hold_past_deadline(void *arg)
{
	struct gate g = GATE;
	struct opener o = {.gate = &g, .turns = 5};

	(void)arg;
	g.disarm_says = -EINPROGRESS;
	plx_spawn(NULL, open_gate, &o, NULL);
	cr_expect_eq(plx_await(&g.awaitable, 0), 42);
	g.opens_in_disarm = 1;
	cr_expect_eq(plx_await(&g.awaitable, 0), 42);
	return 0;
}
IN_A_TASK(await, what_cannot_be_taken_back_outlasts_a_deadline,
	  hold_past_deadline)

static void
open_from_loop(void *arg)
{
	struct gate *g = arg;

	cr_expect_null(plx_self());
	plx_awaitable_ready(&g->awaitable);
}

static int
await_loop(void *arg)
{
	struct plx_call call = {0};
	struct gate g = GATE;

	(void)arg;
	cr_expect_eq(
		plx_loop_call_soon(plx_self_loop(), &call, open_from_loop, &g),
		0);
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), 42);
	return 0;
}
IN_A_TASK(await, a_callback_of_the_loop_may_say_ready, await_loop)

static int
count_others(void *arg)
{
	int *rounds = arg;

	for (;;) {
		++*rounds;
		if (plx_checkpoint() < 0)
			return 0;
	}
}

static int
never_park(void *arg)
{
	struct gate g = GATE;
	int rounds = 0;
	plx_task *t;

	(void)arg;
	g.arm_says = 1;
	plx_spawn(NULL, count_others, &rounds, &t);
	for (int i = 0; i < 10000; i++)
		cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), 42);
	cr_expect_geq(rounds, 50, "others ran %d times", rounds);
	cr_expect_eq(stop_task(t), 0);
	return 0;
}
IN_A_TASK(await, a_task_that_never_parks_yields_now_and_then, never_park)
