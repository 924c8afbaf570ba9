/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/descriptor.h"
#include "builder/image/image_store_internal.h"
#include "builder/image/json.h"
#include "builder/image/layer/chain.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

/* ---- making ---- */

static int put_image(struct store_txn *txn, struct store_lease *lease,
		     struct snapshot_record *record, const void *config, size_t size,
		     struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r = store_txn_put(txn, OBJECT_BLOB, config, size, &record->config, err);

	if (r < 0)
		return r;
	snapshot_record_encode(record, &bytes);
	r = store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, ret, err);
	if (r == 0)
		r = store_txn_hold(txn, store_lease_name(lease), ret, err);
	return r < 0 ? r : store_txn_commit(txn, err);
}

int image_make_document(struct store *store, struct store_lease *lease,
			const struct object_id *state, const void *config, size_t size,
			int64_t created_s, struct object_id *ret, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct snapshot_record record = { .root = tree_root_empty() };
	int r = object_id_is_zero(state) ? 0 : snapshot_read(store, state, &record, err);

	if (r < 0)
		return r;
	record.created_s = created_s;
	r = store_txn_begin(store, lease, &txn, err);
	if (r == 0)
		r = put_image(txn, lease, &record, config, size, ret, err);
	return r;
}

int image_make(struct store *store, struct store_lease *lease, const struct object_id *state,
	       const struct config *config, int64_t created_s, struct object_id *ret,
	       struct error *err)
{
	cleanup_with(buf_release) struct buf document = { 0 };

	config_write(config, &document);
	return image_make_document(store, lease, state, document.data, document.length, created_s,
				   ret, err);
}

/* ---- names ---- */

int image_key(const char *name, char **ret, struct error *err)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	int r = reference_parse(name, &reference, err);

	if (r < 0)
		return r;
	reference_complete(&reference);
	if (reference.has_digest) {
		free(reference.tag);
		reference.tag = NULL;
	}
	*ret = reference_string(&reference);
	return 0;
}

bool image_key_has(const char *key, const char *ref_name)
{
	size_t length = strlen(key);

	ref_name += strlen(TAG_PREFIX);
	return strncmp(ref_name, key, length) == 0 &&
	       (!ref_name[length] || ref_name[length] == ' ');
}

/* Length of the name without tag and digest; `key` is whole, so there is one of them. */
static size_t repository_length(const char *key)
{
	const char *at = strchr(key, '@');

	return (size_t)((at ? at : strrchr(key, ':')) - key);
}

int image_known_digest(const struct ref_list *refs, const char *key,
		       const struct object_id *snapshot, struct object_id *ret)
{
	size_t length = repository_length(key);

	for (size_t i = 0; i < refs->count; i++) {
		const char *name = refs->items[i].name + strlen(TAG_PREFIX);

		if (strncmp(name, key, length) == 0 && name[length] == '@' &&
		    object_id_equal(&refs->items[i].id, snapshot) &&
		    strlen(name + length + 1) >= DIGEST_TEXT_SIZE - 1) {
			cleanup_free char *digest =
				xstrndup(name + length + 1, DIGEST_TEXT_SIZE - 1);

			if (digest_parse(digest, ret, NULL) == 0)
				return 1;
		}
	}
	return 0;
}

char *image_name_familiar(const char *name)
{
	cleanup_with(reference_release) struct reference reference = { 0 };

	if (reference_parse(name, &reference, NULL) < 0)
		return xstrdup(name);
	return reference_familiar(&reference);
}

/* ---- looking ---- */

struct platform image_platform(const struct config *config)
{
	struct platform platform = config->platform;

	platform_normalize(&platform);
	return platform;
}

static int read_config(struct store *store, const struct object_id *snapshot,
		       const struct object_id *id, struct config *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf document = { 0 };
	int r;

	if (object_id_is_zero(id))
		return error_set(err, -EINVAL, "state %s is no image: it has no configuration",
				 object_id_hex(snapshot).text);
	r = store_read(store, id, OBJECT_BLOB, JSON_DOCUMENT_MAX, &document, err);
	return r < 0 ? r
		     : config_parse(document.data, document.length, "image configuration", ret,
				    err);
}

int image_read(struct store *store, const struct object_id *snapshot, struct stored_image *ret,
	       struct error *err)
{
	struct stored_image image = { .snapshot = *snapshot };
	struct snapshot_record record;
	int r = snapshot_read(store, snapshot, &record, err);

