/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/step_index.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"
#include "fs/store/id_map.h"
#include "fs/store/step_file.h"

/* Far above what is ever reached before the log is put into the table. */
#define LOG_MAX ((uint64_t)256 << 20)

struct step_index {
	int dir_fd;
	pthread_mutex_t lock; /* guards the rest */

	int log_fd; /* kept open, so that no other file can get its inode number */
	dev_t log_device;
	ino_t log_inode;
	uint64_t log_parsed;     /* bytes of it that are in `logged` */
	struct step_list logged; /* the newest success of each key in the log */
	struct id_map by_key;    /* positions in that */

	void *map; /* of the table */
	size_t map_size;
	struct step_table table;
};

struct step_index *step_index_new(int dir_fd)
{
	struct step_index *index = xcalloc(1, sizeof *index);

	index->dir_fd = dir_fd;
	index->log_fd = -1;
	pthread_mutex_init(&index->lock, NULL);
	return index;
}

static void forget(struct step_index *index)
{
	step_list_release(&index->logged);
	id_map_release(&index->by_key);
	if (index->log_fd >= 0)
		close(index->log_fd);
	index->log_fd = -1;
	index->log_inode = 0;
	index->log_parsed = 0;
	if (index->map)
		(void)munmap(index->map, index->map_size);
	index->map = NULL;
	index->table = (struct step_table){ 0 };
}

void step_index_free(struct step_index *index)
{
	if (!index)
		return;
	forget(index);
	pthread_mutex_destroy(&index->lock);
	free(index);
}

static void remember(struct step_index *index, const struct step_record *record)
{
	size_t i;

	if (record->flags & STEP_FAILED)
		return;
	if (!id_map_find(&index->by_key, &record->key, &i)) {
		id_map_put(&index->by_key, &record->key, index->logged.count);
		step_list_add(&index->logged, record);
	} else if (record->created_s >= index->logged.items[i].created_s) {
		index->logged.items[i] = *record;
	}
}

/* Take in what was appended since. */
static int read_tail(struct step_index *index, uint64_t size, struct error *err)
{
	cleanup_free uint8_t *tail = NULL;
	struct step_record record;
	size_t length, offset = 0;
	void *memory;
	int r;

	if (size <= index->log_parsed)
		return 0;
	r = alloc_bounded((size_t)(size - index->log_parsed), LOG_MAX, &memory);
	if (r < 0)
		return error_errno(err, r, "cannot read 'steps.log'");
	tail = memory;
	length = (size_t)(size - index->log_parsed);
	r = fd_pread_exactly(index->log_fd, tail, length, index->log_parsed);
	if (r < 0)
		return error_errno(err, r, "cannot read 'steps.log'");
	while (step_log_next(tail, length, &offset, &record))
		remember(index, &record);
	index->log_parsed += offset;
	return 0;
}

