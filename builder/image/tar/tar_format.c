/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/tar/tar_format.h"

static bool parse_binary(const uint8_t *field, size_t size, int64_t *ret)
{
	bool negative = field[0] & 0x40;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++) {
		uint8_t byte = field[i];

		/* The top bit marks the form; the next one is the sign. */
		if (i == 0)
			byte = (uint8_t)(negative ? byte | 0x80 : byte & 0x7f);
		if ((value >> 55) != (negative ? 0x1ff : 0))
			return false;
		value = value << 8 | byte;
	}
	*ret = (int64_t)value;
	return (*ret < 0) == negative;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\0';
}

bool tar_number_parse(const uint8_t *field, size_t size, int64_t *ret)
{
	uint64_t value = 0;
	size_t at = 0;

	if (field[0] & 0x80)
		return parse_binary(field, size, ret);
	while (at < size && is_blank(field[at]))
		at++;
	for (; at < size && field[at] >= '0' && field[at] <= '7'; at++) {
		if (value >> 60)
			return false;
		value = value << 3 | (uint64_t)(field[at] - '0');
	}
	/* What stands behind the first blank is left over from something else. */
	if (at < size && !is_blank(field[at]))
		return false;
	*ret = (int64_t)value;
	return true;
}

void tar_checksum(const uint8_t block[TAR_BLOCK], int64_t *ret_unsigned, int64_t *ret_signed)
{
	*ret_unsigned = *ret_signed = 0;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool inside = i >= TAR_CHECKSUM_AT && i < TAR_CHECKSUM_AT + TAR_CHECKSUM_SIZE;
		uint8_t byte = inside ? ' ' : block[i];

		*ret_unsigned += byte;
		*ret_signed += (int8_t)byte;
	}
}
