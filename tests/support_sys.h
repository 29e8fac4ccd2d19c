/* SPDX-License-Identifier: BSD-2-Clause */
/* support_sys.h: shared by the parts of the counting table. */
#ifndef PLX_SUPPORT_SYS_H
#define PLX_SUPPORT_SYS_H

#include "sys.h"

/* Counts a call of ENTRY: 0, or the -errno that it has to fail with. */
int support_enter(const struct plx_sys *sys, unsigned entry);

/* Every entry that only counts; the others are null. */
extern const struct plx_sys support_forward;

/* support_process.c */
int support_set_nonblock(const struct plx_sys *sys, int fd, int on);
pid_t support_spawn(const struct plx_sys *sys, const struct plx_spawn *what);
int support_kill(const struct plx_sys *sys, pid_t pid, int signo);
pid_t support_waitpid(const struct plx_sys *sys, pid_t pid, int *status,
		      int flags);
int support_pidfd_open(const struct plx_sys *sys, pid_t pid);
int support_pidfd_kill(const struct plx_sys *sys, int pidfd, int signo);

/* Those of files, names and threads, into TABLE. */
void support_forward_files(struct plx_sys *table);

/* Those of several places or datagrams, into TABLE. */
void support_forward_messages(struct plx_sys *table);

#endif
