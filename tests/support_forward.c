/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_forward.c: the entries of the counting table that only count.
 *
 * One function an entry, in the order of sys.h: counted under the name of
 * support.h, failed when it is due, else handed on to the real table.
 */
#include <config.h>

#include "support.h"
#include "support_sys.h"

#include <sys/socket.h>

static int
count_unmap(const struct plx_sys *sys, void *p, size_t size)
{
	int error = support_enter(sys, SUPPORT_OTHER);

	return error ? error : plx__sys_real.unmap(&plx__sys_real, p, size);
}

static int
count_protect(const struct plx_sys *sys, void *p, size_t size, int prot)
{
	int error = support_enter(sys, SUPPORT_PROTECT);

	return error ? error
		     : plx__sys_real.protect(&plx__sys_real, p, size, prot);
}

static int
count_advise(const struct plx_sys *sys, void *p, size_t size, int advice)
{
	struct support_sys *s = (void *)sys;
	int error = support_enter(sys, SUPPORT_ADVISE);

	if (error)
		return error;
	error = plx__sys_real.advise(&plx__sys_real, p, size, advice);
	if (error < 0 && advice == PLX_ADVISE_WIPE_ON_FORK)
		s->asks_pid = 1;
	return error;
}

static int
count_map(const struct plx_sys *sys, size_t size, void **out)
{
	int error = support_enter(sys, SUPPORT_MAP);

	return error ? error : plx__sys_real.map(&plx__sys_real, size, out);
}

static ssize_t
count_read(const struct plx_sys *sys, int fd, void *buf, size_t n)
{
	int error = support_enter(sys, SUPPORT_RECV);

	return error ? error : plx__sys_real.read(&plx__sys_real, fd, buf, n);
}

static ssize_t
count_write(const struct plx_sys *sys, int fd, const void *buf, size_t n)
{
	int error = support_enter(sys, SUPPORT_SEND);

	return error ? error : plx__sys_real.write(&plx__sys_real, fd, buf, n);
}

static int
count_close(const struct plx_sys *sys, int fd)
{
	int error = support_enter(sys, SUPPORT_CLOSE);

	return error ? error : plx__sys_real.close(&plx__sys_real, fd);
}

static int
count_fstat(const struct plx_sys *sys, int fd, struct stat *st)
{
	int error = support_enter(sys, SUPPORT_FSTAT);

	return error ? error : plx__sys_real.fstat(&plx__sys_real, fd, st);
}

static int
count_pipe(const struct plx_sys *sys, int fd[2])
{
	int error = support_enter(sys, SUPPORT_OPEN);

	return error ? error : plx__sys_real.pipe(&plx__sys_real, fd);
}

static int
count_dup_onto(const struct plx_sys *sys, int from, int onto)
{
	int error = support_enter(sys, SUPPORT_OTHER);

	return error ? error
		     : plx__sys_real.dup_onto(&plx__sys_real, from, onto);
}

static int
count_eventfd(const struct plx_sys *sys)
{
	int error = support_enter(sys, SUPPORT_OPEN);

	return error ? error : plx__sys_real.eventfd(&plx__sys_real);
}

static int
count_unlink(const struct plx_sys *sys, const char *path)
{
	int error = support_enter(sys, SUPPORT_OTHER);

	return error ? error : plx__sys_real.unlink(&plx__sys_real, path);
}

static int
count_lstat(const struct plx_sys *sys, const char *path, struct stat *st)
{
	int error = support_enter(sys, SUPPORT_OTHER);

	return error ? error : plx__sys_real.lstat(&plx__sys_real, path, st);
}

static int
count_socket(const struct plx_sys *sys, int domain, int type, int proto)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.socket(&plx__sys_real, domain, type,
					    proto);
}

static int
count_bind(const struct plx_sys *sys, int fd, const struct sockaddr *sa,
	   socklen_t len)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error : plx__sys_real.bind(&plx__sys_real, fd, sa, len);
}

static int
count_listen(const struct plx_sys *sys, int fd, int backlog)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.listen(&plx__sys_real, fd, backlog);
}

static int
count_accept(const struct plx_sys *sys, int fd, struct sockaddr *sa,
	     socklen_t *len)
{
	int error = support_enter(sys, SUPPORT_ACCEPT);

	return error ? error
		     : plx__sys_real.accept(&plx__sys_real, fd, sa, len);
}

