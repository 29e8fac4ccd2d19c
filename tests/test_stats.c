/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stats.c: the counters of a run, each by what must move it and what must
 * not.
 */
#include <config.h>
#include "dump_common.h"
#include <pollux/gen.h>

static struct plx_stats
stats_now(void)
{
	struct plx_stats s;

	memset(&s, 0xff, sizeof(s));
	cr_expect_eq(plx_stats(plx_self_loop(), &s), 0);
	return s;
}

static int
look_at_first(void *arg)
{
	struct plx_stats s = stats_now();

	(void)arg;
	cr_expect_eq(s.spawned, 1);
	cr_expect_eq(s.most, 1);
	cr_expect_eq(s.batches, 1);
	cr_expect_eq(s.stacks, 1);
	cr_expect_eq(s.ended + s.failed + s.cancelled, 0);
	cr_expect_eq(s.budgets + s.slow_slices + s.misuses, 0);
	cr_expect_eq(s.waiting + s.ready + s.unjoined, 0);
	cr_expect_eq(s.generators + s.stacks_kept, 0);
	return 0;
}
IN_A_TASK(stats, a_run_begins_with_one_task_that_runs, look_at_first)

Test(stats, are_refused_where_there_is_no_run)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_stats s;
	plx_loop *loop = NULL;

	cr_expect_eq(plx_stats(NULL, &s), -EINVAL);
	cr_assert_eq(plx_loop_open(NULL, &loop), 0);
	cr_expect_eq(plx_stats(loop, &s), -EINVAL);
	plx_loop_close(&loop);
	support_end(mark, NULL);
}

static int
count_ends(void *arg)
{
	static const int good = 3, bad = -EIO, cancelled = -ECANCELED;
	const struct plx_nursery_options o = {.policy = PLX_COLLECT};
	struct plx_stats s;
	plx_nursery *n;

	(void)arg;
	cr_expect_eq(plx_stats(plx_self_loop(), NULL), -EINVAL);
	plx_nursery_open(&o, &n);
	for (int i = 0; i < 3; i++)
		plx_spawn(n, return_arg, (void *)&good, NULL);
	for (int i = 0; i < 2; i++)
		plx_spawn(n, return_arg, (void *)&bad, NULL);
	plx_spawn(n, return_arg, (void *)&cancelled, NULL);
	s = stats_now();
	cr_expect_eq(s.spawned, 7);
	cr_expect_eq(s.ended, 0);
	cr_expect_eq(plx_nursery_close(&n, 0), -EIO);
	s = stats_now();
	cr_expect_eq(s.spawned, 7);
	cr_expect_eq(s.ended, 6);
	cr_expect_eq(s.failed, 2);
	cr_expect_eq(s.cancelled, 1);
	cr_expect_eq(s.most, 7);
	cr_expect_eq(s.unjoined, 0);
	return 0;
}
IN_A_TASK(stats, ends_are_counted_by_result, count_ends)

static int
count_states(void *arg)
{
	static const int zero;
	struct plx_stats s;
	plx_task *t[4];

	(void)arg;
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, sleep_for_ever, NULL, &t[i]);
	s = stats_now();
	cr_expect_eq(s.ready, 3);
	cr_expect_eq(s.waiting, 0);
	plx_checkpoint();
	s = stats_now();
	cr_expect_eq(s.ready, 0);
	cr_expect_eq(s.waiting, 3);
	plx_spawn(NULL, return_arg, (void *)&zero, &t[3]);
	cr_expect_eq(stats_now().ready, 1);
	plx_checkpoint();
	cr_expect_eq(stats_now().unjoined, 1);
	plx_join(t[3], NULL, PLX_NEVER);
	cr_expect_eq(stats_now().unjoined, 0);
	for (int i = 0; i < 3; i++)
		plx_cancel(t[i]);
	cr_expect_eq(stats_now().ready, 3);
	plx_checkpoint();
	cr_expect_eq(stats_now().unjoined, 3);
	plx_detach(t[0]);
	cr_expect_eq(stats_now().unjoined, 2);
	return 0;
}
IN_A_TASK(stats, tasks_are_ready_or_wait_or_are_kept_for_a_join, count_states)

static int
look_in_middle(void *arg)
{
	uint64_t *seen = arg;

	seen[0] = stats_now().ready;
	return 0;
}

static int
count_middle(void *arg)
{
	uint64_t seen[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, look_in_middle, &seen[i], NULL);
	plx_checkpoint();
	cr_expect_eq(seen[0], 3, "two of the batch, and main again");
	cr_expect_eq(seen[1], 2);
	cr_expect_eq(seen[2], 1);
	return 0;
}
IN_A_TASK(stats, what_is_left_of_a_batch_is_ready, count_middle)

