/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people and files write them; the whole string must be one. 0 or -EINVAL, -ERANGE. */
#pragma once

#include <stdint.h>

int parse_u64(const char *s, uint64_t *ret);
int parse_u32(const char *s, uint32_t *ret);
int parse_i64(const char *s, int64_t *ret);
/* Octal digits, at most `max`. */
int parse_octal(const char *s, uint32_t max, uint32_t *ret);

/* Bytes: "64m", "10GB", "1.5g", "4096"; factors of 1024, as Docker reads them. */
int parse_size(const char *s, uint64_t *ret);

/* A duration as Go writes it: "1h30m", "250ms", "1.5s"; nanoseconds. */
int parse_duration(const char *s, int64_t *ret_ns);

/* Words Go takes for a truth value: 1 t T TRUE true True, 0 f F FALSE false False. */
int parse_bool(const char *s, int *ret);
