/* SPDX-License-Identifier: Apache-2.0 */
/* Text as characters. Bytes that are no UTF-8 count as one U+FFFD each and are never changed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID ((uint32_t)0xfffd)

/* The character at `at`, where `left` (not 0) bytes are, and how many of them it takes. */
uint32_t utf8_decode(const char *at, size_t left, size_t *ret_size);
/* The same for the character that ends right before `end`. */
uint32_t utf8_decode_last(const char *start, const char *end, size_t *ret_size);

/* The bytes of a character; their number. */
size_t utf8_encode(uint32_t c, char ret[4]);

/* White space as Unicode has it, so also U+0085, U+00A0 and the like. */
bool utf8_is_space(uint32_t c);

/* Neither a control nor a format character, no space but ' ', not for private use. Characters
 * that are not assigned yet pass. */
bool utf8_is_printable(uint32_t c);