static void
ignore_report(const struct plx_report *r, void *arg)
{
	(void)r;
	(void)arg;
}

Test(stats, what_is_left_of_an_observed_batch_is_ready)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.report = ignore_report,
		.slow_slice = PLX_SECOND,
	};

	cr_expect_eq(plx_run(&options, count_middle, NULL), 0);
	support_end(mark, NULL);
}

static int
count_peak(void *arg)
{
	static const int zero;

	(void)arg;
	for (int i = 0; i < 4; i++)
		plx_spawn(NULL, return_arg, (void *)&zero, NULL);
	plx_checkpoint();
	plx_spawn(NULL, return_arg, (void *)&zero, NULL);
	cr_expect_eq(stats_now().most, 5);
	cr_expect_eq(stats_now().spawned, 6);
	return 0;
}
IN_A_TASK(stats, the_most_tasks_at_a_time_are_remembered, count_peak)

static int
count_batches(void *arg)
{
	uint64_t before = stats_now().batches;

	(void)arg;
	plx_checkpoint();
	plx_checkpoint();
	cr_expect_eq(stats_now().batches, before + 2);
	plx_sleep(PLX_SECOND);
	cr_expect_eq(stats_now().batches, before + 3, "waiting is no batch");
	cr_expect_eq(stats_now().budgets, 0);
	return 0;
}
WITH_CLOCK(stats, batches_are_counted, count_batches)

static int
ready_arm(struct plx_awaitable *a)
{
	(void)a;
	return 1;
}

static int
count_budgets(void *arg)
{
	static const struct plx_awaitable_ops ops = {
		.arm = ready_arm,
		.disarm = ready_arm,
		.result = ready_arm,
	};
	struct plx_awaitable a = {.ops = &ops};

	(void)arg;
	for (int i = 0; i < 128; i++)
		plx_await(&a, PLX_NEVER);
	cr_expect_eq(stats_now().budgets, 0);
	plx_await(&a, PLX_NEVER);
	cr_expect_eq(stats_now().budgets, 1);
	for (int i = 0; i < 128; i++)
		plx_await(&a, PLX_NEVER);
	cr_expect_eq(stats_now().budgets, 1);
	return 0;
}
IN_A_TASK(stats, giving_way_for_the_budget_is_counted, count_budgets)

static int
misuse(void *arg)
{
	struct plx_scope scope;

	(void)arg;
	plx_scope_enter(&scope, PLX_NEVER);
	cr_expect_eq(plx_scope_leave(&scope, 0), 0);
	cr_expect_eq(stats_now().misuses, 0);
	cr_expect_eq(plx_scope_leave(&scope, 0), -EINVAL);
	cr_expect_eq(stats_now().misuses, 1);
	cr_expect_eq(stats_now().slow_slices, 0);
	return 0;
}
IN_A_TASK(stats, misuse_is_counted_without_a_listener, misuse)

static int
end(void *arg)
{
	(void)arg;
	return 0;
}

static int
look_after_others(void *arg)
{
	(void)arg;
	cr_expect_eq(stats_now().ended, 2);
	cr_expect_eq(stats_now().unjoined, 0);
	cr_expect_eq(stats_now().generators, 0);
	cr_expect_eq(stats_now().stacks, 2, "main's and this one's");
	cr_expect_eq(stats_now().stacks_kept, 2);
	return 0;
}

/* Three end one after the other and nobody parks between: the second one's
   stack is given back when the third ends. */
static int
end_in_one_batch(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_spawn(NULL, end, NULL, NULL), 0);
	cr_expect_eq(plx_spawn(NULL, end, NULL, NULL), 0);
	cr_expect_eq(plx_spawn(NULL, look_after_others, NULL, NULL), 0);
	cr_expect_eq(plx_checkpoint(), 0);
	cr_expect_eq(stats_now().ended, 3);
	cr_expect_eq(stats_now().stacks, 1);
	cr_expect_eq(stats_now().stacks_kept, 3);
	return 0;
}
IN_A_TASK(stats, tasks_that_end_in_one_batch_leave_no_stacks, end_in_one_batch)

static int
body(void *arg)
{
	return plx_yield(arg, NULL);
}

static int
count_generators(void *arg)
{
	struct plx_stats s;
	plx_gen *g[2];

	(void)arg;
	plx_gen_new(body, NULL, &g[0]);
	plx_gen_new(body, NULL, &g[1]);
	plx_gen_next(g[0], NULL);
	s = stats_now();
	cr_expect_eq(s.generators, 2);
	cr_expect_eq(s.stacks, 3);
	cr_expect_eq(s.spawned, 1);
	plx_gen_free(&g[0]);
	cr_expect_eq(stats_now().generators, 1);
	cr_expect_eq(stats_now().stacks, 2);
	cr_expect_eq(stats_now().stacks_kept, 1);
	plx_gen_free(&g[1]);
	cr_expect_eq(stats_now().generators, 0);
	cr_expect_eq(stats_now().stacks_kept, 2);
	return 0;
}
IN_A_TASK(stats, generators_and_stacks_are_counted, count_generators)

