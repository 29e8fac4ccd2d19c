/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_choose.c: which backend is taken, and what is said of the others.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif
#include <sys/resource.h>
#include <pollux/selector.h>
#include "backend.h"
#include "selector_int.h"
#include "support.h"

/* Opens NAME on support_sys: its backend's name, or NULL and *RET. */
static const char *
choice(const char *name, int *ret)
{
	const char *got = NULL;
	plx_selector *s = NULL;

	errno = 4711;
	*ret = plx__selector_open(name, &support_sys.sys, &s);
	cr_assert_eq(errno, 4711);
	cr_assert_eq(*ret < 0, s == NULL);
	got = plx_selector_backend(s);
	plx_selector_close(&s);
	return got;
}

static void
assert_choice(const char *name, const char *want)
{
	int ret;
	const char *got = choice(name, &ret);

	cr_assert_eq(ret, 0, "%s: %d", name ? name : "NULL", ret);
	cr_assert_str_eq(got, want);
}

static void
assert_refusal(const char *name, int want)
{
	int ret;

	choice(name, &ret);
	cr_assert_eq(ret, want, "%s: %d", name ? name : "NULL", ret);
}

/* The best backend that plx_backend_list calls usable, AFTER one of them. */
static const char *
best_after(const char *after)
{
	static struct plx_backend_info list[8];
	int i = 0, n = plx_backend_list(list, 8);

	if (after) {
		while (i < n && strcmp(list[i].name, after) != 0)
			i++;
		i++;
	}
	while (i < n && !list[i].usable)
		i++;
	cr_assert_lt(i, n);
	return list[i].name;
}

static int
refuse_create(const struct plx_sys *sys)
{
	(void)sys;
	return -ENOSYS;
}

static int
refuse_wait(const struct plx_sys *sys, int ep, struct epoll_event *out, int cap,
	    int timeout)
{
	(void)sys, (void)ep, (void)out, (void)cap, (void)timeout;
	return -EPERM;
}

static int
refuse_select(const struct plx_sys *sys, int n, unsigned long *r,
	      unsigned long *w, const struct timespec *timeout)
{
	(void)sys, (void)n, (void)r, (void)w, (void)timeout;
	return -ENOSYS;
}

static int
refuse_poll(const struct plx_sys *sys, struct pollfd *fds, size_t n,
	    const struct timespec *timeout)
{
	(void)sys, (void)fds, (void)n, (void)timeout;
	return -ENOSYS;
}

static struct support_mark
begin(void)
{
	unsetenv("PLX_BACKEND");
	return support_begin(NULL);
}

Test(choose, the_best_comes_first)
{
	struct support_mark mark = begin();

	assert_choice(NULL, best_after(NULL));
	assert_choice("auto", best_after(NULL));
	support_end(mark, NULL);
}

Test(choose, a_name_is_obeyed)
{
	struct support_mark mark = begin();

	setenv("PLX_BACKEND", "poll", 1);
	assert_choice("select", "select");
	support_end(mark, NULL);
}

Test(choose, the_environment_is_obeyed)
{
	struct support_mark mark = begin();

	setenv("PLX_BACKEND", "select", 1);
	assert_choice(NULL, "select");
	assert_choice("auto", "select");
	setenv("PLX_BACKEND", "", 1);
	assert_choice(NULL, best_after(NULL));
	setenv("PLX_BACKEND", "auto", 1);
	assert_choice(NULL, best_after(NULL));
	support_end(mark, NULL);
}

Test(choose, unknown_names_are_invalid)
{
	struct support_mark mark = begin();

	assert_refusal("nonsense", -EINVAL);
	assert_refusal("", -EINVAL);
	assert_refusal("POLL", -EINVAL);
	setenv("PLX_BACKEND", "nonsense", 1);
	assert_refusal(NULL, -EINVAL);
	support_end(mark, NULL);
}

Test(choose, a_refused_mechanism_gives_way_to_the_next)
{
	struct support_mark mark = begin();

	if (strcmp(best_after(NULL), "epoll") != 0)
		cr_skip_test("epoll is not the best here");
	support_sys.sys.epoll_create = refuse_create;
	assert_choice(NULL, best_after("epoll"));
	assert_refusal("epoll", -ENOSYS);
	support_end(mark, NULL);
}

Test(choose, a_mechanism_that_opens_but_cannot_wait_gives_way)
{
	struct support_mark mark = begin();

	if (strcmp(best_after(NULL), "epoll") != 0)
		cr_skip_test("epoll is not the best here");
	support_sys.sys.epoll_wait = refuse_wait;
	assert_choice(NULL, best_after("epoll"));
	assert_refusal("epoll", -ENOSYS);
	support_end(mark, NULL);
}

Test(choose, nothing_that_works_is_no_system_support)
{
	struct support_mark mark = begin();

	support_sys.sys.epoll_create = refuse_create;
	support_sys.sys.kqueue = refuse_create;
	support_sys.sys.poll = refuse_poll;
	support_sys.sys.select = refuse_select;
	assert_refusal(NULL, -ENOSYS);
	support_end(mark, NULL);
}

Test(choose, a_shortage_is_reported_and_not_worked_around)
{
	struct support_mark mark = begin();
	const int shortages[] = {EMFILE, ENFILE, ENOMEM};

	support_sys.fails = SUPPORT_OPEN;
	support_sys.fail_with = EMFILE;
	for (long at = 1; at <= 2; at++) {
		for (int i = 0; i < 3; i++) {
			support_sys.fail_at = at;
			support_sys.fail_with = shortages[i];
			if (at == 1 || !strcmp(best_after(NULL), "epoll"))
				assert_refusal(NULL, -shortages[i]);
		}
	}
	support_end(mark, NULL);
}

Test(list, names_every_backend_in_order)
{
	struct plx_backend_info list[8];
	int n = plx_backend_list(list, 8);

	cr_assert_gt(n, 0);
	for (int i = 0; i < n; i++)
		cr_assert_str_eq(list[i].name, plx__backends[i].name);
	cr_assert_null(plx__backends[n].name);
	cr_assert_eq(plx_backend_list(NULL, 0), n);
}

Test(list, fills_no_more_than_there_is_room_for)
{
	struct plx_backend_info list[2];

	memset(list, 0x55, sizeof(list));
	cr_assert_gt(plx_backend_list(list, 1), 1);
	cr_assert_eq(list[1].name[0], 0x55);
}

Test(list, gives_a_reason_for_every_absence_and_for_nothing_else)
{
	struct support_mark mark = begin();
	struct plx_backend_info list[8];
	int n = plx_backend_list(list, 8);

	for (int i = 0; i < n; i++) {
		cr_assert_eq(list[i].usable, list[i].why[0] == '\0', "%s: '%s'",
			     list[i].name, list[i].why);
		cr_assert(list[i].compiled || !list[i].usable);
		cr_assert(list[i].compiled || list[i].features == 0);
	}
	support_end(mark, NULL);
}

Test(list, tells_of_a_system_without_descriptors_to_spare)
{
	struct plx_backend_info list[8];
	struct rlimit limit, none;
	int n;

	support_begin(NULL);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	n = plx_backend_list(list, 8);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_gt(n, 0);
	for (int i = 0; i < n; i++) {
		if (!list[i].compiled)
			continue;
		cr_assert_eq(list[i].usable, 0);
		cr_assert(strncmp(list[i].why, "cannot be tried: ", 17) == 0,
			  "%s", list[i].why);
	}
}
