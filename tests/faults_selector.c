/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_selector.c: the life of a selector, and of a loop, with all faults.
 *
 * What fails is tried once more, and has to go well then: nothing of the first
 * attempt may be in the way.  No readiness may be lost, whatever is told of one
 * that is none.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <pollux/loop.h>
#include <pollux/selector.h>
#include "faults.h"
#include "selector_int.h"

enum {
	PAIRS = 3
};

static struct {
	plx_selector *s;
	int fd[PAIRS][2];
	int told;
} life;

static int64_t
soon(void)
{
	return support_sys.now + PLX_SECOND;
}

/* A select that was interrupted, or failed by the fault, is done again. */
static int
select_again(struct plx_ready *ready, int64_t deadline)
{
	int n = -EINTR;

	for (int i = 0; i <= FAULTS_BURST && n < 0; i++) {
		n = plx_selector_select(life.s, ready, 8, deadline);
		if (n < 0 && n != -EINTR)
			life.told = n;
		if (n < 0 && !faults_given())
			faults_finding("select: %d", n);
	}
	return n;
}

/* Does select tell that pair WANTED, or none for -1, is ready? */
static void
expect_ready(int wanted, int64_t deadline)
{
	struct plx_ready ready[8];
	int n, seen = 0, tries = 0;

	do {
		n = select_again(ready, deadline);
		for (int i = 0; i < n; i++)
			seen += ready[i].data ==
				&life.fd[wanted < 0 ? 0 : wanted];
	} while (wanted >= 0 && !seen && n >= 0 && ++tries < 5);
	if (n < 0)
		faults_finding("select: %d in the end", n);
	if (wanted >= 0 && !seen)
		faults_finding("pair %d is not ready", wanted);
	if (wanted < 0 && n > 0 &&
	    !(faults_answer() && faults_answer()->how == FAULT_SPURIOUS))
		faults_finding("%d are ready", n);
	if (wanted < 0 && deadline > support_sys.now && n == 0 &&
	    !(faults_answer() && faults_answer()->how == FAULT_STILL))
		faults_finding("early by %lld",
			       (long long)(deadline - support_sys.now));
}

static void
use_selector(void)
{
	plx_selector *s = life.s;
	char byte;

	for (int i = 0; i < PAIRS; i++)
		FAULTS_TRY(&life.told,
			   plx_selector_register(s, life.fd[i][0], PLX_READ,
						 &life.fd[i]));
	expect_ready(-1, 0);
	expect_ready(-1, soon());
	for (int i = 0; i < PAIRS; i++) {
		if (write(life.fd[i][1], "x", 1) != 1)
			faults_finding("the peer cannot write");
		expect_ready(i, PLX_NEVER);
		if (read(life.fd[i][0], &byte, 1) != 1)
			faults_finding("pair %d has no byte", i);
	}
	FAULTS_TRY(&life.told,
		   plx_selector_modify(s, life.fd[0][0], PLX_READ | PLX_WRITE,
				       &life.fd[0]));
	expect_ready(0, soon());
	FAULTS_TRY(&life.told,
		   plx_selector_modify(s, life.fd[0][0], PLX_READ, NULL));
	FAULTS_TRY(&life.told, plx_selector_wake(s));
	expect_ready(-1, 0);
	FAULTS_TRY(&life.told, plx_selector_unregister(s, life.fd[1][0]));
	FAULTS_TRY(&life.told, plx_selector_register(s, life.fd[1][0],
						     PLX_WRITE, &life.fd[1]));
	expect_ready(1, soon());
}

static int
play_selector(const char *backend)
{
	memset(&life, 0, sizeof(life));
	for (int i = 0; i < PAIRS; i++)
		support_unix_pair(life.fd[i]);
	if (FAULTS_TRY(&life.told, plx__selector_open(backend, &support_sys.sys,
						      &life.s)) == 0) {
		use_selector();
		plx_selector_close(&life.s);
	}
	for (int i = 0; i < PAIRS; i++) {
		close(life.fd[i][0]);
		close(life.fd[i][1]);
	}
	return life.told;
}
FAULTS(selector, .play = play_selector)

