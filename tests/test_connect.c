/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_connect.c: tasks that accept and connect, on every backend.
 */
#include <config.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "task_common.h"

/* A listener on a loopback port that the system picks. */
static int
listen_somewhere(struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int fd = support_socket(AF_INET, SOCK_STREAM);

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_expect_eq(bind(fd, (struct sockaddr *)sin, len), 0);
	cr_expect_eq(listen(fd, 16), 0);
	cr_expect_eq(getsockname(fd, (struct sockaddr *)sin, &len), 0);
	return fd;
}

static int
tcp_socket(void)
{
	return support_socket(AF_INET, SOCK_STREAM);
}

struct acceptor {
	int fd;
	int64_t deadline;
	int result;
	int place; /* how many were served before */
};

static int served;

static int
accept_one(void *arg)
{
	struct acceptor *a = arg;

	a->result = plx_accept(a->fd, NULL, NULL, a->deadline);
	a->place = served++;
	if (a->result >= 0)
		plx_close(a->result);
	return 0;
}

static int
connect_to(const struct sockaddr_in *sin)
{
	int fd = tcp_socket();
	int r = plx_connect(fd, (const struct sockaddr *)sin, sizeof(*sin),
			    PLX_NEVER);

	cr_expect_eq(r, 0, "connect: %d", r);
	return fd;
}

static int
accept_in_turn(void *arg)
{
	enum {
		MANY = 5
	};
	struct acceptor a[MANY];
	struct sockaddr_in sin;
	plx_task *t[MANY];
	int fd = listen_somewhere(&sin);
	int peer;

	for (int i = 0; i < MANY; i++) {
		a[i] = (struct acceptor){.fd = fd, .deadline = PLX_NEVER};
		plx_spawn(NULL, accept_one, &a[i], &t[i]);
	}
	plx_checkpoint();
	cr_expect_eq(plx_accept(fd, NULL, NULL, 0), -ETIMEDOUT);
	for (int i = 0; i < MANY; i++) {
		peer = connect_to(&sin);
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
		cr_expect_geq(a[i].result, 0, "%s", (char *)arg);
		cr_expect_eq(a[i].place, i, "%s", (char *)arg);
		plx_close(peer);
	}
	plx_close(fd);
	return 0;
}
ON_BACKENDS(connect, acceptors_are_served_first_come_first_served,
	    accept_in_turn)

static int
accept_burst(void *arg)
{
	enum {
		MANY = 4
	};
	struct acceptor a[MANY];
	struct sockaddr_in sin;
	plx_task *t[MANY];
	int peer[MANY];
	int fd = listen_somewhere(&sin);

	for (int i = 0; i < MANY; i++) {
		a[i] = (struct acceptor){.fd = fd, .deadline = PLX_NEVER};
		plx_spawn(NULL, accept_one, &a[i], &t[i]);
	}
	plx_checkpoint();
	for (int i = 0; i < MANY; i++)
		peer[i] = connect_to(&sin);
	for (int i = 0; i < MANY; i++) {
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
		cr_expect_geq(a[i].result, 0, "%s", (char *)arg);
		plx_close(peer[i]);
	}
	plx_close(fd);
	return 0;
}
ON_BACKENDS(connect, a_burst_of_connections_reaches_all_acceptors, accept_burst)

static int
accept_with_losses(void *arg)
{
	struct acceptor a[3];
	struct sockaddr_in sin;
	plx_task *t[3];
	int fd = listen_somewhere(&sin);
	int peer;

	for (int i = 0; i < 3; i++) {
		a[i] = (struct acceptor){.fd = fd, .deadline = PLX_NEVER};
		plx_spawn(NULL, accept_one, &a[i], &t[i]);
	}
	plx_checkpoint();
	plx_cancel(t[1]);
	plx_cancel(t[0]);
	plx_join(t[0], NULL, PLX_NEVER);
	plx_join(t[1], NULL, PLX_NEVER);
	cr_expect_eq(a[0].result, -ECANCELED, "%s", (char *)arg);
	cr_expect_eq(a[1].result, -ECANCELED, "%s", (char *)arg);
	peer = connect_to(&sin);
	cr_expect_eq(plx_join(t[2], NULL, PLX_NEVER), 0);
	cr_expect_geq(a[2].result, 0, "%s", (char *)arg);
	plx_close(peer);
	plx_close(fd);
	return 0;
}
ON_BACKENDS(connect, a_cancelled_acceptor_hands_its_place_on,
	    accept_with_losses)

