/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_bytes.c: the table that lies: the calls that move bytes.
 *
 * Less than was asked for is really moved, and the rest is still there: a lie
 * that lost a byte would be a fault of its own.
 */
#include <config.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "faults_sys.h"

#define SELF const struct plx_sys *sys

/* Begins a CALL that moves up to *N bytes, or others: 0, or what it fails
   with. */
static int
begin(enum fault_call call, size_t *n)
{
	const struct fault_answer *a = faults_enter(call);

	if (!a)
		return 0;
	if (a->how == FAULT_SHORT && *n > 1)
		*n = 1;
	return a->how == FAULT_FAILS ? -a->error : 0;
}

/* Is FD an eventfd, which moves eight bytes or none, and has few errors? */
static int
is_eventfd(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == 0;
}

/* A file never says that there is nothing yet. */
static enum fault_call
read_of(int fd)
{
	struct stat st;

	if (is_eventfd(fd))
		return FAULT_eventfd_read;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return FAULT_file_read;
	return FAULT_read;
}

static ssize_t
lie_read(SELF, int fd, void *buf, size_t n)
{
	int r = begin(read_of(fd), &n);

	return r ? r : faults_under.read(sys, fd, buf, n);
}

static ssize_t
lie_write(SELF, int fd, const void *buf, size_t n)
{
	const struct fault_answer *a;
	ssize_t r;

	if (is_eventfd(fd)) {
		a = faults_enter(FAULT_eventfd_write);
		if (!a || a->how == FAULT_DONE)
			r = faults_under.write(sys, fd, buf, n);
		return a ? -a->error : r;
	}
	r = begin(FAULT_write, &n);
	return r ? r : faults_under.write(sys, fd, buf, n);
}

static ssize_t
lie_pread(SELF, int fd, void *buf, size_t n, int64_t offset)
{
	int r = begin(FAULT_pread, &n);

	return r ? r : faults_under.pread(sys, fd, buf, n, offset);
}

static ssize_t
lie_pwrite(SELF, int fd, const void *buf, size_t n, int64_t offset)
{
	int r = begin(FAULT_pwrite, &n);

	return r ? r : faults_under.pwrite(sys, fd, buf, n, offset);
}

static ssize_t
lie_recv(SELF, int fd, void *buf, size_t n, int flags)
{
	int r = begin(FAULT_recv, &n);

	return r ? r : faults_under.recv(sys, fd, buf, n, flags);
}

static ssize_t
lie_send(SELF, int fd, const void *buf, size_t n, int flags)
{
	int r = begin(FAULT_send, &n);

	return r ? r : faults_under.send(sys, fd, buf, n, flags);
}

/* The first piece of LIST that is not empty, cut to a byte, is ONE; else NULL:
   there is none. */
static struct iovec *
cut(const struct iovec *list, size_t n, struct iovec *one)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].iov_len > 0) {
			*one = list[i];
			one->iov_len = 1;
			return one;
		}
	}
	return NULL;
}

static ssize_t
lie_writev(SELF, int fd, const struct iovec *iov, int count)
{
	size_t n = 2;
	struct iovec one;
	int r = begin(FAULT_writev, &n);

	if (r)
		return r;
	if (n == 1 && cut(iov, (size_t)count, &one))
		return faults_under.writev(sys, fd, &one, 1);
	return faults_under.writev(sys, fd, iov, count);
}

/* A datagram is whole, or it is another: only streams are cut. */
static int
is_stream(int fd)
{
	socklen_t len = sizeof(int);
	int type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM;
}

static ssize_t
lie_sendmsg(SELF, int fd, const struct msghdr *msg, int flags)
{
	struct msghdr short_msg = *msg;
	size_t n = 2;
	struct iovec one;
	int r = begin(FAULT_sendmsg, &n);

	if (r)
		return r;
	if (n == 1 && is_stream(fd) &&
	    cut(msg->msg_iov, (size_t)msg->msg_iovlen, &one)) {
		short_msg.msg_iov = &one;
		short_msg.msg_iovlen = 1;
	}
	return faults_under.sendmsg(sys, fd, &short_msg, flags);
}

static ssize_t
lie_recvmsg(SELF, int fd, struct msghdr *msg, int flags)
{
	struct iovec one, *all = msg->msg_iov;
	__typeof__(msg->msg_iovlen) pieces = msg->msg_iovlen;
	size_t n = 2;
	ssize_t r = begin(FAULT_recvmsg, &n);

	if (r)
		return r;
	if (n == 1 && is_stream(fd) && cut(all, (size_t)pieces, &one)) {
		msg->msg_iov = &one;
		msg->msg_iovlen = 1;
	}
	r = faults_under.recvmsg(sys, fd, msg, flags);
	msg->msg_iov = all;
	msg->msg_iovlen = pieces;
	return r;
}

static int
lie_recvmmsg(SELF, int fd, struct plx_mmsg *list, unsigned count, int flags)
{
	size_t n = count;
	int r = begin(FAULT_recvmmsg, &n);

	return r ? r : faults_under.recvmmsg(sys, fd, list, (unsigned)n, flags);
}

static int
lie_sendmmsg(SELF, int fd, struct plx_mmsg *list, unsigned count, int flags)
{
	size_t n = count;
	int r = begin(FAULT_sendmmsg, &n);

	return r ? r : faults_under.sendmmsg(sys, fd, list, (unsigned)n, flags);
}

void
faults_lay_bytes(struct plx_sys *table)
{
	table->read = lie_read;
	table->write = lie_write;
	table->writev = lie_writev;
	table->pread = lie_pread;
	table->pwrite = lie_pwrite;
	table->recv = lie_recv;
	table->send = lie_send;
	table->recvmsg = lie_recvmsg;
	table->sendmsg = lie_sendmsg;
	table->recvmmsg = lie_recvmmsg;
	table->sendmmsg = lie_sendmmsg;
}
