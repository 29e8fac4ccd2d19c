/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtable.c: the array grows and never shrinks: descriptors are small numbers
 * that come back.  Slots move when it grows; nobody keeps a pointer to one
 * across a registration.
 */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include "sys.h"
#include "fdtable.h"

void
plx__fdtable_fini(struct plx_fdtable *t)
{
	t->sys->resize(t->sys, t->slots, 0);
	t->slots = NULL;
	t->size = 0;
}

int
plx__fdtable_grow(struct plx_fdtable *t, int fd)
{
	size_t old = (size_t)t->size;
	size_t size = old ? old : 32;
	struct plx_slot *slots;

	if (fd < t->size)
		return 0;
	while (size <= (size_t)fd)
		size *= 2;
	if (size > INT_MAX)
		size = INT_MAX;
	slots = t->sys->resize(t->sys, t->slots, size * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + old, 0, (size - old) * sizeof(*slots));
	t->slots = slots;
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
