/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_trickle.c: see the header.
 *
 * The entries of support_sys are replaced in place: the table stays the same
 * for whoever holds it.
 */
#include <config.h>

#include <errno.h>
#include <sys/uio.h>
#include "support.h"
#include "support_trickle.h"

struct support_trickle support_trickle;

static struct plx_sys counting;

/* 0, or what the call is told instead. */
static int
refuses(void)
{
	unsigned n = ++support_trickle.calls;

	if (support_trickle.interrupt && n % support_trickle.interrupt == 0)
		return -EINTR;
	if (support_trickle.refuse && n % support_trickle.refuse == 0)
		return -EAGAIN;
	return 0;
}

static size_t
cut(size_t n)
{
	return n < support_trickle.piece ? n : support_trickle.piece;
}

static ssize_t
few_read(const struct plx_sys *sys, int fd, void *buf, size_t n)
{
	int r = refuses();

	return r ? r : counting.read(sys, fd, buf, cut(n));
}

static ssize_t
few_write(const struct plx_sys *sys, int fd, const void *buf, size_t n)
{
	int r = refuses();

	return r ? r : counting.write(sys, fd, buf, cut(n));
}

static ssize_t
few_recv(const struct plx_sys *sys, int fd, void *buf, size_t n, int flags)
{
	int r = refuses();

	return r ? r : counting.recv(sys, fd, buf, cut(n), flags);
}

static ssize_t
few_send(const struct plx_sys *sys, int fd, const void *buf, size_t n,
	 int flags)
{
	int r = refuses();

	return r ? r : counting.send(sys, fd, buf, cut(n), flags);
}

/* The first piece that is not empty. */
static const struct iovec *
first_of(const struct iovec *iov, int n)
{
	while (n > 1 && iov->iov_len == 0) {
		iov++;
		n--;
	}
	return iov;
}

static ssize_t
few_writev(const struct plx_sys *sys, int fd, const struct iovec *iov, int n)
{
	const struct iovec *first = first_of(iov, n);

	return few_write(sys, fd, first->iov_base, first->iov_len);
}

static ssize_t
few_sendmsg(const struct plx_sys *sys, int fd, const struct msghdr *msg,
	    int flags)
{
	const struct iovec *first =
		first_of(msg->msg_iov, (int)msg->msg_iovlen);

	return few_send(sys, fd, first->iov_base, first->iov_len, flags);
}

void
support_trickle_begin(size_t piece)
{
	support_trickle = (struct support_trickle){.piece = piece};
	if (support_sys.sys.recv != few_recv)
		counting = support_sys.sys;
	support_sys.sys.read = few_read;
	support_sys.sys.write = few_write;
	support_sys.sys.recv = few_recv;
	support_sys.sys.send = few_send;
	support_sys.sys.writev = few_writev;
	support_sys.sys.sendmsg = few_sendmsg;
}
