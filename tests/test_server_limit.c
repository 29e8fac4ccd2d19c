/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_limit.c: servers: how many connections they take, by a number of
 * their own or by one that others share, and who waits for a place.
 */
#include <config.h>

#include <pthread.h>
#include <sys/time.h>
#include "server_common.h"

static int
wait_for_a_place(void *name)
{
	struct scene s;
	int fd[3], i;

	set_scene(&s, name, echo);
	s.options.max_connections = 2;
	s.options.naddresses = 2;
	begin_scene(&s);
	for (i = 0; i < 3; i++) {
		fd[i] = dial(&s.at[i % 2]);
		ask(fd[i], "x");
		let_run(4);
	}
	expect(&s, fd[0], "x");
	expect(&s, fd[1], "x");
	expect_silence(&s, fd[2]);
	cr_expect_eq(s.opened, 2, "%s: %d", s.name, s.opened);
	plx_close(fd[0]);
	expect(&s, fd[2], "x");
	plx_close(fd[1]);
	plx_close(fd[2]);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_limit, beyond_the_limit_clients_wait, wait_for_a_place)

static int
admit(void *arg)
{
	struct scene *s = arg;

	if (s->admitted >= s->most) {
		s->refusals++;
		return 0;
	}
	s->admitted++;
	return 1;
}

static void
leave(void *arg)
{
	((struct scene *)arg)->admitted--;
}

static int
ask_for_room(void *name)
{
	struct scene s;
	int fd[2];

	set_scene(&s, name, echo);
	s.options.admit = admit;
	s.options.leave = leave;
	s.most = 1;
	begin_scene(&s);
	fd[0] = client(&s);
	fd[1] = client(&s);
	ask(fd[0], "x");
	ask(fd[1], "y");
	expect(&s, fd[0], "x");
	expect_silence(&s, fd[1]);
	cr_expect_eq(s.refusals, 1, "%s: asked %d times", s.name, s.refusals);
	plx_server_room(s.server);
	expect_silence(&s, fd[1]);
	cr_expect_eq(s.refusals, 2, "%s: asked %d times", s.name, s.refusals);
	s.most = 2;
	plx_server_room(s.server);
	expect(&s, fd[1], "y");
	plx_close(fd[0]);
	plx_close(fd[1]);
	end_scene(&s);
	cr_expect_eq(s.admitted, 0, "%s: %d are left", s.name, s.admitted);
	return 0;
}
ON_BACKENDS(server_limit, who_admits_is_asked_until_there_is_room, ask_for_room)

/* Who counts in another way may do without being told. */
static int
admit_only(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, echo);
	s.options.admit = admit;
	s.most = 9;
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	plx_close(fd);
	end_scene(&s);
	cr_expect_eq(s.closed, 1, "%s: %d", s.name, s.closed);
	return 0;
}
ON_BACKENDS(server_limit, who_admits_need_not_be_told_who_leaves, admit_only)

static int
stop_while_full(void *name)
{
	struct scene s;
	int fd[2];

	set_scene(&s, name, echo);
	s.options.admit = admit;
	s.options.leave = leave;
	s.most = 1;
	begin_scene(&s);
	fd[0] = client(&s);
	fd[1] = client(&s);
	ask(fd[1], "y");
	expect_silence(&s, fd[1]);
	plx_server_stop(s.server, 5 * PLX_SECOND);
	expect(&s, fd[1], "y");
	expect_end(&s, fd[1], 0);
	expect_end(&s, fd[0], 0);
	end_scene(&s);
	cr_expect_eq(s.admitted, 0, "%s: %d are left", s.name, s.admitted);
	return 0;
}
ON_BACKENDS(server_limit, a_stop_takes_those_beyond_the_limit, stop_while_full)

/* A limit that servers in two threads share. */
struct common {
	pthread_mutex_t lock;
	int used, most, top;
	struct half {
		struct common *all;
		plx_server *server;
		plx_loop *loop;
		struct plx_address at;
		const char *backend;
		pthread_t thread;
		int ready, result;
	} half[2];
	pthread_cond_t news;
};

static int
admit_common(void *arg)
{
	struct common *c = ((struct half *)arg)->all;
	int yes;

	pthread_mutex_lock(&c->lock);
	yes = c->used < c->most;
	c->used += yes;
	if (c->used > c->top)
		c->top = c->used;
	pthread_mutex_unlock(&c->lock);
	return yes;
}

