/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_embed.c: a selector inside another loop.
 *
 * The descriptor that plx_selector_fileno gives is readable for poll(2) when
 * select would return something.
 */
#include <config.h>

#include "conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static int
is_readable(int fd, int timeout_ms)
{
	struct pollfd look_at = {.fd = fd, .events = POLLIN};

	return poll(&look_at, 1, timeout_ms) == 1;
}

/* The descriptor; skips where there is none. */
static int
fileno_of(struct fixture *f)
{
	int fd;

	if ((f->features & PLX_FEATURE_EMBEDDABLE) == 0) {
		IS(f, plx_selector_fileno(f->s), -ENOTSUP);
		plx_selector_close(&f->s);
		cr_skip_test("%s: cannot be embedded", f->name);
	}
	errno = 4711;
	fd = plx_selector_fileno(f->s);
	CHECK(f, fd >= 0 && errno == 4711);
	return fd;
}

CONFORMS(embedding, is_a_feature_or_refused)
{
	struct fixture f = begin(p);
	int fd = plx_selector_fileno(f.s);

	if (f.features & PLX_FEATURE_EMBEDDABLE) {
		CHECK(&f, fd >= 0);
		CHECK(&f, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	} else {
		CHECK(&f, fd == -ENOTSUP);
	}
	CHECK(&f,
	      is_backend(&f, "epoll") == (fd >= 0) || is_backend(&f, "kqueue"));
	end(&f);
}

CONFORMS(embedding, tells_when_something_is_ready)
{
	struct fixture f = begin(p);
	int outer = fileno_of(&f), fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	CHECK(&f, !is_readable(outer, 0));
	put_byte(fd[1]);
	CHECK(&f, is_readable(outer, 10000));
	CHECK(&f, look(&f, fd[0]) == PLX_READ);
	CHECK(&f, is_readable(outer, 0));
	support_drain(fd[0]);
	look(&f, fd[0]);
	CHECK(&f, !is_readable(outer, 0));
	close_pair(fd);
	end(&f);
}

CONFORMS(embedding, tells_of_a_wake)
{
	struct fixture f = begin(p);
	int outer = fileno_of(&f);

	IS(&f, plx_selector_wake(f.s), 0);
	CHECK(&f, is_readable(outer, 10000));
	look(&f, 0);
	look(&f, 0);
	CHECK(&f, !is_readable(outer, 0));
	end(&f);
}

CONFORMS(embedding, tells_of_files_that_are_always_ready)
{
	struct fixture f = begin(p);
	int outer = fileno_of(&f), file = regular_file();

	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	CHECK(&f, is_readable(outer, 10000));
	CHECK(&f, look(&f, file) == PLX_READ);
	CHECK(&f, is_readable(outer, 0));
	IS(&f, plx_selector_unregister(f.s, file), 0);
	look(&f, file);
	look(&f, file);
	CHECK(&f, !is_readable(outer, 0));
	close(file);
	end(&f);
}

CONFORMS(embedding, works_within_a_selector_of_any_backend)
{
	struct fixture f = begin(p);
	struct backend_param list[8];
	size_t n = support_backends(list, 8);
	int inner = fileno_of(&f), fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		struct plx_ready ready;
		plx_selector *outer;

		if (plx_selector_open(list[i].name, &outer) < 0) {
			continue;
		}
		IS(&f, plx_selector_register(outer, inner, PLX_READ, NULL), 0);
		IS(&f, plx_selector_select(outer, &ready, 1, 0), 0);
		put_byte(fd[1]);
		IS(&f, plx_selector_select(outer, &ready, 1, PLX_NEVER), 1);
		support_drain(fd[0]);
		look(&f, fd[0]);
		plx_selector_close(&outer);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(embedding, outlives_the_healing_of_a_ghost)
{
	struct fixture f = begin(p);
	int outer = fileno_of(&f), fd[2], other[2], alive;

	support_unix_pair(fd);
	support_unix_pair(other);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	IS(&f, plx_selector_register(f.s, other[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	put_byte(fd[1]);
	expect_quiet(&f);
	IS(&f, plx_selector_fileno(f.s), outer);
	CHECK(&f, !is_readable(outer, 0));
	put_byte(other[1]);
	CHECK(&f, is_readable(outer, 10000));
	close(alive);
	close(fd[1]);
	close_pair(other);
	end(&f);
}

CONFORMS(embedding, in_itself_ends_the_key_whose_number_it_gets)
{
	struct fixture f = begin(p);
	int set = fileno_of(&f), fd[2];

	if (!is_backend(&f, "epoll")) {
		plx_selector_close(&f.s);
		cr_skip_test("%s: may nest as it likes", f.name);
	}
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	CHECK(&f, dup2(set, fd[0]) == fd[0]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), -ELOOP);
	CHECK(&f, stats_of(&f).stale == 1);
	IS(&f, plx_selector_unregister(f.s, fd[0]), -ENOENT);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}
