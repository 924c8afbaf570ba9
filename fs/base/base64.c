/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/base64.h"

#include <stdint.h>

#include "fs/base/buf.h"

void base64_append(struct buf *ret, const void *data, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = data;

	buf_reserve(ret, (size + 2) / 3 * 4);
	for (size_t i = 0; i < size; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;

		if (i + 1 < size)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < size)
			group |= bytes[i + 2];
		buf_add_char(ret, digits[group >> 18]);
		buf_add_char(ret, digits[group >> 12 & 63]);
		buf_add_char(ret, i + 1 < size ? digits[group >> 6 & 63] : '=');
		buf_add_char(ret, i + 2 < size ? digits[group & 63] : '=');
	}
}
