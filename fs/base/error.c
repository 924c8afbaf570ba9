/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *error_words(int code)
{
	const char *words = strerrordesc_np(-code);

	/* Of all limits the one that is met most, by builds with many stages. */
	if (code == -EMFILE)
		return "too many files are open; 'ulimit -Hn 65536' allows more";
	return words ? words : "unknown error";
}

/* Replace the text, then add ": `reason`" unless that is NULL. */
__attribute__((format(printf, 3, 0))) static void record(struct error *err, const char *reason,
							 const char *format, va_list args)
{
	size_t used;

	vsnprintf(err->text, sizeof err->text, format, args);
	used = strlen(err->text);
	if (reason)
		snprintf(err->text + used, sizeof err->text - used, ": %s", reason);
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;

	va_start(args, format);
	record(err, NULL, format, args);
	va_end(args);
	return err->code = code;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;

	va_start(args, format);
	record(err, error_words(code), format, args);
	va_end(args);
	return err->code = code;
}

int error_prefix(struct error *err, int code, const char *format, ...)
{
	char inner[sizeof err->text];
	va_list args;

	if (!err)
		return code;

	memcpy(inner, err->text, sizeof inner);
	va_start(args, format);
	record(err, inner[0] ? inner : error_words(code), format, args);
	va_end(args);
	return err->code = code;
}
