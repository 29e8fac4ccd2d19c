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
whole(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_channel_awaitable, waiter.base);
}

static int
send_arm(struct plx_awaitable *a)
{
	struct plx_channel_awaitable *w = whole(a);
	plx_channel *c = w->waiter.of;
	int r;

	if (!plx__channel_usable(c, w->item.from))
		return -EINVAL;
	r = plx__channel_send_now(c, w->item.from);
	w->waiter.result = r > 0 ? 0 : -EPIPE;
	if (r != 0)
		return 1;
	plx__line_join(&c->senders, &w->waiter);
	return 0;
}

static int
recv_arm(struct plx_awaitable *a)
{
	struct plx_channel_awaitable *w = whole(a);
	plx_channel *c = w->waiter.of;

	if (!plx__channel_usable(c, w->item.to))
		return -EINVAL;
	w->waiter.result = plx__channel_recv_now(c, w->item.to);
	if (w->waiter.result > 0 || c->closed)
		return 1;
	plx__line_join(&c->receivers, &w->waiter);
	return 0;
}

const struct plx_awaitable_ops plx__channel_send_ops = {
	.kind = "channel send",
	.arm = send_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

const struct plx_awaitable_ops plx__channel_recv_ops = {
	.kind = "channel recv",
	.arm = recv_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

struct plx_awaitable *
plx_channel_send_awaitable(struct plx_channel_awaitable *w, plx_channel *c,
			   const void *item)
{
	w->item.from = item;
	return plx__waiter_fill(&w->waiter, &plx__channel_send_ops, c);
}

struct plx_awaitable *
plx_channel_recv_awaitable(struct plx_channel_awaitable *w, plx_channel *c,
			   void *item)
{
	w->item.to = item;
	return plx__waiter_fill(&w->waiter, &plx__channel_recv_ops, c);
}
