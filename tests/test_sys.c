/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sys.c: the two rules of the table (an entry answers -errno, and leaves
 * errno alone), and what its entries promise beyond the calls they wrap.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pollux/types.h>
#include "clock.h"
#include "forkmark.h"
#include "identity.h"
#include "support.h"
#include "timeout.h"

#define SYS (&plx__sys_real)
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

/* Asserts that CALL answers WANT and leaves errno alone. */
#define IS(CALL, WANT)                                                    \
	do {                                                              \
		long long got_;                                           \
		errno = 4711;                                             \
		got_ = (long long)(CALL);                                 \
		cr_assert(got_ == (long long)(WANT), "%s is %lld", #CALL, \
			  got_);                                          \
		cr_assert(errno == 4711, "%s changed errno", #CALL);      \
	} while (0)

static void
assert_outfitted(int fd)
{
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC, "%d is inherited", fd);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK, "%d blocks", fd);
}

Test(sys, failures_on_a_closed_descriptor_are_answers)
{
	const struct sockaddr at = {.sa_family = AF_UNIX};
	char event[16] = {0};
	socklen_t len = sizeof(int);
	struct stat st;
	char byte = 0;

	IS(SYS->read(SYS, -1, &byte, 1), -EBADF);
	IS(SYS->write(SYS, -1, &byte, 1), -EBADF);
	IS(SYS->close(SYS, -1), -EBADF);
	IS(SYS->fstat(SYS, -1, &st), -EBADF);
	IS(SYS->dup_onto(SYS, -1, 0), -EBADF);
	IS(SYS->bind(SYS, -1, &at, sizeof(at)), -EBADF);
	IS(SYS->listen(SYS, -1, 1), -EBADF);
	IS(SYS->accept(SYS, -1, NULL, NULL), -EBADF);
	IS(SYS->connect(SYS, -1, &at, sizeof(at)), -EBADF);
	IS(SYS->recv(SYS, -1, &byte, 1, 0), -EBADF);
	IS(SYS->send(SYS, -1, &byte, 1, 0), -EBADF);
	IS(SYS->shutdown(SYS, -1, SHUT_RD), -EBADF);
	IS(SYS->getsockopt(SYS, -1, SOL_SOCKET, SO_TYPE, event, &len), -EBADF);
	IS(SYS->setsockopt(SYS, -1, SOL_SOCKET, SO_RCVBUF, event, len), -EBADF);
	IS(SYS->getsockname(SYS, -1, (void *)event, &len), -EBADF);
	IS(SYS->getpeername(SYS, -1, (void *)event, &len), -EBADF);
	IS(SYS->pread(SYS, -1, &byte, 1, 0), -EBADF);
	IS(SYS->pwrite(SYS, -1, &byte, 1, 0), -EBADF);
	cr_expect_lt(SYS->epoll_ctl(SYS, -1, 1, 0, (void *)event), 0);
}

Test(sys, no_more_descriptors_is_an_answer)
{
	struct rlimit limit, none;
	int fd[2] = {-1, -1};

	if (RUNNING_ON_VALGRIND)
		cr_skip_test("valgrind keeps the limit in its own way");
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	IS(SYS->pipe(SYS, fd), -EMFILE);
	IS(SYS->socket(SYS, AF_UNIX, SOCK_STREAM, 0), -EMFILE);
#ifdef __linux__
	IS(SYS->eventfd(SYS), -EMFILE);
#endif
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(fd[0], -1);
}

Test(sys, paths_that_are_not_there_are_answers)
{
	struct stat st;

	IS(SYS->unlink(SYS, "/nonexistent/name"), -ENOENT);
	IS(SYS->lstat(SYS, "/nonexistent/name", &st), -ENOENT);
	IS(SYS->lstat(SYS, "/", &st), 0);
}

Test(sys, descriptors_do_not_block_and_are_not_inherited)
{
	struct support_mark mark = support_begin(NULL);
	int wake = SYS->eventfd(SYS);
	int s = SYS->socket(SYS, AF_UNIX, SOCK_STREAM, 0);
	int fd[2];

	IS(SYS->pipe(SYS, fd), 0);
	assert_outfitted(fd[0]);
	assert_outfitted(fd[1]);
	assert_outfitted(s);
	if (wake >= 0) {
		assert_outfitted(wake);
		IS(SYS->close(SYS, wake), 0);
	}
	IS(SYS->dup_onto(SYS, fd[0], s), s);
	cr_assert(fcntl(s, F_GETFD) & FD_CLOEXEC);
	IS(SYS->close(SYS, s), 0);
	IS(SYS->close(SYS, fd[0]), 0);
	IS(SYS->close(SYS, fd[1]), 0);
	support_end(mark, NULL);
}

