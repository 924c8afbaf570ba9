/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and times as docker prints them. */
#pragma once

#include <stdint.h>

#define HUMAN_SIZE_MAX 16
#define HUMAN_AGE_MAX  32

/* Factors of 1000, two decimals: "17B", "1.23kB", "183.92MB": progress, du. Returns `ret`. */
const char *human_size(uint64_t bytes, char ret[HUMAN_SIZE_MAX]);
/* The same in three digits: "1.23kB", "184MB": lists of images. */
const char *human_size_short(uint64_t bytes, char ret[HUMAN_SIZE_MAX]);

/* "About a minute", "3 hours", "2 weeks". */
const char *human_duration(int64_t ns, char ret[HUMAN_AGE_MAX]);
/* The same with " ago" behind. */
const char *human_age(int64_t ns, char ret[HUMAN_AGE_MAX]);
