/* SPDX-License-Identifier: Apache-2.0 */
/* Giving names to images, taking them away, and listing them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/image_store_internal.h"
#include "builder/image/layer/chain.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/object/id_set.h"
#include "fs/store/store.h"
#include "fs/tree/walk.h"

#define NS_PER_S 1000000000

/* ---- tagging ---- */

/* An image that is to have the name. */
struct tagged {
	struct object_id snapshot;
	struct platform platform;
};

struct tagging {
	const char *key;
	struct tagged *items;
	size_t count, capacity;
};

static struct tagged *find_platform(const struct tagging *tagging, const struct platform *platform)
{
	for (size_t i = 0; i < tagging->count; i++) {
		if (platform_equal(&tagging->items[i].platform, platform))
			return &tagging->items[i];
	}
	return NULL;
}

static int add_image(struct store *store, const struct object_id *snapshot, bool keep,
		     struct tagging *tagging, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	struct platform platform;
	char text[PLATFORM_TEXT_MAX];
	int r = image_read(store, snapshot, &image, err);

	if (r < 0)
		return r;
	platform = image_platform(&image.config);
	if (find_platform(tagging, &platform)) {
		if (keep)
			return 0;
		platform_format(&platform, text);
		return error_set(err, -EINVAL, "two images for %s cannot both be called '%s'", text,
				 tagging->key);
	}
	array_reserve_one(tagging->items, tagging->count, tagging->capacity);
	tagging->items[tagging->count++] = (struct tagged){ *snapshot, platform };
	return 0;
}

