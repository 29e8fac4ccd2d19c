/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_blocking.c: jobs as tasks see them: results, deadlines, cancels.
 */
#include <config.h>
#include "blocking_common.h"

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
