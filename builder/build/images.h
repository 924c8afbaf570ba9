/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images that planning asks for: those of the store, which are looked for in registries when they
 * are not there, and of OCI layouts named by contexts.
 */
#pragma once

#include "builder/plan/plan.h"

struct news;
struct registries;
struct store;
struct store_lease;

/* In front of the directory of an OCI layout. */
#define IMAGES_LAYOUT "oci-layout://"
/* In front of the address of a state, see address.h. */
#define IMAGES_STATE "state://"

struct images {
	struct plan_images plan;
	struct store *store;
	struct store_lease *lease; /* holds all that is found */
	struct news *news;
	struct registries *registries;
	const int *cancel_fd; /* where the descriptor is that tells when to give up */
	bool pull;            /* ask registries also for what is there */
	bool only_look;       /* nothing is built: what is missing may be, see struct plan_image */
};

void images_init(struct images *images, struct store *store, struct store_lease *lease,
		 struct news *news);

/* Is it the name of an image, and not a layout or a state? */
bool images_is_named(const char *name);
/* What its news are called; the caller frees. */
char *images_title(const char *name);
/* One that is, with news under a number that has begun already. */
int images_find_named(struct images *images, const char *name, const struct platform *platform,
		      unsigned number, struct plan_image *ret, struct error *err);
