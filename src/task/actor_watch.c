/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_watch.c: monitors, and who hears of dead letters.
 *
 * A monitor is allocated when it is asked for and is the PLX_DOWN itself later
 * on, so no end is lost for want of memory or of room in a mailbox.  It is in
 * two lists, of the one who watches and of the one who is watched, until either
 * ends.
 */
#include <config.h>
#include "actor_int.h"

static void
monitor_free(struct plx_monitor *m)
{
	const struct plx_sys *sys = m->watcher->all->rt->sys;

	plx__list_remove(&m->link);
	plx__list_remove(&m->watched);
	sys->resize(sys, m, 0);
}

/* It has ended that M watches. */
static void
monitor_down(struct plx_monitor *m, int result)
{
	struct plx_mailbox *box = m->watcher;

	plx__list_remove(&m->watched);
	plx__list_remove(&m->link);
	plx__list_append(&box->downs, &m->link);
	m->result = result;
	m->place = box->taken + box->count;
	plx__mailbox_hand_over(box);
}

static void
free_all(struct plx_link *list)
{
	while (!plx__list_empty(list))
		monitor_free(PLX_OF(list->next, struct plx_monitor, link));
}

void
plx__monitors_end(struct plx_mailbox *box, int result)
{
	struct plx_link *l;

	while (!plx__list_empty(&box->watchers)) {
		l = box->watchers.next;
		monitor_down(PLX_OF(l, struct plx_monitor, watched), result);
	}
	free_all(&box->watches);
	free_all(&box->downs);
}

void
plx__monitor_take(struct plx_monitor *m, struct plx_message *out)
{
	*out = (struct plx_message){
		.kind = PLX_DOWN,
		.value = m->result,
		.from = m->of,
	};
	monitor_free(m);
}

/* The mailbox of the actor that runs: 0, -EPERM, -ENOTSUP. */
static int
get_own(struct plx_mailbox **out)
{
	const struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (!t->actor)
		return -ENOTSUP;
	*out = t->actor;
	return 0;
}

int
plx_actor_monitor(struct plx_actor a)
{
	struct plx_mailbox *box, *other;
	const struct plx_sys *sys;
	struct plx_monitor *m;
	int r = get_own(&box);

	if (r < 0)
		return r;
	if (a.id == box->ref.id)
		return -EDEADLK;
	sys = box->all->rt->sys;
	m = sys->resize(sys, NULL, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->of = a;
	m->watcher = box;
	plx__list_init(&m->watched);
	plx__list_append(&box->watches, &m->link);
	other = plx__mailbox_find(box->all->rt, a);
	if (other)
		plx__list_append(&other->watchers, &m->watched);
	else
		monitor_down(m, -ESRCH);
	return 0;
}

/* The last one of A in LIST, or NULL. */
static struct plx_monitor *
find_in(const struct plx_link *list, struct plx_actor a)
{
	const struct plx_link *l;
	struct plx_monitor *m;

	for (l = list->prev; l != list; l = l->prev) {
		m = PLX_OF(l, struct plx_monitor, link);
		if (m->of.id == a.id)
			return m;
	}
	return NULL;
}

int
plx_actor_demonitor(struct plx_actor a)
{
	struct plx_mailbox *box;
	struct plx_monitor *m;
	int r = get_own(&box);

	if (r < 0)
		return r;
	m = find_in(&box->watches, a);
	if (!m)
		m = find_in(&box->downs, a);
	if (!m)
		return -ENOENT;
	monitor_free(m);
	return 0;
}

int
plx__letter_refuse(struct plx_rt *rt, const struct plx_actor_awaitable *w)
{
	const struct plx_message m = plx__message_of(w);

	if (rt->actors)
		plx__letter(rt->actors, NULL, w->to, &m, PLX_LETTER_REFUSED);
	return -ESRCH;
}

int
plx_actor_dead_letters(void (*fn)(struct plx_actor to,
				  const struct plx_message *m,
				  enum plx_letter why, void *arg),
		       void *arg)
{
	struct plx_actors *all;
	int r;

	if (!plx__current)
		return -EPERM;
	r = plx__actors_get(plx__current->rt, &all);
	if (r < 0)
		return r;
	all->letter = fn;
	all->letter_arg = arg;
	return 0;
}
