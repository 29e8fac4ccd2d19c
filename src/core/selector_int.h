/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selector_int.h: a selector on a table of one's own.
 */
#ifndef PLX_SELECTOR_INT_H
#define PLX_SELECTOR_INT_H

#include <pollux/selector.h>

struct plx_sys;

/* plx_selector_open, with SYS (NULL: the real one) in place of the system. */
int plx__selector_open(const char *backend, const struct plx_sys *sys,
		       plx_selector **out);

#define PLX_SELECTOR_BATCH_MOST 2048

/*
 * How many entries to ask for at a time.  Few are better, for what is touched
 * while they are handled stays in the caches; but a mechanism that walks the
 * whole set for each answer is asked as seldom as can be.
 */
int plx__selector_batch(const plx_selector *s);

#endif
