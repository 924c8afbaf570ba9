/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/compress.h"

#include <errno.h>
#include <libdeflate.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "builder/image/compress_internal.h"
#include "builder/image/descriptor.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define GZIP_LEVEL  6
#define ZSTD_LEVEL  3
#define THREADS_MAX 8

/* ---- names ---- */

static const char *const names[] = {
	[COMPRESSION_NONE] = "uncompressed",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_ZSTD] = "zstd",
};

int compression_parse(const char *word, enum compression *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret = (enum compression)i;
			return 0;
		}
	}
	if (strcmp(word, "estargz") == 0)
		return error_set(err, -EOPNOTSUPP,
				 "compression 'estargz' is not supported: use gzip, zstd or "
				 "uncompressed");
	return error_set(err, -EINVAL, "unknown compression '%s': gzip, zstd or uncompressed",
			 word);
}

const char *compression_name(enum compression compression)
{
	return names[compression];
}

int compression_check_level(enum compression compression, int level, struct error *err)
{
	int max = compression == COMPRESSION_GZIP ? 9 : 22;

	if (level == COMPRESSION_LEVEL_DEFAULT)
		return 0;
	if (compression == COMPRESSION_NONE)
		return error_set(err, -EINVAL, "a compression level without compression");
	if (level < 0 || level > max)
		return error_set(err, -EINVAL, "compression level %d: %s has 0 to %d", level,
				 names[compression], max);
	return 0;
}

const char *compression_media_type(enum compression compression, bool docker)
{
	static const char *const oci[] = { MEDIA_OCI_LAYER, MEDIA_OCI_LAYER_GZIP,
					   MEDIA_OCI_LAYER_ZSTD };
	static const char *const docker_types[] = { MEDIA_DOCKER_LAYER, MEDIA_DOCKER_LAYER_GZIP,
						    MEDIA_DOCKER_LAYER_ZSTD };

	return docker ? docker_types[compression] : oci[compression];
}

int compression_of_media_type(const char *media_type, enum compression *ret, struct error *err)
{
	size_t length = strlen(media_type);
	const char *end;

	if (media_kind(media_type) != MEDIA_LAYER)
		return error_set(err, -EOPNOTSUPP, "'%.100s' is no layer of a file tree",
				 media_type);
	end = media_type + (length > 4 ? length - 4 : 0);
	if (strcmp(end, "gzip") == 0)
		*ret = COMPRESSION_GZIP;
	else if (strcmp(end, "zstd") == 0)
		*ret = COMPRESSION_ZSTD;
	else if (strcmp(end, ".tar") == 0)
		*ret = COMPRESSION_NONE;
	else
		return error_set(err, -EOPNOTSUPP, "layers of type '%.100s' are not supported",
				 media_type);
	return 0;
}

static int real_level(enum compression compression, int level)
{
	if (level != COMPRESSION_LEVEL_DEFAULT)
		return level;
	return compression == COMPRESSION_GZIP ? GZIP_LEVEL : ZSTD_LEVEL;
}

void compression_describe(enum compression compression, int level, struct buf *ret)
{
	level = real_level(compression, level);
	if (compression == COMPRESSION_GZIP)
		buf_add_format(ret, "gzip level %d block %zu libdeflate %s", level, GZIP_BLOCK,
			       LIBDEFLATE_VERSION_STRING);
	else if (compression == COMPRESSION_ZSTD)
		buf_add_format(ret, "zstd level %d library %s", level, ZSTD_versionString());
	else
		buf_add_string(ret, "uncompressed");
}

/* ---- zstd ---- */

struct zstd_compress {
	struct compress base;
	ZSTD_CCtx *context;
	bool busy; /* its workers may have something to do */
	char *output;
	size_t output_size;
};

