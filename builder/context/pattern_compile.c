/* SPDX-License-Identifier: Apache-2.0 */
/* From a pattern to an expression, and from that to a program. */
#include <errno.h>
#include <string.h>

#include "builder/context/pattern_program.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/utf8.h"

/* The pattern as an expression, without the marks of start and end around it. */
static void make_expression(const char *pattern, struct buf *ret)
{
	for (; *pattern; pattern++) {
		char c = *pattern;

		if (c == '*' && pattern[1] == '*') {
			pattern++;
			if (pattern[1] == '/')
				pattern++; /* the same as without */
			buf_add_string(ret, pattern[1] ? "(.*/)?" : ".*");
		} else if (c == '*') {
			buf_add_string(ret, "[^/]*");
		} else if (c == '?') {
			buf_add_string(ret, "[^/]");
		} else if (strchr(".+()|{}$", c)) {
			buf_add_char(ret, '\\');
			buf_add_char(ret, c);
		} else if (c == '\\' && pattern[1]) {
			buf_add_char(ret, c);
			buf_add_char(ret, *++pattern);
		} else {
			buf_add_char(ret, c);
		}
	}
}

struct compiler {
	const char *at, *end; /* of the expression */
	struct pattern_program *program;
	struct error *err;
	const char *pattern; /* for messages */
};

static int malformed(struct compiler *in)
{
	return error_set(in->err, -EINVAL, "syntax error in pattern '%s'", in->pattern);
}

static bool next_is(const struct compiler *in, char c)
{
	return in->at < in->end && *in->at == c;
}

static uint32_t take_char(struct compiler *in)
{
	size_t size;
	uint32_t c = utf8_decode(in->at, (size_t)(in->end - in->at), &size);

	in->at += size;
	return c;
}

static struct pattern_item *add_item(struct compiler *in, enum pattern_item_kind kind)
{
	struct pattern_program *program = in->program;

	array_reserve_one(program->items, program->count, program->capacity);
	program->items[program->count] = (struct pattern_item){ .kind = kind };
	return &program->items[program->count++];
}

static struct pattern_class *add_class(struct compiler *in)
{
	struct pattern_program *program = in->program;
	struct pattern_item *item = add_item(in, PATTERN_CLASS);

	item->class = program->class_count;
	array_reserve_one(program->classes, program->class_count, program->class_capacity);
	program->classes[program->class_count] = (struct pattern_class){ 0 };
	return &program->classes[program->class_count++];
}

static void add_range(struct pattern_class *class, uint32_t first, uint32_t last)
{
	if (class->count == class->capacity) {
		class->capacity = class->capacity ? class->capacity * 2 : 4;
		class->bounds =
			xreallocarray(class->bounds, 2 * class->capacity, sizeof *class->bounds);
	}
	class->bounds[2 * class->count] = first;
	class->bounds[2 * class->count + 1] = last;
	class->count++;
}

/* Named classes: pairs of first and last, in ASCII. */
struct named_class {
	const char *name, *bounds;
};

/* Add the ranges, or with `negated` those between them. */
static void add_named(struct pattern_class *class, const char *bounds, bool negated)
{
	uint32_t from = 0;

	for (; *bounds; bounds += 2) {
		uint32_t first = (unsigned char)bounds[0], last = (unsigned char)bounds[1];

		/* NUL ends the list; a range from NUL on begins at 1, and no path has a NUL. */
		if (!negated)
			add_range(class, first, last);
		else if (first > from)
			add_range(class, from, first - 1);
		from = last + 1;
	}
	if (negated)
		add_range(class, from, 0x10ffff);
}

static const char *letter_class(char c)
{
	switch (c) {
	case 'd':
	case 'D':
		return "09";
	case 's':
	case 'S':
		return "\t\n\f\r  ";
	case 'w':
	case 'W':
		return "09AZ__az";
	default:
		return NULL;
	}
}

