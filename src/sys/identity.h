/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.h: is this number still the same file?
 *
 * Device and inode tell files, pipes and sockets apart.  They do not tell
 * apart what has no inode of its own (eventfd, timerfd and their kin on Linux
 * share one), nor two descriptors of one file: there a reused number passes
 * for the old one, which does no harm beyond an event nobody asked for.
 */
#ifndef PLX_IDENTITY_H
#define PLX_IDENTITY_H

#include <errno.h>
#include <sys/stat.h>
#include "sys.h"

struct plx_identity {
	dev_t dev;
	ino_t ino;
};

/* 0 and *ID, or -errno: -EBADF when FD is not open. */
static inline int
plx__identity_get(const struct plx_sys *sys, int fd, struct plx_identity *id)
{
	struct stat st;
	int ret = sys->fstat(sys, fd, &st);

	if (ret < 0)
		return ret;
	id->dev = st.st_dev;
	id->ino = st.st_ino;
	return 0;
}

/* Whether FD is open and, as far as the system tells, the file that ID was
   taken of. */
static inline int
plx__identity_holds(const struct plx_sys *sys, int fd,
		    const struct plx_identity *id)
{
	struct plx_identity now;
	int ret = plx__identity_get(sys, fd, &now);

	if (ret < 0)
		return ret != -EBADF;
	return now.dev == id->dev && now.ino == id->ino;
}

#endif
