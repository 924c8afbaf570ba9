/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/list.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/*
 * Kernels stamp directories with the time of the last clock tick, up to 10 ms old, so two changes
 * can have one stamp. A listing made so soon after the stamp may lack the second change.
 */
#define YOUNG_NS ((int64_t)50 * 1000 * 1000)

/* Packs that vanish while we open them are there under another name by then. */
#define MAX_TRIES 10

struct pack_list {
	int packs_fd;
	pthread_mutex_t scan_lock; /* held while the directory is read */
	/* guarded by scan_lock */
	struct timespec stamp;
	bool young;

	pthread_mutex_t lock; /* guards `set`, never held for long */
	struct pack_set *set; /* NULL before the first look */
};

struct pack_list *pack_list_new(int packs_fd)
{
	struct pack_list *list = xcalloc(1, sizeof *list);

	list->packs_fd = packs_fd;
	pthread_mutex_init(&list->scan_lock, NULL);
	pthread_mutex_init(&list->lock, NULL);
	return list;
}

void pack_list_free(struct pack_list *list)
{
	if (!list)
		return;
	pack_set_unref(list->set);
	pthread_mutex_destroy(&list->scan_lock);
	pthread_mutex_destroy(&list->lock);
	free(list);
}

struct pack_set *pack_set_ref(struct pack_set *set)
{
	__atomic_add_fetch(&set->refs, 1, __ATOMIC_RELAXED);
	return set;
}

void pack_set_unref(struct pack_set *set)
{
	if (!set || __atomic_sub_fetch(&set->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < set->count; i++)
		pack_unref(set->packs[i]);
	strings_release(&set->damaged);
	free(set);
}

static struct pack_set *current(struct pack_list *list)
{
	struct pack_set *set;

	pthread_mutex_lock(&list->lock);
	set = list->set;
	if (set)
		(void)pack_set_ref(set);
	pthread_mutex_unlock(&list->lock);
	return set;
}

/* Names of all packs, the newest last. */
static int read_names(int packs_fd, struct strings *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings files = { 0 };
	char name[PACK_NAME_SIZE];
	int r = dir_list(packs_fd, ".", &files);

	if (r < 0)
		return error_errno(err, r, "cannot list the packs of the store");
	for (size_t i = 0; i < files.count; i++) {
		if (pack_name_parse(files.items[i], name))
			strings_add(ret, name);
	}
	strings_sort(ret);
	return 0;
}

/* In a set the packs stand with the newest, whose name is the last, first. */
static int compare_name(const void *name, const void *pack)
{
	return strcmp((*(struct pack *const *)pack)->name, name);
}

static struct pack *find_open(const struct pack_set *set, const char *name)
{
	struct pack *const *found;

	if (!set || !set->count)
		return NULL;
	found = bsearch(name, set->packs, set->count, sizeof(struct pack *), compare_name);
	return found ? *found : NULL;
}

static bool same_packs(const struct pack_set *set, const struct strings *names)
{
	if (!set || set->count + set->damaged.count != names->count)
		return false;
	for (size_t i = 0; i < names->count; i++) {
		if (!find_open(set, names->items[i]) &&
		    !strings_contain(&set->damaged, names->items[i]))
			return false;
	}
	return true;
}

/* A set of these packs, with what `old` has open. -ENOENT when one has vanished. */
static int make_set(const struct pack_list *list, const struct pack_set *old,
		    const struct strings *names, struct pack_set **ret, struct error *err)
{
	cleanup_with(pack_set_unref) struct pack_set *set =
		xcalloc(1, sizeof *set + names->count * sizeof(struct pack *));

	set->refs = 1;
	for (size_t i = names->count; i-- > 0;) {
		const char *name = names->items[i];
		struct pack *pack = find_open(old, name);
		struct error inner = { 0 };
		int r = 0;

		if (pack)
			(void)pack_ref(pack);
		else
			r = pack_open(list->packs_fd, name, &pack, &inner);
		if (r == -EBADMSG)
			strings_add(&set->damaged, name);
		else if (r < 0)
			return error_set(err, r, "%s", inner.text);
		else
			set->packs[set->count++] = pack;
	}
	*ret = take_ptr(&set);
	return 0;
}

/* Read the directory. Called with scan_lock held. */
static int scan(struct pack_list *list, const struct stat *st, struct error *err)
{
	cleanup_with(pack_set_unref) struct pack_set *old = current(list);
	struct pack_set *set = NULL, *replaced;
	struct timespec now;
	int r = -ENOENT;

	for (int tries = 0; r == -ENOENT && tries < MAX_TRIES; tries++) {
		cleanup_with(strings_release) struct strings names = { 0 };

		r = read_names(list->packs_fd, &names, err);
		if (r < 0)
			return r;
		if (same_packs(old, &names))
			break;
		r = make_set(list, old, &names, &set, err);
	}
	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	list->stamp = st->st_mtim;
	list->young = (now.tv_sec - st->st_mtim.tv_sec) * 1000000000LL + now.tv_nsec -
			      st->st_mtim.tv_nsec <
		      YOUNG_NS;
	if (!set)
		return 0;
	pthread_mutex_lock(&list->lock);
	replaced = list->set;
	list->set = set;
	pthread_mutex_unlock(&list->lock);
	pack_set_unref(replaced);
	return 1;
}

int pack_list_refresh(struct pack_list *list, bool always, struct error *err)
{
	struct stat st;
	int r = 0;

	pthread_mutex_lock(&list->scan_lock);
	if (fstat(list->packs_fd, &st) < 0)
		r = error_errno(err, -errno, "cannot look at the packs of the store");
	else if (always || list->young || !list->set || st.st_mtim.tv_sec != list->stamp.tv_sec ||
		 st.st_mtim.tv_nsec != list->stamp.tv_nsec)
		r = scan(list, &st, err);
	pthread_mutex_unlock(&list->scan_lock);
	return r;
}

int pack_list_get(struct pack_list *list, struct pack_set **ret, struct error *err)
{
	struct pack_set *set = current(list);

	if (!set) {
		int r = pack_list_refresh(list, false, err);

		if (r < 0)
			return r;
		set = current(list);
	}
	*ret = set;
	return 0;
}

bool pack_set_find(struct pack_set *set, const struct object_id *id, struct pack **ret_pack,
		   uint32_t *ret_position)
{
	size_t hint = __atomic_load_n(&set->hint, __ATOMIC_RELAXED);

	/* Neighbours lie together: most often it is the pack of the time before. */
	if (hint < set->count && pack_index_find(&set->packs[hint]->index, id, ret_position)) {
		*ret_pack = set->packs[hint];
		return true;
	}
	for (size_t i = 0; i < set->count; i++) {
		if (i == hint || !pack_index_find(&set->packs[i]->index, id, ret_position))
			continue;
		__atomic_store_n(&set->hint, (unsigned)i, __ATOMIC_RELAXED);
		*ret_pack = set->packs[i];
		return true;
	}
	return false;
}
