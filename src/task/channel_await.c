/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel_await.c: sends and receives as awaitables.
 *
 * To arm one is to try: what moves then is this wait's for certain, since arms
 * of one list are tried one after the other and the first success ends it.  One
 * that could not move stands in line.  The task's own waiters are passed by, so
 * a list may hold both ends of a channel.
 */
#include <config.h>
#include "channel_int.h"

static struct plx_channel_awaitable *
waiter_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_channel_awaitable, waiter.awaitable);
}

static int
send_arm(struct plx_awaitable *a)
{
	struct plx_channel_awaitable *w = waiter_of(a);
	plx_channel *c = w->channel;
	int r;

	if (!plx__channel_usable(c, w->item.from))
		return -EINVAL;
	plx__line_init(&w->waiter.line);
	r = plx__channel_send_now(c, w->item.from);
	w->result = r > 0 ? 0 : -EPIPE;
	if (r != 0)
		return 1;
	plx__line_join(&c->senders, &w->waiter);
	return 0;
}

static int
recv_arm(struct plx_awaitable *a)
{
	struct plx_channel_awaitable *w = waiter_of(a);
	plx_channel *c = w->channel;

	if (!plx__channel_usable(c, w->item.to))
		return -EINVAL;
	plx__line_init(&w->waiter.line);
	w->result = plx__channel_recv_now(c, w->item.to);
	if (w->result > 0 || c->closed)
		return 1;
	plx__line_join(&c->receivers, &w->waiter);
	return 0;
}

static int
disarm(struct plx_awaitable *a)
{
	plx__line_leave(&waiter_of(a)->waiter);
	return 0;
}

static int
result(struct plx_awaitable *a)
{
	return waiter_of(a)->result;
}

const struct plx_awaitable_ops plx__channel_send_ops = {
	.kind = "channel send",
	.arm = send_arm,
	.disarm = disarm,
	.result = result,
};

const struct plx_awaitable_ops plx__channel_recv_ops = {
	.kind = "channel recv",
	.arm = recv_arm,
	.disarm = disarm,
	.result = result,
};

struct plx_awaitable *
plx_channel_send_awaitable(struct plx_channel_awaitable *w, plx_channel *c,
			   const void *item)
{
	*w = (struct plx_channel_awaitable){
		.waiter.awaitable.ops = &plx__channel_send_ops,
		.channel = c,
		.item.from = item,
	};
	return &w->waiter.awaitable;
}

struct plx_awaitable *
plx_channel_recv_awaitable(struct plx_channel_awaitable *w, plx_channel *c,
			   void *item)
{
	*w = (struct plx_channel_awaitable){
		.waiter.awaitable.ops = &plx__channel_recv_ops,
		.channel = c,
		.item.to = item,
	};
	return &w->waiter.awaitable;
}
