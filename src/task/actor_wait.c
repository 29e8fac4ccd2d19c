/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_wait.c: sends and receives as awaitables, and as calls that wait for
 * one.
 *
 * Each arm that succeeds claims its own wait before it does what it is for (see
 * actor_int.h); one that has to wait gets in line and does nothing.
 */
#include <config.h>
#include <string.h>
#include "actor_int.h"

static struct plx_actor_awaitable *
wait_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_actor_awaitable, awaitable);
}

int
plx__actor_disarm(struct plx_awaitable *a)
{
	struct plx_actor_awaitable *w = wait_of(a);

	if (w->place == PLX_AT_RECEIVE)
		w->box->receiver = NULL;
	else if (w->place != PLX_AT_NONE)
		plx__actor_leave(w);
	w->place = PLX_AT_NONE;
	if (w->call.id)
		plx__handles_drop(&a->task->rt->actors->calls, w->call);
	w->call.id = 0;
	return 0;
}

int
plx__actor_result(struct plx_awaitable *a)
{
	return wait_of(a)->result;
}

int
plx__actor_sender(struct plx_actor_awaitable *w)
{
	static const struct plx_actor nobody;
	const struct plx_mailbox *own = w->awaitable.task->actor;

	if (!w->sent || w->sent->kind < 0)
		return -EINVAL;
	w->from = own ? own->ref : nobody;
	w->call = nobody;
	return 0;
}

/* As for any wait of this task, but for one in a function that the program gave
   to be called for lost messages: that cannot wait. */
int
plx__actor_await(struct plx_actor_awaitable *w, int64_t deadline)
{
	struct plx_task *t = plx__current;
	struct plx_awaitable *won;
	int r;

	if (!t)
		return -EPERM;
	if (!t->rt->actors || !t->rt->actors->calling_out)
		return plx_await(&w->awaitable, deadline);
	won = t->won;
	r = plx_await(&w->awaitable, 0);
	t->won = won;
	return r;
}

static int
receive_arm(struct plx_awaitable *a)
{
	struct plx_actor_awaitable *w = wait_of(a);
	struct plx_mailbox *box = a->task->actor;

	if (!w->out)
		return -EINVAL;
	if (!box)
		return -ENOTSUP;
	if (box->receiver)
		return -EBUSY;
	if (plx__mailbox_is_empty(box)) {
		w->box = box;
		w->place = PLX_AT_RECEIVE;
		box->receiver = w;
		return 0;
	}
	plx_awaitable_ready(a);
	plx__mailbox_take(box, w->out);
	return 1;
}

static const struct plx_awaitable_ops receive_ops = {
	.kind = "message",
	.arm = receive_arm,
	.disarm = plx__actor_disarm,
	.result = plx__actor_result,
};

struct plx_awaitable *
plx_actor_receive_awaitable(struct plx_actor_awaitable *w,
			    struct plx_message *out)
{
	memset(w, 0, sizeof(*w));
	w->awaitable.ops = &receive_ops;
	w->out = out;
	return &w->awaitable;
}

int
plx_actor_receive(struct plx_message *out, int64_t deadline)
{
	struct plx_actor_awaitable w;

	plx_actor_receive_awaitable(&w, out);
	return plx__actor_await(&w, deadline);
}

/* It waits for room if the mailbox is full and wants that. */
static int
send_arm(struct plx_awaitable *a)
{
	struct plx_actor_awaitable *w = wait_of(a);
	struct plx_mailbox *box = plx__mailbox_find(a->task->rt, w->to);
	int r = plx__actor_sender(w);

	if (r < 0)
		return r;
	if (box && plx__mailbox_is_full(box) &&
	    box->options.overflow == PLX_OVERFLOW_WAIT) {
		plx__actor_join(box, &box->senders, w);
		return 0;
	}
	plx_awaitable_ready(a);
	w->result = box ? plx__mailbox_post(box, w)
			: plx__letter_refuse(a->task->rt, w);
	return 1;
}

static const struct plx_awaitable_ops send_ops = {
	.kind = "room in a mailbox",
	.arm = send_arm,
	.disarm = plx__actor_disarm,
	.result = plx__actor_result,
};

struct plx_awaitable *
plx_actor_send_awaitable(struct plx_actor_awaitable *w, struct plx_actor to,
			 const struct plx_message *m)
{
	memset(w, 0, sizeof(*w));
	w->awaitable.ops = &send_ops;
	w->to = to;
	w->sent = m;
	return &w->awaitable;
}

/* Nobody but the actor makes room in its mailbox, and it would wait here. */
static int
would_wait_for_self(const struct plx_task *t, struct plx_actor to)
{
	const struct plx_mailbox *box = t ? t->actor : NULL;

	return box && box->ref.id == to.id && plx__mailbox_is_full(box) &&
	       box->options.overflow == PLX_OVERFLOW_WAIT;
}

int
plx_actor_send(struct plx_actor to, const struct plx_message *m,
	       int64_t deadline)
{
	struct plx_actor_awaitable w;

	if (would_wait_for_self(plx__current, to))
		return -EDEADLK;
	plx_actor_send_awaitable(&w, to, m);
	return plx__actor_await(&w, deadline);
}
