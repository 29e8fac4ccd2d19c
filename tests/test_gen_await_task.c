/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_await_task.c: bodies that wait, in a task, after one and in
 * callbacks of the loop.
 */
#include <config.h>
#include "gen_flag.h"

static int
wait_for_time(void *arg)
{
	struct plx_timer_awaitable t;

	return plx_await(plx_timer_awaitable(&t, in(*(int64_t *)arg)),
			 PLX_NEVER);
}

static int
park(void *arg)
{
	int64_t second = PLX_SECOND, start = in(0);
	plx_gen *g = gen_of(wait_for_time, &second);

	(void)arg;
	cr_expect_eq(next_of(g), 0, "the caller is not told");
	cr_expect_eq(in(0), start + PLX_SECOND);
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_await, in_a_task_it_parks, park)

static int
resume_in_task(void *arg)
{
	cr_expect_eq(next_of(arg), 0);
	return 0;
}

Test(gen_await, begun_outside_a_task_it_may_go_on_in_one)
{
	const struct plx_run_options o = {.sys = &support_sys.sys};

	begin(wait_once);
	expect_next_told(scene.gen);
	scene.flag.value = 5;
	cr_expect_eq(plx_run(&o, resume_in_task, scene.gen), 0);
	cr_expect_eq(scene.got, 5);
	end();
}

struct told {
	plx_gen *gen;
	int r;
	void *value;
};

static void
resume_in_callback(void *arg)
{
	struct told *t = arg;

	t->r = plx_gen_next(t->gen, &t->value);
}

static int
resume_by_loop(void *arg)
{
	struct plx_call call = {0};
	struct told *t = arg;

	cr_expect_eq(plx_loop_call_soon(plx_self_loop(), &call,
					resume_in_callback, t),
		     0);
	return plx_sleep(PLX_MILLISECOND);
}

Test(gen_await, a_callback_of_the_loop_is_told_too)
{
	const struct plx_run_options o = {.sys = &support_sys.sys};
	struct told t = {.r = 0};

	begin(wait_once);
	t.gen = scene.gen;
	cr_expect_eq(plx_run(&o, resume_by_loop, &t), 0);
	expect_told(t.r, t.value);
	end();
}

/* A task waits for the flag, and a callback's generator wants it too. */
static int
wait_in_both(void *arg)
{
	struct plx_call call = {0};
	struct told *t = arg;

	plx_loop_call_soon(plx_self_loop(), &call, resume_in_callback, t);
	cr_expect_eq(plx_await(&scene.flag.awaitable, in(PLX_MILLISECOND)),
		     -ETIMEDOUT);
	return 0;
}

static int
arm_nothing(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

Test(gen_await, what_a_task_waits_for_is_refused)
{
	const struct plx_awaitable_ops silent = {
		.arm = arm_nothing,
		.disarm = arm_nothing,
		.result = flag_result,
	};
	const struct plx_run_options o = {.sys = &support_sys.sys};
	struct told t = {.r = 0};

	begin(wait_once);
	scene.flag.awaitable.ops = &silent;
	t.gen = scene.gen;
	cr_expect_eq(plx_run(&o, wait_in_both, &t), 0);
	cr_expect_eq(t.r, -EBUSY);
	cr_expect_eq(scene.got, -EBUSY);
	end();
}
