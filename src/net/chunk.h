/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunk.h: what buffers are made of, and a store of the large ones.
 *
 * A chunk is one allocation: its bytes lie at data[begin..end) of ROOM.  Full
 * ones, 16 KiB with all that belongs to them, are what a stream under load
 * takes and gives back for every message; a store keeps some of them.
 */
#ifndef PLX_CHUNK_H
#define PLX_CHUNK_H

#include <stddef.h>
#include <stdint.h>

struct plx_sys;

struct plx_chunk {
	struct plx_chunk *next;
	uint32_t begin, end, room;
	unsigned char data[];
};

#define PLX__CHUNK_LEAST ((size_t)256)
#define PLX__CHUNK_MOST (((size_t)16 << 10) - offsetof(struct plx_chunk, data))

/* Full chunks that nobody uses, of one loop's buffers. */
struct plx_chunks {
	const struct plx_sys *sys;
	struct plx_chunk *first;
	unsigned kept;
};

/* How many a store keeps: 1 MiB. */
#define PLX__CHUNKS_KEPT 64u

void plx__chunks_init(struct plx_chunks *store, const struct plx_sys *sys);

/* Frees what is kept; the store is empty then and works on. */
void plx__chunks_free(struct plx_chunks *store);

/* An empty chunk with ROOM, from STORE (may be NULL) if it is a full one; NULL:
   no memory. */
struct plx_chunk *plx__chunk_new(const struct plx_sys *sys,
				 struct plx_chunks *store, size_t room);

/* Gives C back, to STORE (may be NULL) if it is a full one. */
void plx__chunk_free(const struct plx_sys *sys, struct plx_chunks *store,
		     struct plx_chunk *c);

/* Gives back C and all behind it. */
void plx__chunk_free_all(const struct plx_sys *sys, struct plx_chunks *store,
			 struct plx_chunk *c);

static inline size_t
plx__chunk_length(const struct plx_chunk *c)
{
	return c->end - c->begin;
}

#endif
