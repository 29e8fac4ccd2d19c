/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cancel_services.c: cancels at every wait the examples that are made of
 * streams and servers.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif
#include <pollux/net.h>
#include "cancel_everywhere.h"
#include "cancel_peer.h"

int asyncio_style_main(int argc, char **argv);
int cat_any_main(int argc, char **argv);
int chatd_main(int argc, char **argv);
int forward_main(int argc, char **argv);
int rpcd_main(int argc, char **argv);

static void
check_blocks(const char *where)
{
	cr_expect_eq(peer_blocks(), 0, "%s: %ld blocks", where, peer_blocks());
}

#define CANCEL_EXAMPLE(NAME, ...)                                         \
	CANCEL_EVERYWHERE(NAME, .stop = peer_stop, .check = check_blocks, \
			  .serves = 1, __VA_ARGS__)

static int
asyncio_style(void)
{
	return asyncio_style_main(1, NULL);
}
CANCEL_EXAMPLE(asyncio_style, .program = asyncio_style)

/* Signals that come when nobody catches them are ignored. */
static int
serve(int (*program)(int, char **), const char *target)
{
	char name[] = "example", listen[] = "127.0.0.1:0", to[128];
	char *argv[] = {name, listen, to, NULL};

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	snprintf(to, sizeof(to), "%s", target ? target : "");
	return program(target ? 3 : 2, argv);
}

static int
chatd(void)
{
	return serve(chatd_main, NULL);
}
CANCEL_EXAMPLE(chatd, .program = chatd, .peer = peer_step_then_stop)

/* What forward forwards to: takes one connection at a time, and gives back what
   it sends; nothing to the others. */
static struct {
	int listener, fd;
	char held[3000];
	size_t n;
} target;

static void
target_open(char text[128])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/pollux-target-%ld",
		 (long)getpid());
	unlink(sa.sun_path);
	target.fd = -1;
	target.n = 0;
	target.listener = support_socket(AF_UNIX, SOCK_STREAM);
	cr_assert_eq(bind(target.listener, (void *)&sa, sizeof(sa)), 0);
	cr_assert_eq(listen(target.listener, 9), 0);
	snprintf(text, 128, "unix:%s", sa.sun_path);
}

static int
target_step(void)
{
	ssize_t n;

	if (target.fd < 0) {
		target.fd = accept(target.listener, NULL, NULL);
		if (target.fd >= 0)
			support_quiet(target.fd);
		return target.fd >= 0;
	}
	if (target.n > 0) {
		n = send(target.fd, target.held, target.n, MSG_NOSIGNAL);
		if (n > 0)
			memmove(target.held, target.held + n,
				target.n -= (size_t)n);
	} else {
		n = recv(target.fd, target.held, sizeof(target.held), 0);
		target.n = n > 0 ? (size_t)n : 0;
	}
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return n > 0;
	close(target.fd);
	target.fd = -1;
	target.n = 0;
	return 1;
}

static int
step_with_target(void)
{
	int moved = target_step();

	return peer_step_then_stop() || moved;
}

static int
forward(void)
{
	char text[128];
	int r;

	target_open(text);
	r = serve(forward_main, text);
	if (target.fd >= 0)
		close(target.fd);
	close(target.listener);
	unlink(text + 5);
	return r;
}
CANCEL_EXAMPLE(forward, .program = forward, .peer = step_with_target)

#ifdef HAVE_JANSSON
void *cancel_malloc(size_t size);
void cancel_free(void *p);

/* Calls of 400 bytes each. */
static int
rpcd(void)
{
	char call[401];
	int r;

	snprintf(call + 4, sizeof(call) - 4,
		 "{\"in\":\"ping\",\"params\":\"%0*d\"}", 396 - 25, 7);
	memcpy(call, "\0\0\1\x8c", 4);
	peer_text(call, 400);
	json_set_alloc_funcs(cancel_malloc, cancel_free);
	r = serve(rpcd_main, NULL);
	peer_text(NULL, 0);
	return r;
}
CANCEL_EXAMPLE(rpcd, .program = rpcd, .peer = peer_step_then_stop)
#endif

/* The reading end of cat_any's standard output, or -1. */
static int result = -1;

/* Takes a little of what cat_any has written: was there any? */
static int
take(void)
{
	char some[3000];

	return result >= 0 && read(result, some, sizeof(some)) > 0;
}

/* Runs cat_any with a full pipe in and a narrow one out. */
static int
cat_any(void)
{
	char name[] = "cat_any", dash[] = "-", none[] = "/dev/null",
	     missing[] = "/dev/null/missing", file[] = "/proc/self/maps";
	char *argv[] = {name, dash, none, missing, file, NULL};
	static char text[60000];
	int in[2], out[2], old[2] = {dup(0), dup(1)}, r;

	cr_assert_eq(pipe(in), 0);
	cr_assert_eq(pipe(out), 0);
	fcntl(out[1], F_SETFD, FD_CLOEXEC);
	support_quiet(out[0]);
	cr_assert_eq(write(in[1], text, sizeof(text)), (ssize_t)sizeof(text));
	close(in[1]);
	dup2(in[0], 0);
	dup2(out[1], 1);
	close(in[0]);
	close(out[1]);
	result = out[0];
	r = cat_any_main(5, argv);
	for (int i = 0; i < 2; i++) {
		dup2(old[i], i);
		close(old[i]);
	}
	close(result);
	result = -1;
	return r;
}
CANCEL_EXAMPLE(cat_any, .program = cat_any, .peer = take)
