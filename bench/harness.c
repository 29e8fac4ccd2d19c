/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harness.c: the rounds.
 */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness.h"

enum {
	CONTENDERS_MAX = 32,
};

/* A contender at a point. */
struct entry {
	const struct bench_contender *c;
	void *state;
	int open;
	long n; /* operations of a run */
	double values[BENCH_ROUNDS_MAX];
	int count;
};

int64_t
bench_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* SplitMix64 (Steele, Lea, Flood 2014): any seed will do, 0 too. */
uint64_t
bench_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between the two neighbours of a place that is none. */
static double
quantile(const double *sorted, int n, double q)
{
	double place = q * (n - 1);
	int below = (int)place;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] +
	       (place - below) * (sorted[below + 1] - sorted[below]);
}

double
bench_summary(double *values, int n, double *spread)
{
	double median;

	qsort(values, (size_t)n, sizeof(*values), compare);
	median = quantile(values, n, 0.5);
	*spread = median > 0 ? (quantile(values, n, 0.75) -
				quantile(values, n, 0.25)) /
				       median
			     : 0;
	return median;
}

void
bench_say_series(const struct bench *b, const char *series, const char *unit,
		 const char *x)
{
	printf("series\t%s\t%s\t%s\t%s\n", b->question, series, unit, x);
}

void
bench_say_sample(const struct bench *b, const char *series, long x,
		 const char *contender, int round, double value)
{
	printf("sample\t%s\t%s\t%ld\t%s\t%d\t%.4g\n", b->question, series, x,
	       contender, round, value);
}

void
bench_say_median(const struct bench *b, const char *series, long x,
		 const char *contender, double *values, int n)
{
	double spread, median = bench_summary(values, n, &spread);

	printf("median\t%s\t%s\t%ld\t%s\t%.4g\t%.3f\n", b->question, series, x,
	       contender, median, spread);
}

void
bench_say_skip(const struct bench *b, const char *series, long x,
	       const char *contender, int error)
{
	printf("skip\t%s\t%s\t%ld\t%s\t%s\n", b->question, series, x, contender,
	       strerror(-error));
}

void
bench_say_note(const struct bench *b, const char *key, const char *value)
{
	printf("note\t%s\t%s\t%s\n", b->question, key, value);
}

static int64_t
timed(const struct entry *e, long n)
{
	int64_t begin;

	if (e->c->prepare)
		e->c->prepare(e->state);
	begin = bench_cpu();
	e->c->run(e->state, n);
	return bench_cpu() - begin;
}

/* How many operations take a sample's time; warms up on the way. */
static void
calibrate(const struct bench *b, struct entry *e)
{
	double wanted = b->time * 1e9;
	int64_t took = 0;

	for (e->n = 1; e->n < LONG_MAX / 2; e->n *= 2) {
		took = timed(e, e->n);
		/* The first time it may have touched memory, or made what is
		   only made once. */
		if ((double)took > wanted / 8)
			took = timed(e, e->n);
		if ((double)took > wanted / 8)
			break;
	}
	e->n = (long)((double)e->n * wanted / (double)(took ? took : 1));
	if (e->n < 1)
		e->n = 1;
}

static void
take_sample(const struct bench *b, const struct bench_series *s, long x,
	    struct entry *e, int round)
{
	double value;
	int err;

	if (s->afresh) {
		err = e->c->open(e->c, x, &e->state);
		if (err < 0) {
			bench_say_skip(b, s->name, x, e->c->name, err);
			e->open = 0;
			return;
		}
	}
	if (e->c->measure)
		value = e->c->measure(e->state);
	else
		value = (double)timed(e, e->n) / (double)e->n;
	if (s->afresh)
		e->c->close(e->state);
	if (value < 0) {
		bench_say_skip(b, s->name, x, e->c->name, (int)value);
		return;
	}
	e->values[e->count++] = value;
	bench_say_sample(b, s->name, x, e->c->name, round, value);
}

static void
shuffle(int *order, int n, uint64_t *luck)
{
	for (int i = n - 1; i > 0; i--) {
		int k = (int)(bench_random(luck) % (uint64_t)(i + 1));
		int kept = order[i];

		order[i] = order[k];
		order[k] = kept;
	}
}

static void
open_entry(const struct bench *b, const struct bench_series *s, long x,
	   struct entry *e)
{
	int err;

	e->n = x;
	e->open = 1;
	if (s->afresh)
		return;
	err = e->c->open(e->c, x, &e->state);
	if (err < 0) {
		bench_say_skip(b, s->name, x, e->c->name, err);
		e->open = 0;
	} else if (!e->c->measure) {
		calibrate(b, e);
	}
}

/* The median of E's values, to whoever wants it. */
static void
tell(const struct bench *b, const struct bench_series *s, long x,
     struct entry *e)
{
	double spread;

	if (!e->count)
		return;
	bench_say_median(b, s->name, x, e->c->name, e->values, e->count);
	if (s->told)
		s->told(x, e->c->name,
			bench_summary(e->values, e->count, &spread));
}

static void
run_point(const struct bench *b, const struct bench_series *s, long x,
	  struct entry *entries, int n)
{
	uint64_t luck = b->seed ^ (uint64_t)x;
	int order[CONTENDERS_MAX];

	for (int i = 0; i < n; i++) {
		order[i] = i;
		open_entry(b, s, x, &entries[i]);
	}
	for (int round = 1; round <= b->rounds; round++) {
		shuffle(order, n, &luck);
		for (int i = 0; i < n; i++) {
			if (entries[order[i]].open)
				take_sample(b, s, x, &entries[order[i]], round);
		}
	}
	for (int i = 0; i < n; i++) {
		struct entry *e = &entries[i];

		if (e->open && !s->afresh)
			e->c->close(e->state);
		tell(b, s, x, e);
	}
}

static int
choose(const struct bench *b, const struct bench_series *s,
       struct entry *entries)
{
	int n = 0;

	for (int i = 0; i < s->ncontenders && n < CONTENDERS_MAX; i++) {
		const struct bench_contender *c = &s->contenders[i];

		if (bench_wants(b, s->name, c->name))
			entries[n++].c = c;
	}
	return n;
}

void
bench_run(struct bench *b, const struct bench_series *s)
{
	struct entry *entries;

	if (!bench_wants(b, s->name, NULL))
		return;
	b->ran++;
	if (b->list) {
		for (int i = 0; i < s->ncontenders; i++)
			printf("%s\t%s\n", s->name, s->contenders[i].name);
		return;
	}
	bench_say_series(b, s->name, s->unit, s->x);
	for (int i = 0; i < s->npoints; i++) {
		entries = calloc(CONTENDERS_MAX, sizeof(*entries));
		if (!entries)
			abort();
		fprintf(stderr, "%s: %s, %ld %s\n", b->question, s->name,
			s->points[i], s->x);
		run_point(b, s, s->points[i], entries, choose(b, s, entries));
		free(entries);
	}
}

int
bench_end(const struct bench *b)
{
	if (b->ran)
		return 0;
	fprintf(stderr, "bench_%s: no series '%s'; --list names them\n",
		b->question, b->only ? b->only : "");
	return 2;
}
