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

#endif
