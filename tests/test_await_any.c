/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_await_any.c: several awaitables of one's own in one wait.
 */
#include <config.h>
#include "await_gate.h"

/* G, two gates, and LIST of both. */
#define TWO_GATES(G, LIST)               \
	struct gate G[2] = {GATE, GATE}; \
	struct plx_awaitable *LIST[2] = {&G[0].awaitable, &G[1].awaitable}

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
	TWO_GATES(g, list);

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
	TWO_GATES(g, list);

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
	TWO_GATES(g, list);

	(void)arg;
	cr_expect_eq(plx_await_any(list, 2, in(PLX_SECOND)), -ETIMEDOUT);
	cr_expect_eq(g[0].disarms, 1);
	cr_expect_eq(g[1].disarms, 1);
	return 0;
}
WITH_CLOCK(await, any_keeps_its_deadline, choose_too_late)

static int
hold_beside_winner(void *arg)
{
	TWO_GATES(g, list);
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
