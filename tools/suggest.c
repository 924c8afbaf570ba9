/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/suggest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Letters to add, drop, change or swap with a neighbour to make one word of the other. Only three
 * rows of the usual matrix are needed: this one and the two above.
 */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			bool same = a[i - 1] == b[j - 1];

			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], above_that[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void suggestion_begin(struct suggestion *suggestion, const char *typed, size_t length)
{
	/* A third of the letters may be wrong; more, and the guess would be as good as any. */
	*suggestion = (struct suggestion){ typed, length, (length + 2) / 3 + 1, NULL };
}

void suggestion_offer(struct suggestion *suggestion, const char *word)
{
	size_t length = strlen(word), distance;

	if (length > WORD_MAX || suggestion->length > WORD_MAX || suggestion->length == 0)
		return;
	/* The beginning of a word is as good as the word with one letter wrong. */
	if (suggestion->length >= 2 && suggestion->length < length &&
	    strncmp(word, suggestion->typed, suggestion->length) == 0)
		distance = 1;
	else
		distance = edit_distance(suggestion->typed, suggestion->length, word, length);
	if (distance < suggestion->distance) {
		suggestion->distance = distance;
		suggestion->word = word;
	}
}
