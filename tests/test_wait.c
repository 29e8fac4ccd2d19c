/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_wait.c: sleeping, waiting for a descriptor, deadlines and cancels.
 */
#include <config.h>
#include <sys/socket.h>
#include "fd_waiter.h"

static int
sleep_in_turn(void *arg)
{
	int64_t start = in(0);

	(void)arg;
	cr_expect_eq(plx_sleep(3 * PLX_SECOND), 0);
	cr_expect_eq(in(0), start + 3 * PLX_SECOND);
	cr_expect_eq(plx_sleep_until(start + 5 * PLX_SECOND), 0);
	cr_expect_eq(in(0), start + 5 * PLX_SECOND);
	cr_expect_eq(plx_sleep(0), 0);
	cr_expect_eq(plx_sleep(-5), 0);
	cr_expect_eq(plx_sleep_until(start), 0);
	cr_expect_eq(in(0), start + 5 * PLX_SECOND);
	return 0;
}
WITH_CLOCK(wait, a_sleep_lasts_as_long_as_asked, sleep_in_turn)

static int order[8];
static int norder;

static int
sleep_and_note(void *arg)
{
	int seconds = *(const int *)arg;

	plx_sleep(seconds * PLX_SECOND);
	order[norder++] = seconds;
	return 0;
}

static int
sleep_crosswise(void *arg)
{
	static int seconds[] = {3, 1, 2};

	(void)arg;
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, sleep_and_note, &seconds[i], NULL);
	cr_expect_eq(plx_sleep(10 * PLX_SECOND), 0);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(order[i], i + 1);
	return 0;
}
WITH_CLOCK(wait, sleepers_wake_in_the_order_of_their_times, sleep_crosswise)

static int
cancel_sleeper(void *arg)
{
	int64_t start = in(0);
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_sleep(PLX_SECOND);
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(in(0), start + PLX_SECOND);
	return 0;
}
WITH_CLOCK(wait, a_sleeper_is_cancelled_at_once, cancel_sleeper)

static int
sleep_endless(void *arg)
{
	(void)arg;
	return plx_sleep(INT64_MAX);
}

static int
cancel_endless(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_endless, NULL, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
WITH_CLOCK(wait, a_sleep_past_the_end_of_time_is_endless, cancel_endless)

static int
sleep_without_memory(void *arg)
{
	int r = 0;

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	r = plx_sleep(PLX_MILLISECOND);
	support_sys.fail_at = 0;
	cr_expect(r == -ENOMEM || r == 0, "%d", r);
	return plx_sleep(PLX_MILLISECOND);
}
WITH_CLOCK(wait, a_sleep_without_memory_fails_and_later_works,
	   sleep_without_memory)

static int
tell_what_is_ready(void *arg)
{
	const char *name = arg;
	int fd[2];
	int r;

	support_unix_pair(fd);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, 0), -ETIMEDOUT, "%s", name);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	r = plx_await_fd(fd[0], PLX_READ, 0);
	cr_expect_eq(r, (int)PLX_READ, "%s: at once: %d", name, r);
	r = plx_await_fd(fd[0], PLX_READ, PLX_NEVER);
	cr_expect_eq(r & 3, (int)PLX_READ, "%s: waiting: %d", name, r);
	r = plx_await_fd(fd[0], PLX_WRITE, PLX_NEVER);
	cr_expect_eq(r & 3, (int)PLX_WRITE, "%s: to write: %d", name, r);
	plx_close(fd[1]);
	r = plx_await_fd(fd[0], PLX_READ, 0);
	cr_expect_eq(r & 3, (int)PLX_READ, "%s: closed: %d", name, r);
	plx_close(fd[0]);
	return 0;
}
ON_BACKENDS(wait, await_fd_tells_what_is_ready, tell_what_is_ready)

static int
await_nonsense(void *arg)
{
	int fd[2];

	support_unix_pair(fd);
	cr_expect_eq(plx_await_fd(fd[0], 0, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ | PLX_WRITE, PLX_NEVER),
		     -EINVAL);
	cr_expect_eq(plx_await_fd(-1, PLX_READ, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_await_fd(-1, PLX_READ, 0), -EBADF);
	plx_close(fd[0]);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, PLX_NEVER), -EBADF,
		     "%s: waits on what it has closed", (char *)arg);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, 0), -EBADF);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(wait, await_fd_gives_an_error_for_bad_descriptors, await_nonsense)

static int
await_twice(void *arg)
{
	struct waiter first;
	int fd[2];

	support_unix_pair(fd);
	park(&first, wait_readable, fd[0]);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, PLX_NEVER), -EBUSY, "%s",
		     (char *)arg);
	cr_expect_eq(plx_await_fd(fd[0], PLX_WRITE, PLX_NEVER) & 3,
		     (int)PLX_WRITE, "%s: a writer beside", (char *)arg);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(finish(&first) & 3, (int)PLX_READ, "%s", (char *)arg);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(wait, a_second_reader_is_refused, await_twice)

