/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_forked.c: a child that has closed descriptors which its selector or
 * its loop still knows, or that forked in the middle of something.
 *
 * The descriptors closed are older than the selector, so that their numbers
 * are the first to be given out again: to the selector itself.  A child's
 * findings come back as its exit status: the line on which something was
 * wrong, modulo 255.
 */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "loop_fixture.h"
#include "posts.h"
#include "selector_parts.h"

#define EXPECT(COND)                               \
	do {                                       \
		if (!(COND))                       \
			return __LINE__ % 255 + 1; \
	} while (0)

struct scene {
	const char *name;
	struct support_mark mark;
	plx_selector *s;
	int low[2]; /* older than the selector; [0] is registered */
};

static struct scene
open_scene(const char *backend)
{
	struct scene c = {.name = backend, .mark = support_begin(backend)};

	support_unix_pair(c.low);
	cr_assert_eq(plx__selector_open(backend, &support_sys.sys, &c.s), 0);
	return c;
}

static void
close_scene(struct scene *c)
{
	plx_selector_close(&c->s);
	close(c->low[0]);
	close(c->low[1]);
	support_end(c->mark, c->name);
}

static void
finish(const char *name, pid_t pid)
{
	int status = -1;

	cr_assert_gt(pid, 0);
	while (waitpid(pid, &status, 0) != pid)
		cr_assert_eq(errno, EINTR);
	cr_assert(status == 0, "%s: child's status is %#x (line %d)", name,
		  status, WEXITSTATUS(status) - 1);
}

static void
in_a_child(struct scene *c, int (*body)(struct scene *))
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(30);
		_exit(body(c));
	}
	finish(c->name, pid);
}

/* The selector of C has no keys, wakes, and sleeps. */
static int
is_empty(struct scene *c)
{
	int64_t soon = plx_after(5 * PLX_MILLISECOND);
	struct plx_ready ready[4];
	struct plx_key key;
	uint64_t waits;
	int cursor = 0;

	EXPECT(plx_selector_next_key(c->s, &cursor, &key) == 0);
	EXPECT(plx_selector_wake(c->s) == 0);
	EXPECT(plx_selector_select(c->s, ready, 4, PLX_NEVER) == 0);
	waits = c->s->stats.waits;
	EXPECT(plx_selector_select(c->s, ready, 4, soon) == 0);
	EXPECT(c->s->stats.waits - waits < 8);
	return 0;
}

static int
reinit_without_it(struct scene *c)
{
	struct plx_key key;

	close(c->low[0]);
	EXPECT(plx_selector_reinit(c->s) == 0);
	EXPECT(plx_selector_get_key(c->s, c->low[0], &key) == -ENOENT);
	return is_empty(c);
}

LOOPS(forked, a_closed_number_that_the_selector_takes_is_no_key)
{
	struct scene c = open_scene(p->name);

	cr_assert_eq(plx_selector_register(c.s, c.low[0], PLX_READ, NULL), 0);
	in_a_child(&c, reinit_without_it);
	close_scene(&c);
}

LOOPS(forked, a_closed_file_that_is_always_ready_is_dropped)
{
	struct scene c = open_scene(p->name);
	FILE *file = tmpfile();

	dup2(fileno(file), c.low[0]);
	fclose(file);
	cr_assert_eq(plx_selector_register(c.s, c.low[0], PLX_READ, NULL), 0);
	in_a_child(&c, reinit_without_it);
	close_scene(&c);
}

/* Registers LOW for one event and has it; 0 where that does not exist. */
static int
spend(struct scene *c)
{
	struct plx_ready ready[4];
	int ret = plx_selector_register(c->s, c->low[0], PLX_READ | PLX_ONESHOT,
					NULL);

	if (ret == -ENOTSUP)
		return 0;
	cr_assert_eq(ret, 0, "%s", c->name);
	cr_assert_eq(write(c->low[1], "x", 1), 1);
	cr_assert_eq(plx_selector_select(c->s, ready, 4, 0), 1);
	cr_assert_eq(plx_selector_select(c->s, ready, 4, 0), 0);
	return 1;
}

LOOPS(forked, a_closed_oneshot_that_has_fired_is_dropped)
{
	struct scene c = open_scene(p->name);

	if (spend(&c))
		in_a_child(&c, reinit_without_it);
	close_scene(&c);
}

