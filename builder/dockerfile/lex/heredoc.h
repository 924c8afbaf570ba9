/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that follow an instruction: <<NAME and <<-NAME. */
#pragma once

#include "builder/dockerfile/lex/lines.h"
#include "builder/dockerfile/parser.h"

/* Heredocs while they are collected; all zero is none. */
struct heredoc_list {
	struct heredoc *items;
	size_t count, capacity;
};

/*
 * `word` as the beginning of a heredoc: digits, "<<", "-", blanks, a name that may be quoted. 1 and
 * name, fd, expand and chomp in *ret; 0: it is none; -EINVAL: quotes that are not closed.
 */
int heredoc_of_word(const char *word, struct arena *arena, struct heredoc *ret, struct error *err);

/* The heredocs that a line of an instruction announces, without their bodies. */
int heredocs_of_line(const char *line, struct arena *arena, struct heredoc_list *ret,
		     struct error *err);

/* Read the body of `heredoc`, up to and with its terminator. `statement` is for messages. */
int heredoc_read_body(struct line_reader *reader, struct location statement,
		      struct heredoc *heredoc, struct diagnostic *diag);

/* Append the body without the tabs at the start of its lines. */
void heredoc_chomp(const struct heredoc *heredoc, struct buf *ret);

void heredoc_list_release(struct heredoc_list *list);
DEFINE_CLEANUP_VALUE(struct heredoc_list, heredoc_list_release);
