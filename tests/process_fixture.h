/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process_fixture.h: children for the tests, mostly of /bin/sh.
 *
 * A test runs both ways: with the system's pidfds, and as if there were none.
 * Whatever it does, the process has no child left when the run has ended.
 */
#ifndef PLX_PROCESS_FIXTURE_H
#define PLX_PROCESS_FIXTURE_H

#include <signal.h>
#include <sys/wait.h>
#include <pollux/process.h>
#include "late_signals.h"
#include "task_common.h"

/* Starts SCRIPT, which reads our p->in and writes into our p->out. */
static inline int
start_script(struct plx_process *p, const char *script, int group)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	const struct plx_process_options o = {
		.path = "/bin/sh",
		.argv = argv,
		.in = {.kind = PLX_STDIO_PIPE},
		.out = {.kind = PLX_STDIO_PIPE},
		.group = group,
	};
	int r = plx_process_spawn(&o, p);

	cr_expect_eq(r, 0, "%s: %d", script, r);
	return r;
}

/* The same, once it says that it is there; it goes on to the end of its
   input. */
static inline int
start_waiting(struct plx_process *p, const char *then)
{
	char script[128], byte;

	snprintf(script, sizeof(script), "echo; read x; %s", then);
	if (start_script(p, script, 0) < 0)
		return -1;
	cr_expect_eq(plx_read(p->out, &byte, 1, PLX_NEVER), 1);
	return 0;
}

static inline void
end_input(struct plx_process *p)
{
	cr_expect_eq(plx_close(p->in), 0);
	p->in = -1;
}

/* Waits for the end of P, then closes it; how it ended. */
static inline int
outcome(struct plx_process *p)
{
	int status = 1000;
	int r = plx_process_wait(p, &status, PLX_NEVER);

	plx_process_close(p);
	return r < 0 ? 2000 - r : status;
}

static inline int
have_no_pidfd(const struct plx_sys *sys, pid_t pid)
{
	(void)sys;
	(void)pid;
	return -ENOSYS;
}

static inline void
expect_childless(void)
{
	pid_t pid = waitpid(-1, NULL, WNOHANG);

	cr_expect(pid == -1 && errno == ECHILD, "a child is left: %d", pid);
}

/* Tests that BODY runs well as a task in both ways. */
#define EITHER_WAY(SUITE, NAME, BODY)                           \
	static int BODY##_by_signal(void *arg)                  \
	{                                                       \
		support_sys.sys.pidfd_open = have_no_pidfd;     \
		return BODY(arg);                               \
	}                                                       \
	Test(SUITE, NAME)                                       \
	{                                                       \
		int r = run_on(NULL, BODY, NULL);               \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
		expect_childless();                             \
	}                                                       \
	Test(SUITE, NAME##_without_pidfds)                      \
	{                                                       \
		int r;                                          \
                                                                \
		if (signals_are_lost(NULL))                     \
			cr_skip_test("a signal may be lost");   \
		r = run_on(NULL, BODY##_by_signal, NULL);       \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
		expect_childless();                             \
	}

#endif
