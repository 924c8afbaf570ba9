/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a list, written as aligned columns under upper-case headings for people or as one JSON
 * object a line for programs. A row is filled from left to right, one call for each column.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "tools/output.h"

struct buf;
struct error;
struct table;

struct table_column {
	const char *heading; /* "CREATED"; NULL ends the list; "" for one that only JSON has */
	const char *key;     /* "created" */
};

/* `columns` must outlive the table. */
struct table *table_new(const struct table_column *columns);
void table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free);

/* NULL is a blank cell, null in JSON. Any bytes. */
void table_add_text(struct table *table, const char *text);
/* A text for people, and what programs get in its place. */
void table_add_text_as(struct table *table, const char *text, const char *json_text);
void table_add_number(struct table *table, uint64_t number);
void table_add_bool(struct table *table, bool truth);
/* Bytes: "1.23MB", a number in JSON. */
void table_add_size(struct table *table, uint64_t bytes);
/* Nanoseconds since 1970: "2 hours ago", RFC 3339 in JSON. 0 is unknown. */
void table_add_time(struct table *table, int64_t time_ns, int64_t now_ns);

/* Append the whole. With `safe`, what a terminal would obey instead of showing is replaced. */
void table_write(const struct table *table, enum output_format format, bool safe, struct buf *ret);

/* Write it to standard output. */
int table_print(const struct table *table, enum output_format format, struct error *err);
