/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/keyword.h"

#include <string.h>
#include <strings.h>

static const char *const names[KEYWORD_COUNT] = {
	"",       "ADD",        "ARG",         "CMD",    "COPY",       "ENTRYPOINT", "ENV",
	"EXPOSE", "FROM",       "HEALTHCHECK", "LABEL",  "MAINTAINER", "ONBUILD",    "RUN",
	"SHELL",  "STOPSIGNAL", "USER",        "VOLUME", "WORKDIR",
};

enum keyword keyword_of(const char *name, size_t length)
{
	for (unsigned i = 1; i < KEYWORD_COUNT; i++) {
		if (length && (names[i][0] | 0x20) == (name[0] | 0x20) &&
		    strncasecmp(names[i], name, length) == 0 && !names[i][length])
			return (enum keyword)i;
	}
	return KEYWORD_UNKNOWN;
}

const char *keyword_name(enum keyword keyword)
{
	return names[keyword];
}

const char *const *keyword_names(void)
{
	return names + 1;
}
