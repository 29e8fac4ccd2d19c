/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pool.c: the threads of a run: how many, in what order they take jobs,
 * what they cost, what happens without memory, threads, a loop, or a parent.
 */
#include <config.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "blocking_common.h"

/* Threads of this process; 0 where it cannot be told, as where
   ThreadSanitizer has one of its own. */
static int
count_threads(void)
{
	DIR *dir = SUPPORT_TSAN ? NULL : opendir("/proc/self/task");
	const struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/* A thread that was joined is in the list for a moment more. */
static void
expect_threads(int n)
{
	while (count_threads() > n)
		sched_yield();
	cr_expect_eq(count_threads(), n);
}

struct crowd {
	struct held held;
	atomic_int now, most;
};

static int
be_one_of(void *arg)
{
	struct crowd *c = arg;
	int n = atomic_fetch_add(&c->now, 1) + 1;
	int most = atomic_load(&c->most);

	while (n > most && !atomic_compare_exchange_weak(&c->most, &most, n))
		continue;
	hold(&c->held);
	atomic_fetch_sub(&c->now, 1);
	return 0;
}

static int
await_one_of(void *arg)
{
	return plx_blocking(be_one_of, arg, PLX_NEVER);
}

static int
fill_threads(void *arg)
{
	int most = *(int *)arg;
	struct crowd c = {.held = HELD};
	int before = count_threads();
	plx_task *t[12];

	for (int i = 0; i < 12; i++)
		plx_spawn(NULL, await_one_of, &c, &t[i]);
	let_run(2);
	latch_await(&c.held.begun, most);
	let_run(5);
	cr_expect_eq(latch_count(&c.held.begun), most);
	if (before > 0)
		cr_expect_eq(count_threads(), before + most);
	open_held(&c.held);
	for (int i = 0; i < 12; i++)
		plx_join(t[i], NULL, PLX_NEVER);
	cr_expect_eq(latch_count(&c.held.begun), 12);
	cr_expect_eq(atomic_load(&c.most), most);
	return 0;
}

Test(pool, as_many_jobs_run_at_once_as_there_may_be_threads_and_no_more)
{
	static const int most[] = {1, 3, 0};
	int before = count_threads();

	for (int i = 0; i < 3; i++) {
		int n = most[i] ? most[i] : 4;

		cr_expect_eq(run_threads(most[i], fill_threads, &n), 0);
		expect_threads(before);
	}
}

static int
return_nothing(void *arg)
{
	(void)arg;
	return 0;
}

Test(pool, a_number_of_threads_out_of_range_is_refused)
{
	struct plx_run_options options = {.max_threads = -1};

	cr_expect_eq(plx_run(&options, return_nothing, NULL), -EINVAL);
	options.max_threads = 1025;
	cr_expect_eq(plx_run(&options, return_nothing, NULL), -EINVAL);
	options.max_threads = 1024;
	cr_expect_eq(plx_run(&options, return_nothing, NULL), 0);
}

static int
grow_on_demand(void *arg)
{
	unsigned long memory;

	(void)arg;
	cr_expect_eq(support_calls(&support_sys, SUPPORT_THREAD), 0);
	plx_blocking(return_nothing, NULL, PLX_NEVER);
	memory = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int i = 0; i < 300; i++)
		plx_blocking(return_nothing, NULL, PLX_NEVER);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_THREAD), 1);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_RESIZE), memory,
		     "no memory for a job");
	return 0;
}
IN_A_TASK(pool, a_thread_is_made_only_when_all_are_busy, grow_on_demand)

static int
refuse_thread(const struct plx_sys *sys, void *(*fn)(void *arg), void *arg,
	      pthread_t *out)
{
	(void)sys;
	(void)fn;
	(void)arg;
	(void)out;
	return -EAGAIN;
}

static int
await_two(void *arg)
{
	struct plx_job_awaitable *j = arg;
	struct plx_awaitable *list[2] = {&j[0].awaitable, &j[1].awaitable};

	return plx_await_any(list, 2, PLX_NEVER);
}

