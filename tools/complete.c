/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/complete.h"

#include "fs/base/alloc.h"
#include "tools/verb.h"

static void add_path(struct verb_paths *paths, const struct verb *verb, char *path)
{
	array_reserve_one(paths->items, paths->count, paths->capacity);
	paths->items[paths->count++] = (struct verb_path){ verb, path };
}

void verb_paths_collect(struct verb_paths *paths, const struct verb *root)
{
	add_path(paths, root, xstrdup(""));
	for (size_t i = 0; i < paths->count; i++) {
		const struct verb *const *child = paths->items[i].verb->children;

		for (; child && *child; child++) {
			const char *above = paths->items[i].path;

			if ((*child)->flags & VERB_HIDDEN)
				continue;
			add_path(paths, *child,
				 xasprintf("%s%s%s", above, *above ? " " : "", (*child)->name));
		}
	}
}

void verb_paths_release(struct verb_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i].path);
	free(paths->items);
	*paths = (struct verb_paths){ 0 };
}

/* Whether `spec` belongs to the table. */
static bool is_of(const struct option_spec *table, const struct option_spec *spec)
{
	for (; table && table->name; table++) {
		if (table == spec)
			return true;
	}
	return false;
}

const struct option_spec *verb_option_next(const struct verb *verb, const struct verb *root,
					   const struct option_spec *after)
{
	bool own = !after ? verb != root && verb->options
			  : verb != root && is_of(verb->options, after);
	const struct option_spec *spec = after ? after + 1 : own ? verb->options : root->options;

	for (;;) {
		for (; spec->name; spec++) {
			if (!option_is_hidden(spec) &&
			    (own || verb == root || spec->flags & OPTION_GLOBAL))
				return spec;
		}
		if (!own)
			return NULL;
		own = false;
		spec = root->options;
	}
}

void verb_operand_words(const struct verb *verb, const struct verb *root, struct strings *ret)
{
	for (const char *const *choice = verb->operand_choices; choice && *choice; choice++)
		strings_add(ret, *choice);
	if (verb->operand_completion != COMPLETE_VERB)
		return;
	for (const struct verb *const *child = root->children; *child; child++) {
		if (!((*child)->flags & VERB_HIDDEN))
			strings_add(ret, (*child)->name);
	}
}
