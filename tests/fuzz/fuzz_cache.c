/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry says that a cache is, the steps of an image, and bundles of objects; the first byte
 * tells which. What is read of the documents is written, and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cache/bundle.h"
#include "builder/cache/cache_index.h"
#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each position fits. */
static void check(const struct cache_index *index)
{
	for (size_t i = 0; i < index->group_count; i++) {
		const struct cache_group *group = &index->groups[i];

		(void)cache_group_size(index, group);
		for (size_t j = 0; j < group->needs.count; j++) {
			if (group->needs.items[j] >= index->group_count)
				abort();
		}
	}
	for (size_t i = 0; i < index->step_count; i++) {
		if (index->steps[i].group >= index->group_count ||
		    !cache_index_find(index, &index->steps[i].key))
			abort();
	}
}

static void fuzz_config(const void *data, size_t size)
{
	struct cache_index index = { 0 }, again = { 0 };
	struct error err = { 0 };
	struct buf text = { 0 };

	for (size_t i = 0; i < 3; i++) {
		(void)cache_index_add_blob(&index);
		(void)cache_index_add_blob(&again);
	}
	if (cache_config_parse(data, size, "config", &index, &err) == 0) {
		check(&index);
		cache_config_write(&index, &text);
		if (cache_config_parse(text.data, text.length, "again", &again, NULL) < 0 ||
		    again.group_count != index.group_count || again.step_count != index.step_count)
			abort();
	} else if (!*err.text) {
		abort();
	}
	buf_release(&text);
	cache_index_release(&index);
	cache_index_release(&again);
}

static void fuzz_manifest(const void *data, size_t size)
{
	struct cache_index index = { 0 }, again = { 0 };
	struct error err = { 0 };
	struct buf text = { 0 };

	if (cache_manifest_parse(data, size, "manifest", &index, &err) == 0) {
		cache_manifest_write(&index, &text);
		if (cache_manifest_parse(text.data, text.length, "again", &again, NULL) < 0 ||
		    again.blob_count != index.blob_count)
			abort();
	} else if (!*err.text) {
		abort();
	}
	buf_release(&text);
	cache_index_release(&index);
	cache_index_release(&again);
}

static void check_steps(const struct config_steps *steps, size_t layers)
{
	size_t before = 0;

	for (size_t i = 0; i < steps->count; i++) {
		const struct config_step *step = &steps->items[i];

		if (step->layers <= before || step->layers > layers || !step->key_count ||
		    step->key_count > CONFIG_STEP_KEYS_MAX ||
		    !config_steps_find(steps, &step->keys[0]))
			abort();
		before = step->layers;
	}
}

static void fuzz_steps(const void *data, size_t size)
{
	static const size_t ends[] = { 1, 2, 6 };
	struct config_steps steps = { 0 }, again = { 0 };
	struct config config = { 0 };
	struct error err = { 0 };
	struct buf text = { 0 };
	int r = config_steps_parse(data, size, "config", 8, &steps, &err);

	if (r > 0 && config_parse(data, size, "config", &config, NULL) == 0) {
		check_steps(&steps, 8);
		config_steps_set(&steps, &config);
		config_write(&config, &text);
		if (config_steps_parse(text.data, text.length, "again", 8, &again, NULL) !=
			    (steps.count > 0) ||
		    again.count != steps.count)
			abort();
		config_steps_merge(&steps, ends, 3);
		check_steps(&steps, 3);
	} else if (r < 0 && !*err.text) {
		abort();
	}
	(void)cache_is_image(data, size);
	buf_release(&text);
	config_release(&config);
	config_steps_release(&steps);
	config_steps_release(&again);
}

/* A bundle that is written as it is read. */
struct copy {
	struct buf_sink sink;
	struct buf text, blob;
};

static int take_object(void *context, enum object_kind kind, const struct buf *bytes,
		       struct error *err)
{
	struct copy *copy = context;
	int r = bundle_write_head(&copy->sink.base, kind, bytes->length, err);

	return r < 0 ? r : sink_write(&copy->sink.base, bytes->data, bytes->length, err);
}

static int begin_blob(void *context, struct error *err)
{
	struct copy *copy = context;

	(void)err;
	buf_clear(&copy->blob);
	return 0;
}

static int add_to_blob(void *context, const void *data, size_t size, struct error *err)
{
	struct copy *copy = context;

	(void)err;
	buf_append(&copy->blob, data, size);
	return 0;
}

static int end_blob(void *context, struct error *err)
{
	struct copy *copy = context;

	return take_object(context, OBJECT_BLOB, &copy->blob, err);
}

static void fuzz_bundle(const void *data, size_t size)
{
	struct copy copy = { 0 };
	const struct bundle_taker taker = { .object = take_object,
					    .begin = begin_blob,
					    .add = add_to_blob,
					    .end = end_blob,
					    .context = &copy };
	struct memory_source source;
	struct error err = { 0 };
	int r;

	memory_source_init(&source, data, size);
	buf_sink_init(&copy.sink, &copy.text);
	r = bundle_write_begin(&copy.sink.base, &err);
	if (r == 0)
		r = bundle_read(&source.base, &taker, &err);
	if (r < 0 && !*err.text)
		abort();
	if (r == 0) {
		(void)bundle_write_end(&copy.sink.base, &err);
		if (copy.text.length != size || memcmp(copy.text.data, data, size) != 0)
			abort();
	}
	buf_release(&copy.text);
	buf_release(&copy.blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (*data == 'm')
		fuzz_manifest(data + 1, size - 1);
	else if (*data == 'c')
		fuzz_config(data + 1, size - 1);
	else if (*data == 'i')
		fuzz_steps(data + 1, size - 1);
	else
		fuzz_bundle(data + 1, size - 1);
	return 0;
}
