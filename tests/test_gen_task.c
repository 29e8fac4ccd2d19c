/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_task.c: generators and tasks: bodies that wait, runs that end.
 */
#include <config.h>
#include "gen_common.h"

static int
use_in_task(void *arg)
{
	struct script s = {.yields = 2, .result = 7};
	plx_gen *g = gen_of(follow, &s);

	(void)arg;
	cr_expect_eq(plx_yield(NULL, NULL), -EPERM, "a task is no generator");
	cr_expect_eq(next_of(g), 1);
	cr_expect_eq(next_of(g), 2);
	cr_expect_eq(next_of(g), 0);
	cr_expect_eq(result_of(g), 7);
	plx_gen_free(&g);
	return 0;
}
IN_A_TASK(gen_task, it_works_in_a_task, use_in_task)

static int
make_many(void *arg)
{
	const unsigned memory = SUPPORT_RESIZE | SUPPORT_MAP;
	struct script s = {.yields = 1};
	plx_gen *g = gen_of(follow, &s);
	unsigned long before;

	(void)arg;
	plx_gen_free(&g);
	before = support_calls(&support_sys, memory);
	for (int i = 0; i < 100; i++) {
		g = gen_of(follow, &s);
		cr_expect_eq(next_of(g), 1);
		plx_gen_free(&g);
	}
	cr_expect_eq(support_calls(&support_sys, memory), before);
	return 0;
}
IN_A_TASK(gen_task, one_made_in_a_task_takes_a_stack_of_the_run, make_many)

