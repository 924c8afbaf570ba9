/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/print.h"

#include <ctype.h>

#include "builder/dockerfile/lex/json.h"
#include "builder/dockerfile/parser.h"
#include "fs/base/buf.h"
#include "fs/base/quote.h"

static void add_quoted(struct buf *ret, const char *s)
{
	quote_append(ret, s, strlen(s));
}

/* An argument, NUL characters put back. */
static void add_argument(struct buf *ret, const struct statement *statement, const char *argument)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *nul;

	if (!statement->nul) {
		add_quoted(ret, argument);
		return;
	}
	while ((nul = strstr(argument, JSON_NUL))) {
		buf_append(&text, argument, (size_t)(nul - argument));
		buf_add_char(&text, '\0');
		argument = nul + strlen(JSON_NUL);
	}
	buf_add_string(&text, argument);
	quote_append(ret, text.data, text.length);
}

static void print_statement(const struct statement *statement, struct buf *ret)
{
	for (const char *c = statement->name; *c; c++)
		buf_add_char(ret, (char)tolower((unsigned char)*c));
	for (size_t i = 0; i < statement->flag_count; i++) {
		buf_add_string(ret, i ? " " : " [");
		add_quoted(ret, statement->flags[i].text);
	}
	if (statement->flag_count)
		buf_add_char(ret, ']');
	for (size_t i = 0; i < statement->args.count; i++) {
		if (i || *statement->name)
			buf_add_char(ret, ' ');
		add_argument(ret, statement, statement->args.items[i]);
	}
}

void dockerfile_print(const struct dockerfile *file, struct buf *ret)
{
	for (size_t i = 0; i < file->statement_count; i++) {
		const struct statement *statement = &file->statements[i];
		size_t open = 1;

		buf_add_char(ret, '(');
		print_statement(statement, ret);
		while ((statement = statement->trigger)) {
			buf_add_string(ret, " (");
			print_statement(statement, ret);
			open++;
		}
		while (open--)
			buf_add_char(ret, ')');
		buf_add_char(ret, '\n');
	}
}

static void print_directive(const char *name, const struct directive *directive, struct buf *ret)
{
	if (!directive->value)
		return;
	buf_add_format(ret, "%s %u ", name, directive->line);
	add_quoted(ret, directive->value);
	if (strcmp(directive->value, directive->text) != 0) {
		buf_add_string(ret, " of ");
		add_quoted(ret, directive->text);
	}
	buf_add_char(ret, '\n');
}

static void print_heredoc(const struct heredoc *heredoc, struct buf *ret)
{
	buf_add_format(ret, "  heredoc %u-%u ", heredoc->where.first_line,
		       heredoc->where.last_line);
	add_quoted(ret, heredoc->name);
	if (heredoc->fd)
		buf_add_format(ret, " fd=%u", heredoc->fd);
	if (heredoc->expand)
		buf_add_string(ret, " expand");
	if (heredoc->chomp)
		buf_add_string(ret, " chomp");
	buf_add_char(ret, ' ');
	quote_append(ret, heredoc->content, heredoc->content_size);
	buf_add_char(ret, '\n');
}

void dockerfile_print_details(const struct dockerfile *file, struct buf *ret)
{
	if (file->escape != '\\')
		buf_add_format(ret, "escape %c\n", file->escape);
	print_directive("syntax", &file->syntax, ret);
	print_directive("check", &file->check, ret);
	for (size_t i = 0; i < file->statement_count; i++) {
		const struct statement *statement = &file->statements[i];

		buf_add_format(ret, "%u-%u %s%s%s\n", statement->where.first_line,
			       statement->where.last_line, statement->name,
			       statement->json ? " json" : "",
			       statement->empty_continuation ? " empty-continuation" : "");
		for (size_t k = 0; k < statement->flag_count; k++) {
			uint32_t line, column;

			statement_position(statement, statement->flags[k].offset, &line, &column);
			buf_add_format(ret, "  flag %u:%u\n", line, column);
		}
		for (size_t k = 0; k < statement->comments.count; k++) {
			buf_add_string(ret, "  comment ");
			add_quoted(ret, statement->comments.items[k]);
			buf_add_char(ret, '\n');
		}
		for (size_t k = 0; k < statement->heredoc_count; k++)
			print_heredoc(&statement->heredocs[k], ret);
	}
}
