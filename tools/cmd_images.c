/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image_store.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/output.h"
#include "tools/table.h"

struct images_options {
	const char *format;
	bool quiet;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct images_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ .name = "quiet",
	  .letter = 'q',
	  OPTION_AT(struct images_options, quiet),
	  .help = "Only the ids" },
	{ 0 },
};

static const struct table_column columns[] = {
	{ "IMAGE", "name" },
	{ "ID", "id" },
	{ "PLATFORM", "platform" },
	{ "CREATED", "created" },
	{ "SIZE", "size" },
	{ "", "digest" },
	{ 0 },
};

#define SHORT_ID 12

static void add_row(struct table *table, const struct image_row *row, int64_t now_ns)
{
	cleanup_free char *name = image_name_familiar(row->name);
	struct id_hex id = object_id_hex(&row->snapshot), digest = object_id_hex(&row->digest);
	char platform[PLATFORM_TEXT_MAX], short_id[SHORT_ID + 1] = { 0 };

	platform_format(&row->platform, platform);
	memcpy(short_id, id.text, SHORT_ID);
	table_add_text_as(table, name, row->name);
	table_add_text_as(table, short_id, id.text);
	table_add_text(table, platform);
	table_add_time(table, row->created_s * 1000000000, now_ns);
	table_add_size(table, row->size);
	table_add_text(table, row->has_digest ? digest.text : NULL);
}

static int print_ids(const struct image_rows *rows, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	for (size_t i = 0; i < rows->count; i++)
		buf_add_format(&text, "%s\n", object_id_hex(&rows->items[i].snapshot).text);
	return output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct images_options *given = call->options;
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	cleanup_with(strings_release) struct strings warnings = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	int64_t now_ns = clock_realtime_ns();
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = image_list(store, &rows, &warnings, err);
	for (size_t i = 0; i < warnings.count; i++)
		output_warn("%s", warnings.items[i]);
	if (r < 0)
		return r;
	if (given->quiet)
		return print_ids(&rows, err);
	for (size_t i = 0; i < rows.count; i++)
		add_row(table, &rows.items[i], now_ns);
	return table_print(table, output_format_of(given->format), err);
}

const struct verb verb_images = {
	.name = "images",
	.summary = "List the images of the store",
	.group = "Images",
	.options = options,
	.values_size = sizeof(struct images_options),
	.run = run,
};
