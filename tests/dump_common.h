/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump_common.h: a table of tasks as text, and its lines.
 */
#ifndef PLX_DUMP_COMMON_H
#define PLX_DUMP_COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include "task_common.h"

static char *dumped;

/* Dumps into DUMPED; the number of tasks. */
static inline int
dump(plx_loop *loop)
{
	size_t size;
	FILE *f;
	int n;

	free(dumped);
	f = open_memstream(&dumped, &size);
	errno = 4711;
	n = plx_dump(loop, f);
	cr_expect_eq(errno, 4711);
	fclose(f);
	return n;
}

/* Copies the I-th line, from 0 on, into LINE; is there one? */
static inline int
take_line(int i, char *line, size_t cap)
{
	const char *p = dumped;

	while (i-- > 0 && p) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	snprintf(line, cap, "%.*s", p ? (int)strcspn(p, "\n") : 0, p ? p : "");
	return line[0] != '\0';
}

/* The line whose first column is NAME, or "". */
static inline const char *
line_of(const char *name)
{
	static char line[256];
	size_t n = strlen(name);

	for (int i = 0; take_line(i, line, sizeof(line)); i++) {
		if (strncmp(line, name, n) == 0 && strspn(line + n, " ") > 0)
			return line;
	}
	return "";
}

/* What a line says, but for the stack. */
struct row {
	const char *name, *state, *what, *since, *left, *scope, *place;
};

static inline void
expect_row(int i, struct row r)
{
	char line[256], want[256];
	int n;

	n = snprintf(want, sizeof(want), "%-22s %-7s %-24s %7s %-11s %-11s ",
		     r.name, r.state, r.what, r.since, r.left, r.scope);
	cr_expect(take_line(i, line, sizeof(line)), "line %d", i);
	cr_expect_eq(strncmp(line, want, (size_t)n), 0, "line %d\n%s\n%s\n%s",
		     i, line, want, dumped);
	cr_expect_leq(strlen(line), 119, "'%s'", line);
	if (r.place)
		cr_expect_str_eq(line + n + 11, r.place);
}

#define EXPECT_IN(name, piece)                                               \
	cr_expect(strstr(line_of(name), piece), "no %s in line '%s'", piece, \
		  line_of(name))

#endif
