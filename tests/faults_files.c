/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_files.c: the table that lies: descriptors, sockets and names.
 */
#include <config.h>
#include <sys/socket.h>
#include "faults_sys.h"

#define SELF const struct plx_sys *sys

FAULTS_LIE(int, fstat, (SELF, int fd, struct stat *st), (sys, fd, st))
FAULTS_LIE(int, pipe, (SELF, int fd[2]), (sys, fd))
FAULTS_LIE(int, dup_onto, (SELF, int from, int onto), (sys, from, onto))
FAULTS_LIE(int, set_nonblock, (SELF, int fd, int on), (sys, fd, on))
FAULTS_LIE(int, eventfd, (SELF), (sys))
FAULTS_LIE(int, unlink, (SELF, const char *path), (sys, path))
FAULTS_LIE(int, lstat, (SELF, const char *path, struct stat *st),
	   (sys, path, st))
FAULTS_LIE(int, open, (SELF, const char *path, int flags, mode_t mode),
	   (sys, path, flags, mode))
FAULTS_LIE(int, fsync, (SELF, int fd), (sys, fd))
FAULTS_LIE(int, socket, (SELF, int domain, int type, int proto),
	   (sys, domain, type, proto))
FAULTS_LIE(int, bind, (SELF, int fd, const struct sockaddr *sa, socklen_t n),
	   (sys, fd, sa, n))
FAULTS_LIE(int, listen, (SELF, int fd, int backlog), (sys, fd, backlog))
FAULTS_LIE(int, accept, (SELF, int fd, struct sockaddr *sa, socklen_t *n),
	   (sys, fd, sa, n))
FAULTS_LIE(int, connect, (SELF, int fd, const struct sockaddr *sa, socklen_t n),
	   (sys, fd, sa, n))
FAULTS_LIE(int, shutdown, (SELF, int fd, int how), (sys, fd, how))
FAULTS_LIE(int, getsockopt,
	   (SELF, int fd, int level, int name, void *value, socklen_t *n),
	   (sys, fd, level, name, value, n))
FAULTS_LIE(int, setsockopt,
	   (SELF, int fd, int level, int name, const void *value, socklen_t n),
	   (sys, fd, level, name, value, n))
FAULTS_LIE(int, getsockname, (SELF, int fd, struct sockaddr *sa, socklen_t *n),
	   (sys, fd, sa, n))
FAULTS_LIE(int, getpeername, (SELF, int fd, struct sockaddr *sa, socklen_t *n),
	   (sys, fd, sa, n))
FAULTS_LIE(int, getaddrinfo,
	   (SELF, const char *node, const char *service,
	    const struct addrinfo *hints, struct addrinfo **out),
	   (sys, node, service, hints, out))

static int
lie_close(const struct plx_sys *sys, int fd)
{
	const struct fault_answer *a = faults_enter(FAULT_close);
	int r;

	faults_forget(fd);
	r = faults_under.close(sys, fd);
	return a ? -a->error : r;
}

void
faults_lay_files(struct plx_sys *table)
{
	table->close = lie_close;
	table->fstat = lie_fstat;
	table->pipe = lie_pipe;
	table->dup_onto = lie_dup_onto;
	table->set_nonblock = lie_set_nonblock;
	table->eventfd = lie_eventfd;
	table->unlink = lie_unlink;
	table->lstat = lie_lstat;
	table->open = lie_open;
	table->fsync = lie_fsync;
	table->socket = lie_socket;
	table->bind = lie_bind;
	table->listen = lie_listen;
	table->accept = lie_accept;
	table->connect = lie_connect;
	table->shutdown = lie_shutdown;
	table->getsockopt = lie_getsockopt;
	table->setsockopt = lie_setsockopt;
	table->getsockname = lie_getsockname;
	table->getpeername = lie_getpeername;
	table->getaddrinfo = lie_getaddrinfo;
}
