/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_kinds.c: streams over every kind of descriptor, also where the
 * system moves one byte at a time, breaks off and changes its mind.
 */
#include <config.h>

#include <fcntl.h>
#include <termios.h>
#include <sys/uio.h>
#include "stream_common.h"

/* What is told to be read from and to be written to. */
struct ends {
	int in, out;
};

static int
open_unix_ends(struct ends *e)
{
	int fd[2];

	support_unix_pair(fd);
	*e = (struct ends){fd[0], fd[1]};
	return 1;
}

static int
open_tcp_ends(struct ends *e)
{
	int fd[2];

	support_tcp_pair(fd);
	*e = (struct ends){fd[0], fd[1]};
	return 1;
}

static int
open_pipe_ends(struct ends *e)
{
	int fd[2];

	support_pipe(fd);
	*e = (struct ends){fd[0], fd[1]};
	return 1;
}

/* Written to by its master, without a word changed on the way. */
static int
open_terminal(struct ends *e)
{
	struct termios mode;
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	int ok = fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0;
	int slave = ok ? open(ptsname(fd), O_RDWR | O_NOCTTY) : -1;

	if (slave < 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	tcgetattr(slave, &mode);
	mode.c_iflag = mode.c_oflag = mode.c_lflag = 0;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	tcsetattr(slave, TCSANOW, &mode);
	*e = (struct ends){slave, fd};
	return 1;
}

enum {
	LINES = 60,
	MOST = 200
};

/* The I-th line: how long it is. */
static size_t
make_line(char *line, int i)
{
	size_t n = 1 + (size_t)i * 31 % (MOST - 1);

	memset(line, 'a' + i % 26, n);
	line[n - 1] = '\n';
	return n;
}

/* By which way the lines are written. */
static int
write_line(struct plx_stream *s, int i)
{
	char line[MOST];
	size_t n = make_line(line, i), half = n / 2;
	struct iovec list[2] = {{line, half}, {line + half, n - half}};

	if (i % 3 == 0)
		return plx_stream_write_all(s, line, n, NULL, PLX_NEVER);
	if (i % 3 == 1)
		return plx_stream_writev(s, list, 2, PLX_NEVER) == (ssize_t)n
			       ? 0
			       : -EIO;
	return plx_stream_write(s, line, n, PLX_NEVER) == (ssize_t)n ? 0 : -EIO;
}

static int
write_all_lines(void *arg)
{
	const struct plx_stream_options small = {.high_water = 50,
						 .low_water = 10};
	const struct ends *e = arg;
	struct plx_stream s;
	int r = plx_stream_open(&s, e->out, &small);

	for (int i = 0; r == 0 && i < LINES; i++)
		r = write_line(&s, i);
	if (r == 0)
		r = plx_stream_flush(&s, PLX_NEVER);
	return r;
}

/* By which way the I-th one, of N bytes, is read. */
static ssize_t
read_line(struct plx_stream *s, char *line, size_t n, int i)
{
	if (i % 3 == 0)
		return plx_stream_readline(s, line, MOST, PLX_NEVER);
	if (i % 3 == 1)
		return plx_stream_readexactly(s, line, n, PLX_NEVER);
	return plx_stream_readuntil(s, "\n", 1, line, MOST, PLX_NEVER);
}

static int
check_all_lines(int fd, const char *where)
{
	char line[MOST], same[MOST];
	struct plx_stream s;
	ssize_t got;
	int r = plx_stream_open(&s, fd, NULL);

	for (int i = 0; r == 0 && i < LINES; i++) {
		size_t n = make_line(same, i);

		got = read_line(&s, line, n, i);
		cr_expect_eq(got, (ssize_t)n, "%s: line %d: %zd, not %zu",
			     where, i, got, n);
		if (got != (ssize_t)n || memcmp(line, same, n) != 0)
			r = -EILSEQ;
	}
	cr_expect_eq(r, 0, "%s: %d", where, r);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", where);
	return r;
}

static int
pass_lines(void *arg, int (*make)(struct ends *e))
{
	const char *name = arg;
	struct ends e;
	plx_task *t;
	int r = -1;

	if (!make(&e))
		return 0;
	cr_expect_eq(plx_spawn(NULL, write_all_lines, &e, &t), 0);
	check_all_lines(e.in, name);
	cr_expect_eq(plx_join(t, &r, PLX_NEVER), 0);
	cr_expect_eq(r, 0, "%s: the writer had %d", name, r);
	plx_close(e.out);
	return 0;
}

/* Whole and by the byte. */
static int
pass_lines_twice(void *arg, int (*make)(struct ends *e))
{
	pass_lines(arg, make);
	support_trickle_begin(1);
	support_trickle.interrupt = 7;
	support_trickle.refuse = 5;
	return pass_lines(arg, make);
}

static int
use_unix(void *arg)
{
	return pass_lines_twice(arg, open_unix_ends);
}
ON_BACKENDS(stream_kinds, a_unix_socket_is_a_stream, use_unix)

static int
use_tcp(void *arg)
{
	return pass_lines_twice(arg, open_tcp_ends);
}
ON_BACKENDS(stream_kinds, a_tcp_socket_is_a_stream, use_tcp)

static int
use_pipe(void *arg)
{
	return pass_lines_twice(arg, open_pipe_ends);
}
ON_BACKENDS(stream_kinds, a_pipe_is_a_stream, use_pipe)

static int
use_terminal(void *arg)
{
	return pass_lines_twice(arg, open_terminal);
}
ON_BACKENDS(stream_kinds, a_terminal_is_a_stream, use_terminal)

/* Written, then read: the same file is open twice. */
static int
use_file(void *arg)
{
	const char *name = arg;
	char path[] = "test_stream_XXXXXX", c;
	struct plx_stream s;
	struct ends e;

	for (int turn = 0; turn < 2; turn++) {
		e.out = mkstemp(path);
		e.in = open(path, O_RDONLY);
		unlink(path);
		memcpy(path + strlen(path) - 6, "XXXXXX", 6);
		cr_expect_eq(write_all_lines(&e), 0, "%s", name);
		check_all_lines(e.in, name);
		lseek(e.out, 0, SEEK_END);
		cr_expect_eq(plx_stream_open(&s, e.out, NULL), 0, "%s", name);
		cr_expect_eq(plx_stream_read(&s, &c, 1, PLX_NEVER), 0, "%s",
			     name);
		cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
		support_trickle_begin(1);
		support_trickle.interrupt = 7;
	}
	return 0;
}
ON_BACKENDS(stream_kinds, a_file_is_a_stream, use_file)
