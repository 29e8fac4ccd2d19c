/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_heal.c: a fresh kernel set in place of a haunted one, and the
 * embeddable descriptor that must not notice.
 *
 * Only epoll keeps ghosts; where it is missing these tests are skipped.
 */
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "selector_parts.h"
#include "support.h"

static struct support_mark
begin(plx_selector **s)
{
	struct support_mark mark = support_begin("epoll");

	cr_assert_eq(plx__selector_open("epoll", &support_sys.sys, s), 0);
	return mark;
}

static void
end(plx_selector **s, struct support_mark mark)
{
	plx_selector_close(s);
	support_end(mark, "epoll");
}

static void
close_pair(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* A readable descriptor, registered for EVENTS. */
static void
add_readable(plx_selector *s, int fd[2], unsigned events)
{
	support_unix_pair(fd);
	cr_assert_eq(write(fd[1], "x", 1), 1);
	cr_assert_eq(plx_selector_register(s, fd[0], events, NULL), 0);
}

/* Leaves a ghost in an epoll set: its file lives on as the answer. */
static int
add_ghost(plx_selector *s)
{
	int fd[2], copy;

	add_readable(s, fd, PLX_READ);
	copy = dup(fd[0]);
	close(fd[0]);
	cr_assert_eq(plx_selector_unregister(s, fd[0]), 0);
	close(fd[1]);
	return copy;
}

static int
look(plx_selector *s, struct plx_ready *ready, int cap)
{
	return plx_selector_select(s, ready, cap, 0);
}

Test(heal, a_ghost_costs_one_rebuild)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], ghost;

	add_readable(s, fd, PLX_READ);
	ghost = add_ghost(s);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(look(s, ready, 4), 1);
		cr_assert_eq(ready[0].fd, fd[0]);
	}
	cr_assert_eq(s->stats.rebuilt, 1);
	close(ghost);
	close_pair(fd);
	end(&s, mark);
}

Test(heal, a_spent_oneshot_stays_silent_and_can_be_armed_again)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], ghost;

	add_readable(s, fd, PLX_READ | PLX_ONESHOT);
	cr_assert_eq(look(s, ready, 4), 1);
	ghost = add_ghost(s);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 1);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(plx_selector_register(s, fd[0], PLX_READ, NULL), -EEXIST);
	cr_assert_eq(
		plx_selector_modify(s, fd[0], PLX_READ | PLX_ONESHOT, NULL), 0);
	cr_assert_eq(look(s, ready, 4), 1);
	cr_assert_eq(look(s, ready, 4), 0);
	close(ghost);
	close_pair(fd);
	end(&s, mark);
}

Test(heal, dead_keys_are_not_carried_into_a_reused_number)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], other[2], ghost, copy;

	support_unix_pair(fd);
	cr_assert_eq(plx_selector_register(s, fd[0], PLX_READ, NULL), 0);
	copy = dup(fd[0]);
	support_unix_pair(other);
	cr_assert_eq(write(other[1], "x", 1), 1);
	dup2(other[0], fd[0]);
	ghost = add_ghost(s);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 1);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(plx_selector_modify(s, fd[0], PLX_WRITE, NULL), -ENOENT);
	cr_assert_eq(plx_selector_unregister(s, fd[0]), 0);
	close(ghost);
	close(copy);
	close_pair(fd);
	close_pair(other);
	end(&s, mark);
}

#ifdef HAVE_EPOLL
Test(heal, the_embedded_descriptor_stays_what_it_is)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	int outer = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN};
	struct plx_ready ready[4];
	int fd[2], ghost, embedded = plx_selector_fileno(s);

	cr_assert_eq(epoll_ctl(outer, EPOLL_CTL_ADD, embedded, &ev), 0);
	ghost = add_ghost(s);
	cr_assert_eq(epoll_wait(outer, &ev, 1, 0), 1);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 1);
	cr_assert_eq(plx_selector_fileno(s), embedded);
	cr_assert_eq(epoll_wait(outer, &ev, 1, 0), 0);
	add_readable(s, fd, PLX_READ);
	cr_assert_eq(epoll_wait(outer, &ev, 1, 0), 1);
	close(outer);
	close(ghost);
	close_pair(fd);
	end(&s, mark);
}
#endif

Test(heal, a_failed_rebuild_is_made_up_for)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int ghost = add_ghost(s);

	support_sys.fails = SUPPORT_OPEN;
	support_sys.fail_at = 1;
	support_sys.fail_with = EMFILE;
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 0);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 1);
	close(ghost);
	end(&s, mark);
}

