/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "builder/dockerfile/instructions/flags.h"
#include "builder/dockerfile/instructions/instructions_internal.h"
#include "builder/dockerfile/lex/suggest.h"

__attribute__((format(printf, 2, 0))) static int vrefuse(const struct understanding *u,
							 const char *format, va_list args)
{
	char text[sizeof u->diag->error.text];

	vsnprintf(text, sizeof text, format, args);
	return diagnostic_set(u->diag, -EINVAL, u->statement->where, "%s", text);
}

int refuse(const struct understanding *u, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = vrefuse(u, format, args);
	va_end(args);
	return r;
}

int refuse_flag(const struct understanding *u, const struct statement_flag *flag,
		const char *format, ...)
{
	uint32_t line, column;
	va_list args;
	int r;

	va_start(args, format);
	r = vrefuse(u, format, args);
	va_end(args);
	statement_position(u->statement, flag->offset, &line, &column);
	diagnostic_point(u->diag, line, column);
	return r;
}

int check_argument_count(const struct understanding *u, enum argument_count wanted)
{
	const char *name = keyword_name(u->statement->keyword);
	size_t count = u->statement->args.count;

	if (wanted == AT_LEAST_ONE && count == 0)
		return refuse(u, "%s requires at least one argument", name);
	if (wanted == EXACTLY_ONE && count != 1)
		return refuse(u, "%s requires exactly one argument", name);
	return 0;
}

static void change_case(char *s, bool upper)
{
	for (; *s; s++) {
		bool is_letter = (*s | 0x20) >= 'a' && (*s | 0x20) <= 'z';

		if (is_letter)
			*s = (char)(upper ? *s & ~0x20 : *s | 0x20);
	}
}

/* The suggestion is in capitals where the word is, else in small letters. */
static int refuse_keyword(const struct understanding *u)
{
	const char *name = u->statement->name, *nearest;
	char *word = arena_string(u->arena, name), *hint;
	bool capitals;

	change_case(word, false);
	capitals = strcmp(word, name) != 0;
	change_case(word, true);
	capitals = capitals && strcmp(word, name) == 0;
	nearest = suggest(word, keyword_names(), KEYWORD_COUNT - 1);
	if (!nearest)
		return refuse(u, "unknown instruction: %s", name);
	hint = arena_string(u->arena, nearest);
	change_case(hint, capitals);
	return refuse(u, "unknown instruction: %s (did you mean %s?)", name, hint);
}

static int text_parse(const struct understanding *u, struct text_instruction *ret)
{
	int r = check_argument_count(u, EXACTLY_ONE);

	if (r < 0)
		return r;
	ret->text = u->statement->args.items[0];
	/* Flags of STOPSIGNAL have always been ignored, and are part of files out there. */
	return u->statement->keyword == KEYWORD_STOPSIGNAL ? 0 : flags_none(u);
}

static int command_parse(const struct understanding *u, struct command_line *ret)
{
	ret->args = u->statement->args;
	ret->exec_form = u->statement->json;
	return flags_none(u);
}

static int compare_words(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;

	return strcmp(*left, *right);
}

static int expose_parse(const struct understanding *u, struct words_instruction *ret)
{
	const struct words *args = &u->statement->args;
	int r = check_argument_count(u, AT_LEAST_ONE);

	if (r < 0)
		return r;
	r = flags_none(u);
	if (r < 0)
		return r;
	for (size_t i = 0; i < args->count; i++)
		word_list_add(u->words, args->items[i]);
	qsort(u->words->items, u->words->count, sizeof *u->words->items, compare_words);
	ret->words = word_list_take(u->words, u->arena);
	return 0;
}

static int volume_parse(const struct understanding *u, struct words_instruction *ret)
{
	const struct words *args = &u->statement->args;
	int r = check_argument_count(u, AT_LEAST_ONE);

	if (r < 0)
		return r;
	r = flags_none(u);
	if (r < 0)
		return r;
	for (size_t i = 0; i < args->count; i++) {
		struct span path = span_trim(span_of(args->items[i]));

		if (path.length == 0)
			return refuse(u, "VOLUME specified can not be an empty string");
		word_list_add(u->words, arena_copy(u->arena, path.at, path.length));
	}
	ret->words = word_list_take(u->words, u->arena);
	return 0;
}

static int shell_parse(const struct understanding *u, struct words_instruction *ret)
{
	int r = flags_none(u);

	if (r < 0)
		return r;
	r = check_argument_count(u, AT_LEAST_ONE);
	if (r < 0)
		return r;
	if (!u->statement->json)
		return refuse(u, "SHELL requires the arguments to be in JSON form");
	ret->words = u->statement->args;
	return 0;
}

int instruction_parse(const struct understanding *u, struct instruction *ret)
{
	ret->keyword = u->statement->keyword;
	ret->statement = u->statement;
	if (u->statement->nul)
		return refuse(u, "a NUL character (\\u0000) cannot be part of an argument");
	switch (u->statement->keyword) {
	case KEYWORD_ADD:
	case KEYWORD_COPY:
		return add_or_copy_parse(u, &ret->copy);
	case KEYWORD_ARG:
		return arg_parse(u, &ret->arg);
	case KEYWORD_CMD:
	case KEYWORD_ENTRYPOINT:
		return command_parse(u, &ret->command);
	case KEYWORD_ENV:
	case KEYWORD_LABEL:
		return pairs_parse(u, &ret->pairs);
	case KEYWORD_EXPOSE:
		return expose_parse(u, &ret->words);
	case KEYWORD_FROM:
		return from_parse(u, &ret->from);
	case KEYWORD_HEALTHCHECK:
		return health_parse(u, &ret->health);
	case KEYWORD_ONBUILD:
		return onbuild_parse(u, &ret->onbuild);
	case KEYWORD_RUN:
		return run_parse(u, &ret->run);
	case KEYWORD_SHELL:
		return shell_parse(u, &ret->words);
	case KEYWORD_VOLUME:
		return volume_parse(u, &ret->words);
	case KEYWORD_MAINTAINER:
	case KEYWORD_STOPSIGNAL:
	case KEYWORD_USER:
	case KEYWORD_WORKDIR:
		return text_parse(u, &ret->text);
	case KEYWORD_UNKNOWN:
	case KEYWORD_COUNT:
		break;
	}
	return refuse_keyword(u);
}
