/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_sys.c: counts calls and picks the one that is lied to; and the lies
 * about time, memory and processes.
 *
 * Threads of a pool make calls, too: so the figures are atomic.  A play that
 * makes far more calls than the undisturbed one spins, and is ended there.
 */
#include <config.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <pollux/types.h>
#include "faults_sys.h"

#define SEEN_STILL 100

struct fault_play faults_play;
struct plx_sys faults_under;

void
faults_finding(const char *format, ...)
{
	struct fault_ledger *l = faults_play.ledger;
	va_list args;

	if (l->finding[0])
		return;
	va_start(args, format);
	vsnprintf(l->finding, sizeof(l->finding), format, args);
	va_end(args);
}

/* Other threads may be at work: nothing is put away. */
_Noreturn void
faults_give_up(const char *why)
{
	faults_finding("%s", why);
	_exit(0);
}

const struct fault_answer *
faults_answer(void)
{
	return faults_play.answer;
}

int
faults_given(void)
{
	return __atomic_load_n(&faults_play.ledger->given, __ATOMIC_RELAXED);
}

int
faults_fails(int *told, long r, const char *last)
{
	if (r >= 0)
		return 0;
	if (!faults_given())
		faults_finding("an error that nothing caused: %ld", r);
	*told = (int)r;
	if (last)
		faults_finding("still fails with %ld: %s", r, last);
	return 1;
}

/* Is the Nth call of its kind one that is lied to? */
static int
is_due(const struct fault_answer *a, unsigned long n)
{
	static int64_t until;

	if (n < faults_play.at)
		return 0;
	if (a->how != FAULT_LASTS)
		return n < faults_play.at + faults_play.burst;
	if (n == faults_play.at)
		until = support_sys.now + PLX_SECOND;
	return support_sys.now < until;
}

const struct fault_answer *
faults_enter(enum fault_call call)
{
	struct fault_ledger *l = faults_play.ledger;
	const struct fault_answer *a = faults_play.answer;
	unsigned long n, all;

	n = __atomic_add_fetch(&l->calls[call], 1, __ATOMIC_RELAXED);
	all = __atomic_add_fetch(&l->total, 1, __ATOMIC_RELAXED);
	if (all > faults_play.limit)
		faults_give_up("spins, or does not end");
	if (!a || a->call != call || !is_due(a, n))
		return NULL;
	__atomic_add_fetch(&l->given, 1, __ATOMIC_RELAXED);
	return a;
}

static int64_t
lie_now(const struct plx_sys *sys)
{
	static int64_t seen;

	if (faults_enter(FAULT_now)) {
		seen = faults_under.now(sys);
		faults_play.still = SEEN_STILL;
	}
	if (faults_play.still > 0) {
		faults_play.still--;
		return seen;
	}
	return faults_under.now(sys);
}

static void *
lie_resize(const struct plx_sys *sys, void *p, size_t size)
{
	if (size > 0 && faults_enter(FAULT_resize))
		return NULL;
	return faults_under.resize(sys, p, size);
}

static int
lie_map(const struct plx_sys *sys, size_t size, void **out)
{
	const struct fault_answer *a = faults_enter(FAULT_map);
	int r = a ? -a->error : faults_under.map(sys, size, out);

	if (r == 0)
		__atomic_add_fetch(&faults_play.pages, (long)size,
				   __ATOMIC_RELAXED);
	return r;
}

static int
lie_unmap(const struct plx_sys *sys, void *p, size_t size)
{
	const struct fault_answer *a = faults_enter(FAULT_unmap);
	int r = faults_under.unmap(sys, p, size);

	if (r == 0)
		__atomic_sub_fetch(&faults_play.pages, (long)size,
				   __ATOMIC_RELAXED);
	return a ? -a->error : r;
}

#define SELF const struct plx_sys *sys
FAULTS_LIE(int, protect, (SELF, void *p, size_t size, int prot),
	   (sys, p, size, prot))
FAULTS_LIE(int, advise, (SELF, void *p, size_t size, int advice),
	   (sys, p, size, advice))
FAULTS_LIE(int, thread_create,
	   (SELF, void *(*fn)(void *arg), void *arg, pthread_t *out),
	   (sys, fn, arg, out))
FAULTS_LIE(pid_t, spawn, (SELF, const struct plx_spawn *what), (sys, what))
FAULTS_LIE(int, kill, (SELF, pid_t pid, int signo), (sys, pid, signo))
FAULTS_LIE(int, pidfd_open, (SELF, pid_t pid), (sys, pid))
FAULTS_LIE(int, pidfd_kill, (SELF, int fd, int signo), (sys, fd, signo))

/* As if somebody else had reaped it; one that is left has to stay so. */
static pid_t
lie_waitpid(SELF, pid_t pid, int *status, int flags)
{
	const struct fault_answer *a = faults_enter(FAULT_waitpid);
	pid_t r = faults_under.waitpid(sys, pid, status, flags);

	return a && r > 0 ? -a->error : r;
}

void
faults_sys_begin(void)
{
	struct plx_sys *table = &support_sys.sys;

	faults_under = *table;
	table->now = lie_now;
	table->resize = lie_resize;
	table->map = lie_map;
	table->unmap = lie_unmap;
	table->protect = lie_protect;
	table->advise = lie_advise;
	table->thread_create = lie_thread_create;
	table->spawn = lie_spawn;
	table->kill = lie_kill;
	table->pidfd_open = lie_pidfd_open;
	table->pidfd_kill = lie_pidfd_kill;
	table->waitpid = lie_waitpid;
	faults_lay_files(table);
	faults_lay_bytes(table);
	faults_lay_waits(table);
}
