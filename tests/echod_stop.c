/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_stop.c: signals, and what echod leaves behind when it ends.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "echod_driver.h"

static void
finish(struct echod *e)
{
	close(e->out);
	close(e->err);
}

PLX_BACKENDS(stop, what_was_received_is_answered_first)
ParameterizedTest(struct backend_param *b, stop,
		  what_was_received_is_answered_first)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e), idle = echod_connect(&e);
	static char data[200000];

	client_noise(data, sizeof(data), 9);
	client_send(fd, data, sizeof(data));
	echod_signal(&e, SIGTERM);
	client_expect(fd, data, sizeof(data));
	client_expect_end(fd);
	client_expect_end(idle);
	close(fd);
	close(idle);
	cr_assert_eq(echod_wait(&e), 0, "%s", b->name);
	finish(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, lines_are_answered_first_and_the_unfinished_one_too)
ParameterizedTest(struct backend_param *b, stop,
		  lines_are_answered_first_and_the_unfinished_one_too)
{
	static const char *const args[] = {"--mode=line",
					   "--prefix=GOT:", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd = echod_connect(&e);

	client_ask(fd, "one\ntw", "GOT:one\n");
	echod_signal(&e, SIGINT);
	client_expect(fd, "GOT:tw", 6);
	client_expect_end(fd);
	close(fd);
	cr_assert_eq(echod_wait(&e), 0, "%s", b->name);
	finish(&e);
	support_end(mark, b->name);
}

/* The N-th byte of what send_until_full sends, round a prime. */
static char
pattern(size_t n)
{
	return (char)(n % 65521 * 31 >> 4);
}

/* Sends until the socket has been full for a while; how many bytes. */
static size_t
send_until_full(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	char data[4096];
	size_t sent = 0, i;
	ssize_t n;

	while (poll(&p, 1, 300) == 1) {
		for (i = 0; i < sizeof(data); i++)
			data[i] = pattern(sent + i);
		n = send(fd, data, sizeof(data), MSG_NOSIGNAL | MSG_DONTWAIT);
		cr_assert(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
	}
	return sent;
}

/* Stops echod while it owes FD a lot, and takes that after a LATE time. */
static void
take_late(struct echod *e, const char *backend, int late)
{
	int fd = echod_connect(e);
	size_t sent = send_until_full(fd), got = 0;
	char data[4096];
	ssize_t n, i;

	echod_signal(e, SIGTERM);
	poll(NULL, 0, late);
	while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		for (i = 0; i < n; i++)
			cr_assert_eq(data[i], pattern(got + (size_t)i),
				     "%s: byte %zu", backend, got + (size_t)i);
		got += (size_t)n;
	}
	cr_assert_eq(n, 0, "%s: %s", backend, strerror(errno));
	cr_assert_eq(got, sent, "%s", backend);
	close(fd);
	cr_assert_eq(echod_wait(e), 0, "%s", backend);
	finish(e);
}

PLX_BACKENDS(stop, a_client_that_reads_late_gets_all_and_an_orderly_end)
ParameterizedTest(struct backend_param *b, stop,
		  a_client_that_reads_late_gets_all_and_an_orderly_end)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);

	take_late(&e, b->name, 0);
	support_end(mark, b->name);
}

/* It is later than that by the time of its first look. */
PLX_BACKENDS(stop, a_client_has_longer_than_it_may_be_idle)
ParameterizedTest(struct backend_param *b, stop,
		  a_client_has_longer_than_it_may_be_idle)
{
	static const char *const args[] = {"--idle-timeout=2", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);

	take_late(&e, b->name, 2300);
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, those_in_the_queue_are_served_too)
ParameterizedTest(struct backend_param *b, stop,
		  those_in_the_queue_are_served_too)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd[10], i;

	cr_assert_eq(kill(e.pid, SIGSTOP), 0);
	for (i = 0; i < 10; i++) {
		fd[i] = echod_connect(&e);
		client_send(fd[i], "queued", 6);
	}
	echod_signal(&e, SIGTERM);
	cr_assert_eq(kill(e.pid, SIGCONT), 0);
	for (i = 0; i < 10; i++) {
		client_expect(fd[i], "queued", 6);
		client_expect_end(fd[i]);
		close(fd[i]);
	}
	cr_assert_eq(echod_wait(&e), 0, "%s", b->name);
	finish(&e);
	support_end(mark, b->name);
}

