/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_server.c: an echo server, with all faults.
 *
 * Its clients are outside; a task waits for them to end and stops it.  Nothing
 * that accept says may keep a client away for good.
 */
#include <config.h>
#include <pollux/scope.h>
#include <pollux/server.h>
#include "faults_peer.h"
#include "faults_task.h"

static struct {
	int over[2]; /* a pipe: the clients have ended */
	int opened, closed;
	int hibernates;
	int begun;
} service;

static void
take_note(struct plx_server_note *n, void *arg)
{
	(void)arg;
	service.opened += n->event == PLX_SERVER_OPENED;
	service.closed += n->event == PLX_SERVER_CLOSED;
}

static void
tell_over(void)
{
	if (write(service.over[1], "x", 1) != 1)
		faults_finding("nobody can be told");
}

static int
echo(struct plx_stream *s, void *arg)
{
	char buf[200];
	ssize_t n;

	(void)arg;
	do {
		n = plx_stream_read(s, buf, sizeof(buf), PLX_NEVER);
		if (n > 0)
			n = plx_stream_write(s, buf, (size_t)n, PLX_NEVER);
	} while (n > 0 && !service.hibernates);
	return n > 0 ? PLX_HIBERNATE : (int)n;
}

static int
stop_when_over(void *arg)
{
	char byte;
	ssize_t n = plx_read(service.over[0], &byte, 1, PLX_NEVER);

	plx_server_stop(arg, PLX_SECOND);
	return n < 0 ? (int)n : 0;
}

static int
run_server(plx_server *s)
{
	struct plx_address at;
	plx_nursery *n;
	int r = plx_server_address(s, 0, &at);

	if (r == 0)
		r = plx_nursery_open(NULL, &n);
	if (r < 0)
		return r;
	faults_peer_address(&at.storage, at.length);
	r = plx_spawn(n, stop_when_over, s, NULL);
	if (r == 0)
		r = plx_server_run(s);
	return plx_nursery_close(&n, r);
}

static int
serve(void *arg)
{
	struct plx_address at;
	const struct plx_server_options o = {
		.handler = echo,
		.addresses = &at,
		.naddresses = 1,
		.max_connections = 2,
		.note = take_note,
		.sys = &support_sys.sys,
	};
	plx_server *s;
	int r, closed;

	(void)arg;
	service.begun = 1;
	plx_address_parse("127.0.0.1:0", &at);
	r = plx_server_open(&o, &s);
	if (r == 0) {
		r = run_server(s);
		plx_server_close(&s);
	}
	closed = plx_close(service.over[0]);
	return r ? r : closed;
}

static int
play(const char *backend, int hibernates)
{
	const struct fault_answer *a = faults_answer();
	int r, cut;

	memset(&service, 0, sizeof(service));
	service.hibernates = hibernates;
	support_pipe(service.over);
	faults_peer_begin(tell_over);
	r = faults_run(backend, serve);
	if (!service.begun)
		close(service.over[0]);
	close(service.over[1]);
	cut = faults_peer_end(r);
	if (service.opened != service.closed)
		faults_finding("%d opened, %d closed", service.opened,
			       service.closed);
	if (a && a->call == FAULT_accept && (r < 0 || cut > 0))
		faults_finding("accept: %d, %d clients cut", r, cut);
	return r;
}

static int
play_server(const char *backend)
{
	return play(backend, 0);
}
FAULTS(server, .play = play_server, .peer = faults_peer_step,
       .stop = faults_peer_stop)

static int
play_hibernation(const char *backend)
{
	return play(backend, 1);
}
FAULTS(hibernation, .play = play_hibernation, .peer = faults_peer_step,
       .stop = faults_peer_stop)
