/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/await.h: what a task can wait for, one or several at a time.
 *
 * An awaitable is a struct in the caller's frame, which says how to begin a
 * wait, how to take it back and what came of it.  Users write their own.
 */
#ifndef PLX_AWAIT_H
#define PLX_AWAIT_H

#include <pollux/loop.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/*
 * What can be waited for.  Put one into a struct of your own and write three
 * functions; all are called in the loop's thread.
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

/* Waits for A: its result, or the error of its arm.  -EBUSY: somebody waits
   for A already; -EINVAL: no ops, or a function is missing. */
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

PLX_END_DECLS

#endif
