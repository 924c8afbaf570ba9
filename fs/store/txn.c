/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering objects and names for a commit. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/ref_file.h"
#include "fs/store/txn_internal.h"

int store_txn_begin(struct store *store, struct store_lease *lease, struct store_txn **ret,
		    struct error *err)
{
	static unsigned serials;
	struct store_txn *txn;
	int r;

	if (store->read_only)
		return error_set(err, -EROFS, "the store '%s' is open for reading only",
				 store->path);
	txn = xcalloc(1, sizeof *txn);
	txn->store = store;
	txn->lease = lease;
	txn->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
	r = store_lock_shared(store, &txn->lock, err);
	if (r < 0) {
		free(txn);
		return r;
	}
	*ret = txn;
	return 0;
}

static void free_blobs(struct store_txn *txn)
{
	for (size_t i = 0; i < txn->blob_count && !txn->committed; i++)
		(void)unlinkat(txn_tmp_fd(txn), txn->blobs[i].file_name, 0);
	id_map_release(&txn->blob_positions);
	free(txn->blobs);
}

void store_txn_free(struct store_txn *txn)
{
	if (!txn)
		return;
	free_blobs(txn);
	packer_free(txn->packer);
	store_lock_release(txn->store, &txn->lock);
	for (size_t i = 0; i < txn->extents_count; i++)
		extents_release(&txn->extents[i].extents);
	for (size_t i = 0; i < txn->hold_count; i++)
		free(txn->holds[i].lease_name);
	free(txn->extents);
	free(txn->holds);
	ref_list_release(&txn->refs);
	step_list_release(&txn->steps);
	free(txn);
}

int txn_tmp_fd(const struct store_txn *txn)
{
	return store_lease_tmp_fd(txn->lease);
}

void txn_file_name(struct store_txn *txn, char ret[48])
{
	snprintf(ret, 48, ".%u.%u", txn->serial, txn->files++);
}

/* Looking */

const struct staged_blob *txn_find_staged(const struct store_txn *txn, const struct object_id *id)
{
	size_t i;

	return id_map_find(&txn->blob_positions, id, &i) ? &txn->blobs[i] : NULL;
}

static const struct pack_object *find_packed(const struct store_txn *txn,
					     const struct object_id *id)
{
	return txn->packer ? packer_find(txn->packer, id) : NULL;
}

int store_txn_has(struct store_txn *txn, const struct object_id *id, struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };

	if (find_packed(txn, id) || txn_find_staged(txn, id))
		return 1;
	return store_find(txn->store, id, STORE_FIND_HELD, &object, err);
}

int txn_has_blob(struct store_txn *txn, const struct object_id *id, uint64_t size,
		 struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	int r;

	if (find_packed(txn, id) || txn_find_staged(txn, id))
		return 1;
	r = store_find(txn->store, id, STORE_FIND_HELD, &object, err);
	return r > 0 && !object.set && object.size != size ? 0 : r;
}

/* Putting */

static int put_packed(struct store_txn *txn, enum object_kind kind, const struct object_id *id,
		      const void *data, size_t size, struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	int r;

	if (find_packed(txn, id))
		return 0;
	r = store_find(txn->store, id, STORE_FIND_HELD | STORE_FIND_PACKED, &object, err);
	if (r < 0)
		return r;
	/* The bytes of a directory may be there as a file's: a collector would not look into them. */
	if (r > 0 && (kind == OBJECT_BLOB || object.info.kind == kind))
		return 0;
	if (!txn->packer) {
		char prefix[48];

		txn_file_name(txn, prefix);
		txn->packer = packer_new(txn_tmp_fd(txn), prefix);
	}
	r = fault("store.put");
	if (r < 0)
		return error_errno(err, r, "cannot store object %s", object_id_hex(id).text);
	return packer_add(txn->packer, kind, id, data, size, err);
}

void txn_stage(struct store_txn *txn, const struct object_id *id, uint64_t size,
	       const char *file_name)
{
	struct staged_blob blob = { .id = *id, .size = size };

	snprintf(blob.file_name, sizeof blob.file_name, "%s", file_name);
	id_map_put(&txn->blob_positions, id, txn->blob_count);
	array_reserve_one(txn->blobs, txn->blob_count, txn->blob_capacity);
	txn->blobs[txn->blob_count++] = blob;
}

