/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.c: what /proc says of another process.
 *
 * Memory is the sum over its mappings: the figures that the kernel keeps by
 * itself (statm, VmRSS) lag behind by some pages a processor.
 */
#include <config.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "proc.h"

/* So many addresses are a sanitizer's, or an emulator's. */
#define INSTRUMENTED (1L << 18) /* KiB */

static FILE *
open_proc(pid_t pid, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%ld/%s", (long)pid, what);
	return fopen(name, "r");
}

/* The number behind KEY in a file of lines, or -1. */
static long
read_key(pid_t pid, const char *file, const char *key)
{
	FILE *f = open_proc(pid, file);
	char line[256];
	long value = -1;

	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtol(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return value;
}

long
process_memory(pid_t pid)
{
	long addresses = read_key(pid, "status", "VmSize:");
	long memory = read_key(pid, "smaps_rollup", "Rss:");

	if (addresses < 0 || addresses > INSTRUMENTED || memory < 0)
		return -1;
	return memory * 1024;
}

int
process_descriptors(pid_t pid)
{
	char name[64];
	DIR *d;
	int n = -2;

	snprintf(name, sizeof(name), "/proc/%ld/fd", (long)pid);
	d = opendir(name);
	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* What stands behind the name of the program. */
static int
read_stat(pid_t pid, char *state, long *ticks)
{
	FILE *f = open_proc(pid, "stat");
	unsigned long user = 0, sys = 0;
	char line[512];
	char *p = NULL;

	if (f && fgets(line, sizeof(line), f))
		p = strrchr(line, ')');
	if (f)
		fclose(f);
	if (!p ||
	    sscanf(p, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   state, &user, &sys) != 3)
		return -1;
	*ticks = (long)(user + sys);
	return 0;
}

long
process_ticks(pid_t pid)
{
	char state;
	long ticks;

	return read_stat(pid, &state, &ticks) < 0 ? -1 : ticks;
}

int
process_sleeps(pid_t pid)
{
	char state;
	long ticks;

	return read_stat(pid, &state, &ticks) < 0 || state == 'S';
}

long
process_wakings(pid_t pid)
{
	return read_key(pid, "status", "voluntary_ctxt_switches:");
}
