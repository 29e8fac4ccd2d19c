/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hibernate.c: tasks to be, which wait for a descriptor without a stack.
 *
 * Each has a watch of its own, in the caller's struct, and takes the place of
 * the one that a port (ports.c) keeps on.  So a descriptor that no task has
 * waited for needs no port, and one that hibernates between two messages
 * changes hands in the loop, which the kernel is not told of.
 *
 * The watch stays on until the task that it has started goes on, not only until
 * there was an event: if the descriptor is closed in between, the loop's word
 * of that is the status which the task finds.  No turn goes by meanwhile in
 * which an event could call again and again, for the task is ready.  The status
 * lies in the watch's ERROR, which the loop clears when a watch is set and
 * writes when it takes one off.
 *
 * Trap: a task needs memory when its descriptor is ready, and there may be
 * none.  The watch is taken off then, or the loop would not sleep any more, and
 * a timer tries again.  That has its place in the loop's heap from the first
 * hibernation on, at the end of time while nothing is due, because to add one
 * could need memory, but to move one does not.
 */
#include <config.h>
#include <limits.h>
#include "hibernate_int.h"
#include "io_int.h"

/* Until it is tried again to start what is due. */
#define PAUSE (10 * PLX_MILLISECOND)

static struct plx_nursery *
nursery_of(const struct plx_hibernation *h)
{
	return h->watch.arg;
}

/* Has it no task yet? */
static int
is_pending(const struct plx_hibernation *h)
{
	return h->fn && !plx__list_empty(&h->link);
}

static int
begin(void *arg)
{
	struct plx_hibernation *h = arg;
	plx_task_fn *fn = h->fn;

	plx_loop_unwatch(plx__current->rt->loop, &h->watch);
	h->fn = NULL;
	return fn(h->arg);
}

static void
on_due(void *arg)
{
	plx__hibernations_retry(arg);
}

/* Sets the timer; after the first time this cannot fail. */
static int
set_timer(struct plx_rt *rt, int64_t when)
{
	plx_loop_cancel(rt->loop, &rt->due_call);
	return plx_loop_call_at(rt->loop, &rt->due_call, when, on_due, rt);
}

/* There is no stack for H. */
static void
put_off(struct plx_hibernation *h)
{
	struct plx_rt *rt = nursery_of(h)->rt;

	if (rt->due_call.when == PLX_NEVER)
		set_timer(rt, plx_loop_now(rt->loop) + PAUSE);
	plx_loop_unwatch(rt->loop, &h->watch);
	plx__list_remove(&h->link);
	plx__list_append(&rt->due, &h->link);
}

/* Starts H, which has no task yet, now or later. */
static int
start(struct plx_hibernation *h, int status)
{
	static const struct plx_place nowhere;
	const struct plx_place *place = h->place ? h->place : &nowhere;
	struct plx_nursery *n = nursery_of(h);
	const struct plx_birth birth = {
		.fn = begin,
		.arg = h,
		.name = place->name,
		.file = place->file,
		.line = place->line,
	};
	int r = plx__task_spawn(n, &birth, NULL);

	h->watch.error = (short)status;
	if (r < 0) {
		put_off(h);
		return r;
	}
	plx__list_remove(&h->link);
	n->rt->hibernating--;
	n->live--;
	return 0;
}

/* What is there to be read makes the next call worth a try. */
static void
on_sound(struct plx_watch *watch, unsigned events)
{
	struct plx_hibernation *h =
		PLX_OF(watch, struct plx_hibernation, watch);
	struct plx_port *p;

	if (plx__list_empty(&h->link))
		return;
	if (!events) {
		start(h, watch->error);
		return;
	}
	p = plx__port_find(nursery_of(h)->rt, watch->fd);
	if (p)
		p->blocks[PLX_IN] = 0;
	start(h, (int)events);
}

/* Has N no room?  A task of its own makes some by ending. */
static int
refuses(const struct plx_nursery *n, const struct plx_task *t)
{
	return n->max > 0 && n->live >= n->max && t->nursery != n;
}

