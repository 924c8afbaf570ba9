/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/human.h"

#include <stdio.h>
#include <string.h>

static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };

/* Divide down to below 1000; the unit's index. */
static unsigned scale(double *value)
{
	unsigned unit = 0;

	while (*value >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
		*value /= 1000;
		unit++;
	}
	return unit;
}

const char *human_size(uint64_t bytes, char ret[HUMAN_SIZE_MAX])
{
	double value = (double)bytes;
	unsigned unit = scale(&value);

	snprintf(ret, HUMAN_SIZE_MAX, "%.*f%s", unit == 0 ? 0 : 2, value, units[unit]);
	return ret;
}

const char *human_size_short(uint64_t bytes, char ret[HUMAN_SIZE_MAX])
{
	double value = (double)bytes;
	unsigned unit = scale(&value);

	/* 999.7 would be written as 1e+03. */
	if (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
		value = 1;
		unit++;
	}
	snprintf(ret, HUMAN_SIZE_MAX, "%.3g%s", value, units[unit]);
	return ret;
}

const char *human_duration(int64_t ns, char ret[HUMAN_AGE_MAX])
{
	long long seconds = ns > 0 ? ns / 1000000000 : 0;
	long long minutes = seconds / 60, hours = (seconds + 1800) / 3600, days = hours / 24;

	if (seconds < 1)
		snprintf(ret, HUMAN_AGE_MAX, "Less than a second");
	else if (seconds == 1)
		snprintf(ret, HUMAN_AGE_MAX, "1 second");
	else if (seconds < 60)
		snprintf(ret, HUMAN_AGE_MAX, "%lld seconds", seconds);
	else if (minutes == 1)
		snprintf(ret, HUMAN_AGE_MAX, "About a minute");
	else if (minutes < 60)
		snprintf(ret, HUMAN_AGE_MAX, "%lld minutes", minutes);
	else if (hours == 1)
		snprintf(ret, HUMAN_AGE_MAX, "About an hour");
	else if (hours < 48)
		snprintf(ret, HUMAN_AGE_MAX, "%lld hours", hours);
	else if (days < 14)
		snprintf(ret, HUMAN_AGE_MAX, "%lld days", days);
	else if (days < 60)
		snprintf(ret, HUMAN_AGE_MAX, "%lld weeks", days / 7);
	else if (days < 730)
		snprintf(ret, HUMAN_AGE_MAX, "%lld months", days / 30);
	else
		snprintf(ret, HUMAN_AGE_MAX, "%lld years", days / 365);
	return ret;
}

const char *human_age(int64_t ns, char ret[HUMAN_AGE_MAX])
{
	size_t used;

	human_duration(ns, ret);
	used = strlen(ret);
	snprintf(ret + used, HUMAN_AGE_MAX - used, " ago");
	return ret;
}
