/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_await_fd.c: descriptors as awaitables, several in one wait.
 */
#include <config.h>
#include "fd_waiter.h"

#define PAIRS 5

/* Which of PAIRS readers is the first, DEADLINE; R is its result. */
static int
first_of(int fd[PAIRS][2], int64_t deadline, int *r)
{
	struct plx_fd_awaitable f[PAIRS];
	struct plx_awaitable *list[PAIRS];
	int i;

	for (i = 0; i < PAIRS; i++)
		list[i] = plx_fd_awaitable(&f[i], fd[i][0], PLX_READ);
	i = plx_await_any(list, PAIRS, deadline);
	if (i >= 0)
		*r = plx_awaitable_result(list[i]);
	return i;
}

static int
await_several(void *backend)
{
	const char *name = backend;
	int fd[PAIRS][2], r = 0;

	for (int i = 0; i < PAIRS; i++)
		support_unix_pair(fd[i]);
	cr_expect_eq(first_of(fd, plx_after(PLX_MILLISECOND), &r), -ETIMEDOUT,
		     "%s: silence first", name);
	for (int i = PAIRS - 1; i >= 0; i--) {
		plx_spawn(NULL, put_byte, &fd[i][1], NULL);
		cr_expect_eq(first_of(fd, PLX_NEVER, &r), i, "%s", name);
		cr_expect(has(r, PLX_READ) && !has(r, PLX_WRITE), "%s", name);
		cr_expect_eq(support_drain(fd[i][0]), 1u, "%s", name);
	}
	close(fd[3][1]);
	cr_expect_eq(first_of(fd, PLX_NEVER, &r), 3, "%s: hung up", name);
	cr_expect(has(r, PLX_READ), "%s", name);
	fd[3][1] = -1;
	for (int i = 0; i < PAIRS; i++)
		close_pair(fd[i]);
	return 0;
}
ON_BACKENDS(await_fd, the_first_of_several_is_told_with_its_events,
	    await_several)

static int
read_beside_writer(void *backend)
{
	const char *name = backend;
	struct plx_fd_awaitable in, out;
	struct plx_awaitable *both[2];
	int fd[2];
	struct waiter w;

	support_unix_pair(fd);
	support_fill(fd[0]);
	park(&w, wait_writable, fd[0]);
	plx_spawn(NULL, put_byte, &fd[1], NULL);
	cr_expect(has(await_readable(fd[0]), PLX_READ), "%s", name);
	cr_expect_eq(plx_join(w.task, NULL, 0), -ETIMEDOUT, "%s: not yet",
		     name);
	support_drain(fd[1]);
	cr_expect(has(finish(&w), PLX_WRITE), "%s", name);
	support_drain(fd[0]);
	support_fill(fd[0]);
	both[0] = plx_fd_awaitable(&in, fd[0], PLX_READ);
	both[1] = plx_fd_awaitable(&out, fd[0], PLX_WRITE);
	cr_expect_eq(plx_await_any(both, 2, plx_after(PLX_MILLISECOND)),
		     -ETIMEDOUT, "%s", name);
	support_drain(fd[1]);
	cr_expect_eq(plx_await_any(both, 2, PLX_NEVER), 1, "%s", name);
	cr_expect(has(plx_awaitable_result(both[1]), PLX_WRITE), "%s", name);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(await_fd, the_two_directions_are_waited_for_side_by_side,
	    read_beside_writer)

/* FIRST waits for a descriptor; nobody else can then, and all can later. */
static void
expect_busy(wait_fn *first)
{
	struct plx_fd_awaitable f;
	int fd[2];
	struct waiter w;

	support_unix_pair(fd);
	park(&w, first, fd[0]);
	cr_expect_eq(wait_readable(fd[0]), -EBUSY);
	cr_expect_eq(await_readable(fd[0]), -EBUSY);
	plx_fd_awaitable(&f, fd[0], PLX_READ);
	cr_expect_eq(plx_await(&f.base, 0), -EBUSY);
	put_byte(&fd[1]);
	cr_expect(has(finish(&w), PLX_READ), "the first one has its event");
	cr_expect(has(wait_readable(fd[0]), PLX_READ));
	cr_expect(has(await_readable(fd[0]), PLX_READ));
	close_pair(fd);
}

static int
await_taken(void *arg)
{
	(void)arg;
	expect_busy(wait_readable);
	expect_busy(await_readable);
	return 0;
}
IN_A_TASK(await_fd, a_direction_that_is_taken_is_refused, await_taken)

static int
await_twice(void *arg)
{
	struct plx_fd_awaitable f[2];
	struct plx_awaitable *list[2];
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	for (int i = 0; i < 2; i++)
		list[i] = plx_fd_awaitable(&f[i], fd[0], PLX_READ);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), -EBUSY);
	cr_expect_eq(plx_await_any(list, 2, 0), -EBUSY);
	put_byte(&fd[1]);
	cr_expect_eq(plx_await_any(list, 1, PLX_NEVER), 0, "it was given back");
	close_pair(fd);
	return 0;
}
IN_A_TASK(await_fd, one_direction_twice_in_a_wait_is_refused, await_twice)

