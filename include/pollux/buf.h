/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/buf.h: bytes in memory, as a file and as a queue.
 *
 * A buffer is a chain of chunks.  As a file (Python's io.BytesIO) it has a
 * position at which the next read, readline or write begins.  As a queue it
 * takes bytes at its end (append) and gives them up at its beginning (peek,
 * consume), without moving any.  The two may be mixed: consuming N bytes takes
 * N off every place, and the position stays at the same byte while that is
 * there.
 *
 * It grows by chunks of 256 bytes to 16 KiB, never by more than is asked for or
 * already there; a chunk that has been consumed is freed.  No call moves bytes
 * from chunk to chunk.
 *
 * The struct is the caller's and starts out zeroed: empty, without a limit. Its
 * members are private.  One thread at a time; no loop and no task is needed.
 * What fails has changed nothing.
 */
#ifndef PLX_BUF_H
#define PLX_BUF_H

#include <stddef.h>
#include <sys/types.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct iovec;
struct plx_chunk;
struct plx_chunks;
struct plx_sys;

struct plx_buf {
	struct plx_chunk *first, *last;
	size_t length;
	size_t limit; /* 0: none */
	size_t position;
	struct plx_chunk *at; /* where POSITION is, or NULL: not known */
	size_t at_start;      /* of AT's first byte */
	const struct plx_sys *sys;
	struct plx_chunks *spare; /* NULL: chunks are not kept */
};

/* Makes B empty; it will never hold more than LIMIT bytes (0: no limit).  SYS
   is NULL; the library's tests use another. */
PLX_API void plx_buf_init(struct plx_buf *b, size_t limit,
			  const struct plx_sys *sys);

/* Frees what is in B, which is empty then, at position 0, with its limit. */
PLX_API void plx_buf_clear(struct plx_buf *b);

/* How many bytes B holds. */
PLX_API size_t plx_buf_length(const struct plx_buf *b);

/*
 * As a file.
 */

/* Where the next read or write begins; may be past the end. */
PLX_API size_t plx_buf_tell(const struct plx_buf *b);

/* Moves to OFFSET from the start, the position or the end (SEEK_SET, SEEK_CUR,
   SEEK_END): the new position.  -EINVAL: before the start, or another WHENCE;
   -EOVERFLOW: no number for it. */
PLX_API int64_t plx_buf_seek(struct plx_buf *b, int64_t offset, int whence);

/* Writes N bytes over what is at the position, and on past the end; a gap
   before the position is filled with zeros.  N; -EFBIG: beyond the limit;
   -EINVAL: N is above SSIZE_MAX, here and below; -ENOMEM. */
PLX_API ssize_t plx_buf_write(struct plx_buf *b, const void *data, size_t n);

/* Reads up to N bytes from the position on: how many, 0 at the end. */
PLX_API ssize_t plx_buf_read(struct plx_buf *b, void *data, size_t n);

/* Reads up to the first newline, that included, or to the end, or N bytes,
   whatever comes first: how many. */
PLX_API ssize_t plx_buf_readline(struct plx_buf *b, char *line, size_t n);

/* Copies up to N bytes from START on, whatever the position: how many. */
PLX_API size_t plx_buf_copy(const struct plx_buf *b, size_t start, void *data,
			    size_t n);

/* All of it in *VALUE, to be freed by free(3), and its length in *SIZE, which
   may be NULL.  A NUL follows that does not count.  0; -ENOMEM. */
PLX_API int plx_buf_getvalue(const struct plx_buf *b, char **value,
			     size_t *size);

/* Cuts B off at SIZE, or fills it up with zeros; the position stays: 0.
   -EFBIG, -ENOMEM. */
PLX_API int plx_buf_truncate(struct plx_buf *b, size_t size);

/*
 * As a queue.
 */

/* Puts N bytes at the end: 0.  -EFBIG: beyond the limit; -ENOMEM. */
PLX_API int plx_buf_append(struct plx_buf *b, const void *data, size_t n);

/*
 * Room for at least one byte at the end, in *SPACE: how many there are, at
 * most N if that is not 0.  What is put there counts after plx_buf_commit
 * only, which is the next call of B.  -EFBIG, -ENOMEM.
 */
PLX_API ssize_t plx_buf_reserve(struct plx_buf *b, size_t n, void **space);
PLX_API void plx_buf_commit(struct plx_buf *b, size_t n);

/* The bytes that lie together at the beginning, in *DATA: how many; 0: B is
   empty.  They stay until they are consumed or written over. */
PLX_API size_t plx_buf_peek(const struct plx_buf *b, const void **data);

/* The same for up to N pieces, in order: how many pieces. */
PLX_API int plx_buf_peekv(const struct plx_buf *b, struct iovec *iov, int n);

/* Drops N bytes at the beginning, or all there are. */
PLX_API void plx_buf_consume(struct plx_buf *b, size_t n);

/* Where the N bytes of WHAT first begin, at START or later; -ENOENT: nowhere;
   -EINVAL: N is 0. */
PLX_API ssize_t plx_buf_find(const struct plx_buf *b, size_t start,
			     const void *what, size_t n);

/* Moves all of FROM to the end of TO, without copying: 0.  The places of FROM
   are then those of a buffer from which all was consumed.  -EFBIG. */
PLX_API int plx_buf_move(struct plx_buf *to, struct plx_buf *from);

PLX_END_DECLS

#endif
