/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump_row.c: one line of plx_dump's table.
 *
 * A line is never longer than the header says and always one line, whatever a
 * task is called: what is too long is cut and ends in "..", what is no
 * printable ASCII becomes a question mark.  It is put together first and
 * written in one piece, for the stream may be unbuffered and the stack small.
 *
 * The stack in use is what lies between where a task stands and the top of that
 * stack, which may be a generator's; of the one that runs, the frame here
 * tells.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include "dump_int.h"

/* The columns, as wide as what is in them may be. */
#define TASK 22
#define STATE 7
#define WAIT 24
#define SINCE 7
#define LEFT 11
#define SCOPE 11
#define STACK 10
#define PLACE 20

/* Levels that are drawn; deeper ones are told by number. */
#define DRAWN 5

static void
write_row(FILE *f, const char *const cell[8])
{
	char line[TASK + STATE + WAIT + SINCE + LEFT + SCOPE + STACK + PLACE +
		  9];

	snprintf(line, sizeof(line), "%-*s %-*s %-*s %*s %-*s %-*s %*s %s\n",
		 TASK, cell[0], STATE, cell[1], WAIT, cell[2], SINCE, cell[3],
		 LEFT, cell[4], SCOPE, cell[5], STACK, cell[6], cell[7]);
	fputs(line, f);
}

void
plx__dump_head(FILE *f)
{
	static const char *const cell[8] = {
		"TASK", "STATE", "WAITS FOR", "SINCE",
		"LEFT", "SCOPE", "STACK",     "SPAWNED AT",
	};

	write_row(f, cell);
}

static const char *
state_of(const struct plx_task *t)
{
	if (t->ended)
		return "ended";
	if (t == plx__current)
		return "running";
	return t->wait ? "waiting" : "ready";
}

/* Cuts S to WIDTH and takes out what would not stand in one line. */
static void
fit(char *s, size_t width)
{
	size_t len = strlen(s), i;

	if (len > width) {
		s[width] = '\0';
		s[width - 1] = s[width - 2] = '.';
	}
	for (i = 0; s[i]; i++) {
		if (s[i] < ' ' || s[i] > '~')
			s[i] = '?';
	}
}

/* Where it stands in the tree: in a nursery of number NTH, below LEVEL of them;
   then its name. */
static void
format_name(char out[PLX_CELL], const char *name, unsigned level, unsigned nth)
{
	int indent = 2 * (int)(level < DRAWN ? level : DRAWN);
	char deep[16] = "", index[16] = "";

	if (level > DRAWN)
		snprintf(deep, sizeof(deep), "%u> ", level);
	if (nth > 1)
		snprintf(index, sizeof(index), "#%u ", nth);
	snprintf(out, PLX_CELL, "%*s%s%s%.*s", indent, "", deep, index,
		 TASK + 1, name ? name : "(no name)");
	fit(out, TASK);
}

/* SPAN nanoseconds in at most seven characters. */
static void
format_span(char out[PLX_CELL], int64_t span)
{
	long long ms = span < 0 ? 0 : (long long)(span / PLX_MILLISECOND);
	long long s = ms / 1000, m = s / 60, h = m / 60;

	if (s < 100)
		snprintf(out, PLX_CELL, "%lld.%03llds", s, ms % 1000);
	else if (m < 60)
		snprintf(out, PLX_CELL, "%lldm%02llds", m, s % 60);
	else if (h < 100)
		snprintf(out, PLX_CELL, "%lldh%02lldm", h, m % 60);
	else
		snprintf(out, PLX_CELL, "%lldd", h / 24);
}

static void
format_since(char out[PLX_CELL], const struct plx_task *t, int64_t now)
{
	if (t->ended || t->wait)
		format_span(out, now - t->since);
	else
		snprintf(out, PLX_CELL, "-");
}

static void
format_left(char out[PLX_CELL], const struct plx_task *t, int64_t now)
{
	int owner = PLX_OWN;
	int64_t end = t->wait ? plx__dump_end(t, &owner) : PLX_NEVER;
	size_t len;

	if (end < 0) {
		snprintf(out, PLX_CELL, "-");
		return;
	}
	format_span(out, end - now);
	len = strlen(out);
	if (owner == PLX_INHERITED)
		snprintf(out + len, PLX_CELL - len, " up");
	else if (owner != PLX_OWN)
		snprintf(out + len, PLX_CELL - len, " s%d", owner);
}

/* "-" where the platform's switch does not tell where a task stands. */
static void
format_stack(char out[PLX_CELL], const struct plx_task *t)
{
	const char *here = t->at->sp;
	const char *top = t->at->stack + t->at->size;
	size_t used;

	if (t == plx__current)
		here = (const char *)__builtin_frame_address(0);
	if (t->ended || here < t->at->stack || here > top) {
		snprintf(out, PLX_CELL, "-");
		return;
	}
	used = ((size_t)(top - here) * 10 + 1023) / 1024;
	snprintf(out, PLX_CELL, "%zu.%zu/%zuK", used / 10, used % 10,
		 (t->at->size + 1023) / 1024);
	fit(out, STACK);
}

/* The end of the file's name and the line tell more than its beginning. */
static void
format_place(char out[PLX_CELL], const char *file, int at)
{
	char line[16];
	size_t len, room;

	room = PLACE - (size_t)snprintf(line, sizeof(line), ":%d", at);
	len = strlen(file);
	if (len <= room)
		snprintf(out, PLX_CELL, "%s%s", file, line);
	else
		snprintf(out, PLX_CELL, "..%s%s", file + len - room + 2, line);
	fit(out, PLACE);
}

void
plx__dump_row(FILE *f, const struct plx_task *t, unsigned level, int64_t now)
{
	char name[PLX_CELL], what[PLX_CELL], since[PLX_CELL], left[PLX_CELL];
	char scope[PLX_CELL], stack[PLX_CELL], place[PLX_CELL];
	const char *const cell[8] = {
		name, state_of(t), what, since, left, scope, stack, place,
	};

	format_name(name, t->name, level, t->ended ? 0 : t->nursery->index);
	plx__dump_wait(what, t);
	fit(what, WAIT);
	format_since(since, t, now);
	format_left(left, t, now);
	plx__dump_scope(scope, t);
	fit(scope, SCOPE);
	format_stack(stack, t);
	if (t->file)
		format_place(place, t->file, t->line);
	else
		snprintf(place, sizeof(place), "plx_run");
	write_row(f, cell);
}

void
plx__dump_asleep(FILE *f, const struct plx_hibernation *h, unsigned level,
		 unsigned index)
{
	const struct plx_place *p = h->place;
	char name[PLX_CELL], what[PLX_CELL], place[PLX_CELL] = "-";
	const char *const cell[8] = {
		name, "asleep", what, "-", "-", "-", "-", place,
	};

	format_name(name, p ? p->name : NULL, level, index);
	if (h->watch.direction)
		snprintf(what, sizeof(what), "readable fd %d", h->watch.fd);
	else
		snprintf(what, sizeof(what), "a stack");
	if (p && p->file)
		format_place(place, p->file, p->line);
	write_row(f, cell);
}
