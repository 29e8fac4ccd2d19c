/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_process.c: the counting table's entries about other processes, which
 * only count, as those of support_forward.c do.
 */
#include <config.h>

#include "support.h"
#include "support_sys.h"

int
support_set_nonblock(const struct plx_sys *sys, int fd, int on)
{
	int error = support_enter(sys, SUPPORT_SPAWN);

	return error ? error
		     : plx__sys_real.set_nonblock(&plx__sys_real, fd, on);
}

pid_t
support_spawn(const struct plx_sys *sys, const struct plx_spawn *what)
{
	int error = support_enter(sys, SUPPORT_SPAWN);

	return error ? error : plx__sys_real.spawn(&plx__sys_real, what);
}

int
support_kill(const struct plx_sys *sys, pid_t pid, int signo)
{
	int error = support_enter(sys, SUPPORT_REAP);

	return error ? error : plx__sys_real.kill(&plx__sys_real, pid, signo);
}

pid_t
support_waitpid(const struct plx_sys *sys, pid_t pid, int *status, int flags)
{
	int error = support_enter(sys, SUPPORT_REAP);

	return error ? error
		     : plx__sys_real.waitpid(&plx__sys_real, pid, status,
					     flags);
}

int
support_pidfd_open(const struct plx_sys *sys, pid_t pid)
{
	int error = support_enter(sys, SUPPORT_SPAWN);

	return error ? error : plx__sys_real.pidfd_open(&plx__sys_real, pid);
}

int
support_pidfd_kill(const struct plx_sys *sys, int pidfd, int signo)
{
	int error = support_enter(sys, SUPPORT_REAP);

	return error ? error
		     : plx__sys_real.pidfd_kill(&plx__sys_real, pidfd, signo);
}
