/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_reinit.c: what makes kernel objects for a selector that has keys
 * already, in a child after fork or to be embedded, fails at every place it
 * can; then it is tried again, or the selector closed.
 *
 * A child tells the line on which something was wrong, modulo 255, as its exit
 * status.
 */
#include <config.h>

#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include "loop_fixture.h"
#include "selector_parts.h"

#define EXPECT(COND)                               \
	do {                                       \
		if (!(COND))                       \
			return __LINE__ % 255 + 1; \
	} while (0)

/* More than any of this asks for. */
#define MOST 12

static const unsigned entries[] = {
	SUPPORT_OPEN,
	SUPPORT_CHANGE,
	SUPPORT_RESIZE,
};

struct scene {
	const char *name;
	struct support_mark mark;
	plx_selector *s;
	int fd[2];  /* [0] is registered, and readable */
	FILE *file; /* and this, where the backend has to make it ready */
};

static struct scene
open_scene(const char *backend)
{
	struct scene c = {.name = backend, .mark = support_begin(backend)};

	support_unix_pair(c.fd);
	c.file = tmpfile();
	cr_assert_not_null(c.file);
	cr_assert_eq(write(c.fd[1], "x", 1), 1);
	cr_assert_eq(plx__selector_open(backend, &support_sys.sys, &c.s), 0);
	cr_assert_eq(plx_selector_register(c.s, c.fd[0], PLX_READ, NULL), 0);
	cr_assert_eq(plx_selector_register(c.s, fileno(c.file), PLX_READ, NULL),
		     0);
	return c;
}

static void
close_scene(struct scene *c)
{
	plx_selector_close(&c->s);
	close(c->fd[0]);
	close(c->fd[1]);
	fclose(c->file);
	support_end(c->mark, c->name);
}

static void
fail(unsigned entry, long at)
{
	support_sys.fails = entry;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = at;
}

/* Both keys are ready, and the embeddable descriptor says so. */
static int
works(struct scene *c)
{
	struct pollfd embedded = {.events = POLLIN};
	struct plx_ready ready[4];

	EXPECT(plx_selector_select(c->s, ready, 4, PLX_NEVER) == 2);
	embedded.fd = plx_selector_fileno(c->s);
	EXPECT(embedded.fd == -ENOTSUP || poll(&embedded, 1, 0) == 1);
	return 0;
}

/* In a child.  With AGAIN it is tried again, else given up. */
static int
reinit_with_fault(struct scene *c, unsigned entry, long at, int again)
{
	struct plx_ready ready[4];
	int r;

	fail(entry, at);
	r = plx_selector_reinit(c->s);
	EXPECT(r == 0 || r == -ENOMEM);
	if (r < 0)
		EXPECT(plx_selector_select(c->s, ready, 4, 0) == -ECHILD);
	fail(0, 0);
	if (r < 0 && again)
		r = plx_selector_reinit(c->s);
	if (r == 0)
		r = works(c);
	else if (!again)
		r = 0;
	plx_selector_close(&c->s);
	EXPECT(support_sys.blocks == c->mark.blocks);
	EXPECT(support_count_fds() == c->mark.fds + 3);
	return r;
}

static void
reinit_in_a_child(struct scene *c, unsigned entry, long at, int again)
{
	pid_t pid = fork();
	int status = -1;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		alarm(30);
		_exit(reinit_with_fault(c, entry, at, again));
	}
	while (waitpid(pid, &status, 0) != pid)
		cr_assert_eq(errno, EINTR);
	cr_assert(status == 0,
		  "%s: call %ld of %#x, %d: child's status is %#x (line %d)",
		  c->name, at, entry, again, status, WEXITSTATUS(status) - 1);
}

LOOPS(reinit, that_fails_can_be_tried_again_or_closed)
{
	struct scene c = open_scene(p->name);

	plx_selector_fileno(c.s);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		for (long at = 1; at <= MOST; at++) {
			reinit_in_a_child(&c, entries[i], at, 0);
			reinit_in_a_child(&c, entries[i], at, 1);
		}
	}
	cr_assert_eq(works(&c), 0, "%s", c.name);
	close_scene(&c);
}

LOOPS(reinit, that_fails_to_embed_leaves_nothing)
{
	struct scene c;
	int r, failed = 0;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		for (long at = 1; at <= MOST; at++) {
			c = open_scene(p->name);
			fail(entries[i], at);
			r = plx_selector_fileno(c.s);
			fail(0, 0);
			cr_assert(r >= 0 || r == -ENOTSUP || r == -ENOMEM,
				  "%s: %d", c.name, r);
			failed += r == -ENOMEM;
			cr_assert_eq(works(&c), 0, "%s", c.name);
			close_scene(&c);
		}
	}
	cr_assert(r == -ENOTSUP || failed > 2, "%s: %d", c.name, failed);
}

/* W, which the selector has not been told of at the fork, may be the one whom
   the failure strikes. */
static int
on_fork_with_fault(struct fixture *f, struct note *w, unsigned entry, long at)
{
	int r;

	fail(entry, at);
	r = plx_loop_on_fork(f->loop);
	EXPECT(r == 0 || r == -ENOMEM);
	if (r < 0)
		EXPECT(plx_loop_run_once(f->loop, 0) == -ECHILD);
	fail(0, 0);
	EXPECT(plx_loop_on_fork(f->loop) == 0);
	EXPECT(plx_loop_run_once(f->loop, PLX_NEVER) == 0);
	EXPECT(strcmp(f->log, "rw") == 0 || w->watch.error == -ENOMEM);
	plx_loop_close(&f->loop);
	EXPECT(support_sys.blocks == f->mark.blocks);
	return 0;
}

LOOPS(reinit, of_a_loop_that_fails_can_be_tried_again)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w'};
	int status;
	pid_t pid;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	CHECK(&f, write(f.fd[1], "x", 1) == 1);
	for (long i = 0; i < 3 * MOST; i++) {
		pid = fork();
		CHECK(&f, pid >= 0);
		if (pid == 0) {
			alarm(30);
			_exit(on_fork_with_fault(&f, &w, entries[i / MOST],
						 i % MOST + 1));
		}
		CHECK(&f, waitpid(pid, &status, 0) == pid);
		cr_assert(status == 0, "%s: %ld: child's status is %#x", f.name,
			  i, status);
	}
	plx_loop_unwatch(f.loop, &r.watch);
	plx_loop_unwatch(f.loop, &w.watch);
	end(&f);
}

static int
reinit_over_another_file(struct scene *c)
{
	struct plx_ready ready[4];
	struct plx_key key;
	int r;

	EXPECT(dup2(fileno(c->file), c->fd[0]) == c->fd[0]);
	EXPECT(plx_selector_reinit(c->s) == 0);
	r = plx_selector_get_key(c->s, c->fd[0], &key);
	EXPECT(r == 0 || r == -ENOENT);
	r = plx_selector_select(c->s, ready, 4, 0);
	EXPECT(r == 1 || r == 2);
	plx_selector_close(&c->s);
	EXPECT(support_sys.blocks == c->mark.blocks);
	return 0;
}

/* Which some backends take and others do not. */
LOOPS(reinit, over_a_number_that_is_a_regular_file_by_now)
{
	struct scene c = open_scene(p->name);
	int status = -1;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		alarm(30);
		_exit(reinit_over_another_file(&c));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(status == 0, "%s: child's status is %#x (line %d)", c.name,
		  status, WEXITSTATUS(status) - 1);
	close_scene(&c);
}
