/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/help.h"

#include <string.h>

#include "fs/base/buf.h"
#include "tools/verb.h"

/* Text is never squeezed below this, however narrow the terminal. */
#define TEXT_MIN 24

static void add_spaces(struct buf *buf, size_t count)
{
	buf_add_format(buf, "%*s", (int)count, "");
}

/* `text` from column `indent` on, broken between words; the first line has begun already. */
static void add_wrapped(struct buf *buf, const char *text, size_t indent, size_t width)
{
	size_t room = width > indent + TEXT_MIN ? width - indent : TEXT_MIN;
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " \n");

		if (column > 0 && column + 1 + word > room) {
			buf_add_char(buf, '\n');
			add_spaces(buf, indent);
			column = 0;
		}
		if (column > 0) {
			buf_add_char(buf, ' ');
			column++;
		}
		buf_append(buf, text, word);
		column += word;
		text += word;
		if (*text == '\n') {
			buf_add_char(buf, '\n');
			if (text[1] && text[1] != '\n')
				add_spaces(buf, indent);
			column = 0;
		}
		text += *text != 0;
	}
}

void help_add_option_name(struct buf *buf, const struct option_spec *spec)
{
	if (spec->letter)
		buf_add_format(buf, "-%c, --%s", spec->letter, spec->name);
	else
		buf_add_format(buf, "    --%s", spec->name);
	if (!option_takes_value(spec))
		return;
	if (spec->implied)
		buf_add_format(buf, "[=%s]", option_value_name(spec));
	else
		buf_add_format(buf, " %s", option_value_name(spec));
}

static void add_option_text(struct buf *buf, const struct option_spec *spec)
{
	const char *quote = spec->kind == OPTION_STRING || spec->kind == OPTION_LIST ? "\"" : "";

	buf_add_string(buf, spec->help);
	for (const char *const *choice = spec->choices; choice && *choice; choice++)
		buf_add_format(buf, "%s\"%s\"%s", choice == spec->choices ? " (" : ", ", *choice,
			       choice[1] ? "" : ")");
	if (spec->initial)
		buf_add_format(buf, " (default %s%s%s)", quote, spec->initial, quote);
}

/* Options of a verb, or those of the command that are good everywhere, or all it has. */
enum section { SECTION_OWN, SECTION_GLOBAL, SECTION_ALL };

static bool is_listed(const struct option_spec *spec, enum section section)
{
	bool global = spec->flags & OPTION_GLOBAL;

	return !option_is_hidden(spec) &&
	       (section == SECTION_ALL || global == (section == SECTION_GLOBAL));
}

static void add_options(struct buf *buf, const char *heading, const struct option_spec *specs,
			enum section section, size_t width)
{
	cleanup_with(buf_release) struct buf name = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	size_t widest = 0;

	for (const struct option_spec *spec = specs; spec && spec->name; spec++) {
		if (!is_listed(spec, section))
			continue;
		buf_clear(&name);
		help_add_option_name(&name, spec);
		if (name.length > widest)
			widest = name.length;
	}
	if (widest == 0)
		return;
	buf_add_format(buf, "\n%s:\n", heading);
	for (const struct option_spec *spec = specs; spec->name; spec++) {
		if (!is_listed(spec, section))
			continue;
		buf_clear(&name);
		help_add_option_name(&name, spec);
		buf_add_format(buf, "  %-*s   ", (int)widest, buf_string(&name));
		buf_clear(&text);
		add_option_text(&text, spec);
		add_wrapped(buf, buf_string(&text), widest + 5, width);
		buf_add_char(buf, '\n');
	}
}

static const char *group_of(const struct verb *verb)
{
	return verb->group ? verb->group : "Commands";
}

/* The first verb of its group opens it; the others of the group follow there. */
static bool opens_group(const struct verb *const *children, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (!(children[i]->flags & VERB_HIDDEN) &&
		    strcmp(group_of(children[i]), group_of(children[at])) == 0)
			return false;
	}
	return !(children[at]->flags & VERB_HIDDEN);
}

static void add_children(struct buf *buf, const struct verb *const *children, size_t width)
{
	size_t widest = 0;

	for (size_t i = 0; children[i]; i++) {
		if (!(children[i]->flags & VERB_HIDDEN) && strlen(children[i]->name) > widest)
			widest = strlen(children[i]->name);
	}
	for (size_t i = 0; children[i]; i++) {
		if (!opens_group(children, i))
			continue;
		buf_add_format(buf, "\n%s:\n", group_of(children[i]));
		for (size_t j = i; children[j]; j++) {
			if (children[j]->flags & VERB_HIDDEN ||
			    strcmp(group_of(children[i]), group_of(children[j])) != 0)
				continue;
			buf_add_format(buf, "  %-*s   ", (int)widest, children[j]->name);
			add_wrapped(buf, children[j]->summary, widest + 5, width);
			buf_add_char(buf, '\n');
		}
	}
}

static void add_usage(struct buf *buf, const struct verb *verb, const char *path)
{
	buf_add_format(buf, "Usage:  %s", path);
	if (verb->options)
		buf_add_string(buf, " [OPTIONS]");
	if (verb->children)
		buf_add_string(buf, " COMMAND");
	else if (verb->operands)
		buf_add_format(buf, " %s", verb->operands);
	buf_add_char(buf, '\n');
}

void help_add(struct buf *buf, const struct verb *root, const struct verb *verb, const char *path,
	      size_t width)
{
	add_usage(buf, verb, path);
	buf_add_char(buf, '\n');
	add_wrapped(buf, verb->summary, 0, width);
	buf_add_char(buf, '\n');
	if (verb->description) {
		buf_add_char(buf, '\n');
		add_wrapped(buf, verb->description, 0, width);
		buf_add_char(buf, '\n');
	}
	if (verb->children)
		add_children(buf, verb->children, width);
	add_options(buf, "Options", verb->options, verb == root ? SECTION_ALL : SECTION_OWN, width);
	if (verb != root)
		add_options(buf, "Global Options", root->options, SECTION_GLOBAL, width);
	if (verb->children)
		buf_add_format(buf,
			       "\nRun '%s COMMAND --help' for more information on a command.\n",
			       path);
}
