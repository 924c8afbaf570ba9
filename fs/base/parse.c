/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int parse_digits(const char *s, int base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		int digit = *s >= '0' && *s <= '9' ? *s - '0' : base;

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max)
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

int parse_u64(const char *s, uint64_t *ret)
{
	return parse_digits(s, 10, UINT64_MAX, ret);
}

int parse_u32(const char *s, uint32_t *ret)
{
	uint64_t value;
	int r = parse_digits(s, 10, UINT32_MAX, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

int parse_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t value;
	int r = parse_digits(s + negative, 10, INT64_MAX, &value);

	if (r == 0)
		*ret = negative ? -(int64_t)value : (int64_t)value;
	return r;
}

int parse_octal(const char *s, uint32_t max, uint32_t *ret)
{
	uint64_t value;
	int r = parse_digits(s, 8, max, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

/* A decimal number with an optional fraction at the front of `*s`, which moves behind it. */
static int take_decimal(const char **s, double *ret)
{
	const char *at = *s;
	double value = 0, scale = 1;
	bool digits = false;

	for (; isdigit((unsigned char)*at); at++, digits = true)
		value = value * 10 + (*at - '0');
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++, digits = true) {
			scale /= 10;
			value += (*at - '0') * scale;
		}
	}
	if (!digits)
		return -EINVAL;
	*s = at;
	*ret = value;
	return 0;
}

int parse_size(const char *s, uint64_t *ret)
{
	static const char suffixes[] = "kmgtp";
	double value, factor = 1;
	uint64_t exact;
	int r;

	r = parse_u64(s, &exact);
	if (r == 0) {
		*ret = exact;
		return 0;
	}
	r = take_decimal(&s, &value);
	if (r < 0)
		return r;
	while (*s == ' ')
		s++;
	if (*s) {
		const char *suffix = strchr(suffixes, tolower((unsigned char)*s));

		if (suffix && *suffix) {
			for (long i = 0; i <= suffix - suffixes; i++)
				factor *= 1024;
			s++;
			if (*s == 'i')
				s++;
		}
		if (*s == 'b' || *s == 'B')
			s++;
	}
	if (*s)
		return -EINVAL;
	value *= factor;
	if (value >= 9.2e18)
		return -ERANGE;
	*ret = (uint64_t)value;
	return 0;
}

static int take_duration_unit(const char **s, double *ret_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
		      { "ms", 1e6 }, { "s", 1e9 },  { "m", 60e9 },        { "h", 3600e9 } };

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(*s, units[i].name, length) == 0) {
			*s += length;
			*ret_ns = units[i].ns;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_duration(const char *s, int64_t *ret_ns)
{
	double total = 0;
	bool negative = *s == '-';

	if (*s == '-' || *s == '+')
		s++;
	if (strcmp(s, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	if (!*s)
		return -EINVAL;
	while (*s) {
		double value, unit;

		if (take_decimal(&s, &value) < 0 || take_duration_unit(&s, &unit) < 0)
			return -EINVAL;
		total += value * unit;
		if (total >= 9.2e18)
			return -ERANGE;
	}
	*ret_ns = negative ? -(int64_t)total : (int64_t)total;
	return 0;
}

int parse_bool(const char *s, int *ret)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcmp(s, yes[i]) == 0) {
			*ret = 1;
			return 0;
		}
		if (strcmp(s, no[i]) == 0) {
			*ret = 0;
			return 0;
		}
	}
	return -EINVAL;
}
