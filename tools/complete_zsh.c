/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fs/base/buf.h"
#include "tools/complete.h"
#include "tools/verb.h"

/* Text within single quotes; what `special` holds gets a backslash, for the function it goes to. */
static void add_quoted(struct buf *ret, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			buf_add_string(ret, "'\\''");
			continue;
		}
		if (strchr(special, *text))
			buf_add_char(ret, '\\');
		buf_add_char(ret, *text);
	}
}

/* _varve, _varve_cache_ls */
static void add_function_name(struct buf *ret, const char *path)
{
	buf_add_string(ret, "_varve");
	if (*path)
		buf_add_char(ret, '_');
	for (; *path; path++)
		buf_add_char(ret, *path == ' ' || *path == '-' ? '_' : *path);
}

static void add_action(struct buf *ret, enum completion completion, const char *const *choices)
{
	if (choices) {
		buf_add_char(ret, '(');
		for (const char *const *choice = choices; *choice; choice++)
			buf_add_format(ret, "%s%s", choice == choices ? "" : " ", *choice);
		buf_add_char(ret, ')');
	} else if (completion == COMPLETE_FILE) {
		buf_add_string(ret, "_files");
	} else if (completion == COMPLETE_DIRECTORY) {
		buf_add_string(ret, "_files -/");
	} else {
		buf_add_char(ret, ' ');
	}
}

/* '(-f --file)'{-f+,--file=}'[text]:string:_files' */
static void write_option(struct buf *ret, const struct option_spec *spec)
{
	bool repeats = spec->kind == OPTION_LIST;
	const char *tie = !option_takes_value(spec) ? "" : spec->implied ? "=-" : "=";

	buf_add_string(ret, "\t\t");
	if (repeats && spec->letter)
		buf_add_format(ret, "'*'{-%c+,--%s%s}'", spec->letter, spec->name, tie);
	else if (repeats)
		buf_add_format(ret, "'*--%s%s", spec->name, tie);
	else if (spec->letter)
		buf_add_format(ret, "'(-%c --%s)'{-%c%s,--%s%s}'", spec->letter, spec->name,
			       spec->letter, option_takes_value(spec) ? "+" : "", spec->name, tie);
	else
		buf_add_format(ret, "'--%s%s", spec->name, tie);
	buf_add_char(ret, '[');
	add_quoted(ret, spec->help, "[]:\\");
	buf_add_char(ret, ']');
	if (option_takes_value(spec)) {
		buf_add_format(ret, "%s%s:", spec->implied ? "::" : ":", option_value_name(spec));
		add_action(ret, spec->completion, spec->choices);
	}
	buf_add_string(ret, "' \\\n");
}

/* The part of a verb's function that finds the verb below it. */
static void write_children(struct buf *ret, const struct verb_path *at)
{
	buf_add_string(ret, "\t\t'1:command:->verb' \\\n"
			    "\t\t'*::argument:->below'\n"
			    "\tcase $state in\n"
			    "\tverb)\n"
			    "\t\tlocal -a verbs=(\n");
	for (const struct verb *const *child = at->verb->children; *child; child++) {
		if ((*child)->flags & VERB_HIDDEN)
			continue;
		buf_add_format(ret, "\t\t\t'%s:", (*child)->name);
		add_quoted(ret, (*child)->summary, ":\\");
		buf_add_string(ret, "'\n");
	}
	buf_add_string(ret, "\t\t)\n"
			    "\t\t_describe -t commands command verbs\n"
			    "\t\t;;\n"
			    "\tbelow)\n"
			    "\t\tcase $words[1] in\n");
	for (const struct verb *const *child = at->verb->children; *child; child++) {
		if ((*child)->flags & VERB_HIDDEN)
			continue;
		buf_add_format(ret, "\t\t%s) ", (*child)->name);
		add_function_name(ret, at->path);
		buf_add_char(ret, '_');
		for (const char *c = (*child)->name; *c; c++)
			buf_add_char(ret, *c == '-' ? '_' : *c);
		buf_add_string(ret, " ;;\n");
	}
	buf_add_string(ret, "\t\tesac\n"
			    "\t\t;;\n"
			    "\tesac\n");
}

static void write_verb(struct buf *ret, const struct verb *root, const struct verb_path *at)
{
	cleanup_with(strings_release) struct strings words = { 0 };
	const struct option_spec *spec = NULL;

	add_function_name(ret, at->path);
	buf_add_string(ret, "()\n{\n");
	if (at->verb->children)
		buf_add_string(ret, "\tlocal curcontext=$curcontext state line\n"
				    "\ttypeset -A opt_args\n");
	buf_add_format(ret, "\t_arguments%s -s -S \\\n", at->verb->children ? " -C" : "");
	while ((spec = verb_option_next(at->verb, root, spec)) != NULL)
		write_option(ret, spec);
	if (at->verb->children) {
		write_children(ret, at);
	} else {
		verb_operand_words(at->verb, root, &words);
		buf_add_string(ret, "\t\t'*:argument:");
		add_action(ret, at->verb->operand_completion,
			   words.count > 0 ? (const char *const *)strings_argv(&words) : NULL);
		buf_add_string(ret, "'\n");
	}
	buf_add_string(ret, "}\n\n");
}

void complete_zsh(struct buf *ret, const struct verb *root)
{
	cleanup_with(verb_paths_release) struct verb_paths paths = { 0 };

	verb_paths_collect(&paths, root);
	buf_add_string(ret, "#compdef varve\n"
			    "# Completions for zsh, printed by 'varve debug completions zsh'.\n"
			    "\n");
	for (size_t i = 0; i < paths.count; i++)
		write_verb(ret, root, &paths.items[i]);
	/* Read as a function by compinit at the first use, or as a file by hand. */
	buf_add_string(ret, "if [[ $funcstack[1] == _varve ]]; then\n"
			    "\t_varve \"$@\"\n"
			    "else\n"
			    "\tcompdef _varve varve\n"
			    "fi\n");
}
