/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/tar/tar_pax.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

#define SCHILY_XATTR     "SCHILY.xattr."
#define LIBARCHIVE_XATTR "LIBARCHIVE.xattr."

/* One record, ended by NUL; the value may have more of them inside. */
struct record {
	const char *key, *value;
	size_t value_size;
};

static int bad(const struct record *record, struct error *err)
{
	return error_set(err, -EINVAL, "bad extended header '%.100s'", record->key);
}

static bool has_nul(const struct record *record)
{
	return memchr(record->value, '\0', record->value_size);
}

/* ---- values ---- */

static int set_name(char **field, const struct record *record, struct error *err)
{
	if (has_nul(record))
		return error_set(err, -EINVAL, "a name with a NUL in it");
	if (record->value_size > TAR_LONG_NAME_MAX)
		return error_set(err, -E2BIG, "a name of %zu bytes", record->value_size);
	free(*field);
	*field = xstrdup(record->value);
	return 0;
}

static int set_u64(uint64_t *field, bool *has, const struct record *record, struct error *err)
{
	if (has_nul(record) || parse_u64(record->value, field) < 0 || *field > INT64_MAX)
		return bad(record, err);
	*has = true;
	return 0;
}

static int set_id(int64_t *field, bool *has, const struct record *record, struct error *err)
{
	if (has_nul(record) || parse_i64(record->value, field) < 0)
		return bad(record, err);
	*has = true;
	return 0;
}

/* "-12.000000005": digits behind the ninth do not count. */
static int set_time(struct tar_pax *pax, const struct record *record, struct error *err)
{
	cleanup_free char *copy = xstrdup(record->value);
	char *dot = strchr(copy, '.');
	bool negative = copy[0] == '-';
	uint32_t ns = 0, unit = 100000000;

	if (dot)
		*dot++ = '\0';
	/* "-.5" and ".5" are read by Go as well */
	if (!*copy || strcmp(copy, "-") == 0)
		pax->mtime_s = 0;
	else if (parse_i64(copy, &pax->mtime_s) < 0)
		return bad(record, err);
	for (; dot && *dot; dot++, unit /= 10) {
		if (*dot < '0' || *dot > '9')
			return bad(record, err);
		ns += unit * (uint32_t)(*dot - '0');
	}
	if (has_nul(record) || pax->mtime_s < INT64_MIN / 2 || pax->mtime_s > INT64_MAX / 2)
		return bad(record, err);
	if (negative && ns) {
		pax->mtime_s--;
		ns = 1000000000 - ns;
	}
	pax->mtime_ns = ns;
	pax->has_mtime = true;
	return 0;
}

/* ---- extended attributes ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo "%20" in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high >= 0 ? hex_digit(s[2]) : -1;

		if (low >= 0) {
			*out++ = (char)(high << 4 | low);
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool decode_base64(const char *s, size_t size, struct buf *ret)
{
	uint32_t bits = 0;
	unsigned count = 0;

	while (size > 0 && s[size - 1] == '=')
		size--;
	for (size_t i = 0; i < size; i++) {
		int digit = base64_digit(s[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_add_char(ret, (char)(bits >> count));
		}
	}
	return true;
}

static int set_xattr(struct tar_pax *pax, const char *key, const void *value, size_t size,
		     struct error *err)
{
	if (!*key || strlen(key) > 255)
		return error_set(err, -EINVAL, "bad name of an extended attribute: '%.300s'", key);
	if (size > XATTR_VALUE_MAX)
		return error_set(err, -E2BIG, "extended attribute '%s' is larger than %zu bytes",
				 key, XATTR_VALUE_MAX);
	xattrs_set(&pax->xattrs, key, value, size);
	return 0;
}

/* libarchive escapes the key and writes the value in base64. Schilling's form, which it writes
 * too, says the same. */
static int set_libarchive_xattr(struct tar_pax *pax, const struct record *record, struct error *err)
{
	cleanup_free char *key = xstrdup(record->key + strlen(LIBARCHIVE_XATTR));
	cleanup_with(buf_release) struct buf value = { 0 };

	unescape(key);
	if (xattrs_get(&pax->xattrs, key))
		return 0;
	if (!decode_base64(record->value, record->value_size, &value))
		return bad(record, err);
	return set_xattr(pax, key, buf_string(&value), value.length, err);
}

/* ---- sparse files ---- */

int tar_pax_add_piece(struct tar_pax *pax, uint64_t offset, uint64_t length, struct error *err)
{
	if (pax->piece_count == TAR_PIECES_MAX)
		return error_set(err, -E2BIG, "a sparse file in more than %zu pieces",
				 TAR_PIECES_MAX);
	array_reserve_one(pax->pieces, pax->piece_count, pax->piece_capacity);
	pax->pieces[pax->piece_count++] = (struct tar_piece){ offset, length };
	return 0;
}

