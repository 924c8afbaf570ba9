/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/layer_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/image/descriptor.h"
#include "builder/image/json.h"
#include "builder/image/layer/layer_cache_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/store/store.h"

#define DIRECTORY "layers"
#define ABOUT_MAX ((size_t)4096)
#define BOOT_SIZE LAYER_CACHE_BOOT_SIZE

struct layer_entry {
	struct layer_cache *cache;
	int fd; /* holds a lock: the file is being written by somebody alive */
	char name[64];
	bool kept;
};

struct file_name {
	char text[OBJECT_ID_HEX_SIZE + 8];
};

static struct file_name file_name(const struct object_id *key, const char *ending)
{
	struct file_name name;

	snprintf(name.text, sizeof name.text, "%s.%s", object_id_hex(key).text, ending);
	return name;
}

static void read_boot(char boot[BOOT_SIZE])
{
	cleanup_with(buf_release) struct buf text = { 0 };

	/* Unknown is like no boot that was: everything is hashed then. */
	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", BOOT_SIZE - 1, &text) == 0)
		snprintf(boot, BOOT_SIZE, "%.*s", (int)strcspn(buf_string(&text), "\n"),
			 buf_string(&text));
}

int layer_cache_open(struct store *store, struct layer_cache **ret, struct error *err)
{
	struct layer_cache *cache;
	int fd, r = dir_make(store_dir_fd(store), DIRECTORY, 0700);

	if (r < 0)
		return error_errno(err, r, "cannot make '%s/" DIRECTORY "'", store_path(store));
	fd = openat(store_dir_fd(store), DIRECTORY,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open '%s/" DIRECTORY "'",
				   store_path(store));
	cache = xcalloc(1, sizeof *cache);
	cache->fd = fd;
	read_boot(cache->boot);
	*ret = cache;
	return 0;
}

void layer_cache_close(struct layer_cache *cache)
{
	if (!cache)
		return;
	close(cache->fd);
	free(cache);
}

/* ---- what is said about a blob ---- */

static int write_about(struct layer_cache *cache, const struct object_id *key,
		       const struct cached_layer *layer)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct json_writer writer = { .out = &text };

	json_begin(&writer, NULL, '{');
	json_put_string(&writer, "boot", cache->boot);
	json_put_string(&writer, "diffID", digest_text(&layer->diff_id).text);
	json_put_i64(&writer, "size", (int64_t)layer->size);
	json_put_string(&writer, "digest", digest_text(&layer->digest).text);
	json_put_i64(&writer, "blobSize", (int64_t)layer->blob_size);
	json_end(&writer, '}');
	return file_replace(cache->fd, file_name(key, "json").text, text.data, text.length, 0600,
			    false);
}

static int parse_about(const struct buf *text, struct cached_layer *ret, char boot[BOOT_SIZE])
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	const char *diff_id = NULL, *digest = NULL, *said = NULL;
	int r = json_document_parse(text->data, text->length, "layer", &document, NULL);

	if (r == 0)
		r = json_need_string(&document.root, "boot", &said, NULL);
	if (r == 0)
		r = json_need_string(&document.root, "diffID", &diff_id, NULL);
	if (r == 0)
		r = digest_parse(diff_id, &ret->diff_id, NULL);
	if (r == 0)
		r = json_need_string(&document.root, "digest", &digest, NULL);
	if (r == 0)
		r = digest_parse(digest, &ret->digest, NULL);
	if (r == 0)
		r = json_need_u64(&document.root, "size", &ret->size, NULL);
	if (r == 0)
		r = json_need_u64(&document.root, "blobSize", &ret->blob_size, NULL);
	if (r == 0)
		snprintf(boot, BOOT_SIZE, "%s", said);
	return r;
}

/* 1, or 0 when there is no entry that makes sense. */
static int read_about(struct layer_cache *cache, const struct object_id *key,
		      struct cached_layer *ret, bool *ret_trusted)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	char boot[BOOT_SIZE] = "";

	if (file_read(cache->fd, file_name(key, "json").text, ABOUT_MAX, &text) < 0 ||
	    parse_about(&text, ret, boot) < 0)
		return 0;
	*ret_trusted = *boot && strcmp(boot, cache->boot) == 0;
	return 1;
}

/* ---- finding ---- */

/* The bytes are those that were written: by their length, and after a boot by their digest. */
static bool is_whole(struct layer_cache *cache, const struct object_id *key, int fd,
		     const struct cached_layer *layer, bool trusted)
{
	struct object_id digest;
	struct stat st;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != layer->blob_size)
		return false;
	if (trusted)
		return true;
	if (digest_file(fd, digest.bytes) < 0 || !object_id_equal(&digest, &layer->digest))
		return false;
	(void)write_about(cache, key, layer);
	return true;
}

int layer_cache_find(struct layer_cache *cache, const struct object_id *key,
		     struct cached_layer *ret, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = -1;
	struct cached_layer layer;
	bool trusted;

	(void)err;
	if (!read_about(cache, key, &layer, &trusted))
		return 0;
	fd = openat(cache->fd, file_name(key, "blob").text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !is_whole(cache, key, fd, &layer, trusted)) {
		(void)unlinkat(cache->fd, file_name(key, "json").text, 0);
		(void)unlinkat(cache->fd, file_name(key, "blob").text, 0);
		return 0;
	}
	/* The time of the last use is what trimming goes by. */
	(void)futimens(fd, NULL);
	*ret = layer;
	*ret_fd = take_fd(&fd);
	return 1;
}

/* ---- writing ---- */

int layer_entry_begin(struct layer_cache *cache, struct layer_entry **ret, struct error *err)
{
	struct layer_entry *entry = xcalloc(1, sizeof *entry);
	static unsigned counter;

	entry->cache = cache;
	do {
		snprintf(entry->name, sizeof entry->name, "tmp-%d-%u", (int)getpid(),
			 __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED));
		entry->fd = openat(cache->fd, entry->name,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (entry->fd < 0 && errno == EEXIST);
	if (entry->fd < 0) {
		int r = error_errno(err, -errno, "cannot make a file in '" DIRECTORY "'");

		free(entry);
		return r;
	}
	(void)lockfile_try(entry->fd, LOCKFILE_EXCLUSIVE);
	*ret = entry;
	return 0;
}

int layer_entry_fd(const struct layer_entry *entry)
{
	return entry->fd;
}

int layer_entry_keep(struct layer_entry *entry, const struct object_id *key,
		     const struct cached_layer *layer, struct error *err)
{
	int r = fault("layers.keep");

	if (r == 0 && renameat(entry->cache->fd, entry->name, entry->cache->fd,
			       file_name(key, "blob").text) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot keep a layer");
	entry->kept = true;
	r = fault("layers.tell");
	if (r == 0)
		r = write_about(entry->cache, key, layer);
	return r < 0 ? error_errno(err, r, "cannot keep a layer") : 0;
}

void layer_entry_free(struct layer_entry *entry)
{
	if (!entry)
		return;
	if (!entry->kept)
		(void)unlinkat(entry->cache->fd, entry->name, 0);
	close(entry->fd);
	free(entry);
}
