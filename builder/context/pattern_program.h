/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ignore pattern made ready for matching. Docker turns patterns into regular expressions, and
 * what these say is the rule, odd corners included: inside brackets '*' and '?' bring their
 * expression's own characters along, "\d" is a digit, "[[:alpha:]]" a letter, '|' parts two
 * expressions and "{2}" repeats what is in front. So the expression is made here as well, and read
 * back into a list of items that is matched without backtracking.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* Characters of a pattern, and items it may come to with what "{2}" repeats; more is -E2BIG. */
#define PATTERN_LENGTH_MAX 1000

enum pattern_item_kind {
	PATTERN_CHAR,        /* one character: `c` */
	PATTERN_CLASS,       /* one of a class: `class` */
	PATTERN_NO_SLASH,    /* any but '/' */
	PATTERN_ANY,         /* any but a line break */
	PATTERN_DIRECTORIES, /* nothing, or anything up to a '/' */
	PATTERN_START,       /* the start of the path */
	PATTERN_END,         /* its end */
	PATTERN_EDGE,        /* between a letter of a word and something else */
	PATTERN_NO_EDGE,
};

struct pattern_class {
	bool negated;
	/* `count` pairs of first and last */
	uint32_t *bounds;
	size_t count, capacity;
};

struct pattern_item {
	enum pattern_item_kind kind;
	bool repeated; /* any number of times: of one of the first four kinds */
	bool optional; /* or not at all */
	uint32_t c;
	size_t class;
};

/* What stands between two '|'. It may match anywhere, if nothing in it says where. */
struct pattern_branch {
	struct pattern_item *items;
	size_t count, capacity;
};

/*
 * A short program of one branch for paths in ASCII: a place that a match may have reached is a bit,
 * and each character moves all of them at once. Places are numbered as in struct places.
 */
struct pattern_table {
	uint64_t takes[128]; /* places that read this character */
	uint64_t stays;      /* those that it does not leave */
	uint64_t passed;     /* those that may be left for the next item at once */
	uint64_t entries;    /* starts of PATTERN_DIRECTORIES */
	uint64_t middles;    /* and their middles, which a '/' leaves as well */
	uint64_t accepted;
};

struct pattern_program {
	struct pattern_branch *branches;
	size_t branch_count, branch_capacity;
	struct pattern_class *classes;
	size_t class_count, class_capacity;
	/* What every path that matches begins and ends with; compared before anything else. */
	char *prefix, *suffix;
	size_t prefix_length, suffix_length;
	struct pattern_table *table; /* NULL: not that simple */
};

/*
 * Compile `pattern`, which is clean and well formed as glob_match() sees it. -EINVAL: Docker cannot
 * use it either; -EOPNOTSUPP: it can, but nobody has meant what this says; -E2BIG.
 */
int pattern_program_compile(const char *pattern, struct pattern_program *ret, struct error *err);
void pattern_program_release(struct pattern_program *program);

/* Does the whole of `path` match? `ascii`: there are no other characters in it. Safe in threads. */
bool pattern_program_match(const struct pattern_program *program, const char *path, size_t length,
			   bool ascii);

/* Make the table of a program that is simple enough. */
void pattern_program_tabulate(struct pattern_program *program);

/* May a path that goes on behind these bytes match? */
bool pattern_program_may_follow(const struct pattern_program *program, const char *start,
				size_t length);