static int
reuse_after_reinit(struct scene *c)
{
	const unsigned once = PLX_READ | PLX_ONESHOT;
	struct plx_ready ready[4];
	int other[2];

	EXPECT(plx_selector_reinit(c->s) == 0);
	EXPECT(plx_selector_register(c->s, c->low[0], once, NULL) == -EEXIST);
	close(c->low[0]);
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
	EXPECT(other[0] == c->low[0] && write(other[1], "x", 1) == 1);
	EXPECT(plx_selector_modify(c->s, other[0], once, NULL) == -ENOENT);
	EXPECT(plx_selector_select(c->s, ready, 4, 0) == 0);
	EXPECT(plx_selector_register(c->s, other[0], once, NULL) == 0);
	EXPECT(plx_selector_select(c->s, ready, 4, 0) == 1);
	return 0;
}

static int
close_after_reinit(struct scene *c)
{
	EXPECT(plx_selector_reinit(c->s) == 0);
	close(c->low[0]);
	EXPECT(plx_selector_modify(c->s, c->low[0], PLX_READ, NULL) == -ENOENT);
	EXPECT(plx_selector_unregister(c->s, c->low[0]) == 0);
	return is_empty(c);
}

LOOPS(forked, a_oneshot_that_has_fired_is_still_known_by_its_file)
{
	struct scene c = open_scene(p->name);

	if (spend(&c)) {
		in_a_child(&c, reuse_after_reinit);
		in_a_child(&c, close_after_reinit);
	}
	close_scene(&c);
}

LOOPS(forked, the_selectors_own_numbers_are_refused)
{
	struct scene c = open_scene(p->name);
	int own[4] = {c.s->wake.reader, c.s->wake.writer, -1, -1};

	if (c.s->backend->fileno) {
		/* a macro of some <stdio.h> */
		own[2] = (c.s->backend->fileno)(c.s->state);
		own[3] = plx_selector_fileno(c.s);
	}
	for (int i = 0; i < 4; i++)
		cr_assert_eq(plx_selector_register(c.s, own[i], PLX_READ, NULL),
			     -EBADF, "%s: %d", c.name, i);
	cr_assert_eq(is_empty(&c), 0);
	close_scene(&c);
}

static int
run_without_it(struct fixture *f, struct note *n, int fd)
{
	close(fd);
	EXPECT(plx_loop_on_fork(f->loop) == 0);
	EXPECT(plx_loop_post(f->loop, run_note, n->other) == 0);
	for (int i = 0; i < 4; i++)
		EXPECT(plx_loop_run_once(f->loop, 0) == 0);
	EXPECT(strcmp(f->log, "wp") == 0 || strcmp(f->log, "pw") == 0);
	EXPECT(n->events == 0 && n->watch.error == -EBADF);
	EXPECT(plx_loop_run(f->loop, support_sys.now + PLX_SECOND) ==
	       -ETIMEDOUT);
	EXPECT(stats_of(f).turns <= 8);
	return 0;
}

LOOPS(forked, a_watch_of_a_closed_descriptor_is_told_once)
{
	struct fixture f;
	struct note post = {.f = &f, .letter = 'p'};
	struct note n = {.f = &f, .letter = 'w', .other = &post};
	int low[2];
	pid_t pid;

	support_unix_pair(low);
	begin(&f, p);
	IS(&f, watch(&n, low[0], PLX_READ), 0);
	pid = fork();
	if (pid == 0)
		_exit(run_without_it(&f, &n, low[0]));
	finish(f.name, pid);
	end(&f);
	close(low[0]);
	close(low[1]);
}

/* The number is another file's before the next turn. */
static int
reuse_at_once(struct fixture *f, struct note *n, int fd)
{
	int other[2];

	close(fd);
	EXPECT(plx_loop_on_fork(f->loop) == 0);
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
	EXPECT(dup2(other[0], fd) == fd);
	EXPECT(write(other[1], "x", 1) == 1);
	EXPECT(watch(n->other, fd, PLX_WRITE) == 0);
	plx_loop_unwatch(f->loop, &n->other->watch);
	EXPECT(watch(n->other, fd, PLX_READ) == 0);
	EXPECT(plx_loop_run_once(f->loop, PLX_NEVER) == 0);
	EXPECT(strcmp(f->log, "wo") == 0);
	EXPECT(n->events == 0 && n->watch.error == -EBADF);
	EXPECT(n->other->events == PLX_READ);
	return 0;
}

