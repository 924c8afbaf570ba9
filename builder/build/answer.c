/* SPDX-License-Identifier: Apache-2.0 */
/* What --call asks for, as text and as JSON: both as docker buildx writes them, but for blanks. */
#include <errno.h>
#include <string.h>

#include "builder/build/building.h"
#include "builder/image/json.h"
#include "builder/plan/lint.h"
#include "builder/plan/outline.h"
#include "fs/base/alloc.h"
#include "fs/base/base64.h"
#include "fs/base/error.h"
#include "fs/base/utf8.h"

#define COLUMNS 3

/* ---- columns ---- */

struct row {
	const char *cells[COLUMNS];
};

static size_t width_of(const char *text)
{
	const char *end = text + strlen(text);
	size_t width = 0, size;

	for (; text < end; text += size, width++)
		(void)utf8_decode(text, (size_t)(end - text), &size);
	return width;
}

/* The last column is as wide as its text, the others as their widest cell and the gap. */
static void add_rows(struct buf *ret, const struct row *rows, size_t count, size_t columns,
		     size_t gap)
{
	size_t widths[COLUMNS] = { 0 };

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k + 1 < columns; k++) {
			size_t width = width_of(rows[i].cells[k]) + gap;

			if (width > widths[k])
				widths[k] = width;
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < columns; k++) {
			const char *cell = rows[i].cells[k];

			buf_add_string(ret, cell);
			for (size_t w = width_of(cell); k + 1 < columns && w < widths[k]; w++)
				buf_add_char(ret, ' ');
		}
		buf_add_char(ret, '\n');
	}
}

/* ---- JSON ---- */

static void put_location(struct json_writer *json, struct location where)
{
	const char *const ends[] = { "start", "end" };
	const uint32_t lines[] = { where.first_line, where.last_line };

	if (!where.first_line)
		return;
	json_begin(json, "location", '{');
	json_begin(json, "ranges", '[');
	json_begin(json, NULL, '{');
	for (size_t i = 0; i < 2; i++) {
		json_begin(json, ends[i], '{');
		json_put_i64(json, "line", lines[i]);
		json_end(json, '}');
	}
	json_end(json, '}');
	json_end(json, ']');
	json_end(json, '}');
}

static void put_text(struct json_writer *json, const char *key, const char *value)
{
	if (value && *value)
		json_put_string(json, key, value);
}

static void put_source(struct json_writer *json, const char *key, const struct building *building)
{
	const struct buf *text = &building->input.text;
	cleanup_with(buf_release) struct buf encoded = { 0 };

	base64_append(&encoded, buf_string(text), text->length);
	json_put_string(json, key, buf_string(&encoded));
}

/* ---- check ---- */

static void put_warning(struct json_writer *json, const struct plan_warning *warning)
{
	json_begin(json, NULL, '{');
	json_put_string(json, "ruleName", warning->rule->name);
	put_text(json, "description", warning->rule->reason);
	put_text(json, "url", warning->rule->url);
	put_text(json, "detail", warning->text);
	put_location(json, warning->where);
	json_end(json, '}');
}

static void check_json(struct building *building, const struct plan_warning *warnings, size_t count,
		       const struct error *failure)
{
	struct json_writer json = { .out = &building->result->answer };

	json_begin(&json, NULL, '{');
	json_begin(&json, "warnings", '[');
	for (size_t i = 0; i < count; i++) {
		if (warnings[i].rule)
			put_warning(&json, &warnings[i]);
	}
	json_end(&json, ']');
	json_begin(&json, "sources", '[');
	json_begin(&json, NULL, '{');
	json_put_string(&json, "filename", building->input.name ? building->input.name : "");
	json_put_string(&json, "language", "Dockerfile");
	put_source(&json, "data", building);
	json_end(&json, '}');
	json_end(&json, ']');
	if (failure) {
		json_begin(&json, "buildError", '{');
		json_put_string(&json, "message", failure->text);
		put_location(&json, building->failed);
		json_end(&json, '}');
	}
	json_end(&json, '}');
}

