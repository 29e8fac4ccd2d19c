/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_peer.c: the peer of the target stream.c.
 */
#include <config.h>

#include "stream_peer.h"

#include <sys/socket.h>
#include <unistd.h>

char
in_byte(size_t i)
{
	uint32_t n = (uint32_t)i * 0x9e3779b1;

	n = (n ^ n >> 15) * 0x2c1b3c6d;
	n ^= n >> 13;
	return "aabbcc\r\n"[n % (i % 1000 < 500 ? 8 : 7)];
}

char
out_byte(size_t i)
{
	return (char)(i * 7 + i / 251);
}

size_t
some_length(void)
{
	switch (fuzz_below(&w.input, 4)) {
	case 0:
		return fuzz_below(&w.input, 4);
	case 1:
		return fuzz_below(&w.input, 256);
	case 2:
		return fuzz_below(&w.input, 40000);
	default:
		return 16 + fuzz_below(&w.input, 64);
	}
}

void
peer_write(size_t n)
{
	static char bytes[ROOM];
	ssize_t r;

	if (w.peer < 0 || w.peer_ended || n > ROOM - w.sent)
		return;
	for (size_t i = 0; i < n; i++)
		bytes[i] = in_byte(w.sent + i);
	r = write(w.peer, bytes, n);
	w.sent += r > 0 ? (size_t)r : 0;
}

ssize_t
arrive(size_t n)
{
	static char bytes[ROOM];
	ssize_t r = read(w.peer, bytes, n < ROOM ? n : ROOM);

	for (ssize_t i = 0; i < r; i++)
		FUZZ_SO(bytes[i] == out_byte(w.arrived++));
	return r;
}

static void
peer_read(void)
{
	size_t n = some_length() * 4;

	if (w.peer >= 0)
		arrive(n);
}

static void
peer_end(void)
{
	int how = fuzz_chance(&w.input, 4);

	if (w.peer < 0)
		return;
	w.peer_ended = 1;
	if (how) {
		close(w.peer);
		w.peer = -1;
		w.broken = 1;
	} else {
		shutdown(w.peer, SHUT_WR);
	}
}

void
peer_act(void)
{
	switch (fuzz_below(&w.input, 16)) {
	case 0:
		peer_end();
		break;
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
		peer_read();
		break;
	default:
		peer_write(some_length());
	}
}
