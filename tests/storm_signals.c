/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_signals.c: signals at any instant, with and without SA_RESTART.
 *
 * A thread sends them to the loop's, each when the one before was caught, after
 * a pause of a random number of steps: so as many are caught as were sent.
 * Meanwhile flows, timers, timeouts, connections, jobs and a process go on for
 * as long as there are signals.  None of them may say -EINTR, end too early or
 * never.  There are three who catch: a handler of the program's with SA_RESTART
 * or without, and the library itself.
 */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <pollux/blocking.h>
#include <pollux/connect.h>
#include <pollux/signal.h>
#include "loop_fixture.h"
#include "process_fixture.h"
#include "server_common.h"
#include "storm.h"

#define FLOWS 3

enum {
	RESTART,
	INTERRUPT,
	LIBRARY,
	WAYS
};

static const char *const ways[] = {"SA_RESTART", "no SA_RESTART", "library"};

static struct gun {
	pthread_t thread, target;
	size_t signals;
	atomic_size_t sent, caught;
	atomic_int over;
	uint64_t chance;
} gun;

static void
count_signal(int signo)
{
	(void)signo;
	atomic_fetch_add(&gun.caught, 1);
}

/* Of the library's nobody knows when one was caught but by what comes back:
   see hear_all. */
static void *
shoot(void *arg)
{
	atomic_int step = 0;

	(void)arg;
	while (gun.sent < gun.signals) {
		for (unsigned n = storm_chance(&gun.chance, 20000); n > 0; n--)
			atomic_fetch_add(&step, 1);
		atomic_fetch_add(&gun.sent, 1);
		pthread_kill(gun.target, SIGUSR1);
		while (atomic_load(&gun.caught) < gun.sent)
			sched_yield();
	}
	atomic_store(&gun.over, 1);
	return NULL;
}

static void
aim(int way, size_t signals)
{
	struct sigaction action = {
		.sa_handler = count_signal,
		.sa_flags = SA_ONSTACK | (way == RESTART ? SA_RESTART : 0),
	};

	memset(&gun, 0, sizeof(gun));
	gun.target = pthread_self();
	gun.signals = signals;
	gun.chance = (uint64_t)way + 7;
	if (way != LIBRARY)
		sigaction(SIGUSR1, &action, NULL);
}

