/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sys_message.c: several places and several datagrams in one call.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "support.h"

#define SYS (&plx__sys_real)

static struct msghdr
header(struct iovec *iov, size_t n)
{
	struct msghdr h = {.msg_iov = iov};

	h.msg_iovlen = (__typeof__(h.msg_iovlen))n;
	return h;
}

Test(sys_message, a_closed_descriptor_is_an_answer)
{
	char x = 'x';
	struct iovec iov = {&x, 1};
	struct msghdr h = header(&iov, 1);
	struct plx_mmsg m = {.header = h};
	int plural;

	errno = 4711;
	cr_assert_eq(SYS->writev(SYS, -1, &iov, 1), -EBADF);
	cr_assert_eq(SYS->recvmsg(SYS, -1, &h, 0), -EBADF);
	cr_assert_eq(SYS->sendmsg(SYS, -1, &h, 0), -EBADF);
	plural = SYS->recvmmsg(SYS, -1, &m, 1, 0);
	cr_assert(plural == -EBADF || plural == -ENOSYS, "%d", plural);
	plural = SYS->sendmmsg(SYS, -1, &m, 1, 0);
	cr_assert(plural == -EBADF || plural == -ENOSYS, "%d", plural);
	cr_assert_eq(errno, 4711);
}

Test(sys_message, several_places_go_in_one_call)
{
	char ab[] = "ab", cde[] = "cde", text[16] = {0};
	struct iovec iov[2] = {{ab, 2}, {cde, 3}};
	struct msghdr h = header(iov, 2);
	int fd[2];

	support_unix_pair(fd);
	cr_assert_eq(SYS->writev(SYS, fd[0], iov, 2), 5);
	cr_assert_eq(SYS->sendmsg(SYS, fd[0], &h, 0), 5);
	cr_assert_eq(read(fd[1], text, sizeof(text)), 10);
	cr_assert_str_eq(text, "abcdeabcde");
	close(fd[1]);
	cr_assert_eq(SYS->sendmsg(SYS, fd[0], &h, 0), -EPIPE);
	close(fd[0]);
}

Test(sys_message, several_datagrams_go_in_one_call)
{
	char one[] = "one", three[] = "three", text[3][8];
	struct iovec out[2] = {{one, 3}, {three, 5}}, in[3];
	struct plx_mmsg m[3];
	int fd[2], i;

	support_udp_pair(fd);
	memset(m, 0, sizeof(m));
	for (i = 0; i < 2; i++)
		m[i].header = header(&out[i], 1);
	i = SYS->sendmmsg(SYS, fd[0], m, 2, 0);
	if (i == -ENOSYS)
		cr_skip_test("no plural calls here");
	cr_assert_eq(i, 2);
	cr_assert_eq(m[1].length, 5);
	for (i = 0; i < 3; i++) {
		in[i] = (struct iovec){text[i], sizeof(text[i])};
		m[i].header = header(&in[i], 1);
	}
	cr_assert_eq(SYS->recvmmsg(SYS, fd[1], m, 3, MSG_DONTWAIT), 2);
	cr_assert_eq(m[0].length, 3);
	cr_assert_eq(m[1].length, 5);
	cr_assert_eq(memcmp(text[1], "three", 5), 0);
	cr_assert_eq(SYS->recvmmsg(SYS, fd[1], m, 3, MSG_DONTWAIT), -EAGAIN);
	close(fd[0]);
	close(fd[1]);
}

Test(sys_message, nonblock_tells_what_it_was)
{
	int fd[2];

	cr_assert_eq(SYS->pipe(SYS, fd), 0);
	cr_assert_eq(SYS->set_nonblock(SYS, fd[0], 1), 1);
	cr_assert_eq(SYS->set_nonblock(SYS, fd[0], 0), 1);
	cr_assert_eq(SYS->set_nonblock(SYS, fd[0], 1), 0);
	cr_assert(fcntl(fd[0], F_GETFL) & O_NONBLOCK);
	close(fd[0]);
	close(fd[1]);
	cr_assert_eq(SYS->set_nonblock(SYS, fd[0], 1), -EBADF);
#ifdef O_PATH
	fd[0] = open("/", O_PATH | O_CLOEXEC);
	cr_assert_geq(fd[0], 0);
	cr_assert_eq(SYS->set_nonblock(SYS, fd[0], 1), -EBADF,
		     "it has flags, but none that could be set");
	close(fd[0]);
#endif
}
