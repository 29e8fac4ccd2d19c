/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_process.c: waiting for the end of child processes, signalling and
 * closing them.
 */
#include <config.h>
#include "process_fixture.h"

static int
end_of(const char *script)
{
	struct plx_process p;

	return start_script(&p, script, 0) < 0 ? 1000 : outcome(&p);
}

static int
end_in_many_ways(void *arg)
{
	(void)arg;
	cr_expect_eq(end_of("exit 0"), 0);
	cr_expect_eq(end_of("exit 7"), 7);
	cr_expect_eq(end_of("exit 255"), 255);
	cr_expect_eq(end_of("kill -KILL $$"), -SIGKILL);
	cr_expect_eq(end_of("kill -TERM $$"), -SIGTERM);
	cr_expect_eq(end_of("kill -PIPE $$"), -SIGPIPE);
	return 0;
}
EITHER_WAY(process, the_status_is_an_exit_code_or_a_signal, end_in_many_ways)

/* Nothing is ready, then all of them end at once. */
static int
await_end(void *arg)
{
	struct plx_process p;
	int status = 1000;

	if (ends_are_lost(arg) || start_waiting(&p, "exit 3") < 0)
		return 0;
	cr_expect_eq(plx_process_wait(&p, &status, 0), -ETIMEDOUT, "%s",
		     (char *)arg);
	cr_expect_eq(status, 1000);
	end_input(&p);
	cr_expect_eq(plx_process_wait(&p, NULL, PLX_NEVER), 0, "%s",
		     (char *)arg);
	cr_expect_eq(plx_process_wait(&p, &status, 0), 0, "%s", (char *)arg);
	cr_expect_eq(status, 3, "%s", (char *)arg);
	plx_process_close(&p);
	return 0;
}
ON_BACKENDS(process, a_wait_ends_with_the_process, await_end)

static int
await_signalled_end(void *arg)
{
	support_sys.sys.pidfd_open = have_no_pidfd;
	return signals_are_lost(arg) ? 0 : await_end(arg);
}
ON_BACKENDS(process, a_wait_ends_by_sigchld_without_pidfds, await_signalled_end)

#define MANY 50

static int
tell_status(void *arg)
{
	int status = 1000;

	cr_expect_eq(plx_process_wait(arg, &status, PLX_NEVER), 0);
	return status;
}

static int
end_many(void *arg)
{
	static struct plx_process p[MANY];
	plx_task *t[MANY];
	char then[16];
	int result;

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		snprintf(then, sizeof(then), "exit %d", i);
		if (start_waiting(&p[i], then) < 0)
			return 0;
		plx_spawn(NULL, tell_status, &p[i], &t[i]);
	}
	plx_checkpoint();
	for (int i = MANY - 1; i >= 0; i--)
		end_input(&p[i]);
	for (int i = 0; i < MANY; i++) {
		result = 1000;
		cr_expect_eq(plx_join(t[i], &result, PLX_NEVER), 0);
		cr_expect_eq(result, i, "%d: %d", i, result);
		plx_process_close(&p[i]);
	}
	return 0;
}
EITHER_WAY(process, fifty_may_end_at_once, end_many)

static int
wait_quietly(void *arg)
{
	return plx_process_wait(arg, NULL, PLX_NEVER);
}

static int
share(void *arg)
{
	struct plx_process p;
	plx_task *t[3];
	int result;

	(void)arg;
	if (start_waiting(&p, "exit 4") < 0)
		return 0;
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, i == 1 ? wait_quietly : tell_status, &p, &t[i]);
	plx_checkpoint();
	cr_expect_eq(stop_task(t[1]), -ECANCELED);
	end_input(&p);
	for (int i = 0; i < 3; i += 2) {
		result = 1000;
		cr_expect_eq(plx_join(t[i], &result, PLX_NEVER), 0);
		cr_expect_eq(result, 4, "%d", i);
	}
	plx_process_close(&p);
	return 0;
}
EITHER_WAY(process, all_who_wait_are_told, share)

static int
cancel_waiter(void *arg)
{
	struct plx_process p;
	plx_task *t;

	(void)arg;
	if (start_waiting(&p, "exit 4") < 0)
		return 0;
	plx_spawn(NULL, wait_quietly, &p, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(plx_process_kill(&p, 0), 0, "it runs on");
	end_input(&p);
	cr_expect_eq(outcome(&p), 4);
	return 0;
}
EITHER_WAY(process, a_cancel_ends_the_wait_and_not_the_process, cancel_waiter)

static int
cancel_too_late(void *arg)
{
	struct plx_process p, q;
	int result = 1000;
	plx_task *t;

	(void)arg;
	if (start_waiting(&p, "exit 4") < 0)
		return 0;
	plx_spawn(NULL, tell_status, &p, &t);
	plx_checkpoint();
	end_input(&p);
	while (plx_process_wait(&p, NULL, 0) == -ETIMEDOUT)
		continue;
	plx_cancel(t);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 4, "the end came first");
	q = p;
	plx_process_close(&q);
	return 0;
}
EITHER_WAY(process, an_end_that_came_first_is_told_despite_a_cancel,
	   cancel_too_late)

static int
miss_deadline(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct plx_process p;
	unsigned long before;

	(void)arg;
	if (start_script(&p, "read x; exit 5", 0) < 0)
		return 0;
	cr_expect_eq(plx_process_wait(&p, NULL, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	before = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int i = 0; i < 100; i++)
		cr_expect_eq(plx_process_wait(&p, NULL, in(PLX_SECOND)),
			     -ETIMEDOUT);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_RESIZE), before,
		     "no allocation");
	end_input(&p);
	cr_expect_eq(outcome(&p), 5);
	return 0;
}
WITH_CLOCK(process, a_wait_keeps_its_deadline_and_allocates_nothing,
	   miss_deadline)

