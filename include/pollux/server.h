/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/server.h: servers: sockets that listen, and a task per connection.
 *
 * The handler of a connection is a task function with a stream.  By default it
 * is started at the connection's first byte, so that one which has said nothing
 * yet holds no stack; and it may return PLX_HIBERNATE, which ends the task and
 * starts the handler anew at the next byte.  What it must remember until then
 * hangs from stream->data.
 *
 * Nothing that accept(2) says ends a server or makes it spin: out of
 * descriptors or memory it pauses until a connection ends or a tenth of a
 * second has passed, and clients wait in the kernel's queue.
 *
 * A server belongs to the loop that runs it; for several threads, open one per
 * thread, with reuse_port.
 */
#ifndef PLX_SERVER_H
#define PLX_SERVER_H

#include <stddef.h>
#include <pollux/net.h>
#include <pollux/stream.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_sys;
typedef struct plx_server plx_server;

/* What a handler returns to be started again when there is something to read.
   Unread or unsent bytes first keep it going: it is called again at once, or
   when they are sent.  At the end of the stream it is 0. */
#define PLX_HIBERNATE 1

/*
 * Serves one connection.  When it returns, the server closes the stream: after
 * 0 gracefully (what was written is sent, within close_timeout), after -errno
 * by plx_stream_abort.  It may close or detach the stream itself, and leaves no
 * task behind that uses it.
 */
typedef int plx_handler_fn(struct plx_stream *s, void *arg);

/* What the server tells a log. */
enum plx_server_event {
	PLX_SERVER_OPENED, /* a connection; ERROR is 0 */
	PLX_SERVER_CLOSED, /* the same; DATA is its stream's; why: 0, -errno,
			      -ETIMEDOUT: it hibernated for too long */
	PLX_SERVER_PAUSED, /* no accepting for a while: -EMFILE, -ENOMEM ... */
};

struct plx_server_note {
	enum plx_server_event event;
	int error;
	int fd;	    /* of the connection; still open, not to be kept; or -1:
		       its handler has closed it */
	void *data; /* the stream's: may be set when OPENED, and is for the
		       caller to free when CLOSED */
};

struct plx_server_options {
	plx_handler_fn *handler;
	void *arg; /* the handler's, and that of the functions below */

	const struct plx_address *addresses; /* where to listen */
	size_t naddresses;
	const int *listeners; /* and sockets that do already, which become the
				 server's when it has been opened */
	size_t nlisteners;
	struct plx_listen_options listen;

	size_t max_connections; /* 0: no limit; the others wait in the queue */
	int accepts_per_turn;	/* in a row, before others run; 0: 64 */
	int eager;		/* start handlers before the first byte */
	int64_t idle_timeout;	/* closes what hibernates or has said nothing
				   for so long, in nanoseconds; 0: never */
	int64_t close_timeout;	/* for bytes that the peer does not take when
				   the handler has returned; 0: 5 seconds */
	struct plx_stream_options stream;

	/* Called in the loop's thread and may not wait; or NULL. */
	void (*note)(struct plx_server_note *n, void *arg);
	/* Asked before each accept until the stop, for a limit that several
	   servers share: 1, or 0: not now; then plx_server_room says when to
	   ask again.  Each 1 is given back by one call of leave. */
	int (*admit)(void *arg);
	void (*leave)(void *arg);
	const struct plx_sys *sys; /* NULL; the library's tests use another */
};

/* Opens the sockets; OPTIONS are copied, what they point to is the caller's.
   Any thread, inside a task or not.  -EINVAL: no handler, or nowhere to listen;
   a listener does not listen for streams; stream.low_water is above high_water.
   -EBADF, -ENOTSOCK: a listener is not open, or no socket.  -ENOMEM; else as
   plx_listen, and then no socket is open but the listeners. */
PLX_API int plx_server_open(const struct plx_server_options *options,
			    plx_server **out);

/* The address that the Ith socket listens on: the real port after port 0.
   -ENOENT: there are fewer. */
PLX_API int plx_server_address(const plx_server *s, size_t i,
			       struct plx_address *out);

/*
 * Serves, in the running task, until plx_server_stop and the end of the last
 * connection: 0.  Cancelled, it ends its connections likewise by a cancel:
 * -ECANCELED.  -EBUSY: it is running; -EPERM: no task; -ENOMEM.
 */
PLX_API int plx_server_run(plx_server *s);

/*
 * Ends a run, within GRACE nanoseconds (PLX_NEVER: however long it takes):
 * connections that wait in the kernel's queue are still accepted, then the
 * sockets are closed.  To its handler each connection looks as if the peer had
 * ended it: reads give what has been received, then 0 when nothing has come for
 * a tenth of a second; writes still go out; other waits, plx_recv among them,
 * get -ECANCELED.  Deadlines end reads and writes as ever, but cancels within
 * the handler do not.  What is left after GRACE is aborted, which ends waits
 * for the connection even in a shield; a second call can only shorten it.
 * Tasks and callbacks of the loop's thread; before the run, it has that begin
 * with its end.
 */
PLX_API void plx_server_stop(plx_server *s, int64_t grace);

/* 1 from plx_server_stop on. */
PLX_API int plx_server_stopping(const plx_server *s);

/* There may be room for a connection again: see admit.  The loop's thread. */
PLX_API void plx_server_room(plx_server *s);

struct plx_server_stats {
	uint64_t accepted;    /* since it was opened */
	uint64_t closed;      /* of them */
	uint64_t pauses;      /* of accepting, for want of something */
	uint64_t awake;	      /* connections with a task, now */
	uint64_t hibernating; /* and without */
};
PLX_API void plx_server_stats(const plx_server *s,
			      struct plx_server_stats *out);

/*
 * Closes the sockets and frees *S, which must not run, and sets it to NULL.
 * The paths of Unix sockets are unlinked by the process that made them, as long
 * as they are the same files: a forked child takes none away from its parent.
 */
PLX_API void plx_server_close(plx_server **s);

/* Opens, runs and closes a server, whose handle is in *S (S may be NULL)
   meanwhile, to be stopped. */
PLX_API int plx_serve(const struct plx_server_options *options, plx_server **s);

PLX_END_DECLS

#endif
