/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/image_store.h"
#include "builder/image/load/load_internal.h"
#include "builder/image/reference.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

/* ---- selecting ---- */

static bool is_selected(const struct load_candidate *candidate, const char *select)
{
	cleanup_free char *whole = NULL;
	struct object_id digest;

	if (digest_parse(select, &digest, NULL) == 0)
		return (candidate->has_digest &&
			object_id_equal(&candidate->descriptor.digest, &digest)) ||
		       (candidate->has_top && object_id_equal(&candidate->top, &digest));
	if (strings_contain(&candidate->words, select))
		return true;
	if (reference_normalize(select, &whole, NULL) == 0 &&
	    strings_contain(&candidate->names, whole))
		return true;
	/* the tag of a name */
	for (size_t i = 0; i < candidate->names.count; i++) {
		cleanup_with(reference_release) struct reference name = { 0 };

		if (reference_parse(candidate->names.items[i], &name, NULL) == 0 && name.tag &&
		    strcmp(name.tag, select) == 0)
			return true;
	}
	return false;
}

/* What there is, for messages. */
static char *describe(const struct load_candidates *list, bool platforms)
{
	cleanup_with(strings_release) struct strings words = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		const struct load_candidate *candidate = &list->items[i];
		char text[PLATFORM_TEXT_MAX];

		platform_format(&candidate->platform, text);
		if (platforms)
			strings_add(&words, text);
		else if (candidate->words.count)
			strings_add(&words, candidate->words.items[0]);
		else if (candidate->has_digest)
			strings_add(&words, digest_text(&candidate->descriptor.digest).text);
	}
	for (size_t i = words.count; i-- > 1;) {
		if (strings_index(&words, words.items[i]) < (long)i)
			strings_remove(&words, i);
	}
	return words.count ? strings_join(&words, ", ") : xstrdup("none");
}

static bool any_selected(const struct load_candidates *list, const char *select)
{
	for (size_t i = 0; i < list->count; i++) {
		if (is_selected(&list->items[i], select))
			return true;
	}
	return false;
}

static int keep_selected(struct load_candidates *list, const char *select, struct error *err)
{
	if (!any_selected(list, select)) {
		cleanup_free char *there = describe(list, false);

		return error_set(err, -ENOENT, "there is no image '%s'; there are: %s", select,
				 there);
	}
	for (size_t i = list->count; i-- > 0;) {
		if (!is_selected(&list->items[i], select))
			load_candidates_remove(list, i);
	}
	return 0;
}

/* Several names, and none was selected. */
static int keep_one_group(struct load_candidates *list, struct error *err)
{
	for (size_t i = 1; i < list->count; i++) {
		cleanup_free char *there = NULL;

		if (list->items[i].group == list->items[0].group)
			continue;
		if (any_selected(list, "latest"))
			return keep_selected(list, "latest", err);
		there = describe(list, false);
		return error_set(err, -EINVAL, "there are several images, say which: %s", there);
	}
	return 0;
}

/* ---- platforms ---- */

static unsigned rank_of(const struct load_candidate *candidate, const struct platform *want)
{
	if (!*candidate->platform.os && !*candidate->platform.architecture)
		return 1;
	return platform_match(want, &candidate->platform);
}

static unsigned best_of_group(const struct load_candidates *list, unsigned group,
			      const struct platform *want)
{
	unsigned best = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].group == group && rank_of(&list->items[i], want) > best)
			best = rank_of(&list->items[i], want);
	}
	return best;
}

static int keep_platform(struct load_candidates *list, const struct platform *platform,
			 struct error *err)
{
	cleanup_free char *there = describe(list, true);
	cleanup_free unsigned *best = xcalloc(list->count + 1, sizeof *best);
	struct platform want = *platform;
	char text[PLATFORM_TEXT_MAX];

	platform_normalize(&want);
	for (size_t i = 0; i < list->count; i++)
		best[i] = best_of_group(list, list->items[i].group, &want);
	for (size_t i = list->count; i-- > 0;) {
		if (!best[i] || rank_of(&list->items[i], &want) != best[i])
			load_candidates_remove(list, i);
	}
	if (list->count)
		return 0;
	platform_format(&want, text);
	return error_set(err, -ENOENT, "there is no image for %s; there are: %s", text, there);
}

