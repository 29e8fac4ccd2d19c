/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_map.c: dispatchers as a set, and the loop that runs them.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <pollux/io.h>
#include <pollux/sync.h>
#include <pollux/task.h>
#include "dispatcher_fixture.h"

LOOPS(dispatcher_map, is_walked_in_the_order_of_coming)
{
	struct fixture f;
	struct channel c[4];
	struct plx_dispatcher *d = NULL, *next;
	int peer[4], i;

	begin_map(&f, p);
	CHECK(&f, plx_dispatcher_next(&map, NULL) == NULL);
	for (i = 0; i < 4; i++)
		peer[i] = adopt(&f, &c[i], 'c', &every);
	for (i = 0; (d = plx_dispatcher_next(&map, d)); i++)
		CHECK(&f, d == &c[i].d);
	CHECK(&f, i == 4 && map.count == 4);
	plx_dispatcher_close(&c[1].d);
	close(peer[1]);
	peer[1] = adopt(&f, &c[1], 'c', &every);
	d = plx_dispatcher_next(&map, &c[0].d);
	CHECK(&f, d == &c[2].d);
	CHECK(&f, plx_dispatcher_next(&map, &c[3].d) == &c[1].d);
	for (d = plx_dispatcher_next(&map, NULL); d; d = next) {
		next = plx_dispatcher_next(&map, d);
		plx_dispatcher_close(d);
	}
	for (i = 0; i < 4; i++)
		close(peer[i]);
	end_map(&f);
}

static int
open_another(struct channel *c, char kind)
{
	if (kind == 'z' && c->other)
		c->wants = (unsigned)adopt(c->f, c->other, 'n', &every);
	return 0;
}

static int
close_other(struct channel *c, char kind)
{
	if (kind == 'z')
		plx_dispatcher_close(&c->other->d);
	return 0;
}

LOOPS(dispatcher_map, is_closed_as_it_was_when_that_began)
{
	struct fixture f;
	struct channel c[4], n;
	int peer[4];

	begin_map(&f, p);
	for (int i = 0; i < 4; i++)
		peer[i] = adopt(&f, &c[i], (char)('0' + i), &every);
	c[0].then = open_another;
	c[0].other = &n;
	c[1].then = close_other;
	c[1].other = &c[2];
	plx_dispatcher_close_all(&map);
	LOGGED(&f, "0z1z3z");
	CHECK(&f, map.count == 1 && plx_dispatcher_next(&map, NULL) == &n.d);
	plx_dispatcher_close_all(&map);
	LOGGED(&f, "nz");
	CHECK(&f, n.why == -ECANCELED);
	plx_dispatcher_close_all(&map);
	close((int)c[0].wants);
	for (int i = 0; i < 4; i++)
		close(peer[i]);
	end_map(&f);
}

LOOPS(dispatcher_map, is_run_until_it_is_empty)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	IS(&f, plx_dispatcher_loop(&map, -1, PLX_NEVER), 0);
	CHECK(&f, stats_of(&f).turns == 0);
	peer = adopt(&f, &c, 'c', &every);
	say(&f, peer, "x");
	close(peer);
	IS(&f, plx_dispatcher_loop(&map, -1, PLX_NEVER), 0);
	LOGGED(&f, "crcz");
	end_map(&f);
}

LOOPS(dispatcher_map, is_run_for_a_number_of_turns)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	c.wants = PLX_WRITE;
	IS(&f, plx_dispatcher_loop(&map, 0, PLX_NEVER), 1);
	CHECK(&f, stats_of(&f).turns == 0);
	IS(&f, plx_dispatcher_loop(&map, 1, PLX_NEVER), 1);
	LOGGED(&f, "cw");
	IS(&f, plx_dispatcher_loop(&map, 3, PLX_NEVER), 1);
	LOGGED(&f, "cwcwcw");
	CHECK(&f, stats_of(&f).turns == 4);
	IS(&f, plx_dispatcher_loop(&map, 1, 0), 1);
	LOGGED(&f, "cw");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_map, is_run_until_a_deadline)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_loop(&map, -1, 0), -ETIMEDOUT);
	CHECK(&f, stats_of(&f).turns == 1);
	IS(&f, plx_dispatcher_loop(&map, -1, support_sys.now + PLX_SECOND),
	   -ETIMEDOUT);
	CHECK(&f, support_sys.now == 101 * PLX_SECOND);
	CHECK(&f, stats_of(&f).turns <= 3);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

