/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_io.c: the socket calls of tasks, on every backend.
 */
#include <config.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "task_common.h"

static void
close_pair(const int fd[2])
{
	cr_expect_eq(plx_close(fd[0]), 0);
	cr_expect_eq(plx_close(fd[1]), 0);
}

struct transfer {
	int fd;
	size_t size;
	ssize_t result;
	int64_t deadline;
};

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static int
send_bytes(void *arg)
{
	struct transfer *x = arg;
	unsigned char *bytes = malloc(x->size);

	for (size_t i = 0; i < x->size; i++)
		bytes[i] = byte_at(i);
	x->result = plx_send(x->fd, bytes, x->size, x->deadline);
	free(bytes);
	return 0;
}

static int
recv_one(void *arg)
{
	struct transfer *x = arg;
	char c;

	x->result = plx_recv(x->fd, &c, 1, x->deadline);
	return 0;
}

/* Reads SIZE bytes of byte_at from FD in odd pieces. */
static int
recv_bytes(int fd, size_t size)
{
	unsigned char piece[1021];
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = plx_recv(fd, piece, sizeof(piece), PLX_NEVER);
		if (n <= 0)
			return -EPROTO;
		for (ssize_t i = 0; i < n; i++) {
			if (piece[i] != byte_at(done++))
				return -EILSEQ;
		}
	}
	return 0;
}

