/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_queue.c: work queues: put, get, take back, close.
 */
#include <config.h>
#include "queue_common.h"

static int
find_nothing(void *arg)
{
	struct plx_queue_node *n = NULL;
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	cr_expect_eq(plx_queue_len(&q), 0);
	cr_expect_eq(plx_queue_get(&q, &n, 0), -ETIMEDOUT);
	cr_expect_eq(plx_queue_get(&q, &n, in(PLX_SECOND)), -ETIMEDOUT);
	cr_expect_eq(plx_queue_try_get(&q, &n), -ETIMEDOUT);
	cr_expect_null(n);
	cr_expect_eq(plx_queue_join(&q, 0), 0, "there is nothing to do");
	cr_expect_eq(plx_queue_done(&q), -EINVAL);
	return 0;
}
WITH_CLOCK(queue, a_new_one_is_empty_and_idle, find_nothing)

static int
get_in_order(void *arg)
{
	struct job jobs[4] = {{.number = 1}, {.number = 2}, {.number = 3}};
	struct plx_queue_node *n = NULL;
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			cr_expect_eq(plx_queue_put(&q, &jobs[i].node), 0);
		cr_expect_eq(plx_queue_put(&q, &jobs[1].node), -EBUSY);
		cr_expect_eq(plx_queue_len(&q), 3);
		cr_expect_eq(plx_queue_get(&q, &n, PLX_NEVER), 1);
		cr_expect_eq(n, &jobs[0].node);
		cr_expect_eq(take(&q), 2);
		cr_expect_eq(take(&q), 3);
		cr_expect_eq(take(&q), -ETIMEDOUT);
	}
	return 0;
}
IN_A_TASK(queue, nodes_come_out_in_order, get_in_order)

