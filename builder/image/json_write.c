/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "builder/image/json.h"
#include "builder/image/string_map.h"
#include "fs/base/utf8.h"

static void add_ascii(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_add_char(out, '\\');
		buf_add_char(out, (char)c);
		break;
	case '\n':
		buf_add_string(out, "\\n");
		break;
	case '\r':
		buf_add_string(out, "\\r");
		break;
	case '\t':
		buf_add_string(out, "\\t");
		break;
	default:
		if (c < 0x20 || c == '<' || c == '>' || c == '&')
			buf_add_format(out, "\\u%04x", c);
		else
			buf_add_char(out, (char)c);
	}
}

static void add_quoted(struct buf *out, const char *value)
{
	size_t left = strlen(value), length;

	buf_add_char(out, '"');
	for (; left > 0; value += length, left -= length) {
		uint32_t c = utf8_decode(value, left, &length);

		if (c == UTF8_INVALID && length == 1)
			buf_add_string(out, "\\ufffd");
		else if (c == 0x2028 || c == 0x2029)
			/* separators, which JavaScript takes for line ends */
			buf_add_format(out, "\\u%04x", c);
		else if (c < 0x80)
			add_ascii(out, (unsigned char)c);
		else
			buf_append(out, value, length);
	}
	buf_add_char(out, '"');
}

/* Comma and key in front of a member or item. */
static void lead_in(struct json_writer *writer, const char *key)
{
	if (writer->comma)
		buf_add_char(writer->out, ',');
	writer->comma = true;
	if (!key)
		return;
	add_quoted(writer->out, key);
	buf_add_char(writer->out, ':');
}

void json_begin(struct json_writer *writer, const char *key, char bracket)
{
	lead_in(writer, key);
	buf_add_char(writer->out, bracket);
	writer->comma = false;
}

void json_end(struct json_writer *writer, char bracket)
{
	buf_add_char(writer->out, bracket);
	writer->comma = true;
}

void json_put_string(struct json_writer *writer, const char *key, const char *value)
{
	lead_in(writer, key);
	add_quoted(writer->out, value);
}

void json_put_i64(struct json_writer *writer, const char *key, int64_t value)
{
	lead_in(writer, key);
	buf_add_format(writer->out, "%" PRId64, value);
}

void json_put_true(struct json_writer *writer, const char *key)
{
	lead_in(writer, key);
	buf_add_string(writer->out, "true");
}

void json_put_strings(struct json_writer *writer, const char *key, const struct strings *list)
{
	json_begin(writer, key, '[');
	for (size_t i = 0; i < list->count; i++)
		json_put_string(writer, NULL, list->items[i]);
	json_end(writer, ']');
}

void json_put_keys(struct json_writer *writer, const char *key, const struct strings *list)
{
	struct strings sorted = { 0 };

	strings_add_all(&sorted, list);
	strings_sort(&sorted);
	json_begin(writer, key, '{');
	for (size_t i = 0; i < sorted.count; i++) {
		if (i > 0 && strcmp(sorted.items[i - 1], sorted.items[i]) == 0)
			continue;
		json_begin(writer, sorted.items[i], '{');
		json_end(writer, '}');
	}
	json_end(writer, '}');
	strings_release(&sorted);
}

void json_put_map(struct json_writer *writer, const char *key, const struct string_map *map)
{
	json_begin(writer, key, '{');
	for (size_t i = 0; i < map->count; i++)
		json_put_string(writer, map->items[i].key, map->items[i].value);
	json_end(writer, '}');
}

static int add_bytes(const char *data, size_t size, void *context)
{
	buf_append(context, data, size);
	return 0;
}

void json_put_other(struct json_writer *writer, const char *key, struct json_t *value)
{
	lead_in(writer, key);
	if (json_dump_callback(value, add_bytes, writer->out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		abort(); /* it was parsed from text, so only memory can be short */
}

void json_put_others(struct json_writer *writer, struct json_t *others)
{
	struct json_t *value;
	const char *key = NULL;

	if (!others)
		return;
	while ((key = json_others_next(others, key, &value)))
		json_put_other(writer, key, value);
}
