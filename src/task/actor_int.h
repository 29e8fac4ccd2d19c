/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_int.h: what the files of actors and supervisors share.
 *
 * A mailbox is an actor's whole state, from its spawn until its function has
 * returned.  Everybody else has references to it, which plx__mailbox_find
 * turns into a mailbox for as long as it does nothing that could end an actor:
 * calling out to the program's functions could.
 *
 * Whoever waits for a mailbox does so in a struct plx_actor_awaitable, which is
 * in at most one of its lines: of those who wait for room, or of the calls
 * that it has accepted and not answered.  One that leaves a line is told
 * through plx_awaitable_ready, and what it was there for happens if and only
 * if that says 1.  An awaitable that succeeds in its arm claims its own wait
 * first, in the same way: then nothing that happens on account of it can make
 * another awaitable of the task the winner.  Functions of the program are
 * called in such arms only.
 */
#ifndef PLX_ACTOR_INT_H
#define PLX_ACTOR_INT_H

#include <pollux/actor.h>
#include <pollux/supervisor.h>
#include "handles.h"
#include "wait_int.h"

/* The state of a run's actors. */
struct plx_actors {
	struct plx_rt *rt;
	struct plx_handles handles; /* of mailboxes */
	struct plx_handles calls;   /* of awaitables that await a reply */
	struct plx_mailbox **names; /* by hash; a power of two, or NULL */
	size_t buckets, named;
	void (*letter)(struct plx_actor to, const struct plx_message *m,
		       enum plx_letter why, void *arg);
	void *letter_arg;
	int calling_out; /* a function of the program runs in between */
	int telling;	 /* LETTER does */
};

/* Where an awaitable is. */
enum plx_actor_place {
	PLX_AT_NONE,
	PLX_AT_ROOM,	/* in SENDERS, waits for room */
	PLX_AT_CALL,	/* in CALLS, waits for the reply */
	PLX_AT_RECEIVE, /* is RECEIVER */
};

struct plx_mailbox {
	struct plx_actors *all;
	struct plx_actor ref;
	struct plx_task *task;
	struct plx_scope *scope; /* the actor is in it; NULL: not begun */
	int stopped;		 /* plx__actor_stop was called */
	plx_task_fn *fn;
	void *arg;
	const char *task_name;
	struct plx_actor_options options; /* NAME is in this allocation */
	struct plx_mailbox *next;	  /* of the same hash */
	struct plx_actor_awaitable *receiver;
	struct plx_link senders;  /* plx_actor_awaitable, for room */
	struct plx_link calls;	  /* plx_actor_awaitable, for a reply */
	struct plx_link watchers; /* plx_monitor, of it */
	struct plx_link watches;  /* plx_monitor, its own, of the living */
	struct plx_link downs;	  /* plx_monitor, its own, to be received */
	int shield;		  /* a cancel from around does not reach it */
	void (*ended)(void *arg, int result); /* or NULL */
	void *ended_arg;
	uint64_t taken; /* messages that have left the ring */
	size_t first, count;
	struct plx_message ring[]; /* of options.capacity */
};

/* One actor's interest in the end of another; then the PLX_DOWN itself. */
struct plx_monitor {
	struct plx_link link;	 /* in WATCHER's watches or downs */
	struct plx_link watched; /* in the other's watchers */
	struct plx_mailbox *watcher;
	struct plx_actor of;
	int result;
	uint64_t place; /* of the ring's messages, so many come before it */
};

/* An actor to be started. */
struct plx_actor_start {
	const struct plx_actor_options *options;
	plx_task_fn *fn;
	void *arg;
	const char *name, *file;
	int line;
	int shield;
	void (*ended)(void *arg, int result);
	void *ended_arg;
};

/* The state of RT's actors, made when needed: 0, -ENOMEM. */
int plx__actors_get(struct plx_rt *rt, struct plx_actors **out);

/* As plx_actor_spawn in the running task, which exists. */
int plx__actor_start(plx_nursery *nursery, const struct plx_actor_start *start,
		     struct plx_mailbox **out);

/* Cancels the scope that the actor is in. */
void plx__actor_stop(struct plx_mailbox *box);

/* The mailbox that has NAME, or NULL. */
struct plx_mailbox *plx__names_find(const struct plx_actors *all,
				    const char *name);
