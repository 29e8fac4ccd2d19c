/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_fork.c: forks in every layer, in the middle of everything.
 *
 * The child uses what it has inherited: -ECHILD before plx_loop_on_fork (or
 * plx_selector_reinit), then a loop of its own, with tasks, timers, threads and
 * streams of its own.  The parent does not wait for it; its connections go on,
 * and every byte is looked at.  A child first closes its copies of the parent's
 * descriptors: it would read what is the parent's else.
 */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <pollux/blocking.h>
#include <pollux/gen.h>
#include <pollux/selector.h>
#include "blocking_common.h"
#include "loop_fixture.h"
#include "server_common.h"
#include "storm.h"

/* What a child does with LOOP, which is its own by now: bytes, a timer, a post
   and a wake. */
struct small {
	plx_loop *loop;
	struct plx_watch watch;
	struct plx_call call;
	int64_t when;
	int heard, fired, posted, early;
};

static void
small_heard(struct plx_watch *w, unsigned events)
{
	struct small *s = w->arg;

	s->heard += events & PLX_READ && support_drain(w->fd) == 5;
	plx_loop_unwatch(s->loop, w);
}

static void
small_fired(void *arg)
{
	struct small *s = arg;

	s->fired++;
	s->early += plx_now() < s->when;
}

static void
small_posted(void *arg)
{
	((struct small *)arg)->posted++;
}

/* Inside a callback of LOOP too, where there is no turn to be had: the rest is
   then up to finish_small. */
static void
begin_small(struct small *s, plx_loop *loop)
{
	int fd[2];

	*s = (struct small){.loop = loop, .watch = {.fn = small_heard}};
	s->watch.arg = s;
	support_unix_pair(fd);
	STORM_WANT(plx_loop_watch(loop, &s->watch, fd[0], PLX_READ) == 0);
	STORM_WANT(write(fd[1], "hello", 5) == 5);
	s->when = plx_after(200 * PLX_MICROSECOND);
	STORM_WANT(plx_loop_call_at(loop, &s->call, s->when, small_fired, s) ==
		   0);
	STORM_WANT(plx_loop_post(loop, small_posted, s) == 0);
	STORM_WANT(plx_loop_wake(loop) == 0);
}

static void
finish_small(struct small *s)
{
	STORM_WANT(!s->early);
	STORM_WANT(s->heard == 1 && s->fired == 1 && s->posted == 1);
}

/* The layers of the loop: a fork in each kind of callback. */
enum {
	IN_SOON,
	IN_TIMER,
	IN_WATCH,
	IN_POST,
	IN_SIGNAL,
	PLACES
};

struct layers {
	struct fixture f;
	int place;
	size_t sent, got, bad, forks, kept;
	struct plx_watch read, write;
	struct plx_call soon, timer;
	struct plx_signal signal;
	pid_t child;
	int is_child;
	struct small small;
};

static void fork_here(struct layers *l);

static void
layer_read(struct plx_watch *w, unsigned events)
{
	struct layers *l = w->arg;
	unsigned char data[512];
	ssize_t n;

	if (events == 0)
		return; /* the child has closed it */
	if (l->is_child) {
		STORM_WANT(w->fd != l->f.fd[0]);
		return;
	}
	n = read(w->fd, data, sizeof(data));
	for (ssize_t i = 0; i < n; i++)
		l->bad += data[i] != storm_byte(1, l->got++);
	if (l->place == IN_WATCH && !l->child)
		fork_here(l);
}

static void
layer_write(struct plx_watch *w, unsigned events)
{
	struct layers *l = w->arg;
	unsigned char data[300];
	ssize_t n;

	if (events == 0)
		return;
	STORM_WANT(!l->is_child);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = storm_byte(1, l->sent + i);
	n = write(w->fd, data, sizeof(data));
	l->sent += n > 0 ? (size_t)n : 0;
}

static void
layer_call(void *arg)
{
	struct layers *l = arg;

	if (!l->child && !l->is_child)
		fork_here(l);
}

static void
layer_signal(struct plx_signal *s, int signo)
{
	(void)signo;
	layer_call(s->arg);
}

/* A post that the fork finds waiting stays the parent's. */
static void
keep_post(void *arg)
{
	struct layers *l = arg;

	STORM_WANT(!l->is_child);
	l->kept++;
}

/* The child closes what it has of the parent's, then makes the loop its own;
   its watches of those are told, -EBADF. */
