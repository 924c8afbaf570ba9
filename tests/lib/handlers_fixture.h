/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that looks as binfmt_misc does. */
#pragma once

#include <fcntl.h>

#include "fs/base/alloc.h"
#include "fs/base/fd.h"
#include "tests/lib/unit.h"

#define AARCH64_LINES                                      \
	"offset 0\n"                                       \
	"magic 7f454c460201010000000000000000000200b700\n" \
	"mask ffffffffffffff00fffffffffffffffffeffffff\n"

__attribute__((unused)) static void write_handler(const char *dir, const char *name,
						  const char *text)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(file_replace(AT_FDCWD, path, text, strlen(text), 0644, false), 0);
}
