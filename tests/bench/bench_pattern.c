/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a walk over a context of 100,000 files takes to ask an ignore file about each: the
 * directories pass their answers on.
 */
#include <stdio.h>

#include "builder/context/pattern.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"

#define DIRECTORIES 1000
#define FILES       100
#define ROUNDS      5

static const char *const PATTERNS[] = {
	".git",         "**/node_modules", "**/.DS_Store",  "**/*.pyc",   "**/__pycache__",
	"*.md",         "!README.md",      "build/",        "dist/**",    "**/*.log",
	"**/.env*",     "docs/*.txt",      "!docs/api.txt", "**/tmp/*",   "[Bb]in",
	"**/*~",        "target",          "**/*.o",        "**/*.[ao]",  "a?c/*.tmp",
	"**/coverage/", "!**/keep.me",     "**/*.test.js",  "vendor/*/x",
};

static size_t walk(const struct patterns *patterns, struct error *err)
{
	size_t ignored = 0;

	for (int i = 0; i < DIRECTORIES; i++) {
		cleanup_with(pattern_state_release) struct pattern_state top = { 0 }, state = { 0 };
		char path[200];

		snprintf(path, sizeof path, "package-%d", i % 50);
		(void)patterns_match_in(patterns, path, NULL, &top, err);
		snprintf(path, sizeof path, "package-%d/source-%d", i % 50, i);
		(void)patterns_match_in(patterns, path, &top, &state, err);
		for (int k = 0; k < FILES; k++) {
			snprintf(path, sizeof path, "package-%d/source-%d/module_%d.%s", i % 50, i,
				 k, k % 10 ? "c" : "o");
			ignored += patterns_match_in(patterns, path, &state, NULL, err) > 0;
		}
	}
	return ignored;
}

int main(void)
{
	cleanup_with(patterns_free) struct patterns *patterns = NULL;
	uint64_t best = UINT64_MAX;
	size_t ignored = 0;
	struct error err;

	if (patterns_compile(PATTERNS, sizeof PATTERNS / sizeof PATTERNS[0], &patterns, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = clock_monotonic_ns(), took;

		ignored = walk(patterns, &err);
		took = clock_monotonic_ns() - start;
		best = took < best ? took : best;
	}
	printf("{\"name\": \"ignore-patterns\", \"files\": %d, \"patterns\": %zu, \"ignored\": %zu, "
	       "\"best_ms\": %.1f}\n",
	       DIRECTORIES * FILES, patterns_count(patterns), ignored, (double)best / 1e6);
	return 0;
}
