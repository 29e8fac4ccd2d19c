/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_await.c: bodies that wait where no task is: whoever resumes them is
 * told.  With tasks and loops about: test_gen_await_task.c.
 */
#include <config.h>
#include <pollux/blocking.h>
#include <pollux/process.h>
#include <pollux/signal.h>
#include "gen_flag.h"

static int
wait_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < scene.awaits; i++)
		scene.got = plx_await(&scene.flag.awaitable, PLX_NEVER);
	scene.cleaned++;
	return scene.got;
}

Test(gen_await, the_caller_is_told_and_next_gives_the_result)
{
	int64_t deadline = 0;

	begin(wait_once);
	expect_next_told(scene.gen);
	cr_expect_eq(plx_gen_deadline(scene.gen, &deadline), 0);
	cr_expect_eq(deadline, 12345);
	cr_expect_eq(plx_gen_deadline(scene.gen, NULL), 0);
	scene.flag.value = 6;
	cr_expect_eq(next_of(scene.gen), 0);
	cr_expect_eq(result_of(scene.gen), 6);
	end();
}

Test(gen_await, a_result_below_0_is_a_result_too)
{
	begin(wait_once);
	expect_next_told(scene.gen);
	scene.flag.value = -EPIPE;
	cr_expect_eq(next_of(scene.gen), -EPIPE);
	cr_expect_eq(scene.got, -EPIPE);
	end();
}

Test(gen_await, nothing_can_be_sent_to_an_await)
{
	begin(wait_once);
	expect_next_told(scene.gen);
	cr_expect_eq(send_to(scene.gen, 5), -EINVAL);
	cr_expect_eq(scene.cleaned, 0, "it has not moved");
	cr_expect_eq(plx_gen_deadline(scene.gen, NULL), 0);
	cr_expect_eq(send_to(scene.gen, 0), 0, "but nothing can be sent");
	cr_expect_eq(scene.cleaned, 1);
	end();
}

Test(gen_await, what_is_thrown_comes_out)
{

	begin(wait_often);
	scene.awaits = 2;
	expect_next_told(scene.gen);
	expect_throw_told(scene.gen, -ETIMEDOUT);
	cr_expect_eq(scene.got, -ETIMEDOUT, "and may be caught");
	cr_expect_eq(throw_into(scene.gen, -ENOTSUP), -ENOTSUP);
	cr_expect_eq(scene.got, -ENOTSUP);
	end();
}

Test(gen_await, a_close_comes_out)
{
	begin(wait_once);
	expect_next_told(scene.gen);
	cr_expect_eq(plx_gen_close(scene.gen), 0);
	cr_expect_eq(scene.got, -ECANCELED);
	end();
	begin(wait_once);
	expect_next_told(scene.gen);
	end();
	cr_expect_eq(scene.cleaned, 1, "by the free too");
}

Test(gen_await, an_await_during_a_close_ignores_it)
{
	begin(wait_often);
	scene.awaits = 2;
	expect_next_told(scene.gen);
	cr_expect_eq(plx_gen_close(scene.gen), -EPROTO);
	cr_expect_eq(scene.got, -ECANCELED);
	cr_expect_eq(plx_gen_deadline(scene.gen, NULL), 0, "it stands there");
	scene.flag.value = 3;
	cr_expect_eq(next_of(scene.gen), 0);
	cr_expect_eq(scene.got, 3);
	end();
}

/* Yields 1, waits, yields the result, waits. */
static int
alternate(void *arg)
{
	void *sent = NULL;
	int r;

	(void)arg;
	plx_yield(number(1), &sent);
	scene.sent = (intptr_t)sent;
	r = plx_await(&scene.flag.awaitable, 0);
	plx_yield(number(r), &sent);
	scene.sent = (intptr_t)sent;
	return plx_await(&scene.flag.awaitable, PLX_NEVER);
}

Test(gen_await, the_two_kinds_of_stops_are_never_mixed_up)
{
	int64_t deadline = -5;

	begin(alternate);
	scene.flag.value = 77;
	cr_expect_eq(plx_gen_deadline(scene.gen, &deadline), -ENOENT,
		     "not begun");
	cr_expect_eq(next_of(scene.gen), 1);
	cr_expect_eq(plx_gen_deadline(scene.gen, &deadline), -ENOENT);
	cr_expect_eq(deadline, -5);
	expect_send_told(scene.gen, 9);
	cr_expect_eq(scene.sent, 9);
	cr_expect_eq(plx_gen_deadline(scene.gen, &deadline), 0);
	cr_expect_eq(deadline, 0);
	cr_expect_eq(next_of(scene.gen), 77);
	cr_expect_eq(plx_gen_deadline(scene.gen, &deadline), -ENOENT);
	expect_send_told(scene.gen, 10);
	cr_expect_eq(scene.sent, 10);
	cr_expect_eq(next_of(scene.gen), 0);
	cr_expect_eq(plx_gen_deadline(scene.gen, &deadline), -ENOENT, "done");
	end();
}

