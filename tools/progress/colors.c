/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/progress/colors.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fs/base/parse.h"
#include "fs/base/strings.h"

static const struct {
	const char *name;
	unsigned code;
} names[] = {
	{ "default", 39 },      { "black", 30 },       { "red", 31 },
	{ "green", 32 },        { "yellow", 33 },      { "blue", 34 },
	{ "magenta", 35 },      { "cyan", 36 },        { "white", 37 },
	{ "light-black", 90 },  { "light-red", 91 },   { "light-green", 92 },
	{ "light-yellow", 93 }, { "light-blue", 94 },  { "light-magenta", 95 },
	{ "light-cyan", 96 },   { "light-white", 97 },
};

static void set_code(char color[COLOR_SEQUENCE_MAX], unsigned code)
{
	snprintf(color, COLOR_SEQUENCE_MAX, "\033[%um", code);
}

static void split(struct strings *ret, const char *text, char separator)
{
	for (;;) {
		const char *end = strchrnul(text, separator);

		strings_add_range(ret, text, (size_t)(end - text));
		if (!*end)
			return;
		text = end + 1;
	}
}

/* "255,165,0", shown as the nearest of the 6 × 6 × 6 colours that terminals have. */
static int parse_rgb(const char *text, char ret[COLOR_SEQUENCE_MAX])
{
	cleanup_with(strings_release) struct strings parts = { 0 };
	uint32_t cube = 0;

	split(&parts, text, ',');
	if (parts.count != 3)
		return -EINVAL;
	for (size_t i = 0; i < 3; i++) {
		uint32_t value;

		if (parse_u32(parts.items[i], &value) < 0 || value > 255)
			return -EINVAL;
		cube = cube * 6 + (value * 5 + 127) / 255;
	}
	snprintf(ret, COLOR_SEQUENCE_MAX, "\033[38;5;%um", 16 + cube);
	return 0;
}

static int parse_color(const char *text, char ret[COLOR_SEQUENCE_MAX])
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcasecmp(names[i].name, text) == 0) {
			set_code(ret, names[i].code);
			return 0;
		}
	}
	return parse_rgb(text, ret);
}

static char *color_of(struct progress_colors *colors, const char *key)
{
	if (strcasecmp(key, "run") == 0)
		return colors->done;
	if (strcasecmp(key, "cancel") == 0)
		return colors->canceled;
	if (strcasecmp(key, "error") == 0)
		return colors->failed;
	if (strcasecmp(key, "warning") == 0)
		return colors->warning;
	return NULL;
}

static void apply(struct progress_colors *colors, char *field, struct strings *complaints)
{
	char *value = strchr(field, '=');
	char *color;

	if (!value) {
		strings_add_format(complaints, "BUILDKIT_COLORS: '%s' is not of the form KEY=COLOR",
				   field);
		return;
	}
	*value++ = '\0';
	color = color_of(colors, field);
	if (!color)
		strings_add_format(complaints,
				   "BUILDKIT_COLORS: '%s' is none of run, cancel, error, warning",
				   field);
	else if (parse_color(value, color) < 0)
		strings_add_format(complaints,
				   "BUILDKIT_COLORS: '%s' is neither the name of a color nor "
				   "R,G,B with numbers up to 255",
				   value);
}

void progress_colors_init(struct progress_colors *colors, bool enabled, const char *definition,
			  struct strings *complaints)
{
	cleanup_with(strings_release) struct strings fields = { 0 };

	*colors = (struct progress_colors){ .enabled = enabled };
	if (!enabled)
		return;
	set_code(colors->done, 34);
	set_code(colors->canceled, 33);
	set_code(colors->failed, 31);
	set_code(colors->warning, 33);
	set_code(colors->log, 2);
	if (!definition || !*definition)
		return;
	split(&fields, definition, ':');
	for (size_t i = 0; i < fields.count; i++)
		apply(colors, fields.items[i], complaints);
}

const char *progress_color_end(const struct progress_colors *colors)
{
	return colors->enabled ? "\033[0m" : "";
}
