/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_signal.c: signals as something that tasks wait for.
 */
#include <config.h>
#include <pthread.h>
#include <signal.h>
#include <pollux/signal.h>
#include "late_signals.h"
#include "task_common.h"

static int
is_ignored(int signo)
{
	struct sigaction action;

	sigaction(signo, NULL, &action);
	return action.sa_handler == SIG_IGN;
}

static void *
kill_process(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)kill(getpid(), SIGUSR1);
}

static int
hear_one(void *arg)
{
	const char *name = arg;
	struct plx_signals s;

	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0, "%s", name);
	cr_expect_eq(plx_signals_wait(&s, 0), -ETIMEDOUT, "%s", name);
	raise(SIGUSR1);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 1, "%s", name);
	cr_expect_eq(plx_signals_wait(&s, 0), -ETIMEDOUT, "%s", name);
	plx_signals_close(&s);
	return 0;
}
ON_BACKENDS(signal, one_delivery_ends_one_wait, hear_one)

static int
hear_from_thread(void *arg)
{
	const char *name = arg;
	struct plx_signals s;
	pthread_t thread;

	if (signals_are_lost(name))
		return 0;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0, "%s", name);
	for (int i = 0; i < 20; i++) {
		pthread_create(&thread, NULL, kill_process, NULL);
		cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 1, "%s", name);
		pthread_join(thread, NULL);
	}
	plx_signals_close(&s);
	return 0;
}
ON_BACKENDS(signal, one_from_another_thread_ends_a_wait, hear_from_thread)

static int
hear_later(void *arg)
{
	struct plx_signals s;

	(void)arg;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0);
	for (int i = 0; i < 10; i++)
		raise(SIGUSR1);
	let_run(2);
	cr_expect_eq(plx_signals_wait(&s, 0), 1, "together they are one");
	for (int i = 0; i < 3; i++) {
		raise(SIGUSR1);
		let_run(2);
	}
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 3);
	plx_signals_close(&s);
	return 0;
}
IN_A_TASK(signal, what_comes_between_two_waits_is_counted, hear_later)

static int
wait_once(void *arg)
{
	return plx_signals_wait(arg, PLX_NEVER);
}

static int
hear_twice(void *arg)
{
	struct plx_signals s[2];
	plx_task *t[2];
	int result;

	(void)arg;
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_signals_open(&s[i], SIGUSR1), 0);
		plx_spawn(NULL, wait_once, &s[i], &t[i]);
	}
	plx_checkpoint();
	raise(SIGUSR1);
	for (int i = 0; i < 2; i++) {
		result = 0;
		cr_expect_eq(plx_join(t[i], &result, PLX_NEVER), 0);
		cr_expect_eq(result, 1, "%d", i);
	}
	plx_signals_close(&s[0]);
	raise(SIGUSR1);
	cr_expect_eq(plx_signals_wait(&s[1], PLX_NEVER), 1);
	cr_expect_eq(plx_signals_open(&s[0], SIGUSR1), 0);
	cr_expect_eq(plx_signals_wait(&s[0], 0), -ETIMEDOUT);
	plx_signals_close(&s[1]);
	plx_signals_close(&s[0]);
	return 0;
}
IN_A_TASK(signal, all_who_opened_it_hear_all_of_it, hear_twice)

static int
wait_twice(void *arg)
{
	struct plx_signals s;
	int result = 0;
	plx_task *t;

	(void)arg;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0);
	plx_spawn(NULL, wait_once, &s, &t);
	plx_checkpoint();
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), -EBUSY);
	raise(SIGUSR1);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 1);
	plx_signals_close(&s);
	return 0;
}
IN_A_TASK(signal, a_second_waiter_is_refused, wait_twice)

static int
expect_shutdown(void *arg)
{
	cr_expect_eq(plx_signals_wait(arg, PLX_NEVER), -ESHUTDOWN);
	return 7;
}

static int
close_under_waiter(void *arg)
{
	struct plx_signals s = {.count = 0};
	int result = 0;
	plx_task *t;

	(void)arg;
	plx_signals_close(NULL);
	plx_signals_close(&s);
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0);
	plx_spawn(NULL, expect_shutdown, &s, &t);
	plx_checkpoint();
	plx_signals_close(&s);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 7);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), -EINVAL);
	plx_signals_close(&s);
	return 0;
}
IN_A_TASK(signal, a_close_is_told_to_the_waiter, close_under_waiter)

static int
give_back(void *arg)
{
	struct plx_signals a, b;

	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	cr_expect_eq(plx_signals_open(&a, SIGUSR1), 0);
	cr_expect_eq(plx_signals_open(&b, SIGUSR1), 0);
	cr_expect_not(is_ignored(SIGUSR1));
	plx_signals_close(&a);
	cr_expect_not(is_ignored(SIGUSR1));
	plx_signals_close(&b);
	cr_expect(is_ignored(SIGUSR1));
	return 0;
}
IN_A_TASK(signal, the_last_close_gives_the_disposition_back, give_back)

