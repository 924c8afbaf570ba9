/* SPDX-License-Identifier: Apache-2.0 */
/* Text as terminals see it: code points and the columns they take. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define GLYPH_REPLACEMENT 0xfffdu

/*
 * Decode the character in front of `text`, which has at least one byte: its length in bytes, and
 * the code point. 0: the bytes are the beginning of one, and more must follow. Bytes that are no
 * UTF-8 give 1 and GLYPH_REPLACEMENT.
 */
size_t glyph_decode(const char *text, size_t length, uint32_t *ret);
void glyph_add(struct buf *buf, uint32_t codepoint);

/* Columns of a terminal: 0 for marks that join the character before, 2 for wide ones, else 1. */
unsigned glyph_width(uint32_t codepoint);

/* Control characters, and those that only change how others look or which way they run: terminals
 * disagree about their width, and they can make text read as another. */
bool glyph_is_control(uint32_t codepoint);

/*
 * Append as much of `text` as fits `columns`, control characters shown as blanks and bytes that
 * are no UTF-8 as U+FFFD. Returns the columns used.
 */
size_t glyph_add_clipped(struct buf *buf, const char *text, size_t length, size_t columns);
