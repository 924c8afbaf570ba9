/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD */
#include <errno.h>

#include "builder/dockerfile/instructions/flags.h"
#include "builder/dockerfile/instructions/instructions_internal.h"
#include "builder/dockerfile/lex/heredoc.h"
#include "fs/base/buf.h"

static const struct heredoc *find_body(const struct statement *statement, const char *name)
{
	for (size_t i = statement->heredoc_count; i > 0; i--) {
		if (strcmp(statement->heredocs[i - 1].name, name) == 0)
			return &statement->heredocs[i - 1];
	}
	return NULL;
}

static int add_file(const struct understanding *u, const struct heredoc *announced,
		    struct copy_file *ret)
{
	const struct heredoc *heredoc = find_body(u->statement, announced->name);

	/* The line had quotes that do not close, so that nobody looked for a body. */
	if (!heredoc)
		return refuse(u, "heredoc '%s' has no body: is a quote left open in this line?",
			      announced->name);
	ret->name = announced->name;
	ret->expand = announced->expand;
	ret->content = heredoc->content;
	ret->content_size = heredoc->content_size;
	if (announced->chomp) {
		cleanup_with(buf_release) struct buf chomped = { 0 };

		heredoc_chomp(heredoc, &chomped);
		ret->content = arena_copy(u->arena, buf_string(&chomped), chomped.length);
		ret->content_size = chomped.length;
	}
	return 0;
}

/* Is `word` a heredoc? In JSON it never is. */
static bool is_heredoc(const struct understanding *u, const char *word, struct heredoc *ret)
{
	return !u->statement->json && heredoc_of_word(word, u->arena, ret, NULL) > 0;
}

static int parse_paths(const struct understanding *u, struct copy_instruction *ret)
{
	const struct words *args = &u->statement->args;
	struct copy_file *files = NULL;
	struct heredoc heredoc;

	ret->destination = args->items[args->count - 1];
	if (is_heredoc(u, ret->destination, &heredoc))
		return refuse(u, "%s cannot accept a heredoc as a destination",
			      keyword_name(u->statement->keyword));
	for (size_t i = 0; i + 1 < args->count; i++) {
		int r;

		if (!is_heredoc(u, args->items[i], &heredoc)) {
			word_list_add(u->words, args->items[i]);
			continue;
		}
		if (!files)
			files = arena_array(u->arena, args->count - 1, sizeof *files);
		r = add_file(u, &heredoc, &files[ret->file_count++]);
		if (r < 0)
			return r;
	}
	ret->files = files;
	ret->sources = word_list_take(u->words, u->arena);
	return 0;
}

static int parse_copy_flags(const struct understanding *u, struct copy_instruction *ret)
{
	struct flag flags[] = {
		{ .name = "chown", .type = FLAG_STRING }, { .name = "from", .type = FLAG_STRING },
		{ .name = "chmod", .type = FLAG_STRING }, { .name = "link", .type = FLAG_BOOL },
		{ .name = "exclude", .type = FLAG_LIST }, { .name = "parents", .type = FLAG_BOOL },
	};
	int r = flags_parse(u, flags, sizeof flags / sizeof flags[0]);

	ret->chown = flags[0].value;
	ret->from = flags[1].value;
	ret->chmod = flags[2].value;
	ret->link = flags[3].on == TRISTATE_YES;
	ret->parents = flags[5].on == TRISTATE_YES;
	return r;
}

static int parse_add_flags(const struct understanding *u, struct copy_instruction *ret)
{
	struct flag flags[] = {
		{ .name = "chown", .type = FLAG_STRING },
		{ .name = "chmod", .type = FLAG_STRING },
		{ .name = "link", .type = FLAG_BOOL },
		{ .name = "keep-git-dir", .type = FLAG_BOOL },
		{ .name = "checksum", .type = FLAG_STRING },
		{ .name = "unpack", .type = FLAG_BOOL },
		{ .name = "exclude", .type = FLAG_LIST },
	};
	int r = flags_parse(u, flags, sizeof flags / sizeof flags[0]);

	ret->chown = flags[0].value;
	ret->chmod = flags[1].value;
	ret->link = flags[2].on == TRISTATE_YES;
	ret->keep_git_dir = flags[3].on;
	ret->checksum = flags[4].value;
	ret->unpack = flags[5].on;
	return r;
}

int add_or_copy_parse(const struct understanding *u, struct copy_instruction *ret)
{
	bool add = u->statement->keyword == KEYWORD_ADD;
	int r;

	if (u->statement->args.count < 2)
		return refuse(u,
			      "%s requires at least two arguments, but only one was provided. "
			      "Destination could not be determined",
			      keyword_name(u->statement->keyword));
	r = add ? parse_add_flags(u, ret) : parse_copy_flags(u, ret);
	if (r < 0)
		return r;
	ret->excludes = flags_values(u, "exclude");
	return parse_paths(u, ret);
}
