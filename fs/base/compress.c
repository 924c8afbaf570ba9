/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/compress.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd.h>

#include "fs/base/alloc.h"

/* Both types are zstd's own contexts under names that say what we use them for. */
struct compressor {
	ZSTD_CCtx *context;
};

struct decompressor {
	ZSTD_DCtx *context;
};

struct compressor *compressor_new(int level)
{
	struct compressor *compressor = xmalloc(sizeof *compressor);

	compressor->context = ZSTD_createCCtx();
	if (!compressor->context)
		abort();
	ZSTD_CCtx_setParameter(compressor->context, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(compressor->context, ZSTD_c_checksumFlag, 1);
	return compressor;
}

void compressor_free(struct compressor *compressor)
{
	if (!compressor)
		return;
	ZSTD_freeCCtx(compressor->context);
	free(compressor);
}

size_t compressor_bound(size_t size)
{
	return ZSTD_compressBound(size);
}

int compressor_run(struct compressor *compressor, const void *data, size_t size, void *out,
		   size_t capacity, size_t *ret_size)
{
	size_t n = ZSTD_compress2(compressor->context, out, capacity, data, size);

	if (ZSTD_isError(n))
		return -E2BIG;
	*ret_size = n;
	return 0;
}

struct decompressor *decompressor_new(void)
{
	struct decompressor *decompressor = xmalloc(sizeof *decompressor);

	decompressor->context = ZSTD_createDCtx();
	if (!decompressor->context)
		abort();
	return decompressor;
}

void decompressor_free(struct decompressor *decompressor)
{
	if (!decompressor)
		return;
	ZSTD_freeDCtx(decompressor->context);
	free(decompressor);
}

int decompressor_run(struct decompressor *decompressor, const void *data, size_t size, void *out,
		     size_t out_size)
{
	size_t n = ZSTD_decompressDCtx(decompressor->context, out, out_size, data, size);

	return ZSTD_isError(n) || n != out_size ? -EBADMSG : 0;
}
