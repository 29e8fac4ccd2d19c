/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scarce.c: what becomes of a task's call that finds no memory, or a
 * descriptor that the system has no answer for.
 *
 * Each wants of one thing that is there the next time: what failed has left
 * nothing behind, and the same call goes well then.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <pollux/blocking.h>
#include <pollux/hibernate.h>
#include "fd_waiter.h"
#include "starve.h"
#include "dump_common.h"

static void
fail(unsigned entries, long at, int with)
{
	support_sys.fails = entries;
	support_sys.fail_at = at;
	support_sys.fail_with = with;
}

/* The failure that was asked for has happened. */
static void
expect_failed(const char *what)
{
	cr_expect_eq(support_sys.fail_at, 0, "%s: nothing failed", what);
	support_sys.fail_at = 0;
}

/* A wait whose deadline has passed asks the system itself. */
static int
ask_at_once(void *backend)
{
	const char *name = backend;
	struct plx_awaitable *list[1];
	struct plx_fd_awaitable f;
	int fd[2];

	support_unix_pair(fd);
	fail(SUPPORT_WAIT, 1, EINTR);
	cr_expect_eq(plx_await_fd(fd[0], PLX_WRITE, 0), PLX_WRITE, "%s", name);
	expect_failed(name);
	fail(SUPPORT_WAIT, 1, ENOMEM);
	cr_expect_eq(plx_await_fd(fd[0], PLX_WRITE, 0), -ENOMEM, "%s", name);
	expect_failed(name);
	fail(SUPPORT_WAIT, 1, ENOMEM);
	cr_expect_eq(plx_await(plx_fd_awaitable(&f, fd[0], PLX_READ), 0),
		     -ENOMEM, "%s", name);
	expect_failed(name);
	cr_expect_eq(plx_await(plx_fd_awaitable(&f, fd[0], PLX_READ), 0),
		     -ETIMEDOUT, "%s", name);
	close(fd[0]);
	list[0] = plx_fd_awaitable(&f, fd[0], PLX_READ);
	cr_expect_eq(plx_await_any(list, 1, 0), -EBADF,
		     "%s: it is closed, and nobody has won", name);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(scarce, a_look_that_fails_is_told, ask_at_once)

static int
want_a_place(void *backend)
{
	const char *name = backend;
	struct plx_fd_awaitable f;
	int fd[2], r;

	support_unix_pair(fd);
	cr_expect_eq(plx_await(plx_fd_awaitable(&f, fd[0], PLX_READ), 0),
		     -ETIMEDOUT, "%s", name);
	fail(SUPPORT_RESIZE, 1, ENOMEM);
	r = plx_await(plx_fd_awaitable(&f, fd[0], PLX_WRITE), PLX_NEVER);
	cr_expect_eq(r, -ENOMEM, "%s: %d", name, r);
	expect_failed(name);
	fail(SUPPORT_CHANGE, 1, ENOSPC);
	r = plx_await(plx_fd_awaitable(&f, fd[0], PLX_WRITE), PLX_NEVER);
	cr_expect_eq(r, support_sys.fail_at ? (int)PLX_WRITE : -ENOSPC,
		     "%s: %d", name, r);
	fail(0, 0, 0);
	r = plx_await(plx_fd_awaitable(&f, fd[0], PLX_WRITE), PLX_NEVER);
	cr_expect_eq(r, PLX_WRITE, "%s: %d", name, r);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(scarce, a_wait_to_write_that_finds_no_place_is_told, want_a_place)

struct shielded {
	int64_t grace;
	int result;
};

static int
sleep_in_shield(void *arg)
{
	struct shielded *s = arg;
	struct plx_scope shield;

	plx_scope_shield(&shield, PLX_NEVER, s->grace);
	s->result = plx_sleep_until(PLX_NEVER);
	plx_scope_leave(&shield, 0);
	return 0;
}

/* Its end could not be told of: the grace is over at once. */
static int
cancel_without_memory(void *arg)
{
	struct shielded s = {.grace = PLX_SECOND, .result = 1};
	int64_t began = in(0);
	plx_task *t = NULL;

	(void)arg;
	plx_spawn(NULL, sleep_in_shield, &s, &t);
	let_run(2);
	fail(SUPPORT_RESIZE, 1, ENOMEM);
	plx_cancel(t);
	expect_failed("cancel");
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(s.result, -ECANCELED, "%d", s.result);
	cr_expect_eq(in(0), began);
	return 0;
}
WITH_CLOCK(scarce, a_grace_without_an_alarm_is_none, cancel_without_memory)

static int
return_later(void *arg)
{
	let_run(3);
	return *(const int *)arg;
}

/* A time that nobody will tell of is an error; but the tasks use the memory of
   whoever waits, so it waits. */
static int
close_without_memory(void *arg)
{
	static const int five = 5;
	plx_nursery *n = NULL, *others = NULL;
	struct plx_scope s;
	plx_task *t = NULL;
	int r = 0;

	(void)arg;
	plx_nursery_open(NULL, &others);
	plx_scope_enter(&s, in(PLX_SECOND));
	plx_nursery_open(NULL, &n);
	plx_spawn(n, return_later, (void *)&five, &t);
	starve(others);
	r = plx_nursery_close(&n, 0);
	feed();
	cr_expect_eq(r, -ENOMEM, "%d", r);
	cr_expect_eq(plx_join(t, &r, 0), 0, "it has ended");
	cr_expect_eq(r, 5, "%d", r);
	cr_expect_eq(plx_scope_leave(&s, 0), 0);
	plx_nursery_cancel(others);
	plx_nursery_close(&others, 0);
	return 0;
}
WITH_CLOCK(scarce, a_nursery_closes_without_an_alarm, close_without_memory)

/* Where the size of a file says nothing, there is more than a first guess. */
#define GROWS "/proc/self/smaps"

static int
read_growing(void *arg)
{
	void *data = NULL;
	size_t size = 0;
	int r = -1, refused = 0;

	cr_expect_eq(plx_blocking(return_arg, &refused, PLX_NEVER), 0);
	for (long at = 1; r < 0 && at < 20; at++) {
		fail(SUPPORT_RESIZE, at, ENOMEM);
		r = plx_read_file(GROWS, 1 << 24, &data, &size, PLX_NEVER);
		cr_expect(r == 0 || r == -ENOMEM, "%ld: %d", at, r);
		refused += r < 0;
	}
	fail(0, 0, 0);
	cr_expect_eq(r, 0, "%d", r);
	cr_expect_geq(refused, 2, "%d times", refused);
	cr_expect_gt(size, 4096u, "%zu bytes", size);
	*(int *)arg = data ? ((char *)data)[size] : -1;
	support_sys.sys.resize(&support_sys.sys, data, 0);
	return 0;
}

Test(scarce, a_file_that_grows_without_memory_is_refused)
{
	int last = -1;

	if (access(GROWS, R_OK) < 0)
		cr_skip_test("no " GROWS);
	cr_expect_eq(run_on(NULL, read_growing, &last), 0);
	cr_expect_eq(last, 0, "it ends with a NUL");
}

static int
end_at_once(void *arg)
{
	(void)arg;
	return 0;
}

/* It has been woken and has no stack: the table says so. */
static int
dump_the_due(void *arg)
{
	struct plx_hibernation h = {.fn = NULL};
	plx_nursery *n = NULL;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	cr_expect_eq(plx_hibernate(&h, NULL, fd[0], end_at_once, NULL), 0);
	plx_nursery_open(NULL, &n);
	starve(n);
	cr_expect_eq(plx_hibernate_wake(&h, 0), 0);
	dump(plx_self_loop());
	EXPECT_IN("end_at_once", "asleep  a stack");
	feed();
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	plx_sleep(11 * PLX_MILLISECOND);
	cr_expect_eq(plx_hibernate_cancel(&h), -ENOENT, "it has had its turn");
	free(dumped);
	dumped = NULL;
	close_pair(fd);
	return 0;
}
WITH_CLOCK(scarce, what_waits_for_a_stack_is_dumped_so, dump_the_due)
