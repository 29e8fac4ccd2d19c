/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncio_style: the words of Python's asyncio, and what they are here.
 *
 *	asyncio.run(main())		plx_run(NULL, main_task, NULL)
 *	loop.call_soon(f, x)		plx_loop_call_soon(loop, &c, f, x)
 *	loop.call_later(s, f, x)	plx_loop_call_at(loop, &c, plx_after(s),
 *					f, x); call_at: with a time
 *	await sleep(s)			plx_sleep(s)
 *	t = create_task(f(x)), await t	plx_spawn(n, f, x, &t), plx_join(t, ...)
 *	start_server(f, ...)		plx_server_open, plx_server_run
 *	open_connection(...)		plx_connect_address, plx_stream_open
 *	await reader.read(n)		plx_stream_read
 *	writer.write(b), await drain()	plx_stream_write, which waits by itself
 *	writer.close(), wait_closed()	plx_stream_flush, plx_stream_close
 */
#include <pollux.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
say(void *text)
{
	const char *line = text;

	puts(line);
}

static int
show_calls(void)
{
	plx_loop *loop = plx_self_loop();
	struct plx_call c[4] = {{.place = 0}};
	int64_t then = plx_after(10 * PLX_MILLISECOND);
	int r;

	plx_loop_call_at(loop, &c[0], plx_after(20 * PLX_MILLISECOND), say,
			 (void *)"call_later: after 20 ms");
	plx_loop_call_at(loop, &c[1], then, say,
			 (void *)"call_at: after 10 ms");
	plx_loop_call_soon(loop, &c[2], say, (void *)"call_soon: first");
	plx_loop_call_soon(loop, &c[3], say, (void *)"call_soon: second");
	puts("nothing was called yet");
	r = plx_sleep(30 * PLX_MILLISECOND);
	/* They lie in this frame. */
	for (int i = 0; i < 4; i++)
		plx_loop_cancel(loop, &c[i]);
	if (r == 0)
		puts("sleep: 30 ms are over");
	return r;
}

/* Called for each connection, with what asyncio calls reader and writer. */
static int
shout(struct plx_stream *s, void *arg)
{
	char text[100];
	ssize_t n, r = 0;

	(void)arg;
	while (r >= 0 && (n = plx_stream_read(s, text, 100, PLX_NEVER)) > 0) {
		printf("server: read %d bytes\n", (int)n);
		for (int i = 0; i < n; i++)
			text[i] = (char)toupper((unsigned char)text[i]);
		r = plx_stream_write(s, text, (size_t)n, PLX_NEVER);
	}
	if (r >= 0 && n == 0)
		puts("server: the client has closed");
	return r < 0 ? (int)r : (int)n;
}

static int
converse(struct plx_stream *s)
{
	static const char *const words[] = {"hello", "good bye"};
	char answer[100];
	ssize_t n = 0;

	for (int i = 0; n >= 0 && i < 2; i++) {
		n = plx_stream_write(s, words[i], strlen(words[i]), PLX_NEVER);
		if (n > 0)
			n = plx_stream_read(s, answer, 100, PLX_NEVER);
		if (n > 0)
			printf("client: %s became %.*s\n", words[i], (int)n,
			       answer);
	}
	return n < 0 ? (int)n : 0;
}

static int
call_server(plx_server *server)
{
	struct plx_address at;
	struct plx_stream s;
	int fd, r = plx_server_address(server, 0, &at);

	if (r == 0)
		r = plx_connect_address(&at, NULL, &fd, PLX_NEVER);
	if (r == 0 && (r = plx_stream_open(&s, fd, NULL)) < 0)
		plx_close(fd);
	if (r < 0)
		return r;
	r = converse(&s);
	if (r == 0)
		r = plx_stream_flush(&s, PLX_NEVER);
	plx_stream_close(&s, 0);
	return r;
}

static int
run_server(void *server)
{
	return plx_server_run(server);
}

static int
show_streams(void)
{
	struct plx_address at;
	const struct plx_server_options o = {
		.handler = shout,
		.addresses = &at,
		.naddresses = 1,
	};
	plx_server *server;
	plx_nursery *n;
	int r = plx_address_parse("127.0.0.1:0", &at);

	if (r < 0 || (r = plx_server_open(&o, &server)) < 0)
		return r;
	if ((r = plx_nursery_open(NULL, &n)) == 0) {
		r = plx_spawn(n, run_server, server, NULL);
		if (r == 0)
			r = call_server(server);
		plx_server_stop(server, PLX_SECOND);
		r = plx_nursery_close(&n, r);
	}
	plx_server_close(&server);
	if (r == 0)
		puts("server: closed");
	return r;
}

static int
main_task(void *arg)
{
	int r = show_calls();

	(void)arg;
	return r < 0 ? r : show_streams();
}

int
main(int argc, char **argv)
{
	int r;

	if (argc > 1) {
		r = strcmp(argv[1], "--help") != 0;
		fprintf(r ? stderr : stdout, "usage: asyncio_style\n");
		return 2 * r;
	}
	r = plx_run(NULL, main_task, NULL);
	if (r < 0)
		return fprintf(stderr, "asyncio_style: %s\n", strerror(-r)), 1;
	return puts("run until complete: done") < 0;
}
