/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/channel.h: messages from task to task, one at a time and in order.
 *
 * A channel carries items of one size, which are copied.  One of capacity 0
 * has no room: a send ends when a receiver has the item.  Else that many items
 * wait in it, and a send ends when there is room.  Any number of tasks may send
 * and receive; who came first is served first, and nobody who comes later gets
 * in between a task that was served and its going on.
 *
 *	while ((r = plx_channel_recv(c, &item, PLX_NEVER)) > 0)
 *		use(&item);
 *
 * What an item owns (a pointer, a descriptor) changes hands when a send is
 * successful.  After an error it is the sender's as before, and nobody has
 * seen it.  So a wait that was cancelled has lost nothing and taken nothing.
 *
 * Only the thread of the loop uses a channel; another one posts a call that
 * does (plx_loop_post).  An idea of C. A. R. Hoare's ("Communicating Sequential
 * Processes", 1978); closing and select are those of Go.
 */
#ifndef PLX_CHANNEL_H
#define PLX_CHANNEL_H

#include <stddef.h>
#include <pollux/await.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

typedef struct plx_channel plx_channel;

/*
 * Opens a channel for items of ITEM_SIZE bytes, 0 for mere signals.  All
 * memory that it will need is allocated here.  Inside a task or not; a channel
 * may outlive the run.  -EINVAL: OUT is NULL; -ENOMEM, which is also the
 * answer to more than can be counted.
 */
PLX_API int plx_channel_open(size_t item_size, size_t capacity,
			     plx_channel **out);

/* FN(ITEM, ARG) will be called for every item that plx_channel_free finds; it
   may not use the channel.  NULL, as at first: they are just forgotten. */
PLX_API void plx_channel_on_discard(plx_channel *c,
				    void (*fn)(void *item, void *arg),
				    void *arg);

/*
 * Closes C for senders: those who wait get -EPIPE and keep their items.  What
 * is in the channel can still be received; receivers who wait get 0.  Closing
 * again does nothing.  Inside a task or not.
 */
PLX_API void plx_channel_close(plx_channel *c);

/*
 * Closes *C, hands what is left in it to plx_channel_on_discard's function,
 * frees it and sets *C to NULL; null is allowed.  Those who waited are told as
 * by plx_channel_close, and need no channel for that.
 */
PLX_API void plx_channel_free(plx_channel **c);

/*
 * Sends a copy of *ITEM: 0.  -EPIPE: C is closed; -ETIMEDOUT, -ECANCELED,
 * -ENOMEM (only with a deadline that is ahead); -EPERM outside a task;
 * -EINVAL: C is NULL, or ITEM is and has a size.
 */
PLX_API int plx_channel_send(plx_channel *c, const void *item,
			     int64_t deadline);

/*
 * Receives into *ITEM: 1.  0: C is closed and nothing is left in it, now and
 * for good.  Errors as plx_channel_send, but for -EPIPE; *ITEM is then as it
 * was.
 */
PLX_API int plx_channel_recv(plx_channel *c, void *item, int64_t deadline);

/*
 * The same with deadline 0, but in a callback of the loop and in a cancelled
 * task as well, for clean-up; the budget of task.h does not apply.
 */
PLX_API int plx_channel_try_send(plx_channel *c, const void *item);
PLX_API int plx_channel_try_recv(plx_channel *c, void *item);

/* For plx_await_any.  The members are private. */
struct plx_channel_awaitable {
	struct plx_waiter waiter;
	union {
		const void *from;
		void *to;
	} item;
};

/*
 * Makes W a send, or a receive, that has not begun, and returns what
 * plx_await_any is given.  *ITEM is read, or written, when W is what the wait
 * returns, and else left alone; then plx_awaitable_result tells 0 or -EPIPE, or
 * 1 or 0, as above.  W and *ITEM stay where they are while it waits, and W can
 * be waited for again.  A task that waits to send to and to receive from one
 * channel does not receive from itself.
 */
PLX_API struct plx_awaitable *
plx_channel_send_awaitable(struct plx_channel_awaitable *w, plx_channel *c,
			   const void *item);
PLX_API struct plx_awaitable *
plx_channel_recv_awaitable(struct plx_channel_awaitable *w, plx_channel *c,
			   void *item);

/* How many items are in C. */
PLX_API size_t plx_channel_len(const plx_channel *c);

PLX_API size_t plx_channel_capacity(const plx_channel *c);

/* 1 after plx_channel_close, also while there are items left; else 0. */
PLX_API int plx_channel_is_closed(const plx_channel *c);

PLX_END_DECLS

#endif
