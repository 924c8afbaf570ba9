/* SPDX-License-Identifier: Apache-2.0 */
/* Variables: what "$" begins. */
#include <errno.h>
#include <stdint.h>

#include "builder/dockerfile/expand/glob.h"
#include "builder/dockerfile/expand/letters.h"
#include "builder/dockerfile/expand/machine_internal.h"
#include "fs/base/alloc.h"

static bool is_special(char c)
{
	return c && strchr("@*#?-$!0", c);
}

/* The name at hand: digits, or one special character, or letters, digits and '_'; may be empty. */
static struct span take_name(struct machine *m)
{
	struct span name = { .at = m->at };
	bool digits_only = false;

	while (!machine_at_end(m)) {
		size_t size;
		uint32_t c = utf8_decode(m->at, (size_t)(m->end - m->at), &size);

		if (m->at == name.at) {
			digits_only = is_digit(c);
			if (!digits_only && c < 0x80 && is_special((char)c)) {
				m->at++;
				break;
			}
		}
		if (!is_digit(c) && (digits_only || (!is_letter(c) && c != '_')))
			break;
		m->at += size;
	}
	name.length = (size_t)(m->at - name.at);
	return name;
}

static const char *get_value(struct machine *m, struct span name)
{
	const struct expand_env *env = &m->how->env;
	const char *value;

	buf_clear(&m->name);
	buf_append(&m->name, name.at, name.length);
	value = env->get ? env->get(env->context, m->name.data) : NULL;
	if (value && m->how->found)
		strings_add(&m->found, m->name.data);
	if (!value && m->how->missing)
		strings_add(&m->missing, m->name.data);
	return value;
}

static bool keep_unset(const struct machine *m)
{
	return m->how->flags & EXPAND_KEEP_UNSET;
}

/* A variable without anything else; `braces`: it was written ${v}. */
static int emit_value(struct machine *m, struct span name, bool braces)
{
	const char *value = get_value(m, name);
	struct buf text = { 0 };
	int r;

	if (value)
		return machine_emit(m, span_of(value), false);
	if (!keep_unset(m))
		return 0;
	buf_add_format(&text, braces ? "${%.*s}" : "$%.*s", (int)name.length, name.at);
	r = machine_emit(m, (struct span){ .at = text.data, .length = text.length }, false);
	buf_release(&text);
	return r;
}

static int unsupported(struct machine *m, struct span mark)
{
	return error_set(m->err, -EINVAL, "unsupported modifier (%.*s) in substitution",
			 (int)mark.length, mark.at);
}

int machine_missing_brace(struct machine *m)
{
	return error_set(m->err, -EINVAL, "syntax error: missing '}'");
}

/*
 * Behind "${name": a modifier. One with a colon that there is not, as shells have, is read to its
 * end all the same: of a variable that is not set it may stay.
 */
static int begin_modifier(struct machine *m, struct span name)
{
	struct frame frame = { .stop = '}', .name = name };
	bool raw;
	struct span c;

	if (machine_at_end(m))
		return machine_missing_brace(m);
	frame.mark.at = m->at;
	c = machine_take_char(m);
	if (*c.at == '}')
		return emit_value(m, name, true);
	if (*c.at == ':') {
		if (machine_at_end(m))
			return machine_missing_brace(m);
		frame.colon = true;
		c = machine_take_char(m);
	}
	frame.mark.length = (size_t)(m->at - frame.mark.at);
	if (strchr(frame.colon ? "-+?" : "-+?#%/", *c.at))
		frame.op = *c.at;
	else if (!frame.colon || *c.at == '#' || *c.at == '%')
		return unsupported(m, frame.mark);
	raw = frame.op == '#' || frame.op == '%' || frame.op == '/';
	if (frame.op == '/') {
		frame.stop = '/';
		frame.all = machine_next_is(m, '/');
		if (frame.all)
			m->at++;
	}
	return machine_push(m, frame, raw);
}

int machine_take_dollar(struct machine *m)
{
	struct span dollar = machine_take_char(m), name;

	if (!machine_next_is(m, '{')) {
		name = take_name(m);
		return name.length ? emit_value(m, name, false) : machine_emit(m, dollar, false);
	}
	m->at++;
	if (machine_at_end(m))
		return machine_missing_brace(m);
	if (*m->at == '{' || *m->at == '}' || *m->at == ':')
		return error_set(m->err, -EINVAL, "syntax error: bad substitution");
	name = take_name(m);
	return begin_modifier(m, name);
}

/* What a closed ${...} amounts to is appended to `ret`. */
static int finish_condition(struct machine *m, const struct frame *frame, const char *value,
			    const char *word, struct buf *ret)
{
	bool empty = !value || (frame->colon && !*value);
	int name_length = (int)frame->name.length;

	if (frame->op == '?' && empty) {
		if (*word)
			return error_set(m->err, -EINVAL, "%.*s: %s", name_length, frame->name.at,
					 word);
		return error_set(m->err, -EINVAL, "%.*s: is not allowed to be %s", name_length,
				 frame->name.at, value ? "empty" : "unset");
	}
	if (frame->op == '+')
		buf_add_string(ret, empty ? "" : word);
	else
		buf_add_string(ret, empty ? word : value);
	return 0;
}

static int finish_pattern(struct machine *m, const struct frame *frame, const char *value,
			  const char *word, struct buf *ret)
{
	bool longest = *word == frame->op;

	value = value ? value : "";
	if (frame->op == '/')
		return expand_glob_replace(frame->pattern, value, word, frame->all, ret, m->err);
	return expand_glob_trim(word + longest, value, frame->op == '%', longest, ret, m->err);
}

/* An unset variable as it was written, its word expanded. */
static void write_unset(const struct frame *frame, const char *word, struct buf *ret)
{
	buf_add_format(ret, "${%.*s%.*s", (int)frame->name.length, frame->name.at,
		       (int)frame->mark.length, frame->mark.at);
	if (frame->op == '/')
		buf_add_format(ret, "%s/", frame->pattern);
	buf_add_format(ret, "%s}", word);
}

/* A ${...} has been read to its end: it is taken off, and what it amounts to added. */
static int close_modifier(struct machine *m, const struct frame *frame)
{
	cleanup_with(buf_release) struct buf result = { 0 };
	cleanup_free char *word = machine_pop(m);
	const char *value = get_value(m, frame->name);
	int r = 0;

	if (!value && keep_unset(m))
		write_unset(frame, word, &result);
	else if (!frame->op)
		r = unsupported(m, frame->mark);
	else if (strchr("-+?", frame->op))
		r = finish_condition(m, frame, value, word, &result);
	else
		r = finish_pattern(m, frame, value, word, &result);
	if (r < 0)
		return r;
	return machine_emit(m, (struct span){ .at = buf_string(&result), .length = result.length },
			    false);
}

int machine_finish_modifier(struct machine *m)
{
	struct frame *top = &m->frames[m->depth - 1], frame = *top;
	int r;

	if (frame.op == '/' && !frame.pattern) {
		top->pattern =
			xmemdup(buf_string(&m->out) + frame.start, m->out.length - frame.start + 1);
		top->stop = '}';
		buf_truncate(&m->out, frame.start);
		return 0;
	}
	top->pattern = NULL; /* it lives in `frame` until this is over */
	r = close_modifier(m, &frame);
	free(frame.pattern);
	return r;
}
