/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run.c: what plx_run takes, waits for and returns.
 *
 * A run ends when its last task has ended, and returns what the first one
 * returned, or the error that came first: a task's, the loop's or a stack's.
 */
#include <config.h>
#include "task_common.h"
#include "task_int.h"

static int seven = 7;
static int broken = -EPIPE;
static int cancelled = -ECANCELED;

Test(task, run_returns_what_the_first_task_returns)
{
	cr_expect_eq(run_on(NULL, return_arg, &seven), 7);
	cr_expect_eq(run_on(NULL, return_arg, &broken), -EPIPE);
	cr_expect_eq(run_on(NULL, return_arg, &cancelled), -ECANCELED);
}

Test(task, run_takes_defaults_for_null_options)
{
	cr_expect_eq(plx_run(NULL, return_arg, &seven), 7);
}

Test(task, run_refuses_bad_arguments)
{
	struct plx_run_options o = {.stack_size = 100};

	cr_expect_eq(plx_run(NULL, NULL, NULL), -EINVAL);
	cr_expect_eq(plx_run(&o, return_arg, &seven), -EINVAL);
	o.stack_size = (size_t)9 << 20;
	cr_expect_eq(plx_run(&o, return_arg, &seven), -EINVAL);
	o.stack_size = 0;
	o.backend = "nonsense";
	cr_expect_eq(plx_run(&o, return_arg, &seven), -EINVAL);
}

static int
use_stack(void *arg)
{
	volatile char big[200 << 10];

	(void)arg;
	memset((char *)big, 1, sizeof(big));
	return big[77] - 1;
}

Test(task, stacks_are_as_large_as_asked)
{
	const struct plx_run_options o = {.stack_size = (size_t)256 << 10};

	cr_expect_eq(plx_run(&o, use_stack, NULL), 0);
}

static int
run_inside(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_run(NULL, return_arg, &seven), -EBUSY);
	return 0;
}
IN_A_TASK(task, run_inside_a_task_is_refused, run_inside)