/* "[:alpha:]" inside brackets: 1 taken, 0 it is none, -EINVAL: there is no such class. */
static int take_named_class(struct compiler *in, struct pattern_class *class)
{
	static const struct named_class names[] = {
		{ "alnum", "09AZaz" },
		{ "alpha", "AZaz" },
		{ "ascii", "\001\177" },
		{ "blank", "\t\t  " },
		{ "cntrl", "\001\037\177\177" },
		{ "digit", "09" },
		{ "graph", "!~" },
		{ "lower", "az" },
		{ "print", " ~" },
		{ "punct", "!/:@[`{~" },
		{ "space", "\t\r  " },
		{ "upper", "AZ" },
		{ "word", "09AZ__az" },
		{ "xdigit", "09AFaf" },
	};
	const char *name = in->at + 2, *stop;
	bool negated;

	if (in->end - in->at < 3 || in->at[0] != '[' || in->at[1] != ':')
		return 0;
	stop = strstr(name, ":]");
	if (!stop)
		return 0;
	negated = *name == '^';
	name += negated;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t length = strlen(names[i].name);

		if (length == (size_t)(stop - name) && memcmp(names[i].name, name, length) == 0) {
			add_named(class, names[i].bounds, negated);
			in->at = stop + 2;
			return 1;
		}
	}
	return malformed(in);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "\x": two digits. */
static int take_hex(struct compiler *in, uint32_t *ret)
{
	int high, low;

	if (in->end - in->at < 2)
		return malformed(in);
	high = hex_digit(in->at[0]);
	low = hex_digit(in->at[1]);
	if (high < 0 || low < 0)
		return malformed(in);
	in->at += 2;
	*ret = (uint32_t)(high << 4 | low);
	return 0;
}

/* Behind "\" and a first octal digit: up to two more. A single one but 0 is nothing. */
static int take_octal(struct compiler *in, char first, uint32_t *ret)
{
	uint32_t value = (uint32_t)(first - '0');
	int digits = 1;

	for (; digits < 3 && in->at < in->end && *in->at >= '0' && *in->at <= '7'; digits++)
		value = value * 8 + (uint32_t)(*in->at++ - '0');
	if (digits == 1 && first != '0')
		return malformed(in);
	*ret = value;
	return 0;
}

/* One character behind '\\'. */
static int take_escape(struct compiler *in, uint32_t *ret)
{
	static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	const char *letter;
	uint32_t c;

	if (in->at == in->end)
		return malformed(in);
	c = take_char(in);
	if (c == 'Q' || c == 'p' || c == 'P' || c == 'C')
		return error_set(
			in->err, -EOPNOTSUPP,
			"'\\%c' in the pattern '%s' would begin a special expression: write "
			"'%c' without the backslash",
			(char)c, in->pattern, (char)c);
	if (c == 'x')
		return take_hex(in, ret);
	if (c >= '0' && c <= '7')
		return take_octal(in, (char)c, ret);
	letter = c < 0x80 ? strchr(letters, (char)c) : NULL;
	if (letter) {
		*ret = (unsigned char)values[letter - letters];
		return 0;
	}
	if (c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		return malformed(in);
	*ret = c;
	return 0;
}

static int take_class_char(struct compiler *in, uint32_t *ret)
{
	if (in->at == in->end)
		return malformed(in);
	if (*in->at == '\\') {
		in->at++;
		return take_escape(in, ret);
	}
	*ret = take_char(in);
	return 0;
}

/* A character of a class, or a range of them. */
static int take_range(struct compiler *in, struct pattern_class *class)
{
	uint32_t first, last;
	int r = take_class_char(in, &first);

	if (r < 0)
		return r;
	last = first;
	if (next_is(in, '-') && in->at + 1 < in->end && in->at[1] != ']') {
		in->at++;
		r = take_class_char(in, &last);
		if (r < 0)
			return r;
		if (last < first)
			return malformed(in);
	}
	add_range(class, first, last);
	return 0;
}

/* Behind '['. */
static int take_class(struct compiler *in)
{
	struct pattern_class *class = add_class(in);
	const char *first;

	if (next_is(in, '^')) {
		class->negated = true;
		in->at++;
	}
	for (first = in->at; !next_is(in, ']') || in->at == first;) {
		const char *letters =
			next_is(in, '\\') && in->at + 1 < in->end ? letter_class(in->at[1]) : NULL;
		int r = take_named_class(in, class);

		if (r == 0 && letters) {
			add_named(class, letters, !(in->at[1] & 0x20));
			in->at += 2;
		} else if (r == 0) {
			r = take_range(in, class);
		}
		if (r < 0)
			return r;
	}
	in->at++;
	return 0;
}

/* Behind '\\' outside of brackets. */
static int take_escaped_item(struct compiler *in)
{
	static const char kinds[] = "AzbB";
	static const enum pattern_item_kind items[] = { PATTERN_START, PATTERN_END, PATTERN_EDGE,
							PATTERN_NO_EDGE };
	char c = in->at < in->end ? *in->at : '\0';
	const char *kind = c ? strchr(kinds, c) : NULL;
	const char *letters = letter_class(c);
	uint32_t plain;
	int r;

	if (kind) {
		in->at++;
		add_item(in, items[kind - kinds]);
		return 0;
	}
	if (letters) {
		in->at++;
		add_named(add_class(in), letters, !(c & 0x20));
		return 0;
	}
	r = take_escape(in, &plain);
	if (r == 0)
		add_item(in, PATTERN_CHAR)->c = plain;
	return r;
}

static bool take_word(struct compiler *in, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0)
		return false;
	in->at += length;
	return true;
}

