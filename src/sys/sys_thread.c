/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_thread.c: threads that no signal of the process chooses.
 *
 * A new thread has the mask of the one that makes it, so that one blocks the
 * signals meanwhile: there is no instant in which the new one could be given
 * any.  Those that a thread brings upon itself stay as they are, or a handler
 * that reports crashes would not be called.
 */
#include <config.h>
#include <signal.h>
#include "sys_int.h"

static void
fill(sigset_t *set)
{
	static const int own[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
	size_t i;

	sigfillset(set);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(set, own[i]);
}

int
plx__sys_thread_create(SELF, void *(*fn)(void *arg), void *arg, pthread_t *out)
{
	int kept = errno;
	sigset_t mask, old;
	int ret;

	fill(&mask);
	pthread_sigmask(SIG_BLOCK, &mask, &old);
	ret = pthread_create(out, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = kept;
	return -ret;
}

int
plx__sys_thread_join(SELF, pthread_t thread)
{
	return -pthread_join(thread, NULL);
}
