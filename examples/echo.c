/* SPDX-License-Identifier: BSD-2-Clause */
#include <pollux.h>

static int
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[4096];

	for (ssize_t n; (n = plx_recv(fd, buf, sizeof(buf), PLX_NEVER)) > 0;)
		plx_send(fd, buf, (size_t)n, PLX_NEVER);
	return plx_close(fd);
}

static int
echo(void *l)
{
	for (int fd; (fd = plx_accept(*(int *)l, NULL, NULL, PLX_NEVER)) >= 0 ||
		     plx_sleep(10 * PLX_MILLISECOND) == 0;)
		if (fd >= 0 &&
		    plx_spawn(NULL, serve, (void *)(intptr_t)fd, NULL) < 0)
			plx_close(fd);
	return plx_close(*(int *)l);
}

int
main(void)
{
	struct plx_address at;
	int l;

	return plx_address_parse("127.0.0.1:7007", &at) < 0 ||
	       plx_listen(&at, NULL, &l) < 0 || plx_run(NULL, echo, &l) < 0;
}
