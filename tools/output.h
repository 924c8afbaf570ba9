/* SPDX-License-Identifier: Apache-2.0 */
/* Results go to standard output, talk goes to standard error; terminals may get colours. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;

/* How lists and records are written: "table" for people, "json" for programs, an object a line. */
enum output_format { OUTPUT_TABLE, OUTPUT_JSON };

/* The choices of a --format option. */
extern const char *const output_formats[];
enum output_format output_format_of(const char *name);

/* Write to standard output, to the last byte: a full disk is an error, not a short list. */
int output_write(const struct buf *text, struct error *err);
/* Close standard output, where some filesystems only now tell that a write has failed. */
int output_finish(struct error *err);

/* "varve: warning: …" */
void output_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A terminal that understands colours, and a user who wants them: NO_COLOR, TERM. */
bool output_wants_color(int fd);
/* Columns of the terminal behind `fd`, or `fallback`. */
size_t output_width(int fd, size_t fallback);

/* All of `data` to a descriptor that may be non-blocking. 0 or a negative errno. */
int output_write_fd(int fd, const void *data, size_t size);
