/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_job_any.c: jobs beside other things in one wait, and told to stop.
 */
#include <config.h>
#include <sched.h>
#include "blocking_common.h"
#include "list.h"

/* Anything else that can be waited for. */
static int
arm_other(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

static int
disarm_other(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

static int
other_result(struct plx_awaitable *a)
{
	(void)a;
	return 5;
}

static const struct plx_awaitable_ops other_ops = {
	.kind = "other",
	.arm = arm_other,
	.disarm = disarm_other,
	.result = other_result,
};

static int
visit(void *arg)
{
	++*(int *)arg;
	return 1;
}

/* Ready at once, after a while in which the other threads may run. */
static int
arm_slowly(struct plx_awaitable *a)
{
	(void)a;
	for (int i = 0; i < 1000; i++)
		sched_yield();
	return 1;
}

static int
choose_ready(void *arg)
{
	struct plx_awaitable_ops ops = other_ops;
	struct plx_awaitable other = {.ops = &ops};
	int visits = 0;
	struct plx_job_awaitable j;
	struct plx_awaitable *list[2] = {plx_job_awaitable(&j, visit, &visits),
					 &other};

	(void)arg;
	ops.arm = arm_slowly;
	cr_expect_eq(plx_blocking(visit, &visits, PLX_NEVER), 1,
		     "a thread is idle");
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(plx_awaitable_result(list[0]), -ECANCELED);
	cr_expect_eq(visits, 1);
	return 0;
}
IN_A_TASK(blocking, nothing_runs_when_another_is_ready_at_once, choose_ready)

struct choice {
	struct plx_awaitable other;
	struct plx_job_awaitable job;
	struct held held;
	int interrupts;
	int winner;
};

static int
choose(void *arg)
{
	struct choice *c = arg;
	struct plx_awaitable *list[2] = {&c->job.awaitable, &c->other};

	c->winner = plx_await_any(list, 2, PLX_NEVER);
	return tell(plx_awaitable_result(&c->job.awaitable));
}

static void
choice_init(struct choice *c)
{
	const struct held h = HELD;

	memset(c, 0, sizeof(*c));
	c->held = h;
	c->other.ops = &other_ops;
	plx_job_awaitable(&c->job, hold, &c->held);
}

static int
lose_running(void *arg)
{
	struct choice c;
	plx_task *t;
	int result = 0;

	(void)arg;
	choice_init(&c);
	plx_spawn(NULL, choose, &c, &t);
	let_run(2);
	latch_await(&c.held.begun, 1);
	cr_expect_eq(plx_awaitable_ready(&c.other), 1);
	let_run(5);
	cr_expect_eq(plx_join(t, NULL, 0), -ETIMEDOUT, "until it is done");
	open_held(&c.held);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(c.winner, 1);
	cr_expect_eq(result, 7, "what it did is told");
	return 0;
}
IN_A_TASK(blocking, a_running_job_keeps_the_task_that_another_woke,
	  lose_running)

static int
lose_queued(void *arg)
{
	struct held first = HELD;
	struct choice c;
	plx_task *a, *b;
	int result = 0;

	(void)arg;
	choice_init(&c);
	plx_spawn(NULL, await_held, &first, &a);
	plx_spawn(NULL, choose, &c, &b);
	let_run(2);
	latch_await(&first.begun, 1);
	plx_awaitable_ready(&c.other);
	plx_join(b, &result, PLX_NEVER);
	cr_expect_eq(c.winner, 1);
	cr_expect_eq(result, FAILED(ECANCELED));
	open_held(&first);
	plx_join(a, NULL, PLX_NEVER);
	cr_expect_eq(latch_count(&c.held.begun), 0);
	return 0;
}
ON_THREADS(blocking, a_queued_job_is_taken_back_when_another_was_first, 1,
	   lose_queued)

static int
win(void *arg)
{
	struct choice c;

	(void)arg;
	choice_init(&c);
	for (int i = 0; i < 3; i++) {
		open_held(&c.held);
		cr_expect_eq(choose(&c), 7);
		cr_expect_eq(c.winner, 0);
	}
	return 0;
}
IN_A_TASK(blocking, a_job_can_be_the_first_of_several_and_run_again, win)

/* Both are done before the loop looks. */
static int
end_together(void *arg)
{
	struct held h[2] = {HELD, HELD};
	struct plx_job_awaitable j[2];
	struct plx_awaitable *list[2] = {
		plx_job_awaitable(&j[0], hold, &h[0]),
		plx_job_awaitable(&j[1], hold, &h[1]),
	};

	(void)arg;
	for (int i = 0; i < 50; i++) {
		h[0].go.count = h[1].go.count = 1;
		int r = plx_await_any(list, 2, PLX_NEVER);

		cr_expect(r == 0 || r == 1);
		cr_expect_eq(plx_awaitable_result(list[r]), 7);
		r = plx_awaitable_result(list[!r]);
		cr_expect(r == 7 || r == -ECANCELED);
	}
	return 0;
}
IN_A_TASK(blocking, of_two_jobs_one_wins_and_both_are_accounted_for,
	  end_together)

static void
interrupt(void *arg)
{
	struct choice *c = PLX_OF(arg, struct choice, held);

	c->interrupts++;
	c->held.result = -EINTR;
	open_held(&c->held);
}

static int
interrupt_running(void *arg)
{
	struct choice c;
	plx_task *t;

	(void)arg;
	choice_init(&c);
	c.job.interrupt = interrupt;
	plx_spawn(NULL, choose, &c, &t);
	let_run(2);
	latch_await(&c.held.begun, 1);
	cr_expect_eq(stop_task(t), FAILED(EINTR), "the job ends, and says how");
	cr_expect_eq(c.winner, 0);
	cr_expect_eq(c.interrupts, 1);
	choice_init(&c);
	c.job.interrupt = interrupt;
	open_held(&c.held);
	cr_expect_eq(choose(&c), 7);
	cr_expect_eq(c.interrupts, 0, "nobody was in a hurry");
	return 0;
}
IN_A_TASK(blocking, a_job_can_be_told_to_stop, interrupt_running)
