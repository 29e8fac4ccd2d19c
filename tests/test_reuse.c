/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_reuse.c: a descriptor that is closed under a task, and its number that
 * is another file's before the task goes on.
 */
#include <config.h>
#include <signal.h>
#include <sys/un.h>
#include <pollux/hibernate.h>
#include <pollux/process.h>
#include "race_fixture.h"
#include "starve.h"

static const struct sockaddr_un unix_name = {.sun_family = AF_UNIX};

static int
close_sender(void *arg)
{
	struct call c = {.fd = -1};
	int fd[2];

	support_unix_pair(fd);
	c.fd = fd[0];
	start(&c, send_much);
	cr_expect_gt(support_drain(fd[1]), 0u, "something went");
	plx_close(fd[0]);
	cr_expect_eq(join_soon(c.task, fd[0]), 0);
	cr_expect_eq(c.result, -ESHUTDOWN, "%s: %zd", (char *)arg, c.result);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(reuse, a_close_is_told_to_a_sender_whatever_went_before,
	    close_sender)

enum operation {
	RECV,
	SEND,
	READ,
	WRITE,
	ACCEPT,
	CONNECT,
	AWAIT,
	OPERATIONS
};

static ssize_t
operate(enum operation o, int fd)
{
	char byte = 'T';

	switch (o) {
	case RECV:
		return plx_recv(fd, &byte, 1, PLX_NEVER);
	case SEND:
		return plx_send(fd, &byte, 1, PLX_NEVER);
	case READ:
		return plx_read(fd, &byte, 1, PLX_NEVER);
	case WRITE:
		return plx_write(fd, &byte, 1, PLX_NEVER);
	case ACCEPT:
		return plx_accept(fd, NULL, NULL, PLX_NEVER);
	case CONNECT:
		return plx_connect(fd, (const struct sockaddr *)&unix_name,
				   sizeof(unix_name), PLX_NEVER);
	default:
		return plx_await_fd(fd, PLX_READ, PLX_NEVER);
	}
}

/* Closes the descriptor and gives its number to STRANGER's first end. */
struct closer {
	int fd;
	int stranger[2];
};

static int
close_and_reuse(void *arg)
{
	struct closer *c = arg;

	support_unix_pair(c->stranger);
	cr_expect_eq(write(c->stranger[1], "S", 1), 1);
	cr_expect_eq(plx_close(c->fd), 0);
	cr_expect_eq(dup2(c->stranger[0], c->fd), c->fd);
	return 0;
}

static void
close_while_yielding(enum operation o)
{
	struct closer c = {.fd = -1};
	int fd[2];
	ssize_t r;

	support_unix_pair(fd);
	c.fd = fd[0];
	plx_spawn(NULL, close_and_reuse, &c, NULL);
	spend_budget();
	r = operate(o, fd[0]);
	cr_expect_eq(r, -ESHUTDOWN, "operation %d: %zd", (int)o, r);
	cr_expect_eq(support_drain(c.stranger[0]), 1u, "operation %d", (int)o);
	cr_expect_eq(support_drain(c.stranger[1]), 0u, "operation %d", (int)o);
	close(fd[0]);
	close(fd[1]);
	close(c.stranger[0]);
	close(c.stranger[1]);
}

static int
close_each_while_yielding(void *arg)
{
	(void)arg;
	for (int o = 0; o < OPERATIONS; o++)
		close_while_yielding((enum operation)o);
	return 0;
}
IN_A_TASK(reuse, a_call_that_gives_way_does_not_go_on_with_a_stranger,
	  close_each_while_yielding)

/* Accepts the number that was FD's, closed with close(2) only. */
static int
accept_number(int fd, const struct plx_address *at, int listener, int *client)
{
	int r;

	*client = connect_to(at);
	close(fd);
	r = plx_accept(listener, NULL, NULL, in(5 * PLX_SECOND));
	cr_expect_eq(r, fd, "%d, not %d", r, fd);
	return r;
}

static int
accept_stale(void *arg)
{
	struct call old = {.fd = -1}, new = {.fd = -1};
	struct plx_address at;
	int listener = listen_here(&at);
	int fd[2], client;

	support_unix_pair(fd);
	old.fd = fd[0];
	start(&old, recv_one);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(join_soon(old.task, fd[0]), 0);
	new.fd = accept_number(fd[0], &at, listener, &client);
	start(&new, recv_one);
	cr_expect_eq(write(client, "y", 1), 1);
	cr_expect_eq(join_soon(new.task, new.fd), 0, "%s", (char *)arg);
	cr_expect_eq(new.result, 1, "%s: %zd", (char *)arg, new.result);
	close(client);
	close(fd[1]);
	plx_close(new.fd);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(reuse, an_accepted_number_knows_nothing_of_its_former_file,
	    accept_stale)

static int
accept_under_waiter(void *arg)
{
	struct call old = {.fd = -1};
	struct plx_address at;
	int listener = listen_here(&at);
	int fd[2], client, new;

	support_unix_pair(fd);
	old.fd = fd[0];
	start(&old, recv_one);
	new = accept_number(fd[0], &at, listener, &client);
	cr_expect_eq(join_soon(old.task, fd[0]), 0, "%s", (char *)arg);
	cr_expect_eq(old.result, -ESHUTDOWN, "%s: %zd", (char *)arg,
		     old.result);
	close(client);
	close(fd[1]);
	plx_close(new);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(reuse, who_waits_for_a_number_that_is_accepted_again_is_told,
	    accept_under_waiter)

static int
accept_under_sender(void *arg)
{
	struct call old = {.fd = -1};
	struct plx_address at;
	int listener = listen_here(&at);
	int fd[2], client, new;
	char byte;

	support_unix_pair(fd);
	old.fd = fd[0];
	start(&old, send_much);
	new = accept_number(fd[0], &at, listener, &client);
	cr_expect_eq(join_soon(old.task, fd[0]), 0, "%s", (char *)arg);
	cr_expect_eq(old.result, -ESHUTDOWN, "%s: %zd", (char *)arg,
		     old.result);
	cr_expect_eq(recv(client, &byte, 1, MSG_DONTWAIT), -1,
		     "%s: something went there", (char *)arg);
	plx_close(new);
	close(client);
	close(fd[1]);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(reuse, who_sends_to_a_number_that_is_accepted_again_is_told,
	    accept_under_sender)

static int
keep_status(void *arg)
{
	struct plx_hibernation *h = arg;

	return plx_hibernation_status(h);
}

static int
accept_under_sleeper(void *arg)
{
	struct plx_hibernation h = {.fn = NULL};
	struct plx_address at;
	int listener = listen_here(&at);
	int fd[2], client, new;
	plx_nursery *n = NULL;

	support_unix_pair(fd);
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_hibernate(&h, n, fd[0], keep_status, &h), 0);
	let_run(3);
	new = accept_number(fd[0], &at, listener, &client);
	cr_expect_eq(plx_nursery_close(&n, 0), -ESHUTDOWN, "%s", (char *)arg);
	cr_expect_eq(write(client, "x", 1), 1);
	cr_expect_eq(plx_await_fd(new, PLX_READ, in(5 * PLX_SECOND)), PLX_READ,
		     "%s", (char *)arg);
	plx_close(new);
	close(client);
	close(fd[1]);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(reuse, who_sleeps_on_a_number_that_is_accepted_again_is_told,
	    accept_under_sleeper)

/* A process whose output has the number that OLD waited for. */
static int
spawn_under_waiter(void *arg)
{
	const char *argv[] = {"true", NULL};
	const struct plx_process_options o = {
		.argv = argv,
		.search = 1,
		.out = {.kind = PLX_STDIO_PIPE},
	};
	struct call old = {.fd = -1};
	struct plx_process p;
	int fd[2], status = -1;
	char byte;

	support_unix_pair(fd);
	old.fd = fd[0];
	start(&old, recv_one);
	close(fd[0]);
	cr_expect_eq(plx_process_spawn(&o, &p), 0, "%s", (char *)arg);
	cr_expect_eq(p.out, fd[0], "%s: %d, not %d", (char *)arg, p.out, fd[0]);
	cr_expect_eq(join_soon(old.task, fd[0]), 0, "%s", (char *)arg);
	cr_expect_eq(old.result, -ESHUTDOWN, "%s: %zd", (char *)arg,
		     old.result);
	cr_expect_eq(plx_read(p.out, &byte, 1, in(10 * PLX_SECOND)), 0, "%s",
		     (char *)arg);
	cr_expect_eq(plx_process_wait(&p, &status, in(10 * PLX_SECOND)), 0);
	cr_expect_eq(status, 0, "%s: %d", (char *)arg, status);
	plx_process_close(&p);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(reuse, who_waits_for_a_number_that_a_pipe_gets_is_told,
	    spawn_under_waiter)

/* The same with what the end of a process is told by, where there is that: its
   waiter is told before. */
static int
spawn_under_another(void *arg)
{
	const char *argv[] = {"sleep", "20", NULL};
	const struct plx_process_options o = {.argv = argv, .search = 1};
	struct call old = {.fd = -1};
	struct plx_process p;
	int known = plx__sys_real.pidfd_open(&plx__sys_real, getpid());
	int fd[2], status = -1;

	if (known >= 0)
		close(known);
	support_unix_pair(fd);
	old.fd = fd[0];
	start(&old, recv_one);
	close(fd[0]);
	cr_expect_eq(plx_process_spawn(&o, &p), 0, "%s", (char *)arg);
	if (known < 0)
		plx_cancel(old.task);
	cr_expect_eq(join_soon(old.task, fd[0]), 0, "%s", (char *)arg);
	cr_expect_eq(old.result, known < 0 ? -ECANCELED : -ESHUTDOWN, "%s: %zd",
		     (char *)arg, old.result);
	cr_expect_eq(plx_process_kill(&p, SIGKILL), 0, "%s", (char *)arg);
	cr_expect_eq(plx_process_wait(&p, &status, in(10 * PLX_SECOND)), 0,
		     "%s: its end is not seen", (char *)arg);
	cr_expect_eq(status, -SIGKILL, "%s: %d", (char *)arg, status);
	plx_process_close(&p);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(reuse, who_waits_for_a_number_that_a_process_gets_is_told,
	    spawn_under_another)

/* It has been woken and has no stack yet when its number is another's. */
static int
accept_under_the_due(void *arg)
{
	struct plx_hibernation h = {.fn = NULL};
	plx_nursery *n = NULL, *others = NULL;
	struct plx_address at;
	int listener = listen_here(&at);
	int fd[2], client, new;

	support_unix_pair(fd);
	plx_nursery_open(NULL, &others);
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_hibernate(&h, n, fd[0], keep_status, &h), 0);
	starve(others);
	cr_expect_eq(plx_hibernate_wake(&h, 0), 0);
	new = accept_number(fd[0], &at, listener, &client);
	feed();
	cr_expect_eq(plx_nursery_close(&n, 0), -ESHUTDOWN, "%s", (char *)arg);
	plx_nursery_cancel(others);
	plx_nursery_close(&others, 0);
	plx_close(new);
	close(client);
	close(fd[1]);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(reuse, who_waits_for_a_stack_as_its_number_is_accepted_is_told,
	    accept_under_the_due)
