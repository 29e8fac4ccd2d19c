/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/stream.h: bytes in order over any descriptor, buffered both ways.
 *
 * For tasks.  A stream owns a descriptor: a TCP or Unix stream socket, a pipe,
 * a terminal, a file.  The struct is the caller's, mostly in the frame of the
 * task that uses it, and private but for
 * `data` and `slept`.
 *
 * Reading: what was read and not taken stays in the stream's buffer, whatever
 * the deadline, a cancel or a limit said, and comes with the next read.  A
 * stream that waits with nothing unread holds no buffer.
 *
 * Writing: with nothing queued, bytes go straight to the kernel; what it does
 * not take is queued and sent by the loop as there is room, no task needed.
 * Back-pressure is built in: a write that finds the queue at the high water
 * mark waits until it has sunk to the low one.  So the queue never holds more
 * than the high mark, whatever is written.
 *
 * One task at a time may read, another gets -EBUSY; several may write: each
 * write's bytes stay together, first come, first served.
 *
 * Errors of the connection stick.  Once the kernel has told one, every write
 * gets it, and so does every read when what had come before is read; the end of
 * the stream (a read's 0) sticks too, and says nothing about writing.  Beside
 * those: -ETIMEDOUT, -ECANCELED, -EPERM (no task) as every wait, -ESHUTDOWN
 * when the stream was closed meanwhile, -ENOMEM and -ENOBUFS: nothing has been
 * lost, again.
 */
#ifndef PLX_STREAM_H
#define PLX_STREAM_H

#include <stddef.h>
#include <sys/types.h>
#include <pollux/await.h>
#include <pollux/buf.h>
#include <pollux/sync.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct iovec;
struct plx_ending;

struct plx_stream_options {
	size_t limit;	   /* what a readuntil may gather; 0: 64 KiB */
	size_t high_water; /* where writes wait; 0: 64 KiB */
	size_t low_water;  /* until here; 0: a quarter of HIGH_WATER */
};

struct plx_stream {
	void *data;    /* the caller's; NULL at first */
	int64_t slept; /* in a server's handler: how long nothing came before
			  it was started; read only, in nanoseconds */
	int fd;
	int error; /* what sticks, or 0 */
	unsigned char flags, short_read, restore;
	unsigned char sought_length;
	char sought[8];
	size_t scanned; /* of IN, in vain for what was SOUGHT */
	plx_loop *loop;
	const struct plx_sys *sys;
	size_t limit, high, low;
	struct plx_buf in, out;
	struct plx_watch watch; /* for room, while OUT is not empty */
	struct plx_lock turn;	/* of a write that waits */
	struct plx_event sunk;	/* OUT is at the low mark or below */
	struct plx_event empty;
	const struct plx_ending *ending;
};

/*
 * Makes S a stream of FD, which is S's from then on.  What is no socket is made
 * non-blocking; if it was not, plx_stream_close, _abort and _detach undo that
 * (the flag belongs to all who share the open file, a shell's terminal for
 * one).  A pipe that nobody reads raises SIGPIPE.  OPTIONS may be NULL.
 * -EBADF; -EINVAL: low above high; -EPERM.
 */
PLX_API int plx_stream_open(struct plx_stream *s, int fd,
			    const struct plx_stream_options *options);

/* Reads 1 to N bytes; 0: the end (or N is 0). */
PLX_API ssize_t plx_stream_read(struct plx_stream *s, void *buf, size_t n,
				int64_t deadline);

/* Reads N bytes: N.  -ENODATA: it ended before; those that came are unread. */
PLX_API ssize_t plx_stream_readexactly(struct plx_stream *s, void *buf,
				       size_t n, int64_t deadline);

/*
 * Reads up to and including the bytes END[0..M): how many.  -EMSGSIZE: they do
 * not come within the first N (or LIMIT) bytes; -ENODATA: nor before the end;
 * both times all is unread.  -EINVAL: M is 0, or above N.
 */
PLX_API ssize_t plx_stream_readuntil(struct plx_stream *s, const void *end,
				     size_t m, void *buf, size_t n,
				     int64_t deadline);

/* The same up to a newline; the last line may lack it, then 0 is the end.  No
   NUL is put behind it. */
PLX_API ssize_t plx_stream_readline(struct plx_stream *s, char *line, size_t n,
				    int64_t deadline);

/*
 * Waits until N bytes are unread, or the end has come: how many are unread,
 * fewer than N at the end only.  They can be looked at in plx_stream_unread, a
 * buffer not to be changed, and are dropped by plx_stream_consume.  The next
 * call that reads may move them: what plx_buf_peek has shown is gone then.
 */
PLX_API ssize_t plx_stream_fill(struct plx_stream *s, size_t n,
				int64_t deadline);
PLX_API const struct plx_buf *plx_stream_unread(const struct plx_stream *s);
PLX_API void plx_stream_consume(struct plx_stream *s, size_t n);

/*
 * Writes all N bytes and returns how many the stream has taken: fewer than N
 * when the deadline, a cancel or an error came in between (the next call tells
 * which), -errno when none.  Taken means sent or queued; an error that comes
 * later is told by the next call, plx_stream_flush and plx_stream_close.
 */
PLX_API ssize_t plx_stream_write(struct plx_stream *s, const void *data,
				 size_t n, int64_t deadline);
PLX_API ssize_t plx_stream_writev(struct plx_stream *s, const struct iovec *iov,
				  int n, int64_t deadline);

/* The same with both answers: 0 when all were taken, or why not; *WRITTEN (may
   be NULL) is how many were, in any case. */
PLX_API int plx_stream_write_all(struct plx_stream *s, const void *data,
				 size_t n, size_t *written, int64_t deadline);

/* Waits until the kernel has taken all that was written: 0. */
PLX_API int plx_stream_flush(struct plx_stream *s, int64_t deadline);

/* Bytes written that the kernel has not taken yet. */
PLX_API size_t plx_stream_queued(const struct plx_stream *s);

/* Flushes, then tells the peer that no more will come (a socket's write side is
   shut down, for every process that shares it); reading goes on.  Every later
   write gets -EPIPE.  -EOPNOTSUPP: no socket: close it instead. */
PLX_API int plx_stream_write_eof(struct plx_stream *s, int64_t deadline);

/*
 * Flushes until DEADLINE at most, then closes whatever came of it, frees the
 * buffers and ends all waits of other tasks with -ESHUTDOWN; the struct must
 * stay until these have gone on.  0: the kernel has taken all; or why not.
 * Works in a cancelled task, where it does not wait.
 *
 * A TCP socket that is closed with bytes unread resets the connection, which
 * may destroy answers on their way: where the peer may still be sending,
 * plx_stream_linger comes first.
 *
 * In a forked child, before plx_loop_on_fork, only the child's copy is closed:
 * what is queued stays its parent's to send (-ECHILD), and so do the flags of
 * the file.  The same for plx_stream_abort, whose peer hears nothing, and
 * plx_stream_detach.  After plx_loop_on_fork the queue is the child's as well,
 * and would be sent twice.
 */
PLX_API int plx_stream_close(struct plx_stream *s, int64_t deadline);

/* plx_stream_write_eof, then throws away what still comes until the peer has
   ended, too: 0. */
PLX_API int plx_stream_linger(struct plx_stream *s, int64_t deadline);

/* Closes at once and throws away what is queued; a TCP peer is told by a
   reset.  Does nothing outside a task. */
PLX_API void plx_stream_abort(struct plx_stream *s);

/* Closes the stream, but not its descriptor, which is returned and the
   caller's.  -EBUSY: there are unread or queued bytes, or a task uses it. */
PLX_API int plx_stream_detach(struct plx_stream *s);

/* The descriptor, for socket options and the like; -EBADF after the end. */
PLX_API int plx_stream_fileno(const struct plx_stream *s);

/* What a read would not have to wait for, as one of several things that
   plx_await_any waits for: unread bytes, more of them, the end or an error. */
struct plx_stream_awaitable {
	struct plx_fd_awaitable fd; /* private */
	struct plx_stream *stream;
};
PLX_API struct plx_awaitable *
plx_stream_awaitable(struct plx_stream_awaitable *a, struct plx_stream *s);

PLX_END_DECLS

#endif
