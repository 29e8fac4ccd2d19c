/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump.c: plx_dump, a table of every task and what it waits for.
 *
 * It reads and never waits, so it may be called in a task as well as in a
 * callback of the loop (a caught signal, say).  Tasks form a tree: below each
 * come those of the nurseries that it has open.  It is walked without a stack,
 * by the way back that every task has, since nurseries may nest by thousands
 * and this runs on a task's stack.  What it costs is linear in the number of
 * tasks, scopes and nurseries.
 */
#include <config.h>
#include <inttypes.h>
#include <stdio.h>
#include "dump_int.h"

struct cursor {
	struct plx_task *t; /* NULL: no more */
	unsigned level;	    /* nurseries around it, the root's apart */
};

/* The first task of the nursery at L or of those opened in the same task after
   it, of which INDEX have come before; NULL: there is none. */
static struct plx_task *
first_from(struct plx_link *l, const struct plx_link *end, unsigned index)
{
	struct plx_nursery *n;

	for (; l != end; l = l->next) {
		n = PLX_OF(l, struct plx_nursery, link);
		n->index = ++index;
		if (plx__list_empty(&n->tasks))
			continue;
		plx__dump_enter(n);
		return PLX_OF(n->tasks.next, struct plx_task, link);
	}
	return NULL;
}

/* T and what is below it are done: what comes next on its level, or NULL. */
static struct plx_task *
next_beside(const struct plx_task *t)
{
	struct plx_nursery *n = t->nursery;

	if (t->link.next != &n->tasks)
		return PLX_OF(t->link.next, struct plx_task, link);
	if (!n->opener)
		return NULL;
	return first_from(n->link.next, &n->opener->nurseries, n->index);
}

static void
move_on(struct cursor *c)
{
	struct plx_task *t = c->t;

	c->t = first_from(t->nurseries.next, &t->nurseries, 0);
	if (c->t) {
		c->level++;
		return;
	}
	while (t && !(c->t = next_beside(t))) {
		t = t->nursery->opener;
		c->level--;
	}
}

/* What is asleep at LIST, of a nursery. */
static void
dump_list(FILE *f, const struct plx_link *list, unsigned level, unsigned index)
{
	const struct plx_link *l;

	for (l = list->next; l != list; l = l->next)
		plx__dump_asleep(f, PLX_OF(l, struct plx_hibernation, link),
				 level, index);
}

/* What is asleep in the nurseries that T has open; it comes before their
   tasks. */
static void
dump_asleep(FILE *f, const struct plx_task *t, unsigned level)
{
	const struct plx_link *l;
	unsigned index = 0;

	for (l = t->nurseries.next; l != &t->nurseries; l = l->next)
		dump_list(f, &PLX_OF(l, struct plx_nursery, link)->asleep,
			  level + 1, ++index);
}

/* Tasks that have ended, or have no stack yet, are in no nursery's list. */
static int
dump_all(FILE *f, struct plx_rt *rt)
{
	int64_t now = rt->sys->now(rt->sys);
	struct cursor c = {.level = 0};
	const struct plx_link *l;
	int n = 0;

	plx__dump_enter(&rt->root);
	if (!plx__list_empty(&rt->root.tasks))
		c.t = PLX_OF(rt->root.tasks.next, struct plx_task, link);
	for (; c.t; move_on(&c), n++) {
		plx__dump_row(f, c.t, c.level, now);
		dump_asleep(f, c.t, c.level);
	}
	dump_list(f, &rt->root.asleep, 0, 0);
	dump_list(f, &rt->due, 0, 0);
	for (l = rt->unjoined.next; l != &rt->unjoined; l = l->next, n++)
		plx__dump_row(f, PLX_OF(l, struct plx_task, link), 0, now);
	return n;
}

/* In one piece, as a row: fprintf to an unbuffered stream takes 8 KiB of stack
   in some libc. */
static void
dump_stats(FILE *f, plx_loop *loop)
{
	struct plx_stats s = {.spawned = 0};
	char line[320];

	plx_stats(loop, &s);
	snprintf(line, sizeof(line),
		 "now: %" PRIu64 " waiting, %" PRIu64 " ready, %" PRIu64
		 " unjoined, %" PRIu64 " hibernating, %" PRIu64
		 " generators; so far: %" PRIu64 " spawned, %" PRIu64
		 " failed, %" PRIu64 " slow, %" PRIu64 " misuses\n",
		 s.waiting, s.ready, s.unjoined, s.hibernating, s.generators,
		 s.spawned, s.failed, s.slow_slices, s.misuses);
	fputs(line, f);
}

int
plx_dump(plx_loop *loop, FILE *f)
{
	struct plx_rt *rt;
	int saved = errno;
	int n = 0;

	if (!loop || !f)
		return -EINVAL;
	rt = *plx__loop_task_slot(loop);
	plx__dump_head(f);
	if (rt)
		n = dump_all(f, rt);
	dump_stats(f, loop);
	errno = saved;
	return n;
}
