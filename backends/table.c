/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c: backends.def as an array.
 *
 * A backend that configure left out (PLX_WITH_name is 0) keeps its line with
 * a null struct, so that its absence can be told; an undefined PLX_WITH_name
 * counts as 1.
 */
#include <config.h>
#include <stddef.h>
#include "backend.h"

/* SECOND(COMMA_0 a, b): the 0 turns into a comma, which moves A second. */
#define COMMA_0 ,
#define SECOND(a, b, ...) b
#define PICK(comma, backend) SECOND(comma NULL, backend, )
#define UNLESS_0(value, backend) PICK(COMMA_##value, backend)
#define UNLESS_LEFT_OUT(with, backend) UNLESS_0(with, backend)

#define PLX_BACKEND(name) extern const struct plx_backend plx__backend_##name;
#include "backends.def"
#undef PLX_BACKEND

#define PLX_BACKEND(name) \
	{#name, UNLESS_LEFT_OUT(PLX_WITH_##name, &plx__backend_##name)},
const struct plx_backend_entry plx__backends[] = {
#include "backends.def"
	{NULL, NULL},
};
