/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpc_frame.h: JSON over a stream: a length of 4 bytes, the highest first, and
 * as many bytes of text.
 */
#ifndef RPC_FRAME_H
#define RPC_FRAME_H

#include <jansson.h>
#include <pollux.h>

/*
 * Receives one message: 1, or 0 at the end of the stream.  *OUT is NULL when
 * its text is not JSON, or is nested too deep.  -EMSGSIZE: it has more than
 * LIMIT bytes; -ENODATA: the end came in the middle; else as plx_stream_fill.
 * What has come of it stays unread until all is there.
 */
int rpc_receive(struct plx_stream *s, size_t limit, json_t **out,
		int64_t deadline);

/* Sends MESSAGE, which it takes from the caller: 0.  -ENOMEM, also when it is
   NULL; else as plx_stream_write_all. */
int rpc_send(struct plx_stream *s, json_t *message, int64_t deadline);

#endif
