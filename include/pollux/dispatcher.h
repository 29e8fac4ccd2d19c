/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/dispatcher.h: an object per socket, whose handlers the loop calls.
 *
 * After Python's asyncore: two predicates say what a channel waits for, and
 * handlers say what it does then.  The predicates are asked when something
 * may have changed, when the next turn begins: after the dispatcher got its
 * socket, after each of its handlers, after the library sent for it, and
 * after plx_dispatcher_changed.  A channel that is idle costs nothing.
 *
 * Every handler may close any dispatcher, its own too, free it or use it
 * again; what this turn had for it is dropped.  No verb calls a handler.
 */
#ifndef PLX_DISPATCHER_H
#define PLX_DISPATCHER_H

#include <sys/types.h>
#include <pollux/dispatcher_map.h>
#include <pollux/net.h>

PLX_BEGIN_DECLS

/* After the end of the stream the channel stays until it is closed. */
#define PLX_DISPATCHER_HALF_OPEN 0x01u

/*
 * What a kind of dispatcher does.  Each member may be null.  Handlers and
 * predicates that answer below 0 have failed, unless with -EAGAIN: that goes
 * to handle_error, and no other channel notices.
 */
struct plx_dispatcher_ops {
	/* Is there room for more input?  NULL: always. */
	int (*readable)(struct plx_dispatcher *d);
	/* Is there something to write beside what send has kept?  NULL: no. */
	int (*writable)(struct plx_dispatcher *d);
	int (*handle_read)(struct plx_dispatcher *d);
	int (*handle_write)(struct plx_dispatcher *d);
	int (*handle_accept)(struct plx_dispatcher *d);
	int (*handle_connect)(struct plx_dispatcher *d);
	/* The selector tells of an error of the socket, which the handler that
	   follows this one gets from recv or send.  Select never tells, and
	   out-of-band data is not reported at all. */
	int (*handle_expt)(struct plx_dispatcher *d);
	/* 0: the error is dealt with, the channel goes on.  Below 0, or NULL:
	   it is closed, and WHY of handle_close is that, or ERROR. */
	int (*handle_error)(struct plx_dispatcher *d, int error);
	/* The library has closed it, and is done with D.  WHY: 0 after the end
	   of the stream or plx_dispatcher_close_when_sent, else -errno. */
	void (*handle_close)(struct plx_dispatcher *d, int why);
	size_t limit;	/* bytes that send may keep; 0: none */
	unsigned flags; /* PLX_DISPATCHER_HALF_OPEN */
};

/* One channel.  The caller's; the members are private, but for ARG. */
struct plx_dispatcher {
	void *arg; /* the caller's */
	const struct plx_dispatcher_ops *ops;
	struct plx_dispatcher_map *map;
	struct plx_link link, change;
	struct plx_watch reader, writer;
	struct plx_call pause;
	struct plx_dispatcher_ring ring;
	int *alive;
	uint64_t born;
	int fd, type, state, error;
	unsigned paused, ended, closing;
};

/* Makes D, which must not have a socket, one for MAP.  ARG is left alone. */
PLX_API void plx_dispatcher_init(struct plx_dispatcher *d,
				 struct plx_dispatcher_map *map,
				 const struct plx_dispatcher_ops *ops);

/* Gives D a new socket and enters it into its map.  -EBUSY: it has one; else
   as socket(2). */
PLX_API int plx_dispatcher_create_socket(struct plx_dispatcher *d, int domain,
					 int type);

/* The same with FD: a connected socket, or a non-blocking one that listens.
   Whoever else waits for it gets -ESHUTDOWN.  After an error it is still the
   caller's.  -EBUSY; -EBADF; -ENOTSOCK; -EINVAL: it listens, and there is no
   handle_accept. */
PLX_API int plx_dispatcher_set_socket(struct plx_dispatcher *d, int fd);

/* As setsockopt(2), bind(2) and listen(2) (BACKLOG as in struct
   plx_listen_options).  The any address of v6 takes v4 too, where it can.
   Listen without handle_accept: -EINVAL.  -EBADF, here and below: D has no
   socket. */
PLX_API int plx_dispatcher_set_reuse_addr(struct plx_dispatcher *d);
PLX_API int plx_dispatcher_bind(struct plx_dispatcher *d,
				const struct plx_address *address);
PLX_API int plx_dispatcher_listen(struct plx_dispatcher *d, int backlog);

/* 1: a connection is in *FD, its peer in *PEER (which may be null).  0:
   nothing, see plx_dispatcher_error.  Below 0: D will not get any.  Out of
   descriptors or memory it answers 0 and rests for a tenth of a second. */
PLX_API int plx_dispatcher_accept(struct plx_dispatcher *d, int *fd,
				  struct plx_address *peer);

/* Why accept said 0 last time: 0 when nobody was there, else -errno. */
PLX_API int plx_dispatcher_error(const struct plx_dispatcher *d);

/*
 * Begins to connect: 0, and handle_connect or handle_error tells the outcome.
 * Below 0, as connect(2), nobody is told; -EAGAIN: a Unix socket's peer has no
 * room, to be tried again later.
 */
PLX_API int plx_dispatcher_connect(struct plx_dispatcher *d,
				   const struct plx_address *address);

/*
 * Receives up to N bytes; -EAGAIN when there are none.  0 at the end of the
 * stream: no handle_read will follow, and unless the kind is
 * PLX_DISPATCHER_HALF_OPEN the channel is closed when all is sent.
 */
PLX_API ssize_t plx_dispatcher_recv(struct plx_dispatcher *d, void *buf,
				    size_t n);

/*
 * Takes up to N bytes: how many.  They go to the kernel, and what it has no
 * room for is kept, up to the kind's limit, and sent later, before anything
 * else; what does not fit is the caller's: 0 when nothing does.  While D
 * connects the kernel gets nothing; only streams keep anything.  -ENOMEM: no
 * memory to keep it; -ESHUTDOWN: D is being closed; else as send(2), but for
 * EAGAIN.  That what was kept cannot be sent, handle_error is told.
 */
PLX_API ssize_t plx_dispatcher_send(struct plx_dispatcher *d, const void *buf,
				    size_t n);

/* How many bytes send keeps. */
PLX_API size_t plx_dispatcher_queued(const struct plx_dispatcher *d);

/* The predicates of D may answer something else now. */
PLX_API void plx_dispatcher_changed(struct plx_dispatcher *d);

/* The descriptor, or -1 without a socket. */
PLX_API int plx_dispatcher_fd(const struct plx_dispatcher *d);

/* Closes D now, if it has a socket, drops what was kept, calls nobody. */
PLX_API void plx_dispatcher_close(struct plx_dispatcher *d);

/*
 * Closes D when all that was kept is sent, however long that takes, and then
 * calls handle_close; meanwhile nothing else of D happens but handle_error
 * and, if it is still connecting, handle_connect.  0.
 */
PLX_API int plx_dispatcher_close_when_sent(struct plx_dispatcher *d);

PLX_END_DECLS

#endif
