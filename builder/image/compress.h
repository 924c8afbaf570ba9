/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressing layers. The same input, level and library give the same bytes, however many
 * threads there are and however the input is cut into writes.
 *
 * gzip: the input is cut into blocks of GZIP_BLOCK bytes, and each becomes a member of its own,
 * without a name and with the time 0, so that all cores can work; members behind one another are
 * one stream to whoever reads gzip. libdeflate makes them in a third of zlib's time, and they are
 * smaller; it cannot go on where another block ended, hence the members. zstd: its own jobs.
 */
#pragma once

#include "builder/image/stream.h"

#define GZIP_BLOCK ((size_t)1 << 20)

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

#define COMPRESSION_LEVEL_DEFAULT (-1)

/* "gzip", "zstd", "uncompressed"; -EINVAL, or -EOPNOTSUPP for "estargz". */
int compression_parse(const char *word, enum compression *ret, struct error *err);
const char *compression_name(enum compression compression);
/* -EINVAL when the method has no such level. */
int compression_check_level(enum compression compression, int level, struct error *err);
/* Of a layer. */
const char *compression_media_type(enum compression compression, bool docker);
/* What the media type of a layer says; -EOPNOTSUPP when it says something else. */
int compression_of_media_type(const char *media_type, enum compression *ret, struct error *err);
/* All that decides over the compressed bytes beside the input, in words: for keys. */
void compression_describe(enum compression compression, int level, struct buf *ret);

struct compress;

/* `threads` 0: as many as there are CPUs, up to 8. `to` outlives the result. */
int compress_open(enum compression compression, int level, unsigned threads, struct byte_sink *to,
		  struct compress **ret, struct error *err);
/* What is to be compressed goes in here. */
struct byte_sink *compress_sink(struct compress *compress);
/* Write what is left; then only close. */
int compress_finish(struct compress *compress, struct error *err);
void compress_close(struct compress *compress);
DEFINE_CLEANUP(struct compress *, compress_close);
