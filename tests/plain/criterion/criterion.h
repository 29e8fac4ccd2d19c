/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * criterion/criterion.h: the part of Criterion's interface that our tests
 * use, over a runner of our own (runner.c) that only forks.
 *
 * It is for the places where Criterion itself does not start: under
 * ThreadSanitizer, which refuses the memory that Criterion shares with its
 * workers, and on machines that are emulated or have no Criterion.  The same
 * test sources are compiled against either; `make check` uses Criterion.
 */
#ifndef PLX_PLAIN_CRITERION_H
#define PLX_PLAIN_CRITERION_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct criterion_test_params {
	size_t size;
	void *params;
	size_t length;
};

struct plain_options {
	void (*init)(void);
	void (*fini)(void);
	int signal;
	int exit_code;
	double timeout;
	int disabled;
	const char *description;
};

struct plain_test {
	const char *suite, *name;
	void (*run)(void);
	void (*run_with)(void *param);
	struct criterion_test_params (*params)(void);
	struct plain_options options;
	struct plain_test *next;
};

void plain_register(struct plain_test *test);
int plain_check(int holds, int fatal, const char *file, int line,
		const char *what, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
_Noreturn void plain_skip(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#define PLAIN_REGISTER(SUITE, NAME, ...)                                      \
	static struct plain_test SUITE##_##NAME##_test = {                    \
		.suite = #SUITE, .name = #NAME, __VA_ARGS__};                 \
	__attribute__((constructor)) static void SUITE##_##NAME##_enter(void) \
	{                                                                     \
		plain_register(&SUITE##_##NAME##_test);                       \
	}

#define Test(SUITE, NAME, ...)                                   \
	static void SUITE##_##NAME##_run(void);                  \
	PLAIN_REGISTER(SUITE, NAME, .run = SUITE##_##NAME##_run, \
		       .options = {__VA_ARGS__})                 \
	static void SUITE##_##NAME##_run(void)

#define PLAIN_CHECK(FATAL, C, WHAT, ...) \
	plain_check(!!(C), FATAL, __FILE__, __LINE__, WHAT, " " __VA_ARGS__)

#define cr_assert(C, ...) PLAIN_CHECK(1, C, #C, __VA_ARGS__)
#define cr_expect(C, ...) PLAIN_CHECK(0, C, #C, __VA_ARGS__)

#define cr_assert_fail(...) PLAIN_CHECK(1, 0, "failure", __VA_ARGS__)
#define cr_assert_not(C, ...) cr_assert(!(C), __VA_ARGS__)
#define cr_assert_eq(A, B, ...) cr_assert((A) == (B), __VA_ARGS__)
#define cr_assert_neq(A, B, ...) cr_assert((A) != (B), __VA_ARGS__)
#define cr_assert_lt(A, B, ...) cr_assert((A) < (B), __VA_ARGS__)
#define cr_assert_leq(A, B, ...) cr_assert((A) <= (B), __VA_ARGS__)
#define cr_assert_gt(A, B, ...) cr_assert((A) > (B), __VA_ARGS__)
#define cr_assert_geq(A, B, ...) cr_assert((A) >= (B), __VA_ARGS__)
#define cr_assert_null(P, ...) cr_assert((P) == NULL, __VA_ARGS__)
#define cr_assert_not_null(P, ...) cr_assert((P) != NULL, __VA_ARGS__)
#define cr_assert_str_eq(A, B, ...) cr_assert(!strcmp(A, B), __VA_ARGS__)

#define cr_expect_fail(...) PLAIN_CHECK(0, 0, "failure", __VA_ARGS__)
#define cr_expect_not(C, ...) cr_expect(!(C), __VA_ARGS__)
#define cr_expect_eq(A, B, ...) cr_expect((A) == (B), __VA_ARGS__)
#define cr_expect_neq(A, B, ...) cr_expect((A) != (B), __VA_ARGS__)
#define cr_expect_lt(A, B, ...) cr_expect((A) < (B), __VA_ARGS__)
#define cr_expect_leq(A, B, ...) cr_expect((A) <= (B), __VA_ARGS__)
#define cr_expect_gt(A, B, ...) cr_expect((A) > (B), __VA_ARGS__)
#define cr_expect_geq(A, B, ...) cr_expect((A) >= (B), __VA_ARGS__)
#define cr_expect_null(P, ...) cr_expect((P) == NULL, __VA_ARGS__)
#define cr_expect_not_null(P, ...) cr_expect((P) != NULL, __VA_ARGS__)
#define cr_expect_str_eq(A, B, ...) cr_expect(!strcmp(A, B), __VA_ARGS__)
#define cr_assert_str_neq(A, B, ...) cr_assert(strcmp(A, B), __VA_ARGS__)
#define cr_expect_str_neq(A, B, ...) cr_expect(strcmp(A, B), __VA_ARGS__)

#define cr_assert_arr_eq(A, B, N, ...) cr_assert(!memcmp(A, B, N), __VA_ARGS__)
#define cr_expect_arr_eq(A, B, N, ...) cr_expect(!memcmp(A, B, N), __VA_ARGS__)

#define cr_skip_test(...) plain_skip(" " __VA_ARGS__)
#define cr_log_info(...) ((void)0)

#endif
