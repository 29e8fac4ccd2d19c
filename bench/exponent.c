/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exponent.c: a straight line through the logarithms.
 */
#include <config.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "exponent.h"

enum {
	LINES = 32,
	FROM = 100,
};

/* The sums that least squares take. */
struct line {
	const char *contender;
	double n, x, y, xx, xy;
};

static struct line lines[LINES];
static int count;

static struct line *
find(const char *contender)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(lines[i].contender, contender) == 0)
			return &lines[i];
	}
	if (count == LINES)
		return NULL;
	lines[count] = (struct line){.contender = contender};
	return &lines[count++];
}

void
exponent_take(long x, const char *contender, double median)
{
	struct line *l = x >= FROM && median > 0 ? find(contender) : NULL;
	double lx, ly;

	if (!l)
		return;
	lx = log((double)x);
	ly = log(median);
	l->n += 1;
	l->x += lx;
	l->y += ly;
	l->xx += lx * lx;
	l->xy += lx * ly;
}

void
exponent_say(const struct bench *b, const char *series)
{
	for (int i = 0; i < count; i++) {
		const struct line *l = &lines[i];
		double width = l->n * l->xx - l->x * l->x;
		char key[128], value[32];

		if (l->n < 2 || !(width > 0))
			continue;
		snprintf(key, sizeof(key), "exponent %s %s", series,
			 l->contender);
		snprintf(value, sizeof(value), "%.2f",
			 (l->n * l->xy - l->x * l->y) / width);
		bench_say_note(b, key, value);
	}
	count = 0;
}
