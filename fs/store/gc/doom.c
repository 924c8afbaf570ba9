/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/doom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/store_internal.h"

#define LIST_MAX ((size_t)64 << 20)

int doom_prepare(struct store *store, int tmp_fd, const struct strings *names, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r;

	for (size_t i = 0; i < names->count; i++)
		buf_add_format(&text, "%s.pk\n", names->items[i]);
	r = file_replace(tmp_fd, "doomed", text.data, text.length, 0600, true);
	if (r < 0)
		return error_errno(err, r, "cannot write to '%s/tmp'", store->path);
	return 0;
}

/* Called with gc.gen odd: nobody believes what it finds in packs/ before this is through. */
static int remove_packs(struct store *store, int tmp_fd, const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		char name[PACK_NAME_SIZE + 3];
		int r = fault("gc.unlink");

		if (r < 0)
			return r;
		snprintf(name, sizeof name, "%s.pk", names->items[i]);
		/* Freeing the space of a large file takes long: not now. */
		if (renameat(store->packs_fd, name, tmp_fd, name) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int doom_carry_out(struct store *store, int tmp_fd, const struct strings *names, struct error *err)
{
	uint64_t generation;
	int r = store_generation_read(store, &generation, err);

	if (r == 0)
		r = store_generation_write(store, generation | 1, err);
	if (r < 0)
		return r;
	r = fault("gc.doom");
	if (r == 0 && renameat(tmp_fd, "doomed", store->dir_fd, "gc.doomed") < 0)
		r = -errno;
	if (r == 0)
		r = remove_packs(store, tmp_fd, names);
	if (r == 0 && unlinkat(store->dir_fd, "gc.doomed", 0) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot remove packs of the store '%s'", store->path);
	return store_generation_write(store, (generation | 1) + 1, err);
}

bool doom_is_pending(const struct store *store)
{
	return faccessat(store->dir_fd, "gc.doomed", F_OK, 0) == 0;
}

static int finish_locked(struct store *store, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	uint64_t generation;
	int r = file_read(store->dir_fd, "gc.doomed", LIST_MAX, &text);
	char *rest = text.data, *line;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		char name[PACK_NAME_SIZE];

		if (pack_name_parse(line, name) && unlinkat(store->packs_fd, line, 0) < 0 &&
		    errno != ENOENT)
			r = -errno;
	}
	if (r == 0 && unlinkat(store->dir_fd, "gc.doomed", 0) < 0)
		r = -errno;
	if (r < 0 && r != -ENOENT)
		return error_errno(err, r, "cannot finish collecting garbage in '%s'", store->path);
	r = store_generation_read(store, &generation, err);
	if (r == 0 && (generation & 1))
		r = store_generation_write(store, generation + 1, err);
	return r;
}

int doom_finish(struct store *store, struct error *err)
{
	struct store_lock lock;
	uint64_t generation;
	int r = store_generation_read(store, &generation, err);

	if (r < 0)
		return r;
	if (generation % 2 == 0 && !doom_is_pending(store))
		return 0;
	r = store_lock_exclusive(store, true, &lock, err);
	if (r < 0)
		return r;
	r = finish_locked(store, err);
	store_lock_release(store, &lock);
	return r;
}
