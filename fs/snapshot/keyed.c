/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/keyed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/snapshot/keyed_internal.h"
#include "fs/store/refs.h"
#include "fs/store/store.h"

static const char *const kind_names[] = { "active", "view", "committed" };

const char *keyed_kind_name(enum keyed_kind kind)
{
	return kind_names[kind];
}

void keyed_release(struct keyed *keyed)
{
	free(keyed->key);
	free(keyed->parent);
	*keyed = (struct keyed){ 0 };
}

void keyed_list_release(struct keyed_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		keyed_release(&list->items[i]);
	free(list->items);
	*list = (struct keyed_list){ 0 };
}

int keyed_check_key(const char *key, struct error *err)
{
	if (!*key || strlen(key) > KEYED_KEY_MAX)
		return error_set(err, -EINVAL, "a key has between 1 and %d bytes", KEYED_KEY_MAX);
	for (const char *at = key; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return error_set(err, -EINVAL, "a key has no control characters");
	}
	return 0;
}

struct id_hex keyed_hash(const char *key)
{
	struct object_id hash = object_id_of(key, strlen(key));

	return object_id_hex(&hash);
}

/* ---- directories ---- */

int keyed_dir(struct store *store, struct error *err)
{
	int store_fd = store_dir_fd(store), fd;
	int r = dir_make(store_fd, KEYED_DIR, 0700);

	if (r == -EROFS || r == -EACCES)
		r = 0; /* it may be there for reading */
	if (r < 0)
		return error_errno(err, r, "cannot make '%s/" KEYED_DIR "'", store_path(store));
	fd = openat(store_fd, KEYED_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open '%s/" KEYED_DIR "'",
				   store_path(store));
	return fd;
}

