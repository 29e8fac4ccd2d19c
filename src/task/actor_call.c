/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_call.c: requests and their replies.
 *
 * A call is one awaitable: it first waits for room, if it must, and from then
 * on in the mailbox's line of calls for the reply.  The request carries a
 * handle of the awaitable, not its address.  So a reply that comes when the
 * caller has given up, a second reply, and one to a call whose callee has died
 * find nothing, and say so.
 */
#include <config.h>
#include <string.h>
#include "actor_int.h"

void
plx__call_accepted(struct plx_mailbox *box, struct plx_actor_awaitable *w)
{
	plx__actor_join(box, &box->calls, w);
	plx__mailbox_accept(box, w);
	w->request->data = NULL;
}

int
plx__call_end(struct plx_actor_awaitable *w, int result)
{
	struct plx_actors *all = w->box->all;

	plx__actor_leave(w);
	plx__handles_drop(&all->calls, w->call);
	w->call.id = 0;
	w->result = result;
	return plx_awaitable_ready(&w->awaitable);
}

/* The call ends here: with RESULT, without having been accepted. */
static int
refuse(struct plx_actor_awaitable *w, int result)
{
	plx_awaitable_ready(&w->awaitable);
	w->result = result;
	return 1;
}

static int
call_arm(struct plx_awaitable *a)
{
	struct plx_actor_awaitable *w =
		PLX_OF(a, struct plx_actor_awaitable, awaitable);
	struct plx_mailbox *box = plx__mailbox_find(a->task->rt, w->to);
	int r = plx__actor_sender(w);

	if (r < 0 || !w->out)
		return -EINVAL;
	if (!box) {
		plx_awaitable_ready(a);
		w->result = plx__letter_refuse(a->task->rt, w);
		return 1;
	}
	if (box == a->task->actor)
		return -EDEADLK;
	if (plx__mailbox_is_full(box) &&
	    box->options.overflow != PLX_OVERFLOW_WAIT)
		return refuse(w, -ENOBUFS);
	r = plx__handles_take(&box->all->calls, w, &w->call);
	if (r < 0)
		return r;
	if (!plx__mailbox_is_full(box))
		plx__call_accepted(box, w);
	else
		plx__actor_join(box, &box->senders, w);
	return 0;
}

static const struct plx_awaitable_ops call_ops = {
	.kind = "reply",
	.arm = call_arm,
	.disarm = plx__actor_disarm,
	.result = plx__actor_result,
};

struct plx_awaitable *
plx_actor_call_awaitable(struct plx_actor_awaitable *w, struct plx_actor to,
			 struct plx_message *request, struct plx_message *reply)
{
	memset(w, 0, sizeof(*w));
	w->awaitable.ops = &call_ops;
	w->to = to;
	w->sent = w->request = request;
	w->out = reply;
	return &w->awaitable;
}

int
plx_actor_call(struct plx_actor to, struct plx_message *request,
	       struct plx_message *reply, int64_t deadline)
{
	struct plx_actor_awaitable w;

	plx_actor_call_awaitable(&w, to, request, reply);
	return plx__actor_await(&w, deadline);
}

int
plx_actor_reply(const struct plx_message *request,
		const struct plx_message *reply)
{
	const struct plx_task *t = plx__current;
	static const struct plx_actor nobody;
	struct plx_actor_awaitable *w = NULL;
	struct plx_message m;

	if (!t)
		return -EPERM;
	if (!request || request->call.id == 0 || !reply || reply->kind < 0)
		return -EINVAL;
	m = *reply;
	m.from = t->actor ? t->actor->ref : nobody;
	m.call = nobody;
	if (t->rt->actors)
		w = plx__handles_find(&t->rt->actors->calls, request->call);
	if (w && plx__call_end(w, 0)) {
		*w->out = m;
		return 0;
	}
	if (t->rt->actors)
		plx__letter(t->rt->actors, NULL, nobody, &m,
			    PLX_LETTER_REFUSED);
	return -ESRCH;
}