static int
close_awaited(void *backend)
{
	const char *name = backend;
	int fd[2];
	struct waiter w;

	support_unix_pair(fd);
	park(&w, await_readable, fd[0]);
	cr_expect_eq(plx_close(fd[0]), 0, "%s", name);
	cr_expect_eq(finish(&w), -ESHUTDOWN, "%s", name);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(await_fd, a_close_ends_the_wait, close_awaited)

static int
close_when_ready(void *backend)
{
	const char *name = backend;
	int fd[2], other[2];
	struct waiter w;

	support_unix_pair(fd);
	park(&w, await_readable, fd[0]);
	put_byte(&fd[1]);
	plx_checkpoint(); /* it is told, and runs after this task */
	plx_close(fd[0]);
	close(fd[1]);
	support_unix_pair(other);
	cr_expect_eq(other[0], fd[0], "%s: the number is back", name);
	cr_expect_eq(finish(&w), -ESHUTDOWN, "%s", name);
	close_pair(other);
	return 0;
}
ON_BACKENDS(await_fd, a_close_between_ready_and_going_on_is_told,
	    close_when_ready)

static int
ask_at_once(void *arg)
{
	struct plx_fd_awaitable f;
	struct plx_awaitable *a;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	a = plx_fd_awaitable(&f, fd[0], PLX_READ);
	cr_expect_eq(plx_await(a, 0), -ETIMEDOUT);
	cr_expect_eq(plx_await_any(&a, 1, 0), -ETIMEDOUT);
	put_byte(&fd[1]);
	cr_expect_eq(plx_await(a, 0), PLX_READ);
	cr_expect_eq(plx_await_any(&a, 1, 0), 0);
	cr_expect_eq(plx_awaitable_result(a), PLX_READ);
	close_pair(fd);
	return 0;
}
IN_A_TASK(await_fd, with_no_time_the_system_is_asked, ask_at_once)

static int
await_wrongly(void *arg)
{
	const int64_t times[2] = {0, PLX_NEVER};
	struct plx_fd_awaitable f;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	close(fd[1]);
	for (int i = 0; i < 2; i++) {
		plx_fd_awaitable(&f, fd[0], PLX_READ | PLX_WRITE);
		cr_expect_eq(plx_await(&f.base, times[i]), -EINVAL);
		plx_fd_awaitable(&f, fd[0], 0);
		cr_expect_eq(plx_await(&f.base, times[i]), -EINVAL);
		plx_fd_awaitable(&f, -1, PLX_READ);
		cr_expect_eq(plx_await(&f.base, times[i]), -EBADF);
		plx_fd_awaitable(&f, fd[1], PLX_READ);
		cr_expect_eq(plx_await(&f.base, times[i]), -EBADF);
	}
	plx_close(fd[0]);
	return 0;
}
IN_A_TASK(await_fd, what_cannot_be_waited_for_is_an_error, await_wrongly)

/* In a task that has touched no descriptor yet. */
static int
await_nothing(void *arg)
{
	const long blocks = support_sys.blocks;

	(void)arg;
	cr_expect_eq(plx_await_fd(-1, PLX_WRITE, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_await_fd(-1, PLX_READ, PLX_NEVER), -EBADF);
	cr_expect_eq(support_sys.blocks, blocks);
	return 0;
}
IN_A_TASK(await_fd, no_descriptor_takes_no_memory, await_nothing)

static int
lose(void *arg)
{
	struct plx_fd_awaitable f;
	struct plx_join_awaitable j;
	struct plx_awaitable *list[2];
	int fd[2];
	char c;
	struct waiter w;
	plx_task *t;

	(void)arg;
	support_unix_pair(fd);
	plx_spawn(NULL, put_byte, &fd[1], &t);
	list[0] = plx_fd_awaitable(&f, fd[0], PLX_READ);
	list[1] = plx_join_awaitable(&j, t);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(plx_join(t, NULL, 0), 0);
	cr_expect(has(wait_readable(fd[0]), PLX_READ), "nothing was taken");
	park(&w, await_readable, fd[0]);
	cr_expect(has(finish(&w), PLX_READ));
	support_drain(fd[0]);
	park(&w, await_readable, fd[0]);
	cr_expect_eq((plx_cancel(w.task), finish(&w)), -ECANCELED);
	cr_expect_eq(plx_recv(fd[0], &c, 1, plx_after(PLX_MILLISECOND)),
		     -ETIMEDOUT, "it is free");
	close_pair(fd);
	return 0;
}
IN_A_TASK(await_fd, a_loser_leaves_the_descriptor_as_it_was, lose)

static int
await_or_sleep(int fd)
{
	struct plx_timer_awaitable t;
	struct plx_fd_awaitable f;
	struct plx_awaitable *const list[2] = {
		plx_fd_awaitable(&f, fd, PLX_READ),
		plx_timer_awaitable(&t, in(PLX_SECOND)),
	};

	return plx_await_any(list, 2, PLX_NEVER);
}

static int
tie(void *arg)
{
	struct waiter w;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	park(&w, await_or_sleep, fd[0]);
	put_byte(&fd[1]);
	support_sys.now += PLX_SECOND;
	cr_expect_eq(finish(&w), 1, "timers come first in a turn");
	cr_expect(has(await_readable(fd[0]), PLX_READ));
	close_pair(fd);
	return 0;
}
WITH_CLOCK(await_fd, an_event_that_was_second_is_told_again, tie)

/* One byte comes, is waited for and is received. */
static void
pass_byte(int fd[2])
{
	char c[2];

	plx_spawn(NULL, put_byte, &fd[1], NULL);
	cr_expect(has(await_readable(fd[0]), PLX_READ));
	cr_expect_eq(plx_recv(fd[0], c, 2, PLX_NEVER), 1);
}

static int
await_often(void *arg)
{
	const unsigned dear = SUPPORT_RESIZE | SUPPORT_MAP | SUPPORT_CHANGE;
	unsigned long calls, waits;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	pass_byte(fd);
	pass_byte(fd);
	calls = support_calls(&support_sys, dear);
	waits = support_calls(&support_sys, SUPPORT_WAIT);
	for (int i = 0; i < 100; i++)
		pass_byte(fd);
	cr_expect_eq(support_calls(&support_sys, dear), calls);
	waits = support_calls(&support_sys, SUPPORT_WAIT) - waits;
	cr_expect_leq(waits, 202u, "the receive does not wait again: %lu",
		      waits);
	close_pair(fd);
	return 0;
}
IN_A_TASK(await_fd, in_steady_state_a_wait_allocates_and_registers_nothing,
	  await_often)

static int
await_without_memory(void *arg)
{
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	put_byte(&fd[1]);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(await_readable(fd[0]), -ENOMEM);
	support_sys.fail_at = 0;
	cr_expect(has(await_readable(fd[0]), PLX_READ), "once more");
	close_pair(fd);
	return 0;
}
IN_A_TASK(await_fd, without_memory_it_is_refused, await_without_memory)
