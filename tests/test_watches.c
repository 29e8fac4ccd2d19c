/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_watches.c: readiness as callbacks; what may happen to watches while
 * callbacks run; and what the kernel is told, counted.
 */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "loop_fixture.h"

static void
put(struct fixture *f, int fd)
{
	CHECK(f, write(fd, "x", 1) == 1);
}

static void
take(struct fixture *f, int fd)
{
	char c;

	CHECK(f, read(fd, &c, 1) == 1);
}

static void
unwatch_other(struct note *n)
{
	plx_loop_unwatch(n->f->loop, &n->other->watch);
}

LOOPS(watches, the_callback_runs_in_every_turn_in_which_there_is_something)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	CHECK(&f, r.watch.fd == f.fd[0] && r.watch.direction == PLX_READ);
	turn(&f);
	LOGGED(&f, "");
	put(&f, f.fd[1]);
	turn(&f);
	turn(&f);
	LOGGED(&f, "rr");
	CHECK(&f, r.events == PLX_READ);
	take(&f, f.fd[0]);
	turn(&f);
	LOGGED(&f, "");
	CHECK(&f, stats_of(&f).events == 2);
	end(&f);
}

LOOPS(watches, a_reader_and_a_writer_share_a_descriptor)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w'};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	turn(&f);
	LOGGED(&f, "w");
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "rw");
	CHECK(&f, r.events == PLX_READ && w.events == PLX_WRITE);
	plx_loop_unwatch(f.loop, &w.watch);
	plx_loop_unwatch(f.loop, &w.watch);
	turn(&f);
	LOGGED(&f, "r");
	end(&f);
}

#define CROWD 600

static void
hear(struct plx_watch *w, unsigned events)
{
	size_t *heard = w->arg;

	*heard += events == PLX_READ;
}

/* Where the kernel keeps no set, each question walks all of it: one is enough
   for what is ready. */
LOOPS(watches, whoever_walks_a_set_is_asked_once_for_all_of_it)
{
	static struct plx_watch crowd[CROWD];
	struct fixture f;
	size_t heard = 0;

	begin(&f, p);
	cr_assert(support_want_fds(CROWD + 50));
	support_unix_pair(f.fd);
	put(&f, f.fd[1]);
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = (struct plx_watch){.fn = hear, .arg = &heard};
		IS(&f,
		   plx_loop_watch(f.loop, &crowd[i], dup(f.fd[0]), PLX_READ),
		   0);
	}
	turn(&f);
	CHECK(&f, heard > 0);
	if (strcmp(f.name, "poll") == 0 || strcmp(f.name, "select") == 0)
		CHECK(&f, heard == CROWD);
	for (int i = 0; i < 4; i++)
		turn(&f);
	CHECK(&f, heard >= CROWD);
	for (int i = 0; i < CROWD; i++) {
		plx_loop_forget(f.loop, crowd[i].fd, 0);
		close(crowd[i].fd);
	}
	end(&f);
}

LOOPS(watches, wrong_arguments_are_refused_at_once)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note s = {.f = &f, .letter = 's'};
	struct plx_watch empty = {.arg = NULL};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], 0), -EINVAL);
	IS(&f, watch(&r, f.fd[0], PLX_READ | PLX_WRITE), -EINVAL);
	IS(&f, watch(&r, f.fd[0], PLX_EDGE), -EINVAL);
	IS(&f, plx_loop_watch(f.loop, &empty, f.fd[0], PLX_READ), -EINVAL);
	IS(&f, watch(&r, -1, PLX_READ), -EBADF);
	IS(&f, watch(&r, 900, PLX_READ), -EBADF);
	CHECK(&f, r.watch.direction == 0);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&r, f.fd[1], PLX_READ), -EBUSY);
	IS(&f, watch(&s, f.fd[0], PLX_READ), -EBUSY);
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "r");
	end(&f);
}

