/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/history/output_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/history/output_log_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/clock.h"
#include "fs/base/compress.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/store/store.h"

#define LEVEL 3

struct output_log {
	struct store *store;
	int dir_fd; /* of the unfinished file */
	char name[40];
	int fd;
	uint64_t started_ns;
	struct buf pending; /* chunks that are in no frame yet */
	struct compressor *compressor;
	uint64_t kept; /* bytes of output */
	bool clipped;
	int result; /* of what was written so far */
};

static int write_head(struct output_log *journal, const void *note, size_t size)
{
	struct buf head = { 0 };
	int r;

	buf_append(&head, JOURNAL_MAGIC, JOURNAL_MAGIC_SIZE);
	buf_add_le32(&head, (uint32_t)size);
	buf_add_le32(&head, crc32c(0, note, size));
	buf_append(&head, note, size);
	r = fd_write_all(journal->fd, head.data, head.length);
	buf_release(&head);
	return r;
}

int output_log_begin(struct store *store, struct store_lease *lease, const void *note, size_t size,
		     struct output_log **ret, struct error *err)
{
	static unsigned serials;
	cleanup_with(output_log_free) struct output_log *journal = xcalloc(1, sizeof *journal);
	int r;

	journal->store = store;
	journal->dir_fd = store_lease_tmp_fd(lease);
	journal->fd = -1;
	journal->started_ns = clock_monotonic_ns();
	if (size > JOURNAL_NOTE_MAX)
		return error_set(err, -E2BIG, "the note on a step is longer than 16 MiB");
	snprintf(journal->name, sizeof journal->name, ".journal.%u",
		 __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED));
	journal->fd = openat(journal->dir_fd, journal->name,
			     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (journal->fd < 0)
		return error_errno(err, -errno, "cannot keep the output of a step");
	r = write_head(journal, note, size);
	if (r < 0)
		return error_errno(err, r, "cannot keep the output of a step");
	*ret = take_ptr(&journal);
	return 0;
}

/* Put what is pending into a frame. */
static int flush(struct output_log *journal)
{
	cleanup_free uint8_t *frame = NULL;
	size_t size = journal->pending.length, bound, stored;
	int r;

	if (size == 0)
		return 0;
	if (!journal->compressor)
		journal->compressor = compressor_new(LEVEL);
	bound = compressor_bound(size);
	frame = xmalloc(JOURNAL_FRAME_HEAD + bound);
	r = compressor_run(journal->compressor, journal->pending.data, size,
			   frame + JOURNAL_FRAME_HEAD, bound, &stored);
	if (r < 0)
		return r;
	put_le32(frame, (uint32_t)size);
	put_le32(frame + 4, (uint32_t)stored);
	put_le32(frame + 8, crc32c(0, frame + JOURNAL_FRAME_HEAD, stored));
	buf_clear(&journal->pending);
	return fd_write_all(journal->fd, frame, JOURNAL_FRAME_HEAD + stored);
}

static void add_chunk(struct output_log *journal, int stream, const void *data, size_t size)
{
	uint64_t ms = (clock_monotonic_ns() - journal->started_ns) / 1000000;

	buf_add_le32(&journal->pending, ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms);
	buf_add_le32(&journal->pending, (uint32_t)(size << 1 | (stream == 2)));
	buf_append(&journal->pending, data, size);
	if (journal->pending.length >= JOURNAL_FRAME_SIZE)
		journal->result = flush(journal);
}

void output_log_add(struct output_log *journal, int stream, const void *data, size_t size)
{
	static const char clipped[] =
		"\n[what came behind this was not kept: a step's log ends at 256 MiB]\n";
	const char *at = data;

	if (journal->clipped)
		return;
	while (size > 0 && journal->result == 0) {
		size_t n = size < JOURNAL_CHUNK_MAX ? size : JOURNAL_CHUNK_MAX;

		add_chunk(journal, stream, at, n);
		journal->kept += n;
		at += n;
		size -= n;
		if (journal->kept < JOURNAL_OUTPUT_MAX || journal->result < 0)
			continue;
		journal->clipped = true;
		add_chunk(journal, 2, clipped, sizeof clipped - 1);
		return;
	}
}

static void make_path(const struct object_id *snapshot, char ret[JOURNAL_PATH_MAX])
{
	snprintf(ret, JOURNAL_PATH_MAX, JOURNAL_DIR "/%s", object_id_hex(snapshot).text);
}

int output_log_finish(struct output_log *journal, const struct object_id *snapshot,
		      struct error *err)
{
	int store_fd = store_dir_fd(journal->store);
	char path[JOURNAL_PATH_MAX];
	int r = journal->result;

	if (r == 0)
		r = flush(journal);
	if (r < 0)
		return error_errno(err, r, "the output of a step was not kept");
	make_path(snapshot, path);
	if (renameat(journal->dir_fd, journal->name, store_fd, path) < 0) {
		r = errno == ENOENT ? dir_make(store_fd, JOURNAL_DIR, 0700) : -errno;
		if (r == 0 && renameat(journal->dir_fd, journal->name, store_fd, path) < 0)
			r = -errno;
	}
	if (r < 0)
		return error_errno(err, r, "the output of a step was not kept");
	journal->name[0] = '\0';
	return 0;
}

void output_log_share(struct store *store, const struct object_id *state,
		      const struct object_id *image)
{
	char from[JOURNAL_PATH_MAX], to[JOURNAL_PATH_MAX];
	int store_fd = store_dir_fd(store);

	make_path(state, from);
	make_path(image, to);
	(void)!linkat(store_fd, from, store_fd, to, 0);
}

void output_log_free(struct output_log *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->fd >= 0 && journal->name[0])
		(void)unlinkat(journal->dir_fd, journal->name, 0);
	compressor_free(journal->compressor);
	buf_release(&journal->pending);
	free(journal);
}
