/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c: the main of a target without libFuzzer: each file that is named is
 * one input, and without any, standard input is.
 *
 * `make check` does so with the corpus, and other fuzzers can: AFL++, say, with
 * CC=afl-clang-fast and `afl-fuzz -i fuzz/corpus/buf -o out build/fuzz/buf'.
 * The input is copied to a block of just its size, so that a sanitizer sees a
 * read past its end.
 */
#include <config.h>

#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More is cut off. */
#define INPUT_MAX ((size_t)1 << 20)

static void
run(FILE *file)
{
	static uint8_t input[INPUT_MAX];
	size_t n = fread(input, 1, sizeof(input), file);
	uint8_t *data = malloc(n ? n : 1);

	if (!data)
		abort();
	memcpy(data, input, n);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

int
main(int argc, char **argv)
{
	FILE *file;

	if (argc < 2)
		run(stdin);
	for (int i = 1; i < argc; i++) {
		file = fopen(argv[i], "rb");
		if (!file) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return 2;
		}
		fprintf(stderr, "%s\n", argv[i]);
		run(file);
		fclose(file);
	}
	return 0;
}
