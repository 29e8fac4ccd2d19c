/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h: what echod says to people.
 *
 * One call is one line and one write, so that the lines of two workers do not
 * mix.  A line for which there is no room is lost, which the next one tells.
 */
#ifndef ECHOD_REPORT_H
#define ECHOD_REPORT_H

#include <pollux/types.h>

enum {
	EXIT_STOPPED = 0, /* asked to */
	EXIT_FAILED = 1,  /* the system refused something */
	EXIT_USAGE = 2,	  /* the command line is wrong */
};

/* "echod: ..." and a newline, on standard error. */
void report(const char *fmt, ...) PLX_PRINTF(1, 2);

/* The lines of TEXT, of which each ends in a newline, with none of others in
   between. */
void report_lines(const char *text);

/* Hands standard output over to the system: 0, or -1 after a report. */
int report_flush(void);

/* Puts a '?' for each byte of TEXT that is no printable ASCII: what is named
   by a client must not forge a line, nor command a terminal. */
void report_clean(char *text);

#endif