static int
look_when_late(int result, uint64_t *unjoined)
{
	*unjoined += stats_now().unjoined;
	return result;
}

static void
discard(int result, void *arg)
{
	cr_expect_eq(look_when_late(result, arg), 0);
}

/* Calls out while a task is on its way out see it nowhere. */
static int
look_while_leaving(void *arg)
{
	static const int zero;
	uint64_t unjoined = 0;
	const struct plx_nursery_options o = {
		.policy = PLX_FIRST_RESULT,
		.discard = discard,
		.arg = &unjoined,
	};
	plx_nursery *n;

	(void)arg;
	plx_nursery_open(&o, &n);
	plx_spawn(n, return_arg, (void *)&zero, NULL);
	plx_spawn(n, return_arg, (void *)&zero, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	cr_expect_eq(unjoined, 0);
	return 0;
}
IN_A_TASK(stats, a_task_that_leaves_is_not_counted_as_kept, look_while_leaving)

static int
dump_summary(void *arg)
{
	static const int bad = -EIO;
	const struct plx_nursery_options o = {.policy = PLX_COLLECT};
	plx_nursery *n;
	plx_task *t, *e;
	char line[256];
	plx_gen *g;

	(void)arg;
	plx_nursery_open(&o, &n);
	plx_spawn(n, sleep_for_ever, NULL, &t);
	plx_spawn(n, return_arg, (void *)&bad, &e);
	plx_gen_new(body, NULL, &g);
	plx_checkpoint();
	plx_spawn(n, sleep_for_ever, NULL, NULL);
	cr_expect_eq(dump(plx_self_loop()), 4);
	cr_expect(take_line(5, line, sizeof(line)));
	cr_expect_str_eq(
		line,
		"now: 1 waiting, 1 ready, 1 unjoined, "
		"0 hibernating, 1 generators; so far: 4 spawned, 1 failed, "
		"0 slow, 0 misuses");
	plx_nursery_cancel(n);
	cr_expect_eq(plx_nursery_close(&n, 0), -EIO);
	return 0;
}
IN_A_TASK(stats, a_dump_ends_with_a_line_of_them, dump_summary)

static int
end_at_once(void *arg)
{
	(void)arg;
	return 0;
}

/* Tenths of a second go by in which nothing but this task is there. */
static int
wait_for_a_trim(void *arg)
{
	plx_nursery *n;
	int i;

	(void)arg;
	plx_nursery_open(NULL, &n);
	for (i = 0; i < 500; i++)
		plx_spawn(n, end_at_once, NULL, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	cr_expect_eq(stats_now().stacks_kept, 500);
	for (i = 0; i < 3; i++)
		plx_sleep(110 * PLX_MILLISECOND);
	cr_expect_leq(stats_now().stacks_kept, 64, "%d",
		      (int)stats_now().stacks_kept);
	return 0;
}
IN_A_TASK(stats, stacks_that_are_not_needed_any_more_go, wait_for_a_trim)

/* More than run without a look at what is to come. */
#define MANY 200

static struct {
	int fd[2];
	struct plx_stats first;
	int begun;
} crowd[MANY];

static int
read_in_a_crowd(void *arg)
{
	const int *fd = arg;
	char c;

	cr_expect_eq(plx_read(*fd, &c, 1, PLX_NEVER), 1);
	if (crowd->begun++ == 0)
		crowd->first = stats_now();
	return 0;
}

static int
wake_a_crowd(void *arg)
{
	const char *name = arg;
	plx_nursery *n;
	int i;

	memset(crowd, 0, sizeof(crowd));
	plx_nursery_open(NULL, &n);
	for (i = 0; i < MANY; i++) {
		support_pipe(crowd[i].fd);
		plx_spawn(n, read_in_a_crowd, crowd[i].fd, NULL);
	}
	plx_checkpoint();
	for (i = 0; i < MANY; i++)
		cr_expect_eq(write(crowd[i].fd[1], "x", 1), 1);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	cr_expect_eq(crowd->first.ready, MANY - 1, "%s: %d", name,
		     (int)crowd->first.ready);
	cr_expect_eq(crowd->first.waiting, 1, "%s", name);
	for (i = 0; i < MANY; i++) {
		plx_close(crowd[i].fd[0]);
		close(crowd[i].fd[1]);
	}
	return 0;
}
ON_BACKENDS(stats, who_is_to_run_is_ready_however_many_there_are, wake_a_crowd)
