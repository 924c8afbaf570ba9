/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/parser.h"

#include <errno.h>

#include "builder/dockerfile/lex/arguments.h"
#include "builder/dockerfile/lex/heredoc.h"
#include "builder/dockerfile/lex/lines.h"
#include "builder/dockerfile/lex/split.h"
#include "fs/base/alloc.h"

struct parser {
	struct dockerfile *file;
	struct line_reader lines;
	struct statement *statements;
	size_t count, capacity;
	/* Used again for each statement. */
	struct word_list words;
	struct flag_list flags;
	struct heredoc_list heredocs;
	struct diagnostic *diag;
};

static void parser_release(struct parser *parser)
{
	line_reader_release(&parser->lines);
	free(parser->statements);
	word_list_release(&parser->words);
	flag_list_release(&parser->flags);
	heredoc_list_release(&parser->heredocs);
}
DEFINE_CLEANUP_VALUE(struct parser, parser_release);

static struct arena *arena_of(struct parser *parser)
{
	return &parser->file->arena;
}

static void *lay_down(struct parser *parser, const void *items, size_t count, size_t size)
{
	void *copy = arena_array(arena_of(parser), count, size);

	if (count)
		memcpy(copy, items, count * size);
	return copy;
}

/*
 * Keyword, flags and arguments of `text`, which is `statement->text` without white space around it.
 * What follows ONBUILD is left in *ret_rest.
 */
static int parse_text(struct parser *parser, struct span text, struct statement *statement,
		      struct span *ret_rest, struct error *err)
{
	struct span name = span_first(text, span_word_length(text)), rest;
	struct arguments arguments;
	char escape = parser->file->escape;
	int r;

	statement->keyword = keyword_of(name.at, name.length);
	statement->name = arena_copy(arena_of(parser), name.at, name.length);
	parser->flags.count = 0;
	rest = split_flags(span_from(text, name.length), text.at, escape, arena_of(parser),
			   &parser->flags);
	statement->flag_count = parser->flags.count;
	if (statement->flag_count)
		statement->flags = lay_down(parser, parser->flags.items, parser->flags.count,
					    sizeof *statement->flags);
	*ret_rest = rest;
	r = arguments_parse(statement->keyword, rest, escape, arena_of(parser), &parser->words,
			    &arguments, err);
	if (r < 0)
		return r;
	statement->args = arguments.words;
	statement->json = arguments.json;
	statement->nul = arguments.nul;
	return 0;
}

/*
 * ONBUILD has a statement of its own behind it, which may again be ONBUILD. A few levels are enough
 * to see that: they are refused later, as any chain of them is.
 */
static int parse_triggers(struct parser *parser, struct statement *statement, struct span rest,
			  struct error *err)
{
	const char *start = statement->text;
	int depth = 0, r;

	while (statement->keyword == KEYWORD_ONBUILD && rest.length) {
		struct statement *trigger;

		if (++depth > DOCKERFILE_TRIGGER_DEPTH_MAX)
			break;
		trigger = arena_alloc(arena_of(parser), sizeof *trigger);
		trigger->text = rest.at;
		trigger->text_offset = (size_t)(rest.at - start);
		trigger->marks = statement->marks;
		trigger->mark_count = statement->mark_count;
		r = parse_text(parser, rest, trigger, &rest, err);
		if (r < 0)
			return r;
		statement->trigger = trigger;
		statement = trigger;
	}
	return 0;
}

/* Heredocs are announced by RUN, COPY and ADD, also behind ONBUILD, but not in JSON. */
static bool may_have_heredocs(const struct statement *statement)
{
	if (statement->keyword == KEYWORD_ONBUILD && statement->trigger)
		statement = statement->trigger;
	return !statement->json &&
	       (statement->keyword == KEYWORD_RUN || statement->keyword == KEYWORD_COPY ||
		statement->keyword == KEYWORD_ADD);
}

static int read_heredocs(struct parser *parser, struct statement *statement)
{
	struct error err = { 0 };
	int r;

	if (!may_have_heredocs(statement) || !strstr(statement->text, "<<"))
		return 0;
	parser->heredocs.count = 0;
	r = heredocs_of_line(statement->text, arena_of(parser), &parser->heredocs, &err);
	if (r < 0)
		return diagnostic_set(parser->diag, r, statement->where, "%s", err.text);
	for (size_t i = 0; i < parser->heredocs.count; i++) {
		r = heredoc_read_body(&parser->lines, statement->where, &parser->heredocs.items[i],
				      parser->diag);
		if (r < 0)
			return r;
	}
	statement->heredoc_count = parser->heredocs.count;
	if (statement->heredoc_count)
		statement->heredocs = lay_down(parser, parser->heredocs.items,
					       parser->heredocs.count, sizeof *statement->heredocs);
	statement->where.last_line = parser->lines.line;
	return 0;
}

/* Make the marks count from behind `trimmed` bytes of white space. */
static void trim_marks(struct line_reader *lines, size_t trimmed)
{
	for (size_t i = 0; trimmed && i < lines->mark_count; i++) {
		struct text_mark *mark = &lines->marks[i];

		if (mark->offset < trimmed) {
			mark->column += (uint32_t)(trimmed - mark->offset);
			mark->offset = trimmed;
		}
		mark->offset -= trimmed;
	}
}

