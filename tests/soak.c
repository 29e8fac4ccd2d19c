/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak.c: mixed load for a while, on each backend that works, in turns.
 *
 * Usage: soak [SECONDS], 60 unless said.  A line per round of turns, and one at
 * the end that says it all.
 *
 * The first round is there to warm up: the allocator and the C library get
 * what they keep.  From its end to the last, measured between turns, when all
 * is closed, descriptors must be the same and memory must not have grown by
 * more than GROWTH.  A sanitizer's memory says nothing and is not looked at.
 * Exits 1 when something was wrong, or did not happen at all.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "proc.h"
#include "soak.h"

#define BACKENDS 8
#define LONGEST (5 * PLX_SECOND)
#define ROUNDS_LEAST 4
#define GROWTH (512L << 10)

static struct soak soak = {.seed = 1};
static const char *backends[BACKENDS];
static int nbackends;
static struct plx_backend_info list[BACKENDS];

static void
find_backends(void)
{
	int i, n = plx_backend_list(list, BACKENDS);

	for (i = 0; i < n && i < BACKENDS; i++)
		if (list[i].usable)
			backends[nbackends++] = list[i].name;
}

/* A turn on each: 0, or 1 after a line that says what was wrong. */
static int
go_round(int64_t duration)
{
	struct plx_run_options o = {0};
	int i, r;

	for (i = 0; i < nbackends; i++) {
		o.backend = backends[i];
		soak.until = plx_after(duration);
		r = plx_run(&o, soak_turn, &soak);
		if (r < 0)
			soak_wrong(&soak, "the turn: %s", strerror(-r));
		if (!soak.wrong[0])
			continue;
		printf("soak: %s: %s\n", backends[i], soak.wrong);
		return 1;
	}
	return 0;
}

static double
megabytes(long memory)
{
	return (double)memory / 1e6;
}

static void
say(int round, long memory, int fds)
{
	const struct soak_counts *c = &soak.counts;

	printf("round %d: %lu messages, %lu connections, %lu cancels, "
	       "%lu timeouts, %lu naps, memory %.2f MB, descriptors %d\n",
	       round, c->messages, c->connections, c->cancels, c->timeouts,
	       c->naps, megabytes(memory), fds);
	fflush(stdout);
}

/* What has been seen from one end to the other: 0 if that is well. */
static int
judge(double seconds, const long *memory, const int *fds)
{
	const struct soak_counts *c = &soak.counts;
	int bad = 0;

	printf("soak: %g s, %lu messages, %lu connections, memory %.2f MB at "
	       "the start, %.2f in the middle, %.2f at the end, descriptors "
	       "%d, %d and %d\n",
	       seconds, c->messages, c->connections, megabytes(memory[0]),
	       megabytes(memory[1]), megabytes(memory[2]), fds[0], fds[1],
	       fds[2]);
	if (memory[1] > memory[0] + GROWTH || memory[2] > memory[0] + GROWTH)
		bad = puts("soak: memory has grown");
	if (fds[1] != fds[0] || fds[2] != fds[0])
		bad = puts("soak: descriptors have been left behind");
	if (!c->messages || !c->connections || !c->cancels || !c->timeouts ||
	    !c->naps)
		bad = puts("soak: something has not happened at all");
	return bad != 0;
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 60;
	int64_t turn, total = (int64_t)(seconds * (double)PLX_SECOND);
	int fds[3], i, rounds = ROUNDS_LEAST;
	long memory[3];

	if (argc > 2 || seconds <= 0 || seconds > 1e6) {
		fputs("usage: soak [SECONDS]\n", stderr);
		return 2;
	}
	find_backends();
	while ((turn = total / nbackends / rounds) > LONGEST)
		rounds++;
	for (i = 0; i < rounds; i++) {
		if (go_round(turn))
			return 1;
		memory[i == 0 ? 0 : 2] = process_memory(getpid());
		fds[i == 0 ? 0 : 2] = process_descriptors(getpid());
		if (i == rounds / 2) {
			memory[1] = memory[2];
			fds[1] = fds[2];
		}
		say(i + 1, memory[i == 0 ? 0 : 2], fds[i == 0 ? 0 : 2]);
	}
	return judge(seconds, memory, fds);
}
