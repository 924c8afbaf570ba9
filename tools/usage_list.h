/* SPDX-License-Identifier: Apache-2.0 */
/* Records of what takes room, as du and prune list them: in the manner of docker buildx. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/output.h"

struct buf;
struct error;
struct usage_report;

/* Write all of them to standard output: a table, with `verbose` a paragraph each, or JSON. */
int usage_list_print(const struct usage_report *report, enum output_format format, bool verbose,
		     struct error *err);
/* "Total:	1.2MB" */
void usage_list_add_sum(struct buf *ret, const char *label, uint64_t bytes);
