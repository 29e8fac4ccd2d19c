/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_peer.h: the peer of the target stream.c, a bare descriptor, and what
 * both know of the bytes that go either way.
 */
#ifndef PLX_FUZZ_STREAM_PEER_H
#define PLX_FUZZ_STREAM_PEER_H

#include <sys/types.h>
#include <pollux/loop.h>
#include <pollux/stream.h>
#include "fuzz.h"

enum {
	ROOM = 1 << 18, /* bytes either way */
	STACK = 256 << 10
};

struct stream_world {
	struct fuzz input;
	struct plx_stream stream;
	size_t limit, high;
	int peer;	  /* -1: closed */
	int peer_ended;	  /* writes no more */
	int eof;	  /* the stream neither */
	int broken;	  /* the peer is gone: errors may come */
	size_t sent, got; /* by the peer; out of the stream */
	size_t taken, arrived;
	struct plx_call later;
	int acted; /* how often the peer did something during a wait */
	int scope; /* deadlines are a scope's */
};

extern struct stream_world w;

/* Byte I of what the peer sends, with lines of all lengths; and of what the
   stream sends. */
char in_byte(size_t i);
char out_byte(size_t i);

size_t some_length(void);

/* N bytes more from the peer, if it can. */
void peer_write(size_t n);

/* Reads, writes or ends, as the input says. */
void peer_act(void);

/* The peer reads up to N bytes, which are the next ones: how many came. */
ssize_t arrive(size_t n);

#endif
