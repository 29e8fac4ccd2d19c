/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_signals.c: signals of the process as callbacks of a loop.
 */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include "loop_fixture.h"

struct heard {
	struct fixture *f;
	struct plx_signal signal;
	void (*then)(struct heard *h);
	char letter;
};

static void
hear(struct plx_signal *s, int signo)
{
	struct heard *h = s->arg;

	CHECK(h->f, signo == s->signo);
	write_letter(h->f, h->letter);
	if (h->then)
		h->then(h);
}

static int
catch_signal(struct heard *h, int signo)
{
	h->signal.fn = hear;
	h->signal.arg = h;
	return plx_loop_signal(h->f->loop, &h->signal, signo);
}

static int
is_ignored(int signo)
{
	struct sigaction action;

	cr_assert_eq(sigaction(signo, NULL, &action), 0);
	return action.sa_handler == SIG_IGN;
}

LOOPS(signals, one_delivery_runs_the_callback_once)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};

	begin_real(&f, p);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	turn(&f);
	LOGGED(&f, "");
	raise(SIGUSR1);
	LOGGED(&f, "");
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "h");
	turn(&f);
	LOGGED(&f, "");
	end(&f);
}

LOOPS(signals, the_handler_leaves_errno_alone)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};

	begin_real(&f, p);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	IS(&f, raise(SIGUSR1), 0);
	turn(&f);
	LOGGED(&f, "h");
	end(&f);
}

LOOPS(signals, a_storm_before_a_turn_is_heard_once)
{
	struct fixture f;
	struct heard a = {.f = &f, .letter = 'a'};
	struct heard b = {.f = &f, .letter = 'b'};

	begin_real(&f, p);
	IS(&f, catch_signal(&a, SIGUSR1), 0);
	IS(&f, catch_signal(&b, SIGUSR2), 0);
	for (int i = 0; i < 10000; i++)
		raise(i % 2 ? SIGUSR1 : SIGUSR2);
	turn(&f);
	CHECK(&f, strlen(f.log) == 2);
	CHECK(&f, strchr(f.log, 'a') && strchr(f.log, 'b'));
	end(&f);
}

static void
raise_again(struct heard *h)
{
	raise(h->signal.signo);
}

LOOPS(signals, one_raised_by_its_own_callback_is_heard_in_the_next_turn)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h', .then = raise_again};

	begin_real(&f, p);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	raise(SIGUSR1);
	turn(&f);
	LOGGED(&f, "h");
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "h");
	end(&f);
}

static void *
kill_process(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)kill(getpid(), SIGUSR1);
}

static void
stop_when_heard(struct heard *h)
{
	plx_loop_stop(h->f->loop);
}

LOOPS(signals, one_from_another_thread_ends_a_wait_without_an_end)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h', .then = stop_when_heard};
	pthread_t thread;

	begin_real(&f, p);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	for (int i = 0; i < 20; i++) {
		CHECK(&f,
		      pthread_create(&thread, NULL, kill_process, NULL) == 0);
		IS(&f, plx_loop_run(f.loop, PLX_NEVER), 0);
		LOGGED(&f, "h");
		pthread_join(thread, NULL);
	}
	end(&f);
}

LOOPS(signals, unsignal_gives_the_former_disposition_back)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};

	begin_real(&f, p);
	signal(SIGUSR1, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		IS(&f, catch_signal(&h, SIGUSR1), 0);
		CHECK(&f, !is_ignored(SIGUSR1));
		plx_loop_unsignal(&h.signal);
		CHECK(&f, is_ignored(SIGUSR1));
		plx_loop_unsignal(&h.signal);
	}
	raise(SIGUSR1);
	turn(&f);
	LOGGED(&f, "");
	end(&f);
}

LOOPS(signals, close_gives_the_former_disposition_back)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};

	begin_real(&f, p);
	signal(SIGUSR1, SIG_IGN);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	raise(SIGUSR1);
	end(&f);
	CHECK(&f, is_ignored(SIGUSR1));
	CHECK(&f, h.signal.signo == 0);
	LOGGED(&f, "");
}

static void
give_up(struct heard *h)
{
	plx_loop_unsignal(&h->signal);
}

LOOPS(signals, one_can_be_given_up_in_its_own_callback)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h', .then = give_up};

	begin_real(&f, p);
	signal(SIGUSR1, SIG_IGN);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	raise(SIGUSR1);
	turn(&f);
	LOGGED(&f, "h");
	CHECK(&f, is_ignored(SIGUSR1));
	end(&f);
}

