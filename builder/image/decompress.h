/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compressed stream holds: gzip, zstd, bzip2, xz, or nothing of the kind, told by its
 * first bytes. Several members or frames in a row are one stream, as the tools read them.
 */
#pragma once

#include "builder/image/stream.h"

struct decompress;

/* Read `from`, which outlives the result, through what it is compressed with. */
int decompress_open(struct byte_source *from, struct decompress **ret, struct error *err);
/* The plain bytes; good as long as `decompress`. */
struct byte_source *decompress_source(struct decompress *decompress);
/* Was there anything to undo? Known once a byte has been read. */
bool decompress_was_compressed(const struct decompress *decompress);
void decompress_close(struct decompress *decompress);
DEFINE_CLEANUP(struct decompress *, decompress_close);

/* Bytes that tell what a stream is compressed with. */
#define COMPRESSION_MAGIC_SIZE 6
enum compression_seen { SEEN_PLAIN, SEEN_GZIP, SEEN_ZSTD, SEEN_BZIP2, SEEN_XZ };
enum compression_seen compression_sniff(const void *data, size_t size);
