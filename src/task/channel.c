/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.c: opening, closing, sending, receiving; channel_int.h says how.
 *
 * A call tries first; only one that has to wait makes a waiter, in a frame of
 * its own.  Once it has been parked it must not look at the channel again,
 * which may have been freed.
 */
#include <config.h>
#include "channel_int.h"

int
plx_channel_open(size_t item_size, size_t capacity, plx_channel **out)
{
	const size_t head = offsetof(struct plx_channel, ring);
	const struct plx_sys *sys =
		plx__sys_or_real(plx__current ? plx__current->rt->sys : NULL);
	plx_channel *c;

	if (!out)
		return -EINVAL;
	if (item_size > 0 && capacity > (SIZE_MAX - sizeof(*c)) / item_size)
		return -ENOMEM;
	c = sys->resize(sys, NULL, sizeof(*c) + item_size * capacity);
	if (!c)
		return -ENOMEM;
	memset(c, 0, head);
	c->sys = sys;
	c->item_size = item_size;
	c->capacity = capacity;
	*out = c;
	return 0;
}

void
plx_channel_on_discard(plx_channel *c, void (*fn)(void *item, void *arg),
		       void *arg)
{
	if (!c)
		return;
	c->discard = fn;
	c->arg = arg;
}

void
plx_channel_close(plx_channel *c)
{
	if (!c || c->closed)
		return;
	c->closed = 1;
	plx__line_dismiss(&c->senders);
	plx__line_dismiss(&c->receivers);
}

void
plx_channel_free(plx_channel **ref)
{
	plx_channel *c = *ref;
	size_t i;

	*ref = NULL;
	if (!c)
		return;
	plx_channel_close(c);
	for (i = 0; c->discard && i < c->len; i++)
		c->discard(plx__channel_slot(c, i), c->arg);
	c->sys->resize(c->sys, c, 0);
}

static int
wait_to_send(plx_channel *c, const void *item, struct plx_task *t,
	     int64_t deadline)
{
	struct plx_channel_awaitable w;

	w.waiter.base.ops = &plx__channel_send_ops;
	w.waiter.result = -EPIPE;
	w.item.from = item;
	return plx__line_wait(t, &c->senders, &w.waiter, deadline);
}

int
plx_channel_send(plx_channel *c, const void *item, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!plx__channel_usable(c, item))
		return -EINVAL;
	r = plx__channel_send_now(c, item);
	if (r == 0)
		r = wait_to_send(c, item, t, deadline);
	plx__end(t, deadline);
	return r > 0 ? 0 : r;
}

static int
wait_to_recv(plx_channel *c, void *item, struct plx_task *t, int64_t deadline)
{
	struct plx_channel_awaitable w;

	w.waiter.base.ops = &plx__channel_recv_ops;
	w.waiter.result = 0;
	w.item.to = item;
	return plx__line_wait(t, &c->receivers, &w.waiter, deadline);
}

int
plx_channel_recv(plx_channel *c, void *item, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!plx__channel_usable(c, item))
		return -EINVAL;
	r = plx__channel_recv_now(c, item);
	if (r == 0 && !c->closed)
		r = wait_to_recv(c, item, t, deadline);
	plx__end(t, deadline);
	return r;
}

int
plx_channel_try_send(plx_channel *c, const void *item)
{
	int r = plx__channel_usable(c, item) ? plx__channel_send_now(c, item)
					     : -EINVAL;

	if (r == 0)
		return -ETIMEDOUT;
	return r > 0 ? 0 : r;
}

int
plx_channel_try_recv(plx_channel *c, void *item)
{
	int r = plx__channel_usable(c, item) ? plx__channel_recv_now(c, item)
					     : -EINVAL;

	return r == 0 && !c->closed ? -ETIMEDOUT : r;
}

size_t
plx_channel_len(const plx_channel *c)
{
	return c ? c->len : 0;
}

size_t
plx_channel_capacity(const plx_channel *c)
{
	return c ? c->capacity : 0;
}

int
plx_channel_is_closed(const plx_channel *c)
{
	return c && c->closed;
}