static int
count_connect(const struct plx_sys *sys, int fd, const struct sockaddr *sa,
	      socklen_t len)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.connect(&plx__sys_real, fd, sa, len);
}

static ssize_t
count_recv(const struct plx_sys *sys, int fd, void *buf, size_t n, int flags)
{
	int error = support_enter(sys, SUPPORT_RECV);

	return error ? error
		     : plx__sys_real.recv(&plx__sys_real, fd, buf, n, flags);
}

static ssize_t
count_send(const struct plx_sys *sys, int fd, const void *buf, size_t n,
	   int flags)
{
	int error = support_enter(sys, SUPPORT_SEND);

	return error ? error
		     : plx__sys_real.send(&plx__sys_real, fd, buf, n, flags);
}

static int
count_shutdown(const struct plx_sys *sys, int fd, int how)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error : plx__sys_real.shutdown(&plx__sys_real, fd, how);
}

static int
count_getsockopt(const struct plx_sys *sys, int fd, int level, int name,
		 void *value, socklen_t *len)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.getsockopt(&plx__sys_real, fd, level, name,
						value, len);
}

static int
count_setsockopt(const struct plx_sys *sys, int fd, int level, int name,
		 const void *value, socklen_t len)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.setsockopt(&plx__sys_real, fd, level, name,
						value, len);
}

static int
count_getsockname(const struct plx_sys *sys, int fd, struct sockaddr *sa,
		  socklen_t *len)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.getsockname(&plx__sys_real, fd, sa, len);
}

static int
count_getpeername(const struct plx_sys *sys, int fd, struct sockaddr *sa,
		  socklen_t *len)
{
	int error = support_enter(sys, SUPPORT_SOCKET);

	return error ? error
		     : plx__sys_real.getpeername(&plx__sys_real, fd, sa, len);
}

static int
count_epoll_create(const struct plx_sys *sys)
{
	int error = support_enter(sys, SUPPORT_OPEN);

	return error ? error : plx__sys_real.epoll_create(&plx__sys_real);
}

static int
count_epoll_ctl(const struct plx_sys *sys, int ep, int op, int fd,
		struct epoll_event *ev)
{
	int error = support_enter(sys, SUPPORT_CHANGE);

	return error ? error
		     : plx__sys_real.epoll_ctl(&plx__sys_real, ep, op, fd, ev);
}

static int
count_kqueue(const struct plx_sys *sys)
{
	int error = support_enter(sys, SUPPORT_OPEN);

	return error ? error : plx__sys_real.kqueue(&plx__sys_real);
}

static pid_t
count_getpid(const struct plx_sys *sys)
{
	const struct support_sys *s = (const void *)sys;

	if (!s->asks_pid)
		support_enter(sys, SUPPORT_OTHER);
	return plx__sys_real.getpid(&plx__sys_real);
}

static int
count_sigaction(const struct plx_sys *sys, int signo,
		const struct sigaction *act, struct sigaction *old)
{
	int error = support_enter(sys, SUPPORT_OTHER);

	return error ? error
		     : plx__sys_real.sigaction(&plx__sys_real, signo, act, old);
}

const struct plx_sys support_forward = {
	.unmap = count_unmap,
	.protect = count_protect,
	.advise = count_advise,
	.map = count_map,
	.read = count_read,
	.write = count_write,
	.close = count_close,
	.fstat = count_fstat,
	.pipe = count_pipe,
	.dup_onto = count_dup_onto,
	.eventfd = count_eventfd,
	.unlink = count_unlink,
	.lstat = count_lstat,
	.socket = count_socket,
	.bind = count_bind,
	.listen = count_listen,
	.accept = count_accept,
	.connect = count_connect,
	.recv = count_recv,
	.send = count_send,
	.shutdown = count_shutdown,
	.getsockopt = count_getsockopt,
	.setsockopt = count_setsockopt,
	.getsockname = count_getsockname,
	.getpeername = count_getpeername,
	.epoll_create = count_epoll_create,
	.epoll_ctl = count_epoll_ctl,
	.kqueue = count_kqueue,
	.getpid = count_getpid,
	.sigaction = count_sigaction,
	.set_nonblock = support_set_nonblock,
	.spawn = support_spawn,
	.kill = support_kill,
	.waitpid = support_waitpid,
	.pidfd_open = support_pidfd_open,
	.pidfd_kill = support_pidfd_kill,
};
