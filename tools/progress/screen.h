/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last lines of a program's output as a small terminal would show them: carriage returns,
 * cursor movements and erasures take effect, colours are dropped, and nothing in the output can
 * reach the real terminal. Any bytes are welcome.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/cleanup.h"

struct buf;
struct screen;

#define SCREEN_ROWS_MAX    1000
#define SCREEN_COLUMNS_MAX 4000

/* Sizes are brought into 1 … MAX. With `wrap`, a line that is too long goes on in the next row, as
 * on a real terminal; else its end is not seen, which shows more lines of a log. */
struct screen *screen_new(size_t rows, size_t columns, bool wrap);
void screen_free(struct screen *screen);
DEFINE_CLEANUP(struct screen *, screen_free);

void screen_write(struct screen *screen, const void *data, size_t size);

/* The lower rows stay when it becomes lower. */
void screen_resize(struct screen *screen, size_t rows, size_t columns);

size_t screen_rows(const struct screen *screen);
/* Whether a row shows nothing. */
bool screen_row_is_blank(const struct screen *screen, size_t row);
/* Append a row's text without trailing blanks. */
void screen_add_row(const struct screen *screen, size_t row, struct buf *ret);
/* Where the cursor is, counted from 0. */
void screen_cursor(const struct screen *screen, size_t *ret_row, size_t *ret_column);