Test(gen_await, a_result_is_all_that_an_awaitable_needs)
{
	const struct plx_awaitable_ops bare = {.result = flag_result};

	begin(wait_once);
	scene.flag.awaitable.ops = &bare;
	scene.flag.value = 9;
	expect_next_told(scene.gen);
	cr_expect_eq(next_of(scene.gen), 0);
	cr_expect_eq(scene.got, 9);
	end();
}

Test(gen_await, the_value_may_be_ignored)
{
	begin(wait_once);
	cr_expect_eq(plx_gen_next(scene.gen, NULL), PLX_GEN_AWAITS);
	cr_expect_eq(plx_gen_next(scene.gen, NULL), 0);
	end();
}

#define DEPTH 200

static int
delegate(void *arg)
{
	int result = -1;
	int r = plx_yield_from(arg, &result);

	return r < 0 ? r : result;
}

Test(gen_await, passes_through_any_depth_of_delegation)
{
	plx_gen *chain[DEPTH];
	int64_t deadline;

	begin(wait_often);
	scene.awaits = 3;
	chain[0] = scene.gen;
	for (int i = 1; i < DEPTH; i++)
		chain[i] = gen_of(delegate, chain[i - 1]);
	expect_next_told(chain[DEPTH - 1]);
	cr_expect_eq(plx_gen_deadline(chain[DEPTH - 1], &deadline), 0);
	cr_expect_eq(deadline, PLX_NEVER);
	cr_expect_eq(plx_gen_deadline(chain[0], &deadline), -EBUSY);
	cr_expect_eq(send_to(chain[DEPTH - 1], 1), -EINVAL);
	expect_next_told(chain[DEPTH - 1]);
	expect_throw_told(chain[DEPTH - 1], -EIO);
	cr_expect_eq(scene.got, -EIO);
	scene.flag.value = 8;
	cr_expect_eq(next_of(chain[DEPTH - 1]), 0);
	cr_expect_eq(result_of(chain[DEPTH - 1]), 8);
	for (int i = 1; i < DEPTH; i++)
		plx_gen_free(&chain[i]);
	end();
}

/* Delegates, hears that the delegate was deaf, and yields. */
static int
outlive(void *arg)
{
	scene.sent = plx_yield_from(arg, NULL);
	plx_yield(number(1), NULL);
	return 0;
}

Test(gen_await, a_delegate_that_awaits_during_a_close_is_let_go)
{
	plx_gen *outer;

	begin(wait_often);
	scene.awaits = 2;
	outer = gen_of(outlive, scene.gen);
	expect_next_told(outer);
	cr_expect_eq(throw_into(outer, -ECANCELED), 1, "a plain yield");
	cr_expect_eq(scene.sent, -EPROTO);
	cr_expect_eq(scene.got, -ECANCELED);
	cr_expect_eq(plx_gen_deadline(outer, NULL), -ENOENT);
	cr_expect_eq(plx_gen_deadline(scene.gen, NULL), 0);
	scene.flag.value = 2;
	cr_expect_eq(next_of(scene.gen), 0, "it can be resumed");
	cr_expect_eq(scene.got, 2);
	cr_expect_eq(next_of(outer), 0);
	plx_gen_free(&outer);
	end();
}

Test(gen_await, one_that_waits_already_may_be_delegated_to)
{
	plx_gen *outer;

	begin(wait_often);
	scene.awaits = 2;
	expect_next_told(scene.gen);
	outer = gen_of(delegate, scene.gen);
	scene.flag.value = 4;
	expect_next_told(outer);
	cr_expect_eq(scene.got, 4, "as if by next");
	cr_expect_eq(next_of(outer), 0);
	plx_gen_free(&outer);
	end();
}

static int
return_0(void *arg)
{
	(void)arg;
	return 0;
}

static int
wait_wrongly(void *arg)
{
	struct plx_awaitable *list[1] = {&scene.flag.awaitable};
	const struct plx_awaitable_ops no_result = {.arm = flag_touch};
	struct plx_awaitable nothing = {.ops = NULL};
	struct plx_process process = {.pid = 0};
	struct plx_signals signals = {.caught = NULL};
	int status = 4711;
	char c;

	(void)arg;
	cr_expect_eq(plx_await_any(list, 1, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_await_fd(0, PLX_READ, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_sleep(1), -EPERM);
	cr_expect_eq(plx_checkpoint(), -EPERM);
	cr_expect_eq(plx_recv(0, &c, 1, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_blocking(return_0, NULL, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_signals_wait(&signals, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_process_wait(&process, &status, PLX_NEVER), -EPERM);
	cr_expect_eq(status, 4711);
	cr_expect_eq(plx_await(NULL, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_await(&nothing, PLX_NEVER), -EINVAL);
	nothing.ops = &no_result;
	cr_expect_eq(plx_await(&nothing, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_gen_deadline(scene.gen, NULL), -EBUSY, "it runs");
	return 0;
}

Test(gen_await, no_other_wait_can_be_told)
{
	begin(wait_wrongly);
	cr_expect_eq(next_of(scene.gen), 0);
	cr_expect_eq(plx_await(&scene.flag.awaitable, PLX_NEVER), -EPERM,
		     "no generator runs here");
	cr_expect_eq(plx_await(NULL, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_gen_deadline(NULL, NULL), -EINVAL);
	end();
}
