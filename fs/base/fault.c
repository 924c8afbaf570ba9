/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/parse.h"

#define STALL 1

struct fault_point {
	char *name;
	int code; /* what to fail with; 0: die, STALL: never come back */
	uint32_t countdown;
};

bool fault_enabled;
static struct fault_point points[16];
static size_t point_count;
static pthread_mutex_t points_lock = PTHREAD_MUTEX_INITIALIZER; /* guards countdown */

static int code_of(const char *word)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = { { "exit", 0 },         { "stall", STALL },    { "EIO", -EIO },
		      { "ENOSPC", -ENOSPC }, { "EDQUOT", -EDQUOT }, { "ENOMEM", -ENOMEM },
		      { "EMFILE", -EMFILE } };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (strcmp(word, codes[i].name) == 0)
			return codes[i].code;
	}
	return -EIO;
}

static void add_point(char *text)
{
	struct fault_point *point = &points[point_count];
	char *colon = strchr(text, ':');
	char *at = strchr(text, '@');

	if (!colon || point_count == sizeof points / sizeof points[0])
		return;
	*colon = '\0';
	if (at)
		*at = '\0';
	point->name = xstrdup(text);
	point->code = code_of(colon + 1);
	if (!at || parse_u32(at + 1, &point->countdown) < 0)
		point->countdown = 1;
	point_count++;
}

void fault_init(void)
{
	const char *list = getenv("VARVE_FAULT"); /* NOLINT(concurrency-mt-unsafe): at start only */
	char *copy, *rest, *item;

	if (!list || !*list)
		return;
	copy = rest = xstrdup(list);
	while ((item = strsep(&rest, ",")))
		add_point(item);
	free(copy);
	fault_enabled = point_count > 0;
}

int fault_hit(const char *name)
{
	for (size_t i = 0; i < point_count; i++) {
		uint32_t left;

		if (strcmp(points[i].name, name) != 0)
			continue;
		pthread_mutex_lock(&points_lock);
		left = points[i].countdown;
		if (left)
			points[i].countdown--;
		pthread_mutex_unlock(&points_lock);
		if (left != 1)
			return 0;
		if (points[i].code == 0)
			(void)kill(getpid(), SIGKILL);
		while (points[i].code == STALL)
			pause();
		return points[i].code;
	}
	return 0;
}
