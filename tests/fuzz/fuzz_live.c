/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another process writes while it does a step. Whatever the bytes, and in whatever pieces they
 * are found there: the same is passed on as when all had been there at once, and no more than that.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/solve/live_log.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void began(void *context, const char *label)
{
	if (strlen(label) > LIVE_LABEL_MAX)
		abort();
	buf_add_format(context, "<%s>", label);
}

static void said(void *context, int stream, const void *data, size_t size)
{
	if (stream != 1 && stream != 2)
		abort();
	buf_add_format(context, "%d:", stream);
	buf_append(context, data, size);
}

/* Follow a file that grows by `piece` bytes. */
static void follow(const uint8_t *data, size_t size, size_t piece, struct buf *ret)
{
	struct live_reader reader = { .fd = -1, .context = ret, .began = began, .log = said };
	int fd = memfd_create("key", MFD_CLOEXEC);

	for (size_t at = 0; at < size; at += piece) {
		if (fd_write_all(fd, data + at, size - at < piece ? size - at : piece) < 0)
			abort();
		live_reader_follow(&reader, fd);
	}
	live_reader_finish(&reader);
	if (reader.fd >= 0 || reader.label)
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };
	size_t piece;

	if (size < 2 || size > 1 << 16)
		return 0;
	piece = (size_t)data[0] % 64 + size / 64 + 1;
	follow(data + 1, size - 1, size, &whole);
	follow(data + 1, size - 1, piece, &pieces);
	/* A head is four bytes, what is shown in its place two. */
	if (whole.length > size || whole.length != pieces.length ||
	    (whole.length > 0 && memcmp(whole.data, pieces.data, whole.length) != 0))
		abort();
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
