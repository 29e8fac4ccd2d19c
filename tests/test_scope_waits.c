/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scope_waits.c: every kind of wait ends when the scope it is in does, at
 * its deadline and by a cancel.
 */
#include <config.h>
#include <pollux/channel.h>
#include <pollux/queue.h>
#include <pollux/sync.h>
#include "task_common.h"

/* What there is to wait for in vain. */
struct things {
	int fd[2];
	plx_channel *empty, *unbuffered;
	struct plx_queue queue;
	struct plx_event event;
	struct plx_lock taken, mine;
	struct plx_semaphore semaphore;
	struct plx_condition condition;
	struct plx_barrier barrier;
	plx_nursery *full;
	plx_task *sleeper;
};

static int
wait_readable(struct things *t)
{
	char c;

	return (int)plx_read(t->fd[0], &c, 1, PLX_NEVER);
}

static int
wait_hinted(struct things *t)
{
	char c;

	cr_expect_lt(plx_recv(t->fd[0], &c, 1, 0), 0);
	return (int)plx_recv(t->fd[0], &c, 1, PLX_NEVER);
}

static int
wait_await_fd(struct things *t)
{
	return plx_await_fd(t->fd[0], PLX_READ, PLX_NEVER);
}

static int
wait_sleep(struct things *t)
{
	(void)t;
	return plx_sleep_until(PLX_NEVER);
}

static int
wait_recv(struct things *t)
{
	return plx_channel_recv(t->empty, &(int){0}, PLX_NEVER);
}

static int
wait_send(struct things *t)
{
	return plx_channel_send(t->unbuffered, &(int){0}, PLX_NEVER);
}

static int
wait_queue(struct things *t)
{
	struct plx_queue_node *node;

	return plx_queue_get(&t->queue, &node, PLX_NEVER);
}

static int
wait_event(struct things *t)
{
	return plx_event_wait(&t->event, PLX_NEVER);
}

static int
wait_lock(struct things *t)
{
	return plx_lock_acquire(&t->taken, PLX_NEVER);
}

static int
wait_semaphore(struct things *t)
{
	return plx_semaphore_acquire(&t->semaphore, PLX_NEVER);
}

static int
wait_condition(struct things *t)
{
	int r = plx_condition_wait(&t->condition, PLX_NEVER);

	cr_expect(plx_lock_held(&t->mine));
	return r;
}

static int
wait_barrier(struct things *t)
{
	return plx_barrier_wait(&t->barrier, PLX_NEVER);
}

static int
wait_room(struct things *t)
{
	return plx_nursery_room(t->full, PLX_NEVER);
}

static int
wait_join(struct things *t)
{
	return plx_join(t->sleeper, NULL, PLX_NEVER);
}

static int
wait_any(struct things *t)
{
	struct plx_fd_awaitable f;
	struct plx_timer_awaitable timer;
	struct plx_channel_awaitable recv;
	struct plx_awaitable *const list[] = {
		plx_fd_awaitable(&f, t->fd[0], PLX_READ),
		plx_timer_awaitable(&timer, PLX_NEVER),
		plx_channel_recv_awaitable(&recv, t->empty, &(int){0}),
	};

	return plx_await_any(list, 3, PLX_NEVER);
}

static int (*const waits[])(struct things *t) = {
	wait_readable,	wait_hinted,  wait_await_fd, wait_sleep, wait_recv,
	wait_send,	wait_queue,   wait_event,    wait_lock,	 wait_semaphore,
	wait_condition, wait_barrier, wait_room,     wait_join,	 wait_any,
};

#define WAITS (sizeof(waits) / sizeof(waits[0]))

static int
take_lock_and_sleep(void *arg)
{
	plx_lock_acquire(arg, PLX_NEVER);
	return plx_sleep_until(PLX_NEVER);
}

static void
set_up(struct things *t)
{
	const struct plx_nursery_options one = {.max_tasks = 1};

	memset(t, 0, sizeof(*t));
	support_unix_pair(t->fd);
	plx_channel_open(sizeof(int), 1, &t->empty);
	plx_channel_open(sizeof(int), 0, &t->unbuffered);
	plx_queue_init(&t->queue);
	plx_semaphore_init(&t->semaphore, 0, 0);
	plx_condition_init(&t->condition, &t->mine);
	plx_barrier_init(&t->barrier, 2);
	plx_lock_acquire(&t->mine, PLX_NEVER);
	plx_nursery_open(&one, &t->full);
	plx_spawn(t->full, take_lock_and_sleep, &t->taken, &t->sleeper);
	plx_checkpoint();
}

static void
tear_down(struct things *t)
{
	plx_nursery_cancel(t->full);
	cr_expect_eq(plx_nursery_close(&t->full, 0), 0);
	plx_detach(t->sleeper);
	plx_channel_free(&t->empty);
	plx_channel_free(&t->unbuffered);
	plx_close(t->fd[0]);
	close(t->fd[1]);
}

static int
expire_each(void *arg)
{
	struct plx_scope s;
	struct things t;

	(void)arg;
	set_up(&t);
	for (size_t i = 0; i < WAITS; i++) {
		int64_t end = in(PLX_SECOND);

		plx_scope_enter(&s, end);
		cr_expect_eq(waits[i](&t), -ECANCELED, "wait %zu", i);
		cr_expect_eq(in(0), end, "wait %zu", i);
		cr_expect_eq(waits[i](&t), -ECANCELED, "wait %zu again", i);
		cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	}
	tear_down(&t);
	return 0;
}
WITH_CLOCK(scope_waits, each_ends_at_the_deadline, expire_each)

static int
cancel_scope(void *arg)
{
	plx_scope_cancel(arg);
	return 0;
}

static int
cancel_each(void *arg)
{
	struct plx_scope s;
	struct things t;

	(void)arg;
	set_up(&t);
	for (size_t i = 0; i < WAITS; i++) {
		plx_scope_enter(&s, PLX_NEVER);
		plx_spawn(NULL, cancel_scope, &s, NULL);
		cr_expect_eq(waits[i](&t), -ECANCELED, "wait %zu", i);
		cr_expect_eq(plx_scope_leave(&s, -ECANCELED), 0);
	}
	tear_down(&t);
	return 0;
}
IN_A_TASK(scope_waits, each_ends_with_a_cancel, cancel_each)
