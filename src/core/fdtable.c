/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtable.c: the array grows and never shrinks: descriptors are small numbers
 * that come back.  Slots move when it grows; nobody keeps a pointer to one
 * across a registration.
 *
 * Its memory doubles, but is not touched before there are descriptors for it.
 */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include "sys.h"
#include "fdtable.h"

/* Slots that are cleared at a time. */
#define STEP 32u

void
plx__fdtable_fini(struct plx_fdtable *t)
{
	t->sys->resize(t->sys, t->slots, 0);
	t->slots = NULL;
	t->size = t->room = 0;
}

static int
make_room(struct plx_fdtable *t, int fd)
{
	size_t room = t->room ? (size_t)t->room : STEP;
	struct plx_slot *slots;

	while (room <= (size_t)fd)
		room *= 2;
	if (room > INT_MAX)
		room = INT_MAX;
	slots = t->sys->resize(t->sys, t->slots, room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	t->room = (int)room;
	return 0;
}

int
plx__fdtable_grow(struct plx_fdtable *t, int fd)
{
	size_t old = (size_t)t->size;
	size_t size = ((size_t)fd / STEP + 1) * STEP;

	if (fd < t->size)
		return 0;
	if (fd >= t->room && make_room(t, fd) < 0)
		return -ENOMEM;
	if (size > (size_t)t->room)
		size = (size_t)t->room;
	memset(t->slots + old, 0, (size - old) * sizeof(*t->slots));
	t->size = (int)size;
	return 0;
}

uint32_t
plx__fdtable_generation(struct plx_fdtable *t)
{
	if (++t->generation == 0)
		t->generation = 1;
	return t->generation;
}

int
plx__fdtable_from(const struct plx_fdtable *t, int fd)
{
	if (fd < 0)
		fd = 0;
	for (; fd < t->size; fd++) {
		if (t->slots[fd].generation)
			return fd;
	}
	return -1;
}
