/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_int.h: what the parts of a stream share, and what a server gives its
 * streams beside the public interface.
 */
#ifndef PLX_STREAM_INT_H
#define PLX_STREAM_INT_H

#include <errno.h>
#include <pollux/stream.h>
#include "sys.h"

/* Of struct plx_stream. */
enum {
	PLX__STREAM_FILE = 1 << 0,    /* no socket */
	PLX__STREAM_CLOSED = 1 << 1,  /* or closing */
	PLX__STREAM_READING = 1 << 2, /* a task is */
	PLX__STREAM_ENDED = 1 << 3,   /* nothing more will come */
	PLX__STREAM_FAILED = 1 << 4,  /* ERROR is set */
	PLX__STREAM_EOF = 1 << 5,     /* nothing more may be written */
	PLX__STREAM_WRITING = 1 << 6, /* somebody has the turn */
	PLX__STREAM_WAIT = 1 << 7, /* SHORT_READ, and plx_recv was not told */
};

/* The high water mark of one that is given none. */
#define PLX__STREAM_HIGH ((size_t)64 << 10)

/*
 * How the handlers of a server end.  A task that is cancelled while GRACE (a
 * deadline; 0: none) has not passed may go on with the streams that point
 * here: what is on its way is read, until nothing comes for a while, which
 * counts as the end; and written, until GRACE.
 */
struct plx_ending {
	int64_t grace;
};

/* How long such a read waits. */
#define PLX__STREAM_LAST_WAIT (100 * PLX_MILLISECOND)

/* plx_stream_open; SOCKET: FD is known to be one, and the system not asked. */
int plx__stream_open(struct plx_stream *s, int fd, int socket,
		     const struct plx_stream_options *options);

/* May a task that is cancelled go on with S?  Then a stop has cancelled it, and
   no deadline of its scopes has passed; *UNTIL (may be NULL) is how long. */
int plx__stream_ends(const struct plx_stream *s, int64_t *until);

/*
 * What every call begins with, but those that are straight: gives way if the
 * budget is used up.  0; -EPERM, -ECANCELED; -ESHUTDOWN.
 */
int plx__stream_begin(struct plx_stream *s, int64_t deadline);

/* plx_event_wait, beyond a cancel until the grace is over. */
int plx__stream_wait(struct plx_stream *s, struct plx_event *e,
		     int64_t deadline);

/* ERROR, which the kernel has told, sticks from now on unless another one does:
   returns what the caller is told. */
int plx__stream_fail(struct plx_stream *s, int error);

/* An error that says nothing about the connection. */
static inline int
plx__stream_passes(ssize_t error)
{
	return error == -ENOMEM || error == -ENOBUFS;
}

/* What is left of a write. */
struct plx_source {
	const struct iovec *iov;
	int n;
	size_t gone; /* of the first */
	size_t left;
	size_t taken;
	int full; /* the kernel has just said that it takes no more */
};

/* N bytes of C have been taken. */
void plx__stream_advance(struct plx_source *c, size_t n);

/* Sends C until the kernel takes no more.  0; or an error, which sticks. */
int plx__stream_send(struct plx_stream *s, struct plx_source *c);

/* Queues what the high water mark lets: 0; or an error. */
int plx__stream_queue(struct plx_stream *s, struct plx_source *c);

/* Has the kernel take what it takes of the queue; without waiting. */
void plx__stream_push(struct plx_stream *s);

/* Drops the queue, wakes all who wait for it. */
void plx__stream_drop(struct plx_stream *s);

/* Waits until the queue is empty. */
int plx__stream_drain(struct plx_stream *s, int64_t deadline);

/* Nothing more will be read; ERROR is why, or 0.  Returns what a read does. */
int plx__stream_end(struct plx_stream *s, int error);

/* One try: how many bytes; -EAGAIN; the end or an error, which stick. */
ssize_t plx__stream_receive(struct plx_stream *s, void *buf, size_t n);

/* Reads into BUF, waiting as needed: as plx_stream_read.  PATIENCE is how long
   a cancelled task waits for more, once it may. */
ssize_t plx__stream_input(struct plx_stream *s, void *buf, size_t n,
			  int64_t patience, int64_t deadline);

/* Reads what there is behind the unread bytes: how many; 0: the end. */
ssize_t plx__stream_more(struct plx_stream *s, int64_t deadline);

/* Reads and throws away until the end: 0. */
int plx__stream_discard(struct plx_stream *s, int64_t deadline);

#endif
