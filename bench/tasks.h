/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.h: the parts of the question `tasks', one series or two a file.
 */
#ifndef PLX_BENCH_TASKS_H
#define PLX_BENCH_TASKS_H

#include "harness.h"

#define TASKS_COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Inside a task: the contenders that are pollux's run in it. */
void tasks_switch(struct bench *b);
void tasks_spawn(struct bench *b);
void tasks_channel(struct bench *b);

/* Outside: each measurement is a run of its own, so that none inherits the
   stacks of the one before. */
void tasks_parked(struct bench *b);

/* Ends the program, with a line, if R is an error: a bench that goes on would
   print figures of work that was not done. */
void tasks_must(int r, const char *what);

/*
 * The floors (tasks_floor.c): coroutines that somebody writes by hand, a
 * scheduler that resumes one after the other, each of which gives way to it.
 * Two jumps for what counts as two, a resume and a yield.
 */
int floor_raw_open(const struct bench_contender *c, long x, void **state);
void floor_raw_switch(void *state, long n);
void floor_raw_spawn(void *state, long n);
int floor_ucontext_open(const struct bench_contender *c, long x, void **state);
void floor_ucontext_switch(void *state, long n);
void floor_ucontext_spawn(void *state, long n);
void floor_close(void *state);

#endif