static int
take_back(void *arg)
{
	struct job jobs[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
	struct plx_queue q, other;

	(void)arg;
	plx_queue_init(&q);
	plx_queue_init(&other);
	cr_expect_eq(plx_queue_remove(&q, &jobs[0].node), -ENOENT);
	for (int i = 0; i < 3; i++) {
		plx_queue_put(&q, &jobs[0].node);
		plx_queue_put(&q, &jobs[1].node);
		plx_queue_put(&q, &jobs[2].node);
		cr_expect_eq(plx_queue_remove(&other, &jobs[i].node), -ENOENT);
		cr_expect_eq(plx_queue_remove(&q, &jobs[i].node), 0);
		cr_expect_eq(plx_queue_remove(&q, &jobs[i].node), -ENOENT);
		cr_expect_eq(plx_queue_len(&q), 2);
		cr_expect_eq(take(&q), i == 0 ? 2 : 1);
		cr_expect_eq(take(&q), i == 2 ? 2 : 3);
		cr_expect_eq(plx_queue_len(&q), 0);
	}
	return 0;
}
IN_A_TASK(queue, a_node_can_be_taken_back_from_anywhere, take_back)

static int
serve_in_order(void *arg)
{
	struct job jobs[5] = {{.number = 0}};
	struct getter g[5] = {{.q = NULL}};
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	for (int i = 0; i < 5; i++) {
		g[i].select = i % 2;
		begin(&g[i], &q);
	}
	plx_cancel(g[2].task);
	cr_expect_eq(end_of(&g[2]), -ECANCELED);
	for (int i = 0; i < 4; i++) {
		cr_expect_eq(plx_queue_put(&q, &jobs[i].node), 0);
		cr_expect_eq(take(&q), -ETIMEDOUT, "it is the other's");
		cr_expect_eq(plx_queue_remove(&q, &jobs[i].node), -ENOENT);
	}
	for (int i = 0, k = 0; i < 5; i++) {
		if (i == 2)
			continue;
		cr_expect_eq(end_of(&g[i]), 1);
		cr_expect_eq(g[i].node, &jobs[k++].node);
	}
	return 0;
}
IN_A_TASK(queue, those_who_wait_are_served_in_the_order_they_came,
	  serve_in_order)

static int
end_with_scope(void *arg)
{
	struct plx_queue_node *n = NULL;
	struct plx_scope s;
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	cr_expect_eq(plx_scope_enter(&s, in(PLX_SECOND)), 0);
	cr_expect_eq(plx_queue_get(&q, &n, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(queue, the_deadline_of_a_scope_ends_a_wait, end_with_scope)

static int
race_cancel(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++) {
		struct getter g = {.select = i % 2};
		struct job job = {.number = 1};
		struct plx_queue q;

		plx_queue_init(&q);
		begin(&g, &q);
		if (i < 2)
			plx_cancel(g.task);
		plx_queue_put(&q, &job.node);
		if (i >= 2)
			plx_cancel(g.task);
		cr_expect_eq(end_of(&g), 1, "%d: %d", i, g.result);
		cr_expect_eq(g.node, &job.node);
		cr_expect_eq(take(&q), -ETIMEDOUT);
	}
	return 0;
}
IN_A_TASK(queue, a_cancel_beside_a_put_loses_nothing, race_cancel)

static int
close_it(void *arg)
{
	struct getter g[2] = {{.select = 0}, {.select = 1}};
	struct job job = {.number = 1};
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	begin(&g[0], &q);
	begin(&g[1], &q);
	plx_queue_close(&q);
	plx_queue_close(&q);
	cr_expect_eq(end_of(&g[0]), 0);
	cr_expect_eq(end_of(&g[1]), 0);
	cr_expect_eq(plx_queue_put(&q, &job.node), -EPIPE);
	begin(&g[1], &q);
	cr_expect_eq(end_of(&g[1]), 0, "closed before");
	plx_queue_init(&q);
	plx_queue_put(&q, &job.node);
	plx_queue_close(&q);
	cr_expect_eq(take(&q), 1, "what was in it");
	cr_expect_eq(take(&q), 0);
	cr_expect_eq(plx_queue_get(&q, &g[0].node, PLX_NEVER), 0);
	return 0;
}
IN_A_TASK(queue, a_closed_one_can_be_emptied, close_it)

static struct job from_loop = {.number = 42};

static void
feed(void *arg)
{
	struct plx_queue *q = arg;
	struct plx_queue_node *n;

	cr_expect_null(plx_self());
	cr_expect_eq(plx_queue_put(q, &from_loop.node), 0);
	cr_expect_eq(plx_queue_get(q, &n, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_queue_join(q, PLX_NEVER), -EPERM);
}

static int
get_from_loop(void *arg)
{
	struct plx_queue_node *n = NULL;
	struct plx_call call = {0};
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	plx_loop_call_soon(plx_self_loop(), &call, feed, &q);
	cr_expect_eq(plx_queue_get(&q, &n, PLX_NEVER), 1);
	cr_expect_eq(n, &from_loop.node);
	plx_queue_put(&q, n);
	plx_cancel(plx_self());
	cr_expect_eq(plx_queue_get(&q, &n, PLX_NEVER), -ECANCELED);
	cr_expect_eq(take(&q), 42, "to try is for clean-up, too");
	return 0;
}
IN_A_TASK(queue, a_callback_of_the_loop_may_put, get_from_loop)

static int
misuse(void *arg)
{
	struct plx_queue_awaitable w;
	struct plx_queue_node *n;
	struct plx_queue q;

	(void)arg;
	plx_queue_init(NULL);
	plx_queue_init(&q);
	cr_expect_eq(plx_queue_put(NULL, NULL), -EINVAL);
	cr_expect_eq(plx_queue_put(&q, NULL), -EINVAL);
	cr_expect_eq(plx_queue_get(NULL, &n, 0), -EINVAL);
	cr_expect_eq(plx_queue_get(&q, NULL, 0), -EINVAL);
	cr_expect_eq(plx_queue_try_get(&q, NULL), -EINVAL);
	cr_expect_eq(plx_queue_remove(&q, NULL), -EINVAL);
	cr_expect_eq(plx_queue_done(NULL), -EINVAL);
	cr_expect_eq(plx_queue_join(NULL, 0), -EINVAL);
	cr_expect_eq(plx_await(plx_queue_get_awaitable(&w, &q, NULL), 0),
		     -EINVAL);
	cr_expect_eq(plx_await(plx_queue_join_awaitable(&w, NULL), 0), -EINVAL);
	plx_queue_close(NULL);
	cr_expect_eq(plx_queue_len(NULL), 0);
	return 0;
}
IN_A_TASK(queue, misuse_is_refused, misuse)

static int
count_turns(void *arg)
{
	int *turns = arg;

	while (plx_checkpoint() == 0)
		++*turns;
	return 0;
}

/* A getter for which there is always something. */
static int
starve_others(void *arg)
{
	struct plx_queue_node *n;
	struct plx_queue q;
	plx_task *t;
	int turns = 0;

	(void)arg;
	plx_queue_init(&q);
	plx_spawn(NULL, count_turns, &turns, &t);
	for (int i = 0; i < 10000; i++) {
		plx_queue_put(&q, &from_loop.node);
		cr_expect_eq(plx_queue_get(&q, &n, PLX_NEVER), 1);
	}
	cr_expect_geq(turns, 50, "others ran %d times", turns);
	cr_expect_eq(stop_task(t), 0);
	return 0;
}
IN_A_TASK(queue, a_getter_that_never_waits_gives_way_now_and_then,
	  starve_others)