/* What the stop is asked for in between: a task accepts a hundred in a row.  As
   many have to find room in the queue, which is short over musl. */
#define QUEUED (SOMAXCONN > 400 ? 400 : 120)

PLX_BACKENDS(stop, a_long_queue_is_served_too)
ParameterizedTest(struct backend_param *b, stop, a_long_queue_is_served_too)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd[QUEUED], i;

	cr_assert_eq(kill(e.pid, SIGSTOP), 0);
	for (i = 0; i < QUEUED; i++) {
		fd[i] = echod_connect(&e);
		client_send(fd[i], "queued", 6);
	}
	echod_signal(&e, SIGTERM);
	cr_assert_eq(kill(e.pid, SIGCONT), 0);
	for (i = 0; i < QUEUED; i++) {
		client_expect(fd[i], "queued", 6);
		client_expect_end(fd[i]);
		close(fd[i]);
	}
	cr_assert_eq(echod_wait(&e), 0, "%s", b->name);
	finish(&e);
	support_end(mark, b->name);
}

static void
expect_last_words(const char *backend, const char *option)
{
	const char *args[] = {option, NULL};
	struct echod e = echod_start(backend, args);
	int fd[40], i;

	fd[0] = echod_connect(&e);
	client_ask(fd[0], "first", "first");
	for (i = 1; i < 40; i++) {
		fd[i] = echod_connect(&e);
		client_send(fd[i], "queued", 6);
	}
	echod_signal(&e, SIGTERM);
	client_expect_end(fd[0]);
	close(fd[0]);
	for (i = 1; i < 40; i++) {
		client_expect(fd[i], "queued", 6);
		client_expect_end(fd[i]);
		close(fd[i]);
	}
	cr_assert_eq(echod_wait(&e), 0, "%s", backend);
	finish(&e);
}

PLX_BACKENDS(stop, those_beyond_the_connection_limit_are_served_too)
ParameterizedTest(struct backend_param *b, stop,
		  those_beyond_the_connection_limit_are_served_too)
{
	struct support_mark mark = echod_begin(b->name);

	expect_last_words(b->name, "--max-connections=1");
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, those_beyond_the_descriptors_are_served_too)
ParameterizedTest(struct backend_param *b, stop,
		  those_beyond_the_descriptors_are_served_too)
{
	struct support_mark mark = echod_begin(b->name);

	echod_descriptor_limit = 24;
	expect_last_words(b->name, "--listen=127.0.0.1:0");
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, the_grace_period_ends)
ParameterizedTest(struct backend_param *b, stop, the_grace_period_ends)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e);
	int64_t since;

	send_until_full(fd);
	since = client_clock();
	echod_signal(&e, SIGTERM);
	cr_assert_eq(echod_wait(&e), 0, "%s", b->name);
	cr_assert_geq(client_clock() - since, 4900, "%s", b->name);
	close(fd);
	finish(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, a_second_signal_ends_at_once)
