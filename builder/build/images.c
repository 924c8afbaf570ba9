/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/images.h"

#include <errno.h>
#include <string.h>

#include "builder/build/news.h"
#include "builder/history/address.h"
#include "builder/history/history.h"
#include "builder/image/image_store.h"
#include "builder/image/load.h"
#include "builder/registry/pull.h"
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

/* ---- registries ---- */

struct pull_report {
	struct images *images;
	unsigned number; /* of the vertex */
};

static void report(void *context, const char *what, uint64_t current, uint64_t total)
{
	const struct pull_report *report = context;

	news_status(report->images->news, report->number, what, current, total, true,
		    total > 0 && current >= total);
}

/* What there is in the store, and the ways to get along without a registry. */
static int advise(struct images *images, const char *name, int code, struct error *err)
{
	cleanup_free char *there = NULL, *words = NULL;

	if (code == -ECANCELED || !err)
		return code;
	words = xstrdup(err->text);
	if (image_find_platforms(images->store, name, &there, NULL) == 0 && there && *there)
		return error_set(err, code, "%s; in the store it is there for %s%s", words, there,
				 images->pull ? ", which is not looked at with --pull" : " only");
	return error_set(err, code,
			 "%s; without a registry 'varve load FILE' and 'varve import --name %s "
			 "ROOTFS.tar' bring it in, and '--build-context %s=PATH' takes another "
			 "in its place",
			 words, name, name);
}

static int pull(struct images *images, const char *name, const struct platform *platform,
		unsigned number, struct error *err)
{
	struct pull_report context = { images, number };
	const struct progress progress = { .report = report,
					   .cancel_fd = images->cancel_fd,
					   .context = &context };
	const struct registry_pull how = { .registries = images->registries,
					   .store = images->store,
					   .lease = images->lease,
					   .tmp_fd = store_lease_tmp_fd(images->lease),
					   .name = name,
					   .platform = platform,
					   .progress = &progress };
	struct pulled_image pulled;
	int r = registry_pull(&how, &pulled, err);

	return r < 0 ? advise(images, name, r, err) : 0;
}

/* ---- the store, then a registry ---- */

int images_find_named(struct images *images, const char *name, const struct platform *platform,
		      unsigned number, struct plan_image *ret, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image found = { 0 };
	bool ask = images->pull && !images->only_look;
	int r = ask ? 0 : image_find(images->store, images->lease, name, platform, &found, err);

	if (r == 0 && images->only_look) {
		config_init_scratch(&ret->config, platform);
		ret->unknown = true;
		return 0;
	}
	if (r == 0) {
		r = pull(images, name, platform, number, err);
		if (r == 0)
			r = image_find(images->store, images->lease, name, platform, &found, err);
		if (r == 0)
			return error_set(err, -ENOENT, "'%s' was pulled, and is gone again", name);
	}
	if (r < 0)
		return r;
	fill(ret, &found);
	return 0;
}

bool images_is_named(const char *name)
{
	return strncmp(name, IMAGES_LAYOUT, strlen(IMAGES_LAYOUT)) != 0 &&
	       strncmp(name, IMAGES_STATE, strlen(IMAGES_STATE)) != 0;
}

char *images_title(const char *name)
{
	return xasprintf("[internal] load metadata for %s", name);
}

static int find(struct plan_images *plan, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	struct images *images = (struct images *)plan;
	cleanup_free char *title = images_title(name);
	unsigned number = news_begin(images->news, title);
	size_t prefix = strlen(IMAGES_LAYOUT);
	int r;

	*ret = (struct plan_image){ 0 };
	if (strncmp(name, IMAGES_LAYOUT, prefix) == 0)
		r = load_layout(images, name + prefix, platform, ret, err);
	else if (strncmp(name, IMAGES_STATE, strlen(IMAGES_STATE)) == 0)
		r = find_state(images, name + strlen(IMAGES_STATE), ret, err);
	else
		r = images_find_named(images, name, platform, number, ret, err);
	return news_end(images->news, number, r, err);
}

void images_init(struct images *images, struct store *store, struct store_lease *lease,
		 struct news *news)
{
	*images = (struct images){
		.plan = { .find = find }, .store = store, .lease = lease, .news = news
	};
}
