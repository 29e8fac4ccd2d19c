/* SPDX-License-Identifier: BSD-2-Clause */
#include <pollux.h>

static int
echo(struct plx_stream *s, void *arg)
{
	char buf[4096];
	ssize_t n;

	(void)arg;
	while ((n = plx_stream_read(s, buf, sizeof(buf), PLX_NEVER)) > 0)
		plx_stream_write(s, buf, (size_t)n, PLX_NEVER);
	return (int)n;
}

static int
serve(void *address)
{
	const struct plx_server_options o = {
		.handler = echo, .addresses = address, .naddresses = 1};

	return plx_serve(&o, NULL);
}

int
main(void)
{
	struct plx_address at;

	return plx_address_parse("127.0.0.1:7007", &at) < 0 ||
	       plx_run(NULL, serve, &at) < 0;
}