static void
fork_here(struct layers *l)
{
	plx_loop *loop = l->f.loop;

	l->forks++;
	l->bad += plx_loop_post(loop, keep_post, l) != 0;
	l->child = fork();
	if (l->child != 0)
		return;
	alarm(60);
	l->is_child = 1;
	STORM_WANT(plx_loop_post(loop, small_posted, NULL) == -ECHILD);
	STORM_WANT(plx_loop_wake(loop) == -ECHILD);
	close(l->f.fd[0]);
	close(l->f.fd[1]);
	STORM_WANT(plx_loop_on_fork(loop) == 0);
	begin_small(&l->small, loop);
}

/* Has the callback of the place come. */
static void
provoke(struct layers *l)
{
	plx_loop *loop = l->f.loop;
	int64_t now = plx_loop_now(loop);

	l->child = 0;
	switch (l->place) {
	case IN_SOON:
		plx_loop_call_soon(loop, &l->soon, layer_call, l);
		break;
	case IN_TIMER:
		plx_loop_call_at(loop, &l->timer, now, layer_call, l);
		break;
	case IN_POST:
		plx_loop_post(loop, layer_call, l);
		plx_loop_post(loop, layer_call, l);
		break;
	case IN_SIGNAL:
		raise(SIGUSR1);
	}
}

static void
be_child_of(struct layers *l)
{
	while (!l->small.heard || !l->small.fired || !l->small.posted)
		STORM_WANT(plx_loop_run_once(l->f.loop, PLX_NEVER) == 0);
	finish_small(&l->small);
	STORM_WANT(!l->read.direction && l->read.error == -EBADF);
	STORM_WANT(!l->write.direction && l->write.error == -EBADF);
	plx_loop_close(&l->f.loop);
	_exit(0);
}

static void
begin_layers(struct layers *l, const struct backend_param *p, int place)
{
	memset(l, 0, sizeof(*l));
	begin(&l->f, p);
	support_sys.fake_clock = 0;
	support_unix_pair(l->f.fd);
	l->place = place;
	l->read = (struct plx_watch){.fn = layer_read, .arg = l};
	l->write = (struct plx_watch){.fn = layer_write, .arg = l};
	l->signal = (struct plx_signal){.fn = layer_signal, .arg = l};
	IS(&l->f, plx_loop_signal(l->f.loop, &l->signal, SIGUSR1), 0);
	IS(&l->f, plx_loop_watch(l->f.loop, &l->read, l->f.fd[0], PLX_READ), 0);
	IS(&l->f, plx_loop_watch(l->f.loop, &l->write, l->f.fd[1], PLX_WRITE),
	   0);
	l->child = 1; /* none is wanted yet */
}

/* The flow goes on for a while beside each child. */
static void
fork_once(struct layers *l)
{
	size_t more = l->got + 20000;

	provoke(l);
	while (!l->child || l->got < more) {
		CHECK(&l->f, plx_loop_run_once(l->f.loop, PLX_NEVER) == 0);
		if (l->is_child)
			be_child_of(l);
	}
	storm_reap(l->f.name, l->child);
	CHECK(&l->f, l->bad == 0 && l->kept == l->forks);
}

STORM(storm_fork, in_each_kind_of_callback_leaves_the_parent_alone)
{
	static struct layers l;
	size_t i, n = storm_size(3, 100);

	for (int place = 0; place < PLACES; place++) {
		begin_layers(&l, p, place);
		for (i = 0; i < n; i++)
			fork_once(&l);
		figures_say("storm: %s: place %d: %zu forks, %zu bytes",
			    l.f.name, place, n, l.got);
		end(&l.f);
	}
}

/* A selector between two questions. */
STORM(storm_fork, between_two_questions_of_a_selector)
{
	struct support_mark mark = support_begin(p->name);
	size_t n = storm_size(20, 1000);
	struct plx_ready ready[2];
	plx_selector *s;
	pid_t child;
	int fd[2];

	support_unix_pair(fd);
	cr_assert_eq(plx_selector_open(p->name, &s), 0);
	cr_assert_eq(plx_selector_register(s, fd[0], PLX_READ, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(write(fd[1], "x", 1), 1);
		child = fork();
		if (child == 0) {
			STORM_WANT(plx_selector_select(s, ready, 2, 0) ==
				   -ECHILD);
			STORM_WANT(plx_selector_reinit(s) == 0);
			STORM_WANT(plx_selector_unregister(s, fd[0]) == 0);
			close(fd[0]);
			STORM_WANT(plx_selector_select(s, ready, 2, 0) == 0);
			plx_selector_close(&s);
			_exit(0);
		}
		cr_assert_eq(plx_selector_select(s, ready, 2, PLX_NEVER), 1);
		cr_assert_eq(support_drain(fd[0]), 1);
		storm_reap(p->name, child);
		cr_assert_eq(plx_selector_select(s, ready, 2, 0), 0);
	}
	plx_selector_close(&s);
	close(fd[0]);
	close(fd[1]);
	support_end(mark, p->name);
}
