/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_trickle.h: a table on which little moves at a time.
 *
 * Every call that moves bytes moves PIECE at most; every so many are told
 * -EINTR or -EAGAIN before they move any (0: none).  All others are those of
 * support_sys, which counts and fails as ever.
 */
#ifndef PLX_SUPPORT_TRICKLE_H
#define PLX_SUPPORT_TRICKLE_H

#include <stddef.h>

struct support_trickle {
	size_t piece;
	unsigned interrupt; /* each so many calls: -EINTR */
	unsigned refuse;    /* each so many calls: -EAGAIN */
	unsigned calls;
};

extern struct support_trickle support_trickle;

/* Makes support_sys one of that kind, until the next support_begin. */
void support_trickle_begin(size_t piece);

#endif
