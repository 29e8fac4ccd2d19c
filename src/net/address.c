/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address.c: socket addresses read from words and written as words.
 *
 * Numbers only, so that nothing here waits for a name server; the one
 * question to the system is the number of an interface named behind a "%".
 * What plx_address_format writes, plx_address_parse reads back, with two
 * exceptions: an IPv4 address seen through an IPv6 socket is written as the
 * IPv4 address that it is, and a Unix socket without a name has nothing to
 * be read back.
 *
 * Traps: sun_path need not end in a NUL, its length counts; an abstract name
 * (Linux) begins with a NUL and may hold more of them; the any address of
 * IPv6 and "*" are the same thing.
 */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pollux/net.h>

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)
#define PATH_ROOM (sizeof(((struct sockaddr_un *)NULL)->sun_path))

/* The longest "ADDRESS%INTERFACE" that is looked at. */
#define HOST_MAX 64

#if defined(__linux__)
static const int has_abstract = 1;
#else
static const int has_abstract = 0;
#endif

static int
parse_port(const char *text, in_port_t *out)
{
	unsigned long port = 0;
	const char *p;

	if (!*text)
		return -EINVAL;
	for (p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		if (port <= 65535)
			port = port * 10 + (unsigned long)(*p - '0');
	}
	if (port > 65535)
		return -ERANGE;
	*out = htons((in_port_t)port);
	return 0;
}

/* The number of interface TEXT, a name or itself a number; 0 for none. */
static unsigned
parse_zone(const char *text)
{
	int saved = errno;
	unsigned zone = if_nametoindex(text), digits = 0;
	const char *p;

	errno = saved;
	if (zone)
		return zone;
	for (p = text; *p >= '0' && *p <= '9' && digits < 9; p++, digits++)
		zone = zone * 10 + (unsigned)(*p - '0');
	return *p ? 0 : zone;
}

static int
parse_v6(char *host, const char *port, struct plx_address *a)
{
	struct sockaddr_in6 *sa = (struct sockaddr_in6 *)&a->storage;
	char *zone = strchr(host, '%');

	if (zone) {
		*zone++ = '\0';
		sa->sin6_scope_id = parse_zone(zone);
		if (sa->sin6_scope_id == 0)
			return -EINVAL;
	}
	a->length = sizeof(*sa);
	sa->sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, host, &sa->sin6_addr) != 1)
		return -EINVAL;
	return parse_port(port, &sa->sin6_port);
}

static int
parse_v4(const char *host, const char *port, struct plx_address *a)
{
	struct sockaddr_in *sa = (struct sockaddr_in *)&a->storage;

	a->length = sizeof(*sa);
	sa->sin_family = AF_INET;
	if (inet_pton(AF_INET, host, &sa->sin_addr) != 1)
		return -EINVAL;
	return parse_port(port, &sa->sin_port);
}

/* Splits "[HOST]:PORT" or "HOST:PORT": the length of HOST, or -EINVAL. */
static int
split_host(const char *text, const char **host, const char **port)
{
	const char *end;

	if (*text == '[') {
		*host = text + 1;
		end = strchr(text, ']');
		if (!end || end[1] != ':')
			return -EINVAL;
		*port = end + 2;
	} else {
		*host = text;
		end = strchr(text, ':');
		if (!end)
			return -EINVAL;
		*port = end + 1;
	}
	if (end - *host > HOST_MAX)
		return -EINVAL;
	return (int)(end - *host);
}

static int
parse_inet(const char *text, struct plx_address *out)
{
	struct plx_address a = {.length = 0};
	const char *from, *port;
	char host[HOST_MAX + 1], any[] = "::";
	int n = split_host(text, &from, &port), err;

	if (n < 0)
		return n;
	memcpy(host, from, (size_t)n);
	host[n] = '\0';
	if (*text == '[')
		err = parse_v6(host, port, &a);
	else if (n == 0 || strcmp(host, "*") == 0)
		err = parse_v6(any, port, &a);
	else
		err = parse_v4(host, port, &a);
	if (!err)
		*out = a;
	return err;
}

static int
parse_unix(const char *path, struct plx_address *out)
{
	struct plx_address a = {.length = 0};
	struct sockaddr_un *sa = (struct sockaddr_un *)&a.storage;
	size_t n = strlen(path);
	int abstract = *path == '@';

	if (n == 0 || (abstract && (n == 1 || !has_abstract)))
		return -EINVAL;
	if (n >= PATH_ROOM)
		return -ERANGE;
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path, path, n);
	if (abstract)
		sa->sun_path[0] = '\0';
	a.length = (socklen_t)(PATH_OFFSET + n + !abstract);
	*out = a;
	return 0;
}

int
plx_address_parse(const char *text, struct plx_address *out)
{
	if (!text)
		return -EINVAL;
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, out);
	return parse_inet(text, out);
}

static int
format_unix(const struct plx_address *address, char *text, size_t cap)
{
	const struct sockaddr_un *sa = (const void *)&address->storage;
	size_t n = 0;

	if (address->length > PATH_OFFSET)
		n = address->length - PATH_OFFSET;
	if (n > PATH_ROOM)
		n = PATH_ROOM;
	if (n > 0 && sa->sun_path[0] == '\0' && has_abstract)
		return snprintf(text, cap, "unix:@%.*s", (int)n - 1,
				sa->sun_path + 1);
	return snprintf(text, cap, "unix:%.*s", (int)n, sa->sun_path);
}

static int
format_v4(const void *addr, in_port_t port, char *text, size_t cap)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, addr, host, sizeof(host));
	return snprintf(text, cap, "%s:%u", host, (unsigned)ntohs(port));
}

static int
format_v6(const struct sockaddr_in6 *sa, char *text, size_t cap)
{
	char host[INET6_ADDRSTRLEN], name[IF_NAMESIZE];
	unsigned port = ntohs(sa->sin6_port), zone = sa->sin6_scope_id;
	int saved = errno;

	if (IN6_IS_ADDR_V4MAPPED(&sa->sin6_addr))
		return format_v4(&sa->sin6_addr.s6_addr[12], sa->sin6_port,
				 text, cap);
	if (IN6_IS_ADDR_UNSPECIFIED(&sa->sin6_addr))
		return snprintf(text, cap, "*:%u", port);
	inet_ntop(AF_INET6, &sa->sin6_addr, host, sizeof(host));
	if (zone == 0)
		return snprintf(text, cap, "[%s]:%u", host, port);
	if (!if_indextoname(zone, name))
		snprintf(name, sizeof(name), "%u", zone);
	errno = saved;
	return snprintf(text, cap, "[%s%%%s]:%u", host, name, port);
}

int
plx_address_format(const struct plx_address *address, char *text, size_t cap)
{
	const struct sockaddr_in *v4 = (const void *)&address->storage;

	if (cap > 0)
		*text = '\0';
	switch (address->storage.ss_family) {
	case AF_INET:
		return format_v4(&v4->sin_addr, v4->sin_port, text, cap);
	case AF_INET6:
		return format_v6((const void *)v4, text, cap);
	case AF_UNIX:
		return format_unix(address, text, cap);
	default:
		return -EAFNOSUPPORT;
	}
}
