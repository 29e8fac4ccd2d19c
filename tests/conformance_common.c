/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_common.c: the fixture of the conformance suite, and how it
 * looks at a selector.
 *
 * Every entry that select hands out anywhere in the suite passes through
 * check_entries, so the rules about entries (one per descriptor, a direction
 * that was asked for, the key's data) are tested by every test.
 */
#include <config.h>

#include "conformance.h"

#include <string.h>
#include <time.h>
#include "selector_int.h"

#define LOOK_MAX 64
#define PATIENCE (10 * PLX_SECOND)
#define SILENCE (3 * PLX_MILLISECOND)

/* epoll finds out at run time whether the kernel (or what stands between, such
   as valgrind) knows epoll_pwait2; without it a wait is of milliseconds. */
static unsigned
missing_features(const char *name)
{
	const struct timespec soon = {.tv_nsec = 1};
	struct epoll_event *none = NULL;

	if (strcmp(name, "epoll") == 0 &&
	    plx__sys_real.epoll_pwait2(&plx__sys_real, -1, none, 1, &soon) ==
		    -ENOSYS) {
		return PLX_FEATURE_NANOSECONDS;
	}
	return 0;
}

static unsigned
features_of(const char *name)
{
	struct plx_backend_info info[8];
	int n = plx_backend_list(info, 8);

	for (int i = 0; i < n && i < 8; i++) {
		if (strcmp(info[i].name, name) == 0) {
			return info[i].features & ~missing_features(name);
		}
	}
	return 0;
}

struct fixture
begin(const struct backend_param *p)
{
	struct fixture f = {.s = NULL};

	memcpy(f.name, p->name, sizeof(f.name));
	f.mark = support_begin(f.name);
	f.features = features_of(f.name);
	open_selector(&f, &f.s);
	return f;
}

void
end(struct fixture *f)
{
	plx_selector_close(&f->s);
	CHECK(f, !f->s);
	support_end(f->mark, f->name);
}

void
open_selector(const struct fixture *f, plx_selector **out)
{
	IS(f, plx__selector_open(f->name, &support_sys.sys, out), 0);
	CHECK(f, strcmp(plx_selector_backend(*out), f->name) == 0);
}

int
is_backend(const struct fixture *f, const char *name)
{
	return strcmp(f->name, name) == 0;
}

void
check_entries(struct fixture *f, const struct plx_ready *ready, int n)
{
	const unsigned known = BOTH | PLX_EOF | PLX_ERROR;

	for (int i = 0; i < n; i++) {
		struct plx_key key = {.fd = -1};

		IS(f, plx_selector_get_key(f->s, ready[i].fd, &key), 0);
		CHECK(f, key.fd == ready[i].fd);
		CHECK(f, key.data == ready[i].data);
		CHECK(f, (ready[i].events & BOTH) != 0);
		CHECK(f, (ready[i].events & BOTH & ~key.events) == 0);
		CHECK(f, (ready[i].events & ~known) == 0);
		for (int j = 0; j < i; j++) {
			CHECK(f, ready[j].fd != ready[i].fd);
		}
	}
}

static unsigned
find(const struct plx_ready *ready, int n, int fd)
{
	for (int i = 0; i < n; i++) {
		if (ready[i].fd == fd) {
			return ready[i].events & BOTH;
		}
	}
	return 0;
}

unsigned
look(struct fixture *f, int fd)
{
	struct plx_ready ready[LOOK_MAX];
	int n;

	errno = 4711;
	n = plx_selector_select(f->s, ready, LOOK_MAX, 0);
	cr_assert(errno == 4711, "%s: select changed errno", f->name);
	cr_assert(n >= 0 && n <= LOOK_MAX, "%s: select is %d", f->name, n);
	check_entries(f, ready, n);
	return find(ready, n, fd);
}

void
expect_ready(struct fixture *f, int fd, unsigned want)
{
	int64_t deadline = plx_after(PATIENCE);
	unsigned got = 0;

	while (got != want && plx_now() < deadline) {
		struct plx_ready ready[LOOK_MAX];
		int n = plx_selector_select(f->s, ready, LOOK_MAX, deadline);

		cr_assert(n >= 0, "%s: select is %d", f->name, n);
		check_entries(f, ready, n);
		got = find(ready, n, fd);
	}
	cr_assert(got == want, "%s: descriptor is ready for %x, not %x",
		  f->name, got, want);
}

void
expect_quiet(struct fixture *f)
{
	struct plx_ready ready[LOOK_MAX];

	IS(f, plx_selector_select(f->s, ready, LOOK_MAX, 0), 0);
	IS(f, plx_selector_select(f->s, ready, LOOK_MAX, plx_after(SILENCE)),
	   0);
}

struct plx_selector_stats
stats_of(struct fixture *f)
{
	struct plx_selector_stats stats;

	IS(f, plx_selector_stats(f->s, &stats), 0);
	return stats;
}
