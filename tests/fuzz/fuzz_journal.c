/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a workspace, and what is known of a keyed snapshot. The first byte says which, and
 * of a journal whether the rest are whole frames or the records of one batch.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/base/wire.h"
#include "fs/overlay/journal.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/keyed_internal.h"
#include "fs/store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/varve-fuzz.XXXXXX";
static struct store *store;
static struct store_lease *lease;
static int changes_fd = -1;

static void clean_up(void)
{
	store_lease_end(lease);
	store_close(store);
	close(changes_fd);
	(void)dir_remove_all(AT_FDCWD, directory);
}

static void set_up(void)
{
	if (store)
		return;
	if (!mkdtemp(directory) || store_open(directory, STORE_CREATE, &store, NULL) < 0 ||
	    store_lease_begin(store, &lease, NULL) < 0 ||
	    dir_make(store_dir_fd(store), "changes", 0700) < 0)
		abort();
	changes_fd = openat(store_dir_fd(store), "changes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)atexit(clean_up);
}

static void add_frame(struct buf *file, const void *data, size_t size)
{
	buf_add_le32(file, (uint32_t)size);
	buf_add_le32(file, crc32c(0, data, size));
	buf_append(file, data, size);
}

static void write_journal(const uint8_t *data, size_t size, bool whole)
{
	cleanup_with(buf_release) struct buf file = { 0 }, batch = { 0 };
	const struct object_id none = { 0 };

	buf_add_string(&file, JOURNAL_MAGIC);
	buf_append(&file, none.bytes, OBJECT_ID_SIZE);
	buf_add_le32(&file, crc32c(0, file.data, file.length));
	if (whole) {
		buf_append(&file, data, size);
	} else {
		wire_put_u32(&batch, JOURNAL_BATCH);
		wire_put_u32(&batch, 1);
		buf_append(&batch, data, size);
		add_frame(&file, batch.data, batch.length);
	}
	if (file_replace(changes_fd, "journal", file.data, file.length, 0600, false) < 0)
		abort();
}

/* What could be taken up can be taken up again, and be synced. */
static void fuzz_journal(const uint8_t *data, size_t size, bool whole)
{
	struct overlay *overlay;

	set_up();
	write_journal(data, size, whole);
	if (overlay_open_kept(store, NULL, NULL, changes_fd, "journal", &overlay, NULL) < 0)
		return;
	overlay_close(overlay);
	if (overlay_open_kept(store, lease, NULL, changes_fd, "journal", &overlay, NULL) < 0)
		return;
	if (overlay_sync(overlay, NULL) < 0)
		abort();
	overlay_close(overlay);
	if (overlay_open_kept(store, lease, NULL, changes_fd, "journal", &overlay, NULL) < 0)
		abort();
	overlay_close(overlay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = NULL;
	struct keyed keyed = { 0 };

	if (size == 0)
		return 0;
	if (data[0] == 'i') {
		text = xstrndup((const char *)data + 1, size - 1);
		if (keyed_parse_info(text, &keyed) == 0)
			keyed_release(&keyed);
		return 0;
	}
	fuzz_journal(data + 1, size - 1, data[0] == 'w');
	return 0;
}
