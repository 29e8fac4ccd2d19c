/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_mail.c: sending and receiving.
 *
 * Messages go through a ring that was made with the actor.  While there is
 * room nobody waits for it, and while anything is there nobody waits to
 * receive: whoever makes room, or puts something in, hands it on at once to
 * the first in line whose wait has not ended in another way.  So nobody who
 * comes later gets in between.
 *
 * A PLX_DOWN is not in the ring, which may be full: it waits in a list, with
 * the number of the ring's messages that come before it.
 */
#include <config.h>
#include <string.h>
#include "actor_int.h"

static void
push(struct plx_mailbox *box, const struct plx_message *m)
{
	size_t i = box->first + box->count++;

	if (i >= box->options.capacity)
		i -= box->options.capacity;
	box->ring[i] = *m;
}

void
plx__mailbox_pop_front(struct plx_mailbox *box, struct plx_message *out)
{
	*out = box->ring[box->first];
	if (++box->first == box->options.capacity)
		box->first = 0;
	box->count--;
	box->taken++;
}

void
plx__mailbox_accept(struct plx_mailbox *box,
		    const struct plx_actor_awaitable *w)
{
	const struct plx_message m = plx__message_of(w);

	push(box, &m);
	plx__mailbox_hand_over(box);
}

/* Has W's wait ended already, though its task has not gone on yet? */
static int
is_over(const struct plx_actor_awaitable *w)
{
	const struct plx_task *t = w->awaitable.task;

	return t->won || (!t->wait && t != plx__current);
}

/* Lets those in who wait for the room that there is now. */
static void
admit(struct plx_mailbox *box)
{
	struct plx_actor_awaitable *w;

	while (!plx__mailbox_is_full(box) &&
	       (w = plx__actor_first(&box->senders))) {
		plx__actor_leave(w);
		w->result = 0;
		if (w->request && !is_over(w))
			plx__call_accepted(box, w);
		else if (!w->request && plx_awaitable_ready(&w->awaitable))
			plx__mailbox_accept(box, w);
	}
}

void
plx__mailbox_take(struct plx_mailbox *box, struct plx_message *out)
{
	struct plx_monitor *m;

	if (!plx__list_empty(&box->downs)) {
		m = PLX_OF(box->downs.next, struct plx_monitor, link);
		if (m->place <= box->taken) {
			plx__monitor_take(m, out);
			return;
		}
	}
	plx__mailbox_pop_front(box, out);
	admit(box);
}

void
plx__mailbox_hand_over(struct plx_mailbox *box)
{
	struct plx_actor_awaitable *w = box->receiver;

	if (!w || plx__mailbox_is_empty(box) ||
	    !plx_awaitable_ready(&w->awaitable))
		return;
	box->receiver = NULL;
	w->place = PLX_AT_NONE;
	plx__mailbox_take(box, w->out);
}

/* Calls what the program gave for M.  That may send, so the wait that is being
   armed, and has been claimed, is put aside meanwhile. */
void
plx__letter(struct plx_actors *all, const struct plx_mailbox *box,
	    struct plx_actor to, const struct plx_message *m,
	    enum plx_letter why)
{
	struct plx_task *t = plx__current;
	struct plx_awaitable *won = t->won;

	all->calling_out++;
	if (all->letter && !all->telling) {
		all->telling = 1;
		all->letter(to, m, why, all->letter_arg);
		all->telling = 0;
	}
	if (box && box->options.discard)
		box->options.discard(m, box->options.arg);
	all->calling_out--;
	t->won = won;
}

/* Nobody is told of a call whose mailbox is gone: that was done. */
void
plx__mailbox_lose(struct plx_mailbox *box, const struct plx_message *m,
		  enum plx_letter why)
{
	struct plx_actor_awaitable *w =
		plx__handles_find(&box->all->calls, m->call);

	if (w)
		plx__call_end(w, -ENOBUFS);
	plx__letter(box->all, box, box->ref, m, why);
}

static void
drop_newest(struct plx_mailbox *box, const struct plx_actor_awaitable *w)
{
	const struct plx_message m = plx__message_of(w);

	plx__mailbox_lose(box, &m, PLX_LETTER_DROPPED);
}

static void
drop_oldest(struct plx_mailbox *box, const struct plx_actor_awaitable *w)
{
	struct plx_message oldest;

	plx__mailbox_pop_front(box, &oldest);
	plx__mailbox_accept(box, w);
	plx__mailbox_lose(box, &oldest, PLX_LETTER_DROPPED);
}

int
plx__mailbox_post(struct plx_mailbox *box, const struct plx_actor_awaitable *w)
{
	if (!plx__mailbox_is_full(box)) {
		plx__mailbox_accept(box, w);
		return 0;
	}
	switch (box->options.overflow) {
	case PLX_OVERFLOW_DROP_NEWEST:
		drop_newest(box, w);
		return 1;
	case PLX_OVERFLOW_DROP_OLDEST:
		drop_oldest(box, w);
		return 2;
	default:
		return -ENOBUFS;
	}
}