static int
exchange_megabytes(void *arg)
{
	struct transfer x = {.size = 3 << 20, .deadline = PLX_NEVER};
	const char *name = arg;
	plx_task *t;
	int fd[2];

	support_tcp_pair(fd);
	x.fd = fd[0];
	plx_spawn(NULL, send_bytes, &x, &t);
	cr_expect_eq(recv_bytes(fd[1], x.size), 0, "%s", name);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(x.result, (ssize_t)x.size, "%s: %zd", name, x.result);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(io, send_sends_all_of_megabytes, exchange_megabytes)

static int
recv_simply(void *arg)
{
	const char *name = arg;
	char buf[8] = "";
	int fd[2];

	support_unix_pair(fd);
	cr_expect_eq(plx_recv(fd[0], buf, 8, 0), -ETIMEDOUT, "%s", name);
	cr_expect_eq(plx_send(fd[1], "hello", 5, PLX_NEVER), 5, "%s", name);
	cr_expect_eq(plx_recv(fd[0], buf, 2, PLX_NEVER), 2, "%s", name);
	cr_expect_eq(plx_recv(fd[0], buf, 8, PLX_NEVER), 3, "%s", name);
	cr_expect_eq(memcmp(buf, "llo", 3), 0, "%s", name);
	plx_send(fd[1], "x", 1, 0);
	cr_expect_eq(plx_recv(fd[0], buf, 8, 0), 1,
		     "%s: tried in spite of the hint", name);
	cr_expect_eq(plx_recv(fd[0], buf, 0, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_send(fd[0], buf, 0, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_recv(fd[0], buf, SIZE_MAX, 0), -EINVAL, "%s", name);
	plx_close(fd[1]);
	cr_expect_eq(plx_recv(fd[0], buf, 8, PLX_NEVER), 0, "%s: end", name);
	cr_expect_eq(plx_send(fd[0], buf, 8, PLX_NEVER), -EPIPE, "%s", name);
	plx_close(fd[0]);
	return 0;
}
ON_BACKENDS(io, recv_takes_what_is_there_and_tells_the_end, recv_simply)

static int
use_pipe(void *arg)
{
	const char *name = arg;
	char buf[8];
	int fd[2];

	support_pipe(fd);
	cr_expect_eq(plx_recv(fd[0], buf, 8, PLX_NEVER), -ENOTSOCK, "%s", name);
	cr_expect_eq(plx_read(fd[0], buf, 8, 0), -ETIMEDOUT, "%s", name);
	cr_expect_eq(plx_write(fd[1], "abc", 3, PLX_NEVER), 3, "%s", name);
	cr_expect_eq(plx_read(fd[0], buf, 8, PLX_NEVER), 3, "%s", name);
	support_fill(fd[1]);
	cr_expect_eq(plx_write(fd[1], "abc", 3, 0), -ETIMEDOUT, "%s", name);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(io, read_and_write_work_on_a_pipe, use_pipe)

static int
use_file(void *arg)
{
	char path[] = "test_io_XXXXXX";
	int fd = mkstemp(path);
	char buf[8];

	unlink(path);
	cr_expect_eq(plx_write(fd, "abcdef", 6, PLX_NEVER), 6);
	cr_expect_eq(lseek(fd, 0, SEEK_SET), 0);
	cr_expect_eq(plx_read(fd, buf, 8, PLX_NEVER), 6, "%s", (char *)arg);
	cr_expect_eq(plx_read(fd, buf, 8, PLX_NEVER), 0, "%s", (char *)arg);
	plx_close(fd);
	return 0;
}
ON_BACKENDS(io, a_regular_file_is_always_ready, use_file)

static int
block_not(void *arg)
{
	struct transfer x = {.deadline = PLX_NEVER};
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	fcntl(fd[0], F_SETFL, fcntl(fd[0], F_GETFL) & ~O_NONBLOCK);
	x.fd = fd[0];
	plx_spawn(NULL, recv_one, &x, &t);
	plx_checkpoint();
	cr_expect_eq(plx_send(fd[1], "x", 1, PLX_NEVER), 1);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(x.result, 1, "%s", (char *)arg);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(io, a_blocking_socket_does_not_block_the_loop, block_not)

static int
send_partly(void *arg)
{
	struct transfer x = {.size = 4 << 20};
	size_t room;
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	x.fd = fd[0];
	x.deadline = in(PLX_SECOND);
	plx_spawn(NULL, send_bytes, &x, &t);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_gt(x.result, 0);
	cr_expect_lt(x.result, (ssize_t)x.size);
	room = support_drain(fd[1]);
	cr_expect_eq((ssize_t)room, x.result, "%s", (char *)arg);
	support_fill(fd[0]);
	cr_expect_eq(plx_send(fd[0], "x", 1, in(PLX_SECOND)), -ETIMEDOUT);
	cr_expect_eq(plx_send(fd[0], "x", 1, 0), -ETIMEDOUT);
	close_pair(fd);
	return 0;
}
WITH_CLOCK(io, send_tells_how_much_went_before_the_deadline, send_partly)

static int
cancel_sender(void *arg)
{
	struct transfer x = {.size = 4 << 20, .deadline = PLX_NEVER};
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	x.fd = fd[0];
	plx_spawn(NULL, send_bytes, &x, &t);
	let_run(3);
	plx_cancel(t);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_gt(x.result, 0, "%s", (char *)arg);
	cr_expect_lt(x.result, (ssize_t)x.size, "%s", (char *)arg);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(io, a_cancelled_send_tells_how_much_went, cancel_sender)

static int
keep_deadlines(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	char buf[4];
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	cr_expect_eq(plx_recv(fd[0], buf, 4, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(plx_recv(fd[0], buf, 4, deadline), -ETIMEDOUT);
	cr_expect_eq(write(fd[1], "xy", 2), 2);
	cr_expect_eq(plx_recv(fd[0], buf, 4, deadline), 2,
		     "a passed deadline still means one try");
	close_pair(fd);
	return 0;
}
WITH_CLOCK(io, recv_keeps_its_deadline, keep_deadlines)

static int
close_and_use(void *arg)
{
	const char *name = arg;
	char buf[4] = "";
	int fd[2];

	support_unix_pair(fd);
	close_pair(fd);
	cr_expect_eq(plx_recv(fd[0], buf, 4, PLX_NEVER), -EBADF, "%s", name);
	cr_expect_eq(plx_send(fd[0], buf, 4, PLX_NEVER), -EBADF, "%s", name);
	cr_expect_eq(plx_read(fd[0], buf, 4, PLX_NEVER), -EBADF, "%s", name);
	cr_expect_eq(plx_write(fd[0], buf, 4, PLX_NEVER), -EBADF, "%s", name);
	cr_expect_eq(plx_accept(fd[0], NULL, NULL, PLX_NEVER), -EBADF, "%s",
		     name);
	cr_expect_eq(plx_close(fd[0]), -EBADF, "%s", name);
	cr_expect_eq(plx_close(-1), -EBADF, "%s", name);
	cr_expect_eq(plx_recv(-1, buf, 4, PLX_NEVER), -EBADF, "%s", name);
	return 0;
}
ON_BACKENDS(io, using_what_was_closed_is_an_error_to_that_task_only,
	    close_and_use)

static int
recv_twice(void *arg)
{
	struct transfer x = {.deadline = PLX_NEVER};
	plx_task *t;
	char c;
	int fd[2];

	support_unix_pair(fd);
	x.fd = fd[0];
	plx_spawn(NULL, recv_one, &x, &t);
	plx_checkpoint();
	cr_expect_eq(plx_recv(fd[0], &c, 1, PLX_NEVER), -EBUSY, "%s",
		     (char *)arg);
	cr_expect_eq(plx_send(fd[1], "x", 1, PLX_NEVER), 1);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(x.result, 1, "%s: the first is not disturbed",
		     (char *)arg);
	close_pair(fd);
	return 0;
}
ON_BACKENDS(io, a_second_receiver_is_refused, recv_twice)

static int
close_and_look(void *arg)
{
	struct transfer r = {.deadline = PLX_NEVER};
	struct transfer s = {.size = 4 << 20, .deadline = PLX_NEVER};
	plx_task *t, *u;
	int fd[2];

	support_unix_pair(fd);
	support_fill(fd[0]);
	r.fd = s.fd = fd[0];
	plx_spawn(NULL, recv_one, &r, &t);
	plx_spawn(NULL, send_bytes, &s, &u);
	let_run(2);
	cr_expect_eq(plx_close(fd[0]), 0);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_join(u, NULL, PLX_NEVER), 0);
	cr_expect_eq(r.result, -ESHUTDOWN, "%s", (char *)arg);
	cr_expect_eq(s.result, -ESHUTDOWN, "%s", (char *)arg);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(io, close_wakes_reader_and_writer, close_and_look)
