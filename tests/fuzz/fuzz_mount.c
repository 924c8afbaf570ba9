/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of RUN --mount, one a line. */
#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/run_mount.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(strings_release) struct strings env = { 0 }, rows = { 0 };
	cleanup_free char *text = xstrndup((const char *)data, size);
	struct expander expander = { .escape = '\\' };
	struct run_mounts mounts = { 0 };
	struct words words;
	struct error err;

	strings_add(&env, "a=/target");
	expander.env = expand_env_of(&env);
	for (char *line = text, *stop; line; line = stop ? stop + 1 : NULL) {
		stop = strchr(line, '\n');
		strings_add_range(&rows, line, stop ? (size_t)(stop - line) : strlen(line));
	}
	words = (struct words){ .items = (const char *const *)rows.items, .count = rows.count };
	(void)run_mounts_parse(&words, &expander, "/work", &mounts, &err);
	run_mounts_release(&mounts);
	return 0;
}
