/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_tasks.c: what a task costs: to switch, to begin and to end, to hand
 * a message on, and in memory while it waits.
 *
 * All that is timed happens inside one run, whose main task is the harness:
 * a contender spawns its tasks in RUN, gives way until they are done, and the
 * stacks are warm as they are in a program that has run for a while.
 * To count instructions instead, run `valgrind --tool=callgrind bench_tasks
 * --series=NAME --contender=pollux'.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pollux.h>
#include "tasks.h"

void
tasks_must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_tasks: %s: %s\n", what, strerror(-r));
	exit(1);
}

static int
run_timed(void *arg)
{
	struct bench *b = arg;

	tasks_switch(b);
	tasks_spawn(b);
	tasks_channel(b);
	return 0;
}

int
main(int argc, char **argv)
{
	struct bench b;

	bench_begin(&b, argc, argv, "tasks",
		    "What tasks cost: switch, spawn, channel, memory.");
	tasks_must(plx_run(NULL, run_timed, &b), "plx_run");
	tasks_parked(&b);
	return bench_end(&b);
}
