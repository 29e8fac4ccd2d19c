/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_int.h: waits at a descriptor, and what the calls of pollux/io.h are made
 * of.
 *
 * A task touches a descriptor in three ways: it waits at a side of its port,
 * it waits for something else that has to do with it (struct plx_queue_wait),
 * or it gives way before its call (struct plx_yield).  Each leaves a record
 * that plx_io_ops.forget finds when the descriptor is closed meanwhile, for
 * the number may be another file's when the task goes on.
 */
#ifndef PLX_IO_INT_H
#define PLX_IO_INT_H

#include <sys/socket.h>
#include "wait_int.h"

/* Ends with the events, or why the watch was taken off, as task->wake. */
struct plx_fd_wait {
	struct plx_wait wait;
	struct plx_side *side;
};

/* Waits on account of a descriptor, but not for its readiness. */
struct plx_queue_wait {
	struct plx_wait wait;
	struct plx_link link; /* in plx_rt.queue */
	struct plx_task *task;
	const char *what; /* for plx_dump */
	int fd;
	int error; /* set, and taken off the queue, when FD is closed */
};

/* Has given way before it touches FD. */
struct plx_yield {
	struct plx_link link; /* in plx_rt.yields */
	int fd;
	int error; /* set when FD is closed */
};

/*
 * How the calls of pollux/io.h are carried out.  Each is called in task T,
 * which is not cancelled, with 1 <= N <= SSIZE_MAX; a deadline that has passed
 * still means one try.  T comes last, so that the public call hands its own
 * arguments on where they are.
 */
struct plx_io_ops {
	int (*accept)(int fd, struct sockaddr *sa, socklen_t *len,
		      int64_t deadline, struct plx_task *t);
	int (*connect)(int fd, const struct sockaddr *sa, socklen_t len,
		       int64_t deadline, struct plx_task *t);
	ssize_t (*recv)(int fd, void *buf, size_t n, int64_t deadline,
			struct plx_task *t);
	ssize_t (*send)(int fd, const void *buf, size_t n, int64_t deadline,
			struct plx_task *t);
	ssize_t (*read)(int fd, void *buf, size_t n, int64_t deadline,
			struct plx_task *t);
	ssize_t (*write)(int fd, const void *buf, size_t n, int64_t deadline,
			 struct plx_task *t);
	/* FD will be closed: those who wait for it get -ESHUTDOWN. */
	void (*forget)(struct plx_rt *rt, int fd);
};

/* Of which plx_dump tells more than its kind. */
extern const struct plx_awaitable_ops plx__fd_ops;

/* The operations by trying first and waiting for readiness (io_ready.c). */
extern const struct plx_io_ops plx__io_ready;
int plx__ready_accept(int fd, struct sockaddr *sa, socklen_t *len,
		      int64_t deadline, struct plx_task *t);
int plx__ready_connect(int fd, const struct sockaddr *sa, socklen_t len,
		       int64_t deadline, struct plx_task *t);
void plx__ready_forget(struct plx_rt *rt, int fd);

/* After a first try of recv or send, which said GOT or PUT. */
ssize_t plx__ready_recv_rest(int fd, void *buf, size_t n, int64_t deadline,
			     struct plx_task *t, ssize_t got);
ssize_t plx__ready_send_rest(int fd, const void *buf, size_t n,
			     int64_t deadline, struct plx_task *t, ssize_t put);

/* plx_recv and plx_send with all there is to ask; T may be NULL. */
ssize_t plx__recv_slowly(int fd, void *buf, size_t n, int64_t deadline,
			 struct plx_task *t);
ssize_t plx__send_slowly(int fd, const void *buf, size_t n, int64_t deadline,
			 struct plx_task *t);

/* As plx_await_fd for a task that is not cancelled and a deadline to come. */
int plx__wait_fd(struct plx_task *t, int fd, unsigned direction,
		 int64_t deadline);

/* The same at a port that is there. */
int plx__wait_port(struct plx_task *t, struct plx_port *p, unsigned direction,
		   int64_t deadline);

/* As plx__budget_spent before a call for FD: an error if that is closed
   meanwhile. */
int plx__budget_spent_fd(struct plx_task *t, int fd, int64_t deadline);

/* The port of FD, or NULL; a task mostly stays with the one it had. */
static inline struct plx_port *
plx__port(struct plx_task *t, int fd)
{
	struct plx_port *p = t->port;

	return p->fd == fd ? p : plx__port_visit(t, fd);
}

/*
 * The beginning of every operation on a descriptor.  It is here that a task
 * yields, not after the operation: what a task has just received is not kept
 * waiting while others run.
 */
static inline int
plx__begin_fd(struct plx_task *t, int fd, int64_t deadline)
{
	if (!t)
		return -EPERM;
	if (t->cancels)
		return -ECANCELED;
	if (--t->budget >= 0)
		return 0;
	return plx__budget_spent_fd(t, fd, deadline);
}

/* Makes T the one that waits at S, whose watch is on and which is free. */
static inline void
plx__fd_wait_begin(struct plx_fd_wait *f, struct plx_task *t,
		   struct plx_side *s, int64_t deadline)
{
	f->wait.kind = PLX_WAIT_FD;
	f->wait.fixed = 0;
	f->wait.deadline = deadline;
	f->side = s;
	s->task = t;
}

/* T goes on; R is how its park ended, and is returned.  After an error the
   side may be another task's already. */
static inline int
plx__fd_wait_end(const struct plx_fd_wait *f, const struct plx_task *t, int r)
{
	struct plx_side *s = f->side;

	if (r > 0 || s->task == t)
		s->task = NULL;
	return r;
}

#endif
