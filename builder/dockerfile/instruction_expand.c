/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/instruction_expand.h"

#include <errno.h>

#include "builder/dockerfile/expand.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct expansion {
	const struct expander *expander;
	struct arena *arena;
	struct error *err;
};

/* Expand a string in place; NULL stays NULL. */
static int expand_text(const struct expansion *e, const char **text)
{
	cleanup_with(buf_release) struct buf value = { 0 };
	int r;

	if (!*text)
		return 0;
	r = expand_word(e->expander, *text, &value, e->err);
	if (r == 0)
		*text = arena_copy(e->arena, buf_string(&value), value.length);
	return r;
}

static int expand_list(const struct expansion *e, struct words *words)
{
	const char **items = arena_array(e->arena, words->count + 1, sizeof(char *));
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->count; i++) {
		items[i] = words->items[i];
		r = expand_text(e, &items[i]);
	}
	words->items = items;
	return r;
}

/* Each word may become several, or none. */
static int expand_and_cut(const struct expansion *e, struct words *words)
{
	cleanup_with(strings_release) struct strings cut = { 0 };
	const char **items;
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->count; i++)
		r = expand_words(e->expander, words->items[i], &cut, e->err);
	if (r < 0)
		return r;
	items = arena_array(e->arena, cut.count + 1, sizeof(char *));
	for (size_t i = 0; i < cut.count; i++)
		items[i] = arena_string(e->arena, cut.items[i]);
	*words = (struct words){ .items = items, .count = cut.count };
	return 0;
}

/* In the content of a file quotes mean nothing, and '\\' is what escapes, whatever the directive
 * says. */
static int expand_files(const struct expansion *e, struct copy_instruction *copy)
{
	struct copy_file *files = arena_array(e->arena, copy->file_count, sizeof *files);
	struct expander expander = *e->expander;

	expander.escape = '\\';
	expander.flags = EXPAND_NO_QUOTES;
	for (size_t i = 0; i < copy->file_count; i++) {
		cleanup_with(buf_release) struct buf content = { 0 };
		int r;

		files[i] = copy->files[i];
		if (!files[i].expand)
			continue;
		r = expand_word(&expander, files[i].content, &content, e->err);
		if (r < 0)
			return r;
		files[i].content = arena_copy(e->arena, buf_string(&content), content.length);
		files[i].content_size = content.length;
	}
	copy->files = files;
	return 0;
}

static int expand_copy(const struct expansion *e, struct copy_instruction *copy)
{
	const char **const texts[] = { &copy->chown, &copy->chmod, &copy->checksum,
				       &copy->destination };
	int r = expand_list(e, &copy->sources);

	for (size_t i = 0; r == 0 && i < sizeof texts / sizeof texts[0]; i++)
		r = expand_text(e, texts[i]);
	return r < 0 ? r : expand_files(e, copy);
}

static int expand_pairs(const struct expansion *e, struct pairs_instruction *pairs)
{
	struct key_value *items = arena_array(e->arena, pairs->count, sizeof *items);
	int r = 0;

	for (size_t i = 0; r == 0 && i < pairs->count; i++) {
		items[i] = pairs->items[i];
		r = expand_text(e, &items[i].key);
		if (r == 0)
			r = expand_text(e, &items[i].value);
	}
	pairs->items = items;
	return r;
}

static int expand_kind(const struct expansion *e, struct instruction *instruction)
{
	switch (instruction->keyword) {
	case KEYWORD_ADD:
	case KEYWORD_COPY:
		return expand_copy(e, &instruction->copy);
	case KEYWORD_ENV:
	case KEYWORD_LABEL:
		return expand_pairs(e, &instruction->pairs);
	case KEYWORD_EXPOSE:
		return expand_and_cut(e, &instruction->words.words);
	case KEYWORD_VOLUME:
		return expand_list(e, &instruction->words.words);
	case KEYWORD_STOPSIGNAL:
	case KEYWORD_USER:
	case KEYWORD_WORKDIR:
		return expand_text(e, &instruction->text.text);
	case KEYWORD_ARG:
	case KEYWORD_CMD:
	case KEYWORD_ENTRYPOINT:
	case KEYWORD_FROM:
	case KEYWORD_HEALTHCHECK:
	case KEYWORD_MAINTAINER:
	case KEYWORD_ONBUILD:
	case KEYWORD_RUN:
	case KEYWORD_SHELL:
	case KEYWORD_UNKNOWN:
	case KEYWORD_COUNT:
		break;
	}
	return 0;
}

int instruction_expand(const struct instruction *instruction, const struct expander *expander,
		       struct arena *arena, struct instruction *ret, struct error *err)
{
	struct expansion expansion = { .expander = expander, .arena = arena, .err = err };
	struct instruction expanded = *instruction;
	int r = expand_kind(&expansion, &expanded);

	if (r == 0)
		*ret = expanded;
	return r;
}

int copy_check_from(const struct copy_instruction *copy, char escape, struct error *err)
{
	cleanup_with(buf_release) struct buf value = { 0 };
	struct expander expander = { .escape = escape };
	int r;

	if (!copy->from)
		return 0;
	r = expand_word(&expander, copy->from, &value, err);
	if (r < 0)
		return r;
	if (strcmp(buf_string(&value), copy->from) != 0)
		return error_set(err, -EINVAL,
				 "variable expansion is not supported for --from, define a new "
				 "stage with FROM using ARG from global scope as a workaround");
	return 0;
}
