/* SPDX-License-Identifier: BSD-2-Clause */
/* criterion/parameterized.h: see criterion.h beside this. */
#ifndef PLX_PLAIN_PARAMETERIZED_H
#define PLX_PLAIN_PARAMETERIZED_H

#include "criterion.h"

#define ParameterizedTestParameters(SUITE, NAME) \
	static struct criterion_test_params SUITE##_##NAME##_params(void)

#define ParameterizedTest(PARAM, SUITE, NAME, ...)                         \
	static void SUITE##_##NAME##_run(PARAM);                           \
	static void SUITE##_##NAME##_run_with(void *param)                 \
	{                                                                  \
		SUITE##_##NAME##_run(param);                               \
	}                                                                  \
	PLAIN_REGISTER(SUITE, NAME, .run_with = SUITE##_##NAME##_run_with, \
		       .params = SUITE##_##NAME##_params,                  \
		       .options = {__VA_ARGS__})                           \
	static void SUITE##_##NAME##_run(PARAM)

#define cr_make_param_array(TYPE, ARRAY, N, ...) \
	((struct criterion_test_params){sizeof(TYPE), (void *)(ARRAY), (N)})

#endif
