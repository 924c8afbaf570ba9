/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/solve/live_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/fd.h"

#define HEAD       4
#define RECORD_MAX ((size_t)1 << 20)
#define KIND_LABEL 0

/* ---- writing ---- */

/* In one piece: a reader sees all of it or waits for the rest. */
static void put(struct live_log *live, unsigned kind, const void *data, size_t size)
{
	cleanup_with(buf_release) struct buf record = { 0 };

	buf_add_le32(&record, (uint32_t)(size << 2 | kind));
	buf_append(&record, data, size);
	if (fd_write_all(live->fd, record.data, record.length) < 0)
		live->fd = -1; /* what follows would be misread */
	live->size += record.length;
}

void live_log_begin(struct live_log *live, int fd, const char *label)
{
	size_t length = strnlen(label, LIVE_LABEL_MAX);

	*live = (struct live_log){ .fd = fd };
	if (ftruncate(fd, 0) < 0)
		live->fd = -1;
	else
		put(live, KIND_LABEL, label, length);
}

void live_log_add(struct live_log *live, int stream, const void *data, size_t size)
{
	static const char clipped[] = "[the rest is shown when it has ended: varve log]\n";
	const char *at = data;

	while (live->fd >= 0 && size > 0) {
		size_t n = size < RECORD_MAX ? size : RECORD_MAX;

		put(live, stream == 2 ? 2 : 1, at, n);
		at += n;
		size -= n;
		if (live->size < LIVE_LOG_MAX)
			continue;
		put(live, 2, clipped, sizeof clipped - 1);
		live->fd = -1;
	}
}

/* ---- reading ---- */

/* 1 and the record at `at`, whose bytes the caller frees; 0 when it is not (wholly) there; -EPROTO. */
static int read_record(int fd, uint64_t at, unsigned *ret_kind, char **ret, size_t *ret_size)
{
	cleanup_free char *data = NULL;
	uint8_t head[HEAD];
	uint32_t word;

	if (pread(fd, head, HEAD, (off_t)at) != HEAD)
		return 0;
	word = get_le32(head);
	*ret_kind = word & 3;
	*ret_size = word >> 2;
	if (*ret_size > RECORD_MAX || *ret_kind > 2 ||
	    (*ret_kind == KIND_LABEL && *ret_size > LIVE_LABEL_MAX))
		return -EPROTO;
	data = xcalloc(*ret_size + 1, 1);
	if (pread(fd, data, *ret_size, (off_t)at + HEAD) != (ssize_t)*ret_size)
		return 0;
	*ret = take_ptr(&data);
	return 1;
}

/* Who is doing it now. When that is somebody else, all begins anew. */
static bool check_label(struct live_reader *reader)
{
	cleanup_free char *label = NULL;
	unsigned kind;
	size_t size;
	int r = read_record(reader->fd, 0, &kind, &label, &size);

	if (r <= 0 || kind != KIND_LABEL) {
		reader->foreign = r != 0;
		return false;
	}
	if (reader->label && strcmp(reader->label, label) == 0)
		return true;
	free(reader->label);
	reader->label = take_ptr(&label);
	reader->at = HEAD + size;
	reader->began(reader->context, reader->label);
	return true;
}

static void read_on(struct live_reader *reader)
{
	if (reader->fd < 0 || reader->foreign || !check_label(reader))
		return;
	for (;;) {
		cleanup_free char *data = NULL;
		unsigned kind;
		size_t size;
		int r = read_record(reader->fd, reader->at, &kind, &data, &size);

		reader->foreign = r < 0 || (r > 0 && kind == KIND_LABEL);
		if (r <= 0 || reader->foreign)
			return;
		reader->at += HEAD + size;
		reader->log(reader->context, (int)kind, data, size);
	}
}

static bool same_file(int one, int other)
{
	struct stat a, b;

	return one >= 0 && fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

void live_reader_follow(struct live_reader *reader, int fd)
{
	if (!same_file(reader->fd, fd)) {
		live_reader_finish(reader);
		reader->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	read_on(reader);
}

void live_reader_finish(struct live_reader *reader)
{
	read_on(reader);
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
	reader->at = 0;
	reader->foreign = false;
	free(take_ptr(&reader->label));
}
