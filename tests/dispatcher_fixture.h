/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_fixture.h: dispatchers that write into the log of the loop's
 * fixture: their name and a letter for the handler, r w a c (read, write,
 * accept, connect), x (expt), e (error) or z (close).
 */
#ifndef PLX_DISPATCHER_FIXTURE_H
#define PLX_DISPATCHER_FIXTURE_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <pollux/dispatcher.h>
#include "loop_fixture.h"

struct channel {
	struct plx_dispatcher d;
	struct fixture *f;
	char name;
	/* What the handler KIND does after it has been logged, and answers.
	   NULL: as `plain` below. */
	int (*then)(struct channel *c, char kind);
	unsigned wants; /* what the predicates say */
	int asked;	/* how often the first of them was */
	int error, why; /* of the last 'e' and 'z' */
	struct channel *other;
};

static struct plx_dispatcher_map map;

static struct channel *
channel_of(struct plx_dispatcher *d)
{
	return d->arg;
}

/* Reads all there is, fails with what it was told, else does nothing. */
static inline int
plain(struct channel *c, char kind)
{
	char buf[4096];
	ssize_t n = 1;

	if (kind == 'e')
		return c->error;
	while (kind == 'r' && n > 0)
		n = plx_dispatcher_recv(&c->d, buf, sizeof(buf));
	return (int)n < 0 ? (int)n : 0;
}

static int
handle(struct plx_dispatcher *d, char kind)
{
	struct channel *c = channel_of(d);

	write_letter(c->f, c->name);
	write_letter(c->f, kind);
	return c->then ? c->then(c, kind) : plain(c, kind);
}

static int
handle_read(struct plx_dispatcher *d)
{
	return handle(d, 'r');
}

static int
handle_write(struct plx_dispatcher *d)
{
	return handle(d, 'w');
}

static int
handle_accept(struct plx_dispatcher *d)
{
	return handle(d, 'a');
}

static int
handle_connect(struct plx_dispatcher *d)
{
	return handle(d, 'c');
}

static int
handle_expt(struct plx_dispatcher *d)
{
	return handle(d, 'x');
}

static int
handle_error(struct plx_dispatcher *d, int error)
{
	channel_of(d)->error = error;
	return handle(d, 'e');
}

static void
handle_close(struct plx_dispatcher *d, int why)
{
	channel_of(d)->why = why;
	handle(d, 'z');
}

static int
is_readable(struct plx_dispatcher *d)
{
	struct channel *c = channel_of(d);

	c->asked++;
	return (c->wants & PLX_READ) != 0;
}

static int
is_writable(struct plx_dispatcher *d)
{
	return (channel_of(d)->wants & PLX_WRITE) != 0;
}

#define HANDLERS                                                          \
	.readable = is_readable, .writable = is_writable,                 \
	.handle_read = handle_read, .handle_write = handle_write,         \
	.handle_accept = handle_accept, .handle_connect = handle_connect, \
	.handle_expt = handle_expt, .handle_error = handle_error,         \
	.handle_close = handle_close

static const struct plx_dispatcher_ops every = {HANDLERS};

/* The loop's fixture and an empty map. */
static inline void
begin_map(struct fixture *f, const struct backend_param *p)
{
	begin(f, p);
	plx_dispatcher_map_init(&map, f->loop);
}

static inline void
end_map(struct fixture *f)
{
	CHECK(f, map.count == 0);
	end(f);
}

/* Makes C, named NAME, one that wants to read and has no socket. */
static inline void
prepare(struct fixture *f, struct channel *c, char name,
	const struct plx_dispatcher_ops *ops)
{
	memset(c, 0, sizeof(*c));
	c->f = f;
	c->name = name;
	c->wants = PLX_READ;
	c->d.arg = c;
	plx_dispatcher_init(&c->d, &map, ops);
}

/* The same over one end of a new pair; the other end. */
static inline int
adopt(struct fixture *f, struct channel *c, char name,
      const struct plx_dispatcher_ops *ops)
{
	int fd[2];

	support_unix_pair(fd);
	prepare(f, c, name, ops);
	IS(f, plx_dispatcher_set_socket(&c->d, fd[0]), 0);
	return fd[1];
}

/* Makes C one that listens on the loopback interface, in *AT. */
static inline void
listen_at(struct fixture *f, struct channel *c, char name,
	  struct plx_address *at)
{
	cr_assert_eq(plx_address_parse("127.0.0.1:0", at), 0);
	prepare(f, c, name, &every);
	IS(f, plx_dispatcher_create_socket(&c->d, AF_INET, SOCK_STREAM), 0);
	IS(f, plx_dispatcher_set_reuse_addr(&c->d), 0);
	IS(f, plx_dispatcher_bind(&c->d, at), 0);
	IS(f, plx_dispatcher_listen(&c->d, 0), 0);
	IS(f, plx_local_address(plx_dispatcher_fd(&c->d), at), 0);
}

static inline int
connect_plainly(struct fixture *f, const struct plx_address *at)
{
	int fd = socket(at->storage.ss_family, SOCK_STREAM, 0);

	CHECK(f, connect(fd, (const void *)&at->storage, at->length) == 0);
	return fd;
}

static inline void
say(struct fixture *f, int fd, const char *text)
{
	CHECK(f, write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* Frees the N bytes at P, which nobody can mistake for what they were; that
   they are written the compiler must believe. */
static inline void
scrap(void *p, size_t n)
{
	volatile char *c = p;

	while (n-- > 0)
		*c++ = (char)0xa5;
	free(p);
}

static inline void
turns(struct fixture *f, int n)
{
	while (n-- > 0)
		turn(f);
}

#endif
