/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/image/assemble.h"
#include "builder/image/image_store.h"
#include "builder/image/layer/layer_cache.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/timestamp.h"

static const char *const parts[] = { "all", "config", "manifest", NULL };

struct inspect_options {
	const char *part;
};

static const struct option_spec options[] = {
	{ .name = "part",
	  OPTION_AT(struct inspect_options, part),
	  .initial = "all",
	  .choices = parts,
	  .value = "name",
	  .help = "Only the image's configuration, or its manifest, byte for byte" },
	{ 0 },
};

/* What is not known is null. */
static void add_id(struct buf *ret, const char *key, const struct object_id *id)
{
	json_add_key(ret, key);
	if (object_id_is_zero(id))
		buf_add_string(ret, "null");
	else
		buf_add_format(ret, "\"%s\"", object_id_hex(id).text);
}

static int add_names(struct store *store, const struct object_id *snapshot, struct buf *ret,
		     struct error *err)
{
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	int r = image_list(store, &rows, NULL, err);
	bool first = true;

	json_add_key(ret, "names");
	buf_add_char(ret, '[');
	for (size_t i = 0; i < rows.count && r == 0; i++) {
		if (!object_id_equal(&rows.items[i].snapshot, snapshot))
			continue;
		if (!first)
			buf_add_char(ret, ',');
		json_add_string(ret, rows.items[i].name, strlen(rows.items[i].name));
		first = false;
	}
	buf_add_char(ret, ']');
	return r;
}

/* Layers are written for it, unless they are kept: their digests stand in there. */
static int add_manifest(struct store *store, const struct object_id *snapshot, struct buf *ret,
			struct error *err)
{
	cleanup_with(layer_cache_close) struct layer_cache *cache = NULL;
	cleanup_with(image_release) struct image image = { 0 };
	struct image_options how = { .layers = { .level = COMPRESSION_LEVEL_DEFAULT,
						 .as_received = true } };
	int r = layer_cache_open(store, &cache, err);

	if (r == 0)
		r = image_assemble(store, cache, snapshot, &how, NULL, &image, err);
	if (r == 0)
		buf_append(ret, image.manifest.data, image.manifest.length);
	return r;
}

static int add_all(struct store *store, const struct object_id *snapshot,
		   const struct snapshot_record *record, struct buf *ret, struct error *err)
{
	char stamp[TIMESTAMP_MAX];
	int r;

	buf_add_char(ret, '{');
	add_id(ret, "id", snapshot);
	r = add_names(store, snapshot, ret, err);
	add_id(ret, "parent", &record->parent);
	add_id(ret, "root", &record->root.dir);
	add_id(ret, "step", &record->step);
	json_add_field(ret, "created", timestamp_text(record->created_s * 1000000000, stamp));
	json_add_key(ret, "config");
	if (object_id_is_zero(&record->config))
		buf_add_string(ret, "null");
	else if (r == 0)
		r = image_config_read(store, &record->config, ret, err);
	buf_add_string(ret, "}\n");
	return r;
}

static int inspect(struct store *store, const char *name, const char *part, struct error *err)
{
	cleanup_with(address_release) struct address address = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	struct snapshot_record record;
	int r = access_snapshot(store, name, &address, &record, err);

	if (r < 0)
		return r;
	if (strcmp(part, "all") == 0)
		r = add_all(store, &address.snapshot, &record, &text, err);
	else if (strcmp(part, "config") == 0)
		r = image_config_read(store, &record.config, &text, err);
	else
		r = add_manifest(store, &address.snapshot, &text, err);
	return r < 0 ? r : output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct inspect_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	for (size_t i = 0; i < call->operand_count && r == 0; i++)
		r = inspect(store, call->operands[i], given->part, err);
	return r;
}

const struct verb verb_inspect = {
	.name = "inspect",
	.summary = "Show what is known of an image or a state, as JSON",
	.operands = "IMAGE|STATE...",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct inspect_options),
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
