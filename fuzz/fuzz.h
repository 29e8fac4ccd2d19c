/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h: what the fuzz targets share.
 *
 * A target is one function of bytes: it takes its choices from them, does what
 * they say and compares with a model as simple as can be.  The same bytes do
 * the same again, in any process: a target reads no clock, keeps nothing for
 * its next run, closes what it opens and never waits.  An input that has ended
 * goes on with zeros, so a target asks fuzz_more before each step, and every
 * run is bounded by its length.
 *
 * What it finds it tells by fuzz_fail, or by the checks of the tests' support
 * and of Criterion, which mean the same here; at a crash, a sanitizer does.
 */
#ifndef PLX_FUZZ_H
#define PLX_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <pollux/types.h>
#include "support.h"

/* What is left of the input. */
struct fuzz {
	const uint8_t *at, *end;
};

/* The target: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is there any input left? */
int fuzz_more(const struct fuzz *f);

/* The next byte. */
uint8_t fuzz_u8(struct fuzz *f);

/* A number below N, of one byte, or of two or four when N is above 256. */
uint32_t fuzz_below(struct fuzz *f, uint32_t n);

/* 1 about once in N. */
int fuzz_chance(struct fuzz *f, uint32_t n);

/* Shows what was found and aborts. */
_Noreturn void fuzz_fail(const char *format, ...) PLX_PRINTF(1, 2);

#define FUZZ_SO(COND)                                                      \
	do {                                                               \
		if (!(COND))                                               \
			fuzz_fail("%s:%d: not so: %s", __FILE__, __LINE__, \
				  #COND);                                  \
	} while (0)

/*
 * A run begins and ends with these: over support_sys with its clock, whose
 * waits are looks; one that nothing could end any more is a finding.  At the
 * end all descriptors and blocks are back.
 */
struct support_mark fuzz_begin(void);
void fuzz_end(struct support_mark mark);

#endif
