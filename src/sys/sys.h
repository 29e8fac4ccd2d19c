/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys.h: everything the library asks of the operating system, as one table.
 *
 * Nobody in the library calls the system past this table (`make lint` looks;
 * sys_hot.h has two calls laid in, for when the table is the real one),
 * so a test can put in one that fails the k-th call and a simulator one with
 * a clock and a network of its own: struct plx_sys is meant to be embedded in
 * a larger struct, and every call is handed the table it was called through.
 *
 * Two rules make the callers simple.  An entry returns 0 or more, or -errno.
 * An entry leaves errno as it found it.  Descriptors come back close-on-exec;
 * sockets, pipes and accepted connections come back non-blocking as well.
 * Nothing is retried here: EINTR is an answer like another.
 */
#ifndef PLX_SYS_H
#define PLX_SYS_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct addrinfo;
struct epoll_event;
struct iovec;
struct kevent;
struct pollfd;
struct sockaddr;
struct stat;
struct timespec;

/* The portable names of what may be said of pages. */
enum plx_advice {
	PLX_ADVISE_DONTNEED,	 /* give the memory back, keep the addresses */
	PLX_ADVISE_NOHUGE,	 /* never back these with huge pages */
	PLX_ADVISE_GUARD,	 /* any access is a fault; outlives DONTNEED */
	PLX_ADVISE_UNGUARD,	 /* takes GUARD back; reads as zeroes */
	PLX_ADVISE_WIPE_ON_FORK, /* reads as zeroes in a forked child */
	PLX_ADVISE_NONSENSE,	 /* none: who takes it heeds no advice */
};

/* What becomes of a standard descriptor of a process that is started. */
enum plx_spawn_fd {
	PLX_SPAWN_KEEP = -1, /* it stays as it is here */
	PLX_SPAWN_NULL = -2, /* it is /dev/null */
};

/* A process to be started. */
struct plx_spawn {
	const char *path;
	const char *const *argv;
	const char *const *envp; /* NULL: as here */
	const char *cwd;	 /* NULL: as here */
	int search;		 /* find a PATH without a slash by $PATH */
	int group;		 /* it begins a process group */
	int fd[3]; /* what 0, 1 and 2 are copies of; or PLX_SPAWN_* */
};

/* One of several datagrams: struct mmsghdr where the system has that. */
struct plx_mmsg {
	struct msghdr header;
	unsigned length; /* of what was moved */
};

struct plx_sys {
	/* Time and memory. */
	int64_t (*now)(const struct plx_sys *);
	/* realloc(3) and, with size 0, free(3).  NULL means out of memory. */
	void *(*resize)(const struct plx_sys *, void *p, size_t size);
	/* Private, anonymous, unreserved pages; and what may be said of them.
	 */
	int (*map)(const struct plx_sys *, size_t size, void **out);
	int (*unmap)(const struct plx_sys *, void *p, size_t size);
	int (*protect)(const struct plx_sys *, void *p, size_t size, int prot);
	/* ADVICE of enum plx_advice; -ENOSYS what the system cannot do. */
	int (*advise)(const struct plx_sys *, void *p, size_t size, int advice);

	/* Any descriptor. */
	ssize_t (*read)(const struct plx_sys *, int fd, void *buf, size_t n);
	ssize_t (*write)(const struct plx_sys *, int fd, const void *buf,
			 size_t n);
	ssize_t (*writev)(const struct plx_sys *, int fd,
			  const struct iovec *iov, int n);
	int (*close)(const struct plx_sys *, int fd);
	int (*fstat)(const struct plx_sys *, int fd, struct stat *st);
	int (*pipe)(const struct plx_sys *, int fd[2]);
	int (*dup_onto)(const struct plx_sys *, int from, int onto);
	/* Switches FD's O_NONBLOCK; what it was before, 0 or 1. */
	int (*set_nonblock)(const struct plx_sys *, int fd, int on);
	int (*eventfd)(const struct plx_sys *);
	int (*unlink)(const struct plx_sys *, const char *path);
	int (*lstat)(const struct plx_sys *, const char *path, struct stat *st);

	/* Files by place; -EOVERFLOW an offset that the system cannot say. */
	int (*open)(const struct plx_sys *, const char *path, int flags,
		    mode_t mode);
	ssize_t (*pread)(const struct plx_sys *, int fd, void *buf, size_t n,
			 int64_t offset);
	ssize_t (*pwrite)(const struct plx_sys *, int fd, const void *buf,
			  size_t n, int64_t offset);
	int (*fsync)(const struct plx_sys *, int fd);