Test(sys, accepted_connections_do_not_block_and_are_not_inherited)
{
	struct support_mark mark = support_begin(NULL);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sa);
	int l = SYS->socket(SYS, AF_UNIX, SOCK_STREAM, 0);
	int c = SYS->socket(SYS, AF_UNIX, SOCK_STREAM, 0);
	int fd;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/plx-sys-%ld",
		 (long)getpid());
	IS(SYS->bind(SYS, l, (void *)&sa, len), 0);
	IS(SYS->listen(SYS, l, 1), 0);
	IS(SYS->accept(SYS, l, NULL, NULL), -EAGAIN);
	IS(SYS->connect(SYS, c, (void *)&sa, len), 0);
	fd = SYS->accept(SYS, l, NULL, NULL);
	assert_outfitted(fd);
	IS(SYS->unlink(SYS, sa.sun_path), 0);
	SYS->close(SYS, fd);
	SYS->close(SYS, c);
	SYS->close(SYS, l);
	support_end(mark, NULL);
}

Test(sys, send_to_a_closed_peer_is_an_answer_and_no_signal)
{
	int fd[2];

	support_unix_pair(fd);
	close(fd[1]);
	IS(SYS->send(SYS, fd[0], "x", 1, 0), -EPIPE);
	close(fd[0]);
}

Test(sys, time_and_offsets_have_64_bits_where_the_system_can)
{
#ifdef __GLIBC__
	if (!__GLIBC_PREREQ(2, 34))
		cr_skip_test("this libc may lack them");
#endif
	cr_expect_geq(sizeof(time_t), sizeof(int64_t));
	cr_expect_geq(sizeof(off_t), sizeof(int64_t));
}

Test(sys, memory_comes_grows_and_goes)
{
	char *p;

	IS((p = SYS->resize(SYS, NULL, 3)) != NULL, 1);
	memcpy(p, "abc", 3);
	IS((p = SYS->resize(SYS, p, 70000)) != NULL, 1);
	cr_assert(memcmp(p, "abc", 3) == 0);
	IS(SYS->resize(SYS, p, 0) == NULL, 1);
}

Test(sys, pages_come_and_take_advice)
{
	char *p;
	void *page;
	int ret;

	IS(SYS->map(SYS, PAGE, &page), 0);
	p = page;
	p[0] = 1;
	IS(SYS->protect(SYS, p, PAGE, PROT_NONE), 0);
	IS(SYS->protect(SYS, p, PAGE, PROT_READ | PROT_WRITE), 0);
	errno = 4711;
	ret = SYS->advise(SYS, p, PAGE, PLX_ADVISE_DONTNEED);
	cr_assert(ret == 0 || ret == -ENOSYS);
	ret = SYS->advise(SYS, p, PAGE, PLX_ADVISE_GUARD);
	cr_assert(ret == 0 || ret == -ENOSYS);
	ret = SYS->advise(SYS, p, PAGE, PLX_ADVISE_UNGUARD);
	cr_assert(ret == 0 || ret == -ENOSYS);
	cr_assert_eq(errno, 4711);
	p[0] = 1;
	IS(SYS->unmap(SYS, p + 1, PAGE), -EINVAL);
	p[0] = 2;
	IS(SYS->unmap(SYS, p, PAGE), 0);
	errno = 4711;
	cr_assert_lt(SYS->map(SYS, SIZE_MAX & ~(PAGE - 1), &page), 0);
	cr_assert_eq(errno, 4711);
}

Test(sys, a_page_that_is_gone_cannot_be_protected)
{
	void *page;

	IS(SYS->map(SYS, PAGE, &page), 0);
	IS(SYS->unmap(SYS, page, PAGE), 0);
	IS(SYS->protect(SYS, page, PAGE, PROT_NONE), -ENOMEM);
}

Test(sys, a_guarded_page_is_a_crash)
{
	void *page;
	pid_t pid;
	int status;

	IS(SYS->map(SYS, PAGE, &page), 0);
	if (SYS->advise(SYS, page, PAGE, PLX_ADVISE_NONSENSE) == 0 ||
	    SYS->advise(SYS, page, PAGE, PLX_ADVISE_GUARD) < 0)
		cr_skip_test("this kernel has no guard advice");
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)page = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	IS(SYS->unmap(SYS, page, PAGE), 0);
}

Test(sys, poll_and_select_wait_no_less_than_asked)
{
	struct timespec spec = {0, 2000001};
	unsigned long r = 0, w = 0;
	int64_t start = plx_now();

	IS(SYS->poll(SYS, NULL, 0, &spec), 0);
	cr_assert_geq(plx_now() - start, 2000001);
	start = plx_now();
	IS(SYS->select(SYS, 0, &r, &w, &spec), 0);
	cr_assert_geq(plx_now() - start, 2000001);
}

