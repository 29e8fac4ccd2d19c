/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c: line mode: each line comes back behind the prefix.
 *
 * Bytes are received into the worker's IN and answers are put together in its
 * OUT, both shared by all connections and good until the task waits.  As long
 * as the client takes its answers nothing else is needed.  When it does not,
 * the rest of the answer is in the stream's queue, and the rest of the input is
 * copied to memory of the connection before the task waits (send_out), both at
 * most BUFFER_SIZE.
 *
 * The beginning of a line whose end has not come is kept in the connection's
 * partial, which grows up to the line limit and is freed with its line.
 *
 * A line may hold any byte but the newline.  The last one may lack it, its
 * answer then lacks it too.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "connection.h"

#define PARTIAL_MIN ((size_t)256)

/* How much may be sent before others get a turn: a short line can have a long
   prefix, and one input's answer hundreds of megabytes. */
#define TURN ((size_t)1 << 20)

struct exchange {
	struct connection *c;
	const char *in; /* what is not answered yet */
	size_t left;
	char *copy;  /* IN points into it, once the task has waited */
	size_t used; /* of the worker's OUT */
	size_t sent; /* in this turn */
};

/* Keeps the input from being overwritten. */
static int
save_input(struct exchange *x)
{
	if (x->copy || x->left == 0)
		return 0;
	x->copy = malloc(x->left);
	if (!x->copy)
		return -ENOMEM;
	memcpy(x->copy, x->in, x->left);
	x->in = x->copy;
	return 0;
}

/* Sends what is in OUT.  May wait; then the input has moved. */
static int
send_out(struct exchange *x)
{
	size_t n = x->used;
	int err = connection_put(x->c, x->c->worker->out, n);

	x->used = 0;
	x->sent += n;
	if (err < 0 || (!connection_is_full(x->c) && x->sent < TURN))
		return err;
	x->sent = 0;
	err = save_input(x);
	return err < 0 ? err : connection_give_way(x->c);
}

/* Puts DATA, which stays where it is during a wait, into OUT. */
static int
put(struct exchange *x, const char *data, size_t n)
{
	size_t k;
	int err;

	while (n > 0) {
		if (x->used == BUFFER_SIZE) {
			err = send_out(x);
			if (err < 0)
				return err;
		}
		k = BUFFER_SIZE - x->used;
		if (k > n)
			k = n;
		memcpy(x->c->worker->out + x->used, data, k);
		x->used += k;
		data += k;
		n -= k;
	}
	return 0;
}

/* Puts N bytes of the input, which may move meanwhile, into OUT. */
static int
put_input(struct exchange *x, size_t n)
{
	size_t k;
	int err;

	while (n > 0) {
		if (x->used == BUFFER_SIZE) {
			err = send_out(x);
			if (err < 0)
				return err;
		}
		k = BUFFER_SIZE - x->used;
		if (k > n)
			k = n;
		memcpy(x->c->worker->out + x->used, x->in, k);
		x->used += k;
		x->in += k;
		x->left -= k;
		n -= k;
	}
	return 0;
}

static void
drop_partial(struct connection *c)
{
	free(c->partial);
	c->partial = NULL;
	c->partial_length = c->partial_room = 0;
}

/* Puts the prefix and what had come of the line before. */
static int
put_head(struct exchange *x)
{
	const struct options *o = x->c->worker->server->options;
	int err = put(x, o->prefix, o->prefix_length);

	if (!err)
		err = put(x, x->c->partial, x->c->partial_length);
	drop_partial(x->c);
	return err;
}

/* Moves the rest of the input, within the limit, to the partial line. */
static int
keep(struct exchange *x, size_t limit)
{
	struct connection *c = x->c;
	size_t need = c->partial_length + x->left, room = c->partial_room;
	char *more;

	if (need > room) {
		room = room ? room : PARTIAL_MIN;
		while (room < need)
			room *= 2;
		if (room > limit)
			room = limit;
		more = realloc(c->partial, room);
		if (!more)
			return -ENOMEM;
		c->partial = more;
		c->partial_room = room;
	}
	memcpy(c->partial + c->partial_length, x->in, x->left);
	c->partial_length = need;
	x->left = 0;
	return 0;
}

/* Answers the lines that end in the input and keeps the rest. */
static int
answer(struct exchange *x)
{
	struct connection *c = x->c;
	size_t limit = c->worker->server->options->max_line, n;
	const char *end;
	int err = 0;

	while (!err && x->left > 0) {
		end = memchr(x->in, '\n', x->left);
		n = end ? (size_t)(end - x->in) : x->left;
		if (n > limit - c->partial_length)
			return -EMSGSIZE;
		if (!end)
			return keep(x, limit);
		err = put_head(x);
		if (!err)
			err = put_input(x, n + 1);
	}
	return err;
}

/* Answers N bytes in IN; what is in OUT at the end goes out in any case. */
static int
answer_input(struct connection *c, size_t n)
{
	struct exchange x = {.c = c, .in = c->worker->in, .left = n};
	int err = answer(&x), sent = 0;

	if (x.used > 0 && (err == 0 || err == -EMSGSIZE)) {
		x.left = 0;
		sent = send_out(&x);
	}
	free(x.copy);
	return sent < 0 ? sent : err;
}

/* Answers a last line without a newline. */
static int
answer_end(struct connection *c)
{
	struct exchange x = {.c = c};
	int err = 0;

	if (c->partial_length == 0)
		return 0;
	err = put_head(&x);
	if (!err)
		err = send_out(&x);
	free(x.copy);
	return err;
}

int
line_serve(struct connection *c)
{
	ssize_t n;
	int err;

	while ((n = connection_receive(c)) > 0) {
		err = answer_input(c, (size_t)n);
		if (err < 0)
			return err;
	}
	return n < 0 ? (int)n : answer_end(c);
}
