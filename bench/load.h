/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.h: the parts of the load generator.
 *
 * A message's content follows from its connection and its number alone, so
 * nothing is remembered between sending and checking.
 */
#ifndef PLX_BENCH_LOAD_H
#define PLX_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <pollux/net.h>
#include <pollux/selector.h>

struct load_options {
	long connections, active, messages, size, pipeline, timeout;
	int report;
	struct plx_address server;
};

struct load_connection {
	int fd;
	uint32_t id;
	uint64_t sent, received; /* whole messages */
	size_t out, in;		 /* bytes of the next one that have passed */
	int begun;		 /* the next one is being sent */
	int wants_write;
};

struct load {
	struct load_options options;
	plx_selector *selector;
	struct load_connection *connections;
	unsigned char *content; /* room for a piece */
	unsigned char *input;
	long started, completed, wanted; /* messages of this phase */
	long window;			 /* outstanding per connection */
	int64_t deadline;
};

/* Bytes sent, received or compared at a time. */
#define LOAD_PIECE ((size_t)65536)

/*
 * N bytes of message NUMBER of connection ID, beginning at FROM; they lie in
 * SPACE, which has room for N + 16.
 */
const unsigned char *load_content(unsigned char *space, uint32_t id,
				  uint64_t number, size_t from, size_t n);

/* Says why on standard error, in one line, and ends with status 1. */
_Noreturn void load_fail(const char *format, ...) PLX_PRINTF(1, 2);

/* Opens all connections, one after the other. */
void load_connect(struct load *l);

/* Sends what the window allows; the rest goes when there is room. */
void load_pump(struct load *l, struct load_connection *c);

/* Receives what has come and compares every byte. */
void load_receive(struct load *l, struct load_connection *c);

#endif
