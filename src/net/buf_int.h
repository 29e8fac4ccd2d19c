/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_int.h: what the faces of a buffer share, and what streams use beside
 * the public interface: a stream sets b->spare to its loop's store, after
 * plx_buf_init and before the first byte.
 */
#ifndef PLX_BUF_INT_H
#define PLX_BUF_INT_H

#include <pollux/buf.h>

#include "chunk.h"

/* Room for N bytes behind the last one: 0; -EFBIG; -ENOMEM: nothing has
   changed. */
int plx__buf_ensure(struct plx_buf *b, size_t n);

/* Puts N bytes, zeros if DATA is NULL, into room that was ensured. */
void plx__buf_put(struct plx_buf *b, const void *data, size_t n);

/* Frees the room behind the last chunk. */
void plx__buf_drop_room(struct plx_buf *b);

/* The chunk that has the byte at OFFSET, which is below the length; *START is
   the offset of its first byte. */
struct plx_chunk *plx__buf_locate(const struct plx_buf *b, size_t offset,
				  size_t *start);

/*
 * For a buffer that will rest: when less than a quarter of its room is used,
 * moves what it holds, if that is at most 4 KiB, into one chunk of its size and
 * gives the others back.  Without memory for that it stays as it is.  Always 0.
 * What plx_buf_peek has shown is gone.
 */
int plx__buf_shrink(struct plx_buf *b);

static inline size_t
plx__buf_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

#endif
