/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/bake/bake_internal.h"

/* "${" in words of "${" that may stand in one another. */
#define DEPTH_MAX 32

struct expansion {
	const char *at;
	struct buf out;
	unsigned open; /* words of "${NAME:-word}" that are being read */
	struct error *err;
};

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length && !isdigit((unsigned char)text[0]) ? length : 0;
}

/* Past the '}' that ends the word at `at`; NULL when there is none. */
static const char *skip_word(const char *at)
{
	for (unsigned depth = 1; *at; at++) {
		if (strncmp(at, "${", 2) == 0)
			depth++;
		else if (*at == '}' && --depth == 0)
			return at + 1;
	}
	return NULL;
}

/* "${NAME" has been read, what follows is "}" or an operator and a word. */
static int operate(struct expansion *expansion, const char *name, const char *value)
{
	const char *word = expansion->at, *end = skip_word(word);
	bool colon = *word == ':';
	bool have = value && (!colon || *value);
	char operation = word[colon];

	if (!end)
		return error_set(expansion->err, -EINVAL, "'${%s': '}' is missing", name);
	word += colon + 1;
	if (!strchr("-+?", operation) || !operation)
		return error_set(expansion->err, -EINVAL, "'${%s%.*s': that is no operator", name,
				 (int)colon + 1, expansion->at);
	if (operation == '?' && !have)
		return error_set(expansion->err, -EINVAL, "'%s' has to be set: %.*s", name,
				 (int)(end - word - 1), word);
	if ((operation == '-' && !have) || (operation == '+' && have)) {
		if (++expansion->open == DEPTH_MAX)
			return error_set(expansion->err, -E2BIG, "'${' nested too deeply");
		expansion->at = word;
		return 0;
	}
	if (operation != '+')
		buf_add_string(&expansion->out, value ? value : "");
	expansion->at = end;
	return 0;
}

/* A '$' has been read. */
static int variable(struct expansion *expansion)
{
	bool braces = *expansion->at == '{';
	size_t length = name_length(expansion->at + braces);
	cleanup_free char *name = xstrndup(expansion->at + braces, length);
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe) */

	if (!length)
		return error_set(expansion->err, -EINVAL,
				 "'$%.20s': no name of a variable; '$$' stands for a '$'",
				 expansion->at);
	expansion->at += length + braces;
	if (braces && *expansion->at != '}')
		return operate(expansion, name, value);
	expansion->at += braces;
	buf_add_string(&expansion->out, value ? value : "");
	return 0;
}

int compose_interpolate(const char *text, char **ret, struct error *err)
{
	struct expansion expansion = { .at = text, .err = err };
	int r = 0;

	while (*expansion.at && r == 0) {
		char c = *expansion.at++;

		if (c == '}' && expansion.open)
			expansion.open--;
		else if (c != '$')
			buf_add_char(&expansion.out, c);
		else if (*expansion.at == '$')
			buf_add_char(&expansion.out, *expansion.at++);
		else
			r = variable(&expansion);
	}
	if (r < 0)
		buf_release(&expansion.out);
	else
		*ret = expansion.out.data ? buf_take(&expansion.out) : xstrdup("");
	return r;
}
