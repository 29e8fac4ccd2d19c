/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunk.c: chunks, taken from the system or from a store and given back.
 *
 * The store is a stack: the chunk that was used last is used next, while the
 * cache still has it.  It is bounded, so a burst does not keep its memory.
 */
#include <config.h>

#include "chunk.h"

#include "sys.h"

void
plx__chunks_init(struct plx_chunks *store, const struct plx_sys *sys)
{
	*store = (struct plx_chunks){.sys = plx__sys_or_real(sys)};
}

void
plx__chunks_free(struct plx_chunks *store)
{
	plx__chunk_free_all(store->sys, NULL, store->first);
	store->first = NULL;
	store->kept = 0;
}

struct plx_chunk *
plx__chunk_new(const struct plx_sys *sys, struct plx_chunks *store, size_t room)
{
	struct plx_chunk *c;

	if (store && store->first && room == PLX__CHUNK_MOST) {
		c = store->first;
		store->first = c->next;
		store->kept--;
	} else {
		c = sys->resize(sys, NULL,
				offsetof(struct plx_chunk, data) + room);
	}
	if (!c)
		return NULL;
	c->next = NULL;
	c->begin = 0;
	c->end = 0;
	c->room = (uint32_t)room;
	return c;
}

void
plx__chunk_free(const struct plx_sys *sys, struct plx_chunks *store,
		struct plx_chunk *c)
{
	if (store && c->room == PLX__CHUNK_MOST &&
	    store->kept < PLX__CHUNKS_KEPT) {
		c->next = store->first;
		store->first = c;
		store->kept++;
		return;
	}
	sys->resize(sys, c, 0);
}

void
plx__chunk_free_all(const struct plx_sys *sys, struct plx_chunks *store,
		    struct plx_chunk *c)
{
	struct plx_chunk *next;

	for (; c; c = next) {
		next = c->next;
		plx__chunk_free(sys, store, c);
	}
}
