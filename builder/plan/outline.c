/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/outline.h"

#include <stdlib.h>
#include <string.h>

#include "builder/plan/plan_internal.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"

void outline_note(struct planning *planning, const struct outline_item *item)
{
	if (!planning->options->outline)
		return;
	array_reserve_one(planning->notes, planning->note_count, planning->note_capacity);
	planning->notes[planning->note_count++] = *item;
}

/* ---- ARG in front of the first FROM ---- */

/* Names that `word` asks for and that have a value. */
static void add_names(const struct planning *planning, const char *word, struct strings *ret)
{
	cleanup_with(strings_release) struct strings found = { 0 };
	cleanup_with(strings_release) struct strings missing = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	struct expander expander = { .escape = planning->recipe->file->escape,
				     .env = scope_expand_env(&planning->globals),
				     .found = &found,
				     .missing = &missing };

	if (!word)
		return;
	(void)expand_word(&expander, word, &text, NULL);
	strings_add_all(ret, &found);
	strings_add_all(ret, &missing);
}

/* A stage takes over the value with "ARG NAME" alone. */
static void add_taken_over(const struct planning *planning, const struct instruction *instruction,
			   struct strings *ret)
{
	const struct strings *given = planning->options->build_args;

	for (size_t i = 0; instruction->keyword == KEYWORD_ARG && i < instruction->arg.count; i++) {
		const struct arg_item *item = &instruction->arg.items[i];

		if (!item->value && !build_args_get(given, item->key))
			strings_add(ret, item->key);
	}
}

static void add_names_of_stage(const struct planning *planning, const struct stage_work *work,
			       struct strings *ret)
{
	add_names(planning, work->stage->from->from.base, ret);
	add_names(planning, work->stage->from->from.platform, ret);
	for (size_t i = 0; i < work->trigger_count; i++)
		add_taken_over(planning, work->triggers[i], ret);
	for (size_t i = 0; i < work->stage->count; i++)
		add_taken_over(planning, &work->stage->instructions[i], ret);
}

/* Defaults only name what stands in front of them: going back once finds all that are needed. */
static void note_globals(struct planning *planning)
{
	cleanup_with(strings_release) struct strings used = { 0 };
	const struct recipe *recipe = planning->recipe;

	for (size_t i = 0; i < recipe->stage_count; i++) {
		if (planning->stages[i].plan->needed)
			add_names_of_stage(planning, &planning->stages[i], &used);
	}
	for (size_t i = recipe->global_count; i > 0; i--) {
		const struct instruction *instruction = &recipe->globals[i - 1];

		for (size_t k = instruction->arg.count; k > 0; k--) {
			const struct arg_item *arg = &instruction->arg.items[k - 1];
			const char *value = variables_get(&planning->globals.env, arg->key);
			struct outline_item item = { .kind = OUTLINE_ARG,
						     .name = arg->key,
						     .value = value ? value : "",
						     .doc = arg->doc,
						     .where = instruction->statement->where };

			if (!strings_contain(&used, arg->key))
				continue;
			add_names(planning, arg->value, &used);
			outline_note(planning, &item);
		}
	}
}

/* ---- the whole ---- */

struct sorted_item {
	struct outline_item item;
	size_t order;
};

static int compare_names(const void *a, const void *b)
{
	const struct sorted_item *left = a, *right = b;
	int order = (int)left->item.kind - (int)right->item.kind;

	if (order == 0)
		order = strcmp(left->item.name, right->item.name);
	if (order == 0)
		order = left->order < right->order ? -1 : left->order > right->order;
	return order;
}

static int compare_lines(const void *a, const void *b)
{
	const struct sorted_item *left = a, *right = b;
	uint32_t left_line = left->item.where.first_line, right_line = right->item.where.first_line;

	if (left_line != right_line)
		return left_line < right_line ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

void outline_finish(struct planning *planning, struct outline *ret)
{
	cleanup_free struct sorted_item *sorted = NULL;
	size_t first, count, kept = 0;

	/* A stage's own ARG goes before a global one, so those come in front. */
	first = planning->note_count;
	note_globals(planning);
	count = planning->note_count;
	sorted = xcalloc(count + 1, sizeof *sorted);
	for (size_t i = 0; i < count; i++) {
		size_t from = i < count - first ? first + i : i - (count - first);

		sorted[i] = (struct sorted_item){ .item = planning->notes[from], .order = i };
	}
	qsort(sorted, count, sizeof *sorted, compare_names);
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count || sorted[i].item.kind != sorted[i + 1].item.kind ||
			    strcmp(sorted[i].item.name, sorted[i + 1].item.name) != 0;

		if (last)
			sorted[kept++] = sorted[i];
	}
	qsort(sorted, kept, sizeof *sorted, compare_lines);
	ret->items = plan_memory_array(planning->memory, kept, sizeof *ret->items);
	ret->count = kept;
	for (size_t i = 0; i < kept; i++)
		ret->items[i] = sorted[i].item;
}
