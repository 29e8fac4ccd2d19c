/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_seam.h: what operations on descriptors above the task layer need of it
 * beyond pollux/io.h, to behave as those do, and to share memory with it.
 * Declared below both, defined in task.  For the running task, in the loop's
 * thread.
 */
#ifndef PLX_IO_SEAM_H
#define PLX_IO_SEAM_H

#include <stdint.h>

/* The beginning of an operation on FD: gives way first when a hundred or so
   have been done in a row.  0; -EPERM, -ECANCELED; -ESHUTDOWN. */
int plx__io_begin(int fd, int64_t deadline);

/* Has the last call said that the next in DIRECTION would block?  It may be
   wrong.  Readiness that a wait was told of clears it. */
int plx__io_blocks(int fd, unsigned direction);
void plx__io_set_blocks(int fd, unsigned direction);

/* How often FD has been closed, for whoever waits for something else: another
   number means another file. */
unsigned plx__io_closes(int fd);

/* Does a task wait for FD, in whatever way? */
int plx__io_awaited(int fd);

/* The first deadline of the scopes that the running task is in, also of those
   around its nursery, up to a shield, whatever has reached them; or PLX_NEVER.
 */
int64_t plx__io_scopes_end(void);

/* There is no memory for something: gives back what tasks keep for others. */
void plx__io_release(void);

#endif
