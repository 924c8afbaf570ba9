/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/heredoc.h"

#include <ctype.h>
#include <errno.h>

#include "builder/dockerfile/expand.h"
#include "fs/base/alloc.h"
#include "fs/base/strings.h"

static size_t count_quotes(const char *s)
{
	size_t count = 0;

	for (; *s; s++)
		count += *s == '\'' || *s == '"';
	return count;
}

/* The number in front of "<<"; one that is too large is as good as any. */
static unsigned descriptor_of(const char *digits)
{
	unsigned value = 0;

	for (; isdigit((unsigned char)*digits); digits++) {
		if (__builtin_mul_overflow(value, 10U, &value) ||
		    __builtin_add_overflow(value, (unsigned)(*digits - '0'), &value))
			return UINT32_MAX;
	}
	return value;
}

/*
 * The name without its quotes. Whether any part was quoted shows by comparison with the name as it
 * is with them: an escaped quote is in both.
 */
static int read_name(const char *text, struct arena *arena, struct heredoc *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings plain = { 0 }, raw = { 0 };
	struct expander expander = { .escape = '\\', .flags = EXPAND_KEEP_UNSET };
	int r;

	r = expand_words(&expander, text, &plain, err);
	if (r < 0)
		return r;
	if (plain.count != 1)
		return 0;
	expander.flags |= EXPAND_RAW_QUOTES;
	r = expand_words(&expander, text, &raw, err);
	if (r < 0)
		return r;
	if (raw.count != 1)
		return 0;
	ret->name = arena_string(arena, plain.items[0]);
	ret->expand = count_quotes(plain.items[0]) == count_quotes(raw.items[0]);
	return 1;
}

int heredoc_of_word(const char *word, struct arena *arena, struct heredoc *ret, struct error *err)
{
	struct heredoc heredoc = { .fd = descriptor_of(word) };
	int r;

	while (isdigit((unsigned char)*word))
		word++;
	if (word[0] != '<' || word[1] != '<')
		return 0;
	word += 2;
	heredoc.chomp = *word == '-';
	word += heredoc.chomp;
	while (*word == ' ' || *word == '\t' || *word == '\r' || *word == '\f' || *word == '\n')
		word++;
	if (!*word || strchr(word, '<'))
		return 0;
	r = read_name(word, arena, &heredoc, err);
	if (r > 0)
		*ret = heredoc;
	return r;
}

int heredocs_of_line(const char *line, struct arena *arena, struct heredoc_list *ret,
		     struct error *err)
{
	cleanup_with(strings_release) struct strings words = { 0 };
	struct expander expander = {
		.escape = '\\', .flags = EXPAND_RAW_QUOTES | EXPAND_RAW_ESCAPES | EXPAND_KEEP_UNSET
	};

	/* A line that cannot be cut into words, such as one with a single quote in it, has none. */
	if (expand_words(&expander, line, &words, NULL) < 0)
		return 0;
	for (size_t i = 0; i < words.count; i++) {
		struct heredoc heredoc;
		int r = heredoc_of_word(words.items[i], arena, &heredoc, err);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (ret->count == DOCKERFILE_HEREDOCS_MAX)
			return error_set(err, -E2BIG, "more than %zu heredocs in one instruction",
					 DOCKERFILE_HEREDOCS_MAX);
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = heredoc;
	}
	return 0;
}

static bool is_terminator(const struct heredoc *heredoc, struct span line)
{
	line = span_trim_newline(line);
	while (heredoc->chomp && span_begins_with(line, "\t"))
		line = span_from(line, 1);
	return span_is(line, heredoc->name);
}

int heredoc_read_body(struct line_reader *reader, struct location statement,
		      struct heredoc *heredoc, struct diagnostic *diag)
{
	const char *start = reader->rest.at;
	struct span line;
	int r;

	heredoc->where.first_line = reader->line + 1;
	for (;;) {
		r = line_reader_raw(reader, &line, diag);
		if (r < 0)
			return r;
		if (r == 0) {
			statement.last_line = reader->line;
			return diagnostic_set(diag, -EINVAL, statement, "unterminated heredoc");
		}
		if (is_terminator(heredoc, line))
			break;
	}
	heredoc->where.last_line = reader->line;
	heredoc->content_size = (size_t)(line.at - start);
	heredoc->content = arena_copy(reader->arena, start, heredoc->content_size);
	return 0;
}

void heredoc_chomp(const struct heredoc *heredoc, struct buf *ret)
{
	struct span rest = { .at = heredoc->content, .length = heredoc->content_size };

	while (rest.length) {
		const char *stop;
		size_t length;

		while (span_begins_with(rest, "\t"))
			rest = span_from(rest, 1);
		stop = memchr(rest.at, '\n', rest.length);
		length = stop ? (size_t)(stop - rest.at) + 1 : rest.length;
		buf_append(ret, rest.at, length);
		rest = span_from(rest, length);
	}
}

void heredoc_list_release(struct heredoc_list *list)
{
	free(list->items);
	*list = (struct heredoc_list){ 0 };
}
