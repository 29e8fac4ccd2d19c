/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.h: is this number still the same file, and one to wait for?
 *
 * Device and inode tell files, pipes and sockets apart.  They do not tell
 * apart what has no inode of its own (eventfd, timerfd and their kin on Linux
 * share one), nor two descriptors of one file: there a reused number passes
 * for the old one, which does no harm beyond an event nobody asked for.
 */
#ifndef PLX_IDENTITY_H
#define PLX_IDENTITY_H

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
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

/* Is FD closed, or open and yet nothing that can be read, written or waited for
   (O_PATH)?  That has an identity: poll knows. */
static inline int
plx__is_refused(const struct plx_sys *sys, int fd)
{
	const struct timespec now = {0, 0};
	struct pollfd p = {.fd = fd};

	return sys->poll(sys, &p, 1, &now) > 0 && p.revents & POLLNVAL;
}

/* A descriptor of the library's own. */
struct plx_owned {
	struct plx_identity id;
	pid_t owner;
};

/* FD has just been opened.  Without its identity a forked child will not close
   it, which is the lesser evil. */
static inline void
plx__owned_init(struct plx_owned *o, const struct plx_sys *sys, int fd)
{
	o->id = (struct plx_identity){0};
	o->owner = sys->getpid(sys);
	(void)plx__identity_get(sys, fd, &o->id);
}

/* Closes FD; but not in a forked child that has closed it before, together
   with all that it did not know, and has the number for a file of its own. */
static inline void
plx__owned_close(const struct plx_owned *o, const struct plx_sys *sys, int fd)
{
	if (sys->getpid(sys) == o->owner ||
	    plx__identity_holds(sys, fd, &o->id))
		sys->close(sys, fd);
}

#endif
