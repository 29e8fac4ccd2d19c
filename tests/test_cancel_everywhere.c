/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cancel_everywhere.c: cancels at every wait of tasks, scopes and
 * generators.
 *
 * The scenarios are about what they leave behind, not what they return: each
 * task has a clean-up that must run once, and whoever opens a descriptor says
 * so at once.
 */
#include <config.h>
#include <pollux/gen.h>
#include "cancel_everywhere.h"

static int
sleep_thrice(void *arg)
{
	int64_t span = (intptr_t)arg * PLX_MILLISECOND;
	int r = 0;

	cleans_up();
	for (int i = 0; r == 0 && i < 3; i++)
		r = plx_sleep(span);
	return r;
}

static int
sleep_and_join(void *arg)
{
	plx_task *t[3];
	int r = 0, result;

	(void)arg;
	cleans_up();
	for (intptr_t i = 0; i < 3; i++)
		plx_spawn(NULL, sleep_thrice, (void *)(i + 1), &t[i]);
	for (int i = 0; i < 3; i++) {
		if (plx_join(t[i], &result, in(PLX_SECOND)) < 0) {
			plx_detach(t[i]);
			r = -ECANCELED;
		}
	}
	return r;
}
CANCEL_EVERYWHERE(sleeps_and_joins, .fn = sleep_and_join)

/* Each joins the one before; the first sleeps. */
static int
join_next(void *arg)
{
	int depth = (int)(intptr_t)arg;
	plx_task *t;
	int r;

	cleans_up();
	if (depth == 0)
		return plx_sleep(PLX_SECOND);
	plx_spawn(NULL, join_next, (void *)(intptr_t)(depth - 1), &t);
	r = plx_join(t, NULL, in((depth + 1) * PLX_SECOND));
	if (r < 0) {
		plx_cancel(t);
		plx_detach(t);
	}
	return r;
}

static int
join_chain(void *arg)
{
	(void)arg;
	return join_next((void *)(intptr_t)4);
}
CANCEL_EVERYWHERE(a_chain_of_joins, .fn = join_chain)

static int
write_much(void *arg)
{
	static const char block[50000];
	int fd = (int)(intptr_t)arg;
	ssize_t n = 0;

	closes(fd);
	cleans_up();
	for (int i = 0; n >= 0 && i < 8; i++)
		n = plx_write(fd, block, sizeof(block), in(PLX_SECOND));
	return n == -EPIPE ? 0 : (int)(n < 0 ? n : 0);
}

static int
read_all(void *arg)
{
	static char block[10000];
	int fd = (int)(intptr_t)arg;
	ssize_t n;

	closes(fd);
	cleans_up();
	do
		n = plx_read(fd, block, sizeof(block), in(PLX_SECOND));
	while (n > 0);
	return (int)n;
}

static int
pipe_between(void *arg)
{
	int fd[2];

	(void)arg;
	support_pipe(fd);
	plx_spawn(NULL, read_all, (void *)(intptr_t)fd[0], NULL);
	plx_spawn(NULL, write_much, (void *)(intptr_t)fd[1], NULL);
	return 0;
}
CANCEL_EVERYWHERE(a_full_pipe, .fn = pipe_between)

/* Two tasks at one end, one sends and one receives; the same at the other. */
static int
send_some(void *arg)
{
	static const char block[300000];
	int fd = *(int *)arg;

	cleans_up();
	for (int i = 0; i < 3; i++) {
		ssize_t n = plx_send(fd, block, sizeof(block), in(PLX_SECOND));

		if (n < 0)
			return n == -EPIPE ? 0 : (int)n;
	}
	return 0;
}

static int
take_some(void *arg)
{
	static char block[30000];
	int fd = *(int *)arg;
	ssize_t n = 1;

	cleans_up();
	for (size_t sum = 0; n > 0 && sum < 900000;) {
		n = plx_recv(fd, block, sizeof(block), in(PLX_SECOND));
		sum += n > 0 ? (size_t)n : 0;
	}
	return (int)(n < 0 ? n : 0);
}

