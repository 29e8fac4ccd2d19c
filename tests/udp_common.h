/* SPDX-License-Identifier: BSD-2-Clause */
/* udp_common.h: what the tests of datagrams share. */
#ifndef PLX_UDP_COMMON_H
#define PLX_UDP_COMMON_H

#include <stdio.h>
#include <sys/socket.h>
#include <pollux/udp.h>
#include "task_common.h"

enum {
	TEXT_ROOM = 64
};

/* Two sockets and where they are. */
struct udp_pair {
	int fd[2];
	struct plx_address at[2];
};

/* Both are bound on loopback, neither is connected. */
static inline void
udp_open(struct udp_pair *p)
{
	struct plx_address any;

	plx_address_parse("127.0.0.1:0", &any);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_udp_open(&any, NULL, &p->fd[i]), 0);
		plx_local_address(p->fd[i], &p->at[i]);
	}
}

static inline void
udp_close(const struct udp_pair *p)
{
	plx_close(p->fd[0]);
	plx_close(p->fd[1]);
}

/* N datagrams with a text of their own each. */
struct udp_list {
	struct plx_datagram *d;
	char (*text)[TEXT_ROOM];
	int n;
};

static inline struct udp_list
udp_list(int n)
{
	struct udp_list l = {
		.d = calloc((size_t)n, sizeof(*l.d)),
		.text = calloc((size_t)n, sizeof(*l.text)),
		.n = n,
	};

	for (int i = 0; i < n; i++) {
		l.d[i].data = l.text[i];
		l.d[i].room = TEXT_ROOM;
	}
	return l;
}

static inline void
udp_list_free(struct udp_list *l)
{
	free(l->d);
	free(l->text);
}

/* Writes "FROM", "FROM + 1" ... into L, for PEER, which may be NULL. */
static inline void
udp_number(struct udp_list *l, int from, const struct plx_address *peer)
{
	for (int i = 0; i < l->n; i++) {
		l->d[i].length =
			(size_t)snprintf(l->text[i], TEXT_ROOM, "%d", from + i);
		l->d[i].peer.length = 0;
		if (peer)
			l->d[i].peer = *peer;
	}
}

/* The first N of L are what udp_number has written. */
static inline void
udp_expect(const struct udp_list *l, int n, int from, const char *name)
{
	char text[TEXT_ROOM];
	size_t length;

	for (int i = 0; i < n; i++) {
		length = (size_t)snprintf(text, sizeof(text), "%d", from + i);
		cr_expect_eq(l->d[i].length, length, "%s: %d", name, i);
		cr_expect_eq(l->d[i].flags, 0, "%s: %d", name, i);
		cr_expect_eq(memcmp(l->text[i], text, length), 0, "%s: %d",
			     name, i);
	}
}

/* Sends N numbered datagrams from socket 1 to socket 0, in calls that nobody
   counts. */
static inline void
udp_queue(const struct udp_pair *p, int from, int n)
{
	char text[TEXT_ROOM];

	for (int i = 0; i < n; i++) {
		size_t length =
			(size_t)snprintf(text, sizeof(text), "%d", from + i);

		sendto(p->fd[1], text, length, 0,
		       (const void *)&p->at[0].storage, p->at[0].length);
	}
}

/* A task that receives or sends a list. */
struct mover {
	int fd;
	struct udp_list l;
	int64_t deadline;
	int result;
	int over;
};

static inline int
receive_list(void *arg)
{
	struct mover *m = arg;

	m->result = plx_recv_datagrams(m->fd, m->l.d, m->l.n, m->deadline);
	m->over = 1;
	return 0;
}

static inline int
send_list(void *arg)
{
	struct mover *m = arg;

	m->result = plx_send_datagrams(m->fd, m->l.d, m->l.n, m->deadline);
	m->over = 1;
	return 0;
}

static inline struct mover
mover(int fd, int n)
{
	return (struct mover){
		.fd = fd, .l = udp_list(n), .deadline = PLX_NEVER};
}

/* Starts FN, and sees that it waits. */
static inline plx_task *
start(plx_task_fn *fn, struct mover *m, const char *name)
{
	plx_task *t = NULL;

	m->over = 0;
	plx_spawn(NULL, fn, m, &t);
	let_run(5);
	cr_expect(!m->over, "%s: it waits", name);
	return t;
}

static inline int
no_plural(const struct plx_sys *sys, int fd, struct plx_mmsg *list, unsigned n,
	  int flags)
{
	(void)sys;
	(void)fd;
	(void)list;
	(void)n;
	(void)flags;
	return -ENOSYS;
}

/* The system has one call for one datagram. */
static inline void
udp_singly(void)
{
	support_sys.sys.recvmmsg = no_plural;
	support_sys.sys.sendmmsg = no_plural;
}

/* On every backend, and once without calls for many datagrams. */
#define ON_BOTH(SUITE, NAME, BODY)                                  \
	ON_BACKENDS(SUITE, NAME, BODY)                              \
	static int BODY##_singly(void *arg)                         \
	{                                                           \
		udp_singly();                                       \
		return BODY(arg);                                   \
	}                                                           \
	Test(SUITE, NAME##_singly)                                  \
	{                                                           \
		char name[] = "singly";                             \
                                                                    \
		cr_expect_eq(run_on(NULL, BODY##_singly, name), 0); \
	}

#endif
