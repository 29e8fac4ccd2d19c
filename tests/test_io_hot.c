/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_io_hot.c: plx_recv and plx_send over the system itself.
 *
 * Other tests of tasks put a table of their own before the system, and so go
 * another way with what a conversation sends.
 */
#include <config.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "task_common.h"

#define MUCH ((size_t)3 << 20)

struct side {
	int fd;
	const char *name;
	unsigned char *bytes;
	ssize_t result;
	int64_t deadline;
};

static int
run_bare(const char *backend, plx_task_fn *fn)
{
	struct support_mark mark = support_begin(backend);
	const struct plx_run_options options = {.backend = backend};
	int r = plx_run(&options, fn, (void *)backend);

	support_end(mark, backend);
	return r;
}

#define ON_BARE_BACKENDS(NAME, BODY)                                         \
	PLX_BACKENDS(io_hot, NAME)                                           \
	ParameterizedTest(struct backend_param *p, io_hot, NAME)             \
	{                                                                    \
		int r = run_bare(p->name, BODY);                             \
		cr_expect_eq(r, 0, "%s: the run ended with %d", p->name, r); \
	}

static unsigned char *
make_bytes(void)
{
	unsigned char *bytes = malloc(MUCH);

	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	return bytes;
}

/* Is asked by a byte, for which it waits, and answers with much. */
static int
answer(void *arg)
{
	struct side *s = arg;
	char buf[8];

	/* Less than it takes: so the next of these would wait, and the port is
	   known from now on. */
	cr_expect_eq(plx_recv(s->fd, buf, 8, PLX_NEVER), 1, "%s", s->name);
	s->result = plx_send(s->fd, s->bytes, MUCH, s->deadline);
	return 0;
}

/* Begins a task that answers FD[0], and asks it over FD[1]. */
static plx_task *
ask(struct side *s, const int fd[2])
{
	plx_task *t = NULL;

	s->fd = fd[0];
	s->bytes = make_bytes();
	cr_expect_eq(plx_spawn(NULL, answer, s, &t), 0, "%s", s->name);
	/* It waits by the time that it is asked. */
	cr_expect_eq(plx_checkpoint(), 0);
	cr_expect_eq(plx_send(fd[1], "?", 1, PLX_NEVER), 1, "%s", s->name);
	return t;
}

/* How many bytes of those at BYTES come over FD until N have, or the end. */
static size_t
take(int fd, const unsigned char *bytes, size_t n)
{
	unsigned char piece[1021];
	size_t done = 0;
	ssize_t got = 1;

	while (done < n && got > 0) {
		got = plx_recv(fd, piece, sizeof(piece),
			       plx_after(10 * PLX_SECOND));
		if (got <= 0 || memcmp(piece, bytes + done, (size_t)got) != 0)
			return done;
		done += (size_t)got;
	}
	return done;
}

static int
answer_with_megabytes(void *arg)
{
	struct side s = {.name = arg, .deadline = PLX_NEVER};
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	t = ask(&s, fd);
	cr_expect_eq(take(fd[1], s.bytes, MUCH), MUCH, "%s", s.name);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0, "%s", s.name);
	cr_expect_eq(s.result, (ssize_t)MUCH, "%s: %zd", s.name, s.result);
	plx_close(fd[0]);
	plx_close(fd[1]);
	free(s.bytes);
	return 0;
}
ON_BARE_BACKENDS(an_answer_that_goes_in_parts_goes_whole, answer_with_megabytes)

static int
answer_without_time(void *arg)
{
	struct side s = {.name = arg, .deadline = 0};
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	t = ask(&s, fd);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0, "%s", s.name);
	cr_expect(s.result > 0 && s.result < (ssize_t)MUCH, "%s: %zd", s.name,
		  s.result);
	plx_close(fd[0]);
	cr_expect_eq(take(fd[1], s.bytes, MUCH), (size_t)s.result,
		     "%s: what was told has come, and no more", s.name);
	plx_close(fd[1]);
	free(s.bytes);
	return 0;
}
ON_BARE_BACKENDS(an_answer_without_time_tells_what_went, answer_without_time)

static int
expect_nothing_more(void *arg)
{
	const char *name = arg;
	int64_t deadline;
	char buf[8];
	int fd[2];

	support_unix_pair(fd);
	plx_send(fd[1], "x", 1, PLX_NEVER);
	cr_expect_eq(plx_await_fd(fd[0], PLX_READ, PLX_NEVER), PLX_READ);
	cr_expect_eq(plx_recv(fd[0], buf, 8, PLX_NEVER), 1, "%s", name);
	/* The next call of a conversation: the port is known, the watch on. */
	for (int i = 0; i < 2; i++) {
		deadline = plx_after(5 * PLX_MILLISECOND);
		cr_expect_eq(plx_recv(fd[0], buf, 8, deadline), -ETIMEDOUT,
			     "%s", name);
		cr_expect_geq(plx_now(), deadline, "%s: not early", name);
	}
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
ON_BARE_BACKENDS(a_wait_of_a_conversation_ends_in_time, expect_nothing_more)

static int
take_next(void *arg)
{
	struct side *s = arg;
	char buf[8];

	cr_expect_eq(plx_recv(s->fd, buf, 8, PLX_NEVER), 1, "%s", s->name);
	s->result = plx_recv(s->fd, buf, 8, PLX_NEVER);
	return 0;
}

static int
close_while_waited_for(void *arg)
{
	struct side s = {.name = arg};
	plx_task *t = NULL;
	int fd[2];

	support_unix_pair(fd);
	s.fd = fd[0];
	plx_spawn(NULL, take_next, &s, &t);
	plx_checkpoint();
	plx_send(fd[1], "x", 1, PLX_NEVER);
	cr_expect_eq(plx_await_fd(fd[1], PLX_WRITE, PLX_NEVER), PLX_WRITE);
	plx_checkpoint();
	plx_close(fd[0]);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0, "%s", s.name);
	cr_expect_eq(s.result, -ESHUTDOWN, "%s: %zd", s.name, s.result);
	plx_close(fd[1]);
	return 0;
}
ON_BARE_BACKENDS(a_close_ends_the_wait_of_a_conversation,
		 close_while_waited_for)