static int take_item(struct compiler *in)
{
	int r = 0;

	if (take_word(in, "(.*/)?")) {
		add_item(in, PATTERN_DIRECTORIES);
		return 0;
	}
	if (take_word(in, "^")) {
		add_item(in, PATTERN_START);
		return 0;
	}
	if (take_word(in, "[^/]"))
		add_item(in, PATTERN_NO_SLASH);
	else if (take_word(in, "."))
		add_item(in, PATTERN_ANY);
	else if (take_word(in, "["))
		r = take_class(in);
	else if (take_word(in, "\\"))
		r = take_escaped_item(in);
	else
		add_item(in, PATTERN_CHAR)->c = take_char(in);
	if (r == 0 && take_word(in, "*"))
		in->program->items[in->program->count - 1].repeated = true;
	return r;
}

static bool is_plain(const struct pattern_item *item)
{
	return item->kind == PATTERN_CHAR && !item->repeated && item->c != UTF8_INVALID;
}

static void add_char(struct buf *buf, uint32_t c)
{
	char bytes[4];

	buf_append(buf, bytes, utf8_encode(c, bytes));
}

static void find_ends(struct pattern_program *program)
{
	struct buf prefix = { 0 }, suffix = { 0 };
	size_t first = program->count;

	for (size_t i = 0; i < program->count && is_plain(&program->items[i]); i++)
		add_char(&prefix, program->items[i].c);
	while (first > 0 && is_plain(&program->items[first - 1]))
		first--;
	for (size_t i = first; i < program->count; i++)
		add_char(&suffix, program->items[i].c);
	program->prefix_length = prefix.length;
	program->suffix_length = suffix.length;
	program->prefix = buf_take(&prefix);
	program->suffix = buf_take(&suffix);
}

int pattern_program_compile(const char *pattern, struct pattern_program *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf expression = { 0 };
	struct pattern_program program = { 0 };
	struct compiler in = { .program = &program, .err = err, .pattern = pattern };
	int r = 0;

	if (strlen(pattern) > PATTERN_LENGTH_MAX)
		return error_set(err, -E2BIG, "a pattern is longer than %d characters",
				 PATTERN_LENGTH_MAX);
	make_expression(pattern, &expression);
	in.at = buf_string(&expression);
	in.end = in.at + expression.length;
	while (r == 0 && in.at < in.end)
		r = take_item(&in);
	if (r < 0) {
		pattern_program_release(&program);
		return r;
	}
	find_ends(&program);
	*ret = program;
	return 0;
}
