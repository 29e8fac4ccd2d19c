/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_handed.c: sockets that whoever starts echod has opened.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <pollux/net.h>
#include <pollux/udp.h>
#include "echod_driver.h"

/* FD is handed over to the programs started from now on. */
static void
hand_over(int fd, const char *count)
{
	echod_handed.fd = fd;
	echod_handed.count = count;
}

PLX_BACKENDS(handed, a_listening_socket_is_served)
ParameterizedTest(struct backend_param *b, handed, a_listening_socket_is_served)
{
	static const char *const args[] = {"--workers=2", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct plx_address at, real;
	char text[PLX_ADDRESS_TEXT];
	struct echod e;
	int l, fd;

	cr_assert_eq(plx_address_parse("127.0.0.1:0", &at), 0);
	cr_assert_eq(plx_listen(&at, NULL, &l), 0);
	cr_assert_eq(plx_local_address(l, &real), 0);
	plx_address_format(&real, text, sizeof(text));
	hand_over(l, "1");
	e = echod_start(b->name, args);
	cr_assert_str_eq(e.address, text, "%s", b->name);
	fd = echod_connect(&e);
	client_ask(fd, "hello", "hello");
	close(fd);
	echod_stop(&e);
	close(l);
	support_end(mark, b->name);
}

PLX_BACKENDS(handed, the_path_of_a_unix_socket_is_left_alone)
ParameterizedTest(struct backend_param *b, handed,
		  the_path_of_a_unix_socket_is_left_alone)
{
	struct support_mark mark = echod_begin(b->name);
	char dir[] = "/tmp/pollux-handed-XXXXXX", text[64];
	struct plx_address at;
	struct stat st;
	struct echod e;
	int l, fd;

	cr_assert(mkdtemp(dir));
	snprintf(text, sizeof(text), "unix:%s/s", dir);
	cr_assert_eq(plx_address_parse(text, &at), 0);
	cr_assert_eq(plx_listen(&at, NULL, &l), 0);
	hand_over(l, "1");
	e = echod_start(b->name, NULL);
	fd = echod_connect(&e);
	client_ask(fd, "hello", "hello");
	close(fd);
	echod_stop(&e);
	cr_assert_eq(stat(text + 5, &st), 0, "%s: the path is gone", b->name);
	unlink(text + 5);
	rmdir(dir);
	close(l);
	support_end(mark, b->name);
}

PLX_BACKENDS(handed, a_socket_of_datagrams_is_served)
ParameterizedTest(struct backend_param *b, handed,
		  a_socket_of_datagrams_is_served)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e;
	char text[8];
	int fd[2];

	support_udp_pair(fd);
	hand_over(fd[0], "1");
	e = echod_start(b->name, NULL);
	cr_assert_eq(strncmp(e.address, "udp:127.0.0.1:", 14), 0, "%s",
		     e.address);
	cr_assert_eq(send(fd[1], "hello", 5, 0), 5);
	while (recv(fd[1], text, sizeof(text), 0) != 5)
		cr_assert_eq(errno, EAGAIN, "%s", b->name);
	cr_assert_eq(memcmp(text, "hello", 5), 0);
	echod_stop(&e);
	close(fd[0]);
	close(fd[1]);
	support_end(mark, b->name);
}

/* A socket of datagrams at NAME in DIR, which is *AT. */
static int
open_datagrams(const char *dir, const char *name, struct plx_address *at)
{
	struct timeval patience = {.tv_sec = PATIENCE};
	char text[64];
	int fd;

	snprintf(text, sizeof(text), "unix:%s/%s", dir, name);
	cr_assert_eq(plx_address_parse(text, at), 0);
	cr_assert_eq(plx_udp_open(at, NULL, &fd), 0);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
remove_names(const char *dir, const char *const *names)
{
	char path[64];

	for (; *names; names++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *names);
		unlink(path);
	}
	rmdir(dir);
}

static void
send_to(int fd, const struct plx_address *a, const char *text, int i)
{
	cr_assert_eq(sendto(fd, text, strlen(text), 0,
			    (const struct sockaddr *)&a->storage, a->length),
		     (ssize_t)strlen(text), "%d. has to wait", i);
}

PLX_BACKENDS(handed, a_client_that_does_not_read_keeps_nobody_waiting)
ParameterizedTest(struct backend_param *b, handed,
		  a_client_that_does_not_read_keeps_nobody_waiting)
{
	static const char *const names[] = {"s", "lazy", "other", NULL};
	struct support_mark mark = echod_begin(b->name);
	char dir[] = "/tmp/pollux-handed-XXXXXX", back[8];
	struct plx_address at;
	struct echod e;
	int l, lazy, other, i;

	cr_assert(mkdtemp(dir));
	other = open_datagrams(dir, names[2], &at);
	lazy = open_datagrams(dir, names[1], &at);
	l = open_datagrams(dir, names[0], &at);
	hand_over(l, "1");
	e = echod_start(b->name, NULL);
	for (i = 0; i < 2000; i++)
		send_to(lazy, &at, "lazy", i);
	send_to(other, &at, "hello", 0);
	cr_assert_eq(recv(other, back, sizeof(back), 0), 5, "%s", b->name);
	cr_assert_eq(memcmp(back, "hello", 5), 0);
	close(lazy);
	close(other);
	echod_stop(&e);
	close(l);
	remove_names(dir, names);
	support_end(mark, b->name);
}

/* What echod says of a descriptor FD that is handed over as COUNT. */
static void
expect_refusal(int fd, const char *count, int status, const char *why)
{
	static const char *const args[] = {NULL};
	struct echod_result r;

	hand_over(fd, count);
	r = echod_run(args);
	cr_assert_eq(r.status, status, "%d: %s", r.status, r.err);
	cr_assert_eq(strncmp(r.err, why, strlen(why)), 0, "%s", r.err);
	cr_assert_str_eq(strchr(r.err, '\n'), "\n");
	cr_assert_str_eq(r.out, "");
}

Test(handed, what_cannot_be_served_is_told)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	expect_refusal(fd[0], "1", 1,
		       "echod: cannot serve descriptor 3 of LISTEN_FDS: ");
	close(fd[0]);
	close(fd[1]);
}

Test(handed, a_number_that_is_none_is_told)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	expect_refusal(fd[0], "many", 2, "echod: LISTEN_FDS=many: ");
	close(fd[0]);
	close(fd[1]);
}

Test(handed, more_than_there_are_is_told)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	expect_refusal(fd[0], "40", 2, "echod: LISTEN_FDS=40: descriptor ");
	close(fd[0]);
	close(fd[1]);
}

PLX_BACKENDS(handed, what_is_meant_for_another_process_is_not_taken)
ParameterizedTest(struct backend_param *b, handed,
		  what_is_meant_for_another_process_is_not_taken)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e;
	int fd;

	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	e = echod_start(b->name, NULL);
	fd = echod_connect(&e);
	client_ask(fd, "hello", "hello");
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}