static void
fire_away(void)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	cr_expect_eq(pthread_create(&gun.thread, NULL, shoot, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
cease(void)
{
	pthread_join(gun.thread, NULL);
	signal(SIGUSR1, SIG_DFL);
	cr_expect_eq(gun.caught, gun.signals);
}

/* Tasks. */
struct field {
	const char *name;
	struct scene scene;
	int silent; /* nothing comes here */
	size_t slept, timeouts, connections, jobs, processes, heard;
};

static int
sleep_on(void *arg)
{
	struct field *f = arg;
	uint64_t chance = 1;
	int64_t when;
	int r;

	do {
		when = plx_after(storm_chance(&chance, 300) * PLX_MICROSECOND);
		r = plx_sleep_until(when);
		if (r < 0 || plx_now() < when)
			return r < 0 ? r : -EPROTO;
		f->slept++;
	} while (!gun.over);
	return 0;
}

static int
time_out(void *arg)
{
	struct field *f = arg;
	uint64_t chance = 2;
	int64_t when;
	ssize_t r;
	char byte;

	do {
		when = plx_after(storm_chance(&chance, 300) * PLX_MICROSECOND);
		r = plx_read(f->silent, &byte, 1, when);
		if (r != -ETIMEDOUT || plx_now() < when)
			return r == -ETIMEDOUT ? -EPROTO : (int)r;
		f->timeouts++;
	} while (!gun.over);
	return 0;
}

static int
call_again(void *arg)
{
	struct field *f = arg;
	char byte = 'x';
	ssize_t r;
	int fd;

	do {
		r = plx_connect_address(&f->scene.at[0], NULL, &fd, PLX_NEVER);
		if (r < 0)
			return (int)r;
		r = plx_send(fd, "y", 1, PLX_NEVER);
		if (r == 1)
			r = plx_recv(fd, &byte, 1, PLX_NEVER);
		plx_close(fd);
		if (r != 1 || byte != 'y')
			return r < 0 ? (int)r : -EPROTO;
		f->connections++;
	} while (!gun.over);
	return 0;
}

static int
be_a_job(void *arg)
{
	return *(const int *)arg;
}

static int
do_jobs(void *arg)
{
	struct field *f = arg;
	int nine = 9, r;

	do {
		r = plx_blocking(be_a_job, &nine, PLX_NEVER);
		if (r != 9)
			return r < 0 ? r : -EPROTO;
		f->jobs++;
	} while (!gun.over);
	return 0;
}

static int
start_processes(void *arg)
{
	struct field *f = arg;
	struct plx_process p;
	int r = 0;

	do {
		if (start_waiting(&p, "exit 3") < 0)
			return -EPROTO;
		end_input(&p);
		r = outcome(&p);
		if (r != 3)
			return -EPROTO;
		f->processes++;
	} while (!gun.over);
	return 0;
}

/* The library's way: what was heard is what was caught, and one signal was
   sent, so one is heard. */
static int
hear_all(void *arg)
{
	struct field *f = arg;
	struct plx_signals s;
	int r = plx_signals_open(&s, SIGUSR1);
	size_t n = 0;

	while (r == 0 && n++ < gun.signals) {
		r = plx_signals_wait(&s, PLX_NEVER);
		if (r != 1)
			return r < 0 ? r : -EPROTO;
		r = 0;
		f->heard++;
		atomic_fetch_add(&gun.caught, 1);
	}
	plx_signals_close(&s);
	return r;
}

static plx_task_fn *const works[] = {
	sleep_on, time_out, call_again, do_jobs, start_processes,
};

/* The first of them leave the loop asleep most of the time. */
#define IDLE_WORKS 2
#define WORKS (sizeof(works) / sizeof(works[0]))

static void
work_under_fire(struct field *f, int way, size_t jobs, int flows)
{
	struct storm_flow flow[FLOWS];
	plx_task *work[WORKS], *ear = NULL;

	aim(way, storm_size(150, 2000));
	if (way == LIBRARY) {
		plx_spawn(NULL, hear_all, f, &ear);
		plx_checkpoint();
	}
	for (unsigned i = 0; i < (unsigned)flows; i++)
		storm_flow_begin(&flow[i], i, 100000, &gun.over);
	fire_away(); /* not at what opens pairs for tests */
	for (size_t i = 0; i < jobs; i++)
		plx_spawn(NULL, works[i], f, &work[i]);
	for (size_t i = 0; i < jobs; i++) {
		int r = -1;

		cr_expect_eq(plx_join(work[i], &r, PLX_NEVER), 0);
		cr_expect_eq(r, 0, "%s, %s: work %zu: %d", f->name, ways[way],
			     i, r);
	}
	for (int i = 0; i < flows; i++)
		storm_flow_end(&flow[i], f->name);
	if (ear)
		cr_expect_eq(plx_join(ear, NULL, PLX_NEVER), 0);
	cease();
}

static int
stand_fire(void *arg)
{
	struct field f = {.name = arg};
	int fd[2];

	support_pipe(fd);
	f.silent = fd[0];
	set_scene(&f.scene, f.name, echo);
	begin_scene(&f.scene);
	for (int way = 0; way < WAYS; way++) {
		work_under_fire(&f, way, IDLE_WORKS, 0);
		work_under_fire(&f, way, WORKS, FLOWS);
		figures_say(
			"storm: %s: %s: %zu signals, of which %zu heard; so "
			"far %zu sleeps, %zu timeouts, %zu connections, "
			"%zu jobs, %zu processes",
			f.name, ways[way], (size_t)gun.caught, f.heard, f.slept,
			f.timeouts, f.connections, f.jobs, f.processes);
	}
	end_scene(&f.scene);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}

STORM(storm_signals, no_task_loses_or_learns_anything)
{
	if (signals_are_lost(p->name))
		cr_skip_test("a signal may be lost");
	/* It says "Can't extend stack during signal delivery" and ends it. */
	if (RUNNING_ON_VALGRIND)
		cr_skip_test("no room for a handler between stacks");
	cr_expect_eq(run_on(p->name, stand_fire, p->name), 0);
}

/* Loops: a run, and turns, that signals do not show in. */
struct ring {
	struct fixture f;
	struct plx_watch watch[2];
	struct plx_call call;
	int64_t when;
	size_t passed, fired, early, bad;
	unsigned char next;
	int lies; /* where, or -1 */
};

static void
throw_from(struct ring *r, int fd)
{
	r->bad += write(fd, &r->next, 1) != 1;
	r->lies = -1;
}

/* A byte goes round a few times, then lies until the next timer, so that the
   loop sleeps in between. */
static void
pass_on(struct plx_watch *w, unsigned events)
{
	struct ring *r = w->arg;
	unsigned char byte = 0;

	(void)events;
	r->bad += read(w->fd, &byte, 1) != 1 || byte != r->next;
	r->next++;
	r->lies = ++r->passed % 5 == 0 ? w->fd : -1;
	if (r->lies < 0)
		throw_from(r, w->fd);
}

static void
ring_timer(void *arg)
{
	struct ring *r = arg;

	r->fired++;
	r->early += plx_now() < r->when;
	if (gun.over) {
		plx_loop_stop(r->f.loop);
		return;
	}
	if (r->lies >= 0)
		throw_from(r, r->lies);
	r->when = plx_after(100 * PLX_MICROSECOND);
	plx_loop_call_at(r->f.loop, &r->call, r->when, ring_timer, r);
}

static void
go_round(struct ring *r, int way)
{
	int64_t deadline;

	aim(way, storm_size(300, 20000));
	fire_away();
	r->when = plx_now();
	plx_loop_call_at(r->f.loop, &r->call, r->when, ring_timer, r);
	for (int i = 0; i < 50; i++) {
		deadline = plx_after(100 * PLX_MICROSECOND);
		CHECK(&r->f, plx_loop_run_once(r->f.loop, PLX_NEVER) == 0);
		if (gun.over)
			break;
		CHECK(&r->f, plx_loop_run(r->f.loop, deadline) == -ETIMEDOUT);
		CHECK(&r->f, plx_now() >= deadline);
	}
	CHECK(&r->f, plx_loop_run(r->f.loop, PLX_NEVER) == 0);
	cease();
}

STORM(storm_signals, no_loop_loses_or_learns_anything)
{
	static struct ring r;

	if (signals_are_lost(p->name))
		cr_skip_test("a signal may be lost");
	memset(&r, 0, sizeof(r));
	begin(&r.f, p);
	support_sys.fake_clock = 0;
	support_unix_pair(r.f.fd);
	for (int i = 0; i < 2; i++) {
		r.watch[i] = (struct plx_watch){.fn = pass_on, .arg = &r};
		CHECK(&r.f, plx_loop_watch(r.f.loop, &r.watch[i], r.f.fd[i],
					   PLX_READ) == 0);
	}
	throw_from(&r, r.f.fd[0]);
	for (int way = 0; way < LIBRARY; way++) {
		go_round(&r, way);
		figures_say(
			"storm: %s: loop, %s: %zu signals; so far %zu bytes, "
			"%zu timers",
			r.f.name, ways[way], (size_t)gun.caught, r.passed,
			r.fired);
	}
	CHECK(&r.f, r.bad == 0 && r.early == 0);
	end(&r.f);
}
