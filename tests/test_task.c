/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_task.c: the life of tasks: run, spawn, end, join, detach, cancel.
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
cancel_one(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	return plx_checkpoint();
}
IN_A_TASK(task, a_cancelled_task_is_no_failure, cancel_one)

static int
cancel_before_start(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(task, cancel_before_the_start_meets_the_first_wait,
	  cancel_before_start)

static int
cancel_self(void *arg)
{
	(void)arg;
	plx_cancel(plx_self());
	plx_cancel(plx_self());
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_join(plx_self(), NULL, 0), -EDEADLK);
	return 0;
}
IN_A_TASK(task, a_task_may_cancel_itself, cancel_self)

static int
join_all_ways(void *arg)
{
	plx_task *t;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 7, "it was still running");
	result = 0;
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_checkpoint();
	cr_expect_eq(plx_join(t, &result, 0), 0);
	cr_expect_eq(result, 7, "it had ended");
	plx_spawn(NULL, return_arg, &seven, &t);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	return 0;
}
IN_A_TASK(task, join_hands_over_the_result, join_all_ways)

static int
join_too_early(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	cr_expect_eq(plx_join(t, NULL, 0), -ETIMEDOUT);
	cr_expect_eq(plx_join(t, NULL, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(stop_task(t), -ECANCELED, "it is still there");
	return 0;
}
WITH_CLOCK(task, join_keeps_its_deadline, join_too_early)

static int
join_it(void *arg)
{
	return plx_join(arg, NULL, PLX_NEVER);
}

static int
join_twice(void *arg)
{
	plx_task *t, *joiner;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, join_it, t, &joiner);
	plx_checkpoint();
	cr_expect_eq(plx_join(t, NULL, 0), -EBUSY);
	plx_detach(t);
	plx_cancel(t);
	cr_expect_eq(plx_join(joiner, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 0);
	return 0;
}
IN_A_TASK(task, a_second_joiner_is_refused, join_twice)

static int
cancel_joiner(void *arg)
{
	plx_task *t, *joiner;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, join_it, t, &joiner);
	plx_checkpoint();
	cr_expect_eq(stop_task(joiner), -ECANCELED);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(task, a_cancelled_joiner_leaves_the_task_to_another, cancel_joiner)

static int
end_and_cancel_joiner(void *arg)
{
	plx_task *t, *joiner;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, join_it, t, &joiner);
	plx_checkpoint();
	plx_cancel(joiner);
	plx_cancel(t);
	let_run(2);
	cr_expect_eq(plx_join(joiner, NULL, 0), 0);
	return stop_task(t) == -ECANCELED ? 0 : -EPROTO;
}
IN_A_TASK(task, an_interrupted_join_leaves_no_trace, end_and_cancel_joiner)

static int
join_without_handle(void *arg)
{
	cr_expect_eq(plx_join(arg, NULL, 0), -EINVAL);
	return 0;
}

static int
spawn_join_without_handle(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_join(NULL, NULL, 0), -EINVAL);
	plx_spawn(NULL, join_without_handle, plx_self(), NULL);
	return plx_checkpoint();
}
IN_A_TASK(task, a_task_without_handle_cannot_be_joined,
	  spawn_join_without_handle)

static int
leave_unjoined(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	return plx_checkpoint();
}
IN_A_TASK(task, what_nobody_joins_is_freed_at_the_end, leave_unjoined)

static int
detach_both_ways(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_detach(t);
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_checkpoint();
	plx_detach(t);
	return 0;
}
IN_A_TASK(task, detach_works_before_and_after_the_end, detach_both_ways)

static int
spawn_nothing(void *arg)
{
	plx_task *t = NULL;

	(void)arg;
	cr_expect_eq(plx_spawn_named(NULL, "x", "f", 1, NULL, NULL, &t),
		     -EINVAL);
	cr_expect_null(t);
	return 0;
}
IN_A_TASK(task, spawn_refuses_no_function, spawn_nothing)

static int
spawn_without_memory(void *arg)
{
	plx_task *t = NULL;
	int r = 0;
	int n = 0;

	(void)arg;
	support_sys.fails = SUPPORT_MAP | SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	while (r == 0 && n < 100000) {
		support_sys.fail_at = 1;
		r = plx_spawn(NULL, return_arg, &seven, NULL);
		n++;
	}
	support_sys.fail_at = 0;
	cr_expect_eq(r, -ENOMEM);
	cr_expect_eq(plx_spawn(NULL, return_arg, &seven, &t), 0);
	return plx_join(t, NULL, PLX_NEVER);
}
IN_A_TASK(task, spawn_without_memory_fails_and_later_works,
	  spawn_without_memory)

static int
park_many(void *arg)
{
	enum {
		MANY = SUPPORT_TSAN ? 4000 : 10000
	};
	static plx_task *tasks[MANY];

	(void)arg;
	for (int i = 0; i < MANY; i++)
		cr_expect_eq(plx_spawn(NULL, sleep_for_ever, NULL, &tasks[i]),
			     0);
	plx_checkpoint();
	for (int i = 0; i < MANY; i++)
		plx_cancel(tasks[i]);
	for (int i = 0; i < MANY; i++)
		cr_expect_eq(stop_task(tasks[i]), -ECANCELED);
	return 0;
}
IN_A_TASK(task, thousands_are_parked_and_cancelled, park_many)

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
