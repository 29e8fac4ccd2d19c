/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/io.h: the socket calls, suspending the task instead of the thread.
 *
 * Each is tried at once unless the last one on that descriptor told that it
 * would block; then the task waits for readiness.  One task at a time may
 * wait to read a descriptor and one to write it, another gets -EBUSY (tasks
 * in plx_accept queue up).  Beside the errors of the system call: -ETIMEDOUT,
 * -ECANCELED and -EPERM as every wait, -ESHUTDOWN when plx_close closed the
 * descriptor meanwhile.  EINTR and EAGAIN never come back.
 *
 * A call that need not wait does not give way, but after a hundred or so in a
 * row one lets the others run first: before it begins, so that what was
 * received is never kept from the caller.  With deadline 0 (one try) a call
 * never gives way.
 *
 * plx_recv and plx_send take blocking sockets too; the descriptors of the
 * other calls should be non-blocking, as plx_listen and plx_accept make them.
 */
#ifndef PLX_IO_H
#define PLX_IO_H

#include <sys/socket.h>
#include <sys/types.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/*
 * Accepts a connection: a new descriptor, non-blocking and close-on-exec.
 * Tasks that accept on the same FD are served first come, first served; one
 * with deadline 0 never passes those that wait.
 * SA and LEN as for accept(2), or NULL.  -ECONNABORTED, -EMFILE, -ENFILE,
 * -ENOBUFS and -ENOMEM are worth another try; the connection is still there.
 */
PLX_API int plx_accept(int fd, struct sockaddr *sa, socklen_t *len,
		       int64_t deadline);

/*
 * Connects FD and waits for the outcome; while a Unix socket's peer has no
 * room for it, tries again until there is.  After -ETIMEDOUT or -ECANCELED the
 * attempt goes on in the kernel: close FD.
 */
PLX_API int plx_connect(int fd, const struct sockaddr *sa, socklen_t len,
			int64_t deadline);

/* Receives 1 to N bytes; 0 at the end of the stream (or for N 0).  -EINVAL:
   N is above SSIZE_MAX, here and below. */
PLX_API ssize_t plx_recv(int fd, void *buf, size_t n, int64_t deadline);

/*
 * Sends all N bytes, waiting as often as needed, and returns how many went:
 * fewer than N when the deadline, a cancel or an error came in between (the
 * next call tells which), -errno when none did.  -ESHUTDOWN comes at once,
 * whatever went before: FD may be another file's by then.  No SIGPIPE.
 */
PLX_API ssize_t plx_send(int fd, const void *buf, size_t n, int64_t deadline);

/* The same for any descriptor; but plx_write may raise SIGPIPE, as write(2). */
PLX_API ssize_t plx_read(int fd, void *buf, size_t n, int64_t deadline);
PLX_API ssize_t plx_write(int fd, const void *buf, size_t n, int64_t deadline);

/*
 * Closes FD: tasks that wait for it get -ESHUTDOWN, what hibernates on its
 * account (hibernate.h) is started, the loop forgets it, then it is closed.
 * Works in a cancelled task and never waits.  -EBADF. Close in no other way
 * what tasks have waited for: when the number comes back, a wait for it may
 * never end (plx_accept alone can tell, and mends it).
 */
PLX_API int plx_close(int fd);

PLX_END_DECLS

#endif
