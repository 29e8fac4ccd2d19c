/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pool_faults.c: the threads of a run without memory, threads or a loop,
 * and in a forked child.
 *
 * A child's findings come back as its exit status: the line on which something
 * was wrong, modulo 255.
 */
#include <config.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "blocking_common.h"

static int
return_three(void *arg)
{
	(void)arg;
	return 3;
}

static int
want_thread(void *arg)
{
	struct held h = HELD;
	plx_task *t;
	int result = 0;

	(void)arg;
	support_sys.fails = SUPPORT_THREAD;
	support_sys.fail_with = EAGAIN;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_blocking(return_three, NULL, PLX_NEVER), -EAGAIN);
	cr_expect_eq(plx_blocking(return_three, NULL, PLX_NEVER), 3);
	plx_spawn(NULL, await_held, &h, &t);
	let_run(2);
	latch_await(&h.begun, 1);
	support_sys.fail_at = 1;
	open_held(&h);
	cr_expect_eq(plx_blocking(return_three, NULL, PLX_NEVER), 3,
		     "the one that is there does it");
	cr_expect_eq(support_sys.fail_at, 0);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 7);
	return 0;
}
IN_A_TASK(pool_faults, no_thread_is_an_error_only_if_there_is_none, want_thread)

static int
want_memory(void *arg)
{
	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_blocking(return_three, NULL, PLX_NEVER), -ENOMEM);
	cr_expect_eq(plx_blocking(return_three, NULL, PLX_NEVER), 3);
	return 0;
}
IN_A_TASK(pool_faults, without_memory_it_is_refused_and_may_be_tried_again,
	  want_memory)

static int
want_wake(void *arg)
{
	(void)arg;
	support_sys.fails = SUPPORT_SEND;
	support_sys.fail_with = EIO;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_blocking(return_three, NULL, PLX_NEVER), 3);
	cr_expect_eq(support_sys.fail_at, 0);
	return 0;
}
ON_BACKENDS(pool_faults, a_wake_that_fails_is_tried_again, want_wake)

/* A poll that fails from some time on, and lets a job go after a while. */
static struct {
	struct held held;
	atomic_int fails;
} broken;

static int
poll_broken(const struct plx_sys *sys, struct pollfd *fds, size_t n,
	    const struct timespec *timeout)
{
	int fails = atomic_load(&broken.fails);

	(void)sys;
	if (fails == 0 || n == 0)
		return plx__sys_real.poll(&plx__sys_real, fds, n, timeout);
	if (atomic_fetch_add(&broken.fails, 1) == 8)
		open_held(&broken.held);
	return -ENOMEM;
}

static int
break_loop(void *arg)
{
	plx_task *t;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, await_held, &broken.held, &t);
	let_run(2);
	latch_await(&broken.held.begun, 1);
	atomic_store(&broken.fails, 1);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), -ECANCELED);
	return 0;
}

Test(pool_faults, a_run_whose_loop_fails_still_waits_for_its_jobs)
{
	struct support_mark mark = support_begin("poll");
	const struct plx_run_options options = {
		.backend = "poll",
		.sys = &support_sys.sys,
	};
	const struct held h = HELD;

	broken.held = h;
	support_sys.sys.poll = poll_broken;
	cr_expect_eq(plx_run(&options, break_loop, NULL), -ENOMEM);
	support_end(mark, "poll");
}

#define EXPECT(COND)                               \
	do {                                       \
		if (!(COND))                       \
			return __LINE__ % 255 + 1; \
	} while (0)

struct family {
	struct held held[2];
	plx_task *task[2];
	int adopts; /* the child calls plx_loop_on_fork */
	int status;
};

static int
be_child(struct family *f)
{
	struct plx_scope s;
	int result = 0;

	alarm(30);
	EXPECT(plx_blocking(return_three, NULL, PLX_NEVER) == -ECHILD);
	if (!f->adopts)
		return 0;
	EXPECT(plx_loop_on_fork(plx_self_loop()) == 0);
	for (int i = 0; i < 2; i++) {
		EXPECT(plx_join(f->task[i], &result, PLX_NEVER) == 0);
		EXPECT(result == FAILED(ECHILD));
	}
	/* ThreadSanitizer makes no threads in such a child. */
	if (SUPPORT_TSAN)
		return 0;
	for (int i = 0; i < 10; i++)
		EXPECT(plx_blocking(return_three, NULL, PLX_NEVER) == 3);
	EXPECT(plx_scope_enter(&s, PLX_NEVER) == 0);
	plx_scope_cancel(&s);
	EXPECT(plx_blocking(return_three, NULL, PLX_NEVER) == -ECANCELED);
	plx_scope_leave(&s, 0);
	return 0;
}

static int
await_deaf(void *arg)
{
	(void)plx_blocking(hold, arg, PLX_NEVER);
	return 0;
}

static int
fork_beside_jobs(void *arg)
{
	struct family *f = arg;
	pid_t pid;

	for (int i = 0; i < 2; i++)
		plx_spawn(NULL, f->adopts ? await_held : await_deaf,
			  &f->held[i], &f->task[i]);
	let_run(2);
	latch_await(&f->held[0].begun, 1);
	pid = fork();
	if (pid == 0) {
		f->status = be_child(f);
		return f->adopts ? -ENOTRECOVERABLE : 0;
	}
	while (waitpid(pid, &f->status, 0) != pid)
		continue;
	open_held(&f->held[0]);
	open_held(&f->held[1]);
	for (int i = 0; i < 2; i++)
		plx_join(f->task[i], NULL, PLX_NEVER);
	return 0;
}

/* Runs FORK_BESIDE_JOBS, in which the process becomes two; the child leaves
   here. */
static void
fork_in_run(int adopts, int expected)
{
	const struct held h = HELD;
	struct family f = {.held = {h, h}, .adopts = adopts, .status = -1};
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.max_threads = 1,
	};
	pid_t own = getpid();
	int r = plx_run(&options, fork_beside_jobs, &f);

	if (getpid() != own)
		_exit(f.status ? f.status : r == expected ? 0 : 254);
	cr_expect_eq(r, 0);
	cr_expect_eq(f.status, 0, "the child's status is %#x (line %d)",
		     f.status, WEXITSTATUS(f.status) - 1);
	support_end(mark, NULL);
}

Test(pool_faults, in_a_child_jobs_of_the_parent_end_and_new_ones_run)
{
	fork_in_run(1, -ENOTRECOVERABLE);
}

Test(pool_faults, a_child_that_leaves_its_loop_alone_does_not_hang)
{
	if (SUPPORT_TSAN)
		cr_skip_test("takes the parent's threads for the child's");
	fork_in_run(0, -ECHILD);
}
