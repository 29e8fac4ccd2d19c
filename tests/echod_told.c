/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_told.c: what echod tells, and how often.
 *
 * Names come from clients and paths from whoever starts echod; neither may
 * end a line of its output nor speak to a terminal.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <pollux/net.h>
#include "echod_driver.h"

#define SHORTAGE "cannot accept: "

/* How many lines echod has written about a shortage. */
static int
shortages(struct echod *e)
{
	char errors[ECHOD_TEXT * 4], *at;
	int n = 0;

	echod_errors(e, errors, sizeof(errors));
	for (at = errors; (at = strstr(at, SHORTAGE)); at++)
		n++;
	return n;
}

PLX_BACKENDS(told, one_shortage_is_told_once)
ParameterizedTest(struct backend_param *b, told, one_shortage_is_told_once)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e;
	int fd[60], i;

	echod_descriptor_limit = 24;
	e = echod_start(b->name, NULL);
	for (i = 0; i < 60; i++) {
		fd[i] = echod_connect(&e);
		client_send(fd[i], "hello", 5);
	}
	echod_expect_error(&e, SHORTAGE);
	/* Each place that becomes free is taken from the queue at once. */
	for (i = 0; i < 30; i++) {
		client_expect(fd[i], "hello", 5);
		close(fd[i]);
	}
	poll(NULL, 0, 350);
	cr_assert_eq(shortages(&e), 1, "%s: told %d times", b->name,
		     shortages(&e));
	for (; i < 60; i++)
		close(fd[i]);
	echod_stop(&e);
	support_end(mark, b->name);
}

static void
cause_shortage(struct echod *e, int count)
{
	int fd[40], i;

	for (i = 0; i < 40; i++) {
		fd[i] = echod_connect(e);
		client_send(fd[i], "hello", 5);
	}
	for (i = 0; i < 40; i++) {
		client_expect(fd[i], "hello", 5);
		close(fd[i]);
	}
	cr_assert_eq(shortages(e), count);
}

PLX_BACKENDS(told, the_next_shortage_is_told_again)
ParameterizedTest(struct backend_param *b, told,
		  the_next_shortage_is_told_again)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e;

	echod_descriptor_limit = 24;
	e = echod_start(b->name, NULL);
	cause_shortage(&e, 1);
	poll(NULL, 0, 1300);
	cause_shortage(&e, 2);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* Takes what is in the pipe LOG, or comes next; its last line must be whole. */
static void
read_log(int log, char *text, size_t room)
{
	struct pollfd p = {.fd = log, .events = POLLIN};
	size_t n = 0;
	ssize_t more;

	cr_assert_eq(poll(&p, 1, 10000), 1);
	while ((more = read(log, text + n, room - 1 - n)) > 0)
		n += (size_t)more;
	text[n] = '\0';
	cr_assert(n > 0 && text[n - 1] == '\n', "%s", text);
}

/* Whoever can connect could else stop it, by connecting. */
PLX_BACKENDS(told, a_log_that_nobody_reads_stops_nobody)
ParameterizedTest(struct backend_param *b, told,
		  a_log_that_nobody_reads_stops_nobody)
{
	static const char *const args[] = {"-v", NULL};
	struct support_mark mark = echod_begin(b->name);
	static char text[1 << 17];
	struct echod e;
	int log[2], fd, i;

	support_pipe(log);
	fcntl(log[1], F_SETFL, 0);
	echod_log = log[1];
	e = echod_start(b->name, args);
	close(log[1]);
	fd = echod_connect(&e);
	for (i = 0; i < 1500; i++) {
		client_reset(echod_connect(&e));
		client_ask(fd, "still here?", "still here?");
	}
	/* What is left of the pipe has room for a few. */
	for (i = 0; i < 40; i++) {
		echod_signal(&e, SIGUSR1);
		client_ask(fd, "and now?", "and now?");
	}
	/* Another may come while this is read, and tell of the others. */
	read_log(log[0], text, sizeof(text));
	if (!strstr(text, " lines were lost")) {
		client_reset(echod_connect(&e));
		client_ask(fd, "now?", "now?");
		read_log(log[0], text, sizeof(text));
	}
	cr_assert(strstr(text, " lines were lost"), "%s: %s", b->name, text);
	close(fd);
	echod_stop(&e);
	close(log[0]);
	support_end(mark, b->name);
}

#if defined(__linux__)
/* Every byte is a printable one or ends a line. */
static void
expect_plain(const char *backend, const char *text)
{
	for (; *text; text++)
		cr_assert(*text == '\n' || (*text >= ' ' && *text <= '~'),
			  "%s: byte %d", backend, *text);
}

#define EVIL "a\nechod: \033[31m\177\200\377b"
#define HARMLESS "a?echod: ?[31m???b"

/* A client bound to an abstract name, which may hold any byte. */
static int
connect_as(const struct echod *e, const char *name)
{
	struct sockaddr_un from = {.sun_family = AF_UNIX};
	struct plx_address to;
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(from.sun_path + 1, name, n);
	n += offsetof(struct sockaddr_un, sun_path) + 1;
	cr_assert_eq(bind(fd, (struct sockaddr *)&from, (socklen_t)n), 0, "%s",
		     strerror(errno));
	cr_assert_eq(plx_address_parse(e->address, &to), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to.storage, to.length), 0,
		     "%s", strerror(errno));
	return fd;
}

PLX_BACKENDS(told, a_clients_name_can_forge_no_line)
ParameterizedTest(struct backend_param *b, told,
		  a_clients_name_can_forge_no_line)
{
	struct support_mark mark = echod_begin(b->name);
	char option[80], name[80], expected[160], errors[ECHOD_TEXT * 4];
	const char *args[] = {option, "-v", NULL};
	struct echod e;
	int fd;

	snprintf(option, sizeof(option), "--unix=@pollux-told-%ld",
		 (long)getpid());
	snprintf(name, sizeof(name), "%s%ld", EVIL, (long)getpid());
	snprintf(expected, sizeof(expected), "unix:@" HARMLESS "%ld",
		 (long)getpid());
	e = echod_start(b->name, args);
	fd = connect_as(&e, name);
	echod_expect_error(&e, " connected\n");
	echod_signal(&e, SIGUSR1);
	echod_expect_error(&e, "readable fd ");
	close(fd);
	echod_expect_error(&e, " closed: ");
	echod_errors(&e, errors, sizeof(errors));
	cr_assert(strstr(errors, expected), "%s: no '%s'", b->name, expected);
	expect_plain(b->name, errors);
	echod_stop(&e);
	support_end(mark, b->name);
}
#endif

PLX_BACKENDS(told, the_ready_line_is_one_line_whatever_the_path)
ParameterizedTest(struct backend_param *b, told,
		  the_ready_line_is_one_line_whatever_the_path)
{
	struct support_mark mark = echod_begin(b->name);
	char dir[] = "/tmp/pollux-told-XXXXXX", path[64], option[80];
	char expected[160];
	const char *args[] = {option, NULL};
	struct echod e;

	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a\n\033[31m\303\244", dir);
	snprintf(option, sizeof(option), "--unix=%s", path);
	snprintf(expected, sizeof(expected),
		 "echod: listening on unix:%s/a??[31m?? (%s)", dir, b->name);
	e = echod_start(b->name, args);
	cr_assert_str_eq(e.ready, expected);
	cr_assert_eq(access(path, F_OK), 0);
	echod_stop(&e);
	cr_assert_eq(rmdir(dir), 0, "%s: path left", b->name);
	support_end(mark, b->name);
}