	if (r == 0)
		r = read_config(store, snapshot, &record.config, &image.config, err);
	if (r < 0) {
		stored_image_release(&image);
		return r;
	}
	*ret = image;
	return 0;
}

void stored_image_release(struct stored_image *image)
{
	free(image->name);
	config_release(&image->config);
	*image = (struct stored_image){ 0 };
}

/* How well it suits; an image that does not say what it is for is better than none. */
static unsigned rank_of(const struct stored_image *image, const struct platform *want)
{
	struct platform have = image_platform(&image->config);

	if (!*have.os && !*have.architecture)
		return 1;
	return platform_match(want, &have);
}

/* The best of all that have the name: 1, or 0. */
static int choose(struct store *store, const struct ref_list *refs, const char *key,
		  const struct platform *want, struct stored_image *ret, struct error *err)
{
	unsigned best = 0;

	for (size_t i = 0; i < refs->count; i++) {
		struct stored_image image = { 0 };
		unsigned rank;
		int r;

		if (!image_key_has(key, refs->items[i].name))
			continue;
		r = image_read(store, &refs->items[i].id, &image, err);
		if (r < 0)
			return r;
		rank = rank_of(&image, want);
		if (rank > best) {
			best = rank;
			stored_image_release(ret);
			*ret = image;
		} else {
			stored_image_release(&image);
		}
	}
	return best > 0;
}

static int find(struct store *store, const struct ref_list *refs, const char *key,
		const struct platform *want, struct stored_image *ret, struct error *err)
{
	cleanup_free char *name = xasprintf(TAG_PREFIX "%s", key);

	if (want)
		return choose(store, refs, key, want, ret, err);
	for (size_t i = 0; i < refs->count; i++) {
		int r;

		if (strcmp(refs->items[i].name, name) != 0)
			continue;
		r = image_read(store, &refs->items[i].id, ret, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* "docker.io/library/debian:12@sha256:…": as it was asked for, with what else is known. */
static char *whole_name(const char *asked, const struct ref_list *refs, const char *key,
			const struct object_id *snapshot)
{
	cleanup_with(reference_release) struct reference reference = { 0 };

	if (reference_parse(asked, &reference, NULL) < 0)
		return xstrdup(key);
	reference_complete(&reference);
	if (!reference.has_digest)
		reference.has_digest = image_known_digest(refs, key, snapshot, &reference.digest);
	return reference_string(&reference);
}

int image_find(struct store *store, struct store_lease *lease, const char *name,
	       const struct platform *platform, struct stored_image *ret, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image image = { 0 };
	cleanup_with(ref_list_release) struct ref_list refs = { 0 };
	struct platform want = platform ? *platform : platform_host();
	cleanup_free char *key = NULL;
	int held, r = image_key(name, &key, err);

	platform_normalize(&want);
	if (r == 0)
		r = store_ref_list(store, TAG_PREFIX, &refs, err);
	if (r == 0)
		r = find(store, &refs, key, platform ? &want : NULL, &image, err);
	held = r > 0 && lease ? store_lease_hold(lease, &image.snapshot, err) : 0;
	if (held == -ENOENT)
		r = error_set(err, -ESTALE, "image '%s' has just been removed", name);
	else if (held < 0)
		r = held;
	if (r <= 0)
		return r < 0 ? error_prefix(err, r, "image '%s'", name) : 0;
	image.name = whole_name(name, &refs, key, &image.snapshot);
	*ret = image;
	image = (struct stored_image){ 0 };
	return 1;
}

int image_find_platforms(struct store *store, const char *name, char **ret, struct error *err)
{
	cleanup_with(ref_list_release) struct ref_list refs = { 0 };
	cleanup_with(strings_release) struct strings list = { 0 };
	cleanup_free char *key = NULL;
	int r = image_key(name, &key, err);

	if (r == 0)
		r = store_ref_list(store, TAG_PREFIX, &refs, err);
	for (size_t i = 0; i < refs.count && r == 0; i++) {
		cleanup_with(stored_image_release) struct stored_image image = { 0 };
		char text[PLATFORM_TEXT_MAX];
		struct platform platform;

		if (!image_key_has(key, refs.items[i].name))
			continue;
		r = image_read(store, &refs.items[i].id, &image, err);
		if (r < 0)
			break;
		platform = image_platform(&image.config);
		platform_format(&platform, text);
		strings_add(&list, text);
	}
	if (r < 0)
		return r;
	strings_sort(&list);
	*ret = strings_join(&list, ", ");
	return 0;
}
