/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/image_memo.h"

#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"

struct remembered_image {
	char *asked;
	struct platform platform;
	struct plan_image answer;
};

static void hand_over(const struct plan_image *from, struct plan_image *ret)
{
	*ret = *from;
	ret->config = (struct config){ 0 };
	config_copy(&ret->config, &from->config);
	ret->name = from->name ? xstrdup(from->name) : NULL;
}

static bool is_meant(const struct remembered_image *item, const char *name,
		     const struct platform *platform)
{
	return strcmp(item->asked, name) == 0 && platform_equal(&item->platform, platform) &&
	       strcmp(item->platform.os_version, platform->os_version) == 0;
}

/* Failures are not remembered: planning ends with the first one. */
static int find(struct plan_images *plan, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	struct image_memo *memo = (struct image_memo *)plan;
	struct remembered_image *item;
	int r;

	for (size_t i = 0; i < memo->count; i++) {
		if (is_meant(&memo->items[i], name, platform)) {
			hand_over(&memo->items[i].answer, ret);
			return 0;
		}
	}
	r = memo->source->find(memo->source, name, platform, ret, err);
	if (r < 0)
		return r;
	array_reserve_one(memo->items, memo->count, memo->capacity);
	item = &memo->items[memo->count++];
	*item = (struct remembered_image){ .asked = xstrdup(name), .platform = *platform };
	hand_over(ret, &item->answer);
	return r;
}

void image_memo_init(struct image_memo *memo, struct plan_images *source)
{
	*memo = (struct image_memo){ .plan = { .find = find }, .source = source };
}

void image_memo_release(struct image_memo *memo)
{
	for (size_t i = 0; i < memo->count; i++) {
		struct remembered_image *item = &memo->items[i];

		free(item->asked);
		free(item->answer.name);
		config_release(&item->answer.config);
	}
	free(memo->items);
	*memo = (struct image_memo){ 0 };
}
