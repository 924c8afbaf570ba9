/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/suggest.h"

#include <stdio.h>
#include <string.h>

#define DISTANCE_MAX 2
/* Longer options are not looked at; no word of a Dockerfile is. */
#define OPTION_MAX 40

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance; more than DISTANCE_MAX is only known to be more. */
static size_t distance(const char *word, const char *option)
{
	size_t word_length = strlen(word), option_length = strlen(option);
	size_t row[OPTION_MAX + 1];

	if (option_length > OPTION_MAX || word_length > option_length + DISTANCE_MAX ||
	    option_length > word_length + DISTANCE_MAX)
		return DISTANCE_MAX + 1;
	for (size_t j = 0; j <= option_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= word_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= option_length; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (word[i - 1] != option[j - 1]));
			diagonal = above;
		}
	}
	return row[option_length];
}

const char *suggest(const char *word, const char *const *options, size_t count)
{
	const char *nearest = NULL;
	size_t least = DISTANCE_MAX + 1;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, options[i]);

		if (d == 0)
			return NULL;
		if (d < least) {
			least = d;
			nearest = options[i];
		}
	}
	return nearest;
}

const char *suggestion(const char *word, const char *const *options, size_t count,
		       char ret[SUGGESTION_SIZE])
{
	const char *nearest = suggest(word, options, count);

	ret[0] = '\0';
	if (nearest)
		snprintf(ret, SUGGESTION_SIZE, " (did you mean %s?)", nearest);
	return ret;
}