/* Gives BOX the name in its options: 0, -EEXIST, -ENOMEM. */
int plx__names_add(struct plx_mailbox *box);
void plx__names_remove(struct plx_mailbox *box);

/* Tells that M will not be received, and if it was accepted disposes of it:
   BOX's function does, or NULL. */
void plx__letter(struct plx_actors *all, const struct plx_mailbox *box,
		 struct plx_actor to, const struct plx_message *m,
		 enum plx_letter why);

/* The same for that of W, which is not accepted: -ESRCH. */
int plx__letter_refuse(struct plx_rt *rt, const struct plx_actor_awaitable *w);

/* Puts the message of W, an awaitable of a send or a call, into the mailbox,
   which has room. */
void plx__mailbox_accept(struct plx_mailbox *box,
			 const struct plx_actor_awaitable *w);
/* If it is waited for, hands out what is there. */
void plx__mailbox_hand_over(struct plx_mailbox *box);
/* Sends the message of W without waiting for room: what the send returns. */
int plx__mailbox_post(struct plx_mailbox *box,
		      const struct plx_actor_awaitable *w);
/* Makes *OUT the next message; there is one. */
void plx__mailbox_take(struct plx_mailbox *box, struct plx_message *out);
/* Takes the first of the ring, and lets nobody in. */
void plx__mailbox_pop_front(struct plx_mailbox *box, struct plx_message *out);
/* Nobody will receive M, which BOX has accepted. */
void plx__mailbox_lose(struct plx_mailbox *box, const struct plx_message *m,
		       enum plx_letter why);

/* W's message is accepted: W waits for the reply. */
void plx__call_accepted(struct plx_mailbox *box, struct plx_actor_awaitable *w);
/* Ends the call W with RESULT: 1; 0: it was over. */
int plx__call_end(struct plx_actor_awaitable *w, int result);

/* The actor of BOX has ended with RESULT: tells its watchers, and forgets what
   it has watched. */
void plx__monitors_end(struct plx_mailbox *box, int result);
/* Makes M a message and frees it. */
void plx__monitor_take(struct plx_monitor *m, struct plx_message *out);

/* What all three kinds of awaitables do. */
int plx__actor_disarm(struct plx_awaitable *a);
int plx__actor_result(struct plx_awaitable *a);

/* Sets who sends W, in its arm: 0, or -EINVAL if it cannot be sent. */
int plx__actor_sender(struct plx_actor_awaitable *w);

/* Waits for W, which has been made: what the call returns. */
int plx__actor_await(struct plx_actor_awaitable *w, int64_t deadline);

static inline struct plx_mailbox *
plx__mailbox_find(const struct plx_rt *rt, struct plx_actor ref)
{
	return rt->actors ? plx__handles_find(&rt->actors->handles, ref) : NULL;
}

static inline int
plx__mailbox_is_full(const struct plx_mailbox *box)
{
	return box->count == box->options.capacity;
}

static inline int
plx__mailbox_is_empty(const struct plx_mailbox *box)
{
	return box->count == 0 && plx__list_empty(&box->downs);
}

/* The message that W sends. */
static inline struct plx_message
plx__message_of(const struct plx_actor_awaitable *w)
{
	struct plx_message m = *w->sent;

	m.from = w->from;
	m.call = w->call;
	return m;
}

/* Puts W at the end of LINE, which is BOX's senders or calls. */
static inline void
plx__actor_join(struct plx_mailbox *box, struct plx_link *line,
		struct plx_actor_awaitable *w)
{
	w->box = box;
	w->place = line == &box->senders ? PLX_AT_ROOM : PLX_AT_CALL;
	plx__list_append(line, &w->link);
}

/* Takes W out of the line that it is in. */
static inline void
plx__actor_leave(struct plx_actor_awaitable *w)
{
	plx__list_remove(&w->link);
	w->place = PLX_AT_NONE;
}

/* The first in LINE, or NULL. */
static inline struct plx_actor_awaitable *
plx__actor_first(const struct plx_link *line)
{
	return plx__list_empty(line)
		       ? NULL
		       : PLX_OF(line->next, struct plx_actor_awaitable, link);
}

#endif
