/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_message.c: the entries of the counting table that move bytes of
 * several places, or several datagrams.
 */
#include <config.h>

#include "support.h"
#include "support_sys.h"

static ssize_t
count_writev(const struct plx_sys *sys, int fd, const struct iovec *iov, int n)
{
	int error = support_enter(sys, SUPPORT_SEND);

	return error ? error : plx__sys_real.writev(&plx__sys_real, fd, iov, n);
}

static ssize_t
count_recvmsg(const struct plx_sys *sys, int fd, struct msghdr *msg, int flags)
{
	int error = support_enter(sys, SUPPORT_RECV);

	return error ? error
		     : plx__sys_real.recvmsg(&plx__sys_real, fd, msg, flags);
}

static ssize_t
count_sendmsg(const struct plx_sys *sys, int fd, const struct msghdr *msg,
	      int flags)
{
	int error = support_enter(sys, SUPPORT_SEND);

	return error ? error
		     : plx__sys_real.sendmsg(&plx__sys_real, fd, msg, flags);
}

static int
count_recvmmsg(const struct plx_sys *sys, int fd, struct plx_mmsg *list,
	       unsigned n, int flags)
{
	int error = support_enter(sys, SUPPORT_RECV);

	return error ? error
		     : plx__sys_real.recvmmsg(&plx__sys_real, fd, list, n,
					      flags);
}

static int
count_sendmmsg(const struct plx_sys *sys, int fd, struct plx_mmsg *list,
	       unsigned n, int flags)
{
	int error = support_enter(sys, SUPPORT_SEND);

	return error ? error
		     : plx__sys_real.sendmmsg(&plx__sys_real, fd, list, n,
					      flags);
}

void
support_forward_messages(struct plx_sys *table)
{
	table->writev = count_writev;
	table->recvmsg = count_recvmsg;
	table->sendmsg = count_sendmsg;
	table->recvmmsg = count_recvmmsg;
	table->sendmmsg = count_sendmmsg;
}