LOOPS(forked,
      a_watch_of_a_closed_descriptor_does_not_hear_the_next_of_its_number)
{
	struct fixture f;
	struct note other = {.f = &f, .letter = 'o'};
	struct note n = {.f = &f, .letter = 'w', .other = &other};
	int fd;
	pid_t pid;

	begin(&f, p);
	support_unix_pair(f.fd);
	fd = fcntl(f.fd[0], F_DUPFD_CLOEXEC, 100);
	IS(&f, watch(&n, fd, PLX_READ), 0);
	pid = fork();
	if (pid == 0)
		_exit(reuse_at_once(&f, &n, fd));
	finish(f.name, pid);
	plx_loop_unwatch(f.loop, &n.watch);
	plx_loop_forget(f.loop, fd, 0);
	close(fd);
	end(&f);
}

/* A table with one entry that stops in its middle, or forks there. */
static struct bent {
	struct plx_sys sys;
	struct fixture *f;
	struct note note;
	atomic_int inside, go;
	int forks;
	pid_t child;
} bent;

/* STALE, of SIZE bytes, is what the loop still takes for its memory. */
static int
post_three(struct fixture *f, unsigned char *stale, size_t size)
{
	alarm(10);
	memset(stale, 0xaa, size);
	EXPECT(plx_loop_post(f->loop, run_note, &bent.note) == -ECHILD);
	EXPECT(plx_loop_on_fork(f->loop) == 0);
	for (int i = 0; i < 3; i++)
		EXPECT(plx_loop_post(f->loop, run_note, &bent.note) == 0);
	EXPECT(plx_loop_run_once(f->loop, 0) == 0);
	EXPECT(strcmp(f->log, "ppp") == 0);
	for (size_t i = 0; i < size; i++)
		EXPECT(stale[i] == 0xaa);
	return 0;
}

/* The block has moved, and nobody has been told where. */
static void *
fork_in_resize(const struct plx_sys *sys, void *p, size_t size)
{
	void *moved;

	(void)sys;
	if (!bent.forks || size != 128 * sizeof(struct plx_post))
		return plx__sys_real.resize(&plx__sys_real, p, size);
	bent.forks = 0;
	moved = plx__sys_real.resize(&plx__sys_real, NULL, size);
	memcpy(moved, p, size / 2);
	bent.child = fork();
	if (bent.child == 0)
		_exit(post_three(bent.f, p, size / 2));
	plx__sys_real.resize(&plx__sys_real, p, 0);
	return moved;
}

Test(forked, posts_that_were_being_moved_are_left_alone, .timeout = 60)
{
	struct plx_loop_options options = {.sys = &bent.sys};
	struct fixture f = {.name = "default"};

	/* To leave a block alone is to lose it. */
	if (RUNNING_ON_VALGRIND)
		cr_skip_test("valgrind calls it a leak");
	bent.f = &f;
	bent.note = (struct note){.f = &f, .letter = 'p'};
	bent.sys = plx__sys_real;
	bent.sys.resize = fork_in_resize;
	IS(&f, plx_loop_open(&options, &f.loop), 0);
	bent.forks = 1;
	for (int i = 0; i < 65; i++)
		IS(&f, plx_loop_post(f.loop, run_note, &bent.note), 0);
	finish(f.name, bent.child);
	turn(&f);
	CHECK(&f, f.length == 65);
	plx_loop_close(&f.loop);
}

static ssize_t
stop_in_write(const struct plx_sys *sys, int fd, const void *buf, size_t n)
{
	(void)sys;
	atomic_store(&bent.inside, 1);
	while (!atomic_load(&bent.go))
		continue;
	return plx__sys_real.write(&plx__sys_real, fd, buf, n);
}

static void *
raise_here(void *arg)
{
	(void)arg;
	pthread_kill(pthread_self(), SIGUSR1);
	return NULL;
}

static void
ignore_signal(struct plx_signal *s, int signo)
{
	(void)s;
	(void)signo;
}

Test(forked, unsignal_waits_for_no_handler_of_the_parent, .timeout = 60)
{
	struct plx_loop_options options = {.sys = &bent.sys};
	struct plx_signal s = {.fn = ignore_signal};
	struct fixture f = {.name = "default"};
	pthread_t thread;
	pid_t pid;

	bent.sys = plx__sys_real;
	bent.sys.write = stop_in_write;
	IS(&f, plx_loop_open(&options, &f.loop), 0);
	IS(&f, plx_loop_signal(f.loop, &s, SIGUSR1), 0);
	cr_assert_eq(pthread_create(&thread, NULL, raise_here, NULL), 0);
	while (!atomic_load(&bent.inside))
		continue;
	pid = fork();
	if (pid == 0) {
		alarm(5);
		plx_loop_unsignal(&s);
		_exit(0);
	}
	atomic_store(&bent.go, 1);
	finish(f.name, pid);
	pthread_join(thread, NULL);
	plx_loop_close(&f.loop);
}
