/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervisor.c: plx_supervise.
 *
 * The children are tasks of a nursery, but each lives in a shield (actor.c), so
 * that a cancel from around reaches the supervisor alone, which then ends them
 * one by one.  A child's end is noted in a list and acted upon by the
 * supervisor, in the order of the ends; one that the supervisor itself has
 * brought about is taken out of the list again.  Whatever happens,
 * plx_supervise returns after the last child's end: they use its memory.
 */
#include <config.h>
#include <string.h>
#include "actor_int.h"

struct child {
	const struct plx_child *spec;
	struct supervisor *s;
	struct plx_mailbox *box; /* NULL: does not run */
	struct plx_link link;	 /* in ended, from its end on */
	int result;
	int over; /* for good */
};

struct supervisor {
	struct plx_supervise_options options;
	const struct plx_sys *sys;
	plx_nursery *nursery;
	struct plx_link ended;
	struct supervise_wait *waiter;
	uint64_t restarted;
	size_t n;
	struct child *children; /* in this allocation */
	int64_t restarts[];	/* when the last options.intensity were */
};

/* A wait for the end of one child, or of any (CHILD is NULL). */
struct supervise_wait {
	struct plx_awaitable awaitable;
	struct supervisor *s;
	const struct child *child;
};

static int
has_ended(const struct supervise_wait *w)
{
	return w->child ? !w->child->box : !plx__list_empty(&w->s->ended);
}

static int
end_arm(struct plx_awaitable *a)
{
	struct supervise_wait *w = PLX_OF(a, struct supervise_wait, awaitable);

	w->s->waiter = w;
	return has_ended(w);
}

static int
end_disarm(struct plx_awaitable *a)
{
	PLX_OF(a, struct supervise_wait, awaitable)->s->waiter = NULL;
	return 0;
}

static int
end_result(struct plx_awaitable *a)
{
	PLX_OF(a, struct supervise_wait, awaitable)->s->waiter = NULL;
	return 0;
}

static const struct plx_awaitable_ops end_ops = {
	.kind = "end of a child",
	.arm = end_arm,
	.disarm = end_disarm,
	.result = end_result,
};

static int
await_end(struct supervisor *s, const struct child *c)
{
	struct supervise_wait w = {
		.awaitable.ops = &end_ops,
		.s = s,
		.child = c,
	};

	return plx_await(&w.awaitable, PLX_NEVER);
}

/* The last that a child does. */
static void
on_end(void *arg, int result)
{
	struct child *c = arg;
	struct supervisor *s = c->s;

	c->box = NULL;
	c->result = result;
	plx__list_append(&s->ended, &c->link);
	if (s->waiter && has_ended(s->waiter))
		plx_awaitable_ready(&s->waiter->awaitable);
}

/* It is shown as spawned where the supervisor was. */
static int
start(struct child *c)
{
	const struct plx_task *t = plx__current;
	const char *name = c->spec->actor.name;
	const struct plx_actor_start how = {
		.options = &c->spec->actor,
		.fn = c->spec->fn,
		.arg = c->spec->arg,
		.name = name ? name : "child",
		.file = t->file,
		.line = t->line,
		.shield = 1,
		.ended = on_end,
		.ended_arg = c,
	};

	return plx__actor_start(c->s->nursery, &how, &c->box);
}

/* Ends C, if it runs, and waits for that, whatever happens around; a wait may
   want of memory for its alarm. */
static void
stop(struct child *c)
{
	struct plx_scope shield;

	if (c->box) {
		plx__actor_stop(c->box);
		plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
		while (c->box) {
			if (await_end(c->s, c) < 0)
				plx_checkpoint();
		}
		plx_scope_leave(&shield, 0);
	}
	plx__list_remove(&c->link);
}

/* Is C, which has ended by itself, to be started anew? */
static int
is_wanted(const struct child *c)
{
	switch (c->spec->restart) {
	case PLX_PERMANENT:
		return 1;
	case PLX_TRANSIENT:
		return c->result < 0;
	default:
		return 0;
	}
}

/* Notes a restart: 0, or -ELOOP when it is one too many. */
static int
count_restart(struct supervisor *s)
{
	int64_t now = s->sys->now(s->sys);
	int64_t *oldest;

	if (s->options.intensity == 0)
		return -ELOOP;
	oldest = &s->restarts[s->restarted % s->options.intensity];
	if (s->restarted >= s->options.intensity &&
	    now - *oldest <= s->options.period)
		return -ELOOP;
	*oldest = now;
	s->restarted++;
	return 0;
}

