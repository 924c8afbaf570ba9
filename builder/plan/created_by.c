/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/created_by.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "builder/plan/vertex.h"
#include "fs/base/buf.h"
#include "fs/base/quote.h"

#define NS_PER_S 1000000000ULL

void created_by_text(const char *keyword, const char *text, struct buf *ret)
{
	buf_add_string(ret, keyword);
	buf_add_char(ret, ' ');
	buf_add_string(ret, text);
}

void created_by_pairs(const char *keyword, const struct words *words, struct buf *ret)
{
	buf_add_string(ret, keyword);
	for (size_t i = 0; i + 1 < words->count; i += 2) {
		buf_add_char(ret, ' ');
		buf_add_string(ret, words->items[i]);
		buf_add_char(ret, '=');
		buf_add_string(ret, words->items[i + 1]);
	}
}

static void add_list(const struct words *words, struct buf *ret)
{
	buf_add_char(ret, '[');
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			buf_add_char(ret, ' ');
		buf_add_string(ret, words->items[i]);
	}
	buf_add_char(ret, ']');
}

void created_by_list(const char *keyword, const struct words *words, struct buf *ret)
{
	created_by_text(keyword, "", ret);
	add_list(words, ret);
}

void created_by_quoted(const char *keyword, const struct words *words, struct buf *ret)
{
	created_by_text(keyword, "[", ret);
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			buf_add_char(ret, ' ');
		quote_append(ret, words->items[i], strlen(words->items[i]));
	}
	buf_add_char(ret, ']');
}

/* `value` units of which `per` make a larger one: "1.5", without zeros at the end. */
static void add_fraction(uint64_t value, uint64_t per, int digits, struct buf *ret)
{
	char text[24];
	size_t length;

	buf_add_format(ret, "%" PRIu64, value / per);
	if (value % per == 0)
		return;
	length = (size_t)snprintf(text, sizeof text, "%0*" PRIu64, digits, value % per);
	while (text[length - 1] == '0')
		length--;
	buf_add_char(ret, '.');
	buf_append(ret, text, length);
}

void created_by_duration(int64_t ns, struct buf *ret)
{
	uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, seconds = value / NS_PER_S;

	if (ns < 0)
		buf_add_char(ret, '-');
	if (value == 0) {
		buf_add_string(ret, "0s");
	} else if (value < 1000) {
		buf_add_format(ret, "%" PRIu64 "ns", value);
	} else if (value < 1000000) {
		add_fraction(value, 1000, 3, ret);
		buf_add_string(ret, "\xc2\xb5s"); /* micro sign */
	} else if (value < NS_PER_S) {
		add_fraction(value, 1000000, 6, ret);
		buf_add_string(ret, "ms");
	} else {
		if (seconds >= 3600)
			buf_add_format(ret, "%" PRIu64 "h", seconds / 3600);
		if (seconds >= 60)
			buf_add_format(ret, "%" PRIu64 "m", seconds / 60 % 60);
		add_fraction(value % (60 * NS_PER_S), NS_PER_S, 9, ret);
		buf_add_char(ret, 's');
	}
}

void created_by_health(const struct health_instruction *health, struct buf *ret)
{
	const struct {
		const char *name;
		int64_t ns;
	} times[] = {
		{ "Interval", health->interval_ns },
		{ "Timeout", health->timeout_ns },
		{ "StartPeriod", health->start_period_ns },
		{ "StartInterval", health->start_interval_ns },
	};

	buf_add_string(ret, "HEALTHCHECK {Test:");
	add_list(&health->test, ret);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		buf_add_format(ret, " %s:", times[i].name);
		created_by_duration(times[i].ns, ret);
	}
	buf_add_format(ret, " Retries:%u}", health->retries);
}

static void add_flag(const char *name, const char *value, struct buf *ret)
{
	if (!value)
		return;
	buf_add_format(ret, " --%s=", name);
	buf_add_string(ret, value);
}

void created_by_copy(const struct copy_work *copy, const char *destination, struct buf *ret)
{
	buf_add_string(ret, copy->add ? "ADD" : "COPY");
	if (copy->parents)
		buf_add_string(ret, " --parents");
	add_flag("chown", copy->chown, ret);
	add_flag("chmod", copy->chmod, ret);
	for (size_t i = 0; i < copy->sources.count; i++) {
		buf_add_char(ret, ' ');
		buf_add_string(ret, copy->sources.items[i]);
	}
	for (size_t i = 0; i < copy->file_count; i++) {
		buf_add_string(ret, " <<");
		buf_add_string(ret, copy->files[i].name);
	}
	buf_add_char(ret, ' ');
	buf_add_string(ret, destination);
}
