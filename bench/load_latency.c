/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_latency.c: the classes of latency.
 *
 * Below 128 each nanosecond has its own.  Above, the highest bit and the seven
 * that follow it name the class.
 */
#include <config.h>
#include <string.h>
#include "load_latency.h"

static unsigned
class_of(uint64_t ns)
{
	unsigned shift;

	if (ns < LATENCY_FINE)
		return (unsigned)ns;
	shift = 63 - 7 - (unsigned)__builtin_clzll(ns);
	return (shift + 1) * LATENCY_FINE +
	       (unsigned)(ns >> shift) % LATENCY_FINE;
}

/* The middle of a class. */
static uint64_t
middle(unsigned class)
{
	unsigned shift;

	if (class < LATENCY_FINE)
		return class;
	shift = class / LATENCY_FINE - 1;
	return ((UINT64_C(128) + class % LATENCY_FINE) << shift) +
	       (UINT64_C(1) << shift) / 2;
}

void
load_latency_clear(struct load_latency *l)
{
	memset(l, 0, sizeof(*l));
}

void
load_latency_add(struct load_latency *l, uint64_t ns)
{
	l->count++;
	l->classes[class_of(ns)]++;
	if (ns > l->most)
		l->most = ns;
}

uint64_t
load_latency_at(const struct load_latency *l, double q)
{
	double wanted = q * (double)l->count;
	uint64_t seen = 0;

	for (unsigned i = 0; i < LATENCY_CLASSES; i++) {
		seen += l->classes[i];
		if (l->classes[i] && (double)seen >= wanted)
			return middle(i) < l->most ? middle(i) : l->most;
	}
	return l->most;
}
