/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_stream.h: a stream of known bytes through dispatchers that keep
 * some of them.
 */
#ifndef PLX_DISPATCHER_STREAM_H
#define PLX_DISPATCHER_STREAM_H

#include "dispatcher_fixture.h"

enum {
	LIMIT = 10000,
	TOTAL = 1 << 20,
};

static const struct plx_dispatcher_ops keeping = {HANDLERS, .limit = LIMIT};

/* The Ith byte of every stream here. */
static inline char
byte_at(size_t i)
{
	return (char)(i * 7 + i / 251);
}

/* A stream being sent and received. */
static size_t sent, received;

/* Sends the next N bytes of the stream by D: how many it took. */
static inline size_t
send_some(struct fixture *f, struct plx_dispatcher *d, size_t n)
{
	char buf[16384];
	ssize_t r;

	CHECK(f, n <= sizeof(buf));
	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(sent + i);
	r = plx_dispatcher_send(d, buf, n);
	CHECK(f, r >= 0 && (size_t)r <= n);
	sent += (size_t)r;
	return (size_t)r;
}

static inline void
check_bytes(struct fixture *f, const char *buf, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		CHECK(f, buf[i] == byte_at(received + (size_t)i));
	received += n > 0 ? (size_t)n : 0;
}

/* Reads what has come on FD. */
static inline void
receive(struct fixture *f, int fd)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		check_bytes(f, buf, n);
}

/* Makes the kernel of D take little at a time. */
static inline void
narrow(struct plx_dispatcher *d)
{
	int size = 4096;

	setsockopt(plx_dispatcher_fd(d), SOL_SOCKET, SO_SNDBUF, &size,
		   sizeof(size));
}

/* Sends until D takes no more. */
static inline void
stuff(struct fixture *f, struct plx_dispatcher *d)
{
	while (send_some(f, d, 8192) == 8192)
		;
}

#endif
