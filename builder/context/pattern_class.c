/* SPDX-License-Identifier: Apache-2.0 */
/* Brackets and escapes of an expression. */
#include <errno.h>
#include <string.h>

#include "builder/context/pattern_compile_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

static struct pattern_class *add_class(struct compiler *in)
{
	struct pattern_program *program = in->program;

	compiler_add(in, PATTERN_CLASS)->class = program->class_count;
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
	return compiler_malformed(in);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "\x": two digits, or any number of them in braces. */
static int take_hex(struct compiler *in, uint32_t *ret)
{
	bool braces = compiler_next_is(in, '{');
	uint32_t value = 0;
	int digits = 0;

	in->at += braces;
	for (; in->at < in->end && (braces || digits < 2); in->at++, digits++) {
		int digit = hex_digit(*in->at);

		if (digit < 0)
			break;
		value = value << 4 | (uint32_t)digit;
		if (value > 0x10ffff)
			return compiler_malformed(in);
	}
	if (braces ? digits == 0 || !compiler_next_is(in, '}') : digits != 2)
		return compiler_malformed(in);
	in->at += braces;
	*ret = value;
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
		return compiler_malformed(in);
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
		return compiler_malformed(in);
	c = compiler_take_char(in);
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
		return compiler_malformed(in);
	*ret = c;
	return 0;
}

static int take_class_char(struct compiler *in, uint32_t *ret)
{
	if (in->at == in->end)
		return compiler_malformed(in);
	if (*in->at == '\\') {
		in->at++;
		return take_escape(in, ret);
	}
	*ret = compiler_take_char(in);
	return 0;
}

/* A character of a class, or a range of them. */
static int take_range(struct compiler *in, struct pattern_class *class)
{
	uint32_t first = 0, last;
	int r = take_class_char(in, &first);

	if (r < 0)
		return r;
	last = first;
	if (compiler_next_is(in, '-') && in->at + 1 < in->end && in->at[1] != ']') {
		in->at++;
		r = take_class_char(in, &last);
		if (r < 0)
			return r;
		if (last < first)
			return compiler_malformed(in);
	}
	add_range(class, first, last);
	return 0;
}

int compiler_take_class(struct compiler *in)
{
	struct pattern_class *class = add_class(in);
	const char *first;

	if (compiler_next_is(in, '^')) {
		class->negated = true;
		in->at++;
	}
	for (first = in->at; !compiler_next_is(in, ']') || in->at == first;) {
		const char *letters = compiler_next_is(in, '\\') && in->at + 1 < in->end
					      ? letter_class(in->at[1])
					      : NULL;
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

int compiler_take_escape(struct compiler *in)
{
	static const char kinds[] = "AzbB";
	static const enum pattern_item_kind items[] = { PATTERN_START, PATTERN_END, PATTERN_EDGE,
							PATTERN_NO_EDGE };
	char c = in->at < in->end ? *in->at : '\0';
	const char *kind = c ? strchr(kinds, c) : NULL;
	const char *letters = letter_class(c);
	uint32_t plain = 0;
	int r;

	if (kind) {
		in->at++;
		compiler_add(in, items[kind - kinds]);
		return 0;
	}
	if (letters) {
		in->at++;
		add_named(add_class(in), letters, !(c & 0x20));
		return 0;
	}
	r = take_escape(in, &plain);
	if (r == 0)
		compiler_add(in, PATTERN_CHAR)->c = plain;
	return r;
}
