/* SPDX-License-Identifier: BSD-2-Clause */
/* own_scheduler: generators as tasks, awaitables as events, no plx_run. */
#include <pollux.h>
#include <stdio.h>

struct event { /* a byte comes */
	struct plx_awaitable base;
	int fd;
	char byte;
};
static plx_gen *ready[8]; /* in turn, from FIRST up to LAST */
static unsigned first, last, tasks = 3;
static plx_selector *selector;
static int fd[2];

static int
handle_yield(struct event *e, plx_gen *task)
{
	return plx_selector_register(selector, e->fd, PLX_READ, task);
}

static int
handle_resume(struct plx_awaitable *a)
{
	struct event *e = (struct event *)a;
	plx_selector_unregister(selector, e->fd);
	return (int)recv(e->fd, &e->byte, 1, 0);
}
static const struct plx_awaitable_ops byte_comes = {.result = handle_resume};

static int
run(void)
{
	struct plx_ready io;
	void *event;

	while (tasks > 0) {
		if (plx_selector_select(selector, &io, 1,
					first == last ? PLX_NEVER : 0) == 1)
			ready[last++ % 8] = io.data;
		for (unsigned end = last; first != end;) {
			plx_gen *g = ready[first++ % 8];
			int r = plx_gen_next(g, &event);
			if (r == 1)
				ready[last++ % 8] = g;
			else if (r != PLX_GEN_AWAITS || handle_yield(event, g))
				tasks--, plx_gen_free(&g);
		}
	}
	return 0;
}

static int
play(void *arg)
{
	struct event e = {{&byte_comes, NULL, 0}, *(int *)arg, 0};
	while (plx_await(&e.base, PLX_NEVER) == 1 && e.byte-- > '0' &&
	       send(e.fd, &e.byte, 1, 0) == 1)
		printf("%s %c\n", arg == fd ? "ping" : "pong", e.byte);
	return shutdown(e.fd, SHUT_RDWR);
}

static int
count(void *arg)
{
	for (int i = 1; i < 4 && plx_yield(arg, NULL) == 0; i++)
		printf("counted %d\n", i);
	return 0;
}

int
main(void)
{
	return plx_selector_open(NULL, &selector) < 0 ||
	       socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0 ||
	       plx_gen_new(count, NULL, &ready[last++]) < 0 ||
	       plx_gen_new(play, &fd[0], &ready[last++]) < 0 ||
	       plx_gen_new(play, &fd[1], &ready[last++]) < 0 ||
	       send(fd[1], "4", 1, 0) != 1 || run();
}
