/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_int.h: what the files of this room share.
 *
 * The table is filled in sys.c; the entries that concern memory and waiting
 * have files of their own.  Every entry is the same four steps: keep errno,
 * make the call, turn a failure into -errno, put errno back.
 */
#ifndef PLX_SYS_INT_H
#define PLX_SYS_INT_H

#include <errno.h>
#include "sys.h"

/* The first parameter of an entry that looks at nothing in its table. */
#define SELF const struct plx_sys *self __attribute__((unused))

/* After a call that failed: -errno; KEPT is what errno was before. */
static inline int
plx__sys_failure(int kept)
{
	int error = errno;

	errno = kept;
	return -error;
}

/* Stands in for a call that this system lacks, whatever its arguments. */
static inline int
plx__sys_absent(int any, ...)
{
	(void)any;
	errno = ENOSYS;
	return -1;
}

/* sys.c: makes FD close-on-exec, without errno's being kept; 0 or -1. */
int plx__sys_cloexec(int fd);

/* sys_memory.c */
void *plx__sys_resize(SELF, void *p, size_t size);
int plx__sys_map(SELF, size_t size, void **out);
int plx__sys_unmap(SELF, void *p, size_t size);
int plx__sys_protect(SELF, void *p, size_t size, int prot);
int plx__sys_advise(SELF, void *p, size_t size, int advice);

/* sys_hot.c */
ssize_t plx__sys_read(SELF, int fd, void *buf, size_t n);
ssize_t plx__sys_write(SELF, int fd, const void *buf, size_t n);
ssize_t plx__sys_recv(SELF, int fd, void *buf, size_t n, int flags);
ssize_t plx__sys_send(SELF, int fd, const void *buf, size_t n, int flags);
int plx__sys_epoll_wait(SELF, int ep, struct epoll_event *out, int cap,
			int timeout_ms);

/* sys_message.c */
ssize_t plx__sys_writev(SELF, int fd, const struct iovec *iov, int n);
ssize_t plx__sys_recvmsg(SELF, int fd, struct msghdr *msg, int flags);
ssize_t plx__sys_sendmsg(SELF, int fd, const struct msghdr *msg, int flags);
int plx__sys_recvmmsg(SELF, int fd, struct plx_mmsg *list, unsigned n,
		      int flags);
int plx__sys_sendmmsg(SELF, int fd, struct plx_mmsg *list, unsigned n,
		      int flags);

/* sys_file.c */
int plx__sys_open(SELF, const char *path, int flags, mode_t mode);
ssize_t plx__sys_pread(SELF, int fd, void *buf, size_t n, int64_t offset);
ssize_t plx__sys_pwrite(SELF, int fd, const void *buf, size_t n,
			int64_t offset);
int plx__sys_fsync(SELF, int fd);

/* sys_resolve.c */
int plx__sys_getaddrinfo(SELF, const char *node, const char *service,
			 const struct addrinfo *hints, struct addrinfo **out);

/* sys_thread.c */
int plx__sys_thread_create(SELF, void *(*fn)(void *arg), void *arg,
			   pthread_t *out);
int plx__sys_thread_join(SELF, pthread_t thread);

/* sys_mux.c */
int plx__sys_select(SELF, int nfds, unsigned long *r, unsigned long *w,
		    const struct timespec *timeout);
int plx__sys_poll(SELF, struct pollfd *fds, size_t n,
		  const struct timespec *timeout);
int plx__sys_epoll_create(SELF);
int plx__sys_epoll_ctl(SELF, int ep, int op, int fd, struct epoll_event *ev);
int plx__sys_epoll_pwait2(SELF, int ep, struct epoll_event *out, int cap,
			  const struct timespec *timeout);
int plx__sys_kqueue(SELF);
int plx__sys_kevent(SELF, int kq, const struct kevent *in, int nin,
		    struct kevent *out, int nout,
		    const struct timespec *timeout);

/* sys_process.c */
pid_t plx__sys_spawn(SELF, const struct plx_spawn *what);
int plx__sys_kill(SELF, pid_t pid, int signo);
pid_t plx__sys_waitpid(SELF, pid_t pid, int *status, int flags);
int plx__sys_pidfd_open(SELF, pid_t pid);
int plx__sys_pidfd_kill(SELF, int pidfd, int signo);

#endif
