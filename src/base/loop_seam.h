/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_seam.h: what the layers above the loop need of it beyond its public
 * interface.  Declared below both, defined in core, so that task and net see
 * no header of core.
 */
#ifndef PLX_LOOP_SEAM_H
#define PLX_LOOP_SEAM_H

struct plx_loop;
struct plx_sys;

/* The table that the loop was opened with; never NULL. */
const struct plx_sys *plx__loop_sys(const struct plx_loop *loop);

/*
 * What the layer above does at the end of a turn, once, whenever WANTED is
 * set by then; while it is, the loop does not sleep.  RUN clears it.
 */
struct plx_loop_tail {
	void (*run)(struct plx_loop_tail *tail);
	int wanted;
};

/* TAIL must outlive its use; NULL takes it away. */
void plx__loop_set_tail(struct plx_loop *loop, struct plx_loop_tail *tail);

/* A place for the task layer's state of this loop; NULL at first. */
void **plx__loop_task_slot(struct plx_loop *loop);

#endif
