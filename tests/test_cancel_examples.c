/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cancel_examples.c: cancels the examples at every wait.
 */
#include <config.h>
#include <signal.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <pollux/net.h>
#include "cancel_everywhere.h"
#include "cancel_peer.h"

int actors_main(int argc, char **argv);
int context_main(void);
int echo_main(void);
int line_echo_main(int argc, char **argv);
int nursery_main(int argc, char **argv);
int pipeline_main(int argc, char **argv);
int timeouts_main(void);

static void
check_blocks(const char *where)
{
	cr_expect_eq(peer_blocks(), 0, "%s: %ld blocks", where, peer_blocks());
}

#define CANCEL_EXAMPLE(NAME, ...)                                         \
	CANCEL_EVERYWHERE(NAME, .stop = peer_stop, .check = check_blocks, \
			  __VA_ARGS__)

CANCEL_EXAMPLE(context, .program = context_main)
CANCEL_EXAMPLE(timeouts, .program = timeouts_main)
CANCEL_EXAMPLE(echo, .program = echo_main, .serves = 1, .peer = peer_step)

static int
line_echo(void)
{
	char name[] = "line_echo", address[] = "127.0.0.1:0";
	char *argv[] = {name, address, NULL};

	return line_echo_main(2, argv);
}
CANCEL_EXAMPLE(line_echo, .program = line_echo, .serves = 1, .peer = peer_step)

static int
actors(void)
{
	char name[] = "actors", count[] = "3";
	char *argv[] = {name, count, NULL};

	return actors_main(2, argv);
}
/* A printer whose counter was cancelled is not told and waits on. */
CANCEL_EXAMPLE(actors, .program = actors, .serves = 1)

static int
pipeline(void)
{
	char name[] = "pipeline", count[] = "5";
	char *argv[] = {name, count, NULL};

	return pipeline_main(2, argv);
}
CANCEL_EXAMPLE(pipeline, .program = pipeline)

/* A listener whose queue is full: to connect there takes for ever. */
static void
listen_deaf(int fd[3], char *text, size_t size)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	struct plx_address at;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd[0] = support_blocking_socket(AF_INET);
	cr_assert_eq(bind(fd[0], (void *)&sa, len), 0);
	cr_assert_eq(listen(fd[0], 0), 0);
	cr_assert_eq(getsockname(fd[0], (void *)&sa, &len), 0);
	for (int i = 1; i < 3; i++) {
		fd[i] = support_socket(AF_INET, SOCK_STREAM);
		(void)connect(fd[i], (void *)&sa, len);
	}
	at.length = len;
	memcpy(&at.storage, &sa, len);
	plx_address_format(&at, text, size);
}

static void
listen_well(int *fd, char *text, size_t size)
{
	struct plx_address at;

	cr_assert_eq(plx_address_parse("127.0.0.1:0", &at), 0);
	cr_assert_eq(plx_listen(&at, NULL, fd), 0);
	plx_local_address(*fd, &at);
	plx_address_format(&at, text, size);
}

/* Two answer, one does not, one refuses. */
static int
nursery(void)
{
	char name[] = "nursery", text[3][64], bad[] = "127.0.0.1:1";
	char *argv[] = {name, text[0], bad, text[1], text[2], NULL};
	int fd[5], r;

	listen_deaf(fd, text[0], sizeof(text[0]));
	listen_well(&fd[3], text[1], sizeof(text[1]));
	listen_well(&fd[4], text[2], sizeof(text[2]));
	r = nursery_main(5, argv);
	for (int i = 0; i < 5; i++)
		close(fd[i]);
	return r;
}
CANCEL_EXAMPLE(nursery, .program = nursery, .patience = 200)

/* Nobody answers: only time ends it. */
static int
lonely_nursery(void)
{
	char name[] = "nursery", text[64];
	char *argv[] = {name, text, text, NULL};
	int fd[3], r;

	listen_deaf(fd, text, sizeof(text));
	r = nursery_main(3, argv);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	return r;
}
CANCEL_EXAMPLE(nursery_without_answers, .program = lonely_nursery, .fails = 1)
