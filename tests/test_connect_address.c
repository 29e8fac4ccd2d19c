/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_connect_address.c: clients that connect by number, by path and by
 * words, on every backend.  No name server is asked, but where it is said.
 */
#include <config.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include "connect_stage.h"

/* A listener at TEXT, and where it is. */
static int
listen_at(const char *text, struct plx_address *at)
{
	struct plx_address a;
	int fd = -1;

	cr_expect_eq(plx_address_parse(text, &a), 0, "%s", text);
	if (plx_listen(&a, NULL, &fd) == 0)
		plx_local_address(fd, at);
	return fd;
}

/* "unix:" and a path that no other process of the test uses. */
static const char *
own_path(char text[PLX_ADDRESS_TEXT])
{
	snprintf(text, PLX_ADDRESS_TEXT, "unix:test_connect_address.%ld",
		 (long)getpid());
	unlink(text + 5);
	return text;
}

/* R is success and FD connected to LISTENER. */
static void
expect_connection(int r, int fd, int listener, const char *backend)
{
	int peer = r < 0 ? r : plx_accept(listener, NULL, NULL, PLX_NEVER);
	char c = 0;

	cr_expect_eq(r, 0, "%s: %d", backend, r);
	cr_expect_geq(peer, 0, "%s: %d", backend, peer);
	if (peer < 0)
		return;
	cr_expect_eq(plx_send(fd, "x", 1, PLX_NEVER), 1, "%s", backend);
	cr_expect_eq(plx_recv(peer, &c, 1, PLX_NEVER), 1, "%s", backend);
	plx_close(peer);
	plx_close(fd);
}

static int
connect_addresses(void *arg)
{
	char path[PLX_ADDRESS_TEXT];
	const char *const kinds[] = {"127.0.0.1:0", "[::1]:0", own_path(path)};
	struct plx_address at;
	int listener, fd = -1, r;

	for (int i = 0; i < 3; i++) {
		listener = listen_at(kinds[i], &at);
		if (listener < 0 && i == 1)
			continue;
		r = plx_connect_address(&at, NULL, &fd, PLX_NEVER);
		expect_connection(r, fd, listener, arg);
		plx_close(listener);
		fd = 4711;
		r = plx_connect_address(&at, NULL, &fd, PLX_NEVER);
		cr_expect_eq(r, -ECONNREFUSED, "%s: %d", (char *)arg, r);
		cr_expect_eq(fd, 4711, "%s: it stays", (char *)arg);
	}
	unlink(path + 5);
	return 0;
}
ON_BACKENDS(connect_address, every_family_connects_and_is_refused,
	    connect_addresses)

/* The path that it came from is there while it is connected, and after that
   the caller's to take away. */
static int
connect_from_a_path(void *arg)
{
	char own[PLX_ADDRESS_TEXT], path[PLX_ADDRESS_TEXT + 8];
	struct plx_address local, at;
	const struct plx_connect_options o = {.local = &local};
	int listener, fd = -1, r;

	plx_address_parse(own_path(own), &local);
	snprintf(path, sizeof(path), "%s.peer", own);
	listener = listen_at(path, &at);
	r = plx_connect_address(&at, &o, &fd, PLX_NEVER);
	expect_connection(r, fd, listener, arg);
	plx_close(listener);
	cr_expect_eq(unlink(own + 5), 0, "%s: it was there", (char *)arg);
	r = plx_connect_address(&at, &o, &fd, PLX_NEVER);
	cr_expect_eq(r, -ECONNREFUSED, "%s: %d", (char *)arg, r);
	cr_expect_eq(unlink(own + 5), -1, "%s: it is left", (char *)arg);
	unlink(path + 5);
	return 0;
}
ON_BACKENDS(connect_address, without_a_connection_no_path_is_left,
	    connect_from_a_path)

