/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hibernate_int.h: hibernations, as nurseries, descriptors and the run see
 * them.
 *
 * One that counts as alive but has no task is either asleep, in its nursery's
 * list and watched; or due, in the run's list: there was no stack for it.
 */
#ifndef PLX_HIBERNATE_INT_H
#define PLX_HIBERNATE_INT_H

#include <pollux/hibernate.h>
#include "task_int.h"

/* N is cancelled: starts those asleep in it. */
void plx__hibernations_end(struct plx_nursery *n);

/* Tries to start those that are due. */
void plx__hibernations_retry(struct plx_rt *rt);

/* Does one wait for FD, though it may not be watched? */
int plx__hibernates(const struct plx_rt *rt, int fd);

/* FD is closed: tells those of it that are due.  The loop tells the rest. */
void plx__hibernations_forget(struct plx_rt *rt, int fd);

#endif
