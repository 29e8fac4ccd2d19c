/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_accept.c: servers: listening, limits and shortages.
 */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "server_common.h"

Test(server_accept, options_are_checked)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;
	plx_server *out = NULL;

	set_scene(&s, NULL, NULL);
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.naddresses = 0;
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.stream.low_water = 2;
	s.options.stream.high_water = 1;
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.stream.low_water = 1 << 20;
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.naddresses = 2;
	plx_address_parse("unix:/nonexistent/socket", &s.at[1]);
	cr_assert_eq(plx_server_open(&s.options, &out), -ENOENT);
	cr_assert_null(out);
	support_end(mark, NULL);
}

Test(server_accept, a_run_needs_a_task)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;

	set_scene(&s, NULL, echo);
	open_server(&s);
	cr_assert_eq(plx_server_run(s.server), -EPERM);
	plx_server_close(&s.server);
	cr_assert_null(s.server);
	plx_server_close(&s.server);
	support_end(mark, NULL);
}

static int
serve_both_kinds(void *name)
{
	struct scene s;
	struct place p;
	struct stat st;
	int tcp, local;

	set_scene(&s, name, echo);
	s.options.naddresses = 2;
	make_place(&p, &s.at[1]);
	begin_scene(&s);
	tcp = dial(&s.at[0]);
	local = dial(&s.at[1]);
	ask(local, "by path");
	expect(&s, local, "by path");
	ask(tcp, "by port");
	expect(&s, tcp, "by port");
	plx_server_stop(s.server, PLX_SECOND);
	expect_end(&s, tcp, 0);
	expect_end(&s, local, 0);
	cr_expect_eq(lstat(p.path, &st), -1, "%s: the path stays", s.name);
	end_scene(&s);
	cr_expect_eq(rmdir(p.dir), 0);
	return 0;
}
ON_BACKENDS(server_accept, several_listeners_of_both_kinds, serve_both_kinds)

Test(server_accept, a_path_goes_with_the_server_that_made_it)
{
	struct support_mark mark = support_begin(NULL);
	struct place p;
	struct scene s;
	struct stat st;

	set_scene(&s, NULL, echo);
	make_place(&p, &s.at[0]);
	open_server(&s);
	cr_assert_eq(lstat(p.path, &st), 0);
	plx_server_close(&s.server);
	cr_assert_eq(lstat(p.path, &st), -1);
	open_server(&s);
	unlink(p.path);
	close(open(p.path, O_CREAT | O_WRONLY, 0600));
	plx_server_close(&s.server);
	cr_assert_eq(lstat(p.path, &st), 0, "that file is another's");
	unlink(p.path);
	cr_assert_eq(rmdir(p.dir), 0);
	support_end(mark, NULL);
}

#if defined(__linux__)
static int
serve_abstract(void *name)
{
	struct scene s;
	char text[64];
	int fd;

	set_scene(&s, name, echo);
	snprintf(text, sizeof(text), "unix:@pollux-server-%d", (int)getpid());
	cr_expect_eq(plx_address_parse(text, &s.at[0]), 0);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "no path");
	expect(&s, fd, "no path");
	plx_close(fd);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_accept, a_name_without_a_path, serve_abstract)
#endif

static int
serve_given(void *name)
{
	struct scene s;
	int given = listen_already(1), fd;

	set_scene(&s, name, echo);
	s.options.naddresses = 0;
	s.options.listeners = &given;
	s.options.nlisteners = 1;
	open_server(&s);
	cr_expect_eq(plx_server_address(s.server, 0, &s.at[0]), 0);
	cr_expect(fcntl(given, F_GETFL) & O_NONBLOCK, "%s", s.name);
	start_server(&s);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	plx_close(fd);
	end_scene(&s);
	cr_expect_eq(fcntl(given, F_GETFD), -1, "%s: still open", s.name);
	return 0;
}
ON_BACKENDS(server_accept, sockets_that_listen_can_be_handed_in, serve_given)

