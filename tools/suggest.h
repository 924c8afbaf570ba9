/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean …?": the known word that a mistyped one is nearest to. */
#pragma once

#include <stddef.h>

struct suggestion {
	const char *typed;
	size_t length;
	size_t distance;  /* of `word` */
	const char *word; /* the best so far; NULL when none is near enough to be meant */
};

/* `typed` has `length` bytes and lives as long as the search. */
void suggestion_begin(struct suggestion *suggestion, const char *typed, size_t length);
/* Consider a word; it must outlive the search too. */
void suggestion_offer(struct suggestion *suggestion, const char *word);
