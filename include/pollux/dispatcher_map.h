/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/dispatcher_map.h: the dispatchers of a loop, as a set.
 *
 * A map holds the dispatchers that have a socket, in the order in which they
 * got it.  It is the caller's, who may free it when it is empty.  A loop may
 * have several; all must be empty (plx_dispatcher_close_all) before it is
 * closed.
 *
 * All belongs to the thread of the loop.
 */
#ifndef PLX_DISPATCHER_MAP_H
#define PLX_DISPATCHER_MAP_H

#include <stddef.h>
#include <pollux/loop.h>

PLX_BEGIN_DECLS

struct plx_dispatcher;

/* The bytes that send has kept, round and round.  Private. */
struct plx_dispatcher_ring {
	char *bytes;
	size_t size, first, length;
};

/* The members are private, but for COUNT. */
struct plx_dispatcher_map {
	int count; /* how many dispatchers there are; read only */
	plx_loop *loop;
	struct plx_link members, changed;
	struct plx_call call, bell;
	int running;
	int *closing;
	struct plx_dispatcher_ring spare;
	uint64_t born;
};

/* Makes MAP an empty one, whose dispatchers will be LOOP's. */
PLX_API void plx_dispatcher_map_init(struct plx_dispatcher_map *map,
				     plx_loop *loop);

/*
 * The dispatcher after D, or the first for NULL; NULL after the last.  D may
 * be closed once the one after it is known.
 */
PLX_API struct plx_dispatcher *
plx_dispatcher_next(const struct plx_dispatcher_map *map,
		    const struct plx_dispatcher *d);

/*
 * Closes all that are in MAP now and calls handle_close of each with
 * -ECANCELED; what they still had to send is dropped.  Those that such a
 * handler opens stay.
 */
PLX_API void plx_dispatcher_close_all(struct plx_dispatcher_map *map);

/*
 * Runs the loop until MAP is empty: 0.  Or until COUNT turns have passed (for
 * ever when it is negative) or plx_loop_stop: how many dispatchers there are.
 * Or until DEADLINE: -ETIMEDOUT; of two reasons the first named counts.  The
 * mechanism is the one that the loop was opened with.  Within plx_run the
 * dispatchers are served without this, which is refused: -EBUSY, as
 * everywhere that the loop runs already.  Else errors as plx_loop_run.  MAP
 * must not be freed meanwhile.
 */
PLX_API int plx_dispatcher_loop(struct plx_dispatcher_map *map, int count,
				int64_t deadline);

PLX_END_DECLS

#endif
