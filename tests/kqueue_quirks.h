/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_quirks.h: other systems' kevent(2), played on the one that is here.
 *
 * The table of the test (support.h) hands kevent to the system, or to the
 * stand-in, and bends what goes in or comes out as QUIRKS says.
 */
#ifndef PLX_KQUEUE_QUIRKS_H
#define PLX_KQUEUE_QUIRKS_H

#include <errno.h>
#include <sys/types.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>
#include "backend.h"
#include "support.h"

#define READ PLX_BACKEND_READ
#define WRITE PLX_BACKEND_WRITE
#define BOTH PLX_BACKEND_DIRECTIONS
#define END PLX_BACKEND_EOF
#define FAULT PLX_BACKEND_ERROR
#define EDGE PLX_BACKEND_EDGE
#define ONCE PLX_BACKEND_ONESHOT

extern const struct plx_backend plx__backend_kqueue;

struct quirks {
	int echo;      /* NetBSD, libkqueue: events carry actions */
	int or_error;  /* macOS, libkqueue: EV_ERROR beside what was asked */
	int uncounted; /* libkqueue: receipts are written, not counted */
	int sleepy; /* NetBSD: EV_ENABLE alone does not look at what is pending
		     */
	int refuse; /* an errno for every EV_ADD ... */
	int filter; /* ... of this filter, or of any when 0 */
	int delete; /* an errno for every EV_DELETE, which is done */
	int fail;   /* an errno for every call with changes; none is made */
	const struct kevent *script; /* what the next wait answers */
	int lines;
	pid_t pid; /* what getpid answers, if not 0 */

	/* What was seen. */
	int calls;
	int for_ever; /* the last wait had no timeout */
	struct timespec timeout;
};

extern struct quirks quirks;

/* A backend over the table, and what must be left as it was. */
struct bent {
	struct support_mark mark;
	void *state;
};

struct bent bent_begin(void);
void bent_end(struct bent *b);

/* plx__backend_kqueue's set, with a token made of FD. */
int bent_set(struct bent *b, int fd, unsigned old, unsigned new);

/* What is reported of FD now, when there is nothing else; 0 for nothing. */
unsigned bent_look(struct bent *b, int fd);

/* Whether the kernel has a knote; looked up by deleting it. */
int bent_has_knote(struct bent *b, int fd, int filter);

static inline void
put_byte(int fd)
{
	cr_assert_eq(write(fd, "x", 1), 1);
}

static inline void
close_both(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

#endif
