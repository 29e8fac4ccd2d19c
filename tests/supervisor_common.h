/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervisor_common.h: children that do as they are told and a log of their
 * starts and ends: "+a" and "-a" for the one named a.
 */
#ifndef PLX_SUPERVISOR_COMMON_H
#define PLX_SUPERVISOR_COMMON_H

#include "actor_common.h"

static char events[256];

static inline void
note(const char *what, const char *name)
{
	strncat(events, what, sizeof(events) - strlen(events) - 1);
	strncat(events, name, sizeof(events) - strlen(events) - 1);
}

/* The events since the last call. */
static inline void
expect_events(const char *expected)
{
	cr_expect_str_eq(events, expected, "%s, not %s", events, expected);
	events[0] = '\0';
}

/* Ends with the first number that it is sent; ARG is its name. */
static inline int
obey(void *arg)
{
	int64_t n;

	note("+", arg);
	n = receive_number(PLX_NEVER);
	note("-", arg);
	return (int)n;
}

/* The same, but an end takes it a second. */
static inline int
obey_slowly(void *arg)
{
	struct plx_scope shield;
	int64_t n;

	note("+", arg);
	n = receive_number(PLX_NEVER);
	note("~", arg);
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_sleep(PLX_SECOND);
	plx_scope_leave(&shield, 0);
	note("-", arg);
	return (int)n;
}

#define CHILD(NAME, RESTART)                                           \
	{                                                              \
		.actor.name = NAME, .fn = obey, .arg = (void *)(NAME), \
		.restart = (RESTART)                                   \
	}

static inline struct plx_actor
find(const char *name)
{
	struct plx_actor a = {0, 0};

	plx_actor_find(name, &a);
	return a;
}

/* Lets the child of that name end with N, and the supervisor act upon it. */
static inline void
tell(const char *name, int n)
{
	cr_expect_eq(send_number(find(name), n, 0), 0, "%s", name);
	let_run(12);
}

struct supervision {
	const struct plx_child *children;
	size_t n;
	const struct plx_supervise_options *options;
	plx_task *task;
	int result;
};

static inline int
supervise_in_task(void *arg)
{
	struct supervision *s = arg;

	s->result = plx_supervise(s->children, s->n, s->options);
	return 0;
}

static inline void
begin(struct supervision *s)
{
	s->result = 1;
	plx_spawn(NULL, supervise_in_task, s, &s->task);
	let_run(3);
}

/* Waits for the end of S: what plx_supervise has returned. */
static inline int
end(struct supervision *s)
{
	cr_expect_eq(plx_join(s->task, NULL, PLX_NEVER), 0);
	return s->result;
}

static inline int
cancel_and_end(struct supervision *s)
{
	plx_cancel(s->task);
	return end(s);
}

#define SUPERVISION(CHILDREN, OPTIONS)                                         \
	{                                                                      \
		CHILDREN, sizeof(CHILDREN) / sizeof(*CHILDREN), OPTIONS, NULL, \
			1                                                      \
	}

#endif
