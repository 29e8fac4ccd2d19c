/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtable.h: which key has this descriptor?
 *
 * An array by descriptor that grows by doubling to the highest number seen,
 * so that a reported token leads to its key by one access and one compare.
 * A slot is 24 bytes; a free one has generation 0 and all else 0, but for
 * its place in the queue of the always ready.
 */
#ifndef PLX_FDTABLE_H
#define PLX_FDTABLE_H

#include <stdint.h>

struct plx_sys;

/* Of a slot's state. */
#define PLX_SLOT_ALWAYS 0x01u /* never blocks; not in the backend */
#define PLX_SLOT_DUE 0x02u    /* is ALWAYS, and to be reported */
#define PLX_SLOT_QUEUED 0x04u /* linked in the queue, DUE or not any more */
#define PLX_SLOT_DEAD 0x08u   /* its file is gone; not in the backend */

struct plx_slot {
	void *data;
	uint32_t generation; /* of the registration; 0: free */
	int32_t next;	     /* in the queue of the always ready */
	uint16_t patience;   /* events until we look whether it is alive */
	uint16_t print_low;  /* of a file not in the backend: keys.c */
	uint8_t print_high;
	uint8_t asked; /* what the caller asked for */
	uint8_t armed; /* what the backend has; 0: it knows nothing */
	uint8_t state;
};

struct plx_fdtable {
	const struct plx_sys *sys;
	struct plx_slot *slots;
	int size;	     /* what is cleared */
	int room;	     /* what there is, maybe never touched */
	uint32_t generation; /* the last one given out */
};

static inline void
plx__fdtable_init(struct plx_fdtable *t, const struct plx_sys *sys)
{
	*t = (struct plx_fdtable){.sys = sys};
}

void plx__fdtable_fini(struct plx_fdtable *t);

/* Makes room for FD, which is not negative: 0 or -ENOMEM. */
int plx__fdtable_grow(struct plx_fdtable *t, int fd);

/* A generation that no registration has had; never 0. */
uint32_t plx__fdtable_generation(struct plx_fdtable *t);

/* The slot of a registered FD, any number at all; else NULL. */
static inline struct plx_slot *
plx__fdtable_find(const struct plx_fdtable *t, int fd)
{
	if ((unsigned)fd >= (unsigned)t->size || !t->slots[fd].generation)
		return 0;
	return &t->slots[fd];
}

/* The lowest registered descriptor from FD on, or -1. */
int plx__fdtable_from(const struct plx_fdtable *t, int fd);

#endif
