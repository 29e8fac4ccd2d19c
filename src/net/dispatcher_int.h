/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_int.h: what the files of the dispatcher share.
 */
#ifndef PLX_DISPATCHER_INT_H
#define PLX_DISPATCHER_INT_H

#include <pollux/dispatcher.h>
#include "list.h"
#include "loop_seam.h"
#include "sys.h"

/* What a socket is good for so far. */
enum plx_dispatcher_state {
	PLX_DISPATCHER_FRESH, /* nothing can happen to it */
	PLX_DISPATCHER_CONNECTING,
	PLX_DISPATCHER_LISTENING,
	PLX_DISPATCHER_OPEN,
};

static inline const struct plx_sys *
plx__dispatcher_sys(const struct plx_dispatcher *d)
{
	return plx__loop_sys(d->map->loop);
}

/* dispatcher_ring.c */

/* Takes up to N bytes of BUF, as long as no more than LIMIT are kept: how
   many; -ENOMEM. */
ssize_t plx__ring_put(struct plx_dispatcher_map *map,
		      struct plx_dispatcher_ring *r, const char *buf, size_t n,
		      size_t limit);

/* Sends until FD would block: 0 when nothing is left, -EAGAIN, -errno. */
int plx__ring_send(struct plx_dispatcher_map *map,
		   struct plx_dispatcher_ring *r, int fd);

/* Drops what is kept. */
void plx__ring_clear(struct plx_dispatcher_map *map,
		     struct plx_dispatcher_ring *r);

/* Frees the spare of MAP. */
void plx__ring_no_spare(struct plx_dispatcher_map *map);

/* dispatcher_map.c */

/* The last dispatcher has left MAP, which is not touched any more. */
void plx__dispatcher_emptied(struct plx_dispatcher_map *map);

/* dispatcher_run.c */

/* Asks the predicates of all that have changed; ARG is the map. */
void plx__dispatcher_settle_all(void *arg);

#endif
