/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_seam.h: what the layers above the loop need of it beyond its public
 * interface.  Declared below both, defined in core, so that task and net see
 * no header of core.
 */
#ifndef PLX_LOOP_SEAM_H
#define PLX_LOOP_SEAM_H

#include <stdint.h>

struct plx_call;
struct plx_loop;
struct plx_sys;
struct plx_watch;

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

/*
 * What other threads have to tell the layer above, without memory: whoever
 * tells has stored first what is to be found.
 */
struct plx_loop_notice {
	/* In the loop, before the calls of the turn: somebody has told
	   something, perhaps to another notice. */
	void (*run)(struct plx_loop_notice *n);
	/* In plx_loop_on_fork, once the loop works in the child. */
	void (*forked)(struct plx_loop_notice *n);
	struct plx_loop_notice *next;
};

/* In the loop's thread, but in no notice. */
void plx__loop_add_notice(struct plx_loop *loop, struct plx_loop_notice *n);
void plx__loop_drop_notice(struct plx_loop *loop, struct plx_loop_notice *n);

/* Any thread: all notices will run.  0; -errno: not on this account. */
int plx__loop_tell(struct plx_loop *loop);

/*
 * As plx_loop_call_soon, but FN is called when the next turn begins: before
 * the loop settles what is wished and asks its selector.
 */
int plx__loop_call_first(struct plx_loop *loop, struct plx_call *call,
			 void (*fn)(void *arg), void *arg);

/* As plx_loop_run_once, but 1 after plx_loop_stop. */
int plx__loop_turn(struct plx_loop *loop, int64_t deadline);

/* 0; -ECHILD in a forked child before plx_loop_on_fork. */
int plx__loop_check(const struct plx_loop *loop);

/* Who watches FD in DIRECTION, or NULL. */
struct plx_watch *plx__loop_watcher(const struct plx_loop *loop, int fd,
				    unsigned direction);

/* A place for the task layer's state of this loop; NULL at first. */
void **plx__loop_task_slot(struct plx_loop *loop);

/*
 * What the net room keeps with the loop.  plx_loop_close calls LEAVE last, when
 * calls and watches are idle: it may free memory that has some in it, but the
 * loop takes no orders any more.
 */
struct plx_loop_guest {
	void (*leave)(struct plx_loop_guest *g, const struct plx_sys *sys);
};

/* The place for it; NULL at first. */
struct plx_loop_guest **plx__loop_guest_slot(struct plx_loop *loop);

#endif