static struct plx_signals forgotten;

static int
forget(void *arg)
{
	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	cr_expect_eq(plx_signals_open(&forgotten, SIGUSR1), 0);
	return 0;
}

Test(signal, the_end_of_the_run_gives_it_back_too)
{
	cr_expect_eq(run_on(NULL, forget, NULL), 0);
	cr_expect(is_ignored(SIGUSR1));
}

static int
cancel_waiter(void *arg)
{
	struct plx_signals s;
	int result = 0;
	plx_task *t;

	(void)arg;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0);
	plx_spawn(NULL, wait_once, &s, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	raise(SIGUSR1);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 1, "nothing was taken");
	plx_spawn(NULL, wait_once, &s, &t);
	plx_checkpoint();
	raise(SIGUSR1);
	plx_cancel(t);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 1, "it came in the same turn");
	cr_expect_eq(plx_signals_wait(&s, 0), -ETIMEDOUT);
	plx_signals_close(&s);
	return 0;
}
IN_A_TASK(signal, a_cancelled_wait_has_lost_nothing, cancel_waiter)

static int
miss_deadline(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct plx_signals s;

	(void)arg;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0);
	cr_expect_eq(plx_signals_wait(&s, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	raise(SIGUSR1);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 1);
	plx_signals_close(&s);
	return 0;
}
WITH_CLOCK(signal, a_wait_keeps_its_deadline, miss_deadline)

static int
raise_both(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
	raise(SIGUSR2);
	return 0;
}

static int
choose(void *arg)
{
	struct plx_signals s[2];
	struct plx_signals_awaitable w[2];
	struct plx_awaitable *list[2];
	int first;

	(void)arg;
	cr_expect_eq(plx_signals_open(&s[0], SIGUSR1), 0);
	cr_expect_eq(plx_signals_open(&s[1], SIGUSR2), 0);
	for (int parks = 0; parks < 2; parks++) {
		for (int i = 0; i < 2; i++)
			list[i] = plx_signals_awaitable(&w[i], &s[i]);
		if (parks)
			plx_spawn(NULL, raise_both, NULL, NULL);
		else
			raise_both(NULL);
		let_run(parks ? 0 : 2);
		first = plx_await_any(list, 2, PLX_NEVER);
		cr_expect(first == 0 || first == 1, "%d", first);
		cr_expect_eq(plx_awaitable_result(list[first]), 1);
		cr_expect_eq(plx_signals_wait(&s[!first], PLX_NEVER), 1,
			     "the loser keeps its delivery");
		cr_expect_eq(plx_signals_wait(&s[first], 0), -ETIMEDOUT);
	}
	list[1] = plx_signals_awaitable(&w[1], &s[0]);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), -EBUSY, "itself");
	plx_signals_close(&s[0]);
	plx_signals_close(&s[1]);
	return 0;
}
IN_A_TASK(signal, of_several_the_first_wins_and_none_is_lost, choose)

static void
ignore(struct plx_signal *s, int signo)
{
	(void)s;
	(void)signo;
}

static int
misuse(void *arg)
{
	struct plx_signal other = {.fn = ignore};
	struct plx_signals s = {.count = 0};

	(void)arg;
	cr_expect_eq(plx_signals_open(NULL, SIGUSR1), -EINVAL);
	cr_expect_eq(plx_signals_open(&s, SIGKILL), -EINVAL);
	cr_expect_eq(plx_signals_open(&s, 0), -EINVAL);
	cr_expect_eq(plx_signals_open(&s, 100000), -EINVAL);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_signals_wait(NULL, PLX_NEVER), -EINVAL);
	plx_loop_signal(plx_self_loop(), &other, SIGUSR2);
	cr_expect_eq(plx_signals_open(&s, SIGUSR2), -EBUSY);
	plx_loop_unsignal(&other);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_expect_eq(plx_signals_open(&s, SIGUSR2), -ENOMEM);
	cr_expect_null(s.caught, "it is written on success only");
	cr_expect_eq(plx_signals_open(&s, SIGUSR2), 0);
	plx_signals_close(&s);
	return 0;
}
IN_A_TASK(signal, misuse_is_refused, misuse)

Test(signal, outside_a_task_nothing_works)
{
	struct plx_signals s = {.count = 0};

	cr_expect_eq(plx_signals_open(&s, SIGUSR1), -EPERM);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), -EPERM);
}

static int
count_allocations(void *arg)
{
	struct plx_signals s;
	unsigned long before;

	(void)arg;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0);
	before = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int i = 0; i < 100; i++) {
		raise(SIGUSR1);
		cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 1);
	}
	cr_expect_eq(support_calls(&support_sys, SUPPORT_RESIZE), before);
	plx_signals_close(&s);
	return 0;
}
IN_A_TASK(signal, a_wait_allocates_nothing, count_allocations)