static int
kill_it(void *arg)
{
	struct plx_process p;
	int status = 0;

	(void)arg;
	if (start_waiting(&p, "exit 0") < 0)
		return 0;
	cr_expect_eq(plx_process_kill(&p, 10000), -EINVAL);
	cr_expect_eq(plx_process_kill(&p, SIGTERM), 0);
	cr_expect_eq(plx_process_wait(&p, &status, PLX_NEVER), 0);
	cr_expect_eq(status, -SIGTERM);
	cr_expect_eq(plx_process_kill(&p, SIGTERM), -ESRCH);
	plx_process_close(&p);
	cr_expect_eq(plx_process_kill(&p, SIGTERM), -EINVAL);
	cr_expect_eq(plx_process_kill(NULL, SIGTERM), -EINVAL);
	return 0;
}
EITHER_WAY(process, a_signal_reaches_it_until_it_has_ended, kill_it)

/* The sleeper holds the pipe: its end is the stream's. */
static int
kill_group(void *arg)
{
	struct plx_process p;
	char byte;

	(void)arg;
	for (int closes = 0; closes < 2; closes++) {
		if (start_script(&p, "sleep 1000 & echo; wait", 1) < 0)
			return 0;
		cr_expect_eq(plx_read(p.out, &byte, 1, PLX_NEVER), 1);
		if (closes) {
			int out = p.out;

			p.out = -1;
			plx_process_close(&p);
			cr_expect_eq(plx_read(out, &byte, 1, PLX_NEVER), 0);
			plx_close(out);
			continue;
		}
		cr_expect_eq(plx_process_kill(&p, SIGTERM), 0);
		cr_expect_eq(plx_read(p.out, &byte, 1, PLX_NEVER), 0);
		cr_expect_eq(outcome(&p), -SIGTERM);
	}
	return 0;
}
EITHER_WAY(process, a_group_is_signalled_as_a_whole, kill_group)

/* Turns until the number is nobody's: it was reaped. */
static int
close_running(void *arg)
{
	struct plx_process p;
	pid_t pid;

	(void)arg;
	if (start_waiting(&p, "exit 0") < 0)
		return 0;
	pid = p.pid;
	plx_process_close(&p);
	cr_expect_eq(p.in, -1);
	cr_expect_eq(plx_process_wait(&p, NULL, PLX_NEVER), -EINVAL);
	while (kill(pid, 0) == 0)
		plx_checkpoint();
	cr_expect_eq(errno, ESRCH);
	plx_process_close(&p);
	plx_process_close(NULL);
	return 0;
}
EITHER_WAY(process, what_is_closed_is_killed_and_reaped, close_running)

static int
leave_running(void *arg)
{
	static struct plx_process p, q;

	(void)arg;
	if (start_waiting(&p, "exit 0") < 0 || start_waiting(&q, "exit 0") < 0)
		return 0;
	plx_close(p.in);
	plx_close(p.out);
	plx_process_close(&q);
	return 0;
}
EITHER_WAY(process, the_end_of_the_run_reaps_what_is_left, leave_running)

static int
expect_shutdown(void *arg)
{
	struct plx_process *p = arg;
	char byte;

	cr_expect_eq(plx_process_wait(p, NULL, PLX_NEVER), -ESHUTDOWN);
	cr_expect_eq(plx_read(p->out, &byte, 1, PLX_NEVER), -EBADF);
	return 0;
}

static int
expect_read_shutdown(void *arg)
{
	const struct plx_process *p = arg;
	char byte;

	cr_expect_eq(plx_read(p->out, &byte, 1, PLX_NEVER), -ESHUTDOWN);
	return 0;
}

static int
close_under_waiters(void *arg)
{
	struct plx_process p;
	plx_task *t[3];

	(void)arg;
	if (start_waiting(&p, "exit 0") < 0)
		return 0;
	plx_spawn(NULL, expect_shutdown, &p, &t[0]);
	plx_spawn(NULL, expect_shutdown, &p, &t[1]);
	plx_spawn(NULL, expect_read_shutdown, &p, &t[2]);
	plx_checkpoint();
	plx_process_close(&p);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
	return 0;
}
EITHER_WAY(process, a_close_is_told_to_all_who_wait, close_under_waiters)

static void
kill_from_loop(void *arg)
{
	cr_expect_null(plx_self());
	cr_expect_eq(plx_process_kill(arg, SIGTERM), 0);
}

static void
close_from_loop(void *arg)
{
	plx_process_close(arg);
}

static int
use_from_loop(void *arg)
{
	struct plx_call call = {0};
	struct plx_process p;
	int status = 0;

	(void)arg;
	if (start_waiting(&p, "exit 0") < 0)
		return 0;
	plx_loop_call_soon(plx_self_loop(), &call, kill_from_loop, &p);
	cr_expect_eq(plx_process_wait(&p, &status, PLX_NEVER), 0);
	cr_expect_eq(status, -SIGTERM);
	plx_loop_call_soon(plx_self_loop(), &call, close_from_loop, &p);
	let_run(2);
	cr_expect_null(p.child);
	return 0;
}
EITHER_WAY(process, callbacks_of_the_loop_may_kill_and_close, use_from_loop)

Test(process, outside_a_task_nobody_waits)
{
	struct plx_process p = {.pid = 1};

	cr_expect_eq(plx_process_wait(&p, NULL, PLX_NEVER), -EPERM);
}
