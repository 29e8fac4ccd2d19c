/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_names.c: actors by name: chains in a table that doubles when it has as
 * many names as chains.  It never shrinks: names come back at every restart.
 */
#include <config.h>
#include <string.h>
#include "actor_int.h"

#define FIRST_BUCKETS 16u

/* FNV-1a. */
static uint64_t
hash(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return h;
}

static struct plx_mailbox **
bucket(const struct plx_actors *all, const char *name)
{
	return &all->names[hash(name) & (all->buckets - 1)];
}

struct plx_mailbox *
plx__names_find(const struct plx_actors *all, const char *name)
{
	struct plx_mailbox *box;

	if (!all->names)
		return NULL;
	for (box = *bucket(all, name); box; box = box->next) {
		if (strcmp(box->options.name, name) == 0)
			return box;
	}
	return NULL;
}

static void
put(struct plx_actors *all, struct plx_mailbox *box)
{
	struct plx_mailbox **b = bucket(all, box->options.name);

	box->next = *b;
	*b = box;
}

static int
grow(struct plx_actors *all)
{
	const struct plx_sys *sys = all->rt->sys;
	struct plx_mailbox **old = all->names, **names, *box;
	size_t i, n = all->buckets, wanted = n ? 2 * n : FIRST_BUCKETS;

	names = sys->resize(sys, NULL, wanted * sizeof(*names));
	if (!names)
		return -ENOMEM;
	memset(names, 0, wanted * sizeof(*names));
	all->names = names;
	all->buckets = wanted;
	for (i = 0; i < n; i++) {
		while ((box = old[i])) {
			old[i] = box->next;
			put(all, box);
		}
	}
	if (old)
		sys->resize(sys, old, 0);
	return 0;
}

int
plx__names_add(struct plx_mailbox *box)
{
	struct plx_actors *all = box->all;
	int r;

	if (!box->options.name)
		return 0;
	if (plx__names_find(all, box->options.name))
		return -EEXIST;
	if (all->named == all->buckets) {
		r = grow(all);
		if (r < 0)
			return r;
	}
	put(all, box);
	all->named++;
	return 0;
}

void
plx__names_remove(struct plx_mailbox *box)
{
	struct plx_mailbox **b;

	if (!box->options.name)
		return;
	b = bucket(box->all, box->options.name);
	while (*b != box)
		b = &(*b)->next;
	*b = box->next;
	box->all->named--;
}
