/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000

const char *timestamp_text(int64_t ns, char ret[TIMESTAMP_MAX])
{
	int64_t fraction = ns % NS_PER_S;
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;
	size_t used;

	if (fraction < 0) {
		fraction += NS_PER_S;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof tm);
	used = strftime(ret, TIMESTAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	if (fraction != 0) {
		used += (size_t)snprintf(ret + used, TIMESTAMP_MAX - used, ".%09lld",
					 (long long)fraction);
		while (ret[used - 1] == '0')
			used--;
	}
	snprintf(ret + used, TIMESTAMP_MAX - used, "Z");
	return ret;
}
