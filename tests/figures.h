/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures.h: tests that have a size for every day and one for a long run, and
 * what they have seen.
 *
 * A runner that speaks TAP swallows what a test prints, so figures go to a
 * file: a line each, appended at once, for tests run in processes of their own.
 */
#ifndef PLX_FIGURES_H
#define PLX_FIGURES_H

#include <stddef.h>
#include <pollux/types.h>

/* ALL when the environment says that VARIABLE is "all", else SAMPLE. */
size_t figures_size(const char *variable, size_t sample, size_t all);

/* Appends a line to the file that PLX_FIGURES names, if it does. */
void figures_say(const char *format, ...) PLX_PRINTF(1, 2);

#endif
