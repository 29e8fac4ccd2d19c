/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_line.c: line mode by itself, without a network under it.
 *
 * The connection is played here: its client takes everything at once, so that
 * nothing ever makes the task wait; whoever runs when it gives way uses the
 * buffers, which all connections share.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include "connection.h"
#include "support.h"

#define PREFIX_LENGTH ((size_t)4096)
#define ANSWER (PREFIX_LENGTH + 2)
#define LINES ((size_t)32768)

static struct {
	size_t taken, turn, longest; /* bytes: in all, since, at most */
	int given;		     /* how often the task gave way */
	int inputs;
	int cut_off_after; /* -ECANCELED from then on; 0: never */
} scene;

/* Line I is one letter. */
static char
letter(size_t i)
{
	return (char)('a' + i % 26);
}

static char
expected(size_t at)
{
	size_t k = at % ANSWER;

	if (k < PREFIX_LENGTH)
		return 'P';
	return k == PREFIX_LENGTH ? letter(at / ANSWER) : '\n';
}

ssize_t
connection_receive(struct connection *c)
{
	size_t i;

	if (scene.inputs++ > 0)
		return 0;
	for (i = 0; i < LINES; i++) {
		c->worker->in[2 * i] = letter(i);
		c->worker->in[2 * i + 1] = '\n';
	}
	return (ssize_t)(2 * LINES);
}

int
connection_put(struct connection *c, const char *data, size_t n)
{
	size_t i;

	(void)c;
	for (i = 0; i < n && data[i] == expected(scene.taken + i); i++)
		continue;
	cr_assert_eq(i, n, "byte %zu", scene.taken + i);
	scene.taken += n;
	scene.turn += n;
	if (scene.turn > scene.longest)
		scene.longest = scene.turn;
	return 0;
}

int
connection_is_full(const struct connection *c)
{
	(void)c;
	return 0;
}

int
connection_give_way(struct connection *c)
{
	memset(c->worker->in, 'X', 2 * BUFFER_SIZE);
	scene.turn = 0;
	scene.given++;
	if (scene.cut_off_after && scene.given >= scene.cut_off_after)
		return -ETIMEDOUT;
	return 0;
}

static int
serve(void)
{
	static char prefix[PREFIX_LENGTH], buffers[2 * BUFFER_SIZE];
	struct options o = {.prefix = prefix,
			    .prefix_length = PREFIX_LENGTH,
			    .max_line = 100};
	struct server s = {.options = &o};
	struct worker w = {
		.server = &s, .in = buffers, .out = buffers + BUFFER_SIZE};
	struct connection c = {.worker = &w};

	memset(prefix, 'P', sizeof(prefix));
	return line_serve(&c);
}

Test(line, a_long_answer_gives_way_again_and_again)
{
	cr_assert_eq(serve(), 0);
	cr_assert_eq(scene.taken, LINES * ANSWER);
	cr_assert_leq(scene.longest, (size_t)2 << 20);
	cr_assert_geq(scene.given, 60);
}

Test(line, an_error_while_it_gives_way_ends_it)
{
	scene.cut_off_after = 3;
	cr_assert_eq(serve(), -ETIMEDOUT);
	cr_assert_eq(scene.given, 3);
}
