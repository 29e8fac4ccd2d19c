/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults.c: see the header.
 *
 * A play is a process; what it has to tell is in memory shared with it.  It
 * leaves by _exit, so that a scenario that breaks off has nothing to put away.
 */
#include <config.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pollux/types.h>
#include "figures.h"
#include "faults_sys.h"

/* Points of a scenario, unless all shall be; each is a process. */
#define SAMPLE (RUNNING_ON_VALGRIND ? 5 : 150)

#define SHOWN 20       /* findings that are reported one by one */
#define SECONDS 120    /* that a play may take */
#define CALLS_MORE 500 /* than four times those of the undisturbed play */

struct tour {
	const struct fault_scenario *scenario;
	const char *backend, *how; /* HOW is PLX_FAULTS, or "" */
	struct fault_ledger *ledger;
	unsigned long calls[FAULT_CALLS];
	unsigned long total, points, index, runs, findings, missed;
	unsigned long step;
};

static void
look_at_result(int r)
{
	const struct fault_answer *a = faults_play.answer;

	if (r < 0 && !faults_given())
		faults_finding("fails, though nothing did: %d", r);
	else if (r < 0 && a && a->passes)
		faults_finding("tells what can be made up for: %d", r);
}

static void
look_at_rest(int fds)
{
	int left = support_count_fds() - fds;

	if (left != 0)
		faults_finding("%d descriptors left", left);
	if (support_sys.blocks != 0)
		faults_finding("%ld allocations left", support_sys.blocks);
	if (faults_play.pages != 0)
		faults_finding("%ld bytes of pages left", faults_play.pages);
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		faults_finding("a child is left");
}

static _Noreturn void
play(const struct tour *t)
{
	int fds = support_count_fds();

	alarm(SECONDS);
	signal(SIGPIPE, SIG_IGN);
	support_sys_init(&support_sys);
	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	faults_sys_begin();
	look_at_result(t->scenario->play(t->backend));
	look_at_rest(fds);
	_exit(0);
}

/* The children of the play itself must not be seen by the next. */
static void
play_apart(struct tour *t, const struct fault_answer *a, unsigned long at,
	   unsigned long burst)
{
	struct fault_ledger *l = t->ledger;
	int status = 0;
	pid_t pid;

	memset(l, 0, sizeof(*l));
	memset(&faults_play, 0, sizeof(faults_play));
	faults_play.scenario = t->scenario;
	faults_play.answer = a;
	faults_play.at = at;
	faults_play.burst = burst;
	faults_play.limit = a ? 4 * t->total + CALLS_MORE : 1000000;
	faults_play.ledger = l;
	fflush(NULL);
	pid = fork();
	cr_assert_geq(pid, 0, "%s", strerror(errno));
	if (pid == 0)
		play(t);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		faults_finding("dies of signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		faults_finding("exits with %d", WEXITSTATUS(status));
}

static void
report(struct tour *t, const char *point)
{
	t->runs++;
	t->missed += !t->ledger->given;
	if (!t->ledger->finding[0])
		return;
	if (t->findings++ < SHOWN)
		cr_expect_fail("PLX_FAULTS=%s: %s", point, t->ledger->finding);
}

static int
is_wanted(struct tour *t, const char *point)
{
	int all = strcmp(t->how, "all") == 0;

	if (!*t->how || (all && t->scenario->sampled))
		return t->index++ % t->step == t->step / 2;
	return all || strcmp(t->how, point) == 0;
}

static void
play_answer(struct tour *t, const struct fault_answer *a, unsigned long burst)
{
	char point[120];

	for (unsigned long at = 1; at <= t->calls[a->call]; at++) {
		snprintf(point, sizeof(point), "%s:%s:%s:%lu:%s%s",
			 t->scenario->name, t->backend, faults_names[a->call],
			 at, a->name, burst > 1 ? "*3" : "");
		if (!is_wanted(t, point))
			continue;
		play_apart(t, a, at, burst);
		report(t, point);
	}
}

static void
play_undisturbed(struct tour *t)
{
	play_apart(t, NULL, 0, 0);
	cr_assert(!t->ledger->finding[0], "%s on %s, undisturbed: %s",
		  t->scenario->name, t->backend, t->ledger->finding);
	memcpy(t->calls, t->ledger->calls, sizeof(t->calls));
	t->total = t->ledger->total;
	for (size_t i = 0; i < faults_answers_count; i++)
		t->points += 2 * t->calls[faults_answers[i].call];
	t->step = 1 + t->points / SAMPLE;
}

static void
tell_figures(const struct tour *t)
{
	figures_say("faults: %s %s: %lu calls, %lu runs, %lu findings, %lu not "
		    "reached",
		    t->scenario->name, t->backend, t->total, t->runs,
		    t->findings, t->missed);
}

void
faults_everywhere(const struct fault_scenario *s, const char *backend)
{
	struct tour t = {.scenario = s, .backend = backend};
	const char *how = getenv("PLX_FAULTS");

	support_begin(backend);
	t.how = how ? how : "";
	t.ledger = mmap(NULL, sizeof(*t.ledger), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(t.ledger, MAP_FAILED);
	play_undisturbed(&t);
	for (size_t i = 0; i < faults_answers_count; i++) {
		play_answer(&t, &faults_answers[i], 1);
		play_answer(&t, &faults_answers[i], FAULTS_BURST);
	}
	munmap(t.ledger, sizeof(*t.ledger));
	tell_figures(&t);
	cr_expect_eq(t.findings, 0, "%s on %s: %lu findings", s->name, backend,
		     t.findings);
}
