/* SPDX-License-Identifier: Apache-2.0 */
/* Completions for shells, written from the tables of verbs and options. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct buf;
struct option_spec;
struct strings;
struct verb;

/* Whole scripts, appended to `ret`. */
void complete_bash(struct buf *ret, const struct verb *root);
void complete_zsh(struct buf *ret, const struct verb *root);
void complete_fish(struct buf *ret, const struct verb *root);

/* A verb, and the words that lead to it: "", "version", "cache ls". */
struct verb_path {
	const struct verb *verb;
	char *path;
};

/* All verbs that are shown to anybody, those further up first. */
struct verb_paths {
	struct verb_path *items;
	size_t count, capacity;
};

void verb_paths_collect(struct verb_paths *paths, const struct verb *root);
void verb_paths_release(struct verb_paths *paths);
DEFINE_CLEANUP_VALUE(struct verb_paths, verb_paths_release);

/* The next option that is shown and good for a verb: its own, then the command's. Begin with NULL;
 * NULL ends. */
const struct option_spec *verb_option_next(const struct verb *verb, const struct verb *root,
					   const struct option_spec *after);

/* The words that a verb's operands are chosen from, appended to `ret`; none when they are files, or
 * anything. */
void verb_operand_words(const struct verb *verb, const struct verb *root, struct strings *ret);
