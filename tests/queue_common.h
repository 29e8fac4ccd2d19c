/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_common.h: a task that gets one node, or joins, and tells what came of
 * it.
 */
#ifndef PLX_QUEUE_COMMON_H
#define PLX_QUEUE_COMMON_H

#include <pollux/queue.h>
#include "task_common.h"

enum {
	PENDING = -999
};

struct job {
	struct plx_queue_node node; /* first */
	int number;
};

/* A task that gets one node, or joins. */
struct getter {
	struct plx_queue *q;
	int select; /* by plx_await_any, beside a queue that stays silent */
	int joins;
	int64_t deadline;
	struct plx_queue_node *node;
	int result; /* PENDING until it has one */
	plx_task *task;
};

static inline int
select_one(struct getter *g)
{
	struct plx_queue_awaitable w[2];
	struct plx_queue_node *nothing;
	struct plx_queue silent;
	struct plx_awaitable *list[2] = {
		plx_queue_get_awaitable(&w[0], &silent, &nothing),
		g->joins ? plx_queue_join_awaitable(&w[1], g->q)
			 : plx_queue_get_awaitable(&w[1], g->q, &g->node),
	};
	int r;

	plx_queue_init(&silent);
	r = plx_await_any(list, 2, g->deadline);
	return r < 0 ? r : plx_awaitable_result(list[r]);
}

static inline int
run_getter(void *arg)
{
	struct getter *g = arg;

	if (g->select)
		g->result = select_one(g);
	else if (g->joins)
		g->result = plx_queue_join(g->q, g->deadline);
	else
		g->result = plx_queue_get(g->q, &g->node, g->deadline);
	return 0;
}

static inline void
begin(struct getter *g, struct plx_queue *q)
{
	g->q = q;
	g->node = NULL;
	g->result = PENDING;
	if (g->deadline == 0)
		g->deadline = PLX_NEVER;
	cr_expect_eq(plx_spawn(NULL, run_getter, g, &g->task), 0);
	plx_checkpoint();
}

static inline int
end_of(struct getter *g)
{
	cr_expect_eq(plx_join(g->task, NULL, PLX_NEVER), 0);
	return g->result;
}

/* The number of the job that is got without waiting; or what try_get says. */
static inline int
take(struct plx_queue *q)
{
	struct plx_queue_node *n = NULL;
	int r = plx_queue_try_get(q, &n);

	return r == 1 ? ((struct job *)n)->number : r;
}

#endif
