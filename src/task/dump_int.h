/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump_int.h: the parts of plx_dump.
 *
 * dump.c walks the tasks, dump_row.c lays out the line of one; of what stands
 * in it dump_wait.c says what the task waits for, dump_scope.c what scopes do
 * to it and when.
 */
#ifndef PLX_DUMP_INT_H
#define PLX_DUMP_INT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "hibernate_int.h"

/* Of a text that goes into one cell; what is longer would be cut anyway. */
#define PLX_CELL 64

/* The first line of the table. */
void plx__dump_head(FILE *f);

/* The line of T, which has LEVEL nurseries around it beside the root's. */
void plx__dump_row(FILE *f, const struct plx_task *t, unsigned level,
		   int64_t now);

/* The line of H, in the nursery INDEX of a task with LEVEL ones around it; 0:
   in the root's. */
void plx__dump_asleep(FILE *f, const struct plx_hibernation *h, unsigned level,
		      unsigned index);

/* "readable fd 7", "join reader", "first of 3: ..."; "-": for nothing. */
void plx__dump_wait(char out[PLX_CELL], const struct plx_task *t);

/* "2", "2 cancelled", "3 grace"; "-": no scope, and not cancelled. */
void plx__dump_scope(char out[PLX_CELL], const struct plx_task *t);

/* Whose deadline it is that will end a wait. */
#define PLX_OWN 0	   /* the wait's */
#define PLX_INHERITED (-1) /* of a scope around the task's nursery */

/* The first deadline that ends T's wait, or PLX_NEVER; *OWNER is one of the
   above, or the depth of one of T's scopes. */
int64_t plx__dump_end(const struct plx_task *t, int *owner);

/* Sets N->until, from that of its opener's nursery. */
void plx__dump_enter(struct plx_nursery *n);

static inline const char *
plx__dump_name(const struct plx_task *t)
{
	return t->name ? t->name : "(no name)";
}

#endif
