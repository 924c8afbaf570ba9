/* SPDX-License-Identifier: Apache-2.0 */
/* The images that stages are FROM or copy from: each is asked for once for a platform. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/image/platform.h"
#include "fs/object/id.h"

struct config;
struct error;
struct plan_images;
struct plan_memory;
struct vertex;

struct image {
	const char *reference; /* as it was first asked for */
	struct platform platform;
	const struct config *config;
	const char *name;
	struct object_id snapshot;
	bool unknown; /* see struct plan_image */
	/* The stage that its vertex belongs to: the first that is FROM it, or that uses it. */
	size_t owner;
	bool owner_is_from;
	struct vertex *vertex; /* NULL: not made yet */
};

/* All zero is empty. */
struct images {
	struct plan_memory *memory;
	struct plan_images *source;
	struct image_slot *table;
};

/* The image; it stays where it is. What the source failed with otherwise. */
int images_get(struct images *images, const char *reference, const struct platform *platform,
	       struct image **ret, struct error *err);
/* One that was asked for before, or NULL. */
struct image *images_find(const struct images *images, const char *reference,
			  const struct platform *platform);
/* The stage uses it; `is_from`: it is FROM it. */
void image_claim(struct image *image, size_t stage, bool is_from);
void images_release(struct images *images);
