/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context: enter, body, exit, in that order; the exit also after an error, a
 * cancel and a deadline.
 */
#include <pollux.h>
#include <errno.h>
#include <stdio.h>

static void
close_door(void *name)
{
	printf("  exit %s\n", (char *)name);
}

static int
open_door(char *name)
{
	printf("  enter %s\n", name);
	return plx_defer(close_door, name);
}

/* "with door('outer'): with door('inner'): BODY", by DEADLINE */
static int
with_doors(int (*body)(struct plx_scope *s), int64_t deadline)
{
	char outer[] = "outer", inner[] = "inner";
	struct plx_scope s;
	int r;

	plx_scope_enter(&s, deadline);
	r = open_door(outer);
	if (r == 0)
		r = open_door(inner);
	if (r == 0)
		r = body(&s);
	return plx_scope_leave(&s, r);
}

static int
work(struct plx_scope *s)
{
	(void)s;
	return plx_sleep(20 * PLX_MILLISECOND);
}

static int
fail(struct plx_scope *s)
{
	(void)s;
	return -EIO;
}

static int
give_up(struct plx_scope *s)
{
	plx_scope_cancel(s);
	return plx_sleep(PLX_SECOND);
}

static int
show(void *arg)
{
	(void)arg;
	if (with_doors(work, PLX_NEVER) == 0)
		puts("done");
	if (with_doors(fail, PLX_NEVER) == -EIO)
		puts("failed");
	if (with_doors(give_up, PLX_NEVER) == 0)
		puts("cancelled");
	if (with_doors(work, plx_after(PLX_MILLISECOND)) == -ETIMEDOUT)
		puts("timed out");
	return 0;
}

int
main(void)
{
	return plx_run(NULL, show, NULL) < 0;
}
