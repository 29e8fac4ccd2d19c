/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_disguise.h: included in front of a program's sources, makes them part
 * of a test of cancel_everywhere.h.
 *
 * They run under the driver's table and clock, listen on the driver's socket,
 * print nothing, and their allocations are counted.
 */
#ifndef PLX_CANCEL_DISGUISE_H
#define PLX_CANCEL_DISGUISE_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pollux.h>

int cancel_run(const struct plx_run_options *options, plx_task_fn *fn,
	       void *arg);
int64_t cancel_now(void);
int64_t cancel_after(int64_t duration);
int cancel_listen(const struct plx_address *address,
		  const struct plx_listen_options *options, int *out);
int cancel_server_open(const struct plx_server_options *options,
		       plx_server **out);
int cancel_serve(const struct plx_server_options *options, plx_server **s);
int cancel_print(const char *format, ...) PLX_PRINTF(1, 2);
void *cancel_malloc(size_t size);
void *cancel_calloc(size_t n, size_t size);
void *cancel_realloc(void *p, size_t size);
char *cancel_strdup(const char *s);
void cancel_free(void *p);

#define plx_run cancel_run
#define plx_now cancel_now
#define plx_after cancel_after
#define plx_listen cancel_listen
#define plx_server_open cancel_server_open
#define plx_serve cancel_serve
#define printf(...) cancel_print(__VA_ARGS__)
#define fprintf(f, ...) cancel_print(__VA_ARGS__)
#define puts(s) cancel_print("%s", s)
#define fputs(s, f) cancel_print("%s", s)
#define malloc cancel_malloc
#define calloc cancel_calloc
#define realloc cancel_realloc
#define strdup cancel_strdup
#define free cancel_free

#endif
