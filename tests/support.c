/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support.c: marks, descriptors and pairs of sockets for the tests.
 *
 * Everything here asserts on failure instead of returning an error: a test
 * that cannot have its socket pair has nothing to say about the library.
 * Descriptors are counted by listing them, since a number that was taken and
 * given back in between must not be missed.
 */
#include <config.h>

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <pollux/selector.h>
#include "backend.h"

struct support_sys support_sys;

#ifdef PLX_COVERAGE
extern void __gcov_dump(void);

void
support_exit(int status)
{
	__gcov_dump();
	(_exit)(status);
}
#endif

size_t
support_backends(struct backend_param *list, size_t cap)
{
	size_t n = 0;

	while (n < cap && plx__backends[n].name) {
		memset(&list[n], 0, sizeof(list[n]));
		strncpy(list[n].name, plx__backends[n].name,
			sizeof(list[n].name) - 1);
		n++;
	}
	return n;
}

static void
skip_unless_usable(const char *backend)
{
	struct plx_backend_info info[8];
	int n = plx_backend_list(info, 8);

	cr_assert_leq(n, 8);
	for (int i = 0; i < n; i++) {
		if (strcmp(info[i].name, backend) == 0) {
			if (!info[i].usable) {
				cr_skip_test("%s: %s", backend, info[i].why);
			}
			return;
		}
	}
	cr_assert_fail("%s: not in plx_backend_list", backend);
}

struct support_mark
support_begin(const char *backend)
{
	struct support_mark mark;

	if (backend) {
		skip_unless_usable(backend);
	}
	support_sys_init(&support_sys);
	mark.fds = support_count_fds();
	mark.blocks = support_sys.blocks;
	return mark;
}

void
support_end(struct support_mark mark, const char *backend)
{
	const char *name = backend ? backend : "test";

	cr_assert_eq(support_count_fds(), mark.fds,
		     "%s: began with %d descriptors, ends with %d", name,
		     mark.fds, support_count_fds());
	cr_assert_eq(support_sys.blocks, mark.blocks,
		     "%s: began with %ld blocks, ends with %ld", name,
		     mark.blocks, support_sys.blocks);
}

static DIR *
open_descriptor_list(void)
{
	DIR *dir = opendir("/proc/self/fd");

	return dir ? dir : opendir("/dev/fd");
}

int
support_count_fds(void)
{
	DIR *dir = open_descriptor_list();
	const struct dirent *entry;
	int n = 0;

	cr_assert(dir, "no list of descriptors");
	while ((entry = readdir(dir)) != NULL) {
		n += entry->d_name[0] != '.';
	}
	closedir(dir);
	return n - 1; /* the listing's own */
}

int
support_want_fds(int n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return 0;
	}
	if (limit.rlim_cur >= (rlim_t)n) {
		return 1;
	}
	if (limit.rlim_max < (rlim_t)n) {
		return 0;
	}
	limit.rlim_cur = (rlim_t)n;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

void
support_quiet(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	cr_assert_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
	cr_assert_eq(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
}

static void
make_pair(int type, int fd[2])
{
	cr_assert_eq(socketpair(AF_UNIX, type, 0, fd), 0, "%s",
		     strerror(errno));
	support_quiet(fd[0]);
	support_quiet(fd[1]);
}

void
support_unix_pair(int fd[2])
{
	make_pair(SOCK_STREAM, fd);
}

void
support_datagram_pair(int fd[2])
{
	make_pair(SOCK_DGRAM, fd);
}

int
support_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	support_quiet(fd);
	return fd;
}

int
support_blocking_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	cr_assert_eq(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	return fd;
}

/* A socket of TYPE bound to a free port of the loopback interface. */
static int
bound_socket(int type, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, type, 0);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(fd, (struct sockaddr *)address, len), 0, "%s",
		     strerror(errno));
	cr_assert_eq(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

void
support_tcp_pair(int fd[2])
{
	struct sockaddr_in address;
	int listener = bound_socket(SOCK_STREAM, &address);

	cr_assert_eq(listen(listener, 1), 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(
		connect(fd[1], (struct sockaddr *)&address, sizeof(address)), 0,
		"%s", strerror(errno));
	fd[0] = accept(listener, NULL, NULL);
	close(listener);
	support_quiet(fd[0]);
	support_quiet(fd[1]);
}

void
support_udp_pair(int fd[2])
{
	struct sockaddr_in a, b;

	fd[0] = bound_socket(SOCK_DGRAM, &a);
	fd[1] = bound_socket(SOCK_DGRAM, &b);
	cr_assert_eq(connect(fd[0], (struct sockaddr *)&b, sizeof(b)), 0);
	cr_assert_eq(connect(fd[1], (struct sockaddr *)&a, sizeof(a)), 0);
	support_quiet(fd[0]);
	support_quiet(fd[1]);
}

void
support_pipe(int fd[2])
{
	cr_assert_eq(pipe(fd), 0, "%s", strerror(errno));
	support_quiet(fd[0]);
	support_quiet(fd[1]);
}

/* Datagrams that nobody has room for are dropped, and never block. */
#define FILL_MAX ((size_t)32 << 20)

size_t
support_fill(int fd)
{
	static const char block[4096];
	size_t size = sizeof(block), total = 0;

	while (size > 0 && total < FILL_MAX) {
		ssize_t n = write(fd, block, size);

		if (n > 0) {
			total += (size_t)n;
		} else if (n < 0 && errno != EINTR) {
			size /= 2; /* a pipe may have room for less */
		}
	}
	return total;
}

size_t
support_drain(int fd)
{
	char block[4096];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0 ||
	       (n < 0 && errno == EINTR)) {
		total += n > 0 ? (size_t)n : 0;
	}
	return total;
}
