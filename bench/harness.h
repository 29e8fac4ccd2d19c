/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harness.h: contenders, rounds, and what an operation costs.
 *
 * A question (a program) asks in series: "one ready among N" is one.  A
 * series has points (the Ns) and contenders, which do the same work by
 * different means.  At each point all contenders are opened; then come the
 * rounds.  In each every contender runs once, in an order that the seed
 * shuffles, so that what the machine does beside falls on all of them alike:
 * compare within a round, not between runs.
 *
 * The cost is CPU time of this thread, user and system, divided by the
 * operations; nobody else's time counts.  Work done by other processes is
 * measured by drive.py, which writes the same lines.
 *
 * Lines on standard output, separated by tabs; report.py reads them:
 *
 *	series QUESTION SERIES UNIT NAME-OF-X
 *	sample QUESTION SERIES X CONTENDER ROUND VALUE
 *	median QUESTION SERIES X CONTENDER VALUE SPREAD
 *	skip QUESTION SERIES X CONTENDER WHY
 *	note QUESTION KEY VALUE
 *
 * SPREAD is the distance of the quartiles over the median.  Samples are what
 * counts, medians are for who reads along; progress goes to standard error.
 */
#ifndef PLX_BENCH_HARNESS_H
#define PLX_BENCH_HARNESS_H

#include <stdint.h>

/* Rounds at the most. */
#define BENCH_ROUNDS_MAX 1000

struct bench_contender {
	const char *name; /* "raw epoll", "pollux poll", "libev" */
	const void *arg;  /* for whoever serves several: a backend's name */
	/* 0; or -errno: it cannot at X, which is told in a `skip' line. */
	int (*open)(const struct bench_contender *c, long x, void **state);
	/* What goes before a run and is not measured; may be NULL. */
	void (*prepare)(void *state);
	/* N operations. */
	void (*run)(void *state, long n);
	void (*close)(void *state);
	/* Instead of RUN: a figure of its own (bytes, ...), in the unit of the
	   series; negative: -errno. */
	double (*measure)(void *state);
};

struct bench_series {
	const char *name; /* one word: "one-ready" */
	const char *unit; /* of a sample: "ns" */
	const char *x;	  /* what the points count: "descriptors" */
	const long *points;
	int npoints;
	const struct bench_contender *contenders;
	int ncontenders;
	/* 0: a contender is opened once a point and runs as many operations as
	   take about a sample's time.  1: it is opened anew for each round and
	   runs X operations, once (what uses itself up: a million timers). */
	int afresh;
	/* Called with each median, for whoever makes more of it; or NULL. */
	void (*told)(long x, const char *contender, double median);
};

/* What the command line says. */
struct bench {
	const char *question; /* the program's name without "bench_" */
	int rounds;
	int given;	  /* --rounds was: a question may have its own number */
	int full;	  /* --full: all points, more rounds */
	double time;	  /* of a sample, in seconds */
	uint64_t seed;	  /* of the order, and for whoever wants luck */
	const char *only; /* --series */
	const char *which; /* --contender: a part of the name */
	int list;
	int ran; /* series that did */
};

/*
 * Reads the command line; ends the program after --help, and with status 2
 * and a line after what is no option.  QUESTION is one word, WHAT a sentence
 * for --help.  Raises the limit of open files as far as it goes.
 */
void bench_begin(struct bench *b, int argc, char **argv, const char *question,
		 const char *what);

/* Runs S, if it is wanted, and prints its lines. */
void bench_run(struct bench *b, const struct bench_series *s);

/* The last call: the exit status.  Complains if no series was wanted. */
int bench_end(const struct bench *b);

/* For questions with a shape of their own: the lines one by one. */
void bench_say_series(const struct bench *b, const char *series,
		      const char *unit, const char *x);
void bench_say_sample(const struct bench *b, const char *series, long x,
		      const char *contender, int round, double value);
void bench_say_median(const struct bench *b, const char *series, long x,
		      const char *contender, double *values, int n);
void bench_say_skip(const struct bench *b, const char *series, long x,
		    const char *contender, int error);
void bench_say_note(const struct bench *b, const char *key, const char *value);
/* Is SERIES, of CONTENDER if that is not NULL, wanted? */
int bench_wants(const struct bench *b, const char *series,
		const char *contender);

/* CPU time of this thread, in nanoseconds. */
int64_t bench_cpu(void);

/* The next of a row of numbers that *STATE, the seed at first, determines. */
uint64_t bench_random(uint64_t *state);

/* Sorts VALUES; the median, and by *SPREAD the quartiles' distance over it. */
double bench_summary(double *values, int n, double *spread);

/* Open files allowed, less some for the program itself. */
long bench_files(void);

#endif
