/* SPDX-License-Identifier: Apache-2.0 */
/* The names of instructions. */
#pragma once

#include <stddef.h>

enum keyword {
	KEYWORD_UNKNOWN,
	KEYWORD_ADD,
	KEYWORD_ARG,
	KEYWORD_CMD,
	KEYWORD_COPY,
	KEYWORD_ENTRYPOINT,
	KEYWORD_ENV,
	KEYWORD_EXPOSE,
	KEYWORD_FROM,
	KEYWORD_HEALTHCHECK,
	KEYWORD_LABEL,
	KEYWORD_MAINTAINER,
	KEYWORD_ONBUILD,
	KEYWORD_RUN,
	KEYWORD_SHELL,
	KEYWORD_STOPSIGNAL,
	KEYWORD_USER,
	KEYWORD_VOLUME,
	KEYWORD_WORKDIR,
	KEYWORD_COUNT,
};

/* Which one `length` bytes name, in letters of either case. */
enum keyword keyword_of(const char *name, size_t length);
/* In capitals; "" for KEYWORD_UNKNOWN. */
const char *keyword_name(enum keyword keyword);
/* All of them, in capitals: KEYWORD_COUNT - 1. */
const char *const *keyword_names(void);
