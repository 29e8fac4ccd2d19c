/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c: what a program asks about the library and the time.
 *
 * These three need no object, so they look at the real clock whatever table
 * a loop was opened with; code inside the library asks its own table.
 */
#include <config.h>
#include <pollux/types.h>
#include "sys.h"
#include "clock.h"

const char *
plx_version(void)
{
	return PLX_VERSION;
}

int64_t
plx_now(void)
{
	return plx__sys_real.now(&plx__sys_real);
}

int64_t
plx_after(int64_t duration)
{
	return plx__time_after(plx_now(), duration);
}
