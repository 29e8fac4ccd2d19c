/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.c: a buffer beside an array, as tests/test_buf_model.c, but the input
 * says what is done next.
 */
#include <config.h>

#include "fuzz.h"
#include "buf_model.h"

enum {
	HIGH = 40000 /* more than two chunks, and little enough to be quick */
};

static struct fuzz input;

size_t
buf_model_chance(struct model *m, size_t n)
{
	(void)m;
	return fuzz_below(&input, (uint32_t)n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char bytes[BUF_MODEL_ROOM], text[BUF_MODEL_ROOM];
	struct model m = {.high = HIGH, .bytes = bytes, .text = text};

	input = (struct fuzz){data, data + size};
	buf_model_begin(&m);
	for (; fuzz_more(&input); m.op++)
		buf_model_step(&m);
	buf_model_end(&m);
	return 0;
}
