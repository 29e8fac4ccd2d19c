/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_net.c: who connects, who accepts and who sends datagrams, with all
 * faults.  Both sides are tasks of one run, and both may be told.
 */
#include <config.h>
#include <sys/socket.h>
#include <pollux/connect.h>
#include <pollux/net.h>
#include <pollux/scope.h>
#include <pollux/udp.h>
#include "faults_task.h"

static struct {
	struct plx_address at;
	int listener, echoed;
} meeting;

static int
answer_one(void *arg)
{
	char buf[16];
	int fd =
		plx_accept(meeting.listener, NULL, NULL, faults_in(PLX_SECOND));
	int closed;
	ssize_t n;

	(void)arg;
	if (fd < 0)
		return fd;
	while ((n = plx_recv(fd, buf, sizeof(buf), faults_in(PLX_SECOND))) > 0)
		n = plx_send(fd, buf, (size_t)n, faults_in(PLX_SECOND));
	closed = plx_close(fd);
	return n < 0 ? (int)n : closed;
}

/* Says one byte, so that none is left over. */
static int
ask_one(int fd)
{
	char back = 0;
	ssize_t n = plx_send(fd, "x", 1, faults_in(PLX_SECOND));

	if (n > 0)
		n = plx_recv(fd, &back, 1, faults_in(PLX_SECOND));
	if (n > 0 && back != 'x')
		faults_finding("'%c' comes back", back);
	meeting.echoed += n == 1;
	return n < 0 ? (int)n : n == 0 ? -EPIPE : 0;
}

static int
ask_and_close(int fd)
{
	int r = ask_one(fd), closed = plx_close(fd);

	return r ? r : closed;
}

static int
ask(void *arg)
{
	int fd, r;

	(void)arg;
	r = plx_connect_address(&meeting.at, NULL, &fd, faults_in(PLX_SECOND));
	return r < 0 ? r : ask_and_close(fd);
}

static int
ask_by_name(void *arg)
{
	char text[64];
	int fd, r;

	(void)arg;
	plx_address_format(&meeting.at, text, sizeof(text));
	r = plx_connect_text(text, NULL, &fd, faults_in(PLX_SECOND));
	return r < 0 ? r : ask_and_close(fd);
}

static int
meet(void *arg)
{
	plx_nursery *n;
	int r, closed;

	(void)arg;
	plx_address_parse("127.0.0.1:0", &meeting.at);
	r = plx_listen(&meeting.at, NULL, &meeting.listener);
	if (r < 0)
		return r;
	r = plx_local_address(meeting.listener, &meeting.at);
	if (r == 0)
		r = plx_nursery_open(NULL, &n);
	if (r == 0) {
		for (int i = 0; r == 0 && i < 2; i++)
			r = plx_spawn(n, answer_one, NULL, NULL);
		if (r == 0)
			r = plx_spawn(n, ask, NULL, NULL);
		if (r == 0)
			r = plx_spawn(n, ask_by_name, NULL, NULL);
		r = plx_nursery_close(&n, r);
	}
	closed = plx_close(meeting.listener);
	return r ? r : closed;
}

static int
play_connect(const char *backend)
{
	int r;

	memset(&meeting, 0, sizeof(meeting));
	r = faults_run(backend, meet);
	if (r == 0 && meeting.echoed != 2)
		faults_finding("%d echoed", meeting.echoed);
	return r;
}
FAULTS(connect, .play = play_connect)

enum {
	DATAGRAMS = 6
};

static struct {
	struct plx_address at[2];
	int fd[2], sent, came;
} post;

static int
send_letters(void *arg)
{
	struct plx_datagram list[DATAGRAMS];
	char text[DATAGRAMS][8];
	int done = 0, r = 1;

	(void)arg;
	memset(list, 0, sizeof(list));
	for (int i = 0; i < DATAGRAMS; i++) {
		memset(text[i], 'a' + i, sizeof(text[i]));
		list[i].data = text[i];
		list[i].length = sizeof(text[i]);
		list[i].peer = post.at[1];
	}
	while (r > 0 && done < DATAGRAMS - 1) {
		r = plx_send_datagrams(post.fd[0], list + done,
				       DATAGRAMS - 1 - done,
				       faults_in(PLX_SECOND));
		done += r > 0 ? r : 0;
	}
	if (r > 0)
		r = (int)plx_sendto(post.fd[0], text[done], sizeof(text[done]),
				    &post.at[1], faults_in(PLX_SECOND));
	post.sent = done + (r > 0 && done == DATAGRAMS - 1);
	return r < 0 ? r : 0;
}

static void
look_at(const char *text, size_t n)
{
	char wanted[8];

	memset(wanted, 'a' + post.came++, sizeof(wanted));
	if (n != sizeof(wanted) || memcmp(text, wanted, n))
		faults_finding("datagram %d is another", post.came - 1);
}

static int
take_letters(void *arg)
{
	struct plx_datagram list[4];
	char text[4][16];
	ssize_t n = 1;

	(void)arg;
	memset(list, 0, sizeof(list));
	for (int i = 0; i < 4; i++) {
		list[i].data = text[i];
		list[i].room = sizeof(text[i]);
	}
	n = plx_recvfrom(post.fd[1], text[0], sizeof(text[0]), NULL,
			 faults_in(PLX_SECOND));
	if (n > 0)
		look_at(text[0], (size_t)n);
	while (n > 0 && post.came < DATAGRAMS) {
		n = plx_recv_datagrams(post.fd[1], list, 4,
				       faults_in(PLX_SECOND));
		for (int i = 0; i < n; i++)
			look_at(text[i], list[i].length);
	}
	return n < 0 ? (int)n : 0;
}

static int
write_letters(void *arg)
{
	plx_nursery *n;
	int open = 0, r = 0, closed;

	(void)arg;
	for (int i = 0; r == 0 && i < 2; i++) {
		plx_address_parse("127.0.0.1:0", &post.at[i]);
		r = plx_udp_open(&post.at[i], NULL, &post.fd[i]);
		open += r == 0;
		if (r == 0)
			r = plx_local_address(post.fd[i], &post.at[i]);
	}
	if (r == 0)
		r = plx_nursery_open(NULL, &n);
	if (r == 0) {
		r = plx_spawn(n, take_letters, NULL, NULL);
		if (r == 0)
			r = plx_spawn(n, send_letters, NULL, NULL);
		r = plx_nursery_close(&n, r);
	}
	while (open-- > 0) {
		closed = plx_close(post.fd[open]);
		r = r ? r : closed;
	}
	return r;
}

static int
play_datagrams(const char *backend)
{
	int r;

	memset(&post, 0, sizeof(post));
	r = faults_run(backend, write_letters);
	if (r == 0 && (post.came != DATAGRAMS || post.sent != DATAGRAMS))
		faults_finding("%d sent, %d came", post.sent, post.came);
	return r;
}
FAULTS(datagrams, .play = play_datagrams)
