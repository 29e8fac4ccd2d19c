/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slices.c: a task that runs for too long in one go is reported.
 */
#include <config.h>
#include "task_common.h"

struct slices {
	int count;
	struct plx_report last;
};

static void
take_report(const struct plx_report *r, void *arg)
{
	struct slices *s = arg;

	s->last = *r;
	s->count++;
}

static int
compute(void *arg)
{
	support_sys.now += *(int64_t *)arg;
	return 0;
}

static int
spawn_slow(void *arg)
{
	struct slices *s = arg;
	int64_t quick = PLX_MILLISECOND, slow = PLX_MILLISECOND + 1;
	struct plx_stats stats;
	plx_task *t;

	plx_spawn_named(NULL, "quick", "here.c", 1, compute, &quick, &t);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(s->count, 0, "just within the limit");
	plx_spawn_named(NULL, "slow", "here.c", 2, compute, &slow, NULL);
	plx_checkpoint();
	cr_expect_eq(s->count, 1);
	cr_expect_str_eq(s->last.task, "slow");
	cr_expect_eq(s->last.line, 2);
	cr_expect_eq(s->last.duration, slow);
	cr_expect_eq(s->last.kind, PLX_REPORT_SLOW_SLICE);
	plx_stats(plx_self_loop(), &stats);
	cr_expect_eq(stats.slow_slices, 1);
	cr_expect_eq(plx_sleep(PLX_SECOND), 0, "to wait is not to run");
	return 0;
}

static int
run_with_limit(int64_t limit, struct slices *s)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.report = take_report,
		.report_arg = s,
		.slow_slice = limit,
	};
	int r;

	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	r = plx_run(&options, spawn_slow, s);
	support_end(mark, NULL);
	return r;
}

Test(slices, a_slow_one_is_reported_with_the_place_of_the_spawn)
{
	struct slices s = {.count = 0};

	cr_assert_eq(run_with_limit(PLX_MILLISECOND, &s), 0);
	cr_assert_eq(s.count, 1);
}
