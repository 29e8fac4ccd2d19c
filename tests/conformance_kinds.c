/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_kinds.c: descriptors of every kind for the conformance suite.
 *
 * All are non-blocking and close-on-exec.  Names in the file system are gone
 * before the maker returns, so that a failing test leaves nothing behind.
 */
#include <config.h>

#include "conformance.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

const struct kind kinds[] = {
	{"tcp", support_tcp_pair},
	{"unix", support_unix_pair},
	{"unix datagram", unix_datagram_pair},
	{"udp", support_udp_pair},
	{"pipe", support_pipe},
	{"fifo", fifo_pair},
	{"pty", pty_pair},
};
const size_t kinds_count = sizeof(kinds) / sizeof(kinds[0]);

static void
make_quiet(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	cr_assert_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
	cr_assert_eq(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
}

void
unix_datagram_pair(int fd[2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	make_quiet(fd[0]);
	make_quiet(fd[1]);
}

void
fifo_pair(int fd[2])
{
	char dir[] = "/tmp/plx-fifo-XXXXXX";
	char path[sizeof(dir) + 8];

	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	cr_assert_eq(mkfifo(path, 0600), 0);
	fd[0] = open(path, O_RDONLY | O_NONBLOCK);
	fd[1] = open(path, O_WRONLY | O_NONBLOCK);
	unlink(path);
	rmdir(dir);
	make_quiet(fd[0]);
	make_quiet(fd[1]);
}

void
pty_pair(int fd[2])
{
	struct termios raw;

	fd[1] = posix_openpt(O_RDWR | O_NOCTTY);
	cr_assert_geq(fd[1], 0, "%s", strerror(errno));
	cr_assert_eq(grantpt(fd[1]), 0);
	cr_assert_eq(unlockpt(fd[1]), 0);
	fd[0] = open(ptsname(fd[1]), O_RDWR | O_NOCTTY);
	make_quiet(fd[0]);
	make_quiet(fd[1]);
	cr_assert_eq(tcgetattr(fd[0], &raw), 0);
	raw.c_iflag = 0;
	raw.c_oflag = 0;
	raw.c_lflag = 0;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	cr_assert_eq(tcsetattr(fd[0], TCSANOW, &raw), 0);
}

void
put_byte(int fd)
{
	cr_assert_eq(write(fd, "x", 1), 1, "%s", strerror(errno));
}

void
stuff(int fd)
{
	struct pollfd look_at = {.fd = fd, .events = POLLOUT};

	do {
		support_fill(fd);
	} while (poll(&look_at, 1, 20) == 1);
}

void
close_pair(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

void
reset_and_close(int fd)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
				sizeof(at_once)),
		     0);
	close(fd);
}

int
regular_file(void)
{
	char path[] = "/tmp/plx-file-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	make_quiet(fd);
	put_byte(fd);
	return fd;
}

static void
loopback(struct sockaddr_in *address)
{
	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

int
tcp_listener(int backlog)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	make_quiet(fd);
	loopback(&address);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, backlog), 0);
	return fd;
}

int
tcp_connecting_to(int listener)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	make_quiet(fd);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &len),
		     0);
	if (connect(fd, (struct sockaddr *)&address, len) != 0) {
		cr_assert_eq(errno, EINPROGRESS, "%s", strerror(errno));
	}
	return fd;
}

int
tcp_connecting_to_nobody(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int unheard = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	make_quiet(fd);
	loopback(&address);
	cr_assert_eq(bind(unheard, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(getsockname(unheard, (struct sockaddr *)&address, &len),
		     0);
	if (connect(fd, (struct sockaddr *)&address, len) != 0) {
		cr_assert(errno == EINPROGRESS || errno == ECONNREFUSED);
	}
	close(unheard);
	return fd;
}
