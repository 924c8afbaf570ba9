/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/image_prefetch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/build/images.h"
#include "builder/build/news.h"
#include "builder/dockerfile/diagnostic.h"
#include "builder/image/image_store.h"
#include "builder/registry/crew.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"

/* Images on their way at once; each has REGISTRY_PARALLEL layers on theirs. */
#define IMAGES_PARALLEL 3

struct wanted_image {
	char *name;
	struct platform platform;
	struct plan_image answer;
	int result; /* of looking for it; -ECANCELED as well for one that was not come to */
	struct error err;
};

static bool is_meant(const struct wanted_image *item, const char *name,
		     const struct platform *platform)
{
	return strcmp(item->name, name) == 0 && platform_equal(&item->platform, platform) &&
	       strcmp(item->platform.os_version, platform->os_version) == 0;
}

static struct wanted_image *find_item(const struct image_prefetch *prefetch, const char *name,
				      const struct platform *platform)
{
	for (size_t i = 0; i < prefetch->count; i++) {
		if (is_meant(&prefetch->items[i], name, platform))
			return &prefetch->items[i];
	}
	return NULL;
}

static void stand_in(const struct platform *platform, struct plan_image *ret)
{
	*ret = (struct plan_image){ .unknown = true };
	config_init_scratch(&ret->config, platform);
}

/* ---- what will be wanted ---- */

/* Stands in for the images while that is found out. */
struct wishes {
	struct plan_images plan;
	struct image_prefetch *prefetch;
};

static int wish(struct plan_images *plan, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	struct image_prefetch *prefetch = ((struct wishes *)plan)->prefetch;
	struct news silent = { .next = 1 };
	struct images look = *prefetch->images;
	struct wanted_image *item;
	int r;

	if (!images_is_named(name)) {
		stand_in(platform, ret);
		return 0;
	}
	look.news = &silent;
	look.only_look = true;
	*ret = (struct plan_image){ 0 };
	r = images_find_named(&look, name, platform, 0, ret, err);
	if (r < 0 || (!ret->unknown && !prefetch->images->pull) ||
	    find_item(prefetch, name, platform))
		return r;
	array_reserve_one(prefetch->items, prefetch->count, prefetch->capacity);
	item = &prefetch->items[prefetch->count++];
	*item = (struct wanted_image){ .name = xstrdup(name),
				       .platform = *platform,
				       .result = -ECANCELED };
	return 0;
}

static void collect(struct image_prefetch *prefetch)
{
	cleanup_with(plan_free) struct plan *plan = NULL;
	struct plan_options options = *prefetch->options;
	struct wishes wishes = { { .find = wish }, prefetch };
	struct diagnostic ignored = { 0 };

	/* All that there is to say is said by the plan that counts. */
	options.lint = NULL;
	options.outline = NULL;
	(void)plan_make_several(prefetch->recipe, &options, prefetch->platforms,
				prefetch->platform_count, &wishes.plan, &plan, &ignored);
}

static void drop_items(struct image_prefetch *prefetch)
{
	for (size_t i = 0; i < prefetch->count; i++) {
		struct wanted_image *item = &prefetch->items[i];

		free(item->name);
		free(item->answer.name);
		config_release(&item->answer.config);
	}
	prefetch->count = 0;
}

/* ---- having it ---- */

/* News of several threads, one at a time. */
struct shared_sink {
	struct event_sink base;
	struct event_sink *to; /* NULL: nobody listens */
	pthread_mutex_t lock;
};

struct having {
	struct image_prefetch *prefetch;
	struct shared_sink sink;
	struct news news;
	pthread_mutex_t lock; /* guards the numbers of the news */
	struct crew *crew;
};

static void emit(struct event_sink *base, const struct event *event)
{
	struct shared_sink *sink = (struct shared_sink *)base;

	(void)pthread_mutex_lock(&sink->lock);
	if (sink->to)
		sink->to->emit(sink->to, event);
	(void)pthread_mutex_unlock(&sink->lock);
}