	/* Sockets. */
	int (*socket)(const struct plx_sys *, int domain, int type, int proto);
	int (*bind)(const struct plx_sys *, int fd, const struct sockaddr *sa,
		    socklen_t len);
	int (*listen)(const struct plx_sys *, int fd, int backlog);
	int (*accept)(const struct plx_sys *, int fd, struct sockaddr *sa,
		      socklen_t *len);
	int (*connect)(const struct plx_sys *, int fd,
		       const struct sockaddr *sa, socklen_t len);
	ssize_t (*recv)(const struct plx_sys *, int fd, void *buf, size_t n,
			int flags);
	/* A peer that is gone is -EPIPE, never SIGPIPE. */
	ssize_t (*send)(const struct plx_sys *, int fd, const void *buf,
			size_t n, int flags);
	ssize_t (*recvmsg)(const struct plx_sys *, int fd, struct msghdr *msg,
			   int flags);
	ssize_t (*sendmsg)(const struct plx_sys *, int fd,
			   const struct msghdr *msg, int flags);
	/* How many of the N went; -ENOSYS: one at a time, by the two above. */
	int (*recvmmsg)(const struct plx_sys *, int fd, struct plx_mmsg *list,
			unsigned n, int flags);
	int (*sendmmsg)(const struct plx_sys *, int fd, struct plx_mmsg *list,
			unsigned n, int flags);
	int (*shutdown)(const struct plx_sys *, int fd, int how);
	int (*getsockopt)(const struct plx_sys *, int fd, int level, int name,
			  void *value, socklen_t *len);
	int (*setsockopt)(const struct plx_sys *, int fd, int level, int name,
			  const void *value, socklen_t len);
	int (*getsockname)(const struct plx_sys *, int fd, struct sockaddr *sa,
			   socklen_t *len);
	int (*getpeername)(const struct plx_sys *, int fd, struct sockaddr *sa,
			   socklen_t *len);

	/*
	 * Multiplexing.  TIMEOUT is relative, NULL for ever; an entry that the
	 * system lacks answers -ENOSYS.  The sets of select are arrays of
	 * unsigned long with room for NFDS bits, not fd_sets.
	 */
	int (*select)(const struct plx_sys *, int nfds, unsigned long *r,
		      unsigned long *w, const struct timespec *timeout);
	int (*poll)(const struct plx_sys *, struct pollfd *fds, size_t n,
		    const struct timespec *timeout);
	int (*epoll_create)(const struct plx_sys *);
	int (*epoll_ctl)(const struct plx_sys *, int ep, int op, int fd,
			 struct epoll_event *ev);
	int (*epoll_wait)(const struct plx_sys *, int ep,
			  struct epoll_event *out, int cap, int timeout_ms);
	int (*epoll_pwait2)(const struct plx_sys *, int ep,
			    struct epoll_event *out, int cap,
			    const struct timespec *timeout);
	int (*kqueue)(const struct plx_sys *);
	int (*kevent)(const struct plx_sys *, int kq, const struct kevent *in,
		      int nin, struct kevent *out, int nout,
		      const struct timespec *timeout);

	/*
	 * Names: freeaddrinfo frees *OUT; what is not EAI_SYSTEM comes as the
	 * errno that plx__sys_gai_code turns back.
	 */
	int (*getaddrinfo)(const struct plx_sys *, const char *node,
			   const char *service, const struct addrinfo *hints,
			   struct addrinfo **out);

	/* A thread that runs FN(ARG) and gets no signals but for its own
	   faults. */
	int (*thread_create)(const struct plx_sys *, void *(*fn)(void *arg),
			     void *arg, pthread_t *out);
	int (*thread_join)(const struct plx_sys *, pthread_t thread);

	/* The process. */
	pid_t (*getpid)(const struct plx_sys *);
	int (*sigaction)(const struct plx_sys *, int signo,
			 const struct sigaction *act, struct sigaction *old);

	/*
	 * Others.  A process starts with the default action for every signal,
	 * none of them blocked; the answer is its number, once its program
	 * runs, or why that cannot run.  pidfd_open and pidfd_kill answer
	 * -ENOSYS where there are no such descriptors.
	 */
	pid_t (*spawn)(const struct plx_sys *, const struct plx_spawn *what);
	int (*kill)(const struct plx_sys *, pid_t pid, int signo);
	pid_t (*waitpid)(const struct plx_sys *, pid_t pid, int *status,
			 int flags);
	int (*pidfd_open)(const struct plx_sys *, pid_t pid);
	int (*pidfd_kill)(const struct plx_sys *, int pidfd, int signo);
};

/* The operating system itself; the default everywhere. */
extern const struct plx_sys plx__sys_real;

/*
 * getenv(3) for settings of the library: NULL also when the program runs with
 * more rights than the one who set the environment.
 */
const char *plx__sys_getenv(const char *name);

/* The EAI_ code that the entry getaddrinfo answers with ERROR, below 0; else
   EAI_SYSTEM. */
int plx__sys_gai_code(int error);

/* SYS, or the real one for NULL. */
static inline const struct plx_sys *
plx__sys_or_real(const struct plx_sys *sys)
{
	return sys ? sys : &plx__sys_real;
}

#endif
