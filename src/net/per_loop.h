/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * per_loop.h: what the net room keeps with a loop, all in one guest of it.
 */
#ifndef PLX_PER_LOOP_H
#define PLX_PER_LOOP_H

#include "chunk.h"
#include "loop_seam.h"

struct plx_per_loop {
	struct plx_loop_guest guest;
	struct plx_chunks chunks; /* of the loop's streams */
};

/* That of LOOP, made at the first call: 0.  -ENOMEM.  It is gone when
   plx_loop_close returns. */
int plx__per_loop(struct plx_loop *loop, struct plx_per_loop **out);

/* The store of LOOP, the same way. */
int plx__chunks_of(struct plx_loop *loop, struct plx_chunks **out);

#endif
