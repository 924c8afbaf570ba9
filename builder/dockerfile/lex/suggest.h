/* SPDX-License-Identifier: Apache-2.0 */
/* "did you mean": the nearest of some known words. */
#pragma once

#include <stddef.h>

/*
 * The first of the nearest among `count` options that are at most two changes (a letter added,
 * dropped or replaced) away from `word`; NULL when there is none, or when `word` is one of them.
 */
const char *suggest(const char *word, const char *const *options, size_t count);

/* Room for " (did you mean WORD?)" with the words that are known here. */
#define SUGGESTION_SIZE 64

/* That text, or "" without a suggestion. */
const char *suggestion(const char *word, const char *const *options, size_t count,
		       char ret[SUGGESTION_SIZE]);
