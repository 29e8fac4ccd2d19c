/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_misuse.c: scopes and nurseries left wrongly are reported with the place
 * of the spawn, and what was opened last still ends first.
 */
#include <config.h>
#include "task_common.h"

struct reports {
	struct plx_report last;
	int count;
};

static void
take_report(const struct plx_report *r, void *arg)
{
	struct reports *reports = arg;

	reports->last = *r;
	reports->count++;
}

/* Runs FN as the first task; what was reported is in the answer. */
static struct reports
run_reported(plx_task_fn *fn, int expected)
{
	struct support_mark mark = support_begin(NULL);
	struct reports reports = {.count = 0};
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.report = take_report,
		.report_arg = &reports,
	};

	cr_expect_eq(plx_run(&options, fn, &reports), expected);
	support_end(mark, NULL);
	return reports;
}

/* The result of FN as a task of its own, which is spawned in line LINE. */
static int
result_of_task(plx_task_fn *fn, int line)
{
	struct plx_nursery_options o = {.policy = PLX_COLLECT};
	plx_nursery *n = NULL;

	plx_nursery_open(&o, &n);
	plx_spawn_named(n, "culprit", "here.c", line, fn, NULL, NULL);
	return plx_nursery_close(&n, 0);
}

static int
leave_crosswise(void *arg)
{
	struct reports *reports = arg;
	struct plx_scope a, b;

	plx_scope_enter(&a, PLX_NEVER);
	plx_scope_enter(&b, PLX_NEVER);
	plx_scope_cancel(&b);
	cr_expect_eq(plx_scope_leave(&a, 0), -EPROTO);
	cr_expect_eq(reports->count, 1);
	cr_expect_eq(reports->last.kind, PLX_REPORT_SCOPE_ORDER);
	cr_expect_eq(plx_checkpoint(), 0, "both are closed");
	cr_expect_eq(plx_scope_leave(&b, 0), -EINVAL);
	cr_expect_eq(reports->last.kind, PLX_REPORT_SCOPE_CLOSED);
	cr_expect_eq(plx_scope_leave(NULL, 0), -EINVAL);
	return 0;
}

Test(misuse, an_outer_scope_closes_what_is_open_in_it)
{
	cr_assert_eq(run_reported(leave_crosswise, 0).count, 2);
}

/* Never read after its function has returned: that is the mistake. */
static void
leak_scope(void)
{
	struct plx_scope s;

	plx_scope_enter(&s, PLX_NEVER);
}

static void
scribble(void)
{
	volatile char frame[512];

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (char)0xa5;
}

static int
leak_and_leave(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	leak_scope();
	scribble();
	return plx_scope_leave(&s, 0) == -EPROTO ? plx_checkpoint() : -EIO;
}

Test(misuse, a_scope_whose_function_has_returned_is_closed)
{
	cr_assert_eq(run_reported(leak_and_leave, 0).count, 1);
}

/* Stands for a frame that is gone and has been used again. */
static struct plx_scope gone;

static int
wait_in_nothing(void *arg)
{
	(void)arg;
	plx_scope_enter(&gone, PLX_NEVER);
	memset(&gone, 0xa5, sizeof(gone));
	return plx_sleep_until(PLX_NEVER);
}

static int
cancel_in_nothing(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, wait_in_nothing, NULL, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}

Test(misuse, a_cancel_reaches_a_task_whose_scopes_are_gone)
{
	cr_assert_eq(run_reported(cancel_in_nothing, 0).count, 1);
}

static int
return_with_scope(void *arg)
{
	(void)arg;
	leak_scope();
	return 5;
}

static int
spawn_return_with_scope(void *arg)
{
	struct reports *reports = arg;

	cr_expect_eq(result_of_task(return_with_scope, 77), -EPROTO);
	cr_expect_eq(reports->last.kind, PLX_REPORT_SCOPE_OPEN);
	cr_expect_str_eq(reports->last.task, "culprit");
	cr_expect_str_eq(reports->last.file, "here.c");
	cr_expect_eq(reports->last.line, 77);
	cr_expect_not_null(reports->last.text);
	return plx_checkpoint();
}

Test(misuse, returning_with_a_scope_open_is_an_error)
{
	cr_assert_eq(run_reported(spawn_return_with_scope, 0).count, 1);
}

