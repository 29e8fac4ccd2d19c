/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeouts: who tells that time is up.  A wait tells of its own deadline, a
 * scope of its own, and of several only the one that was first.
 */
#include <pollux.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int
sleep_ms(int ms)
{
	return plx_sleep(ms * PLX_MILLISECOND);
}

static int64_t
in_ms(int ms)
{
	return plx_after(ms * PLX_MILLISECOND);
}

static void
tell(const char *who, int r)
{
	printf("%s: %s\n", who,
	       r == -ETIMEDOUT	 ? "timed out"
	       : r == -ECANCELED ? "cancelled"
				 : "in time");
}

static void
nest(int inner_ms, int outer_ms)
{
	struct plx_scope outer, inner;
	int r;

	plx_scope_enter(&outer, in_ms(outer_ms));
	plx_scope_enter(&inner, in_ms(inner_ms));
	r = plx_scope_leave(&inner, sleep_ms(10000));
	tell("inner scope", r);
	plx_scope_leave(&outer, r);
	tell("outer scope", plx_scope_status(&outer));
}

/* Even when time is up, some things have to be put away. */
static int
clean_up(void)
{
	struct plx_scope shield;

	plx_scope_shield(&shield, PLX_NEVER, PLX_SECOND);
	return plx_scope_leave(&shield, sleep_ms(5));
}

static int
show(void *listener)
{
	struct plx_scope s;
	int r;

	tell("a wait", plx_accept(*(int *)listener, NULL, NULL, in_ms(5)));
	nest(10000, 5);
	nest(5, 10000);
	plx_scope_enter(&s, in_ms(5));
	r = sleep_ms(10000);
	tell("the work", r);
	tell("clean-up in a shield", clean_up());
	tell("the scope", plx_scope_leave(&s, r));
	return 0;
}

int
main(void)
{
	struct plx_address at;
	int l, r;

	if (plx_address_parse("127.0.0.1:0", &at) < 0 ||
	    plx_listen(&at, NULL, &l) < 0)
		return 1;
	r = plx_run(NULL, show, &l);
	close(l);
	return r < 0;
}