LOOPS(signals, what_cannot_be_caught_or_is_taken_is_refused)
{
	struct fixture f;
	struct heard a = {.f = &f, .letter = 'a'};
	struct heard b = {.f = &f, .letter = 'b'};
	struct plx_signal empty = {.arg = NULL};

	begin_real(&f, p);
	IS(&f, catch_signal(&a, SIGKILL), -EINVAL);
	IS(&f, catch_signal(&a, SIGSTOP), -EINVAL);
	IS(&f, catch_signal(&a, 0), -EINVAL);
	IS(&f, catch_signal(&a, -1), -EINVAL);
	IS(&f, catch_signal(&a, 100000), -EINVAL);
	IS(&f, plx_loop_signal(f.loop, &empty, SIGUSR1), -EINVAL);
	CHECK(&f, a.signal.signo == 0);
	IS(&f, catch_signal(&a, SIGUSR1), 0);
	IS(&f, catch_signal(&a, SIGUSR2), -EBUSY);
	IS(&f, catch_signal(&b, SIGUSR1), -EBUSY);
	raise(SIGUSR1);
	turn(&f);
	LOGGED(&f, "a");
	end(&f);
}

LOOPS(signals, two_loops_hear_their_own)
{
	struct plx_loop_options options = {
		.backend = p->name,
		.sys = &support_sys.sys,
	};
	struct fixture f;
	struct fixture g = {.length = 0};
	struct heard a = {.f = &f, .letter = 'a'};
	struct heard b = {.f = &g, .letter = 'b'};

	begin_real(&f, p);
	memcpy(g.name, f.name, sizeof(g.name));
	IS(&f, plx_loop_open(&options, &g.loop), 0);
	IS(&f, catch_signal(&a, SIGUSR1), 0);
	IS(&f, catch_signal(&b, SIGUSR1), -EBUSY);
	IS(&f, catch_signal(&b, SIGUSR2), 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	turn(&f);
	LOGGED(&f, "a");
	LOGGED(&g, "");
	turn(&g);
	LOGGED(&f, "");
	LOGGED(&g, "b");
	plx_loop_close(&g.loop);
	end(&f);
}

static int storming;

static void *
storm(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&storming, __ATOMIC_RELAXED))
		pthread_kill(pthread_self(), SIGUSR1);
	return NULL;
}

LOOPS(signals, a_loop_may_end_while_its_handler_runs_in_another_thread)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};
	pthread_t thread;

	signal(SIGUSR1, SIG_IGN);
	storming = 1;
	cr_assert_eq(pthread_create(&thread, NULL, storm, NULL), 0);
	for (int i = 0; i < 200; i++) {
		begin_real(&f, p);
		IS(&f, catch_signal(&h, SIGUSR1), 0);
		turn(&f);
		end(&f);
	}
	__atomic_store_n(&storming, 0, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

static int
child_of(struct fixture *f)
{
	if (plx_loop_on_fork(f->loop) != 0)
		return 1;
	if (plx_loop_run_once(f->loop, 0) != 0 || f->length)
		return 2;
	raise(SIGUSR2);
	if (plx_loop_run_once(f->loop, PLX_NEVER) != 0)
		return 3;
	raise(SIGUSR1);
	if (plx_loop_run_once(f->loop, PLX_NEVER) != 0)
		return 3;
	if (strcmp(f->log, "2h") != 0)
		return 4;
	plx_loop_close(&f->loop);
	return is_ignored(SIGUSR1) ? 0 : 5;
}

LOOPS(signals, what_the_parent_caught_is_not_heard_in_the_child)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};
	struct heard other = {.f = &f, .letter = '2'};
	int status = -1;
	pid_t pid;

	begin_real(&f, p);
	signal(SIGUSR1, SIG_IGN);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	IS(&f, catch_signal(&other, SIGUSR2), 0);
	raise(SIGUSR1);
	pid = fork();
	if (pid == 0)
		_exit(child_of(&f));
	while (waitpid(pid, &status, 0) != pid)
		CHECK(&f, errno == EINTR);
	cr_assert_eq(status, 0, "%s: status %#x", f.name, status);
	turn(&f);
	LOGGED(&f, "h");
	end(&f);
}

static int
hears_its_own(struct fixture *f)
{
	raise(SIGUSR1);
	if (plx_loop_on_fork(f->loop) != 0)
		return 1;
	if (plx_loop_run_once(f->loop, plx_after(10 * PLX_SECOND)) != 0)
		return 2;
	return strcmp(f->log, "h") == 0 ? 0 : 3;
}

/* BEFORE: how often the parent has caught the same by then. */
static void
deliver_before_on_fork(const struct backend_param *p, int before)
{
	struct fixture f;
	struct heard h = {.f = &f, .letter = 'h'};
	int status = -1;
	pid_t pid;

	begin_real(&f, p);
	IS(&f, catch_signal(&h, SIGUSR1), 0);
	for (int i = 0; i < before; i++)
		raise(SIGUSR1);
	pid = fork();
	if (pid == 0)
		_exit(hears_its_own(&f));
	while (waitpid(pid, &status, 0) != pid)
		CHECK(&f, errno == EINTR);
	cr_assert_eq(status, 0, "%s: status %#x", f.name, status);
	turn(&f);
	LOGGED(&f, before ? "h" : "");
	end(&f);
}

LOOPS(signals, one_delivered_to_the_child_before_on_fork_is_heard)
{
	deliver_before_on_fork(p, 0);
	deliver_before_on_fork(p, 1);
}
