/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_client.c: clients that know byte for byte what has to come back.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <criterion/criterion.h>
#include <pollux/net.h>
#include "echod_driver.h"

int64_t
client_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
echod_connect_to(const char *address)
{
	struct timeval patience = {.tv_sec = PATIENCE};
	struct plx_address a;
	int fd;

	cr_assert(plx_address_parse(address, &a) == 0, "%s", address);
	fd = support_blocking_socket(a.storage.ss_family);
	cr_assert(fd >= 0, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	cr_assert(connect(fd, (struct sockaddr *)&a.storage, a.length) == 0,
		  "%s: %s", address, strerror(errno));
	return fd;
}

int
echod_connect(const struct echod *e)
{
	return echod_connect_to(e->address);
}

void
client_send(int fd, const void *data, size_t n)
{
	const char *p = data;
	ssize_t sent;

	while (n > 0) {
		sent = send(fd, p, n, MSG_NOSIGNAL);
		cr_assert(sent > 0, "send: %s", strerror(errno));
		p += sent;
		n -= (size_t)sent;
	}
}

void
client_expect(int fd, const void *data, size_t n)
{
	const char *p = data;
	char buf[4096];
	ssize_t got;

	while (n > 0) {
		got = recv(fd, buf, n < sizeof(buf) ? n : sizeof(buf), 0);
		cr_assert(got > 0, "%zu bytes are missing: %s", n,
			  got < 0 ? strerror(errno) : "end of stream");
		cr_assert(memcmp(buf, p, (size_t)got) == 0,
			  "wrong bytes, %zu before the end", n);
		p += got;
		n -= (size_t)got;
	}
}

void
client_expect_end(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	cr_assert(n == 0, "no end of stream: %s",
		  n < 0 ? strerror(errno) : "a byte came");
}

void
client_ask(int fd, const char *question, const char *answer)
{
	client_send(fd, question, strlen(question));
	client_expect(fd, answer, strlen(answer));
}

void
client_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

void
client_noise(void *data, size_t n, uint64_t seed)
{
	unsigned char *p = data;
	uint64_t x = seed * 2 + 1;

	while (n-- > 0) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		*p++ = (unsigned char)(x >> 32);
	}
}

/* How long a socket that does not take bytes counts as full. */
#define FULL_MS 100

struct flow {
	int fd;
	char *data;
	size_t n, piece, sent, got;
	int lazy; /* nothing was received yet, and sending still goes on */
};

static void
flow_send(struct flow *f)
{
	size_t k = f->n - f->sent;
	ssize_t n;

	if (k > f->piece)
		k = f->piece;
	n = send(f->fd, f->data + f->sent, k, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		f->sent += (size_t)n;
	else
		cr_assert(n < 0 && errno == EAGAIN, "send: %s",
			  strerror(errno));
}

static void
flow_receive(struct flow *f)
{
	char buf[16384];
	ssize_t n =
		recv(f->fd, buf, f->lazy ? 8192 : sizeof(buf), MSG_DONTWAIT);

	cr_assert(n > 0, "after %zu bytes: %s", f->got,
		  n ? strerror(errno) : "end of stream");
	cr_assert(f->got + (size_t)n <= f->n);
	cr_assert(memcmp(buf, f->data + f->got, (size_t)n) == 0,
		  "wrong bytes after %zu", f->got);
	f->got += (size_t)n;
}

static void
flow_step(struct flow *f)
{
	struct pollfd p = {.fd = f->fd};
	int n;

	p.events = (short)((f->lazy ? 0 : POLLIN) |
			   (f->sent < f->n ? POLLOUT : 0));
	n = poll(&p, 1, f->lazy ? FULL_MS : PATIENCE * 1000);
	if (n == 0 && f->lazy) {
		f->lazy = 0;
		return;
	}
	cr_assert(n == 1, "stuck: %zu sent, %zu received", f->sent, f->got);
	if (p.revents & POLLOUT)
		flow_send(f);
	if (p.revents & POLLIN)
		flow_receive(f);
}

void
client_exchange(int fd, size_t n, size_t piece, int lazy, uint64_t seed)
{
	struct flow f = {.fd = fd, .n = n, .piece = piece, .lazy = lazy};

	f.data = malloc(n);
	cr_assert(f.data);
	client_noise(f.data, n, seed);
	while (f.got < n)
		flow_step(&f);
	free(f.data);
}