static int ended;

static int
sleep_then_note(void *arg)
{
	int r;

	(void)arg;
	r = plx_sleep_until(PLX_NEVER);
	ended++;
	return r;
}

static int
return_with_nursery(void *arg)
{
	plx_nursery *n = NULL;

	(void)arg;
	plx_nursery_open(NULL, &n);
	for (int i = 0; i < 3; i++)
		plx_spawn(n, sleep_then_note, NULL, NULL);
	plx_checkpoint();
	return 5;
}

static int
spawn_return_with_nursery(void *arg)
{
	struct reports *reports = arg;

	cr_expect_eq(result_of_task(return_with_nursery, 78), -EPROTO);
	cr_expect_eq(ended, 3, "its tasks have ended before it");
	cr_expect_eq(reports->last.kind, PLX_REPORT_NURSERY_OPEN);
	cr_expect_eq(reports->last.line, 78);
	return 0;
}

Test(misuse, returning_with_a_nursery_open_ends_its_tasks)
{
	cr_assert_eq(run_reported(spawn_return_with_nursery, 0).count, 1);
}

static int
leave_around_nursery(void *arg)
{
	struct reports *reports = arg;
	struct plx_scope s;
	plx_nursery *n = NULL;

	ended = 0;
	plx_scope_enter(&s, PLX_NEVER);
	plx_nursery_open(NULL, &n);
	plx_spawn(n, sleep_then_note, NULL, NULL);
	plx_checkpoint();
	cr_expect_eq(plx_scope_leave(&s, 0), -EPROTO);
	cr_expect_eq(ended, 1);
	cr_expect_eq(reports->count, 2, "the order, and the nursery");
	return plx_checkpoint();
}

Test(misuse, leaving_a_scope_ends_the_nurseries_in_it)
{
	run_reported(leave_around_nursery, 0);
}

static int
close_around_scope(void *arg)
{
	struct reports *reports = arg;
	struct plx_scope s;
	plx_nursery *n = NULL;

	plx_nursery_open(NULL, &n);
	plx_scope_enter(&s, PLX_NEVER);
	cr_expect_eq(plx_nursery_close(&n, 0), -EPROTO);
	cr_expect_null(n);
	cr_expect_eq(reports->last.kind, PLX_REPORT_SCOPE_ORDER);
	return plx_checkpoint();
}

Test(misuse, closing_a_nursery_closes_the_scopes_in_it)
{
	cr_assert_eq(run_reported(close_around_scope, 0).count, 1);
}

static plx_nursery *foreign;

static int
close_foreign(void *arg)
{
	(void)arg;
	return plx_nursery_close(&foreign, 0) == -EINVAL ? 0 : -EIO;
}

static int
open_for_others(void *arg)
{
	(void)arg;
	plx_nursery_open(NULL, &foreign);
	plx_spawn(foreign, close_foreign, NULL, NULL);
	return plx_nursery_close(&foreign, 0);
}

Test(misuse, only_its_opener_closes_a_nursery)
{
	cr_assert_eq(run_reported(open_for_others, 0).count, 0);
}

static int
count_misuse(void *arg)
{
	struct plx_stats stats;

	leave_crosswise(arg);
	cr_expect_eq(plx_stats(plx_self_loop(), &stats), 0);
	cr_expect_eq(stats.misuses, 2);
	cr_expect_eq(stats.spawned, 1);
	cr_expect_eq(stats.stacks, 1);
	cr_expect_eq(plx_stats(NULL, &stats), -EINVAL);
	return 0;
}

Test(misuse, it_is_counted)
{
	run_reported(count_misuse, 0);
}

static int
be_nameless(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	return 0;
}

static int
spawn_nameless(void *arg)
{
	const struct plx_nursery_options o = {.policy = PLX_COLLECT};
	struct reports *reports = arg;
	plx_nursery *n = NULL;

	plx_nursery_open(&o, &n);
	plx_spawn_named(n, NULL, NULL, 0, be_nameless, NULL, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), -EPROTO);
	cr_expect_str_eq(reports->last.task, "(no name)");
	return 0;
}

Test(misuse, a_task_without_a_name_is_reported_as_such)
{
	cr_assert_eq(run_reported(spawn_nameless, 0).count, 1);
}