/* The one thread comes to the third job when both others are done. */
static int
end_in_one_turn(void *arg)
{
	const struct plx_sys real = support_sys.sys;
	struct plx_job_awaitable j[2];
	struct held third = HELD;
	plx_task *a, *b;
	int result = -1;

	(void)arg;
	plx_blocking(return_nothing, NULL, PLX_NEVER);
	support_sys.sys.thread_create = refuse_thread;
	plx_job_awaitable(&j[0], return_nothing, NULL);
	plx_job_awaitable(&j[1], return_nothing, NULL);
	plx_spawn(NULL, await_two, j, &a);
	plx_spawn(NULL, await_held, &third, &b);
	let_run(2);
	latch_await(&third.begun, 1);
	support_sys.sys = real;
	plx_join(a, &result, PLX_NEVER);
	cr_expect_eq(result, 0);
	cr_expect_eq(plx_awaitable_result(&j[1].awaitable), 0, "it ran too");
	open_held(&third);
	plx_join(b, NULL, PLX_NEVER);
	plx_blocking(return_nothing, NULL, PLX_NEVER);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_THREAD), 1,
		     "the thread is known to be idle");
	return 0;
}
IN_A_TASK(pool, jobs_that_end_in_one_turn_are_counted_once_each,
	  end_in_one_turn)

struct in_line {
	struct latch *order;
	int place;
};

static int
take_place(void *arg)
{
	struct in_line *l = arg;

	l->place = latch_add(l->order, 1);
	return 0;
}

static int
await_place(void *arg)
{
	return tell(plx_blocking(take_place, arg, PLX_NEVER));
}

static int
stand_in_line(void *arg)
{
	struct held first = HELD;
	struct latch order = LATCH;
	struct in_line l[20];
	plx_task *t[20], *a;

	(void)arg;
	plx_spawn(NULL, await_held, &first, &a);
	for (int i = 0; i < 20; i++) {
		l[i] = (struct in_line){.order = &order};
		plx_spawn(NULL, await_place, &l[i], &t[i]);
		if (i % 3 == 0)
			let_run(2);
	}
	let_run(2);
	latch_await(&first.begun, 1);
	cr_expect_eq(stop_task(t[7]), FAILED(ECANCELED));
	open_held(&first);
	plx_join(a, NULL, PLX_NEVER);
	for (int i = 0; i < 20; i++) {
		if (i == 7)
			continue;
		plx_join(t[i], NULL, PLX_NEVER);
		cr_expect_eq(l[i].place, i < 7 ? i + 1 : i, "%d", i);
	}
	return 0;
}
ON_THREADS(pool, jobs_begin_first_come_first_served, 1, stand_in_line)

static int
stay_idle(void *arg)
{
	unsigned long waits;

	(void)arg;
	plx_blocking(return_nothing, NULL, PLX_NEVER);
	let_run(3);
	waits = support_calls(&support_sys, SUPPORT_WAIT);
	plx_sleep(3600 * PLX_SECOND);
	cr_expect_leq(support_calls(&support_sys, SUPPORT_WAIT), waits + 2);
	return 0;
}
WITH_CLOCK(pool, idle_threads_wake_nobody, stay_idle)

static int
look_at_signals(void *arg)
{
	sigset_t mask;

	(void)arg;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGINT) && sigismember(&mask, SIGALRM) &&
	       sigismember(&mask, SIGCHLD) && !sigismember(&mask, SIGSEGV);
}

static int
keep_signals(void *arg)
{
	sigset_t before, after;

	(void)arg;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	cr_expect_eq(plx_blocking(look_at_signals, NULL, PLX_NEVER), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	cr_expect_eq(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
	return 0;
}
IN_A_TASK(pool, signals_go_to_other_threads, keep_signals)

struct bet {
	int runs;
	int result;
};

static int
win_bet(void *arg)
{
	struct bet *b = arg;

	b->runs++;
	return 9;
}

static int
place_bet(void *arg)
{
	struct bet *b = arg;

	b->result = plx_blocking(win_bet, b, PLX_NEVER);
	return 0;
}

#define BETS 400

static int
bet(void *arg)
{
	static struct bet b[BETS];
	plx_task *t[BETS];
	int ran = 0;

	(void)arg;
	for (int i = 0; i < BETS; i++)
		plx_spawn(NULL, place_bet, &b[i], &t[i]);
	plx_checkpoint();
	for (int i = 0; i < BETS; i++) {
		if (i % 2)
			plx_cancel(t[i]);
		if (i % 16 == 0)
			plx_checkpoint();
	}
	for (int i = 0; i < BETS; i++) {
		plx_join(t[i], NULL, PLX_NEVER);
		cr_expect_eq(b[i].result, b[i].runs ? 9 : -ECANCELED);
		cr_expect_leq(b[i].runs, 1);
		ran += b[i].runs;
	}
	cr_expect_geq(ran, BETS / 2);
	return 0;
}
IN_A_TASK(pool, a_cancel_that_races_with_a_thread_has_one_outcome, bet)
