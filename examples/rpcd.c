/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpcd [--limit=BYTES] ADDRESS: calls by name, in frames of JSON:
 * {"in":"ping","params":"x"} is answered by {"out":"pong","result":"x"}, and
 * what is no call by {"error":"..."}.  Calls may be sent without waiting for
 * answers, which come in the same order.
 *
 * Between two calls a connection has no task: the handler returns to hibernate.
 * Half a call stays in the stream's buffer, with its task, for so long.
 */
#include "rpc_frame.h"
#include "service.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define PATIENCE (30 * PLX_SECOND) /* for the rest of a call */

static size_t limit = 1 << 20;

static json_t *
give_back(json_t *params)
{
	return json_incref(params);
}

/* The sum of a list of whole numbers, or NULL. */
static json_t *
add(json_t *params)
{
	json_int_t sum = 0;
	json_t *number;
	size_t i;

	if (!json_is_array(params))
		return NULL;
	json_array_foreach(params, i,
			   number) if (!json_is_integer(number) ||
				       __builtin_add_overflow(
					       sum, json_integer_value(number),
					       &sum)) return NULL;
	return json_integer(sum);
}

static json_t *
seconds(json_t *params)
{
	return json_is_null(params) ? json_integer((json_int_t)time(NULL))
				    : NULL;
}

static const struct call {
	const char *in, *out;
	json_t *(*fn)(json_t *params); /* NULL: these will not do */
	const char *wants;
} calls[] = {
	{"ping", "pong", give_back, NULL},
	{"echo", "echo", give_back, NULL},
	{"add", "sum", add, "add: give a list of whole numbers"},
	{"time", "time", seconds, "time: give no params"},
};

static json_t *
refusal(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

static json_t *
answer(json_t *request)
{
	json_t *params = json_null(), *result;
	const char *name;

	if (json_unpack(request, "{s:s,s?o}", "in", &name, "params", &params))
		return refusal("no call: give {\"in\":NAME,\"params\":...}");
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (strcmp(calls[i].in, name) != 0)
			continue;
		result = calls[i].fn(params);
		return result ? json_pack("{s:s,s:o}", "out", calls[i].out,
					  "result", result)
			      : refusal(calls[i].wants);
	}
	return json_pack("{s:s+}", "error", "unknown name: ", name);
}

static int
refuse_long(struct plx_stream *s)
{
	int64_t deadline = plx_after(PLX_SECOND);
	int r = rpc_send(s, refusal("too long"), deadline);

	return r < 0 ? r : plx_stream_linger(s, deadline);
}

static int
serve(struct plx_stream *s, void *arg)
{
	json_t *request;
	int r;

	(void)arg;
	do {
		r = rpc_receive(s, limit, &request, plx_after(PATIENCE));
		if (r == -EMSGSIZE)
			return refuse_long(s);
		if (r <= 0) /* the end; half a call gets no answer */
			return r == -ENODATA ? 0 : r;
		r = rpc_send(s, request ? answer(request) : refusal("bad JSON"),
			     plx_after(PATIENCE));
		json_decref(request);
	} while (r == 0 && plx_buf_length(plx_stream_unread(s)) > 0);
	return r < 0 ? r : PLX_HIBERNATE;
}

int
main(int argc, char **argv)
{
	struct service s = {
		.name = "rpcd",
		.usage = "[--limit=BYTES] ADDRESS",
		.help = "Answers calls of ping, echo, add and time.  --limit "
			"is the longest call, 1 MiB\nunless said.  SIGTERM and "
			"SIGINT end it.\n",
		.words = 1,
		.numbers = {{"--limit=", &limit, 64, 1 << 30}},
		.options = {.handler = serve},
	};

	return service_main(&s, argc, argv);
}
