/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/images.h"

#include <errno.h>
#include <string.h>

#include "builder/build/news.h"
#include "builder/history/address.h"
#include "builder/history/history.h"
#include "builder/image/image_store.h"
#include "builder/image/load.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

static void fill(struct plan_image *ret, struct stored_image *found)
{
	ret->config = found->config;
	ret->name = found->name;
	ret->snapshot = found->snapshot;
	*found = (struct stored_image){ 0 };
}

/* ---- OCI layouts ---- */

static int load_layout(struct images *images, const char *place, const struct platform *platform,
		       struct plan_image *ret, struct error *err)
{
	cleanup_with(loaded_images_release) struct loaded_images loaded = { 0 };
	cleanup_with(stored_image_release) struct stored_image found = { 0 };
	cleanup_free char *path = NULL, *select = NULL;
	struct image_load load = {
		.store = images->store, .lease = images->lease, .fd = -1, .platform = platform
	};
	int r = oci_layout_parse(place, &path, &select, err);

	load.path = path;
	load.select = select;
	if (r == 0)
		r = image_load(&load, &loaded, err);
	if (r == 0 && loaded.count > 1)
		return error_set(err, -EINVAL,
				 "there are %zu images in '%s': say which one with "
				 "'" IMAGES_LAYOUT "%s:TAG'",
				 loaded.count, path, path);
	if (r == 0)
		r = image_read(images->store, &loaded.items[0].snapshot, &found, err);
	if (r < 0)
		return r;
	fill(ret, &found);
	if (!ret->name)
		ret->name = xasprintf(IMAGES_LAYOUT "%s", place);
	return 0;
}

/* ---- the store ---- */

static int find_state(struct images *images, const char *text, struct plan_image *ret,
		      struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image found = { 0 };
	cleanup_with(history_close) struct history *history = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	int r;

	/* Without a history there are ids and names of images still. */
	if (history_open(images->store, &history, NULL) < 0)
		history = NULL;
	r = address_find(images->store, history, text, &address, err);
	if (r == 0)
		r = store_lease_hold(images->lease, &address.snapshot, err);
	if (r == 0)
		r = image_read(images->store, &address.snapshot, &found, err);
	if (r < 0)
		return error_prefix(err, r, IMAGES_STATE "%s", text);
	fill(ret, &found);
	if (!ret->name)
		ret->name = xasprintf(IMAGES_STATE "%s", text);
	return 0;
}

static int missing(struct images *images, const char *name, const struct platform *platform,
		   struct error *err)
{
	cleanup_free char *there = NULL;
	char wanted[PLATFORM_TEXT_MAX];

	platform_format(platform, wanted);
	if (image_find_platforms(images->store, name, &there, NULL) == 0 && there && *there)
		return error_set(err, -ENOENT,
				 "there is no image '%s' for %s in the store, only for %s", name,
				 wanted, there);
	return error_set(
		err, -ENOENT,
		"there is no image '%s' in the store, and pulling is not supported: bring it "
		"in with 'varve load FILE' or 'varve import --name %s ROOTFS.tar'",
		name, name);
}

static int find_stored(struct images *images, const char *name, const struct platform *platform,
		       struct plan_image *ret, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image found = { 0 };
	int r = image_find(images->store, images->lease, name, platform, &found, err);

	if (r < 0)
		return r;
	if (r == 0 && images->only_look) {
		config_init_scratch(&ret->config, platform);
		ret->unknown = true;
		return 0;
	}
	if (r == 0)
		return missing(images, name, platform, err);
	fill(ret, &found);
	return 0;
}

static int find(struct plan_images *plan, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	struct images *images = (struct images *)plan;
	cleanup_free char *title = xasprintf("[internal] load metadata for %s", name);
	unsigned number = news_begin(images->news, title);
	size_t prefix = strlen(IMAGES_LAYOUT);
	int r;

	*ret = (struct plan_image){ 0 };
	if (strncmp(name, IMAGES_LAYOUT, prefix) == 0)
		r = load_layout(images, name + prefix, platform, ret, err);
	else if (strncmp(name, IMAGES_STATE, strlen(IMAGES_STATE)) == 0)
		r = find_state(images, name + strlen(IMAGES_STATE), ret, err);
	else
		r = find_stored(images, name, platform, ret, err);
	return news_end(images->news, number, r, err);
}

void images_init(struct images *images, struct store *store, struct store_lease *lease,
		 struct news *news)
{
	*images = (struct images){
		.plan = { .find = find }, .store = store, .lease = lease, .news = news
	};
}
