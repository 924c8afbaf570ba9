/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing out the result of a build as one output asks for it. The same images give the same bytes.
 * Files come into being beside their place and are renamed when they are whole; nothing is left of
 * an output that fails, but for what `local` has already put in its directory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/descriptor.h"
#include "builder/image/layer/layering.h"
#include "builder/image/progress.h"
#include "fs/base/strings.h"

struct error;
struct output;
struct registries;
struct store;
struct store_lease;

struct export_image {
	struct object_id
		snapshot; /* with its configuration: see image_make(); zero: an empty tree */
	struct platform platform;
	/* Records of the history that came with the base image: their times are never changed. */
	size_t base_history;
	const struct layer_origins *origins; /* see restack_image(); NULL: what was imported */
};

struct export
{
	struct store *store;
	struct store_lease *lease;
	struct registries *registries; /* NULL: nothing is pushed */
	const struct output *output;
	const struct export_image *images; /* for different platforms */
	size_t count;                      /* at least one */
	bool as_index;                     /* what several get, one gets as well */
	const struct strings *names;       /* of the build (-t), as given; NULL: none */
	/* SOURCE_DATE_EPOCH */
	bool has_epoch;
	int64_t epoch_s;
	bool want_digests; /* also where nothing but the store needs them: writes the layers */
	const struct progress *progress;
};

/* All zero is none. */
struct export_result {
	bool has_digests, has_index;
	struct object_id config_digest; /* of the first image: the image id as Docker knows it */
	struct descriptor descriptor;   /* of the manifest, or of the index of several */
	struct strings names;           /* given to it, whole */
	struct strings warnings;        /* a line each */
};

/*
 * -EINVAL when the output cannot take this (type=docker with several platforms, an archive to a
 * terminal, nothing to call what is pushed). The text names the output.
 */
int export_run(const struct export *export, struct export_result *ret, struct error *err);
/* The same checks, for before the build: what is wrong with the names, and with where it goes. */
int export_check(const struct output *output, const struct strings *names, size_t platform_count,
		 bool as_index, struct error *err);
void export_result_release(struct export_result *result);
DEFINE_CLEANUP_VALUE(struct export_result, export_result_release);