static int
connect_words(void *arg)
{
	char path[PLX_ADDRESS_TEXT], text[PLX_ADDRESS_TEXT], port[8];
	struct plx_address at;
	int listener = listen_at("127.0.0.1:0", &at), fd = -1, r;

	plx_address_format(&at, text, sizeof(text));
	r = plx_connect_text(text, NULL, &fd, PLX_NEVER);
	expect_connection(r, fd, listener, arg);
	snprintf(port, sizeof(port), "%s", strrchr(text, ':') + 1);
	r = plx_connect_host("127.0.0.1", port, NULL, &fd, PLX_NEVER);
	expect_connection(r, fd, listener, arg);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_THREAD), 0,
		     "%s: no thread is needed", (char *)arg);
	plx_close(listener);
	listener = listen_at(own_path(path), &at);
	r = plx_connect_text(path, NULL, &fd, PLX_NEVER);
	expect_connection(r, fd, listener, arg);
	plx_close(listener);
	unlink(path + 5);
	return 0;
}
ON_BACKENDS(connect_address, words_connect_without_a_thread, connect_words)

static int
refuse_words(void *arg)
{
	static const char *const bad[] = {
		"",	 "name",     "name:", ":http",	  "a:b:80",
		"unix:", "[::1]:+1", "[]:80", "[name:80", NULL};
	static const char *const ports[] = {"",	   "+80",	  "+70000",
					    " 80", "-4294967215", NULL};
	char much[300];
	int fd = 4711;

	(void)arg;
	for (int i = 0; bad[i]; i++)
		cr_expect_lt(plx_connect_text(bad[i], NULL, &fd, 0), 0, "%s",
			     bad[i]);
	cr_expect_eq(plx_connect_text(NULL, NULL, &fd, 0), -EINVAL);
	cr_expect_eq(plx_connect_text("a:b:80", NULL, &fd, 0), -EINVAL);
	memset(much, 'a', sizeof(much));
	memcpy(much + sizeof(much) - 4, ":80", 4);
	cr_expect_eq(plx_connect_text(much, NULL, &fd, 0), -EINVAL,
		     "no name is as long as that");
	cr_expect_eq(plx_connect_text("127.0.0.1:65536", NULL, &fd, 0),
		     -ERANGE);
	cr_expect_eq(plx_connect_text("name:65536", NULL, &fd, 0), -ERANGE);
	cr_expect_eq(plx_connect_host("::1", "4294967376", NULL, &fd, 0),
		     -ERANGE);
	for (int i = 0; ports[i]; i++)
		cr_expect_eq(
			plx_connect_host("127.0.0.1", ports[i], NULL, &fd, 0),
			-EINVAL, "'%s'", ports[i]);
	cr_expect_eq(plx_connect_text("name:+80", NULL, &fd, 0), -EINVAL);
	cr_expect_eq(plx_connect_host(NULL, "80", NULL, &fd, 0), -EINVAL);
	cr_expect_eq(plx_connect_host("name", NULL, NULL, &fd, 0), -EINVAL);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_SOCKET), 0);
	cr_expect_eq(fd, 4711);
	return 0;
}
IN_A_TASK(connect_address, words_that_make_no_sense_are_refused, refuse_words)

/* The name server is asked for what the words say. */
static int
resolve_words(const struct plx_sys *sys, const char *node, const char *service,
	      const struct addrinfo *hints, struct addrinfo **out)
{
	static const char *const nodes[] = {"name", "::1%lo", "127.0.0.1"};

	(void)sys;
	(void)hints;
	(void)out;
	return strcmp(service, "http") == 0 &&
			       strcmp(node, nodes[stage.n++]) == 0
		       ? -ENODATA
		       : -EIO;
}

static int
ask_for_words(void *arg)
{
	int fd;

	(void)arg;
	stage.n = 0;
	support_sys.sys.getaddrinfo = resolve_words;
	cr_expect_eq(plx_connect_text("name:http", NULL, &fd, PLX_NEVER),
		     -ENODATA);
	cr_expect_eq(plx_connect_text("[::1%lo]:http", NULL, &fd, PLX_NEVER),
		     -ENODATA);
	cr_expect_eq(
		plx_connect_host("127.0.0.1", "http", NULL, &fd, PLX_NEVER),
		-ENODATA);
	return 0;
}
IN_A_TASK(connect_address, names_in_words_are_looked_up, ask_for_words)