LOOPS(watches, one_taken_off_by_an_earlier_callback_is_not_called)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'x', .then = unwatch_other};
	struct note b = {.f = &f, .letter = 'x', .then = unwatch_other};

	begin(&f, p);
	support_unix_pair(f.fd);
	a.other = &b;
	b.other = &a;
	put(&f, f.fd[0]);
	put(&f, f.fd[1]);
	IS(&f, watch(&a, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&b, f.fd[1], PLX_READ), 0);
	turn(&f);
	LOGGED(&f, "x");
	turn(&f);
	LOGGED(&f, "x");
	end(&f);
}

static int peer; /* of the file that replace_other made */

/* Gives the other's number to a new file, and watches that. */
static void
replace_other(struct note *n)
{
	struct fixture *f = n->f;
	int number = n->other->watch.fd;
	int fd[2];

	n->other->then = NULL;
	plx_loop_unwatch(f->loop, &n->watch);
	plx_loop_forget(f->loop, number, -ESHUTDOWN);
	support_unix_pair(fd);
	CHECK(f, dup2(fd[0], number) == number);
	close(fd[0]);
	peer = fd[1];
	IS(f, watch(n->other, number, PLX_READ), 0);
}

LOOPS(watches, a_new_file_under_an_old_number_does_not_get_its_event)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'x', .then = replace_other};
	struct note b = {.f = &f, .letter = 'x', .then = replace_other};

	begin(&f, p);
	support_unix_pair(f.fd);
	a.other = &b;
	b.other = &a;
	put(&f, f.fd[0]);
	put(&f, f.fd[1]);
	IS(&f, watch(&a, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&b, f.fd[1], PLX_READ), 0);
	turn(&f);
	LOGGED(&f, "xx"); /* the first, and the other being forgotten */
	turn(&f);
	LOGGED(&f, "");
	put(&f, peer);
	turn(&f);
	LOGGED(&f, "x");
	close(peer);
	end(&f);
}

static void
free_watch(struct note *n)
{
	plx_loop_unwatch(n->f->loop, &n->watch);
	free(n);
}

LOOPS(watches, one_may_be_freed_in_its_own_callback)
{
	struct fixture f;
	struct note *r = calloc(1, sizeof(*r));

	begin(&f, p);
	*r = (struct note){.f = &f, .letter = 'r', .then = free_watch};
	support_unix_pair(f.fd);
	put(&f, f.fd[1]);
	IS(&f, watch(r, f.fd[0], PLX_READ), 0);
	turn(&f);
	turn(&f);
	LOGGED(&f, "r");
	end(&f);
}

LOOPS(watches, a_hang_up_wakes_both_directions)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r', .then = unwatch_own};
	struct note w = {.f = &f, .letter = 'w', .then = unwatch_own};

	begin(&f, p);
	support_unix_pair(f.fd);
	support_fill(f.fd[0]);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	turn(&f);
	LOGGED(&f, "");
	close(f.fd[1]);
	f.fd[1] = -1;
	turn(&f);
	LOGGED(&f, "rw");
	end(&f);
}

LOOPS(watches, a_regular_file_is_always_ready)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};

	begin(&f, p);
	f.fd[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	turn(&f);
	turn(&f);
	LOGGED(&f, "rr");
	plx_loop_unwatch(f.loop, &r.watch);
	turn(&f);
	LOGGED(&f, "");
	end(&f);
}

static void
watch_own_again(struct note *n)
{
	if (n->watch.error) {
		IS(n->f, watch(n, n->watch.fd, PLX_READ), -EBADF);
		IS(n->f, n->watch.error, -ESHUTDOWN);
		IS(n->f, n->events, 0);
	}
}

LOOPS(watches, forget_tells_each_watch_why_and_lets_none_in)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r', .then = watch_own_again};
	struct note w = {.f = &f, .letter = 'w', .then = watch_own_again};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	plx_loop_forget(f.loop, f.fd[0], -ESHUTDOWN);
	LOGGED(&f, "rw");
	plx_loop_forget(f.loop, f.fd[0], -ESHUTDOWN);
	plx_loop_forget(f.loop, -1, -ESHUTDOWN);
	plx_loop_forget(f.loop, 100000, -ESHUTDOWN);
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "");
	r.watch.error = w.watch.error = 0;
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	turn(&f);
	LOGGED(&f, "r");
	end(&f);
}

