/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_files.c: as support_forward.c, for what is asked of the system by
 * the threads of a run, and for these themselves.
 */
#include <config.h>

#include "support.h"
#include "support_sys.h"

static int
count_open(const struct plx_sys *sys, const char *path, int flags, mode_t mode)
{
	int error = support_enter(sys, SUPPORT_FILE);

	return error ? error
		     : plx__sys_real.open(&plx__sys_real, path, flags, mode);
}

static ssize_t
count_pread(const struct plx_sys *sys, int fd, void *buf, size_t n,
	    int64_t offset)
{
	int error = support_enter(sys, SUPPORT_FILE);

	return error ? error
		     : plx__sys_real.pread(&plx__sys_real, fd, buf, n, offset);
}

static ssize_t
count_pwrite(const struct plx_sys *sys, int fd, const void *buf, size_t n,
	     int64_t offset)
{
	int error = support_enter(sys, SUPPORT_FILE);

	return error ? error
		     : plx__sys_real.pwrite(&plx__sys_real, fd, buf, n, offset);
}

static int
count_fsync(const struct plx_sys *sys, int fd)
{
	int error = support_enter(sys, SUPPORT_FILE);

	return error ? error : plx__sys_real.fsync(&plx__sys_real, fd);
}

static int
count_getaddrinfo(const struct plx_sys *sys, const char *node,
		  const char *service, const struct addrinfo *hints,
		  struct addrinfo **out)
{
	int error = support_enter(sys, SUPPORT_FILE);

	return error ? error
		     : plx__sys_real.getaddrinfo(&plx__sys_real, node, service,
						 hints, out);
}

static int
count_thread_create(const struct plx_sys *sys, void *(*fn)(void *arg),
		    void *arg, pthread_t *out)
{
	int error = support_enter(sys, SUPPORT_THREAD);

	return error ? error
		     : plx__sys_real.thread_create(&plx__sys_real, fn, arg,
						   out);
}

static int
count_thread_join(const struct plx_sys *sys, pthread_t thread)
{
	(void)sys;
	return plx__sys_real.thread_join(&plx__sys_real, thread);
}

void
support_forward_files(struct plx_sys *table)
{
	table->open = count_open;
	table->pread = count_pread;
	table->pwrite = count_pwrite;
	table->fsync = count_fsync;
	table->getaddrinfo = count_getaddrinfo;
	table->thread_create = count_thread_create;
	table->thread_join = count_thread_join;
}
