/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_inside.h: echod within the process of a test, for tests that play with
 * what it asks the system for.
 *
 * What it has to say to people nobody hears.  Signals that come when it does
 * not catch them are ignored.
 */
#ifndef ECHOD_INSIDE_H
#define ECHOD_INSIDE_H

/* Runs it with the words of a command line, until it is stopped: its exit
   status. */
int echod_inside(int argc, char **argv);

#endif
