/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/arguments.h"

#include <errno.h>

#include "builder/dockerfile/lex/json.h"
#include "builder/dockerfile/lex/split.h"
#include "fs/base/error.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

struct parser {
	char escape;
	struct arena *arena;
	struct word_list *words; /* collects the arguments */
	struct error *err;
};

static void add_span(struct parser *in, struct span span)
{
	word_list_add(in->words, arena_copy(in->arena, span.at, span.length));
}

/* 1 and *ret: a JSON array; 0: something else. */
static int parse_json(struct parser *in, struct span rest, struct arguments *ret)
{
	int r = json_string_array(rest, in->arena, &ret->words, &ret->nul);

	if (r == -EINVAL)
		return error_set(
			in->err, r,
			"when using JSON array syntax, arrays must be comprised of strings only");
	ret->json = r > 0;
	return r;
}

static void parse_line(struct parser *in, struct span rest)
{
	if (rest.length)
		add_span(in, rest);
}

static int parse_json_or_line(struct parser *in, struct span rest, struct arguments *ret)
{
	int r = parse_json(in, rest, ret);

	if (r == 0)
		parse_line(in, rest);
	return r < 0 ? r : 0;
}

static int parse_json_or_blanks(struct parser *in, struct span rest, struct arguments *ret)
{
	int r = parse_json(in, rest, ret);

	if (r == 0)
		split_blanks(rest, in->arena, in->words);
	return r < 0 ? r : 0;
}

/* "KEY value with blanks": the old form, of one pair. */
static int parse_old_pair(struct parser *in, enum keyword keyword, struct span rest)
{
	struct span key = span_first(rest, span_word_length(rest));
	struct span value = span_from(rest, key.length);

	if (value.length == 0)
		return error_set(in->err, -EINVAL, "%s must have two arguments",
				 keyword_name(keyword));
	add_span(in, key);
	add_span(in, span_from(value, span_blank_length(value)));
	word_list_add(in->words, "");
	return 0;
}

static int parse_pairs(struct parser *in, enum keyword keyword, struct span rest)
{
	cleanup_with(word_list_release) struct word_list pairs = { 0 };

	split_words(rest, in->escape, in->arena, &pairs);
	if (pairs.count && !strchr(pairs.items[0], '='))
		return parse_old_pair(in, keyword, rest);
	for (size_t i = 0; i < pairs.count; i++) {
		const char *equals = strchr(pairs.items[i], '=');

		if (!equals) {
			cleanup_free char *quoted = quote_string(pairs.items[i], QUOTED_MAX);

			return error_set(in->err, -EINVAL,
					 "Syntax error - can't find = in %s. Must be of the form: "
					 "name=value",
					 quoted);
		}
		add_span(in, (struct span){ .at = pairs.items[i],
					    .length = (size_t)(equals - pairs.items[i]) });
		word_list_add(in->words, equals + 1);
		word_list_add(in->words, "=");
	}
	return 0;
}

static int parse_health(struct parser *in, struct span rest, struct arguments *ret)
{
	struct span type = span_first(rest, span_word_length(rest));
	struct arguments command = { 0 };
	int r;

	if (type.length == 0)
		return 0;
	add_span(in, type);
	rest = span_from(rest, type.length);
	rest = span_from(rest, span_blank_length(rest));
	r = parse_json_or_line(in, rest, &command);
	for (size_t i = 0; r == 0 && i < command.words.count; i++)
		word_list_add(in->words, command.words.items[i]);
	ret->json = command.json;
	ret->nul = command.nul;
	return r;
}

static int parse(struct parser *in, enum keyword keyword, struct span rest, struct arguments *ret)
{
	switch (keyword) {
	case KEYWORD_RUN:
	case KEYWORD_CMD:
	case KEYWORD_ENTRYPOINT:
	case KEYWORD_SHELL:
		return parse_json_or_line(in, rest, ret);
	case KEYWORD_ADD:
	case KEYWORD_COPY:
	case KEYWORD_VOLUME:
		return parse_json_or_blanks(in, rest, ret);
	case KEYWORD_ENV:
	case KEYWORD_LABEL:
		return parse_pairs(in, keyword, rest);
	case KEYWORD_HEALTHCHECK:
		return parse_health(in, rest, ret);
	case KEYWORD_ARG:
		split_words(rest, in->escape, in->arena, in->words);
		return 0;
	case KEYWORD_EXPOSE:
	case KEYWORD_FROM:
		split_blanks(rest, in->arena, in->words);
		return 0;
	case KEYWORD_MAINTAINER:
	case KEYWORD_STOPSIGNAL:
	case KEYWORD_USER:
	case KEYWORD_WORKDIR:
		parse_line(in, rest);
		return 0;
	case KEYWORD_UNKNOWN:
		word_list_add(in->words, "");
		return 0;
	case KEYWORD_ONBUILD:
	case KEYWORD_COUNT:
		return 0;
	}
	return 0;
}

int arguments_parse(enum keyword keyword, struct span rest, char escape, struct arena *arena,
		    struct word_list *scratch, struct arguments *ret, struct error *err)
{
	struct parser in = { .escape = escape, .arena = arena, .words = scratch, .err = err };
	struct arguments arguments = { 0 };
	int r;

	scratch->count = 0;
	r = parse(&in, keyword, rest, &arguments);
	if (r < 0)
		return r;
	if (!arguments.words.items)
		arguments.words = word_list_take(scratch, arena);
	*ret = arguments;
	return 0;
}
