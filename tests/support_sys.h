/* SPDX-License-Identifier: BSD-2-Clause */
/* support_sys.h: shared by the two halves of the counting table. */
#ifndef PLX_SUPPORT_SYS_H
#define PLX_SUPPORT_SYS_H

#include "sys.h"

/* Counts a call of ENTRY: 0, or the -errno that it has to fail with. */
int support_enter(const struct plx_sys *sys, unsigned entry);

/* Every entry that only counts; the others are null. */
extern const struct plx_sys support_forward;

#endif