static int put_loose(struct store_txn *txn, const struct object_id *id, const void *data,
		     size_t size, struct error *err)
{
	char name[48];
	cleanup_fd int fd = -1;
	int r = fault("loose.write");

	txn_file_name(txn, name);
	if (r == 0) {
		fd = openat(txn_tmp_fd(txn), name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : fd_write_all(fd, data, size);
	}
	if (r == 0 && fchmod(fd, 0444) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(txn_tmp_fd(txn), name, 0);
		return error_errno(err, r, "cannot store object %s", object_id_hex(id).text);
	}
	txn_stage(txn, id, size, name);
	return 0;
}

int store_txn_put_as(struct store_txn *txn, enum object_kind kind, const struct object_id *id,
		     const void *data, size_t size, struct error *err)
{
	int r;

	if (kind == OBJECT_BLOB && size >= STORE_LOOSE_MIN) {
		r = txn_has_blob(txn, id, size, err);
		if (r != 0)
			return r < 0 ? r : 0;
		r = put_loose(txn, id, data, size, err);
	} else {
		r = put_packed(txn, kind, id, data, size, err);
	}
	return store_write_failed(txn->store, err, r);
}

int store_txn_put(struct store_txn *txn, enum object_kind kind, const void *data, size_t size,
		  struct object_id *ret, struct error *err)
{
	struct object_id id = object_id_of(data, size);
	int r = store_txn_put_as(txn, kind, &id, data, size, err);

	if (r == 0)
		*ret = id;
	return r;
}

/* A file that is too small to stay one. */
static int put_small_file(struct store_txn *txn, const char *name, const struct object_id *id,
			  struct error *err)
{
	cleanup_with(buf_release) struct buf data = { 0 };
	int r = file_read(txn_tmp_fd(txn), name, STORE_LOOSE_MIN, &data);

	if (r < 0)
		return error_errno(err, r, "cannot read '%s'", name);
	return put_packed(txn, OBJECT_BLOB, id, buf_string(&data), data.length, err);
}

int store_txn_put_file(struct store_txn *txn, const char *name, const struct object_id *id,
		       struct error *err)
{
	int tmp_fd = txn_tmp_fd(txn), r;
	char staged[48];
	struct stat st;

	if (fstatat(tmp_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, -errno, "cannot store the file '%s'", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EINVAL, "cannot store '%s', which is no file", name);
	if ((uint64_t)st.st_size < STORE_LOOSE_MIN)
		return store_write_failed(txn->store, err, put_small_file(txn, name, id, err));
	r = txn_has_blob(txn, id, (uint64_t)st.st_size, err);
	if (r < 0)
		return r;
	if (r > 0)
		return 0;
	txn_file_name(txn, staged);
	if (fchmodat(tmp_fd, name, 0444, 0) < 0 || linkat(tmp_fd, name, tmp_fd, staged, 0) < 0)
		return error_errno(err, -errno, "cannot store the file '%s'", name);
	txn_stage(txn, id, (uint64_t)st.st_size, staged);
	return 0;
}

/* Names */

int store_txn_set_ref(struct store_txn *txn, const char *name, const struct object_id *id,
		      struct error *err)
{
	cleanup_with(buf_release) struct buf path = { 0 };
	struct ref_list *refs = &txn->refs;
	int r = ref_path(name, &path, err);

	if (r < 0)
		return r;
	r = store_txn_has(txn, id, err);
	if (r == 0)
		return error_set(err, -ENOENT, "cannot set '%s': object %s is not in the store",
				 name, object_id_hex(id).text);
	if (r < 0)
		return r;
	array_reserve_one(refs->items, refs->count, refs->capacity);
	refs->items[refs->count++] = (struct ref){ .name = xstrdup(name),
						   .id = *id,
						   .time_s = clock_realtime_ns() / 1000000000 };
	return 0;
}

void store_txn_add_step(struct store_txn *txn, const struct step_record *record)
{
	step_list_add(&txn->steps, record);
}

int store_txn_hold(struct store_txn *txn, const char *lease_name, const struct object_id *id,
		   struct error *err)
{
	int r;

	if (!store_random_name_valid(lease_name))
		return error_set(err, -EINVAL, "'%s' is no lease", lease_name);
	r = store_txn_has(txn, id, err);
	if (r == 0)
		return error_set(err, -ENOENT, "object %s is not in the store",
				 object_id_hex(id).text);
	if (r < 0)
		return r;
	array_reserve_one(txn->holds, txn->hold_count, txn->hold_capacity);
	txn->holds[txn->hold_count++] = (struct held_object){ xstrdup(lease_name), *id };
	return 0;
}

uint64_t store_txn_bytes(const struct store_txn *txn)
{
	return txn->bytes;
}
