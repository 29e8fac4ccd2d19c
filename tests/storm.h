/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm.h: storms from inside: threads that post, signals at any instant,
 * forks and execs in the middle of everything.
 *
 * What is asked of each storm is a matter of counts, never of time: every post
 * runs once, every byte arrives where it belongs, no wait ends too early or
 * never, no call says -EINTR.  A storm that blows while work goes on hands over
 * to it at each step: the next signal goes when the last was caught, the next
 * child is forked when the flows have moved on.  So its figures are exact, and
 * what is lost makes a test hang, which its time limit ends.
 *
 * Sizes are those of a sample, unless PLX_STORM is "all" in the environment:
 * make check-long.
 */
#ifndef PLX_STORM_H
#define PLX_STORM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <pollux/stream.h>
#include "figures.h"
#include "task_common.h"

/* A test on BACKEND's name P; what hangs fails after the time limit. */
#define STORM(SUITE, TEST)        \
	PLX_BACKENDS(SUITE, TEST) \
	ParameterizedTest(struct backend_param *p, SUITE, TEST, .timeout = 600)

/* In a child, whose findings come back as its exit status: the line on which
   something was wrong, modulo 255. */
#define STORM_WANT(COND)                           \
	do {                                       \
		if (!(COND))                       \
			_exit(__LINE__ % 255 + 1); \
	} while (0)

static inline size_t
storm_size(size_t sample, size_t all)
{
	return figures_size("PLX_STORM", sample, all);
}

/* The next of a sequence: 0 to BELOW - 1. */
unsigned storm_chance(uint64_t *state, unsigned below);

/* Byte I of what is sent with SEED. */
unsigned char storm_byte(unsigned seed, size_t i);

/* Waits for the end of child PID, which must have nothing to object to. */
void storm_reap(const char *backend, pid_t pid);

/*
 * Bytes under way from one task to another, by streams.  Both ends are in this
 * process; SEED says which bytes, and what they go through: a Unix pair, TCP or
 * a pipe.  At least LEAST are sent, and as many more as it takes until *DONE.
 */
struct storm_flow {
	unsigned seed;
	size_t least;
	const atomic_int *done;
	struct plx_stream from, to;
	atomic_size_t sent, got;
	plx_task *writer, *reader;
	int wrote, read; /* how that ended: 0 or -errno */
};

/* Opens F and spawns its tasks. */
void storm_flow_begin(struct storm_flow *f, unsigned seed, size_t least,
		      const atomic_int *done);

/* Waits for them: 0 if every byte has come, and nothing else; or -errno. */
int storm_flow_join(struct storm_flow *f);

/* The same in the process of the test, which wants 0. */
void storm_flow_end(struct storm_flow *f, const char *backend);

#endif
