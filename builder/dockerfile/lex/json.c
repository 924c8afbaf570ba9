/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>

#include "fs/base/arena.h"
#include "fs/base/buf.h"
#include "fs/base/utf8.h"

/* Every function below that skips moves `at` behind what it skipped, or says false. */
struct reader {
	const char *at, *end;
};

static void skip_space(struct reader *in)
{
	while (in->at < in->end &&
	       (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
		in->at++;
}

static bool skip_char(struct reader *in, char c)
{
	skip_space(in);
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static bool next_is(const struct reader *in, char c)
{
	return in->at < in->end && *in->at == c;
}

static bool skip_digits(struct reader *in)
{
	const char *start = in->at;

	while (in->at < in->end && isdigit((unsigned char)*in->at))
		in->at++;
	return in->at > start;
}

static bool skip_number(struct reader *in)
{
	if (next_is(in, '-'))
		in->at++;
	if (next_is(in, '0'))
		in->at++;
	else if (!skip_digits(in))
		return false;
	if (next_is(in, '.')) {
		in->at++;
		if (!skip_digits(in))
			return false;
	}
	if (next_is(in, 'e') || next_is(in, 'E')) {
		in->at++;
		if (next_is(in, '+') || next_is(in, '-'))
			in->at++;
		return skip_digits(in);
	}
	return true;
}

static bool skip_word(struct reader *in)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i]);

		if ((size_t)(in->end - in->at) >= length && memcmp(in->at, words[i], length) == 0) {
			in->at += length;
			return true;
		}
	}
	return false;
}

/* What stands between the quotes, not decoded yet. */
static bool skip_string(struct reader *in, struct span *ret)
{
	static const char escapable[] = { '"', '\\', '/', 'b', 'f', 'n', 'r', 't' };

	if (!skip_char(in, '"'))
		return false;
	ret->at = in->at;
	for (; in->at < in->end && *in->at != '"'; in->at++) {
		if ((unsigned char)*in->at < 0x20)
			return false;
		if (*in->at != '\\')
			continue;
		in->at++;
		if (in->at == in->end)
			return false;
		if (*in->at == 'u') {
			if (in->end - in->at < 5)
				return false;
			for (int i = 0; i < 4; i++) {
				if (!isxdigit((unsigned char)*++in->at))
					return false;
			}
		} else if (!memchr(escapable, *in->at, sizeof escapable)) {
			return false;
		}
	}
	if (in->at == in->end)
		return false;
	ret->length = (size_t)(in->at++ - ret->at);
	return true;
}

static bool skip_scalar(struct reader *in)
{
	struct span ignored;

	if (next_is(in, '"'))
		return skip_string(in, &ignored);
	return skip_word(in) || skip_number(in);
}

static bool skip_key(struct reader *in)
{
	struct span ignored;

	return skip_string(in, &ignored) && skip_char(in, ':');
}

/* Which of the open brackets are braces, innermost last. */
struct nesting {
	uint8_t braces[JSON_DEPTH_MAX / 8];
	size_t depth;
};

static bool is_brace(const struct nesting *nesting)
{
	size_t last = nesting->depth - 1;

	return nesting->braces[last / 8] >> last % 8 & 1;
}

static bool open_bracket(struct nesting *nesting, bool brace)
{
	size_t at = nesting->depth;

	if (at == JSON_DEPTH_MAX)
		return false;
	if (at % 8 == 0)
		nesting->braces[at / 8] = 0;
	nesting->braces[at / 8] &= (uint8_t) ~(1U << at % 8);
	nesting->braces[at / 8] |= (uint8_t)((unsigned)brace << at % 8);
	nesting->depth++;
	return true;
}

/* Behind a value: close what ends here and go on to the next value, if there is one. */
static bool leave_value(struct reader *in, struct nesting *nesting)
{
	while (nesting->depth) {
		bool brace = is_brace(nesting);

		if (skip_char(in, brace ? '}' : ']')) {
			nesting->depth--;
			continue;
		}
		if (!skip_char(in, ','))
			return false;
		return !brace || skip_key(in);
	}
	return true;
}

