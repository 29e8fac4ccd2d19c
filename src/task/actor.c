/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor.c: the life of an actor: spawn, find, cancel, end.
 *
 * An actor is a task whose function is called in a scope of its own, so that
 * all that the function has deferred, and whatever it left open, is over before
 * the mailbox goes.  The mailbox goes with the last step of the task and in
 * this order: first nobody can find it any more, then those who wait for it are
 * told, then what is left in it is disposed of, then its watchers hear.
 */
#include <config.h>
#include <string.h>
#include "actor_int.h"

#define DEFAULT_CAPACITY 64u

/* Numbers begin at the time, so a reference that was kept from an earlier run
   names nobody in this one. */
int
plx__actors_get(struct plx_rt *rt, struct plx_actors **out)
{
	const struct plx_sys *sys = rt->sys;
	struct plx_actors *all = rt->actors;
	uint64_t first;

	if (!all) {
		all = sys->resize(sys, NULL, sizeof(*all));
		if (!all)
			return -ENOMEM;
		memset(all, 0, sizeof(*all));
		first = (uint64_t)sys->now(sys) + 1;
		all->rt = rt;
		plx__handles_init(&all->handles, sys, first);
		plx__handles_init(&all->calls, sys, first);
		rt->actors = all;
	}
	*out = all;
	return 0;
}

void
plx__actors_free(struct plx_rt *rt)
{
	struct plx_actors *all = rt->actors;

	if (!all)
		return;
	rt->actors = NULL;
	plx__handles_fini(&all->handles);
	plx__handles_fini(&all->calls);
	if (all->names)
		rt->sys->resize(rt->sys, all->names, 0);
	rt->sys->resize(rt->sys, all, 0);
}

/* All who wait for room are too late. */
static void
refuse_senders(struct plx_mailbox *box)
{
	struct plx_actor_awaitable *w;
	struct plx_message m;

	while ((w = plx__actor_first(&box->senders))) {
		m = plx__message_of(w);
		plx__actor_leave(w);
		if (w->call.id)
			plx__handles_drop(&box->all->calls, w->call);
		w->call.id = 0;
		m.call = w->call;
		w->result = -ESRCH;
		if (plx_awaitable_ready(&w->awaitable))
			plx__letter(box->all, NULL, box->ref, &m,
				    PLX_LETTER_REFUSED);
	}
}

static void
box_end(struct plx_mailbox *box, int result)
{
	const struct plx_sys *sys = box->all->rt->sys;
	struct plx_actor_awaitable *w;
	struct plx_message m;

	box->task->actor = NULL;
	plx_set_name(box->task, box->task_name);
	plx__names_remove(box);
	plx__handles_drop(&box->all->handles, box->ref);
	refuse_senders(box);
	while ((w = plx__actor_first(&box->calls)))
		plx__call_end(w, -ECONNRESET);
	while (box->count > 0) {
		plx__mailbox_pop_front(box, &m);
		plx__mailbox_lose(box, &m, PLX_LETTER_LEFT);
	}
	plx__monitors_end(box, result);
	if (box->ended)
		box->ended(box->ended_arg, result);
	sys->resize(sys, box, 0);
}

/* A supervisor is told of the result, and its nursery is not. */
static int
actor_entry(void *arg)
{
	struct plx_mailbox *box = arg;
	int supervised = box->ended != NULL;
	struct plx_scope scope;
	int result;

	if (box->shield)
		plx_scope_shield(&scope, PLX_NEVER, PLX_NEVER);
	else
		plx_scope_enter(&scope, PLX_NEVER);
	box->scope = &scope;
	if (box->stopped)
		plx_scope_cancel(&scope);
	result = box->fn(box->arg);
	if (plx_scope_leave(&scope, result) == -EPROTO && result >= 0)
		result = -EPROTO;
	box_end(box, result);
	return supervised ? 0 : result;
}

