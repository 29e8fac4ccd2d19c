/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/actor.h: tasks with a mailbox, and references to them that are safe.
 *
 * An actor is a task that others send messages to.  They come in the order in
 * which they were sent, and it asks for them one at a time.  Nobody holds the
 * actor, only references: small values, to be copied, kept and sent about.
 * One that outlives its actor names nobody for ever, and a send to it fails.
 * All belongs to one run: a reference is of use in the run that it is from.
 *
 * What a message's DATA points to changes hands when the message is accepted,
 * when a send returns 0 or more; after an error it is the sender's as before.
 * An accepted message that will never be received is told to the function for
 * dead letters (supervisor.h) and then given to the actor's discard.
 *
 * The model is C. Hewitt's; mailboxes, monitors and calls are Erlang's, dead
 * letters Akka's.  The loop's thread only; outside a task, -EPERM.
 */
#ifndef PLX_ACTOR_H
#define PLX_ACTOR_H

#include <stddef.h>
#include <pollux/await.h>
#include <pollux/task.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_mailbox;

/* A reference.  ID is 0 for nobody, and no two actors of a run have the same;
   SLOT is private. */
struct plx_actor {
	uint64_t id, slot;
};

/* A message.  The sender fills in the first three; 0 or NULL will do. */
#define PLX_DOWN (-1)
struct plx_message {
	int kind;	       /* the program's, 0 or more; or PLX_DOWN */
	int64_t value;	       /* the program's; of PLX_DOWN: see below */
	void *data;	       /* the program's, see above; else NULL */
	struct plx_actor from; /* the actor that sent it, or nobody */
	struct plx_actor call; /* not nobody: plx_actor_reply is awaited */
};

/* What becomes of a message that finds the mailbox full. */
enum plx_overflow {
	PLX_OVERFLOW_WAIT,	  /* its sender waits, in line with others */
	PLX_OVERFLOW_FAIL,	  /* its sender gets -ENOBUFS */
	PLX_OVERFLOW_DROP_NEWEST, /* it is accepted and dropped */
	PLX_OVERFLOW_DROP_OLDEST, /* the message in front is dropped */
};

struct plx_actor_options {
	const char *name; /* NULL: none.  Copied, one's own in the run */
	size_t capacity;  /* how many messages the mailbox holds; 0: 64 */
	enum plx_overflow overflow;
	/* Takes over the DATA of a message that was accepted and will not be
	   received.  Must not wait. */
	void (*discard)(const struct plx_message *m, void *arg);
	void *arg;
};

/*
 * Starts FN(ARG) as an actor: as a task of NURSERY, as plx_spawn does, with a
 * mailbox that can be sent to at once.  OPTIONS and OUT may be NULL.  Its end,
 * and what that means for NURSERY, is a task's; all that it deferred has run
 * by then.  -EEXIST: there is one of that name; else as plx_spawn.
 */
#define plx_actor_spawn(nursery, options, fn, arg, out)                      \
	plx_actor_spawn_named(nursery, options, #fn, __FILE__, __LINE__, fn, \
			      arg, out)
PLX_API int plx_actor_spawn_named(plx_nursery *nursery,
				  const struct plx_actor_options *options,
				  const char *name, const char *file, int line,
				  plx_task_fn *fn, void *arg,
				  struct plx_actor *out);

/* The actor that runs now.  -ENOTSUP: the task is no actor. */
PLX_API int plx_actor_self(struct plx_actor *out);

/* The actor of that name.  -ENOENT: there is none, or not any more. */
PLX_API int plx_actor_find(const char *name, struct plx_actor *out);

/* Cancels A's task, as plx_cancel, and one that is supervised too, at whose
   shield plx_cancel stops.  -ESRCH: A has ended. */
PLX_API int plx_actor_cancel(struct plx_actor a);

/*
 * Sends *M to TO.  0: it is in the mailbox, or received; 1: it was dropped;
 * 2: it is in the mailbox, and the oldest was dropped for it.
 * -ESRCH: TO is nobody, or has ended, maybe while the sender waited; -ENOBUFS;
 * -EDEADLK: an actor would wait for room in its own mailbox; -EINVAL: KIND is
 * below 0; -ETIMEDOUT, -ECANCELED.
 */
PLX_API int plx_actor_send(struct plx_actor to, const struct plx_message *m,
			   int64_t deadline);

/* Receives the next message of the actor that runs.  -ENOTSUP: it is none;
   -EBUSY; -ETIMEDOUT, -ECANCELED. */
PLX_API int plx_actor_receive(struct plx_message *out, int64_t deadline);

/*
 * Sends *REQUEST and waits for the reply.  Any task may call.  When TO has
 * accepted it, whatever comes later, REQUEST->data becomes NULL.  -ESRCH: not
 * accepted, TO has ended; -ECONNRESET: accepted, but TO ended without a reply
 * to it; -ENOBUFS: the mailbox is full and nobody may wait, or it was dropped;
 * -EDEADLK: to oneself; -ENOMEM; -EINVAL, -ETIMEDOUT, -ECANCELED.
 */
PLX_API int plx_actor_call(struct plx_actor to, struct plx_message *request,
			   struct plx_message *reply, int64_t deadline);

/*
 * Answers REQUEST, once; any task may, while the actor that received it lives.
 * Never waits, and is not refused to a cancelled task.  -ESRCH: nobody waits
 * for it any more; -EINVAL: REQUEST is no call, or KIND is below 0.
 */
PLX_API int plx_actor_reply(const struct plx_message *request,
			    const struct plx_message *reply);

/* For plx_await_any: a wait that has not begun.  The members are private. */
struct plx_actor_awaitable {
	struct plx_awaitable awaitable;
	struct plx_link link;
	struct plx_mailbox *box;
	struct plx_actor to, from, call;
	const struct plx_message *sent;
	struct plx_message *request, *out;
	int place, result;
};

/* Each makes W what the call of that name does, and returns what plx_await_any
   is given; plx_awaitable_result then tells what the call would return.  Only
   the one that wins has happened; but a call that loses may have been sent. */
PLX_API struct plx_awaitable *
plx_actor_receive_awaitable(struct plx_actor_awaitable *w,
			    struct plx_message *out);
PLX_API struct plx_awaitable *
plx_actor_send_awaitable(struct plx_actor_awaitable *w, struct plx_actor to,
			 const struct plx_message *m);
PLX_API struct plx_awaitable *
plx_actor_call_awaitable(struct plx_actor_awaitable *w, struct plx_actor to,
			 struct plx_message *request,
			 struct plx_message *reply);

PLX_END_DECLS

#endif
