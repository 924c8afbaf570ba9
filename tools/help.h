/* SPDX-License-Identifier: Apache-2.0 */
/* The text of --help, laid out as docker's users know it. */
#pragma once

#include <stddef.h>

struct buf;
struct option_spec;
struct verb;

/* The help of `verb`, which was reached as `path` ("varve cache ls"), in lines of at most `width`
 * columns where words allow; `root` is the command, whose global options stand at the end. */
void help_add(struct buf *buf, const struct verb *root, const struct verb *verb, const char *path,
	      size_t width);

/* "-f, --file string" */
void help_add_option_name(struct buf *buf, const struct option_spec *spec);