static struct plx_mailbox *
box_new(struct plx_actors *all, const struct plx_actor_options *o)
{
	const struct plx_sys *sys = all->rt->sys;
	size_t capacity = o->capacity ? o->capacity : DEFAULT_CAPACITY;
	size_t name = o->name ? strlen(o->name) + 1 : 0;
	struct plx_mailbox *box;

	if (capacity > SIZE_MAX / 4 / sizeof(box->ring[0]))
		return NULL;
	box = sys->resize(sys, NULL,
			  sizeof(*box) + capacity * sizeof(box->ring[0]) +
				  name);
	if (!box)
		return NULL;
	memset(box, 0, sizeof(*box));
	box->all = all;
	box->options = *o;
	box->options.capacity = capacity;
	if (o->name)
		box->options.name = memcpy(&box->ring[capacity], o->name, name);
	plx__list_init(&box->senders);
	plx__list_init(&box->calls);
	plx__list_init(&box->watchers);
	plx__list_init(&box->watches);
	plx__list_init(&box->downs);
	return box;
}

/* Runs BOX as the task of START. */
static int
box_spawn(plx_nursery *nursery, const struct plx_actor_start *start,
	  struct plx_mailbox *box)
{
	plx_task *t;
	int r;

	box->fn = start->fn;
	box->arg = start->arg;
	box->shield = start->shield;
	box->ended = start->ended;
	box->ended_arg = start->ended_arg;
	box->task_name = start->name;
	r = plx_spawn_named(nursery, start->name, start->file, start->line,
			    actor_entry, box, &t);
	if (r < 0)
		return r;
	box->task = t;
	t->actor = box;
	plx_detach(t);
	if (box->options.name)
		plx_set_name(t, box->options.name);
	return 0;
}

int
plx__actor_start(plx_nursery *nursery, const struct plx_actor_start *start,
		 struct plx_mailbox **out)
{
	static const struct plx_actor_options defaults;
	const struct plx_actor_options *o =
		start->options ? start->options : &defaults;
	struct plx_rt *rt = plx__current->rt;
	struct plx_actors *all;
	struct plx_mailbox *box;
	int r;

	if (!start->fn || (unsigned)o->overflow > PLX_OVERFLOW_DROP_OLDEST)
		return -EINVAL;
	r = plx__actors_get(rt, &all);
	if (r < 0)
		return r;
	box = box_new(all, o);
	if (!box)
		return -ENOMEM;
	r = plx__handles_take(&all->handles, box, &box->ref);
	if (r < 0)
		goto free;
	r = plx__names_add(box);
	if (r < 0)
		goto drop;
	r = box_spawn(nursery, start, box);
	if (r < 0)
		goto remove;
	*out = box;
	return 0;
remove:
	plx__names_remove(box);
drop:
	plx__handles_drop(&all->handles, box->ref);
free:
	rt->sys->resize(rt->sys, box, 0);
	return r;
}

int
plx_actor_spawn_named(plx_nursery *nursery,
		      const struct plx_actor_options *options, const char *name,
		      const char *file, int line, plx_task_fn *fn, void *arg,
		      struct plx_actor *out)
{
	const struct plx_actor_start start = {
		.options = options,
		.fn = fn,
		.arg = arg,
		.name = name,
		.file = file,
		.line = line,
	};
	struct plx_mailbox *box;
	int r;

	if (!plx__current)
		return -EPERM;
	r = plx__actor_start(nursery, &start, &box);
	if (r == 0 && out)
		*out = box->ref;
	return r;
}

int
plx_actor_self(struct plx_actor *out)
{
	const struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (!out)
		return -EINVAL;
	if (!t->actor)
		return -ENOTSUP;
	*out = t->actor->ref;
	return 0;
}

int
plx_actor_find(const char *name, struct plx_actor *out)
{
	const struct plx_task *t = plx__current;
	const struct plx_mailbox *box;

	if (!t)
		return -EPERM;
	if (!name || !out)
		return -EINVAL;
	box = t->rt->actors ? plx__names_find(t->rt->actors, name) : NULL;
	if (!box)
		return -ENOENT;
	*out = box->ref;
	return 0;
}

/* The scope of one that has not begun is cancelled when it begins. */
void
plx__actor_stop(struct plx_mailbox *box)
{
	box->stopped = 1;
	if (box->scope)
		plx_scope_cancel(box->scope);
}

int
plx_actor_cancel(struct plx_actor a)
{
	const struct plx_task *t = plx__current;
	struct plx_mailbox *box;

	if (!t)
		return -EPERM;
	box = plx__mailbox_find(t->rt, a);
	if (!box)
		return -ESRCH;
	plx__actor_stop(box);
	return 0;
}
