/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/image/json.h"
#include "fs/base/alloc.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void config_set_string(char **field, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	free(*field);
	*field = copy;
}

void config_init_scratch(struct config *config, const struct platform *platform)
{
	*config = (struct config){ .platform = *platform };
	strings_add(&config->env, DEFAULT_PATH);
	config->working_dir = xstrdup("/");
}

void config_add_diff_id(struct config *config, const struct object_id *diff_id)
{
	array_reserve_one(config->diff_ids, config->diff_id_count, config->diff_id_capacity);
	config->diff_ids[config->diff_id_count++] = *diff_id;
}

struct config_history *config_add_history(struct config *config)
{
	array_reserve_one(config->history, config->history_count, config->history_capacity);
	config->history[config->history_count] = (struct config_history){ 0 };
	return &config->history[config->history_count++];
}

size_t config_history_layers(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->history_count; i++)
		count += !config->history[i].empty_layer;
	return count;
}

static char *copy_string(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void copy_history(struct config *ret, const struct config *from)
{
	for (size_t i = 0; i < from->history_count; i++) {
		const struct config_history *record = &from->history[i];

		*config_add_history(ret) =
			(struct config_history){ .created = copy_string(record->created),
						 .created_by = copy_string(record->created_by),
						 .author = copy_string(record->author),
						 .comment = copy_string(record->comment),
						 .empty_layer = record->empty_layer };
	}
}

void config_copy(struct config *ret, const struct config *from)
{
	*ret = (struct config){ .platform = from->platform,
				.created = copy_string(from->created),
				.author = copy_string(from->author),
				.user = copy_string(from->user),
				.working_dir = copy_string(from->working_dir),
				.stop_signal = copy_string(from->stop_signal),
				.has_healthcheck = from->has_healthcheck,
				.healthcheck = from->healthcheck,
				.args_escaped = from->args_escaped };
	ret->healthcheck.test = (struct strings){ 0 };
	strings_add_all(&ret->healthcheck.test, &from->healthcheck.test);
	strings_add_all(&ret->exposed_ports, &from->exposed_ports);
	strings_add_all(&ret->env, &from->env);
	strings_add_all(&ret->entrypoint, &from->entrypoint);
	strings_add_all(&ret->cmd, &from->cmd);
	strings_add_all(&ret->volumes, &from->volumes);
	strings_add_all(&ret->onbuild, &from->onbuild);
	strings_add_all(&ret->shell, &from->shell);
	string_map_set_all(&ret->labels, &from->labels);
	for (size_t i = 0; i < from->diff_id_count; i++)
		config_add_diff_id(ret, &from->diff_ids[i]);
	copy_history(ret, from);
	/* Nobody changes these, so both may hold the same. */
	ret->others = json_others_ref(from->others);
	ret->inner_others = json_others_ref(from->inner_others);
}

static void history_release(struct config_history *record)
{
	free(record->created);
	free(record->created_by);
	free(record->author);
	free(record->comment);
}

void config_release(struct config *config)
{
	free(config->created);
	free(config->author);
	free(config->user);
	free(config->working_dir);
	free(config->stop_signal);
	strings_release(&config->exposed_ports);
	strings_release(&config->env);
	strings_release(&config->entrypoint);
	strings_release(&config->cmd);
	strings_release(&config->volumes);
	strings_release(&config->onbuild);
	strings_release(&config->shell);
	string_map_release(&config->labels);
	strings_release(&config->healthcheck.test);
	free(config->diff_ids);
	for (size_t i = 0; i < config->history_count; i++)
		history_release(&config->history[i]);
	free(config->history);
	json_others_release(config->others);
	json_others_release(config->inner_others);
	*config = (struct config){ 0 };
}

/* ---- times ---- */

#define NS_PER_S 1000000000LL

char *config_time(int64_t ns)
{
	int64_t s = ns / NS_PER_S, fraction = ns % NS_PER_S;
	time_t seconds;
	struct tm tm;
	char text[64], digits[16] = "";

	if (fraction < 0) {
		fraction += NS_PER_S;
		s--;
	}
	seconds = (time_t)s;
	gmtime_r(&seconds, &tm); /* the years of 64 bits of nanoseconds all fit */
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (fraction) {
		int count = 9;

		for (; fraction % 10 == 0; fraction /= 10)
			count--;
		snprintf(digits, sizeof digits, ".%0*" PRId64, count, fraction);
	}
	return xasprintf("%s%sZ", text, digits);
}

/* Exactly `count` digits; moves on. */
static bool take_digits(const char **s, int count, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		value = value * 10 + (**s - '0');
	}
	*ret = value;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* ".5": any number of digits, those behind the ninth do not count. */
static bool take_fraction(const char **s, int64_t *ret)
{
	int64_t unit = NS_PER_S / 10;

	*ret = 0;
	if (!take_char(s, '.'))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		*ret += unit * (**s - '0');
	return true;
}

/* "Z" or "+02:00", as seconds east of Greenwich. */
static bool take_zone(const char **s, int *ret)
{
	int hours, minutes, sign = **s == '-' ? -1 : 1;

	*ret = 0;
	if (take_char(s, 'Z'))
		return true;
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

int config_time_parse(const char *text, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	int64_t fraction, seconds, ns;
	int zone;

	if (!take_digits(&text, 4, &tm.tm_year) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &tm.tm_mon) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &tm.tm_mday) || !take_char(&text, 'T') ||
	    !take_digits(&text, 2, &tm.tm_hour) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &tm.tm_min) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &tm.tm_sec) || !take_fraction(&text, &fraction) ||
	    !take_zone(&text, &zone) || *text)
		return -EINVAL;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm) - zone;
	if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, fraction, &ns))
		return -EINVAL;
	*ret_ns = ns;
	return 0;
}
