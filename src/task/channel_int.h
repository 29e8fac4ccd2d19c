/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel_int.h: a channel: a ring of items, two lines of waiters, and how an
 * item moves.
 *
 * What holds whenever a task may run: senders wait only while the ring is full,
 * receivers only while it is empty.  So where there is room for anything nobody
 * waits in one line while others do in the other; without room a task may stand
 * in both, and cannot serve itself.
 *
 * An item moves in one step, by its sender's doing or its receiver's, from the
 * sender's memory or the ring to the receiver's or the ring: it is always in
 * one place.  When a receive makes room, the item of the first sender in line
 * moves up at once, or a newcomer could take that room.
 *
 * The result of a waiter is what a close would mean to it, until it is claimed:
 * so to close, and to free, is to dismiss both lines, and who was dismissed
 * does not look at the channel again.
 */
#ifndef PLX_CHANNEL_INT_H
#define PLX_CHANNEL_INT_H

#include <string.h>
#include <pollux/channel.h>
#include "line.h"

struct plx_channel {
	const struct plx_sys *sys;
	struct plx_line senders, receivers;
	size_t item_size;
	size_t capacity;
	size_t first; /* of the items, a slot of the ring */
	size_t len;
	int closed;
	void (*discard)(void *item, void *arg);
	void *arg;
	_Alignas(max_align_t) unsigned char ring[];
};

/* The functions behind plx_channel_send_awaitable and its like. */
extern const struct plx_awaitable_ops plx__channel_send_ops;
extern const struct plx_awaitable_ops plx__channel_recv_ops;

/* The item that stands N-th in the ring, or the slot where it will. */
static inline unsigned char *
plx__channel_slot(plx_channel *c, size_t n)
{
	size_t to_end = c->capacity - c->first;

	return c->ring +
	       (n < to_end ? c->first + n : n - to_end) * c->item_size;
}

/* Most items are a pointer or a number; and there may be nothing to copy. */
static inline void
plx__channel_copy(void *to, const void *from, size_t size)
{
	if (size == sizeof(void *))
		memcpy(to, from, sizeof(void *));
	else if (size > 0)
		memcpy(to, from, size);
}

static inline struct plx_channel_awaitable *
plx__channel_claim(struct plx_line *line)
{
	struct plx_waiter *w = plx__line_claim(line);

	return w ? PLX_OF(w, struct plx_channel_awaitable, waiter) : NULL;
}

static inline void
plx__channel_append(plx_channel *c, const void *item)
{
	plx__channel_copy(plx__channel_slot(c, c->len), item, c->item_size);
	c->len++;
}

/* 1 sent; 0 there is neither a receiver nor room; -EPIPE. */
static inline int
plx__channel_send_now(plx_channel *c, const void *item)
{
	struct plx_channel_awaitable *w;

	if (c->closed)
		return -EPIPE;
	w = plx__channel_claim(&c->receivers);
	if (w) {
		plx__channel_copy(w->item.to, item, c->item_size);
		w->waiter.result = 1;
		return 1;
	}
	if (c->len == c->capacity)
		return 0;
	plx__channel_append(c, item);
	return 1;
}

/* 1 received; 0 there is neither an item nor a sender. */
static inline int
plx__channel_recv_now(plx_channel *c, void *item)
{
	struct plx_channel_awaitable *w;

	if (c->len > 0) {
		plx__channel_copy(item, plx__channel_slot(c, 0), c->item_size);
		c->len--;
		if (++c->first == c->capacity)
			c->first = 0;
		w = plx__channel_claim(&c->senders);
		if (w)
			plx__channel_append(c, w->item.from);
	} else {
		w = plx__channel_claim(&c->senders);
		if (!w)
			return 0;
		plx__channel_copy(item, w->item.from, c->item_size);
	}
	if (w)
		w->waiter.result = 0;
	return 1;
}

static inline int
plx__channel_usable(const plx_channel *c, const void *item)
{
	return c && (item || c->item_size == 0);
}

#endif
