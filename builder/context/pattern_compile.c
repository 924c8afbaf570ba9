/* SPDX-License-Identifier: Apache-2.0 */
/* From a pattern to an expression, and from that to a program. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "builder/context/pattern_compile_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

/* What Docker's expressions may repeat something. */
#define REPEAT_MAX 1000

/*
 * The pattern as an expression. Docker takes the meaning off letters that have one there and none
 * in a pattern, but for those behind '_' in ASCII, which it forgets.
 */
static void make_expression(const char *pattern, struct buf *ret)
{
	buf_add_char(ret, '^');
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
		} else if (strchr(".+()$", c)) {
			buf_add_char(ret, '\\');
			buf_add_char(ret, c);
		} else if (c == '\\' && pattern[1]) {
			buf_add_char(ret, c);
			buf_add_char(ret, *++pattern);
		} else {
			buf_add_char(ret, c);
		}
	}
	buf_add_char(ret, '$');
}

int compiler_malformed(struct compiler *in)
{
	return error_set(in->err, -EINVAL, "syntax error in pattern '%s'", in->pattern);
}

static struct pattern_branch *branch_at_hand(struct compiler *in)
{
	return &in->program->branches[in->program->branch_count - 1];
}

struct pattern_item *compiler_add(struct compiler *in, enum pattern_item_kind kind)
{
	struct pattern_branch *branch = branch_at_hand(in);

	array_reserve_one(branch->items, branch->count, branch->capacity);
	branch->items[branch->count] = (struct pattern_item){ .kind = kind };
	return &branch->items[branch->count++];
}

static void begin_branch(struct compiler *in)
{
	struct pattern_program *program = in->program;

	array_reserve_one(program->branches, program->branch_count, program->branch_capacity);
	program->branches[program->branch_count++] = (struct pattern_branch){ 0 };
}

static bool take_word(struct compiler *in, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0)
		return false;
	in->at += length;
	return true;
}

/* A number without zeros in front: -1 there is none, REPEAT_MAX + 1 it is too large. */
static int take_number(struct compiler *in)
{
	int value = 0;

	if (in->at == in->end || !isdigit((unsigned char)*in->at) ||
	    (*in->at == '0' && in->at + 1 < in->end && isdigit((unsigned char)in->at[1])))
		return -1;
	for (; in->at < in->end && isdigit((unsigned char)*in->at); in->at++) {
		if (value <= REPEAT_MAX)
			value = value * 10 + (*in->at - '0');
	}
	return value <= REPEAT_MAX ? value : REPEAT_MAX + 1;
}

/* "{2}", "{2,}" or "{2,3}": false when it is none of these; *ret_max is -1 without an end. */
static bool take_counts(struct compiler *in, int *ret_min, int *ret_max)
{
	const char *start = in->at;

	if (!take_word(in, "{"))
		return false;
	*ret_min = *ret_max = take_number(in);
	if (*ret_min >= 0 && take_word(in, ",")) {
		*ret_max = -1;
		if (!compiler_next_is(in, '}') && (*ret_max = take_number(in)) < 0)
			*ret_min = -1;
	}
	if (*ret_min >= 0 && take_word(in, "}"))
		return true;
	in->at = start;
	return false;
}

/* Put `min` to `max` of the last item in its place. */
static int repeat_last(struct compiler *in, int min, int max)
{
	struct pattern_branch *branch = branch_at_hand(in);
	struct pattern_item item;

	if (branch->count == 0 || in->repeated || min > REPEAT_MAX || max > REPEAT_MAX ||
	    (max >= 0 && min > max))
		return compiler_malformed(in);
	item = branch->items[--branch->count];
	if (branch->count + (size_t)(max > min ? max : min) > PATTERN_LENGTH_MAX)
		return error_set(in->err, -E2BIG,
				 "the pattern '%s' comes to more than %d characters", in->pattern,
				 PATTERN_LENGTH_MAX);
	for (int i = 0; i < (max < 0 ? min + 1 : max); i++) {
		struct pattern_item *copy = compiler_add(in, item.kind);

		*copy = item;
		copy->optional = i >= min;
		copy->repeated = max < 0 && i >= min;
	}
	in->repeated = true;
	return 0;
}

