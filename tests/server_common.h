/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_common.h: a server and its clients, tasks of one run.
 *
 * The scene is the argument of handlers and notes.  Clients are plain sockets
 * that the test's own task uses; what it waits for comes within seconds, by
 * the clock of the test, or is reported.
 */
#ifndef PLX_SERVER_COMMON_H
#define PLX_SERVER_COMMON_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <pollux/scope.h>
#include <pollux/server.h>
#include "task_common.h"

struct scene {
	const char *name; /* of the backend */
	struct plx_server_options options;
	struct plx_address at[2];
	plx_server *server;
	plx_task *run;
	int result;  /* of it; a want of memory fails no more than it */
	int started; /* calls of the handler */
	/* What the notes have told. */
	int opened, closed, paused;
	int error;	    /* of the last CLOSED or PAUSED */
	int fd;		    /* of the last CLOSED */
	int admitted, most; /* for admit and leave */
	int refusals;
};

static inline void
take_note(struct plx_server_note *n, void *arg)
{
	struct scene *s = arg;

	s->opened += n->event == PLX_SERVER_OPENED;
	s->closed += n->event == PLX_SERVER_CLOSED;
	s->paused += n->event == PLX_SERVER_PAUSED;
	if (n->event == PLX_SERVER_OPENED)
		return;
	s->error = n->error;
	s->fd = n->fd;
	if (n->event == PLX_SERVER_CLOSED)
		free(n->data);
}

/* Runs BODY with a clock that stands still unless the loop waits. */
static inline int
run_on_clock(const char *backend, plx_task_fn *body)
{
	struct support_mark mark = support_begin(backend);
	const struct plx_run_options options = {
		.backend = backend,
		.sys = &support_sys.sys,
	};
	int r;

	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	r = plx_run(&options, body, (void *)backend);
	support_end(mark, backend);
	return r;
}

#define CLOCKED_BACKENDS(SUITE, NAME, BODY)                                  \
	PLX_BACKENDS(SUITE, NAME)                                            \
	ParameterizedTest(struct backend_param *p, SUITE, NAME)              \
	{                                                                    \
		int r = run_on_clock(p->name, BODY);                         \
		cr_expect_eq(r, 0, "%s: the run ended with %d", p->name, r); \
	}

/* Options for HANDLER on a TCP port; the test changes what it is about. */
static inline void
set_scene(struct scene *s, const char *name, plx_handler_fn *handler)
{
	memset(s, 0, sizeof(*s));
	s->name = name ? name : "auto";
	s->options.handler = handler;
	s->options.arg = s;
	s->options.note = take_note;
	s->options.addresses = s->at;
	s->options.naddresses = 1;
	s->options.sys = &support_sys.sys;
	cr_expect_eq(plx_address_parse("127.0.0.1:0", &s->at[0]), 0);
	cr_expect_eq(plx_address_parse("127.0.0.1:0", &s->at[1]), 0);
}

static inline int
run_server(void *arg)
{
	struct scene *s = arg;

	s->result = plx_server_run(s->server);
	return s->result == -ENOMEM ? 0 : s->result;
}

/* Opens the server, where clients can connect from now on. */
static inline void
open_server(struct scene *s)
{
	size_t i;

	cr_expect_eq(plx_server_open(&s->options, &s->server), 0, "%s",
		     s->name);
	for (i = 0; i < s->options.naddresses; i++)
		cr_expect_eq(plx_server_address(s->server, i, &s->at[i]), 0);
}

static inline void
start_server(struct scene *s)
{
	cr_expect_eq(plx_spawn(NULL, run_server, s, &s->run), 0, "%s", s->name);
	let_run(3);
}

static inline void
begin_scene(struct scene *s)
{
	open_server(s);
	start_server(s);
}

/* Waits until the run has ended, with RESULT, and closes the server. */
static inline void
expect_run(struct scene *s, int result)
{
	int r = -1;

	cr_expect_eq(plx_join(s->run, &r, in(20 * PLX_SECOND)), 0,
		     "%s: the run goes on", s->name);
	cr_expect_eq(r, result, "%s: the run ended with %d", s->name, r);
	cr_expect_eq(s->opened, s->closed, "%s: %d opened, %d closed", s->name,
		     s->opened, s->closed);
}

static inline void
end_scene(struct scene *s)
{
	plx_server_stop(s->server, PLX_SECOND);
	expect_run(s, 0);
	plx_server_close(&s->server);
}

static inline struct plx_server_stats
stats(const struct scene *s)
{
	struct plx_server_stats st;

	plx_server_stats(s->server, &st);
	return st;
}

#define EXPECT_STATS(s, AWAKE, HIBERNATING)                             \
	do {                                                            \
		struct plx_server_stats st_ = stats(s);                 \
		cr_expect_eq(st_.awake, AWAKE, "%s: %d awake, not %d",  \
			     (s)->name, (int)st_.awake, (int)(AWAKE));  \
		cr_expect_eq(st_.hibernating, HIBERNATING,              \
			     "%s: %d hibernating, not %d", (s)->name,   \
			     (int)st_.hibernating, (int)(HIBERNATING)); \
	} while (0)

