/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_message.c: bytes from and to several places in one call, and several
 * datagrams in one.
 *
 * Traps.  The plural calls report an error only when nothing has moved before
 * it; what stopped them later comes with the next call.  recvmmsg's own timeout
 * is looked at after each datagram only, so none is ever given.  SIGPIPE is
 * held off by a flag of sendmsg; writev has none, so who writes to a pipe in
 * that way ignores the signal, as with write.
 */
#include <config.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "sys_int.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifdef __NetBSD__ /* the flags of many */
#define FLAGS(f) ((unsigned)(f))
#else
#define FLAGS(f) (f)
#endif

ssize_t
plx__sys_writev(SELF, int fd, const struct iovec *iov, int n)
{
	int kept = errno;
	ssize_t put = writev(fd, iov, n);

	return put < 0 ? plx__sys_failure(kept) : put;
}

ssize_t
plx__sys_recvmsg(SELF, int fd, struct msghdr *msg, int flags)
{
	int kept = errno;
	ssize_t got = recvmsg(fd, msg, flags);

	return got < 0 ? plx__sys_failure(kept) : got;
}

ssize_t
plx__sys_sendmsg(SELF, int fd, const struct msghdr *msg, int flags)
{
	int kept = errno;
	ssize_t put = sendmsg(fd, msg, flags | MSG_NOSIGNAL);

	return put < 0 ? plx__sys_failure(kept) : put;
}

#if defined(HAVE_RECVMMSG) && defined(HAVE_SENDMMSG)
_Static_assert(sizeof(struct plx_mmsg) == sizeof(struct mmsghdr) &&
		       offsetof(struct plx_mmsg, length) ==
			       offsetof(struct mmsghdr, msg_len),
	       "a struct plx_mmsg is the system's struct mmsghdr");

int
plx__sys_recvmmsg(SELF, int fd, struct plx_mmsg *list, unsigned n, int flags)
{
	int kept = errno;
	int got = (int)recvmmsg(fd, (struct mmsghdr *)(void *)list, n,
				FLAGS(flags), NULL);

	return got < 0 ? plx__sys_failure(kept) : got;
}

int
plx__sys_sendmmsg(SELF, int fd, struct plx_mmsg *list, unsigned n, int flags)
{
	int kept = errno;
	int put = (int)sendmmsg(fd, (struct mmsghdr *)(void *)list, n,
				FLAGS(flags | MSG_NOSIGNAL));

	return put < 0 ? plx__sys_failure(kept) : put;
}
#else
int
plx__sys_recvmmsg(SELF, int fd, struct plx_mmsg *list, unsigned n, int flags)
{
	(void)fd, (void)list, (void)n, (void)flags;
	return -ENOSYS;
}

int
plx__sys_sendmmsg(SELF, int fd, struct plx_mmsg *list, unsigned n, int flags)
{
	(void)fd, (void)list, (void)n, (void)flags;
	return -ENOSYS;
}
#endif
