/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.c: work queues of the callers' nodes.
 *
 * Getters wait only while the queue is empty: a put hands its node to the first
 * in line, and a node in the queue has nobody who waits for it.  A node counts
 * in LEN while it is in the queue, then in TAKEN until it is done; joiners wait
 * while the sum is not 0 and go all at once, the moment it is.
 */
#include <config.h>
#include <string.h>
#include <pollux/queue.h>
#include "line.h"

void
plx_queue_init(struct plx_queue *q)
{
	if (q)
		memset(q, 0, sizeof(*q));
}

static void
append(struct plx_queue *q, struct plx_queue_node *n)
{
	n->queue = q;
	n->next = NULL;
	n->prev = q->last;
	*(q->last ? &q->last->next : &q->first) = n;
	q->last = n;
	q->len++;
}

static void
take_out(struct plx_queue *q, struct plx_queue_node *n)
{
	*(n->prev ? &n->prev->next : &q->first) = n->next;
	*(n->next ? &n->next->prev : &q->last) = n->prev;
	n->prev = n->next = NULL;
	n->queue = NULL;
	q->len--;
}

int
plx_queue_put(struct plx_queue *q, struct plx_queue_node *n)
{
	struct plx_queue_awaitable *g;
	struct plx_waiter *w;

	if (!q || !n)
		return -EINVAL;
	if (q->closed)
		return -EPIPE;
	if (n->queue)
		return -EBUSY;
	w = plx__line_claim(&q->getters);
	if (!w) {
		append(q, n);
		return 0;
	}
	g = PLX_OF(w, struct plx_queue_awaitable, waiter);
	*g->out = n;
	w->result = 1;
	q->taken++;
	return 0;
}

/* 1, or 0: there is none. */
static inline int
get_now(struct plx_queue *q, struct plx_queue_node **out)
{
	struct plx_queue_node *n = q->first;

	if (!n)
		return 0;
	take_out(q, n);
	q->taken++;
	*out = n;
	return 1;
}

int
plx_queue_try_get(struct plx_queue *q, struct plx_queue_node **out)
{
	if (!q || !out)
		return -EINVAL;
	if (get_now(q, out))
		return 1;
	return q->closed ? 0 : -ETIMEDOUT;
}

static int
is_idle(const struct plx_queue *q)
{
	return q->len + q->taken == 0;
}

int
plx_queue_remove(struct plx_queue *q, struct plx_queue_node *n)
{
	if (!q || !n)
		return -EINVAL;
	if (n->queue != q)
		return -ENOENT;
	take_out(q, n);
	if (is_idle(q))
		plx__line_dismiss(&q->joiners);
	return 0;
}

int
plx_queue_done(struct plx_queue *q)
{
	if (!q || q->taken == 0)
		return -EINVAL;
	q->taken--;
	if (is_idle(q))
		plx__line_dismiss(&q->joiners);
	return 0;
}

void
plx_queue_close(struct plx_queue *q)
{
	if (!q)
		return;
	q->closed = 1;
	plx__line_dismiss(&q->getters);
}

size_t
plx_queue_len(const struct plx_queue *q)
{
	return q ? q->len : 0;
}

static struct plx_queue_awaitable *
whole(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_queue_awaitable, waiter.base);
}

static int
get_arm(struct plx_awaitable *a)
{
	struct plx_queue_awaitable *w = whole(a);
	struct plx_queue *q = w->waiter.of;

	if (!q || !w->out)
		return -EINVAL;
	w->waiter.result = get_now(q, w->out);
	if (w->waiter.result > 0 || q->closed)
		return 1;
	plx__line_join(&q->getters, &w->waiter);
	return 0;
}

static int
join_arm(struct plx_awaitable *a)
{
	struct plx_waiter *w = plx__waiter_of(a);
	struct plx_queue *q = w->of;

	if (!q)
		return -EINVAL;
	if (is_idle(q))
		return 1;
	plx__line_join(&q->joiners, w);
	return 0;
}

static const struct plx_awaitable_ops get_ops = {
	.kind = "queue get",
	.arm = get_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

static const struct plx_awaitable_ops join_ops = {
	.kind = "queue join",
	.arm = join_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

struct plx_awaitable *
plx_queue_get_awaitable(struct plx_queue_awaitable *w, struct plx_queue *q,
			struct plx_queue_node **out)
{
	w->out = out;
	return plx__waiter_fill(&w->waiter, &get_ops, q);
}

struct plx_awaitable *
plx_queue_join_awaitable(struct plx_queue_awaitable *w, struct plx_queue *q)
{
	return plx__waiter_fill(&w->waiter, &join_ops, q);
}

int
plx_queue_get(struct plx_queue *q, struct plx_queue_node **out,
	      int64_t deadline)
{
	struct plx_task *t = plx__current;
	struct plx_queue_awaitable w;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!q || !out)
		return -EINVAL;
	r = get_now(q, out);
	if (r == 0 && !q->closed) {
		w.waiter.base.ops = &get_ops;
		w.waiter.result = 0;
		w.out = out;
		r = plx__line_wait(t, &q->getters, &w.waiter, deadline);
	}
	plx__end(t, deadline);
	return r;
}

int
plx_queue_join(struct plx_queue *q, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!q)
		return -EINVAL;
	if (!is_idle(q))
		r = plx__line_stand(t, &q->joiners, &join_ops, deadline);
	plx__end(t, deadline);
	return r;
}