static int
close_under_acceptors(void *arg)
{
	struct acceptor a[3];
	struct sockaddr_in sin;
	plx_task *t[3];
	int fd = listen_somewhere(&sin);

	for (int i = 0; i < 3; i++) {
		a[i] = (struct acceptor){.fd = fd, .deadline = PLX_NEVER};
		plx_spawn(NULL, accept_one, &a[i], &t[i]);
	}
	plx_checkpoint();
	plx_close(fd);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
		cr_expect_eq(a[i].result, -ESHUTDOWN, "%s", (char *)arg);
	}
	return 0;
}
ON_BACKENDS(connect, close_wakes_all_acceptors, close_under_acceptors)

static int
accept_without_numbers(void *arg)
{
	struct sockaddr_in sin;
	int fd = listen_somewhere(&sin);
	int peer = connect_to(&sin);
	int got;

	support_sys.fails = SUPPORT_ACCEPT;
	support_sys.fail_with = EMFILE;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_accept(fd, NULL, NULL, PLX_NEVER), -EMFILE, "%s",
		     (char *)arg);
	support_sys.fail_at = 0;
	got = plx_accept(fd, NULL, NULL, PLX_NEVER);
	cr_expect_geq(got, 0, "%s: it is still there", (char *)arg);
	plx_close(got);
	plx_close(peer);
	plx_close(fd);
	return 0;
}
ON_BACKENDS(connect, accept_hands_over_the_want_of_descriptors,
	    accept_without_numbers)

static int
connect_nowhere(void *arg)
{
	struct sockaddr_in sin;
	int listener = listen_somewhere(&sin);
	int fd = tcp_socket();
	int r;

	plx_close(listener);
	r = plx_connect(fd, (struct sockaddr *)&sin, sizeof(sin), PLX_NEVER);
	cr_expect_eq(r, -ECONNREFUSED, "%s: %d", (char *)arg, r);
	plx_close(fd);
	return 0;
}
ON_BACKENDS(connect, a_refused_connect_says_so, connect_nowhere)

static int
interrupt_everything(void *arg)
{
	static const unsigned entries[] = {SUPPORT_RECV, SUPPORT_SEND,
					   SUPPORT_ACCEPT, SUPPORT_WAIT};
	struct sockaddr_in sin;
	int listener = listen_somewhere(&sin);
	int client, server;
	char c;

	for (size_t i = 0; i < 4; i++) {
		support_sys.fails = entries[i];
		support_sys.fail_with = EINTR;
		support_sys.fail_at = 1;
		client = connect_to(&sin);
		server = plx_accept(listener, NULL, NULL, PLX_NEVER);
		cr_expect_eq(plx_send(client, "x", 1, PLX_NEVER), 1, "%s",
			     (char *)arg);
		cr_expect_eq(plx_recv(server, &c, 1, PLX_NEVER), 1, "%s",
			     (char *)arg);
		plx_close(client);
		plx_close(server);
	}
	plx_close(listener);
	return 0;
}
ON_BACKENDS(connect, interrupted_calls_go_on, interrupt_everything)

/* Starts the connection, then says that a signal came. */
static int
interrupted_connect(const struct plx_sys *sys, int fd,
		    const struct sockaddr *sa, socklen_t len)
{
	(void)sys;
	plx__sys_real.connect(&plx__sys_real, fd, sa, len);
	return -EINTR;
}

