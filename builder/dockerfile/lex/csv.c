/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/csv.h"

#include <errno.h>

#include "builder/dockerfile/lex/span.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

static int refuse(struct error *err, size_t offset, const char *what)
{
	return error_set(err, -EINVAL, "parse error on line 1, column %zu: %s", offset + 1, what);
}

/* A field in quotes, the first of which has been read: its end in *at. */
static int take_quoted(struct span row, size_t *at, struct buf *field, struct error *err)
{
	static const char what[] = "extraneous or missing \" in quoted-field";

	for (;;) {
		const char *quote = memchr(row.at + *at, '"', row.length - *at);
		size_t length;

		if (!quote)
			return refuse(err, *at, what);
		length = (size_t)(quote - (row.at + *at));
		buf_append(field, row.at + *at, length);
		*at += length + 1;
		if (*at == row.length || row.at[*at] == ',')
			return 0;
		if (row.at[*at] != '"')
			return refuse(err, *at - 1, what);
		buf_add_char(field, '"');
		++*at;
	}
}

static int take_plain(struct span row, size_t *at, struct buf *field, struct error *err)
{
	const char *start = row.at + *at, *quote;
	const char *comma = memchr(start, ',', row.length - *at);
	size_t length = comma ? (size_t)(comma - start) : row.length - *at;

	quote = memchr(start, '"', length);
	if (quote)
		return refuse(err, (size_t)(quote - row.at), "bare \" in non-quoted-field");
	buf_append(field, start, length);
	*at += length;
	return 0;
}

int csv_fields(const char *row, struct strings *ret, struct error *err)
{
	struct span rest = span_of(row);
	size_t at = 0;

	if (rest.length && rest.at[rest.length - 1] == '\n') {
		rest.length--;
		if (rest.length && rest.at[rest.length - 1] == '\r')
			rest.length--;
	}
	if (rest.length == 0)
		return error_set(err, -EINVAL, "EOF");
	for (;;) {
		cleanup_with(buf_release) struct buf field = { 0 };
		int r;

		if (at < rest.length && rest.at[at] == '"') {
			at++;
			r = take_quoted(rest, &at, &field, err);
		} else {
			r = take_plain(rest, &at, &field, err);
		}
		if (r < 0)
			return r;
		strings_take(ret, buf_take(&field));
		if (at == rest.length)
			return 0;
		at++; /* the comma */
	}
}
