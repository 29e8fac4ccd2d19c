/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actors [--trace] [FROM]: a counter sends numbers to a printer and what is
 * left to itself, by name.  They take turns, one message each; 0 ends both.
 */
#include <pollux.h>
#include <stdio.h>
#include <string.h>

static int trace, from = 3;

static int
post(const char *name, int64_t n)
{
	struct plx_message m = {.kind = 1, .value = n};
	struct plx_actor to;
	int r = plx_actor_find(name, &to);

	return r < 0 ? r : plx_actor_send(to, &m, 0);
}

/* The last message is done with: goes to the back of the queue for another. */
static int
next(const char *name, struct plx_message *m)
{
	if (trace && m->kind == 0)
		printf("Sending None to %s\n", name);
	else if (trace)
		printf("Sending %d to %s\n", (int)m->value, name);
	plx_checkpoint();
	return plx_actor_receive(m, PLX_NEVER) == 0 && m->value > 0;
}

static int
printer(void *name)
{
	for (struct plx_message m = {.kind = 0}; next(name, &m);)
		printf("Got: %d\n", (int)m.value);
	return 0;
}

static int
counter(void *name)
{
	int r;

	for (struct plx_message m = {.kind = 0}; next(name, &m);)
		if ((r = post("printer", m.value)) < 0 ||
		    (r = post(name, m.value - 1)) < 0)
			return r;
	return post("printer", 0);
}

static int
start(void *n)
{
	struct plx_actor_options o = {.name = "printer"};
	int r = plx_actor_spawn(NULL, &o, printer, (void *)o.name, NULL);

	o.name = "counter";
	if (r == 0)
		r = plx_actor_spawn(NULL, &o, counter, (void *)o.name, NULL);
	return r < 0 ? r : post("counter", *(int *)n);
}

int
main(int argc, char **argv)
{
	char rest;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--trace") == 0) {
			trace = 1;
		} else if (sscanf(argv[i], "%9d%c", &from, &rest) != 1 ||
			   from < 0) {
			fputs("usage: actors [--trace] [FROM]\n", stderr);
			return 2;
		}
	return plx_run(NULL, start, &from) < 0;
}
