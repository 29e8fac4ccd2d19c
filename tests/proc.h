/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.h: what the system says of a process: -1 where it does not.
 */
#ifndef PLX_PROC_H
#define PLX_PROC_H

#include <sys/types.h>

/* Bytes that are resident; -1 also where a sanitizer or an emulator has so many
   addresses that they say nothing. */
long process_memory(pid_t pid);

int process_descriptors(pid_t pid);

/* Of the processor, user's and system's. */
long process_ticks(pid_t pid);

/* How often its first thread has gone to sleep so far. */
long process_wakings(pid_t pid);

/* Does it sleep?  1, also where that is not known, or 0. */
int process_sleeps(pid_t pid);

#endif
