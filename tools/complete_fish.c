/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fs/base/buf.h"
#include "tools/complete.h"
#include "tools/verb.h"

static void add_quoted(struct buf *ret, const char *text)
{
	buf_add_char(ret, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_add_char(ret, '\\');
		buf_add_char(ret, *text);
	}
	buf_add_char(ret, '\'');
}

/* The function that tells at which verb the command line stands. */
static void write_position(struct buf *ret, const struct verb *root, const struct verb_paths *paths)
{
	buf_add_string(ret, "function __varve_at\n"
			    "\tset -l path\n"
			    "\tset -l skip 0\n"
			    "\tfor word in (commandline -opc)[2..-1]\n"
			    "\t\tif test $skip = 1\n"
			    "\t\t\tset skip 0\n"
			    "\t\t\tcontinue\n"
			    "\t\tend\n"
			    "\t\tswitch \"$path $word\"\n");
	for (size_t i = 0; i < paths->count; i++) {
		const struct option_spec *spec = NULL;
		const char *path = paths->items[i].path;

		while ((spec = verb_option_next(paths->items[i].verb, root, spec)) != NULL) {
			if (!option_takes_value(spec) || spec->implied)
				continue;
			buf_add_format(ret, "\t\t\tcase '%s --%s'", path, spec->name);
			if (spec->letter)
				buf_add_format(ret, " '%s -%c'", path, spec->letter);
			buf_add_string(ret, "\n\t\t\t\tset skip 1\n");
		}
	}
	buf_add_string(ret, "\t\t\tcase");
	for (size_t i = 1; i < paths->count; i++) {
		const char *path = paths->items[i].path;

		/* "$path $word" has a blank in front while the path is empty. */
		buf_add_format(ret, " '%s%s'", !strchr(path, ' ') ? " " : "", path);
	}
	buf_add_string(ret, "\n"
			    "\t\t\t\tset -a path $word\n"
			    "\t\tend\n"
			    "\tend\n"
			    "\ttest \"$path\" = \"$argv[1]\"\n"
			    "end\n"
			    "\n");
}

static void begin_line(struct buf *ret, const char *path)
{
	buf_add_format(ret, "complete -c varve -n '__varve_at \"%s\"'", path);
}

static void write_option(struct buf *ret, const char *path, const struct option_spec *spec)
{
	begin_line(ret, path);
	if (spec->letter)
		buf_add_format(ret, " -s %c", spec->letter);
	buf_add_format(ret, " -l %s", spec->name);
	if (option_takes_value(spec) && !spec->implied)
		buf_add_string(ret, spec->completion == COMPLETE_FILE ? " -r -F" : " -x");
	if (spec->choices) {
		buf_add_string(ret, " -a '");
		for (const char *const *choice = spec->choices; *choice; choice++)
			buf_add_format(ret, "%s%s", choice == spec->choices ? "" : " ", *choice);
		buf_add_char(ret, '\'');
	} else if (spec->completion == COMPLETE_DIRECTORY) {
		buf_add_string(ret, " -a '(__fish_complete_directories)'");
	}
	buf_add_string(ret, " -d ");
	add_quoted(ret, spec->help);
	buf_add_char(ret, '\n');
}

static void write_verb(struct buf *ret, const struct verb *root, const struct verb_path *at)
{
	cleanup_with(strings_release) struct strings words = { 0 };
	const struct option_spec *spec = NULL;

	for (const struct verb *const *child = at->verb->children; child && *child; child++) {
		if ((*child)->flags & VERB_HIDDEN)
			continue;
		begin_line(ret, at->path);
		buf_add_format(ret, " -a %s -d ", (*child)->name);
		add_quoted(ret, (*child)->summary);
		buf_add_char(ret, '\n');
	}
	verb_operand_words(at->verb, root, &words);
	for (size_t i = 0; i < words.count; i++) {
		begin_line(ret, at->path);
		buf_add_format(ret, " -a %s\n", words.items[i]);
	}
	if (at->verb->operand_completion == COMPLETE_FILE) {
		begin_line(ret, at->path);
		buf_add_string(ret, " -F\n");
	} else if (at->verb->operand_completion == COMPLETE_DIRECTORY) {
		begin_line(ret, at->path);
		buf_add_string(ret, " -a '(__fish_complete_directories)'\n");
	}
	while ((spec = verb_option_next(at->verb, root, spec)) != NULL)
		write_option(ret, at->path, spec);
}

void complete_fish(struct buf *ret, const struct verb *root)
{
	cleanup_with(verb_paths_release) struct verb_paths paths = { 0 };

	verb_paths_collect(&paths, root);
	buf_add_string(ret, "# Completions for fish, printed by 'varve debug completions fish'.\n"
			    "\n");
	write_position(ret, root, &paths);
	buf_add_string(ret, "complete -c varve -f\n");
	for (size_t i = 0; i < paths.count; i++)
		write_verb(ret, root, &paths.items[i]);
}
