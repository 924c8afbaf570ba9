/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/refs.h"

#include <errno.h>
#include <fcntl.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/aside.h"
#include "fs/store/ref_file.h"
#include "fs/store/store_internal.h"

#define REF_FILE_MAX ((size_t)64 << 10)

void ref_list_release(struct ref_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct ref_list){ 0 };
}

/* 1 and *ret, 0 when there is no such file. */
static int read_ref(int class_fd, const char *class_name, const char *file_name, struct ref *ret,
		    struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = file_read(class_fd, file_name, REF_FILE_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = ref_decode(class_name, file_name, buf_string(&text), text.length, ret);
	if (r == -EBADMSG)
		return error_set(
			err, r,
			"the ref in 'refs/%s/%s' is damaged; 'varve fsck --repair' drops it",
			class_name, file_name);
	if (r < 0)
		return error_errno(err, r, "cannot read 'refs/%s/%s'", class_name, file_name);
	return 1;
}

int store_ref_get(struct store *store, const char *name, struct object_id *ret_id,
		  int64_t *ret_time_s, struct error *err)
{
	cleanup_with(buf_release) struct buf path = { 0 };
	cleanup_fd int class_fd = -1;
	struct ref ref = { 0 };
	char *slash;
	int r = ref_path(name, &path, err);

	if (r < 0)
		return r;
	slash = strchr(path.data, '/');
	*slash = '\0';
	class_fd = openat(store->refs_fd, path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (class_fd < 0 && errno == ENOENT)
		return 0;
	if (class_fd < 0)
		return error_errno(err, -errno, "cannot read the ref '%s'", name);
	r = read_ref(class_fd, path.data, slash + 1, &ref, err);
	if (r <= 0)
		return r;
	free(ref.name);
	*ret_id = ref.id;
	if (ret_time_s)
		*ret_time_s = ref.time_s;
	return 1;
}

int store_ref_delete(struct store *store, const char *name, struct error *err)
{
	cleanup_with(buf_release) struct buf path = { 0 };
	cleanup_fd int class_fd = -1;
	char *slash;
	int r = ref_path(name, &path, err);

	if (r < 0)
		return r;
	if (store->read_only)
		return error_set(err, -EROFS, "the store '%s' is open for reading only",
				 store->path);
	slash = strchr(path.data, '/');
	*slash = '\0';
	class_fd = openat(store->refs_fd, path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (class_fd < 0 && errno == ENOENT)
		return 0;
	if (class_fd < 0)
		return error_errno(err, -errno, "cannot delete the ref '%s'", name);
	if (unlinkat(class_fd, slash + 1, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(err, -errno, "cannot delete the ref '%s'", name);
	}
	if (fsync(class_fd) < 0)
		return error_errno(err, -errno, "cannot delete the ref '%s'", name);
	return 1;
}

/* Listing */

static void add_ref(struct ref_list *list, const struct ref *ref)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count++] = *ref;
}

/* One file of a class: a ref, a line in `problems`, or gone in between. */
static int take_file(int class_fd, const char *class_name, const char *file_name,
		     struct ref_list *ret, struct strings *problems, struct error *err)
{
	struct error inner = { 0 };
	struct ref ref = { 0 };
	int r = read_ref(class_fd, class_name, file_name, &ref, &inner);

	if (r == -EBADMSG && problems) {
		strings_add(problems, inner.text);
		return 0;
	}
	if (r < 0)
		return error_set(err, r, "%s", inner.text);
	if (r > 0)
		add_ref(ret, &ref);
	return 0;
}

/* Names of the files of a class; none when there is no such class. */
static int list_files(struct store *store, const char *class_name, struct strings *ret,
		      struct error *err)
{
	int r;

	if (strchr(class_name, '.'))
		return 0; /* no class: see ref_path() */
	r = dir_list(store->refs_fd, class_name, ret);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return error_errno(err, r, "cannot list 'refs/%s'", class_name);
	return 0;
}

static int list_class(struct store *store, const char *class_name, struct ref_list *ret,
		      struct strings *problems, struct error *err)
{
	cleanup_with(strings_release) struct strings files = { 0 };
	cleanup_fd int class_fd =
		openat(store->refs_fd, class_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = list_files(store, class_name, &files, err);

	for (size_t i = 0; i < files.count && r == 0; i++)
		r = take_file(class_fd, class_name, files.items[i], ret, problems, err);
	return r;
}

static int list_classes(struct store *store, struct strings *ret, struct error *err)
{
	int r = dir_list(store->refs_fd, ".", ret);

	if (r < 0)
		return error_errno(err, r, "cannot list the refs of the store '%s'", store->path);
	return 0;
}

/* Names of the files in a class that are no refs. */
static int list_damaged(struct store *store, const char *class_name, struct strings *ret,
			struct error *err)
{
	cleanup_with(strings_release) struct strings files = { 0 };
	cleanup_fd int class_fd =
		openat(store->refs_fd, class_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = list_files(store, class_name, &files, err);

	for (size_t i = 0; i < files.count && r == 0; i++) {
		struct ref ref = { 0 };

		if (read_ref(class_fd, class_name, files.items[i], &ref, NULL) == -EBADMSG)
			strings_add_format(ret, "%s/%s", class_name, files.items[i]);
		free(ref.name);
	}
	return r;
}

int ref_drop_damaged(struct store *store, struct error *err)
{
	cleanup_with(strings_release) struct strings classes = { 0 };
	cleanup_with(strings_release) struct strings damaged = { 0 };
	int r = list_classes(store, &classes, err);

	for (size_t i = 0; i < classes.count && r == 0; i++)
		r = list_damaged(store, classes.items[i], &damaged, err);
	for (size_t i = 0; i < damaged.count && r == 0; i++) {
		cleanup_free char *name = xasprintf("ref-%s", damaged.items[i]);

		*strchr(name, '/') = '-';
		r = aside_put(store, store->refs_fd, damaged.items[i], name, err);
	}
	return r;
}

static int compare_refs(const void *a, const void *b)
{
	const struct ref *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int ref_read_all(struct store *store, struct ref_list *ret, struct strings *problems,
		 struct error *err)
{
	cleanup_with(strings_release) struct strings classes = { 0 };
	int r = list_classes(store, &classes, err);

	for (size_t i = 0; i < classes.count && r == 0; i++)
		r = list_class(store, classes.items[i], ret, problems, err);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_refs);
	return r;
}

int store_ref_list(struct store *store, const char *prefix, struct ref_list *ret, struct error *err)
{
	cleanup_free char *class_name = xstrndup(prefix, strcspn(prefix, "/"));
	struct ref_list all = { 0 };
	int r = *class_name ? list_class(store, class_name, &all, NULL, err)
			    : ref_read_all(store, &all, NULL, err);

	for (size_t i = 0; i < all.count && r == 0; i++) {
		if (strncmp(all.items[i].name, prefix, strlen(prefix)) != 0)
			continue;
		add_ref(ret, &all.items[i]);
		all.items[i].name = NULL;
	}
	if (r == 0 && ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_refs);
	ref_list_release(&all);
	return r;
}
