/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_wait.c: deadlines.
 *
 * Real time is measured with plx_now: too early is a failure without mercy,
 * too late only after seconds.  Long waits run on the fake clock, where a
 * wait that finds nothing moves the time on by what it was given.
 */
#include <config.h>

#include "conformance.h"

#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#define GENEROUS (10 * PLX_SECOND)

CONFORMS(waiting, never_ends_early)
{
	struct fixture f = begin(p);
	const int64_t lengths[] = {1, 100 * PLX_MICROSECOND, PLX_MILLISECOND,
				   5 * PLX_MILLISECOND, 20 * PLX_MILLISECOND};
	struct plx_ready ready;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	for (int i = 0; i < 20; i++) {
		int64_t deadline = plx_after(lengths[i % 5]);

		IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
		CHECK(&f, plx_now() >= deadline);
		CHECK(&f, plx_now() - deadline < GENEROUS);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(waiting, on_nothing_sleeps_until_the_deadline)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int64_t deadline = plx_after(20 * PLX_MILLISECOND);
	unsigned long before = support_calls(&support_sys, SUPPORT_WAIT);

	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() >= deadline);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) <= before + 3);
	end(&f);
}

CONFORMS(waiting, does_not_spin)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	unsigned long before;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	before = support_calls(&support_sys, SUPPORT_WAIT);
	IS(&f,
	   plx_selector_select(f.s, &ready, 1, plx_after(50 * PLX_MILLISECOND)),
	   0);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) <= before + 3);
	close_pair(fd);
	end(&f);
}

CONFORMS(waiting, for_a_past_deadline_looks_once)
{
	struct fixture f = begin(p);
	const int64_t past[] = {0, 1, 1000, plx_now() - 1};
	struct plx_ready ready;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	look(&f, fd[0]);
	for (int i = 0; i < 4; i++) {
		unsigned long before =
			support_calls(&support_sys, ~(unsigned)SUPPORT_CLOCK);

		IS(&f, plx_selector_select(f.s, &ready, 1, past[i]), 0);
		CHECK(&f,
		      support_calls(&support_sys, ~(unsigned)SUPPORT_CLOCK) ==
			      before + 1);
	}
	put_byte(fd[1]);
	for (int i = 0; i < 4; i++) {
		IS(&f, plx_selector_select(f.s, &ready, 1, past[i]), 1);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(waiting, reads_no_clock_without_need)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	unsigned long before;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	before = support_calls(&support_sys, SUPPORT_CLOCK);
	IS(&f, plx_selector_select(f.s, &ready, 1, 0), 1);
	IS(&f, plx_selector_select(f.s, &ready, 1, PLX_NEVER), 1);
	CHECK(&f, support_calls(&support_sys, SUPPORT_CLOCK) == before);
	close_pair(fd);
	end(&f);
}

CONFORMS(waiting, is_as_fine_as_the_backend_says)
{
	struct fixture f = begin(p);
	const int64_t length = 200 * PLX_MICROSECOND;
	struct plx_ready ready;
	int64_t began, took;

	support_sys.fake_clock = 1;
	began = support_sys.now;
	IS(&f, plx_selector_select(f.s, &ready, 1, began + length), 0);
	took = support_sys.now - began;
	CHECK(&f, took >= length);
	if (f.features & PLX_FEATURE_NANOSECONDS) {
		CHECK(&f, took <= length + PLX_MICROSECOND);
	} else {
		CHECK(&f, took <= length + PLX_MILLISECOND);
	}
	end(&f);
}

CONFORMS(waiting, may_last_for_months)
{
	struct fixture f = begin(p);
	const int64_t length = INT64_C(60) * 86400 * PLX_SECOND;
	struct plx_ready ready;
	int64_t deadline;
	unsigned long before;

	support_sys.fake_clock = 1;
	deadline = support_sys.now + length;
	before = support_calls(&support_sys, SUPPORT_WAIT);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, support_sys.now >= deadline);
	CHECK(&f, support_sys.now <= deadline + PLX_SECOND);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) <= before + 100);
	end(&f);
}

CONFORMS(waiting, copes_with_the_end_of_time)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	IS(&f, plx_selector_select(f.s, &ready, 1, INT64_MAX), 1);
	IS(&f, plx_selector_select(f.s, &ready, 1, INT64_MAX - 1), 1);
	IS(&f, plx_selector_select(f.s, &ready, 1, PLX_NEVER), 1);
	close_pair(fd);
	end(&f);
}

CONFORMS(waiting, for_no_entries_is_refused)
{
	struct fixture f = begin(p);
	struct plx_ready ready;

	IS(&f, plx_selector_select(f.s, &ready, 0, 0), -EINVAL);
	IS(&f, plx_selector_select(f.s, &ready, -1, PLX_NEVER), -EINVAL);
	IS(&f, plx_selector_select(f.s, &ready, INT_MIN, 0), -EINVAL);
	expect_quiet(&f);
	end(&f);
}

/* A thread that writes a byte some time after the test has begun to wait. */
static void *
write_later(void *arg)
{
	const int *fd = (const int *)arg;

	usleep(20000);
	put_byte(*fd);
	return NULL;
}

static void
wait_for_thread(struct fixture *f, int64_t deadline)
{
	struct plx_ready ready[2];
	pthread_t thread;
	int fd[2], mine;

	support_unix_pair(fd);
	IS(f, plx_selector_register(f->s, fd[0], PLX_READ, &mine), 0);
	expect_quiet(f);
	CHECK(f, pthread_create(&thread, NULL, write_later, &fd[1]) == 0);
	IS(f, plx_selector_select(f->s, ready, 2, deadline), 1);
	CHECK(f, ready[0].fd == fd[0] && ready[0].data == &mine);
	CHECK(f, pthread_join(thread, NULL) == 0);
	IS(f, plx_selector_unregister(f->s, fd[0]), 0);
	close_pair(fd);
}

CONFORMS(waiting, without_a_deadline_ends_when_something_is_ready)
{
	struct fixture f = begin(p);

	wait_for_thread(&f, PLX_NEVER);
	end(&f);
}

CONFORMS(waiting, ends_before_the_deadline_when_something_is_ready)
{
	struct fixture f = begin(p);
	int64_t deadline = plx_after(60 * PLX_SECOND);

	wait_for_thread(&f, deadline);
	CHECK(&f, plx_now() < deadline);
	end(&f);
}