static int
connect_interrupted(void *arg)
{
	struct sockaddr_in sin;
	int listener = listen_somewhere(&sin);
	int client;

	(void)arg;
	support_sys.sys.connect = interrupted_connect;
	client = connect_to(&sin);
	plx_close(client);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(connect, an_interrupted_connect_is_waited_for, connect_interrupted)

static int
connect_in_the_dark(const struct plx_sys *sys, int fd,
		    const struct sockaddr *sa, socklen_t len)
{
	(void)sys;
	(void)fd;
	(void)sa;
	(void)len;
	return -EINPROGRESS;
}

static int
connect_too_slowly(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct sockaddr_in sin;
	int listener = listen_somewhere(&sin);
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	support_fill(fd[0]);
	support_sys.sys.connect = connect_in_the_dark;
	cr_expect_eq(
		plx_connect(fd[0], (struct sockaddr *)&sin, sizeof(sin), 0),
		-ETIMEDOUT);
	cr_expect_eq(plx_connect(fd[0], (struct sockaddr *)&sin, sizeof(sin),
				 deadline),
		     -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	plx_close(fd[0]);
	plx_close(fd[1]);
	plx_close(listener);
	return 0;
}
WITH_CLOCK(connect, a_connect_keeps_its_deadline, connect_too_slowly)

struct unix_client {
	struct sockaddr_un sun;
	int64_t deadline;
	int fd;
	int result;
};

static int
listen_unix(struct sockaddr_un *sun)
{
	int fd = support_socket(AF_UNIX, SOCK_STREAM);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "test_connect.%ld",
		 (long)getpid());
	unlink(sun->sun_path);
	cr_expect_eq(bind(fd, (struct sockaddr *)sun, sizeof(*sun)), 0);
	cr_expect_eq(listen(fd, 0), 0);
	return fd;
}

static int
connect_unix(void *arg)
{
	struct unix_client *c = arg;

	c->fd = support_socket(AF_UNIX, SOCK_STREAM);
	c->result = plx_connect(c->fd, (struct sockaddr *)&c->sun,
				sizeof(c->sun), c->deadline);
	return 0;
}

static int
crowd_a_unix_socket(void *arg)
{
	struct unix_client c[3] = {{.deadline = PLX_NEVER}};
	int fd = listen_unix(&c[0].sun);
	plx_task *t[3];
	int got;

	(void)arg;
	c[1] = c[2] = c[0];
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, connect_unix, &c[i], &t[i]);
	plx_sleep(PLX_SECOND);
	for (int i = 0; i < 3; i++) {
		got = plx_accept(fd, NULL, NULL, PLX_NEVER);
		cr_expect_geq(got, 0);
		plx_close(got);
	}
	for (int i = 0; i < 3; i++) {
		plx_join(t[i], NULL, PLX_NEVER);
		cr_expect_eq(c[i].result, 0, "%d: %d", i, c[i].result);
		plx_close(c[i].fd);
	}
	plx_close(fd);
	unlink(c[0].sun.sun_path);
	return 0;
}
WITH_CLOCK(connect, a_full_backlog_is_waited_for, crowd_a_unix_socket)

static int
give_up_on_a_unix_socket(void *arg)
{
	struct unix_client c[3] = {{.deadline = PLX_NEVER}};
	int fd = listen_unix(&c[0].sun);
	plx_task *t[3];

	(void)arg;
	c[1] = c[2] = c[0];
	c[2].deadline = in(PLX_SECOND);
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, connect_unix, &c[i], &t[i]);
	plx_sleep(2 * PLX_SECOND);
	plx_cancel(t[1]);
	for (int i = 0; i < 3; i++) {
		plx_join(t[i], NULL, PLX_NEVER);
		plx_close(c[i].fd);
	}
	cr_expect_eq(c[0].result, 0);
	cr_expect(c[1].result == 0 || c[1].result == -ECANCELED, "%d",
		  c[1].result);
	cr_expect_eq(c[2].result, -ETIMEDOUT);
	plx_close(fd);
	unlink(c[0].sun.sun_path);
	return 0;
}
WITH_CLOCK(connect, a_full_backlog_is_left_at_the_deadline,
	   give_up_on_a_unix_socket)
