/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defer.c: calls that are made when a stretch of code ends, however it ends.
 *
 * Each task and each generator keeps its own, last come first, with the depth
 * of the scope that they belong to.  They lie in memory of the run: at the
 * time they are made the frame of whoever deferred them may be gone.  What has
 * been used once is kept for the next.
 */
#include <config.h>
#include "gen_int.h"

/* What is deferred at PLACE, T's or a generator's. */
static struct plx_deferred **
list_of(struct plx_task *t, struct plx_coro *place)
{
	if (t && place == &t->coro)
		return &t->defers;
	return &plx__gen_of(place)->defers;
}

/* The run that PLACE belongs to; NULL: it is a generator without one. */
static struct plx_rt *
run_of(struct plx_task *t, struct plx_coro *place)
{
	if (t && place == &t->coro)
		return t->rt;
	return plx__gen_of(place)->rt;
}

static const struct plx_sys *
sys_of(struct plx_task *t, struct plx_coro *place)
{
	const struct plx_rt *rt = run_of(t, place);

	return rt ? rt->sys : plx__gen_of(place)->own->sys;
}

/* What runs now, T (may be NULL) or a generator; NULL if neither does. */
static struct plx_coro *
find_place(const struct plx_task *t)
{
	struct plx_coro *at = t ? t->at : plx__outside.at;

	if (!t && at && at->entry != plx__gen_body)
		return NULL;
	return at;
}

static unsigned
depth_at(const struct plx_task *t, const struct plx_coro *place)
{
	return t && t->scope && t->scope->place == place ? t->scope->depth : 0;
}

static struct plx_deferred *
allocate(struct plx_task *t, struct plx_coro *place)
{
	const struct plx_sys *sys = sys_of(t, place);
	struct plx_rt *rt = run_of(t, place);
	struct plx_deferred *d;

	if (!rt || !rt->spare_defers)
		return sys->resize(sys, NULL, sizeof(*d));
	d = rt->spare_defers;
	rt->spare_defers = d->next;
	return d;
}

static void
set_aside(struct plx_task *t, struct plx_coro *place, struct plx_deferred *d)
{
	const struct plx_sys *sys = sys_of(t, place);
	struct plx_rt *rt = run_of(t, place);

	if (!rt) {
		sys->resize(sys, d, 0);
		return;
	}
	d->next = rt->spare_defers;
	rt->spare_defers = d;
}

int
plx_defer(void (*fn)(void *arg), void *arg)
{
	struct plx_task *t = plx__current;
	struct plx_coro *place = find_place(t);
	struct plx_deferred **list, *d;

	if (!place)
		return -EPERM;
	if (!fn)
		return -EINVAL;
	d = allocate(t, place);
	if (!d)
		return -ENOMEM;
	list = list_of(t, place);
	d->next = *list;
	d->fn = fn;
	d->arg = arg;
	d->depth = depth_at(t, place);
	*list = d;
	return 0;
}

int
plx_undefer(void (*fn)(void *arg), void *arg, int run)
{
	struct plx_task *t = plx__current;
	struct plx_coro *place = find_place(t);
	struct plx_deferred **d, *found;

	if (!place)
		return -EPERM;
	d = list_of(t, place);
	while (*d && ((*d)->fn != fn || (*d)->arg != arg))
		d = &(*d)->next;
	found = *d;
	if (!found || found->depth != depth_at(t, place))
		return -ENOENT;
	*d = found->next;
	set_aside(t, place, found);
	if (run)
		fn(arg);
	return 0;
}

int
plx__defers_run(struct plx_task *t, struct plx_coro *place, unsigned depth)
{
	struct plx_deferred **list = list_of(t, place);
	struct plx_deferred *d, call;
	int any = 0;

	while ((d = *list) && d->depth >= depth) {
		*list = d->next;
		call = *d;
		set_aside(t, place, d);
		call.fn(call.arg);
		any = 1;
	}
	return any;
}

void
plx__scopes_fini(struct plx_rt *rt)
{
	struct plx_deferred *d;
	struct plx_link *l;

	while ((d = rt->spare_defers)) {
		rt->spare_defers = d->next;
		rt->sys->resize(rt->sys, d, 0);
	}
	while (!plx__list_empty(&rt->spare_nurseries)) {
		l = rt->spare_nurseries.next;
		plx__list_remove(l);
		rt->sys->resize(rt->sys, PLX_OF(l, struct plx_nursery, link),
				0);
	}
}
