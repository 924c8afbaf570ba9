/* SPDX-License-Identifier: Apache-2.0 */
/* What a build has made goes where the user wants it: into the store, and to each output. */
#pragma once

#include "builder/export/export.h"

struct news;
struct registries;

struct hand_out {
	struct store *store;
	struct store_lease *lease;
	struct registries *registries;
	struct news *news;
	const struct strings *tags;
	const struct output *outputs; /* beside the store */
	size_t output_count;
	struct layering layering;          /* of the image in the store */
	const struct export_image *images; /* for different platforms */
	size_t image_count;
	bool as_index;  /* see struct export */
	int cancel_fd;  /* becomes readable when it is to be given up */
	bool has_epoch; /* SOURCE_DATE_EPOCH */
	int64_t epoch_s;
};

/* *ret is that of the last one. */
int hand_out(const struct hand_out *out, struct export_result *ret, struct error *err);
