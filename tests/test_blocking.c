/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_blocking.c: jobs as tasks see them: results, deadlines, cancels, and
 * jobs beside other things in one wait.
 */
#include <config.h>
#include "blocking_common.h"
#include "list.h"

struct visit {
	pthread_t thread;
	plx_task *self;
	int result;
	int runs;
};

static int
visit(void *arg)
{
	struct visit *v = arg;

	v->thread = pthread_self();
	v->self = plx_self();
	v->runs++;
	return v->result;
}

static int
pass_result(void *arg)
{
	struct visit v = {.self = plx_self(), .result = 42};

	(void)arg;
	cr_expect_eq(plx_blocking(visit, &v, PLX_NEVER), 42);
	cr_expect(!pthread_equal(v.thread, pthread_self()));
	cr_expect_null(v.self, "a thread is no task");
	v.result = -EXDEV;
	cr_expect_eq(plx_blocking(visit, &v, PLX_NEVER), -EXDEV);
	cr_expect_eq(v.runs, 2);
	return 0;
}
ON_BACKENDS(blocking, the_result_is_what_the_function_returned, pass_result)

static int
refuse(void *arg)
{
	struct visit v = {.result = 1};
	struct plx_scope s;

	(void)arg;
	cr_expect_eq(plx_blocking(NULL, &v, PLX_NEVER), -EINVAL);
	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_blocking(visit, &v, PLX_NEVER), -ECANCELED);
	plx_scope_leave(&s, 0);
	cr_expect_eq(v.runs, 0);
	return 0;
}
IN_A_TASK(blocking, a_cancelled_task_and_no_function_are_refused, refuse)

Test(blocking, outside_a_task_it_is_refused)
{
	struct visit v = {.result = 1};
	struct plx_job_awaitable j;

	cr_expect_eq(plx_blocking(visit, &v, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_await(plx_job_awaitable(&j, visit, &v), PLX_NEVER),
		     -EPERM);
	cr_expect_eq(plx_awaitable_result(&j.awaitable), -ECANCELED);
	cr_expect_eq(v.runs, 0);
}

static int
work_beside(void *arg)
{
	struct held h = HELD;
	plx_task *t;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, await_held, &h, &t);
	cr_expect_eq(plx_sleep(PLX_MILLISECOND), 0, "the loop goes on");
	let_run(2);
	latch_await(&h.begun, 1);
	cr_expect_eq(plx_join(t, &result, 0), -ETIMEDOUT);
	open_held(&h);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 7);
	return 0;
}
ON_BACKENDS(blocking, other_tasks_run_while_a_job_does, work_beside)

static int
do_not_wait(void *arg)
{
	struct visit v = {.result = 1};

	(void)arg;
	for (int i = 0; i < 300; i++)
		cr_expect_eq(plx_blocking(visit, &v, 0), -ETIMEDOUT);
	let_run(3);
	cr_expect_eq(v.runs, 0);
	cr_expect_eq(plx_blocking(visit, &v, PLX_NEVER), 1);
	cr_expect_eq(v.runs, 1);
	return 0;
}
IN_A_TASK(blocking, with_deadline_zero_nothing_runs, do_not_wait)

static int
cancel_queued(void *arg)
{
	struct held first = HELD, second = HELD;
	plx_task *a, *b;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, await_held, &first, &a);
	plx_spawn(NULL, await_held, &second, &b);
	let_run(2);
	latch_await(&first.begun, 1);
	cr_expect_eq(stop_task(b), FAILED(ECANCELED));
	open_held(&first);
	plx_join(a, &result, PLX_NEVER);
	cr_expect_eq(result, 7);
	cr_expect_eq(latch_count(&second.begun), 0, "it never runs");
	return 0;
}
ON_THREADS(blocking, a_job_that_has_not_begun_is_taken_back, 1, cancel_queued)

static int
cancel_begun(void *arg)
{
	struct held h = HELD;
	plx_task *t;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, await_held, &h, &t);
	let_run(2);
	latch_await(&h.begun, 1);
	plx_cancel(t);
	let_run(5);
	cr_expect_eq(plx_join(t, NULL, 0), -ETIMEDOUT, "it stays");
	open_held(&h);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 7, "and keeps its result");
	return 0;
}
IN_A_TASK(blocking, a_job_that_has_begun_outlasts_a_cancel, cancel_begun)

static int
await_until(void *arg)
{
	return tell(plx_blocking(hold, arg, in(PLX_SECOND)));
}

static int
miss_deadlines(void *arg)
{
	struct held first = HELD, second = HELD;
	int64_t end = in(PLX_SECOND);
	plx_task *a, *b;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, await_until, &first, &a);
	plx_spawn(NULL, await_until, &second, &b);
	let_run(2);
	latch_await(&first.begun, 1);
	plx_join(b, &result, PLX_NEVER);
	cr_expect_eq(result, FAILED(ETIMEDOUT), "it had not begun");
	cr_expect_eq(in(0), end, "not early, not late");
	cr_expect_eq(plx_join(a, NULL, 0), -ETIMEDOUT);
	open_held(&first);
	plx_join(a, &result, PLX_NEVER);
	cr_expect_eq(result, 7, "it had");
	cr_expect_eq(latch_count(&second.begun), 0);
	return 0;
}

Test(blocking, a_deadline_takes_back_what_has_not_begun)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.max_threads = 1,
	};

	support_sys.fake_clock = 1;
	cr_expect_eq(plx_run(&options, miss_deadlines, NULL), 0);
	support_end(mark, NULL);
}

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