/* Connects FD, a socket, to A without giving way: the kernel puts it into the
   server's queue. */
static inline void
dial_on(int fd, const struct plx_address *a)
{
	cr_expect_eq(
		connect(fd, (const struct sockaddr *)&a->storage, a->length),
		0);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static inline int
dial(const struct plx_address *a)
{
	int fd = support_blocking_socket(a->storage.ss_family);

	dial_on(fd, a);
	return fd;
}

static inline int
client(const struct scene *s)
{
	return dial(&s->at[0]);
}

static inline void
ask(int fd, const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	cr_expect_eq(plx_send(fd, text, (size_t)n, in(5 * PLX_SECOND)), n);
}

static inline void
expect(const struct scene *s, int fd, const char *text)
{
	char buf[256] = {0};
	size_t n = strlen(text), got = 0;
	ssize_t r = 1;

	while (got < n && r > 0) {
		r = plx_recv(fd, buf + got, n - got, in(5 * PLX_SECOND));
		if (r > 0)
			got += (size_t)r;
	}
	cr_expect_str_eq(buf, text, "%s: \"%s\", not \"%s\" (%zd)", s->name,
			 buf, text, r);
}

static inline void
expect_silence(const struct scene *s, int fd)
{
	char byte;

	let_run(4);
	cr_expect_eq(plx_recv(fd, &byte, 1, 0), -ETIMEDOUT, "%s: silence",
		     s->name);
}

/* The peer has ended, which ERROR, 0 or -errno, tells; and hangs up. */
static inline void
expect_end(const struct scene *s, int fd, int error)
{
	char byte;
	ssize_t r = plx_recv(fd, &byte, 1, in(10 * PLX_SECOND));

	cr_expect_eq(r, error, "%s: the end is %zd, not %d", s->name, r, error);
	plx_close(fd);
}

/* A directory of the test's own, and a socket's path in it. */
struct place {
	char dir[64];
	char path[80];
};

static inline void
make_place(struct place *p, struct plx_address *at)
{
	char text[96];

	strcpy(p->dir, "/tmp/pollux-server-XXXXXX");
	cr_expect_not_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/s", p->dir);
	snprintf(text, sizeof(text), "unix:%s", p->path);
	cr_expect_eq(plx_address_parse(text, at), 0);
}

/* A socket that listens already, as a program is started with. */
static inline int
listen_already(int blocking)
{
	struct plx_address a;
	int fd = -1;

	plx_address_parse("127.0.0.1:0", &a);
	cr_expect_eq(plx_listen(&a, NULL, &fd), 0);
	if (blocking)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

/* Echoes until the end. */
static inline int
echo(struct plx_stream *st, void *arg)
{
	struct scene *s = arg;
	char buf[256];
	ssize_t n;

	s->started++;
	while ((n = plx_stream_read(st, buf, sizeof(buf), PLX_NEVER)) > 0) {
		n = plx_stream_write(st, buf, (size_t)n, PLX_NEVER);
		if (n < 0)
			break;
	}
	return (int)n;
}

/* Echoes what there is and sleeps until there is more. */
static inline int
echo_once(struct plx_stream *st, void *arg)
{
	struct scene *s = arg;
	char buf[256];
	ssize_t n;

	s->started++;
	n = plx_stream_read(st, buf, sizeof(buf), PLX_NEVER);
	if (n > 0)
		n = plx_stream_write(st, buf, (size_t)n, PLX_NEVER);
	return n > 0 ? PLX_HIBERNATE : (int)n;
}

/* More than the peer's kernel takes at once, into the queue. */
static inline int
write_much(struct plx_stream *st, void *arg)
{
	static char data[64 << 10];
	ssize_t n;

	((struct scene *)arg)->started++;
	do
		n = plx_stream_write(st, data, sizeof(data), 0);
	while (n == sizeof(data));
	if (((struct scene *)arg)->most)
		return ((struct scene *)arg)->started == 1 ? PLX_HIBERNATE : 0;
	return 0;
}

/* Listens to nobody but the peer. */
static inline int
insist(struct plx_stream *st, void *arg)
{
	struct plx_scope shield;
	char byte;
	ssize_t n;

	((struct scene *)arg)->started++;
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	n = plx_stream_read(st, &byte, 1, PLX_NEVER);
	plx_scope_leave(&shield, 0);
	return (int)n;
}

/* Writes for ever. */
static inline int
write_on(struct plx_stream *st, void *arg)
{
	static char data[4096];
	ssize_t n;

	((struct scene *)arg)->started++;
	do
		n = plx_stream_write(st, data, sizeof(data), PLX_NEVER);
	while (n > 0);
	return (int)n;
}

#endif