static int
sleep_and_yield(void *arg)
{
	int r;

	for (intptr_t i = 1; i <= 3; i++) {
		r = plx_sleep(*(const int64_t *)arg);
		if (r == 0)
			r = plx_yield(number(i), NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static const int64_t second = PLX_SECOND;

static int
use_a_sleeper(void *arg)
{
	plx_gen *g = arg ? arg : gen_of(sleep_and_yield, (void *)&second);
	int64_t start = in(0);

	for (intptr_t i = 1; i <= 3; i++) {
		cr_expect_eq(next_of(g), i);
		cr_expect_geq(in(0), start + i * PLX_SECOND);
	}
	cr_expect_eq(next_of(g), 0);
	if (!arg)
		plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_task, a_body_that_waits_parks_its_task, use_a_sleeper)

static int
use_sleepers_beside_each_other(void *arg)
{
	int64_t start = in(0);
	plx_task *t[20];

	(void)arg;
	for (int i = 0; i < 20; i++)
		plx_spawn(NULL, use_a_sleeper, NULL, &t[i]);
	for (int i = 0; i < 20; i++)
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
	cr_expect_lt(in(0), start + 4 * PLX_SECOND);
	return 0;
}
WITH_CLOCK(gen_task, each_task_has_its_own_running_generator,
	   use_sleepers_beside_each_other)

static int
check_in_place(void *arg)
{
	int r;

	for (intptr_t i = 0; i < 50; i++) {
		cr_expect_eq(plx_checkpoint(), 0);
		r = plx_yield((char *)arg + i, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
use_checkpoints(void *arg)
{
	char here[64];
	plx_gen *g = gen_of(check_in_place, here);
	void *value = NULL;

	(void)arg;
	for (intptr_t i = 0; i < 50; i++) {
		cr_expect_eq(plx_gen_next(g, &value), 1);
		cr_expect_eq(value, (void *)(here + i));
		plx_checkpoint();
	}
	plx_gen_free(&g);
	return 0;
}

static int
use_many_checkpoints(void *arg)
{
	plx_task *t[10];

	(void)arg;
	for (int i = 0; i < 10; i++)
		plx_spawn(NULL, use_checkpoints, NULL, &t[i]);
	for (int i = 0; i < 10; i++)
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
	return 0;
}
IN_A_TASK(gen_task, switches_of_tasks_do_not_mix_up_generators,
	  use_many_checkpoints)

static int
expect_busy(void *arg)
{
	plx_gen *g = arg;

	cr_expect_eq(next_of(g), -EBUSY);
	cr_expect_eq(plx_gen_close(g), -EBUSY);
	plx_gen_free(&g);
	cr_expect_eq(g, arg);
	return 0;
}

static int
use_one_in_two_tasks(void *arg)
{
	plx_gen *g = gen_of(sleep_and_yield, (void *)&second);
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, expect_busy, g, &t);
	cr_expect_eq(next_of(g), 1);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_task, one_that_waits_is_busy_for_other_tasks,
	   use_one_in_two_tasks)

static int
take_next(void *arg)
{
	return (int)next_of(arg);
}

static int
hand_round(void *arg)
{
	plx_gen *g = gen_of(sleep_and_yield, (void *)&second);
	plx_task *t;
	int n = 0;

	(void)arg;
	for (int i = 1; i <= 3; i++) {
		plx_spawn(NULL, take_next, g, &t);
		cr_expect_eq(plx_join(t, &n, PLX_NEVER), 0);
		cr_expect_eq(n, i);
	}
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_task, another_task_may_resume_it_each_time, hand_round)

static int
cancel_a_sleeper(void *arg)
{
	int64_t day = 86400 * PLX_SECOND;
	plx_gen *g = gen_of(sleep_and_yield, &day);
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, take_next, g, &t);
	let_run(2);
	cr_expect_eq(next_of(g), -EBUSY);
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(next_of(g), 0);
	cr_expect_eq(result_of(g), -ECANCELED);
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_task, a_cancel_ends_the_wait_of_a_body, cancel_a_sleeper)

static plx_gen *left;

static int
leave_one_behind(void *arg)
{
	struct script *s = arg;

	left = gen_of(follow, s);
	return (int)next_of(left) - 1;
}

Test(gen_task, what_is_left_at_the_end_of_the_run_is_closed)
{
	struct script s = {.yields = 3};

	cr_assert_eq(run_on(NULL, leave_one_behind, &s), 0);
	cr_assert_eq(s.caught, -ECANCELED);
	cr_assert_eq(s.cleaned, 1);
}

Test(gen_task, what_is_left_and_ignores_the_close_is_abandoned)
{
	struct script s = {.yields = 1000, .stubborn = 1000};

	cr_assert_eq(run_on(NULL, leave_one_behind, &s), 0);
	cr_assert_eq(s.errors, 1);
}

Test(gen_task, one_made_outside_lives_through_a_run)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 3};
	plx_gen *g = gen_of(follow, &s);

	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(plx_run(NULL, take_next, g), 2);
	cr_assert_eq(next_of(g), 3);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

static int
yield_in_task(void *arg)
{
	(void)arg;
	return plx_yield(number(1), NULL) == -EPERM ? 17 : 0;
}

static int
run_and_yield(void *arg)
{
	int r = plx_run(NULL, yield_in_task, NULL);

	cr_expect_eq(r, 17);
	r = plx_yield(number(r), NULL);
	if (r < 0)
		return r;
	return plx_run(NULL, use_in_task, arg);
}

Test(gen_task, a_run_inside_a_generator_is_apart_from_it)
{
	struct support_mark mark = support_begin(NULL);
	plx_gen *g = gen_of(run_and_yield, NULL);

	cr_assert_eq(next_of(g), 17);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(result_of(g), 0);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

static int from_callback;

static void
yield_and_resume(void *arg)
{
	cr_expect_eq(plx_yield(NULL, NULL), -EPERM);
	from_callback = (int)next_of(arg);
}

static int
resume_in_callback(void *arg)
{
	plx_gen *g = gen_of(yield_endlessly, number(6));
	struct plx_call call = {0};

	plx_loop_call_soon(plx_self_loop(), &call, yield_and_resume, g);
	let_run(3);
	cr_expect_eq(from_callback, 6);
	plx_gen_free(&g);
	(void)arg;
	return 0;
}
IN_A_TASK(gen_task, a_callback_of_the_loop_may_resume_one, resume_in_callback)

static int
run_with_callback(void *arg)
{
	(void)arg;
	return plx_run(NULL, resume_in_callback, NULL);
}

Test(gen_task, a_callback_is_apart_from_the_generator_around_its_run)
{
	struct support_mark mark = support_begin(NULL);
	plx_gen *g = gen_of(run_with_callback, NULL);

	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(from_callback, 6);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

static char dumped[4096];

static void
dump(void)
{
	FILE *f = fmemopen(dumped, sizeof(dumped), "w");

	cr_expect_geq(plx_dump(plx_self_loop(), f), 1);
	fclose(f);
}

/* The stack in use, in tenths of a KiB, that the dump tells of TASK; 0: none.
 */
static unsigned
dumped_stack(const char *task)
{
	const char *line = strstr(dumped, task), *slash;
	unsigned whole = 0, tenths = 0;

	cr_expect_not_null(line, "%s", dumped);
	slash = line ? strstr(line, "/64K") : NULL;
	while (slash && slash[-1] != ' ')
		slash--;
	if (slash)
		sscanf(slash, "%u.%u", &whole, &tenths);
	return 10 * whole + tenths;
}

static int
dump_and_yield(void *arg)
{
	dump();
	return plx_yield(arg, NULL);
}

static int
dump_inside(void *arg)
{
	plx_gen *g = gen_of(dump_and_yield, NULL);

	(void)arg;
	cr_expect_eq(plx_gen_next(g, NULL), 1);
	cr_expect_gt(dumped_stack("main "), 0);
	cr_expect_lt(dumped_stack("main "), 640);
	plx_gen_free(&g);
	return 0;
}
IN_A_TASK(gen_task, a_dump_tells_of_the_stack_that_runs, dump_inside)

static int
dump_beside(void *arg)
{
	plx_gen *g = gen_of(sleep_and_yield, (void *)&second);
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, take_next, g, &t);
	let_run(2);
	dump();
	cr_expect_gt(dumped_stack("take_next "), 0);
	cr_expect_lt(dumped_stack("take_next "), 640);
	cr_expect_eq(stop_task(t), -ECANCELED);
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_task, a_dump_tells_of_the_stack_that_waits, dump_beside)
