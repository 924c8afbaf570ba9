/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What instructions leave in the history of an image, `created_by`, letter for letter as BuildKit
 * writes it. Everything is appended.
 */
#pragma once

#include <stdint.h>

#include "builder/dockerfile/lex/words.h"

struct buf;
struct copy_work;
struct health_instruction;

/* "ENV a=1 b=2": names and values by turns. */
void created_by_pairs(const char *keyword, const struct words *words, struct buf *ret);
/* "SHELL [/bin/bash -c]" */
void created_by_list(const char *keyword, const struct words *words, struct buf *ret);
/* "CMD ["/bin/sh" "-c" "x"]" */
void created_by_quoted(const char *keyword, const struct words *words, struct buf *ret);
/* "USER nobody" */
void created_by_text(const char *keyword, const char *text, struct buf *ret);
/* "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}" */
void created_by_health(const struct health_instruction *health, struct buf *ret);
/* "COPY --chown=1:2 a <<EOF /b" */
void created_by_copy(const struct copy_work *copy, const char *destination, struct buf *ret);
/* Nanoseconds as Go prints them: "1m30s", "1.5ms". */
void created_by_duration(int64_t ns, struct buf *ret);