/* One item, without what repeats it; *ret_repeated: it brings its own repetition. */
static int take_plain_item(struct compiler *in, bool *ret_repeated)
{
	*ret_repeated = take_word(in, "(.*/)?");
	if (*ret_repeated)
		compiler_add(in, PATTERN_DIRECTORIES);
	else if (take_word(in, "^"))
		compiler_add(in, PATTERN_START);
	else if (take_word(in, "$"))
		compiler_add(in, PATTERN_END);
	else if (take_word(in, "[^/]"))
		compiler_add(in, PATTERN_NO_SLASH);
	else if (take_word(in, "."))
		compiler_add(in, PATTERN_ANY);
	else if (take_word(in, "["))
		return compiler_take_class(in);
	else if (take_word(in, "\\"))
		return compiler_take_escape(in);
	else
		compiler_add(in, PATTERN_CHAR)->c = compiler_take_char(in);
	return 0;
}

static int take_item(struct compiler *in)
{
	int min, max, r;

	if (take_word(in, "|")) {
		begin_branch(in);
		in->repeated = false;
		return 0;
	}
	if (take_counts(in, &min, &max))
		return repeat_last(in, min, max);
	r = take_plain_item(in, &in->repeated);
	if (r == 0 && take_word(in, "*")) {
		struct pattern_branch *branch = branch_at_hand(in);

		branch->items[branch->count - 1].repeated = true;
		in->repeated = true;
	}
	return r;
}

/* A branch that does not say where it begins, or ends, may do so anywhere. */
static void open_ends(struct compiler *in)
{
	struct pattern_program *program = in->program;
	size_t everything = program->class_count;

	array_reserve_one(program->classes, program->class_count, program->class_capacity);
	program->classes[program->class_count++] = (struct pattern_class){ .negated = true };
	for (size_t i = 0; i < program->branch_count; i++) {
		struct pattern_branch *branch = &program->branches[i];
		struct pattern_item any = { .kind = PATTERN_CLASS,
					    .repeated = true,
					    .class = everything };
		bool start = branch->count && branch->items[0].kind == PATTERN_START &&
			     !branch->items[0].optional;
		bool end = branch->count && branch->items[branch->count - 1].kind == PATTERN_END &&
			   !branch->items[branch->count - 1].optional;
		struct pattern_item *items = xcalloc(branch->count + 2, sizeof *items);
		size_t count = 0;

		if (!start)
			items[count++] = any;
		if (branch->count)
			memcpy(items + count, branch->items, branch->count * sizeof *items);
		count += branch->count;
		if (!end)
			items[count++] = any;
		free(branch->items);
		branch->items = items;
		branch->count = count;
	}
}

static bool is_plain(const struct pattern_item *item)
{
	return item->kind == PATTERN_CHAR && !item->repeated && !item->optional &&
	       item->c != UTF8_INVALID;
}

static void add_char(struct buf *buf, uint32_t c)
{
	char bytes[4];

	buf_append(buf, bytes, utf8_encode(c, bytes));
}

static void find_ends(struct pattern_program *program)
{
	const struct pattern_branch *branch = &program->branches[0];
	struct buf prefix = { 0 }, suffix = { 0 };
	bool only = program->branch_count == 1 && branch->count >= 2 &&
		    branch->items[0].kind == PATTERN_START &&
		    branch->items[branch->count - 1].kind == PATTERN_END;
	size_t end = only ? branch->count - 1 : 0, first = end;

	for (size_t i = 1; i < end && is_plain(&branch->items[i]); i++)
		add_char(&prefix, branch->items[i].c);
	while (first > 1 && is_plain(&branch->items[first - 1]))
		first--;
	for (size_t i = first; i < end; i++)
		add_char(&suffix, branch->items[i].c);
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
	begin_branch(&in);
	while (r == 0 && in.at < in.end)
		r = take_item(&in);
	if (r < 0) {
		pattern_program_release(&program);
		return r;
	}
	open_ends(&in);
	find_ends(&program);
	pattern_program_tabulate(&program);
	*ret = program;
	return 0;
}