/* No descriptor can be opened beyond those that are; the limit before. */
static struct rlimit
take_descriptors(void)
{
	struct rlimit old, none;
	int highest = dup(0);

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	close(highest);
	none = old;
	none.rlim_cur = (rlim_t)highest;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	cr_assert_eq(dup(0), -1);
	return old;
}

Test(heal, a_shortage_of_descriptors_neither_ends_nor_spins_a_wait)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int ghost = add_ghost(s);
	int64_t second;
	struct rlimit old = take_descriptors();

	support_sys.fake_clock = 1;
	second = support_sys.now + PLX_SECOND;
	cr_assert_eq(plx_selector_select(s, ready, 4, second), 0);
	cr_assert_geq(support_sys.now, second);
	cr_assert_leq(s->stats.waits, 200);
	cr_assert_eq(plx_selector_wake(s), 0);
	cr_assert_eq(plx_selector_select(s, ready, 4, PLX_NEVER), 0);
	cr_assert_eq(s->stats.rebuilt, 0);
	setrlimit(RLIMIT_NOFILE, &old);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 1);
	close(ghost);
	end(&s, mark);
}

static struct {
	int (*poll)(const struct plx_sys *sys, struct pollfd *fds, size_t n,
		    const struct timespec *timeout);
	int peer, calls;
} dozing;

/* A byte comes while the wait dozes, which must end by itself. */
static int
send_meanwhile(const struct plx_sys *sys, struct pollfd *fds, size_t n,
	       const struct timespec *timeout)
{
	cr_assert_not_null(timeout);
	cr_assert_eq(write(dozing.peer, "x", 1), 1);
	dozing.calls++;
	return dozing.poll(sys, fds, n, timeout);
}

Test(heal, a_ghost_that_stays_keeps_no_byte_from_an_endless_wait, .timeout = 60)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], ghost = add_ghost(s);

	support_unix_pair(fd);
	cr_assert_eq(plx_selector_register(s, fd[0], PLX_READ, NULL), 0);
	dozing.poll = support_sys.sys.poll;
	dozing.peer = fd[1];
	support_sys.sys.poll = send_meanwhile;
	support_sys.fake_clock = 1;
	support_sys.fails = SUPPORT_OPEN;
	support_sys.fail_at = 1;
	support_sys.fail_with = EMFILE;
	cr_assert_eq(plx_selector_select(s, ready, 4, PLX_NEVER), 1);
	cr_assert_eq(ready[0].fd, fd[0]);
	cr_assert_eq(dozing.calls, 1);
	cr_assert_eq(s->stats.rebuilt, 1);
	close(ghost);
	close_pair(fd);
	end(&s, mark);
}

Test(heal, a_spent_oneshot_is_known_by_its_file_after_a_rebuild)
{
	const unsigned once = PLX_READ | PLX_ONESHOT;
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], other[2], ghost;

	add_readable(s, fd, once);
	cr_assert_eq(look(s, ready, 4), 1);
	ghost = add_ghost(s);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(s->stats.rebuilt, 1);
	support_unix_pair(other);
	cr_assert_eq(write(other[1], "x", 1), 1);
	cr_assert_eq(dup2(other[0], fd[0]), fd[0]);
	cr_assert_eq(plx_selector_modify(s, fd[0], once, NULL), -ENOENT);
	cr_assert_eq(look(s, ready, 4), 0);
	cr_assert_eq(plx_selector_register(s, fd[0], once, NULL), 0);
	cr_assert_eq(look(s, ready, 4), 1);
	close(ghost);
	close_pair(other);
	close_pair(fd);
	end(&s, mark);
}

Test(heal, a_failed_rebuild_hides_no_event)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], ghost = add_ghost(s);

	add_readable(s, fd, PLX_READ);
	support_sys.fails = SUPPORT_OPEN;
	support_sys.fail_at = 1;
	support_sys.fail_with = EMFILE;
	cr_assert_eq(look(s, ready, 4), 1);
	cr_assert_eq(s->stats.rebuilt, 0);
	cr_assert_eq(look(s, ready, 4), 1);
	cr_assert_eq(s->stats.rebuilt, 1);
	close(ghost);
	close_pair(fd);
	end(&s, mark);
}