static int have_one(void *context, size_t index, struct error *err)
{
	struct having *having = context;
	struct wanted_image *item = &having->prefetch->items[index];
	cleanup_free char *title = images_title(item->name);
	int cancel_fd = crew_cancel_fd(having->crew);
	struct images images = *having->prefetch->images;
	unsigned number;

	(void)pthread_mutex_lock(&having->lock);
	number = news_begin(&having->news, title);
	(void)pthread_mutex_unlock(&having->lock);
	images.news = &having->news;
	images.cancel_fd = &cancel_fd;
	item->result = images_find_named(&images, item->name, &item->platform, number,
					 &item->answer, &item->err);
	if (item->result < 0 && err)
		*err = item->err;
	return news_end(&having->news, number, item->result, &item->err);
}

static void have_all(struct image_prefetch *prefetch)
{
	cleanup_with(crew_free) struct crew *crew = NULL;
	const struct images *images = prefetch->images;
	struct having having = { .prefetch = prefetch,
				 .sink = { .base = { .emit = emit }, .to = images->news->sink },
				 .news = { .next = images->news->next } };

	if (crew_new(*images->cancel_fd, &crew, NULL) < 0) {
		drop_items(prefetch); /* then one after the other */
		return;
	}
	having.crew = crew;
	having.news.sink = &having.sink.base;
	(void)pthread_mutex_init(&having.lock, NULL);
	(void)pthread_mutex_init(&having.sink.lock, NULL);
	(void)crew_run(crew, IMAGES_PARALLEL, prefetch->count, have_one, &having, NULL);
	images->news->next = having.news.next;
	(void)pthread_mutex_destroy(&having.lock);
	(void)pthread_mutex_destroy(&having.sink.lock);
}

/* ---- the whole ---- */

static bool is_there(const struct images *images, const char *name, const struct platform *platform)
{
	cleanup_with(stored_image_release) struct stored_image found = { 0 };

	return !images->pull &&
	       image_find(images->store, images->lease, name, platform, &found, NULL) != 0;
}

static int tell(const struct wanted_image *item, struct error *err)
{
	if (item->err.code == 0)
		return error_set(err, item->result, "cancelled");
	if (err)
		*err = item->err;
	return item->result;
}

static int find(struct plan_images *plan, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	struct image_prefetch *prefetch = (struct image_prefetch *)plan;
	struct images *images = prefetch->images;
	struct wanted_image *item;

	if (!prefetch->done && !images->only_look && images_is_named(name) &&
	    !is_there(images, name, platform)) {
		prefetch->done = true;
		collect(prefetch);
		if (prefetch->count > 1)
			have_all(prefetch);
		else
			drop_items(prefetch);
	}
	item = find_item(prefetch, name, platform);
	if (!item)
		return images->plan.find(&images->plan, name, platform, ret, err);
	if (item->result == 0) {
		*ret = item->answer;
		item->answer = (struct plan_image){ 0 };
		item->result = -ESTALE;
		return 0;
	}
	/* Another one failed, which planning comes to as well: that is what is to be told. */
	if (item->result == -ECANCELED && !cancelled(*images->cancel_fd)) {
		prefetch->stood_in = true;
		stand_in(platform, ret);
		return 0;
	}
	return tell(item, err);
}

int image_prefetch_check(const struct image_prefetch *prefetch, struct error *err)
{
	if (!prefetch->stood_in)
		return 0;
	for (size_t i = 0; i < prefetch->count; i++) {
		const struct wanted_image *item = &prefetch->items[i];

		if (item->result < 0 && item->err.code < 0 && item->result != -ECANCELED)
			return tell(item, err);
	}
	return error_set(err, -ECANCELED, "cancelled");
}

void image_prefetch_init(struct image_prefetch *prefetch, struct images *images)
{
	prefetch->plan = (struct plan_images){ .find = find };
	prefetch->images = images;
	prefetch->done = prefetch->stood_in = false;
	prefetch->items = NULL;
	prefetch->count = prefetch->capacity = 0;
}

void image_prefetch_release(struct image_prefetch *prefetch)
{
	drop_items(prefetch);
	free(prefetch->items);
	prefetch->items = NULL;
	prefetch->capacity = 0;
}
