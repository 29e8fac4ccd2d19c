/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect.c: connections by address, by name and by words.
 *
 * What has to be looked up and what not is told apart here; the race of
 * several addresses is next door (race.c).  A number goes past the resolver
 * and its threads, so that a program that names its peers by number starts
 * none; port numbers are read here in any case, since getaddrinfo(3) cuts a
 * large one down to sixteen bits.
 *
 * A socket that fails is closed by plx_close: tasks may have waited for it.  A
 * path that was made for it is taken away.
 */
#include <config.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pollux/blocking.h>
#include <pollux/io.h>
#include <pollux/task.h>
#include "connect_int.h"
#include "loop_seam.h"
#include "socket_int.h"
#include "sys.h"

/* The longest name of a host, its end included: DNS has 255. */
#define HOST_ROOM 256

static const struct plx_connect_options defaults;

int
plx__connect_wants(const struct plx_connect_options *o, int family)
{
	if (o->family != AF_UNSPEC && o->family != family)
		return 0;
	return !o->local || o->local->storage.ss_family == family;
}

static int
prepare(const struct plx_sys *sys, int fd, int family,
	const struct plx_connect_options *o)
{
	const struct plx_address *local = o->local;
	const int on = 1;
	int r = 0;

	if (o->no_delay && family != AF_UNIX)
		r = sys->setsockopt(sys, fd, IPPROTO_TCP, TCP_NODELAY, &on,
				    sizeof(on));
	if (r == 0 && local)
		r = sys->bind(sys, fd, (const void *)&local->storage,
			      local->length);
	return r;
}

int
plx__connect_one(const struct sockaddr *sa, socklen_t len,
		 const struct plx_connect_options *o, int64_t deadline)
{
	const struct plx_sys *sys = plx__loop_sys(plx_self_loop());
	int fd, r;

	fd = sys->socket(sys, sa->sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return fd;
	r = prepare(sys, fd, sa->sa_family, o);
	if (r < 0)
		goto fail;
	r = plx_connect(fd, sa, len, deadline);
	if (r == 0)
		return fd;
	if (o->local)
		plx__socket_unbind(sys, o->local);
fail:
	plx_close(fd);
	return r;
}

static int
hand_over(int fd, int *out)
{
	if (fd < 0)
		return fd;
	*out = fd;
	return 0;
}

int
plx_connect_address(const struct plx_address *address,
		    const struct plx_connect_options *options, int *out,
		    int64_t deadline)
{
	const struct plx_connect_options *o = options ? options : &defaults;
	const struct sockaddr *sa = (const void *)&address->storage;

	if (!plx_self())
		return -EPERM;
	if (!plx__connect_wants(o, sa->sa_family))
		return -EADDRNOTAVAIL;
	return hand_over(plx__connect_one(sa, address->length, o, deadline),
			 out);
}

/* SERVICE is a port number: 1; a name: 0; no port has that number: -ERANGE.
   -EINVAL: a number only to getaddrinfo(3), which uses strtoul(3): "+80". */
static int
is_port(const char *service)
{
	unsigned long port = 0;
	const char *p;

	if (!*service || strchr("+- \t\n\v\f\r", *service))
		return -EINVAL;
	for (p = service; *p >= '0' && *p <= '9'; p++) {
		if (port <= 65535)
			port = port * 10 + (unsigned long)(*p - '0');
	}
	if (*p)
		return 0;
	return port > 65535 ? -ERANGE : 1;
}

/* HOST and the port SERVICE as an address, if HOST is a number: 1, else 0. */
static int
as_number(const char *host, const char *service, struct plx_address *out)
{
	const int colon = strchr(host, ':') != NULL;
	char text[PLX_ADDRESS_TEXT];
	int n;

	if (!*host || strcmp(host, "*") == 0 || strcmp(host, "unix") == 0)
		return 0;
	n = snprintf(text, sizeof(text), "%s%s%s:%s", colon ? "[" : "", host,
		     colon ? "]" : "", service);
	return n < (int)sizeof(text) && plx_address_parse(text, out) == 0;
}

static int
connect_name(const char *host, const char *service,
	     const struct plx_connect_options *o, int *out, int64_t deadline)
{
	const struct addrinfo hints = {
		.ai_family = o->family,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	int r = plx_getaddrinfo(host, service, &hints, &list, deadline);

	if (r < 0)
		return r;
	r = plx__connect_race(list, o, deadline);
	freeaddrinfo(list);
	return hand_over(r, out);
}

int
plx_connect_host(const char *host, const char *service,
		 const struct plx_connect_options *options, int *out,
		 int64_t deadline)
{
	const struct plx_connect_options *o = options ? options : &defaults;
	struct plx_address number;
	int r;

	if (!plx_self())
		return -EPERM;
	if (!host || !service || o->attempt_delay < 0)
		return -EINVAL;
	r = is_port(service);
	if (r < 0)
		return r;
	if (r && as_number(host, service, &number))
		return plx_connect_address(&number, o, out, deadline);
	return connect_name(host, service, o, out, deadline);
}

/* Splits "HOST:SERVICE", or "[HOST]:SERVICE", of which HOST is copied. */
static int
split(const char *text, char host[HOST_ROOM], const char **service)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (n == 0 || !colon[1])
		return -EINVAL;
	*service = colon + 1;
	if (*text == '[' && colon[-1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n)) {
		return -EINVAL;
	}
	if (n == 0 || n >= HOST_ROOM)
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	return 0;
}

int
plx_connect_text(const char *text, const struct plx_connect_options *options,
		 int *out, int64_t deadline)
{
	struct plx_address address;
	char host[HOST_ROOM];
	const char *service;
	int r = plx_address_parse(text, &address);

	if (r == 0)
		return plx_connect_address(&address, options, out, deadline);
	if (r != -EINVAL || !text || strncmp(text, "unix:", 5) == 0)
		return r;
	r = split(text, host, &service);
	if (r < 0)
		return r;
	return plx_connect_host(host, service, options, out, deadline);
}
