/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * activation.c: systemd's convention for handing sockets over,
 * sd_listen_fds(3): LISTEN_PID is the process that is meant, LISTEN_FDS how
 * many descriptors it gets, from 3 on.
 *
 * The variables are inherited by who is not meant as well: another process'
 * number says that there is nothing for us.  They are taken out of the
 * environment, so that nobody below us believes to be meant.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "activation.h"
#include "report.h"

#define MOST 1024

/* The number that TEXT is, or -1. */
static long
read_whole(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n == 0 || n > 9 || text[n] ? -1 : strtol(text, NULL, 10);
}

static void
forget(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

int
activation_take(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n, fd;

	if (!pid || !fds || read_whole(pid) != (long)getpid())
		return 0;
	n = read_whole(fds);
	if (n < 0 || n > MOST) {
		report("LISTEN_FDS=%s: give a whole number from 0 to %d", fds,
		       MOST);
		return -1;
	}
	for (fd = ACTIVATION_FIRST; fd < ACTIVATION_FIRST + n; fd++) {
		if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
			continue;
		report("LISTEN_FDS=%s: descriptor %ld is not open: give as "
		       "many sockets as it says",
		       fds, fd);
		return -1;
	}
	forget();
	return (int)n;
}

int
activation_kind(int fd)
{
	int type = 0, listens = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return -errno;
	if (type == SOCK_DGRAM)
		return 1;
	len = sizeof(listens);
	if (type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0 ||
	    !listens)
		return -EINVAL;
	return 0;
}
