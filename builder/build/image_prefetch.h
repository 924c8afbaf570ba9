/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning asks for one image after the other. When the first of them has to be had from a registry,
 * all that the plan will ask for are found out and had side by side: it is made once for that, with
 * empty images in place of those that are missing.
 */
#pragma once

#include "builder/plan/plan.h"

struct images;

struct image_prefetch {
	struct plan_images plan;
	struct images *images; /* whose answers these are */
	/* What is planned; all kept by reference. */
	const struct recipe *recipe;
	const struct plan_options *options;
	const struct platform *platforms;
	size_t platform_count;
	bool done, stood_in;
	struct wanted_image *items;
	size_t count, capacity;
};

/* The fields above are set by the caller, but for those from `done` on. */
void image_prefetch_init(struct image_prefetch *prefetch, struct images *images);
/* To be asked when the plan has been made: not 0 when it has an empty image in it in place of one that
 * was given up, as another one failed that it did not come to. */
int image_prefetch_check(const struct image_prefetch *prefetch, struct error *err);
void image_prefetch_release(struct image_prefetch *prefetch);
