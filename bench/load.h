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
#include "load_latency.h"

struct load_options {
	long connections, active, messages, size, pipeline, timeout, room;
	int report, steps, reconnect;
	struct plx_address server;
};

struct load_connection {
	int fd; /* -1: none now */
	uint32_t id;
	uint64_t begun, sent,
		received; /* messages; the latter two whole ones */
	size_t out, in;	  /* bytes of the next one that have passed */
	int64_t *stamps;  /* when each that is outstanding was begun */
	int wants_write;
};

struct load {
	struct load_options options;
	plx_selector *selector;
	struct load_connection *connections;
	int64_t *stamps;
	unsigned char *content; /* room for a piece */
	unsigned char *input;
	long started, completed, wanted; /* messages of this phase */
	long window;			 /* outstanding per connection */
	long opened;			 /* connections, in all */
	int64_t deadline;
	struct load_latency latency; /* of this phase */
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

/* Reads the command line; ends the program if it will not do. */
void load_parse(struct load_options *o, int argc, char **argv);

/* Opens all connections, one after the other. */
void load_connect(struct load *l);

/*
 * Sends what the window allows, in one piece as far as possible; the rest goes
 * when there is room.  Opens the connection first if there is none.
 */
void load_pump(struct load *l, struct load_connection *c);

/*
 * Receives what has come and compares every byte.  With --reconnect the
 * connection is closed when its message is back.
 */
void load_receive(struct load *l, struct load_connection *c);

#endif
