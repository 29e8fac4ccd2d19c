/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backends.h: the mechanisms that this library and this system have.
 */
#ifndef ECHOD_BACKENDS_H
#define ECHOD_BACKENDS_H

/* The table of --list-backends, on standard output. */
void backends_list(void);

/*
 * Tries the backend called NAME, or what NULL comes to: 0, or the exit status
 * after a report that says what there is instead.
 */
int backends_check(const char *name);

#endif
