/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/history/output_log.h"
#include "builder/history/output_log_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/compress.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/base/strings.h"
#include "fs/store/store.h"

struct output_log_reader {
	struct id_hex name;
	int fd;
	char *note;
	size_t note_size;
	struct decompressor *decompressor;
	char *chunks; /* of one frame */
	size_t size, at;
};

static int damaged(const struct output_log_reader *reader, struct error *err)
{
	return error_set(err, -EBADMSG, "what was kept of the output of state %s is damaged",
			 reader->name.text);
}

/* What fd_read_exactly() says of a file that ends too early is damage here. */
static int read_part(const struct output_log_reader *reader, void *data, size_t size,
		     struct error *err)
{
	int r = fd_read_exactly(reader->fd, data, size);

	if (r == -ENODATA)
		return damaged(reader, err);
	return r < 0 ? error_errno(err, r, "cannot read the journal of state %s", reader->name.text)
		     : 0;
}

static int read_note(struct output_log_reader *reader, struct error *err)
{
	uint8_t head[JOURNAL_MAGIC_SIZE + 8];
	void *note;
	int r = read_part(reader, head, sizeof head, err);

	if (r < 0)
		return r;
	reader->note_size = get_le32(head + JOURNAL_MAGIC_SIZE);
	if (memcmp(head, JOURNAL_MAGIC, JOURNAL_MAGIC_SIZE) != 0 ||
	    alloc_bounded(reader->note_size, JOURNAL_NOTE_MAX, &note) < 0)
		return damaged(reader, err);
	reader->note = note;
	r = read_part(reader, note, reader->note_size, err);
	if (r == 0 && crc32c(0, note, reader->note_size) != get_le32(head + JOURNAL_MAGIC_SIZE + 4))
		r = damaged(reader, err);
	return r;
}

int output_log_open(struct store *store, const struct object_id *snapshot,
		    struct output_log_reader **ret, struct error *err)
{
	cleanup_with(output_log_close) struct output_log_reader *reader =
		xcalloc(1, sizeof *reader);
	char path[JOURNAL_PATH_MAX];
	int r;

	reader->name = object_id_hex(snapshot);
	snprintf(path, sizeof path, JOURNAL_DIR "/%s", reader->name.text);
	reader->fd = openat(store_dir_fd(store), path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (reader->fd < 0 && errno == ENOENT)
		return 0;
	if (reader->fd < 0)
		return error_errno(err, -errno, "cannot open '%s/%s'", store_path(store), path);
	r = read_note(reader, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&reader);
	return 1;
}

const void *output_log_note(const struct output_log_reader *reader, size_t *ret_size)
{
	*ret_size = reader->note_size;
	return reader->note;
}

/* The next frame: 1, or 0 at the end of the file. */
static int read_frame(struct output_log_reader *reader, struct error *err)
{
	cleanup_free uint8_t *stored = NULL;
	uint8_t head[JOURNAL_FRAME_HEAD];
	size_t size, stored_size;
	ssize_t n;
	int r;

	do {
		n = read(reader->fd, head, 1);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? error_errno(err, -errno, "cannot read the journal of state %s",
					   reader->name.text)
			     : 0;
	r = read_part(reader, head + 1, sizeof head - 1, err);
	if (r < 0)
		return r;
	size = get_le32(head);
	stored_size = get_le32(head + 4);
	if (size == 0 || size > JOURNAL_FRAME_MAX || stored_size > compressor_bound(size))
		return damaged(reader, err);
	stored = xmalloc(stored_size);
	r = read_part(reader, stored, stored_size, err);
	if (r < 0)
		return r;
	if (!reader->decompressor)
		reader->decompressor = decompressor_new();
	if (!reader->chunks)
		reader->chunks = xmalloc(JOURNAL_FRAME_MAX);
	if (crc32c(0, stored, stored_size) != get_le32(head + 8) ||
	    decompressor_run(reader->decompressor, stored, stored_size, reader->chunks, size) < 0)
		return damaged(reader, err);
	reader->size = size;
	reader->at = 0;
	return 1;
}

int output_log_next(struct output_log_reader *reader, struct output_log_chunk *ret,
		    struct error *err)
{
	const uint8_t *head;
	size_t size;

	if (reader->at == reader->size) {
		int r = read_frame(reader, err);

		if (r <= 0)
			return r;
	}
	if (reader->size - reader->at < JOURNAL_CHUNK_HEAD)
		return damaged(reader, err);
	head = (const uint8_t *)reader->chunks + reader->at;
	size = get_le32(head + 4) >> 1;
	reader->at += JOURNAL_CHUNK_HEAD;
	if (size > reader->size - reader->at)
		return damaged(reader, err);
	*ret = (struct output_log_chunk){ .time_ms = get_le32(head),
					  .stream = (int)(get_le32(head + 4) & 1) + 1,
					  .data = reader->chunks + reader->at,
					  .size = size };
	reader->at += size;
	return 1;
}

void output_log_close(struct output_log_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	decompressor_free(reader->decompressor);
	free(reader->chunks);
	free(reader->note);
	free(reader);
}

/* ---- all of them ---- */

int output_log_list(struct store *store, struct output_log_list *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int store_fd = store_dir_fd(store);
	int r = dir_list(store_fd, JOURNAL_DIR, &names);

	if (r < 0)
		return r == -ENOENT ? 0
				    : error_errno(err, r, "cannot list '%s/" JOURNAL_DIR "'",
						  store_path(store));
	for (size_t i = 0; i < names.count; i++) {
		cleanup_free char *path = xasprintf(JOURNAL_DIR "/%s", names.items[i]);
		struct output_log_entry entry;
		struct stat facts;

		if (object_id_parse(names.items[i], &entry.snapshot) < 0 ||
		    fstatat(store_fd, path, &facts, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		/* An image shares it with its state. */
		entry.size = (uint64_t)facts.st_blocks * 512 / facts.st_nlink;
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = entry;
	}
	return 0;
}

void output_log_list_release(struct output_log_list *list)
{
	free(list->items);
	*list = (struct output_log_list){ 0 };
}

int output_log_sweep(struct store *store, uint64_t *ret_bytes, struct error *err)
{
	cleanup_with(output_log_list_release) struct output_log_list list = { 0 };
	int r = output_log_list(store, &list, err);

	for (size_t i = 0; i < list.count && r >= 0; i++) {
		struct object_info info;
		cleanup_free char *path = NULL;

		r = store_stat(store, &list.items[i].snapshot, &info, err);
		if (r != 0)
			continue;
		path = xasprintf(JOURNAL_DIR "/%s", object_id_hex(&list.items[i].snapshot).text);
		if (unlinkat(store_dir_fd(store), path, 0) == 0)
			*ret_bytes += list.items[i].size;
		else if (errno != ENOENT)
			r = error_errno(err, -errno, "cannot remove '%s/%s'", store_path(store),
					path);
	}
	return r < 0 ? r : 0;
}