/* Those that are started anew with C: from *FIRST up to *END. */
static void
find_group(const struct child *c, struct child **first, struct child **end)
{
	struct supervisor *s = c->s;
	struct child *own = &s->children[c - s->children];

	*first = s->options.strategy == PLX_ONE_FOR_ALL ? s->children : own;
	*end = s->options.strategy == PLX_ONE_FOR_ONE ? own + 1
						      : s->children + s->n;
}

/* One that has ended by itself meanwhile is judged by that end. */
static void
stop_for_restart(struct child *c)
{
	int itself = !c->box;

	stop(c);
	if (itself ? !is_wanted(c) : c->spec->restart == PLX_TEMPORARY)
		c->over = 1;
}

/* One that cannot be started has failed. */
static void
restart_group(const struct child *c)
{
	struct child *first, *end, *x;
	int r;

	find_group(c, &first, &end);
	for (x = end; x-- > first;)
		stop_for_restart(x);
	for (x = first; x < end; x++) {
		r = x->over ? 0 : start(x);
		if (r < 0) {
			x->result = r;
			plx__list_append(&x->s->ended, &x->link);
		}
	}
}

/* What the end of C leads to: 0, or why the supervisor gives up. */
static int
handle_end(struct child *c)
{
	int r;

	plx__list_remove(&c->link);
	if (!is_wanted(c)) {
		c->over = 1;
		return 0;
	}
	r = count_restart(c->s);
	if (r < 0)
		return c->result < 0 ? c->result : r;
	restart_group(c);
	return 0;
}

static int
is_any_left(const struct supervisor *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->children[i].over)
			return 1;
	}
	return 0;
}

static int
start_all(struct supervisor *s)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < s->n; i++)
		r = start(&s->children[i]);
	return r;
}

/* Until all are over, or something makes an end of it. */
static int
supervise(struct supervisor *s)
{
	int r = start_all(s);
	size_t i;

	while (r == 0 && is_any_left(s)) {
		r = await_end(s, NULL);
		if (r == 0)
			r = handle_end(
				PLX_OF(s->ended.next, struct child, link));
	}
	for (i = s->n; i-- > 0;)
		stop(&s->children[i]);
	return r;
}

static int
check(const struct plx_child *children, size_t n,
      const struct plx_supervise_options *o)
{
	size_t i;

	if ((unsigned)o->strategy > PLX_REST_FOR_ONE ||
	    (o->intensity > 0 && o->period < 1) || (n > 0 && !children))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (!children[i].fn ||
		    (unsigned)children[i].restart > PLX_TEMPORARY)
			return -EINVAL;
	}
	return 0;
}

static struct supervisor *
supervisor_new(const struct plx_sys *sys, const struct plx_child *children,
	       size_t n, const struct plx_supervise_options *o)
{
	struct supervisor *s;
	const size_t limit = SIZE_MAX / 4;
	size_t i;

	if (n > limit / sizeof(s->children[0]) ||
	    o->intensity > limit / sizeof(s->restarts[0]))
		return NULL;
	s = sys->resize(sys, NULL,
			sizeof(*s) + n * sizeof(s->children[0]) +
				o->intensity * sizeof(s->restarts[0]));
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->options = *o;
	s->sys = sys;
	s->n = n;
	s->children = (struct child *)(void *)&s->restarts[o->intensity];
	plx__list_init(&s->ended);
	for (i = 0; i < n; i++) {
		s->children[i] = (struct child){.spec = &children[i], .s = s};
		plx__list_init(&s->children[i].link);
	}
	return s;
}

int
plx_supervise(const struct plx_child *children, size_t n,
	      const struct plx_supervise_options *options)
{
	static const struct plx_supervise_options defaults = {
		.intensity = 1,
		.period = 5 * PLX_SECOND,
	};
	const struct plx_supervise_options *o = options ? options : &defaults;
	struct plx_task *t = plx__current;
	struct supervisor *s;
	int r = plx__begin(t);

	if (r == 0)
		r = check(children, n, o);
	if (r < 0)
		return r;
	s = supervisor_new(t->rt->sys, children, n, o);
	if (!s)
		return -ENOMEM;
	r = plx_nursery_open(NULL, &s->nursery);
	if (r == 0) {
		r = supervise(s);
		r = plx_nursery_close(&s->nursery, r);
	}
	s->sys->resize(s->sys, s, 0);
	return r;
}