Test(task, nothing_works_outside_a_task)
{
	struct plx_scope s;
	char c = 0;
	plx_task *t;

	cr_expect_null(plx_self());
	cr_expect_null(plx_self_loop());
	cr_expect_eq(plx_spawn(NULL, return_arg, &seven, &t), -EPERM);
	cr_expect_eq(plx_join(NULL, NULL, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_checkpoint(), -EPERM);
	cr_expect_eq(plx_sleep(1), -EPERM);
	cr_expect_eq(plx_sleep_until(1), -EPERM);
	cr_expect_eq(plx_scope_enter(&s, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -EPERM);
	cr_expect_eq(plx_await(NULL, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_await_any(NULL, 1, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_await_fd(0, PLX_READ, 0), -EPERM);
	cr_expect_eq(plx_accept(0, NULL, NULL, 0), -EPERM);
	cr_expect_eq(plx_connect(0, NULL, 0, 0), -EPERM);
	cr_expect_eq(plx_recv(0, &c, 1, 0), -EPERM);
	cr_expect_eq(plx_send(0, &c, 1, 0), -EPERM);
	cr_expect_eq(plx_read(0, &c, 1, 0), -EPERM);
	cr_expect_eq(plx_write(0, &c, 1, 0), -EPERM);
	cr_expect_eq(plx_close(0), -EPERM);
}

Test(task, null_handles_are_allowed)
{
	plx_cancel(NULL);
	plx_detach(NULL);
	plx_set_name(NULL, "nobody");
	plx_scope_cancel(NULL);
	plx_awaitable_ready(NULL);
}

/* A log that several tasks write one letter at a time. */
static char letters[64];
static size_t nletters;

static void
write_letter(char c)
{
	letters[nletters++] = c;
	letters[nletters] = '\0';
}

static int
write_thrice(void *arg)
{
	for (int i = 0; i < 3; i++) {
		write_letter(*(const char *)arg);
		plx_checkpoint();
	}
	return 0;
}

static int
spawn_writers(void *arg)
{
	static char names[] = "abc";

	(void)arg;
	for (int i = 0; i < 3; i++)
		cr_expect_eq(plx_spawn(NULL, write_thrice, &names[i], NULL), 0);
	write_letter('m');
	return 0;
}

Test(task, ready_tasks_take_turns_in_order)
{
	cr_expect_eq(run_on(NULL, spawn_writers, NULL), 0);
	cr_expect_str_eq(letters, "mabcabcabc");
}

static int
write_late(void *arg)
{
	plx_sleep(PLX_MILLISECOND);
	write_letter(*(const char *)arg);
	return 5;
}

static int
spawn_and_return(void *arg)
{
	static char x = 'x';

	(void)arg;
	plx_spawn(NULL, write_late, &x, NULL);
	return 3;
}

Test(task, run_waits_for_every_task)
{
	cr_expect_eq(run_timed(spawn_and_return, NULL), 3);
	cr_expect_str_eq(letters, "x");
}

static int
clean_up_late(void *arg)
{
	int r = plx_sleep_until(PLX_NEVER);

	cr_expect_eq(r, -ECANCELED);
	cr_expect_eq(plx_sleep(1), -ECANCELED, "cancelled for good");
	write_letter(*(const char *)arg);
	return r;
}

static int
fail_beside_others(void *arg)
{
	static char names[] = "pq";
	int r;

	(void)arg;
	plx_spawn(NULL, clean_up_late, &names[0], NULL);
	plx_spawn(NULL, clean_up_late, &names[1], NULL);
	plx_checkpoint();
	plx_spawn(NULL, return_arg, &broken, NULL);
	r = plx_sleep_until(PLX_NEVER);
	cr_expect_eq(r, -ECANCELED);
	return 9;
}

Test(task, the_first_error_cancels_the_others_and_is_returned)
{
	cr_expect_eq(run_on(NULL, fail_beside_others, NULL), -EPIPE);
	cr_expect_str_eq(letters, "pq");
}

static int
spawn_after_failure(void *arg)
{
	(void)arg;
	plx_spawn(NULL, return_arg, &broken, NULL);
	plx_checkpoint();
	cr_expect_eq(plx_spawn(NULL, clean_up_late, (char *)"n", NULL), 0);
	return 0;
}

Test(task, a_task_of_a_cancelled_nursery_starts_cancelled)
{
	cr_expect_eq(run_on(NULL, spawn_after_failure, NULL), -EPIPE);
	cr_expect_str_eq(letters, "n");
}

static int
several_calls(void *arg)
{
	plx_task *t;
	int r;

	(void)arg;
	r = plx_spawn(NULL, sleep_for_ever, NULL, &t);
	if (r < 0)
		return r;
	r = plx_sleep(PLX_MICROSECOND);
	plx_cancel(t);
	return r;
}

/* Each call in turn fails with each of these. */
static const int plausible[] = {ENOMEM, EMFILE, EBADF};

PLX_BACKENDS(task, whichever_call_fails_nothing_is_left)
ParameterizedTest(struct backend_param *p, task,
		  whichever_call_fails_nothing_is_left)
{
	const struct plx_run_options o = {
		.backend = p->name,
		.sys = &support_sys.sys,
	};
	struct support_mark mark;
	int r;

	for (size_t e = 0; e < 3; e++) {
		for (long k = 1; k < 60; k++) {
			mark = support_begin(p->name);
			support_sys.fails = SUPPORT_RESIZE | SUPPORT_MAP |
					    SUPPORT_WAIT | SUPPORT_CHANGE |
					    SUPPORT_OPEN | SUPPORT_ADVISE |
					    SUPPORT_PROTECT;
			support_sys.fail_at = k;
			support_sys.fail_with = plausible[e];
			r = plx_run(&o, several_calls, NULL);
			cr_expect_leq(r, 0, "%s: call %ld", p->name, k);
			support_end(mark, p->name);
		}
	}
}

static int
wait_in_a_broken_loop(void *arg)
{
	int r;

	(void)arg;
	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	r = plx_sleep_until(PLX_NEVER);
	cr_expect_eq(r, -ECANCELED);
	write_letter('c');
	return r;
}

PLX_BACKENDS(task, a_broken_loop_cancels_and_its_error_is_returned)
ParameterizedTest(struct backend_param *p, task,
		  a_broken_loop_cancels_and_its_error_is_returned)
{
	nletters = 0;
	cr_expect_eq(run_on(p->name, wait_in_a_broken_loop, NULL), -ENOMEM,
		     "%s", p->name);
	cr_expect_str_eq(letters, "c", "%s", p->name);
}

/* Writes over the page below the stack, as an overflow would. */
static int
overflow(void *arg)
{
	char *stack = plx_self()->coro.stack;

	(void)arg;
	memset(stack - 64, 0, 64);
	return 0;
}

static int
no_advice(const struct plx_sys *sys, void *p, size_t size, int advice)
{
	(void)sys;
	(void)p;
	(void)size;
	(void)advice;
	return -ENOSYS;
}

static int
no_protection(const struct plx_sys *sys, void *p, size_t size, int prot)
{
	(void)sys;
	(void)p;
	(void)size;
	(void)prot;
	return -ENOMEM;
}

Test(task, a_trodden_canary_is_the_result_of_the_run)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options o = {.sys = &support_sys.sys};

	support_sys.sys.advise = no_advice;
	support_sys.sys.protect = no_protection;
	cr_expect_eq(plx_run(&o, overflow, NULL), -EFAULT);
	support_end(mark, NULL);
}