static struct {
	plx_loop *loop;
	struct plx_watch read, write;
	struct plx_call timers[3], soon;
	struct plx_signal signal;
	int fd[2];
	int told, fired, came, posted, signalled, room;
} turns;

static void
count_one(void *arg)
{
	++*(int *)arg;
}

static void
take_byte(struct plx_watch *w, unsigned events)
{
	char byte;

	if (events == 0)
		turns.told = w->error;
	else if (read(w->fd, &byte, 1) == 1)
		turns.came++;
}

static void
have_room(struct plx_watch *w, unsigned events)
{
	if (events == 0)
		turns.told = w->error;
	turns.room++;
	plx_loop_unwatch(turns.loop, w);
}

static void
take_signal(struct plx_signal *s, int signo)
{
	(void)s;
	turns.signalled += signo == SIGUSR1;
}

/* A turn that fails is told once, and the loop goes on. */
static void
turn(int64_t deadline)
{
	int r = plx_loop_run_once(turns.loop, deadline);

	if (r < 0 && !faults_given())
		faults_finding("a turn: %d", r);
	if (r < 0)
		turns.told = r;
}

/* Until COUNT is N; a few turns may come to nothing. */
static void
turn_until(const int *count, int n)
{
	for (int i = 0; i < 12 && *count < n; i++)
		turn(support_sys.now + PLX_SECOND);
}

static void
begin_turns(void)
{
	plx_loop *loop = turns.loop;

	turns.read.fn = take_byte;
	turns.write.fn = have_room;
	turns.signal.fn = take_signal;
	FAULTS_TRY(&turns.told, plx_loop_signal(loop, &turns.signal, SIGUSR1));
	for (int i = 0; i < 3; i++)
		FAULTS_TRY(&turns.told,
			   plx_loop_call_at(loop, &turns.timers[i],
					    plx_loop_now(loop) +
						    i * PLX_MILLISECOND,
					    count_one, &turns.fired));
	FAULTS_TRY(&turns.told, plx_loop_call_soon(loop, &turns.soon, count_one,
						   &turns.fired));
	FAULTS_TRY(&turns.told,
		   plx_loop_watch(loop, &turns.read, turns.fd[0], PLX_READ));
	FAULTS_TRY(&turns.told,
		   plx_loop_watch(loop, &turns.write, turns.fd[0], PLX_WRITE));
	FAULTS_TRY(&turns.told, plx_loop_post(loop, count_one, &turns.posted));
}

static void
use_loop(void)
{
	begin_turns();
	turn_until(&turns.fired, 4);
	turn_until(&turns.posted, 1);
	turn_until(&turns.room, 1);
	raise(SIGUSR1);
	turn_until(&turns.signalled, 1);
	for (int i = 0; i < 3; i++) {
		if (write(turns.fd[1], "x", 1) != 1)
			faults_finding("the peer cannot write");
		turn_until(&turns.came, i + 1);
		if (turns.told && !turns.read.direction)
			FAULTS_TRY(&turns.told,
				   plx_loop_watch(turns.loop, &turns.read,
						  turns.fd[0], PLX_READ));
	}
	turn_until(&turns.came, 3);
	if (turns.fired != 4 || turns.posted != 1 || turns.signalled != 1 ||
	    turns.came != 3)
		faults_finding("%d calls, %d posts, %d signals, %d bytes",
			       turns.fired, turns.posted, turns.signalled,
			       turns.came);
	plx_loop_unwatch(turns.loop, &turns.read);
	plx_loop_unsignal(&turns.signal);
	plx_loop_forget(turns.loop, turns.fd[0], 0);
}

static int
play_loop(const char *backend)
{
	const struct plx_loop_options o = {
		.backend = backend,
		.sys = &support_sys.sys,
	};

	memset(&turns, 0, sizeof(turns));
	support_unix_pair(turns.fd);
	if (FAULTS_TRY(&turns.told, plx_loop_open(&o, &turns.loop)) == 0) {
		use_loop();
		plx_loop_close(&turns.loop);
	}
	close(turns.fd[0]);
	close(turns.fd[1]);
	return turns.told;
}
FAULTS(loop, .play = play_loop)
