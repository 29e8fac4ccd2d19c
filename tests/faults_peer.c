/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_peer.c: see the header.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "faults.h"
#include "faults_peer.h"

enum {
	TALKERS = 2,
	CLIENTS = 3,
	SIZE = 2000,
	PIECE = 600
};

static struct client {
	int fd, came_there, gone;
	size_t sent, came;
	int shut, ended; /* it has said all; the server has ended, in order */
} clients[CLIENTS];

static struct {
	struct sockaddr_storage at;
	socklen_t len;
	void (*finish)(void);
	int finished;
} place;

void
faults_peer_begin(void (*finish)(void))
{
	memset(clients, 0, sizeof(clients));
	memset(&place, 0, sizeof(place));
	place.finish = finish;
}

void
faults_peer_address(const void *sa, socklen_t len)
{
	memcpy(&place.at, sa, len);
	place.len = len;
}

static char
byte_at(const struct client *c, size_t i)
{
	return i % 40 == 39 ? '\n'
			    : (char)('a' + (i * 5 + (c == clients)) % 26);
}

static void
leave(struct client *c)
{
	close(c->fd);
	c->gone = 1;
}

/* Is C there?  Who is refused has gone. */
static int
come(struct client *c)
{
	if (c->came_there)
		return !c->gone;
	c->came_there = 1;
	c->fd = support_blocking_socket(place.at.ss_family);
	if (connect(c->fd, (struct sockaddr *)&place.at, place.len) < 0)
		leave(c);
	return !c->gone;
}

static int
say(struct client *c)
{
	size_t n = SIZE - c->sent < PIECE ? SIZE - c->sent : PIECE;
	char piece[PIECE];
	ssize_t r;

	if (c->shut)
		return 0;
	for (size_t i = 0; i < n; i++)
		piece[i] = byte_at(c, c->sent + i);
	r = send(c->fd, piece, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	c->sent += r > 0 ? (size_t)r : 0;
	c->shut = c->sent == SIZE;
	if (c->shut)
		shutdown(c->fd, SHUT_WR);
	return r > 0;
}

/* Half of what it has sent, then the rest when it has said all. */
static int
hear(struct client *c)
{
	char piece[PIECE / 2];
	ssize_t r = recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);

	if (r < 0 && errno == EAGAIN)
		return 0;
	for (ssize_t i = 0; i < r; i++) {
		if (c->came >= c->sent || piece[i] != byte_at(c, c->came))
			faults_finding("another byte comes back at %zu",
				       c->came);
		c->came++;
	}
	c->ended = r == 0;
	if (r <= 0)
		leave(c);
	return 1;
}

int
faults_peer_step(void)
{
	int moved = 0, gone = 0;

	if (!place.len || place.finished)
		return 0;
	for (int i = 0; i < TALKERS; i++) {
		if (come(&clients[i]))
			moved |= say(&clients[i]) | hear(&clients[i]);
	}
	if (come(&clients[TALKERS])) {
		(void)send(clients[TALKERS].fd, "x\n", 2, MSG_NOSIGNAL);
		leave(&clients[TALKERS]);
		moved = 1;
	}
	for (int i = 0; i < CLIENTS; i++)
		gone += clients[i].gone;
	if (gone < CLIENTS)
		return moved;
	faults_peer_stop();
	return 1;
}

int
faults_peer_served(void)
{
	int served = 0;

	for (int i = 0; i < CLIENTS; i++)
		served += clients[i].ended;
	return served;
}

void
faults_peer_stop(void)
{
	if (!place.finished)
		place.finish();
	place.finished = 1;
}

/* A fault of one connection is none of the others', and one that the library
   can make up for is none at all. */
int
faults_peer_end(int r)
{
	const struct fault_answer *a = faults_answer();
	int cut = 0, allowed = a && !a->passes ? faults_given() : 0;

	for (int i = 0; i < CLIENTS; i++) {
		if (clients[i].came_there && !clients[i].gone)
			leave(&clients[i]);
		if (i < TALKERS)
			cut += clients[i].came != SIZE || !clients[i].ended;
	}
	if (r == 0 && cut > allowed)
		faults_finding("%d clients did not get all", cut);
	return cut;
}
