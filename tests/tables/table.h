/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of cases: files of one JSON object a line, which lie outside of the project, in
 * $VARVE_CASES or else in ../shared/cases beside the sources.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Judge one row: true it holds. What does not is said with table_fail() first. */
typedef bool (*table_row_fn)(const char *name, json_t *row);

/* Print what is wrong with a row. Returns false. */
bool table_fail(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A string member, or NULL when it is missing or null. */
const char *table_string(json_t *row, const char *key);

/* Run every row of `file`; what main() is to return: 0, 1, or 77 when there is no such file. */
int table_run(const char *file, table_row_fn run);