Test(server_accept, sockets_that_do_not_listen_stay_the_callers)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;
	plx_server *out = NULL;
	int given[2] = {listen_already(1), -1}, i, kinds[3];

	kinds[0] = socket(AF_INET, SOCK_STREAM, 0);
	kinds[1] = socket(AF_INET, SOCK_DGRAM, 0);
	kinds[2] = open("/dev/null", O_RDONLY);
	set_scene(&s, NULL, echo);
	s.options.listeners = given;
	s.options.nlisteners = 2;
	for (i = 0; i < 3; i++) {
		given[1] = kinds[i];
		cr_assert_eq(plx_server_open(&s.options, &out),
			     i < 2 ? -EINVAL : -ENOTSOCK, "kind %d", i);
		cr_assert_eq(close(given[1]), 0, "kind %d", i);
	}
	cr_assert_eq(fcntl(given[0], F_GETFL) & O_NONBLOCK, 0);
	cr_assert_eq(close(given[0]), 0);
	support_end(mark, NULL);
}

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
ON_BACKENDS(server_accept, beyond_the_limit_clients_wait, wait_for_a_place)

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
ON_BACKENDS(server_accept, who_admits_is_asked_until_there_is_room,
	    ask_for_room)

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
ON_BACKENDS(server_accept, a_stop_takes_those_beyond_the_limit, stop_while_full)

static int
few_in_a_row(void *name)
{
	struct scene s;
	uint64_t before = 0, now = 0;
	int fd[12], i, turns;

	set_scene(&s, name, echo);
	s.options.accepts_per_turn = 3;
	open_server(&s);
	for (i = 0; i < 12; i++)
		fd[i] = client(&s);
	cr_expect_eq(plx_spawn(NULL, run_server, &s, &s.run), 0);
	for (turns = 0; now < 12 && turns < 100; turns++) {
		plx_checkpoint();
		now = stats(&s).accepted;
		cr_expect_leq(now - before, 3, "%s: %d in a row", s.name,
			      (int)(now - before));
		before = now;
	}
	cr_expect_eq(now, 12, "%s", s.name);
	for (i = 0; i < 12; i++)
		plx_close(fd[i]);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_accept, others_run_after_a_few_accepts, few_in_a_row)

/* The process can open no descriptor more.  Valgrind looks at the limit when it
   has taken a connection, which is lost then: there is nothing to see. */
static struct rlimit
use_up_descriptors(int highest)
{
	struct rlimit was, none;

	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = (rlim_t)highest + 1;
	cr_expect_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	return was;
}

static int
run_short_of_descriptors(void *name)
{
	struct scene s;
	struct rlimit was;
	unsigned long calls;
	int fd[3], i;

	if (RUNNING_ON_VALGRIND)
		return 0;
	set_scene(&s, name, echo);
	begin_scene(&s);
	fd[0] = client(&s);
	ask(fd[0], "before");
	expect(&s, fd[0], "before");
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	fd[2] = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd[2]);
	dial_on(fd[1], &s.at[0]);
	dial_on(fd[2], &s.at[0]);
	ask(fd[1], "short");
	ask(fd[2], "of");
	let_run(3);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT);
	plx_sleep(2 * PLX_SECOND);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT) - calls;
	cr_expect_leq(calls, 21, "%s: %lu calls: it spins", s.name, calls);
	cr_expect_eq(s.paused, 1, "%s: told %d times", s.name, s.paused);
	cr_expect_eq(s.error, -EMFILE, "%s: %d", s.name, s.error);
	cr_expect_geq(stats(&s).pauses, 10, "%s", s.name);
	ask(fd[0], "meanwhile");
	expect(&s, fd[0], "meanwhile");
	setrlimit(RLIMIT_NOFILE, &was);
	expect(&s, fd[1], "short");
	expect(&s, fd[2], "of");
	for (i = 0; i < 3; i++)
		plx_close(fd[i]);
	end_scene(&s);
	return 0;
}

CLOCKED_BACKENDS(server_accept, out_of_descriptors_it_pauses,
		 run_short_of_descriptors)