int keyed_own_dir(struct store *store, const char *key)
{
	cleanup_free char *path = xasprintf(KEYED_DIR "/%s", keyed_hash(key).text);
	int fd = openat(store_dir_fd(store), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool keyed_is_same(struct store *store, int dir_fd, const char *key)
{
	cleanup_fd int now_fd = keyed_own_dir(store, key);
	struct stat before, now;

	return now_fd >= 0 && fstat(dir_fd, &before) == 0 && fstat(now_fd, &now) == 0 &&
	       before.st_dev == now.st_dev && before.st_ino == now.st_ino;
}

/* ---- info ---- */

static void put_line(struct buf *text, const char *word, const char *value)
{
	buf_add_format(text, "%s %s\n", word, value);
}

int keyed_write_info(int dir_fd, const struct keyed *keyed)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	put_line(&text, "kind", kind_names[keyed->kind]);
	put_line(&text, "key", keyed->key);
	put_line(&text, "parent", keyed->parent);
	put_line(&text, "state", object_id_hex(&keyed->state).text);
	buf_add_format(&text, "created %" PRId64 "\n", keyed->created_s);
	return file_replace(dir_fd, "info", text.data, text.length, 0600, true);
}

static int kind_of(const char *text, enum keyed_kind *ret)
{
	for (int i = KEYED_ACTIVE; i <= KEYED_COMMITTED; i++) {
		if (strcmp(text, kind_names[i]) == 0) {
			*ret = (enum keyed_kind)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static int take_line(struct keyed *keyed, const char *word, const char *value, unsigned *seen)
{
	static const char *const words[] = { "kind", "key", "parent", "state", "created" };
	unsigned i = 0;

	while (i < 5 && strcmp(word, words[i]) != 0)
		i++;
	if (i == 5 || *seen & 1u << i)
		return -EBADMSG;
	*seen |= 1u << i;
	switch (i) {
	case 0:
		return kind_of(value, &keyed->kind);
	case 1:
		keyed->key = xstrdup(value);
		return keyed_check_key(value, NULL);
	case 2:
		keyed->parent = xstrdup(value);
		return 0;
	case 3:
		return object_id_parse(value, &keyed->state) < 0 ? -EBADMSG : 0;
	default:
		return parse_i64(value, &keyed->created_s) < 0 ? -EBADMSG : 0;
	}
}

int keyed_parse_info(const char *text, struct keyed *ret)
{
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;
	unsigned seen = 0;

	while ((line = strsep(&rest, "\n")) && (*line || rest)) {
		char *value = strchr(line, ' ');

		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		if (take_line(&keyed, line, value, &seen) < 0)
			return -EBADMSG;
	}
	if (seen != 0x1f)
		return -EBADMSG;
	*ret = keyed;
	keyed = (struct keyed){ 0 };
	return 0;
}

int keyed_read_info(int dir_fd, struct keyed *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct stat st;
	int r = file_read(dir_fd, "info", KEYED_INFO_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && strlen(buf_string(&text)) != text.length)
		r = -EBADMSG;
	if (r == 0)
		r = keyed_parse_info(buf_string(&text), ret);
	if (r < 0)
		return r == -E2BIG ? -EBADMSG : r;
	ret->updated_s = ret->created_s;
	if (fstatat(dir_fd, "changes", &st, 0) == 0 && st.st_mtim.tv_sec > ret->created_s)
		ret->updated_s = st.st_mtim.tv_sec;
	return 1;
}

/* ---- finding ---- */

/* A committed one is its ref; `info` tells of its parent. */
static int find_committed(struct store *store, const char *key, struct keyed *keyed,
			  struct error *err)
{
	cleanup_free char *ref = xasprintf("snapshot/%s", key);
	int64_t time_s;
	int r = store_ref_get(store, ref, &keyed->state, &time_s, err);

	if (r <= 0)
		return r;
	keyed->kind = KEYED_COMMITTED;
	if (!keyed->key)
		keyed->key = xstrdup(key);
	if (!keyed->parent)
		keyed->parent = xstrdup("");
	if (!keyed->created_s)
		keyed->created_s = time_s;
	keyed->updated_s = time_s;
	return 1;
}

int keyed_find(struct store *store, const char *key, struct keyed *ret, struct error *err)
{
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	cleanup_fd int dir_fd = -1;
	int r = keyed_check_key(key, err);

	if (r < 0)
		return r;
	dir_fd = keyed_own_dir(store, key);
	r = dir_fd < 0 ? 0 : keyed_read_info(dir_fd, &keyed);
	if (r < 0)
		return error_set(err, -EBADMSG,
				 "what is known of the snapshot '%s' is damaged; `varve fsck` "
				 "says more",
				 key);
	if (r == 0 || keyed.kind == KEYED_COMMITTED)
		r = find_committed(store, key, &keyed, err);
	if (r > 0) {
		*ret = keyed;
		keyed = (struct keyed){ 0 };
	}
	return r;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static int add_uncommitted(struct store *store, struct keyed_list *ret, struct strings *problems,
			   struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = dir_list(store_dir_fd(store), KEYED_DIR, &names);

	if (r < 0)
		return r == -ENOENT ? 0 : error_errno(err, r, "cannot list the snapshots");
	for (size_t i = 0; i < names.count; i++) {
		cleanup_with(keyed_release) struct keyed keyed = { 0 };
		cleanup_free char *path = xasprintf(KEYED_DIR "/%s", names.items[i]);
		cleanup_fd int dir_fd =
			openat(store_dir_fd(store), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = dir_fd < 0 ? 0 : keyed_read_info(dir_fd, &keyed);
		if (r < 0 && !problems)
			return error_errno(err, r, "cannot read '%s/info'", path);
		if (r < 0)
			strings_add_format(problems, "%s/info: damaged", path);
		if (r <= 0 || keyed.kind == KEYED_COMMITTED)
			continue;
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = keyed;
		keyed = (struct keyed){ 0 };
	}
	return 0;
}

int keyed_list(struct store *store, struct keyed_list *ret, struct strings *problems,
	       struct error *err)
{
	struct ref_list refs = { 0 };
	int r = store_ref_list(store, "snapshot/", &refs, err);

	for (size_t i = 0; i < refs.count && r >= 0; i++) {
		struct keyed keyed;

		r = keyed_find(store, refs.items[i].name + strlen("snapshot/"), &keyed,
			       problems ? NULL : err);
		if (r < 0 && problems) {
			strings_add_format(problems, "%s: damaged", refs.items[i].name);
			r = 0;
		} else if (r > 0) {
			array_reserve_one(ret->items, ret->count, ret->capacity);
			ret->items[ret->count++] = keyed;
		}
	}
	ref_list_release(&refs);
	if (r >= 0)
		r = add_uncommitted(store, ret, problems, err);
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, by_key);
	return r;
}

/* ---- making and removing ---- */

char *keyed_base_ref(const char *hash, uint64_t number)
{
	return xasprintf("work/%s/%" PRIu64, hash, number);
}

static int set_base(struct store *store, struct store_lease *lease, const char *hash,
		    const struct object_id *state, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_free char *ref = keyed_base_ref(hash, 0);
	int r = store_txn_begin(store, lease, &txn, err);

	if (r == 0)
		r = store_txn_set_ref(txn, ref, state, err);
	return r < 0 ? r : store_txn_commit(txn, err);
}

static int make_dirs(struct store *store, const char *hash, int *ret_fd, struct error *err)
{
	cleanup_free char *path = xasprintf(KEYED_DIR "/%s", hash);
	int r = dir_make(store_dir_fd(store), path, 0700);

	if (r == 0) {
		*ret_fd = openat(store_dir_fd(store), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = *ret_fd < 0 ? -errno : dir_make(*ret_fd, "changes", 0700);
	}
	return r < 0 ? error_errno(err, r, "cannot make '%s/%s'", store_path(store), path) : 0;
}

static int check_free(struct store *store, const char *key, struct error *err)
{
	cleanup_with(keyed_release) struct keyed present = { 0 };
	int r = keyed_find(store, key, &present, err);

	if (r > 0)
		return error_set(err, -EEXIST, "there is a snapshot '%s' already (%s)", key,
				 kind_names[present.kind]);
	return r;
}

int keyed_prepare(struct store *store, struct store_lease *lease, const char *key,
		  enum keyed_kind kind, const char *parent, const struct object_id *state,
		  struct error *err)
{
	struct keyed keyed = { .kind = kind,
			       .state = *state,
			       .created_s = clock_realtime_ns() / 1000000000 };
	struct id_hex hash = keyed_hash(key);
	cleanup_fd int lock_fd = -1, dir_fd = -1, all_fd = -1;
	int r = keyed_lock(store, &lock_fd, err);

	if (r == 0)
		r = check_free(store, key, err);
	/* What a killed process has left without an info is nobody's. */
	if (r == 0)
		r = keyed_drop(store, hash.text, err);
	if (r == 0 && !object_id_is_zero(state))
		r = set_base(store, lease, hash.text, state, err);
	if (r == 0)
		r = make_dirs(store, hash.text, &dir_fd, err);
	if (r < 0)
		return r;
	keyed.key = xstrdup(key);
	keyed.parent = xstrdup(parent);
	r = keyed_write_info(dir_fd, &keyed);
	keyed_release(&keyed);
	all_fd = keyed_dir(store, err);
	if (r == 0 && fsync(all_fd) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, r, "cannot prepare the snapshot '%s'", key) : 0;
}

int keyed_drop(struct store *store, const char *hash, struct error *err)
{
	cleanup_free char *path = xasprintf(KEYED_DIR "/%s", hash);
	cleanup_free char *info = xasprintf("%s/info", path);
	cleanup_free char *prefix = xasprintf("work/%s/", hash);
	struct ref_list refs = { 0 };
	int store_fd = store_dir_fd(store);
	int r = unlinkat(store_fd, info, 0) < 0 && errno != ENOENT ? -errno : 0;

	if (r == 0)
		r = dir_remove_all(store_fd, path);
	if (r < 0)
		return error_errno(err, r, "cannot remove '%s/%s'", store_path(store), path);
	r = store_ref_list(store, "work/", &refs, err);
	for (size_t i = 0; i < refs.count && r >= 0; i++) {
		if (strncmp(refs.items[i].name, prefix, strlen(prefix)) == 0)
			r = store_ref_delete(store, refs.items[i].name, err);
	}
	ref_list_release(&refs);
	return r < 0 ? r : 0;
}

static int check_childless(struct store *store, const char *key, struct error *err)
{
	cleanup_with(keyed_list_release) struct keyed_list all = { 0 };
	cleanup_with(strings_release) struct strings problems = { 0 };
	int r = keyed_list(store, &all, &problems, err);

	for (size_t i = 0; i < all.count && r >= 0; i++) {
		if (strcmp(all.items[i].parent, key) == 0)
			r = error_set(err, -ENOTEMPTY,
				      "the snapshot '%s' was made from '%s'; remove that first",
				      all.items[i].key, key);
	}
	return r;
}

int keyed_remove(struct store *store, const char *key, struct error *err)
{
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	cleanup_free char *ref = xasprintf("snapshot/%s", key);
	cleanup_fd int lock_fd = -1, dir_fd = keyed_own_dir(store, key), work_fd = -1;
	int r = keyed_find(store, key, &keyed, err);

	/* Others may use other keys while this one is waited for. */
	if (r > 0 && keyed.kind != KEYED_COMMITTED)
		r = keyed_lock_work(store, dir_fd, key, &work_fd, err);
	if (r >= 0)
		r = keyed_lock(store, &lock_fd, err);
	keyed_release(&keyed);
	if (r == 0)
		r = keyed_find(store, key, &keyed, err);
	if (r == 0)
		return error_set(err, -ENOENT,
				 "there is no snapshot '%s'; `varve snapshot ls` lists them", key);
	if (r > 0 && keyed.kind == KEYED_COMMITTED) {
		r = check_childless(store, key, err);
		if (r >= 0)
			r = store_ref_delete(store, ref, err);
	} else if (r > 0 && !keyed_is_same(store, dir_fd, key)) {
		r = error_set(err, -EBUSY, "the snapshot '%s' was made anew meanwhile", key);
	}
	return r < 0 ? r : keyed_drop(store, keyed_hash(key).text, err);
}
