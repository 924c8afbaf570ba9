/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/dockerfile/expand/machine_internal.h"
#include "fs/base/alloc.h"

void machine_release(struct machine *m)
{
	while (m->depth)
		free(m->frames[--m->depth].pattern);
	buf_release(&m->out);
	buf_release(&m->cutter.word);
	buf_release(&m->name);
	strings_release(&m->found);
	strings_release(&m->missing);
}

/* Cutting into words */

static void cut_raw(struct cutter *cutter, struct span text)
{
	buf_append(&cutter->word, text.at, text.length);
	cutter->in_word = true;
}

static void end_word(struct cutter *cutter)
{
	if (cutter->in_word && cutter->word.length) {
		strings_add_range(cutter->list, cutter->word.data, cutter->word.length);
		buf_clear(&cutter->word);
		cutter->in_word = false;
	}
}

static void cut_at_space(struct cutter *cutter, struct span text)
{
	while (text.length) {
		size_t size;

		if (utf8_is_space(utf8_decode(text.at, text.length, &size)))
			end_word(cutter);
		else
			cut_raw(cutter, span_first(text, size));
		text = span_from(text, size);
	}
}

void machine_end_word(struct machine *m)
{
	end_word(&m->cutter);
}

int machine_emit(struct machine *m, struct span text, bool raw)
{
	if (m->out.length + text.length > EXPAND_RESULT_MAX)
		return error_set(m->err, -E2BIG, "the result is longer than %zu bytes",
				 EXPAND_RESULT_MAX);
	buf_append(&m->out, text.at, text.length);
	if (m->depth == 1 && m->cutter.list) {
		if (raw)
			cut_raw(&m->cutter, text);
		else
			cut_at_space(&m->cutter, text);
	}
	return 0;
}

/* Frames */

int machine_push(struct machine *m, struct frame frame, bool raw_escapes)
{
	if (m->depth > EXPAND_DEPTH_MAX)
		return error_set(m->err, -E2BIG, "more than %d levels of ${} and quotes",
				 EXPAND_DEPTH_MAX);
	frame.start = m->out.length;
	frame.escapes_before = m->raw_escapes;
	m->raw_escapes = raw_escapes;
	m->frames[m->depth++] = frame;
	return 0;
}

char *machine_pop(struct machine *m)
{
	struct frame *top = &m->frames[m->depth - 1];
	char *text = xmemdup(buf_string(&m->out) + top->start, m->out.length - top->start + 1);

	buf_truncate(&m->out, top->start);
	m->raw_escapes = top->escapes_before;
	free(take_ptr(&top->pattern));
	m->depth--;
	return text;
}

/* Quotes */

static int take_single_quotes(struct machine *m)
{
	const char *start = m->at, *close;
	struct span text;

	close = memchr(start + 1, '\'', (size_t)(m->end - start - 1));
	if (!close) {
		m->at = m->end;
		return error_set(
			m->err, -EINVAL,
			"unexpected end of statement while looking for matching single-quote");
	}
	m->at = close + 1;
	text = (struct span){ .at = start, .length = (size_t)(m->at - start) };
	if (!(m->how->flags & EXPAND_RAW_QUOTES))
		text = (struct span){ .at = start + 1, .length = text.length - 2 };
	return machine_emit(m, text, true);
}

static int begin_quotes(struct machine *m)
{
	struct frame frame = { .quote = true, .stop = '"' };
	struct span mark = machine_take_char(m);
	int r = machine_push(m, frame, m->raw_escapes);

	if (r < 0 || !(m->how->flags & EXPAND_RAW_QUOTES))
		return r;
	return machine_emit(m, mark, true);
}

static int finish_quotes(struct machine *m)
{
	cleanup_free char *text = NULL;

	if (m->how->flags & EXPAND_RAW_QUOTES)
		buf_add_char(&m->out, '"');
	text = machine_pop(m);
	return machine_emit(m, span_of(text), true);
}

/* One character, or what it begins, between double quotes. */
static int step_quotes(struct machine *m)
{
	struct span c, next;
	int r;

	if (machine_at_end(m))
		return error_set(
			m->err, -EINVAL,
			"unexpected end of statement while looking for matching double-quote");
	if (*m->at == '$')
		return machine_take_dollar(m);
	c = machine_take_char(m);
	if (*c.at == '"')
		return finish_quotes(m);
	if (*c.at != m->how->escape)
		return machine_emit(m, c, true);
	if (m->raw_escapes) {
		r = machine_emit(m, c, true);
		if (r < 0)
			return r;
	}
	if (machine_at_end(m))
		return 0;
	/* Nothing else can be escaped here: the escape character stands for itself. */
	if (*m->at != '"' && *m->at != '$' && *m->at != m->how->escape)
		return machine_emit(m, c, true);
	next = machine_take_char(m);
	return machine_emit(m, next, true);
}

/* Words */

/* "<<" and the blanks behind it belong to the word that follows: the name of a heredoc. */
static int take_less_than(struct machine *m)
{
	struct span text = { .at = m->at++ };

	if (machine_next_is(m, '<')) {
		m->at++;
		while (machine_next_is(m, ' ') || machine_next_is(m, '\t') ||
		       machine_next_is(m, '\r'))
			m->at++;
	}
	text.length = (size_t)(m->at - text.at);
	return machine_emit(m, text, true);
}

static int take_escaped(struct machine *m)
{
	struct span c = machine_take_char(m);
	int r;

	if (m->raw_escapes) {
		r = machine_emit(m, c, true);
		if (r < 0)
			return r;
	}
	if (machine_at_end(m))
		return 0;
	c = machine_take_char(m);
	return machine_emit(m, c, true);
}

/* One character, or what it begins, outside of double quotes. */
static int step_word(struct machine *m)
{
	const struct frame *top = &m->frames[m->depth - 1];
	bool quotes = !(m->how->flags & EXPAND_NO_QUOTES);

	if (machine_at_end(m))
		return error_set(m->err, -EINVAL,
				 "unexpected end of statement while looking for matching %c",
				 top->stop);
	if (top->stop && *m->at == top->stop) {
		m->at++;
		return machine_finish_modifier(m);
	}
	if (*m->at == '$')
		return machine_take_dollar(m);
	if (*m->at == '<')
		return take_less_than(m);
	if (quotes && *m->at == '\'')
		return take_single_quotes(m);
	if (quotes && *m->at == '"')
		return begin_quotes(m);
	if (*m->at == m->how->escape)
		return take_escaped(m);
	return machine_emit(m, machine_take_char(m), false);
}

/*
 * At the end of the text it does not matter what else was wrong: the outermost ${...} was not
 * closed.
 */
static int name_unclosed(struct machine *m, int code)
{
	if (code != -EINVAL || !machine_at_end(m))
		return code;
	for (size_t i = 1; i < m->depth; i++) {
		if (m->frames[i].quote)
			continue;
		if (m->frames[i].stop == '/')
			return error_set(m->err, code, "syntax error: missing '/' in ${}");
		return machine_missing_brace(m);
	}
	return code;
}

int machine_run(struct machine *m)
{
	int r = machine_push(m, (struct frame){ 0 }, m->how->flags & EXPAND_RAW_ESCAPES);

	while (r == 0 && (m->depth > 1 || !machine_at_end(m)))
		r = m->frames[m->depth - 1].quote ? step_quotes(m) : step_word(m);
	return name_unclosed(m, r);
}
