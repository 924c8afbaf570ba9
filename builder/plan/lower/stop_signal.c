/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lower/stop_signal.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "fs/base/error.h"
#include "fs/base/parse.h"

/* Not those of the machine this runs on: the image may be for another. */
static const char *const names[] = {
	"ABRT", "ALRM",   "BUS",  "CHLD",   "CLD",   "CONT", "FPE",  "HUP",   "ILL",
	"INT",  "IO",     "IOT",  "KILL",   "PIPE",  "POLL", "PROF", "PWR",   "QUIT",
	"SEGV", "STKFLT", "STOP", "SYS",    "TERM",  "TRAP", "TSTP", "TTIN",  "TTOU",
	"URG",  "USR1",   "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
};

static bool is_name(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* "RTMIN+1" to "RTMIN+15", "RTMAX-1" to "RTMAX-14". */
static bool is_real_time(const char *name)
{
	uint32_t number;

	if (strncasecmp(name, "RTMIN+", 6) == 0)
		return name[6] != '0' && parse_u32(name + 6, &number) == 0 && number <= 15;
	if (strncasecmp(name, "RTMAX-", 6) == 0)
		return name[6] != '0' && parse_u32(name + 6, &number) == 0 && number <= 14;
	return false;
}

int stop_signal_check(const char *text, struct error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int64_t number;

	if (parse_i64(text, &number) == 0 && number != 0 && number >= INT_MIN && number <= INT_MAX)
		return 0;
	if (is_name(name) || is_real_time(name))
		return 0;
	return error_set(err, -EINVAL, "invalid signal: %.100s", text);
}
