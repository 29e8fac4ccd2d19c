/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exponent.h: how a cost grows: as which power of N?
 *
 * The slope of the line that fits log cost over log N best, by least squares.
 * A constant cost has 0, one that is proportional has 1.  What a cost has
 * beside its growing part (a call into the kernel, say) bends the line at
 * small N, so points below a hundred do not count.
 */
#ifndef PLX_BENCH_EXPONENT_H
#define PLX_BENCH_EXPONENT_H

#include "harness.h"

/* Takes a median in: for struct bench_series, TOLD. */
void exponent_take(long x, const char *contender, double median);

/* Prints a note "exponent SERIES CONTENDER" for each contender that had two
   points or more, and forgets them. */
void exponent_say(const struct bench *b, const char *series);

#endif