static void
make_room(void *server)
{
	plx_server_room(server);
}

static void
leave_common(void *arg)
{
	struct common *c = ((struct half *)arg)->all;
	int i;

	pthread_mutex_lock(&c->lock);
	c->used--;
	for (i = 0; i < 2; i++) {
		if (c->half[i].loop)
			plx_loop_post(c->half[i].loop, make_room,
				      c->half[i].server);
	}
	pthread_mutex_unlock(&c->lock);
}

static int
echo_plainly(struct plx_stream *st, void *arg)
{
	char buf[64];
	ssize_t n;

	(void)arg;
	while ((n = plx_stream_read(st, buf, sizeof(buf), PLX_NEVER)) > 0)
		plx_stream_write(st, buf, (size_t)n, PLX_NEVER);
	return (int)n;
}

static int
run_half(void *arg)
{
	struct half *h = arg;
	const struct plx_server_options o = {
		.handler = echo_plainly,
		.arg = h,
		.addresses = &h->at,
		.naddresses = 1,
		.admit = admit_common,
		.leave = leave_common,
	};
	int r;

	plx_address_parse("127.0.0.1:0", &h->at);
	h->loop = plx_self_loop();
	r = plx_server_open(&o, &h->server);
	if (r == 0)
		plx_server_address(h->server, 0, &h->at);
	pthread_mutex_lock(&h->all->lock);
	h->ready = 1;
	pthread_cond_broadcast(&h->all->news);
	while (!h->all->half[0].ready || !h->all->half[1].ready)
		pthread_cond_wait(&h->all->news, &h->all->lock);
	pthread_mutex_unlock(&h->all->lock);
	if (r == 0)
		r = plx_server_run(h->server);
	pthread_mutex_lock(&h->all->lock);
	h->loop = NULL;
	pthread_mutex_unlock(&h->all->lock);
	return r;
}

static void *
half_main(void *arg)
{
	struct half *h = arg;
	const struct plx_run_options o = {.backend = h->backend};

	h->result = plx_run(&o, run_half, h);
	return NULL;
}

static int
connect_plainly(const struct plx_address *a)
{
	const struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	cr_assert_eq(connect(fd, (const void *)&a->storage, a->length), 0);
	return fd;
}

/* Talks to a server, perhaps only when others have gone. */
static void *
talk(void *arg)
{
	const struct half *h = arg;
	char byte = 'x';
	int i, fd;

	for (i = 0; i < 50; i++) {
		fd = connect_plainly(&h->at);
		cr_expect_eq(write(fd, &byte, 1), 1);
		cr_expect_eq(read(fd, &byte, 1), 1, "%s: %d", h->backend,
			     errno);
		close(fd);
	}
	return NULL;
}

static void
stop_half(void *server)
{
	plx_server_stop(server, PLX_SECOND);
}

PLX_BACKENDS(server_limit, two_threads_share_a_limit)
ParameterizedTest(struct backend_param *p, server_limit,
		  two_threads_share_a_limit)
{
	struct support_mark mark = support_begin(p->name);
	struct common c = {.lock = PTHREAD_MUTEX_INITIALIZER,
			   .news = PTHREAD_COND_INITIALIZER,
			   .most = 2};
	pthread_t clients[6];
	int i;

	for (i = 0; i < 2; i++) {
		c.half[i].all = &c;
		c.half[i].backend = p->name;
		pthread_create(&c.half[i].thread, NULL, half_main, &c.half[i]);
	}
	pthread_mutex_lock(&c.lock);
	while (!c.half[0].ready || !c.half[1].ready)
		pthread_cond_wait(&c.news, &c.lock);
	pthread_mutex_unlock(&c.lock);
	for (i = 0; i < 6; i++)
		pthread_create(&clients[i], NULL, talk, &c.half[i % 2]);
	for (i = 0; i < 6; i++)
		pthread_join(clients[i], NULL);
	for (i = 0; i < 2; i++) {
		plx_loop_post(c.half[i].loop, stop_half, c.half[i].server);
		pthread_join(c.half[i].thread, NULL);
		cr_assert_eq(c.half[i].result, 0, "%s", p->name);
	}
	for (i = 0; i < 2; i++)
		plx_server_close(&c.half[i].server);
	cr_assert_eq(c.used, 0, "%s: %d", p->name, c.used);
	cr_assert_eq(c.top, 2, "%s: %d at a time", p->name, c.top);
	support_end(mark, p->name);
}