/* ---- one image ---- */

static int load_image(const struct image_load *load, struct load_files *files,
		      const struct load_candidate *candidate, struct loaded_image *ret,
		      struct error *err)
{
	const struct load_layers layers_of = { .load = load,
					       .files = files,
					       .manifest = &candidate->manifest,
					       .config = &candidate->config,
					       .names = candidate->layer_files.items,
					       .count = candidate->layer_files.count };
	const struct buf *document = &candidate->document;
	struct object_id layers;
	int r = load_layers(&layers_of, &layers, err);

	if (r == 0)
		r = image_make_document(load->store, load->lease, &layers, document->data,
					document->length, 0, &ret->snapshot, err);
	if (r < 0)
		return r;
	ret->platform = candidate->platform;
	ret->config_digest = object_id_of(document->data, document->length);
	ret->has_digest = candidate->has_digest;
	if (candidate->has_digest)
		ret->digest = candidate->descriptor.digest;
	strings_add_all(&ret->names, &candidate->names);
	ret->layers = xcalloc(candidate->manifest.layer_count + 1, sizeof *ret->layers);
	for (size_t i = 0; i < candidate->manifest.layer_count; i++)
		ret->layers[ret->layer_count++] = candidate->manifest.layers[i].digest;
	return 0;
}

/* ---- the whole ---- */

static int collect(struct load_files *files, struct load_candidates *ret, struct error *err)
{
	int r = load_oci_collect(files, ret, err);

	if (r == 0)
		r = load_docker_collect(files, ret, err);
	if (r == 0)
		return error_set(err, -EINVAL,
				 "neither an OCI layout nor an archive of 'docker save': there is "
				 "no index.json and no manifest.json; 'varve import' takes the "
				 "archive of a root filesystem");
	return r < 0 ? r : 0;
}

/* What indexes say of platforms spares reading what is for others. */
static bool platforms_are_known(const struct load_candidates *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].has_digest &&
		    !descriptor_has_platform(&list->items[i].descriptor))
			return false;
	}
	return list->count > 0;
}

static int choose(const struct image_load *load, struct load_files *files,
		  struct load_candidates *list, struct error *err)
{
	struct platform host = platform_host();
	const struct platform *platform = load->platform;
	int r = 0;

	if (!platform && load->one)
		platform = &host;
	if (load->select)
		r = keep_selected(list, load->select, err);
	else if (load->one)
		r = keep_one_group(list, err);
	if (r == 0 && platform && platforms_are_known(list))
		r = keep_platform(list, platform, err);
	for (size_t i = 0; i < list->count && r == 0; i++) {
		if (list->items[i].has_digest)
			r = load_oci_read(files, &list->items[i], err);
	}
	if (r == 0 && platform)
		r = keep_platform(list, platform, err);
	if (r < 0)
		return r;
	if (!list->count)
		return error_set(err, -ENOENT, "there is no image in it");
	if (load->one && list->count > 1) {
		cleanup_free char *there = describe(list, false);

		return error_set(err, -EINVAL, "there are several images, say which: %s", there);
	}
	return 0;
}

static int load_chosen(const struct image_load *load, struct load_files *files,
		       const struct load_candidates *list, struct loaded_images *ret,
		       struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < list->count && r == 0; i++) {
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count] = (struct loaded_image){ 0 };
		r = load_image(load, files, &list->items[i], &ret->items[ret->count++], err);
	}
	return r;
}

int image_load(const struct image_load *load, struct loaded_images *ret, struct error *err)
{
	cleanup_with(load_candidates_release) struct load_candidates list = { 0 };
	cleanup_with(load_files_close) struct load_files *files = NULL;
	struct loaded_images images = { 0 };
	int r = 0;

	if (load->fetcher)
		files = load_files_fetched(load->fetcher, load->top);
	else
		r = load_files_open(load->path, load->fd, store_lease_tmp_fd(load->lease), &files,
				    err);
	if (r < 0)
		return r;
	r = collect(files, &list, err);
	if (r == 0)
		r = choose(load, files, &list, err);
	if (r == 0)
		r = load_chosen(load, files, &list, &images, err);
	if (r < 0) {
		loaded_images_release(&images);
		return error_prefix(err, r, "'%s'", load_files_name(files));
	}
	*ret = images;
	return 0;
}

