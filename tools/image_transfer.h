/* SPDX-License-Identifier: Apache-2.0 */
/* What verbs need that bring images from registries or to them: the store, and a display. */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct error;
struct invocation;
struct registries;
struct store;
struct store_lease;
struct image_display;

/* All zero is none. */
struct image_transfer {
	struct store *store;
	struct store_lease *lease;
	struct registries *registries;
	struct image_display *display;
};

/* `flags` are those of access_store(). ^C is caught from now on. */
int image_transfer_open(const struct invocation *call, bool quiet, unsigned flags,
			struct image_transfer *ret, struct error *err);
/* What is told to it is shown below the image that is under way; see builder/image/progress.h. */
const struct progress *image_transfer_listener(const struct image_transfer *transfer);
/* An image is under way: "pulling NAME"; and how it went, `result` being returned. */
void image_transfer_begin(struct image_transfer *transfer, const char *what, const char *name);
int image_transfer_end(struct image_transfer *transfer, int result, const struct error *err);
/* Nothing more is shown. */
void image_transfer_finish(struct image_transfer *transfer);
void image_transfer_release(struct image_transfer *transfer);
DEFINE_CLEANUP_VALUE(struct image_transfer, image_transfer_release);
