/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.h: what the echo servers of the benchmark have in common.
 *
 * Everything that is not the mechanism under test is the same code in all of
 * them: the socket that listens, how a connection is accepted, how much is
 * read at a time, what is done with bytes that the peer does not take yet.
 */
#ifndef PLX_BENCH_SERVE_H
#define PLX_BENCH_SERVE_H

#include <stddef.h>

/* Bytes read at a time, into one buffer for all connections. */
#define SERVE_BUFFER ((size_t)65536)

/*
 * Reads --port=N (default 0: a free one) and at most one --MODE of MODES, a
 * list that ends with NULL; the first is the default.  Raises the limit of
 * open files, has SIGTERM and SIGINT end the program with status 0, and opens
 * the listener, which does not block.  Returns the index of the mode.  Ends
 * the program with a line if any of that fails.
 */
int serve_begin(int argc, char **argv, const char *const *modes, int *listener);

/* Says where clients can connect, when they can. */
void serve_announce(int listener);

/* The next connection, non-blocking and without delay, or -1. */
int serve_accept(int listener);

/* What the peer has not taken yet; NULL: nothing. */
struct serve_rest;

enum serve_next {
	SERVE_CLOSE, /* it is over: close, and serve_drop the rest */
	SERVE_READ,  /* read on */
	SERVE_WRITE, /* serve_flush when there is room, and no read before */
};

/* Reads once from FD and sends it back. */
enum serve_next serve_echo(int fd, struct serve_rest **rest);

/* Sends the rest. */
enum serve_next serve_flush(int fd, struct serve_rest **rest);

void serve_drop(struct serve_rest **rest);

/* A line of why on standard error, and status 1. */
_Noreturn void serve_fail(const char *what, int error);

/* malloc, or serve_fail. */
void *serve_memory(size_t n);

#endif
