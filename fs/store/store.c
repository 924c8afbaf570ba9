/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/recover.h"
#include "fs/store/step_index.h"
#include "fs/store/store_internal.h"

#define CONFIG_MAX ((size_t)64 << 10)
#define FULL_WORDS "the disk of the store"
/* With less than this a disk counts as full: files are written by the MiB. */
#define FULL_BYTES ((uint64_t)2 << 20)

#define CACHED_FRAMES  64
#define CACHED_BLOBS   64
#define CACHED_EXTENTS 16

static const char *const directories[] = {
	"objects", "packs", "refs", "leases", "tmp", "unsynced"
};

void store_random_name(char ret[33])
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
		/* Before the kernel has gathered any randomness: time and process tell apart. */
		put_le64(bytes, clock_monotonic_ns());
		put_le64(bytes + 8, (uint64_t)clock_realtime_ns() ^ (uint64_t)getpid() << 48);
	}
	for (int i = 0; i < 16; i++)
		snprintf(ret + (size_t)2 * i, 3, "%02x", bytes[i]);
}

bool store_random_name_valid(const char *name)
{
	return strspn(name, "0123456789abcdef") == 32 && !name[32];
}

int store_write_failed(const struct store *store, struct error *err, int code)
{
	char inner[sizeof err->text];

	if (!err || (code != -ENOSPC && code != -EDQUOT))
		return code;
	memcpy(inner, err->text, sizeof inner);
	return error_set(err, code, "%s: " FULL_WORDS " '%s' is full; 'varve prune' frees space",
			 inner, store->path);
}

void store_mention_full(const struct store *store, struct error *err)
{
	struct statvfs disk;
	int code = err ? err->code : 0;

	if (!err || strstr(err->text, FULL_WORDS) || fstatvfs(store->dir_fd, &disk) < 0 ||
	    ((uint64_t)disk.f_bavail * disk.f_frsize >= FULL_BYTES &&
	     (disk.f_files == 0 || disk.f_favail > 0)))
		return;
	(void)store_write_failed(store, err, -ENOSPC);
	err->code = code;
}

/* Making */

