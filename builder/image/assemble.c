/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/assemble.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "builder/image/json.h"
#include "builder/image/layer/chain.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

#define NS_PER_S 1000000000LL

int image_config_read(struct store *store, const struct object_id *config, struct buf *ret,
		      struct error *err)
{
	cleanup_with(config_release) struct config scratch = { 0 };
	struct platform host = platform_host();

	if (!object_id_is_zero(config))
		return store_read(store, config, OBJECT_BLOB, JSON_DOCUMENT_MAX, ret, err);
	config_init_scratch(&scratch, &host);
	config_write(&scratch, ret);
	return 0;
}

/* ---- layers ---- */

static int make_layers(struct store *store, struct layer_cache *cache,
		       const struct image_chain *chain, const struct image_options *options,
		       const struct progress *progress, struct image *ret, struct error *err)
{
	ret->layers = xcalloc(chain->count ? chain->count : 1, sizeof *ret->layers);
	for (size_t i = 0; i < chain->count; i++) {
		char what[64];
		int r;

		snprintf(what, sizeof what, "layer %zu/%zu", i + 1, chain->count);
		r = layer_blob_make(store, cache, &chain->layers[i], &options->layers, what,
				    progress, &ret->layers[i], err);
		if (r < 0)
			return r;
		ret->layer_count++;
	}
	return 0;
}

/* ---- configuration ---- */

/* True when the configuration names other layers than these. */
static bool set_diff_ids(struct config *config, const struct image *image)
{
	bool same = config->diff_id_count == image->layer_count;

	for (size_t i = 0; i < image->layer_count && same; i++)
		same = object_id_equal(&config->diff_ids[i], &image->layers[i].diff_id);
	if (same)
		return false;
	config->diff_id_count = 0;
	for (size_t i = 0; i < image->layer_count; i++)
		config_add_diff_id(config, &image->layers[i].diff_id);
	return true;
}

/* As many records that stand for a layer as there are layers: what is missing is added, what is
 * too much stands for nothing. */
static bool settle_history(struct config *config, size_t layer_count)
{
	size_t layers = 0;
	bool changed = false;

	for (size_t i = 0; i < config->history_count; i++) {
		struct config_history *record = &config->history[i];

		if (record->empty_layer)
			continue;
		if (layers == layer_count) {
			record->empty_layer = true;
			changed = true;
		} else {
			layers++;
		}
	}
	for (; layers < layer_count; layers++) {
		config_add_history(config)->comment = xstrdup("varve");
		changed = true;
	}
	return changed;
}

/* Not later than `epoch_ns`; what is no time counts as later. */
static bool clamp_time(char **field, int64_t epoch_ns)
{
	int64_t ns;

	if (*field && config_time_parse(*field, &ns) == 0 && ns <= epoch_ns)
		return false;
	free(*field);
	*field = config_time(epoch_ns);
	return true;
}

static bool clamp_times(struct config *config, const struct image_options *options)
{
	int64_t epoch_ns = options->epoch_s * NS_PER_S;
	bool changed = false;

	if (!options->has_epoch)
		return false;
	for (size_t i = options->base_history; i < config->history_count; i++)
		changed |= clamp_time(&config->history[i].created, epoch_ns);
	if (config->created)
		changed |= clamp_time(&config->created, epoch_ns);
	return changed;
}

/* When nothing says when the image was made, its newest record does. */
static void set_created(struct config *config)
{
	for (size_t i = config->history_count; i-- > 0 && !config->created;) {
		if (config->history[i].created)
			config->created = xstrdup(config->history[i].created);
	}
}

/* They go by the number of layers, which is that of the states. */
static void keep_steps(const struct buf *document, size_t layer_count, struct config *config)
{
	cleanup_with(config_steps_release) struct config_steps steps = { 0 };

	(void)config_steps_parse(document->data, document->length, "image configuration",
				 layer_count, &steps, NULL);
	config_steps_set(&steps, config);
}

static int make_config(struct store *store, const struct object_id *id,
		       const struct image_options *options, struct image *ret, struct error *err)
{
	cleanup_with(config_release) struct config config = { 0 };
	bool changed;
	int r = image_config_read(store, id, &ret->config, err);

	if (r == 0)
		r = config_parse(ret->config.data, ret->config.length, "image configuration",
				 &config, err);
	if (r < 0)
		return r;
	if (!*config.platform.os || !*config.platform.architecture)
		return error_set(
			err, -EINVAL,
			"the image configuration says no operating system or architecture");
	changed = set_diff_ids(&config, ret);
	changed |= settle_history(&config, ret->layer_count);
	changed |= clamp_times(&config, options);
	if (changed) {
		set_created(&config);
		keep_steps(&ret->config, ret->layer_count, &config);
		buf_clear(&ret->config);
		config_write(&config, &ret->config);
	}
	ret->created = take_ptr(&config.created);
	ret->platform = config.platform;
	return 0;
}

/* ---- manifest ---- */

static void make_manifest(const struct image_options *options, struct image *image)
{
	cleanup_with(manifest_release) struct manifest manifest = { .docker = options->docker };
	struct object_id digest = object_id_of(image->config.data, image->config.length);

	descriptor_set(&image->config_descriptor,
		       options->docker ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG, &digest,
		       image->config.length);
	descriptor_copy(&manifest.config, &image->config_descriptor);
	for (size_t i = 0; i < image->layer_count; i++)
		layer_blob_describe(&image->layers[i], options->docker,
				    manifest_add_layer(&manifest));
	if (options->annotations)
		string_map_set_all(&manifest.annotations, options->annotations);
	manifest_write(&manifest, &image->manifest);
	digest = object_id_of(image->manifest.data, image->manifest.length);
	descriptor_set(&image->descriptor,
		       options->docker ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST, &digest,
		       image->manifest.length);
	image->descriptor.platform = image->platform;
	platform_normalize(&image->descriptor.platform);
}

int image_assemble(struct store *store, struct layer_cache *cache, const struct object_id *snapshot,
		   const struct image_options *options, const struct progress *progress,
		   struct image *ret, struct error *err)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	struct image image = { .snapshot = *snapshot };
	int r = image_chain_read(store, snapshot, &chain, err);

	if (r == 0)
		r = make_layers(store, cache, &chain, options, progress, &image, err);
	if (r == 0)
		r = make_config(store, &chain.config, options, &image, err);
	if (r < 0) {
		image_release(&image);
		return r;
	}
	make_manifest(options, &image);
	*ret = image;
	return 0;
}

void image_release(struct image *image)
{
	free(image->created);
	buf_release(&image->config);
	buf_release(&image->manifest);
	descriptor_release(&image->config_descriptor);
	descriptor_release(&image->descriptor);
	for (size_t i = 0; i < image->layer_count; i++)
		layer_blob_release(&image->layers[i]);
	free(image->layers);
	*image = (struct image){ 0 };
}
