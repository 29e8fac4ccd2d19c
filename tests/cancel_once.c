/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_once.c: clean-ups that have to happen once.
 */
#include <config.h>
#include "cancel_everywhere.h"

#define ONCE_MAX 256

static unsigned char once[ONCE_MAX];
static int used;

static void
count_once(void *arg)
{
	once[(intptr_t)arg]++;
}

void
cleans_up(void)
{
	if (used < ONCE_MAX &&
	    plx_defer(count_once, (void *)(intptr_t)used) == 0)
		used++;
}

static void
close_fd(void *arg)
{
	cr_expect_eq(plx_close((int)(intptr_t)arg), 0);
}

void
closes(int fd)
{
	cr_expect_eq(plx_defer(close_fd, (void *)(intptr_t)fd), 0);
}

void
cancel_once_begin(void)
{
	memset(once, 0, sizeof(once));
	used = 0;
}

int
cancel_once_good(void)
{
	int i;

	for (i = 0; i < used; i++) {
		if (once[i] != 1)
			return 0;
	}
	return 1;
}
