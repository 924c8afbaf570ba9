/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/config_steps.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/image/config.h"
#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define BUILDKIT_MEMBER "moby.buildkit.cache.v0"

void config_steps_add(struct config_steps *steps, const struct config_step *step)
{
	array_reserve_one(steps->items, steps->count, steps->capacity);
	steps->items[steps->count++] = *step;
}

const struct config_step *config_steps_find(const struct config_steps *steps,
					    const struct object_id *key)
{
	for (size_t i = 0; i < steps->count; i++) {
		for (size_t j = 0; j < steps->items[i].key_count; j++) {
			if (object_id_equal(&steps->items[i].keys[j], key))
				return &steps->items[i];
		}
	}
	return NULL;
}

void config_steps_merge(struct config_steps *steps, const size_t *ends, size_t count)
{
	size_t kept = 0, next = 0;

	for (size_t i = 0; i < steps->count; i++) {
		struct config_step step = steps->items[i];

		while (next < count && ends[next] + 1 < step.layers)
			next++;
		if (next == count || ends[next] + 1 != step.layers)
			continue;
		step.layers = next + 1;
		steps->items[kept++] = step;
	}
	steps->count = kept;
}

void config_steps_release(struct config_steps *steps)
{
	free(steps->items);
	*steps = (struct config_steps){ 0 };
}

/* ---- reading: anybody may have written it ---- */

static int read_keys(const struct json_value *item, struct config_step *ret, struct error *err)
{
	struct json_value list;
	int r = json_need_array(item, "keys", &list, err);

	if (r < 0)
		return r;
	if (!json_array_length(&list) || json_array_length(&list) > CONFIG_STEP_KEYS_MAX)
		return json_complain(&list, err, "not one to %d keys", CONFIG_STEP_KEYS_MAX);
	for (size_t i = 0; i < json_array_length(&list); i++) {
		struct object_id *key = &ret->keys[ret->key_count++];
		struct json_value value;
		const char *text;

		json_array_item(&list, i, &value);
		r = json_string_of(&value, &text, err);
		if (r < 0)
			return r;
		if (object_id_parse(text, key) < 0 || object_id_is_zero(key))
			return json_complain(&value, err, "no id");
	}
	return 0;
}

/* Rising numbers of layers that there are: so there are no more steps than these. */
static int read_step(const struct json_value *item, size_t layer_count, struct config_steps *ret,
		     struct error *err)
{
	const struct json_value value = { .parent = item, .key = "layers" };
	size_t before = ret->count ? ret->items[ret->count - 1].layers : 0;
	struct config_step step = { 0 };
	uint64_t layers;
	int r = json_need_u64(item, "layers", &layers, err);

	if (r < 0)
		return r;
	if (layers <= before)
		return json_complain(&value, err, "not more than %zu", before);
	if (layers > layer_count)
		return json_complain(&value, err, "more than the %zu of the image", layer_count);
	step.layers = (size_t)layers;
	r = read_keys(item, &step, err);
	if (r == 0)
		config_steps_add(ret, &step);
	return r;
}

static int read_member(const struct json_value *root, size_t layer_count, struct config_steps *ret,
		       struct error *err)
{
	struct json_value member, list;
	int r = json_get_object(root, CONFIG_STEPS_MEMBER, &member, err);

	if (r == 0 && json_others_get(root->json, BUILDKIT_MEMBER))
		return error_set(err, -EOPNOTSUPP,
				 "%s: its steps are BuildKit's (" BUILDKIT_MEMBER
				 "), which are called otherwise",
				 root->key);
	if (r <= 0)
		return r;
	r = json_need_array(&member, "steps", &list, err);
	for (size_t i = 0; r == 0 && i < json_array_length(&list); i++) {
		struct json_value item;

		json_array_item(&list, i, &item);
		r = read_step(&item, layer_count, ret, err);
	}
	return r < 0 ? r : 1;
}

int config_steps_parse(const void *data, size_t size, const char *name, size_t layer_count,
		       struct config_steps *ret, struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = read_member(&document.root, layer_count, ret, err);
	if (r < 0)
		config_steps_release(ret);
	return r;
}

/* ---- writing ---- */

void config_steps_set(const struct config_steps *steps, struct config *config)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct json_writer writer = { .out = &text };

	if (!steps->count)
		return;
	json_begin(&writer, NULL, '{');
	json_begin(&writer, "steps", '[');
	for (size_t i = 0; i < steps->count; i++) {
		const struct config_step *step = &steps->items[i];

		json_begin(&writer, NULL, '{');
		json_put_i64(&writer, "layers", (int64_t)step->layers);
		json_begin(&writer, "keys", '[');
		for (size_t j = 0; j < step->key_count; j++)
			json_put_string(&writer, NULL, object_id_hex(&step->keys[j]).text);
		json_end(&writer, ']');
		json_end(&writer, '}');
	}
	json_end(&writer, ']');
	json_end(&writer, '}');
	config->others = json_others_with(config->others, CONFIG_STEPS_MEMBER, &text);
}
