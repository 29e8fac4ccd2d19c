/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_hot.h: the two calls of every message, for whoever has them laid in.
 *
 * Through the table a call costs a dozen instructions of handing arguments on,
 * a tenth of what a message takes.  The table is asked all the same: only
 * where it is the real one, and the machine's call is known, does the call
 * stand in the caller.
 */
#ifndef PLX_SYS_HOT_H
#define PLX_SYS_HOT_H

#include <errno.h>
#include "raw.h"
#include "sys.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* May the calls below be used in place of SYS's own? */
static inline int
plx__sys_is_hot(const struct plx_sys *sys)
{
#ifdef PLX_RAW
	return sys == &plx__sys_real;
#else
	(void)sys;
	return 0;
#endif
}

/* As struct plx_sys has them.  -ENOSYS where nothing is hot. */
static inline ssize_t
plx__hot_recv(int fd, void *buf, size_t n, int flags)
{
#ifdef PLX_RAW
	return plx__raw_message(SYS_recvfrom, fd, buf, n, flags);
#else
	(void)fd, (void)buf, (void)n, (void)flags;
	return -ENOSYS;
#endif
}

static inline ssize_t
plx__hot_send(int fd, const void *buf, size_t n, int flags)
{
#ifdef PLX_RAW
	return plx__raw_message(SYS_sendto, fd, buf, n, flags | MSG_NOSIGNAL);
#else
	(void)fd, (void)buf, (void)n, (void)flags;
	return -ENOSYS;
#endif
}

#endif
