/* SPDX-License-Identifier: Apache-2.0 */
/* zstd frames of known size, with a context that is kept from one to the next. */
#pragma once

#include <stddef.h>

struct compressor;
struct decompressor;

struct compressor *compressor_new(int level);
void compressor_free(struct compressor *compressor);
/* Room that `size` bytes may take at most. */
size_t compressor_bound(size_t size);
/* One frame into `out`: its size in *ret_size, or -E2BIG when `capacity` is not enough. */
int compressor_run(struct compressor *compressor, const void *data, size_t size, void *out,
		   size_t capacity, size_t *ret_size);

struct decompressor *decompressor_new(void);
void decompressor_free(struct decompressor *decompressor);
/* Exactly `out_size` bytes out of one frame, or -EBADMSG. */
int decompressor_run(struct decompressor *decompressor, const void *data, size_t size, void *out,
		     size_t out_size);
