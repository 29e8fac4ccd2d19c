/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_file.c: files by name and by place.
 *
 * Offsets travel as int64_t, whatever off_t is here; one that it cannot hold
 * is refused before it is cut.
 */
#include <config.h>
#include <fcntl.h>
#include <unistd.h>
#include "sys_int.h"

static int
fits(int64_t offset)
{
	return (int64_t)(off_t)offset == offset;
}

int
plx__sys_open(SELF, const char *path, int flags, mode_t mode)
{
	int kept = errno;
	int fd = open(path, flags | O_CLOEXEC, mode);

	return fd < 0 ? plx__sys_failure(kept) : fd;
}

ssize_t
plx__sys_pread(SELF, int fd, void *buf, size_t n, int64_t offset)
{
	int kept = errno;
	ssize_t ret;

	if (!fits(offset))
		return -EOVERFLOW;
	ret = pread(fd, buf, n, (off_t)offset);
	return ret < 0 ? plx__sys_failure(kept) : ret;
}

ssize_t
plx__sys_pwrite(SELF, int fd, const void *buf, size_t n, int64_t offset)
{
	int kept = errno;
	ssize_t ret;

	if (!fits(offset))
		return -EOVERFLOW;
	ret = pwrite(fd, buf, n, (off_t)offset);
	return ret < 0 ? plx__sys_failure(kept) : ret;
}

int
plx__sys_fsync(SELF, int fd)
{
	int kept = errno;

	return fsync(fd) < 0 ? plx__sys_failure(kept) : 0;
}