static bool skip_value(struct reader *in)
{
	struct nesting nesting;

	nesting.depth = 0;
	do {
		bool brace;

		skip_space(in);
		brace = next_is(in, '{');
		if (brace || next_is(in, '[')) {
			in->at++;
			if (!open_bracket(&nesting, brace))
				return false;
			if (!skip_char(in, brace ? '}' : ']')) {
				if (brace && !skip_key(in))
					return false;
				continue;
			}
			nesting.depth--;
		} else if (!skip_scalar(in)) {
			return false;
		}
		if (!leave_value(in, &nesting))
			return false;
	} while (nesting.depth);
	return true;
}

static uint32_t hex4(const char *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = at[i];

		value = value << 4 |
			(uint32_t)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* The character of \uXXXX at `at`, where the digits begin, a pair of surrogates joined. */
static uint32_t decode_unicode(const char **at, const char *end)
{
	uint32_t c = hex4(*at), low;

	*at += 4;
	if (c < 0xd800 || c > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
		return c;
	low = hex4(*at + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return c;
	*at += 6;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static const char *decode_string(struct span raw, struct arena *arena, struct buf *scratch,
				 bool *ret_nul)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *at = raw.at, *end = raw.at + raw.length;

	buf_clear(scratch);
	while (at < end) {
		const char *letter;
		char bytes[4];
		uint32_t c;

		if (*at != '\\') {
			buf_add_char(scratch, *at++);
			continue;
		}
		at++;
		if (*at == 'u') {
			at++;
			c = decode_unicode(&at, end);
			if (c == 0) {
				*ret_nul = true;
				buf_add_string(scratch, JSON_NUL);
			} else {
				buf_append(scratch, bytes, utf8_encode(c, bytes));
			}
			continue;
		}
		letter = strchr(letters, *at);
		buf_add_char(scratch, letter ? values[letter - letters] : *at);
		at++;
	}
	return arena_copy(arena, buf_string(scratch), scratch->length);
}

int json_string_array(struct span text, struct arena *arena, struct words *ret, bool *ret_nul)
{
	cleanup_with(word_list_release) struct word_list list = { 0 };
	cleanup_with(buf_release) struct buf scratch = { 0 };
	struct reader in = { .at = text.at, .end = text.at + text.length };
	bool others = false, nul = false, more;

	if (!skip_char(&in, '['))
		return 0;
	more = !skip_char(&in, ']');
	while (more) {
		struct span raw;

		skip_space(&in);
		if (next_is(&in, '"')) {
			if (!skip_string(&in, &raw))
				return 0;
			word_list_add(&list, decode_string(raw, arena, &scratch, &nul));
		} else if (skip_value(&in)) {
			others = true;
		} else {
			return 0;
		}
		more = !skip_char(&in, ']');
		if (more && !skip_char(&in, ','))
			return 0;
	}
	skip_space(&in);
	if (in.at != in.end)
		return 0;
	if (others)
		return -EINVAL;
	*ret_nul = nul;
	*ret = word_list_take(&list, arena);
	return 1;
}

int json_object_string(struct span text, const char *key, struct arena *arena, const char **ret)
{
	cleanup_with(buf_release) struct buf scratch = { 0 };
	struct reader in = { .at = text.at, .end = text.at + text.length };
	const char *found = NULL;
	bool more, nul = false;

	if (!skip_char(&in, '{'))
		return 0;
	more = !skip_char(&in, '}');
	while (more) {
		struct span name, raw;
		bool wanted;

		if (!skip_string(&in, &name) || !skip_char(&in, ':'))
			return 0;
		wanted = span_is(name, key);
		skip_space(&in);
		if (!next_is(&in, '"')) {
			if (!skip_value(&in))
				return 0;
			if (wanted)
				found = NULL;
		} else if (!skip_string(&in, &raw)) {
			return 0;
		} else if (wanted) {
			nul = false;
			found = decode_string(raw, arena, &scratch, &nul);
		}
		more = !skip_char(&in, '}');
		if (more && !skip_char(&in, ','))
			return 0;
	}
	skip_space(&in);
	if (in.at != in.end || !found || nul)
		return 0;
	*ret = found;
	return 1;
}
