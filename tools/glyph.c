/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/glyph.h"

#include "fs/base/buf.h"

struct range {
	uint32_t first, last;
};

/* East Asian wide and full-width, and emoji, as of Unicode 14; unassigned gaps are filled. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },   { 0x23e9, 0x23ec },
	{ 0x23f0, 0x23f0 },   { 0x23f3, 0x23f3 },   { 0x25fd, 0x25fe },   { 0x2614, 0x2615 },
	{ 0x2648, 0x2653 },   { 0x267f, 0x267f },   { 0x2693, 0x2693 },   { 0x26a1, 0x26a1 },
	{ 0x26aa, 0x26ab },   { 0x26bd, 0x26be },   { 0x26c4, 0x26c5 },   { 0x26ce, 0x26ce },
	{ 0x26d4, 0x26d4 },   { 0x26ea, 0x26ea },   { 0x26f2, 0x26f3 },   { 0x26f5, 0x26f5 },
	{ 0x26fa, 0x26fa },   { 0x26fd, 0x26fd },   { 0x2705, 0x2705 },   { 0x270a, 0x270b },
	{ 0x2728, 0x2728 },   { 0x274c, 0x274c },   { 0x274e, 0x274e },   { 0x2753, 0x2755 },
	{ 0x2757, 0x2757 },   { 0x2795, 0x2797 },   { 0x27b0, 0x27b0 },   { 0x27bf, 0x27bf },
	{ 0x2b1b, 0x2b1c },   { 0x2b50, 0x2b50 },   { 0x2b55, 0x2b55 },   { 0x2e80, 0x303e },
	{ 0x3041, 0x3247 },   { 0x3250, 0x4dbf },   { 0x4e00, 0xa4c6 },   { 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfad9 },   { 0xfe10, 0xfe19 },   { 0xfe30, 0xfe6b },
	{ 0xff01, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x16fe0, 0x1b2fb }, { 0x1f004, 0x1f004 },
	{ 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f320 },
	{ 0x1f32d, 0x1f335 }, { 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 }, { 0x1f3a0, 0x1f3ca },
	{ 0x1f3cf, 0x1f3d3 }, { 0x1f3e0, 0x1f3f0 }, { 0x1f3f4, 0x1f3f4 }, { 0x1f3f8, 0x1f43e },
	{ 0x1f440, 0x1f440 }, { 0x1f442, 0x1f4fc }, { 0x1f4ff, 0x1f53d }, { 0x1f54b, 0x1f54e },
	{ 0x1f550, 0x1f567 }, { 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 },
	{ 0x1f5fb, 0x1f64f }, { 0x1f680, 0x1f6c5 }, { 0x1f6cc, 0x1f6cc }, { 0x1f6d0, 0x1f6d2 },
	{ 0x1f6d5, 0x1f6df }, { 0x1f6eb, 0x1f6ec }, { 0x1f6f4, 0x1f6fc }, { 0x1f7e0, 0x1f7f0 },
	{ 0x1f90c, 0x1f93a }, { 0x1f93c, 0x1f945 }, { 0x1f947, 0x1f9ff }, { 0x1fa70, 0x1faf6 },
	{ 0x20000, 0x3fffd },
};

/*
 * Marks of the scripts that are met most. One that is missing here is taken for a column of its
 * own, which leaves a blank at the end of a line; the other way round the line would wrap.
 */
static const struct range marks[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },   { 0x05bf, 0x05bf },
	{ 0x05c1, 0x05c2 }, { 0x05c4, 0x05c5 }, { 0x0610, 0x061a },   { 0x064b, 0x065f },
	{ 0x0670, 0x0670 }, { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 },   { 0x0900, 0x0902 },
	{ 0x093a, 0x093a }, { 0x093c, 0x093c }, { 0x0941, 0x0948 },   { 0x094d, 0x094d },
	{ 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e },   { 0x1160, 0x11ff },
	{ 0x1ab0, 0x1ace }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20f0 },   { 0x302a, 0x302d },
	{ 0x3099, 0x309a }, { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef },
};

/* C0, DEL, C1; soft hyphen; joiners, directions, variation selectors; line separators; tags. */
static const struct range controls[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static bool is_in(const struct range *ranges, size_t count, uint32_t codepoint)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (codepoint > ranges[middle].last)
			low = middle + 1;
		else
			count = middle;
		if (codepoint >= ranges[middle].first && codepoint <= ranges[middle].last)
			return true;
	}
	return false;
}

#define IS_IN(ranges, codepoint) is_in(ranges, sizeof(ranges) / sizeof(ranges)[0], codepoint)

size_t glyph_decode(const char *text, size_t length, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	size_t need = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t value = need == 1 ? bytes[0] : bytes[0] & (0x7fu >> need);

	*ret = GLYPH_REPLACEMENT;
	if (bytes[0] >= 0x80 && (bytes[0] < 0xc2 || bytes[0] > 0xf4))
		return 1;
	for (size_t i = 1; i < need; i++) {
		if (i == length)
			return 0;
		if ((bytes[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[need] || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 1;
	*ret = value;
	return need;
}

void glyph_add(struct buf *buf, uint32_t codepoint)
{
	if (codepoint < 0x80) {
		buf_add_char(buf, (char)codepoint);
		return;
	}
	if (codepoint < 0x800) {
		buf_add_char(buf, (char)(0xc0 | codepoint >> 6));
	} else {
		if (codepoint < 0x10000) {
			buf_add_char(buf, (char)(0xe0 | codepoint >> 12));
		} else {
			buf_add_char(buf, (char)(0xf0 | codepoint >> 18));
			buf_add_char(buf, (char)(0x80 | (codepoint >> 12 & 0x3f)));
		}
		buf_add_char(buf, (char)(0x80 | (codepoint >> 6 & 0x3f)));
	}
	buf_add_char(buf, (char)(0x80 | (codepoint & 0x3f)));
}

unsigned glyph_width(uint32_t codepoint)
{
	if (codepoint < 0x300)
		return 1;
	if (IS_IN(marks, codepoint))
		return 0;
	return IS_IN(wide, codepoint) ? 2 : 1;
}

bool glyph_is_control(uint32_t codepoint)
{
	return (codepoint < 0x20 || codepoint > 0x7e) && IS_IN(controls, codepoint);
}

size_t glyph_add_clipped(struct buf *buf, const char *text, size_t length, size_t columns)
{
	size_t used = 0;

	while (length > 0) {
		uint32_t codepoint;
		size_t bytes = glyph_decode(text, length, &codepoint);
		unsigned width;

		if (bytes == 0)
			bytes = 1; /* cut off in its middle */
		text += bytes;
		length -= bytes;
		if (glyph_is_control(codepoint)) {
			if (codepoint > 0x7f)
				continue;
			codepoint = ' ';
		}
		width = glyph_width(codepoint);
		if (used + width > columns)
			break;
		glyph_add(buf, codepoint);
		used += width;
	}
	return used;
}