static int
close_under_reader(void *arg)
{
	struct waiter first;
	int fd[2];

	support_unix_pair(fd);
	park(&first, wait_readable, fd[0]);
	cr_expect_eq(plx_close(fd[0]), 0);
	cr_expect_eq(finish(&first), -ESHUTDOWN, "%s", (char *)arg);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(wait, a_close_wakes_the_waiter, close_under_reader)

static int
cancel_reader(void *arg)
{
	struct waiter first;
	int fd[2];

	support_unix_pair(fd);
	park(&first, wait_readable, fd[0]);
	plx_cancel(first.task);
	cr_expect_eq(finish(&first), -ECANCELED, "%s", (char *)arg);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, PLX_NEVER) & 3,
		     (int)PLX_READ, "%s: free for another", (char *)arg);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(wait, a_cancelled_reader_makes_room, cancel_reader)

static int
time_out(void *arg)
{
	int64_t deadline = in(2 * PLX_SECOND);
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, deadline), -ETIMEDOUT);
	close_pair(fd);
	return 0;
}
WITH_CLOCK(wait, await_fd_keeps_its_deadline, time_out)

struct late_writer {
	struct plx_call call;
	int fd;
};

static void
write_and_pass_the_time(void *arg)
{
	const struct late_writer *w = arg;

	cr_expect_eq(write(w->fd, "x", 1), 1);
	support_sys.now += 10 * PLX_SECOND;
}

/* The time is up in the very turn that finds the descriptor readable. */
static int
be_ready_too_late(void *arg)
{
	struct late_writer w = {.fd = -1};
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	w.fd = fd[1];
	plx_loop_call_soon(plx_self_loop(), &w.call, write_and_pass_the_time,
			   &w);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, in(PLX_SECOND)) & 3,
		     (int)PLX_READ);
	close_pair(fd);
	return 0;
}
WITH_CLOCK(wait, what_is_ready_wins_over_the_deadline, be_ready_too_late)

static int
cancel_what_is_ready(void *arg)
{
	struct waiter first;
	int fd[2];

	support_unix_pair(fd);
	park(&first, wait_readable, fd[0]);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	/* Of two that become ready in one turn this one runs first or last;
	   by then the other one's wait is complete, or it is cancelled. */
	cr_expect_eq(plx_await_fd(fd[1], PLX_WRITE, PLX_NEVER) & 3,
		     (int)PLX_WRITE);
	plx_cancel(first.task);
	cr_expect_eq(finish(&first) & 3, (int)PLX_READ, "%s: %d", (char *)arg,
		     first.got);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(wait, what_is_ready_keeps_its_result_when_cancelled,
	    cancel_what_is_ready)

static int
close_other(void *arg)
{
	const int *fd = arg;

	plx_await_fd(fd[1], PLX_WRITE, PLX_NEVER);
	plx_close(fd[0]);
	return 0;
}

/* Both become ready in one turn; whoever runs first, the reader must not take
   a closed descriptor for its own. */
static int
close_what_is_ready(void *arg)
{
	struct waiter w;
	plx_task *t;
	int fd[2];
	int r;

	support_unix_pair(fd);
	plx_spawn(NULL, close_other, fd, &t);
	start(&w, wait_readable, fd[0]);
	cr_expect_eq(put_byte(&fd[1]), 0);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	r = finish(&w);
	cr_expect(r == -ESHUTDOWN || r == -EBADF || (r & 3) == PLX_READ,
		  "%s: %d", (char *)arg, r);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(wait, a_close_reaches_a_reader_that_was_just_woken,
	    close_what_is_ready)

static int
park_thousands(void *arg)
{
	enum {
		MANY = 500
	};
	static struct waiter readers[MANY];
	static int fds[MANY][2];

	for (int i = 0; i < MANY; i++) {
		support_pipe(fds[i]);
		start(&readers[i], wait_readable, fds[i][0]);
	}
	let_run(2);
	for (int i = 0; i < MANY; i++) {
		cr_expect_eq(put_byte(&fds[i][1]), 0);
		cr_expect_eq(finish(&readers[i]) & 3, (int)PLX_READ, "%s",
			     (char *)arg);
		close_pair(fds[i]);
	}
	return 0;
}

PLX_BACKENDS(wait, five_hundred_wait_and_each_gets_his_own)
ParameterizedTest(struct backend_param *p, wait,
		  five_hundred_wait_and_each_gets_his_own)
{
	if (!support_want_fds(1100))
		cr_skip_test("%s: too few descriptors allowed", p->name);
	cr_expect_eq(run_on(p->name, park_thousands, p->name), 0);
}

static int
sleep_really(void *arg)
{
	int64_t start = plx_now();

	cr_expect_eq(plx_sleep(2 * PLX_MILLISECOND), 0);
	cr_expect_geq(plx_now() - start, 2 * PLX_MILLISECOND, "%s",
		      (char *)arg);
	cr_expect_eq(plx_sleep_until(plx_after(100 * PLX_MICROSECOND)), 0);
	cr_expect_lt(plx_now() - start, 30 * PLX_SECOND, "%s", (char *)arg);
	return 0;
}
ON_BACKENDS(wait, real_sleeps_are_never_early, sleep_really)
