/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_answers.c: what the system may say to each kind of call.
 *
 * Only what it can really say, by POSIX and the manual pages of Linux and the
 * BSDs, to a call that is made as the library makes them: on non-blocking
 * descriptors, with arguments that are right.  PASSES marks what the library
 * has to make up for without telling anybody.
 */
#include <config.h>
#include <errno.h>
#include "faults.h"

#define FAILS(CALL, ERROR)                                  \
	{                                                   \
		FAULT_##CALL, FAULT_FAILS, #ERROR, ERROR, 0 \
	}
#define PASSES(CALL, ERROR)                                 \
	{                                                   \
		FAULT_##CALL, FAULT_FAILS, #ERROR, ERROR, 1 \
	}
#define DONE(CALL, ERROR)                                  \
	{                                                  \
		FAULT_##CALL, FAULT_DONE, #ERROR, ERROR, 0 \
	}
#define LASTS(CALL, ERROR)                                             \
	{                                                              \
		FAULT_##CALL, FAULT_LASTS, "lasting-" #ERROR, ERROR, 0 \
	}
#define SHORT(CALL)                                      \
	{                                                \
		FAULT_##CALL, FAULT_SHORT, "short", 0, 1 \
	}
#define EARLY(CALL)                                      \
	{                                                \
		FAULT_##CALL, FAULT_EARLY, "early", 0, 1 \
	}
#define SPURIOUS(CALL)                                         \
	{                                                      \
		FAULT_##CALL, FAULT_SPURIOUS, "spurious", 0, 1 \
	}

/* What calls that take bytes from a descriptor may say, or give it some. */
#define TAKES(CALL) PASSES(CALL, EINTR), PASSES(CALL, EAGAIN), SHORT(CALL)
#define HEARS(CALL)                                                   \
	TAKES(CALL), FAILS(CALL, ECONNRESET), FAILS(CALL, ETIMEDOUT), \
		FAILS(CALL, ECONNREFUSED), FAILS(CALL, ENOMEM),       \
		FAILS(CALL, EHOSTUNREACH)
#define SAYS(CALL)                                                \
	TAKES(CALL), FAILS(CALL, EPIPE), FAILS(CALL, ECONNRESET), \
		FAILS(CALL, ENOBUFS), FAILS(CALL, ENOMEM),        \
		FAILS(CALL, EHOSTUNREACH)
#define MAKES(CALL) \
	FAILS(CALL, EMFILE), FAILS(CALL, ENFILE), FAILS(CALL, ENOMEM)

