/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_fork.c: forked children, null selectors, and errno.
 *
 * A child must say -ECHILD until plx_selector_reinit, and must never change
 * what the parent's kernel object watches.  The child's findings come back as
 * its exit status: the line on which something was wrong, modulo 255.
 */
#include <config.h>

#include "conformance.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(COND)                               \
	do {                                       \
		if (!(COND)) {                     \
			return __LINE__ % 255 + 1; \
		}                                  \
	} while (0)

static int token; /* somebody's data */

struct scene {
	plx_selector *s;
	int fd[2];    /* [0] is registered for reading */
	int other[2]; /* the same, and closed by one child */
};

static struct scene
set_up(struct fixture *f)
{
	struct scene c = {.s = f->s};

	support_unix_pair(c.fd);
	support_unix_pair(c.other);
	IS(f, plx_selector_register(f->s, c.fd[0], PLX_READ, &token), 0);
	IS(f, plx_selector_register(f->s, c.other[0], PLX_READ, NULL), 0);
	return c;
}

static void
in_a_child(struct fixture *f, struct scene *c, int (*body)(struct scene *))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(body(c));
	}
	CHECK(f, pid > 0 && waitpid(pid, &status, 0) == pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		  "%s: child's status is %x (line %d)", f->name, status,
		  WEXITSTATUS(status) - 1);
}

static void
check_parent(struct fixture *f, struct scene *c)
{
	expect_quiet(f);
	put_byte(c->fd[1]);
	expect_ready(f, c->fd[0], PLX_READ);
	support_drain(c->fd[0]);
	put_byte(c->other[1]);
	expect_ready(f, c->other[0], PLX_READ);
	support_drain(c->other[0]);
	expect_quiet(f);
	IS(f, plx_selector_modify(f->s, c->fd[0], BOTH, NULL), 0);
	expect_ready(f, c->fd[0], PLX_WRITE);
	CHECK(f, stats_of(f).stale == 0 && stats_of(f).rebuilt == 0);
	close_pair(c->fd);
	close_pair(c->other);
}

static int
try_everything(struct scene *c)
{
	struct plx_selector_stats stats;
	struct plx_ready ready;
	struct plx_key key;
	int fd = c->fd[0], free_fd = c->fd[1], cursor = 0;

	errno = 4711;
	EXPECT(plx_selector_register(c->s, free_fd, BOTH, NULL) == -ECHILD);
	EXPECT(plx_selector_modify(c->s, fd, BOTH, NULL) == -ECHILD);
	EXPECT(plx_selector_modify(c->s, fd, PLX_READ, NULL) == -ECHILD);
	EXPECT(plx_selector_unregister(c->s, fd) == -ECHILD);
	EXPECT(plx_selector_get_key(c->s, fd, &key) == -ECHILD);
	EXPECT(plx_selector_next_key(c->s, &cursor, &key) == -ECHILD);
	EXPECT(plx_selector_select(c->s, &ready, 1, 0) == -ECHILD);
	EXPECT(plx_selector_select(c->s, &ready, 1, PLX_NEVER) == -ECHILD);
	EXPECT(plx_selector_wake(c->s) == -ECHILD);
	EXPECT(plx_selector_fileno(c->s) == -ECHILD);
	EXPECT(plx_selector_stats(c->s, &stats) == -ECHILD);
	EXPECT(errno == 4711);
	return 0;
}

CONFORMS(forking, makes_every_call_in_the_child_say_so)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, try_everything);
	check_parent(&f, &c);
	end(&f);
}

static int
close_only(struct scene *c)
{
	errno = 4711;
	plx_selector_close(&c->s);
	EXPECT(!c->s && errno == 4711);
	return 0;
}

CONFORMS(forking, allows_the_child_to_close_its_copy)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, close_only);
	check_parent(&f, &c);
	end(&f);
}

