/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/split.h"

#include "fs/base/alloc.h"
#include "fs/base/arena.h"
#include "fs/base/buf.h"
#include "fs/base/utf8.h"

/*
 * Append one word of flags to `word`; its length in the text. Here an escape character works
 * within either kind of quotes, and quotes may be left open.
 */
static size_t take_flag(struct span rest, char escape, struct buf *word)
{
	char quote = '\0';
	size_t i;

	buf_clear(word);
	for (i = 0; i < rest.length; i++) {
		char c = rest.at[i];

		if (!quote && is_blank(c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == escape) {
			if (++i == rest.length)
				break;
			c = rest.at[i];
		}
		buf_add_char(word, c);
	}
	return i;
}

struct span split_flags(struct span rest, const char *start, char escape, struct arena *arena,
			struct flag_list *ret)
{
	cleanup_with(buf_release) struct buf word = { 0 };

	for (;;) {
		size_t offset, length;

		rest = span_from(rest, span_blank_length(rest));
		if (!span_begins_with(rest, "--"))
			return span_trim(rest);
		offset = (size_t)(rest.at - start);
		length = take_flag(rest, escape, &word);
		rest = span_from(rest, length);
		if (word.length == 2)
			return span_trim(rest); /* a lone "--" */
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = (struct statement_flag){
			.text = arena_copy(arena, buf_string(&word), word.length),
			.offset = offset,
		};
	}
}

void flag_list_release(struct flag_list *list)
{
	free(list->items);
	*list = (struct flag_list){ 0 };
}

/* One word from the start of `rest` on, its length in the text. */
static size_t take_word(struct span rest, char escape, struct buf *word, bool *ret_quoted)
{
	char quote = '\0';
	size_t i, size;

	buf_clear(word);
	*ret_quoted = false;
	for (i = 0; i < rest.length; i += size) {
		uint32_t c = utf8_decode(rest.at + i, rest.length - i, &size);

		if (!quote && utf8_is_space(c))
			break;
		if (quote && c == (uint32_t)quote) {
			quote = '\0';
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = (char)c;
			*ret_quoted = true;
		} else if (c == (uint32_t)(unsigned char)escape && quote != '\'') {
			if (i + 1 == rest.length)
				return rest.length; /* at the very end it means nothing */
			buf_add_char(word, escape);
			i++;
			utf8_decode(rest.at + i, rest.length - i, &size);
		}
		buf_append(word, rest.at + i, size);
	}
	return i;
}

void split_words(struct span rest, char escape, struct arena *arena, struct word_list *ret)
{
	cleanup_with(buf_release) struct buf word = { 0 };

	for (;;) {
		bool quoted;

		rest = span_trim_left(rest);
		if (rest.length == 0)
			return;
		rest = span_from(rest, take_word(rest, escape, &word, &quoted));
		if (word.length || quoted)
			word_list_add(ret, arena_copy(arena, buf_string(&word), word.length));
	}
}

void split_blanks(struct span rest, struct arena *arena, struct word_list *ret)
{
	while (rest.length) {
		size_t length = span_word_length(rest);

		word_list_add(ret, arena_copy(arena, rest.at, length));
		rest = span_from(rest, length);
		rest = span_from(rest, span_blank_length(rest));
	}
}