static int
stop_in_handler(struct channel *c, char kind)
{
	if (kind == 'w') {
		IS(c->f, plx_dispatcher_loop(&map, -1, 0), -EBUSY);
		plx_loop_stop(c->f->loop);
	}
	return plain(c, kind);
}

LOOPS(dispatcher_map, is_run_until_the_loop_is_stopped)
{
	struct fixture f;
	struct channel c, b;
	int peer[2];

	begin_map(&f, p);
	peer[0] = adopt(&f, &c, 'c', &every);
	peer[1] = adopt(&f, &b, 'b', &every);
	c.wants = PLX_WRITE;
	c.then = stop_in_handler;
	IS(&f, plx_dispatcher_loop(&map, -1, PLX_NEVER), 2);
	LOGGED(&f, "cw");
	plx_dispatcher_close_all(&map);
	close(peer[0]);
	close(peer[1]);
	end_map(&f);
}

LOOPS(dispatcher_map, shares_its_loop_with_another)
{
	struct plx_dispatcher_map second;
	struct fixture f;
	struct channel c, b;
	int peer[2];

	begin_map(&f, p);
	plx_dispatcher_map_init(&second, f.loop);
	peer[0] = adopt(&f, &c, 'c', &every);
	peer[1] = adopt(&f, &b, 'b', &every);
	plx_dispatcher_close(&b.d);
	close(peer[1]);
	support_unix_pair(f.fd);
	plx_dispatcher_init(&b.d, &second, &every);
	IS(&f, plx_dispatcher_set_socket(&b.d, f.fd[0]), 0);
	f.fd[0] = -1;
	say(&f, f.fd[1], "x");
	say(&f, peer[0], "x");
	turn(&f);
	CHECK(&f, f.length == 4 && map.count == 1 && second.count == 1);
	plx_dispatcher_close_all(&second);
	CHECK(&f, map.count == 1 && second.count == 0);
	plx_dispatcher_close(&c.d);
	close(peer[0]);
	end_map(&f);
}

/* The map itself may go with the last that is in it. */
static struct plx_dispatcher_map *heap_map;

static int
free_map(struct channel *c, char kind)
{
	(void)c;
	if (kind == 'z')
		scrap(heap_map, sizeof(*heap_map));
	return 0;
}

LOOPS(dispatcher_map, may_be_freed_when_it_becomes_empty)
{
	struct fixture f;
	struct channel c;

	begin_map(&f, p);
	heap_map = malloc(sizeof(*heap_map));
	plx_dispatcher_map_init(heap_map, f.loop);
	support_unix_pair(f.fd);
	prepare(&f, &c, 'c', &every);
	c.then = free_map;
	plx_dispatcher_init(&c.d, heap_map, &every);
	IS(&f, plx_dispatcher_set_socket(&c.d, f.fd[0]), 0);
	f.fd[0] = -1;
	IS(&f, plx_dispatcher_close_when_sent(&c.d), 0);
	turns(&f, 2);
	LOGGED(&f, "cz");
	end_map(&f);
}

static int
close_other_and_free_map(struct channel *c, char kind)
{
	plx_dispatcher_close(&c->other->d);
	return free_map(c, kind);
}

/* The first to go takes the rest with it, while all are being closed. */
LOOPS(dispatcher_map, may_be_freed_while_all_are_closed)
{
	struct fixture f;
	struct channel c[2];
	int peer[2];

	begin_map(&f, p);
	heap_map = malloc(sizeof(*heap_map));
	plx_dispatcher_map_init(heap_map, f.loop);
	for (int i = 0; i < 2; i++) {
		support_unix_pair(f.fd);
		prepare(&f, &c[i], 'c', &every);
		c[i].then = close_other_and_free_map;
		c[i].other = &c[!i];
		plx_dispatcher_init(&c[i].d, heap_map, &every);
		IS(&f, plx_dispatcher_set_socket(&c[i].d, f.fd[0]), 0);
		f.fd[0] = -1;
		peer[i] = f.fd[1];
		f.fd[1] = -1;
	}
	plx_dispatcher_close_all(heap_map);
	LOGGED(&f, "cz");
	close(peer[0]);
	close(peer[1]);
	end_map(&f);
}