static int parse_statement(struct parser *parser, const struct logical_line *line)
{
	struct line_reader *lines = &parser->lines;
	struct statement *statement;
	struct error err = { 0 };
	struct span text, rest;
	int r;

	array_reserve_one(parser->statements, parser->count, parser->capacity);
	statement = &parser->statements[parser->count];
	text = span_trim(line->text);
	*statement = (struct statement){
		.where = line->where,
		.text_last_line = line->where.last_line,
		.empty_continuation = line->empty_continuation,
	};
	trim_marks(lines, (size_t)(text.at - line->text.at));
	text.at = arena_copy(arena_of(parser), text.at, text.length);
	statement->text = text.at;
	statement->marks = lay_down(parser, lines->marks, lines->mark_count, sizeof *lines->marks);
	statement->mark_count = lines->mark_count;
	r = parse_text(parser, text, statement, &rest, &err);
	if (r == 0)
		r = parse_triggers(parser, statement, rest, &err);
	if (r < 0)
		return diagnostic_set(parser->diag, r, line->where, "%s", err.text);
	statement->comments = word_list_take(&lines->comments, arena_of(parser));
	r = read_heredocs(parser, statement);
	if (r < 0)
		return r;
	parser->count++;
	return 0;
}

/* Strings end in NUL here as they do in every argument of a program. */
static int refuse_nul(const char *data, size_t size, struct diagnostic *diag)
{
	const char *nul = size ? memchr(data, '\0', size) : NULL;
	struct location where = { .first_line = 1 };
	const char *line = data, *stop;

	if (!nul)
		return 0;
	while ((stop = memchr(line, '\n', (size_t)(nul - line)))) {
		line = stop + 1;
		where.first_line++;
	}
	where.last_line = where.first_line;
	diagnostic_set(diag, -EINVAL, where, "a NUL character cannot stand in a Dockerfile");
	diagnostic_point(diag, where.first_line, (uint32_t)(nul - line) + 1);
	return -EINVAL;
}

static int parse(struct parser *parser)
{
	struct dockerfile *file = parser->file;
	struct span source = { .at = file->source, .length = file->source_size };
	struct location nowhere = { 0 };
	struct logical_line line;
	int r;

	if (source.length == 0)
		return diagnostic_set(parser->diag, -EINVAL, nowhere,
				      "the Dockerfile cannot be empty");
	directive_find(DIRECTIVE_SYNTAX, source, &file->arena, &file->syntax);
	directive_find(DIRECTIVE_CHECK, source, &file->arena, &file->check);
	parser->lines =
		(struct line_reader){ .rest = source, .escape = '\\', .arena = &file->arena };
	while ((r = line_reader_next(&parser->lines, &line, parser->diag)) > 0) {
		file->escape = parser->lines.escape;
		r = parse_statement(parser, &line);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (parser->count == 0) {
		struct location end = { .first_line = parser->lines.line,
					.last_line = parser->lines.line };

		return diagnostic_set(parser->diag, -EINVAL, end, "file with no instructions");
	}
	file->statements =
		lay_down(parser, parser->statements, parser->count, sizeof *file->statements);
	file->statement_count = parser->count;
	return 0;
}

int dockerfile_parse(const char *name, const char *data, size_t size, struct dockerfile **ret,
		     struct diagnostic *diag)
{
	cleanup_with(dockerfile_free) struct dockerfile *file = xcalloc(1, sizeof *file);
	cleanup_with(parser_release) struct parser parser = { .file = file, .diag = diag };
	struct location nowhere = { 0 };
	int r;

	diagnostic_file(diag, name);
	if (size > DOCKERFILE_SIZE_MAX)
		return diagnostic_set(diag, -E2BIG, nowhere,
				      "the Dockerfile is larger than %zu bytes",
				      DOCKERFILE_SIZE_MAX);
	r = refuse_nul(data, size, diag);
	if (r < 0)
		return r;
	file->name = arena_string(&file->arena, name);
	file->source = arena_copy(&file->arena, data, size);
	file->source_size = size;
	r = parse(&parser);
	if (r < 0)
		return r;
	*ret = take_ptr(&file);
	return 0;
}

void dockerfile_free(struct dockerfile *file)
{
	if (!file)
		return;
	arena_release(&file->arena);
	free(file);
}

void statement_position(const struct statement *statement, size_t offset, uint32_t *ret_line,
			uint32_t *ret_column)
{
	size_t low = 0, high = statement->mark_count;

	offset += statement->text_offset;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (statement->marks[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*ret_line = statement->marks[low].line;
	*ret_column =
		statement->marks[low].column + (uint32_t)(offset - statement->marks[low].offset);
}

const char *statement_doc(const struct statement *statement, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; length && i < statement->comments.count; i++) {
		const char *comment = statement->comments.items[i];

		if (strncmp(comment, name, length) == 0 && comment[length] == ' ')
			return comment + length + 1;
	}
	return NULL;
}
