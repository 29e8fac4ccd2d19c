/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/queue.h: work to be done, in a queue without an end.
 *
 * Nodes are members of the caller's own structs, the first one as a rule, so
 * that a pointer to the node is one to the whole; nothing is ever allocated.
 * To put never waits.  Tasks get nodes first in first out, and those that wait
 * for one are served in the order they came.  As in Python's queue, everyone
 * who gets a node says so when the work is done, and a join waits for all:
 *
 *	while (plx_queue_get(q, &node, PLX_NEVER) > 0) {
 *		work_on((struct job *)node);
 *		plx_queue_done(q);
 *	}
 *
 * Whoever puts a node leaves it alone until somebody gets it or it is taken
 * back; from then on the node is that one's.  Where a producer can outrun its
 * consumers for long, a channel with a capacity is the better choice.
 *
 * Only the thread of the loop uses a queue, inside a task or not but for what
 * waits; another thread posts a call that puts (plx_loop_post).
 */
#ifndef PLX_QUEUE_H
#define PLX_QUEUE_H

#include <stddef.h>
#include <pollux/await.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/* A piece of work.  Starts out zeroed; the members are private. */
struct plx_queue_node {
	struct plx_queue_node *prev, *next;
	struct plx_queue *queue; /* that it is in, or NULL */
};

/* The members are private. */
struct plx_queue {
	struct plx_queue_node *first, *last;
	struct plx_line getters, joiners;
	size_t len;
	size_t taken; /* and not done yet */
	int closed;
};

/* Makes Q an empty queue.  There is nothing to free; Q stays where it is, and
   nobody waits for it when its memory goes. */
PLX_API void plx_queue_init(struct plx_queue *q);

/* Puts N at the end: 0.  -EPIPE: Q is closed; -EBUSY: N is in a queue. */
PLX_API int plx_queue_put(struct plx_queue *q, struct plx_queue_node *n);

/*
 * Takes the first node out, or waits for one: 1, and it is in *OUT.  0: Q is
 * closed and nothing is left in it.  -ETIMEDOUT, -ECANCELED, -ENOMEM (only with
 * a deadline that is ahead); -EPERM outside a task; -EINVAL: Q or OUT is NULL.
 * After an error no node was taken.
 */
PLX_API int plx_queue_get(struct plx_queue *q, struct plx_queue_node **out,
			  int64_t deadline);

/* The same with deadline 0, but in a callback of the loop and in a cancelled
   task as well, for clean-up. */
PLX_API int plx_queue_try_get(struct plx_queue *q, struct plx_queue_node **out);

/* Takes N back, which needs not be done then: 0.  -ENOENT: it is not in Q. */
PLX_API int plx_queue_remove(struct plx_queue *q, struct plx_queue_node *n);

/* Says that the work of one node that was got is done: 0.  -EINVAL: there is
   none that is not. */
PLX_API int plx_queue_done(struct plx_queue *q);

/*
 * Waits until no node is in Q and all that were got are done, at once if it is
 * so: 0, though there may be new ones when the caller goes on.  Errors as
 * plx_queue_get.  Closing Q does not end it.
 */
PLX_API int plx_queue_join(struct plx_queue *q, int64_t deadline);

/* No more puts: who waits for a node gets 0, what is in Q can still be got.
   Closing again does nothing. */
PLX_API void plx_queue_close(struct plx_queue *q);

/* How many nodes are in Q. */
PLX_API size_t plx_queue_len(const struct plx_queue *q);

/* For plx_await_any.  The members are private. */
struct plx_queue_awaitable {
	struct plx_waiter waiter;
	struct plx_queue_node **out;
};

/*
 * Makes W a get, or a join, that has not begun, and returns what plx_await_any
 * is given; plx_awaitable_result tells 1 or 0, or 0, as above.  *OUT is written
 * only when that is 1.  W stays where it is while it waits, and can be waited
 * for again.
 */
PLX_API struct plx_awaitable *
plx_queue_get_awaitable(struct plx_queue_awaitable *w, struct plx_queue *q,
			struct plx_queue_node **out);
PLX_API struct plx_awaitable *
plx_queue_join_awaitable(struct plx_queue_awaitable *w, struct plx_queue *q);

PLX_END_DECLS

#endif
