/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd_waiter.h: tasks that wait for a descriptor.
 *
 * Each scene has a Unix pair: [0] is waited for, [1] is its peer.  All of this
 * is for the inside of a task.
 */
#ifndef PLX_FD_WAITER_H
#define PLX_FD_WAITER_H

#include "task_common.h"

typedef int wait_fn(int fd);

/* A task that waits for a descriptor, and what it gets. */
struct waiter {
	wait_fn *wait;
	int fd;
	plx_task *task;
	int got;
};

static inline int
await_readable(int fd)
{
	struct plx_fd_awaitable f;

	return plx_await(plx_fd_awaitable(&f, fd, PLX_READ), PLX_NEVER);
}

static inline int
wait_readable(int fd)
{
	return plx_await_fd(fd, PLX_READ, PLX_NEVER);
}

static inline int
wait_writable(int fd)
{
	return plx_await_fd(fd, PLX_WRITE, PLX_NEVER);
}

static inline int
be_waiter(void *arg)
{
	struct waiter *w = arg;

	w->got = w->wait(w->fd);
	return 0;
}

/* Spawns W, which waits for FD by WAIT. */
static inline void
start(struct waiter *w, wait_fn *wait, int fd)
{
	w->wait = wait;
	w->fd = fd;
	cr_expect_eq(plx_spawn(NULL, be_waiter, w, &w->task), 0);
}

/* The same, and it is parked then. */
static inline void
park(struct waiter *w, wait_fn *wait, int fd)
{
	start(w, wait, fd);
	plx_checkpoint();
}

/* Waits for its end; what it got. */
static inline int
finish(struct waiter *w)
{
	cr_expect_eq(plx_join(w->task, NULL, PLX_NEVER), 0);
	return w->got;
}

/* R has the event BIT, and no error. */
static inline int
has(int r, unsigned bit)
{
	return r > 0 && ((unsigned)r & bit);
}

static inline void
close_pair(int fd[2])
{
	plx_close(fd[0]);
	plx_close(fd[1]);
}

static inline int
put_byte(void *arg)
{
	return write(*(int *)arg, "x", 1) == 1 ? 0 : -EIO;
}

#endif
