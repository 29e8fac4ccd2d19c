/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c: the ready lines, and signals.
 *
 * The signals are caught before the ready lines are written: who has read one
 * may already send SIGTERM and gets an orderly stop.  Before that they are
 * held back, so that none ends echod with a Unix socket's path left behind; and
 * again once all is answered, so that none ends it as if it were not.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <pollux/loop.h>
#include "listener.h"
#include "report.h"
#include "server.h"

static void stop(struct plx_signal *s, int signo);
static void dump(struct plx_signal *s, int signo);

static const struct {
	int signo;
	void (*fn)(struct plx_signal *s, int signo);
} wanted[] = {
	{SIGTERM, stop},
	{SIGINT, stop},
	{SIGUSR1, dump},
};

#define WANTED (sizeof(wanted) / sizeof(*wanted))

/* Used by worker 0 only: a process has its signals once. */
static struct plx_signal caught[WANTED];

static void
stop(struct plx_signal *s, int signo)
{
	(void)signo;
	if (server_stop(s->arg))
		return;
	report("stopped at once: connections still open were cut off");
	_exit(EXIT_FAILED);
}

static void
dump(struct plx_signal *s, int signo)
{
	(void)signo;
	server_dump(s->arg);
}

static void
mask(int how)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < WANTED; i++)
		sigaddset(&set, wanted[i].signo);
	pthread_sigmask(how, &set, NULL);
}

void
control_hold(void)
{
	mask(SIG_BLOCK);
}

int
control_begin(struct server *s)
{
	size_t i;
	int err;

	for (i = 0; i < WANTED; i++) {
		caught[i].fn = wanted[i].fn;
		caught[i].arg = s;
		err = plx_loop_signal(plx_self_loop(), &caught[i],
				      wanted[i].signo);
		if (err < 0) {
			report("cannot catch signal %d: %s", wanted[i].signo,
			       strerror(-err));
			return -1;
		}
	}
	mask(SIG_UNBLOCK);
	return 0;
}

int
control_announce(struct server *s)
{
	const char *backend = plx_loop_backend(plx_self_loop());
	size_t i;

	if (s->options->quiet)
		return 0;
	for (i = 0; i < s->nlisteners; i++)
		printf("echod: listening on %s (%s)\n", s->listeners[i].text,
		       backend);
	return report_flush();
}

void
control_end(void)
{
	size_t i;

	control_hold();
	for (i = 0; i < WANTED; i++)
		plx_loop_unsignal(&caught[i]);
}
