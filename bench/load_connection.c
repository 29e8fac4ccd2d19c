/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_connection.c: one connection of the load generator.
 *
 * Trap: a source address has some 28,000 ports for one server, so the
 * connections to a loopback address are spread over 127.0.0.1, 127.0.0.2 ...
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "load.h"

#define PER_ADDRESS 20000

const unsigned char *
load_content(unsigned char *space, uint32_t id, uint64_t number, size_t from,
	     size_t n)
{
	uint64_t x = (id + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15) ^
		     (number + 1) * UINT64_C(0xd1342543de82ef95);
	size_t first = from / 8, words = (from + n + 7) / 8 - first;

	for (size_t i = 0; i < words; i++) {
		uint64_t word = x + (first + i) * UINT64_C(0x9e3779b97f4a7c15);

		word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		word ^= word >> 27;
		memcpy(space + 8 * i, &word, 8);
	}
	return space + from % 8;
}

static int
is_loopback(const struct plx_address *address, struct sockaddr_in *in)
{
	if (address->storage.ss_family != AF_INET)
		return 0;
	memcpy(in, &address->storage, sizeof(*in));
	return ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

static int
bind_source(const struct load *l, int fd, long number)
{
	struct sockaddr_in in;
#ifdef IP_BIND_ADDRESS_NO_PORT
	int one = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
			 sizeof(one));
#endif
	if (number < PER_ADDRESS || !is_loopback(&l->options.server, &in))
		return 0;
	in.sin_port = 0;
	in.sin_addr.s_addr =
		htonl(INADDR_LOOPBACK + (uint32_t)(number / PER_ADDRESS));
	return bind(fd, (struct sockaddr *)&in, sizeof(in));
}

/* Blocks in connect(2), up to the deadline: a full backlog is waited for. */
static int
open_socket(const struct load *l, long number)
{
	const struct plx_address *server = &l->options.server;
	int64_t left = l->deadline - plx_now();
	struct timeval patience = {.tv_sec = (time_t)(left / PLX_SECOND) + 1};
	int fd = socket(server->storage.ss_family, SOCK_STREAM, 0);
	int one = 1, room = (int)l->options.room;

	if (fd < 0)
		return -1;
	/* Before the connection is made, or its window is larger already. */
	if (room)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
				 sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			 sizeof(patience));
	if (server->storage.ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
	if (bind_source(l, fd, number) < 0 ||
	    connect(fd, (const struct sockaddr *)&server->storage,
		    server->length) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static void
open_connection(struct load *l, struct load_connection *c)
{
	int ret;

	c->fd = open_socket(l, l->opened++);
	if (c->fd < 0)
		load_fail("connection %u: %s", c->id, strerror(errno));
	ret = plx_selector_register(l->selector, c->fd, PLX_READ, c);
	if (ret < 0)
		load_fail("connection %u: register: %s", c->id, strerror(-ret));
}

static void
close_connection(struct load *l, struct load_connection *c)
{
	int ret = plx_selector_unregister(l->selector, c->fd);

	if (ret < 0)
		load_fail("connection %u: unregister: %s", c->id,
			  strerror(-ret));
	close(c->fd);
	c->fd = -1;
}

void
load_connect(struct load *l)
{
	for (long i = 0; i < l->options.connections; i++) {
		struct load_connection *c = &l->connections[i];

		c->id = (uint32_t)i;
		c->fd = -1;
		c->stamps = l->stamps + i * l->options.pipeline;
		if (!l->options.reconnect)
			open_connection(l, c);
	}
}

static void
want_write(struct load *l, struct load_connection *c, int wanted)
{
	unsigned events = PLX_READ | (wanted ? PLX_WRITE : 0);
	int ret;

	if (c->wants_write == wanted)
		return;
	c->wants_write = wanted;
	ret = plx_selector_modify(l->selector, c->fd, events, c);
	if (ret < 0)
		load_fail("connection %u: modify: %s", c->id, strerror(-ret));
}

/* The bytes that are to be sent next, as many as fit in a piece. */
static size_t
gather(struct load *l, const struct load_connection *c,
       const unsigned char **text)
{
	size_t size = (size_t)l->options.size;
	size_t from = c->out, total = 0;

	*text = l->content + from % 8;
	for (uint64_t i = c->sent; i < c->begun && total < LOAD_PIECE; i++) {
		size_t left = LOAD_PIECE - total;
		size_t part = size - from < left ? size - from : left;
		/* Only the first may begin amid a word: see load_content. */
		unsigned char *space = l->content + (total ? c->out % 8 : 0);

		load_content(space + total, c->id, i, from, part);
		total += part;
		from = 0;
	}
	return total;
}

/* 0 when there is no room for all of a piece. */
static int
send_piece(struct load *l, struct load_connection *c)
{
	const unsigned char *text;
	size_t piece = gather(l, c, &text);
	ssize_t n = send(c->fd, text, piece, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		load_fail("connection %u lost while sending message %llu: %s",
			  c->id, (unsigned long long)c->sent, strerror(errno));
	c->out += n > 0 ? (size_t)n : 0;
	c->sent += c->out / (size_t)l->options.size;
	c->out %= (size_t)l->options.size;
	return n == (ssize_t)piece;
}

/* Their time runs from here, whether there is room for them or not. */
static void
begin_messages(struct load *l, struct load_connection *c)
{
	int64_t now = plx_now();

	while (l->started < l->wanted &&
	       c->begun - c->received < (uint64_t)l->window) {
		c->stamps[c->begun++ % (uint64_t)l->options.pipeline] = now;
		l->started++;
	}
}

void
load_pump(struct load *l, struct load_connection *c)
{
	begin_messages(l, c);
	if (c->fd < 0) {
		if (c->sent == c->begun)
			return;
		open_connection(l, c);
	}
	while (c->sent < c->begun) {
		if (!send_piece(l, c)) {
			want_write(l, c, 1);
			return;
		}
	}
	want_write(l, c, 0);
}

static void
end_message(struct load *l, struct load_connection *c, int64_t now)
{
	uint64_t place = c->received++ % (uint64_t)l->options.pipeline;

	load_latency_add(&l->latency, (uint64_t)(now - c->stamps[place]));
	c->in = 0;
	l->completed++;
}

static void
check(struct load *l, struct load_connection *c, size_t n)
{
	size_t size = (size_t)l->options.size;
	size_t done = 0;
	int64_t now = plx_now();

	while (done < n) {
		const unsigned char *want;
		size_t part = size - c->in < n - done ? size - c->in : n - done;

		if (c->received == c->begun)
			load_fail("connection %u: %zu bytes too many", c->id,
				  n - done);
		want = load_content(l->content, c->id, c->received, c->in,
				    part);
		if (memcmp(want, l->input + done, part) != 0)
			load_fail("connection %u: message %llu came back wrong",
				  c->id, (unsigned long long)c->received);
		c->in += part;
		done += part;
		if (c->in == size)
			end_message(l, c, now);
	}
}

void
load_receive(struct load *l, struct load_connection *c)
{
	ssize_t n = recv(c->fd, l->input, LOAD_PIECE, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		load_fail("connection %u lost after message %llu: %s", c->id,
			  (unsigned long long)c->received,
			  n < 0 ? strerror(errno) : "closed by the server");
	check(l, c, (size_t)n);
	if (l->options.reconnect && c->received == c->begun)
		close_connection(l, c);
	load_pump(l, c);
}