static int
choose_options(void *arg)
{
	struct plx_address at, local, told;
	struct plx_connect_options o = {.no_delay = 1, .local = &local};
	int listener = listen_at("127.0.0.1:0", &at), fd, r, on = 0;
	socklen_t len = sizeof(on);
	char text[PLX_ADDRESS_TEXT];

	plx_address_parse("127.0.0.2:0", &local);
	r = plx_connect_address(&at, &o, &fd, PLX_NEVER);
	cr_expect_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	cr_expect_neq(on, 0, "%s", (char *)arg);
	plx_local_address(fd, &told);
	plx_address_format(&told, text, sizeof(text));
	cr_expect_eq(strncmp(text, "127.0.0.2:", 10), 0, "%s", text);
	expect_connection(r, fd, listener, arg);
	o.local = NULL;
	o.family = AF_UNIX;
	r = plx_connect_address(&at, &o, &fd, PLX_NEVER);
	cr_expect_eq(r, -EADDRNOTAVAIL, "%s: %d", (char *)arg, r);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(connect_address, options_reach_the_socket, choose_options)

static int
fail_to_prepare(void *arg)
{
	struct plx_address at, local;
	struct plx_connect_options o = {.no_delay = 1, .local = &local};
	int listener = listen_at("127.0.0.1:0", &at), fd = -1, r, k;

	plx_address_parse("127.0.0.2:0", &local);
	support_sys.fails = SUPPORT_SOCKET;
	support_sys.fail_with = ENOBUFS;
	for (k = 1; k < 20; k++) {
		support_sys.fail_at = k;
		r = plx_connect_address(&at, &o, &fd, PLX_NEVER);
		if (support_sys.fail_at > 0)
			break;
		cr_expect_eq(r, -ENOBUFS, "%s: %d", (char *)arg, r);
		cr_expect_eq(fd, -1, "%s", (char *)arg);
	}
	support_sys.fail_at = 0;
	cr_expect_geq(k, 5, "%s: socket, options, bind, connect", (char *)arg);
	plx_close(fd);
	plx_close(listener);
	return 0;
}
ON_BACKENDS(connect_address, what_fails_is_closed, fail_to_prepare)

Test(connect_address, outside_a_task_it_is_refused)
{
	struct plx_address at;
	int fd;

	plx_address_parse("127.0.0.1:1", &at);
	cr_expect_eq(plx_connect_address(&at, NULL, &fd, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_connect_host("name", "1", NULL, &fd, PLX_NEVER),
		     -EPERM);
	cr_expect_eq(plx_connect_text("127.0.0.1:1", NULL, &fd, PLX_NEVER),
		     -EPERM);
}

/* "unix" and a port are not "unix:" and a path. */
static int
resolve_unix(const struct plx_sys *sys, const char *node, const char *service,
	     const struct addrinfo *hints, struct addrinfo **out)
{
	(void)sys;
	(void)hints;
	(void)out;
	return strcmp(node, "unix") == 0 && strcmp(service, "7007") == 0
		       ? -ENODATA
		       : -EIO;
}

static int
connect_to_unix(void *arg)
{
	int fd;

	(void)arg;
	support_sys.sys.getaddrinfo = resolve_unix;
	cr_expect_eq(plx_connect_host("unix", "7007", NULL, &fd, PLX_NEVER),
		     -ENODATA);
	return 0;
}
IN_A_TASK(connect_address, a_host_named_unix_is_looked_up, connect_to_unix)

/* A path knows nothing of TCP's delay. */
static int
connect_hastily(void *arg)
{
	const struct plx_connect_options o = {.no_delay = 1};
	char path[PLX_ADDRESS_TEXT];
	struct plx_address at;
	int listener = listen_at(own_path(path), &at), fd = -1, r;

	r = plx_connect_address(&at, &o, &fd, PLX_NEVER);
	expect_connection(r, fd, listener, arg);
	plx_close(listener);
	unlink(path + 5);
	return 0;
}
ON_BACKENDS(connect_address, a_path_is_in_no_need_of_no_delay, connect_hastily)
