/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_int.h: signals as the rest of the task room needs them.
 */
#ifndef PLX_SIGNAL_INT_H
#define PLX_SIGNAL_INT_H

#include <pollux/signal.h>
#include "task_int.h"

/* As plx_signals_open, for a part of RT: if HEARD is set, it is called in the
   loop instead of telling a task. */
int plx__signals_open(struct plx_rt *rt, struct plx_signals *s, int signo,
		      void (*heard)(struct plx_signals *s));

/* RT hears no signal any more. */
void plx__signals_forget(struct plx_rt *rt);

#endif
