/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/recipe.h"

#include <errno.h>
#include <strings.h>

#include "builder/dockerfile/instructions/instructions_internal.h"
#include "fs/base/alloc.h"

/* Where the stages of a file begin and end, as the statements go by. */
struct grouping {
	struct stage *stages;
	size_t count;
	struct instruction *globals;
	size_t global_count;
};

/* Errors of an instruction say which line it begins on, in words. */
static int understand(const struct understanding *u, struct instruction *ret)
{
	struct error *err = u->diag ? &u->diag->error : NULL;
	int r = instruction_parse(u, ret);

	if (r < 0)
		return error_prefix(err, r, "dockerfile parse error on line %u",
				    u->statement->where.first_line);
	return 0;
}

static int add(struct grouping *grouping, struct instruction *instruction, struct diagnostic *diag)
{
	if (instruction->keyword == KEYWORD_FROM) {
		const char *name = instruction->from.name;

		grouping->stages[grouping->count] = (struct stage){
			.index = grouping->count,
			.from = instruction,
			.name = name ? name : "",
			.instructions = instruction + 1,
		};
		grouping->count++;
		return 0;
	}
	if (grouping->count) {
		grouping->stages[grouping->count - 1].count++;
		return 0;
	}
	if (instruction->keyword != KEYWORD_ARG)
		return diagnostic_set(diag, -EINVAL, instruction->statement->where,
				      "no build stage in current context");
	grouping->global_count++;
	return 0;
}

static int compare_stages(const void *a, const void *b)
{
	const struct stage *const *left = a;
	const struct stage *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	if (order)
		return order;
	return (*left)->index < (*right)->index ? -1 : (*left)->index > (*right)->index;
}

static void sort_names(struct recipe *recipe)
{
	const struct stage **names =
		arena_array(&recipe->arena, recipe->stage_count, sizeof(struct stage *));

	for (size_t i = 0; i < recipe->stage_count; i++) {
		if (*recipe->stages[i].name)
			names[recipe->name_count++] = &recipe->stages[i];
	}
	qsort(names, recipe->name_count, sizeof(struct stage *), compare_stages);
	recipe->by_name = names;
}

static int parse(struct recipe *recipe, struct word_list *scratch, struct diagnostic *diag)
{
	const struct dockerfile *file = recipe->file;
	struct understanding u = { .arena = &recipe->arena, .words = scratch, .diag = diag };
	struct location nowhere = { 0 };
	struct instruction *instructions;
	struct grouping grouping = { 0 };
	size_t stages = 0;
	int r;

	for (size_t i = 0; i < file->statement_count; i++)
		stages += file->statements[i].keyword == KEYWORD_FROM;
	instructions = arena_array(u.arena, file->statement_count, sizeof *instructions);
	grouping.stages = arena_array(u.arena, stages, sizeof *grouping.stages);
	for (size_t i = 0; i < file->statement_count; i++) {
		u.statement = &file->statements[i];
		r = understand(&u, &instructions[i]);
		if (r < 0)
			return r;
		r = add(&grouping, &instructions[i], diag);
		if (r < 0)
			return r;
	}
	if (grouping.count == 0)
		return diagnostic_set(diag, -EINVAL, nowhere,
				      "dockerfile contains no stages to build");
	recipe->globals = instructions;
	recipe->global_count = grouping.global_count;
	recipe->stages = grouping.stages;
	recipe->stage_count = grouping.count;
	sort_names(recipe);
	return 0;
}

int recipe_parse(const struct dockerfile *file, struct recipe **ret, struct diagnostic *diag)
{
	cleanup_with(word_list_release) struct word_list scratch = { 0 };
	cleanup_with(recipe_free) struct recipe *recipe = xcalloc(1, sizeof *recipe);
	int r;

	diagnostic_file(diag, file->name);
	recipe->file = file;
	r = parse(recipe, &scratch, diag);
	if (r < 0)
		return r;
	*ret = take_ptr(&recipe);
	return 0;
}

void recipe_free(struct recipe *recipe)
{
	if (!recipe)
		return;
	arena_release(&recipe->arena);
	free(recipe);
}

const struct stage *recipe_stage(const struct recipe *recipe, const char *name, size_t before)
{
	const struct stage *found = NULL;
	size_t low = 0, high = recipe->name_count;

	/* Names are lower case already, so both orders agree. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct stage *stage = recipe->by_name[middle];
		int order = strcasecmp(stage->name, name);

		if (order < 0 || (order == 0 && stage->index < before)) {
			low = middle + 1;
			if (order == 0)
				found = stage;
		} else {
			high = middle;
		}
	}
	return found;
}

static int parse_trigger(struct trigger *trigger, const char *text, struct location where,
			 struct diagnostic *diag)
{
	cleanup_with(word_list_release) struct word_list scratch = { 0 };
	struct understanding u = { .arena = &trigger->arena, .words = &scratch, .diag = diag };
	struct statement *statement;
	int r;

	r = dockerfile_parse("", text, strlen(text), &trigger->file, diag);
	if (r < 0)
		return r;
	statement = arena_alloc(&trigger->arena, sizeof *statement);
	*statement = trigger->file->statements[0];
	statement->where = where;
	u.statement = statement;
	if (trigger->file->statement_count != 1)
		return refuse(&u, "onbuild trigger should be a single expression");
	if (statement->keyword == KEYWORD_FROM || statement->keyword == KEYWORD_ONBUILD ||
	    statement->keyword == KEYWORD_MAINTAINER)
		return refuse(&u, "%s isn't allowed as an ONBUILD trigger",
			      keyword_name(statement->keyword));
	return instruction_parse(&u, &trigger->instruction);
}

int trigger_parse(const char *text, struct location where, struct trigger **ret,
		  struct diagnostic *diag)
{
	cleanup_with(trigger_free) struct trigger *trigger = xcalloc(1, sizeof *trigger);
	int r = parse_trigger(trigger, text, where, diag);

	if (r < 0) {
		/* Lines of the trigger itself are not lines of any file. */
		if (diag)
			diag->where = where;
		diagnostic_point(diag, where.first_line, 0);
		return r;
	}
	*ret = take_ptr(&trigger);
	return 0;
}

void trigger_free(struct trigger *trigger)
{
	if (!trigger)
		return;
	dockerfile_free(trigger->file);
	arena_release(&trigger->arena);
	free(trigger);
}
