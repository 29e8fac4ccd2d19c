/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_races.c: a cancel that comes between a task's being woken and its
 * going on, when what it was woken for is not to be had any more.
 */
#include <config.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include "race_fixture.h"

static int
accept_one(void *arg)
{
	struct call *c = arg;

	c->result = plx_accept(c->fd, NULL, NULL, PLX_NEVER);
	return 0;
}

static void
cancel_it(void *arg)
{
	struct call *c = arg;

	plx_cancel(c->task);
}

/* FN will be called in the coming turn, after what the descriptors say. */
static void
call_soon(struct call *c, void (*fn)(void *arg))
{
	plx_loop_call_soon(plx_self_loop(), &c->soon, fn, c);
}

static int
cancel_sender(void *arg)
{
	struct call c = {.fd = -1};
	int fd[2];

	support_unix_pair(fd);
	c.fd = fd[0];
	start(&c, send_much);
	support_drain(fd[1]);
	call_soon(&c, cancel_it);
	cr_expect_eq(join_soon(c.task, fd[0]), 0, "%s: lost", (char *)arg);
	cr_expect_gt(c.result, 0, "%s", (char *)arg);
	cr_expect_lt(c.result, MUCH, "%s", (char *)arg);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(races, a_cancel_reaches_a_sender_that_got_on_a_little,
	    cancel_sender)

static void
take_and_cancel(void *arg)
{
	const struct call *c = arg;

	support_drain(c->fd);
	plx_cancel(c->task);
}

static int
cancel_receiver(void *arg)
{
	struct call c = {.fd = -1};
	int fd[2];

	support_unix_pair(fd);
	c.fd = fd[0];
	start(&c, recv_one);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	call_soon(&c, take_and_cancel);
	cr_expect_eq(join_soon(c.task, fd[0]), 0, "%s: lost", (char *)arg);
	cr_expect_eq(c.result, -ECANCELED, "%s: %zd", (char *)arg, c.result);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(races, a_cancel_reaches_a_receiver_whose_data_are_gone,
	    cancel_receiver)

static struct call acceptors[2];

/* The first of two: the second one's turn comes, and its cancel. */
static int
accept_and_cancel(void *arg)
{
	accept_one(arg);
	plx_cancel(acceptors[1].task);
	return 0;
}

static int
cancel_acceptor(void *arg)
{
	struct plx_address at;
	int fd = listen_here(&at);
	int client;

	acceptors[0].fd = acceptors[1].fd = fd;
	start(&acceptors[0], accept_and_cancel);
	start(&acceptors[1], accept_one);
	client = connect_to(&at);
	cr_expect_eq(join_soon(acceptors[0].task, fd), 0);
	cr_expect_eq(join_soon(acceptors[1].task, fd), 0, "%s: lost",
		     (char *)arg);
	cr_expect_eq(acceptors[1].result, -ECANCELED, "%s", (char *)arg);
	close(client);
	plx_close((int)acceptors[0].result);
	plx_close(fd);
	return 0;
}
ON_BACKENDS(races, a_cancel_reaches_an_acceptor_whose_turn_has_come,
	    cancel_acceptor)

static struct sockaddr_un unix_name = {.sun_family = AF_UNIX};

static int
connect_unix(void *arg)
{
	struct call *c = arg;

	c->result = plx_connect(c->fd, (struct sockaddr *)&unix_name,
				sizeof(unix_name), PLX_NEVER);
	return 0;
}

static int
unix_socket(void)
{
	return support_socket(AF_UNIX, SOCK_STREAM);
}

static int
cancel_connector(void *arg)
{
	int listener = unix_socket(), first = unix_socket();
	struct call c = {.fd = unix_socket()};

	(void)arg;
	snprintf(unix_name.sun_path, sizeof(unix_name.sun_path),
		 "/tmp/plx-races-%d", (int)getpid());
	unlink(unix_name.sun_path);
	bind(listener, (struct sockaddr *)&unix_name, sizeof(unix_name));
	listen(listener, 0);
	connect(first, (struct sockaddr *)&unix_name, sizeof(unix_name));
	start(&c, connect_unix);
	support_sys.now += PLX_SECOND; /* the pause is over */
	call_soon(&c, cancel_it);
	cr_expect_eq(join_soon(c.task, c.fd), 0, "lost");
	cr_expect_eq(c.result, -ECANCELED, "%zd", c.result);
	unlink(unix_name.sun_path);
	plx_close(c.fd);
	close(first);
	close(listener);
	return 0;
}
WITH_CLOCK(races, a_cancel_reaches_a_connect_that_tries_again, cancel_connector)

static struct plx_address full;

/* Nobody answers a connection that the queue of FULL has no place for. */
static int
fill_listener(int client[4])
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	plx_address_parse("127.0.0.1:0", &full);
	bind(fd, (struct sockaddr *)&full.storage, full.length);
	listen(fd, 0);
	getsockname(fd, (struct sockaddr *)&full.storage, &full.length);
	for (int i = 0; i < 4; i++) {
		client[i] = support_socket(AF_INET, SOCK_STREAM);
		connect(client[i], (struct sockaddr *)&full.storage,
			full.length);
	}
	return fd;
}

static int
connect_full(void *arg)
{
	struct call *c = arg;

	c->result = plx_connect(c->fd, (struct sockaddr *)&full.storage,
				full.length, PLX_NEVER);
	return 0;
}

/* The first try finds no port, say; the second one begins. */
static int
cancel_beginner(void *arg)
{
	struct call c = {.fd = -1};
	int client[4];
	int fd = fill_listener(client);

	(void)arg;
	c.fd = support_socket(AF_INET, SOCK_STREAM);
	support_sys.fails = SUPPORT_SOCKET;
	support_sys.fail_with = EAGAIN;
	support_sys.fail_at = 1;
	start(&c, connect_full);
	support_sys.now += PLX_SECOND;
	call_soon(&c, cancel_it);
	cr_expect_eq(join_soon(c.task, c.fd), 0, "lost");
	cr_expect_eq(c.result, -ECANCELED, "%zd", c.result);
	plx_close(c.fd);
	for (int i = 0; i < 4; i++)
		close(client[i]);
	close(fd);
	return 0;
}
WITH_CLOCK(races, a_cancel_reaches_a_connect_that_begins_at_last,
	   cancel_beginner)

static struct sockaddr_un crowded;

/* A Unix socket whose backlog is full, at CROWDED, and who fills it. */
static int
crowd(int fill[8], int *n)
{
	int fd = support_socket(AF_UNIX, SOCK_STREAM), r;

	memset(&crowded, 0, sizeof(crowded));
	crowded.sun_family = AF_UNIX;
	snprintf(crowded.sun_path, sizeof(crowded.sun_path), "test_races.%ld",
		 (long)getpid());
	unlink(crowded.sun_path);
	cr_expect_eq(bind(fd, (void *)&crowded, sizeof(crowded)), 0);
	cr_expect_eq(listen(fd, 0), 0);
	*n = 0;
	do {
		fill[*n] = support_socket(AF_UNIX, SOCK_STREAM);
		r = connect(fill[*n], (void *)&crowded, sizeof(crowded));
	} while (++*n < 8 && r == 0);
	cr_expect(r < 0 && errno == EAGAIN, "it is not full");
	return fd;
}

static int
connect_crowded(void *arg)
{
	struct call *c = arg;

	c->result = plx_connect(c->fd, (void *)&crowded, sizeof(crowded),
				PLX_NEVER);
	return 0;
}

static int
close_who_waits_for_a_backlog(void *arg)
{
	struct plx_loop_stats before, after;
	struct call c = {.fd = -1};
	int fill[8], n, listener = crowd(fill, &n);

	plx_loop_stats(plx_self_loop(), &before);
	c.fd = support_socket(AF_UNIX, SOCK_STREAM);
	cr_expect_eq(plx_connect(c.fd, (void *)&crowded, sizeof(crowded), 0),
		     -ETIMEDOUT, "%s: at once or not at all", (char *)arg);
	plx_loop_stats(plx_self_loop(), &after);
	cr_expect_eq(after.turns, before.turns, "%s: it waited", (char *)arg);
	start(&c, connect_crowded);
	plx_close(c.fd);
	cr_expect_eq(join_soon(c.task, c.fd), 0, "%s", (char *)arg);
	cr_expect_eq(c.result, -ESHUTDOWN, "%s: %zd", (char *)arg, c.result);
	while (n-- > 0)
		close(fill[n]);
	close(listener);
	unlink(crowded.sun_path);
	return 0;
}
ON_BACKENDS(races, who_waits_for_a_backlog_is_told_of_a_close,
	    close_who_waits_for_a_backlog)

/* Both wait with one descriptor: the second goes on when the first gives up,
   and is connected when there is room. */
static int
connect_twice(void *arg)
{
	struct call c[2] = {{.fd = -1}, {.fd = -1}};
	int fill[8], n, listener = crowd(fill, &n), got;

	c[0].fd = support_socket(AF_UNIX, SOCK_STREAM);
	c[1].fd = c[0].fd;
	for (int i = 0; i < 2; i++)
		start(&c[i], connect_crowded);
	plx_cancel(c[0].task);
	cr_expect_eq(join_soon(c[0].task, c[0].fd), 0, "%s", (char *)arg);
	cr_expect_eq(c[0].result, -ECANCELED, "%s: %zd", (char *)arg,
		     c[0].result);
	let_run(3);
	while ((got = plx_accept(listener, NULL, NULL, 0)) >= 0)
		plx_close(got);
	cr_expect_eq(join_soon(c[1].task, c[1].fd), 0, "%s", (char *)arg);
	cr_expect_eq(c[1].result, 0, "%s: %zd", (char *)arg, c[1].result);
	got = plx_accept(listener, NULL, NULL, in(5 * PLX_SECOND));
	cr_expect_geq(got, 0, "%s: it is connected: %d", (char *)arg, got);
	plx_close(got);
	plx_close(c[1].fd);
	while (n-- > 0)
		close(fill[n]);
	close(listener);
	unlink(crowded.sun_path);
	return 0;
}
ON_BACKENDS(races, who_waits_for_a_backlog_goes_on_when_another_gives_up,
	    connect_twice)
