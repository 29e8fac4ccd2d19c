/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_bare.c: dispatchers that have no more than one handler, and
 * sockets of datagrams, in which nothing is an end.
 */
#include <config.h>

#include <errno.h>
#include <netinet/in.h>
#include "dispatcher_fixture.h"

struct bare {
	struct plx_dispatcher d;
	int reads;
	ssize_t got; /* by the last read */
};

static int
read_once(struct plx_dispatcher *d)
{
	struct bare *b = d->arg;
	char buf[64];

	b->reads++;
	b->got = plx_dispatcher_recv(d, buf, sizeof(buf));
	return b->got < 0 ? (int)b->got : 0;
}

static const struct plx_dispatcher_ops bare_ops = {
	.handle_read = read_once,
};

static void
begin_bare(struct fixture *f, const struct backend_param *p, struct bare *b)
{
	begin(f, p);
	memset(b, 0, sizeof(*b));
	b->got = -1;
	plx_dispatcher_map_init(&map, f->loop);
	b->d.arg = b;
	plx_dispatcher_init(&b->d, &map, &bare_ops);
}

LOOPS(dispatcher_bare, one_that_is_not_told_of_its_end_is_closed_all_the_same)
{
	struct fixture f;
	struct bare b;

	begin_bare(&f, p, &b);
	support_unix_pair(f.fd);
	IS(&f, plx_dispatcher_set_socket(&b.d, f.fd[0]), 0);
	turn(&f);
	close(f.fd[1]);
	turn(&f);
	turn(&f);
	CHECK(&f, b.reads == 1 && b.got == 0);
	CHECK(&f, b.d.fd == -1);
	f.fd[0] = f.fd[1] = -1;
	end(&f);
}

LOOPS(dispatcher_bare, all_are_closed_without_being_told)
{
	struct fixture f;
	struct bare b;

	begin_bare(&f, p, &b);
	support_unix_pair(f.fd);
	IS(&f, plx_dispatcher_set_socket(&b.d, f.fd[0]), 0);
	plx_dispatcher_close_all(&map);
	CHECK(&f, b.d.fd == -1 && b.reads == 0);
	f.fd[0] = -1;
	end(&f);
}

LOOPS(dispatcher_bare, an_empty_datagram_is_no_end)
{
	struct plx_address any = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *sa = (struct sockaddr_in *)&any.storage;
	struct fixture f;
	struct bare b;

	begin_bare(&f, p, &b);
	sa->sin_family = AF_INET;
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	IS(&f, plx_dispatcher_create_socket(&b.d, AF_INET, SOCK_DGRAM), 0);
	IS(&f, plx_dispatcher_bind(&b.d, &any), 0);
	CHECK(&f, plx_local_address(b.d.fd, &any) == 0);
	f.fd[0] = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(&f, f.fd[0] >= 0);
	for (int i = 1; i <= 2; i++) {
		CHECK(&f,
		      sendto(f.fd[0], "", 0, 0, (void *)sa, any.length) == 0);
		IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
		CHECK(&f, b.reads == i && b.got == 0);
		CHECK(&f, b.d.fd >= 0);
	}
	plx_dispatcher_close(&b.d);
	end(&f);
}

static int
accept_one(struct plx_dispatcher *d)
{
	struct bare *b = d->arg;
	int fd = -1, r = plx_dispatcher_accept(d, &fd, NULL);

	b->reads += r == 1;
	if (fd >= 0)
		close(fd);
	return r < 0 ? r : 0;
}

LOOPS(dispatcher_bare, one_that_only_accepts_with_a_short_queue)
{
	static const struct plx_dispatcher_ops accepts = {
		.handle_accept = accept_one,
	};
	struct plx_address any = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *sa = (struct sockaddr_in *)&any.storage;
	struct fixture f;
	struct bare b;

	begin_bare(&f, p, &b);
	plx_dispatcher_init(&b.d, &map, &accepts);
	sa->sin_family = AF_INET;
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	IS(&f, plx_dispatcher_create_socket(&b.d, AF_INET, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_bind(&b.d, &any), 0);
	IS(&f, plx_dispatcher_listen(&b.d, 1), 0);
	CHECK(&f, plx_local_address(b.d.fd, &any) == 0);
	f.fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(&f, connect(f.fd[0], (void *)sa, any.length) == 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	CHECK(&f, b.reads == 1);
	plx_dispatcher_close(&b.d);
	end(&f);
}