static void add_warning(const struct building *building, const struct plan_warning *warning)
{
	struct buf *ret = &building->result->answer;
	const struct input *input = &building->input;

	buf_add_format(ret, "\nWARNING: %s", warning->rule->name);
	if (warning->rule->url)
		buf_add_format(ret, " - %s", warning->rule->url);
	buf_add_format(ret, "\n%s\n", warning->text);
	diagnostic_excerpt(input->name, buf_string(&input->text), input->text.length,
			   warning->where, ret);
}

static void check_text(struct building *building, const struct plan_warning *warnings, size_t count,
		       size_t findings, const struct error *failure)
{
	struct buf *ret = &building->result->answer;

	if (findings == 1)
		buf_add_string(ret, "Check complete, 1 warning has been found!\n");
	else if (findings)
		buf_add_format(ret, "Check complete, %zu warnings have been found!\n", findings);
	else if (!failure)
		buf_add_string(ret, "Check complete, no warnings found.\n");
	for (size_t i = 0; i < count; i++) {
		if (warnings[i].rule)
			add_warning(building, &warnings[i]);
	}
	if (findings && failure)
		buf_add_char(ret, '\n');
}

static void answer_check(struct building *building, const struct error *failure)
{
	const struct plan_warning *warnings = NULL;
	size_t count = 0, findings = 0;

	if (building->lint)
		warnings = lint_warnings(building->lint, &count);
	for (size_t i = 0; i < count; i++)
		findings += warnings[i].rule != NULL;
	if (building->options->call.json)
		check_json(building, warnings, count, failure);
	else
		check_text(building, warnings, count, findings, failure);
	building->result->status = findings && !building->options->call.ignore_status;
}

/* ---- outline ---- */

static const struct from_instruction *target_of(const struct building *building)
{
	const struct recipe *recipe = building->input.recipe;

	return &recipe->stages[building->plan->target->index].from->from;
}

static void put_items(struct json_writer *json, const struct outline *outline,
		      enum outline_kind kind, const char *key)
{
	bool begun = false;

	for (size_t i = 0; i < outline->count; i++) {
		const struct outline_item *item = &outline->items[i];

		if (item->kind != kind)
			continue;
		if (!begun)
			json_begin(json, key, '[');
		begun = true;
		json_begin(json, NULL, '{');
		json_put_string(json, "name", item->name);
		put_text(json, "description", item->doc);
		put_text(json, "value", item->value);
		if (item->required)
			json_put_true(json, "required");
		put_location(json, item->where);
		json_end(json, '}');
	}
	if (begun)
		json_end(json, ']');
}

static void outline_json(struct building *building)
{
	const struct from_instruction *target = target_of(building);
	struct json_writer json = { .out = &building->result->answer };

	json_begin(&json, NULL, '{');
	put_text(&json, "name", target->name);
	put_text(&json, "description", target->doc);
	put_items(&json, &building->outline, OUTLINE_ARG, "args");
	put_items(&json, &building->outline, OUTLINE_SECRET, "secrets");
	put_items(&json, &building->outline, OUTLINE_SSH, "ssh");
	json_begin(&json, "sources", '[');
	put_source(&json, NULL, building);
	json_end(&json, ']');
	json_end(&json, '}');
}

static void add_items(struct buf *ret, const struct outline *outline, enum outline_kind kind,
		      const struct row *head)
{
	cleanup_free struct row *rows = xcalloc(outline->count + 1, sizeof *rows);
	size_t count = 1;

	rows[0] = *head;
	for (size_t i = 0; i < outline->count; i++) {
		const struct outline_item *item = &outline->items[i];

		if (item->kind != kind)
			continue;
		if (kind == OUTLINE_ARG)
			rows[count++] = (struct row){ { item->name, item->value,
							item->doc ? item->doc : "" } };
		else
			rows[count++] =
				(struct row){ { item->name, item->required ? "true" : "", "" } };
	}
	if (count == 1)
		return;
	add_rows(ret, rows, count, kind == OUTLINE_ARG ? 3 : 2, 3);
	buf_add_char(ret, '\n');
}

