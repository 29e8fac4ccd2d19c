/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_awaitables.c: cancels waits for awaitables, one of which is not given
 * back at once.
 */
#include <config.h>
#include "cancel_everywhere.h"

/* An awaitable that another task makes ready; DISARM can tell it to hold on
   until a call of the loop, as the kernel does with a buffer. */
struct gate {
	struct plx_awaitable awaitable;
	struct plx_call call;
	int holds;
	int armed;
};

static int
gate_arm(struct plx_awaitable *a)
{
	((struct gate *)(void *)a)->armed = 1;
	return 0;
}

static void
let_go(void *arg)
{
	((struct gate *)arg)->armed = 0;
	plx_awaitable_ready(arg);
}

static int
gate_disarm(struct plx_awaitable *a)
{
	struct gate *g = (void *)a;

	if (!g->holds) {
		g->armed = 0;
		return 0;
	}
	plx_loop_call_at(plx_self_loop(), &g->call, in(PLX_MILLISECOND), let_go,
			 a);
	return -EINPROGRESS;
}

static int
gate_result(struct plx_awaitable *a)
{
	((struct gate *)(void *)a)->armed = 0;
	return 0;
}

static const struct plx_awaitable_ops gate_ops = {
	.kind = "gate",
	.arm = gate_arm,
	.disarm = gate_disarm,
	.result = gate_result,
};

static struct gate gates[3];

static int
open_gates(void *arg)
{
	int r = 0;

	(void)arg;
	cleans_up();
	for (int i = 2; r == 0 && i >= 0; i--) {
		r = plx_sleep(PLX_MILLISECOND);
		plx_awaitable_ready(&gates[i].awaitable);
	}
	return r;
}

static int
await_gates(void *arg)
{
	struct plx_awaitable *list[3];
	int i, r = 0;

	(void)arg;
	cleans_up();
	for (i = 0; i < 3; i++) {
		gates[i] = (struct gate){.awaitable.ops = &gate_ops};
		gates[i].holds = i == 0;
		list[i] = &gates[i].awaitable;
	}
	plx_spawn(NULL, open_gates, NULL, NULL);
	for (i = 0; r >= 0 && i < 3; i++) {
		r = plx_await_any(list, 3, in(PLX_SECOND));
		if (r >= 0)
			plx_awaitable_result(list[r]);
	}
	return r < 0 && r != -ETIMEDOUT ? r : 0;
}

static void
check_gates(const char *where)
{
	for (int i = 0; i < 3; i++)
		cr_expect_eq(gates[i].armed, 0, "%s: gate %d", where, i);
}
CANCEL_EVERYWHERE(awaitables_that_hold_on, .fn = await_gates,
		  .check = check_gates)
