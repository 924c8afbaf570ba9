/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/quote.h"

#include <stdint.h>
#include <string.h>

#include "fs/base/buf.h"
#include "fs/base/utf8.h"

static void append_hidden(struct buf *buf, uint32_t c)
{
	static const char letters[] = "abtnvfr"; /* from \a, which is 7, on */

	if (c >= 7 && c <= 13)
		buf_add_format(buf, "\\%c", letters[c - 7]);
	else if (c < 0x80)
		buf_add_format(buf, "\\x%02x", c);
	else if (c < 0x10000)
		buf_add_format(buf, "\\u%04x", c);
	else
		buf_add_format(buf, "\\U%08x", c);
}

void quote_append(struct buf *buf, const char *s, size_t length)
{
	size_t size;

	buf_reserve(buf, length + 2);
	buf_add_char(buf, '"');
	for (size_t i = 0; i < length; i += size) {
		uint32_t c = utf8_decode(s + i, length - i, &size);

		if (c == UTF8_INVALID && size == 1)
			buf_add_format(buf, "\\x%02x", (unsigned char)s[i]);
		else if (c == '"' || c == '\\')
			buf_add_format(buf, "\\%c", (char)c);
		else if (utf8_is_printable(c))
			buf_append(buf, s + i, size);
		else
			append_hidden(buf, c);
	}
	buf_add_char(buf, '"');
}

char *quote_string(const char *s, size_t max)
{
	size_t length = strlen(s);
	struct buf buf = { 0 };

	if (length <= max) {
		quote_append(&buf, s, length);
		return buf_take(&buf);
	}
	while (max && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--; /* not in the middle of a character */
	quote_append(&buf, s, max);
	buf_add_string(&buf, "...");
	return buf_take(&buf);
}
