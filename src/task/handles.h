/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handles.h: references to what may be gone by the time they are used.
 *
 * A handle is the place of an object in a table and a number that no other
 * object of the table ever gets.  So one that outlives its object is found
 * out by one comparison, and never leads to memory that is somebody else's.
 * The table grows to the most objects that there were at a time, and stays.
 */
#ifndef PLX_HANDLES_H
#define PLX_HANDLES_H

#include <stddef.h>
#include <stdint.h>
#include <pollux/actor.h>
#include "sys.h"

struct plx_handle_slot {
	uint64_t id; /* 0: free */
	void *what;
	size_t next; /* of the free ones: 1 + its place, or 0 */
};

struct plx_handles {
	const struct plx_sys *sys;
	struct plx_handle_slot *slots;
	size_t n;
	size_t free; /* the first: 1 + its place, or 0 */
	uint64_t last_id;
};

/* Numbers go up from FIRST, at least 1. */
void plx__handles_init(struct plx_handles *h, const struct plx_sys *sys,
		       uint64_t first);

void plx__handles_fini(struct plx_handles *h);

/* Makes *OUT a handle of WHAT: 0, -ENOMEM. */
int plx__handles_take(struct plx_handles *h, void *what, struct plx_actor *out);

/* Forgets the object of REF, which is in H. */
void plx__handles_drop(struct plx_handles *h, struct plx_actor ref);

/* The object of REF, or NULL when it has been dropped, or never was. */
static inline void *
plx__handles_find(const struct plx_handles *h, struct plx_actor ref)
{
	if (ref.id == 0 || ref.slot >= h->n || h->slots[ref.slot].id != ref.id)
		return NULL;
	return h->slots[ref.slot].what;
}

#endif
