/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve_libuv.c: an echo server of libuv, in two ways.
 *
 * --tuned: one static buffer, and uv_try_write, which sends at once.
 * --taught: as its guide teaches it: memory for each read and each write, and
 * uv_write with a request.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include "serve.h"

/* A write that is under way. */
struct request {
	uv_write_t write;
	char *bytes;
};

static char buffer[SERVE_BUFFER];
static int taught;

static void
must(const char *what, int error)
{
	if (error < 0)
		serve_fail(what, -error);
}

static void
give_room(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	(void)h;
	b->base = taught ? serve_memory(suggested) : buffer;
	b->len = taught ? suggested : sizeof(buffer);
}

static void
on_closed(uv_handle_t *h)
{
	free(h);
}

static void
on_shut(uv_shutdown_t *r, int status)
{
	(void)status;
	uv_close((uv_handle_t *)r->handle, on_closed);
	free(r);
}

/* What is queued goes out first. */
static void
finish(uv_stream_t *s)
{
	uv_shutdown_t *r;

	if (uv_is_closing((uv_handle_t *)s))
		return;
	uv_read_stop(s);
	if (uv_stream_get_write_queue_size(s) == 0) {
		uv_close((uv_handle_t *)s, on_closed);
		return;
	}
	r = serve_memory(sizeof(*r));
	must("uv_shutdown", uv_shutdown(r, s, on_shut));
}

static void
on_written(uv_write_t *w, int status)
{
	struct request *r = (struct request *)w;
	uv_stream_t *s = w->handle;

	free(r->bytes);
	free(r);
	if (status < 0 && !uv_is_closing((uv_handle_t *)s))
		uv_close((uv_handle_t *)s, on_closed);
}

/* Sends the N bytes and frees them in the end. */
static void
send_later(uv_stream_t *s, char *bytes, size_t n)
{
	struct request *r = serve_memory(sizeof(*r));
	uv_buf_t b = uv_buf_init(bytes, (unsigned)n);

	r->bytes = bytes;
	must("uv_write", uv_write(&r->write, s, &b, 1, on_written));
}

static void
send_now(uv_stream_t *s, size_t n)
{
	uv_buf_t b = uv_buf_init(buffer, (unsigned)n);
	int done = uv_try_write(s, &b, 1);
	char *rest;

	if (done == (int)n)
		return;
	if (done < 0 && done != UV_EAGAIN) {
		finish(s);
		return;
	}
	if (done < 0)
		done = 0;
	rest = serve_memory(n - (size_t)done);
	memcpy(rest, buffer + done, n - (size_t)done);
	send_later(s, rest, n - (size_t)done);
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	if (n > 0 && taught) {
		send_later(s, b->base, (size_t)n);
		return;
	}
	if (n > 0)
		send_now(s, (size_t)n);
	else if (n < 0)
		finish(s);
	if (taught)
		free(b->base);
}

static void
take(uv_stream_t *listener, int status)
{
	uv_tcp_t *c = serve_memory(sizeof(*c));

	must("connection", status);
	must("uv_tcp_init", uv_tcp_init(listener->loop, c));
	must("uv_accept", uv_accept(listener, (uv_stream_t *)c));
	uv_tcp_nodelay(c, 1);
	must("uv_read_start",
	     uv_read_start((uv_stream_t *)c, give_room, on_read));
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = {"tuned", "taught", NULL};
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t tcp;
	int listener;

	taught = serve_begin(argc, argv, modes, &listener);
	must("uv_tcp_init", uv_tcp_init(loop, &tcp));
	must("uv_tcp_open", uv_tcp_open(&tcp, listener));
	must("uv_listen", uv_listen((uv_stream_t *)&tcp, SOMAXCONN, take));
	serve_announce(listener);
	uv_run(loop, UV_RUN_DEFAULT);
	return 1;
}
