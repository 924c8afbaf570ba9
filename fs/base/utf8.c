/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/utf8.h"

/* Number of bytes that the first one asks for, and the least value that may be written so. */
static size_t sequence_length(unsigned char first, uint32_t *ret_bits, uint32_t *ret_least)
{
	if (first >= 0xf0 && first <= 0xf4) {
		*ret_bits = first & 0x07;
		*ret_least = 0x10000;
		return 4;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*ret_bits = first & 0x0f;
		*ret_least = 0x800;
		return 3;
	}
	if (first >= 0xc2 && first < 0xe0) {
		*ret_bits = first & 0x1f;
		*ret_least = 0x80;
		return 2;
	}
	return 0;
}

uint32_t utf8_decode(const char *at, size_t left, size_t *ret_size)
{
	unsigned char first = (unsigned char)*at;
	uint32_t value, least;
	size_t length;

	*ret_size = 1;
	if (first < 0x80)
		return first;
	length = sequence_length(first, &value, &least);
	if (length == 0 || length > left)
		return UTF8_INVALID;
	for (size_t i = 1; i < length; i++) {
		unsigned char next = (unsigned char)at[i];

		if ((next & 0xc0) != 0x80)
			return UTF8_INVALID;
		value = value << 6 | (next & 0x3f);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return UTF8_INVALID;
	*ret_size = length;
	return value;
}

uint32_t utf8_decode_last(const char *start, const char *end, size_t *ret_size)
{
	const char *at = end - 1;
	uint32_t c;

	while (at > start && end - at < 4 && ((unsigned char)*at & 0xc0) == 0x80)
		at--;
	c = utf8_decode(at, (size_t)(end - at), ret_size);
	if (at + *ret_size == end)
		return c;
	*ret_size = 1;
	return UTF8_INVALID;
}

size_t utf8_encode(uint32_t c, char ret[4])
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret[0] = (char)(0xc0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = UTF8_INVALID;
	if (c < 0x10000) {
		ret[0] = (char)(0xe0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | c >> 18);
	ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool utf8_is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool utf8_is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x7f, 0x9f },       { 0xad, 0xad },          { 0x600, 0x605 },
		{ 0x61c, 0x61c },     { 0x6dd, 0x6dd },        { 0x70f, 0x70f },
		{ 0x890, 0x891 },     { 0x8e2, 0x8e2 },        { 0x180e, 0x180e },
		{ 0x200b, 0x200f },   { 0x202a, 0x202e },      { 0x2060, 0x206f },
		{ 0xd800, 0xf8ff },   { 0xfeff, 0xfeff },      { 0xfff0, 0xfffb },
		{ 0xfffe, 0xffff },   { 0x110bd, 0x110bd },    { 0x110cd, 0x110cd },
		{ 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },    { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe00ff }, { 0xf0000, UINT32_MAX },
	};

	if (c < 0x7f)
		return c >= ' ';
	if (utf8_is_space(c))
		return false;
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	}
	return true;
}