static int zstd_run(struct zstd_compress *self, const void *data, size_t size,
		    ZSTD_EndDirective end, struct error *err)
{
	ZSTD_inBuffer in = { .src = data, .size = size };
	size_t left;

	do {
		ZSTD_outBuffer out = { .dst = self->output, .size = self->output_size };
		int r;

		self->busy = true;
		left = ZSTD_compressStream2(self->context, &out, &in, end);
		if (ZSTD_isError(left))
			return error_set(err, -EIO, "cannot compress: %s", ZSTD_getErrorName(left));
		r = sink_write(self->base.to, self->output, out.pos, err);
		if (r < 0)
			return r;
	} while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

static int zstd_write(struct byte_sink *sink, const void *data, size_t size, struct error *err)
{
	return zstd_run((struct zstd_compress *)sink, data, size, ZSTD_e_continue, err);
}

static int zstd_finish(struct compress *base, struct error *err)
{
	struct zstd_compress *self = (struct zstd_compress *)base;
	int r = zstd_run(self, NULL, 0, ZSTD_e_end, err);

	self->busy = r < 0;
	return r;
}

static void zstd_close(struct compress *base)
{
	struct zstd_compress *self = (struct zstd_compress *)base;

	/*
	 * Freeing waits for the workers, who have many MiB each to go: at high levels that takes the
	 * better part of a minute. Given up halfway they are left to the end of the process.
	 */
	if (!self->busy)
		ZSTD_freeCCtx(self->context);
	free(self->output);
	free(self);
}

static int zstd_open(int level, unsigned threads, struct compress **ret, struct error *err)
{
	struct zstd_compress *self = xcalloc(1, sizeof *self);
	size_t r;

	self->base = (struct compress){ .sink.write = zstd_write,
					.finish = zstd_finish,
					.close = zstd_close };
	self->output_size = ZSTD_CStreamOutSize();
	self->output = xmalloc(self->output_size);
	self->context = ZSTD_createCCtx();
	if (!self->context) {
		zstd_close(&self->base);
		return error_set(err, -ENOMEM, "cannot compress: out of memory");
	}
	r = ZSTD_CCtx_setParameter(self->context, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(self->context, ZSTD_c_checksumFlag, 1);
	/* One worker and many cut the input alike, none at all does not. */
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(self->context, ZSTD_c_nbWorkers, (int)threads);
	if (ZSTD_isError(r)) {
		zstd_close(&self->base);
		return error_set(err, -EOPNOTSUPP, "cannot compress: %s", ZSTD_getErrorName(r));
	}
	*ret = &self->base;
	return 0;
}

/* ---- none ---- */

static int plain_write(struct byte_sink *sink, const void *data, size_t size, struct error *err)
{
	return sink_write(((struct compress *)sink)->to, data, size, err);
}

static int plain_finish(struct compress *base, struct error *err)
{
	(void)base;
	(void)err;
	return 0;
}

static void plain_close(struct compress *base)
{
	free(base);
}

static struct compress *plain_open(void)
{
	struct compress *self = xcalloc(1, sizeof *self);

	*self = (struct compress){ .sink.write = plain_write,
				   .finish = plain_finish,
				   .close = plain_close };
	return self;
}

/* ---- all ---- */

static unsigned cpu_count(void)
{
	cpu_set_t set;
	unsigned count = 1;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = (unsigned)CPU_COUNT(&set);
	return count > THREADS_MAX ? THREADS_MAX : count;
}

int compress_open(enum compression compression, int level, unsigned threads, struct byte_sink *to,
		  struct compress **ret, struct error *err)
{
	int r = compression_check_level(compression, level, err);

	if (r < 0)
		return r;
	if (threads == 0)
		threads = cpu_count();
	level = real_level(compression, level);
	if (compression == COMPRESSION_GZIP)
		r = gzip_open(level, threads, ret, err);
	else if (compression == COMPRESSION_ZSTD)
		r = zstd_open(level, threads, ret, err);
	else
		*ret = plain_open();
	if (r < 0)
		return r;
	(*ret)->to = to;
	return 0;
}

struct byte_sink *compress_sink(struct compress *compress)
{
	return &compress->sink;
}

int compress_finish(struct compress *compress, struct error *err)
{
	return compress->finish(compress, err);
}

void compress_close(struct compress *compress)
{
	if (compress)
		compress->close(compress);
}
