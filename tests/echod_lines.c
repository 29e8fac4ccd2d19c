/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_lines.c: line mode: the transcript, the limit, and any bytes at all.
 */
#include <config.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "echod_driver.h"

static const char *const got[] = {"--mode=line", "--prefix=GOT:", NULL};

PLX_BACKENDS(lines, come_back_behind_the_prefix)
ParameterizedTest(struct backend_param *b, lines, come_back_behind_the_prefix)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, got);
	int fd = echod_connect(&e);

	client_ask(fd, "Hello\n", "GOT:Hello\n");
	client_ask(fd, "a\nb\n", "GOT:a\nGOT:b\n");
	client_ask(fd, "\n\r\n", "GOT:\nGOT:\r\n");
	client_send(fd, "tail", 4);
	shutdown(fd, SHUT_WR);
	client_expect(fd, "GOT:tail", 8);
	client_expect_end(fd);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(lines, are_put_together_from_single_bytes)
ParameterizedTest(struct backend_param *b, lines,
		  are_put_together_from_single_bytes)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, got);
	const char *p, *text = "one line in many pieces\nand another\n";
	int fd = echod_connect(&e), other = echod_connect(&e);

	for (p = text; *p; p++) {
		client_send(fd, p, 1);
		client_ask(other, "meanwhile\n", "GOT:meanwhile\n");
	}
	client_expect(fd, "GOT:one line in many pieces\nGOT:and another\n", 44);
	close(other);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* What line mode makes of DATA; the length, into *OUT. */
static char *
answer_to(const char *data, size_t n, const char *prefix, size_t *out)
{
	size_t room = n * (strlen(prefix) + 1) + strlen(prefix) + 1, used = 0;
	char *text = malloc(room);
	const char *end, *next;

	cr_assert(text);
	for (end = data + n; data < end; data = next) {
		next = memchr(data, '\n', (size_t)(end - data));
		next = next ? next + 1 : end;
		memcpy(text + used, prefix, strlen(prefix));
		used += strlen(prefix);
		memcpy(text + used, data, (size_t)(next - data));
		used += (size_t)(next - data);
	}
	*out = used;
	return text;
}

/* Sends all without reading, from a process of its own. */
static pid_t
send_aside(int fd, const char *data, size_t n)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	client_send(fd, data, n);
	shutdown(fd, SHUT_WR);
	_exit(0);
}

/* Sends N bytes and compares all that comes back. */
static void
expect_answers(struct echod *e, char *data, size_t n, const char *prefix)
{
	size_t length;
	char *answer = answer_to(data, n, prefix, &length);
	int fd = echod_connect(e), status;
	pid_t pid = send_aside(fd, data, n);

	client_expect(fd, answer, length);
	client_expect_end(fd);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	close(fd);
	free(answer);
}

PLX_BACKENDS(lines, of_random_bytes_come_back)
ParameterizedTest(struct backend_param *b, lines, of_random_bytes_come_back)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, got);
	static char data[1 << 20];

	client_noise(data, sizeof(data), 77);
	expect_answers(&e, data, sizeof(data), "GOT:");
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(lines, many_short_ones_grow_by_their_prefixes)
ParameterizedTest(struct backend_param *b, lines,
		  many_short_ones_grow_by_their_prefixes)
{
	static const char *const args[] = {
		"--mode=line", "--prefix=a prefix of some length: ", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	static char data[400000];
	size_t i;

	client_noise(data, sizeof(data), 78);
	for (i = 0; i < sizeof(data); i++)
		if (data[i] & 1)
			data[i] = '\n';
	expect_answers(&e, data, sizeof(data), "a prefix of some length: ");
	echod_stop(&e);
	support_end(mark, b->name);
}

/* A line of N bytes and its newline, in memory to be freed. */
static char *
make_line(size_t n)
{
	char *line = malloc(n + 1);

	cr_assert(line);
	memset(line, 'l', n);
	line[n] = '\n';
	return line;
}

/* A long line goes through every shared buffer, and comes back. */
static void
ask_long(int fd)
{
	const size_t n = 65000;
	char *line = make_line(n);

	client_send(fd, line, n + 1);
	client_expect(fd, "GOT:", 4);
	client_expect(fd, line, n + 1);
	free(line);
}

PLX_BACKENDS(lines, a_reader_that_comes_late_gets_all)
ParameterizedTest(struct backend_param *b, lines,
		  a_reader_that_comes_late_gets_all)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, got);
	const size_t n = 12 << 20;
	char *data = malloc(n), *answer;
	int fd = echod_connect(&e), other = echod_connect(&e);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	size_t length, i;
	pid_t pid;

	memset(data, 'x', n);
	for (i = 0; i < n; i += 1 + i % 7)
		data[i] = '\n';
	answer = answer_to(data, n, "GOT:", &length);
	pid = send_aside(fd, data, n);
	do
		client_ask(other, "in\nbetween\n", "GOT:in\nGOT:between\n");
	while (poll(&p, 1, 200) == 1);
	for (i = 0; i < 20; i++)
		ask_long(other);
	client_expect(fd, answer, length);
	client_expect_end(fd);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	close(fd);
	close(other);
	free(data);
	free(answer);
	echod_stop(&e);
	support_end(mark, b->name);
}

static void
expect_limit(struct echod *e, size_t limit)
{
	char *line = make_line(limit);
	static char more[300000];
	int fd = echod_connect(e);

	client_send(fd, line, limit + 1);
	client_expect(fd, line, limit + 1);
	client_send(fd, line, limit / 2);
	client_send(fd, line + limit / 2, limit + 1 - limit / 2);
	client_expect(fd, line, limit + 1);
	client_send(fd, "before\n", 7);
	client_send(fd, line, limit);
	client_send(fd, "!\nafter\n", 8);
	client_send(fd, more, sizeof(more));
	client_expect(fd, "before\n", 7);
	client_expect_end(fd);
	close(fd);
	free(line);
}

PLX_BACKENDS(lines, a_longer_one_than_the_limit_ends_the_connection)
ParameterizedTest(struct backend_param *b, lines,
		  a_longer_one_than_the_limit_ends_the_connection)
{
	static const char *const args[] = {"--mode=line", "--max-line=100",
					   "-v", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);

	expect_limit(&e, 100);
	echod_expect_error(&e, "closed: line too long\n");
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(lines, the_limit_is_65536_bytes)
ParameterizedTest(struct backend_param *b, lines, the_limit_is_65536_bytes)
{
	static const char *const args[] = {"--mode=line", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);

	expect_limit(&e, 65536);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(lines, a_limit_beyond_every_buffer_holds)
ParameterizedTest(struct backend_param *b, lines,
		  a_limit_beyond_every_buffer_holds)
{
	static const char *const args[] = {"--mode=line", "--max-line=1000000",
					   NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);

	expect_limit(&e, 1000000);
	echod_stop(&e);
	support_end(mark, b->name);
}
