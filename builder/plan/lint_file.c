/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for which the text of a Dockerfile is enough. */
#include <string.h>

#include "builder/dockerfile/recipe.h"
#include "builder/plan/lint.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/quote.h"

#define SHOWN_MAX  200
#define QUOTED_MAX 200

/* ---- letters ---- */

static bool has_letter_between(const char *s, char first, char last)
{
	for (; *s; s++) {
		if (*s >= first && *s <= last)
			return true;
	}
	return false;
}

static bool is_lower(const char *s)
{
	return !has_letter_between(s, 'A', 'Z');
}

static bool is_upper(const char *s)
{
	return !has_letter_between(s, 'a', 'z');
}

/* ---- one statement ---- */

static void check_from(struct lint *lint, const struct statement *statement)
{
	const char *const *args = statement->args.items;
	const char *keyword = statement->name;

	if (statement->args.count < 3)
		return;
	if (statement->args.count == 3 && !is_lower(args[2]))
		lint_warn(lint, statement, LINT_STAGE_NAME_CASING,
			  "Stage name '%.*s' should be lowercase", SHOWN_MAX, args[2]);
	/* A FROM in both kinds of letters is a finding of its own. */
	if ((is_lower(keyword) && !is_lower(args[1])) || (is_upper(keyword) && !is_upper(args[1])))
		lint_warn(lint, statement, LINT_FROM_AS_CASING,
			  "'%.*s' and '%s' keywords' casing do not match", SHOWN_MAX, args[1],
			  keyword);
}

/* What can be said before it is known whether the statement makes sense. */
static void check_statement(struct lint *lint, const struct statement *statement)
{
	struct location last = { statement->text_last_line, statement->text_last_line };

	if (statement->empty_continuation)
		lint_warn_at(lint, statement, last, LINT_NO_EMPTY_CONTINUATION,
			     "Empty continuation line");
	if (statement->keyword == KEYWORD_FROM)
		check_from(lint, statement);
	else if (statement->keyword == KEYWORD_MAINTAINER)
		lint_warn(lint, statement, LINT_MAINTAINER_DEPRECATED,
			  "Maintainer instruction is deprecated in favor of using label");
}

/* The comment right above is a description of one of the names that are defined. */
static bool describes(const struct statement *statement, const char *name)
{
	const char *comment = statement->comments.items[statement->comments.count - 1];
	size_t length = strcspn(comment, " ");

	return strncmp(comment, name, length) == 0 && !name[length];
}

static void check_description(struct lint *lint, const struct statement *statement,
			      const char *const *names, size_t count)
{
	if (statement->comments.count == 0 || count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (describes(statement, names[i]))
			return;
	}
	lint_warn(lint, statement, LINT_INVALID_DEFINITION_DESCRIPTION,
		  "Comment for %s should follow the format: `# %.*s <description>`",
		  keyword_name(statement->keyword), SHOWN_MAX, count > 1 ? "<arg_key>" : names[0]);
}

static void check_definition(struct lint *lint, const struct instruction *instruction)
{
	cleanup_free const char **names = NULL;

	if (instruction->keyword == KEYWORD_FROM) {
		check_description(lint, instruction->statement, &instruction->from.name,
				  instruction->from.name != NULL);
	} else if (instruction->keyword == KEYWORD_ARG) {
		names = xcalloc(instruction->arg.count, sizeof *names);
		for (size_t i = 0; i < instruction->arg.count; i++)
			names[i] = instruction->arg.items[i].key;
		check_description(lint, instruction->statement, names, instruction->arg.count);
	}
}

/* ---- the whole ---- */

static void check_stage_name(struct lint *lint, const struct recipe *recipe,
			     const struct stage *stage)
{
	cleanup_free char *quoted = NULL;

	if (!*stage->name)
		return;
	quoted = quote_string(stage->name, QUOTED_MAX);
	if (strcmp(stage->name, "scratch") == 0 || strcmp(stage->name, "context") == 0)
		lint_warn(lint, stage->from->statement, LINT_RESERVED_STAGE_NAME,
			  "Stage name should not use the same name as reserved stage %s", quoted);
	if (recipe_stage(recipe, stage->name, stage->index))
		lint_warn(lint, stage->from->statement, LINT_DUPLICATE_STAGE_NAME,
			  "Duplicate stage name %s, stage names should be unique", quoted);
}

/* The FROM, and then the others. */
static const struct statement *line_of(const struct stage *stage, size_t index)
{
	return index ? stage->instructions[index - 1].statement : stage->from->statement;
}

/* More of those that are in one kind of letters are in small ones. */
static bool most_are_lower(const struct recipe *recipe)
{
	long balance = 0;

	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage *stage = &recipe->stages[i];

		for (size_t k = 0; k <= stage->count; k++) {
			const char *name = line_of(stage, k)->name;

			balance += is_lower(name) ? 1 : is_upper(name) ? -1 : 0;
		}
	}
	return balance > 0;
}

static void check_casing(struct lint *lint, const struct recipe *recipe)
{
	bool lower = most_are_lower(recipe);

	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage *stage = &recipe->stages[i];

		for (size_t k = 0; k <= stage->count; k++) {
			const struct statement *statement = line_of(stage, k);

			if (lower ? !is_lower(statement->name) : !is_upper(statement->name))
				lint_warn(lint, statement, LINT_CONSISTENT_INSTRUCTION_CASING,
					  "Command '%s' should match the case of the command "
					  "majority (%s)",
					  statement->name, lower ? "lowercase" : "uppercase");
		}
	}
}

static void check_recipe(struct lint *lint, const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->global_count; i++)
		check_definition(lint, &recipe->globals[i]);
	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage *stage = &recipe->stages[i];

		check_definition(lint, stage->from);
		for (size_t k = 0; k < stage->count; k++)
			check_definition(lint, &stage->instructions[k]);
		check_stage_name(lint, recipe, stage);
	}
	check_casing(lint, recipe);
}

void lint_file(struct lint *lint, const struct dockerfile *file, const struct recipe *recipe,
	       struct location failed)
{
	for (size_t i = 0; i < file->statement_count; i++) {
		const struct statement *statement = &file->statements[i];

		if (!recipe && failed.first_line && statement->where.first_line > failed.first_line)
			break;
		check_statement(lint, statement);
	}
	if (recipe)
		check_recipe(lint, recipe);
}