static int
use_after_reinit(struct scene *c)
{
	struct plx_ready ready[4];
	struct plx_key key;
	int mine[2];

	errno = 4711;
	EXPECT(plx_selector_reinit(c->s) == 0);
	EXPECT(errno == 4711);
	EXPECT(plx_selector_get_key(c->s, c->fd[0], &key) == 0);
	EXPECT(key.data == &token && key.events == PLX_READ);
	EXPECT(plx_selector_select(c->s, ready, 4, 0) == 0);
	EXPECT(write(c->fd[1], "x", 1) == 1);
	EXPECT(plx_selector_select(c->s, ready, 4, PLX_NEVER) == 1);
	EXPECT(ready[0].fd == c->fd[0] && ready[0].data == &token);
	EXPECT(support_drain(c->fd[0]) == 1);
	EXPECT(plx_selector_wake(c->s) == 0);
	EXPECT(plx_selector_select(c->s, ready, 4, PLX_NEVER) == 0);
	EXPECT(pipe(mine) == 0);
	EXPECT(plx_selector_register(c->s, mine[1], PLX_WRITE, NULL) == 0);
	EXPECT(plx_selector_select(c->s, ready, 4, PLX_NEVER) == 1);
	EXPECT(plx_selector_modify(c->s, c->fd[0], PLX_WRITE, NULL) == 0);
	EXPECT(plx_selector_unregister(c->s, c->fd[0]) == 0);
	EXPECT(plx_selector_unregister(c->s, c->other[0]) == 0);
	EXPECT(plx_selector_unregister(c->s, mine[1]) == 0);
	plx_selector_close(&c->s);
	return 0;
}

CONFORMS(forking, gives_the_child_a_selector_of_its_own_after_reinit)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, use_after_reinit);
	check_parent(&f, &c);
	end(&f);
}

static int
reinit_with_one_closed(struct scene *c)
{
	struct plx_ready ready;
	struct plx_key key;

	close(c->other[0]);
	EXPECT(plx_selector_reinit(c->s) == 0);
	EXPECT(plx_selector_get_key(c->s, c->other[0], &key) == -ENOENT);
	EXPECT(plx_selector_get_key(c->s, c->fd[0], &key) == 0);
	EXPECT(plx_selector_select(c->s, &ready, 1, 0) == 0);
	plx_selector_close(&c->s);
	return 0;
}

CONFORMS(forking, drops_the_keys_that_the_child_has_closed)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, reinit_with_one_closed);
	check_parent(&f, &c);
	end(&f);
}

/* Descriptors that one child closes, and then has for files of its own. */
#define FIRST_OWN 3
#define AFTER_OWN 64

static int
is_file_of(int fd, ino_t ino)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == ino;
}

/* Closes all but those of C, as daemons do, and puts one file into each of
   their places; its number. */
static ino_t
start_afresh(const struct scene *c)
{
	int file = regular_file(), fd;
	struct stat st = {.st_ino = 0};

	fstat(file, &st);
	dup2(file, 0);
	for (fd = FIRST_OWN; fd < AFTER_OWN; fd++) {
		if (fd != c->fd[0] && fd != c->fd[1])
			dup2(0, fd);
	}
	return st.st_ino;
}

static int
finds_its_own(const struct scene *c, ino_t ino)
{
	int fd;

	for (fd = FIRST_OWN; fd < AFTER_OWN; fd++) {
		if (fd != c->fd[0] && fd != c->fd[1])
			EXPECT(is_file_of(fd, ino));
	}
	return 0;
}

static int
reinit_among_its_own(struct scene *c)
{
	ino_t ino = start_afresh(c);
	struct plx_ready ready;
	int wrong;

	EXPECT(plx_selector_reinit(c->s) == 0);
	wrong = finds_its_own(c, ino);
	/* Which may have been seen to be another file. */
	(void)plx_selector_unregister(c->s, c->other[0]);
	EXPECT(write(c->fd[1], "x", 1) == 1);
	EXPECT(plx_selector_select(c->s, &ready, 1, PLX_NEVER) == 1);
	EXPECT(support_drain(c->fd[0]) == 1);
	plx_selector_close(&c->s);
	return wrong ? wrong : finds_its_own(c, ino);
}