static void outline_text(struct building *building)
{
	const struct from_instruction *target = target_of(building);
	struct buf *ret = &building->result->answer;
	const struct row arg = { { "BUILD ARG", "VALUE", "DESCRIPTION" } };
	const struct row secret = { { "SECRET", "REQUIRED", "" } };
	const struct row ssh = { { "SSH", "REQUIRED", "" } };
	const struct row title[] = { { { "TARGET:", target->name ? target->name : "(default)" } },
				     { { "DESCRIPTION:", target->doc } } };

	if (target->name || target->doc) {
		add_rows(ret, title, target->doc ? 2 : 1, 2, 1);
		buf_add_char(ret, '\n');
	}
	add_items(ret, &building->outline, OUTLINE_ARG, &arg);
	add_items(ret, &building->outline, OUTLINE_SECRET, &secret);
	add_items(ret, &building->outline, OUTLINE_SSH, &ssh);
}

/* ---- targets ---- */

static void targets_json(struct building *building)
{
	const struct recipe *recipe = building->input.recipe;
	struct json_writer json = { .out = &building->result->answer };

	json_begin(&json, NULL, '{');
	json_begin(&json, "targets", '[');
	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct instruction *from = recipe->stages[i].from;

		json_begin(&json, NULL, '{');
		put_text(&json, "name", from->from.name);
		if (i + 1 == recipe->stage_count)
			json_put_true(&json, "default");
		put_text(&json, "description", from->from.doc);
		put_text(&json, "base", from->from.base);
		put_text(&json, "platform", from->from.platform);
		put_location(&json, from->statement->where);
		json_end(&json, '}');
	}
	json_end(&json, ']');
	json_begin(&json, "sources", '[');
	put_source(&json, NULL, building);
	json_end(&json, ']');
	json_end(&json, '}');
}

static void targets_text(struct building *building)
{
	const struct recipe *recipe = building->input.recipe;
	size_t count = recipe->stage_count;
	cleanup_free struct row *rows = xcalloc(count + 1, sizeof *rows);
	cleanup_free char *last = NULL;

	rows[0] = (struct row){ { "TARGET", "DESCRIPTION", "" } };
	for (size_t i = 0; i < count; i++) {
		const struct from_instruction *from = &recipe->stages[i].from->from;

		rows[i + 1] = (struct row){ { from->name ? from->name : "",
					      from->doc ? from->doc : "", "" } };
	}
	last = *rows[count].cells[0] ? xasprintf("%s (default)", rows[count].cells[0])
				     : xstrdup("(default)");
	rows[count].cells[0] = last;
	add_rows(&building->result->answer, rows, count + 1, 2, 1);
}

/* ---- which ---- */

int building_answer(struct building *building, int r, struct error *err)
{
	static const struct error unknown = { .text = "" };
	bool json = building->options->call.json;

	switch (building->options->call.what) {
	case CALL_CHECK:
		/* Findings count even when the rest cannot be understood. */
		if (r != -ECANCELED && building->input.file)
			answer_check(building, r == 0 ? NULL : err ? err : &unknown);
		break;
	case CALL_OUTLINE:
		if (r == 0 && building->plan->target_count > 1)
			return error_set(err, -EINVAL,
					 "--call=outline is for one target, and --target names %zu",
					 building->plan->target_count);
		if (r == 0)
			(json ? outline_json : outline_text)(building);
		break;
	case CALL_TARGETS:
		if (r == 0)
			(json ? targets_json : targets_text)(building);
		break;
	case CALL_BUILD:
		break;
	}
	if (json && building->result->answer.length)
		buf_add_char(&building->result->answer, '\n');
	return r;
}