/* What one listener gives up is no news for the other. */
static int
run_short_on_two(void *name)
{
	struct scene s;
	struct rlimit was;
	unsigned long calls;
	int fd[2], i;

	set_scene(&s, name, echo);
	s.options.naddresses = 2;
	begin_scene(&s);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd[1]);
	dial_on(fd[0], &s.at[0]);
	dial_on(fd[1], &s.at[1]);
	let_run(3);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT);
	let_run(100);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT) - calls;
	cr_expect_leq(calls, 2, "%s: %lu calls: they spin", s.name, calls);
	cr_expect_eq(s.paused, 1, "%s: told %d times", s.name, s.paused);
	setrlimit(RLIMIT_NOFILE, &was);
	for (i = 0; i < 2; i++) {
		ask(fd[i], "x");
		expect(&s, fd[i], "x");
		plx_close(fd[i]);
	}
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, out_of_descriptors_no_listener_wakes_another,
		 run_short_on_two)

/* What cannot be taken out of the queue by then is left. */
static int
stop_without_descriptors(void *name)
{
	struct scene s;
	struct rlimit was;
	unsigned long calls;
	int fd;

	set_scene(&s, name, echo);
	s.options.accepts_per_turn = 1;
	begin_scene(&s);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd);
	dial_on(fd, &s.at[0]);
	let_run(3);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT);
	plx_server_stop(s.server, 0);
	expect_run(&s, 0);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT) - calls;
	cr_expect_leq(calls, 2, "%s: %lu calls", s.name, calls);
	setrlimit(RLIMIT_NOFILE, &was);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_accept, without_descriptors_a_stop_does_not_insist,
		 stop_without_descriptors)

static int
end_one_for_another(void *name)
{
	struct scene s;
	struct rlimit was;
	int fd[2];

	if (RUNNING_ON_VALGRIND)
		return 0;
	set_scene(&s, name, echo);
	begin_scene(&s);
	fd[0] = client(&s);
	ask(fd[0], "x");
	expect(&s, fd[0], "x");
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd[1]);
	dial_on(fd[1], &s.at[0]);
	ask(fd[1], "y");
	let_run(3);
	cr_expect_eq(s.paused, 1, "%s", s.name);
	shutdown(fd[0], SHUT_WR);
	expect(&s, fd[1], "y");
	setrlimit(RLIMIT_NOFILE, &was);
	plx_close(fd[0]);
	plx_close(fd[1]);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_accept, an_end_ends_the_pause, end_one_for_another)

static int
survive_errors(void *name)
{
	static const int errors[] = {ECONNABORTED, EMFILE, ENFILE,
				     ENOBUFS,	   ENOMEM, EPROTO,
				     EPERM,	   EINTR,  EINVAL};
	struct scene s;
	size_t i;
	int fd;

	set_scene(&s, name, echo);
	begin_scene(&s);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		support_sys.fails = SUPPORT_ACCEPT;
		support_sys.fail_with = errors[i];
		support_sys.fail_at = 1;
		fd = client(&s);
		ask(fd, "x");
		expect(&s, fd, "x");
		cr_expect_eq(support_sys.fail_at, 0);
		plx_close(fd);
	}
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, no_error_of_accept_ends_it, survive_errors)

static int
wait_for_memory(void *name)
{
	struct scene s;
	int fd, k;

	set_scene(&s, name, echo);
	s.options.eager = 1;
	begin_scene(&s);
	for (k = 0; k <= 4; k++) {
		support_sys.fails = SUPPORT_RESIZE | SUPPORT_MAP;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = k;
		fd = client(&s);
		ask(fd, "x");
		expect(&s, fd, "x");
		plx_close(fd);
		let_run(3);
	}
	support_sys.fail_at = 0;
	cr_expect_geq(s.paused, 1, "%s: nothing was short", s.name);
	cr_expect_eq(s.closed, 5, "%s: %d", s.name, s.closed);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, without_memory_a_connection_waits,
		 wait_for_memory)

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

PLX_BACKENDS(server_accept, two_threads_share_a_limit)
ParameterizedTest(struct backend_param *p, server_accept,
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