/* A table that is damaged beyond use is none: its steps are misses until fsck. */
static int map_table(struct step_index *index, struct error *err)
{
	cleanup_fd int fd = openat(index->dir_fd, "steps.tab", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot open 'steps.tab'");
	if (st.st_size == 0)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return error_errno(err, -errno, "cannot map 'steps.tab'");
	index->map = map;
	index->map_size = (size_t)st.st_size;
	(void)step_table_parse(map, index->map_size, &index->table, NULL);
	return 0;
}

/*
 * Both files are there under new inodes once somebody has put them together: table first, then the
 * log. Opening them the other way round sees every record at least once.
 */
static int reopen(struct step_index *index, struct error *err)
{
	struct stat st;

	forget(index);
	index->log_fd = openat(index->dir_fd, "steps.log", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (index->log_fd < 0 && errno != ENOENT)
		return error_errno(err, -errno, "cannot open 'steps.log'");
	if (index->log_fd >= 0) {
		if (fstat(index->log_fd, &st) < 0)
			return error_errno(err, -errno, "cannot open 'steps.log'");
		index->log_device = st.st_dev;
		index->log_inode = st.st_ino;
	}
	return map_table(index, err);
}

static int keep_up(struct step_index *index, struct error *err)
{
	struct stat st;
	int r;

	if (fstatat(index->dir_fd, "steps.log", &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_errno(err, -errno, "cannot look at 'steps.log'");
		return index->log_fd >= 0 || !index->map ? reopen(index, err) : 0;
	}
	if (index->log_fd < 0 || st.st_ino != index->log_inode || st.st_dev != index->log_device) {
		r = reopen(index, err);
		if (r < 0 || index->log_fd < 0)
			return r;
		if (fstat(index->log_fd, &st) < 0)
			return error_errno(err, -errno, "cannot look at 'steps.log'");
	}
	return read_tail(index, (uint64_t)st.st_size, err);
}

int step_index_find(struct step_index *index, const struct object_id *key, struct step_record *ret,
		    struct error *err)
{
	struct step_record in_table = { 0 };
	const struct step_record *logged = NULL;
	bool found = false;
	size_t i;
	int r;

	pthread_mutex_lock(&index->lock);
	r = keep_up(index, err);
	if (r == 0) {
		if (id_map_find(&index->by_key, key, &i))
			logged = &index->logged.items[i];
		found = step_table_find(&index->table, key, &in_table) &&
			!(in_table.flags & STEP_FAILED);
		if (logged && (!found || logged->created_s >= in_table.created_s))
			*ret = *logged;
		else if (found)
			*ret = in_table;
		r = logged || found;
	}
	pthread_mutex_unlock(&index->lock);
	return r;
}

/* Without caches */

static int read_whole(int dir_fd, const char *name, struct buf *ret, struct error *err)
{
	int r = file_read(dir_fd, name, LOG_MAX, ret);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, r, "cannot read '%s'", name);
	return 0;
}

static void take_table(const struct buf *bytes, struct step_list *ret, struct strings *problems)
{
	const uint8_t *data = (const uint8_t *)bytes->data;
	struct step_table table = { 0 };
	struct error err = { 0 };
	struct step_record record;
	size_t bad = 0, offset = 0;

	if (bytes->length == 0)
		return;
	if (step_table_parse(data, bytes->length, &table, &err) < 0) {
		if (problems)
			strings_add_format(problems, "steps.tab: %s", err.text);
		/* Its records can be found as those of a log. */
		while (step_log_next(data, bytes->length, &offset, &record))
			step_list_add(ret, &record);
		return;
	}
	for (size_t i = 0; i < table.count; i++) {
		if (step_record_decode(table.records + i * STEP_RECORD_SIZE, &record))
			step_list_add(ret, &record);
		else
			bad++;
	}
	if (problems && bad)
		strings_add_format(problems,
				   "steps.tab: %zu records are damaged and count as misses", bad);
	else if (problems && !step_table_is_sound(data, bytes->length))
		strings_add(problems, "steps.tab: it has changed since it was written");
}

int step_files_read(int dir_fd, struct step_list *ret, struct strings *ret_problems,
		    struct error *err)
{
	cleanup_with(buf_release) struct buf log = { 0 };
	cleanup_with(buf_release) struct buf table = { 0 };
	struct step_record record;
	size_t offset = 0;
	int r = read_whole(dir_fd, "steps.log", &log, err);

	if (r == 0)
		r = read_whole(dir_fd, "steps.tab", &table, err);
	if (r < 0)
		return r;
	take_table(&table, ret, ret_problems);
	while (step_log_next((const uint8_t *)buf_string(&log), log.length, &offset, &record))
		step_list_add(ret, &record);
	return 0;
}

int step_files_replace(int dir_fd, const struct step_list *list, struct error *err)
{
	cleanup_with(buf_release) struct buf table = { 0 };
	int r = fault("steps.merge");

	step_table_encode(list, &table);
	if (r == 0)
		r = file_replace(dir_fd, "steps.tab", table.data, table.length, 0600, true);
	if (r == 0)
		r = fault("steps.merged");
	if (r == 0)
		r = file_replace(dir_fd, "steps.log", "", 0, 0600, true);
	if (r < 0)
		return error_errno(err, r, "cannot write the index of steps");
	return 0;
}
