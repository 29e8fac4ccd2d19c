/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_int.h: descriptors as the tasks of a run know them.
 *
 * A port is made when a task first has to wait for its descriptor, is found by
 * the number, and stays where it is until the run ends: tasks and waits keep
 * pointers to it.  So it outlives its descriptor, and serves the next one with
 * that number; plx__port_reset parts the two, and CLOSES tells a wait of it.
 *
 * The side of each direction has one that waits at the most.  Its watch stays
 * on in the loop when the wait is over, until an event comes that nobody
 * waits for.  Most descriptors take what is written to them at once, so that
 * side is made by the first wait at it.
 */
#ifndef PLX_PORT_INT_H
#define PLX_PORT_INT_H

#include <stdint.h>
#include <pollux/loop.h>

struct plx_fd_awaitable;
struct plx_rt;
struct plx_task;

/* One direction of one descriptor.  The watch's function tells which of the
   two it is that waits. */
struct plx_side {
	struct plx_watch watch; /* stays on from one wait to the next */
	union {
		struct plx_task *task; /* in a struct plx_fd_wait */
		struct plx_fd_awaitable *awaitable;
	};
};

/* Of a port's sides. */
enum {
	PLX_IN,
	PLX_OUT
};

/* A descriptor as tasks know it.  Stays where it is until the run ends. */
struct plx_port {
	int fd;
	unsigned closes;   /* how often FD has become another file's */
	uint8_t blocks[2]; /* the next call of the side would block, as a
			      hint */
	struct plx_side in;
	struct plx_side *out; /* NULL: nobody has ever waited to write */
};

/* By descriptor, in pages made when needed. */
#define PLX_PORTS_PAGE 64u

struct plx_ports {
	struct plx_port **pages;
	unsigned n; /* descriptors that PAGES reaches */
};

/* Makes a port that is not there: 0, -EBADF, -ENOMEM. */
int plx__port_make(struct plx_rt *rt, int fd, struct plx_port **out);

/* The side of DIRECTION, made if it is not there: 0 or -ENOMEM. */
int plx__port_side(struct plx_rt *rt, struct plx_port *p, unsigned direction,
		   struct plx_side **out);

/* The port of FD, or NULL if there is none yet. */
struct plx_port *plx__port_find(const struct plx_rt *rt, int fd);

/* The same, and T will be at it. */
struct plx_port *plx__port_visit(struct plx_task *t, int fd);

/* FD is another file from now on, or none; is a side of it watched, or does a
   hibernation wait for it? */
int plx__port_reset(struct plx_rt *rt, int fd);

void plx__ports_free(struct plx_rt *rt);

#endif
