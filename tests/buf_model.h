/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_model.h: a buffer beside a plain array of bytes, and random operations
 * on both.  What is random, the program says: a test by its seed, a fuzz target
 * by its input.
 */
#ifndef PLX_BUF_MODEL_H
#define PLX_BUF_MODEL_H

#include "buf_common.h"

enum {
	BUF_MODEL_HIGH = 150000,
	BUF_MODEL_ROOM = BUF_MODEL_HIGH + 4 * 50000
};

struct model {
	uint64_t seed, random; /* the program's */
	long op;
	struct fixture f;
	struct plx_buf *b;
	unsigned char *bytes; /* BUF_MODEL_ROOM of them, the program's */
	size_t length, position, limit;
	size_t high;	     /* bytes, above which only shrinking goes on */
	unsigned char *text; /* as many, to write from and read into */
	uint32_t letters;
	long failed, found;
};

#define SO(M, COND)                                                   \
	cr_assert((COND), "PLX_SEED=%llu, operation %ld: not so: %s", \
		  (unsigned long long)(M)->seed, (M)->op, #COND)

/* A number below N; the program's. */
size_t buf_model_chance(struct model *m, size_t n);

/* Makes both empty; M->high, M->bytes and M->text are set. */
void buf_model_begin(struct model *m);

/* Does one random thing to both and compares. */
void buf_model_step(struct model *m);

/* Compares all the bytes and ends. */
void buf_model_end(struct model *m);

#endif