ParameterizedTest(struct backend_param *b, stop, a_second_signal_ends_at_once)
{
	static const char *const args[] = {"-v", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd = echod_connect(&e), idle = echod_connect(&e);

	client_ask(idle, "x", "x");
	send_until_full(fd);
	echod_signal(&e, SIGTERM);
	echod_expect_error(&e, "closed: stopping");
	echod_signal(&e, SIGINT);
	cr_assert_eq(echod_wait(&e), 1, "%s", b->name);
	echod_expect_error(&e, "stopped at once");
	close(fd);
	close(idle);
	finish(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, all_workers_end)
ParameterizedTest(struct backend_param *b, stop, all_workers_end)
{
	static const char *const args[] = {"--workers=4", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd[12], i;

	for (i = 0; i < 12; i++) {
		fd[i] = echod_connect(&e);
		client_ask(fd[i], "hi", "hi");
	}
	echod_stop(&e);
	for (i = 0; i < 12; i++) {
		client_expect_end(fd[i]);
		close(fd[i]);
	}
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, a_stop_right_after_the_start_is_clean)
ParameterizedTest(struct backend_param *b, stop,
		  a_stop_right_after_the_start_is_clean)
{
	static const char *const args[] = {"--workers=3", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e;
	int i;

	for (i = 0; i < 10; i++) {
		e = echod_start(b->name, args);
		echod_stop(&e);
	}
	support_end(mark, b->name);
}

/* Before some of the workers have started: nothing has failed. */
Test(stop, a_stop_during_the_start_is_clean)
{
	static const char *const args[] = {"--workers=64",
					   "--listen=127.0.0.1:0", NULL};
	struct echod_result r;

	if (RUNNING_ON_VALGRIND)
		cr_skip_test("valgrind keeps what is held back from a program");
	echod_signalled = SIGTERM;
	r = echod_run(args);
	echod_signalled = 0;
	cr_assert_eq(r.status, 0);
	cr_assert_str_eq(r.err, "");
}

PLX_BACKENDS(stop, usr1_lists_the_tasks_of_every_worker)
ParameterizedTest(struct backend_param *b, stop,
		  usr1_lists_the_tasks_of_every_worker)
{
	static const char *const args[] = {"--workers=2", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd = echod_connect(&e);

	client_ask(fd, "hi", "hi");
	echod_signal(&e, SIGUSR1);
	echod_expect_error(&e, "echod: worker 0 (");
	echod_expect_error(&e, "echod: worker 1 (");
	echod_expect_error(&e, " connection ");
	echod_expect_error(&e, "readable fd ");
	client_ask(fd, "on it goes", "on it goes");
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* A directory and the options to serve a socket in it. */
struct place {
	char dir[64];
	char path[80];
	char option[96];
};

static struct place
make_place(void)
{
	struct place p = {.dir = "/tmp/pollux-stop-XXXXXX"};

	cr_assert(mkdtemp(p.dir));
	snprintf(p.path, sizeof(p.path), "%s/s", p.dir);
	snprintf(p.option, sizeof(p.option), "--unix=%s", p.path);
	return p;
}

static void
serve_and_stop(const char *backend, const struct place *p)
{
	const char *args[] = {p->option, "--workers=2", NULL};
	struct echod e = echod_start(backend, args);
	char expected[256];
	struct stat st;
	int fd, i;

	snprintf(expected, sizeof(expected), "unix:%s", p->path);
	cr_assert_str_eq(e.address, expected);
	for (i = 0; i < 8; i++) {
		fd = echod_connect(&e);
		client_exchange(fd, 300000, 10000, 0, 4);
		close(fd);
	}
	echod_stop(&e);
	cr_assert_eq(stat(p->path, &st), -1, "%s: path left", backend);
}

PLX_BACKENDS(stop, a_unix_path_is_taken_away)
ParameterizedTest(struct backend_param *b, stop, a_unix_path_is_taken_away)
{
	struct support_mark mark = echod_begin(b->name);
	struct place p = make_place();

	serve_and_stop(b->name, &p);
	cr_assert_eq(rmdir(p.dir), 0);
	support_end(mark, b->name);
}

PLX_BACKENDS(stop, a_killed_servers_unix_path_is_taken_over)
ParameterizedTest(struct backend_param *b, stop,
		  a_killed_servers_unix_path_is_taken_over)
{
	struct support_mark mark = echod_begin(b->name);
	struct place p = make_place();
	const char *args[] = {p.option, NULL};
	struct echod e = echod_start(b->name, args);
	struct stat st;

	kill(e.pid, SIGKILL);
	cr_assert_eq(echod_wait(&e), 1000 + SIGKILL);
	finish(&e);
	cr_assert_eq(stat(p.path, &st), 0);
	serve_and_stop(b->name, &p);
	cr_assert_eq(rmdir(p.dir), 0);
	support_end(mark, b->name);
}

Test(stop, another_servers_unix_path_is_left_alone)
{
	struct place p = make_place();
	const char *args[] = {p.option, NULL};
	struct echod e = echod_start("auto", args);
	int file;

	cr_assert_eq(unlink(p.path), 0);
	file = open(p.path, O_CREAT | O_WRONLY, 0600);
	close(file);
	echod_stop(&e);
	cr_assert_eq(unlink(p.path), 0);
	cr_assert_eq(rmdir(p.dir), 0);
}