/* A rebuild with keys and an embedded descriptor, whose Kth ENTRY fails. */
static int
rebuild_with_fault(unsigned entry, long k)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[8];
	int fd[3][2], ghost, left;

	for (int i = 0; i < 3; i++)
		add_readable(s, fd[i], PLX_READ);
	plx_selector_fileno(s);
	ghost = add_ghost(s);
	support_sys.fails = entry;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = k;
	for (int i = 0; i < 3; i++)
		look(s, ready, 8);
	left = support_sys.fail_at > 0;
	cr_assert_eq(look(s, ready, 8), 3);
	cr_assert_eq(s->stats.rebuilt, 1);
	close(ghost);
	for (int i = 0; i < 3; i++)
		close_pair(fd[i]);
	end(&s, mark);
	return !left;
}

Test(heal, survives_every_fault_on_its_way)
{
	long k;

	support_begin("epoll");
	for (k = 1; rebuild_with_fault(SUPPORT_CHANGE, k); k++)
		continue;
	cr_assert_gt(k, 8);
	for (k = 1; rebuild_with_fault(SUPPORT_RESIZE, k); k++)
		continue;
	cr_assert_gt(k, 1);
	for (k = 1; rebuild_with_fault(SUPPORT_OPEN, k); k++)
		continue;
	cr_assert_eq(k, 2);
}

Test(embed, is_readable_while_a_key_is_always_ready)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct pollfd embedded = {.events = POLLIN};
	struct plx_ready ready[4];
	FILE *file = tmpfile();
	int fd = fileno(file);

	embedded.fd = plx_selector_fileno(s);
	cr_assert_eq(poll(&embedded, 1, 0), 0);
	cr_assert_eq(plx_selector_register(s, fd, PLX_READ, NULL), 0);
	cr_assert_eq(poll(&embedded, 1, 0), 1);
	cr_assert_eq(look(s, ready, 4), 1);
	cr_assert_eq(poll(&embedded, 1, 0), 1);
	cr_assert_eq(plx_selector_modify(s, fd, PLX_READ | PLX_ONESHOT, NULL),
		     0);
	cr_assert_eq(look(s, ready, 4), 1);
	cr_assert_eq(poll(&embedded, 1, 0), 0);
	fclose(file);
	end(&s, mark);
}

Test(embed, without_memory_an_always_ready_key_is_refused)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct pollfd embedded = {.events = POLLIN};
	FILE *file = tmpfile();
	int refused = 0, fd = fileno(file);

	embedded.fd = plx_selector_fileno(s);
	support_sys.fails = SUPPORT_CHANGE;
	support_sys.fail_with = ENOMEM;
	for (int at = 1; at <= 4; at++) {
		support_sys.fail_at = at;
		if (plx_selector_register(s, fd, PLX_READ, NULL) == 0) {
			cr_assert_eq(poll(&embedded, 1, 0), 1);
		} else {
			refused++;
			cr_assert_eq(poll(&embedded, 1, 0), 0);
			cr_assert_eq(s->due, 0);
		}
		support_sys.fail_at = 0;
		plx_selector_unregister(s, fd);
	}
	cr_assert_eq(refused, 2);
	fclose(file);
	end(&s, mark);
}

Test(embed, in_a_closed_keys_number_ends_its_false_reports)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	struct plx_ready ready[4];
	int fd[2], copy, reports = 0;

	add_readable(s, fd, PLX_READ);
	copy = dup(fd[0]);
	close(fd[0]);
	cr_assert_eq(plx_selector_fileno(s), fd[0]);
	while (reports <= 2000 && look(s, ready, 4) == 1)
		reports++;
	cr_assert_leq(reports, PLX__PATIENCE);
	cr_assert_eq(plx_selector_modify(s, fd[0], PLX_WRITE, NULL), -ENOENT);
	cr_assert_eq(plx_selector_unregister(s, fd[0]), 0);
	close(copy);
	close(fd[1]);
	end(&s, mark);
}

Test(embed, a_key_whose_number_becomes_its_own_set_is_over)
{
	plx_selector *s;
	struct support_mark mark = begin(&s);
	int fd[2];

	add_readable(s, fd, PLX_READ);
	cr_assert_eq(dup2((s->backend->fileno)(s->state), fd[0]), fd[0]);
	cr_assert_eq(plx_selector_register(s, fd[0], PLX_READ, NULL), -EINVAL);
	cr_assert_eq(s->stats.stale, 1);
	cr_assert_eq(plx_selector_unregister(s, fd[0]), -ENOENT);
	close_pair(fd);
	end(&s, mark);
}
