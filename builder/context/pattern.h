/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of patterns as .dockerignore and COPY --exclude have them: '*', '?', [a-z] within a name,
 * two stars across directories, '!' in front for an exception; the last pattern that matches a
 * path, or a directory it lies in, decides. Exactly what Docker's patternmatcher does.
 *
 * Paths are relative and clean: "a/b", without a slash at either end. A compiled list is never
 * written to: any number of threads may match with it. For names with wildcards, as the sources of
 * COPY are, see glob.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

struct error;
struct patterns;
struct strings;

/* Bytes of an ignore file, and of a line of it; more is -E2BIG. */
#define IGNORE_FILE_MAX ((size_t)16 << 20)
#define IGNORE_LINE_MAX ((size_t)65535)

/*
 * The patterns in the text of an ignore file, cleaned, are appended to `ret`: comments, empty lines
 * and slashes in front left out. -E2BIG for a limit, -EINVAL for a NUL character.
 */
int ignore_file_parse(const char *data, size_t size, struct strings *ret, struct error *err);

/* Compile a list. White space around patterns and empty ones do not count. -EINVAL: one is
 * malformed; -E2BIG: one is too long; the text names it. */
int patterns_compile(const char *const *items, size_t count, struct patterns **ret,
		     struct error *err);
void patterns_free(struct patterns *patterns);
DEFINE_CLEANUP(struct patterns *, patterns_free);

size_t patterns_count(const struct patterns *patterns);
/* One without '!', cleaned. */
const char *patterns_item(const struct patterns *patterns, size_t index, bool *ret_exception);
/* Some begin with '!'. */
bool patterns_have_exceptions(const struct patterns *patterns);

/*
 * Is `path` matched, by itself or by a directory it lies in? 1, 0, or negative: a pattern that had
 * to be asked is malformed after all (some only show it here, as with Docker).
 */
int patterns_match(const struct patterns *patterns, const char *path, struct error *err);

/* What the patterns said to a directory, for what lies in it. All zero is not known. */
struct pattern_state {
	uint64_t *matched; /* one bit for each pattern */
};

/*
 * The same for a walk from the top down, which asks about each directory before what lies in it:
 * `parent` is the state of the directory that `path` is in (NULL at the top), so that only the
 * path itself has to be matched. `ret` gets the state of `path`, for a directory; NULL for other
 * files. Differs from patterns_match() only where Docker's own does: an exception for a directory
 * counts below it only if the directory was matched by something else before.
 */
int patterns_match_in(const struct patterns *patterns, const char *path,
		      const struct pattern_state *parent, struct pattern_state *ret,
		      struct error *err);
void pattern_state_release(struct pattern_state *state);
DEFINE_CLEANUP_VALUE(struct pattern_state, pattern_state_release);

/*
 * Can a path below `directory` ("" for the top) be matched by a pattern of its own: by an exception
 * (`exceptions`), or by any other? False is certain, true is not. So a directory that is ignored
 * need not be walked when no exception may match below it, and one that is not included need not
 * when nothing else may.
 */
bool patterns_may_match_below(const struct patterns *patterns, const char *directory,
			      bool exceptions);