static int
talk_both_ways(void *arg)
{
	plx_nursery *n;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	closes(fd[0]);
	closes(fd[1]);
	if (plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	plx_spawn(n, send_some, &fd[0], NULL);
	plx_spawn(n, send_some, &fd[1], NULL);
	plx_spawn(n, take_some, &fd[0], NULL);
	plx_spawn(n, take_some, &fd[1], NULL);
	return plx_nursery_close(&n, 0);
}
CANCEL_EVERYWHERE(sends_and_receives_both_ways, .fn = talk_both_ways)

/* Whoever waits for the descriptor when it is closed. */
static int
wait_for_fd(void *arg)
{
	int r;

	cleans_up();
	r = plx_await_fd(*(int *)arg, PLX_READ, PLX_NEVER);
	return r == -ESHUTDOWN || r == -EBADF ? 0 : r;
}

static int
close_under_waiter(void *arg)
{
	static int fd[2];
	int r;

	(void)arg;
	support_unix_pair(fd);
	closes(fd[1]);
	plx_spawn(NULL, wait_for_fd, &fd[0], NULL);
	r = plx_sleep(PLX_SECOND);
	cr_expect_eq(plx_close(fd[0]), 0);
	return r;
}
CANCEL_EVERYWHERE(a_close_under_a_waiter, .fn = close_under_waiter)

static int
tidy_up_slowly(int64_t grace)
{
	struct plx_scope shield;
	int r;

	plx_scope_shield(&shield, PLX_NEVER, grace);
	r = plx_sleep(10 * PLX_MILLISECOND);
	if (r == 0)
		r = plx_sleep(10 * PLX_MILLISECOND);
	return plx_scope_leave(&shield, r);
}

static void
tidy_up(void *arg)
{
	(void)tidy_up_slowly(arg ? 15 * PLX_MILLISECOND : PLX_NEVER);
}

static int
work_in_scopes(void *arg)
{
	struct plx_scope outer, inner;
	int r;

	cleans_up();
	plx_scope_enter(&outer, in(50 * PLX_MILLISECOND));
	plx_defer(tidy_up, arg);
	cleans_up();
	plx_scope_enter(&inner, in(30 * PLX_MILLISECOND));
	cleans_up();
	r = plx_sleep(20 * PLX_MILLISECOND);
	if (r == 0)
		r = plx_sleep(20 * PLX_MILLISECOND);
	r = plx_scope_leave(&inner, r);
	if (r == 0 || r == -ETIMEDOUT)
		r = plx_sleep(100 * PLX_MILLISECOND);
	r = plx_scope_leave(&outer, r);
	return r == -ETIMEDOUT ? 0 : r;
}

static int
use_scopes(void *arg)
{
	plx_task *t;
	int r;

	(void)arg;
	plx_spawn(NULL, work_in_scopes, NULL, &t);
	r = work_in_scopes(&r);
	if (plx_join(t, NULL, PLX_NEVER) < 0)
		plx_detach(t);
	return r;
}
CANCEL_EVERYWHERE(scopes_with_slow_clean_up, .fn = use_scopes)

static int
inner_body(void *arg)
{
	int r = 0;

	(void)arg;
	cleans_up();
	for (int i = 0; r == 0 && i < 2; i++) {
		r = plx_sleep(PLX_MILLISECOND);
		if (r == 0)
			r = plx_yield(NULL, NULL);
	}
	return r;
}

static int
outer_body(void *arg)
{
	plx_gen *inner;
	int r;

	cleans_up();
	if (plx_gen_new(inner_body, arg, &inner) < 0)
		return -ENOMEM;
	r = plx_yield_from(inner, NULL);
	plx_gen_free(&inner);
	if (r == 0)
		r = plx_yield(NULL, NULL);
	(void)tidy_up_slowly(PLX_NEVER);
	return r;
}

static int
iterate(void *arg)
{
	plx_gen *g;
	int r;

	cleans_up();
	if (plx_gen_new(outer_body, NULL, &g) < 0)
		return -ENOMEM;
	do
		r = plx_gen_next(g, NULL);
	while (r == 1 && (r = plx_sleep(PLX_MILLISECOND)) == 0);
	if (!arg)
		plx_gen_free(&g);
	return r;
}

static int
iterate_twice(void *arg)
{
	static int abandoned;

	(void)arg;
	plx_spawn(NULL, iterate, NULL, NULL);
	plx_spawn(NULL, iterate, &abandoned, NULL);
	return 0;
}
CANCEL_EVERYWHERE(generators_that_wait, .fn = iterate_twice)