Test(sys, select_takes_bare_words)
{
	unsigned long r = 0, w = 0;
	struct timespec now = {0, 0};
	int fd[2];

	support_pipe(fd);
	cr_assert_lt(fd[1], 64);
	r = 1ul << fd[0];
	w = 1ul << fd[1];
	IS(SYS->select(SYS, fd[1] + 1, &r, &w, &now), 1);
	cr_assert(r == 0 && w == 1ul << fd[1]);
	close(fd[0]);
	close(fd[1]);
}

Test(timeout, is_rounded_up_to_milliseconds)
{
	cr_assert_eq(plx__timeout_ms(-1), -1);
	cr_assert_eq(plx__timeout_ms(INT64_MIN), -1);
	cr_assert_eq(plx__timeout_ms(0), 0);
	cr_assert_eq(plx__timeout_ms(1), 1);
	cr_assert_eq(plx__timeout_ms(1000000), 1);
	cr_assert_eq(plx__timeout_ms(1000001), 2);
	cr_assert_eq(plx__timeout_ms(INT64_MAX), INT_MAX);
}

Test(timeout, is_cut_to_what_kernels_take)
{
	struct timespec spec;

	cr_assert_null(plx__timeout_spec(-1, &spec));
	cr_assert_eq(plx__timeout_spec(1500000001, &spec), &spec);
	cr_assert(spec.tv_sec == 1 && spec.tv_nsec == 500000001);
	plx__timeout_spec(INT64_MAX, &spec);
	cr_assert(spec.tv_sec == 100000000 && spec.tv_nsec == 0);
}

Test(clock, arithmetic_saturates)
{
	cr_assert_eq(plx__time_after(5, 7), 12);
	cr_assert_eq(plx__time_after(5, -7), 5);
	cr_assert_eq(plx__time_after(5, INT64_MIN), 5);
	cr_assert_eq(plx__time_after(5, INT64_MAX), PLX_NEVER);
	cr_assert_eq(plx__time_left(PLX_NEVER, 5), -1);
	cr_assert_eq(plx__time_left(0, 5), 0);
	cr_assert_eq(plx__time_left(9, 5), 4);
	cr_assert_eq(plx__time_first(PLX_NEVER, 5), 5);
	cr_assert_eq(plx__time_first(5, PLX_NEVER), 5);
	cr_assert_eq(plx__time_first(0, 5), 0);
}

Test(clock, goes_forward_and_names_its_version)
{
	int64_t a = plx_now(), b = plx_now();

	cr_assert(a > 0 && b >= a);
	cr_assert_geq(plx_after(PLX_SECOND), b + PLX_SECOND);
	cr_assert_eq(plx_after(INT64_MAX), PLX_NEVER);
	cr_assert_str_eq(plx_version(), PLX_VERSION);
}

Test(identity, tells_a_reused_number)
{
	struct plx_identity id = {0};
	int fd[2], other[2];

	support_pipe(fd);
	support_pipe(other);
	cr_assert_eq(plx__identity_get(SYS, fd[0], &id), 0);
	cr_assert(plx__identity_holds(SYS, fd[0], &id));
	dup2(other[0], fd[0]);
	cr_assert_not(plx__identity_holds(SYS, fd[0], &id));
	close(fd[0]);
	cr_assert_not(plx__identity_holds(SYS, fd[0], &id));
	cr_assert_eq(plx__identity_get(SYS, fd[0], &id), -EBADF);
	close(fd[1]);
	close(other[0]);
	close(other[1]);
}

/* Whether a child sees M as forked; 2 when renewing does not cure it. */
static int
child_sees(struct plx_forkmark *m)
{
	int status, seen;
	pid_t pid = fork();

	if (pid == 0) {
		seen = plx__forkmark_forked(m);
		plx__forkmark_renew(m);
		_exit(plx__forkmark_forked(m) ? 2 : seen);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

Test(forkmark, is_wiped_in_a_child_only)
{
	struct plx_forkmark m;

	plx__forkmark_init(&m, SYS);
	cr_assert_not(plx__forkmark_forked(&m));
	cr_assert_eq(child_sees(&m), 1);
	cr_assert_not(plx__forkmark_forked(&m));
	plx__forkmark_fini(&m);
}

Test(forkmark, compares_processes_where_pages_cannot_be_wiped)
{
	struct plx_forkmark m;

	support_begin(NULL);
	support_sys.fails = SUPPORT_ADVISE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOSYS;
	plx__forkmark_init(&m, &support_sys.sys);
	cr_assert_null(m.page);
	cr_assert_not(plx__forkmark_forked(&m));
	cr_assert_eq(child_sees(&m), 1);
	plx__forkmark_fini(&m);
}