static void
forget_other(struct note *n)
{
	n->other->then = NULL;
	plx_loop_forget(n->f->loop, n->other->watch.fd, -ESHUTDOWN);
}

LOOPS(watches, forget_takes_back_an_event_of_the_same_turn)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'x', .then = forget_other};
	struct note b = {.f = &f, .letter = 'x', .then = forget_other};

	begin(&f, p);
	support_unix_pair(f.fd);
	a.other = &b;
	b.other = &a;
	put(&f, f.fd[0]);
	put(&f, f.fd[1]);
	IS(&f, watch(&a, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&b, f.fd[1], PLX_READ), 0);
	turn(&f);
	LOGGED(&f, "xx");
	CHECK(&f, !a.events != !b.events);
	CHECK(&f, a.watch.error + b.watch.error == -ESHUTDOWN);
	end(&f);
}

/* Far more descriptors than the loop asks for at a time. */
LOOPS(watches, of_many_ready_ones_each_is_called_in_time)
{
	enum {
		PAIRS = 400
	};
	static struct note n[PAIRS][2];
	struct fixture f;
	int fd[PAIRS][2];

	if (!support_want_fds(2 * PAIRS + 64))
		cr_skip_test("not enough descriptors");
	begin(&f, p);
	for (int i = 0; i < PAIRS; i++) {
		support_unix_pair(fd[i]);
		for (int k = 0; k < 2; k++) {
			n[i][k].f = &f;
			n[i][k].letter = 'n';
			n[i][k].then = unwatch_own;
			put(&f, fd[i][1 - k]);
			IS(&f, watch(&n[i][k], fd[i][k], PLX_READ), 0);
		}
	}
	for (int i = 0; i < 8; i++)
		turn(&f);
	CHECK(&f, f.length == 2 * PAIRS);
	for (int i = 0; i < PAIRS; i++) {
		CHECK(&f, n[i][0].events && n[i][1].events);
		close(fd[i][0]);
		close(fd[i][1]);
	}
	end(&f);
}

LOOPS(watches, without_memory_one_is_refused_and_nothing_is_left)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	int err = -ENOMEM;
	int number;

	begin(&f, p);
	support_unix_pair(f.fd);
	put(&f, f.fd[1]);
	number = fcntl(f.fd[0], F_DUPFD_CLOEXEC, 800);
	CHECK(&f, number >= 800);
	for (int k = 1; err; k++) {
		support_sys.fails = SUPPORT_RESIZE;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = k;
		err = watch(&r, number, PLX_READ);
		support_sys.fail_at = 0;
		CHECK(&f, k > 1 || err == -ENOMEM);
		if (err) {
			turn(&f);
			LOGGED(&f, "");
		}
	}
	turn(&f);
	LOGGED(&f, "r");
	plx_loop_forget(f.loop, number, 0);
	close(number);
	end(&f);
}

/* In the child of a fork, which closes a descriptor that is watched. */
static int
child_of(struct fixture *f, struct note *r)
{
	close(f->fd[0]);
	if (plx_loop_on_fork(f->loop) != 0)
		return 1;
	if (plx_loop_run_once(f->loop, 0) != 0)
		return 2;
	if (r->watch.direction || r->watch.error != -EBADF)
		return 3;
	return strcmp(f->log, "r") == 0 ? 0 : 4;
}

LOOPS(watches, a_child_is_told_of_descriptors_that_it_has_closed)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	int status = -1;
	pid_t pid;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	pid = fork();
	if (pid == 0)
		_exit(child_of(&f, &r));
	CHECK(&f, waitpid(pid, &status, 0) == pid);
	cr_assert_eq(status, 0, "%s: status %#x", f.name, status);
	end(&f);
}
