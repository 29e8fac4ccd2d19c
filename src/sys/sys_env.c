/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_env.c: the environment, read with suspicion.
 *
 * A set-user-ID program must not be steered by the one who starts it.  The
 * C library knows best whether rights were gained; where it offers no way to
 * ask, the identities are compared, which misses file capabilities.
 */
#include <config.h>
#include <stdlib.h>
#include <unistd.h>
#include "sys.h"

#ifndef HAVE_SECURE_GETENV
static char *
secure_getenv(const char *name)
{
#ifdef HAVE_ISSETUGID
	int gained = issetugid();
#else
	int gained = getuid() != geteuid() || getgid() != getegid();
#endif

	return gained ? NULL : getenv(name);
}
#endif

const char *
plx__sys_getenv(const char *name)
{
	return secure_getenv(name);
}