/* "0,512,4096,512" */
static int set_map(struct tar_pax *pax, const struct record *record, struct error *err)
{
	cleanup_free char *copy = xstrdup(record->value);
	char *rest = copy;

	pax->piece_count = 0;
	while (rest && *rest) {
		const char *offset = strsep(&rest, ","), *length = strsep(&rest, ",");
		uint64_t a, b;
		int r;

		if (!length || parse_u64(offset, &a) < 0 || parse_u64(length, &b) < 0)
			return bad(record, err);
		r = tar_pax_add_piece(pax, a, b, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_half_piece(struct tar_pax *pax, const struct record *record, bool is_offset,
			  struct error *err)
{
	uint64_t number;

	if (parse_u64(record->value, &number) < 0 || pax->half_piece == is_offset)
		return bad(record, err);
	pax->half_piece = is_offset;
	if (is_offset)
		return tar_pax_add_piece(pax, number, 0, err);
	pax->pieces[pax->piece_count - 1].length = number;
	return 0;
}

static int set_sparse(struct tar_pax *pax, const struct record *record, struct error *err)
{
	const char *key = record->key + strlen("GNU.sparse.");

	if (strcmp(key, "name") == 0)
		return set_name(&pax->sparse_name, record, err);
	if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0)
		return set_u64(&pax->real_size, &pax->has_real_size, record, err);
	if (strcmp(key, "major") == 0) {
		pax->sparse = true;
		if (strcmp(record->value, "1") == 0)
			pax->sparse_in_data = true;
		else if (strcmp(record->value, "0") != 0)
			return error_set(err, -EOPNOTSUPP, "a sparse file of an unknown form");
	} else if (strcmp(key, "map") == 0) {
		pax->sparse = true;
		return set_map(pax, record, err);
	} else if (strcmp(key, "offset") == 0) {
		pax->sparse = true;
		return add_half_piece(pax, record, true, err);
	} else if (strcmp(key, "numbytes") == 0) {
		return add_half_piece(pax, record, false, err);
	}
	return 0;
}

/* ---- records ---- */

static int take_record(struct tar_pax *pax, const struct record *record, struct error *err)
{
	const char *key = record->key;

	if (strncmp(key, SCHILY_XATTR, strlen(SCHILY_XATTR)) == 0)
		return set_xattr(pax, key + strlen(SCHILY_XATTR), record->value, record->value_size,
				 err);
	if (record->value_size == 0)
		return 0; /* back to what the header itself says */
	if (strcmp(key, "path") == 0)
		return set_name(&pax->path, record, err);
	if (strcmp(key, "linkpath") == 0)
		return set_name(&pax->linkpath, record, err);
	if (strcmp(key, "size") == 0)
		return set_u64(&pax->size, &pax->has_size, record, err);
	if (strcmp(key, "uid") == 0)
		return set_id(&pax->uid, &pax->has_uid, record, err);
	if (strcmp(key, "gid") == 0)
		return set_id(&pax->gid, &pax->has_gid, record, err);
	if (strcmp(key, "mtime") == 0)
		return set_time(pax, record, err);
	if (strncmp(key, LIBARCHIVE_XATTR, strlen(LIBARCHIVE_XATTR)) == 0)
		return set_libarchive_xattr(pax, record, err);
	if (strncmp(key, "GNU.sparse.", strlen("GNU.sparse.")) == 0)
		return set_sparse(pax, record, err);
	return 0; /* times and names that a state does not keep, comments */
}

/* The length of the record at `data`, which counts its own digits; 0 when there is none. */
static size_t record_length(const char *data, size_t size, size_t *ret_digits)
{
	size_t length = 0, digits = 0;

	while (digits < size && data[digits] >= '0' && data[digits] <= '9') {
		length = length * 10 + (size_t)(data[digits++] - '0');
		if (length > size)
			return 0;
	}
	if (digits == 0 || digits >= size || data[digits] != ' ' || length < digits + 4 ||
	    data[length - 1] != '\n')
		return 0;
	*ret_digits = digits;
	return length;
}

int tar_pax_parse(struct tar_pax *pax, const char *data, size_t size, struct error *err)
{
	while (size > 0) {
		cleanup_free char *copy = NULL;
		struct record record;
		size_t digits, length = record_length(data, size, &digits), at;
		char *equals;
		int r;

		if (!length)
			return error_set(err, -EINVAL, "bad extended header");
		at = digits + 1;
		/* without the line end, but with a NUL in its place */
		copy = xmemdup(data + at, length - at);
		copy[length - at - 1] = '\0';
		equals = memchr(copy, '=', length - at - 1);
		if (!equals || equals == copy || memchr(copy, '\0', (size_t)(equals - copy)))
			return error_set(err, -EINVAL, "bad extended header");
		*equals = '\0';
		record = (struct record){ .key = copy, .value = equals + 1 };
		record.value_size = length - at - 1 - (size_t)(record.value - copy);
		r = take_record(pax, &record, err);
		if (r < 0)
			return r;
		data += length;
		size -= length;
	}
	return pax->half_piece ? error_set(err, -EINVAL, "bad extended header") : 0;
}

void tar_pax_release(struct tar_pax *pax)
{
	free(pax->path);
	free(pax->linkpath);
	free(pax->sparse_name);
	free(pax->pieces);
	xattrs_release(&pax->xattrs);
	*pax = (struct tar_pax){ 0 };
}
