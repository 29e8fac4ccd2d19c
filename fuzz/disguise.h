/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disguise.h: for the target options.c, in front of what it tests: what that
 * says is heard, and its exit is caught.
 */
#ifndef PLX_FUZZ_DISGUISE_H
#define PLX_FUZZ_DISGUISE_H

#include <stdio.h>
#include <stdlib.h>

size_t fuzz_fwrite(const void *data, size_t size, size_t n, FILE *to);
int fuzz_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fuzz_exit(int status);

#define fwrite fuzz_fwrite
#define fprintf(to, ...) fuzz_print(__VA_ARGS__)
#define fputs(text, to) fuzz_print("%s", text)
#define exit fuzz_exit

#endif
