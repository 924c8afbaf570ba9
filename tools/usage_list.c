/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/usage_list.h"

#include <string.h>

#include "builder/image/image_store.h"
#include "builder/usage/report.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "tools/human.h"
#include "tools/table.h"
#include "tools/timestamp.h"

#define SHORT_ID 12
#define S_NS     INT64_C(1000000000)

static const struct table_column columns[] = {
	{ "ID", "id" },
	{ "TYPE", "type" },
	{ "RECLAIMABLE", "reclaimable" },
	{ "SIZE", "size" },
	{ "LAST ACCESSED", "last_used" },
	{ "DESCRIPTION", "description" },
	{ "", "created" },
	{ "", "parent" },
	{ "", "shared" },
	{ "", "in_use" },
	{ "", "usage_count" },
	{ 0 },
};

/* What people call it; the caller frees. */
static char *description(const struct usage_record *record)
{
	return record->type == USAGE_IMAGE ? image_name_familiar(record->name)
					   : xstrdup(record->name);
}

static void add_id(struct table *table, const struct object_id *id)
{
	struct id_hex hex = object_id_hex(id);
	char short_id[SHORT_ID + 1] = { 0 };

	memcpy(short_id, hex.text, SHORT_ID);
	if (object_id_is_zero(id))
		table_add_text(table, NULL);
	else
		table_add_text_as(table, short_id, hex.text);
}

static void add_row(struct table *table, const struct usage_record *record, int64_t now_ns)
{
	cleanup_free char *text = description(record);
	bool parent = !object_id_is_zero(&record->parent);

	add_id(table, &record->id);
	table_add_text(table, usage_type_name(record->type));
	table_add_bool(table, usage_is_reclaimable(record));
	table_add_size(table, record->size);
	table_add_time(table, record->used_s * S_NS, now_ns);
	table_add_text(table, text);
	table_add_time(table, record->created_s * S_NS, now_ns);
	table_add_text(table, parent ? object_id_hex(&record->parent).text : NULL);
	table_add_bool(table, record->shared);
	table_add_bool(table, record->in_use);
	table_add_number(table, record->use_count);
}

static void add_field(struct buf *ret, const char *label, const char *value)
{
	buf_add_format(ret, "%-13s %s\n", label, value);
}

static void add_paragraph(struct buf *ret, const struct usage_record *record, int64_t now_ns)
{
	char size[HUMAN_SIZE_MAX], age[HUMAN_AGE_MAX], stamp[TIMESTAMP_MAX];
	cleanup_free char *text = description(record);
	cleanup_free char *uses = xasprintf("%ju", (uintmax_t)record->use_count);

	if (!object_id_is_zero(&record->id))
		add_field(ret, "ID:", object_id_hex(&record->id).text);
	if (!object_id_is_zero(&record->parent))
		add_field(ret, "Parents:", object_id_hex(&record->parent).text);
	if (record->created_s)
		add_field(ret, "Created at:", timestamp_text(record->created_s * S_NS, stamp));
	add_field(ret, "Reclaimable:", usage_is_reclaimable(record) ? "true" : "false");
	add_field(ret, "Shared:", record->shared ? "true" : "false");
	add_field(ret, "In use:", record->in_use ? "true" : "false");
	add_field(ret, "Size:", human_size(record->size, size));
	if (*text)
		add_field(ret, "Description:", text);
	add_field(ret, "Usage count:", uses);
	if (record->used_s)
		add_field(ret, "Last used:", human_age(now_ns - record->used_s * S_NS, age));
	add_field(ret, "Type:", usage_type_name(record->type));
	buf_add_char(ret, '\n');
}

int usage_list_print(const struct usage_report *report, enum output_format format, bool verbose,
		     struct error *err)
{
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(buf_release) struct buf text = { 0 };
	int64_t now_ns = clock_realtime_ns();
	bool paragraphs = verbose && format == OUTPUT_TABLE;

	for (size_t i = 0; i < report->count; i++) {
		if (paragraphs)
			add_paragraph(&text, &report->items[i], now_ns);
		else
			add_row(table, &report->items[i], now_ns);
	}
	return paragraphs ? output_write(&text, err) : table_print(table, format, err);
}

void usage_list_add_sum(struct buf *ret, const char *label, uint64_t bytes)
{
	char size[HUMAN_SIZE_MAX];

	buf_add_format(ret, "%-13s %s\n", label, human_size(bytes, size));
}