void loaded_images_release(struct loaded_images *images)
{
	for (size_t i = 0; i < images->count; i++) {
		strings_release(&images->items[i].names);
		free(images->items[i].layers);
	}
	free(images->items);
	*images = (struct loaded_images){ 0 };
}

/* ---- names ---- */

static int tag_all(struct store *store, struct store_lease *lease,
		   const struct loaded_images *images, const char *name, struct strings *ret_names,
		   struct error *err)
{
	cleanup_free struct object_id *snapshots = xcalloc(images->count + 1, sizeof *snapshots);
	cleanup_free char *whole = NULL;
	size_t count = 0;
	int r = reference_normalize(name, &whole, err);

	for (size_t i = 0; i < images->count; i++) {
		if (strings_contain(&images->items[i].names, whole ? whole : ""))
			snapshots[count++] = images->items[i].snapshot;
	}
	if (r == 0)
		r = image_tag(store, lease, whole, snapshots, count, 0, err);
	if (r == 0 && ret_names && !strings_contain(ret_names, whole))
		strings_add(ret_names, whole);
	return r;
}

static int tag_as(struct store *store, struct store_lease *lease,
		  const struct loaded_images *images, const char *name, struct strings *ret_names,
		  struct error *err)
{
	cleanup_free struct object_id *snapshots = xcalloc(images->count + 1, sizeof *snapshots);
	cleanup_free char *whole = NULL;
	int r = reference_normalize(name, &whole, err);

	for (size_t i = 0; i < images->count; i++)
		snapshots[i] = images->items[i].snapshot;
	if (r == 0)
		r = image_tag(store, lease, whole, snapshots, images->count, 0, err);
	if (r == 0 && ret_names)
		strings_take(ret_names, take_ptr(&whole));
	return r;
}

int image_load_tag(struct store *store, struct store_lease *lease,
		   const struct loaded_images *images, const char *name, struct strings *ret_names,
		   struct error *err)
{
	cleanup_with(strings_release) struct strings done = { 0 };

	if (name)
		return tag_as(store, lease, images, name, ret_names, err);
	for (size_t i = 0; i < images->count; i++) {
		const struct strings *names = &images->items[i].names;

		for (size_t j = 0; j < names->count; j++) {
			int r;

			if (strings_contain(&done, names->items[j]))
				continue;
			strings_add(&done, names->items[j]);
			r = tag_all(store, lease, images, names->items[j], ret_names, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Where the tag begins in the first `length` bytes, behind all slashes; NULL when there is none. */
static const char *find_tag(const char *text, size_t length)
{
	const char *colon = memrchr(text, ':', length);

	return colon && !memchr(colon, '/', (size_t)(text + length - colon)) ? colon : NULL;
}

int oci_layout_parse(const char *text, char **ret_path, char **ret_select, struct error *err)
{
	const char *at = strrchr(text, '@'), *select = NULL, *tag;
	struct object_id digest;
	size_t length;

	if (at && !strchr(at, '/')) {
		int r = digest_parse(at + 1, &digest, err);

		if (r < 0)
			return error_prefix(err, r, "'%s'", text);
		select = at + 1;
	}
	length = select ? (size_t)(at - text) : strlen(text);
	tag = find_tag(text, length);
	if (tag) {
		/* DIR:TAG@DIGEST: the digest says it all */
		if (!select)
			select = tag + 1;
		if (select == tag + 1 && !reference_tag_valid(select))
			return error_set(err, -EINVAL, "'%s': '%s' is no tag", text, select);
		length = (size_t)(tag - text);
	}
	if (length == 0)
		return error_set(err, -EINVAL, "'%s' names no directory", text);
	*ret_select = select ? xstrdup(select) : NULL;
	*ret_path = xstrndup(text, length);
	return 0;
}
