/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting the text of an instruction into keyword, flags and words. */
#pragma once

#include "builder/dockerfile/lex/span.h"
#include "builder/dockerfile/lex/words.h"
#include "builder/dockerfile/parser.h"

struct arena;

/* The flags of an instruction while they are collected; all zero is none. */
struct flag_list {
	struct statement_flag *items;
	size_t count, capacity;
};

/*
 * Take the flags at the front of `rest`, quotes and escape characters removed, up to the first
 * word that is none or behind a lone "--". `start` is what offsets count from. What is left is
 * returned, without white space around it.
 */
struct span split_flags(struct span rest, const char *start, char escape, struct arena *arena,
			struct flag_list *ret);
void flag_list_release(struct flag_list *list);
DEFINE_CLEANUP_VALUE(struct flag_list, flag_list_release);

/* Words between white space; quotes hold one together and stay, as do escape characters. */
void split_words(struct span rest, char escape, struct arena *arena, struct word_list *ret);

/* Words between blanks, nothing else observed. */
void split_blanks(struct span rest, struct arena *arena, struct word_list *ret);
