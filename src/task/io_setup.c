/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_setup.c: connections coming and going, by readiness: accept, connect,
 * and what a close has to tell.
 *
 * The loop knows one reader per descriptor, but many tasks may accept on one
 * listener.  They stand in the run's queue, first come first served: the
 * first one of a descriptor waits for its readiness, the others for their
 * turn to be the first.  Whoever leaves the queue wakes the next.
 *
 * Traps of connect(2): interrupted, it goes on in the background (a second
 * call would be refused); its outcome is fetched once, by SO_ERROR; and a Unix
 * socket whose peer's backlog is full says EAGAIN, for which there is no
 * readiness to wait for, so it is tried again at growing distances.
 */
#include <config.h>
#include "hibernate_int.h"
#include "io_int.h"

#define RETRY_FIRST PLX_MILLISECOND
#define RETRY_LAST (64 * PLX_MILLISECOND)

static struct plx_queue_wait *
first_of(struct plx_rt *rt, int fd)
{
	struct plx_queue_wait *q;
	struct plx_link *l;

	for (l = rt->queue.next; l != &rt->queue; l = l->next) {
		q = PLX_OF(l, struct plx_queue_wait, link);
		if (q->fd == fd)
			return q;
	}
	return NULL;
}

static void
queue_enter(struct plx_queue_wait *q, struct plx_task *t, int fd,
	    const char *what)
{
	q->wait.kind = PLX_WAIT_QUEUE;
	q->wait.fixed = 0;
	q->what = what;
	q->task = t;
	q->fd = fd;
	q->error = 0;
	plx__list_append(&t->rt->queue, &q->link);
}

/* An error in Q means that FD is closed and Q off the queue already; the
   number may be another file's by now. */
static void
queue_leave(struct plx_queue_wait *q)
{
	struct plx_rt *rt = q->task->rt;
	struct plx_queue_wait *next;
	int was_first;

	if (q->error)
		return;
	was_first = first_of(rt, q->fd) == q;
	plx__list_remove(&q->link);
	next = first_of(rt, q->fd);
	if (was_first && next)
		plx__task_interrupt(next->task, 0);
}

/* Waits until Q is the first and a connection is there. */
static int
await_connection(struct plx_queue_wait *q, int64_t deadline)
{
	struct plx_task *t = q->task;
	int r = 0;

	q->wait.deadline = deadline;
	while (r == 0 && first_of(t->rt, q->fd) != q && !q->error)
		r = plx__park(t, &q->wait);
	if (r == 0 && t->cancels)
		r = -ECANCELED;
	if (r == 0 && !q->error)
		r = plx__wait_fd(t, q->fd, PLX_READ, deadline);
	return q->error ? q->error : r;
}

/* A side of the new number that is watched is left from a file that was closed
   without plx_close. */
static int
accept_now(struct plx_rt *rt, int fd, struct sockaddr *sa, socklen_t *len)
{
	int r;

	do
		r = rt->sys->accept(rt->sys, fd, sa, len);
	while (r == -EINTR);
	if (r >= 0 && plx__port_reset(rt, r))
		plx__ready_forget(rt, r);
	return r;
}

int
plx__ready_accept(int fd, struct sockaddr *sa, socklen_t *len, int64_t deadline,
		  struct plx_task *t)
{
	struct plx_queue_wait q;
	int r = -EAGAIN;

	if (!first_of(t->rt, fd))
		r = accept_now(t->rt, fd, sa, len);
	if (r != -EAGAIN)
		return r;
	if (plx__passed(t->rt, deadline))
		return -ETIMEDOUT;
	queue_enter(&q, t, fd, "accept");
	do {
		r = await_connection(&q, deadline);
		if (r >= 0)
			r = accept_now(t->rt, fd, sa, len);
	} while (r == -EAGAIN);
	queue_leave(&q);
	return r;
}

static int64_t
retry_time(const struct plx_rt *rt, int64_t pause, int64_t deadline)
{
	int64_t when = rt->sys->now(rt->sys) + pause;

	return deadline >= 0 && deadline < when ? deadline : when;
}

/* Tries until there is room in the peer's backlog. */
static int
connect_retry(struct plx_task *t, int fd, const struct sockaddr *sa,
	      socklen_t len, int64_t deadline)
{
	struct plx_rt *rt = t->rt;
	struct plx_queue_wait q;
	int64_t pause = RETRY_FIRST;
	int r = -EAGAIN;

	queue_enter(&q, t, fd, "connect");
	while (r == -EAGAIN) {
		q.wait.deadline = retry_time(rt, pause, deadline);
		r = plx__park(t, &q.wait);
		if (q.error)
			return q.error;
		if (r < 0 && r != -ETIMEDOUT)
			break;
		r = rt->sys->connect(rt->sys, fd, sa, len);
		if (r == -EAGAIN && q.wait.deadline == deadline)
			r = -ETIMEDOUT;
		if (pause < RETRY_LAST)
			pause *= 2;
	}
	queue_leave(&q);
	return r;
}

static int
connect_outcome(const struct plx_sys *sys, int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int r;

	r = sys->getsockopt(sys, fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return r < 0 ? r : -error;
}

int
plx__ready_connect(int fd, const struct sockaddr *sa, socklen_t len,
		   int64_t deadline, struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;
	int r;

	r = sys->connect(sys, fd, sa, len);
	if (r == -EAGAIN && !plx__passed(t->rt, deadline))
		r = connect_retry(t, fd, sa, len, deadline);
	if (r == -EAGAIN)
		return -ETIMEDOUT;
	if (r != -EINPROGRESS && r != -EALREADY && r != -EINTR)
		return r;
	if (plx__passed(t->rt, deadline))
		return -ETIMEDOUT;
	if (t->cancels)
		return -ECANCELED;
	r = plx__wait_fd(t, fd, PLX_WRITE, deadline);
	return r < 0 ? r : connect_outcome(sys, fd);
}

void
plx__ready_forget(struct plx_rt *rt, int fd)
{
	struct plx_queue_wait *q;
	struct plx_yield *y;
	struct plx_link *l;

	for (l = rt->yields.next; l != &rt->yields; l = l->next) {
		y = PLX_OF(l, struct plx_yield, link);
		if (y->fd == fd)
			y->error = -ESHUTDOWN;
	}
	while ((q = first_of(rt, fd))) {
		q->error = -ESHUTDOWN;
		plx__list_remove(&q->link);
		plx__task_interrupt(q->task, -ESHUTDOWN);
	}
	plx__hibernations_forget(rt, fd);
	plx_loop_forget(rt->loop, fd, -ESHUTDOWN);
	plx__port_reset(rt, fd);
}
