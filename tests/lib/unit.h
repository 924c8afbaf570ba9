/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka, with the headers it wants in front, and small helpers. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* Holds when `r` is a success; shows the recorded text when not. */
#define assert_ok(r, err)                                                    \
	do {                                                                 \
		int assert_ok_r = (r);                                       \
		if (assert_ok_r < 0)                                         \
			fail_msg("%s: %d: %s", #r, assert_ok_r, (err).text); \
	} while (0)

/* A fresh directory for one test; free the path after test_directory_remove(). */
static inline char *test_directory(void)
{
	const char *base = getenv("TMPDIR");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/varve-unit.XXXXXX", base ? base : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void test_directory_remove(char *path)
{
	assert_int_equal(dir_remove_all(-100 /* AT_FDCWD */, path), 0);
	free(path);
}