CONFORMS(forking, leaves_files_alone_that_the_child_has_in_the_old_places)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, reinit_among_its_own);
	check_parent(&f, &c);
	end(&f);
}

static int
close_among_its_own(struct scene *c)
{
	ino_t ino = start_afresh(c);

	plx_selector_close(&c->s);
	return finds_its_own(c, ino);
}

CONFORMS(forking, and_so_does_a_close)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, close_among_its_own);
	check_parent(&f, &c);
	end(&f);
}

static int
wake_pending(struct scene *c)
{
	struct plx_ready ready;
	int64_t deadline;

	EXPECT(plx_selector_reinit(c->s) == 0);
	deadline = plx_after(5 * PLX_MILLISECOND);
	EXPECT(plx_selector_select(c->s, &ready, 1, deadline) == 0);
	EXPECT(plx_selector_wake(c->s) == 0);
	EXPECT(plx_selector_select(c->s, &ready, 1, PLX_NEVER) == 0);
	plx_selector_close(&c->s);
	return 0;
}

CONFORMS(forking, keeps_the_parents_wake_for_the_parent)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);
	struct plx_ready ready;
	int64_t deadline = plx_after(30 * PLX_SECOND);

	IS(&f, plx_selector_wake(f.s), 0);
	in_a_child(&f, &c, wake_pending);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() < deadline);
	check_parent(&f, &c);
	end(&f);
}

static int
reinit_refused(struct scene *c)
{
	struct plx_ready ready;

	support_sys.fails = SUPPORT_OPEN | SUPPORT_CHANGE;
	support_sys.fail_with = EMFILE;
	for (long at = 1; at <= 6; at++) {
		support_sys.fail_at = at;
		if (plx_selector_reinit(c->s) == 0) {
			break;
		}
		EXPECT(plx_selector_select(c->s, &ready, 1, 0) == -ECHILD);
		EXPECT(plx_selector_wake(c->s) == -ECHILD);
	}
	support_sys.fails = 0;
	EXPECT(plx_selector_reinit(c->s) == 0);
	return use_after_reinit(c);
}

CONFORMS(forking, lets_reinit_be_tried_again_after_a_refusal)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	in_a_child(&f, &c, reinit_refused);
	check_parent(&f, &c);
	end(&f);
}

CONFORMS(forking, again_and_again_leaves_the_parent_alone)
{
	struct fixture f = begin(p);
	struct scene c = set_up(&f);

	for (int i = 0; i < 5; i++) {
		in_a_child(&f, &c, use_after_reinit);
	}
	check_parent(&f, &c);
	end(&f);
}

Test(null, selectors_answer_ebadf)
{
	struct fixture f = {.name = "null"};
	struct plx_selector_stats stats;
	struct plx_ready ready;
	struct plx_key key;
	plx_selector *none = NULL;
	int cursor = 0;

	IS(&f, plx_selector_register(none, 0, PLX_READ, NULL), -EBADF);
	IS(&f, plx_selector_modify(none, 0, PLX_READ, NULL), -EBADF);
	IS(&f, plx_selector_unregister(none, 0), -EBADF);
	IS(&f, plx_selector_get_key(none, 0, &key), -EBADF);
	IS(&f, plx_selector_next_key(none, &cursor, &key), -EBADF);
	IS(&f, plx_selector_select(none, &ready, 1, 0), -EBADF);
	IS(&f, plx_selector_fileno(none), -EBADF);
	IS(&f, plx_selector_wake(none), -EBADF);
	IS(&f, plx_selector_reinit(none), -EBADF);
	IS(&f, plx_selector_stats(none, &stats), -EBADF);
	CHECK(&f, !plx_selector_backend(none));
	plx_selector_close(&none);
	plx_selector_close(NULL);
}
