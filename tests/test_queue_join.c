/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_queue_join.c: saying that work is done, and waiting for all of it.
 */
#include <config.h>
#include "queue_common.h"

static int
join_it(void *arg)
{
	struct getter join[2] = {{.joins = 1}, {.joins = 1, .select = 1}};
	struct job jobs[2] = {{.number = 1}, {.number = 2}};
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	for (int last = 0; last < 2; last++) {
		plx_queue_put(&q, &jobs[0].node);
		plx_queue_put(&q, &jobs[1].node);
		begin(&join[0], &q);
		begin(&join[1], &q);
		take(&q);
		cr_expect_eq(plx_queue_done(&q), 0);
		cr_expect_eq(plx_queue_done(&q), -EINVAL, "none is got");
		if (last)
			take(&q);
		plx_checkpoint();
		cr_expect_eq(join[0].result, PENDING);
		cr_expect_eq(join[1].result, PENDING);
		cr_expect_eq(plx_queue_join(&q, 0), -ETIMEDOUT);
		cr_expect_eq(plx_queue_join(&q, in(PLX_SECOND)), -ETIMEDOUT);
		if (last)
			plx_queue_done(&q);
		else
			plx_queue_remove(&q, &jobs[1].node);
		plx_queue_put(&q, &jobs[0].node);
		cr_expect_eq(end_of(&join[0]), 0, "though there is a new one");
		cr_expect_eq(end_of(&join[1]), 0);
		plx_queue_remove(&q, &jobs[0].node);
	}
	return 0;
}
WITH_CLOCK(queue, a_join_waits_until_all_is_done_or_taken_back, join_it)

static int
join_handed_over(void *arg)
{
	struct getter get = {.select = 0}, join = {.joins = 1};
	struct job job = {.number = 1};
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	begin(&get, &q);
	plx_queue_put(&q, &job.node);
	begin(&join, &q);
	cr_expect_eq(end_of(&get), 1);
	cr_expect_eq(join.result, PENDING, "what was handed over is not done");
	plx_queue_close(&q);
	plx_checkpoint();
	cr_expect_eq(join.result, PENDING, "a close does not end it");
	plx_queue_done(&q);
	cr_expect_eq(end_of(&join), 0);
	return 0;
}
IN_A_TASK(queue, what_a_waiting_task_was_given_counts_until_done,
	  join_handed_over)

static int
cancel_join(void *arg)
{
	struct getter join = {.joins = 1};
	struct job job = {.number = 1};
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	plx_queue_put(&q, &job.node);
	begin(&join, &q);
	plx_cancel(join.task);
	cr_expect_eq(end_of(&join), -ECANCELED);
	plx_queue_remove(&q, &job.node);
	begin(&join, &q);
	cr_expect_eq(end_of(&join), 0);
	return 0;
}
IN_A_TASK(queue, a_join_can_be_cancelled, cancel_join)

static int
work(void *arg)
{
	struct plx_queue *q = arg;
	struct plx_queue_node *n;
	int r;

	while ((r = plx_queue_get(q, &n, PLX_NEVER)) > 0) {
		((struct job *)n)->number++;
		plx_checkpoint();
		plx_queue_done(q);
	}
	return r;
}

static int
share_work(void *arg)
{
	static struct job jobs[1000];
	unsigned long before;
	struct plx_queue q;
	plx_task *t[3];

	(void)arg;
	plx_queue_init(&q);
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, work, &q, &t[i]);
	plx_checkpoint();
	before = support_calls(&support_sys, SUPPORT_RESIZE | SUPPORT_MAP);
	for (int i = 0; i < 1000; i++)
		plx_queue_put(&q, &jobs[i].node);
	cr_expect_eq(plx_queue_join(&q, PLX_NEVER), 0);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_RESIZE | SUPPORT_MAP),
		     before, "something was allocated");
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(jobs[i].number, 1);
	plx_queue_close(&q);
	for (int i = 0; i < 3; i++)
		plx_join(t[i], NULL, PLX_NEVER);
	return 0;
}
IN_A_TASK(queue, workers_share_the_work_and_nothing_is_allocated, share_work)