/* The one of FD that is due; NULL: there is none. */
static struct plx_hibernation *
find_due(const struct plx_rt *rt, int fd)
{
	struct plx_hibernation *h;
	struct plx_link *l;

	for (l = rt->due.next; l != &rt->due; l = l->next) {
		h = PLX_OF(l, struct plx_hibernation, link);
		if (h->watch.fd == fd && h->watch.error != -ESHUTDOWN)
			return h;
	}
	return NULL;
}

/* Watches FD for H, in the place of its port. */
static int
watch_fd(struct plx_task *t, struct plx_hibernation *h, int fd)
{
	struct plx_rt *rt = t->rt;
	struct plx_port *p = fd < 0 ? NULL : plx__port(t, fd);

	if ((p && p->in.task) || find_due(rt, fd))
		return -EBUSY;
	if (p)
		plx_loop_unwatch(rt->loop, &p->in.watch);
	h->watch.fn = on_sound;
	return plx_loop_watch(rt->loop, &h->watch, fd, PLX_READ);
}

int
plx_hibernate_named(struct plx_hibernation *h, const struct plx_place *place,
		    plx_nursery *nursery, int fd, plx_task_fn *fn, void *arg)
{
	struct plx_task *t = plx__current;
	struct plx_nursery *n = nursery;
	int r;

	if (!t)
		return -EPERM;
	if (!n)
		n = &t->rt->root;
	if (!h || !fn || n->rt != t->rt || n->closed)
		return -EINVAL;
	if (h->fn || refuses(n, t))
		return -EBUSY;
	r = t->rt->due_call.place ? 0 : set_timer(t->rt, PLX_NEVER);
	if (r == 0)
		r = watch_fd(t, h, fd);
	if (r < 0)
		return r;
	h->watch.arg = n;
	h->place = place;
	h->fn = fn;
	h->arg = arg;
	plx__list_append(&n->asleep, &h->link);
	n->live++;
	t->rt->hibernating++;
	if (n->cancelled)
		start(h, -ECANCELED);
	return 0;
}

int
plx_hibernate_wake(struct plx_hibernation *h, int reason)
{
	if (reason > 0 || reason < SHRT_MIN)
		return -EINVAL;
	if (!is_pending(h))
		return -ENOENT;
	start(h, h->watch.direction ? reason : h->watch.error);
	return 0;
}

int
plx_hibernate_cancel(struct plx_hibernation *h)
{
	struct plx_nursery *n;

	if (!is_pending(h))
		return -ENOENT;
	n = nursery_of(h);
	plx_loop_unwatch(n->rt->loop, &h->watch);
	plx__list_remove(&h->link);
	h->fn = NULL;
	n->rt->hibernating--;
	plx__nursery_less(n);
	return 0;
}

int
plx_hibernation_status(const struct plx_hibernation *h)
{
	return h->watch.error;
}

void
plx__hibernations_end(struct plx_nursery *n)
{
	struct plx_link *l;

	while ((l = n->asleep.next) != &n->asleep)
		start(PLX_OF(l, struct plx_hibernation, link), -ECANCELED);
}

/* The timer is set first, while the place of the one that went off is free;
   put_off moves it. */
void
plx__hibernations_retry(struct plx_rt *rt)
{
	struct plx_hibernation *h;
	int r = 0;

	if (!rt->hibernating)
		return;
	set_timer(rt, PLX_NEVER);
	while (r == 0 && !plx__list_empty(&rt->due)) {
		h = PLX_OF(rt->due.next, struct plx_hibernation, link);
		r = start(h, h->watch.error);
	}
}

int
plx__hibernates(const struct plx_rt *rt, int fd)
{
	const struct plx_watch *w;

	w = plx__loop_watcher(rt->loop, fd, PLX_READ);
	return (w && w->fn == on_sound) || find_due(rt, fd);
}

void
plx__hibernations_forget(struct plx_rt *rt, int fd)
{
	struct plx_hibernation *h;

	while ((h = find_due(rt, fd)))
		h->watch.error = -ESHUTDOWN;
}
