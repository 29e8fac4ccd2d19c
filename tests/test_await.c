/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_await.c: awaitables of one's own, one or several at a time.
 *
 * The awaitable here is a gate that a test opens.  It counts what is done to
 * it, and can be told to be ready at once, to refuse, or to hold on.
 */
#include <config.h>
#include "task_common.h"

struct gate {
	struct plx_awaitable awaitable;
	int arm_says;
	int disarm_says;
	int opens_in_arm;
	int opens_in_disarm;
	int arms;
	int disarms;
	int value;
};

static struct gate *
gate_of(struct plx_awaitable *a)
{
	return (struct gate *)a;
}

static int
gate_arm(struct plx_awaitable *a)
{
	struct gate *g = gate_of(a);

	g->arms++;
	if (g->opens_in_arm)
		plx_awaitable_ready(a);
	return g->arm_says;
}

static int
gate_disarm(struct plx_awaitable *a)
{
	struct gate *g = gate_of(a);

	g->disarms++;
	if (g->opens_in_disarm)
		plx_awaitable_ready(a);
	return g->disarm_says;
}

static int
gate_result(struct plx_awaitable *a)
{
	return gate_of(a)->value;
}

static const struct plx_awaitable_ops gate_ops = {
	.kind = "gate",
	.arm = gate_arm,
	.disarm = gate_disarm,
	.result = gate_result,
};

#define GATE                                            \
	{                                               \
		.awaitable.ops = &gate_ops, .value = 42 \
	}

struct opener {
	struct gate *gate;
	int turns;
};

static int
open_gate(void *arg)
{
	const struct opener *o = arg;

	let_run(o->turns);
	plx_awaitable_ready(&o->gate->awaitable);
	plx_awaitable_ready(&o->gate->awaitable);
	return 0;
}

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
await_gate(void *arg)
{
	struct gate *g = arg;

	return plx_await(&g->awaitable, PLX_NEVER);
}

static int
cancel_waiter(void *arg)
{
	struct gate g = GATE;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, await_gate, &g, &t);
	plx_checkpoint();
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
	plx_spawn(NULL, await_gate, &g, &t);
	plx_checkpoint();
	plx_awaitable_ready(&g.awaitable);
	plx_cancel(t);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 42, "ready first");
	plx_spawn(NULL, await_gate, &g, &t);
	plx_checkpoint();
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
	plx_spawn(NULL, await_gate, &g, &t);
	plx_checkpoint();
	cr_expect_eq(plx_await(&g.awaitable, PLX_NEVER), -EBUSY);
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(plx_await_any(twice, 2, PLX_NEVER), -EBUSY);
	return 0;
}
IN_A_TASK(await, a_second_waiter_is_refused, await_same)

static int
choose(void *arg)
{
	struct gate g[3] = {GATE, GATE, GATE};
	struct plx_awaitable *list[3] = {&g[0].awaitable, &g[1].awaitable,
					 &g[2].awaitable};
	struct opener o = {.gate = &g[1], .turns = 2};

	(void)arg;
	plx_spawn(NULL, open_gate, &o, NULL);
	cr_expect_eq(plx_await_any(list, 3, PLX_NEVER), 1);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(g[i].arms, 1);
		cr_expect_eq(g[i].disarms, i != 1);
	}
	g[1].arm_says = 1;
	cr_expect_eq(plx_await_any(list, 3, PLX_NEVER), 1);
	cr_expect_eq(g[0].disarms, 2);
	cr_expect_eq(g[2].arms, 1, "it was not needed");
	return 0;
}
IN_A_TASK(await, any_returns_the_first_and_takes_the_others_back, choose)

/* Tells the second, then the first; ARG is both. */
static int
open_two(void *arg)
{
	struct gate *g = arg;

	cr_expect_eq(plx_awaitable_ready(&g[1].awaitable), 1);
	cr_expect_eq(plx_awaitable_ready(&g[0].awaitable), 0, "it has lost");
	cr_expect_eq(plx_awaitable_ready(&g[1].awaitable), 0, "once is enough");
	return 0;
}

static int
choose_of_two_ready(void *arg)
{
	struct gate g[2] = {GATE, GATE};
	struct plx_awaitable *list[2] = {&g[0].awaitable, &g[1].awaitable};

	(void)arg;
	plx_spawn(NULL, open_two, g, NULL);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(plx_awaitable_ready(&g[1].awaitable), 0, "over");
	cr_expect_eq(g[0].disarms, 1);
	cr_expect_eq(g[1].disarms, 0);
	cr_expect_eq(plx_awaitable_result(list[1]), 42);
	return 0;
}
IN_A_TASK(await, of_two_ready_the_first_wins_the_other_is_told,
	  choose_of_two_ready)

static int
choose_refused(void *arg)
{
	struct gate g[2] = {GATE, GATE};
	struct plx_awaitable *list[2] = {&g[0].awaitable, &g[1].awaitable};

	(void)arg;
	g[1].arm_says = -ENOSPC;
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), -ENOSPC);
	cr_expect_eq(g[0].disarms, 1);
	cr_expect_eq(g[1].disarms, 0);
	return 0;
}
IN_A_TASK(await, a_refusal_takes_the_armed_ones_back, choose_refused)

static int
choose_too_late(void *arg)
{
	struct gate g[2] = {GATE, GATE};
	struct plx_awaitable *list[2] = {&g[0].awaitable, &g[1].awaitable};

	(void)arg;
	cr_expect_eq(plx_await_any(list, 2, in(PLX_SECOND)), -ETIMEDOUT);
	cr_expect_eq(g[0].disarms, 1);
	cr_expect_eq(g[1].disarms, 1);
	return 0;
}
WITH_CLOCK(await, any_keeps_its_deadline, choose_too_late)

static int
hold_on(void *arg)
{
	struct gate g = GATE;
	plx_task *t;
	int result = 0;

	(void)arg;
	g.disarm_says = -EINPROGRESS;
	plx_spawn(NULL, await_gate, &g, &t);
	plx_checkpoint();
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

static int
hold_beside_winner(void *arg)
{
	struct gate g[2] = {GATE, GATE};
	struct plx_awaitable *list[2] = {&g[0].awaitable, &g[1].awaitable};
	struct opener first = {.gate = &g[1], .turns = 1};
	struct opener second = {.gate = &g[0], .turns = 4};

	(void)arg;
	g[0].disarm_says = -EINPROGRESS;
	plx_spawn(NULL, open_gate, &first, NULL);
	plx_spawn(NULL, open_gate, &second, NULL);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(g[0].awaitable.ready, 1, "nobody owns it any more");
	return 0;
}
IN_A_TASK(await, any_waits_until_the_losers_have_let_go, hold_beside_winner)

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