/* In the child: nothing happens before plx_loop_on_fork, and then all. */
static int
go_on_in_child(struct fixture *f, struct channel *c)
{
	plx_dispatcher_changed(&c->d);
	if (plx_loop_run_once(f->loop, 0) != -ECHILD || map.count != 1 ||
	    f->length != 0 || c->asked != 1)
		return 1;
	if (plx_loop_on_fork(f->loop) != 0 ||
	    plx_loop_run_once(f->loop, 0) != 0 || strcmp(f->log, "cr") != 0)
		return 2;
	plx_dispatcher_close(&c->d);
	return 0;
}

LOOPS(dispatcher_map, goes_on_in_a_forked_child)
{
	struct fixture f;
	struct channel c;
	int peer, status = -1;
	pid_t pid;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	turn(&f);
	say(&f, peer, "x");
	pid = fork();
	if (pid == 0)
		_exit(go_on_in_child(&f, &c));
	CHECK(&f, waitpid(pid, &status, 0) == pid);
	cr_assert_eq(status, 0, "%s: status %#x", f.name, status);
	turn(&f);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

/* Within plx_run: a task waits for what a handler tells it. */
static struct plx_event told;

static int
tell(struct channel *c, char kind)
{
	if (kind == 'r')
		plx_event_set(&told);
	return plain(c, kind);
}

static int
await_dispatcher(void *arg)
{
	struct fixture *f = arg;
	struct channel c;
	int fd[2];

	plx_dispatcher_map_init(&map, plx_self_loop());
	prepare(f, &c, 'c', &every);
	c.then = tell;
	cr_expect_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	cr_expect_eq(plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(plx_dispatcher_loop(&map, -1, 0), -EBUSY);
	cr_expect_eq(plx_event_wait(&told, PLX_NEVER), 0);
	cr_expect_str_eq(f->log, "cr", "%s: %s", f->name, f->log);
	cr_expect_eq(plx_dispatcher_send(&c.d, "x", 1), 1);
	plx_dispatcher_close(&c.d);
	close(fd[1]);
	return map.count;
}

static void
run_beside_tasks(const char *backend, plx_task_fn *fn)
{
	struct fixture f = {.loop = NULL};
	struct support_mark mark = support_begin(backend);
	const struct plx_run_options options = {
		.backend = backend,
		.sys = &support_sys.sys,
	};

	snprintf(f.name, sizeof(f.name), "%s", backend);
	cr_assert_eq(plx_run(&options, fn, &f), 0, "%s", f.name);
	support_end(mark, backend);
}

LOOPS(dispatcher_map, works_beside_tasks)
{
	run_beside_tasks(p->name, await_dispatcher);
}

/* A task has read from it first, and would have had to wait. */
static int
hand_over_from_task(void *arg)
{
	struct fixture *f = arg;
	struct channel c;
	char byte;
	int fd[2];

	plx_dispatcher_map_init(&map, plx_self_loop());
	prepare(f, &c, 'c', &every);
	c.then = tell;
	plx_event_clear(&told);
	support_unix_pair(fd);
	cr_expect_eq(plx_recv(fd[0], &byte, 1, plx_after(1)), -ETIMEDOUT);
	cr_expect_eq(plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(plx_event_wait(&told, plx_after(10 * PLX_SECOND)), 0, "%s",
		     f->name);
	cr_expect_str_eq(f->log, "cr", "%s: %s", f->name, f->log);
	plx_dispatcher_close(&c.d);
	close(fd[1]);
	return map.count;
}

LOOPS(dispatcher_map, takes_a_socket_over_from_tasks)
{
	run_beside_tasks(p->name, hand_over_from_task);
}
