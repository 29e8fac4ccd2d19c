/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/await.h: what a task can wait for, one or several at a time.
 *
 * An awaitable is a struct in the caller's frame.  Those of the library are
 * made by a function that fills them in and returns what plx_await and
 * plx_await_any take:
 *
 *	struct plx_fd_awaitable f;
 *	struct plx_timer_awaitable t;
 *	struct plx_awaitable *const either[] = {
 *		plx_fd_awaitable(&f, fd, PLX_READ),
 *		plx_timer_awaitable(&t, plx_after(PLX_SECOND)),
 *	};
 *	int i = plx_await_any(either, 2, PLX_NEVER);
 *
 * They are filled in anew for each wait that begins, and stay where they are
 * until it ends and its result has been asked for.  Nothing of them has to be
 * given back.  Channels (channel.h), locks and their like (sync.h), work queues
 * (queue.h), mailboxes (actor.h), signals (signal.h) and children (process.h)
 * have theirs, and users write their own.
 */
#ifndef PLX_AWAIT_H
#define PLX_AWAIT_H

#include <pollux/loop.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/*
 * What can be waited for.  Put one into a struct of your own and write three
 * functions; all are called in the loop's thread and may not wait.
 */
struct plx_awaitable;
struct plx_awaitable_ops {
	const char *kind; /* for plx_dump: "channel" */
	/* Begins: 1 it is ready now, and this wait's; 0 plx_awaitable_ready
	   will be called; -errno it cannot begin.  May not make another
	   awaitable of its own task ready. */
	int (*arm)(struct plx_awaitable *a);
	/* Takes it back, also when its arm said 1 but another one was first:
	   0, and plx_awaitable_ready will not be called; or -EINPROGRESS,
	   somebody still owns it and the task stays until
	   plx_awaitable_ready comes. */
	int (*disarm)(struct plx_awaitable *a);
	/* What plx_await returns once it was ready; since then other tasks
	   may have run. */
	int (*result)(struct plx_awaitable *a);
};

struct plx_awaitable {
	const struct plx_awaitable_ops *ops; /* the caller's to set */
	plx_task *task;			     /* private; NULL at first */
	int ready;			     /* private */
};

/* What stands in a struct plx_line; private, as that is. */
struct plx_waiter {
	struct plx_awaitable base;
	struct plx_line *in; /* or NULL */
	struct plx_waiter *prev, *next;
	void *of;
	int result;
};

/* Waits for A: its result, or the error of its arm.  -EBUSY: somebody waits
   for A already; -EINVAL: no ops, or a function is missing.  Outside a task, in
   a generator, whoever resumed that is told (gen.h); else -EPERM. */
PLX_API int plx_await(struct plx_awaitable *a, int64_t deadline);

/*
 * Waits for the first of N and returns its index; the others have been taken
 * back.  They begin in order, and one that is ready at once ends it: where
 * several are, the lowest goes first.  Then plx_awaitable_result tells.
 * -EINVAL: N < 1; or the error of the arm that failed.
 */
PLX_API int plx_await_any(struct plx_awaitable *const *list, int n,
			  int64_t deadline);

/* The result of A, which a wait has just told to be ready. */
PLX_API int plx_awaitable_result(struct plx_awaitable *a);

/*
 * Says that an armed A is ready.  1: A is what its wait will return, and its
 * task goes on in this turn or the next.  0: nothing has been taken, because
 * something else was ready first, or nobody waits for A; whoever hands out
 * something that only one can have turns to the next in line.
 */
PLX_API int plx_awaitable_ready(struct plx_awaitable *a);

/*
 * Waits until FD is ready in DIRECTION (PLX_READ or PLX_WRITE) and returns
 * the event bits.  -EBUSY: another task waits for just that; -ESHUTDOWN:
 * plx_close closed FD meanwhile; else as plx_loop_watch.  From then on until
 * plx_close FD belongs to tasks: plx_loop_watch may find it watched, and
 * closing it in another way leaves that behind, so that a wait for the next
 * file of that number may never end.
 */
PLX_API int plx_await_fd(int fd, unsigned direction, int64_t deadline);

/* The members of these three are private. */
struct plx_fd_awaitable {
	struct plx_awaitable base;
	int fd;
	unsigned direction;
	int events;
	unsigned closes;
	void *port;
};

struct plx_timer_awaitable {
	struct plx_awaitable base;
	int64_t when;
	struct plx_call call;
};

struct plx_join_awaitable {
	struct plx_awaitable base;
	plx_task *joined;
	int result;
	int take;
};

/*
 * FD is ready in DIRECTION: errors and result as plx_await_fd, and -ESHUTDOWN
 * also if plx_close closed FD after it was ready but before the task went on.
 * A wait that must not block asks the system, as plx_await_fd does.
 */
PLX_API struct plx_awaitable *plx_fd_awaitable(struct plx_fd_awaitable *f,
					       int fd, unsigned direction);

/* WHEN has come; the result is 0.  One that has passed is ready at once.
   -ENOMEM. */
PLX_API struct plx_awaitable *plx_timer_awaitable(struct plx_timer_awaitable *t,
						  int64_t when);

/*
 * TASK has ended; the result is the task's own.  Errors as plx_join.  Won or
 * lost, the handle stays: plx_join, with deadline 0 if it has won, or
 * plx_detach gives it back.
 */
PLX_API struct plx_awaitable *plx_join_awaitable(struct plx_join_awaitable *j,
						 plx_task *task);

PLX_END_DECLS

#endif