/* Those that have the name already, for other platforms. */
static int add_present(struct store *store, const struct ref_list *refs, struct tagging *tagging,
		       struct error *err)
{
	for (size_t i = 0; i < refs->count; i++) {
		int r;

		if (!image_key_has(tagging->key, refs->items[i].name))
			continue;
		r = add_image(store, &refs->items[i].id, true, tagging, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The one that the bare name stands for. */
static size_t choose_first(const struct tagging *tagging)
{
	struct platform host = platform_host();
	unsigned best = 0;
	size_t first = 0;

	for (size_t i = 0; i < tagging->count; i++) {
		unsigned rank = platform_match(&host, &tagging->items[i].platform);

		if (rank > best) {
			best = rank;
			first = i;
		}
	}
	return first;
}

static char *ref_of(const struct tagging *tagging, size_t index, size_t first)
{
	char text[PLATFORM_TEXT_MAX];

	if (index == first)
		return xasprintf(TAG_PREFIX "%s", tagging->key);
	platform_format(&tagging->items[index].platform, text);
	return xasprintf(TAG_PREFIX "%s %s", tagging->key, text);
}

static int set_refs(struct store *store, struct store_lease *lease, const struct tagging *tagging,
		    struct strings *ret_set, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	size_t first = choose_first(tagging);
	int r = store_txn_begin(store, lease, &txn, err);

	for (size_t i = 0; i < tagging->count && r == 0; i++) {
		strings_take(ret_set, ref_of(tagging, i, first));
		r = store_txn_set_ref(txn, ret_set->items[i], &tagging->items[i].snapshot, err);
	}
	return r < 0 ? r : store_txn_commit(txn, err);
}

/* Refs of the name that are not among the new ones. */
static int delete_refs(struct store *store, const struct ref_list *refs, const char *key,
		       const struct strings *keep, struct error *err)
{
	int found = 0;

	for (size_t i = 0; i < refs->count; i++) {
		const char *name = refs->items[i].name;
		int r;

		if (!image_key_has(key, name) || (keep && strings_contain(keep, name)))
			continue;
		r = store_ref_delete(store, name, err);
		if (r < 0)
			return r;
		found |= r;
	}
	return found;
}

static int tag(struct store *store, struct store_lease *lease, struct tagging *tagging,
	       const struct object_id *snapshots, size_t count, unsigned flags, struct error *err)
{
	cleanup_with(ref_list_release) struct ref_list refs = { 0 };
	cleanup_with(strings_release) struct strings set = { 0 };
	int r = store_ref_list(store, TAG_PREFIX, &refs, err);

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_image(store, &snapshots[i], false, tagging, err);
	if (r == 0 && (flags & IMAGE_TAG_ADD))
		r = add_present(store, &refs, tagging, err);
	if (r == 0)
		r = set_refs(store, lease, tagging, &set, err);
	if (r == 0)
		r = delete_refs(store, &refs, tagging->key, &set, err);
	return r < 0 ? r : 0;
}

int image_tag(struct store *store, struct store_lease *lease, const char *name,
	      const struct object_id *snapshots, size_t count, unsigned flags, struct error *err)
{
	cleanup_free char *key = NULL;
	struct tagging tagging = { 0 };
	int r = image_key(name, &key, err);

	if (r == 0) {
		tagging.key = key;
		r = tag(store, lease, &tagging, snapshots, count, flags, err);
		free(tagging.items);
	}
	return r < 0 ? error_prefix(err, r, "cannot tag '%s'", name) : 0;
}

static bool has_tag_in(const struct ref_list *refs, const char *repository, const char *but,
		       const struct object_id *id)
{
	for (size_t i = 0; i < refs->count; i++) {
		const struct ref *ref = &refs->items[i];

		if (strncmp(ref->name + strlen(TAG_PREFIX), repository, strlen(repository)) == 0 &&
		    ref->name[strlen(TAG_PREFIX) + strlen(repository)] == ':' &&
		    !image_key_has(but, ref->name) && object_id_equal(&ref->id, id))
			return true;
	}
	return false;
}

/* The digest that it was pulled by goes with the last tag of an image in its repository. */
static int delete_digests(struct store *store, const struct ref_list *refs, const char *key,
			  struct error *err)
{
	const char *colon = strrchr(key, ':');
	cleanup_free char *repository = NULL, *prefix = NULL;
	int r = 0;

	if (strchr(key, '@') || !colon)
		return 0;
	repository = xstrndup(key, (size_t)(colon - key));
	prefix = xasprintf(TAG_PREFIX "%s@", repository);
	for (size_t i = 0; i < refs->count; i++) {
		const struct ref *tagged = &refs->items[i];

		if (!image_key_has(key, tagged->name) ||
		    has_tag_in(refs, repository, key, &tagged->id))
			continue;
		for (size_t j = 0; j < refs->count && r >= 0; j++) {
			const struct ref *ref = &refs->items[j];

			if (strncmp(ref->name, prefix, strlen(prefix)) == 0 &&
			    object_id_equal(&ref->id, &tagged->id))
				r = store_ref_delete(store, ref->name, err);
		}
	}
	return r < 0 ? r : 0;
}

int image_untag(struct store *store, const char *name, struct error *err)
{
	cleanup_with(ref_list_release) struct ref_list refs = { 0 };
	cleanup_free char *key = NULL;
	int r = image_key(name, &key, err);

	if (r == 0)
		r = store_ref_list(store, TAG_PREFIX, &refs, err);
	if (r == 0)
		r = delete_digests(store, &refs, key, err);
	if (r == 0)
		r = delete_refs(store, &refs, key, NULL, err);
	return r < 0 ? error_prefix(err, r, "cannot untag '%s'", name) : r;
}

/* ---- listing ---- */

/* Bytes of all files of a tree; of several names of one file only the first counts. */
static int tree_size(struct store *store, const struct object_id *dir, uint64_t *ret,
		     struct error *err)
{
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	struct id_set seen = { 0 };
	struct dir_entry entry;
	const char *path;
	int r = tree_walk_begin(&walk, store, dir, err);

	*ret = 0;
	while (r >= 0 && (r = tree_walk_next(&walk, &entry, &path, err)) > 0) {
		struct object_id link = { .bytes[OBJECT_ID_SIZE - 1] = 1 };

		if (entry.type != DIR_ENTRY_FILE)
			continue;
		memcpy(link.bytes, &entry.link_id, sizeof entry.link_id);
		if (!(entry.flags & DIR_ENTRY_HARDLINK) || id_set_add(&seen, &link))
			*ret += entry.size;
	}
	id_set_release(&seen);
	return r;
}

static int64_t created_of(const struct config *config, const struct snapshot_record *record)
{
	int64_t ns;

	if (config->created && config_time_parse(config->created, &ns) == 0)
		return ns / NS_PER_S;
	return record->created_s;
}

static int read_row(struct store *store, const struct ref_list *refs, const struct ref *ref,
		    struct image_row *ret, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	struct image_row row = { .snapshot = ref->id };
	struct snapshot_record record;
	int r = image_read(store, &ref->id, &image, err);

	if (r == 0)
		r = snapshot_read(store, &ref->id, &record, err);
	if (r == 0)
		r = tree_size(store, &record.root.dir, &row.size, err);
	if (r < 0)
		return r;
	row.name = xstrndup(ref->name + strlen(TAG_PREFIX),
			    strcspn(ref->name + strlen(TAG_PREFIX), " "));
	row.platform = image_platform(&image.config);
	row.created_s = created_of(&image.config, &record);
	row.has_digest = image_known_digest(refs, row.name, &row.snapshot, &row.digest);
	*ret = row;
	return 0;
}

/* A name with a digest says nothing new beside one with a tag. */
static bool is_needless(const struct ref_list *refs, const struct ref *ref)
{
	const char *digest = strchr(ref->name, '@');

	for (size_t i = 0; digest && i < refs->count; i++) {
		const struct ref *other = &refs->items[i];

		if (strncmp(other->name, ref->name, (size_t)(digest - ref->name)) == 0 &&
		    other->name[digest - ref->name] == ':' && object_id_equal(&other->id, &ref->id))
			return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	const struct image_row *left = a, *right = b;
	char text[2][PLATFORM_TEXT_MAX];
	int order = strcmp(left->name, right->name);

	platform_format(&left->platform, text[0]);
	platform_format(&right->platform, text[1]);
	return order ? order : strcmp(text[0], text[1]);
}

int image_list(struct store *store, struct image_rows *ret, struct strings *warnings,
	       struct error *err)
{
	cleanup_with(ref_list_release) struct ref_list refs = { 0 };
	int r = store_ref_list(store, TAG_PREFIX, &refs, err);

	for (size_t i = 0; i < refs.count && r == 0; i++) {
		struct error problem = { 0 };
		struct image_row row;

		if (is_needless(&refs, &refs.items[i]))
			continue;
		if (read_row(store, &refs, &refs.items[i], &row, &problem) < 0) {
			if (warnings)
				strings_add_format(warnings, "%s: %s", refs.items[i].name,
						   problem.text);
			continue;
		}
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = row;
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, by_name);
	return r;
}

void image_rows_release(struct image_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->items[i].name);
	free(rows->items);
	*rows = (struct image_rows){ 0 };
}
