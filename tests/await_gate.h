/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * await_gate.h: a gate that a test opens, as something to wait for.
 *
 * It counts what is done to it, and can be told to be ready at once, to refuse,
 * or to hold on.
 */
#ifndef PLX_AWAIT_GATE_H
#define PLX_AWAIT_GATE_H

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

static inline struct gate *
gate_of(struct plx_awaitable *a)
{
	return (struct gate *)a;
}

static inline int
gate_arm(struct plx_awaitable *a)
{
	struct gate *g = gate_of(a);

	g->arms++;
	if (g->opens_in_arm)
		plx_awaitable_ready(a);
	return g->arm_says;
}

static inline int
gate_disarm(struct plx_awaitable *a)
{
	struct gate *g = gate_of(a);

	g->disarms++;
	if (g->opens_in_disarm)
		plx_awaitable_ready(a);
	return g->disarm_says;
}

static inline int
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

/* Opens GATE once TURNS have passed, and says so twice: that does no harm. */
struct opener {
	struct gate *gate;
	int turns;
};

static inline int
open_gate(void *arg)
{
	const struct opener *o = arg;

	let_run(o->turns);
	plx_awaitable_ready(&o->gate->awaitable);
	plx_awaitable_ready(&o->gate->awaitable);
	return 0;
}

static inline int
await_gate(void *arg)
{
	struct gate *g = arg;

	return plx_await(&g->awaitable, PLX_NEVER);
}

/* A task that is parked before G. */
static inline plx_task *
park_at(struct gate *g)
{
	plx_task *t = NULL;

	cr_expect_eq(plx_spawn(NULL, await_gate, g, &t), 0);
	plx_checkpoint();
	return t;
}

#endif