static bool is_ours(const char *name)
{
	/* With those that another process makes while we look. */
	static const char *const names[] = { "objects",   "packs",     "refs",      "leases",
					     "tmp",       "unsynced",  "gate",      "lock",
					     "gc.lock",   "gc.gen",    "damaged",   "store.conf",
					     "steps.log", "steps.tab", "lost+found" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* A directory full of other things is taken for a mistake in the path. */
static int check_empty(int dir_fd, const char *path, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = dir_list(dir_fd, ".", &names);

	if (r < 0)
		return error_errno(err, r, "cannot list '%s'", path);
	for (size_t i = 0; i < names.count; i++) {
		if (!is_ours(names.items[i]))
			return error_set(err, -ENOTEMPTY,
					 "'%s' is no store and holds other files, such as '%s'",
					 path, names.items[i]);
	}
	return 0;
}

/* Two processes may make the same store at once: the first to publish store.conf has made it. */
static int publish_config(int dir_fd, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	char uuid[33], name[64];
	int r;

	store_random_name(uuid);
	store_config_make(uuid, &text);
	snprintf(name, sizeof name, "tmp/%s.conf", uuid);
	r = file_replace(dir_fd, name, text.data, text.length, 0644, true);
	if (r == 0 && linkat(dir_fd, name, dir_fd, "store.conf", 0) < 0 && errno != EEXIST)
		r = -errno;
	(void)unlinkat(dir_fd, name, 0);
	/* Who was first may by now have swept what it found in tmp/. */
	if (r == -ENOENT && faccessat(dir_fd, "store.conf", F_OK, 0) == 0)
		return 0;
	if (r < 0)
		return error_errno(err, r, "cannot write 'store.conf'");
	if (fsync(dir_fd) < 0)
		return error_errno(err, -errno, "cannot write to the disk");
	return 0;
}

static int make_generation(int dir_fd, struct error *err)
{
	cleanup_fd int fd = openat(dir_fd, "gc.gen", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno != EEXIST)
		return error_errno(err, -errno, "cannot make 'gc.gen'");
	return 0;
}

static int make_store(int dir_fd, const char *path, struct error *err)
{
	int r = check_empty(dir_fd, path, err);

	for (size_t i = 0; i < sizeof directories / sizeof directories[0] && r == 0; i++) {
		r = dir_make(dir_fd, directories[i], 0700);
		if (r < 0)
			(void)error_errno(err, r, "cannot make '%s'", directories[i]);
	}
	if (r == 0)
		r = make_generation(dir_fd, err);
	if (r == 0)
		r = publish_config(dir_fd, err);
	return r;
}

/* Opening */

static int read_config(struct store *store, bool create, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = file_read(store->dir_fd, "store.conf", CONFIG_MAX, &text);

	if (r == -ENOENT && create) {
		r = make_store(store->dir_fd, store->path, err);
		if (r < 0)
			return error_prefix(err, r, "cannot make a store in '%s'", store->path);
		r = file_read(store->dir_fd, "store.conf", CONFIG_MAX, &text);
	}
	if (r == -ENOENT)
		return error_set(err, r, "there is no store in '%s'", store->path);
	if (r < 0)
		return error_errno(err, r, "cannot read '%s/store.conf'", store->path);
	r = store_config_parse(buf_string(&text), text.length, &store->config, err);
	if (r < 0)
		return error_prefix(err, r, "cannot use the store '%s'", store->path);
	if (store->config.must_not_write && !store->read_only) {
		store->read_only = true;
		strings_add_format(
			&store->warnings,
			"the store '%s' has features that this program does not know: it is only read",
			store->path);
	}
	return 0;
}

static int open_directory(struct store *store, const char *name, int *ret, struct error *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	*ret = openat(store->dir_fd, name, flags);
	if (*ret < 0 && errno == ENOENT && !store->read_only &&
	    dir_make(store->dir_fd, name, 0700) == 0)
		*ret = openat(store->dir_fd, name, flags);
	if (*ret < 0)
		return error_errno(err, -errno, "cannot open '%s/%s'", store->path, name);
	return 0;
}

static int open_directories(struct store *store, struct error *err)
{
	int *const fds[] = { &store->objects_fd, &store->packs_fd, &store->refs_fd,
			     &store->leases_fd,  &store->tmp_fd,   &store->unsynced_fd };
	int r = 0;

	for (size_t i = 0; i < sizeof fds / sizeof fds[0] && r == 0; i++) {
		r = open_directory(store, directories[i], fds[i], err);
		/* A reader of somebody else's store needs neither leases nor their files. */
		if (r == -EACCES && store->read_only && i >= 3)
			r = 0;
	}
	if (r < 0)
		return r;
	if (!store->read_only)
		r = make_generation(store->dir_fd, err);
	if (r < 0)
		return r;
	store->generation_fd =
		openat(store->dir_fd, "gc.gen", (store->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (store->generation_fd < 0)
		return error_errno(err, -errno, "cannot open '%s/gc.gen'", store->path);
	return 0;
}

/* What tells one run of the machine from the next. */
static void read_boot_id(char ret[BOOT_ID_SIZE])
{
	cleanup_with(buf_release) struct buf text = { 0 };

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 4096, &text) < 0 ||
	    text.length < BOOT_ID_SIZE - 1 ||
	    strspn(text.data, "0123456789abcdef-") < BOOT_ID_SIZE - 1) {
		snprintf(ret, BOOT_ID_SIZE, "unknown");
		return;
	}
	memcpy(ret, text.data, BOOT_ID_SIZE - 1);
	ret[BOOT_ID_SIZE - 1] = '\0';
}

static struct store *store_new(const char *path, unsigned flags)
{
	struct store *store = xcalloc(1, sizeof *store);

	store->path = xstrdup(path);
	store->read_only = flags & STORE_READ_ONLY;
	store->dir_fd = store->packs_fd = store->objects_fd = store->leases_fd = -1;
	store->tmp_fd = store->refs_fd = store->unsynced_fd = store->generation_fd = -1;
	store->unsynced_list_fd = store->step_log_fd = -1;
	pthread_mutex_init(&store->lock, NULL);
	return store;
}

static void free_extents(void *value)
{
	struct extents *extents = value;

	extents_release(extents);
	free(extents);
}

static void make_caches(struct store *store)
{
	store->packs = pack_list_new(store->packs_fd);
	store->frames = frame_cache_new(CACHED_FRAMES);
	store->blobs = lru_new(CACHED_BLOBS, OBJECT_ID_SIZE, loose_free);
	store->extents = lru_new(CACHED_EXTENTS, OBJECT_ID_SIZE, free_extents);
	store->steps = step_index_new(store->dir_fd);
}

int store_open(const char *path, unsigned flags, struct store **ret, struct error *err)
{
	cleanup_with(store_close) struct store *store = store_new(path, flags);
	bool create = (flags & STORE_CREATE) && !store->read_only;
	int r;

	if (create) {
		r = dir_make_all(path, 0700);
		if (r < 0)
			return error_errno(err, r, "cannot make the directory '%s'", path);
	}
	store->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0 && errno == ENOENT)
		return error_set(err, -ENOENT, "there is no store in '%s'", path);
	if (store->dir_fd < 0)
		return error_errno(err, -errno, "cannot open the store '%s'", path);
	r = read_config(store, create, err);
	if (r == 0)
		r = open_directories(store, err);
	if (r < 0)
		return r;
	read_boot_id(store->boot_id);
	make_caches(store);
	if (!store->read_only) {
		r = store_recover(store, err);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(&store);
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_look_away(store);
	step_index_free(store->steps);
	lru_free(store->extents);
	lru_free(store->blobs);
	frame_cache_free(store->frames);
	pack_list_free(store->packs);
	for (size_t i = 0; i < store->spare_count; i++) {
		close(store->spares[i].gate_fd);
		close(store->spares[i].lock_fd);
	}
	for (const int *fd = (const int[]){ store->dir_fd, store->packs_fd, store->objects_fd,
					    store->leases_fd, store->tmp_fd, store->refs_fd,
					    store->unsynced_fd, store->generation_fd,
					    store->unsynced_list_fd, store->step_log_fd, -2 };
	     *fd != -2; fd++) {
		if (*fd >= 0)
			close(*fd);
	}
	strings_release(&store->warnings);
	free(store->holders);
	free(store->path);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

int store_dir_fd(const struct store *store)
{
	return store->dir_fd;
}

const struct strings *store_warnings(const struct store *store)
{
	return &store->warnings;
}
