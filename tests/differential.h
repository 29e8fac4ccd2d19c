/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differential.h: the world in which all backends must agree.
 *
 * A world is a few pairs of descriptors and one selector per usable backend,
 * all told the same.  The model beside them is trivial: what is registered,
 * for what, with which data.  What is ready, poll(2) says.
 */
#ifndef PLX_DIFFERENTIAL_H
#define PLX_DIFFERENTIAL_H

#include <pollux/selector.h>
#include "conformance.h"

#define PAIRS 12
#define ENDS (2 * PAIRS)
#define SELECTORS 8
#define NUMBERS 1024
#define LOG_LINES 60
#define RUN_LENGTH 1000 /* operations, of the test */

enum differential_kind {
	KIND_TCP,
	KIND_UNIX,
	KIND_DATAGRAM,
	KIND_UDP,
	KIND_PIPE,
	KIND_FIFO,
	KIND_PTY,
	KIND_FILE, /* [1] is -1 */
	KIND_COUNT,
};

struct differential_end {
	int fd;	       /* -1: closed */
	unsigned mask; /* 0: not registered */
	void *data;
	int shut; /* for writing, by either side */
};

struct world {
	struct {
		char name[16];
		plx_selector *s;
	} selectors[SELECTORS];
	int count;
	struct {
		enum differential_kind kind;
		struct differential_end end[2];
	} pairs[PAIRS];
	char stale[NUMBERS]; /* closed, still registered */
	uint64_t random;
	uint64_t seed;
	uintptr_t serial;
	long ops;
	int wrong_ends; /* ask pipes for what they cannot do */
	char log[LOG_LINES][96];
};

/* A number below N, and the kind of the next pair: the program's. */
unsigned differential_random(struct world *w, unsigned n);
enum differential_kind differential_kind(struct world *w);

/* Opens a selector per usable backend, and no pairs; W was zeroed. */
void differential_open(struct world *w);

/* Does one random thing to the descriptors and tells all selectors. */
void differential_step(struct world *w);

/* What poll(2) says, and what that means in directions. */
struct differential_verdict {
	const struct differential_end *end;
	short revents;
	unsigned want;
};

/* Asks selector I, again if a signal interrupts: a fuzzer has an alarm. */
int differential_select(const struct world *w, int i, struct plx_ready *ready,
			int cap);

/* Asks it of all that is registered; how many that is, ENDS at most. */
int differential_ask(const struct world *w, struct differential_verdict *out);

/* Every selector says that, or the test fails. */
void differential_compare(struct world *w);

/* Closes all that is open, registered or not. */
void differential_tear_down(struct world *w);

/* The same, and the selectors, which agree to the end. */
void differential_close(struct world *w);

/* Remembers what is being done, for the day when it fails. */
void differential_log(struct world *w, const char *format, ...)
	PLX_PRINTF(2, 3);

/* Shows the last operations and the seed, and fails the test. */
void differential_fail(const struct world *w, const char *format, ...)
	PLX_PRINTF(2, 3);

#endif
