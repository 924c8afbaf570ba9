/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/json_text.h"

#include <stdint.h>
#include <string.h>

#include "fs/base/base64.h"
#include "fs/base/buf.h"
#include "tools/glyph.h"

static void add_escaped(struct buf *buf, uint32_t codepoint)
{
	switch (codepoint) {
	case '"':
	case '\\':
		buf_add_char(buf, '\\');
		buf_add_char(buf, (char)codepoint);
		break;
	case '\n':
		buf_add_string(buf, "\\n");
		break;
	case '\r':
		buf_add_string(buf, "\\r");
		break;
	case '\t':
		buf_add_string(buf, "\\t");
		break;
	default:
		if (codepoint < 0x20 || codepoint == 0x2028 || codepoint == 0x2029)
			buf_add_format(buf, "\\u%04x", codepoint);
		else
			glyph_add(buf, codepoint);
	}
}

void json_add_string(struct buf *buf, const char *text, size_t length)
{
	buf_add_char(buf, '"');
	while (length > 0) {
		uint32_t codepoint;
		size_t bytes = glyph_decode(text, length, &codepoint);

		if (bytes == 0)
			bytes = 1; /* cut off in its middle */
		add_escaped(buf, codepoint);
		text += bytes;
		length -= bytes;
	}
	buf_add_char(buf, '"');
}

void json_add_key(struct buf *buf, const char *key)
{
	if (buf->length > 0 && buf->data[buf->length - 1] != '{')
		buf_add_char(buf, ',');
	json_add_string(buf, key, strlen(key));
	buf_add_char(buf, ':');
}

void json_add_field(struct buf *buf, const char *key, const char *text)
{
	json_add_key(buf, key);
	json_add_string(buf, text, strlen(text));
}

void json_add_base64(struct buf *buf, const void *data, size_t size)
{
	buf_add_char(buf, '"');
	base64_append(buf, data, size);
	buf_add_char(buf, '"');
}
