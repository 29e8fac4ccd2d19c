/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io.c: the calls of pollux/io.h, but for plx_recv and plx_send (io_hot.c).
 *
 * What holds for every mechanism is here: who may call, cancellation, the
 * budget, the bounds of a length.  How it is done is the run's table's.
 *
 * A call yields, if at all, before it touches the descriptor.  So what
 * plx_recv put into a buffer that several tasks share is still there when it
 * returns, and a call with deadline 0 never gives way at all.
 */
#include <config.h>
#include <limits.h>
#include <pollux/io.h>
#include "io_int.h"

/* As plx__begin_fd for N bytes: 1, or what the call returns at once. */
static int
begin_bytes(struct plx_task *t, int fd, size_t n, int64_t deadline)
{
	int r = plx__begin_fd(t, fd, deadline);

	if (r < 0)
		return r;
	if (n - 1 >= SSIZE_MAX)
		return n ? -EINVAL : 0;
	return 1;
}

int
plx_accept(int fd, struct sockaddr *sa, socklen_t *len, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin_fd(t, fd, deadline);

	return r < 0 ? r : t->rt->io->accept(fd, sa, len, deadline, t);
}

int
plx_connect(int fd, const struct sockaddr *sa, socklen_t len, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin_fd(t, fd, deadline);

	return r < 0 ? r : t->rt->io->connect(fd, sa, len, deadline, t);
}

ssize_t
plx__recv_slowly(int fd, void *buf, size_t n, int64_t deadline,
		 struct plx_task *t)
{
	int r = begin_bytes(t, fd, n, deadline);

	return r <= 0 ? r : t->rt->io->recv(fd, buf, n, deadline, t);
}

ssize_t
plx__send_slowly(int fd, const void *buf, size_t n, int64_t deadline,
		 struct plx_task *t)
{
	int r = begin_bytes(t, fd, n, deadline);

	return r <= 0 ? r : t->rt->io->send(fd, buf, n, deadline, t);
}

ssize_t
plx_read(int fd, void *buf, size_t n, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = begin_bytes(t, fd, n, deadline);

	return r <= 0 ? r : t->rt->io->read(fd, buf, n, deadline, t);
}

ssize_t
plx_write(int fd, const void *buf, size_t n, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = begin_bytes(t, fd, n, deadline);

	return r <= 0 ? r : t->rt->io->write(fd, buf, n, deadline, t);
}

/* A close that was interrupted has closed all the same. */
int
plx_close(int fd)
{
	struct plx_task *t = plx__current;
	const struct plx_sys *sys;
	int r;

	if (!t)
		return -EPERM;
	if (fd < 0)
		return -EBADF;
	t->rt->io->forget(t->rt, fd);
	sys = t->rt->sys;
	r = sys->close(sys, fd);
	return r == -EINTR ? 0 : r;
}
