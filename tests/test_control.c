/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control.c: the signals of echod by themselves, from before the loop to
 * after it.
 */
#include <config.h>
#include <signal.h>
#include "listener.h"
#include "report.h"
#include "server.h"
#include "task_common.h"

static int stops;

int
server_stop(struct server *s)
{
	(void)s;
	return stops++ == 0;
}

void
server_dump(struct server *s)
{
	(void)s;
}

void
report(const char *fmt, ...)
{
	(void)fmt;
}

int
report_flush(void)
{
	return 0;
}

/* Lets the program go on as if it had had none. */
static void
forget_signal(int signo)
{
	sigset_t set;

	signal(signo, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, signo);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	signal(signo, SIG_DFL);
}

static int
signal_all_along(void *arg)
{
	struct server s = {.failed = 0};

	(void)arg;
	control_hold();
	raise(SIGTERM);
	cr_expect_eq(control_begin(&s), 0);
	while (stops == 0)
		cr_expect_eq(plx_sleep(PLX_MILLISECOND), 0);
	control_end();
	raise(SIGTERM);
	plx_checkpoint();
	cr_expect_eq(stops, 1);
	return 0;
}

Test(control, a_signal_after_the_end_changes_nothing)
{
	stops = 0;
	cr_expect_eq(run_on(NULL, signal_all_along, NULL), 0);
	forget_signal(SIGTERM);
	forget_signal(SIGINT);
	forget_signal(SIGUSR1);
}
