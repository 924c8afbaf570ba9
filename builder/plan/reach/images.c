/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/images.h"

#include <stdint.h>

/* The hash that comes with it falls through in a switch, of which clang warns. */
#define HASH_FUNCTION(key, length, ret) ((ret) = (unsigned)hash64(key, length))
#include <uthash.h>

#include "builder/image/reference.h"
#include "builder/plan/memory.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "fs/base/hash.h"

struct image_slot {
	char *key;
	struct image image;
	UT_hash_handle hh;
};

/* Whole names, so that "alpine" and "docker.io/library/alpine" are one. */
static char *make_key(const char *reference, const struct platform *platform)
{
	cleanup_free char *whole = NULL;
	char text[PLATFORM_TEXT_MAX];

	platform_format(platform, text);
	if (reference_normalize(reference, &whole, NULL) < 0)
		whole = xstrdup(reference);
	return xasprintf("%s %s %s", text, platform->os_version, whole);
}

static struct image_slot *find(const struct images *images, const char *key)
{
	struct image_slot *slot;

	HASH_FIND_STR(images->table, key, slot);
	return slot;
}

static void add(struct images *images, struct image_slot *slot)
{
	HASH_ADD_KEYPTR(hh, images->table, slot->key, strlen(slot->key), slot);
}

struct image *images_find(const struct images *images, const char *reference,
			  const struct platform *platform)
{
	cleanup_free char *key = make_key(reference, platform);
	struct image_slot *slot = find(images, key);

	return slot ? &slot->image : NULL;
}

int images_get(struct images *images, const char *reference, const struct platform *platform,
	       struct image **ret, struct error *err)
{
	cleanup_free char *key = make_key(reference, platform);
	struct image_slot *slot = find(images, key);
	struct plan_image found = { 0 };
	int r;

	if (slot) {
		*ret = &slot->image;
		return 0;
	}
	r = images->source->find(images->source, reference, platform, &found, err);
	if (r < 0)
		return r;
	slot = plan_memory_array(images->memory, 1, sizeof *slot);
	slot->key = plan_memory_string(images->memory, key);
	slot->image = (struct image){
		.reference = plan_memory_string(images->memory, reference),
		.platform = *platform,
		.config = plan_memory_adopt_config(images->memory, &found.config),
		.name = plan_memory_string(images->memory, found.name ? found.name : reference),
		.snapshot = found.snapshot,
		.unknown = found.unknown,
		.owner = SIZE_MAX,
	};
	free(found.name);
	add(images, slot);
	*ret = &slot->image;
	return 0;
}

void image_claim(struct image *image, size_t stage, bool is_from)
{
	bool better = is_from != image->owner_is_from ? is_from : stage < image->owner;

	if (!better)
		return;
	image->owner = stage;
	image->owner_is_from = is_from;
}

void images_release(struct images *images)
{
	HASH_CLEAR(hh, images->table);
}