const struct fault_answer faults_answers[] = {
	{FAULT_now, FAULT_STILL, "still", 0, 1},
	FAILS(resize, ENOMEM),
	FAILS(map, ENOMEM),
	FAILS(map, EAGAIN),
	DONE(unmap, ENOMEM),
	PASSES(protect, ENOMEM),
	PASSES(advise, ENOSYS),
	PASSES(advise, EINVAL),
	FAILS(advise, ENOMEM),

	TAKES(read),
	FAILS(read, EIO),
	FAILS(read, ECONNRESET),
	TAKES(write),
	FAILS(write, EPIPE),
	FAILS(write, EIO),
	FAILS(write, ENOSPC),
	TAKES(writev),
	FAILS(writev, EPIPE),
	FAILS(writev, ENOBUFS),
	DONE(close, EINTR),
	DONE(close, EIO),
	FAILS(fstat, EIO),
	FAILS(fstat, ENOMEM),
	FAILS(pipe, EMFILE),
	FAILS(pipe, ENFILE),
	FAILS(dup_onto, EBUSY),
	FAILS(dup_onto, EINTR),
	FAILS(set_nonblock, EPERM),
	MAKES(eventfd),
	PASSES(eventfd, ENOSYS),
	PASSES(eventfd_read, EINTR),
	PASSES(eventfd_read, EAGAIN),
	PASSES(eventfd_write, EINTR),
	{FAULT_eventfd_write, FAULT_DONE, "EAGAIN", EAGAIN, 1},
	FAILS(unlink, EPERM),
	FAILS(unlink, ENOENT),
	FAILS(lstat, EACCES),

	MAKES(open),
	FAILS(open, ENOENT),
	FAILS(open, EACCES),
	FAILS(open, EINTR),
	PASSES(file_read, EINTR),
	FAILS(file_read, EIO),
	SHORT(file_read),
	FAILS(pread, EINTR),
	FAILS(pread, EIO),
	SHORT(pread),
	FAILS(pwrite, EINTR),
	FAILS(pwrite, ENOSPC),
	SHORT(pwrite),
	FAILS(fsync, EIO),
	FAILS(fsync, EINTR),
	FAILS(fsync, ENOSPC),

	MAKES(socket),
	FAILS(socket, ENOBUFS),
	FAILS(socket, EAFNOSUPPORT),
	FAILS(bind, EADDRINUSE),
	FAILS(bind, EACCES),
	FAILS(listen, EADDRINUSE),
	PASSES(accept, EINTR),
	PASSES(accept, EAGAIN),
	FAILS(accept, ECONNABORTED),
	FAILS(accept, EPROTO),
	FAILS(accept, ENOBUFS),
	MAKES(accept),
	LASTS(accept, EMFILE),
	LASTS(accept, ENOBUFS),
	LASTS(accept, ENOMEM),
	DONE(connect, EINTR),
	FAILS(connect, ECONNREFUSED),
	FAILS(connect, ETIMEDOUT),
	FAILS(connect, ENETUNREACH),
	FAILS(connect, EADDRNOTAVAIL),
	FAILS(connect, ENOMEM),
	HEARS(recv),
	SAYS(send),
	HEARS(recvmsg),
	SAYS(sendmsg),
	HEARS(recvmmsg),
	PASSES(recvmmsg, ENOSYS),
	SAYS(sendmmsg),
	PASSES(sendmmsg, ENOSYS),
	FAILS(shutdown, ENOTCONN),
	FAILS(getsockopt, ENOBUFS),
	FAILS(setsockopt, ENOPROTOOPT),
	FAILS(setsockopt, EINVAL),
	FAILS(setsockopt, ENOMEM),
	FAILS(getsockname, ENOBUFS),
	FAILS(getpeername, ENOTCONN),

	PASSES(select, EINTR),
	FAILS(select, ENOMEM),
	EARLY(select),
	SPURIOUS(select),
	PASSES(poll, EINTR),
	FAILS(poll, ENOMEM),
	EARLY(poll),
	SPURIOUS(poll),
	MAKES(epoll_create),
	FAILS(epoll_add, ENOMEM),
	FAILS(epoll_add, ENOSPC),
	FAILS(epoll_mod, ENOMEM),
	PASSES(epoll_wait, EINTR),
	EARLY(epoll_wait),
	SHORT(epoll_wait),
	SPURIOUS(epoll_wait),
	PASSES(epoll_pwait2, EINTR),
	PASSES(epoll_pwait2, ENOSYS),
	PASSES(epoll_pwait2, EPERM),
	EARLY(epoll_pwait2),
	SHORT(epoll_pwait2),
	SPURIOUS(epoll_pwait2),
	MAKES(kqueue),
	FAILS(kevent_change, ENOMEM),
	PASSES(kevent_wait, EINTR),
	EARLY(kevent_wait),
	SHORT(kevent_wait),

	FAILS(getaddrinfo, EAGAIN),
	FAILS(getaddrinfo, ENOMEM),
	FAILS(getaddrinfo, ENOENT),
	FAILS(getaddrinfo, EIO),
	FAILS(thread_create, EAGAIN),
	FAILS(spawn, EAGAIN),
	FAILS(spawn, ENOMEM),
	FAILS(spawn, ENOENT),
	FAILS(spawn, EACCES),
	FAILS(kill, EPERM),
	DONE(waitpid, ECHILD), /* somebody else has reaped it */
	PASSES(pidfd_open, ENOSYS),
	MAKES(pidfd_open),
	PASSES(pidfd_kill, ENOSYS),
};

const size_t faults_answers_count =
	sizeof(faults_answers) / sizeof(faults_answers[0]);

#define TEXT(NAME) #NAME,
const char *const faults_names[FAULT_CALLS] = {FAULTS_CALLS(TEXT)};
