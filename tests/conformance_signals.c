/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_signals.c: what ends a wait from outside: signals and wakes.
 *
 * Signals come from an interval timer, so that one that was caught just
 * before the wait began is followed by another; nothing depends on luck.
 */
#include <config.h>

#include "conformance.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE (30 * PLX_SECOND)

static plx_selector *woken_by_handler;

static void
on_alarm(int signo)
{
	(void)signo;
	if (woken_by_handler) {
		plx_selector_wake(woken_by_handler);
	}
}

static void
alarms(int on)
{
	struct itimerval every = {.it_interval = {.tv_usec = on ? 10000 : 0},
				  .it_value = {.tv_usec = on ? 10000 : 0}};
	struct sigaction action = {.sa_handler = on_alarm,
				   .sa_flags = SA_RESTART};

	if (on) {
		cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	}
	cr_assert_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
}

CONFORMS(signals, end_a_wait_with_eintr)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alarms(1);
	IS(&f, plx_selector_select(f.s, &ready, 1, plx_after(PATIENCE)),
	   -EINTR);
	IS(&f, plx_selector_select(f.s, &ready, 1, PLX_NEVER), -EINTR);
	alarms(0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	end(&f);
}

CONFORMS(signals, injected_into_a_look_are_reported_too)
{
	struct fixture f = begin(p);
	struct plx_ready ready;

	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_at = 1;
	support_sys.fail_with = EINTR;
	IS(&f, plx_selector_select(f.s, &ready, 1, 0), -EINTR);
	IS(&f, plx_selector_select(f.s, &ready, 1, 0), 0);
	end(&f);
}

CONFORMS(waking, before_a_wait_ends_that_wait_only)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int64_t deadline = plx_after(PATIENCE);

	IS(&f, plx_selector_wake(f.s), 0);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() < deadline);
	expect_quiet(&f);
	deadline = plx_after(10 * PLX_MILLISECOND);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() >= deadline);
	end(&f);
}

CONFORMS(waking, many_times_counts_once)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int64_t deadline;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			IS(&f, plx_selector_wake(f.s), 0);
		}
		IS(&f, plx_selector_select(f.s, &ready, 1, PLX_NEVER), 0);
		deadline = plx_after(5 * PLX_MILLISECOND);
		IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
		CHECK(&f, plx_now() >= deadline);
	}
	end(&f);
}

CONFORMS(waking, is_answered_by_a_look_as_well)
{
	struct fixture f = begin(p);
	int64_t deadline;
	struct plx_ready ready;

	IS(&f, plx_selector_wake(f.s), 0);
	IS(&f, plx_selector_select(f.s, &ready, 1, 0), 0);
	deadline = plx_after(5 * PLX_MILLISECOND);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() >= deadline);
	end(&f);
}

CONFORMS(waking, hides_no_ready_descriptor)
{
	struct fixture f = begin(p);
	struct plx_ready ready[1];
	int fd[2], n;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	put_byte(fd[1]);
	for (int i = 0; i < 10; i++) {
		IS(&f, plx_selector_wake(f.s), 0);
		n = plx_selector_select(f.s, ready, 1, PLX_NEVER);
		CHECK(&f, n == 0 || n == 1);
		if (n == 0) {
			n = plx_selector_select(f.s, ready, 1, PLX_NEVER);
			CHECK(&f, n == 1);
		}
		check_entries(&f, ready, n);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(waking, always_does_not_starve_a_descriptor)
{
	struct fixture f = begin(p);
	struct plx_ready ready[1];
	int fd[2], served = 0;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	for (int i = 0; i < 40; i++) {
		IS(&f, plx_selector_wake(f.s), 0);
		served += plx_selector_select(f.s, ready, 1, 0);
	}
	CHECK(&f, served >= 10);
	close_pair(fd);
	end(&f);
}

CONFORMS(waking, from_a_signal_handler_works)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int64_t deadline = plx_after(PATIENCE);
	int rc;

	woken_by_handler = f.s;
	alarms(1);
	do {
		rc = plx_selector_select(f.s, &ready, 1, deadline);
	} while (rc == -EINTR);
	alarms(0);
	woken_by_handler = NULL;
	CHECK(&f, rc == 0 && plx_now() < deadline);
	end(&f);
}

struct waker {
	plx_selector *s;
	int *done;
	int rounds;
	int failed;
};

/* Says that it was here, then wakes: who looks before may sleep. */
static void *
keep_waking(void *arg)
{
	struct waker *w = (struct waker *)arg;

	for (int i = 0; i < w->rounds; i++) {
		__atomic_add_fetch(w->done, 1, __ATOMIC_SEQ_CST);
		w->failed |= plx_selector_wake(w->s) != 0;
	}
	return NULL;
}

static void
race(struct fixture *f, int threads, int rounds)
{
	struct waker wakers[8];
	pthread_t ids[8];
	struct plx_ready ready;
	int done = 0;

	for (int i = 0; i < threads; i++) {
		wakers[i] = (struct waker){f->s, &done, rounds, 0};
		CHECK(f, pthread_create(&ids[i], NULL, keep_waking,
					&wakers[i]) == 0);
	}
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < threads * rounds) {
		IS(f, plx_selector_select(f->s, &ready, 1, PLX_NEVER), 0);
	}
	for (int i = 0; i < threads; i++) {
		CHECK(f, pthread_join(ids[i], NULL) == 0);
		CHECK(f, !wakers[i].failed);
	}
	look(f, 0);
	expect_quiet(f);
}

CONFORMS(waking, from_another_thread_is_never_lost)
{
	struct fixture f = begin(p);

	for (int i = 0; i < 200; i++) {
		race(&f, 1, 1);
	}
	end(&f);
}

CONFORMS(waking, from_eight_threads_at_once_is_never_lost)
{
	struct fixture f = begin(p);

	race(&f, 8, 500);
	end(&f);
}
