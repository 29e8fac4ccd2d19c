/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_latency.h: how long messages took, counted in classes.
 *
 * The classes are as wide as a 128th of what they hold at the most, from a
 * nanosecond to centuries: no percentile is further off than 0.8 %, nothing is
 * allocated, and to count costs a few instructions.  The largest is exact.
 */
#ifndef PLX_BENCH_LOAD_LATENCY_H
#define PLX_BENCH_LOAD_LATENCY_H

#include <stdint.h>

/* Classes for each power of two, of which the first seven have one together. */
#define LATENCY_FINE 128
#define LATENCY_CLASSES ((64 - 7) * LATENCY_FINE + LATENCY_FINE)

struct load_latency {
	uint64_t count, most;
	uint64_t classes[LATENCY_CLASSES];
};

void load_latency_clear(struct load_latency *l);

void load_latency_add(struct load_latency *l, uint64_t ns);

/* The time that the share Q of all messages did not exceed; 0 of none. */
uint64_t load_latency_at(const struct load_latency *l, double q);

#endif
