/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/table.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "tools/glyph.h"
#include "tools/human.h"
#include "tools/json_text.h"
#include "tools/timestamp.h"

/* Blanks between columns. */
#define GAP 3

struct cell {
	char *text; /* NULL: blank */
	char *json; /* encoded */
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells; /* row after row */
	size_t count, capacity;
};

struct table *table_new(const struct table_column *columns)
{
	struct table *table = xcalloc(1, sizeof *table);

	table->columns = columns;
	while (columns[table->column_count].heading)
		table->column_count++;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++) {
		free(table->cells[i].text);
		free(table->cells[i].json);
	}
	free(table->cells);
	free(table);
}

static void add_cell(struct table *table, const char *text, char *json)
{
	array_reserve_one(table->cells, table->count, table->capacity);
	table->cells[table->count++] = (struct cell){ text ? xstrdup(text) : NULL, json };
}

void table_add_text_as(struct table *table, const char *text, const char *json_text)
{
	struct buf json = { 0 };

	if (json_text)
		json_add_string(&json, json_text, strlen(json_text));
	else
		buf_add_string(&json, "null");
	add_cell(table, text, buf_take(&json));
}

void table_add_text(struct table *table, const char *text)
{
	table_add_text_as(table, text, text);
}

void table_add_number(struct table *table, uint64_t number)
{
	char *digits = xasprintf("%llu", (unsigned long long)number);

	add_cell(table, digits, digits);
}

void table_add_bool(struct table *table, bool truth)
{
	add_cell(table, truth ? "true" : "false", xstrdup(truth ? "true" : "false"));
}

void table_add_size(struct table *table, uint64_t bytes)
{
	char text[HUMAN_SIZE_MAX];

	add_cell(table, human_size(bytes, text), xasprintf("%llu", (unsigned long long)bytes));
}

void table_add_time(struct table *table, int64_t time_ns, int64_t now_ns)
{
	char age[HUMAN_AGE_MAX], stamp[TIMESTAMP_MAX];

	if (time_ns == 0)
		table_add_text(table, NULL);
	else
		table_add_text_as(table, human_age(now_ns - time_ns, age),
				  timestamp_text(time_ns, stamp));
}

static void write_json(const struct table *table, struct buf *ret)
{
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->column_count;

		if (column == 0)
			buf_add_char(ret, '{');
		json_add_key(ret, table->columns[column].key);
		buf_add_string(ret, table->cells[i].json);
		if (column + 1 == table->column_count)
			buf_add_string(ret, "}\n");
	}
}

/* Append a cell's text; the columns it takes. */
static size_t add_text(struct buf *ret, const char *text, bool safe)
{
	cleanup_with(buf_release) struct buf measured = { 0 };
	size_t columns;

	if (!text)
		return 0;
	columns = glyph_add_clipped(&measured, text, strlen(text), SIZE_MAX);
	buf_add_string(ret, safe ? buf_string(&measured) : text);
	return columns;
}

static void add_row(const struct table *table, const struct cell *cells, const size_t *widths,
		    bool safe, struct buf *ret)
{
	size_t owed = 0; /* blanks before the next text, so that no line ends in blanks */

	for (size_t i = 0; i < table->column_count; i++) {
		const char *text = cells ? cells[i].text : table->columns[i].heading;
		size_t columns;

		if (!table->columns[i].heading[0])
			continue;
		if (text && *text) {
			buf_add_format(ret, "%*s", (int)owed, "");
			owed = 0;
		}
		columns = add_text(ret, text, safe);
		owed += widths[i] + GAP - columns;
	}
	buf_add_char(ret, '\n');
}

static void write_columns(const struct table *table, bool safe, struct buf *ret)
{
	cleanup_free size_t *widths = xcalloc(table->column_count, sizeof *widths);
	cleanup_with(buf_release) struct buf scratch = { 0 };

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = strlen(table->columns[i].heading);
	for (size_t i = 0; i < table->count; i++) {
		size_t columns, *width = &widths[i % table->column_count];

		buf_clear(&scratch);
		columns = add_text(&scratch, table->cells[i].text, true);
		if (columns > *width)
			*width = columns;
	}
	add_row(table, NULL, widths, safe, ret);
	for (size_t i = 0; i < table->count; i += table->column_count)
		add_row(table, table->cells + i, widths, safe, ret);
}

void table_write(const struct table *table, enum output_format format, bool safe, struct buf *ret)
{
	assert(table->count % table->column_count == 0);
	if (format == OUTPUT_JSON)
		write_json(table, ret);
	else
		write_columns(table, safe, ret);
}

int table_print(const struct table *table, enum output_format format, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	table_write(table, format, isatty(STDOUT_FILENO), &text);
	return output_write(&text, err);
}
